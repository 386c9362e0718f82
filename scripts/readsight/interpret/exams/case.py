"""What is examined: attributions of explained examples, and the questions that these answered."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from readsight.errors import InputError
from readsight.interpret.sequence_attribution.attribution import attribute
from readsight.interpret.sequence_attribution.attribution_file import Attributions, own
from readsight.interpret.sequence_attribution.query import Question


@dataclass(frozen=True)
class Case:
    """Explained examples of one fold, and one number of its model's output. rows: (n,) of the file of attributions."""

    question: Question
    rows: np.ndarray
    fold: int

    @property
    def head(self) -> str:
        return self.question.head.name

    @property
    def codes(self) -> np.ndarray:
        return np.asarray(self.question.codes)

    def some(self, kept: np.ndarray) -> "Case":
        """The same of some of its examples."""
        return replace(self, question=self.question.some(kept), rows=self.rows[kept])


def thinned(cases: list[Case], most: int) -> list[Case]:
    """At most so many examples in all, evenly spread over cases; of few cases, not one example less."""
    sizes = [len(case.rows) for case in cases]
    total = sum(sizes)
    kept = np.unique(np.linspace(0, total - 1, min(most, total)).round().astype(int))
    starts = np.cumsum([0, *sizes])
    parts = [kept[(kept >= a) & (kept < b)] - a for a, b in zip(starts[:-1], starts[1:], strict=True)]
    return [case.some(part) for case, part in zip(cases, parts, strict=True) if len(part)]


@dataclass
class Examined:
    """Attributions with their cases. spec: the config's section `interpret`. seed: that they were made with."""

    held: Attributions
    cases: list[Case]
    spec: dict[str, Any]
    seed: int

    def found(self, method: str, case: Case) -> np.ndarray:
        """Attributions of a case's examples, (n, places, 4), as the file tells them."""
        return self.held.found[method][case.head][case.rows]

    def own(self, method: str, case: Case) -> np.ndarray:
        """Their contributions, (n, places)."""
        return own(self.found(method, case), case.codes)

    def groups(self, cases: list[Case]) -> np.ndarray:
        return np.concatenate([self.held.rows["group"][case.rows] for case in cases])

    def asked(self, method: str, question: Question) -> np.ndarray:
        """Attributions of another model, or on another strand, (n, places, 4); 0 where they are no numbers."""
        try:
            return attribute(method, question, self.spec, self.seed)
        except InputError:
            return np.zeros((*question.codes.shape, 4), np.float32)
