"""Profiles: everything is fitted on training rows, and a transform that uses the test fold is caught."""

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
from readsight.dataset.cross_validation import inner_columns
from readsight.dataset.features import REPRESENTATIONS, scaled_profile
from readsight.dataset.features.association import association_scores, cox_score
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError

COMBAT = {"harmonise": modalities.COMBAT, "select": modalities.SELECT | {"method": "association", "count": 10}}


@pytest.fixture(scope="module")
def split_files(tmp_path_factory):
    """Examples with some missing modalities, and the split of their fold 0."""
    folder = tmp_path_factory.mktemp("profile")
    path = modalities.assemble_examples(folder, missing="keep", harmonise=modalities.COMBAT)
    files = modalities.make_folds(folder, path, **COMBAT)
    table = pd.read_parquet(files["split"]).set_index("example")
    return modalities.examples.read(path), table, files


def fold_contents(data: anndata.AnnData, table: pd.DataFrame) -> dict[str, bytes]:
    """Everything fitted in fold 0 and its inner folds, and all training data, as bytes by name."""
    contents = {}
    for column in ["repeat0.fold0", *inner_columns(table.columns, "repeat0.fold0")]:
        fitted = dataset_fold.fit(data, table[column], COMBAT)
        split_description = {"certificate": "", "repeat": 0, "fold": 0, "role": "train"}
        train = dataset_fold.cut_samples(data, table[column], table["group"], fitted, split_description)
        contents |= {f"{column}/{name}": np.asarray(value).tobytes() for name, value in flatten(fitted).items()}
        contents[f"{column}/values"] = train.X.tobytes() + train.obs.to_csv().encode() + ",".join(train.var_names).encode()
    return contents


def flatten(content: dict, path: str = "") -> dict[str, object]:
    """Leaves of nested dicts by path; text as numpy strings, so that bytes are comparable."""
    values = {}
    for key, value in content.items():
        if isinstance(value, dict):
            values |= flatten(value, f"{path}{key}/")
        else:
            value = np.asarray(value)
            values[path + key] = value.astype(str) if value.dtype == object else value
    return values


def disturb_rows(data: anndata.AnnData, rows: np.ndarray) -> anndata.AnnData:
    """The same examples with everything changed in some rows: values, gaps, labels, batches, covariates."""
    changed = data.copy()
    changed.X[rows] = changed.X[rows] * -50 + 7
    changed.X[np.ix_(rows, np.arange(0, data.n_vars, 3))] = np.nan
    changed.obs.loc[rows, "label"] = (changed.obs.loc[rows, "label"] + 1) % 3
    changed.obs.loc[rows, "batch"] = "p0"
    changed.obs.loc[rows, "sex"] = "F"
    return changed


def compare_untouched(data: anndata.AnnData, table: pd.DataFrame) -> None:
    """Assert that changes outside the training set affect neither fitted parameters nor training data of fold 0."""
    before, after = (
        fold_contents(data, table),
        fold_contents(disturb_rows(data, (table["repeat0.fold0"] == "test").to_numpy()), table),
    )
    assert before.keys() == after.keys()
    assert not [name for name in before if before[name] != after[name]]
    is_evaluated = "repeat0.fold0.inner0"
    after = fold_contents(disturb_rows(data, (table[is_evaluated] != "train").to_numpy()), table)
    assert not [name for name in before if name.startswith(is_evaluated) and before[name] != after[name]]


def test_evaluation_rows_do_not_affect_training(split_files):
    compare_untouched(*split_files[:2])


@pytest.mark.parametrize("leak", ["scaling", "combat", "selection"])
def test_transform_fitted_on_test_data_is_caught(split_files, monkeypatch, leak):
    """The check above is meaningful only if it fails for a leak: each of the three leaks makes it fail."""
    data, table, _ = split_files
    full_data: dict[int, anndata.AnnData] = {}
    honest_fit = scaled_profile.fit

    def fit_with_leak(train: anndata.AnnData, spec: dict) -> dict:
        everything, modality_of = honest_fit(full_data[0], spec), honest_fit(train, spec)
        for name, fitted in modality_of["modalities"].items():
            modality = everything["modalities"][name]
            if leak == "scaling":
                fitted["mean"] = fitted["mean"] + 1e-6 * modality["mean"].mean()
            elif leak == "combat":
                fitted["batches"]["combat"]["gamma"] = modality["batches"]["combat"]["gamma"]
            else:
                fitted["features"] = modality["features"]
        return modality_of

    monkeypatch.setattr(scaled_profile, "fit", fit_with_leak)
    fit = dataset_fold.fit
    monkeypatch.setattr(dataset_fold, "fit", lambda d, roles, spec: full_data.update({0: d}) or fit(d, roles, spec))
    with pytest.raises(AssertionError):
        compare_untouched(data, table)


def test_representation_is_fitted_on_training_rows_only(split_files, monkeypatch):
    data, table, _ = split_files
    fitted_names = []
    monkeypatch.setattr(scaled_profile, "fit", lambda training, spec: fitted_names.append(list(training.obs_names)) or {})
    column = "repeat0.fold0.inner1"
    dataset_fold.fit(data, table[column], COMBAT)
    assert fitted_names == [list(table.index[table[column] == "train"])]


def test_training_rows_are_standardised_and_missing_modality_is_zero(split_files):
    data, _, files = split_files
    train = fold_file.read(files["train"], 0)
    is_missing = np.isin(train.names, ["s0", "s1"])
    is_modality = train.modalities["mirna"]
    assert (train.values[np.ix_(is_missing, is_modality)] == 0).all()
    present = train.values[~is_missing]
    assert np.allclose(present.mean(axis=0), 0, atol=1e-5) and np.allclose(present.std(axis=0), 1, atol=1e-4)
    assert {name: len(columns) for name, columns in train.modalities.items()} == {"mrna": 10, "mirna": 10}
    test = fold_file.read(files["test"], 0)
    assert not np.isnan(test.values).any() and np.abs(test.values).max() <= 10
    assert test.features == train.features != fold_file.read(files["train"], 0, 0).features


def test_transform_of_a_sample_ignores_its_batch(split_files):
    data, _, files = split_files
    with h5py.File(files["scaler"]) as handle:
        fitted = anndata.io.read_elem(handle["fold0"])
    full_values, var = REPRESENTATIONS[str(fitted["representation"])].apply(data, fitted)
    assert list(var.index) == fold_file.read(files["train"], 0).features, "read back from the file, in the same order"
    for name in ("s0", "s40"):
        alone, _ = scaled_profile.apply(data[[name]], fitted)
        assert np.array_equal(alone[0], full_values[data.obs_names.get_loc(name)])
    row = data.obs_names.isin(fold_file.read(files["test"], 0).names)
    assert np.array_equal(full_values[row], fold_file.read(files["test"], 0).values)


def test_combat_is_unchanged_by_feature_selection(split_files):
    """Estimates are shrunk towards all features, so features are selected after ComBat, not before."""
    data, table, _ = split_files
    train = data[(table["repeat0.fold0"] == "train").to_numpy()].copy()
    every = COMBAT | {"select": modalities.SELECT | {"method": "none"}}
    (all_values, all_var), (values, var) = (
        scaled_profile.apply(train, scaled_profile.fit(train, spec)) for spec in (every, COMBAT)
    )
    assert 10 < len(all_var) and set(var.index) < set(all_var.index)
    assert np.array_equal(values, all_values[:, all_var.index.get_indexer(var.index)])


def small_data(values, **obs) -> anndata.AnnData:
    values = np.asarray(values, np.float32)
    names = [f"m:f{i}" for i in range(values.shape[1])]
    table = pd.DataFrame({"label": np.arange(len(values)) % 2} | obs, index=[f"s{i}" for i in range(len(values))])
    uns = {"outcome": Outcome("binary", ("a", "b")).to_dict()}
    return anndata.AnnData(values, obs=table, var=pd.DataFrame({"modality": "m"}, index=names), uns=uns)


def make_spec(method="none", count=1000, max_missing=0.5, **harmonise):
    return {
        "harmonise": modalities.NOTHING | harmonise,
        "select": {"method": method, "count": count, "max_missing": max_missing},
    }


def test_constant_or_mostly_missing_features_are_excluded():
    values = np.random.default_rng(1).normal(size=(10, 4))
    values[:, 1] = 5
    values[:6, 2] = np.nan
    values[:5, 3] = np.nan
    assert list(scaled_profile.fit(small_data(values), make_spec())["modalities"]["m"]["features"]) == ["m:f0", "m:f3"]
    assert len(scaled_profile.fit(small_data(values), make_spec(max_missing=0.6))["modalities"]["m"]["features"]) == 3
    with pytest.raises(InputError, match="m: no usable feature: 0 are missing .* and the remaining 1 do not vary"):
        scaled_profile.fit(small_data(values[:, 1:2]), make_spec())
    with pytest.raises(InputError, match="m: no training sample has this modality"):
        scaled_profile.fit(small_data(np.full((4, 2), np.nan)), make_spec())


def test_gaps_become_the_training_median_and_outliers_are_clipped():
    values = np.arange(10.0)[:, None] ** 2
    fitted = scaled_profile.fit(small_data(np.hstack([values, values])), make_spec())
    middle, _ = scaled_profile.apply(small_data([[np.nan, np.median(values)], [1e9, 0]]), fitted)
    assert middle[0, 0] == middle[0, 1] and middle[1, 0] == 10


def test_selection_keeps_most_variable_or_most_associated_features():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(60, 50))
    values[:, 30:33] *= 9
    values[:, 7] += 2 * (np.arange(60) % 2)
    fitted = scaled_profile.fit(small_data(values), make_spec("variance", 3))
    assert list(fitted["modalities"]["m"]["features"]) == ["m:f30", "m:f31", "m:f32"], "in their original order"
    assert list(scaled_profile.fit(small_data(values), make_spec("association", 1))["modalities"]["m"]["features"]) == ["m:f7"]


def test_association_statistic_by_outcome_kind():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(50, 6))
    classes = rng.integers(0, 3, 50)
    scores = association_scores(values, Outcome("multiclass", ("a", "b", "c")), classes)
    assert np.allclose(scores, f_classif(values, classes)[0])
    labels = np.column_stack([classes > 0, classes > 1, np.ones(50)]).astype(int)
    several = association_scores(values, Outcome("multilabel", ("x", "y", "z")), labels)
    assert np.allclose(several, np.maximum(f_classif(values, labels[:, 0])[0], f_classif(values, labels[:, 1])[0]))


def test_cox_score_of_two_groups_is_the_log_rank_statistic():
    rng = np.random.default_rng(4)
    group, event = rng.integers(0, 2, 80), rng.random(80) < 0.7
    time = rng.exponential(np.where(group == 1, 1.0, 2.5))
    values = np.column_stack([group, 3 - 2 * group, np.ones(80)]).astype(float)
    score = cox_score(values, time, event)
    log_rank = logrank_test(time[group == 1], time[group == 0], event[group == 1], event[group == 0]).test_statistic
    assert score[:2] == pytest.approx([log_rank, log_rank], rel=1e-9), "whatever the unit and the sign"
    assert np.isnan(score[2])
    outcome, target = Outcome("survival", ("time", "event")), np.column_stack([time, event])
    assert association_scores(values, outcome, target)[2] == -1, "constant features come last"
    tied = np.ceil(3 * time)
    order = rng.permutation(80)
    assert np.allclose(cox_score(values, tied, event)[0], cox_score(values[order], tied[order], event[order])[0])


def test_unfittable_batches_are_reported_with_the_fold(tmp_path):
    obs = modalities.make_obs().assign(plate=lambda t: np.where(t["donor"].isin(["d4", "d5"]), "late", "early"))
    path = modalities.assemble_examples(tmp_path, modalities.make_tables(obs), harmonise=modalities.COMBAT | {"covariates": []})
    harmonise = modalities.COMBAT | {"covariates": []}
    with pytest.raises(InputError, match=r"repeat 0, fold\d(.inner\d)?: .*batch 'late'"):
        modalities.make_folds(tmp_path, path, harmonise=harmonise)
