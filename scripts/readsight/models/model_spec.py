"""A model as a task trains it: a kind of model, on all modalities or one alone, under the task's balance or another.

Written as one word, which names its folder: `network`, `logistic-on-mrna`, `logistic-with-oversample`.
"""

from typing import Any, NamedTuple

from readsight.errors import InputError


class ModelSpec(NamedTuple):
    """model: word of the registry. modality: the one it sees alone, None for all. balance: None for the task's own."""

    model: str
    modality: str | None = None
    balance: str | None = None

    @classmethod
    def parse(cls, name: str) -> "ModelSpec":
        """What a word says."""
        model_and_modality, _, balance = name.partition("-with-")
        model, _, modality = model_and_modality.partition("-on-")
        return cls(model, modality or None, balance or None)

    @property
    def name(self) -> str:
        return self.model + f"-on-{self.modality}" * bool(self.modality) + f"-with-{self.balance}" * bool(self.balance)

    def restrict_fold(self, fold: Any) -> Any:
        """A `readsight.dataset.fold_file.Fold` as the variant sees it. Raises InputError where the examples lack its modality."""
        if self.modality is not None and self.modality not in fold.modalities:
            available = ", ".join(fold.modalities)
            raise InputError(f"{self.name}: the examples have no modality {self.modality!r} in this fold; there are: {available}")
        return fold.on(self.modality)
