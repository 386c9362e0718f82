"""What is examined: attributions of explained examples, and the questions that these answered."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from readsight.errors import InputError
from readsight.interpret.sequence_attribution.attribution import attribute
from readsight.interpret.sequence_attribution.attribution_file import Attributions, base_contributions
from readsight.interpret.sequence_attribution.query import AttributionQuery


@dataclass(frozen=True)
class ExamCase:
    """Explained examples of one fold, and one number of its model's output. rows: (n,) of the file of attributions."""

    query: AttributionQuery
    rows: np.ndarray
    fold: int

    @property
    def head_name(self) -> str:
        return self.query.head.name

    @property
    def codes(self) -> np.ndarray:
        return np.asarray(self.query.codes)

    def select_rows(self, rows: np.ndarray) -> "ExamCase":
        """The same of some of its examples."""
        return replace(self, question=self.query.select_rows(rows), rows=self.rows[rows])


def thin_cases(cases: list[ExamCase], max_examples: int) -> list[ExamCase]:
    """At most so many examples in all, evenly spread over cases; of few cases, not one example less."""
    sizes = [len(case.rows) for case in cases]
    total = sum(sizes)
    chosen = np.unique(np.linspace(0, total - 1, min(max_examples, total)).round().astype(int))
    starts = np.cumsum([0, *sizes])
    chosen_by_case = [chosen[(chosen >= a) & (chosen < b)] - a for a, b in zip(starts[:-1], starts[1:], strict=True)]
    return [case.select_rows(case_rows) for case, case_rows in zip(cases, chosen_by_case, strict=True) if len(case_rows)]


@dataclass
class ExaminedAttributions:
    """Attributions with their cases. spec: the config's section `interpret`. seed: that they were made with."""

    attributions: Attributions
    cases: list[ExamCase]
    spec: dict[str, Any]
    seed: int

    def attributions_of(self, method: str, case: ExamCase) -> np.ndarray:
        """Attributions of a case's examples, (n, places, 4), as the file tells them."""
        return self.attributions.values[method][case.head_name][case.rows]

    def contributions_of(self, method: str, case: ExamCase) -> np.ndarray:
        """Their contributions, (n, places)."""
        return base_contributions(self.attributions_of(method, case), case.codes)

    def collect_groups(self, cases: list[ExamCase]) -> np.ndarray:
        return np.concatenate([self.attributions.metadata["group"][case.rows] for case in cases])

    def attribute_query(self, method: str, query: AttributionQuery) -> np.ndarray:
        """Attributions of another model, or on another strand, (n, places, 4); 0 where they are no numbers."""
        try:
            return attribute(method, query, self.spec, self.seed)
        except InputError:
            return np.zeros((*query.codes.shape, 4), np.float32)
