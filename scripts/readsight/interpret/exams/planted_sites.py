"""Whether a method finds planted sites, and no decoys.

A stretch is called where its contributions, added up and weighted with the predicted probability that its element acts, reach a
threshold. A site that stands alone moves the logit of a model that weighs evidence, and rightly so; it does not make the element
act. Contributions are of the logit, the probability says whether there is anything to contribute to. What the same contributions
do unweighted is told beside it, and is far less.

Three rules were tried on 120 elements of the demo: contributions as they are, the change of the predicted probability when they are
taken from the logit, and the weighted ones. Integrated gradients found 0.81, 0.83 and 1.0 of the sites, mutagenesis 0.71, 1.0 and
1.0; the last was kept. On 300 elements that none of this was chosen by, at most a tenth of the calls being decoys:

| recall | weighted | unweighted |
|---|---|---|
| integrated gradients | 0.98 [0.95, 1.00] | 0.52 [0.30, 0.81] |
| DeepSHAP | 0.99 [0.97, 1.00] | 0.38 [0.00, 0.85] |
| mutagenesis | 1.00 [1.00, 1.00] | 0.68 [0.33, 0.93] |

So the weighted recall is the method's and the model's together: decoys in elements that do not act fall away because the model
knows these elements. Which places within an acting element are named is what `planted places` tells of the method alone.

Decoys are sites in elements that do not act, and as many stretches of background, equally wide, in the elements that do.
"""

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from readsight.errors import InputError
from readsight.interpret.sequence_attribution.references import generator
from readsight.models.calibration import sigmoid
from readsight.stats import metrics

COLUMNS = ("name", "acts", "sites")
SITE = re.compile(r"([^:,]+):(\d+)-(\d+):([+-])")
DECOYS = 0.1  # part of the calls that may be decoys, where recall is told
SOUGHT = 0.9  # part of the sites that are called, where decoys are counted
DRAWN = 2_000_000  # places of all resamples, of which precision is told
SHOWN = 5


@dataclass(frozen=True)
class Planted:
    """What was planted in one example. acts: whether it does something. sites: (start, end) each, 0-based half-open."""

    acts: bool
    sites: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Stretches:
    """Stretches that may be called. row: (k,) of the examples. start, end: (k,) places. acting: (k,) whether it is a site that acts."""

    row: np.ndarray
    start: np.ndarray
    end: np.ndarray
    acting: np.ndarray


def read(path: Path, names: list[str], places: int) -> list[Planted]:
    """What was planted in the named examples, in their order. places: of each.

    The table has the columns name, acts (0 or 1) and sites (`motif:start-end:strand`, several by commas; `.` for none), start and
    end 0-based half-open. Raises InputError for columns, rows or examples that are missing or wrong.
    """
    with open(path, newline="", encoding="utf-8") as handle:
        table = csv.DictReader(handle, delimiter="\t")
        missing = [name for name in COLUMNS if name not in (table.fieldnames or [])]
        if missing:
            there = ", ".join(table.fieldnames or []) or "none"
            raise InputError(f"{path}: columns {', '.join(missing)} are missing; it has {there}, and needs name, acts and sites")
        wanted = set(names)
        rows = {row["name"]: (number, row) for number, row in enumerate(table, 2) if row["name"] in wanted}
    lacking = [name for name in names if name not in rows]
    if lacking:
        some = ", ".join(lacking[:SHOWN]) + (", …" if len(lacking) > SHOWN else "")
        raise InputError(
            f"{path}: {len(lacking)} of {len(names)} explained examples have no row ({some}); names must be those of the task's examples"
        )
    faults: list[str] = []
    found = [_planted(f"{path}: row {number}", row, places, faults) for number, row in (rows[name] for name in names)]
    if faults:
        raise InputError(list(dict.fromkeys(faults)))
    return found


def _planted(where: str, row: dict[str, str], places: int, faults: list[str]) -> Planted:
    if row["acts"] not in ("0", "1"):
        faults.append(f"{where}, column acts: {row['acts']!r} is neither 0 nor 1")
    sites = []
    if not row["sites"]:
        faults.append(f"{where}, column sites: nothing stands there; write . where an example has none")
    for word in [] if row["sites"] in (".", "", None) else row["sites"].split(","):
        told = SITE.fullmatch(word)
        if not told:
            faults.append(f"{where}, column sites: {word!r} is not motif:start-end:strand")
        elif not int(told[2]) < int(told[3]) <= places:
            faults.append(f"{where}, column sites: {word!r} does not lie within the example's {places} bases")
        else:
            sites.append((int(told[2]), int(told[3])))
    return Planted(row["acts"] == "1", tuple(sites))


def stretches(planted: list[Planted], codes: np.ndarray, seed: int) -> Stretches:
    """Sites that act and decoys. codes: (n, places), by which background is drawn, each example's own."""
    found = []
    for row, (own, sequence) in enumerate(zip(planted, codes, strict=True)):
        found += [(row, start, end, own.acts) for start, end in own.sites]
        if own.acts:
            draw, taken = generator(sequence, seed, "background"), marked(own, len(sequence))
            for start, end in own.sites:
                free = np.flatnonzero(np.convolve(taken, np.ones(end - start), "valid") == 0)
                if len(free):
                    begin = int(draw.choice(free))
                    found.append((row, begin, begin + end - start, False))
                    taken[begin : begin + end - start] = 1
    columns = np.array(found, np.int64).reshape(-1, 4).T
    return Stretches(columns[0], columns[1], columns[2], columns[3].astype(bool))


def marked(own: Planted, places: int) -> np.ndarray:
    """1 at places of sites, 0 elsewhere, (places,)."""
    found = np.zeros(places)
    for start, end in own.sites:
        found[start:end] = 1
    return found


def totals(own: np.ndarray, held: Stretches) -> np.ndarray:
    """Contributions of each stretch, added up, (k,). own: (n, places)."""
    up_to = np.concatenate([np.zeros((len(own), 1)), np.cumsum(own.astype(np.float64), axis=1)], axis=1)
    return up_to[held.row, held.end] - up_to[held.row, held.start]


@dataclass(frozen=True)
class Ladder:
    """Thresholds from the highest down, and what is called at each, for weightings of the stretches.

    threshold: (steps,). right, calls: (resamples, steps) sites that act among the calls, and all calls. acting: (resamples,).
    """

    threshold: np.ndarray
    right: np.ndarray
    calls: np.ndarray
    acting: np.ndarray

    @classmethod
    def of(cls, value: np.ndarray, acting: np.ndarray, weights: np.ndarray) -> "Ladder":
        """value, acting: (k,). weights: (resamples, k), how often each stretch counts. Ties are called together."""
        order = np.argsort(-value, kind="stable")
        ends = np.flatnonzero(np.append(np.diff(value[order]) != 0, True))
        drawn = weights[:, order]
        right, calls = (np.cumsum(part, axis=1)[:, ends] for part in (drawn * acting[order], drawn))
        return cls(value[order][ends], right, calls, weights @ acting)

    @property
    def share(self) -> np.ndarray:
        """Part of the calls that are decoys, (resamples, steps); 1 where nothing is called."""
        return 1 - np.divide(self.right, self.calls, out=np.zeros_like(self.right), where=self.calls > 0)

    def recall(self) -> tuple[np.ndarray, np.ndarray]:
        """The largest recall at which at most DECOYS of the calls are decoys, (resamples,), and its threshold.

        0, infinite where there is none. NaN without a site.
        """
        good = self.share <= DECOYS + 1e-12
        last = good.shape[1] - 1 - good[:, ::-1].argmax(axis=1)
        there = good.any(axis=1)
        found = np.where(there, self.right[np.arange(len(last)), last], 0)
        share = np.divide(found, self.acting, out=np.full(len(found), np.nan), where=self.acting > 0)
        return share, np.where(there, self.threshold[last], np.inf)

    def decoys(self) -> np.ndarray:
        """Part of the calls that are decoys where SOUGHT of the sites that act are called, (resamples,)."""
        first = (self.right >= SOUGHT * self.acting[:, None] - 1e-12).argmax(axis=1)
        return np.where(self.acting > 0, self.share[np.arange(len(first)), first], np.nan)


def judged(
    own: np.ndarray,
    score: np.ndarray,
    kind: str,
    planted: list[Planted],
    held: Stretches,
    groups: np.ndarray,
    resamples: int,
    seed: int,
) -> dict[str, dict[str, Any]]:
    """recall (where at most DECOYS of the calls are decoys), decoys (where SOUGHT of the sites are called), unweighted (recall by
    contributions as they are), places (average precision), with intervals over groups.

    own: (n, places) contributions. score: (n,) explained number. kind: of outcome; a logit of `binary` is turned into a
    probability, of other kinds nothing is weighted.
    """
    weights = metrics.group_weights(groups, resamples, seed)
    weight = sigmoid(score) if kind == "binary" else np.ones(len(own))
    each = weights[:, held.row]
    sums = totals(own, held)
    weighted = Ladder.of(sums * weight[held.row], held.acting, each)
    recall, threshold = weighted.recall()
    plain = Ladder.of(sums, held.acting, each).recall()[0]
    acts = np.array([one.acts for one in planted])
    mask = np.array([marked(one, own.shape[1]) for one in planted], bool)[acts]
    flat, label = own[acts].ravel(), mask.ravel()
    few = 1 + max(20, min(resamples, DRAWN // len(flat)))  # all places of all resamples would not fit in memory
    precision = metrics.auprc(flat, label, np.repeat(weights[:few, acts], own.shape[1], axis=1))
    sizes = {"n": int(held.acting.sum()), "decoys": int((~held.acting).sum())}
    return {
        "recall": metrics.interval(recall) | sizes | {"threshold": _number(threshold[0])},
        "decoys": metrics.interval(weighted.decoys()) | sizes,
        "unweighted": metrics.interval(plain) | sizes,
        "places": metrics.interval(precision) | {"n": int(acts.sum()), "chance": float(label.mean())},
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
