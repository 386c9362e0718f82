"""Attribute the predictions of a task's first model to its features, and run the exams of each method.

`attributions.h5` covers the union of the features of all folds' models:

| name | shape | content |
|---|---|---|
| `{method}/attributions` | (n, features) or (n, features, outputs) | per example; 0 where the fold's model does not use the feature |
| `{method}/by_fold` | (folds, features) | mean abs. attribution over a fold's examples and outputs |
| `values` | (n, features) | explained values, scaled by the fold; NaN where its model does not use the feature |
| `example`, `group` | (n,) | text |
| `label` | (n,) or (n, columns) | the target, shaped as described in `readsight.dataset.outcome` |
| `fold` | (n,) | number of the fold in the first repeat in which the example is a test example |
| `feature`, `modality` | (features,) | text |
| `used` | (folds, features) | whether a fold's model uses the feature |
| `fold_repeat`, `fold_number` | (folds,) | repeat and number of the fold in each row of `by_fold` and `used` |
| `attention` | (n, modalities) | attention weight of each modality, for models with attention over modalities |
| `attention_modality` | (modalities,) | text, columns of `attention` |

The rows of `by_fold` are the explained folds of the first repeat, in order, followed by the folds of random
splits that supplement a given split. Attributes: model, certificate, unit, kind, classes (text; several outputs
are in this order).
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from readsight.dataset import fold_file
from readsight.dataset.certificate import verify_folds
from readsight.errors import InputError
from readsight.formats import model_file
from readsight.interpret.exams import tabular
from readsight.interpret.tabular_attribution.problem import AttributionProblem
from readsight.interpret.tabular_attribution.registry import ATTRIBUTIONS
from readsight.models.model_spec import ModelSpec
from readsight.models.tabular import MODELS
from readsight.models.tabular.shuffled_labels import shuffle_labels
from readsight.stats import metrics
from readsight.step import step

log = logging.getLogger("readsight")

EXAMPLES_PER_NEW_FOLD = 30  # test examples explained per fold of the random splits that supplement a given one
EXAMPLES_EXAMINED = 20  # examples of a fold that are also explained with a control model
FILES = ("test", "train", "balanced", "validation", "tensors", "about", "certificate")
NEW_SPLIT_FILES = ("test", "train", "tensors", "about")


@dataclass(frozen=True)
class ExplainedFold:
    """A fold's model and the test examples it explains. fold: these examples. model_entry: the fold's entry in model.json."""

    repeat: int
    number: int
    fold: fold_file.Fold
    problem: AttributionProblem
    model_entry: dict[str, Any]


def sample_rows(sizes: list[int], count: int, seed: int) -> list[np.ndarray]:
    """Random rows of each fold's test set to explain, `count` in total, in ascending order. sizes: of the test sets."""
    sampled = np.sort(np.random.default_rng(seed).permutation(sum(sizes))[:count])
    starts = np.concatenate([[0], np.cumsum(sizes)])
    return [sampled[(sampled >= a) & (sampled < b)] - a for a, b in zip(starts[:-1], starts[1:], strict=True)]


def load_folds(
    inputs: dict[str, Path], certificate: Path, repeat: int, count: int, per_fold: bool, seed: int
) -> tuple[list[ExplainedFold], dict[str, Any]]:
    """Load the folds of a repeat with the examples to explain, and the content of model.json.

    Parameters
    ----------
    inputs : files test, train, tensors and about.
    certificate : of the split.
    repeat : number that the folds are reported under.
    count : examples in total, or in each fold if `per_fold`.

    Raises
    ------
    InputError if the files do not belong to the same split and model.
    """
    arrays, content = model_file.read(inputs["tensors"], inputs["about"])
    model_spec = ModelSpec.parse(content["model"])
    tests = [model_spec.restrict_fold(fold_file.read(inputs["test"], n)) for n in range(len(arrays))]
    verify_folds(certificate, {str(inputs["about"]): content["certificate"], str(inputs["test"]): tests[0].digest})
    if per_fold:
        rows = [sample_rows([len(test)], count, seed + n)[0] for n, test in enumerate(tests)]
    else:
        rows = sample_rows([len(test) for test in tests], count, seed)
    explained = []
    for number, (test, fold_rows) in enumerate(zip(tests, rows, strict=True)):
        if not len(fold_rows):
            continue
        model_entry = content["folds"][number]
        if test.features != model_entry["features"]:
            raise InputError(
                f"{inputs['test']}: the features of fold {number} differ from those that {inputs['about']} was trained on"
            )
        background = model_spec.restrict_fold(fold_file.read(inputs["train"], number)).values
        problem = AttributionProblem(
            MODELS[model_spec.model], arrays[number], model_entry["about"], test.values[fold_rows], background
        )
        explained.append(ExplainedFold(repeat, number, select_rows(test, fold_rows), problem, model_entry))
    return explained, content


def select_rows(fold: fold_file.Fold, rows: np.ndarray) -> fold_file.Fold:
    """The selected examples of a fold."""
    return replace(fold, **{name: getattr(fold, name)[rows] for name in ("values", "labels", "weights", "names", "groups")})


def train_on_shuffled_labels(
    explained: ExplainedFold, inputs: dict[str, Path], model_spec: ModelSpec, seed: int, threads: int
) -> AttributionProblem:
    """The same problem for a model with the same settings trained on shuffled labels."""
    subsets = [model_spec.restrict_fold(fold_file.read(inputs["balanced"], explained.number)), None]
    if not fold_file.inner_numbers(inputs["balanced"], explained.number):
        subsets[1] = shuffle_labels(model_spec.restrict_fold(fold_file.read(inputs["validation"], explained.number)), seed + 1)
    fitted = explained.problem.model.train(
        shuffle_labels(subsets[0], seed), subsets[1], explained.model_entry["settings"], seed, threads
    )
    return replace(explained.problem, arrays=fitted.arrays, description=fitted.description)


def randomise_weights(problem: AttributionProblem, seed: int) -> AttributionProblem | None:
    """The same problem for a model with random weights; None if the model has no weights to randomise."""
    if not hasattr(problem.model, "randomise_weights"):
        return None
    return replace(problem, arrays=problem.model.randomise_weights(problem.arrays, problem.description, seed))


def run_exams(
    method: str,
    problems: list[AttributionProblem],
    attributions: list[np.ndarray],
    shuffled_problems: list[AttributionProblem],
    seed: int,
) -> list[dict[str, Any]]:
    """Run all exams of a method.

    Parameters
    ----------
    attributions : the method's attributions of each problem.
    shuffled_problems : problems with models trained on shuffled labels; number i belongs to problem i modulo their count.
    """
    attribution = ATTRIBUTIONS[method]
    gaps = np.concatenate([attribution.compute_gap(p, values) for p, values in zip(problems, attributions, strict=True)])

    def mean_similarity(randomised: list[AttributionProblem]) -> float:
        similarities = []
        for i, problem in enumerate(randomised):
            n = len(problem.values)
            rows = np.unique(np.linspace(0, n - 1, min(n, EXAMPLES_EXAMINED)).round().astype(int))
            similarities.append(
                tabular.mean_rank_correlation(
                    attributions[i % len(attributions)][rows], attribution.attribute(problem.select_rows(rows), seed)
                )
            )
        return float(np.mean(similarities))

    randomised_problems = [randomise_weights(problems[i % len(problems)], seed + 17 + i) for i in range(len(shuffled_problems))]
    return tabular.judge_method(
        gaps, mean_similarity(randomised_problems) if all(randomised_problems) else None, mean_similarity(shuffled_problems)
    )


def rank_features(
    attributions: np.ndarray, groups: np.ndarray, features: list[str], resamples: int, seed: int
) -> list[dict[str, Any]]:
    """Mean |attribution| of each feature (over all outputs) with its bootstrap interval over groups, largest first."""
    weights = metrics.group_weights(groups, resamples, seed)
    totals = weights.sum(axis=1, keepdims=True)
    means = (weights @ mean_magnitude(attributions)) / np.where(totals > 0, totals, np.nan)
    rows = [{"feature": name} | metrics.resample_interval(means[:, i]) for i, name in enumerate(features)]
    return sorted(rows, key=lambda row: -row["value"])


def mean_magnitude(attributions: np.ndarray) -> np.ndarray:
    """|attribution| per example and feature, averaged over outputs, (n, features)."""
    return np.abs(attributions).reshape(*attributions.shape[:2], -1).mean(axis=2)


def merge_features(folds: list[ExplainedFold]) -> dict[str, str]:
    """Feature → modality ("" if unknown) over all folds, with the features of a modality in one block."""
    modality_of: dict[str, str] = {}
    for explained in folds:
        modalities = (
            explained.fold.var["modality"].astype(str)
            if "modality" in explained.fold.var
            else [""] * len(explained.fold.features)
        )
        modality_of |= dict(zip(explained.fold.features, modalities, strict=True))
    order = list(dict.fromkeys(modality_of.values()))
    return dict(sorted(modality_of.items(), key=lambda item: order.index(item[1])))


def align_features(blocks: list[np.ndarray], folds: list[ExplainedFold], features: list[str], fill_value: float) -> np.ndarray:
    """Stack the rows of all folds over the union of their features.

    Parameters
    ----------
    blocks : one array (n, features of the fold, …) per fold.
    fill_value : for features that a fold's model does not use.
    """
    column_of = {name: i for i, name in enumerate(features)}
    table = np.full((sum(map(len, blocks)), len(features), *blocks[0].shape[2:]), fill_value)
    start = 0
    for block, explained in zip(blocks, folds, strict=True):
        table[start : start + len(block), [column_of[name] for name in explained.fold.features]] = block
        start += len(block)
    return table


def write_attributions(
    path: Path, methods: dict[str, dict[str, np.ndarray]], data: dict[str, Any], attributes: dict[str, Any]
) -> None:
    """Write `attributions.h5` as described in the module docstring. data: arrays, or lists of text."""
    with h5py.File(path, "w") as handle:
        for method, arrays in methods.items():
            for name, array in arrays.items():
                handle.create_dataset(f"{method}/{name}", data=array)
        for name, array in data.items():
            if isinstance(array, list):
                handle.create_dataset(name, data=np.asarray(array, dtype=object), dtype=h5py.string_dtype())
            else:
                handle.create_dataset(name, data=array)
        handle.attrs.update(attributes)


def collect_arrays(folds: list[ExplainedFold], new_folds: list[ExplainedFold]) -> dict[str, Any]:
    """All arrays of `attributions.h5` except the attributions."""
    all_folds, features = [*folds, *new_folds], merge_features([*folds, *new_folds])
    return {
        "values": align_features([explained.problem.values for explained in folds], folds, list(features), np.nan),
        "example": [name for explained in folds for name in explained.fold.names.tolist()],
        "group": [name for explained in folds for name in explained.fold.groups.tolist()],
        "label": np.concatenate([explained.fold.labels for explained in folds]),
        "fold": np.concatenate([np.full(len(explained.fold), explained.number) for explained in folds]),
        "feature": list(features),
        "modality": list(features.values()),
        "used": np.array([np.isin(list(features), explained.fold.features) for explained in all_folds]),
        "fold_repeat": np.array([explained.repeat for explained in all_folds]),
        "fold_number": np.array([explained.number for explained in all_folds]),
    }


def collect_attention(folds: list[ExplainedFold]) -> dict[str, Any]:
    """Attention weights of the modalities; empty for models without such attention."""
    member = folds[0].problem.model
    if not hasattr(member, "compute_attention"):
        return {}
    names = list(folds[0].problem.description["modalities"])
    shares = []
    for problem in (explained.problem for explained in folds):
        columns = [list(problem.description["modalities"]).index(name) for name in names]
        shares.append(member.compute_attention(problem.arrays, problem.description, problem.values)[:, columns])
    return {"attention": np.concatenate(shares), "attention_modality": names}


def summary_records(task: str, examined: dict[str, Any], n: int) -> list[dict[str, Any]]:
    """Records of the summary."""
    rows = []
    for method, result in examined.items():
        values = {row["exam"]: row["value"] for row in result["exams"]}
        similarity = max(v for k, v in values.items() if k != "completeness")
        for key, value, description in (
            (
                "completeness_error",
                values["completeness"],
                "mean gap between the sum of attributions and the output's change, relative to that change",
            ),
            (
                "randomisation_similarity",
                similarity,
                "largest rank correlation with attributions of an untrained model or a model trained on shuffled labels",
            ),
            ("passed", float(result["passed"]), "1 if the method passed all exams"),
        ):
            row = {"key": f"interpret.{task}.{method}.{key}", "value": value, "low": None, "high": None}
            rows.append(row | {"n": n, "unit": "fraction", "description": description})
    return rows


def main(inputs: dict[str, Path], task: str, spec: dict[str, Any], seed: int, threads: int, outputs: dict[str, Path]) -> None:
    """Explain test examples of the first repeat, each with the model of the fold in which it is a test example.

    inputs: FILES; if random splits supplement a given split, also again_test, again_train, again_tensors and again_about,
    for which mean attributions per fold are reported. spec: attributions, explained, bootstrap. outputs: attributions, exams, summary.
    """
    folds, content = load_folds(inputs, inputs["certificate"], 0, spec["explained"], False, seed)
    new_inputs = {name: inputs[f"again_{name}"] for name in NEW_SPLIT_FILES if f"again_{name}" in inputs}
    new_folds = load_folds(new_inputs, inputs["certificate"], 1, EXAMPLES_PER_NEW_FOLD, True, seed)[0] if new_inputs else []
    data = collect_arrays(folds, new_folds) | collect_attention(folds)
    problems, outcome = [explained.problem for explained in folds], folds[0].fold.outcome
    cycled_folds = [folds[i % len(folds)] for i in range(tabular.RANDOM_MODELS)]
    shuffled_problems = [
        train_on_shuffled_labels(explained, inputs, ModelSpec.parse(content["model"]), seed + 31 + i, threads)
        for i, explained in enumerate(cycled_folds)
    ]
    examined, methods = {}, {}
    for method in spec["attributions"]:
        attribution = ATTRIBUTIONS[method]
        fold_attributions = [attribution.attribute(problem, seed) for problem in problems]
        fold_means = [
            mean_magnitude(values).mean(axis=0)[None]
            for values in [*fold_attributions, *iterate_attributions(attribution, new_folds, seed)]
        ]
        aligned = align_features(fold_attributions, folds, data["feature"], 0.0)
        methods[method] = {
            "attributions": aligned,
            "by_fold": align_features(fold_means, [*folds, *new_folds], data["feature"], 0.0),
        }
        results = run_exams(method, problems, fold_attributions, shuffled_problems, seed)
        ranking = rank_features(aligned, np.array(data["group"]), data["feature"], spec["bootstrap"], seed)
        examined[method] = {"exams": results, "passed": all(r["passed"] for r in results), "importance": ranking}
        log.info("%s: %s", method, {r["exam"]: (round(r["value"], 4), r["passed"]) for r in results})
    attributes = {"model": content["model"], "certificate": content["certificate"], "kind": outcome.kind}
    attributes |= {"unit": "log hazard" if outcome.kind == "survival" else "logit", "classes": list(outcome.classes)}
    write_attributions(outputs["attributions"], methods, data, attributes)
    report = {"task": task, "model": content["model"], "outcome": outcome.to_dict(), "methods": examined}
    outputs["exams"].write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    outputs["summary"].write_text(json.dumps(summary_records(task, examined, len(data["example"])), indent=1) + "\n")


def iterate_attributions(attribution: Any, new_folds: list[ExplainedFold], seed: int) -> Iterator[np.ndarray]:
    """Attributions of the folds of the supplementary splits, one fold at a time."""
    for explained in new_folds:
        yield attribution.attribute(explained.problem, seed)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        new_split_inputs = [name for name in map("again_{}".format, NEW_SPLIT_FILES) if job.input.get(name)]
        main(
            {name: getattr(job.input, name) for name in (*FILES, *new_split_inputs)},
            job.wildcards.task,
            dict(job.params.spec),
            job.params.seed,
            job.threads,
            {name: getattr(job.output, name) for name in ("attributions", "exams", "summary")},
        )
