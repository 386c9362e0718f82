"""Figures are drawn for cohorts of any size, reproducibly, and coloured by result."""

import json

import numpy as np
import pandas as pd
import pytest

import expression_plot
import expression_plot_differential
import expression_plot_gene_body
from expression_plot_differential import DOWN, GREY, UP, gene_colours


def make_overview(n: int, label: bool = True, batch: bool = True) -> dict:
    rng = np.random.default_rng(n)
    correlation = rng.uniform(0.8, 1, (n, n))
    return {
        "samples": [f"s{i}" for i in range(n)],
        "label": {"column": "group" if label else None, "values": ["a", "b"] * (n // 2) + ["a"] * (n % 2) if label else None},
        "batch": {"column": "batch" if batch else None, "values": [f"b{i % 3}" for i in range(n)] if batch else None},
        "components": rng.normal(size=(n, min(5, max(1, n - 1)))).tolist(),
        "shares": [0.5, 0.3, 0.1, 0.05, 0.05][: min(5, max(1, n - 1))],
        "correlation": np.where(np.eye(n) > 0, 1.0, (correlation + correlation.T) / 2).tolist(),
        "quantiles": {"at": [0.05, 0.25, 0.5, 0.75, 0.95], "values": np.sort(rng.uniform(0, 12, (n, 5))).tolist(), "of": "v"},
        "compared": list(range(n)),
        "genes": 1234,
        "called": "expressed genes",
    }


def draw_figures(folder, overview) -> list[bytes]:
    (folder / "overview.json").write_text(json.dumps(overview))
    paths = [folder / f"{name}.svg" for name in ("components", "likeness", "spread")]
    expression_plot.main(folder / "overview.json", *paths)
    return [path.read_bytes() for path in paths]


@pytest.mark.parametrize(
    "overview",
    [make_overview(1, batch=False), make_overview(2, label=False), make_overview(6), make_overview(80)],
    ids=[1, 2, 6, 80],
)
def test_cohorts_of_any_size_are_drawn(tmp_path, overview):
    assert all(b"</svg>" in figure for figure in draw_figures(tmp_path, overview))


def test_the_same_cohort_gives_the_same_bytes(tmp_path):
    assert draw_figures(tmp_path, make_overview(6)) == draw_figures(tmp_path, make_overview(6))


def test_samples_are_sorted_by_group_and_then_by_batch():
    overview = make_overview(5)
    order = expression_plot.sample_order(overview)
    pairs = [(overview["label"]["values"][i], overview["batch"]["values"][i]) for i in order]
    assert pairs == sorted(pairs)


def make_results() -> pd.DataFrame:
    rows = {"up": (100, 2, 0.001), "down": (50, -2, 0.01), "same": (10, 3, 0.2), "left": (1, 3, np.nan), "silent": (np.nan,) * 3}
    results = pd.DataFrame(rows, index=["base_mean", "log2_fold_change", "padj"]).T
    return results.assign(gene_name=results.index, p_value=results["padj"], shrunken=results["log2_fold_change"] / 2).rename_axis(
        "gene_id"
    )


def test_subsampled_cohort_is_drawn(tmp_path):
    overview = make_overview(80)
    overview |= {"compared": [3, 5, 70], "correlation": [[1, 0.5, 0.4], [0.5, 1, 0.3], [0.4, 0.3, 1]]}
    assert all(b"</svg>" in figure for figure in draw_figures(tmp_path, overview))


def test_labels_go_to_largest_shrunken_changes():
    results = make_results().assign(padj=[0.01, 0.01, 0.2, np.nan, np.nan], shrunken=[0.1, -2, 5, 5, np.nan])
    assert expression_plot_differential.rank_genes(results) == ["down", "up"]


def test_colour_shows_direction_of_significant_genes():
    assert list(gene_colours(make_results())) == [UP, DOWN, GREY, GREY, GREY]


@pytest.mark.parametrize(
    "results",
    [make_results(), make_results()[:0], make_results()[4:], make_results().assign(padj=0.0)],
    ids=["some", "none", "silent", "zero"],
)
def test_results_of_any_kind_are_drawn(tmp_path, results):
    results.to_csv(tmp_path / "t.tsv", sep="\t")
    paths = tmp_path / "volcano.svg", tmp_path / "abundance.svg"
    expression_plot_differential.main(tmp_path / "t.tsv", "a", "b", *paths)
    assert all("</svg>" in path.read_text() for path in paths)


@pytest.mark.parametrize("count", [0, 1, 3, 20])
def test_gene_body_coverage_is_drawn_for_any_cohort(tmp_path, count):
    paths = [tmp_path / f"{i}.tsv" for i in range(max(count, 1))]
    for i, path in enumerate(paths):
        rows = [f"{b}\t{1 + i * (b - 10.5) / 200:.3f}" for b in range(1, 21)] if count else []
        path.write_text("\n".join(["bin\tcoverage", *rows]) + "\n")
    expression_plot_gene_body.main(paths, [f"s{i}" for i in range(len(paths))], tmp_path / "b.svg")
    assert "</svg>" in (tmp_path / "b.svg").read_text()


def test_end_bias_of_rising_curve():
    rising = np.linspace(0.5, 1.5, 20)
    assert expression_plot_gene_body.end_bias(rising) == pytest.approx(-expression_plot_gene_body.end_bias(rising[::-1]))
    assert expression_plot_gene_body.end_bias(rising) > 0
    assert expression_plot_gene_body.end_bias(np.ones(20)) == 0
