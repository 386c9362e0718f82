"""Splits of sequences: whatever the seed, no relative of what is tested on is learned from."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dataset_split
import kindred
from readsight.dataset import cross_validation, homology
from readsight.dataset.fold_file import Sequence
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError
from readsight.genome.codes import reverse_complement

FAMILIES, SIZE = 30, 4


@pytest.fixture(scope="module")
def codes():
    """Families of four, and as many sequences that stand alone."""
    return np.concatenate([kindred.families(FAMILIES, SIZE), kindred.random(FAMILIES * SIZE, 80, 9)])


@pytest.fixture(scope="module")
def kin(codes):
    """Relatives by sequence alone."""
    data = kindred.examples(codes)
    return homology.of_examples(codes, data.obs, Sequence(80), 0.8, 0.6)


def crossing(table, ids):
    """Whether in any fold an id (n,) stands on two sides."""
    found = []
    for name in cross_validation.outer(table.columns):
        sides = [set(ids[(table[name] == role).to_numpy()].tolist()) for role in cross_validation.ROLES]
        found += [a & b for a, b in zip(sides, sides[1:] + sides[:1], strict=True)]
    return any(found)


def divided(codes, kin, spec, seed=1, **columns):
    data = kindred.examples(codes, **columns)
    table = dataset_split.divide(data, spec, seed, kin.pairs, kin)
    return table, dataset_split.examine_sequences(data, table, spec, seed, kin)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_no_family_is_divided_whatever_the_seed(codes, kin, seed):
    table, found = divided(codes, kin, kindred.SPLIT, seed)
    family = np.r_[np.arange(FAMILIES).repeat(SIZE), FAMILIES + np.arange(FAMILIES * SIZE)]
    assert not crossing(table, family) and found["certified"]
    assert all(not any(found["leakage"][side].values()) for side in ("split", "validation"))
    assert found["leakage"]["random"]["near"] > 0.3 and found["leakage"]["random"]["related"] > 0.3
    tested = sum((table[name] == "test").to_numpy().astype(int) for name in cross_validation.outer(table.columns))
    assert (tested == 1).all(), "each example is tested once"


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_relatives_on_other_chromosomes_are_left_out_and_the_test_part_stays_whole(codes, kin, seed):
    places = kindred.on_chromosomes(len(codes))
    table, found = divided(codes, kin, kindred.CHROMOSOME, seed, **places)
    assert found["certified"] and not crossing(table, kin.near)
    for name in cross_validation.outer(table.columns):
        test = set(places["chrom"][(table[name] == "test").to_numpy()])
        assert (table[name][np.isin(places["chrom"], list(test))] == "test").all()
    lost = [(table[name] == "").sum() for name in cross_validation.outer(table.columns)]
    assert [row["train"] + row["validation"] for row in found["left_out"]] == lost and min(lost) > 20
    assert (table["group"] == places["chrom"]).all()
    assert all(row["examples"] for row in found["folds"])


def test_named_chromosomes_are_tested_on_and_others_drawn_for_validation(codes, kin):
    places = kindred.on_chromosomes(len(codes))
    spec = kindred.CHROMOSOME | {"test_chromosomes": ["chr2"], "folds": 1}
    table, found = divided(codes, kin, spec, **places)
    assert cross_validation.outer(table.columns) == ["repeat0.fold0"] and found["certified"]
    roles = table["repeat0.fold0"]
    assert set(places["chrom"][roles == "test"]) == {"chr2"} and (roles == "test").sum() == 48
    assert len(set(places["chrom"][roles == "validation"])) == 1, "a quarter of the four others"
    named, _ = divided(codes, kin, spec | {"validation_chromosomes": ["chr1", "chr5"]}, **places)
    assert set(places["chrom"][named["repeat0.fold0"] == "validation"]) == {"chr1", "chr5"}


def test_chromosomes_that_are_not_there_are_named_all_at_once(codes, kin):
    places = kindred.on_chromosomes(len(codes))
    spec = kindred.CHROMOSOME | {"test_chromosomes": ["8", "chr2"], "validation_chromosomes": ["chrX"]}
    with pytest.raises(InputError) as error:
        divided(codes, kin, spec, **places)
    there = "there are: chr1, chr2, chr3, chr4, chr5"
    assert error.value.faults == [
        f"split.test_chromosomes: no example lies on 8; {there}",
        f"split.validation_chromosomes: no example lies on chrX; {there}",
    ]


def test_a_side_without_a_class_is_refused(codes, kin):
    places = kindred.on_chromosomes(len(codes))
    places["label"] = np.where(places["chrom"] == "chr2", 0, places["label"])
    spec = kindred.CHROMOSOME | {"test_chromosomes": ["chr2"], "validation_chromosomes": ["chr1"]}
    with pytest.raises(InputError, match="no example of class yes for test .of 48"):
        divided(codes, kin, spec, **places)
    places["label"] = np.isin(places["chrom"], ["chr2", "chr3"]).astype(int)
    with pytest.raises(InputError, match="class yes lies on 1 of the other chromosomes .chr3., and it needs two there"):
        divided(codes, kin, spec | {"validation_chromosomes": []}, **places)


def test_examples_without_a_place_are_listed(codes, kin):
    places = kindred.on_chromosomes(len(codes))
    places["chrom"][[3, 7]] = ""
    with pytest.raises(InputError, match=r"2 of 240 have none, the first: e3, e7"):
        divided(codes, kin, kindred.CHROMOSOME, **places)


def test_relatives_join_groups_and_it_is_said(codes, kin):
    own = np.array([f"g{i}" for i in np.arange(len(codes)) % 60])
    spec = kindred.SPLIT | {"by": "group", "column": "donor"}
    table, found = divided(codes, kin, spec, group=own)
    assert not crossing(table, kin.near) and not crossing(table, own) and found["certified"]
    assert found["joined"]["groups"] == 60 > found["joined"]["left"]


def test_all_in_one_cluster_is_refused_with_a_remedy():
    codes = kindred.mutated(kindred.random(1, 100).repeat(60, axis=0), 0.95, 1)
    data = kindred.examples(codes)
    kin = homology.of_examples(codes, data.obs, Sequence(100), 0.8, 0.6)
    with pytest.raises(
        InputError, match="all 60 examples are one cluster of like or overlapping sequences.*raise split.identity"
    ):
        dataset_split.divide(data, kindred.SPLIT, 1, kin.pairs, kin)
    with pytest.raises(InputError, match="all examples lie on chr1"):
        dataset_split.divide(kindred.examples(codes, chrom="chr1", start=5, end=9), kindred.CHROMOSOME, 1, kin.pairs, kin)


def test_a_giant_cluster_stays_on_one_side_and_is_warned_of(tmp_path, caplog):
    giant = kindred.mutated(kindred.random(1, 80, 3).repeat(60, axis=0), 0.93, 4)
    files = kindred.fold(tmp_path, kindred.examples(np.concatenate([giant, kindred.random(300, 80, 5)])))
    table = pd.read_parquet(files["split"])
    assert table["group"][:60].nunique() == 1
    assert all(table[name][:60].nunique() == 1 for name in cross_validation.outer(table.columns))
    assert "60 of 360 sequences are one cluster of relatives" in caplog.text


def test_overlapping_places_stay_together_though_their_sequences_share_little():
    """Windows of 80 bases, a new one every 50: neighbours share 30, too little to be alike; the chain is one group."""
    genome = kindred.random(12, 280, 6)
    codes = np.concatenate([[row[at : at + 80] for at in range(0, 201, 50)] for row in genome])
    start = np.tile(np.arange(0, 201, 50), 12) + 1000 * np.arange(12).repeat(5)
    data = kindred.examples(codes, chrom="chr1", start=start, end=start + 80)
    kin = homology.of_examples(codes, data.obs, Sequence(80), 0.8, 0.6)
    assert len(np.unique(kin.near)) == 60 and len(np.unique(kin.all)) == 12
    table = dataset_split.divide(data, kindred.SPLIT, 1, kin.pairs, kin)
    assert not crossing(table, np.arange(12).repeat(5))
    found = dataset_split.examine_sequences(data, table, kindred.SPLIT, 1, kin)
    assert found["certified"] and found["leakage"]["random"]["overlap"] > 0.5


def test_a_given_validation_part_stays_one(codes, kin):
    roles = np.where(np.arange(240) % 4 == 0, "test", np.where(np.arange(240) % 4 == 1, "validation", "train"))
    table, _ = divided(codes, kin, kindred.GIVEN, split=roles, label=np.arange(240) // 4 % 2)
    assert (table["repeat0.fold0"] == roles).all()
    with pytest.raises(InputError, match="class yes for validation"):
        divided(codes, kin, kindred.GIVEN, split=roles, label=(np.arange(240) % 4 != 1).astype(int))
    drawn, _ = divided(codes, kin, kindred.GIVEN, split=np.where(roles == "test", "test", "train"), label=np.arange(240) // 4 % 2)
    assert (
        set(drawn["repeat0.fold0"]) == set(cross_validation.ROLES)
        and ((drawn["repeat0.fold0"] == "test") == (roles == "test")).all()
    )


def test_numbers_and_targets_along_the_sequence_are_divided_too(codes, kin):
    data = kindred.examples(codes)
    data.obs["stratum"] = np.arange(240) % 4
    for outcome in (Outcome("regression", ("score",)), Outcome("profile", ("signal",)), Outcome("positions", ("none", "donor"))):
        data.uns["outcome"] = outcome.plain()
        if outcome.along:
            data.obs = data.obs.drop(columns="label", errors="ignore").assign(stratum=0)
        table = dataset_split.divide(data, kindred.SPLIT, 1, kin.pairs, kin)
        found = dataset_split.examine_sequences(data, table, kindred.SPLIT, 1, kin)
        assert found["certified"] and found["class_names"] == ["examples"] and found["classes"] == {"0": 240}


def test_reverse_complements_are_grouped_where_strands_mean_something_too():
    codes = kindred.random(40, 80, 7)
    codes = np.concatenate([codes, reverse_complement(codes)])
    data = kindred.examples(codes, label=np.arange(80) % 2)
    data.uns["sequence"] = Sequence(80, stranded=True).plain()
    kin = dataset_split.relatives(data, kindred.SPLIT | {"stranded": True})
    table = dataset_split.divide(data, kindred.SPLIT, 1, kin.pairs, kin)
    assert (table["group"][:40].to_numpy() == table["group"][40:].to_numpy()).all()
