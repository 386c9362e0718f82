"""Consequences of planted changes, from gene annotations of several sources."""

import subprocess

import pysam
import pytest

import variants_annotate
import variants_genes
from donors import query_records, require_tools, write_reference, write_vcf
from readsight.errors import InputError

pytestmark = require_tools("samtools", "bcftools")

COMPLEMENT = str.maketrans("ACGT", "TGCA")
# 5' UTR, exon 1: ATG AAA TGT GA | intron GT…AG | exon 2: A TAT TGG TAA, 3' UTR
EXON1, INTRON, EXON2 = "CCTCCTCC" + "ATGAAATGTGA", "GTAAGTCCCCTTTTCCTTCAG", "ATATTGGTAA" + "CCACCACC"
PLUS = "T" * 10 + EXON1 + INTRON + EXON2 + "T" * 10
LENGTH = len(PLUS)
CONTIGS = {"plus": PLUS, "minus": PLUS.translate(COMPLEMENT)[::-1], "MT": PLUS}
E1, E2 = (10, 29), (50, 68)
CDS1, CDS2, STOP = (18, 29), (50, 57), (57, 60)

# 0-based position on the plus strand, reference, alternative, consequence
PLANTED = [
    (22, "A", "T", "missense"),  # AAA K > ATA I
    (23, "A", "G", "synonymous"),  # AAA > AAG
    (25, "G", "A", "missense"),  # TGT C > TAT Y
    (18, "A", "G", "start_lost"),
    (29, "G", "C", "splice_donor"),
    (49, "G", "C", "splice_acceptor"),
    (56, "G", "A", "stop_gained"),  # TGG > TGA
    (58, "A", "C", "stop_lost"),  # TAA > TCA
    (40, "T", "A", "intron"),
    (62, "A", "G", "3_prime_utr"),
    (12, "T", "A", "5_prime_utr"),
]


def format_row(feature, part, strand, attributes, frame=".", contig="plus"):
    start, end = part if strand == "+" else (LENGTH - part[1], LENGTH - part[0])
    return f"{contig}\tx\t{feature}\t{start + 1}\t{end}\t.\t{strand}\t{frame}\t{attributes}\n"


def make_gtf(stop: str, biotype: str, contig="plus", strand="+", everything=True):
    """A GTF. stop: whether the stop codon has a row, is part of the CDS, or has neither."""
    attributes = f'gene_id "G;1"; transcript_id "T1"; gene_name "NAME";{biotype}'.replace("G;1", "G1")
    last = (CDS2[0], STOP[1]) if stop == "inside" else CDS2
    out = format_row("gene", (10, 68), strand, f'gene_id "G1";{biotype}', contig=contig) * everything
    out += format_row("transcript", (10, 68), strand, attributes, contig=contig) * everything
    out += format_row("exon", E1, strand, attributes, contig=contig) + format_row("CDS", CDS1, strand, attributes, "0", contig)
    out += format_row("exon", E2, strand, attributes, contig=contig) + format_row("CDS", last, strand, attributes, "1", contig)
    return out + (format_row("stop_codon", STOP, strand, attributes, "0", contig) if stop == "row" else "")


def make_gff3(source: str, contig="plus", strand="+"):
    """A GFF3 in the style of Ensembl or RefSeq."""
    if source == "ensembl":
        gene, transcript, kind = "gene:G1", "transcript:T1", ";biotype=protein_coding"
    else:
        gene, transcript, kind = "gene-G1", "rna-T1", ";gbkey=mRNA"
    out = "##gff-version 3\n#!x\n" + format_row("region", (0, LENGTH), "+", "ID=region1", contig=contig)
    out += format_row(
        "gene", (10, 68), strand, f"ID={gene};Name=NAME;gene_biotype=protein_coding;biotype=protein_coding", contig=contig
    )
    out += format_row("mRNA", (10, 68), strand, f"ID={transcript};Parent={gene}{kind}", contig=contig)
    for exon, cds, frame in ((E1, CDS1, "0"), (E2, (CDS2[0], STOP[1]), "1")):
        out += format_row("exon", exon, strand, f"Parent={transcript}", contig=contig)
        out += format_row("CDS", cds, strand, f"ID=cds1;Parent={transcript}", frame, contig)
    return out


ANNOTATIONS = {
    "ensembl gtf": make_gtf("row", ' gene_biotype "protein_coding";'),
    "gencode gtf": make_gtf("row", ' gene_type "protein_coding"; transcript_type "protein_coding"; tag "a"; tag "b";'),
    "stop inside, no biotype": make_gtf("inside", ""),
    "stop nowhere, no genes": make_gtf("nowhere", "", everything=False),
    "ensembl gff3": make_gff3("ensembl"),
    "refseq gff3": make_gff3("refseq"),
}


def predict_consequences(tmp_path, annotation, contig="plus", samples=("s",)):
    reference = write_reference(tmp_path, CONTIGS)
    (tmp_path / "genes.any").write_text(annotation)
    variants_genes.main(tmp_path / "genes.any", reference, tmp_path / "genes.gff3")
    lines = []
    for position, ref, alt, _ in PLANTED:
        assert PLUS[position] == ref
        if contig == "minus":
            position, ref, alt = LENGTH - 1 - position, ref.translate(COMPLEMENT), alt.translate(COMPLEMENT)
        lines.append((position + 1, f"{contig} {position + 1} . {ref} {alt} 50 PASS . {'GT 0/1' if samples else ''}".strip()))
    consequence_by_position = {}
    for position_in_file, line in lines:  # separately, because together they would form one haplotype
        vcf = write_vcf(tmp_path / "in.vcf", {name: LENGTH for name in CONTIGS}, [line], samples)
        variants_annotate.main(vcf, reference, tmp_path / "genes.gff3", None, [], tmp_path / "out.bcf", tmp_path)
        consequence_by_position[position_in_file] = query_records(tmp_path / "out.bcf", "%INFO/BCSQ")[0]
    return [consequence_by_position[position_in_file].split("|")[0] for position_in_file, _ in lines]


EXPECTED = [what for *_, what in PLANTED]


@pytest.mark.parametrize("source", ANNOTATIONS)
def test_planted_changes_have_their_consequences(tmp_path, source):
    assert predict_consequences(tmp_path, ANNOTATIONS[source]) == EXPECTED


def test_reverse_strand_gives_the_same_consequences(tmp_path):
    assert predict_consequences(tmp_path, make_gtf("row", "", "minus", "-"), "minus") == EXPECTED
    assert predict_consequences(tmp_path, make_gtf("nowhere", "", "minus", "-", everything=False), "minus") == EXPECTED


def test_sites_without_samples_have_consequences(tmp_path):
    assert predict_consequences(tmp_path, ANNOTATIONS["ensembl gtf"], samples=()) == EXPECTED


def test_stop_codon_split_by_an_intron_is_taken_in(tmp_path):
    # TA | intron | A
    sequence = "T" * 5 + "ATGAAATA" + "GTAAGTCCCCAG" + "ACCC" + "T" * 5
    write_reference(tmp_path, {"c": sequence})
    transcript = variants_genes.CodingTranscript("T", "G", "G", "", "c", "+", [(5, 13), (25, 29)], [(5, 11)], {(5, 11): 0})
    with pysam.FastaFile(str(tmp_path / "genome.fa")) as genome:
        assert variants_genes.resolve_coding_parts(transcript, genome) == [(5, 13), (25, 26)]


def test_phases_follow_from_one_another():
    parts = [(0, 10), (20, 25), (30, 36)]
    # 10 bases leave 1 over: 2 of the next part belong to that codon
    assert variants_genes.assign_phases(parts, "+", 0) == [((0, 10), 0), ((20, 25), 2), ((30, 36), 0)]
    assert variants_genes.assign_phases(parts, "-", 0) == [((0, 10), 1), ((20, 25), 0), ((30, 36), 0)]


def test_what_csq_cannot_follow_is_left_out(tmp_path):
    write_reference(tmp_path, CONTIGS)
    slipped = format_row("exon", E1, "+", 'transcript_id "S"; gene_id "G"') + "".join(
        format_row("CDS", part, "+", 'transcript_id "S"; gene_id "G"', "0") for part in ((10, 22), (15, 29))
    )
    (tmp_path / "g.gtf").write_text(make_gtf("row", "", "MT") + slipped + make_gtf("row", "", "elsewhere"))
    variants_genes.main(tmp_path / "g.gtf", tmp_path / "genome.fa", tmp_path / "g.gff3")
    kept = (tmp_path / "g.gff3").read_text()
    assert "CDS" not in kept and "MT" not in kept and "elsewhere" not in kept


def test_faults_are_named(tmp_path):
    reference = write_reference(tmp_path, CONTIGS)
    (tmp_path / "strange.gtf").write_text(make_gtf("row", "", "chrplus"))
    (tmp_path / "not.gtf").write_text("hello\n")
    for name, expected in [("strange.gtf", "chrplus"), ("not.gtf", "row 1")]:
        with pytest.raises(InputError, match=expected):
            variants_genes.main(tmp_path / name, reference, tmp_path / "g.gff3")


def test_changes_of_one_haplotype_are_combined(tmp_path):
    # TGT > TAT is missense and TGT > TGA a stop; on one haplotype they form TAA, which the first record reports
    reference = write_reference(tmp_path, CONTIGS)
    (tmp_path / "g.gtf").write_text(ANNOTATIONS["ensembl gtf"])
    variants_genes.main(tmp_path / "g.gtf", reference, tmp_path / "g.gff3")
    lines = ["plus 26 . G A 50 PASS . GT 0|1", "plus 27 . T A 50 PASS . GT 0|1"]
    vcf = write_vcf(tmp_path / "in.vcf", {name: LENGTH for name in CONTIGS}, lines, ("s",))
    variants_annotate.main(vcf, reference, tmp_path / "g.gff3", None, [], tmp_path / "out.bcf", tmp_path)
    assert query_records(tmp_path / "out.bcf", "%BCSQ")[0].split("|")[0] == "stop_gained"
    assert query_records(tmp_path / "out.bcf", "%BCSQ")[1].endswith("@26")


def test_output_has_no_date_or_path(tmp_path):
    predict_consequences(tmp_path, ANNOTATIONS["ensembl gtf"])
    text = subprocess.run(["bcftools", "view", "--no-version", "-h", tmp_path / "out.bcf"], capture_output=True, text=True).stdout
    assert str(tmp_path) not in text and "Command" not in text
