"""Evaluation plan: outcome, first model, primary metric, resamples, and the kind of examples."""

from dataclasses import dataclass

import pandas as pd

from readsight.dataset.outcome import Outcome
from readsight.evaluation.outcomes.registry import SCORING


@dataclass(frozen=True)
class EvaluationPlan:
    """Settings of an evaluation.

    Attributes
    ----------
    outcome : what is predicted.
    first_model : the model that all other models are compared with.
    feature : of `single_feature`.
    has_given_split : whether repeat 0 is a split given by the user, and repeat 1 has random splits.
    balance : the task's balance.
    is_calls, is_sequences : kind of the examples; samples if neither.
    """

    outcome: Outcome
    first_model: str
    feature: str
    resamples: int
    seed: int
    is_calls: bool = True
    has_given_split: bool = False
    balance: str | None = None
    is_sequences: bool = False

    @property
    def primary(self) -> str:
        """The metric used to judge models.

        For two classes: of calls, precision–recall of the rarer class; of sequences, ranking; of samples, recall of both classes.
        """
        if self.outcome.kind == "binary" and (self.is_calls or self.is_sequences):
            return "auprc" if self.is_calls else "auroc"
        return SCORING[self.outcome.kind].PRIMARY

    @property
    def unit(self) -> str:
        """Plural name of the examples."""
        return "calls" if self.is_calls else "sequences" if self.is_sequences else "samples"

    def choose_positive_class(self, examples: pd.DataFrame) -> int:
        """The positive class: of calls the rarer one, of two classes of samples or sequences the second one."""
        return int(examples["label"].mean() < 0.5) if self.is_calls and self.outcome.kind == "binary" else 1

    def select_headline(self, table: pd.DataFrame) -> pd.DataFrame:
        """Rows of the headline scores: all repeats, or only the given split."""
        return table[table["repeat"] == 0] if self.has_given_split else table
