"""Duplicates: found on both strands, collapsed where they agree, left out where they do not; compared with a plain dictionary."""

import time
from collections import defaultdict

import numpy as np
import pytest

from examples_of_sequences import spec
from readsight.dataset.sequences import duplicates
from readsight.dataset.sequences.raw_examples import Found, unplaced
from readsight.genome.codes import reverse_complement


def found(codes, pair=False, target=None, **columns) -> Found:
    obs = unplaced([f"e{i}" for i in range(len(codes))]).assign(**columns)
    return Found(np.asarray(codes, np.uint8), obs, target, pair)


def few(rng, n, width):
    """Rows of which many are each other's copies or reverse complements, N among their letters."""
    kinds = rng.integers(0, 5, (n // 3, width)).astype(np.uint8)
    rows = kinds[rng.integers(0, len(kinds), n)]
    turn = rng.random(n) < 0.5
    rows[turn] = reverse_complement(rows[turn])
    return rows


@pytest.mark.parametrize("stranded", [False, True])
@pytest.mark.parametrize("width", [4, 5, 21])
def test_what_is_one_sequence_is_what_a_dictionary_says(stranded, width):
    rows = few(np.random.default_rng(width), 600, width)
    keys = [min(r.tobytes(), r.tobytes() if stranded else reverse_complement(r).tobytes()) for r in rows]
    number = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    assert duplicates.same(rows, stranded=stranded).tolist() == [number[key] for key in keys]


def test_pairs_are_turned_window_by_window():
    rng = np.random.default_rng(3)
    one, two = rng.integers(0, 4, (2, 1, 9)).astype(np.uint8)
    pair = np.concatenate([one, two], axis=1)
    turned = np.concatenate([reverse_complement(one), reverse_complement(two)], axis=1)
    swapped = np.concatenate([two, one], axis=1)
    kinds = duplicates.same(np.concatenate([pair, turned, swapped, reverse_complement(pair)]), pair=True)
    assert kinds.tolist() == [0, 0, 1, 1]  # turned over as a whole, a pair has its windows swapped as well


def test_copies_are_collapsed_and_contradictions_left_out():
    rng = np.random.default_rng(5)
    rows = few(rng, 300, 12)
    labels = np.where(rng.random(300) < 0.95, "x", "y")
    said = defaultdict(list)
    for i, (row, label) in enumerate(zip(rows, labels, strict=True)):
        said[min(row.tobytes(), reverse_complement(row).tobytes())].append((f"e{i}", label))
    made = duplicates.collapse(found(rows, label=labels), spec())
    agreed = [own for own in said.values() if len({label for _, label in own}) == 1]
    apart = [own for own in said.values() if len({label for _, label in own}) > 1]
    assert made.found.obs.index.tolist() == [own[0][0] for own in agreed]
    assert made.copies.tolist() == [len(own) for own in agreed]
    assert sorted((c["names"], c["labels"]) for c in made.conflicts) == sorted(
        ([n for n, _ in own], [w for _, w in own]) for own in apart
    )
    assert made.contradicted == sum(map(len, apart)) and len(apart) > 3
    assert len(made.found) + made.dropped + made.contradicted == 300


def test_the_other_strand_is_another_sequence_where_strands_mean_something():
    row = np.array([[0, 0, 1, 2, 2]])
    rows = np.concatenate([row, reverse_complement(row.astype(np.uint8)), row])
    assert len(duplicates.collapse(found(rows, label="x"), spec(stranded=True)).found) == 2
    assert len(duplicates.collapse(found(rows, label="x"), spec()).found) == 1


def test_a_given_split_keeps_copies_on_both_sides():
    rows = np.repeat(np.array([[0, 0, 1, 2, 2]]), 4, axis=0)
    sides = ["train", "validation", "test", "test"]
    made = duplicates.collapse(found(rows, label=["x", "x", "y", "y"], split=sides), spec(by="given"))
    assert made.found.obs["split"].tolist() == ["train", "test"] and made.copies.tolist() == [2, 2] and not made.conflicts


def test_several_labels_agree_only_when_all_do():
    rows = np.repeat(np.array([[0, 0, 1], [3, 3, 3]]), 2, axis=0)
    made = duplicates.collapse(found(rows, **{"label.0": ["1", "1", "0", "0"], "label.1": ["0", "1", "1", "1"]}), spec())
    assert made.found.obs.index.tolist() == ["e2"] and made.conflicts == [{"names": ["e0", "e1"], "labels": ["1, 0", "1, 1"]}]


def test_numbers_of_copies_are_averaged():
    rows = np.array([[0, 0, 1], [3, 3, 3], [0, 0, 1], [2, 3, 3]])
    made = duplicates.collapse(found(rows, label=["1", "5", "2", "6"]), spec(target="score"))
    assert made.found.obs["label"].tolist() == [3.0, 5.0] and made.copies.tolist() == [3, 1]


def test_a_signal_along_a_copy_is_turned_with_it():
    row = np.array([[0, 0, 1, 1]], np.uint8)
    rows = np.concatenate([row, reverse_complement(row)])
    target = np.array([[1, 5], [5, 3]], np.float32)
    made = duplicates.collapse(found(rows, target=target), spec(target="profile"))
    np.testing.assert_array_equal(made.found.target, [[2, 5]])
    palindrome = np.array([[0, 1, 2, 3]] * 2, np.uint8)
    made = duplicates.collapse(found(palindrome, target=target), spec(target="profile"))
    np.testing.assert_array_equal(made.found.target, [[3, 4]])


def test_sites_that_differ_are_a_contradiction():
    rows = np.array([[0, 0, 1], [0, 0, 1], [3, 0, 1], [3, 0, 1]])
    target = np.array([[0, 1, 0], [0, 2, 0], [0, 1, 0], [0, 1, 0]], np.uint8)
    made = duplicates.collapse(found(rows, target=target), spec(target="splice_sites", stranded=True))
    assert made.found.obs.index.tolist() == ["e2"] and made.conflicts[0]["names"] == ["e0", "e1"]


def test_a_hundred_thousand_sequences_take_seconds():
    rows = np.random.default_rng(0).integers(0, 4, (100_000, 200)).astype(np.uint8)
    rows[-1000:] = reverse_complement(rows[:1000])
    start = time.perf_counter()
    made = duplicates.collapse(found(rows, label="x"), spec())
    assert len(made.found) == 99_000 and time.perf_counter() - start < 10
