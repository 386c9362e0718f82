"""Genome files are compared with the reference by contig names, lengths, record ends and alleles."""

import gzip
import struct
import zlib

import pytest

from readsight.formats import bam_headers, contigs
from readsight.formats.fastq import BGZF_END


@pytest.fixture
def write(tmp_path):
    def write_file(name, text, packed=False):
        path = tmp_path / name
        data = text.encode() if isinstance(text, str) else text
        path.write_bytes(gzip.compress(data) if packed else data)
        return str(path)

    return write_file


@pytest.fixture
def reference(write):
    return contigs.read_contigs(write("genome.fa", ">chr20 human > mouse\nACGTAC\nGTACgtnn\n>chr21\nRYKMACGTAC\n"), "FASTA")


def format_vcf(*records, contig="##contig=<ID=chr20,length=14>\n", samples="\tFORMAT\tS1"):
    return (
        f"##fileformat=VCFv4.2\n{contig}##INFO=<ID=AF,Number=A>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO{samples}\n"
        + "".join(f"{c}\t{p}\t.\t{r}\tA\t.\t.\t.\tGT\t0/1\n" for c, p, r in records)
    )


def test_lengths_with_lower_case_and_iupac(reference):
    assert reference.lengths == {"chr20": 14, "chr21": 10} and not reference.faults


@pytest.mark.parametrize("packed", [False, True])
def test_fasta_in_pieces_plain_and_gzip(write, packed):
    text = "".join(f">c{i}\r\n" + "ACGTA\r\n" * 70_000 for i in range(9))
    table = contigs.read_contigs(write("big.fa", text, packed), "FASTA")
    assert table.lengths == {f"c{i}": 350_000 for i in range(9)}


def test_only_fresh_valid_index_is_used(write, tmp_path):
    import os

    fasta = write("g.fa", ">a\nACGT\n")
    index = write("g.fa.fai", "a\t99\t3\t4\t5\n")
    assert contigs.read_contigs(fasta, "FASTA").lengths == {"a": 99}
    os.utime(index, (1, 1))
    assert contigs.read_contigs(fasta, "FASTA").lengths == {"a": 4}
    write("g.fa.fai", "nonsense\n")
    assert contigs.read_contigs(fasta, "FASTA").lengths == {"a": 4}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ACGT\n", "first line should begin with '>'"),
        (">a\nAC*T\n", "not bases ('*')"),
        (">a\nAC\n>a\nGG\n", "twice"),
        (">a\n>b\nA\n", "'a' has no bases"),
        ("", "no sequence"),
    ],
)
def test_faults_of_a_fasta(write, text, expected):
    assert expected in contigs.read_contigs(write("x.fa", text), "FASTA").faults[0]


def test_alternative_contig_names_come_with_a_remedy(write, reference):
    for kind, text, tool in (
        ("BED", "20\t1\t5\n", "sed '"),
        ("VCF", format_vcf(("20", 1, "A"), contig=""), "bcftools annotate --rename-chrs"),
    ):
        table = contigs.read_contigs(write(f"x.{kind}", text), kind)
        (fault,), _ = contigs.compare_contigs(table, reference)
        assert table.path in fault and "'20' here but as 'chr20'" in fault and tool in fault


def test_different_length_means_different_build(write, reference):
    table = contigs.read_contigs(write("x.vcf", format_vcf(contig="##contig=<ID=chr20,length=63025520>\n")), "VCF")
    (fault,), _ = contigs.compare_contigs(table, reference)
    assert "63,025,520" in fault and "GRCh37" in fault and "14 in" in fault


def test_no_contig_in_common(write, reference):
    (fault,), _ = contigs.compare_contigs(contigs.read_contigs(write("x.bed", "scaffold_1\t0\t4\n"), "BED"), reference)
    assert "no contig in common" in fault and "scaffold_1" in fault


def test_region_past_the_end_names_its_row(write, reference):
    (fault,), _ = contigs.compare_contigs(
        contigs.read_contigs(write("x.bed", "# head\nchr20\t0\t14\nchr20\t3\t15\n"), "BED"), reference
    )
    assert ", row 3: ends at 15, past the end of contig 'chr20' (14 bases" in fault
    gtf = 'chr21\tx\tgene\t2\t11\t.\t+\t.\tgene_id "g";\n'
    (fault,), _ = contigs.compare_contigs(contigs.read_contigs(write("x.gtf", gtf, packed=True), "GTF"), reference)
    assert ", row 1: ends at 11" in fault
    assert contigs.compare_contigs(contigs.read_contigs(write("y.bed", "chr20\t13\t14\n"), "BED"), reference) == ([], [])


def test_more_contigs_than_the_reference_are_a_note(write, reference):
    faults, notes = contigs.compare_contigs(contigs.read_contigs(write("x.bed", "chr20\t0\t4\nchrZ\t0\t4\n"), "BED"), reference)
    assert not faults and "chrZ" in notes[0]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("chr20 1 5", "separated by spaces"),
        ("chr20\t5\t5", "is not before end"),
        ("chr20\t9\t5", "is not before end"),
        ("chr20\tx\t5", "column 2: 'x'"),
        ("chr20\t1\t-5", "column 3"),
    ],
)
def test_faults_of_a_bed(write, line, expected):
    (fault,) = contigs.read_contigs(write("x.bed", f"chr20\t1\t2\n{line}\n"), "BED").faults
    assert ", row 2: " in fault and expected in fault


def test_faults_of_a_vcf(write):
    assert "first line should be ##fileformat" in contigs.read_contigs(write("a.vcf", "chr1\t1\n"), "VCF").faults[0]
    assert "#CHROM" in contigs.read_contigs(write("b.vcf", "##fileformat=VCFv4.2\nchr1\t1\t.\tA\tC\n"), "VCF").faults[0]
    packed = write("c.vcf.gz", format_vcf(*[("chr20", i, "A") for i in range(1, 500)]), packed=True)
    data = open(packed, "rb").read()
    open(packed, "wb").write(data[: len(data) // 2])
    assert "truncated" in contigs.read_contigs(packed, "VCF").faults[0]


def test_alleles_of_another_build(write, reference):
    wrong = contigs.read_contigs(write("x.vcf", format_vcf(("chr20", 1, "A"), ("chr20", 2, "G"), ("chr20", 3, "GT"))), "VCF")
    (fault,) = contigs.check_alleles(wrong, reference.path)
    assert (
        "column REF: 'G' at chr20:2" in fault
        and "has 'C'" in fault
        and "row 6" in fault
        and "1 of the first 3" in fault
        and "another genome build" in fault
    )


def test_alleles_agree_over_lower_case_iupac_and_lines(write):
    fasta = write("g.fa", ">c1\nACGTAC\nGTACgt\nnn\n>c2 x\nRYKMACGTAC\n")
    table = contigs.read_contigs(
        write("x.vcf", format_vcf(("c1", 5, "ACGT"), ("c1", 11, "gt"), ("c1", 13, "AC"), ("c2", 1, "ACGTA"))), "VCF"
    )
    assert contigs.check_alleles(table, fasta) == []
    write("g.fa.fai", "c1\t14\t4\t6\t7\nc2\t10\t27\t10\t11\n")
    assert contigs.check_alleles(table, fasta) == []
    for largest in (0, 99):  # the index is used regardless of the size
        bases = {(c, p): b for c, p, b in contigs._fetch_bases(fasta, [("c1", 5, 4), ("c1", 11, 3), ("c2", 5, 6)], largest)}
        assert bases == {("c1", 5): "ACGT", ("c1", 11): "gtn", ("c2", 5): "ACGTAC"}


def compress_bgzf(data):
    deflate = zlib.compressobj(wbits=-15)
    body = deflate.compress(data) + deflate.flush()
    head = struct.pack("<4BI2BH2BHH", 31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, len(body) + 25)
    return head + body + struct.pack("<II", zlib.crc32(data), len(data))


def build_bam(contig=b"chr20", length=14):
    text = b"@HD\tVN:1.6\n@SQ\tSN:%s\tLN:%d\n@RG\tID:1\tSM:S1\n" % (contig, length)
    return compress_bgzf(
        b"BAM\x01"
        + struct.pack("<i", len(text))
        + text
        + struct.pack("<ii", 1, len(contig) + 1)
        + contig
        + b"\0"
        + struct.pack("<i", length)
    )


def test_header_of_a_bam(write, reference):
    table = bam_headers.read_alignment_header(write("x.bam", build_bam() + BGZF_END))
    assert (table.lengths, table.samples, table.faults) == ({"chr20": 14}, ["S1"], [])
    assert contigs.compare_contigs(table, reference) == ([], [])
    assert "is truncated" in bam_headers.read_alignment_header(write("y.bam", build_bam())).faults[0]
    assert "samtools view -b" in bam_headers.read_alignment_header(write("z.bam", "@HD\tVN:1.6\n")).faults[0]
    assert "neither BAM nor CRAM" in bam_headers.read_alignment_header(write("w.bam", "x" * 99)).faults[0]


def test_an_alignment_to_more_contigs_is_a_fault(write, reference):
    table = bam_headers.read_alignment_header(write("x.bam", build_bam() + BGZF_END))
    table.lengths["hs37d5"] = 3
    (fault,), _ = contigs.compare_contigs(table, reference)
    assert "hs37d5" in fault and "FASTA that it was aligned to" in fault


def test_header_of_a_cram(write):
    """A CRAM 3.0 header, built by hand according to the specification."""
    text = b"@SQ\tSN:chr20\tLN:14\n@RG\tID:1\tSM:S1\n"
    data = struct.pack("<i", len(text)) + text
    block = bytes([0, 0, 0, len(data), len(data)]) + data + b"\0" * 4
    container = struct.pack("<i", len(block)) + b"\0\0\0\0" + b"\0\0" + b"\x01" + b"\x01\x00" + b"\0" * 4
    cram = b"CRAM\x03\x00" + b"\0" * 20 + container + block
    table = bam_headers.read_alignment_header(write("x.cram", cram + bam_headers.CRAM_ENDS[3]))
    assert (table.kind, table.lengths, table.samples, table.faults) == ("CRAM", {"chr20": 14}, ["S1"], [])
    assert "is truncated" in bam_headers.read_alignment_header(write("y.cram", cram)).faults[0]


def test_integers_of_cram():
    """Published examples of ITF8: one to five bytes."""
    import io

    for data, value in ((b"\x7f", 127), (b"\x81\x00", 256), (b"\xc1\x00\x00", 65536), (b"\xff\xff\xff\xff\x0f", 0xFFFFFFFF)):
        assert bam_headers._read_itf8(io.BytesIO(data)) == value
