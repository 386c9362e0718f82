"""Splice sites are at the ends of introns, on the transcribed strand."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from readsight.dataset.sequences import splice_sites
from readsight.errors import InputError
from readsight.genome.codes import decode, reverse_complement
from readsight.genome.store import Genome, build_genome

REAL = Path(os.environ.get("READSIGHT_REAL_DATA", "../shared/data")) / "reference/yeast_R64-1-1"
EXONS = [(100, 150), (250, 300), (420, 500)]
REVERSE_EXONS = [(700, 760), (860, 930)]


def make_sequence() -> str:
    """A contig with GT…AG introns for one gene on each strand."""
    text = list("".join(np.random.default_rng(1).choice(list("ACGT"), 1200)))
    for (_, donor), (acceptor, _) in zip(EXONS, EXONS[1:], strict=False):
        text[donor : donor + 2], text[acceptor - 2 : acceptor] = "GT", "AG"
    for (_, first), (second, _) in zip(REVERSE_EXONS, REVERSE_EXONS[1:], strict=False):
        text[first : first + 2], text[second - 2 : second] = "CT", "AC"  # GT…AG on the reverse strand
    return "".join(text)


GENOME = Genome.from_text({"chr1": make_sequence(), "chr2": "ACGT" * 50})


def make_row(contig: str, start: int, end: int, strand: str, gene: str, transcript: str = "") -> str:
    tags = f'gene_id "{gene}"; transcript_id "{transcript or gene}.t";'
    return f"{contig}\tx\texon\t{start + 1}\t{end}\t.\t{strand}\t.\t{tags}\n"


def write_gtf(tmp_path: Path, rows: list[str]) -> Path:
    path = tmp_path / "genes.gtf"
    path.write_text("#!genome\n" + "".join(rows))
    return path


def write_two_genes(tmp_path: Path) -> Path:
    rows = [make_row("chr1", *exon, "+", "plus") for exon in EXONS] + [
        make_row("chr1", *exon, "-", "minus") for exon in REVERSE_EXONS[::-1]
    ]
    return write_gtf(tmp_path, [*rows, make_row("chr1", 1000, 1100, "+", "whole")])


def make_spec(length: int = 90, outside: str = "error") -> dict:
    return {"length": length, "outside": outside}


def count_contexts(examples, kind: int, before: int, after: int) -> Counter:
    """Bases from `before` bases before to `after` bases after each base of a class."""
    contexts = Counter()
    for codes, target in zip(examples.codes, examples.target, strict=True):
        for position in np.flatnonzero(target == kind):
            if position >= before and position + after < len(codes):
                contexts[decode(codes[position - before : position + after + 1])] += 1
    return contexts


def test_introns_have_canonical_motifs_on_both_strands(tmp_path):
    examples = splice_sites.read_splice_sites(write_two_genes(tmp_path), GENOME, make_spec(200))
    assert all(motif[1:] == "GT" for motif in count_contexts(examples, splice_sites.DONOR, 0, 2))
    assert all(motif[:2] == "AG" for motif in count_contexts(examples, splice_sites.ACCEPTOR, 2, 0))
    assert (examples.target == splice_sites.DONOR).sum() == (examples.target == splice_sites.ACCEPTOR).sum() == 3


def test_sites_are_the_terminal_bases_of_exons(tmp_path):
    examples = splice_sites.read_splice_sites(write_two_genes(tmp_path), GENOME, make_spec())
    positions_by_site: dict[tuple[str, int], set[int]] = {}
    for locus, target in zip(examples.obs.itertuples(), examples.target, strict=True):
        for kind in (splice_sites.ACCEPTOR, splice_sites.DONOR):
            positions = np.flatnonzero(target == kind)
            positions = positions if locus.strand == "+" else len(target) - 1 - positions
            positions_by_site.setdefault((locus.group, kind), set()).update((locus.start + positions).tolist())
    assert positions_by_site["plus", splice_sites.DONOR] == {149, 299} and positions_by_site["plus", splice_sites.ACCEPTOR] == {
        250,
        420,
    }
    assert positions_by_site["minus", splice_sites.DONOR] == {860} and positions_by_site["minus", splice_sites.ACCEPTOR] == {759}


def test_windows_cover_each_gene_exactly_once(tmp_path):
    examples = splice_sites.read_splice_sites(write_two_genes(tmp_path), GENOME, make_spec())
    counted_positions: dict[str, list[int]] = {}
    for locus, codes, target in zip(examples.obs.itertuples(), examples.codes, examples.target, strict=True):
        expected = GENOME.get_contig("chr1")[locus.start : locus.end]
        assert np.array_equal(codes, expected if locus.strand == "+" else reverse_complement(expected))
        inside = np.flatnonzero((target if locus.strand == "+" else target[::-1]) != 255) + locus.start
        counted_positions.setdefault(locus.group, []).extend(inside.tolist())
    assert sorted(counted_positions["plus"]) == list(range(100, 500)) and sorted(counted_positions["minus"]) == list(
        range(700, 930)
    )
    assert set(counted_positions) == {"plus", "minus"} and "1 genes without a spliceosomal intron" in examples.left_out[0]
    assert len(examples) == 5 + 3 and examples.obs.index.tolist()[:2] == ["plus.0", "plus.1"]


def test_reversed_genome_gives_the_same_examples(tmp_path):
    size = GENOME.lengths["chr1"]
    reversed_genome = Genome.from_text({"chr1": decode(reverse_complement(GENOME.get_contig("chr1")))})
    swap = {"+": "-", "-": "+"}
    forward = splice_sites.read_splice_sites(write_two_genes(tmp_path), GENOME, make_spec(100))
    rows = [
        make_row("chr1", size - end, size - start, swap[s], g)
        for g, s, exons in (("plus", "+", EXONS), ("minus", "-", REVERSE_EXONS))
        for start, end in exons
    ]
    reverse = splice_sites.read_splice_sites(write_gtf(tmp_path, rows), reversed_genome, make_spec(100))
    for gene in ("plus", "minus"):
        forward_examples, reverse_examples = (
            (examples.codes[of_gene], examples.target[of_gene])
            for examples in (forward, reverse)
            if (of_gene := (examples.obs["group"] == gene).to_numpy()) is not None
        )
        assert np.array_equal(forward_examples[0][::-1], reverse_examples[0]) and np.array_equal(
            forward_examples[1][::-1], reverse_examples[1]
        )


def test_sites_of_all_transcripts_on_the_strand_count(tmp_path):
    rows = [make_row("chr1", *exon, "+", "plus") for exon in EXONS]
    rows += [make_row("chr1", 100, 160, "+", "plus", "second"), make_row("chr1", 420, 500, "+", "plus", "second")]
    rows += [make_row("chr1", 120, 200, "+", "inner"), make_row("chr1", 230, 460, "+", "inner")]
    rows += [make_row("chr1", 90, 210, "-", "against"), make_row("chr1", 260, 480, "-", "against")]
    examples = splice_sites.read_splice_sites(write_gtf(tmp_path, rows), GENOME, make_spec(500))
    plus = examples.select_rows((examples.obs["group"] == "plus").to_numpy())
    start = plus.obs["start"].iloc[0]
    assert (np.flatnonzero(plus.target[0] == splice_sites.DONOR) + start).tolist() == [149, 159, 199, 299]
    assert (np.flatnonzero(plus.target[0] == splice_sites.ACCEPTOR) + start).tolist() == [230, 250, 420]
    assert sorted(examples.obs["strand"]) == ["+", "+", "-"]


def test_short_gaps_and_ambiguous_bases_are_excluded(tmp_path):
    rows = [make_row("chr1", 100, 150, "+", "a"), make_row("chr1", 152, 250, "+", "a"), make_row("chr1", 300, 400, "+", "a")]
    rows += [make_row("chr1", 200, 220, "+", "a", "b"), make_row("chr1", 249, 280, "+", "a", "b")]
    examples = splice_sites.read_splice_sites(write_gtf(tmp_path, rows), GENOME, make_spec(400))
    start = examples.obs["start"].iloc[0]
    assert (np.flatnonzero(examples.target[0] == splice_sites.DONOR) + start).tolist() == [219]
    assert (np.flatnonzero(examples.target[0] == splice_sites.ACCEPTOR) + start).tolist() == [300]
    assert examples.target[0][249 - start] == 255


def test_genes_at_a_contigs_end_by_policy(tmp_path):
    path = write_gtf(tmp_path, [make_row("chr2", 2, 60, "+", "edge"), make_row("chr2", 100, 199, "+", "edge")])
    assert splice_sites.read_splice_sites(path, GENOME, make_spec(100)).obs["start"].tolist() == [0, 100]
    with pytest.raises(InputError, match="chr2:-49-251 reaches past"):
        splice_sites.read_splice_sites(path, GENOME, make_spec(300))
    padded = splice_sites.read_splice_sites(path, GENOME, make_spec(300, "pad"))
    assert (padded.target[0] != 255).sum() == 197 and decode(padded.codes[0]).startswith("N" * 49 + "ACGT")


def test_nonspliceosomal_introns_are_excluded(tmp_path):
    rows = [make_row("chr1", *exon, "+", "plus") for exon in EXONS]
    rows += [make_row("chr1", *exon, "-", "t").replace('.t";', '.t"; gene_biotype "tRNA";') for exon in REVERSE_EXONS]
    examples = splice_sites.read_splice_sites(write_gtf(tmp_path, rows), GENOME, make_spec())
    assert set(examples.obs["group"]) == {"plus"} and "1 genes" in examples.left_out[0]


@pytest.mark.parametrize(
    "rows, message",
    [
        ([make_row("chr1", 10, 60, "+", "a")], "no gene has an intron"),
        ([make_row("1", 10, 60, "+", "a")], "no exon on a contig of the reference"),
        (
            [make_row("chr1", 10, 60, "+", "a"), make_row("chr1", 1100, 1300, "+", "a")],
            "transcript a.t ends at 1,300, past the end",
        ),
        (["chr1 10 20\n"], "row 2: a GTF or GFF3 row has nine columns"),
        ([make_row("chr1", 10, 60, "+", "a").replace("gene_id", "id")], "row 2, column 9: this exon has no gene_id"),
    ],
)
def test_annotation_of_a_different_genome_is_refused(tmp_path, rows, message):
    with pytest.raises(InputError, match=message):
        splice_sites.read_splice_sites(write_gtf(tmp_path, rows), GENOME, make_spec())


@pytest.mark.skipif(not REAL.is_dir(), reason="no real data")
def test_yeast_introns_begin_with_gt_and_end_with_ag(tmp_path):
    build_genome(REAL / "genome.fa.gz", tmp_path / "g.codes", tmp_path / "g.json")
    genome = Genome.open(tmp_path / "g.codes", tmp_path / "g.json")
    examples = splice_sites.read_splice_sites(REAL / "genes.gtf.gz", genome, make_spec(1000))
    donors, acceptors = count_contexts(examples, splice_sites.DONOR, 0, 2), count_contexts(examples, splice_sites.ACCEPTOR, 2, 0)
    fractions = [
        sum(n for motif, n in contexts.items() if is_canonical(motif)) / contexts.total()
        for contexts, is_canonical in (
            (donors, lambda context: context[1:] == "GT"),
            (acceptors, lambda context: context[:2] == "AG"),
        )
    ]
    assert donors.total() > 250 and min(fractions) > 0.9, fractions
