"""All representations of one change become the same record."""

import gzip
import subprocess

import pytest

import variants_import
import variants_normalise
from donors import query_records, require_tools, write_reference, write_vcf
from readsight.errors import InputError
from readsight.variants.vcf_files import clean_header, load_header

pytestmark = require_tools("samtools", "bcftools")

#            123456789012345678901234567890
CONTIGS = {"c": "ACGTCAGGTTTTTACGACGTAACCGGTTAC", "d": "ACGTTTGCAGCAGCAGTTACGACGATCGAA"}
LENGTHS = {name: len(sequence) for name, sequence in CONTIGS.items()}
TAGS = """
##fileDate=20200101
##commandline="caller --tmp /tmp/x"
##reference=file:///somewhere/genome.fa
##INFO=<ID=AO,Number=A,Type=Integer,Description="x">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="x">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="x">
"""


def normalise_calls(tmp_path, rows, samples=("s1", "s2"), caller="bcftools", order=(), fields="%CHROM %POS %REF %ALT[ %GT]"):
    reference = write_reference(tmp_path, CONTIGS)
    vcf = write_vcf(tmp_path / "in.vcf", LENGTHS, rows, samples, TAGS)
    out = tmp_path / "out.bcf"
    variants_normalise.main([vcf], reference, out, tmp_path, caller, list(order), 100)
    return query_records(out, fields)


def test_a_deletion_in_a_repeat_moves_to_its_left_end(tmp_path):
    # one T of TTTTT: the same deletion at any position
    assert normalise_calls(tmp_path, ["c 12 . TT T 50 . . GT 0/1 0/0"]) == ["c 8 GT G 0/1 0/0"]
    # one CAG of CAGCAGCAG... and the insertion of one
    assert normalise_calls(tmp_path, ["d 13 . GCAG G 50 . . GT 0/1 0/0"]) == ["d 6 TGCA T 0/1 0/0"]
    assert normalise_calls(tmp_path, ["d 16 . G GCAG 50 . . GT 0/1 0/0"]) == ["d 6 T TGCA 0/1 0/0"]


def test_alleles_are_split_with_their_genotypes_and_counts(tmp_path):
    rows = normalise_calls(
        tmp_path,
        ["c 5 . C A,T 50 . AO=5,6 GT:AD 1/2:0,5,6 0/2:4,0,7"],
        fields="%POS %REF %ALT %AO %AC %AN [%GT:%AD ]",
    )
    assert [row.strip() for row in rows] == ["5 C A 5 1 4 1/0:0,5 0/0:4,0", "5 C T 6 2 4 0/1:0,6 0/1:4,7"]


def test_haplotypes_are_split_and_shared_alleles_counted_once(tmp_path):
    # both alleles change A to G; the second also changes G to T
    assert normalise_calls(tmp_path, ["c 1 . ACG GCG,GCT 50 . . GT 1/2 0/1"]) == ["c 1 A G 1/1 0/1", "c 3 G T 0/1 0/0"]


def test_duplicate_symbolic_and_uncarried_alleles_are_dropped(tmp_path):
    rows = [
        "c 3 . G A 50 . . GT 0/1 0/0",
        "c 3 . G A 40 . . GT 0/1 0/0",
        "c 5 . C A 50 . . GT 0/0 0/0",
        "c 6 . A <DEL> 50 . . GT 0/1 0/0",
        "c 7 . G *,T 50 . . GT 1/2 0/0",
        "c 9 . T . 50 . . GT 0/0 0/0",
    ]
    assert normalise_calls(tmp_path, rows) == ["c 3 G A 0/1 0/0", "c 7 G T 0/1 0/0"]
    # calls of the user are kept even if no sample carries them
    assert "c 5 C A 0/0 0/0" in normalise_calls(tmp_path, rows, caller="given")


def test_pieces_are_joined_in_order_with_sorted_samples(tmp_path):
    reference = write_reference(tmp_path, CONTIGS)
    rows = (["c 3 . G A 50 . . GT 0/1 0/0"], [], ["c 20 . T A 50 . . GT 0/1 1/1", "d 3 . G C 50 . . GT 1/1 0/0"])
    pieces = [write_vcf(tmp_path / f"{i}.vcf", LENGTHS, piece_rows, ("s2", "s1"), TAGS) for i, piece_rows in enumerate(rows)]
    out = tmp_path / "out.bcf"
    variants_normalise.main(pieces, reference, out, tmp_path, "gatk", ["s1", "s2"], 100)
    assert query_records(out, "%CHROM %POS[ %SAMPLE=%GT]") == ["c 3 s1=0/0 s2=0/1", "c 20 s1=1/1 s2=0/1", "d 3 s1=0/0 s2=1/1"]


def test_depth_is_filled_from_the_samples(tmp_path):
    assert normalise_calls(tmp_path, ["c 3 . G A 50 . . GT:DP 0/1:7 0/0:5"], fields="%INFO/DP %AC %AN %AF") == ["12 1 4 0.25"]


def test_the_header_holds_no_dates_paths_or_versions(tmp_path):
    normalise_calls(tmp_path, ["c 3 . G A 50 . . GT 0/1 0/0"])
    header_text = "\n".join(load_header(tmp_path / "out.bcf"))
    assert not any(term in header_text for term in ("fileDate", "command", "reference", "bcftools", str(tmp_path)))
    first = (tmp_path / "out.bcf").read_bytes()
    normalise_calls(tmp_path, ["c 3 . G A 50 . . GT 0/1 0/0"])
    assert (tmp_path / "out.bcf").read_bytes() == first


def test_clean_headers_follow_the_reference():
    lines = ["##fileformat=VCFv4.0", "##contig=<ID=d>", '##INFO=<ID=X,Number=1,Type=Flag,Description="y">', "#CHROM\tPOS"]
    extra = ['##INFO=<ID=X,Number=9,Type=Flag,Description="z">', '##INFO=<ID=Y,Number=9,Type=Flag,Description="z">']
    clean = clean_header(lines, {"c": 5, "d": 6}, extra)
    assert clean == ["##fileformat=VCFv4.2", lines[2], extra[1], "##contig=<ID=c,length=5>", "##contig=<ID=d,length=6>", lines[3]]


@pytest.mark.parametrize("kind", ["plain", "gzip", "bgzip", "bcf"])
@pytest.mark.parametrize("contig_lines", [True, False])
def test_user_calls_of_any_format_are_imported(tmp_path, kind, contig_lines):
    reference = write_reference(tmp_path, CONTIGS)
    rows = ["d 3 . G C 50 . . GT 0/1", "c 3 . G A 50 . . GT 1|1", "c 2 . C A . . . GT 0|1", "other 3 . G A 50 . . GT 1|1"]
    lengths = {**LENGTHS, "other": 99}
    vcf = write_vcf(tmp_path / "in.vcf", lengths if contig_lines or kind == "bcf" else {}, rows, ("donor",), TAGS)
    if kind == "gzip":
        (tmp_path / "in.vcf.gz").write_bytes(gzip.compress(vcf.read_bytes()))
        vcf = tmp_path / "in.vcf.gz"
    elif kind in ("bgzip", "bcf"):
        vcf = tmp_path / f"own.{kind}"
        subprocess.run(["bcftools", "view", "-Oz" if kind == "bgzip" else "-Ob", "-o", vcf, tmp_path / "in.vcf"], check=True)
    variants_import.main(vcf, tmp_path / "genome.fa.fai", tmp_path / "raw.bcf", tmp_path)
    variants_normalise.main([tmp_path / "raw.bcf"], reference, tmp_path / "out.bcf", tmp_path, "given", ["another"], 100)
    assert query_records(tmp_path / "out.bcf", "%CHROM %POS[ %SAMPLE=%GT]") == ["c 2 donor=0|1", "c 3 donor=1|1", "d 3 donor=0/1"]


def test_sites_without_samples_come_through(tmp_path):
    assert normalise_calls(tmp_path, ["c 12 . TT T 50 . ."], samples=(), caller="given", fields="%POS %REF %ALT") == ["8 GT G"]


def test_another_genome_is_refused(tmp_path):
    write_reference(tmp_path, CONTIGS)
    strange = write_vcf(tmp_path / "strange.vcf", {"chrc": 30}, ["chrc 3 . G A 50 . ."])
    longer = write_vcf(tmp_path / "longer.vcf", {"c": 31}, ["c 3 . G A 50 . ."])
    (tmp_path / "no.vcf").write_text("hello\n")
    for path, expected in [(strange, "chrc"), (longer, "31 bases, in the reference 30"), (tmp_path / "no.vcf", "not a VCF")]:
        with pytest.raises(InputError, match=expected):
            variants_import.main(path, tmp_path / "genome.fa.fai", tmp_path / "raw.bcf", tmp_path)
    with pytest.raises(InputError, match="REF alleles"):
        normalise_calls(tmp_path, ["c 3 . T A 50 . . GT 0/1 0/0"], caller="given")
