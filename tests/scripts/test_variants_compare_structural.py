"""Structural variants match by type, breakpoints and size, per sample."""

import json
from pathlib import Path

import pytest

from readsight.errors import InputError
from variants_compare_structural import main

HEADER = """##fileformat=VCFv4.2
##FILTER=<ID=LowQual,Description="x">
##contig=<ID=chr1,length=100000>
##INFO=<ID=SVTYPE,Number=1,Type=String,Description="x">
##INFO=<ID=END,Number=1,Type=Integer,Description="x">
##INFO=<ID=SVLEN,Number=1,Type=Integer,Description="x">
##INFO=<ID=CT,Number=1,Type=String,Description="x">
##FORMAT=<ID=GT,Number=1,Type=String,Description="x">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"""


def make_variant(kind, start, size, genotypes="0/1", filters="PASS", contig="chr1"):
    """A symbolic variant as Delly writes it."""
    end = start if kind == "INS" else start + size
    info = f"SVTYPE={kind};END={end};SVLEN={-size if kind == 'DEL' else size}"
    return "\t".join([contig, str(start), ".", "A", f"<{kind}>", ".", filters, info, "GT", *genotypes.split()])


def make_insertion(start, size, genotypes="0/1"):
    """An insertion with its sequence, without SVTYPE."""
    return "\t".join(["chr1", str(start), ".", "A", "A" + "ACGTT" * (size // 5), ".", "PASS", ".", "GT", *genotypes.split()])


def compare_calls(folder: Path, calls, truth, samples=("anna",)):
    """(tp, fn, query_tp, fp) by type, and the summary by key."""
    for name, records in (("calls", calls), ("truth", truth)):
        (folder / f"{name}.vcf").write_text(HEADER + "\t".join(samples) + "\n" + "".join(r + "\n" for r in records))
    (folder / "genome.fa.fai").write_text("chr1\t100000\t6\t60\t61\n")
    out = [folder / name for name in ("table.tsv", "sites.tsv", "summary.json")]
    main(folder / "calls.vcf", folder / "truth.vcf", folder / "genome.fa.fai", {}, "delly", *out)
    rows = [line.split("\t") for line in out[0].read_text().splitlines()[1:]]
    counts = {row[1]: tuple(map(int, row[2:6])) for row in rows if row[0] == "all"}
    return counts, {r["key"]: r for r in json.loads(out[2].read_text())}


EVERY = [
    make_variant("DEL", 1000, 300),
    make_variant("DUP", 5000, 900, "1/1"),
    make_variant("INV", 9000, 700),
    make_variant("INS", 15000, 80),
]


def test_truth_against_itself_is_perfect(tmp_path):
    counts, summary = compare_calls(tmp_path, EVERY, EVERY)
    assert counts == {"all": (4, 0, 4, 0), **dict.fromkeys(("del", "dup", "inv", "ins"), (1, 0, 1, 0))}
    assert all(r["value"] == 1 and r["low"] < 1 for r in summary.values())


def test_near_breakpoints_match_and_far_ones_do_not(tmp_path):
    assert compare_calls(tmp_path, [make_variant("DEL", 1080, 290)], EVERY[:1])[0]["del"] == (1, 0, 1, 0)
    # it overlaps with a similar size, but it is a different event
    assert compare_calls(tmp_path, [make_variant("DEL", 21000, 3000)], [make_variant("DEL", 20000, 3000)])[0]["del"] == (
        0,
        1,
        0,
        1,
    )


def test_type_and_size_must_agree(tmp_path):
    assert compare_calls(tmp_path, [make_variant("INV", 1000, 300)], EVERY[:1])[0]["all"] == (0, 1, 0, 1)
    assert compare_calls(tmp_path, [make_variant("DEL", 1000, 150)], EVERY[:1])[0]["all"] == (0, 1, 0, 1)


def test_a_call_is_used_once(tmp_path):
    assert compare_calls(tmp_path, EVERY[:1] * 2, EVERY[:1])[0]["del"] == (1, 0, 1, 1)


def test_the_two_junctions_of_an_inversion_are_one_call(tmp_path):
    junctions = [
        make_variant("INV", 9000 + shift, 700).replace("SVTYPE", f"CT={ct};SVTYPE") for shift, ct in ((0, "3to3"), (3, "5to5"))
    ]
    assert compare_calls(tmp_path, junctions, [EVERY[2]])[0]["inv"] == (1, 0, 1, 0)
    # two of the same junction are two calls
    assert compare_calls(tmp_path, [junctions[0], junctions[0]], [EVERY[2]])[0]["inv"] == (1, 0, 1, 1)


def test_a_spelled_insertion_matches_a_symbolic_one(tmp_path):
    assert compare_calls(tmp_path, [make_variant("INS", 15010, 80)], [make_insertion(15000, 80)])[0]["ins"] == (1, 0, 1, 0)


def test_small_filtered_and_absent_calls_are_ignored(tmp_path):
    calls = [
        make_variant("DEL", 1000, 40),
        make_variant("DEL", 3000, 300, filters="LowQual"),
        make_variant("DEL", 6000, 300, "0/0"),
        make_variant("DEL", 8000, 300, "./."),
    ]
    assert compare_calls(tmp_path, calls, [make_variant("DEL", 1000, 40)])[0]["all"] == (0, 0, 0, 0)


def test_samples_are_compared_with_matching_truth(tmp_path):
    counts, _ = compare_calls(
        tmp_path, [make_variant("DEL", 1000, 300, "0/1 0/0")], [make_variant("DEL", 1000, 300, "0/0 0/1")], ("anna", "bert")
    )
    assert counts["del"] == (0, 1, 0, 1)


def test_no_calls_is_recall_0_and_no_precision(tmp_path):
    counts, summary = compare_calls(tmp_path, [], EVERY)
    assert counts["all"] == (0, 4, 0, 0)
    assert summary["variants.delly.all.recall"]["value"] == 0 and summary["variants.delly.all.precision"]["value"] is None


def test_another_build_is_refused(tmp_path):
    with pytest.raises(InputError, match="contig '1' is not in the reference"):
        compare_calls(tmp_path, [], [make_variant("DEL", 1000, 300, contig="1")])


def test_truth_outside_the_reference_is_ignored(tmp_path):
    counts, _ = compare_calls(
        tmp_path,
        [make_variant("DEL", 1000, 300)],
        [make_variant("DEL", 1000, 300), make_variant("DEL", 1000, 300, contig="elsewhere")],
    )
    assert counts["del"] == (1, 0, 1, 0)
