"""Pieces of the genome contain every base once, in order, and have equal length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import variants_regions
from readsight.errors import InputError
from readsight.genome.intervals import (
    merge_intervals,
    pad_intervals,
    read_bed,
    read_contig_lengths,
    read_plain_bed,
    span_contigs,
    split_evenly,
)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8), st.integers(1, 12))
def test_pieces_hold_every_base_once_in_order(lengths, count):
    full_contigs = [(f"c{i}", 0, length) for i, length in enumerate(lengths)]
    cut = split_evenly(full_contigs, count)
    bases = [(contig, p) for piece in cut for contig, start, end in piece for p in range(start, end)]
    assert bases == [(contig, p) for contig, _, length in full_contigs for p in range(length)]
    sizes = [sum(end - start for _, start, end in piece) for piece in cut]
    assert len(cut) == count and max(sizes) - min(sizes) <= 1


def test_targets_are_merged_and_cut(tmp_path):
    (tmp_path / "g.fai").write_text("HLA-A*01:01\t100\t0\t60\t61\nchr2\t50\t0\t60\t61\n")
    (tmp_path / "t.bed").write_text("track name=x\nchr2\t10\t30\nHLA-A*01:01\t90\t100\textra\nHLA-A*01:01\t85\t95\n")
    outs = [tmp_path / f"{i}.bed" for i in range(3)]
    variants_regions.main(tmp_path / "g.fai", tmp_path / "t.bed", outs)
    read = [read_plain_bed(out) for out in outs]
    assert read == [[("HLA-A*01:01", 85, 96)], [("HLA-A*01:01", 96, 100), ("chr2", 10, 18)], [("chr2", 18, 30)]]


def test_bed_faults_name_row_and_reason(tmp_path):
    (tmp_path / "t.bed").write_text("chr2\t1\tx\nchr2\t10\t51\nchr2\t9\t3\nchr2 1 2\n")
    with pytest.raises(InputError) as error:
        read_bed(tmp_path / "t.bed", {"chr2": 50})
    messages = str(error.value).splitlines()
    assert len(messages) == 4
    assert "row 1" in messages[0] and "integer start and end" in messages[0]
    assert "row 2" in messages[1] and "50 bases" in messages[1]


def test_targets_outside_the_reference_are_ignored(tmp_path):
    bed = tmp_path / "t.bed"
    bed.write_text("chr1\t0\t99\nchr2\t10\t30\nchrUn_x\t1\t5\n")
    assert read_bed(bed, {"chr2": 50}) == [("chr2", 10, 30)]
    with pytest.raises(InputError, match="row 1: contig 'chr1' is not in the reference, and neither is any contig"):
        read_bed(bed, {"2": 50})


def test_padding_stays_within_contigs_and_merges():
    lengths = {"a": 100, "b": 30}
    assert pad_intervals([("a", 5, 10), ("a", 20, 30), ("b", 25, 30)], lengths, 10) == [("a", 0, 40), ("b", 15, 30)]
    assert span_contigs([("a", 5, 10), ("a", 20, 30), ("b", 1, 2)]) == [("a", 5, 30), ("b", 1, 2)]
    assert merge_intervals([("b", 1, 1), ("a", 3, 4)], lengths) == [("a", 3, 4)]


def test_contigs_keep_their_order(tmp_path):
    (tmp_path / "g.fai").write_text("z\t5\t0\t60\t61\na\t7\t0\t60\t61\n")
    assert list(read_contig_lengths(tmp_path / "g.fai").items()) == [("z", 5), ("a", 7)]
