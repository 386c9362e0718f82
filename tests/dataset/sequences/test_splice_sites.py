"""Splice sites stand at the ends of introns, on the strand that is transcribed."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from readsight.dataset.sequences import splice_sites
from readsight.errors import InputError
from readsight.genome.codes import decode, reverse_complement
from readsight.genome.store import Genome, build

REAL = Path(os.environ.get("READSIGHT_REAL_DATA", "../shared/data")) / "reference/yeast_R64-1-1"
EXONS = [(100, 150), (250, 300), (420, 500)]
OTHER = [(700, 760), (860, 930)]


def sequence() -> str:
    """A contig with GT…AG introns for a gene on either strand."""
    text = list("".join(np.random.default_rng(1).choice(list("ACGT"), 1200)))
    for (_, donor), (acceptor, _) in zip(EXONS, EXONS[1:], strict=False):
        text[donor : donor + 2], text[acceptor - 2 : acceptor] = "GT", "AG"
    for (_, first), (second, _) in zip(OTHER, OTHER[1:], strict=False):
        text[first : first + 2], text[second - 2 : second] = "CT", "AC"  # GT…AG of the other strand
    return "".join(text)


GENOME = Genome.of({"chr1": sequence(), "chr2": "ACGT" * 50})


def row(contig: str, start: int, end: int, strand: str, gene: str, transcript: str = "") -> str:
    tags = f'gene_id "{gene}"; transcript_id "{transcript or gene}.t";'
    return f"{contig}\tx\texon\t{start + 1}\t{end}\t.\t{strand}\t.\t{tags}\n"


def gtf(tmp_path: Path, rows: list[str]) -> Path:
    path = tmp_path / "genes.gtf"
    path.write_text("#!genome\n" + "".join(rows))
    return path


def plain(tmp_path: Path) -> Path:
    rows = [row("chr1", *exon, "+", "plus") for exon in EXONS] + [row("chr1", *exon, "-", "minus") for exon in OTHER[::-1]]
    return gtf(tmp_path, [*rows, row("chr1", 1000, 1100, "+", "whole")])


def spec(length: int = 90, outside: str = "error") -> dict:
    return {"length": length, "outside": outside}


def around(found, kind: int, before: int, behind: int) -> Counter:
    """Letters from `before` bases before each base of a class to `behind` bases behind it."""
    seen = Counter()
    for codes, target in zip(found.codes, found.target, strict=True):
        for at in np.flatnonzero(target == kind):
            if at >= before and at + behind < len(codes):
                seen[decode(codes[at - before : at + behind + 1])] += 1
    return seen


def test_introns_begin_behind_donors_and_end_before_acceptors_on_both_strands(tmp_path):
    found = splice_sites.read(plain(tmp_path), GENOME, spec(200))
    assert all(word[1:] == "GT" for word in around(found, splice_sites.DONOR, 0, 2))
    assert all(word[:2] == "AG" for word in around(found, splice_sites.ACCEPTOR, 2, 0))
    assert (found.target == splice_sites.DONOR).sum() == (found.target == splice_sites.ACCEPTOR).sum() == 3


def test_sites_are_the_edge_bases_of_exons(tmp_path):
    found = splice_sites.read(plain(tmp_path), GENOME, spec())
    placed: dict[tuple[str, int], set[int]] = {}
    for place, target in zip(found.obs.itertuples(), found.target, strict=True):
        for kind in (splice_sites.ACCEPTOR, splice_sites.DONOR):
            at = np.flatnonzero(target == kind)
            at = at if place.strand == "+" else len(target) - 1 - at
            placed.setdefault((place.group, kind), set()).update((place.start + at).tolist())
    assert placed["plus", splice_sites.DONOR] == {149, 299} and placed["plus", splice_sites.ACCEPTOR] == {250, 420}
    assert placed["minus", splice_sites.DONOR] == {860} and placed["minus", splice_sites.ACCEPTOR] == {759}


def test_windows_cover_each_gene_once_and_nothing_else_counts(tmp_path):
    found = splice_sites.read(plain(tmp_path), GENOME, spec())
    counted: dict[str, list[int]] = {}
    for place, codes, target in zip(found.obs.itertuples(), found.codes, found.target, strict=True):
        own = GENOME.contig("chr1")[place.start : place.end]
        assert np.array_equal(codes, own if place.strand == "+" else reverse_complement(own))
        inside = np.flatnonzero((target if place.strand == "+" else target[::-1]) != 255) + place.start
        counted.setdefault(place.group, []).extend(inside.tolist())
    assert sorted(counted["plus"]) == list(range(100, 500)) and sorted(counted["minus"]) == list(range(700, 930))
    assert set(counted) == {"plus", "minus"} and "1 genes without an intron" in found.left_out[0]
    assert len(found) == 5 + 3 and found.obs.index.tolist()[:2] == ["plus.0", "plus.1"]


def test_the_other_strand_of_the_genome_gives_the_same_examples(tmp_path):
    size = GENOME.lengths["chr1"]
    turned = Genome.of({"chr1": decode(reverse_complement(GENOME.contig("chr1")))})
    swap = {"+": "-", "-": "+"}
    forward = splice_sites.read(plain(tmp_path), GENOME, spec(100))
    rows = [
        row("chr1", size - end, size - start, swap[s], g)
        for g, s, part in (("plus", "+", EXONS), ("minus", "-", OTHER))
        for start, end in part
    ]
    back = splice_sites.read(gtf(tmp_path, rows), turned, spec(100))
    for gene in ("plus", "minus"):
        one, two = ((f.codes[m], f.target[m]) for f in (forward, back) if (m := (f.obs["group"] == gene).to_numpy()) is not None)
        assert np.array_equal(one[0][::-1], two[0]) and np.array_equal(one[1][::-1], two[1])


def test_sites_of_all_transcripts_and_of_a_gene_on_the_same_strand_count(tmp_path):
    rows = [row("chr1", *exon, "+", "plus") for exon in EXONS]
    rows += [row("chr1", 100, 160, "+", "plus", "second"), row("chr1", 420, 500, "+", "plus", "second")]
    rows += [row("chr1", 120, 200, "+", "inner"), row("chr1", 230, 460, "+", "inner")]
    rows += [row("chr1", 90, 210, "-", "against"), row("chr1", 260, 480, "-", "against")]
    found = splice_sites.read(gtf(tmp_path, rows), GENOME, spec(500))
    plus = found.rows((found.obs["group"] == "plus").to_numpy())
    at = plus.obs["start"].iloc[0]
    assert (np.flatnonzero(plus.target[0] == splice_sites.DONOR) + at).tolist() == [149, 159, 199, 299]
    assert (np.flatnonzero(plus.target[0] == splice_sites.ACCEPTOR) + at).tolist() == [230, 250, 420]
    assert sorted(found.obs["strand"]) == ["+", "+", "-"]


def test_gaps_of_a_few_bases_are_no_introns_and_a_base_that_is_both_is_not_counted(tmp_path):
    rows = [row("chr1", 100, 150, "+", "a"), row("chr1", 152, 250, "+", "a"), row("chr1", 300, 400, "+", "a")]
    rows += [row("chr1", 200, 220, "+", "a", "b"), row("chr1", 249, 280, "+", "a", "b")]
    found = splice_sites.read(gtf(tmp_path, rows), GENOME, spec(400))
    at = found.obs["start"].iloc[0]
    assert (np.flatnonzero(found.target[0] == splice_sites.DONOR) + at).tolist() == [219]
    assert (np.flatnonzero(found.target[0] == splice_sites.ACCEPTOR) + at).tolist() == [300]
    assert found.target[0][249 - at] == 255


def test_genes_at_a_contigs_end_by_policy(tmp_path):
    path = gtf(tmp_path, [row("chr2", 2, 60, "+", "edge"), row("chr2", 100, 199, "+", "edge")])
    assert splice_sites.read(path, GENOME, spec(100)).obs["start"].tolist() == [0, 100]
    with pytest.raises(InputError, match="chr2:-49-251 reaches past"):
        splice_sites.read(path, GENOME, spec(300))
    padded = splice_sites.read(path, GENOME, spec(300, "pad"))
    assert (padded.target[0] != 255).sum() == 197 and decode(padded.codes[0]).startswith("N" * 49 + "ACGT")


def test_introns_that_the_spliceosome_does_not_cut_out_are_left_out(tmp_path):
    rows = [row("chr1", *exon, "+", "plus") for exon in EXONS]
    rows += [row("chr1", *exon, "-", "t").replace('.t";', '.t"; gene_biotype "tRNA";') for exon in OTHER]
    found = splice_sites.read(gtf(tmp_path, rows), GENOME, spec())
    assert set(found.obs["group"]) == {"plus"} and "1 genes" in found.left_out[0]


@pytest.mark.parametrize(
    "rows, words",
    [
        ([row("chr1", 10, 60, "+", "a")], "no gene has an intron"),
        ([row("1", 10, 60, "+", "a")], "no exon on a contig of the reference"),
        ([row("chr1", 10, 60, "+", "a"), row("chr1", 1100, 1300, "+", "a")], "transcript a.t ends at 1,300, past the end"),
        (["chr1 10 20\n"], "row 2: a GTF or GFF3 row has nine columns"),
        ([row("chr1", 10, 60, "+", "a").replace("gene_id", "id")], "row 2, column 9: this exon has no gene_id"),
    ],
)
def test_what_is_no_annotation_of_this_genome_is_refused(tmp_path, rows, words):
    with pytest.raises(InputError, match=words):
        splice_sites.read(gtf(tmp_path, rows), GENOME, spec())


@pytest.mark.skipif(not REAL.is_dir(), reason="no real data")
def test_yeast_introns_begin_with_gt_and_end_with_ag(tmp_path):
    build(REAL / "genome.fa.gz", tmp_path / "g.codes", tmp_path / "g.json")
    genome = Genome.open(tmp_path / "g.codes", tmp_path / "g.json")
    found = splice_sites.read(REAL / "genes.gtf.gz", genome, spec(1000))
    donors, acceptors = around(found, splice_sites.DONOR, 0, 2), around(found, splice_sites.ACCEPTOR, 2, 0)
    share = [
        sum(n for word, n in seen.items() if fits(word)) / seen.total()
        for seen, fits in ((donors, lambda w: w[1:] == "GT"), (acceptors, lambda w: w[:2] == "AG"))
    ]
    assert donors.total() > 250 and min(share) > 0.9, share
