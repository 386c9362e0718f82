"""Strands told from counts, claims held against them, counts of two tools, quality along genes."""

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


def table(tmp_path, *rows):
    path = tmp_path / "s.star.tsv"
    path.write_text("\n".join(["gene_id\tunstranded\tforward\treverse", *("\t".join(map(str, row)) for row in rows)]) + "\n")
    return path


@pytest.mark.parametrize(
    "forward, reverse, found",
    [(970, 30, "forward"), (30, 970, "reverse"), (510, 490, "unstranded"), (9, 1, None), (0, 0, None)],
)
def test_strands_are_told_from_the_share_of_each_side(forward, reverse, found):
    assert strands.measured(forward, reverse)[0] == found


def test_mates_swapped_gives_the_other_strand(tmp_path):
    one = strands.evidence(table(tmp_path, ("a", 900, 880, 20), ("b", 100, 95, 5)), set())
    other = strands.evidence(table(tmp_path, ("a", 900, 20, 880), ("b", 100, 5, 95)), set())
    assert one == other[::-1]
    first, second = strands.decide("s", "auto", *one), strands.decide("s", "auto", *other)
    assert (first["strandedness"], second["strandedness"]) == ("forward", "reverse")
    assert first["fraction_forward"] == second["fraction_reverse"] == 0.975


def gene(name, contig, start, end, strand):
    return [name, name, "", contig, str(start), str(end), strand, str(end - start)]


def test_genes_that_face_another_do_not_speak_of_strands(tmp_path):
    genes = [gene("long", "1", 0, 1000, "+"), gene("inside", "1", 100, 200, "+"), gene("against", "1", 900, 1100, "-")]
    genes += [gene("touching", "1", 1100, 1200, "+"), gene("elsewhere", "2", 0, 1000, "-")]
    facing = strands.opposed(genes[::-1])
    assert facing == {"long", "against"}
    # of 500 reverse reads on two facing genes, half would seem forward
    counts = table(tmp_path, ("long", 0, 500, 500), ("against", 0, 500, 500), ("elsewhere", 200, 4, 196))
    assert strands.measured(*strands.evidence(counts, set()))[0] == "unstranded"
    assert strands.measured(*strands.evidence(counts, facing))[0] == "reverse"


@pytest.mark.parametrize("claim", ["forward", "unstranded"])
def test_a_claim_that_the_reads_contradict_is_an_error_that_says_what_to_set(claim):
    with pytest.raises(InputError) as error:
        strands.decide("anna", claim, 30, 970)
    text = str(error.value)
    assert text.startswith("anna:") and f"'{claim}'" in text and "97.0% reverse" in text and "Set reverse in the sheet" in text


def test_a_claim_stands_where_the_reads_are_too_few_or_undecided():
    assert strands.decide("s", "forward", 1, 8)["strandedness"] == "forward"
    assert strands.decide("s", "reverse", 300, 700)["strandedness"] == "reverse"
    assert strands.decide("s", "auto", 1, 8)["strandedness"] == "unstranded"
    assert strands.decide("s", "auto", 0, 0)["fraction_forward"] is None


def test_salmons_kinds_of_libraries_are_evidence_too(tmp_path):
    kinds = {"read_files": [], "expected_format": "ISR", "ISF": 4, "ISR": 90, "SF": 1, "SR": 5, "MSF": 2, "IU": 9}
    path = tmp_path / "s.salmon.strands.json"
    path.write_text(json.dumps(expression_salmon.strands(kinds)))
    assert strands.evidence(path, set()) == (7, 95)


def test_what_star_counts_besides_genes_is_left_out():
    lines = ["N_unmapped\t1\t1\t1", "N_multimapping\t2\t2\t2", "N_noFeature\t3\t3\t3", "N_ambiguous\t4\t4\t4", "g\t5\t5\t0"]
    assert align_star.gene_counts(lines) == ["gene_id\tunstranded\tforward\treverse", "g\t5\t5\t0"]


def test_star_is_given_all_units_and_their_names_mates_apart(tmp_path):
    fastqs = [[tmp_path / "a_1.fq.gz", tmp_path / "a_2.fq.gz"], [tmp_path / "b_1.fq.gz", tmp_path / "b_2.fq.gz"]]
    groups = ["@RG\tID:s.1\tSM:s\tLB:a lib", "@RG\tID:s.2\tSM:s\tLB:s"]
    words = [str(w) for w in align_star.star_command(tmp_path, fastqs, 3, tmp_path)]
    at = words.index("--readFilesIn")
    assert words[at + 1 : at + 3] == [f"{tmp_path}/a_1.fq.gz,{tmp_path}/b_1.fq.gz", f"{tmp_path}/a_2.fq.gz,{tmp_path}/b_2.fq.gz"]
    words = align_star.alignments(groups, tmp_path / "SJ.out.tab")
    at = words.index("--outSAMattrRGline")
    assert words[at + 1 : at + 4] == ["ID:s.1", ",", "ID:s.2"]
    assert words[-1] == tmp_path / "SJ.out.tab" and "PairedKeepInputOrder" in words
    assert "--sjdbFileChrStartEnd" not in align_star.alignments(groups, None)


def test_the_log_that_is_kept_tells_no_hour():
    log = "   Started job on |\tNov 1\n   Number of input reads |\t10\n   Mapping speed, Million |\t3\n"
    assert align_star.timeless(log) == "   Number of input reads |\t10\n"


@pytest.mark.parametrize("bases, contigs", [(5_386, 1), (12_157_105, 17), (3_100_000_000, 25), (3_100_000_000, 300_000)])
def test_the_index_of_star_fits_the_genome(bases, contigs):
    size, bits = align_index_star.suffix_bases(bases), align_index_star.bin_bits(bases, contigs, 100)
    assert size <= 14 and (size == 14 or 4 ** (size + 1) <= bases < 4 ** (size + 2)), "log2(bases) / 2 - 1"
    assert bits <= 18 and 2**bits <= max(bases / contigs, 100)


@pytest.mark.parametrize("length, k", [(150, 31), (75, 31), (50, 25), (36, 19), (20, 11)])
def test_words_of_salmon_are_odd_and_about_half_of_short_reads(tmp_path, length, k):
    lint = tmp_path / "1.lint.json"
    lint.write_text(json.dumps({"max_length": length}))
    assert expression_index_salmon.word_length([lint]) == k


def test_abundances_of_genes_keep_the_sums_and_lie_between_their_transcripts():
    rows = {"t1": (1000.0, 800.0, 30.0, 24.0), "t2": (500.0, 300.0, 10.0, 3.0), "t3": (700.0, 500.0, 0.0, 0.0)}
    genes = expression_salmon.gene_rows(rows, {"t1": "g", "t2": "g", "t3": "h"})
    assert genes["g"] == (875.0, 675.0, 40.0, 27.0) and genes["h"] == rows["t3"]
    assert sum(g[2] for g in genes.values()) == sum(t[2] for t in rows.values())


def test_the_table_of_counts_has_two_columns():
    text = "# Program:featureCounts\nGeneid\tChr\tStart\tEnd\tStrand\tLength\ts.bam\ng1\tc\t1\t9\t+\t9\t4\ng2\tc;c\t1;5\t9;9\t+;+\t9\t0\n"
    assert expression_count.table(text) == ["gene_id\tcount", "g1\t4", "g2\t0"]
    assert expression_count.named("Status\t/tmp/x/s.bam\nAssigned\t4\n", "s") == "Status\ts\nAssigned\t4\n"


@pytest.mark.parametrize("found, refused", [(0, True), (9, True), (10, False)])
@pytest.mark.parametrize("least", [0.01, 0.0])
def test_a_sample_with_nothing_assigned_is_refused(found, refused, least):
    if refused and (least or not found):
        with pytest.raises(InputError, match=f"anna: {found} of 1,000 fragments are assigned .*expression.min_assigned"):
            assignment_rate.check("anna", found, 1000, least)
    else:
        assignment_rate.check("anna", found, 1000, least)


def test_agreement_is_one_for_equal_counts_and_symmetric():
    one, other = {"a": 10, "b": 5}, {"a": 8, "b": 5, "c": 2}
    assert expression_quality.agreement(one, dict(one)) == 1
    assert expression_quality.agreement(one, other) == expression_quality.agreement(other, one) == 13 / 17
    assert expression_quality.agreement({"a": 3}, {"b": 3}) == 0 and expression_quality.agreement({}, {}) is None


def transcript(strand):
    return Transcript("t", "g", "g", "", "c", strand, [(0, 400), (1000, 1600)])


def test_even_coverage_is_one_everywhere_and_introns_do_not_count():
    places = [*range(0, 400), *range(450, 900), *range(1000, 1600)]
    curve = expression_quality.along([transcript("+")], {"c": (places, [7] * len(places))})
    assert all(math.isclose(value, 1) for value in curve)


def test_the_strand_turns_coverage_around():
    places = [*range(0, 400), *range(1000, 1600)]
    depth = {"c": (places, list(range(1, 1001)))}
    forward, reverse = (expression_quality.along([transcript(strand)], depth) for strand in "+-")
    assert forward == reverse[::-1] and forward == sorted(forward)
    assert math.isclose(sum(forward), expression_quality.BINS)


def test_of_each_gene_the_longest_transcript_counts_and_short_ones_do_not():
    members = [
        transcript("+"),
        Transcript("u", "g", "g", "", "c", "+", [(0, 600)]),
        Transcript("v", "h", "h", "", "c", "+", [(0, 99)]),
    ]
    assert [t.name for t in expression_quality.chosen(members, {"g": 5, "h": 9})] == ["t"]
    assert expression_quality.chosen(members, {"g": 0}) == []
