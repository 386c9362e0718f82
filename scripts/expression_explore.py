"""Exploratory analysis of a cohort: principal components, sample correlation, value distribution and group separation."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight.stats.confidence_intervals import UNDEFINED, Interval
from readsight.step import step

MAX_VARIABLE_GENES = 500
MAX_COMPONENTS = 5
PRIOR_COUNT = 2.0
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Maximum number of samples in pairwise comparisons; larger cohorts are subsampled.
MAX_COMPARED = 400


def log_cpm(counts: np.ndarray, prior: float = PRIOR_COUNT) -> np.ndarray:
    """log2 counts per million with a prior count proportional to sample depth (Robinson et al. 2010, edgeR).

    counts: (samples, genes). The prior prevents genes with very few reads from dominating distances. Gene length is
    not used: each gene is compared with itself across samples.
    """
    totals = np.asarray(counts).sum(axis=1, keepdims=True).astype(np.float64)
    added = prior * totals / totals.mean()
    return np.log2((counts + added) / (totals + 2 * added) * 1e6)


def principal_components(values: np.ndarray, most: int = MAX_VARIABLE_GENES) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (samples, components) and variance fraction of each component, from the `most` variable genes, centred.

    values: (samples, genes), logarithms. Signs are fixed so that the largest absolute coordinate is positive.
    """
    selected = np.argsort(-values.var(axis=0), kind="stable")[:most]
    centred = values[:, selected] - values[:, selected].mean(axis=0)
    u, s, _ = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    component_count = min(MAX_COMPONENTS, max(1, len(values) - 1), len(s))
    coordinates = u[:, :component_count] * s[:component_count]
    largest = np.abs(coordinates).argmax(axis=0)
    coordinates *= np.where(coordinates[largest, np.arange(component_count)] < 0, -1.0, 1.0)
    total = float((s**2).sum())
    return coordinates, (s[:component_count] ** 2 / total if total > 0 else np.zeros(component_count))


def silhouette(points: np.ndarray, labels: np.ndarray) -> float:
    """Mean silhouette of labelled points (Rousseeuw 1987): 1 for well separated groups, 0 for mixed groups.

    points: (n, d). labels: (n,). A group of one point scores 0; NaN unless there are two groups and more points than groups.
    """
    kinds = np.unique(labels)
    if not 2 <= len(kinds) < len(labels):
        return float("nan")
    far = np.linalg.norm(points[:, None] - points[None], axis=2)
    means = np.stack([far[:, labels == kind].sum(axis=1) for kind in kinds], axis=1)
    sizes = np.array([(labels == kind).sum() for kind in kinds])
    group = np.searchsorted(kinds, labels)
    rows = np.arange(len(labels))
    within = means[rows, group] / np.maximum(sizes[group] - 1, 1)
    between = means / sizes
    between[rows, group] = np.inf
    nearest = between.min(axis=1)
    widest = np.maximum(within, nearest)
    scores = np.divide(nearest - within, widest, out=np.zeros(len(labels)), where=widest > 0)
    return float(np.where(sizes[group] > 1, scores, 0.0).mean())


def jackknife_silhouette(points: np.ndarray, labels: np.ndarray) -> Interval:
    """Silhouette with 95 % interval by the jackknife over samples (Efron & Stein 1981).

    A bootstrap would contain duplicates at distance 0 and thus overestimate the silhouette.
    """
    n = len(labels)
    value = silhouette(points, labels)
    leave_one_out = np.array([silhouette(np.delete(points, i, axis=0), np.delete(labels, i)) for i in range(n)])
    if not np.isfinite(value):
        return UNDEFINED
    if not np.isfinite(leave_one_out).all():
        return Interval(value, float("nan"), float("nan"))
    error = np.sqrt((n - 1) / n * ((leave_one_out - leave_one_out.mean()) ** 2).sum())
    return Interval(value, max(-1.0, value - 1.96 * error), min(1.0, value + 1.96 * error))


def find_grouping_column(obs: pd.DataFrame, names: Sequence[str]) -> str | None:
    """First of these columns that groups the samples: neither constant nor unique per sample."""
    for name in (n for n in names if n in obs):
        kinds = obs[name].astype(str).nunique()
        if kinds > 1 and (kinds < len(obs) or len(obs) == 2):
            return name
    return None


def comparison_values(data: anndata.AnnData) -> tuple[np.ndarray, np.ndarray, str]:
    """Values for comparing samples, (samples, features); mask of usable features; and how to call these in text.

    Log counts per million if there are counts; else X with missing values replaced by the feature mean, without
    features that are missing in all samples.
    """
    if "counts" in data.layers:
        counts = np.asarray(data.layers["counts"])
        if "tpm" in data.layers:
            expressed = np.asarray(data.layers["tpm"]) >= 1
        else:
            expressed = counts >= counts.sum(axis=1, keepdims=True) / 1e6
        return log_cpm(counts), expressed.any(axis=0), "expressed genes"
    values = np.asarray(data.X, np.float64)
    missing = np.isnan(values)
    known = ~missing.all(axis=0)
    means = np.where(known, np.nansum(values, axis=0) / np.maximum((~missing).sum(axis=0), 1), 0)
    return np.where(missing, means, values), known, "features"


def value_quantiles(data: anndata.AnnData) -> tuple[list[list[float]], str]:
    """Quantiles of each sample's values and a description of the values; for log abundances only values above 0."""
    logged = "counts" in data.layers or "tpm" in data.layers
    values = np.asarray(data.layers["log_tpm"] if "log_tpm" in data.layers else data.X, np.float64)
    quantity = "log2(1 + TPM)" if "log_tpm" in data.layers else str(data.uns.get("X", "value")) if logged else "value"
    rows = [row[row > 0] if logged else row[np.isfinite(row)] for row in values]
    quantiles = [np.quantile(row, QUANTILES).round(6).tolist() if len(row) else [0.0] * len(QUANTILES) for row in rows]
    return quantiles, f"{quantity} of expressed genes" if logged else "values, not transformed"


def summarise_cohort(data: anndata.AnnData, label: str | None, batch: str | None) -> dict[str, Any]:
    """Data of the figures: samples with label and batch, components, correlations, quantiles.

    correlation: between the samples with the indices in `compared` (all samples, unless the cohort is very large).
    """
    values, expressed, feature_name = comparison_values(data)
    coordinates, shares = principal_components(values[:, expressed] if feature_name == "features" else values)
    compared = np.arange(data.n_obs)
    if data.n_obs > MAX_COMPARED:
        compared = np.sort(np.random.default_rng(1).permutation(data.n_obs)[:MAX_COMPARED])
    ranked = _rank_rows(values[np.ix_(compared, np.flatnonzero(expressed))])
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.nan_to_num(np.atleast_2d(np.corrcoef(ranked)))
    quantiles, quantity = value_quantiles(data)
    return {
        "samples": list(data.obs_names),
        "label": {"column": label, "values": _column_values(data, label)},
        "batch": {"column": batch, "values": _column_values(data, batch)},
        "components": coordinates.round(6).tolist(),
        "shares": shares.round(6).tolist(),
        "compared": compared.tolist(),
        "correlation": correlation.round(6).tolist(),
        "quantiles": {"at": QUANTILES, "values": quantiles, "of": quantity},
        "genes": int(expressed.sum()),
        "called": feature_name,
    }


def _column_values(data: anndata.AnnData, name: str | None) -> list[str] | None:
    return [str(value) for value in data.obs[name]] if name else None


def _rank_rows(values: np.ndarray) -> np.ndarray:
    """Ranks within each row; ties get their mean rank."""
    ranks = []
    for row in values:
        _, code, counts = np.unique(row, return_inverse=True, return_counts=True)
        ends = np.cumsum(counts)
        ranks.append((ends - (counts - 1) / 2)[code])
    return np.array(ranks)


def summary_records(overview: dict[str, Any], key: str = "cohort") -> list[dict[str, Any]]:
    """Summary records: group separation in two components, lowest correlation, variance of PC1. key: of the cohort."""
    compared = overview["compared"]
    points, n = np.array(overview["components"])[compared][:, :2], len(compared)
    rows = []
    for role in ("label", "batch"):
        if overview[role]["column"]:
            description = f"Silhouette of {overview[role]['column']} in the first two principal components: 1 separated, 0 mixed"
            rows.append(
                (
                    f"{role}_silhouette",
                    jackknife_silhouette(points, np.array(overview[role]["values"])[compared]),
                    "score",
                    description,
                )
            )
    off_diagonal = np.array(overview["correlation"])[~np.eye(n, dtype=bool)]
    lowest = Interval(float(off_diagonal.min()) if len(off_diagonal) else float("nan"), float("nan"), float("nan"))
    rows.append(
        ("lowest_correlation", lowest, "correlation", f"Lowest Spearman correlation of two samples' {overview['called']}")
    )
    share = Interval(overview["shares"][0], float("nan"), float("nan"))
    rows.append(("pc1_share", share, "fraction", "Fraction of the variance explained by the first principal component"))

    def round_finite(value: float) -> float | None:
        return round(value, 6) if np.isfinite(value) else None

    return [
        {"key": f"expression.{key}.{name}", **{k: round_finite(v) for k, v in interval._asdict().items()}, "n": n}
        | {"unit": unit, "description": description}
        for name, interval, unit, description in rows
    ]


def main(data: Path, labels: list[str], batches: list[str], cohort: str, out: Path, summary: Path) -> None:
    """Summarise the samples of a cohort for figures and the summary.

    labels, batches: candidate columns; the first that groups the samples is used. cohort: `cohort`, or `tables/<name>`.
    """
    cohort_data = anndata.read_h5ad(data)
    label = find_grouping_column(cohort_data.obs, labels)
    overview = summarise_cohort(
        cohort_data, label, find_grouping_column(cohort_data.obs, [name for name in batches if name != label])
    )
    out.write_text(json.dumps(overview) + "\n")
    summary.write_text(json.dumps(summary_records(overview, cohort.replace("/", ".")), indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:
        main(
            job.input.data,
            list(job.params.labels),
            list(job.params.batches),
            job.wildcards.cohort,
            job.output.overview,
            job.output.summary,
        )
