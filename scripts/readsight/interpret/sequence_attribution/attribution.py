"""Attributions of a question by a method's word: of both strands where the model averages these."""

from contextlib import nullcontext
from typing import Any

import numpy as np

from readsight.errors import InputError
from readsight.interpret.sequence_attribution.gradients import scores, still
from readsight.interpret.sequence_attribution.query import Question, turned_back
from readsight.interpret.sequence_attribution.receptive_field import seen
from readsight.interpret.sequence_attribution.references import reference_codes, references
from readsight.interpret.sequence_attribution.registry import EXPLANATIONS
from readsight.models.sequence import NETS
from readsight.models.sequence.network_model import Member

ROWS = 128  # sequences explained at once
SHOWN = 5


def attribute(word: str, question: Question, spec: dict[str, Any], seed: int, names: Any = None) -> np.ndarray:
    """Attributions (n, places, 4) float32, as `attribution_file` says; the mean of both strands where the model averages these.

    word: of `registry.EXPLANATIONS`. spec: what the config's section `interpret` says. names: of the examples, for messages.
    Raises InputError for a method that is not defined on the model, and for attributions that are no numbers.
    """
    method = EXPLANATIONS[word]
    check(word, question)
    found = np.zeros((*question.codes.shape, 4), np.float32)
    with still(question.net) if isinstance(question.member, Member) else nullcontext():
        for i in range(0, len(question), ROWS):
            rows = np.arange(i, min(i + ROWS, len(question)))
            part = question.some(rows)
            found[rows] = _of_strand(method, part, spec, seed)
            if averaged(method, question):
                other = turned_back(_of_strand(method, part.turned(), spec, seed), question.about)
                found[rows] = (found[rows] + other) / 2
    finite(word, found, names)
    return found


def _of_strand(method: Any, question: Question, spec: dict[str, Any], seed: int) -> np.ndarray:
    held = compared(method, question, spec, seed)
    near = seen(question) if getattr(method, "NEAR", False) else None
    if near is None:
        return method.attribute(question, held, spec, seed)
    return near.back(method.attribute(near.question, None if held is None else near.cut(held), spec, seed))


def compared(method: Any, question: Question, spec: dict[str, Any], seed: int) -> np.ndarray | None:
    """The references that a method is given: (n, m, places, 4), codes (n, m, places), or None."""
    codes = np.asarray(question.codes)
    if getattr(method, "LETTERS", False):
        return reference_codes(codes, spec, seed, windows(question))
    return references(codes, spec, seed, windows(question)) if getattr(method, "COMPARES", False) else None


def averaged(method: Any, question: Question) -> bool:
    """Whether both strands are explained: not where the model is asked for predictions, which are averaged already."""
    return question.both and (question.differentiable or getattr(method, "TOKENS", False))


def windows(question: Question) -> int:
    """Windows that stand side by side in the question's codes."""
    return 2 if question.about.get("pair") else 1


def check(word: str, question: Question) -> None:
    """Raise InputError where a method is not defined on the question's model; it names those that are."""
    if defined(word, question):
        return
    model, read = named(question), representation(question)
    other = ", ".join(name for name in EXPLANATIONS if defined(name, question))
    raise InputError(f"attributions: {word!r} is not defined on {model} ({read}); use {other}")


def defined(word: str, question: Question) -> bool:
    """Whether a method is defined on the question's model."""
    method = EXPLANATIONS[word]
    if method.ON is None:
        return True
    return named(question) in method.ON and (question.differentiable or getattr(method, "TOKENS", False))


def named(question: Question) -> str:
    """The model's word where it is a network, else `a model without gradients`."""
    return next((word for word in NETS if NETS[word] is question.member), "a model without gradients")


def representation(question: Question) -> str:
    return (question.about.get("encoding") or {}).get("name", "codes")


def finite(word: str, found: np.ndarray, names: Any = None) -> None:
    """Raise InputError for attributions that are no numbers."""
    bad = np.flatnonzero(~np.isfinite(found).all(axis=(1, 2)))
    if not len(bad):
        return
    some = ", ".join(str(i if names is None else names[i]) for i in bad[:SHOWN]) + (", …" if len(bad) > SHOWN else "")
    raise InputError(
        f"attributions: {word} is not a number for {len(bad)} of {len(found)} examples ({some}): the model's output or its slope is "
        "infinite there; train it with a lower training.learning_rate or a smaller training.clip, or leave this method out"
    )


def score_of(question: Question) -> np.ndarray:
    """The explained number of each sequence, (n,) float64; the mean of both strands where the model averages these."""
    if not (question.both and question.differentiable):
        return question.score()
    return (question.score() + question.turned().score()) / 2


def change_of(question: Question, spec: dict[str, Any], seed: int, word: str | None = None) -> np.ndarray:
    """What contributions of a complete method add up to, (n,): the score less its mean over the sequence's references.

    The mean of both strands where the model averages these. word: the method; without one references are mixtures of bases where the
    model reads such, else letters.
    """
    method = EXPLANATIONS[word or ("integrated_gradients" if question.differentiable else "shap")]
    found = []
    for i in range(0, len(question), ROWS):
        part = question.some(np.arange(i, min(i + ROWS, len(question))))
        strands = [part, part.turned()] if averaged(method, part) else [part]
        found.append(np.mean([_change(method, strand, spec, seed) for strand in strands], axis=0))
    return np.concatenate(found) if found else np.zeros(0)


def _change(method: Any, question: Question, spec: dict[str, Any], seed: int) -> np.ndarray:
    held = compared(method, question, spec, seed)
    if held is None:
        raise ValueError("a method that compares with nothing has no change to add up to")
    n, m, places = held.shape[:3]
    if held.ndim == 4:
        other = scores(question, held.reshape(-1, places, 4), np.repeat(np.arange(n), m))
    else:
        at = None if question.at is None else np.repeat(question.at, m)
        other = question.about_codes(held.reshape(-1, places), at).score()
    return question.score() - other.reshape(n, m).mean(axis=1)
