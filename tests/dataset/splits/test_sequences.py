"""Splits of sequences: for any seed, no relative of a test example is in training."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dataset_split
import kindred
from readsight.dataset import cross_validation, homology
from readsight.dataset.fold_file import SequenceLayout
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError
from readsight.genome.codes import reverse_complement

FAMILIES, SIZE = 30, 4


@pytest.fixture(scope="module")
def family_codes():
    """Families of four, and as many unrelated sequences."""
    return np.concatenate([kindred.make_families(FAMILIES, SIZE), kindred.random_codes(FAMILIES * SIZE, 80, 9)])


@pytest.fixture(scope="module")
def find_family_relatives(family_codes):
    """Relatives by sequence only."""
    data = kindred.make_examples(family_codes)
    return homology.find_relatives(family_codes, data.obs, SequenceLayout(80), 0.8, 0.6)


def count_crossing(table, ids):
    """Whether in any fold an id (n,) is on two sides."""
    crossing = []
    for name in cross_validation.outer_columns(table.columns):
        sides = [set(ids[(table[name] == role).to_numpy()].tolist()) for role in cross_validation.ROLES]
        crossing += [a & b for a, b in zip(sides, sides[1:] + sides[:1], strict=True)]
    return any(crossing)


def divide_examples(codes, relatives, spec, seed=1, **columns):
    data = kindred.make_examples(codes, **columns)
    table = dataset_split.divide_examples(data, spec, seed, relatives.pairs, relatives)
    return table, dataset_split.examine_sequences(data, table, spec, seed, relatives)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_families_are_never_divided(family_codes, find_family_relatives, seed):
    table, findings = divide_examples(family_codes, find_family_relatives, kindred.SPLIT, seed)
    family = np.r_[np.arange(FAMILIES).repeat(SIZE), FAMILIES + np.arange(FAMILIES * SIZE)]
    assert not count_crossing(table, family) and findings["certified"]
    assert all(not any(findings["leakage"][side].values()) for side in ("split", "validation"))
    assert findings["leakage"]["random"]["near"] > 0.3 and findings["leakage"]["random"]["related"] > 0.3
    tested = sum((table[name] == "test").to_numpy().astype(int) for name in cross_validation.outer_columns(table.columns))
    assert (tested == 1).all(), "each example is tested once"


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_relatives_on_training_chromosomes_are_excluded_and_test_is_complete(family_codes, find_family_relatives, seed):
    positions = kindred.chromosome_positions(len(family_codes))
    table, findings = divide_examples(family_codes, find_family_relatives, kindred.CHROMOSOME, seed, **positions)
    assert findings["certified"] and not count_crossing(table, find_family_relatives.near)
    for name in cross_validation.outer_columns(table.columns):
        test = set(positions["chrom"][(table[name] == "test").to_numpy()])
        assert (table[name][np.isin(positions["chrom"], list(test))] == "test").all()
    excluded = [(table[name] == "").sum() for name in cross_validation.outer_columns(table.columns)]
    assert [row["train"] + row["validation"] for row in findings["left_out"]] == excluded and min(excluded) > 20
    assert (table["group"] == positions["chrom"]).all()
    assert all(row["examples"] for row in findings["folds"])


def test_named_chromosomes_are_tested_and_validation_is_drawn(family_codes, find_family_relatives):
    positions = kindred.chromosome_positions(len(family_codes))
    spec = kindred.CHROMOSOME | {"test_chromosomes": ["chr2"], "folds": 1}
    table, findings = divide_examples(family_codes, find_family_relatives, spec, **positions)
    assert cross_validation.outer_columns(table.columns) == ["repeat0.fold0"] and findings["certified"]
    roles = table["repeat0.fold0"]
    assert set(positions["chrom"][roles == "test"]) == {"chr2"} and (roles == "test").sum() == 48
    assert len(set(positions["chrom"][roles == "validation"])) == 1, "a quarter of the four remaining chromosomes"
    named_table, _ = divide_examples(
        family_codes, find_family_relatives, spec | {"validation_chromosomes": ["chr1", "chr5"]}, **positions
    )
    assert set(positions["chrom"][named_table["repeat0.fold0"] == "validation"]) == {"chr1", "chr5"}


def test_all_unknown_chromosomes_are_named_together(family_codes, find_family_relatives):
    positions = kindred.chromosome_positions(len(family_codes))
    spec = kindred.CHROMOSOME | {"test_chromosomes": ["8", "chr2"], "validation_chromosomes": ["chrX"]}
    with pytest.raises(InputError) as error:
        divide_examples(family_codes, find_family_relatives, spec, **positions)
    present = "available: chr1, chr2, chr3, chr4, chr5"
    assert error.value.faults == [
        f"split.test_chromosomes: no example lies on 8; {present}",
        f"split.validation_chromosomes: no example lies on chrX; {present}",
    ]


def test_role_without_a_class_is_refused(family_codes, find_family_relatives):
    positions = kindred.chromosome_positions(len(family_codes))
    positions["label"] = np.where(positions["chrom"] == "chr2", 0, positions["label"])
    spec = kindred.CHROMOSOME | {"test_chromosomes": ["chr2"], "validation_chromosomes": ["chr1"]}
    with pytest.raises(InputError, match="no example of class yes for test .of 48"):
        divide_examples(family_codes, find_family_relatives, spec, **positions)
    positions["label"] = np.isin(positions["chrom"], ["chr2", "chr3"]).astype(int)
    with pytest.raises(InputError, match="class yes lies on 1 of the remaining chromosomes .chr3., but needs two"):
        divide_examples(family_codes, find_family_relatives, spec | {"validation_chromosomes": []}, **positions)


def test_examples_without_coordinates_are_listed(family_codes, find_family_relatives):
    positions = kindred.chromosome_positions(len(family_codes))
    positions["chrom"][[3, 7]] = ""
    with pytest.raises(InputError, match=r"2 of 240 have none, the first: e3, e7"):
        divide_examples(family_codes, find_family_relatives, kindred.CHROMOSOME, **positions)


def test_groups_joined_by_relatives_are_reported(family_codes, find_family_relatives):
    donors = np.array([f"g{i}" for i in np.arange(len(family_codes)) % 60])
    spec = kindred.SPLIT | {"by": "group", "column": "donor"}
    table, findings = divide_examples(family_codes, find_family_relatives, spec, group=donors)
    assert not count_crossing(table, find_family_relatives.near) and not count_crossing(table, donors) and findings["certified"]
    assert findings["joined"]["groups"] == 60 > findings["joined"]["left"]


def test_single_cluster_is_refused_with_a_remedy():
    codes = kindred.mutate_codes(kindred.random_codes(1, 100).repeat(60, axis=0), 0.95, 1)
    data = kindred.make_examples(codes)
    relatives = homology.find_relatives(codes, data.obs, SequenceLayout(100), 0.8, 0.6)
    with pytest.raises(
        InputError, match="all 60 examples form one cluster of similar or overlapping sequences.*raise split.identity"
    ):
        dataset_split.divide_examples(data, kindred.SPLIT, 1, relatives.pairs, relatives)
    with pytest.raises(InputError, match="all examples lie on chr1"):
        dataset_split.divide_examples(
            kindred.make_examples(codes, chrom="chr1", start=5, end=9), kindred.CHROMOSOME, 1, relatives.pairs, relatives
        )


def test_giant_cluster_stays_on_one_side_with_a_warning(tmp_path, caplog):
    giant = kindred.mutate_codes(kindred.random_codes(1, 80, 3).repeat(60, axis=0), 0.93, 4)
    files = kindred.write_folds(tmp_path, kindred.make_examples(np.concatenate([giant, kindred.random_codes(300, 80, 5)])))
    table = pd.read_parquet(files["split"])
    assert table["group"][:60].nunique() == 1
    assert all(table[name][:60].nunique() == 1 for name in cross_validation.outer_columns(table.columns))
    assert "60 of 360 sequences form one cluster of relatives" in caplog.text


def test_overlapping_intervals_stay_together():
    """Windows of 80 bases every 50: neighbours share 30, too few to be similar; the chain is one group."""
    genome = kindred.random_codes(12, 280, 6)
    codes = np.concatenate([[row[starts : starts + 80] for starts in range(0, 201, 50)] for row in genome])
    start = np.tile(np.arange(0, 201, 50), 12) + 1000 * np.arange(12).repeat(5)
    data = kindred.make_examples(codes, chrom="chr1", start=start, end=start + 80)
    relatives = homology.find_relatives(codes, data.obs, SequenceLayout(80), 0.8, 0.6)
    assert len(np.unique(relatives.near)) == 60 and len(np.unique(relatives.all)) == 12
    table = dataset_split.divide_examples(data, kindred.SPLIT, 1, relatives.pairs, relatives)
    assert not count_crossing(table, np.arange(12).repeat(5))
    findings = dataset_split.examine_sequences(data, table, kindred.SPLIT, 1, relatives)
    assert findings["certified"] and findings["leakage"]["random"]["overlap"] > 0.5


def test_given_validation_partition_is_kept(family_codes, find_family_relatives):
    roles = np.where(np.arange(240) % 4 == 0, "test", np.where(np.arange(240) % 4 == 1, "validation", "train"))
    table, _ = divide_examples(family_codes, find_family_relatives, kindred.GIVEN, split=roles, label=np.arange(240) // 4 % 2)
    assert (table["repeat0.fold0"] == roles).all()
    with pytest.raises(InputError, match="class yes for validation"):
        divide_examples(
            family_codes, find_family_relatives, kindred.GIVEN, split=roles, label=(np.arange(240) % 4 != 1).astype(int)
        )
    table_drawn, _ = divide_examples(
        family_codes,
        find_family_relatives,
        kindred.GIVEN,
        split=np.where(roles == "test", "test", "train"),
        label=np.arange(240) // 4 % 2,
    )
    assert (
        set(table_drawn["repeat0.fold0"]) == set(cross_validation.ROLES)
        and ((table_drawn["repeat0.fold0"] == "test") == (roles == "test")).all()
    )


def test_numeric_and_positional_targets_are_divided(family_codes, find_family_relatives):
    data = kindred.make_examples(family_codes)
    data.obs["stratum"] = np.arange(240) % 4
    for outcome in (Outcome("regression", ("score",)), Outcome("profile", ("signal",)), Outcome("positions", ("none", "donor"))):
        data.uns["outcome"] = outcome.to_dict()
        if outcome.is_positional:
            data.obs = data.obs.drop(columns="label", errors="ignore").assign(stratum=0)
        table = dataset_split.divide_examples(data, kindred.SPLIT, 1, find_family_relatives.pairs, find_family_relatives)
        findings = dataset_split.examine_sequences(data, table, kindred.SPLIT, 1, find_family_relatives)
        assert findings["certified"] and findings["class_names"] == ["examples"] and findings["classes"] == {"0": 240}


def test_reverse_complements_are_grouped_even_if_stranded():
    codes = kindred.random_codes(40, 80, 7)
    codes = np.concatenate([codes, reverse_complement(codes)])
    data = kindred.make_examples(codes, label=np.arange(80) % 2)
    data.uns["sequence"] = SequenceLayout(80, stranded=True).to_dict()
    relatives = dataset_split.find_relatives(data, kindred.SPLIT | {"stranded": True})
    table = dataset_split.divide_examples(data, kindred.SPLIT, 1, relatives.pairs, relatives)
    assert (table["group"][:40].to_numpy() == table["group"][40:].to_numpy()).all()
