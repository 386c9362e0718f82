"""What is evaluated how."""

from dataclasses import dataclass

import pandas as pd

from readsight.dataset.outcome import Outcome
from readsight.evaluation.outcomes.registry import SCORING


@dataclass(frozen=True)
class EvaluationPlan:
    """What is evaluated how.

    outcome: what is predicted. first_model: the model that the others are baselines of. feature: of `single_feature`.
    has_given_split: whether repeat 0 is a split that the data bring, and repeat 1 divisions drawn anew. balance: the task's own.
    calls, is_sequences: what examples are; samples, where neither.
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
        """The metric that models are judged by.

        Of two classes: of calls, how well the rarer is found; of sequences, how well they are ranked; of samples, how
        many of each are called right.
        """
        if self.outcome.kind == "binary" and (self.is_calls or self.is_sequences):
            return "auprc" if self.is_calls else "auroc"
        return SCORING[self.outcome.kind].PRIMARY

    @property
    def unit(self) -> str:
        """What examples are, in words."""
        return "calls" if self.is_calls else "sequences" if self.is_sequences else "samples"

    def choose_positive_class(self, examples: pd.DataFrame) -> int:
        """The class to find: of calls the rarer one, of two classes of samples or sequences the positive one."""
        return int(examples["label"].mean() < 0.5) if self.is_calls and self.outcome.kind == "binary" else 1

    def select_headline(self, table: pd.DataFrame) -> pd.DataFrame:
        """What scores are told of: all repeats, or the given split alone."""
        return table[table["repeat"] == 0] if self.has_given_split else table
