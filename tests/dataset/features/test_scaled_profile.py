"""Profiles: everything is fitted on training rows, and a transform that saw the test fold is caught."""

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from lifelines.statistics import logrank_test
from sklearn.feature_selection import f_classif

import dataset_fold
import modalities
from readsight.dataset import fold_file
from readsight.dataset.cross_validation import inner
from readsight.dataset.features import REPRESENTATIONS, scaled_profile
from readsight.dataset.features.association import association, cox_score
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError

COMBAT = {"harmonise": modalities.COMBAT, "select": modalities.SELECT | {"method": "association", "count": 10}}


@pytest.fixture(scope="module")
def divided(tmp_path_factory):
    """Examples with a modality missing here and there, and the split of their fold 0."""
    folder = tmp_path_factory.mktemp("profile")
    path = modalities.joined(folder, missing="keep", harmonise=modalities.COMBAT)
    files = modalities.fold(folder, path, **COMBAT)
    table = pd.read_parquet(files["split"]).set_index("example")
    return modalities.examples.read(path), table, files


def parts(data: anndata.AnnData, table: pd.DataFrame) -> dict[str, bytes]:
    """All that is fitted in fold 0 and its inner folds, and all that is trained on, as bytes by name."""
    found = {}
    for column in ["repeat0.fold0", *inner(table.columns, "repeat0.fold0")]:
        fitted = dataset_fold.fit(data, table[column], COMBAT)
        about = {"certificate": "", "repeat": 0, "fold": 0, "role": "train"}
        train = dataset_fold.cut(data, table[column], table["group"], fitted, about)
        found |= {f"{column}/{name}": np.asarray(value).tobytes() for name, value in flat(fitted).items()}
        found[f"{column}/values"] = train.X.tobytes() + train.obs.to_csv().encode() + ",".join(train.var_names).encode()
    return found


def flat(content: dict, at: str = "") -> dict[str, object]:
    """Leaves of nested dicts by path; text as numpy's own, so that its bytes are its letters."""
    found = {}
    for key, value in content.items():
        if isinstance(value, dict):
            found |= flat(value, f"{at}{key}/")
        else:
            value = np.asarray(value)
            found[at + key] = value.astype(str) if value.dtype == object else value
    return found


def disturbed(data: anndata.AnnData, rows: np.ndarray) -> anndata.AnnData:
    """The same examples with all of some rows changed: numbers, gaps, labels, batches, covariates."""
    other = data.copy()
    other.X[rows] = other.X[rows] * -50 + 7
    other.X[np.ix_(rows, np.arange(0, data.n_vars, 3))] = np.nan
    other.obs.loc[rows, "label"] = (other.obs.loc[rows, "label"] + 1) % 3
    other.obs.loc[rows, "batch"] = "p0"
    other.obs.loc[rows, "sex"] = "F"
    return other


def untouched(data: anndata.AnnData, table: pd.DataFrame) -> None:
    """Assert that nothing of fold 0 that is fitted or trained on changes with what is not trained on."""
    before, after = parts(data, table), parts(disturbed(data, (table["repeat0.fold0"] == "test").to_numpy()), table)
    assert before.keys() == after.keys()
    assert not [name for name in before if before[name] != after[name]]
    held = "repeat0.fold0.inner0"
    after = parts(disturbed(data, (table[held] != "train").to_numpy()), table)
    assert not [name for name in before if name.startswith(held) and before[name] != after[name]]


def test_test_and_validation_rows_do_not_touch_what_is_trained_on(divided):
    untouched(*divided[:2])


@pytest.mark.parametrize("leak", ["scaling", "combat", "selection"])
def test_a_transform_that_saw_the_test_fold_is_caught(divided, monkeypatch, leak):
    """The check above is worth something only if it fails for a leak: each of the three alone makes it fail."""
    data, table, _ = divided
    whole: dict[int, anndata.AnnData] = {}
    plain = scaled_profile.fit

    def leaking(train: anndata.AnnData, spec: dict) -> dict:
        everything, own = plain(whole[0], spec), plain(train, spec)
        for name, found in own["modalities"].items():
            other = everything["modalities"][name]
            if leak == "scaling":
                found["mean"] = found["mean"] + 1e-6 * other["mean"].mean()
            elif leak == "combat":
                found["batches"]["combat"]["gamma"] = other["batches"]["combat"]["gamma"]
            else:
                found["features"] = other["features"]
        return own

    monkeypatch.setattr(scaled_profile, "fit", leaking)
    fit = dataset_fold.fit
    monkeypatch.setattr(dataset_fold, "fit", lambda d, roles, spec: whole.update({0: d}) or fit(d, roles, spec))
    with pytest.raises(AssertionError):
        untouched(data, table)


def test_the_representation_is_handed_training_rows_alone(divided, monkeypatch):
    data, table, _ = divided
    seen = []
    monkeypatch.setattr(scaled_profile, "fit", lambda own, spec: seen.append(list(own.obs_names)) or {})
    column = "repeat0.fold0.inner1"
    dataset_fold.fit(data, table[column], COMBAT)
    assert seen == [list(table.index[table[column] == "train"])]


def test_training_rows_have_mean_0_and_deviation_1_and_a_lacking_modality_is_0(divided):
    data, _, files = divided
    train = fold_file.read(files["train"], 0)
    lacks = np.isin(train.names, ["s0", "s1"])
    own = train.modalities["mirna"]
    assert (train.values[np.ix_(lacks, own)] == 0).all()
    present = train.values[~lacks]
    assert np.allclose(present.mean(axis=0), 0, atol=1e-5) and np.allclose(present.std(axis=0), 1, atol=1e-4)
    assert {name: len(columns) for name, columns in train.modalities.items()} == {"mrna": 10, "mirna": 10}
    test = fold_file.read(files["test"], 0)
    assert not np.isnan(test.values).any() and np.abs(test.values).max() <= 10
    assert test.features == train.features != fold_file.read(files["train"], 0, 0).features


def test_a_sample_is_transformed_alike_alone_and_among_others(divided):
    data, _, files = divided
    with h5py.File(files["scaler"]) as handle:
        fitted = anndata.io.read_elem(handle["fold0"])
    whole, var = REPRESENTATIONS[str(fitted["representation"])].apply(data, fitted)
    assert list(var.index) == fold_file.read(files["train"], 0).features, "read back from the file, in the same order"
    for name in ("s0", "s40"):
        alone, _ = scaled_profile.apply(data[[name]], fitted)
        assert np.array_equal(alone[0], whole[data.obs_names.get_loc(name)])
    here = data.obs_names.isin(fold_file.read(files["test"], 0).names)
    assert np.array_equal(whole[here], fold_file.read(files["test"], 0).values)


def test_combat_of_kept_features_is_that_of_all(divided):
    """Its estimates are drawn to what all features have in common: features are selected after it, not before."""
    data, table, _ = divided
    train = data[(table["repeat0.fold0"] == "train").to_numpy()].copy()
    every = COMBAT | {"select": modalities.SELECT | {"method": "none"}}
    (all_values, all_var), (values, var) = (
        scaled_profile.apply(train, scaled_profile.fit(train, spec)) for spec in (every, COMBAT)
    )
    assert 10 < len(all_var) and set(var.index) < set(all_var.index)
    assert np.array_equal(values, all_values[:, all_var.index.get_indexer(var.index)])


def small(values, **obs) -> anndata.AnnData:
    values = np.asarray(values, np.float32)
    names = [f"m:f{i}" for i in range(values.shape[1])]
    table = pd.DataFrame({"label": np.arange(len(values)) % 2} | obs, index=[f"s{i}" for i in range(len(values))])
    uns = {"outcome": Outcome("binary", ("a", "b")).plain()}
    return anndata.AnnData(values, obs=table, var=pd.DataFrame({"modality": "m"}, index=names), uns=uns)


def spec(method="none", count=1000, max_missing=0.5, **harmonise):
    return {
        "harmonise": modalities.NOTHING | harmonise,
        "select": {"method": method, "count": count, "max_missing": max_missing},
    }


def test_features_that_do_not_vary_or_miss_too_often_are_left_out():
    values = np.random.default_rng(1).normal(size=(10, 4))
    values[:, 1] = 5
    values[:6, 2] = np.nan
    values[:5, 3] = np.nan
    assert list(scaled_profile.fit(small(values), spec())["modalities"]["m"]["features"]) == ["m:f0", "m:f3"]
    assert len(scaled_profile.fit(small(values), spec(max_missing=0.6))["modalities"]["m"]["features"]) == 3
    with pytest.raises(InputError, match="m: no feature is left: 0 are missing .* and the other 1 do not vary"):
        scaled_profile.fit(small(values[:, 1:2]), spec())
    with pytest.raises(InputError, match="m: no training sample has it"):
        scaled_profile.fit(small(np.full((4, 2), np.nan)), spec())


def test_gaps_become_the_training_median_and_far_values_are_held():
    values = np.arange(10.0)[:, None] ** 2
    fitted = scaled_profile.fit(small(np.hstack([values, values])), spec())
    middle, _ = scaled_profile.apply(small([[np.nan, np.median(values)], [1e9, 0]]), fitted)
    assert middle[0, 0] == middle[0, 1] and middle[1, 0] == 10


def test_the_most_variable_before_scaling_and_the_most_telling_are_kept():
    draw = np.random.default_rng(2)
    values = draw.normal(size=(60, 50))
    values[:, 30:33] *= 9
    values[:, 7] += 2 * (np.arange(60) % 2)
    fitted = scaled_profile.fit(small(values), spec("variance", 3))
    assert list(fitted["modalities"]["m"]["features"]) == ["m:f30", "m:f31", "m:f32"], "in their own order"
    assert list(scaled_profile.fit(small(values), spec("association", 1))["modalities"]["m"]["features"]) == ["m:f7"]


def test_association_by_kind_of_outcome():
    draw = np.random.default_rng(3)
    values = draw.normal(size=(50, 6))
    classes = draw.integers(0, 3, 50)
    found = association(values, Outcome("multiclass", ("a", "b", "c")), classes)
    assert np.allclose(found, f_classif(values, classes)[0])
    labels = np.column_stack([classes > 0, classes > 1, np.ones(50)]).astype(int)
    several = association(values, Outcome("multilabel", ("x", "y", "z")), labels)
    assert np.allclose(several, np.maximum(f_classif(values, labels[:, 0])[0], f_classif(values, labels[:, 1])[0]))


def test_the_cox_score_of_two_groups_is_the_log_rank_statistic():
    draw = np.random.default_rng(4)
    group, event = draw.integers(0, 2, 80), draw.random(80) < 0.7
    time = draw.exponential(np.where(group == 1, 1.0, 2.5))
    values = np.column_stack([group, 3 - 2 * group, np.ones(80)]).astype(float)
    found = cox_score(values, time, event)
    log_rank = logrank_test(time[group == 1], time[group == 0], event[group == 1], event[group == 0]).test_statistic
    assert found[:2] == pytest.approx([log_rank, log_rank], rel=1e-9), "whatever the unit and the sign"
    assert np.isnan(found[2])
    outcome, target = Outcome("survival", ("time", "event")), np.column_stack([time, event])
    assert association(values, outcome, target)[2] == -1, "what does not vary comes last"
    tied = np.ceil(3 * time)
    order = draw.permutation(80)
    assert np.allclose(cox_score(values, tied, event)[0], cox_score(values[order], tied[order], event[order])[0])


def test_batches_that_cannot_be_taken_out_are_told_with_the_fold(tmp_path):
    obs = modalities.about().assign(plate=lambda t: np.where(t["donor"].isin(["d4", "d5"]), "late", "early"))
    path = modalities.joined(tmp_path, modalities.tables(obs), harmonise=modalities.COMBAT | {"covariates": []})
    harmonise = modalities.COMBAT | {"covariates": []}
    with pytest.raises(InputError, match=r"repeat 0, fold\d(.inner\d)?: .*batch 'late'"):
        modalities.fold(tmp_path, path, harmonise=harmonise)
