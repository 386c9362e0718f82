"""Compare measured with planted expression: TPM per gene, and detected differential genes."""

import json
import logging
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight.stats.confidence_intervals import UNDEFINED, Interval, normal_quantile, percentile_interval, wilson_interval
from readsight.step import step

log = logging.getLogger("readsight")

FDR = 0.05
RESAMPLES = 1000
GROUPS = {"case", "control"}


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman rank correlation; NaN if one side is constant."""
    ranks_a, ranks_b = (pd.Series(np.ravel(side)).rank() for side in (a, b))
    return float(ranks_a.corr(ranks_b)) if ranks_a.nunique() > 1 < ranks_b.nunique() else float("nan")


def sample_correlation(planted: np.ndarray, measured: np.ndarray) -> Interval:
    """Spearman correlation over genes; 95 % interval by Fisher's z with the variance of Bonett & Wright (2000)."""
    r, n = spearman(planted, measured), len(planted)
    if not np.isfinite(r) or n < 4:
        return UNDEFINED
    if abs(r) > 1 - 1e-12:
        return Interval(r, r, r)
    half = normal_quantile(0.975) * np.sqrt((1 + r**2 / 2) / (n - 3))
    return Interval(r, float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half)))


def overall_correlation(planted: np.ndarray, measured: np.ndarray, seed: int) -> Interval:
    """Spearman correlation over all genes and samples; interval by resampling genes. Both inputs: (samples, genes)."""
    rng, genes = np.random.default_rng(seed), planted.shape[1]
    rows = rng.integers(0, genes, (RESAMPLES, genes))
    drawn = np.array([spearman(planted[:, row], measured[:, row]) for row in rows])
    return Interval(spearman(planted, measured), *percentile_interval(drawn))


def median_gene_correlation(planted: np.ndarray, measured: np.ndarray) -> float:
    """Median over genes of the Spearman correlation across samples."""
    return float(np.nanmedian([spearman(p, m) for p, m in zip(planted.T, measured.T, strict=True)]))


def classify_genes(results: pd.DataFrame, truth: dict[str, Any], contrast: dict[str, Any]) -> pd.DataFrame:
    """Classify each gene by planted and measured change.

    Columns planted and measured are log2 fold changes; planted includes label and variants of these donors. state: found (detected),
    missed, opposite (significant with the wrong sign), false, by variants (significant, and explained by the donors'
    variants), or none. results: table of differential expression, by gene_id.
    """
    sign = 1 if contrast["tested"] == "case" else -1
    planted = {gene: effect["log2_fold_change"] for gene, effect in truth["differential"].items()}
    changes = truth["by_variants"] | planted
    rows = []
    for gene, row in results.iterrows():
        change, significant = sign * changes.get(gene, 0.0), row["padj"] < FDR
        if gene in planted:
            is_same_sign = row["log2_fold_change"] * change > 0
            state = ("found" if is_same_sign else "opposite") if significant else "missed"
        else:
            state = ("by variants" if gene in changes else "false") if significant else "none"
        rows.append([gene, row["gene_name"], change, row["log2_fold_change"], row["low"], row["high"], row["padj"], state])
    columns = ["gene_id", "gene_name", "planted", "measured", "low", "high", "padj", "state"]
    return pd.DataFrame(rows, columns=columns)


def summary_record(key: str, interval: Interval, n: int, unit: str, description: str) -> dict[str, Any]:
    finite_values = {k: None if v is None or not np.isfinite(v) else v for k, v in interval._asdict().items()}
    return {"key": f"demo.expression.{key}"} | finite_values | {"n": n, "unit": unit, "description": description}


def level_records(samples: list[str], planted: np.ndarray, measured: np.ndarray, seed: int) -> list[dict[str, Any]]:
    """Summary records of expression levels: overall, across samples, and per sample."""
    genes = planted.shape[1]
    sample_intervals = [sample_correlation(p, m) for p, m in zip(planted, measured, strict=True)]
    no_interval = {"low": None, "high": None}
    records = [
        summary_record("spearman", overall_correlation(planted, measured, seed), genes, "correlation", "TPM against planted TPM, all genes of all samples"),
        summary_record("spearman_across_samples", Interval(median_gene_correlation(planted, measured), *no_interval.values()), genes, "correlation",
               "TPM against planted TPM of a gene across samples, median over genes"),
    ]  # fmt: skip
    description = "TPM against planted TPM over the genes of sample {}"
    return records + [
        summary_record(f"spearman.{sample}", value, genes, "correlation", description.format(sample))
        for sample, value in zip(samples, sample_intervals, strict=True)
    ]


def differential_records(genes: pd.DataFrame) -> list[dict[str, Any]]:
    """Recall and observed false discovery rate with Wilson intervals."""
    count = genes["state"].value_counts()
    hits, missed, false, moved = (int(count.get(s, 0)) for s in ("found", "missed", "false", "by variants"))
    wrong = false + int(count.get("opposite", 0))
    planted, significant = hits + missed + wrong - false, hits + wrong + moved
    group = "genes changed by the label through planted factors"
    return [
        summary_record("recall", wilson_interval(hits, planted), planted, "fraction", f"Planted differential genes ({group}) detected at FDR {FDR}"),
        summary_record("false_discovery_rate", wilson_interval(wrong, significant), significant, "fraction",
               f"Fraction of the genes detected at FDR {FDR} that differ neither by the label nor by the donors' variants"),
        summary_record("found_by_variants", Interval(moved, None, None), significant, "genes",
               "Detected genes without label effect whose difference is explained by the donors' variants"),
    ]  # fmt: skip


def main(
    data: Path, levels: Path, truth: Path, differential: Path | None, contrast: dict[str, Any], seed: int,
    table: Path, genes: Path, summary: Path,
) -> None:  # fmt: skip
    """Compare measured expression and fold changes with the simulated ones.

    differential: None if no contrast is configured. contrast: reference and tested group.
    """
    measured = anndata.read_h5ad(data)
    planted = pd.read_csv(levels, sep="\t", index_col="gene_id")
    samples = [s for s in measured.obs_names if s in planted.columns]
    measured_tpm = pd.DataFrame(np.asarray(measured[samples].layers["tpm"], float), index=samples, columns=measured.var_names)
    measured_tpm = measured_tpm[list(planted.index)]
    planted_tpm = planted[samples].T
    long_table = pd.DataFrame(
        {
            "sample": np.repeat(samples, measured_tpm.shape[1]),
            "gene_id": np.tile(measured_tpm.columns, len(samples)),
            "planted_tpm": planted_tpm.to_numpy().ravel(),
            "tpm": measured_tpm.to_numpy().ravel(),
        }
    )
    long_table.to_csv(table, sep="\t", index=False, float_format="%.6g")
    figures = level_records(samples, planted_tpm.to_numpy(), measured_tpm.to_numpy(), seed)
    judgement = classify_genes(pd.DataFrame(columns=["padj"]), json.loads(truth.read_text()), {"tested": "case"})
    if differential and {contrast["reference"], contrast["tested"]} == GROUPS:
        results = pd.read_csv(differential, sep="\t", index_col="gene_id")
        judgement = classify_genes(results, json.loads(truth.read_text()), contrast)
        figures += differential_records(judgement)
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
