"""Duplicates are detected on both strands, collapsed if labels agree, and excluded otherwise; compared with a plain dictionary."""

import time
from collections import defaultdict

import numpy as np
import pytest

from examples_of_sequences import make_spec
from readsight.dataset.sequences import duplicates
from readsight.dataset.sequences.raw_examples import SequenceSet, make_unplaced_obs
from readsight.genome.codes import reverse_complement


def make_set(codes, pair=False, target=None, **columns) -> SequenceSet:
    obs = make_unplaced_obs([f"e{i}" for i in range(len(codes))]).assign(**columns)
    return SequenceSet(np.asarray(codes, np.uint8), obs, target, pair)


def draw_duplicates(rng, n, width):
    """Rows of which many are copies or reverse complements of each other, with some N."""
    sequences = rng.integers(0, 5, (n // 3, width)).astype(np.uint8)
    rows = sequences[rng.integers(0, len(sequences), n)]
    is_reversed = rng.random(n) < 0.5
    rows[is_reversed] = reverse_complement(rows[is_reversed])
    return rows


@pytest.mark.parametrize("stranded", [False, True])
@pytest.mark.parametrize("width", [4, 5, 21])
def test_sequence_numbers_match_a_dictionary(stranded, width):
    rows = draw_duplicates(np.random.default_rng(width), 600, width)
    keys = [min(r.tobytes(), r.tobytes() if stranded else reverse_complement(r).tobytes()) for r in rows]
    number = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    assert duplicates.number_sequences(rows, stranded=stranded).tolist() == [number[key] for key in keys]


def test_pairs_are_reversed_window_by_window():
    rng = np.random.default_rng(3)
    first_window, second_window = rng.integers(0, 4, (2, 1, 9)).astype(np.uint8)
    pair = np.concatenate([first_window, second_window], axis=1)
    reversed_pair = np.concatenate([reverse_complement(first_window), reverse_complement(second_window)], axis=1)
    swapped = np.concatenate([second_window, first_window], axis=1)
    kinds = duplicates.number_sequences(np.concatenate([pair, reversed_pair, swapped, reverse_complement(pair)]), is_paired=True)
    assert kinds.tolist() == [0, 0, 1, 1]  # reversing the complete pair also swaps its windows


def test_copies_collapse_and_contradictions_are_excluded():
    rng = np.random.default_rng(5)
    rows = draw_duplicates(rng, 300, 12)
    labels = np.where(rng.random(300) < 0.95, "x", "y")
    labels_by_sequence = defaultdict(list)
    for i, (row, label) in enumerate(zip(rows, labels, strict=True)):
        labels_by_sequence[min(row.tobytes(), reverse_complement(row).tobytes())].append((f"e{i}", label))
    collapsed = duplicates.collapse_duplicates(make_set(rows, label=labels), make_spec())
    consistent = [members for members in labels_by_sequence.values() if len({label for _, label in members}) == 1]
    contradictory = [members for members in labels_by_sequence.values() if len({label for _, label in members}) > 1]
    assert collapsed.examples.obs.index.tolist() == [members[0][0] for members in consistent]
    assert collapsed.copies.tolist() == [len(members) for members in consistent]
    assert sorted((c["names"], c["labels"]) for c in collapsed.conflicts) == sorted(
        ([n for n, _ in members], [w for _, w in members]) for members in contradictory
    )
    assert collapsed.conflict_count == sum(map(len, contradictory)) and len(contradictory) > 3
    assert len(collapsed.examples) + collapsed.duplicate_count + collapsed.conflict_count == 300


def test_stranded_tasks_keep_both_strands():
    row = np.array([[0, 0, 1, 2, 2]])
    rows = np.concatenate([row, reverse_complement(row.astype(np.uint8)), row])
    assert len(duplicates.collapse_duplicates(make_set(rows, label="x"), make_spec(stranded=True)).examples) == 2
    assert len(duplicates.collapse_duplicates(make_set(rows, label="x"), make_spec()).examples) == 1


def test_a_given_split_keeps_copies_on_both_sides():
    rows = np.repeat(np.array([[0, 0, 1, 2, 2]]), 4, axis=0)
    sides = ["train", "validation", "test", "test"]
    collapsed = duplicates.collapse_duplicates(make_set(rows, label=["x", "x", "y", "y"], split=sides), make_spec(by="given"))
    assert (
        collapsed.examples.obs["split"].tolist() == ["train", "test"]
        and collapsed.copies.tolist() == [2, 2]
        and not collapsed.conflicts
    )


def test_several_labels_agree_only_when_all_do():
    rows = np.repeat(np.array([[0, 0, 1], [3, 3, 3]]), 2, axis=0)
    collapsed = duplicates.collapse_duplicates(
        make_set(rows, **{"label.0": ["1", "1", "0", "0"], "label.1": ["0", "1", "1", "1"]}), make_spec()
    )
    assert collapsed.examples.obs.index.tolist() == ["e2"] and collapsed.conflicts == [
        {"names": ["e0", "e1"], "labels": ["1, 0", "1, 1"]}
    ]


def test_scores_of_copies_are_averaged():
    rows = np.array([[0, 0, 1], [3, 3, 3], [0, 0, 1], [2, 3, 3]])
    collapsed = duplicates.collapse_duplicates(make_set(rows, label=["1", "5", "2", "6"]), make_spec(target="score"))
    assert collapsed.examples.obs["label"].tolist() == [3.0, 5.0] and collapsed.copies.tolist() == [3, 1]


def test_signal_is_reversed_with_its_copy():
    row = np.array([[0, 0, 1, 1]], np.uint8)
    rows = np.concatenate([row, reverse_complement(row)])
    target = np.array([[1, 5], [5, 3]], np.float32)
    collapsed = duplicates.collapse_duplicates(make_set(rows, target=target), make_spec(target="profile"))
    np.testing.assert_array_equal(collapsed.examples.target, [[2, 5]])
    palindrome = np.array([[0, 1, 2, 3]] * 2, np.uint8)
    collapsed = duplicates.collapse_duplicates(make_set(palindrome, target=target), make_spec(target="profile"))
    np.testing.assert_array_equal(collapsed.examples.target, [[3, 4]])


def test_different_sites_are_a_contradiction():
    rows = np.array([[0, 0, 1], [0, 0, 1], [3, 0, 1], [3, 0, 1]])
    target = np.array([[0, 1, 0], [0, 2, 0], [0, 1, 0], [0, 1, 0]], np.uint8)
    collapsed = duplicates.collapse_duplicates(make_set(rows, target=target), make_spec(target="splice_sites", stranded=True))
    assert collapsed.examples.obs.index.tolist() == ["e2"] and collapsed.conflicts[0]["names"] == ["e0", "e1"]


def test_a_hundred_thousand_sequences_take_seconds():
    rows = np.random.default_rng(0).integers(0, 4, (100_000, 200)).astype(np.uint8)
    rows[-1000:] = reverse_complement(rows[:1000])
    start = time.perf_counter()
    collapsed = duplicates.collapse_duplicates(make_set(rows, label="x"), make_spec())
    assert len(collapsed.examples) == 99_000 and time.perf_counter() - start < 10
