"""Splits: a group is never on both sides, leakage is found where it is, and a stale certificate is refused."""

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
from readsight import folds, leaks
from readsight.certificate import verify
from readsight.errors import InputError
from readsight.splits import SPLITS, block


def placed(starts, chrom="chr1", width=1):
    starts = np.asarray(starts)
    return pd.DataFrame({"chrom": chrom, "start": starts, "end": starts + width}, index=[f"e{i}" for i in range(len(starts))])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), groups=st.integers(12, 40), folds_=st.integers(2, 4))
def test_groups_never_stand_on_both_sides(seed, groups, folds_):
    draw = np.random.default_rng(seed)
    group = draw.integers(0, groups, 400).astype(str)
    label = (draw.random(400) < 0.3).astype(int)
    roles = folds.assign(label, group, {"folds": folds_, "repeats": 2, "validation": 0.25}, seed)
    for name in roles:
        for g in np.unique(group):
            assert roles.loc[group == g, name].nunique() == 1
        for role in folds.ROLES:
            assert set(label[roles[name] == role]) == {0, 1}, "every part has every class"
    for repeat in range(2):
        tested = sum((roles[folds.column(repeat, k)] == "test").to_numpy().astype(int) for k in range(folds_))
        assert (tested == 1).all(), "each example is tested once a repeat"


@settings(max_examples=60, deadline=None)
@given(starts=st.lists(st.integers(0, 50_000), min_size=2, max_size=60), gap=st.integers(0, 500))
def test_neighbours_share_a_block_group(starts, gap):
    obs = placed(sorted(starts))
    groups = block.groups(obs, {"block": 5000, "gap": gap})
    for (_, a), (_, b) in zip(list(obs.iterrows())[:-1], list(obs.iterrows())[1:], strict=True):
        near = b.start - a.end < gap
        same_block = a.start // 5000 == b.start // 5000
        assert (groups[a.name] == groups[b.name]) == (near or same_block)


def test_blocks_of_two_chromosomes_never_join():
    obs = pd.concat([placed([10], "chr1"), placed([20], "chr2").rename(index={"e0": "f0"})])
    assert block.groups(obs, {"block": 5000, "gap": 200}).nunique() == 2


@settings(max_examples=50, deadline=None)
@given(
    data=st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 300), st.booleans()), min_size=2, max_size=40),
    gap=st.integers(1, 400),
)
def test_neighbours_are_those_of_the_slow_way(data, gap):
    obs = placed([d[0] for d in data])
    obs["end"] = obs["start"] + [d[1] for d in data]
    test = np.array([d[2] for d in data])
    slow = []
    for i in np.flatnonzero(test):
        others = obs[~test]
        apart = np.maximum(others["start"] - obs["end"].iloc[i], obs["start"].iloc[i] - others["end"])
        slow.append(bool((apart < gap).any()))
    assert leaks.neighbours(obs, test, gap).tolist() == slow


def test_leakage_is_found_in_a_random_split_and_not_in_the_certified_one(tmp_path):
    data = anndata.read_h5ad(calls.assemble(tmp_path, calls=400))
    table = dataset_split.divide(data, calls.SPLIT, 1)
    found = dataset_split.examine(data, table, calls.SPLIT, 1)
    assert found["certified"]
    assert found["leakage"]["random"]["neighbour"] > 0.2
    assert found["leakage"]["split"] == {"same_group": 0, "same_features": 0, "neighbour": 0}
    mixed = table.assign(**{"repeat0.fold0": np.where(np.arange(400) % 2, "test", "train")})
    bad = dataset_split.examine(data, mixed, calls.SPLIT, 1)
    assert not bad["certified"] and "same_group" in bad["reason"]


def test_a_twin_on_the_other_side_is_counted():
    same = leaks.identical(np.array([[1.0, np.nan], [2.0, 0.0], [1.0, np.nan]]))
    assert same[0] == same[2] != same[1]
    roles = pd.DataFrame({"repeat0.fold0": ["test", "train", "train"]})
    assert leaks.leakage(roles, pd.DataFrame(index=range(3)), np.array(["a", "b", "c"]), 1, same) == {
        "same_group": 0,
        "same_features": 1,
    }


def test_repeats_are_other_divisions_and_the_seed_decides():
    draw = np.random.default_rng(1)
    label, group = (draw.random(600) < 0.4).astype(int), draw.integers(0, 60, 600).astype(str)
    spec = {"folds": 5, "repeats": 2, "validation": 0.2}
    one = folds.assign(label, group, spec, 1)
    assert one.equals(folds.assign(label, group, spec, 1))
    assert not one["repeat0.fold0"].equals(one["repeat1.fold0"])
    assert not one.equals(folds.assign(label, group, spec, 2))


def test_too_few_groups_name_the_key():
    label = np.array([0, 1] * 20)
    with pytest.raises(InputError, match="5 folds, but there are only 4 groups; lower split.folds"):
        folds.assign(label, (np.arange(40) // 10).astype(str), {"folds": 5, "repeats": 1, "validation": 0.2}, 1)


@pytest.mark.parametrize(("folds_", "scarce"), [(2, 4), (3, 3), (4, 4), (5, 5)])
def test_as_few_groups_of_a_class_as_can_serve_do(folds_, scarce):
    # of unlike sizes, so that a draw among like groups alone would never change
    group = np.repeat(np.arange(12), np.arange(12, 0, -1))
    spec = {"folds": folds_, "repeats": 2, "validation": 0.2}
    label = (group >= scarce).astype(int)
    roles = folds.assign(label, group.astype(str), spec, 1)
    for name in roles:
        assert all(set(label[(roles[name] == role).to_numpy()]) == {0, 1} for role in folds.ROLES)
    with pytest.raises(InputError, match=f"class 0 .* lies in only {scarce - 1} groups"):
        folds.assign((group >= scarce - 1).astype(int), group.astype(str), spec, 1)


def test_a_class_in_too_few_groups_names_class_and_key():
    label = np.array([0] * 3 + [1] * 97)
    with pytest.raises(InputError, match=r"split.folds: class 0 \(3 examples\) lies in only 1 groups"):
        folds.assign(label, (np.arange(100) // 5).astype(str), {"folds": 5, "repeats": 1, "validation": 0.2}, 1)


def test_group_column_and_given_split():
    obs = placed([1, 2, 3]).assign(donor=["a", "b", "a"], split=["train", "test", "validation"])
    assert SPLITS["group"].groups(obs, {"column": "donor"}).tolist() == ["a", "b", "a"]
    with pytest.raises(InputError, match="no column 'site'.*donor"):
        SPLITS["group"].groups(obs, {"column": "site"})
    with pytest.raises(InputError, match="1 examples have no 'donor'"):
        SPLITS["group"].groups(obs.assign(donor=["a", None, "b"]), {"column": "donor"})
    assert SPLITS["given"].roles(obs).tolist() == ["train", "test", "train"], "validation is trained on, and divided again"
    with pytest.raises(InputError, match="'dev'"):
        SPLITS["given"].roles(obs.assign(split="dev"))
    with pytest.raises(InputError, match="needs a column `split`"):
        SPLITS["given"].roles(obs.drop(columns="split"))
    assert SPLITS["chromosome"].groups(obs, {}).tolist() == ["chr1"] * 3


def test_a_stale_certificate_is_refused(tmp_path):
    examples = calls.assemble(tmp_path, calls=300)
    files = calls.fold(tmp_path, examples)
    verify(files["certificate"], examples, files["split"])
    data = anndata.read_h5ad(examples)
    data.X[0, 0] += 1
    data.write_h5ad(examples)
    roles = {role: tmp_path / f"again.{role}.h5" for role in folds.ROLES}
    with pytest.raises(InputError, match="stale"):
        dataset_fold.main(examples, files["split"], files["certificate"], 0, {}, roles, tmp_path / "again.h5")
    assert not any(path.exists() for path in roles.values())


def test_an_uncertified_split_is_refused(tmp_path):
    examples = calls.assemble(tmp_path, calls=300)
    files = calls.fold(tmp_path, examples)
    held = json.loads(files["certificate"].read_text())
    files["certificate"].write_text(json.dumps(held | {"certified": False, "reason": "examples on both sides share: neighbour"}))
    with pytest.raises(InputError, match="not certified: examples on both sides share: neighbour"):
        verify(files["certificate"], examples, files["split"])
