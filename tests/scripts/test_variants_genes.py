"""Consequences of planted changes, from gene annotations of several schools."""

import subprocess

import pysam
import pytest

import variants_annotate
import variants_genes
from donors import needs, records, write_reference, write_vcf
from readsight.errors import InputError

pytestmark = needs("samtools", "bcftools")

COMPLEMENT = str.maketrans("ACGT", "TGCA")
# 5' UTR, exon 1: ATG AAA TGT GA | intron GT…AG | exon 2: A TAT TGG TAA, 3' UTR
EXON1, INTRON, EXON2 = "CCTCCTCC" + "ATGAAATGTGA", "GTAAGTCCCCTTTTCCTTCAG", "ATATTGGTAA" + "CCACCACC"
PLUS = "T" * 10 + EXON1 + INTRON + EXON2 + "T" * 10
LENGTH = len(PLUS)
CONTIGS = {"plus": PLUS, "minus": PLUS.translate(COMPLEMENT)[::-1], "MT": PLUS}
E1, E2 = (10, 29), (50, 68)
CDS1, CDS2, STOP = (18, 29), (50, 57), (57, 60)

# 0-based position on the plus strand, reference, alternative, what it does
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


def rows(feature, part, strand, tail, frame=".", contig="plus"):
    start, end = part if strand == "+" else (LENGTH - part[1], LENGTH - part[0])
    return f"{contig}\tx\t{feature}\t{start + 1}\t{end}\t.\t{strand}\t{frame}\t{tail}\n"


def gtf(stop: str, biotype: str, contig="plus", strand="+", everything=True):
    """A GTF. stop: whether the stop codon has a row, is part of the CDS, or has neither."""
    tail = f'gene_id "G;1"; transcript_id "T1"; gene_name "NAME";{biotype}'.replace("G;1", "G1")
    last = (CDS2[0], STOP[1]) if stop == "inside" else CDS2
    out = rows("gene", (10, 68), strand, f'gene_id "G1";{biotype}', contig=contig) * everything
    out += rows("transcript", (10, 68), strand, tail, contig=contig) * everything
    out += rows("exon", E1, strand, tail, contig=contig) + rows("CDS", CDS1, strand, tail, "0", contig)
    out += rows("exon", E2, strand, tail, contig=contig) + rows("CDS", last, strand, tail, "1", contig)
    return out + (rows("stop_codon", STOP, strand, tail, "0", contig) if stop == "row" else "")


def gff3(school: str, contig="plus", strand="+"):
    """A GFF3 of Ensembl's or RefSeq's school."""
    if school == "ensembl":
        gene, transcript, kind = "gene:G1", "transcript:T1", ";biotype=protein_coding"
    else:
        gene, transcript, kind = "gene-G1", "rna-T1", ";gbkey=mRNA"
    out = "##gff-version 3\n#!x\n" + rows("region", (0, LENGTH), "+", "ID=region1", contig=contig)
    out += rows(
        "gene", (10, 68), strand, f"ID={gene};Name=NAME;gene_biotype=protein_coding;biotype=protein_coding", contig=contig
    )
    out += rows("mRNA", (10, 68), strand, f"ID={transcript};Parent={gene}{kind}", contig=contig)
    for exon, cds, frame in ((E1, CDS1, "0"), (E2, (CDS2[0], STOP[1]), "1")):
        out += rows("exon", exon, strand, f"Parent={transcript}", contig=contig)
        out += rows("CDS", cds, strand, f"ID=cds1;Parent={transcript}", frame, contig)
    return out


ANNOTATIONS = {
    "ensembl gtf": gtf("row", ' gene_biotype "protein_coding";'),
    "gencode gtf": gtf("row", ' gene_type "protein_coding"; transcript_type "protein_coding"; tag "a"; tag "b";'),
    "stop inside, no biotype": gtf("inside", ""),
    "stop nowhere, no genes": gtf("nowhere", "", everything=False),
    "ensembl gff3": gff3("ensembl"),
    "refseq gff3": gff3("refseq"),
}


def consequences(tmp_path, annotation, contig="plus", samples=("s",)):
    reference = write_reference(tmp_path, CONTIGS)
    (tmp_path / "genes.any").write_text(annotation)
    variants_genes.main(tmp_path / "genes.any", reference, tmp_path / "genes.gff3")
    lines = []
    for position, ref, alt, _ in PLANTED:
        assert PLUS[position] == ref
        if contig == "minus":
            position, ref, alt = LENGTH - 1 - position, ref.translate(COMPLEMENT), alt.translate(COMPLEMENT)
        lines.append((position + 1, f"{contig} {position + 1} . {ref} {alt} 50 PASS . {'GT 0/1' if samples else ''}".strip()))
    found = {}
    for place, line in lines:  # one by one: together they would be one haplotype
        vcf = write_vcf(tmp_path / "in.vcf", {name: LENGTH for name in CONTIGS}, [line], samples)
        variants_annotate.main(vcf, reference, tmp_path / "genes.gff3", None, [], tmp_path / "out.bcf", tmp_path)
        found[place] = records(tmp_path / "out.bcf", "%INFO/BCSQ")[0]
    return [found[place].split("|")[0] for place, _ in lines]


EXPECTED = [what for *_, what in PLANTED]


@pytest.mark.parametrize("school", ANNOTATIONS)
def test_planted_changes_have_their_consequences(tmp_path, school):
    assert consequences(tmp_path, ANNOTATIONS[school]) == EXPECTED


def test_the_other_strand_gives_the_same(tmp_path):
    assert consequences(tmp_path, gtf("row", "", "minus", "-"), "minus") == EXPECTED
    assert consequences(tmp_path, gtf("nowhere", "", "minus", "-", everything=False), "minus") == EXPECTED


def test_sites_without_samples_have_consequences(tmp_path):
    assert consequences(tmp_path, ANNOTATIONS["ensembl gtf"], samples=()) == EXPECTED


def test_stop_codon_split_by_an_intron_is_taken_in(tmp_path):
    # TA | intron | A
    sequence = "T" * 5 + "ATGAAATA" + "GTAAGTCCCCAG" + "ACCC" + "T" * 5
    write_reference(tmp_path, {"c": sequence})
    transcript = variants_genes.Transcript("T", "G", "G", "", "c", "+", [(5, 13), (25, 29)], [(5, 11)], {(5, 11): 0})
    with pysam.FastaFile(str(tmp_path / "genome.fa")) as genome:
        assert variants_genes.coding_parts(transcript, genome) == [(5, 13), (25, 26)]


def test_phases_follow_from_one_another():
    parts = [(0, 10), (20, 25), (30, 36)]
    # 10 bases leave 1 over: 2 of the next part belong to that codon
    assert variants_genes.phased(parts, "+", 0) == [((0, 10), 0), ((20, 25), 2), ((30, 36), 0)]
    assert variants_genes.phased(parts, "-", 0) == [((0, 10), 1), ((20, 25), 0), ((30, 36), 0)]


def test_what_csq_cannot_follow_is_left_out(tmp_path):
    write_reference(tmp_path, CONTIGS)
    slipped = rows("exon", E1, "+", 'transcript_id "S"; gene_id "G"') + "".join(
        rows("CDS", part, "+", 'transcript_id "S"; gene_id "G"', "0") for part in ((10, 22), (15, 29))
    )
    (tmp_path / "g.gtf").write_text(gtf("row", "", "MT") + slipped + gtf("row", "", "elsewhere"))
    variants_genes.main(tmp_path / "g.gtf", tmp_path / "genome.fa", tmp_path / "g.gff3")
    kept = (tmp_path / "g.gff3").read_text()
    assert "CDS" not in kept and "MT" not in kept and "elsewhere" not in kept


def test_faults_are_named(tmp_path):
    reference = write_reference(tmp_path, CONTIGS)
    (tmp_path / "strange.gtf").write_text(gtf("row", "", "chrplus"))
    (tmp_path / "not.gtf").write_text("hello\n")
    for name, words in [("strange.gtf", "chrplus"), ("not.gtf", "row 1")]:
        with pytest.raises(InputError, match=words):
            variants_genes.main(tmp_path / name, reference, tmp_path / "g.gff3")


def test_parts_of_one_haplotype_are_judged_together(tmp_path):
    # TGT > TAT is missense and TGT > TGA a stop; on one haplotype they make TAA, of which the first one tells
    reference = write_reference(tmp_path, CONTIGS)
    (tmp_path / "g.gtf").write_text(ANNOTATIONS["ensembl gtf"])
    variants_genes.main(tmp_path / "g.gtf", reference, tmp_path / "g.gff3")
    lines = ["plus 26 . G A 50 PASS . GT 0|1", "plus 27 . T A 50 PASS . GT 0|1"]
    vcf = write_vcf(tmp_path / "in.vcf", {name: LENGTH for name in CONTIGS}, lines, ("s",))
    variants_annotate.main(vcf, reference, tmp_path / "g.gff3", None, [], tmp_path / "out.bcf", tmp_path)
    assert records(tmp_path / "out.bcf", "%BCSQ")[0].split("|")[0] == "stop_gained"
    assert records(tmp_path / "out.bcf", "%BCSQ")[1].endswith("@26")


def test_nothing_leaves_a_date_or_path(tmp_path):
    consequences(tmp_path, ANNOTATIONS["ensembl gtf"])
    text = subprocess.run(["bcftools", "view", "--no-version", "-h", tmp_path / "out.bcf"], capture_output=True, text=True).stdout
    assert str(tmp_path) not in text and "Command" not in text
