"""GTF and GFF3 give the same genes; faults are reported with their row."""

import gzip
import random

import pytest

import expression_genes
import expression_transcripts
from readsight.errors import InputError
from readsight.formats.gtf import Transcript, merge_spans, read_gtf

LENGTHS = {"chr1": 1000, "chr2": 500}
GTF = """\
#!genome-build test
chr1\tx\tgene\t101\t400\t.\t+\t.\tgene_id "g1"; gene_name "ONE"; gene_biotype "rRNA";
chr1\tx\texon\t101\t200\t.\t+\t.\tgene_id "g1"; transcript_id "t1"; gene_name "ONE"; gene_biotype "rRNA";
chr1\tx\texon\t301\t400\t.\t+\t.\tgene_id "g1"; transcript_id "t1"; gene_name "ONE"; gene_biotype "rRNA";
chr1\tx\texon\t151\t250\t.\t+\t.\tgene_id "g1"; transcript_id "t2"; gene_name "ONE"; gene_biotype "rRNA";
chr2\tx\texon\t11\t60\t.\t-\t.\tgene_id "g2"; transcript_id "t3";
chrU\tx\texon\t1\t50\t.\t-\t.\tgene_id "g3"; transcript_id "t4";
"""
GFF = """\
##gff-version 3
chr1\tx\tgene\t101\t400\t.\t+\t.\tID=gene:g1;Name=ONE;biotype=rRNA
chr1\tx\tmRNA\t101\t400\t.\t+\t.\tID=transcript:t1;Parent=gene:g1
chr1\tx\texon\t101\t200\t.\t+\t.\tParent=transcript:t1
chr1\tx\texon\t301\t400\t.\t+\t.\tParent=transcript:t1
chr1\tx\tmRNA\t101\t400\t.\t+\t.\tID=transcript:t2;Parent=gene:g1
chr1\tx\texon\t151\t250\t.\t+\t.\tParent=transcript:t2
chr2\tx\tgene\t11\t60\t.\t-\t.\tID=gene:g2
chr2\tx\tmRNA\t11\t60\t.\t-\t.\tID=transcript:t3;Parent=gene:g2
chr2\tx\texon\t11\t60\t.\t-\t.\tParent=transcript:t3
"""


def write_annotation(tmp_path, text, name="genes.gtf"):
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    return path


def collect_faults(tmp_path, text):
    with pytest.raises(InputError) as error:
        read_gtf(write_annotation(tmp_path, text), LENGTHS)
    return error.value.faults


def test_gtf_and_gff3_give_the_same_exons(tmp_path):
    gtf = read_gtf(write_annotation(tmp_path, GTF), LENGTHS)
    gff = read_gtf(write_annotation(tmp_path, GFF, "genes.gff3.gz"), LENGTHS)
    view = lambda transcripts: {(t.name, t.gene, t.contig, t.strand, tuple(t.exons)) for t in transcripts}  # noqa: E731
    assert view(gtf) == view(gff)
    assert {t.symbol for t in gff if t.gene == "g1"} == {"ONE"} and {t.biotype for t in gff if t.gene == "g1"} == {"rRNA"}


def test_gene_length_is_that_of_merged_exons(tmp_path):
    rows = [line.split("\t") for line in expression_genes.gene_table(read_gtf(write_annotation(tmp_path, GTF), LENGTHS))]
    lengths = {row[0]: int(row[-1]) for row in rows[1:]}
    assert lengths == {"g1": 250, "g2": 50}
    assert rows[1][4:6] == ["100", "400"], "0-based half-open"


@pytest.mark.parametrize("seed", range(5))
def test_merged_spans_contain_each_base_once(seed):
    rng = random.Random(seed)
    spans = [(start, start + rng.randrange(1, 30)) for start in (rng.randrange(200) for _ in range(12))]
    bases = {base for start, end in spans for base in range(start, end)}
    merged = merge_spans(spans)
    assert {base for start, end in merged for base in range(start, end)} == bases
    assert sum(end - start for start, end in merged) == len(bases)


def test_written_exons_are_read_back_unchanged(tmp_path):
    first = read_gtf(write_annotation(tmp_path, GTF), LENGTHS)
    rows = expression_genes.exon_rows(first, {"chr1": 0, "chr2": 1})
    again = read_gtf(write_annotation(tmp_path, "\n".join(rows) + "\n", "again.gtf"), LENGTHS)
    assert {(t.name, t.gene, t.symbol, tuple(sorted(t.exons))) for t in first} == {
        (t.name, t.gene, t.symbol, tuple(t.exons)) for t in again
    }


def test_an_exon_without_gene_id_is_named_by_its_row(tmp_path):
    (fault,) = collect_faults(tmp_path, GTF.replace('gene_id "g2"; ', ""))
    assert "row 6, column 9" in fault and "gene_id" in fault


def test_only_the_first_faults_are_listed(tmp_path):
    text = "".join(f'chr1\tx\texon\t{i}\t{i + 9}\t.\t+\t.\ttranscript_id "t{i}";\n' for i in range(1, 30))
    listed = collect_faults(tmp_path, text)
    assert len(listed) == 6 and "24 more rows" in listed[-1]


def test_an_annotation_of_another_build_is_refused_with_both_names(tmp_path):
    (fault,) = collect_faults(tmp_path, GTF.replace("chr", "NC_"))
    assert "it has NC_1" in fault and "the reference chr1, chr2" in fault


def test_an_annotation_without_exons_is_refused(tmp_path):
    (fault,) = collect_faults(tmp_path, GTF.replace("\texon\t", "\tregion\t"))
    assert "no row of type exon" in fault


def test_coding_parts_replace_missing_exons(tmp_path):
    transcripts = read_gtf(write_annotation(tmp_path, GTF.replace("\texon\t", "\tCDS\t")), LENGTHS)
    assert sum(t.length for t in transcripts) == 350


def test_reverse_strand_transcript_is_the_reverse_complement():
    rng = random.Random(1)
    contig = "".join(rng.choices("ACGT", k=100)).encode()
    exons = [(60, 80), (10, 30)]
    forward, reverse = (
        expression_transcripts.splice_transcript(Transcript("t", "g", "g", "", "c", s, exons), contig) for s in "+-"
    )
    assert forward == contig[10:30] + contig[60:80]
    assert reverse == forward[::-1].translate(bytes.maketrans(b"ACGT", b"TGCA"))


def test_transcripts_of_all_contigs_are_written_with_their_genes(tmp_path):
    fasta, fai = tmp_path / "g.fa", tmp_path / "g.fa.fai"
    fasta.write_text(f">chr1 first\n{'ACGTA' * 200}\n>chr2\n{'GGTCA' * 100}\n")
    fai.write_text("chr1\t1000\t6\t1000\t1001\nchr2\t500\t1013\t500\t501\n")
    out, genes = tmp_path / "t.fa", tmp_path / "t.tsv"
    expression_transcripts.main(write_annotation(tmp_path, GTF), fasta, fai, out, genes)
    lines = out.read_text().splitlines()
    assert dict(zip(lines[::2], map(len, lines[1::2]), strict=True)) == {">t1": 200, ">t2": 100, ">t3": 50}
    assert genes.read_text().split() == ["transcript_id", "gene_id", "t1", "g1", "t2", "g1", "t3", "g2"]
