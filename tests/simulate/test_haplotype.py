"""Lifting a position to a haplotype and back gives the position again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readsight.genome.codes import complement, decode, encode
from readsight.simulate.haplotype import Edit, Haplotype

LENGTH = 120


@st.composite
def edits(draw):
    cuts = sorted(draw(st.lists(st.integers(0, LENGTH), min_size=0, max_size=8, unique=True)))
    out = []
    for start, end in zip(cuts[::2], cuts[1::2], strict=False):
        kind = draw(st.sampled_from(["replace", "duplicate", "invert"]))
        new = draw(st.lists(st.integers(0, 3), max_size=12)) if kind == "replace" else []
        out.append(Edit(start, end, kind, np.array(new, dtype=np.uint8)))
    return out


def reference(seed=0):
    return np.random.default_rng(seed).integers(0, 4, LENGTH).astype(np.uint8)


@settings(deadline=None)
@given(edits())
def test_round_trips(changes):
    codes = reference()
    haplotype = Haplotype(codes, changes)
    there = haplotype.to_haplotype(np.arange(LENGTH))
    kept = np.flatnonzero(there >= 0)
    back, _ = haplotype.to_reference(there[kept])
    assert (back == kept).all()
    places, steps = haplotype.to_reference(np.arange(len(haplotype)))
    assert ((places == -1) == (steps == 0)).all()
    assert set(places[places >= 0]) == set(kept)


@settings(deadline=None)
@given(edits())
def test_bases_that_no_edit_wrote_are_the_references(changes):
    codes = reference()
    haplotype = Haplotype(codes, changes)
    places, steps = haplotype.to_reference(np.arange(len(haplotype)))
    written = np.zeros(LENGTH, dtype=bool)
    for change in changes:
        written[change.start : change.end] |= change.kind == "replace"
    own = (places >= 0) & ~written[places]
    expected = np.where(steps == 1, codes[places], complement(codes[places]))
    assert (haplotype.sequence[own] == expected[own]).all()


@settings(deadline=None)
@given(edits())
def test_length_is_what_the_edits_make_of_it(changes):
    gain = {
        "replace": lambda e: len(e.sequence) - (e.end - e.start),
        "duplicate": lambda e: e.end - e.start,
        "invert": lambda e: 0,
    }
    assert len(Haplotype(reference(), changes)) == LENGTH + sum(gain[e.kind](e) for e in changes)


def test_each_kind_of_edit():
    codes = encode("AACCGGTTAC")
    text = {
        "deletion": Edit(2, 5, "replace", encode("C")),
        "insertion": Edit(4, 4, "replace", encode("TTT")),
        "duplication": Edit(2, 5, "duplicate"),
        "inversion": Edit(2, 5, "invert"),
    }
    found = {name: decode(Haplotype(codes, [edit]).sequence) for name, edit in text.items()}
    assert found == {
        "deletion": "AACGTTAC",
        "insertion": "AACCTTTGGTTAC",
        "duplication": "AACCGCCGGTTAC",
        "inversion": "AACGGGTTAC",
    }


def test_overlapping_edits_are_refused():
    with pytest.raises(ValueError, match="overlap"):
        Haplotype(reference(), [Edit(5, 10), Edit(9, 12)])
    with pytest.raises(ValueError, match="leaves"):
        Haplotype(reference(), [Edit(5, LENGTH + 1)])
