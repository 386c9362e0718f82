"""Figures of the comparison are drawn for any counts, including none, and are reproducible."""

import csv
import json

import pytest

from readsight.variants.benchmark_counts import BenchmarkCounts
from variants_compare import TABLE
from variants_plot import main
from variants_plot_structural import main as structural

SIZES = {"change": list(range(-49, 50)), **{name: [0] * 99 for name in ("tp", "fn", "query_tp", "fp")}}


@pytest.mark.parametrize("strata", [[], ["repeats"]])
def test_figures_are_drawn_without_calls_or_truth(tmp_path, strata):
    with open(tmp_path / "t.tsv", "w", newline="") as handle:
        table = csv.DictWriter(handle, TABLE, delimiter="\t")
        table.writeheader()
        table.writerows(
            {k: "" if v != v else v for k, v in row.items()}
            for row in BenchmarkCounts(["a"], strata, {"c": 10}, 5).iterate_rows(1)
        )
    empty = {"edges": [], "tp": [], "fp": []}
    (tmp_path / "s.json").write_text(json.dumps({"sizes": SIZES, "QUAL": empty, "DP": empty}))
    pictures = []
    for _ in range(2):
        out = [tmp_path / name for name in ("a.svg", "b.svg", "c.svg")]
        main(["x"], [tmp_path / "t.tsv"], [tmp_path / "s.json"], *out)
        pictures.append([path.read_bytes() for path in out])
    assert pictures[0] == pictures[1] and all(b"<svg" in picture for picture in pictures[0])


def test_figure_is_drawn_without_structural_variants(tmp_path):
    kinds = ["del", "dup", "inv", "ins", "all"]
    limits = [f"{metric}{limit}" for metric in ("precision", "recall", "f1") for limit in ("", "_low", "_high")]
    rows = ["\t".join(["sample", "type", "tp", "fn", "query_tp", "fp", *limits])] + [
        f"all\t{k}\t0\t0\t0\t0" + "\t" * 9 for k in kinds
    ]
    (tmp_path / "t.tsv").write_text("\n".join(rows) + "\n")
    (tmp_path / "s.tsv").write_text("contig\tstart\tend\ttype\tsize\tsample\tside\tstatus\tmatch\n")
    structural(["delly"], [tmp_path / "t.tsv"], [tmp_path / "s.tsv"], tmp_path / "a.svg")
    assert "<svg" in (tmp_path / "a.svg").read_text()
