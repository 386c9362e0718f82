"""Alignment statistics are parsed from the output of the tools."""

import pytest

import align_stats

STATS = """# This file was produced by samtools stats
SN\traw total sequences:\t1000\t# excluding supplementary and secondary reads
SN\treads mapped:\t900
SN\treads duplicated:\t90\t# PCR or optical duplicate bit set
SN\tbases mapped (cigar):\t90000\t# more accurate
SN\terror rate:\t2.500000e-03\t# mismatches / bases mapped (cigar)
IS\t0\t0\t0\t0\t0
IS\t300\t10\t10\t0\t0
IS\t301\t15\t15\t0\t0
IS\t302\t30\t30\t0\t0
"""
DEPTH = "chrom\tlength\tbases\tmean\tmin\tmax\nchr1\t1000\t30000\t30.00\t0\t60\ntotal\t1000\t30000\t30.00\t0\t60\n"
REGION = DEPTH + "total_region\t100\t9000\t90.00\t0\t120\n"


def compute_figures(stats=STATS, depth=DEPTH, length=1000):
    return {r["key"]: r for r in align_stats.summary_records("s", stats, depth, length)}


def test_every_figure_has_its_sample_size():
    records = compute_figures()
    assert {k: (r["value"], r["n"]) for k, r in records.items()} == {
        "align.s.reads": (1000, 1000),
        "align.s.mapped_fraction": (0.9, 1000),
        "align.s.duplicate_fraction": (0.1, 900),
        "align.s.error_rate": (0.0025, 90000),
        "align.s.mean_depth": (30.0, 1000),
        "align.s.insert_size_median": (302.0, 55),
    }
    assert all(set(r) == {"key", "value", "low", "high", "n", "unit", "description"} for r in records.values())


def test_depth_is_that_of_the_targets_where_there_are_some():
    assert compute_figures(depth=REGION, length=100)["align.s.mean_depth"]["value"] == 90
    assert compute_figures(depth=REGION, length=100)["align.s.mean_depth"]["n"] == 100


def test_contigs_that_no_read_maps_to_count_as_depth_zero():
    # mosdepth only lists contigs with reads
    assert compute_figures(length=3000)["align.s.mean_depth"]["value"] == 10
    nothing = "chrom\tlength\tbases\tmean\tmin\tmax\ntotal\t0\t0\t0.00\t0\t0\ntotal_region\t0\t0\t0.00\t0\t0\n"
    assert (
        compute_figures(depth=nothing, length=500)["align.s.mean_depth"]["value"],
        compute_figures(depth=nothing, length=500)["align.s.mean_depth"]["n"],
    ) == (0, 500)


def test_single_end_reads_have_no_insert_size():
    single = "\n".join(line for line in STATS.splitlines() if not line.startswith("IS"))
    assert "align.s.insert_size_median" not in compute_figures(single)


@pytest.mark.parametrize(
    ("counts", "median"),
    [({5: 1}, 5), ({5: 1, 9: 1}, 5), ({5: 1, 9: 2}, 9), ({100: 3, 200: 3, 300: 1}, 200)],
)
def test_median_insert_size_is_the_lower_middle_pair(counts, median):
    stats = "".join(f"IS\t{size}\t{count}\t{count}\t0\t0\n" for size, count in counts.items())
    assert align_stats.find_median_insert_size(stats) == (median, sum(counts.values()))


def test_a_base_of_overlapping_targets_counts_once(tmp_path):
    (tmp_path / "kit.bed").write_text("browser position 1\ntrack name=kit\n1\t10\t30\ta\t0\t+\n1\t20\t50\tb\t0\t-\nalt\t1\t5\n")
    assert align_stats.choose_depth_regions(tmp_path / "kit.bed", {"1": 1000}) == [("1", 10, 50)]
    assert align_stats.choose_depth_regions(None, {"1": 1000}) == [("1", 0, 1000)]
