"""Readers of the inputs of the exams: attributions together with their models and sequences."""

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
from readsight.interpret.exams.case import ExamCase, ExaminedAttributions
from readsight.interpret.exams.control_models import ControlTrainer, ExplainedModel
from readsight.interpret.sequence_attribution import attribution_file
from readsight.interpret.sequence_attribution.feature_models import find_model
from readsight.interpret.sequence_attribution.query import output_heads
from readsight.models.lookup import read_encodings
from readsight.models.model_spec import ModelSpec

SHOWN = 5


def load_inputs(
    inputs: dict[str, Path], spec: dict[str, Any], seed: int, threads: int
) -> tuple[ExaminedAttributions, list[ExplainedModel], ControlTrainer]:
    """Load attributions with their queries, the models of all folds, and a trainer of control models.

    Parameters
    ----------
    inputs : test, balanced, tensors, about, certificate, attributions and, if the task has one, representation and representation_about.
    spec : config section `interpret`.

    Raises
    ------
    InputError, with all faults, if the files do not belong together.
    """
    arrays, content = model_file.read(inputs["tensors"], inputs["about"])
    attributions = attribution_file.read(inputs["attributions"])
    encodings: list[Encoding | None] = [None] * len(arrays)
    digests = {str(inputs["about"]): content["certificate"], str(inputs["attributions"]): attributions.attributes["certificate"]}
    if "representation" in inputs:
        encodings, digests[str(inputs["representation_about"])] = read_encodings(
            inputs["representation"], inputs["representation_about"]
        )
    verify_folds(inputs["certificate"], digests)
    check_model(attributions, inputs, content)
    model_spec = ModelSpec.parse(content["model"])
    tests = [
        replace(model_spec.restrict_fold(fold_file.read(inputs["test"], n)), encoding=encodings[n]) for n in range(len(arrays))
    ]
    verify_folds(inputs["certificate"], {str(inputs["test"]): tests[0].digest})
    models = [
        ExplainedModel(find_model(model_spec.model, test), model_arrays, row["about"])
        for test, model_arrays, row in zip(tests, arrays, content["folds"], strict=True)
    ]
    cases = [
        case
        for number in fold_numbers(attributions)
        for case in build_cases(attributions, tests[number], number, models[number], inputs)
    ]
    return (
        ExaminedAttributions(attributions, cases, spec, seed),
        models,
        ControlTrainer(inputs["balanced"], content, encodings, threads),
    )


def fold_numbers(attributions: attribution_file.Attributions) -> list[int]:
    """Numbers of the folds of the explained examples."""
    return sorted({int(number) for number in attributions.metadata["fold"]})


def check_model(attributions: attribution_file.Attributions, inputs: dict[str, Path], content: dict[str, Any]) -> None:
    """Raise InputError if the attributions explain a different model."""
    path, faults = inputs["attributions"], []
    if attributions.attributes["model_hash"] != sha256(inputs["tensors"]):
        faults.append(f"{path}: explains a different model than {inputs['tensors']} (hashes differ); recompute the attributions")
    if attributions.attributes["model"] != content["model"]:
        faults.append(
            f"{path}: explains the model {attributions.attributes['model']}, but {inputs['about']} is of {content['model']}"
        )
    if attributions.attributes["data_hash"] != hashlib.sha256(np.ascontiguousarray(attributions.sequence).tobytes()).hexdigest():
        faults.append(f"{path}: its sequences were changed after it was written (hashes differ); recompute the attributions")
    if not len(attributions) or not attributions.methods:
        faults.append(f"{path}: contains no attributions; configure at least one method and one explained example")
    unknown_folds = [n for n in fold_numbers(attributions) if not 0 <= n < len(content["folds"])]
    faults += [f"{path}: fold {n} does not exist; {inputs['about']} has {len(content['folds'])} folds" for n in unknown_folds]
    shape = (*attributions.sequence.shape, 4)
    faults += [
        f"{path}: {method}/{head} is {values.shape}, expected {shape}"
        for method, by_head in attributions.values.items()
        for head, values in by_head.items()
        if values.shape != shape
    ]
    if faults:
        raise InputError(faults)


def build_cases(
    attributions: attribution_file.Attributions, test: Fold, number: int, model: ExplainedModel, inputs: dict[str, Path]
) -> list[ExamCase]:
    """The cases of a fold, one per output. test: its test set."""
    rows = np.flatnonzero(attributions.metadata["fold"] == number)
    names, path = attributions.metadata["example"][rows], inputs["attributions"]
    if attributions.sequence.shape[1] != test.values.shape[1]:
        length = f"{attributions.sequence.shape[1]} bases long, those of {inputs['test']} {test.values.shape[1]}"
        raise InputError(f"{path}: its sequences are {length}; recompute the attributions")
    row_of = {str(name): i for i, name in enumerate(test.names)}
    absent = [str(name) for name in names if str(name) not in row_of]
    if absent:
        raise InputError(
            f"{path}: {list_names(absent)} are not test examples of fold {number} in {inputs['test']}; recompute the attributions"
        )
    codes = np.asarray(test.values)[[row_of[str(name)] for name in names]]
    differing = names[(codes != attributions.sequence[rows]).any(axis=1)]
    if len(differing):
        raise InputError(
            f"{path}: {list_names(list(map(str, differing)))} have different sequences in {inputs['test']}; recompute the attributions"
        )
    by_name = {head.name: head for head in output_heads(test.outcome)}
    if sorted(by_name) != sorted(attributions.heads):
        raise InputError(
            f"{path}: explains {', '.join(attributions.heads)}, but the model has {', '.join(by_name)}; recompute the attributions"
        )
    positions = {name: attributions.positions[name][rows] if name in attributions.positions else None for name in by_name}
    return [ExamCase(model.make_query(codes, head, positions[name]), rows, number) for name, head in by_name.items()]


def list_names(names: list[str]) -> str:
    """The first of the names, and their number."""
    return ", ".join(names[:SHOWN]) + (f", … ({len(names)} examples)" if len(names) > SHOWN else "")
