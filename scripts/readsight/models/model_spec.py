"""Specification of a model in a task: kind of model, modality and balancing method.

The name of a specification also names its folder: `network`, `logistic-on-mrna`, `logistic-with-oversample`.
"""

from typing import Any, NamedTuple

from readsight.errors import InputError


class ModelSpec(NamedTuple):
    """model: name in the registry. modality: the only one used; None for all. balance: None for that of the task."""

    model: str
    modality: str | None = None
    balance: str | None = None

    @classmethod
    def parse(cls, name: str) -> "ModelSpec":
        """Specification from its name."""
        model_and_modality, _, balance = name.partition("-with-")
        model, _, modality = model_and_modality.partition("-on-")
        return cls(model, modality or None, balance or None)

    @property
    def name(self) -> str:
        return self.model + f"-on-{self.modality}" * bool(self.modality) + f"-with-{self.balance}" * bool(self.balance)

    def restrict_fold(self, fold: Any) -> Any:
        """Fold reduced to the modality of the specification. Raises InputError if the examples lack it."""
        if self.modality is not None and self.modality not in fold.modalities:
            available = ", ".join(fold.modalities)
            raise InputError(f"{self.name}: the examples have no modality {self.modality!r} in this fold; available: {available}")
        return fold.select_modality(self.modality)
