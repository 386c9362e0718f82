"""Definitions of the exams and their limits.

Limits lie between the values of methods that are known to be good (integrated gradients, DeepSHAP, mutagenesis) and those of
methods that are known to be bad (G and C content, noise), with a margin on both sides. Measured on three networks: elements with
planted sites (200 bp), splice sites (dilated, 800 bp), CTCF and PU.1 peaks (100 bp).

| exam | limit | good methods | GC content, noise, further methods |
|---|---|---|---|
| completeness | ≤ 0.05 | 0.000 to 0.005 | a gap of a twentieth is invisible in a figure |
| randomised weights | ≤ 0.3 | 0.01 to 0.05 | GC 1.0; saliency of splice sites 0.80: it reflects the receptive field |
| shuffled labels | ≤ 0.3 | -0.03 to 0.02 | GC 1.0; saliency of splice sites 0.83 |
| deletion | ≥ 0.15 | 0.23 to 0.66 | GC 0.09, noise 0.03; saliency of elements 0.10, of peaks 0.18 |
| insertion | ≥ 0.15 | 0.75 to 1.18 | GC 0.01, noise -0.02 |
| agreement with mutagenesis | ≥ 0.3 | 0.42 to 0.66 | -0.01 to 0.01 |
| planted motifs | ≥ 0.9 | 0.98 to 1.0 | 0.0 to 0.02; Grad-CAM 0.79 |
| decoys | ≤ 0.1 | 0.02 to 0.06 | 0.50 to 0.59; Grad-CAM 0.14 |
| planted positions | ≥ 0.5 | 0.72 to 0.91 | 0.11, as expected by chance; saliency 0.48 |
| stability | ≥ 0.15 | 0.28 to 0.64 | noise -0.01 |
| reverse complement | ≥ 0.95 | 1.0 | noise 0.01 |

The limits were chosen on these networks, so passing on them is not independent evidence. The model with shuffled labels is trained
briefly and does not memorise its labels, unlike that of Adebayo et al. 2018. Rank correlations over all positions are low even if
two networks agree, because most positions have no effect and rank at random; their limits are low for the same reason. 0.3 is also
the limit for feature attributions (`readsight.interpret.exams.tabular`; Adebayo et al. 2018 use rank correlation too).
No single exam is sufficient: GC content is stable and equal on both strands, noise depends on the weights.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Exam:
    """One exam.

    name: in figures. key: in the summary. side: `≤` or `≥` of the limit; limit None: reported, not judged. reason: meaning of a
    failure. description: of the value.
    """

    name: str
    key: str
    side: str
    limit: float | None
    reason: str
    description: str


FINITE = Exam(
    "finite values",
    "not_finite",
    "≤",
    0.0,
    "attributions contain NaN or infinite values",
    "fraction of attributions that are NaN or infinite",
)
COMPLETE = Exam(
    "completeness",
    "completeness_error",
    "≤",
    0.05,
    "contributions do not add up to the change of the output",
    "mean gap between the sum of contributions and the output's change from the references, relative to that change",
)
RANDOMISED = Exam(
    "randomised weights",
    "redrawn_similarity",
    "≤",
    0.3,
    "an untrained network gets similar attributions",
    "rank correlation with contributions of the same architecture with random weights",
)
SHUFFLED = Exam(
    "shuffled labels",
    "shuffled_similarity",
    "≤",
    0.3,
    "a model trained on shuffled labels gets similar attributions",
    "rank correlation with contributions of a model with the same settings trained on shuffled labels",
)
DELETION = Exam(
    "deletion",
    "deletion_area",
    "≥",
    0.15,
    "deleting its top positions changes the output little more than deleting random positions",
    "area between the output curves for deleting positions at random and in the method's order, relative to the output's change",
)
INSERTION = Exam(
    "insertion",
    "insertion_area",
    "≥",
    0.15,
    "inserting its top positions changes the output little more than inserting random positions",
    "area between the output curves for inserting positions in the method's order and at random, relative to the output's change",
)
AGREEMENT = Exam(
    "agreement with mutagenesis",
    "mutagenesis_agreement",
    "≥",
    0.3,
    "its ranking of positions differs from that of substitution effects",
    "rank correlation over positions with the contributions of in-silico mutagenesis",
)
PLANTED = Exam(
    "planted motifs",
    "planted_recall",
    "≥",
    0.9,
    "it misses planted sites at a threshold with few decoys",
    "fraction of the planted sites in active elements that are called while at most a tenth of the calls are decoys",
)
DECOYS = Exam(
    "decoys",
    "planted_fdr",
    "≤",
    0.1,
    "many of its calls are decoys",
    "fraction of the calls that are decoys (sites in inactive elements, background in active elements) while nine of ten sites are called",
)
ALONE = Exam(
    "planted motifs, unweighted",
    "planted_recall_unweighted",
    "≥",
    None,
    "",
    "planted_recall of contributions without the weight of the predicted probability that the element is active",
)
PLACES = Exam(
    "planted positions",
    "planted_precision",
    "≥",
    0.5,
    "its top positions are not in planted sites",
    "average precision of positions in planted sites, ranked by contribution, in active elements",
)
STABILITY = Exam(
    "stability",
    "stability",
    "≥",
    0.15,
    "a retrained model of the same task gets different attributions",
    "rank correlation with contributions of models of different folds or seeds",
)
STRANDS = Exam(
    "reverse complement",
    "strand_similarity",
    "≥",
    0.95,
    "the reverse strand of the same sequence gets different attributions",
    "rank correlation of contributions with those of the reverse complement, mapped to the forward strand",
)
STRAND = Exam(
    "reverse complement, one strand",
    "strand_similarity_raw",
    "≥",
    None,
    "",
    "strand_similarity before averaging over strands",
)
EXAMS = (
    FINITE, COMPLETE, RANDOMISED, SHUFFLED, DELETION, INSERTION, AGREEMENT, PLANTED, DECOYS, ALONE, PLACES, STABILITY, STRANDS, STRAND,
)  # fmt: skip


def judge_value(
    exam: Exam, value: float, low: float | None = None, high: float | None = None, n: int | None = None, **more: Any
) -> dict[str, Any]:
    """Result of one exam: exam, key, value, side, limit, passed, reason (of a failure), low, high, n (examples)."""
    value = float(value)
    is_within = exam.limit is None or bool(value <= exam.limit if exam.side == "≤" else value >= exam.limit)
    passed = is_within and bool(np.isfinite(value))
    reason = "" if passed else exam.reason or "the value is NaN"
    result = {"exam": exam.name, "key": exam.key, "value": value, "side": exam.side, "limit": exam.limit, "passed": passed}
    return result | {"reason": reason, "low": low, "high": high, "n": n} | more


def make_undefined(exam: Exam, reason: str) -> dict[str, Any]:
    """Result of an exam that is not defined for a method or model: its value is None and it counts as passed."""
    result = {"exam": exam.name, "key": exam.key, "value": None, "side": exam.side, "limit": exam.limit, "passed": True}
    return result | {"reason": f"not defined: {reason}", "low": None, "high": None, "n": None}
