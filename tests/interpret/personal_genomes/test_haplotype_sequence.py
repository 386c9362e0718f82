"""Haplotype sequences equal a genome edited by hand; calls are assigned to copies in all possible ways."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readsight.genome.codes import decode
from readsight.genome.store import Genome
from readsight.interpret.personal_genomes.genotypes import GenotypeCall
from readsight.interpret.personal_genomes.haplotype_sequence import SequenceChange, separate_overlaps, spell_haplotype
from readsight.interpret.personal_genomes.phasing import MAX_WAYS, enumerate_phasings

TEXT = "".join("ACGT"[i] for i in np.random.default_rng(4).integers(0, 4, 90))
GENOME = Genome.from_text({"other": "ACGT" * 10, "chr1": TEXT})


def spell_window(changes, start=30, length=20):
    return decode(spell_haplotype(GENOME, 1, start, length, changes).codes)


def edit_by_hand(changes, start, length):
    """The contig as a string between Ns, edited from its end, then cut around the middle."""
    text, padding = "N" * 100 + TEXT + "N" * 100, 100
    middle = start + length // 2
    cut = max([middle, *(c.end for c in changes if c.start < middle)])
    left, right = text[: padding + cut], "." * (padding + cut) + text[padding + cut :]
    for change in reversed(changes):
        if change.start < middle:
            left = left[: padding + change.start] + change.alt + left[padding + change.end :]
        else:
            right = right[: padding + change.start] + change.alt + right[padding + change.end :]
    return left[len(left) - length // 2 :] + right[padding + cut :][: length - length // 2]


bases = st.text("ACGT", max_size=6)
edits = st.lists(st.tuples(st.integers(0, 80), st.integers(0, 8), bases), max_size=8)


@settings(max_examples=400, deadline=None)
@given(edits, st.integers(-5, 75), st.integers(2, 40))
def test_haplotype_equals_genome_edited_by_hand(edit_list, start, length):
    changes = [SequenceChange(s, s + deleted, alt, f"v{i}", i) for i, (s, deleted, alt) in enumerate(edit_list)]
    kept, overlapping = separate_overlaps(changes)
    assert sorted([*kept, *overlapping]) == sorted(changes)
    haplotype = spell_haplotype(GENOME, 1, start, length, changes)
    assert decode(haplotype.codes) == edit_by_hand(kept, start, length)
    assert haplotype.overlapping == overlapping and set(haplotype.applied) <= set(kept)
    visible = spell_haplotype(GENOME, 1, start, length, haplotype.applied)
    assert decode(visible.codes) == decode(haplotype.codes), "invisible changes have no effect"


def test_unchanged_haplotype_is_reference_and_middle_is_fixed():
    assert spell_window([]) == TEXT[30:50]
    assert spell_window([SequenceChange(40, 41, "N")]) == TEXT[30:40] + "N" + TEXT[41:50]
    assert spell_window([SequenceChange(45, 48, "")]) == TEXT[30:45] + TEXT[48:53], "bases after a deletion move in"
    assert spell_window([SequenceChange(33, 35, "")]) == TEXT[28:33] + TEXT[35:50], "before the middle, bases before it move in"
    assert spell_window([SequenceChange(45, 45, "GGG")]) == TEXT[30:45] + "GGG" + TEXT[45:47]
    assert spell_window([SequenceChange(38, 43, "")]) == TEXT[28:38] + TEXT[43:53], "a deletion across the middle"


def test_bases_beyond_the_contig_are_n():
    assert spell_window([], -4, 10) == "NNNN" + TEXT[:6]
    assert spell_window([SequenceChange(84, 88, "")], 75, 14) == TEXT[75:84] + TEXT[88:90] + "NNN"


def test_first_of_overlapping_changes_is_kept():
    first, second, third = (
        SequenceChange(40, 44, "", "a", 1),
        SequenceChange(42, 43, "T", "b", 2),
        SequenceChange(44, 45, "C", "c", 3),
    )
    haplotype = spell_haplotype(GENOME, 1, 30, 20, [third, second, first])
    assert haplotype.applied == (first, third) and haplotype.overlapping == (second,)
    twice = [SequenceChange(40, 40, "A", "a", 1), SequenceChange(40, 40, "C", "b", 2), SequenceChange(40, 41, "G", "c", 3)]
    assert separate_overlaps(twice) == ([twice[0], twice[2]], (twice[1],)), "an insertion and the base after it can both change"


def make_snv(position, alt="N"):
    return SequenceChange(position, position + 1, alt, str(position))


def list_ways(calls):
    phasing = enumerate_phasings([(tuple(changes), call) for changes, call in calls], np.random.default_rng(0))
    return phasing.status, [tuple(tuple(change.start for change in copy) for copy in way) for way in phasing.ways]


def test_calls_are_divided_among_copies():
    a, b, c = (make_snv(position) for position in (1, 2, 3))
    assert list_ways([]) == ("phased", [((), ())])
    assert list_ways([([a], GenotypeCall((1, 1)))]) == ("phased", [((1,), (1,))])
    assert list_ways([([a], GenotypeCall((0, 1)))]) == ("one", [((), (1,))])
    assert list_ways([([a], GenotypeCall((1, 0), "x")), ([b], GenotypeCall((1, 0), "x"))]) == ("phased", [((1, 2), ())])
    assert list_ways([([a], GenotypeCall((1, 0), "x")), ([b], GenotypeCall((0, 1), "x"))]) == ("phased", [((1,), (2,))])
    status, arrangements = list_ways([([a], GenotypeCall((1, 0), "x")), ([b], GenotypeCall((0, 1), "y"))])
    assert status == "averaged" and sorted(arrangements) == [((1,), (2,)), ((1, 2), ())], "two phase sets are combined freely"
    status, arrangements = list_ways([([a], GenotypeCall((0, 1))), ([b], GenotypeCall((0, 1))), ([c], GenotypeCall((1, 1)))])
    assert status == "averaged" and sorted(arrangements) == [((3,), (3, 1, 2)), ((3, 2), (3, 1))]
    assert list_ways([([a, b], GenotypeCall((1, 2)))]) == ("one", [((1,), (2,))])


def test_haploid_and_polyploid_calls():
    a, b = make_snv(1), make_snv(2)
    assert list_ways([([a], GenotypeCall((1,)))]) == ("phased", [((1,),)])
    assert list_ways([([a], GenotypeCall((0,)))]) == ("phased", [((),)])
    status, arrangements = list_ways([([a], GenotypeCall((0, 0, 1))), ([b], GenotypeCall((0, 1, 1)))])
    assert status == "averaged" and len(arrangements) == 3
    assert list_ways([([a], GenotypeCall((0, 0, 0, 0, 1)))]) == ("one", [((), (), (), (), (1,))])
    status, arrangements = list_ways([([a], GenotypeCall((1,))), ([b], GenotypeCall((0, 1)))])
    assert status == "averaged" and len(arrangements) == 2, "the copy of a single allele is not known"
    assert list_ways([([None], GenotypeCall((0, 1))), ([b], GenotypeCall((0, 1)))]) == ("one", [((), (2,))]), (
        "alleles without a sequence have no effect on phasing"
    )


@pytest.mark.parametrize("number, status, count", [(5, "averaged", 16), (6, "drawn", MAX_WAYS), (70, "drawn", MAX_WAYS)])
def test_ways_of_many_unphased_calls_are_sampled(number, status, count):
    calls = [([make_snv(i)], GenotypeCall((0, 1))) for i in range(number)]
    actual, arrangements = list_ways(calls)
    assert (actual, len(arrangements)) == (status, count)
    for way in arrangements:
        assert sorted(i for copy in way for i in copy) == list(range(number)), "each is on one copy"
        assert 0 in way[1], "the first is fixed"
    assert len(set(arrangements)) > count // 2
    assert list_ways(calls) == (actual, arrangements)
