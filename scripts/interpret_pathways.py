"""Gene set enrichment of the genes that are important to a model."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.errors import InputError
from readsight.formats import gmt as genesets
from readsight.stats.enrichment import adjust_p_values, over_representation, rank_test, rank_values, tie_correction
from readsight.step import step

log = logging.getLogger("readsight")

TOP = 50
SMALLEST, LARGEST = 5, 500
FDR = 0.05
SHOWN = 15
# Modalities in which fewer features (number, fraction) match genes of the sets are not genes (miRNA, methylation sites).
GENES, SHARE = 3, 0.01
COLUMNS = ("set", "description", "size", "measured", "seen", "in_top", "expected", "fold", "p_value", "padj", "p_seen", "padj_seen", "larger", "p_rank", "padj_rank", "genes_in_top")  # fmt: skip


@dataclass(frozen=True)
class GeneFeatures:
    """Features that are genes. gene_of: feature → gene, as named by the sets. modalities: name → ids, features, matched, taken."""

    gene_of: dict[str, str]
    modalities: dict[str, dict[str, Any]]


def match_genes(features: pd.DataFrame, sets: list[genesets.GeneSet], path: Path) -> GeneFeatures:
    """Match features to genes. features: index feature; columns modality, id, symbol.

    Raises InputError if no feature matches a gene of the sets.
    """
    modalities, genes_of, candidates = {}, {}, {}
    for name, rows in features.groupby("modality", sort=False):
        ids = {"id": list(rows["id"]), "symbol": list(rows["symbol"])}
        candidates |= {f"{name}.{kind}": column for kind, column in ids.items()}
        kind, genes, matched = genesets.choose_ids(ids, sets)
        genes_of[str(name)] = dict(zip(rows.index, genes, strict=True))
        is_used = bool(matched >= GENES and matched >= SHARE * len(rows))
        modalities[str(name)] = {"ids": kind, "features": len(rows), "matched": matched, "taken": is_used}
    best = max(modalities, key=lambda name: modalities[name]["matched"])
    if not modalities[best]["matched"]:
        raise InputError(genesets.describe_mismatch(path, sets, candidates))
    modalities[best]["taken"] = True
    gene_of = {f: g for name in modalities if modalities[name]["taken"] for f, g in genes_of[name].items() if g}
    return GeneFeatures(gene_of, modalities)


def rank_genes(stable: pd.DataFrame, genes: GeneFeatures) -> pd.DataFrame:
    """Importance of each gene used by the model, most stable first; of several features of a gene, the first.

    stable: rows of one method, in the order of `interpret_stability`.
    """
    rows = stable[stable.index.isin(genes.gene_of)]
    rows = rows.assign(gene=[genes.gene_of[feature] for feature in rows.index])
    return rows.drop_duplicates("gene").set_index("gene")[["importance"]]


def count_top_genes(gene_count: int) -> int:
    """Number of genes that count as top genes: 50, or a fifth of the genes used by the model if that is fewer."""
    return min(TOP, max(1, gene_count // 5))


def compare_gene_sets(importance: pd.Series, background: set[str], sets: list[genesets.GeneSet], count: int) -> pd.DataFrame:
    """Enrichment of each set with SMALLEST to LARGEST measured genes, sorted by the p-value of the rank test.

    Parameters
    ----------
    importance : of the genes used by the model, in order of stability.
    background : all measured genes.
    count : number of top genes; genes of importance 0 are excluded.

    Returns
    -------
    One row per set. `p_value` compares top genes with all measured genes, `p_seen` with the genes that passed feature
    selection; `p_rank` and `larger` (probability that a gene of the set is more important than a gene outside it) need no cut-off.
    """
    genes = list(importance.index)
    top = [gene for gene in genes[:count] if importance[gene] > 0]
    ranked, position_of = rank_values(importance.to_numpy()), {gene: i for i, gene in enumerate(genes)}
    ties, top_set, rows = tie_correction(ranked), set(top), []
    for gene_set in sets:
        measured_members = [gene for gene in gene_set.genes if gene in background]
        if not SMALLEST <= len(measured_members) <= LARGEST:
            continue
        ranked_members = [gene for gene in measured_members if gene in position_of]
        hits = [gene for gene in top if gene in set(measured_members)] if top_set.intersection(measured_members) else []
        inside = np.zeros(len(genes), bool)
        inside[[position_of[gene] for gene in ranked_members]] = True
        larger, p_rank = rank_test(ranked, inside, ties)
        expected = len(top) * len(measured_members) / len(background)
        rows.append(
            {
                "set": gene_set.name,
                "description": gene_set.description,
                "size": len(gene_set.genes),
                "measured": len(measured_members),
                "seen": len(ranked_members),
            }
            | {"in_top": len(hits), "expected": expected, "fold": len(hits) / expected if expected else np.nan}
            | {"p_value": over_representation(len(background), len(measured_members), len(top), len(hits))}
            | {"p_seen": over_representation(len(genes), len(ranked_members), len(top), len(hits))}
            | {"larger": larger, "p_rank": p_rank if len(ranked_members) >= SMALLEST else np.nan, "genes_in_top": " ".join(hits)}
        )
    table = pd.DataFrame(rows, columns=[c for c in COLUMNS if not c.startswith("padj")])
    for name in ("value", "seen", "rank"):
        table[f"padj{'' if name == 'value' else '_' + name}"] = adjust_p_values(table[f"p_{name}"])
    return table[list(COLUMNS)].sort_values(["p_rank", "p_value"], kind="stable", na_position="last").reset_index(drop=True)


def count_sets(sets: list[genesets.GeneSet], background: set[str]) -> dict[str, int]:
    """Numbers of gene sets: in total, excluded for their size after matching, and tested."""
    sizes = np.array([sum(gene in background for gene in gene_set.genes) for gene_set in sets])
    small, large = int((sizes < SMALLEST).sum()), int((sizes > LARGEST).sum())
    return {"sets": len(sets), "too_small": small, "too_large": large, "tested": len(sets) - small - large}


def select_shown_sets(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The most significant sets by either test, for the figure."""
    foremost = table.assign(least=table[["padj", "padj_rank"]].min(axis=1)).sort_values("least", kind="stable").head(SHOWN)
    return json.loads(foremost.drop(columns="least").to_json(orient="records"))


def summary_records(task: str, report: dict[str, Any]) -> list[dict[str, Any]]:
    """Numbers of significant sets per test, for the summary."""
    descriptions = {
        "rank": "Gene sets whose genes are more important than the remaining genes (rank test, false discovery rate 0.05)",
        "top": "Gene sets over-represented among the top genes (hypergeometric test against measured genes, false discovery rate 0.05)",
    }
    return [
        {"key": f"interpret.{task}.{method}.pathways.{kind}", "value": result["significant"][kind], "low": None, "high": None}
        | {"n": report["sets"]["tested"], "unit": "gene sets", "description": description}
        for method, result in report["methods"].items()
        for kind, description in descriptions.items()
    ]


def main(stability: Path, features: Path, gmt: Path, task: str, outputs: dict[str, Path]) -> None:
    """Test the gene sets for each attribution method. outputs: table, pathways, summary."""
    sets = genesets.read_gmt(gmt)
    feature_table = pd.read_csv(features, sep="\t", index_col="feature", dtype=str, keep_default_na=False)
    genes = match_genes(feature_table, sets, gmt)
    background = set(genes.gene_of.values())
    stable = pd.read_csv(stability, sep="\t", index_col="feature")
    methods, tables = {}, []
    for method, rows in stable.groupby("method", sort=False):
        importance = rank_genes(rows, genes)["importance"]
        count = count_top_genes(len(importance))
        table = compare_gene_sets(importance, background, sets, count)
        tables.append(table.assign(method=method))
        significant = {"rank": int((table["padj_rank"] < FDR).sum()), "top": int((table["padj"] < FDR).sum())}
        methods[method] = {
            "top": int((importance.iloc[:count] > 0).sum()),
            "seen": len(importance),
            "significant": significant,
            "sets": select_shown_sets(table),
        }
        log.info("%s: %d genes used by the model, top %d; %s", method, len(importance), count, significant)
    report = {"task": task, "file": str(gmt), "background": len(background), "modalities": genes.modalities}
    report |= {"sets": count_sets(sets, background), "sizes": [SMALLEST, LARGEST], "methods": methods}
    log.info("%s", {key: report[key] for key in ("background", "modalities", "sets")})
    outputs["pathways"].write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    pd.concat(tables).to_csv(outputs["table"], sep="\t", float_format="%.6g", index=False)
    outputs["summary"].write_text(json.dumps(summary_records(task, report), indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.stability,
            job.input.features,
            job.input.gmt,
            job.wildcards.task,
            {name: getattr(job.output, name) for name in ("table", "pathways", "summary")},
        )
