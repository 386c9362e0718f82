"""Examined attributions: explained examples with the queries that produced them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from readsight.errors import InputError
from readsight.interpret.sequence_attribution.attribution import attribute
from readsight.interpret.sequence_attribution.attribution_file import Attributions, base_contributions
from readsight.interpret.sequence_attribution.query import AttributionQuery


@dataclass(frozen=True)
class ExamCase:
    """Explained examples of one fold and one output. rows: (n,) rows of the file of attributions."""

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
        """The same case with selected examples."""
        return replace(self, query=self.query.select_rows(rows), rows=self.rows[rows])


def thin_cases(cases: list[ExamCase], max_examples: int) -> list[ExamCase]:
    """At most `max_examples` examples in total, evenly spaced over cases; all if there are fewer."""
    sizes = [len(case.rows) for case in cases]
    total = sum(sizes)
    chosen = np.unique(np.linspace(0, total - 1, min(max_examples, total)).round().astype(int))
    starts = np.cumsum([0, *sizes])
    chosen_by_case = [chosen[(chosen >= a) & (chosen < b)] - a for a, b in zip(starts[:-1], starts[1:], strict=True)]
    return [case.select_rows(case_rows) for case, case_rows in zip(cases, chosen_by_case, strict=True) if len(case_rows)]


@dataclass
class ExaminedAttributions:
    """Attributions with their cases. spec: config section `interpret`. seed: of the attributions."""

    attributions: Attributions
    cases: list[ExamCase]
    spec: dict[str, Any]
    seed: int

    def attributions_of(self, method: str, case: ExamCase) -> np.ndarray:
        """Attributions of a case's examples as stored in the file, (n, positions, 4)."""
        return self.attributions.values[method][case.head_name][case.rows]

    def contributions_of(self, method: str, case: ExamCase) -> np.ndarray:
        """Contributions of the observed bases, (n, positions)."""
        return base_contributions(self.attributions_of(method, case), case.codes)

    def collect_groups(self, cases: list[ExamCase]) -> np.ndarray:
        return np.concatenate([self.attributions.metadata["group"][case.rows] for case in cases])

    def attribute_query(self, method: str, query: AttributionQuery) -> np.ndarray:
        """Attributions of a different model or strand, (n, positions, 4); 0 if they are not finite."""
        try:
            return attribute(method, query, self.spec, self.seed)
        except InputError:
            return np.zeros((*query.codes.shape, 4), np.float32)
