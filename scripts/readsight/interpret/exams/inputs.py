"""What `interpret_attribute_sequences` wrote, read back together with the models and the sequences that it is about."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from readsight.dataset import fold_file
from readsight.dataset.certificate import sha256, verify_folds
from readsight.dataset.fold_file import Encoding, Fold
from readsight.errors import InputError
from readsight.formats import model_file
from readsight.interpret.exams.case import Case, Examined
from readsight.interpret.exams.control_models import Model, Trainer
from readsight.interpret.sequence_attribution import attribution_file
from readsight.interpret.sequence_attribution.feature_models import member
from readsight.interpret.sequence_attribution.query import heads
from readsight.models.lookup import learned
from readsight.models.model_spec import Variant

SHOWN = 5


def read(inputs: dict[str, Path], spec: dict[str, Any], seed: int, threads: int) -> tuple[Examined, list[Model], Trainer]:
    """Attributions with their questions, the models of all folds, and what trains others.

    inputs: test, balanced, tensors, about, certificate, attributions and, where the task has one, representation and
    representation_about. spec: the config's section `interpret`. Raises InputError, with all that is wrong, where these are not
    about one another.
    """
    arrays, content = model_file.read(inputs["tensors"], inputs["about"])
    held = attribution_file.read(inputs["attributions"])
    encodings: list[Encoding | None] = [None] * len(arrays)
    marks = {str(inputs["about"]): content["certificate"], str(inputs["attributions"]): held.about["certificate"]}
    if "representation" in inputs:
        encodings, marks[str(inputs["representation_about"])] = learned(inputs["representation"], inputs["representation_about"])
    verify_folds(inputs["certificate"], marks)
    belongs(held, inputs, content)
    variant = Variant.of(content["model"])
    tests = [replace(variant.view(fold_file.read(inputs["test"], n)), encoding=encodings[n]) for n in range(len(arrays))]
    verify_folds(inputs["certificate"], {str(inputs["test"]): tests[0].mark})
    models = [
        Model(member(variant.model, whole), own, row["about"])
        for whole, own, row in zip(tests, arrays, content["folds"], strict=True)
    ]
    cases = [case for number in folds(held) for case in cases_of(held, tests[number], number, models[number], inputs)]
    return Examined(held, cases, spec, seed), models, Trainer(inputs["balanced"], content, encodings, threads)


def folds(held: attribution_file.Attributions) -> list[int]:
    """Numbers of the folds that explained examples are of."""
    return sorted({int(number) for number in held.rows["fold"]})


def belongs(held: attribution_file.Attributions, inputs: dict[str, Path], content: dict[str, Any]) -> None:
    """Raise InputError where attributions are of another model than this."""
    path, faults = inputs["attributions"], []
    if held.about["model_hash"] != sha256(inputs["tensors"]):
        faults.append(f"{path}: explains another model than {inputs['tensors']} (another hash); make the attributions again")
    if held.about["model"] != content["model"]:
        faults.append(f"{path}: is of the model {held.about['model']}, and {inputs['about']} of {content['model']}")
    if held.about["data_hash"] != hashlib.sha256(np.ascontiguousarray(held.sequence).tobytes()).hexdigest():
        faults.append(f"{path}: its sequences are not those that it was written with (another hash); make the attributions again")
    if not len(held) or not held.methods:
        faults.append(f"{path}: nothing is explained in it; name attributions, and explain at least one example")
    wrong = [n for n in folds(held) if not 0 <= n < len(content["folds"])]
    faults += [f"{path}: fold {n} is none of the {len(content['folds'])} of {inputs['about']}" for n in wrong]
    shape = (*held.sequence.shape, 4)
    faults += [
        f"{path}: {method}/{head} is {part.shape}, and its sequences ask for {shape}"
        for method, parts in held.found.items()
        for head, part in parts.items()
        if part.shape != shape
    ]
    if faults:
        raise InputError(faults)


def cases_of(held: attribution_file.Attributions, whole: Fold, number: int, model: Model, inputs: dict[str, Path]) -> list[Case]:
    """The cases of a fold, one a number of the output. whole: its test part."""
    rows = np.flatnonzero(held.rows["fold"] == number)
    names, path = held.rows["example"][rows], inputs["attributions"]
    if held.sequence.shape[1] != whole.values.shape[1]:
        length = f"{held.sequence.shape[1]} bases long, and those of {inputs['test']} {whole.values.shape[1]}"
        raise InputError(f"{path}: its sequences are {length}; make the attributions again")
    place = {str(name): i for i, name in enumerate(whole.names)}
    lacking = [str(name) for name in names if str(name) not in place]
    if lacking:
        raise InputError(
            f"{path}: {some(lacking)} are no test examples of fold {number} in {inputs['test']}; make the attributions again"
        )
    codes = np.asarray(whole.values)[[place[str(name)] for name in names]]
    other = names[(codes != held.sequence[rows]).any(axis=1)]
    if len(other):
        raise InputError(
            f"{path}: {some(list(map(str, other)))} have other sequences than in {inputs['test']}; make the attributions again"
        )
    told = {head.name: head for head in heads(whole.outcome)}
    if sorted(told) != sorted(held.heads):
        raise InputError(
            f"{path}: explains {', '.join(held.heads)}, and the model gives {', '.join(told)}; make the attributions again"
        )
    at = {name: held.at[name][rows] if name in held.at else None for name in told}
    return [Case(model.asked(codes, head, at[name]), rows, number) for name, head in told.items()]


def some(names: list[str]) -> str:
    """The first of some names, and how many there are."""
    return ", ".join(names[:SHOWN]) + (f", … ({len(names)} examples)" if len(names) > SHOWN else "")
