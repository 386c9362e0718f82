"""Splits: groups are never divided, leakage is detected, and stale certificates are refused."""

import json

import anndata
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import calls
import dataset_fold
import dataset_split
import modalities
from readsight.checks import group_sizes
from readsight.dataset import cross_validation, leakage
from readsight.dataset.certificate import verify_split
from readsight.dataset.splits import SPLITS, block
from readsight.errors import InputError


def make_positions(starts, chrom="chr1", width=1):
    starts = np.asarray(starts)
    return pd.DataFrame({"chrom": chrom, "start": starts, "end": starts + width}, index=[f"e{i}" for i in range(len(starts))])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), groups=st.integers(12, 40), folds_=st.integers(2, 4))
def test_groups_are_never_on_both_sides(seed, groups, folds_):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, groups, 400).astype(str)
    label = (rng.random(400) < 0.3).astype(int)
    roles = cross_validation.assign_folds(label, group, {"folds": folds_, "repeats": 2, "validation": 0.25}, seed)
    for name in roles:
        for g in np.unique(group):
            assert roles.loc[group == g, name].nunique() == 1
        for role in cross_validation.ROLES:
            assert set(label[roles[name] == role]) == {0, 1}, "every partition has every class"
    for repeat in range(2):
        tested = sum((roles[cross_validation.fold_column(repeat, k)] == "test").to_numpy().astype(int) for k in range(folds_))
        assert (tested == 1).all(), "each example is tested once per repeat"


@settings(max_examples=60, deadline=None)
@given(starts=st.lists(st.integers(0, 50_000), min_size=2, max_size=60), gap=st.integers(0, 500))
def test_neighbours_share_a_block_group(starts, gap):
    obs = make_positions(sorted(starts))
    groups = block.assign_groups(obs, {"block": 5000, "gap": gap})
    for (_, a), (_, b) in zip(list(obs.iterrows())[:-1], list(obs.iterrows())[1:], strict=True):
        near_pairs = b.start - a.end < gap
        same_block = a.start // 5000 == b.start // 5000
        assert (groups[a.name] == groups[b.name]) == (near_pairs or same_block)


def test_blocks_of_two_chromosomes_never_join():
    obs = pd.concat([make_positions([10], "chr1"), make_positions([20], "chr2").rename(index={"e0": "f0"})])
    assert block.assign_groups(obs, {"block": 5000, "gap": 200}).nunique() == 2


@settings(max_examples=50, deadline=None)
@given(
    data=st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 300), st.booleans()), min_size=2, max_size=40),
    gap=st.integers(1, 400),
)
def test_neighbours_match_a_slow_implementation(data, gap):
    obs = make_positions([d[0] for d in data])
    obs["end"] = obs["start"] + [d[1] for d in data]
    test = np.array([d[2] for d in data])
    slow = []
    for i in np.flatnonzero(test):
        training = obs[~test]
        distance = np.maximum(training["start"] - obs["end"].iloc[i], obs["start"].iloc[i] - training["end"])
        slow.append(bool((distance < gap).any()))
    assert leakage.has_neighbour(obs, test, gap).tolist() == slow


def test_leakage_appears_in_random_but_not_certified_split(tmp_path):
    data = anndata.read_h5ad(calls.assemble_examples(tmp_path, calls=400))
    table = dataset_split.divide_examples(data, calls.SPLIT, 1)
    findings = dataset_split.examine_tables(data, table, calls.SPLIT, 1)
    assert findings["certified"]
    assert findings["leakage"]["random"]["neighbour"] > 0.2
    assert findings["leakage"]["split"] == {"same_group": 0, "same_features": 0, "neighbour": 0}
    mixed = table.assign(**{"repeat0.fold0": np.where(np.arange(400) % 2, "test", "train")})
    leaking = dataset_split.examine_tables(data, mixed, calls.SPLIT, 1)
    assert not leaking["certified"] and "same_group" in leaking["reason"]


def test_twin_across_the_split_is_counted():
    identical_ids = leakage.number_identical_rows(np.array([[1.0, np.nan], [2.0, 0.0], [1.0, np.nan]]))
    assert identical_ids[0] == identical_ids[2] != identical_ids[1]
    roles = pd.DataFrame({"repeat0.fold0": ["test", "train", "train"]})
    assert leakage.measure_leakage(roles, pd.DataFrame(index=range(3)), np.array(["a", "b", "c"]), 1, identical_ids) == {
        "same_group": 0,
        "same_features": 1,
    }


def test_repeats_differ_and_depend_on_the_seed():
    rng = np.random.default_rng(1)
    label, group = (rng.random(600) < 0.4).astype(int), rng.integers(0, 60, 600).astype(str)
    spec = {"folds": 5, "repeats": 2, "validation": 0.2}
    first = cross_validation.assign_folds(label, group, spec, 1)
    assert first.equals(cross_validation.assign_folds(label, group, spec, 1))
    assert not first["repeat0.fold0"].equals(first["repeat1.fold0"])
    assert not first.equals(cross_validation.assign_folds(label, group, spec, 2))


def test_too_few_groups_name_the_key():
    label = np.array([0, 1] * 20)
    with pytest.raises(InputError, match="5 folds, but there are only 4 groups; lower split.folds"):
        cross_validation.assign_folds(label, (np.arange(40) // 10).astype(str), {"folds": 5, "repeats": 1, "validation": 0.2}, 1)


@pytest.mark.parametrize(("folds_", "scarce"), [(2, 4), (3, 3), (4, 4), (5, 5)])
def test_fewest_possible_groups_of_a_class_suffice(folds_, scarce):
    # of different sizes, so that permuting groups of equal size would change nothing
    group = np.repeat(np.arange(12), np.arange(12, 0, -1))
    spec = {"folds": folds_, "repeats": 2, "validation": 0.2}
    label = (group >= scarce).astype(int)
    roles = cross_validation.assign_folds(label, group.astype(str), spec, 1)
    for name in roles:
        assert all(set(label[(roles[name] == role).to_numpy()]) == {0, 1} for role in cross_validation.ROLES)
    with pytest.raises(InputError, match=f"class 0 .* is in only {scarce - 1} groups"):
        cross_validation.assign_folds((group >= scarce - 1).astype(int), group.astype(str), spec, 1)


def test_class_in_too_few_groups_is_named():
    label = np.array([0] * 3 + [1] * 97)
    with pytest.raises(InputError, match=r"split.folds: class 0 \(3 examples\) is in only 1 groups"):
        cross_validation.assign_folds(label, (np.arange(100) // 5).astype(str), {"folds": 5, "repeats": 1, "validation": 0.2}, 1)


def test_group_column_and_given_split():
    obs = make_positions([1, 2, 3]).assign(donor=["a", "b", "a"], split=["train", "test", "validation"])
    assert SPLITS["group"].assign_groups(obs, {"column": "donor"}).tolist() == ["a", "b", "a"]
    with pytest.raises(InputError, match="no column 'site'.*donor"):
        SPLITS["group"].assign_groups(obs, {"column": "site"})
    with pytest.raises(InputError, match="1 examples have no 'donor'"):
        SPLITS["group"].assign_groups(obs.assign(donor=["a", None, "b"]), {"column": "donor"})
    assert SPLITS["given"].read_roles(obs).tolist() == ["train", "test", "train"], (
        "validation becomes training, and is divided again"
    )
    with pytest.raises(InputError, match="'dev'"):
        SPLITS["given"].read_roles(obs.assign(split="dev"))
    with pytest.raises(InputError, match="needs a column `split`"):
        SPLITS["given"].read_roles(obs.drop(columns="split"))
    assert SPLITS["chromosome"].assign_groups(obs, {}).tolist() == ["chr1"] * 3


def test_stale_certificate_is_refused(tmp_path):
    examples = calls.assemble_examples(tmp_path, calls=300)
    files = calls.make_folds(tmp_path, examples)
    verify_split(files["certificate"], examples, files["split"])
    data = anndata.read_h5ad(examples)
    data.X[0, 0] += 1
    data.write_h5ad(examples)
    roles = {role: tmp_path / f"again.{role}.h5" for role in cross_validation.ROLES}
    with pytest.raises(InputError, match="stale"):
        dataset_fold.main(examples, files["split"], files["certificate"], 0, {}, roles, tmp_path / "again.h5")
    assert not any(path.exists() for path in roles.values())


def test_uncertified_split_is_refused(tmp_path):
    examples = calls.assemble_examples(tmp_path, calls=300)
    files = calls.make_folds(tmp_path, examples)
    certificate = json.loads(files["certificate"].read_text())
    files["certificate"].write_text(
        json.dumps(certificate | {"certified": False, "reason": "examples on both sides share: neighbour"})
    )
    with pytest.raises(InputError, match="not certified: examples on both sides share: neighbour"):
        verify_split(files["certificate"], examples, files["split"])


def make_donors(n=120, classes=3, seed=0):
    """Strata and groups of n examples, two per group, one class per group."""
    rng = np.random.default_rng(seed)
    return rng.permutation(np.repeat(np.arange(n // 2) % classes, 2).reshape(-1, 2)).reshape(-1), (np.arange(n) // 2).astype(str)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), folds_=st.integers(2, 5), inner=st.integers(2, 4), classes=st.integers(2, 4))
def test_nested_folds_keep_groups_and_exclude_the_test_fold(seed, folds_, inner, classes):
    strata, group = make_donors(classes=classes, seed=seed)
    table = cross_validation.assign_folds(strata, group, {"folds": folds_, "repeats": 2, "inner": inner, "validation": 0.2}, seed)
    assert len(cross_validation.outer_columns(table.columns)) == 2 * folds_
    for name in cross_validation.outer_columns(table.columns):
        assert set(table[name]) == {"train", "test"}
        inside = table[cross_validation.inner_columns(table.columns, name)]
        assert inside.shape[1] == inner
        test = (table[name] == "test").to_numpy()
        assert (inside[test] == "").all(axis=None) and not (inside[~test] == "").any(axis=None)
        assert ((inside[~test] == "validation").sum(axis=1) == 1).all(), "each training example is validated once"
        for column in inside:
            assert table[column].groupby(group).nunique().max() == 1
            for role in ("train", "validation"):
                assert set(strata[table[column] == role]) == set(range(classes))


def test_fewest_groups_for_nested_folds():
    for count in range(2, 6):
        for inner_folds in range(2, 5):
            need = cross_validation.compute_min_groups(count, inner_folds)
            spec = {"folds": count, "repeats": 1, "inner": inner_folds, "validation": 0.2, "by": "group"}
            strata, group = np.repeat([0, 1], [need, 40]), np.arange(need + 40)
            cross_validation.assign_folds(strata, group, spec, 1)
            with pytest.raises(InputError, match=f"class 0 .{need - 1} examples. is in only {need - 1} groups"):
                cross_validation.assign_folds(strata[1:], group[1:], spec, 1)


def test_rare_class_is_named_with_a_remedy():
    strata = np.repeat([0, 1], [4, 60])
    requirements = [("class AML", strata == 0), ("class ALL", strata == 1)]
    spec = {"by": "group", "folds": 5, "repeats": 1, "inner": 3, "validation": 0.2}
    message = (
        r"class AML \(4 examples\) is in only 4 groups, and 5 folds with 3 inner folds need 5; lower split.folds to 4, or add"
    )
    with pytest.raises(InputError, match=message):
        cross_validation.assign_folds(strata, np.arange(64), spec, 1, requirements)
    cross_validation.assign_folds(strata, np.arange(64), spec | {"folds": 4}, 1, requirements)
    requirements = [("class AML", strata < 0), ("class ALL", strata == 1)]
    with pytest.raises(InputError, match="class AML .0 examples. is in only 0 groups, .* need 5; add samples of class AML"):
        cross_validation.assign_folds(strata, np.arange(64), spec, 1, requirements)


def test_given_split_is_first_and_resplits_have_equal_sizes():
    strata, group = make_donors()
    roles = np.where(np.arange(120) // 2 % 3 == 0, "test", "train")
    spec = {"by": "given", "folds": 1, "repeats": 2, "inner": 3, "validation": 0.2, "resplits": 6}
    requirements = [(f"class {i}", strata == i) for i in range(3)]
    table = cross_validation.use_given_split(roles, strata, group, spec, 1, requirements)
    outer = cross_validation.outer_columns(table.columns)
    assert outer == ["repeat0.fold0", *(f"repeat1.fold{i}" for i in range(6))]
    assert (table["repeat0.fold0"] == roles).all()
    for name in outer[1:]:
        test = table[name] == "test"
        assert test.sum() == 40, "as many as in the given split"
        assert all(abs((strata[test] == c).sum() - 40 / 3) < 2 for c in range(3)), "each class in proportion"
        assert table[name].groupby(group).nunique().max() == 1
    assert len({tuple(table[name]) for name in outer}) == 7
    assert all(len(cross_validation.inner_columns(table.columns, name)) == 3 for name in outer)
    assert table.equals(cross_validation.use_given_split(roles, strata, group, spec, 1, requirements))


def test_resplit_sizes_are_exact_without_groups():
    strata = np.repeat([0, 1, 2], [47, 25, 8])
    requirements = [(str(i), strata == i) for i in range(3)]
    test = cross_validation.draw_test_set(34, strata, np.arange(80), requirements, {"inner": 3}, 5)
    assert len(test) == 34 and np.bincount(strata[test]).tolist() in ([20, 11, 3], [20, 10, 4], [19, 11, 4])


def test_unusable_given_split_is_explained():
    strata, group = make_donors()
    requirements = [("class AML", strata == 0), ("class ALL", strata > 0)]
    spec = {"by": "given", "inner": 3, "validation": 0.2, "resplits": 0}
    with pytest.raises(InputError, match="class AML .0 training examples. is in only 0 groups of the training set"):
        cross_validation.use_given_split(np.where(strata == 0, "test", "train"), strata, group, spec, 1, requirements)
    with pytest.raises(InputError, match="no test sample"):
        cross_validation.use_given_split(np.full(120, "train"), strata, group, spec, 1, requirements)
    with pytest.raises(InputError, match="no training sample"):
        cross_validation.use_given_split(np.full(120, "test"), strata, group, spec, 1, requirements)


@pytest.fixture(scope="module")
def sample_table(tmp_path_factory):
    return modalities.read_examples(tmp_path_factory.mktemp("joined"), given="split")


def test_samples_of_a_donor_stay_together(sample_table):
    table = dataset_split.divide_examples(sample_table, modalities.SPLIT, 1)
    findings = dataset_split.examine_tables(
        sample_table, table, modalities.SPLIT, 1, dataset_split.find_near_duplicates(sample_table)
    )
    assert findings["certified"] and findings["leakage"]["split"] == {"same_group": 0, "same_features": 0, "near_profile": 0}
    assert findings["leakage"]["random"]["same_group"] > 0.3
    assert findings["class_names"] == ["ALL", "AML", "CML"] and sum(findings["classes"].values()) == sample_table.n_obs
    assert len(findings["folds"]) == 3 * 2 and len(findings["inner"]) == 3 * 2 * 2
    keys = {row["key"] for row in dataset_split.summary_records("t", findings)}
    assert {"dataset.t.leakage.random", "dataset.t.leakage.same_group", "dataset.t.leakage.near_profile"} <= keys


def test_given_split_dividing_donors_is_flagged_with_leaking_samples(sample_table):
    data = sample_table.copy()
    data.obs["split"] = np.where(np.arange(data.n_obs) % 4 == 0, "test", "Train")
    table = dataset_split.divide_examples(data, modalities.GIVEN, 1)
    findings = dataset_split.examine_tables(data, table, modalities.GIVEN, 1)
    given = findings["given"]
    test = data.obs_names[data.obs["split"] == "test"]
    assert given["fraction"] == 1 and given["leaked"] == list(test) and len(given["divided_groups"]) == given["test"]
    assert (
        findings["certified"]
        and findings["leakage"]["split"]["same_group"] == 1
        and findings["leakage"]["redrawn"]["same_group"] == 0
    )
    (row,) = [row for row in dataset_split.summary_records("t", findings) if row["key"] == "dataset.t.given.leaked"]
    assert row["value"] == 1
    clean = dataset_split.examine_tables(
        sample_table, dataset_split.divide_examples(sample_table, modalities.GIVEN, 1), modalities.GIVEN, 1
    )
    assert clean["given"] == {
        "test": clean["given"]["test"],
        "train": clean["given"]["train"],
        "leaked": [],
        "divided_groups": [],
        "fraction": 0,
    }


def test_inner_folds_with_a_test_example_are_not_certified(sample_table):
    table = dataset_split.divide_examples(sample_table, modalities.SPLIT, 1)
    leaking = table.copy()
    leaking.loc[leaking["repeat0.fold1"] == "test", "repeat0.fold1.inner0"] = "train"
    findings = dataset_split.examine_tables(sample_table, leaking, modalities.SPLIT, 1)
    assert not findings["certified"] and "repeat0.fold1.inner0" in findings["reason"]


def test_duplicate_sample_is_grouped_with_its_twin(sample_table):
    data = sample_table.copy()
    rng = np.random.default_rng(1)
    data.X[40] = data.X[3] + rng.normal(size=data.n_vars) * 1e-3  # of a different donor
    near_pairs = dataset_split.find_near_duplicates(data)
    assert near_pairs.tolist() == [[3, 40]]
    table = dataset_split.divide_examples(data, modalities.SPLIT, 1, near_pairs)
    assert table["group"].iloc[3] == table["group"].iloc[40] and table["group"].nunique() == 34
    findings = dataset_split.examine_tables(data, table, modalities.SPLIT, 1, near_pairs)
    assert findings["near_duplicates"] == 2 and findings["leakage"]["split"]["near_profile"] == 0


def test_distinct_classes_are_not_twins():
    rng = np.random.default_rng(1)
    label = np.repeat([0, 1], 3)
    values = rng.normal(size=200) * label[:, None] * 100 + rng.normal(size=(6, 200))
    assert np.corrcoef(values - values.mean(axis=0))[0, 1] > leakage.DUPLICATE_CORRELATION
    assert len(leakage.find_near_duplicates(values, label)) == 0
    values[1] = values[0]
    assert leakage.find_near_duplicates(values, label).tolist() == [[0, 1]]
    assert leakage.find_near_duplicates(values[:, :10], label) is None, "ten features are too few"


def test_groups_joined_by_near_duplicates_form_chains():
    groups = pd.Series(list("dcbae"))
    assert leakage.join_groups(groups, np.array([[0, 1], [1, 3]])).tolist() == ["a", "a", "b", "a", "e"]


@pytest.mark.parametrize("kind", ["SURVIVAL", "MULTILABEL"])
def test_every_partition_has_events_and_all_labels(tmp_path, kind):
    data = modalities.read_examples(tmp_path, **getattr(modalities, kind))
    table = dataset_split.divide_examples(data, modalities.SPLIT, 1)
    findings = dataset_split.examine_tables(data, table, modalities.SPLIT, 1)
    for row in findings["folds"] + findings["inner"]:
        counts = list(row["classes"].values())
        assert counts[-1] > 0 and (kind == "SURVIVAL" or all(0 < count < row["examples"] for count in counts))
    assert findings["class_names"] == (["censored", "event"] if kind == "SURVIVAL" else ["fever", "rash"])


@pytest.mark.parametrize("seed", range(5))
def test_training_folds_keep_two_samples_per_batch(seed):
    """A batch of five samples, divided without regard to batches, would leave some training set with one or none."""
    strata, batches = np.arange(60) % 2, np.where(np.arange(60) < 5, "few", "many")
    spec = {"folds": 3, "repeats": 2, "inner": 3}
    least = []
    for values in (None, batches):
        table = cross_validation.assign_folds(strata, np.arange(60), spec, seed, batches=values)
        least.append(min(((table[name] == "train") & (batches == "few")).sum() for name in table))
    assert least[1] >= 2 and least[0] < 2
    given = np.where(np.arange(60) % 3 == 0, "test", "train")
    table = cross_validation.use_given_split(
        given,
        strata,
        np.arange(60),
        {"inner": 3, "resplits": 4},
        seed,
        [("class 0", strata == 0), ("class 1", strata == 1)],
        batches,
    )
    assert min(((table[name] == "train") & (batches == "few")).sum() for name in table) >= 2


def test_too_small_batch_does_not_block_the_division():
    strata, batches = np.arange(40) % 2, np.where(np.arange(40) < 1, "solo", "many")
    assert cross_validation.assign_folds(
        strata, np.arange(40), {"folds": 3, "repeats": 1, "inner": 2}, 1, batches=batches
    ).shape == (
        40,
        9,
    )


@pytest.mark.parametrize(("folds_", "inner"), [(2, 2), (3, 2), (3, 3), (5, 3), (10, 5)])
def test_fewest_samples_of_a_batch(folds_, inner):
    """This many samples can be divided over folds and inner folds with two in each training set; one less cannot."""

    def count_left(n):
        remaining = n - -(-n // folds_)
        return remaining - -(-remaining // inner)

    need = group_sizes.compute_min_batch_size(folds_, group_sizes.compute_min_batch_size(inner))
    assert count_left(need) >= 2 > count_left(need - 1)
