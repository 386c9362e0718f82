"""Which exams there are, and what a method must reach in them.

Limits stand where methods that are known to be good (integrated gradients, DeepSHAP, mutagenesis) and those that are known to be
bad (G and C of the sequence itself, noise) fall apart on trained networks, with room on both sides. Measured: a network of
elements with planted sites (200 bp), one of splice sites (dilated, 800 bp), one of CTCF and PU.1 peaks (100 bp).

| exam | limit | good methods | G and C, noise; others |
|---|---|---|---|
| completeness | ≤ 0.05 | 0.000 to 0.005 | a gap of a twentieth is below what a figure shows |
| weights drawn anew | ≤ 0.3 | 0.01 to 0.05 | G and C 1.0; saliency of splice sites 0.80: it shows how far the network sees |
| shuffled labels | ≤ 0.3 | -0.03 to 0.02 | G and C 1.0; saliency of splice sites 0.83 |
| deletion | ≥ 0.15 | 0.23 to 0.66 | G and C 0.09, noise 0.03; saliency of elements 0.10, of peaks 0.18 |
| insertion | ≥ 0.15 | 0.75 to 1.18 | G and C 0.01, noise -0.02 |
| agreement with mutagenesis | ≥ 0.3 | 0.42 to 0.66 | -0.01 to 0.01 |
| planted motifs | ≥ 0.9 | 0.98 to 1.0 | 0.0 to 0.02; Grad-CAM 0.79 |
| decoys | ≤ 0.1 | 0.02 to 0.06 | 0.50 to 0.59; Grad-CAM 0.14 |
| planted places | ≥ 0.5 | 0.72 to 0.91 | 0.11, as chance; saliency 0.48 |
| stability | ≥ 0.15 | 0.28 to 0.64 | noise -0.01 |
| reverse complement | ≥ 0.95 | 1.0 | noise 0.01 |

The limits were set on these very networks: that good methods pass here is how they were set, and no proof. The model of shuffled
labels is trained for a short while only, and does not learn its labels by heart, as that of Adebayo et al. 2018 does.
Rank correlations over all places of a sequence are low even where two networks agree, since most places do nothing and rank by
chance; so their limits are as well. 0.3 is also the limit of attributions of tables (`readsight.interpret.exams.tabular`; Adebayo et al. 2018 rank so).
No exam is enough: G and C are stable and the same on both strands, noise hangs on the weights.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Exam:
    """name: in figures. key: in the summary. side: `≤` or `≥` of the limit; limit None: told, and not judged. reason: what it means
    to fail. description: what the value is.
    """

    name: str
    key: str
    side: str
    limit: float | None
    reason: str
    description: str


FINITE = Exam(
    "numbers", "not_finite", "≤", 0.0, "attributions hold NaN or infinite values", "part of the attributions that are no numbers"
)
COMPLETE = Exam(
    "completeness",
    "completeness_error",
    "≤",
    0.05,
    "contributions do not add up to the change of the output",
    "mean gap between the sum of contributions and the output's change from the references, as a part of it",
)
REDRAWN = Exam(
    "weights drawn anew",
    "redrawn_similarity",
    "≤",
    0.3,
    "an untrained network gets like attributions",
    "rank correlation with contributions of the same architecture whose weights are drawn anew",
)
SHUFFLED = Exam(
    "shuffled labels",
    "shuffled_similarity",
    "≤",
    0.3,
    "a model of shuffled labels gets like attributions",
    "rank correlation with contributions of a model of the same settings that was trained on shuffled labels",
)
DELETION = Exam(
    "deletion",
    "deletion_area",
    "≥",
    0.15,
    "deleting what it names moves the output little more than deleting anything",
    "area between the curves of the output while places are deleted at random and in the method's order, as a part of its change",
)
INSERTION = Exam(
    "insertion",
    "insertion_area",
    "≥",
    0.15,
    "inserting what it names moves the output little more than inserting anything",
    "area between the curves of the output while places are inserted in the method's order and at random, as a part of its change",
)
AGREEMENT = Exam(
    "agreement with mutagenesis",
    "mutagenesis_agreement",
    "≥",
    0.3,
    "it does not rank places as substitutions do",
    "rank correlation over places with the contributions of in-silico mutagenesis",
)
PLANTED = Exam(
    "planted motifs",
    "planted_recall",
    "≥",
    0.9,
    "it misses planted sites where it calls few decoys",
    "part of the planted sites that act which are called where at most a tenth of the calls are decoys",
)
DECOYS = Exam(
    "decoys",
    "planted_fdr",
    "≤",
    0.1,
    "many of its calls are decoys",
    "part of the calls that are decoys (lone sites that do not act, background beside those that do) where nine of ten sites are called",
)
ALONE = Exam(
    "planted motifs, unweighted",
    "planted_recall_unweighted",
    "≥",
    None,
    "",
    "planted_recall by contributions that are not weighted with the predicted probability that the element acts",
)
PLACES = Exam(
    "planted places",
    "planted_precision",
    "≥",
    0.5,
    "its foremost places are not those of planted sites",
    "average precision of places of planted sites, by contribution, in elements that act",
)
STABILITY = Exam(
    "stability",
    "stability",
    "≥",
    0.15,
    "a model of the same task that was trained anew gets other attributions",
    "rank correlation with contributions of models of other folds or seeds",
)
STRANDS = Exam(
    "reverse complement",
    "strand_similarity",
    "≥",
    0.95,
    "the other strand of the same sequence gets other attributions",
    "rank correlation of contributions with those of the reverse complement, turned back",
)
STRAND = Exam(
    "reverse complement, one strand",
    "strand_similarity_raw",
    "≥",
    None,
    "",
    "the same before both strands are averaged",
)
EXAMS = (
    FINITE, COMPLETE, REDRAWN, SHUFFLED, DELETION, INSERTION, AGREEMENT, PLANTED, DECOYS, ALONE, PLACES, STABILITY, STRANDS, STRAND,
)  # fmt: skip


def judge_value(
    exam: Exam, value: float, low: float | None = None, high: float | None = None, n: int | None = None, **more: Any
) -> dict[str, Any]:
    """One result: exam, key, value, side, limit, passed, reason (in words, where it failed), low, high, n (examples)."""
    value = float(value)
    is_within = exam.limit is None or bool(value <= exam.limit if exam.side == "≤" else value >= exam.limit)
    passed = is_within and bool(np.isfinite(value))
    reason = "" if passed else exam.reason or "the value is no number"
    result = {"exam": exam.name, "key": exam.key, "value": value, "side": exam.side, "limit": exam.limit, "passed": passed}
    return result | {"reason": reason, "low": low, "high": high, "n": n} | more


def make_undefined(exam: Exam, reason: str) -> dict[str, Any]:
    """An exam that is not defined for a method or a model: its value is None, and nobody fails it."""
    result = {"exam": exam.name, "key": exam.key, "value": None, "side": exam.side, "limit": exam.limit, "passed": True}
    return result | {"reason": f"not defined: {reason}", "low": None, "high": None, "n": None}
