"""Ids, frequencies and significance come from the record of the same change, independent of its representation."""

import gzip

import pytest

import variants_annotate
import variants_prepare
import variants_repeats
from donors import query_records, require_tools, write_reference, write_vcf
from readsight.errors import InputError

pytestmark = require_tools("samtools", "bcftools", "bgzip", "tabix")

#                  123456789012345678901234567890
CONTIGS = {"c": "ACGTCAGGTTTTTACGACGTAACCGGTTAC", "d": "ACGTTTGCAGCAGCAGTTACGACGATCGAA"}
LENGTHS = {name: len(sequence) for name, sequence in CONTIGS.items()}
AF = '##INFO=<ID=AF,Number=A,Type=Float,Description="x">\n##INFO=<ID=OTHER,Number=1,Type=String,Description="x">'
SIGNIFICANCE = '##INFO=<ID=CLNSIG,Number=.,Type=String,Description="x">\n##INFO=<ID=CLNDN,Number=.,Type=String,Description="x">'


def prepare_resource(tmp_path, name, rows, extra="", lengths=LENGTHS, zipped=False):
    reference = write_reference(tmp_path, CONTIGS)
    vcf = write_vcf(tmp_path / f"{name}.source.vcf", lengths, rows, extra=extra)
    if zipped:
        vcf = tmp_path / f"{name}.source.vcf.gz"
        vcf.write_bytes(gzip.compress((tmp_path / f"{name}.source.vcf").read_bytes()))
    out = tmp_path / f"{name}.bcf"
    variants_prepare.main(vcf, reference, out, tmp_path, name.rstrip("0123456789"), 100)
    return out


CALLS = ["c 3 . G A 50 PASS . GT 0/1", "c 5 . C T 50 PASS . GT 0/1", "c 8 . GT G 50 PASS . GT 0/1", "d 2 . C G 50 PASS . GT 0/1"]


def annotate_calls(tmp_path, resources, fields, repeats=None, rows=CALLS):
    reference = write_reference(tmp_path, CONTIGS)
    calls = write_vcf(tmp_path / "calls.vcf", LENGTHS, rows, ("s",))
    variants_annotate.main(calls, reference, None, repeats, resources, tmp_path / "out.bcf", tmp_path)
    return query_records(tmp_path / "out.bcf", fields)


def test_ids_come_from_the_first_file_that_has_the_change(tmp_path):
    # unsorted, multi-allelic, not left-aligned, a different REF base, a contig that the reference lacks, plain gzip
    rows = ["d 2 rs4 C G . . .", "c 12 rs3 TT T . . .", "c 3 rs1 G C,A . . .", "c 5 rs9 A T . . .", "e 3 rs8 G A . . ."]
    first = prepare_resource(tmp_path, "known0", rows, lengths={**LENGTHS, "e": 5}, zipped=True)
    second = prepare_resource(tmp_path, "known1", ["c 3 late G A . . .", "c 5 rs2 C T . . .", "d 2 late C G . . ."], lengths={})
    rows_out = annotate_calls(tmp_path, [first, second], "%CHROM %POS %ID")
    assert rows_out == ["c 3 rs1", "c 5 rs2", "c 8 rs3", "d 2 rs4"]


def test_a_tab_at_the_end_of_the_column_line_does_no_harm(tmp_path):
    # the indel files of the GATK bundle have one, and declare no contigs
    vcf = write_vcf(tmp_path / "mills.vcf", {}, ["e 3 . G A . . .", "c 3 rs1 G A . . ."])
    vcf.write_text(vcf.read_text().replace("\tINFO\n", "\tINFO\t\n"))
    known = tmp_path / "known0.bcf"
    variants_prepare.main(vcf, write_reference(tmp_path, CONTIGS), known, tmp_path, "known", 100)
    assert annotate_calls(tmp_path, [known], "%POS %ID") == ["3 rs1", "5 .", "8 .", "2 ."]


def test_a_tag_without_definition_is_named_with_its_remedy(tmp_path):
    with pytest.raises(InputError, match="does not define INFO MYSTERY.*Add to the header.*##INFO=<ID=MYSTERY,"):
        prepare_resource(tmp_path, "known0", ["c 3 . G A . . MYSTERY=1"])


def test_a_damaged_resource_is_named(tmp_path):
    compressed = gzip.compress("\n".join(f"c\t3\trs{i}\tG\tA\t.\t.\t." for i in range(5000)).encode())
    vcf = write_vcf(tmp_path / "known.vcf", LENGTHS, [])
    cut = tmp_path / "known.vcf.gz"
    cut.write_bytes(gzip.compress(vcf.read_bytes()) + compressed[: len(compressed) // 2])
    with pytest.raises(InputError, match="known.vcf.gz: is truncated or damaged"):
        variants_prepare.main(cut, write_reference(tmp_path, CONTIGS), tmp_path / "out.bcf", tmp_path, "known", 100)


def test_frequency_belongs_to_the_same_allele(tmp_path):
    rows = ["c 3 . G C,A . . AF=0.5,0.25;OTHER=x", "c 13 . TA A . . AF=0.1", "c 9 . TT T . . AF=0.125"]
    population = prepare_resource(tmp_path, "population", rows[:1] + rows[2:], AF)
    assert annotate_calls(tmp_path, [population], "%POS %INFO/POP_AF") == ["3 0.25", "5 .", "8 0.125", "2 ."]


def test_significance_is_that_of_the_same_change(tmp_path):
    rows = ["c 3 . G A . . CLNSIG=Pathogenic;CLNDN=a_disease", "c 5 . C G . . CLNSIG=Benign"]
    records_out = annotate_calls(tmp_path, [prepare_resource(tmp_path, "clinvar", rows, SIGNIFICANCE)], "%POS %CLNSIG %CLNDN")
    assert records_out == ["3 Pathogenic a_disease", "5 . .", "8 . .", "2 . ."]


def test_no_calls_stay_no_calls(tmp_path):
    population = prepare_resource(tmp_path, "population", ["c 3 . G A . . AF=0.5"], AF)
    assert annotate_calls(tmp_path, [population, prepare_resource(tmp_path, "known0", [])], "%POS", rows=[]) == []
    assert (tmp_path / "out.bcf.csi").exists()


def test_resources_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(InputError, match="no INFO/AF"):
        prepare_resource(tmp_path, "population", [])
    with pytest.raises(InputError, match="known_sites.*no contig of the reference"):
        prepare_resource(tmp_path, "known0", ["chrc 3 . G A . . ."], lengths={"chrc": 30})


def test_lower_case_runs_over_line_ends():
    lines = [">c one\n", "ACgt\n", "ttAC\n", "acGt\n", ">d\n", "aaa\n", ">e\n", "AC\n"]
    assert list(variants_repeats.find_lower_case(lines)) == [("c", 2, 6), ("c", 8, 10), ("c", 11, 12), ("d", 0, 3)]


def test_calls_in_repeats_are_marked(tmp_path):
    (tmp_path / "own.fa").write_text(">c\n" + CONTIGS["c"][:4] + CONTIGS["c"][4:20].lower() + "GG\n>d\nACGT\n")
    variants_repeats.main(tmp_path / "own.fa", tmp_path / "repeats.bed.gz")
    flags = annotate_calls(tmp_path, [], "%POS %REPEAT", repeats=tmp_path / "repeats.bed.gz")
    # 1-based 5 is the first base in lower case
    assert flags == ["3 .", "5 1", "8 1", "2 ."]


def test_a_genome_without_lower_case_has_no_repeats(tmp_path):
    (tmp_path / "own.fa").write_text(">c\nACGT\n")
    variants_repeats.main(tmp_path / "own.fa", tmp_path / "repeats.bed.gz")
    assert [row.split()[1] for row in annotate_calls(tmp_path, [], "%POS %REPEAT", repeats=tmp_path / "repeats.bed.gz")] == [
        "."
    ] * 4
