"""Comparison of measured with planted expression: rank correlation and classification of differential genes."""

import json

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

import expression_plot_compare
from expression_compare import classify_genes, differential_records, main, overall_correlation, sample_correlation, spearman

TRUTH = {
    "differential": {
        "g1": {"gene_name": "A", "log2_fold_change": 1.0},
        "g2": {"gene_name": "B", "log2_fold_change": -1.0},
        "g3": {"gene_name": "C", "log2_fold_change": -1.0},
    },
    "by_variants": {"g4": 0.5},
}
CONTRAST = {"reference": "control", "tested": "case"}


def make_results(**padj):
    """Results of genes g1 … g6; g1 and g3 are measured up, g2 down."""
    change = {"g1": 1.2, "g2": -0.9, "g3": 0.8, "g4": 0.6, "g5": 0.1, "g6": -0.2}
    rows = [[g.upper(), x, x - 0.5, x + 0.5, padj.get(g, 0.9)] for g, x in change.items()]
    columns = ["gene_name", "log2_fold_change", "low", "high", "padj"]
    return pd.DataFrame(rows, index=pd.Index(list(change), name="gene_id"), columns=columns)


def test_genes_are_classified_against_planted_changes():
    table = classify_genes(make_results(g1=0.01, g3=0.02, g4=0.001, g5=0.04), TRUTH, CONTRAST).set_index("gene_id")
    states = {"g1": "found", "g2": "missed", "g3": "opposite", "g4": "by variants", "g5": "false", "g6": "none"}
    assert dict(table["state"]) == states
    figures = {r["key"].rsplit(".", 1)[1]: r for r in differential_records(table)}
    assert figures["recall"]["value"] == pytest.approx(1 / 3) and figures["recall"]["n"] == 3
    assert figures["false_discovery_rate"]["value"] == pytest.approx(2 / 4), "the false and the opposite gene"
    assert figures["found_by_variants"]["value"] == 1
    assert figures["recall"]["low"] < 1 / 3 < figures["recall"]["high"]


def test_exchanging_groups_changes_signs():
    table = classify_genes(make_results(g1=0.01, g2=0.01), TRUTH, {"reference": "case", "tested": "control"}).set_index("gene_id")
    assert table.loc["g1", "planted"] == -1 and table.loc["g1", "state"] == "opposite"


def test_no_discoveries_give_no_false_discovery_rate():
    figures = {r["key"].rsplit(".", 1)[1]: r for r in differential_records(classify_genes(make_results(), TRUTH, CONTRAST))}
    assert figures["recall"]["value"] == 0 and figures["false_discovery_rate"]["value"] is None


def test_rank_correlation_matches_scipy():
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 6, 50), rng.integers(0, 6, 50)
    assert spearman(a, b) == pytest.approx(spearmanr(a, b).statistic)
    assert sample_correlation(a, a) == (1, 1, 1) and np.isnan(spearman(np.ones(5), np.arange(5)))


def test_correlation_interval_has_nominal_coverage():
    rng = np.random.default_rng(2)
    rho = 0.8
    true = 6 / np.pi * np.arcsin(rho / 2)
    inside = 0
    for _ in range(400):
        x = rng.normal(size=60)
        y = rho * x + np.sqrt(1 - rho**2) * rng.normal(size=60)
        _, low, high = sample_correlation(x, y)
        inside += low <= true <= high
    assert 0.92 <= inside / 400 <= 0.98


def test_interval_resamples_genes():
    rng = np.random.default_rng(3)
    planted = np.exp(rng.normal(size=(5, 30)))
    value, low, high = overall_correlation(planted, planted * np.exp(rng.normal(0, 0.3, (5, 30))), seed=1)
    assert low < value < high < 1


@pytest.mark.parametrize("has_contrast", [True, False])
def test_the_step_writes_tables_figures_and_summary(tmp_path, has_contrast):
    rng = np.random.default_rng(4)
    tpm = pd.DataFrame(rng.uniform(1, 1e5, (6, 3)), index=[f"g{i}" for i in range(1, 7)], columns=["s1", "s2", "s3"])
    tpm.rename_axis("gene_id").to_csv(tmp_path / "levels.tsv", sep="\t")
    order = ["g3", "g1", "g2", "g6", "g5", "g4"]
    data = anndata.AnnData(
        np.zeros((2, 6)), obs=pd.DataFrame(index=["s2", "s1"]), var=pd.DataFrame(index=order),
        layers={"tpm": tpm.loc[order, ["s2", "s1"]].to_numpy().T},
    )  # fmt: skip
    data.write_h5ad(tmp_path / "e.h5ad")
    (tmp_path / "truth.json").write_text(json.dumps(TRUTH))
    make_results(g1=0.01).to_csv(tmp_path / "d.tsv", sep="\t")
    out = [tmp_path / n for n in ("levels.out.tsv", "genes.tsv", "s.json")]
    contrast = CONTRAST if has_contrast else {}
    main(
        tmp_path / "e.h5ad", tmp_path / "levels.tsv", tmp_path / "truth.json",
        tmp_path / "d.tsv" if has_contrast else None, contrast, 1, *out,
    )  # fmt: skip
    figures = {r["key"]: r for r in json.loads(out[2].read_text())}
    assert figures["demo.expression.spearman.s1"]["value"] == 1, "samples and genes are matched by name"
    assert ("demo.expression.recall" in figures) == has_contrast
    figure_paths = tmp_path / "a.svg", tmp_path / "b.svg"
    expression_plot_compare.main(out[0], out[1], *figure_paths)
    assert all("<svg" in path.read_text() for path in figure_paths)
