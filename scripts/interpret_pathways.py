"""Test gene sets for standing out among the genes that a model goes by."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.errors import InputError
from readsight.formats import gmt as genesets
from readsight.stats.enrichment import adjusted, over_representation, rank_test, ranks, tied
from readsight.step import step

log = logging.getLogger("readsight")

TOP = 50
SMALLEST, LARGEST = 5, 500
FDR = 0.05
SHOWN = 15
# A modality of which fewer features are genes of any set is not one of genes (miRNA, methylation sites).
GENES, SHARE = 3, 0.01
COLUMNS = ("set", "description", "size", "measured", "seen", "in_top", "expected", "fold", "p_value", "padj", "p_seen", "padj_seen", "larger", "p_rank", "padj_rank", "genes_in_top")  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """Features that are genes. gene: feature → gene, as the sets call it. modalities: name → kind of id, features, matched."""

    gene: dict[str, str]
    modalities: dict[str, dict[str, Any]]


def measured(features: pd.DataFrame, sets: list[genesets.GeneSet], path: Path) -> Measured:
    """Genes of the modalities of genes. features: index feature; modality, id, symbol.

    Raises InputError where no gene of the sets is there.
    """
    modalities, own, candidates = {}, {}, {}
    for name, rows in features.groupby("modality", sort=False):
        ids = {"id": list(rows["id"]), "symbol": list(rows["symbol"])}
        candidates |= {f"{name}.{kind}": column for kind, column in ids.items()}
        kind, found, matched = genesets.best_ids(ids, sets)
        own[str(name)] = dict(zip(rows.index, found, strict=True))
        taken = bool(matched >= GENES and matched >= SHARE * len(rows))
        modalities[str(name)] = {"ids": kind, "features": len(rows), "matched": matched, "taken": taken}
    best = max(modalities, key=lambda name: modalities[name]["matched"])
    if not modalities[best]["matched"]:
        raise InputError(genesets.unmatched(path, sets, candidates))
    modalities[best]["taken"] = True
    gene = {f: g for name in modalities if modalities[name]["taken"] for f, g in own[name].items() if g}
    return Measured(gene, modalities)


def by_gene(stable: pd.DataFrame, genes: Measured) -> pd.DataFrame:
    """Importance a gene that the model saw, stable ones first; of several features of a gene, the foremost.

    stable: rows of one method, as `interpret_stability` sorts them.
    """
    rows = stable[stable.index.isin(genes.gene)]
    rows = rows.assign(gene=[genes.gene[feature] for feature in rows.index])
    return rows.drop_duplicates("gene").set_index("gene")[["importance"]]


def size_of_top(seen: int) -> int:
    """How many genes are called top ones: 50, or a fifth of those that the model saw where they are few."""
    return min(TOP, max(1, seen // 5))


def compared(importance: pd.Series, background: set[str], sets: list[genesets.GeneSet], count: int) -> pd.DataFrame:
    """A row a set of SMALLEST to LARGEST measured genes, the lowest p of ranks first.

    importance: of the genes that the model saw, in order of their stability. background: all measured genes.
    count: top genes; of these, such as move nothing (importance 0) are left out.
    `p_value` tests the top genes against all measured ones, `p_seen` against those that the selection let through to the
    model; `p_rank` and `larger` (chance that a gene of the set is of more importance than another) need no cut-off.
    """
    seen = list(importance.index)
    top = [gene for gene in seen[:count] if importance[gene] > 0]
    ranked, place = ranks(importance.to_numpy()), {gene: i for i, gene in enumerate(seen)}
    ties, chosen, rows = tied(ranked), set(top), []
    for own in sets:
        there = [gene for gene in own.genes if gene in background]
        if not SMALLEST <= len(there) <= LARGEST:
            continue
        among = [gene for gene in there if gene in place]
        hits = [gene for gene in top if gene in set(there)] if chosen.intersection(there) else []
        inside = np.zeros(len(seen), bool)
        inside[[place[gene] for gene in among]] = True
        larger, p_rank = rank_test(ranked, inside, ties)
        expected = len(top) * len(there) / len(background)
        rows.append(
            {"set": own.name, "description": own.description, "size": len(own.genes), "measured": len(there), "seen": len(among)}
            | {"in_top": len(hits), "expected": expected, "fold": len(hits) / expected if expected else np.nan}
            | {"p_value": over_representation(len(background), len(there), len(top), len(hits))}
            | {"p_seen": over_representation(len(seen), len(among), len(top), len(hits))}
            | {"larger": larger, "p_rank": p_rank if len(among) >= SMALLEST else np.nan, "genes_in_top": " ".join(hits)}
        )
    found = pd.DataFrame(rows, columns=[c for c in COLUMNS if not c.startswith("padj")])
    for name in ("value", "seen", "rank"):
        found[f"padj{'' if name == 'value' else '_' + name}"] = adjusted(found[f"p_{name}"])
    return found[list(COLUMNS)].sort_values(["p_rank", "p_value"], kind="stable", na_position="last").reset_index(drop=True)


def counted(sets: list[genesets.GeneSet], background: set[str]) -> dict[str, int]:
    """How many sets there are, and how many were left out for their size after matching."""
    sizes = np.array([sum(gene in background for gene in own.genes) for own in sets])
    small, large = int((sizes < SMALLEST).sum()), int((sizes > LARGEST).sum())
    return {"sets": len(sets), "too_small": small, "too_large": large, "tested": len(sets) - small - large}


def drawn(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The foremost sets by either test, for the figure."""
    first = table.assign(least=table[["padj", "padj_rank"]].min(axis=1)).sort_values("least", kind="stable").head(SHOWN)
    return json.loads(first.drop(columns="least").to_json(orient="records"))


def records(task: str, found: dict[str, Any]) -> list[dict[str, Any]]:
    """How many sets stand out, by each test, for the summary."""
    words = {
        "rank": "Gene sets whose genes are of more importance than others (test of ranks, false discovery rate 0.05)",
        "top": "Gene sets over-represented among the top genes (hypergeometric test against measured genes, false discovery rate 0.05)",
    }
    return [
        {"key": f"interpret.{task}.{method}.pathways.{kind}", "value": held["significant"][kind], "low": None, "high": None}
        | {"n": found["sets"]["tested"], "unit": "gene sets", "description": said}
        for method, held in found["methods"].items()
        for kind, said in words.items()
    ]


def main(stability: Path, features: Path, gmt: Path, task: str, outputs: dict[str, Path]) -> None:
    """outputs: table, pathways, summary."""
    sets = genesets.read(gmt)
    about = pd.read_csv(features, sep="\t", index_col="feature", dtype=str, keep_default_na=False)
    genes = measured(about, sets, gmt)
    background = set(genes.gene.values())
    stable = pd.read_csv(stability, sep="\t", index_col="feature")
    methods, tables = {}, []
    for method, rows in stable.groupby("method", sort=False):
        importance = by_gene(rows, genes)["importance"]
        count = size_of_top(len(importance))
        table = compared(importance, background, sets, count)
        tables.append(table.assign(method=method))
        significant = {"rank": int((table["padj_rank"] < FDR).sum()), "top": int((table["padj"] < FDR).sum())}
        methods[method] = {
            "top": int((importance.iloc[:count] > 0).sum()),
            "seen": len(importance),
            "significant": significant,
            "sets": drawn(table),
        }
        log.info("%s: %d genes seen, top %d; %s", method, len(importance), count, significant)
    found = {"task": task, "file": str(gmt), "background": len(background), "modalities": genes.modalities}
    found |= {"sets": counted(sets, background), "sizes": [SMALLEST, LARGEST], "methods": methods}
    log.info("%s", {key: found[key] for key in ("background", "modalities", "sets")})
    outputs["pathways"].write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    pd.concat(tables).to_csv(outputs["table"], sep="\t", float_format="%.6g", index=False)
    outputs["summary"].write_text(json.dumps(records(task, found), indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.stability,
            job.input.features,
            job.input.gmt,
            job.wildcards.task,
            {name: getattr(job.output, name) for name in ("table", "pathways", "summary")},
        )
