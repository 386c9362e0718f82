"""Compare measured expression with what was planted: TPM gene by gene, and the differential genes that were found."""

import json
import logging
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight.stats.confidence_intervals import UNDEFINED, Interval, normal_quantile, percentiles, wilson
from readsight.step import step

log = logging.getLogger("readsight")

FDR = 0.05
DRAWS = 1000
GROUPS = {"case", "control"}


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Rank correlation, ties at their mean rank; NaN where one side is constant."""
    one, other = (pd.Series(np.ravel(side)).rank() for side in (a, b))
    return float(one.corr(other)) if one.nunique() > 1 < other.nunique() else float("nan")


def of_sample(planted: np.ndarray, measured: np.ndarray) -> Interval:
    """Spearman over genes with its 95 % interval by Fisher's z, of the variance that Bonett & Wright (2000) give."""
    r, n = spearman(planted, measured), len(planted)
    if not np.isfinite(r) or n < 4:
        return UNDEFINED
    if abs(r) > 1 - 1e-12:
        return Interval(r, r, r)
    half = normal_quantile(0.975) * np.sqrt((1 + r**2 / 2) / (n - 3))
    return Interval(r, float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half)))


def of_all(planted: np.ndarray, measured: np.ndarray, seed: int) -> Interval:
    """Spearman over all genes of all samples together, its interval by resampling whole genes. (samples, genes) both."""
    rng, genes = np.random.default_rng(seed), planted.shape[1]
    rows = rng.integers(0, genes, (DRAWS, genes))
    drawn = np.array([spearman(planted[:, row], measured[:, row]) for row in rows])
    return Interval(spearman(planted, measured), *percentiles(drawn))


def of_genes(planted: np.ndarray, measured: np.ndarray) -> float:
    """The median over genes of Spearman over samples: whether samples rank as they should, gene by gene."""
    return float(np.nanmedian([spearman(p, m) for p, m in zip(planted.T, measured.T, strict=True)]))


def judged(found: pd.DataFrame, truth: dict[str, Any], contrast: dict[str, Any]) -> pd.DataFrame:
    """Each gene as planted and as found: planted, measured (log2 fold changes), padj, and `state`.

    planted: between these donors, by the label and by their variants. state: found, missed, opposite (significant, the wrong way round), false, by variants (found, and the donors'
    own variants do move the groups apart there), or none. found: the table of differential genes, by gene_id.
    """
    sign = 1 if contrast["tested"] == "case" else -1
    planted = {gene: of["log2_fold_change"] for gene, of in truth["differential"].items()}
    changes = truth["by_variants"] | planted
    rows = []
    for gene, row in found.iterrows():
        change, significant = sign * changes.get(gene, 0.0), row["padj"] < FDR
        if gene in planted:
            right = row["log2_fold_change"] * change > 0
            state = ("found" if right else "opposite") if significant else "missed"
        else:
            state = ("by variants" if gene in changes else "false") if significant else "none"
        rows.append([gene, row["gene_name"], change, row["log2_fold_change"], row["low"], row["high"], row["padj"], state])
    columns = ["gene_id", "gene_name", "planted", "measured", "low", "high", "padj", "state"]
    return pd.DataFrame(rows, columns=columns)


def record(key: str, interval: Interval, n: int, unit: str, words: str) -> dict[str, Any]:
    held = {k: None if v is None or not np.isfinite(v) else v for k, v in interval._asdict().items()}
    return {"key": f"demo.expression.{key}"} | held | {"n": n, "unit": unit, "description": words}


def of_levels(samples: list[str], planted: np.ndarray, measured: np.ndarray, seed: int) -> list[dict[str, Any]]:
    """Figures of the levels: of all, of genes, of each sample."""
    genes = planted.shape[1]
    each = [of_sample(p, m) for p, m in zip(planted, measured, strict=True)]
    nothing = {"low": None, "high": None}
    found = [
        record("spearman", of_all(planted, measured, seed), genes, "correlation", "TPM against planted TPM, all genes of all samples"),
        record("spearman_across_samples", Interval(of_genes(planted, measured), *nothing.values()), genes, "correlation",
               "TPM against planted TPM of a gene over the samples, the median of the genes"),
    ]  # fmt: skip
    words = "TPM against planted TPM, over the genes of sample {}"
    return found + [
        record(f"spearman.{sample}", value, genes, "correlation", words.format(sample))
        for sample, value in zip(samples, each, strict=True)
    ]


def of_differential(genes: pd.DataFrame) -> list[dict[str, Any]]:
    """Recall and observed false discovery rate, with Wilson's intervals."""
    count = genes["state"].value_counts()
    hits, lost, false, moved = (int(count.get(s, 0)) for s in ("found", "missed", "false", "by variants"))
    wrong = false + int(count.get("opposite", 0))
    planted, found = hits + lost + wrong - false, hits + wrong + moved
    words = "genes that the label changes, by planted factors"
    return [
        record("recall", wilson(hits, planted), planted, "fraction", f"Planted differential genes ({words}) found at FDR {FDR}"),
        record("false_discovery_rate", wilson(wrong, found), found, "fraction",
               f"Of the genes found at FDR {FDR}, those that differ neither by the label nor by the donors' own variants"),
        record("found_by_variants", Interval(moved, None, None), found, "genes",
               "Genes found that the label leaves alone, and the donors' own variants move apart"),
    ]  # fmt: skip


def main(
    data: Path, levels: Path, truth: Path, differential: Path | None, contrast: dict[str, Any], seed: int,
    table: Path, genes: Path, summary: Path,
) -> None:  # fmt: skip
    """differential: None where no contrast was asked for. contrast: reference and tested."""
    measured = anndata.read_h5ad(data)
    planted = pd.read_csv(levels, sep="\t", index_col="gene_id")
    samples = [s for s in measured.obs_names if s in planted.columns]
    ours = pd.DataFrame(np.asarray(measured[samples].layers["tpm"], float), index=samples, columns=measured.var_names)
    ours = ours[list(planted.index)]
    theirs = planted[samples].T
    long = pd.DataFrame(
        {
            "sample": np.repeat(samples, ours.shape[1]),
            "gene_id": np.tile(ours.columns, len(samples)),
            "planted_tpm": theirs.to_numpy().ravel(),
            "tpm": ours.to_numpy().ravel(),
        }
    )
    long.to_csv(table, sep="\t", index=False, float_format="%.6g")
    figures = of_levels(samples, theirs.to_numpy(), ours.to_numpy(), seed)
    judgement = judged(pd.DataFrame(columns=["padj"]), json.loads(truth.read_text()), {"tested": "case"})
    if differential and {contrast["reference"], contrast["tested"]} == GROUPS:
        found = pd.read_csv(differential, sep="\t", index_col="gene_id")
        judgement = judged(found, json.loads(truth.read_text()), contrast)
        figures += of_differential(judgement)
    judgement.to_csv(genes, sep="\t", index=False, float_format="%.6g")
    summary.write_text(json.dumps(figures, indent=1) + "\n")
    log.info("Spearman %.3f over %d samples; %s", figures[0]["value"], len(samples), dict(judgement["state"].value_counts()))


if __name__ == "__main__":
    with step(snakemake) as job:
        main(
            job.input.data,
            job.input.levels,
            job.input.truth,
            job.input.get("differential") or None,
            dict(job.params.contrast),
            job.params.seed,
            job.output.table,
            job.output.genes,
            job.output.summary,
        )
