"""Mutated copies: the mutation rate, the protected variant, and the group of the parent."""

import numpy as np
import pandas as pd
import pytest

import dataset_balance
import kindred
from readsight.dataset import fold_file
from readsight.dataset.balancing import BALANCES, mutagenesis
from readsight.dataset.fold_file import SequenceLayout
from readsight.errors import InputError
from readsight.genome.codes import make_generator, reverse_complement


def make_copies(codes, rate, sequence, seed=1):
    return mutagenesis.mutate_copies(codes, rate, sequence, make_generator(seed, "test"))


def align_strand(copies, codes):
    """The copies, reverse-complemented ones turned back."""
    is_reversed = (copies != codes).mean(axis=1) > 0.5
    return np.where(is_reversed[:, None], reverse_complement(copies), copies), is_reversed


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.3])
def test_rate_is_the_fraction_of_bases_replaced(rate):
    codes = kindred.random_codes(400, 200)
    aligned, is_reversed = align_strand(make_copies(codes, rate, SequenceLayout(200)), codes)
    assert 0.4 < is_reversed.mean() < 0.6, "half are reverse-complemented"
    fraction = aligned != codes
    assert fraction.mean() == pytest.approx(rate, rel=0.1) and fraction.any(axis=1).all()
    assert np.abs(fraction.mean(axis=0) - rate).max() < 0.12, "all positions equally"
    step = (aligned - codes)[fraction] % 4
    assert np.abs(np.bincount(step, minlength=4)[1:] / len(step) - 1 / 3).max() < 0.05, "all substitutions equally"


def test_stranded_sequences_are_not_reverse_complemented():
    codes = kindred.random_codes(100, 60)
    copies = make_copies(codes, 0.05, SequenceLayout(60, stranded=True))
    assert ((copies != codes).mean(axis=1) < 0.3).all()


def test_at_least_one_base_changes_and_n_stays():
    codes = kindred.random_codes(300, 40)
    codes[:, :30] = 4
    copies = make_copies(codes, 0.0, SequenceLayout(40, stranded=True))
    assert ((copies != codes).sum(axis=1) == 1).all() and (copies[:, :30] == 4).all() and (copies[:, 30:] < 4).all()
    empty = np.full((3, 40), 4, np.uint8)
    assert (make_copies(empty, 0.5, SequenceLayout(40)) == 4).all()


def test_windows_of_a_pair_change_together_and_keep_the_variant():
    reference = kindred.random_codes(200, 50)
    alternative = reference.copy()
    alternative[:, 25] = (alternative[:, 25] + 2) % 4
    copies = make_copies(
        np.concatenate([reference, alternative], axis=1), 0.2, SequenceLayout(50, pair=True, stranded=True)
    ).reshape(-1, 2, 50)
    assert (np.flatnonzero((copies[:, 0] != copies[:, 1]).any(axis=0)) == [25]).all()
    assert (copies[:, 0, 25] == reference[:, 25]).all() and (copies[:, 1, 25] == alternative[:, 25]).all()
    assert (copies[:, 0] != reference).mean() == pytest.approx(0.2, abs=0.03)
    is_reversed = make_copies(np.concatenate([reference, alternative], axis=1), 0.0, SequenceLayout(50, pair=True)).reshape(
        -1, 2, 50
    )
    position = (is_reversed[:, 0] != is_reversed[:, 1]).argmax(axis=1)
    assert set(position) == {24, 25}, "both windows are reverse-complemented, each separately"


def test_bases_shifted_by_a_deletion_stay():
    reference = kindred.random_codes(100, 60)
    alternative = np.concatenate([reference[:, :30], reference[:, 33:], kindred.random_codes(100, 3, 2)], axis=1)
    copies = make_copies(
        np.concatenate([reference, alternative], axis=1), 0.3, SequenceLayout(60, pair=True, stranded=True)
    ).reshape(-1, 2, 60)
    assert (copies[:, 0, :30] == copies[:, 1, :30]).all() and (copies[:, 0, :30] != reference[:, :30]).any()
    assert (copies[:, 0, 36:54] == reference[:, 36:54]).mean() > 0.98, "after the deletion the windows are shifted"


@pytest.fixture(scope="module")
def fold_files(tmp_path_factory):
    """Families in which a quarter of the examples belongs to the rarer class."""
    codes = np.concatenate([kindred.make_families(40, 3), kindred.random_codes(120, 80, 3)])
    label = (np.arange(240) % 4 == 0).astype(int)
    return kindred.write_folds(
        tmp_path_factory.mktemp("mutagenesis"), kindred.make_examples(codes, label=label), balance="mutagenesis"
    )


def test_copies_stay_in_the_group_and_partition_of_the_parent(fold_files):
    table = pd.read_parquet(fold_files["split"]).set_index("example")
    for number in range(3):
        balanced, train = (
            fold_file.read_anndata(fold_files["balanced"], number),
            fold_file.read_anndata(fold_files["train"], number),
        )
        obs = balanced.obs
        assert obs["label"].value_counts().nunique() == 1 and set(obs["origin"]) == {"train", "mutated"}
        copies = obs[obs["origin"] == "mutated"]
        assert set(copies["label"]) == {1} and set(copies["parent"]) <= set(train.obs_names)
        assert (copies["group"].astype(str).to_numpy() == table["group"][copies["parent"]].to_numpy(str)).all()
        evaluated = set(table["group"][table[f"repeat0.fold{number}"].isin(["test", "validation"])])
        assert not set(obs["group"]) & evaluated
        of_parent = train[copies["parent"].to_numpy(str)].obsm["sequence"]
        aligned, _ = align_strand(balanced[copies.index].obsm["sequence"], of_parent)
        changed = (aligned != of_parent).mean(axis=1)
        assert changed.mean() == pytest.approx(0.05, abs=0.015) and (changed > 0).all()
        is_kept = balanced[obs["origin"] == "train"]
        assert np.array_equal(is_kept.obsm["sequence"], train.obsm["sequence"])
        for role in ("validation", "test"):
            copy_codes = {row.tobytes() for row in fold_file.read_anndata(fold_files[role], number).obsm["sequence"]}
            assert not copy_codes & {row.tobytes() for row in balanced.obsm["sequence"]}


def test_same_seed_gives_same_copies(fold_files):
    train = dataset_balance.read_fold(fold_files["train"], "fold0")
    spec = {"method": "mutagenesis", "neighbours": 5, "rate": 0.05}
    first, second, third = (dataset_balance.balance_fold(train, spec, seed).obsm["sequence"] for seed in (1, 1, 2))
    assert np.array_equal(first, second) and not np.array_equal(first, third)


def test_tables_are_refused():
    with pytest.raises(InputError, match="balance.method: mutagenesis needs sequences, and these examples are not"):
        BALANCES["mutagenesis"].balance(np.zeros((4, 3)), np.array([0, 0, 0, 1]), {"rate": 0.1}, 1)
