"""Models of the same kind that learned something else, or nothing: what attributions of a trained model are held against."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from readsight.dataset import fold_file
from readsight.dataset.fold_file import Encoding, Fold
from readsight.dataset.outcome import UNCOUNTED
from readsight.interpret.sequence_attribution.query import Head, Question
from readsight.models.kmer.kmer_counts import limited
from readsight.models.lookup import member as member_of
from readsight.models.lookup import trained
from readsight.models.model_spec import Variant
from readsight.models.sequence.network_model import Member
from readsight.models.tabular.shuffled_labels import shuffled
from readsight.models.training.weights import own

MOST = 4000  # training examples of a model that is trained anew
SHARE = 0.8  # of the examples, at most: a model whose training draws nothing would be the same one again
BATCH = 64  # largest batch, so that few passes are enough steps


@dataclass(frozen=True)
class Model:
    """A trained model of one fold, to be asked about codes. member: of `readsight.interpret.sequence_attribution.feature_models`."""

    member: Any
    arrays: dict[str, np.ndarray]
    about: dict[str, Any]

    def asked(self, codes: np.ndarray, head: Head, at: np.ndarray | None = None) -> Question:
        return Question(self.member, self.arrays, self.about, codes, head, at)

    def instead(self, question: Question) -> Question:
        """The same question to this model."""
        return self.asked(question.codes, question.head, question.at)


@dataclass(frozen=True)
class Effort:
    """How long a network is trained anew: as many passes as make so many steps, but not more examples shown than that."""

    most: int
    steps: int
    shown: int

    def epochs(self, n: int, batch: int, settled: int) -> int:
        """Passes over n examples. settled: of the settings, which are not exceeded."""
        return max(1, min(settled, round(self.steps * batch / n), round(self.shown / n)))


BLIND = Effort(2000, 120, 8_000)
AGAIN = Effort(MOST, 400, 24_000)


@dataclass(frozen=True)
class Trainer:
    """Trains the task's first model anew. balanced: file of its training folds. encodings: representation of each fold.
    content: what the model's file says.
    """

    balanced: Path
    content: dict[str, Any]
    encodings: list[Encoding | None]
    threads: int

    def blind(self, number: int, seed: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Arrays and about of a model trained on shuffled labels."""
        return self._trained(number, BLIND, seed, dealt)

    def again(self, number: int, seed: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """The same of one trained on true labels, from another seed, on other examples of the same fold."""
        return self._trained(number, AGAIN, seed, lambda fold, _: fold)

    def _trained(self, number: int, effort: Effort, seed: int, made: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        variant = Variant.of(self.content["model"])
        whole = replace(variant.view(fold_file.read(self.balanced, number)), encoding=self.encodings[number])
        some = limited(whole, max(1, min(effort.most, round(SHARE * len(whole)))), seed)
        module, fold = member_of(variant.model, made(some, seed))
        settings = dict(self.content["folds"][number]["settings"])
        if isinstance(module, Member):
            batch = min(settings["batch_size"], BATCH)
            epochs = effort.epochs(len(fold), batch, settings["epochs"])
            settings |= {"batch_size": batch, "epochs": epochs, "ensemble": 1, "devices": 1, "nodes": 1}
        fitted = trained(module, (fold, None), settings, seed, self.threads)
        return fitted.arrays, fitted.about


def dealt(fold: Fold, seed: int) -> Fold:
    """The same examples with their labels dealt out at random; those along a sequence are turned along it as well.

    Turned: begun at another place, as in a ring. Places that do not count stay where they are.
    """
    found = shuffled(fold, seed)
    if not fold.outcome.along:
        return found
    labels, draw = np.asarray(found.labels), np.random.default_rng(seed)
    by = draw.integers(0, labels.shape[1], len(labels))
    turned = np.take_along_axis(labels, (np.arange(labels.shape[1]) - by[:, None]) % labels.shape[1], axis=1)
    if fold.outcome.kind == "positions":
        turned = np.where(turned == UNCOUNTED, 0, turned)
        turned = np.where(np.asarray(fold.labels) == UNCOUNTED, UNCOUNTED, turned).astype(labels.dtype)
    return replace(found, labels=turned)


def redrawn(question: Question, seed: int) -> Question | None:
    """The question to the same architecture with weights drawn anew; None where the model has none to draw."""
    drawn = getattr(getattr(question.member, "member", question.member), "redrawn", None)
    return None if drawn is None else replace(question, arrays=drawn(question.arrays, question.about, seed))


def networks(question: Question) -> list[Question]:
    """The question to each network of an ensemble; none where there is but one."""
    about, count = question.about, int(question.about.get("ensemble", 1))
    if count < 2:
        return []
    kept = {name: array for name, array in question.arrays.items() if name.startswith("encoding.")}
    alone = [kept | {f"0.{name}": array for name, array in own(question.arrays, number).items()} for number in range(count)]
    return [replace(question, arrays=arrays, about=about | {"ensemble": 1}) for arrays in alone]
