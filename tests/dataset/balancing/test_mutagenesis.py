"""Mutated copies: as many changes as asked for, none that undoes what an example is, and never out of the parent's group."""

import numpy as np
import pandas as pd
import pytest

import dataset_balance
import kindred
from readsight.dataset import fold_file
from readsight.dataset.balancing import BALANCES, mutagenesis
from readsight.dataset.fold_file import Sequence
from readsight.errors import InputError
from readsight.genome.codes import generator, reverse_complement


def copies(codes, rate, sequence, seed=1):
    return mutagenesis.mutated(codes, rate, sequence, generator(seed, "test"))


def same_strand(made, codes):
    """The copies, those turned over turned back."""
    turned = (made != codes).mean(axis=1) > 0.5
    return np.where(turned[:, None], reverse_complement(made), made), turned


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.3])
def test_the_rate_is_the_part_of_bases_replaced(rate):
    codes = kindred.random(400, 200)
    back, turned = same_strand(copies(codes, rate, Sequence(200)), codes)
    assert 0.4 < turned.mean() < 0.6, "half are turned over"
    changed = back != codes
    assert changed.mean() == pytest.approx(rate, rel=0.1) and changed.any(axis=1).all()
    assert np.abs(changed.mean(axis=0) - rate).max() < 0.12, "every place alike"
    step = (back - codes)[changed] % 4
    assert np.abs(np.bincount(step, minlength=4)[1:] / len(step) - 1 / 3).max() < 0.05, "each other base alike"


def test_stranded_sequences_are_not_turned_over():
    codes = kindred.random(100, 60)
    made = copies(codes, 0.05, Sequence(60, stranded=True))
    assert ((made != codes).mean(axis=1) < 0.3).all()


def test_at_least_one_base_changes_and_n_stays():
    codes = kindred.random(300, 40)
    codes[:, :30] = 4
    made = copies(codes, 0.0, Sequence(40, stranded=True))
    assert ((made != codes).sum(axis=1) == 1).all() and (made[:, :30] == 4).all() and (made[:, 30:] < 4).all()
    empty = np.full((3, 40), 4, np.uint8)
    assert (copies(empty, 0.5, Sequence(40)) == 4).all()


def test_both_windows_of_a_pair_change_alike_and_the_variant_stays():
    reference = kindred.random(200, 50)
    alternative = reference.copy()
    alternative[:, 25] = (alternative[:, 25] + 2) % 4
    made = copies(np.concatenate([reference, alternative], axis=1), 0.2, Sequence(50, pair=True, stranded=True)).reshape(
        -1, 2, 50
    )
    assert (np.flatnonzero((made[:, 0] != made[:, 1]).any(axis=0)) == [25]).all()
    assert (made[:, 0, 25] == reference[:, 25]).all() and (made[:, 1, 25] == alternative[:, 25]).all()
    assert (made[:, 0] != reference).mean() == pytest.approx(0.2, abs=0.03)
    turned = copies(np.concatenate([reference, alternative], axis=1), 0.0, Sequence(50, pair=True)).reshape(-1, 2, 50)
    place = (turned[:, 0] != turned[:, 1]).argmax(axis=1)
    assert set(place) == {24, 25}, "turned over, each window by itself, both together"


def test_what_a_deletion_shifts_is_left_alone():
    reference = kindred.random(100, 60)
    alternative = np.concatenate([reference[:, :30], reference[:, 33:], kindred.random(100, 3, 2)], axis=1)
    made = copies(np.concatenate([reference, alternative], axis=1), 0.3, Sequence(60, pair=True, stranded=True)).reshape(
        -1, 2, 60
    )
    assert (made[:, 0, :30] == made[:, 1, :30]).all() and (made[:, 0, :30] != reference[:, :30]).any()
    assert (made[:, 0, 36:54] == reference[:, 36:54]).mean() > 0.98, "behind it the windows are shifted against each other"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Families, of which a quarter of the examples is of the rarer class."""
    codes = np.concatenate([kindred.families(40, 3), kindred.random(120, 80, 3)])
    label = (np.arange(240) % 4 == 0).astype(int)
    return kindred.fold(tmp_path_factory.mktemp("mutagenesis"), kindred.examples(codes, label=label), balance="mutagenesis")


def test_a_copy_stays_in_its_parents_group_and_never_enters_another_part(files):
    table = pd.read_parquet(files["split"]).set_index("example")
    for number in range(3):
        made, train = fold_file.read_data(files["balanced"], number), fold_file.read_data(files["train"], number)
        obs = made.obs
        assert obs["label"].value_counts().nunique() == 1 and set(obs["origin"]) == {"train", "mutated"}
        copies = obs[obs["origin"] == "mutated"]
        assert set(copies["label"]) == {1} and set(copies["parent"]) <= set(train.obs_names)
        assert (copies["group"].astype(str).to_numpy() == table["group"][copies["parent"]].to_numpy(str)).all()
        held = set(table["group"][table[f"repeat0.fold{number}"].isin(["test", "validation"])])
        assert not set(obs["group"]) & held
        of_parent = train[copies["parent"].to_numpy(str)].obsm["sequence"]
        back, _ = same_strand(made[copies.index].obsm["sequence"], of_parent)
        changed = (back != of_parent).mean(axis=1)
        assert changed.mean() == pytest.approx(0.05, abs=0.015) and (changed > 0).all()
        kept = made[obs["origin"] == "train"]
        assert np.array_equal(kept.obsm["sequence"], train.obsm["sequence"])
        for role in ("validation", "test"):
            own = {row.tobytes() for row in fold_file.read_data(files[role], number).obsm["sequence"]}
            assert not own & {row.tobytes() for row in made.obsm["sequence"]}


def test_the_same_seed_makes_the_same_copies(files):
    train = dataset_balance.read(files["train"], "fold0")
    spec = {"method": "mutagenesis", "neighbours": 5, "rate": 0.05}
    one, other, third = (dataset_balance.balanced(train, spec, seed).obsm["sequence"] for seed in (1, 1, 2))
    assert np.array_equal(one, other) and not np.array_equal(one, third)


def test_tables_have_no_bases_to_change():
    with pytest.raises(InputError, match="balance.method: mutagenesis changes the bases of sequences, and these are none"):
        BALANCES["mutagenesis"].balance(np.zeros((4, 3)), np.array([0, 0, 0, 1]), {"rate": 0.1}, 1)
