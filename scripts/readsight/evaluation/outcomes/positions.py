"""Metrics of sites among the bases of windows, per site class, within test folds.

Class 0 is background. There are thousands of sites among millions of bases, so bases are counted in runs between the scores of
true sites. Precision, recall and top-k depend only on these counts. Resampling is over windows: a resample is the product of
window counts and the windows' run tables.
"""

from collections.abc import Collection, Iterator

import numpy as np

from readsight.dataset.outcome import UNCOUNTED
from readsight.evaluation.outcomes.multiclass import average_classes
from readsight.evaluation.predictions import PredictionSubset, compute_requested
from readsight.stats import metrics

PRIMARY = "top_k"
COMPARED = ("top_k", "macro_auprc", "log_loss")
CHANCE: dict[str, float] = {}
HANDLES_BLOCKS = True
DESCRIPTIONS = {
    "top_k": "fraction of sites among the k most probable bases, with k sites in total, within test folds, averaged over site classes",
    "macro_auprc": "average precision of finding the sites, within test folds, averaged over site classes",
    "log_loss": "negative log likelihood per base, calibrated (nats)",
    "ece": "expected calibration error of the probability that a base is a site, in ten bins of equal width, after calibration",
    "ece_raw": "expected calibration error of the probability that a base is a site, in ten bins of equal width, before calibration",
}
MAX_THRESHOLDS = 4000  # thresholds; with more sites, nearly equal scores are treated as ties
CELLS = 40_000_000  # cells of the table of windows and runs, above which thresholds are thinned
BLOCK = 16_000_000  # cells of the table in memory at once
BINS = 10


SiteScores = dict[str, dict[str, np.ndarray]]


def compute_metrics(
    subset: PredictionSubset, names: Collection[str] | None = None, ranked: SiteScores | None = None
) -> dict[str, np.ndarray]:
    """Metrics of one repeat, (resamples,) each: all, or those in `names`. ranked: result of `rank_sites`, if known."""
    if ranked is None:
        ranked = rank_sites(subset) if names is None or {"top_k", "macro_auprc"} & set(names) else {}
    functions = {
        "top_k": lambda: average_classes([site_scores["top_k"] for site_scores in ranked.values()]),
        "macro_auprc": lambda: average_classes([site_scores["auprc"] for site_scores in ranked.values()]),
        "log_loss": lambda: compute_log_loss(subset),
        "ece": lambda: compute_calibration_error(subset, "calibrated"),
        "ece_raw": lambda: compute_calibration_error(subset, "raw"),
    }
    return compute_requested(functions, names)


def rank_sites(subset: PredictionSubset) -> SiteScores:
    """Site class → top_k and auprc, (resamples,) each: averages over test folds, weighted by the number of sites."""
    return {name: _rank_site(subset, site) for site, name in enumerate(subset.outcome.classes) if site}


def _rank_site(subset: PredictionSubset, site: int) -> dict[str, np.ndarray]:
    total = {name: np.zeros(len(subset.weights)) for name in ("top_k", "auprc")}
    counted = np.zeros(len(subset.weights))
    for number in np.unique(subset.fold):
        rows = np.flatnonzero(subset.fold == number)
        sites_so_far, bases_so_far = count_runs(subset.raw[rows, :, site], subset.target[rows], site, subset.weights[:, rows])
        sites = sites_so_far[:, -1]
        has_sites = sites > 0
        for name, values in (
            ("top_k", compute_top_k(sites_so_far, bases_so_far)),
            ("auprc", metrics.average_precision(sites_so_far, bases_so_far)),
        ):
            total[name] += np.where(has_sites, values, 0) * sites
        counted += sites
    with np.errstate(invalid="ignore", divide="ignore"):
        return {name: values / counted for name, values in total.items()}


def count_runs(score: np.ndarray, target: np.ndarray, site: int, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cumulative sites and bases from the top score down to each run, (resamples, runs) each; at least one run.

    Parameters
    ----------
    score, target : (windows, length).
    weights : (resamples, windows) counts.

    Notes
    -----
    Thresholds are the scores of true sites. A run has the bases at one threshold, or those between two thresholds.
    """
    is_counted, is_site = target != UNCOUNTED, target == site
    edges = np.unique(score[is_site])
    most = int(np.clip(CELLS // max(1, len(score)), 250, MAX_THRESHOLDS))
    if len(edges) > most:
        edges = np.unique(np.quantile(score[is_site], np.linspace(0, 1, most), method="nearest"))
    number = 2 * len(edges) + 1
    site_counts, base_counts = (np.zeros((len(weights), number)) for _ in range(2))
    step = max(1, BLOCK // number)
    for start in range(0, len(score), step):
        rows = slice(start, start + step)
        run_index = np.searchsorted(edges, score[rows], "left") + np.searchsorted(edges, score[rows], "right")
        block_weights = weights[:, rows].astype(np.float32)
        _add_sites(site_counts, run_index, is_site[rows], block_weights)
        run_index += np.arange(len(run_index))[:, None] * number
        cells = np.bincount(run_index[is_counted[rows]], minlength=len(run_index) * number).astype(np.float32)
        base_counts += block_weights @ cells.reshape(-1, number)
    return np.cumsum(site_counts[:, ::-1], axis=1), np.cumsum(base_counts[:, ::-1], axis=1)


def _add_sites(site_counts: np.ndarray, run_index: np.ndarray, sites: np.ndarray, block_weights: np.ndarray) -> None:
    """Add the sites' weights to their runs. run_index: (windows, length), run of each base. block_weights: (resamples, windows)."""
    window, base = np.nonzero(sites)
    site_runs = run_index[window, base]
    order = np.argsort(site_runs, kind="stable")
    run, first = np.unique(site_runs[order], return_index=True)
    if len(run):
        site_counts[:, run] += np.add.reduceat(block_weights[:, window[order]], first, axis=1)


def compute_top_k(site_counts: np.ndarray, base_counts: np.ndarray) -> np.ndarray:
    """Fraction of the k highest-scoring bases that are sites, (resamples,), with k sites in total; expected value for ties."""
    k, rows = site_counts[:, -1], np.arange(len(site_counts))
    run_index = np.minimum((base_counts < k[:, None]).sum(axis=1), site_counts.shape[1] - 1)
    upper, above = (counts[rows, run_index] for counts in (site_counts, base_counts))
    lower, below = (np.where(run_index > 0, counts[rows, run_index - 1], 0.0) for counts in (site_counts, base_counts))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (lower + (upper - lower) * np.where(above > below, (k - below) / (above - below), 1.0)) / k


def compute_log_loss(subset: PredictionSubset) -> np.ndarray:
    """Mean negative log likelihood of the counted bases, (resamples,)."""
    sums, counts = [], []
    for _, guess, target in iterate_blocks(subset, "calibrated"):
        is_counted = target != UNCOUNTED
        probability = np.take_along_axis(guess, np.where(is_counted, target, 0)[..., None].astype(int), -1)[..., 0]
        sums.append((-np.log(np.clip(probability, 1e-6, 1)) * is_counted).sum(axis=1, dtype=float))
        counts.append(is_counted.sum(axis=1))
    return _divide_sums(subset, np.concatenate(sums)[:, None], np.concatenate(counts))


def compute_calibration_error(subset: PredictionSubset, name: str) -> np.ndarray:
    """Expected calibration error of the probability that a base is a site of any class, (resamples,)."""
    guess, truth, count = bin_probabilities(subset, name)
    return _divide_sums(subset, guess - truth, count.sum(axis=1))


def _divide_sums(subset: PredictionSubset, sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Absolute sums (n, m) of the windows divided by their counts (n,), (resamples,)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return subset.apply_in_blocks(
            lambda block: np.abs(block.weights @ sums).sum(axis=1) / (block.weights @ counts.astype(float))
        )


def bin_probabilities(subset: PredictionSubset, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Summed site probability, sites, and bases, by window and by bin of that probability: (n, BINS) each."""
    totals = np.zeros((3, len(subset.fold), BINS))
    for start, guess, target in iterate_blocks(subset, name):
        is_counted = target != UNCOUNTED
        site = 1 - guess[..., 0].astype(float)
        bin_index = np.clip((site * BINS).astype(int), 0, BINS - 1) + np.arange(len(guess))[:, None] * BINS
        for total, values in zip(totals, (site, target > 0, np.ones_like(site)), strict=True):
            sums = np.bincount(bin_index[is_counted], weights=values[is_counted].astype(float), minlength=len(guess) * BINS)
            total[start : start + len(guess)] = sums.reshape(-1, BINS)
    return totals[0], totals[1], totals[2]


def iterate_blocks(subset: PredictionSubset, name: str, size: int = 1_000_000) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """First row, predictions and targets of successive blocks of windows, about a million bases each."""
    guess = getattr(subset, name)
    step = max(1, size // max(1, guess.shape[1]))
    for start in range(0, len(guess), step):
        yield start, guess[start : start + step], subset.target[start : start + step]


def count_confusion(subset: PredictionSubset) -> np.ndarray:
    """Bases by true class (rows) and most probable class, (K, K)."""
    number = len(subset.outcome.classes)
    counts = np.zeros(number * number)
    for _, guess, target in iterate_blocks(subset, "calibrated"):
        is_counted = target != UNCOUNTED
        predicted = guess.argmax(axis=-1)[is_counted]
        counts += np.bincount(target[is_counted].astype(int) * number + predicted, minlength=number * number)
    return counts.reshape(number, number)
