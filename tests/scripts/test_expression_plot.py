"""Figures of the cohort: drawn whatever the cohort is like, the same each time, and coloured by what was found."""

import json

import numpy as np
import pandas as pd
import pytest

import expression_plot
import expression_plot_differential
import expression_plot_gene_body
from expression_plot_differential import DOWN, GREY, UP, colours


def overview(n: int, label: bool = True, batch: bool = True) -> dict:
    draw = np.random.default_rng(n)
    near = draw.uniform(0.8, 1, (n, n))
    return {
        "samples": [f"s{i}" for i in range(n)],
        "label": {"column": "group" if label else None, "values": ["a", "b"] * (n // 2) + ["a"] * (n % 2) if label else None},
        "batch": {"column": "batch" if batch else None, "values": [f"b{i % 3}" for i in range(n)] if batch else None},
        "components": draw.normal(size=(n, min(5, max(1, n - 1)))).tolist(),
        "shares": [0.5, 0.3, 0.1, 0.05, 0.05][: min(5, max(1, n - 1))],
        "correlation": np.where(np.eye(n) > 0, 1.0, (near + near.T) / 2).tolist(),
        "quantiles": {"at": [0.05, 0.25, 0.5, 0.75, 0.95], "values": np.sort(draw.uniform(0, 12, (n, 5))).tolist(), "of": "v"},
        "compared": list(range(n)),
        "genes": 1234,
        "called": "expressed genes",
    }


def drawn(folder, found) -> list[bytes]:
    (folder / "overview.json").write_text(json.dumps(found))
    paths = [folder / f"{name}.svg" for name in ("components", "likeness", "spread")]
    expression_plot.main(folder / "overview.json", *paths)
    return [path.read_bytes() for path in paths]


@pytest.mark.parametrize(
    "found", [overview(1, batch=False), overview(2, label=False), overview(6), overview(80)], ids=[1, 2, 6, 80]
)
def test_cohorts_of_any_size_are_drawn(tmp_path, found):
    assert all(b"</svg>" in figure for figure in drawn(tmp_path, found))


def test_the_same_cohort_gives_the_same_bytes(tmp_path):
    assert drawn(tmp_path, overview(6)) == drawn(tmp_path, overview(6))


def test_samples_are_sorted_by_group_and_then_by_batch():
    found = overview(5)
    places = expression_plot.order(found)
    pairs = [(found["label"]["values"][i], found["batch"]["values"][i]) for i in places]
    assert pairs == sorted(pairs)


def table() -> pd.DataFrame:
    rows = {"up": (100, 2, 0.001), "down": (50, -2, 0.01), "same": (10, 3, 0.2), "left": (1, 3, np.nan), "silent": (np.nan,) * 3}
    given = pd.DataFrame(rows, index=["base_mean", "log2_fold_change", "padj"]).T
    return given.assign(gene_name=given.index, p_value=given["padj"], shrunken=given["log2_fold_change"] / 2).rename_axis(
        "gene_id"
    )


def test_of_a_large_cohort_those_that_were_compared_are_drawn(tmp_path):
    found = overview(80)
    found |= {"compared": [3, 5, 70], "correlation": [[1, 0.5, 0.4], [0.5, 1, 0.3], [0.4, 0.3, 1]]}
    assert all(b"</svg>" in figure for figure in drawn(tmp_path, found))


def test_names_go_to_genes_that_differ_and_change_most_once_shrunken():
    given = table().assign(padj=[0.01, 0.01, 0.2, np.nan, np.nan], shrunken=[0.1, -2, 5, 5, np.nan])
    assert expression_plot_differential.best(given) == ["down", "up"]


def test_colour_tells_direction_only_where_a_gene_differs():
    assert list(colours(table())) == [UP, DOWN, GREY, GREY, GREY]


@pytest.mark.parametrize(
    "given", [table(), table()[:0], table()[4:], table().assign(padj=0.0)], ids=["some", "none", "silent", "zero"]
)
def test_results_of_any_kind_are_drawn(tmp_path, given):
    given.to_csv(tmp_path / "t.tsv", sep="\t")
    paths = tmp_path / "volcano.svg", tmp_path / "abundance.svg"
    expression_plot_differential.main(tmp_path / "t.tsv", "a", "b", *paths)
    assert all("</svg>" in path.read_text() for path in paths)


@pytest.mark.parametrize("count", [0, 1, 3, 20])
def test_coverage_along_genes_is_drawn_for_any_number_of_samples(tmp_path, count):
    paths = [tmp_path / f"{i}.tsv" for i in range(max(count, 1))]
    for i, path in enumerate(paths):
        rows = [f"{b}\t{1 + i * (b - 10.5) / 200:.3f}" for b in range(1, 21)] if count else []
        path.write_text("\n".join(["bin\tcoverage", *rows]) + "\n")
    expression_plot_gene_body.main(paths, [f"s{i}" for i in range(len(paths))], tmp_path / "b.svg")
    assert "</svg>" in (tmp_path / "b.svg").read_text()


def test_a_curve_that_rises_leans_to_the_end():
    rising = np.linspace(0.5, 1.5, 20)
    assert expression_plot_gene_body.lean(rising) == pytest.approx(-expression_plot_gene_body.lean(rising[::-1]))
    assert expression_plot_gene_body.lean(rising) > 0
    assert expression_plot_gene_body.lean(np.ones(20)) == 0
