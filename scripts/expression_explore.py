"""Look at the cohort as a whole: principal components, likeness of samples, spread of TPM, and whether groups part."""

import json
from pathlib import Path
from typing import Any

import anndata
import numpy as np

from readsight.bootstrap import UNDEFINED, Interval
from readsight.step import step

MOST_VARIABLE = 500
COMPONENTS = 5
PRIOR = 2.0
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


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
    chosen = np.argsort(-values.var(axis=0), kind="stable")[:most]
    centred = values[:, chosen] - values[:, chosen].mean(axis=0)
    u, s, _ = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    kept = min(COMPONENTS, max(1, len(values) - 1), len(s))
    coordinates = u[:, :kept] * s[:kept]
    largest = np.abs(coordinates).argmax(axis=0)
    coordinates *= np.where(coordinates[largest, np.arange(kept)] < 0, -1.0, 1.0)
    total = float((s**2).sum())
    return coordinates, (s[:kept] ** 2 / total if total > 0 else np.zeros(kept))


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
    own = np.searchsorted(kinds, labels)
    rows = np.arange(len(labels))
    within = means[rows, own] / np.maximum(sizes[own] - 1, 1)
    between = means / sizes
    between[rows, own] = np.inf
    nearest = between.min(axis=1)
    widest = np.maximum(within, nearest)
    scores = np.divide(nearest - within, widest, out=np.zeros(len(labels)), where=widest > 0)
    return float(np.where(sizes[own] > 1, scores, 0.0).mean())


def jackknife_silhouette(points: np.ndarray, labels: np.ndarray) -> Interval:
    """The silhouette with its 95 % interval by the jackknife over samples (Efron & Stein 1981).

    A bootstrap would draw a sample twice, at distance 0 from itself, and so flatter the groups.
    """
    n = len(labels)
    value = silhouette(points, labels)
    left = np.array([silhouette(np.delete(points, i, axis=0), np.delete(labels, i)) for i in range(n)])
    if not np.isfinite(value):
        return UNDEFINED
    if not np.isfinite(left).all():
        return Interval(value, float("nan"), float("nan"))
    error = np.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())
    return Interval(value, max(-1.0, value - 1.96 * error), min(1.0, value + 1.96 * error))


def overview(data: anndata.AnnData, label: str | None, batch: str | None) -> dict[str, Any]:
    """What the figures draw: samples with their label and batch, components, correlations, quantiles of expressed genes."""
    values, logged = log_cpm(np.asarray(data.layers["counts"])), np.asarray(data.layers["log_tpm"], dtype=np.float64)
    coordinates, shares = principal_components(values)
    expressed = (np.asarray(data.layers["tpm"]) >= 1).any(axis=0)
    correlation = np.atleast_2d(np.corrcoef(_ranks(values[:, expressed])))
    spread = [np.quantile(row[row > 0], QUANTILES).round(6).tolist() for row in logged]
    return {
        "samples": list(data.obs_names),
        "label": {"column": label, "values": _column(data, label)},
        "batch": {"column": batch, "values": _column(data, batch)},
        "components": coordinates.round(6).tolist(),
        "shares": shares.round(6).tolist(),
        "correlation": correlation.round(6).tolist(),
        "quantiles": {"at": QUANTILES, "log_tpm": spread},
        "genes": int(expressed.sum()),
    }


def _column(data: anndata.AnnData, name: str | None) -> list[str] | None:
    return [str(value) for value in data.obs[name]] if name else None


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks of each row, ties shared."""
    ranks = []
    for row in values:
        _, code, counts = np.unique(row, return_inverse=True, return_counts=True)
        ends = np.cumsum(counts)
        ranks.append((ends - (counts - 1) / 2)[code])
    return np.array(ranks)


def records(found: dict[str, Any]) -> list[dict[str, Any]]:
    """How far groups part in the first two components, and the lowest correlation of two samples."""
    points, n = np.array(found["components"])[:, :2], len(found["samples"])
    rows = []
    for role in ("label", "batch"):
        if found[role]["column"]:
            words = f"Silhouette of {found[role]['column']} in the first two principal components: 1 apart, 0 mixed"
            rows.append((f"{role}_silhouette", jackknife_silhouette(points, np.array(found[role]["values"])), "score", words))
    off = np.array(found["correlation"])[~np.eye(n, dtype=bool)]
    lowest = Interval(float(off.min()) if len(off) else float("nan"), float("nan"), float("nan"))
    rows.append(("lowest_correlation", lowest, "correlation", "Lowest Spearman correlation of two samples' expressed genes"))
    share = Interval(found["shares"][0], float("nan"), float("nan"))
    rows.append(("pc1_share", share, "fraction", "Share of the variance that the first principal component holds"))

    def finite(value: float) -> float | None:
        return round(value, 6) if np.isfinite(value) else None

    return [
        {"key": f"expression.cohort.{key}", **{k: finite(v) for k, v in interval._asdict().items()}, "n": n}
        | {"unit": unit, "description": words}
        for key, interval, unit, words in rows
    ]


def main(data: Path, label: str | None, batch: str | None, out: Path, summary: Path) -> None:
    found = overview(anndata.read_h5ad(data), label, batch)
    out.write_text(json.dumps(found) + "\n")
    summary.write_text(json.dumps(records(found), indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job.input.data, job.params.label, job.params.batch, job.output.overview, job.output.summary)
