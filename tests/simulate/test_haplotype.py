"""Liftover between reference and haplotype is consistent with the edits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readsight.genome.codes import complement, decode, encode
from readsight.simulate.haplotype import Haplotype, HaplotypeEdit

LENGTH = 120


@st.composite
def draw_edits(draw):
    cuts = sorted(draw(st.lists(st.integers(0, LENGTH), min_size=0, max_size=8, unique=True)))
    out = []
    for start, end in zip(cuts[::2], cuts[1::2], strict=False):
        kind = draw(st.sampled_from(["replace", "duplicate", "invert"]))
        new = draw(st.lists(st.integers(0, 3), max_size=12)) if kind == "replace" else []
        out.append(HaplotypeEdit(start, end, kind, np.array(new, dtype=np.uint8)))
    return out


def draw_reference(seed=0):
    return np.random.default_rng(seed).integers(0, 4, LENGTH).astype(np.uint8)


@settings(deadline=None)
@given(draw_edits())
def test_liftover_round_trip(changes):
    codes = draw_reference()
    haplotype = Haplotype(codes, changes)
    lifted = haplotype.to_haplotype(np.arange(LENGTH))
    kept = np.flatnonzero(lifted >= 0)
    back, _ = haplotype.to_reference(lifted[kept])
    assert (back == kept).all()
    positions, steps = haplotype.to_reference(np.arange(len(haplotype)))
    assert ((positions == -1) == (steps == 0)).all()
    assert set(positions[positions >= 0]) == set(kept)


@settings(deadline=None)
@given(draw_edits())
def test_unedited_bases_match_reference(changes):
    codes = draw_reference()
    haplotype = Haplotype(codes, changes)
    positions, steps = haplotype.to_reference(np.arange(len(haplotype)))
    is_replaced = np.zeros(LENGTH, dtype=bool)
    for change in changes:
        is_replaced[change.start : change.end] |= change.kind == "replace"
    is_reference = (positions >= 0) & ~is_replaced[positions]
    expected = np.where(steps == 1, codes[positions], complement(codes[positions]))
    assert (haplotype.sequence[is_reference] == expected[is_reference]).all()


@settings(deadline=None)
@given(draw_edits())
def test_length_follows_edits(changes):
    gain = {
        "replace": lambda e: len(e.sequence) - (e.end - e.start),
        "duplicate": lambda e: e.end - e.start,
        "invert": lambda e: 0,
    }
    assert len(Haplotype(draw_reference(), changes)) == LENGTH + sum(gain[e.kind](e) for e in changes)


def test_each_kind_of_edit():
    codes = encode("AACCGGTTAC")
    text = {
        "deletion": HaplotypeEdit(2, 5, "replace", encode("C")),
        "insertion": HaplotypeEdit(4, 4, "replace", encode("TTT")),
        "duplication": HaplotypeEdit(2, 5, "duplicate"),
        "inversion": HaplotypeEdit(2, 5, "invert"),
    }
    sequences = {name: decode(Haplotype(codes, [edit]).sequence) for name, edit in text.items()}
    assert sequences == {
        "deletion": "AACGTTAC",
        "insertion": "AACCTTTGGTTAC",
        "duplication": "AACCGCCGGTTAC",
        "inversion": "AACGGGTTAC",
    }


def test_overlapping_edits_are_refused():
    with pytest.raises(ValueError, match="overlap"):
        Haplotype(draw_reference(), [HaplotypeEdit(5, 10), HaplotypeEdit(9, 12)])
    with pytest.raises(ValueError, match="exceeds"):
        Haplotype(draw_reference(), [HaplotypeEdit(5, LENGTH + 1)])
