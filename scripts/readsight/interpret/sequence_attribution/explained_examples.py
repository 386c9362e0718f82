"""The test examples that are explained, each with the model that did not see it, and their attributions as a file holds them."""

import hashlib
import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np

from readsight.dataset import fold_file
from readsight.dataset.certificate import sha256, verify_folds
from readsight.dataset.fold_file import Encoding, Fold
from readsight.dataset.outcome import UNCOUNTED, Outcome
from readsight.errors import InputError
from readsight.formats import model_file
from readsight.interpret.sequence_attribution.attribution import attribute, check, score_of
from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.interpret.sequence_attribution.feature_models import member
from readsight.interpret.sequence_attribution.query import Head, Question, heads
from readsight.models.lookup import fits, learned
from readsight.models.model_spec import Variant

log = logging.getLogger("readsight")

FILES = ("tensors", "about", "test", "certificate", "examples")
MAY = ("representation", "representation_about")
UNITS = {"regression": "score", "profile": "log signal"}
THIRDS = 3  # classes that numbers are told apart by, when examples are chosen


@dataclass(frozen=True)
class Part:
    """Examples of one fold's test part that are explained. fold: these. question: what of them is asked, of no head yet."""

    number: int
    fold: Fold
    question: Question


@dataclass(frozen=True)
class Gathered:
    """parts: by fold, each with an example at least. content: what model.json says. hashed: SHA-256 of the model's tensors."""

    parts: list[Part]
    content: dict[str, Any]
    hashed: str

    @property
    def outcome(self) -> Outcome:
        return self.parts[0].fold.outcome


def gathered(inputs: dict[str, Path], count: int, seed: int) -> Gathered:
    """Test examples of all folds, `count` in all, drawn at random and balanced over classes.

    inputs: FILES, and MAY where the model has a representation. Raises InputError, with all that is wrong, where model, folds,
    representation and certificate do not belong together.
    """
    arrays, content = model_file.read(inputs["tensors"], inputs["about"])
    encodings: list[Encoding | None] = [None] * len(arrays)
    marks = {str(inputs["about"]): content["certificate"]}
    if "representation" in inputs:
        encodings, marks[str(inputs["representation_about"])] = learned(inputs["representation"], inputs["representation_about"])
    there = fold_file.count(inputs["test"])
    if not there == len(arrays) == len(encodings):
        counts = f"{there} folds, {inputs['about']} {len(arrays)}, and the representation {len(encodings)}"
        raise InputError(f"{inputs['test']}: has {counts}; make them of one division")
    variant = Variant.of(content["model"])
    wholes = [replace(variant.view(fold_file.read(inputs["test"], n)), encoding=encodings[n]) for n in range(there)]
    verify_folds(inputs["certificate"], marks | {str(inputs["test"]): wholes[0].mark})
    for whole in wholes:
        fits(whole, content, inputs["test"], inputs["about"])
        spelled(whole, inputs["test"])
    first = 1 if wholes[0].outcome.kind == "positions" else None
    rows = chosen(np.concatenate([strata(whole) for whole in wholes]), count, seed, first)
    ends = np.cumsum([0, *map(len, wholes)])
    parts = []
    for number, (whole, first, last) in enumerate(zip(wholes, ends[:-1], ends[1:], strict=True)):
        own = rows[(rows >= first) & (rows < last)] - first
        if len(own):
            parts.append(_part(number, rows_of(whole, own), variant.model, arrays[number], content["folds"][number]["about"]))
    if not parts:
        raise InputError(f"{inputs['test']}: has no examples to explain")
    return Gathered(parts, content, sha256(inputs["tensors"]))


def _part(number: int, fold: Fold, word: str, arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Part:
    question = Question(member(word, fold), arrays, about, np.asarray(fold.values), Head(""))
    return Part(number, fold, question)


def spelled(fold: Fold, path: Path) -> None:
    """Raise InputError where codes are no bases, or windows not as long as is said of them."""
    due, codes = fold.sequence.length * (1 + fold.sequence.pair), np.asarray(fold.values)
    if codes.shape[1] != due:
        raise InputError(f"{path}: windows of {codes.shape[1]} bases, and it says that they have {due}; make the folds again")
    bad = np.argwhere(codes > 4)
    if len(bad):
        row, place = bad[0]
        raise InputError(
            f"{path}: {fold.names[row]}: code {codes[row, place]} at place {place} is no base ({len(bad)} such); "
            "codes are 0 to 3 for A C G T, and 4 for N"
        )


def rows_of(fold: Fold, rows: np.ndarray) -> Fold:
    """Some examples of a fold."""
    return replace(
        fold, **{name: np.asarray(getattr(fold, name)[rows]) for name in ("values", "labels", "weights", "names", "groups")}
    )


def strata(fold: Fold) -> np.ndarray:
    """The class that each example is drawn as one of, (n,).

    Of several labels the rarest that it has, or none; of numbers and of whole signals thirds by rank. Of positions 1 where the window
    has a site; others, 0, are drawn where there are not enough.
    """
    kind, labels = fold.outcome.kind, np.asarray(fold.labels)
    if kind in ("binary", "multiclass"):
        return labels
    if kind == "multilabel":
        order = np.argsort(labels.sum(axis=0), kind="stable")
        has = labels[:, order].astype(bool)
        return np.where(has.any(axis=1), order[has.argmax(axis=1)], labels.shape[1])
    if kind == "positions":
        return ((labels > 0) & (labels != UNCOUNTED)).any(axis=1).astype(int)
    value = np.nansum(labels, axis=1) if kind == "profile" else labels
    return np.argsort(np.argsort(value, kind="stable"), kind="stable") * THIRDS // max(len(value), 1)


def chosen(classes: np.ndarray, count: int, seed: int, first: int | None = None) -> np.ndarray:
    """Rows of `count` examples, ascending: of each class as many, where it has so many, and drawn at random.

    first: a class that is taken before all others.
    """
    draw = np.random.default_rng(seed)
    shuffled = draw.permutation(len(classes))
    turn = np.empty(len(classes), np.int64)
    for name in np.unique(classes):
        own = shuffled[classes[shuffled] == name]
        turn[own] = np.arange(len(own)) - (len(classes) if name == first else 0)
    return np.sort(shuffled[np.argsort(turn[shuffled], kind="stable")][:count])


def explained(
    found: Gathered, methods: list[str], spec: dict[str, Any], seed: int, examples: Path, task: str = ""
) -> Attributions:
    """Attributions of all methods and heads. spec: the config's section `interpret`. examples: h5ad that tells places.

    Raises InputError for methods that are not defined on the model, and for attributions that are no numbers.
    """
    refused(found, methods)
    names = [head.name for head in heads(found.outcome)]
    parts: dict[str, dict[str, list[np.ndarray]]] = {word: {name: [] for name in names} for word in methods}
    asked: dict[str, list[Question]] = {name: [] for name in names}
    for part in found.parts:
        for head in heads(found.outcome):
            question = about(part.question, head)
            asked[head.name].append(question)
            for word in methods:
                begun = time.monotonic()
                parts[word][head.name].append(attribute(word, question, spec, seed, part.fold.names))
                log.info("%s of %s: %d examples in %.1f s", word, head.name, len(question), time.monotonic() - begun)
    joined = {word: {name: np.concatenate(own) for name, own in by_head.items()} for word, by_head in parts.items()}
    score = {name: np.concatenate([score_of(one) for one in own]) for name, own in asked.items()}
    along = asked if found.outcome.kind == "positions" else {}
    at = {name: np.concatenate([one.at for one in own]) for name, own in along.items()}
    return Attributions(
        joined, codes_of(found), rows_told(found, examples), score, at, {"task": task} | told(found, methods, spec)
    )


def refused(found: Gathered, methods: list[str]) -> None:
    """Raise InputError with all methods that are not defined on the model."""
    faults = []
    for word in methods:
        try:
            check(word, found.parts[0].question)
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)


def about(question: Question, head: Head) -> Question:
    """The question about one number of the output; of positions about the place where it is highest in each window."""
    at = None
    if question.kind == "positions":
        guess = np.asarray(question.member.predict(question.arrays, question.about | {"predicts": "float32"}, question.codes))
        at = guess[:, :, head.index].argmax(axis=1).astype(np.int64)
    found = replace(question, head=head, at=at)
    if question.differentiable:
        vars(found)["net"] = question.net  # built once
    return found


def codes_of(found: Gathered) -> np.ndarray:
    return np.concatenate([np.asarray(part.question.codes) for part in found.parts]).astype(np.uint8)


def rows_told(found: Gathered, examples: Path) -> dict[str, np.ndarray]:
    """What the file says of each example."""
    parts = found.parts
    names = np.concatenate([part.fold.names for part in parts])
    rows = {"example": names, "group": np.concatenate([part.fold.groups for part in parts])}
    rows["label"] = np.concatenate([np.asarray(part.fold.labels) for part in parts])
    rows["fold"] = np.concatenate([np.full(len(part.fold), part.number) for part in parts])
    with h5py.File(examples) as handle:
        table = anndata.io.read_elem(handle["obs"])
    lacking = [str(name) for name in names if name not in table.index]
    if lacking:
        raise InputError(
            f"{examples}: has no example {lacking[0]!r} ({len(lacking)} lack), which the folds have; make the folds again"
        )
    table = table.loc[names]
    for name, none in (("chrom", ""), ("strand", ""), ("start", -1), ("end", -1)):
        values = table[name] if name in table else np.full(len(names), none, object)
        rows[name] = np.asarray(values, np.int64) if none == -1 else np.asarray(values).astype(str)
    return rows


def told(found: Gathered, methods: list[str], spec: dict[str, Any]) -> dict[str, Any]:
    """Attributes of the file."""
    outcome, sequence, content = found.outcome, found.parts[0].fold.sequence, found.content
    data = hashlib.sha256(np.ascontiguousarray(codes_of(found)).tobytes()).hexdigest()
    return {
        "model": content["model"],
        "model_hash": found.hashed,
        "data_hash": data,
        "certificate": content["certificate"],
        "kind": outcome.kind,
        "classes": list(outcome.classes),
        "heads": [head.name for head in heads(outcome)],
        "methods": list(methods),
        "unit": UNITS.get(outcome.kind, "logit"),
        "pair": sequence.pair,
        "stranded": sequence.stranded,
        "bin": sequence.bin,
        "baseline": spec["baseline"],
    }
