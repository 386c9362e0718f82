"""Gene set tests: a planted set ranks first, random rankings give uniform p-values, empty results are valid."""

import json

import numpy as np
import pandas as pd
import pytest

import interpret_pathways
import interpret_plot_pathways
from interpret_pathways import compare_gene_sets, count_sets, count_top_genes, match_genes, rank_genes
from readsight.errors import InputError
from readsight.formats.gmt import GeneSet

stats = pytest.importorskip("scipy.stats")

GENES = [f"G{i}" for i in range(600)]


def make_ranking(rng: np.random.Generator, planted: int = 0) -> pd.Series:
    """Importance of the genes, largest first; the first `planted` genes are more important."""
    values = rng.exponential(size=len(GENES)) + np.r_[np.full(planted, 6.0), np.zeros(len(GENES) - planted)]
    return pd.Series(values, index=GENES).sort_values(ascending=False)


def draw_sets(rng: np.random.Generator, count: int) -> list[GeneSet]:
    return [GeneSet(f"S{i}", "", tuple(rng.choice(GENES, rng.integers(8, 60), replace=False))) for i in range(count)]


def test_the_planted_set_comes_first_in_all_tests():
    rng = np.random.default_rng(1)
    sets = [*draw_sets(rng, 50), GeneSet("planted", "", tuple(GENES[:15]))]
    table = compare_gene_sets(make_ranking(rng, planted=15), set(GENES), sets, 50)
    assert table["set"][0] == "planted" and table["p_value"].idxmin() == table["p_seen"].idxmin() == 0
    first = table.iloc[0]
    assert first["in_top"] == 15 and first["expected"] == pytest.approx(50 * 15 / 600)
    assert max(first["padj"], first["padj_rank"]) < 1e-4 and set(first["genes_in_top"].split()) == set(GENES[:15])


def test_random_rankings_give_uniform_p_values():
    rng = np.random.default_rng(2)
    sets = draw_sets(rng, 1)
    tables = [compare_gene_sets(make_ranking(rng), set(GENES), sets, 50).iloc[0] for _ in range(400)]
    ranked = np.array([row["p_rank"] for row in tables])
    assert stats.kstest(ranked, "uniform").pvalue > 0.01
    p = np.array([row["p_value"] for row in tables])
    for level in (0.01, 0.05, 0.2):
        assert (p <= level).mean() <= level + 3 * np.sqrt(level / 400), "counts are discrete: p is never too small"


def test_feature_selection_alone_gives_no_enrichment():
    rng = np.random.default_rng(3)
    importance = make_ranking(rng)[lambda s: s.index.isin(GENES[:100])]
    table = compare_gene_sets(importance, set(GENES), [GeneSet("selected", "", tuple(GENES[:60]))], 50)
    assert table.loc[0, "p_value"] < 1e-6 < 0.01 < table.loc[0, "p_seen"] and table.loc[0, "p_rank"] > 0.01


def test_sets_outside_the_size_range_are_counted():
    sets = [
        GeneSet("few", "", ("G1", "G2", "G3", "G4", "X1", "X2")),
        GeneSet("five", "", tuple(GENES[:5])),
        GeneSet("all", "", tuple(GENES)),
    ]
    assert count_sets(sets, set(GENES)) == {"sets": 3, "too_small": 1, "too_large": 1, "tested": 1}
    assert list(compare_gene_sets(make_ranking(np.random.default_rng(4)), set(GENES), sets, 50)["set"]) == ["five"]


def test_genes_without_importance_are_not_top():
    importance = pd.Series([1.0] * 3 + [0.0] * 597, index=GENES)
    table = compare_gene_sets(importance, set(GENES), [GeneSet("s", "", tuple(GENES[:10]))], 50)
    assert table.loc[0, "in_top"] == 3 and table.loc[0, "expected"] == pytest.approx(3 * 10 / 600)


def make_features(**modalities: list[str]) -> pd.DataFrame:
    rows = [
        {"feature": f"{m}:{g}", "modality": m, "id": g, "symbol": s}
        for m, ids in modalities.items()
        for g, s in (i.split("/") for i in ids)
    ]
    return pd.DataFrame(rows).set_index("feature")


def test_modalities_without_genes_are_excluded(tmp_path):
    feature_table = make_features(mrna=[f"ENSG{i:011d}.4/" for i in range(9)], mirna=[f"hsa-{i}/" for i in range(9)])
    sets = [GeneSet("s", "", tuple(f"ENSG{i:011d}" for i in range(6)))]
    genes = match_genes(feature_table, sets, tmp_path / "s.gmt")
    assert len(genes.gene_of) == 9 and genes.gene_of["mrna:ENSG00000000003.4"] == "ENSG00000000003"
    assert genes.modalities["mirna"]["taken"] is False and genes.modalities["mrna"]["ids"] == "id"
    with pytest.raises(InputError, match="none of its 1 genes .TP53.* is a feature .*ENSG"):
        match_genes(feature_table, [GeneSet("s", "", ("TP53",))], tmp_path / "s.gmt")


def test_gene_takes_its_most_important_feature(tmp_path):
    feature_table = make_features(mrna=["p1/TP53", "p2/TP53", "p3/MYC"])
    genes = match_genes(feature_table, [GeneSet("s", "", ("TP53", "MYC"))], tmp_path / "s.gmt")
    stable = pd.DataFrame({"importance": [3.0, 2.0, 1.0]}, index=["mrna:p2", "mrna:p3", "mrna:p1"])
    assert rank_genes(stable, genes)["importance"].to_dict() == {"TP53": 3.0, "MYC": 2.0}


def test_top_genes_are_a_fraction_of_covered_genes():
    assert [count_top_genes(n) for n in (3, 100, 250, 5000)] == [1, 20, 50, 50]


EXAMS = {"methods": {"shap": {"exams": [{"exam": "completeness", "passed": False}], "passed": False}}}


@pytest.mark.parametrize(("genes", "rows"), [(GENES[:12], 1), (GENES[:2], 0)], ids=["some", "none"])
def test_results_are_written_with_and_without_sets(tmp_path, genes, rows):
    (tmp_path / "s.gmt").write_text("A_very_long_name_of_a_set_that_goes_on_and_on_and_on\tx\t" + "\t".join(genes) + "\n")
    make_features(mrna=[f"{g}/" for g in GENES]).assign(description="").to_csv(tmp_path / "f.tsv", sep="\t")
    importance = make_ranking(np.random.default_rng(6), planted=12)
    stable = pd.DataFrame({"importance": importance.to_numpy(), "method": "shap"}, index=[f"mrna:{g}" for g in importance.index])
    stable.rename_axis("feature").to_csv(tmp_path / "stable.tsv", sep="\t")
    outputs = {name: tmp_path / name for name in ("table", "pathways", "summary")}
    interpret_pathways.main(tmp_path / "stable.tsv", tmp_path / "f.tsv", tmp_path / "s.gmt", "t", outputs)
    table = pd.read_csv(outputs["table"], sep="\t")
    assert len(table) == rows and {"padj", "padj_seen", "padj_rank", "method"} < set(table.columns)
    summary = {row["key"]: row for row in json.loads(outputs["summary"].read_text())}
    assert summary["interpret.t.shap.pathways.rank"]["value"] == rows
    (tmp_path / "e.json").write_text(json.dumps(EXAMS))
    interpret_plot_pathways.main(outputs["pathways"], tmp_path / "e.json", tmp_path / "p.svg")
    assert "</svg>" in (tmp_path / "p.svg").read_text()
