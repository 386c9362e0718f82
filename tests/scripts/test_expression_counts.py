"""Strandedness, count tables of several tools, and quality metrics of RNA samples."""

import json
import math

import pytest

import align_index_star
import align_star
import expression_count
import expression_index_salmon
import expression_quality
import expression_salmon
import expression_strandedness as strands
from readsight.errors import InputError
from readsight.expression import assignment_rate
from readsight.formats.gtf import Transcript


def write_counts(tmp_path, *rows):
    path = tmp_path / "s.star.tsv"
    path.write_text("\n".join(["gene_id\tunstranded\tforward\treverse", *("\t".join(map(str, row)) for row in rows)]) + "\n")
    return path


@pytest.mark.parametrize(
    "forward, reverse, expected",
    [(970, 30, "forward"), (30, 970, "reverse"), (510, 490, "unstranded"), (9, 1, None), (0, 0, None)],
)
def test_strandedness_is_inferred_from_read_sides(forward, reverse, expected):
    assert strands.infer_strandedness(forward, reverse)[0] == expected


def test_swapping_mates_flips_strandedness(tmp_path):
    counts = strands.count_sides(write_counts(tmp_path, ("a", 900, 880, 20), ("b", 100, 95, 5)), set())
    swapped = strands.count_sides(write_counts(tmp_path, ("a", 900, 20, 880), ("b", 100, 5, 95)), set())
    assert counts == swapped[::-1]
    first, second = strands.decide_strandedness("s", "auto", *counts), strands.decide_strandedness("s", "auto", *swapped)
    assert (first["strandedness"], second["strandedness"]) == ("forward", "reverse")
    assert first["fraction_forward"] == second["fraction_reverse"] == 0.975


def make_gene(name, contig, start, end, strand):
    return [name, name, "", contig, str(start), str(end), strand, str(end - start)]


def test_overlapping_genes_on_opposite_strands_are_ignored(tmp_path):
    genes = [
        make_gene("long", "1", 0, 1000, "+"),
        make_gene("inside", "1", 100, 200, "+"),
        make_gene("against", "1", 900, 1100, "-"),
    ]
    genes += [make_gene("touching", "1", 1100, 1200, "+"), make_gene("elsewhere", "2", 0, 1000, "-")]
    facing = strands.find_opposed_genes(genes[::-1])
    assert facing == {"long", "against"}
    # half of the reverse reads on two opposed genes appear forward
    counts = write_counts(tmp_path, ("long", 0, 500, 500), ("against", 0, 500, 500), ("elsewhere", 200, 4, 196))
    assert strands.infer_strandedness(*strands.count_sides(counts, set()))[0] == "unstranded"
    assert strands.infer_strandedness(*strands.count_sides(counts, facing))[0] == "reverse"


@pytest.mark.parametrize("claim", ["forward", "unstranded"])
def test_contradicted_strandedness_is_an_error(claim):
    with pytest.raises(InputError) as error:
        strands.decide_strandedness("anna", claim, 30, 970)
    text = str(error.value)
    assert text.startswith("anna:") and f"'{claim}'" in text and "97.0% reverse" in text and "Set reverse in the sheet" in text


def test_claim_is_kept_without_clear_evidence():
    assert strands.decide_strandedness("s", "forward", 1, 8)["strandedness"] == "forward"
    assert strands.decide_strandedness("s", "reverse", 300, 700)["strandedness"] == "reverse"
    assert strands.decide_strandedness("s", "auto", 1, 8)["strandedness"] == "unstranded"
    assert strands.decide_strandedness("s", "auto", 0, 0)["fraction_forward"] is None


def test_salmon_library_types_are_counted(tmp_path):
    kinds = {"read_files": [], "expected_format": "ISR", "ISF": 4, "ISR": 90, "SF": 1, "SR": 5, "MSF": 2, "IU": 9}
    path = tmp_path / "s.salmon.strands.json"
    path.write_text(json.dumps(expression_salmon.count_strands(kinds)))
    assert strands.count_sides(path, set()) == (7, 95)


def test_star_summary_rows_are_dropped():
    lines = ["N_unmapped\t1\t1\t1", "N_multimapping\t2\t2\t2", "N_noFeature\t3\t3\t3", "N_ambiguous\t4\t4\t4", "g\t5\t5\t0"]
    assert align_star.format_gene_counts(lines) == ["gene_id\tunstranded\tforward\treverse", "g\t5\t5\t0"]


def test_star_command_lists_units_and_read_groups(tmp_path):
    fastqs = [[tmp_path / "a_1.fq.gz", tmp_path / "a_2.fq.gz"], [tmp_path / "b_1.fq.gz", tmp_path / "b_2.fq.gz"]]
    groups = ["@RG\tID:s.1\tSM:s\tLB:a lib", "@RG\tID:s.2\tSM:s\tLB:s"]
    arguments = [str(argument) for argument in align_star.build_star_command(tmp_path, fastqs, 3, tmp_path)]
    index = arguments.index("--readFilesIn")
    assert arguments[index + 1 : index + 3] == [
        f"{tmp_path}/a_1.fq.gz,{tmp_path}/b_1.fq.gz",
        f"{tmp_path}/a_2.fq.gz,{tmp_path}/b_2.fq.gz",
    ]
    arguments = align_star.build_output_options(groups, tmp_path / "SJ.out.tab")
    index = arguments.index("--outSAMattrRGline")
    assert arguments[index + 1 : index + 4] == ["ID:s.1", ",", "ID:s.2"]
    assert arguments[-1] == tmp_path / "SJ.out.tab" and "PairedKeepInputOrder" in arguments
    assert "--sjdbFileChrStartEnd" not in align_star.build_output_options(groups, None)


def test_star_log_has_no_timestamps():
    log = "   Started job on |\tNov 1\n   Number of input reads |\t10\n   Mapping speed, Million |\t3\n"
    assert align_star.strip_times(log) == "   Number of input reads |\t10\n"


@pytest.mark.parametrize("bases, contigs", [(5_386, 1), (12_157_105, 17), (3_100_000_000, 25), (3_100_000_000, 300_000)])
def test_the_index_of_star_fits_the_genome(bases, contigs):
    size, bits = align_index_star.choose_suffix_length(bases), align_index_star.choose_bin_bits(bases, contigs, 100)
    assert size <= 14 and (size == 14 or 4 ** (size + 1) <= bases < 4 ** (size + 2)), "log2(bases) / 2 - 1"
    assert bits <= 18 and 2**bits <= max(bases / contigs, 100)


@pytest.mark.parametrize("length, k", [(150, 31), (75, 31), (50, 25), (36, 19), (20, 11)])
def test_salmon_kmer_length_follows_read_length(tmp_path, length, k):
    lint = tmp_path / "1.lint.json"
    lint.write_text(json.dumps({"max_length": length}))
    assert expression_index_salmon.kmer_length([lint]) == k


def test_gene_abundances_preserve_transcript_sums():
    rows = {"t1": (1000.0, 800.0, 30.0, 24.0), "t2": (500.0, 300.0, 10.0, 3.0), "t3": (700.0, 500.0, 0.0, 0.0)}
    genes = expression_salmon.gene_rows(rows, {"t1": "g", "t2": "g", "t3": "h"})
    assert genes["g"] == (875.0, 675.0, 40.0, 27.0) and genes["h"] == rows["t3"]
    assert sum(g[2] for g in genes.values()) == sum(t[2] for t in rows.values())


def test_the_table_of_counts_has_two_columns():
    text = "# Program:featureCounts\nGeneid\tChr\tStart\tEnd\tStrand\tLength\ts.bam\ng1\tc\t1\t9\t+\t9\t4\ng2\tc;c\t1;5\t9;9\t+;+\t9\t0\n"
    assert expression_count.format_counts(text) == ["gene_id\tcount", "g1\t4", "g2\t0"]
    assert expression_count.relabel_summary("Status\t/tmp/x/s.bam\nAssigned\t4\n", "s") == "Status\ts\nAssigned\t4\n"


@pytest.mark.parametrize("assigned, is_refused", [(0, True), (9, True), (10, False)])
@pytest.mark.parametrize("minimum", [0.01, 0.0])
def test_too_few_assigned_fragments_are_refused(assigned, is_refused, minimum):
    if is_refused and (minimum or not assigned):
        with pytest.raises(InputError, match=f"anna: {assigned} of 1,000 fragments are assigned .*expression.min_assigned"):
            assignment_rate.check_assigned("anna", assigned, 1000, minimum)
    else:
        assignment_rate.check_assigned("anna", assigned, 1000, minimum)


def test_agreement_is_one_for_equal_counts_and_symmetric():
    first, second = {"a": 10, "b": 5}, {"a": 8, "b": 5, "c": 2}
    assert expression_quality.count_agreement(first, dict(first)) == 1
    assert expression_quality.count_agreement(first, second) == expression_quality.count_agreement(second, first) == 13 / 17
    assert expression_quality.count_agreement({"a": 3}, {"b": 3}) == 0 and expression_quality.count_agreement({}, {}) is None


def make_transcript(strand):
    return Transcript("t", "g", "g", "", "c", strand, [(0, 400), (1000, 1600)])


def test_even_coverage_is_flat_and_skips_introns():
    positions = [*range(0, 400), *range(450, 900), *range(1000, 1600)]
    curve = expression_quality.gene_body_coverage([make_transcript("+")], {"c": (positions, [7] * len(positions))})
    assert all(math.isclose(value, 1) for value in curve)


def test_reverse_strand_mirrors_coverage():
    positions = [*range(0, 400), *range(1000, 1600)]
    depth = {"c": (positions, list(range(1, 1001)))}
    forward, reverse = (expression_quality.gene_body_coverage([make_transcript(strand)], depth) for strand in "+-")
    assert forward == reverse[::-1] and forward == sorted(forward)
    assert math.isclose(sum(forward), expression_quality.BINS)


def test_longest_transcript_of_each_gene_is_selected():
    members = [
        make_transcript("+"),
        Transcript("u", "g", "g", "", "c", "+", [(0, 600)]),
        Transcript("v", "h", "h", "", "c", "+", [(0, 99)]),
    ]
    assert [t.name for t in expression_quality.select_transcripts(members, {"g": 5, "h": 9})] == ["t"]
    assert expression_quality.select_transcripts(members, {"g": 0}) == []
