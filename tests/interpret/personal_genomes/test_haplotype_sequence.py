"""A copy's sequence is the genome's, edited by hand; calls are divided among copies in every way, and in no other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readsight.genome.codes import decode
from readsight.genome.store import Genome
from readsight.interpret.personal_genomes.genotypes import Call
from readsight.interpret.personal_genomes.haplotype_sequence import Change, apart, spell
from readsight.interpret.personal_genomes.phasing import MOST, divided

TEXT = "".join("ACGT"[i] for i in np.random.default_rng(4).integers(0, 4, 90))
GENOME = Genome.of({"other": "ACGT" * 10, "chr1": TEXT})


def window(changes, start=30, length=20):
    return decode(spell(GENOME, 1, start, length, changes).codes)


def by_hand(changes, start, length):
    """The whole contig as a string between Ns, edited from its end, then cut about the middle."""
    text, more = "N" * 100 + TEXT + "N" * 100, 100
    middle = start + length // 2
    cut = max([middle, *(c.end for c in changes if c.start < middle)])
    left, right = text[: more + cut], "." * (more + cut) + text[more + cut :]
    for change in reversed(changes):
        if change.start < middle:
            left = left[: more + change.start] + change.alt + left[more + change.end :]
        else:
            right = right[: more + change.start] + change.alt + right[more + change.end :]
    return left[len(left) - length // 2 :] + right[more + cut :][: length - length // 2]


bases = st.text("ACGT", max_size=6)
edits = st.lists(st.tuples(st.integers(0, 80), st.integers(0, 8), bases), max_size=8)


@settings(max_examples=400, deadline=None)
@given(edits, st.integers(-5, 75), st.integers(2, 40))
def test_a_copy_is_the_genome_edited_by_hand(drawn, start, length):
    changes = [Change(s, s + gone, alt, f"v{i}", i) for i, (s, gone, alt) in enumerate(drawn)]
    kept, left = apart(changes)
    assert sorted([*kept, *left]) == sorted(changes)
    found = spell(GENOME, 1, start, length, changes)
    assert decode(found.codes) == by_hand(kept, start, length)
    assert found.left == left and set(found.applied) <= set(kept)
    only = spell(GENOME, 1, start, length, found.applied)
    assert decode(only.codes) == decode(found.codes), "what is not shown does not matter"


def test_no_change_is_the_reference_and_the_middle_stays():
    assert window([]) == TEXT[30:50]
    assert window([Change(40, 41, "N")]) == TEXT[30:40] + "N" + TEXT[41:50]
    assert window([Change(45, 48, "")]) == TEXT[30:45] + TEXT[48:53], "what follows a deletion fills it up"
    assert window([Change(33, 35, "")]) == TEXT[28:33] + TEXT[35:50], "before the middle what stands before it does"
    assert window([Change(45, 45, "GGG")]) == TEXT[30:45] + "GGG" + TEXT[45:47]
    assert window([Change(38, 43, "")]) == TEXT[28:38] + TEXT[43:53], "a deletion across the middle"


def test_past_the_contig_stands_nothing():
    assert window([], -4, 10) == "NNNN" + TEXT[:6]
    assert window([Change(84, 88, "")], 75, 14) == TEXT[75:84] + TEXT[88:90] + "NNN"


def test_of_overlapping_changes_the_first_stands():
    first, second, third = Change(40, 44, "", "a", 1), Change(42, 43, "T", "b", 2), Change(44, 45, "C", "c", 3)
    found = spell(GENOME, 1, 30, 20, [third, second, first])
    assert found.applied == (first, third) and found.left == (second,)
    twice = [Change(40, 40, "A", "a", 1), Change(40, 40, "C", "b", 2), Change(40, 41, "G", "c", 3)]
    assert apart(twice) == ([twice[0], twice[2]], (twice[1],)), "an insertion and the base that it stands before can both change"


def snv(place, alt="N"):
    return Change(place, place + 1, alt, str(place))


def ways(calls):
    found = divided([(tuple(changes), call) for changes, call in calls], np.random.default_rng(0))
    return found.word, [tuple(tuple(change.start for change in copy) for copy in way) for way in found.ways]


def test_calls_are_divided_among_copies():
    a, b, c = (snv(place) for place in (1, 2, 3))
    assert ways([]) == ("phased", [((), ())])
    assert ways([([a], Call((1, 1)))]) == ("phased", [((1,), (1,))])
    assert ways([([a], Call((0, 1)))]) == ("one", [((), (1,))])
    assert ways([([a], Call((1, 0), "x")), ([b], Call((1, 0), "x"))]) == ("phased", [((1, 2), ())])
    assert ways([([a], Call((1, 0), "x")), ([b], Call((0, 1), "x"))]) == ("phased", [((1,), (2,))])
    word, found = ways([([a], Call((1, 0), "x")), ([b], Call((0, 1), "y"))])
    assert word == "averaged" and sorted(found) == [((1,), (2,)), ((1, 2), ())], "two phase sets are free against each other"
    word, found = ways([([a], Call((0, 1))), ([b], Call((0, 1))), ([c], Call((1, 1)))])
    assert word == "averaged" and sorted(found) == [((3,), (3, 1, 2)), ((3, 2), (3, 1))]
    assert ways([([a, b], Call((1, 2)))]) == ("one", [((1,), (2,))])


def test_one_copy_and_many():
    a, b = snv(1), snv(2)
    assert ways([([a], Call((1,)))]) == ("phased", [((1,),)])
    assert ways([([a], Call((0,)))]) == ("phased", [((),)])
    word, found = ways([([a], Call((0, 0, 1))), ([b], Call((0, 1, 1)))])
    assert word == "averaged" and len(found) == 3
    assert ways([([a], Call((0, 0, 0, 0, 1)))]) == ("one", [((), (), (), (), (1,))])
    word, found = ways([([a], Call((1,))), ([b], Call((0, 1)))])
    assert word == "averaged" and len(found) == 2, "which copy a lone allele lies on is not known"
    assert ways([([None], Call((0, 1))), ([b], Call((0, 1)))]) == ("one", [((), (2,))]), "what has no sequence divides nothing"


@pytest.mark.parametrize("number, word, count", [(5, "averaged", 16), (6, "drawn", MOST), (70, "drawn", MOST)])
def test_many_unphased_calls_are_drawn_from(number, word, count):
    calls = [([snv(i)], Call((0, 1))) for i in range(number)]
    said, found = ways(calls)
    assert (said, len(found)) == (word, count)
    for way in found:
        assert sorted(i for copy in way for i in copy) == list(range(number)), "each stands on one copy"
        assert 0 in way[1], "the first stays where it is"
    assert len(set(found)) > count // 2
    assert ways(calls) == (said, found)
