"""Sites among the bases of windows: how many of the likeliest bases are sites, class by class, within test folds.

Class 0 is background. Sites are rare, and counted by the thousand where bases are by the million: bases are counted into
the runs between the scores of the true sites, which is all that precision, recall and the k likeliest hang on. Windows,
not bases, are resampled: a resample is the windows' counts times their tables of runs.
"""

from collections.abc import Collection, Iterator

import numpy as np

from readsight.dataset.outcome import UNCOUNTED
from readsight.evaluation.outcomes.multiclass import macro
from readsight.evaluation.predictions import Part, named
from readsight.stats import metrics

PRIMARY = "top_k"
COMPARED = ("top_k", "macro_auprc", "log_loss")
CHANCE: dict[str, float] = {}
BY_ITSELF = True
WORDS = {
    "top_k": "part of the k likeliest bases that are sites, k being the number of sites, within test folds, averaged over site classes",
    "macro_auprc": "average precision of finding the sites, within test folds, averaged over site classes",
    "log_loss": "negative log likelihood of the bases' classes, calibrated, a base (nats)",
    "ece": "expected calibration error of a base's being a site, in ten bins of equal width, after calibration",
    "ece_raw": "expected calibration error of a base's being a site, in ten bins of equal width, before calibration",
}
MOST = 4000  # thresholds; of more sites than that, those with nearly the same score count as tied
CELLS = 40_000_000  # cells of a table of windows and runs, over all its blocks, from which on thresholds are thinned
BLOCK = 16_000_000  # cells of a table that are held at a time
BINS = 10


Ranked = dict[str, dict[str, np.ndarray]]


def scores(part: Part, names: Collection[str] | None = None, ranked: Ranked | None = None) -> dict[str, np.ndarray]:
    """Metrics of one repeat, each (resamples,): all, or those named. ranked: what `each` gives, where that is known."""
    if ranked is None:
        ranked = each(part) if names is None or {"top_k", "macro_auprc"} & set(names) else {}
    ways = {
        "top_k": lambda: macro([own["top_k"] for own in ranked.values()]),
        "macro_auprc": lambda: macro([own["auprc"] for own in ranked.values()]),
        "log_loss": lambda: surprise(part),
        "ece": lambda: calibration_error(part, "calibrated"),
        "ece_raw": lambda: calibration_error(part, "raw"),
    }
    return named(ways, names)


def each(part: Part) -> Ranked:
    """Site class → top_k and auprc, (resamples,) each: those of test folds, averaged by the folds' numbers of sites."""
    return {name: _of_site(part, site) for site, name in enumerate(part.outcome.classes) if site}


def _of_site(part: Part, site: int) -> dict[str, np.ndarray]:
    total = {name: np.zeros(len(part.weights)) for name in ("top_k", "auprc")}
    counted = np.zeros(len(part.weights))
    for number in np.unique(part.fold):
        here = np.flatnonzero(part.fold == number)
        found, seen = runs(part.raw[here, :, site], part.target[here], site, part.weights[:, here])
        sites = found[:, -1]
        told = sites > 0
        for name, own in (("top_k", top(found, seen)), ("auprc", metrics.average_precision(found, seen))):
            total[name] += np.where(told, own, 0) * sites
        counted += sites
    with np.errstate(invalid="ignore", divide="ignore"):
        return {name: own / counted for name, own in total.items()}


def runs(score: np.ndarray, target: np.ndarray, site: int, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sites found and bases seen from the top score down to each run, (resamples, runs) each; at least one run.

    score, target: (windows, length). A run holds the bases of one threshold's score, or those between two thresholds;
    thresholds are the scores of true sites. weights: (resamples, windows) counts.
    """
    told, sites = target != UNCOUNTED, target == site
    edges = np.unique(score[sites])
    most = int(np.clip(CELLS // max(1, len(score)), 250, MOST))
    if len(edges) > most:
        edges = np.unique(np.quantile(score[sites], np.linspace(0, 1, most), method="nearest"))
    number = 2 * len(edges) + 1
    found, seen = (np.zeros((len(weights), number)) for _ in range(2))
    step = max(1, BLOCK // number)
    for start in range(0, len(score), step):
        rows = slice(start, start + step)
        place = np.searchsorted(edges, score[rows], "left") + np.searchsorted(edges, score[rows], "right")
        drawn = weights[:, rows].astype(np.float32)
        _add_sites(found, place, sites[rows], drawn)
        place += np.arange(len(place))[:, None] * number
        cells = np.bincount(place[told[rows]], minlength=len(place) * number).astype(np.float32)
        seen += drawn @ cells.reshape(-1, number)
    return np.cumsum(found[:, ::-1], axis=1), np.cumsum(seen[:, ::-1], axis=1)


def _add_sites(found: np.ndarray, place: np.ndarray, sites: np.ndarray, drawn: np.ndarray) -> None:
    """Add the sites' weights to their runs. place: (windows, length), the run of each base. drawn: (resamples, windows)."""
    window, base = np.nonzero(sites)
    own = place[window, base]
    order = np.argsort(own, kind="stable")
    run, first = np.unique(own[order], return_index=True)
    if len(run):
        found[:, run] += np.add.reduceat(drawn[:, window[order]], first, axis=1)


def top(found: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Part of the k likeliest that are sites, (resamples,), k being all sites; of tied bases those that luck has in the mean."""
    k, rows = found[:, -1], np.arange(len(found))
    place = np.minimum((seen < k[:, None]).sum(axis=1), found.shape[1] - 1)
    upper, above = (own[rows, place] for own in (found, seen))
    lower, below = (np.where(place > 0, own[rows, place - 1], 0.0) for own in (found, seen))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (lower + (upper - lower) * np.where(above > below, (k - below) / (above - below), 1.0)) / k


def surprise(part: Part) -> np.ndarray:
    """Mean negative log likelihood of the bases that count, (resamples,)."""
    sums, counts = [], []
    for _, guess, target in windows(part, "calibrated"):
        told = target != UNCOUNTED
        held = np.take_along_axis(guess, np.where(told, target, 0)[..., None].astype(int), -1)[..., 0]
        sums.append((-np.log(np.clip(held, 1e-6, 1)) * told).sum(axis=1, dtype=float))
        counts.append(told.sum(axis=1))
    return _ratio(part, np.concatenate(sums)[:, None], np.concatenate(counts))


def calibration_error(part: Part, name: str) -> np.ndarray:
    """Expected calibration error of a base's being a site of any class, (resamples,)."""
    guess, truth, count = binned(part, name)
    return _ratio(part, guess - truth, count.sum(axis=1))


def _ratio(part: Part, sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Absolute sums (n, m) of the windows over their counts (n,), (resamples,)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return part.blocked(lambda own: np.abs(own.weights @ sums).sum(axis=1) / (own.weights @ counts.astype(float)))


def binned(part: Part, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums of the probability of being a site, sites, and bases, of each window and bin of that probability: (n, BINS) each."""
    found = np.zeros((3, len(part.fold), BINS))
    for start, guess, target in windows(part, name):
        told = target != UNCOUNTED
        site = 1 - guess[..., 0].astype(float)
        place = np.clip((site * BINS).astype(int), 0, BINS - 1) + np.arange(len(guess))[:, None] * BINS
        for total, worth in zip(found, (site, target > 0, np.ones_like(site)), strict=True):
            own = np.bincount(place[told], weights=worth[told].astype(float), minlength=len(guess) * BINS)
            total[start : start + len(guess)] = own.reshape(-1, BINS)
    return found[0], found[1], found[2]


def windows(part: Part, name: str, size: int = 1_000_000) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Place of the first, predictions and targets of some windows after others, about a million bases at a time."""
    guess = getattr(part, name)
    step = max(1, size // max(1, guess.shape[1]))
    for start in range(0, len(guess), step):
        yield start, guess[start : start + step], part.target[start : start + step]


def confusion(part: Part) -> np.ndarray:
    """Bases of each true class (rows) by their likeliest class, (K, K)."""
    number = len(part.outcome.classes)
    found = np.zeros(number * number)
    for _, guess, target in windows(part, "calibrated"):
        told = target != UNCOUNTED
        said = guess.argmax(axis=-1)[told]
        found += np.bincount(target[told].astype(int) * number + said, minlength=number * number)
    return found.reshape(number, number)
