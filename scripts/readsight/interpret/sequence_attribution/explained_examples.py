"""Selection of the test examples to explain, each with the model of its fold, and their attributions by all methods."""

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
from readsight.interpret.sequence_attribution.attribution import attribute, check_supported, score_query
from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.interpret.sequence_attribution.feature_models import find_model
from readsight.interpret.sequence_attribution.query import AttributionQuery, OutputHead, output_heads
from readsight.models.lookup import check_compatibility, read_encodings
from readsight.models.model_spec import ModelSpec

log = logging.getLogger("readsight")

FILES = ("tensors", "about", "test", "certificate", "examples")
OPTIONAL_FILES = ("representation", "representation_about")
UNITS = {"regression": "score", "profile": "log signal"}
STRATA = 3  # strata of numbers, for balanced sampling


@dataclass(frozen=True)
class FoldExamples:
    """Explained test examples of one fold. fold: these examples. query: without an output head yet."""

    number: int
    fold: Fold
    query: AttributionQuery


@dataclass(frozen=True)
class SelectedExamples:
    """Explained examples of all folds. folds: those with at least one example. content: of model.json. model_digest: SHA-256 of the tensors."""

    folds: list[FoldExamples]
    content: dict[str, Any]
    model_digest: str

    @property
    def outcome(self) -> Outcome:
        return self.folds[0].fold.outcome


def select_examples(inputs: dict[str, Path], count: int, seed: int) -> SelectedExamples:
    """Select test examples of all folds, `count` in total, at random and balanced over classes.

    inputs: FILES, and OPTIONAL_FILES if the model has a representation. Raises InputError, with all faults, if model, folds,
    representation and certificate do not belong together.
    """
    arrays, content = model_file.read(inputs["tensors"], inputs["about"])
    encodings: list[Encoding | None] = [None] * len(arrays)
    digests = {str(inputs["about"]): content["certificate"]}
    if "representation" in inputs:
        encodings, digests[str(inputs["representation_about"])] = read_encodings(
            inputs["representation"], inputs["representation_about"]
        )
    fold_count = fold_file.count_folds(inputs["test"])
    if not fold_count == len(arrays) == len(encodings):
        counts = f"{fold_count} folds, {inputs['about']} {len(arrays)}, and the representation {len(encodings)}"
        raise InputError(f"{inputs['test']}: has {counts}; recreate them from the same split")
    model_spec = ModelSpec.parse(content["model"])
    test_folds = [
        replace(model_spec.restrict_fold(fold_file.read(inputs["test"], n)), encoding=encodings[n]) for n in range(fold_count)
    ]
    verify_folds(inputs["certificate"], digests | {str(inputs["test"]): test_folds[0].digest})
    for test_fold in test_folds:
        check_compatibility(test_fold, content, inputs["test"], inputs["about"])
        check_codes(test_fold, inputs["test"])
    first = 1 if test_folds[0].outcome.kind == "positions" else None
    rows = draw_balanced(np.concatenate([assign_strata(test_fold) for test_fold in test_folds]), count, seed, first)
    bounds = np.cumsum([0, *map(len, test_folds)])
    folds = []
    for number, (test_fold, first, last) in enumerate(zip(test_folds, bounds[:-1], bounds[1:], strict=True)):
        fold_rows = rows[(rows >= first) & (rows < last)] - first
        if len(fold_rows):
            folds.append(
                _make_fold_examples(
                    number, select_rows(test_fold, fold_rows), model_spec.model, arrays[number], content["folds"][number]["about"]
                )
            )
    if not folds:
        raise InputError(f"{inputs['test']}: has no examples to explain")
    return SelectedExamples(folds, content, sha256(inputs["tensors"]))


def _make_fold_examples(
    number: int, fold: Fold, model_name: str, arrays: dict[str, np.ndarray], description: dict[str, Any]
) -> FoldExamples:
    query = AttributionQuery(find_model(model_name, fold), arrays, description, np.asarray(fold.values), OutputHead(""))
    return FoldExamples(number, fold, query)


def check_codes(fold: Fold, path: Path) -> None:
    """Raise InputError for invalid codes and for windows of the wrong length."""
    expected_length, codes = fold.sequence.length * (1 + fold.sequence.pair), np.asarray(fold.values)
    if codes.shape[1] != expected_length:
        raise InputError(f"{path}: windows of {codes.shape[1]} bases, expected {expected_length}; recreate the folds")
    invalid = np.argwhere(codes > 4)
    if len(invalid):
        row, position = invalid[0]
        raise InputError(
            f"{path}: {fold.names[row]}: code {codes[row, position]} at position {position} is invalid ({len(invalid)} in total); "
            "codes are 0 to 3 for A C G T, and 4 for N"
        )


def select_rows(fold: Fold, rows: np.ndarray) -> Fold:
    """The selected examples of a fold."""
    return replace(
        fold, **{name: np.asarray(getattr(fold, name)[rows]) for name in ("values", "labels", "weights", "names", "groups")}
    )


def assign_strata(fold: Fold) -> np.ndarray:
    """Stratum of each example for balanced sampling, (n,).

    Several labels: the rarest label of the example, or none. Numbers and signal profiles: thirds by rank. Positions: 1 for windows
    with a site; windows without one, 0, only fill up.
    """
    kind, labels = fold.outcome.kind, np.asarray(fold.labels)
    if kind in ("binary", "multiclass"):
        return labels
    if kind == "multilabel":
        order = np.argsort(labels.sum(axis=0), kind="stable")
        has_label = labels[:, order].astype(bool)
        return np.where(has_label.any(axis=1), order[has_label.argmax(axis=1)], labels.shape[1])
    if kind == "positions":
        return ((labels > 0) & (labels != UNCOUNTED)).any(axis=1).astype(int)
    value = np.nansum(labels, axis=1) if kind == "profile" else labels
    return np.argsort(np.argsort(value, kind="stable"), kind="stable") * STRATA // max(len(value), 1)


def draw_balanced(classes: np.ndarray, count: int, seed: int, preferred: int | None = None) -> np.ndarray:
    """Rows of `count` random examples, ascending, balanced over classes as far as possible.

    preferred: a class that is exhausted before all remaining ones.
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(classes))
    priority = np.empty(len(classes), np.int64)
    for label in np.unique(classes):
        class_rows = shuffled[classes[shuffled] == label]
        priority[class_rows] = np.arange(len(class_rows)) - (len(classes) if label == preferred else 0)
    return np.sort(shuffled[np.argsort(priority[shuffled], kind="stable")][:count])


def attribute_examples(
    selected: SelectedExamples, methods: list[str], spec: dict[str, Any], seed: int, examples_path: Path, task: str = ""
) -> Attributions:
    """Attributions by all methods for all output heads. spec: config section `interpret`. examples_path: h5ad with genomic locations.

    Raises InputError for methods that do not support the model, and for attributions that are not finite.
    """
    check_methods(selected, methods)
    names = [head.name for head in output_heads(selected.outcome)]
    by_method: dict[str, dict[str, list[np.ndarray]]] = {method: {name: [] for name in names} for method in methods}
    queries: dict[str, list[AttributionQuery]] = {name: [] for name in names}
    for fold in selected.folds:
        for head in output_heads(selected.outcome):
            query = query_head(fold.query, head)
            queries[head.name].append(query)
            for method in methods:
                started = time.monotonic()
                by_method[method][head.name].append(attribute(method, query, spec, seed, fold.fold.names))
                log.info("%s of %s: %d examples in %.1f s", method, head.name, len(query), time.monotonic() - started)
    values = {method: {name: np.concatenate(items) for name, items in by_head.items()} for method, by_head in by_method.items()}
    score = {name: np.concatenate([score_query(item) for item in items]) for name, items in queries.items()}
    positional = queries if selected.outcome.kind == "positions" else {}
    positions = {name: np.concatenate([item.positions for item in items]) for name, items in positional.items()}
    return Attributions(
        values,
        collect_codes(selected),
        read_metadata(selected, examples_path),
        score,
        positions,
        {"task": task} | file_attributes(selected, methods, spec),
    )


def check_methods(selected: SelectedExamples, methods: list[str]) -> None:
    """Raise InputError naming all methods that do not support the model."""
    faults = []
    for method in methods:
        try:
            check_supported(method, selected.folds[0].query)
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)


def query_head(query: AttributionQuery, head: OutputHead) -> AttributionQuery:
    """The query for one output head; for outcome `positions` at the position with the highest prediction of each window."""
    positions = None
    if query.kind == "positions":
        predictions = np.asarray(query.model.predict(query.arrays, query.description | {"predicts": "float32"}, query.codes))
        positions = predictions[:, :, head.index].argmax(axis=1).astype(np.int64)
    head_query = replace(query, head=head, positions=positions)
    if query.is_differentiable:
        vars(head_query)["net"] = query.net  # built once
    return head_query


def collect_codes(selected: SelectedExamples) -> np.ndarray:
    return np.concatenate([np.asarray(fold.query.codes) for fold in selected.folds]).astype(np.uint8)


def read_metadata(selected: SelectedExamples, examples_path: Path) -> dict[str, np.ndarray]:
    """Metadata of each example for the file."""
    folds = selected.folds
    names = np.concatenate([fold.fold.names for fold in folds])
    metadata = {"example": names, "group": np.concatenate([fold.fold.groups for fold in folds])}
    metadata["label"] = np.concatenate([np.asarray(fold.fold.labels) for fold in folds])
    metadata["fold"] = np.concatenate([np.full(len(fold.fold), fold.number) for fold in folds])
    with h5py.File(examples_path) as handle:
        table = anndata.io.read_elem(handle["obs"])
    absent = [str(name) for name in names if name not in table.index]
    if absent:
        raise InputError(
            f"{examples_path}: example {absent[0]!r} ({len(absent)} in total) of the folds is missing; recreate the folds"
        )
    table = table.loc[names]
    for name, default in (("chrom", ""), ("strand", ""), ("start", -1), ("end", -1)):
        values = table[name] if name in table else np.full(len(names), default, object)
        metadata[name] = np.asarray(values, np.int64) if default == -1 else np.asarray(values).astype(str)
    return metadata


def file_attributes(selected: SelectedExamples, methods: list[str], spec: dict[str, Any]) -> dict[str, Any]:
    """Attributes of the file."""
    outcome, sequence, content = selected.outcome, selected.folds[0].fold.sequence, selected.content
    data_digest = hashlib.sha256(np.ascontiguousarray(collect_codes(selected)).tobytes()).hexdigest()
    return {
        "model": content["model"],
        "model_hash": selected.model_digest,
        "data_hash": data_digest,
        "certificate": content["certificate"],
        "kind": outcome.kind,
        "classes": list(outcome.classes),
        "heads": [head.name for head in output_heads(outcome)],
        "methods": list(methods),
        "unit": UNITS.get(outcome.kind, "logit"),
        "pair": sequence.pair,
        "stranded": sequence.stranded,
        "bin": sequence.bin,
        "baseline": spec["baseline"],
    }
