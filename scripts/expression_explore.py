"""Look at a cohort as a whole: principal components, likeness of samples, spread of its values, and whether groups part."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight.stats.confidence_intervals import UNDEFINED, Interval
from readsight.step import step

MOST_VARIABLE = 500
COMPONENTS = 5
PRIOR = 2.0
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Of a larger cohort so many samples, drawn at random, are compared each with each.
MOST_COMPARED = 400


def log_cpm(counts: np.ndarray, prior: float = PRIOR) -> np.ndarray:
    """log2 counts per million, a few reads added to each gene, in proportion to the sample's own (Robinson et al. 2010, edgeR).

    counts: (samples, genes). The reads added keep genes of one read or two from ruling distances; lengths play
    no part, since a gene is compared with itself, and they are told less well of single-end libraries.
    """
    totals = np.asarray(counts).sum(axis=1, keepdims=True).astype(np.float64)
    added = prior * totals / totals.mean()
    return np.log2((counts + added) / (totals + 2 * added) * 1e6)


def principal_components(values: np.ndarray, most: int = MOST_VARIABLE) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (samples, components) and the share of variance of each, of the `most` variable genes, centred.

    values: (samples, genes), logarithms. The sign is fixed: the largest coordinate of a component is positive.
    """
    selected = np.argsort(-values.var(axis=0), kind="stable")[:most]
    centred = values[:, selected] - values[:, selected].mean(axis=0)
    u, s, _ = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    component_count = min(COMPONENTS, max(1, len(values) - 1), len(s))
    coordinates = u[:, :component_count] * s[:component_count]
    largest = np.abs(coordinates).argmax(axis=0)
    coordinates *= np.where(coordinates[largest, np.arange(component_count)] < 0, -1.0, 1.0)
    total = float((s**2).sum())
    return coordinates, (s[:component_count] ** 2 / total if total > 0 else np.zeros(component_count))


def silhouette(points: np.ndarray, labels: np.ndarray) -> float:
    """Mean silhouette of labelled points (Rousseeuw 1987): 1 where groups lie far apart, 0 where they mix.

    points: (n, d). labels: (n,). A group of one counts 0; NaN unless there are two groups and more points than groups.
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
    """The silhouette with its 95 % interval by the jackknife over samples (Efron & Stein 1981).

    A bootstrap would draw a sample twice, at distance 0 from itself, and so flatter the groups.
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
    """The first of these columns that tells groups of samples apart: not the same in all, nor another in each of many."""
    for name in (n for n in names if n in obs):
        kinds = obs[name].astype(str).nunique()
        if kinds > 1 and (kinds < len(obs) or len(obs) == 2):
            return name
    return None


def comparison_values(data: anndata.AnnData) -> tuple[np.ndarray, np.ndarray, str]:
    """What samples are compared by, (samples, features); which features are expressed; what these are called.

    Of counts, log counts per million; else X, a missing value at its feature's mean, a feature without any value left out.
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
    """Quantiles of each sample's values, and what these are in words; of logarithms of abundance, those above 0 alone."""
    logged = "counts" in data.layers or "tpm" in data.layers
    values = np.asarray(data.layers["log_tpm"] if "log_tpm" in data.layers else data.X, np.float64)
    quantity = "log2(1 + TPM)" if "log_tpm" in data.layers else str(data.uns.get("X", "value")) if logged else "value"
    rows = [row[row > 0] if logged else row[np.isfinite(row)] for row in values]
    quantiles = [np.quantile(row, QUANTILES).round(6).tolist() if len(row) else [0.0] * len(QUANTILES) for row in rows]
    return quantiles, f"{quantity} of expressed genes" if logged else "values, as they are"


def summarise_cohort(data: anndata.AnnData, label: str | None, batch: str | None) -> dict[str, Any]:
    """What the figures draw: samples with their label and batch, components, correlations, quantiles.

    correlation: of the samples whose places `compared` names; of each with each, unless they are very many.
    """
    values, expressed, feature_name = comparison_values(data)
    coordinates, shares = principal_components(values[:, expressed] if feature_name == "features" else values)
    compared = np.arange(data.n_obs)
    if data.n_obs > MOST_COMPARED:
        compared = np.sort(np.random.default_rng(1).permutation(data.n_obs)[:MOST_COMPARED])
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
    """Ranks of each row, ties shared."""
    ranks = []
    for row in values:
        _, code, counts = np.unique(row, return_inverse=True, return_counts=True)
        ends = np.cumsum(counts)
        ranks.append((ends - (counts - 1) / 2)[code])
    return np.array(ranks)


def summary_records(overview: dict[str, Any], key: str = "cohort") -> list[dict[str, Any]]:
    """How far groups part in the first two components, and the lowest correlation of two samples. key: of the cohort."""
    compared = overview["compared"]
    points, n = np.array(overview["components"])[compared][:, :2], len(compared)
    rows = []
    for role in ("label", "batch"):
        if overview[role]["column"]:
            description = f"Silhouette of {overview[role]['column']} in the first two principal components: 1 apart, 0 mixed"
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
    rows.append(("pc1_share", share, "fraction", "Share of the variance that the first principal component holds"))

    def round_finite(value: float) -> float | None:
        return round(value, 6) if np.isfinite(value) else None

    return [
        {"key": f"expression.{key}.{name}", **{k: round_finite(v) for k, v in interval._asdict().items()}, "n": n}
        | {"unit": unit, "description": description}
        for name, interval, unit, description in rows
    ]


def main(data: Path, labels: list[str], batches: list[str], cohort: str, out: Path, summary: Path) -> None:
    """labels, batches: columns of which the first that tells samples apart is taken. cohort: `cohort`, or `tables/<name>`."""
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
