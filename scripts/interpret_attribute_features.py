"""Attribute the predictions of a task's first model to its features, and examine each method.

`attributions.h5` holds, over all features that any fold's model saw:

| name | shape | what |
|---|---|---|
| `{method}/attributions` | (n, features) or (n, features, outputs) | by example; 0 where the fold's model did not see the feature |
| `{method}/by_fold` | (folds, features) | mean abs. attribution over a fold's examples and outputs |
| `values` | (n, features) | what was explained, scaled by the fold; NaN where its model did not see the feature |
| `example`, `group` | (n,) | text |
| `label` | (n,) or (n, columns) | the target, shaped as `readsight.dataset.outcome` says |
| `fold` | (n,) | number of the fold in the first repeat, whose model did not see the example |
| `feature`, `modality` | (features,) | text |
| `used` | (folds, features) | whether a fold's model saw the feature |
| `fold_repeat`, `fold_number` | (folds,) | which fold a row of `by_fold` and `used` is |
| `attention` | (n, modalities) | share of attention that each modality got, of a model that has any |
| `attention_modality` | (modalities,) | text, beside it |

The rows of `by_fold` are the folds of the first repeat that examples were explained of, in order, and after
them those drawn anew beside a given split. Attributes: model, certificate, unit, kind, classes (text; several outputs
are in their order).
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
from readsight.interpret.tabular_attribution.problem import Problem
from readsight.interpret.tabular_attribution.registry import ATTRIBUTIONS
from readsight.models.model_spec import Variant
from readsight.models.tabular import MODELS
from readsight.models.tabular.shuffled_labels import shuffled
from readsight.stats import metrics
from readsight.step import step

log = logging.getLogger("readsight")

AGAIN = 30  # test examples explained of each division that was drawn anew
EXAMINED = 20  # examples of a fold that are explained again by a model that learned nothing
FILES = ("test", "train", "balanced", "validation", "tensors", "about", "certificate")
FILES_AGAIN = ("test", "train", "tensors", "about")


@dataclass(frozen=True)
class Explained:
    """A fold's model and the test examples that it explains. fold: these examples. row: what model.json says of the fold."""

    repeat: int
    number: int
    fold: fold_file.Fold
    problem: Problem
    row: dict[str, Any]


def chosen(sizes: list[int], count: int, seed: int) -> list[np.ndarray]:
    """Rows of each fold's test part to explain, `count` in all, drawn at random and in order."""
    drawn = np.sort(np.random.default_rng(seed).permutation(sum(sizes))[:count])
    starts = np.concatenate([[0], np.cumsum(sizes)])
    return [drawn[(drawn >= a) & (drawn < b)] - a for a, b in zip(starts[:-1], starts[1:], strict=True)]


def gathered(
    inputs: dict[str, Path], certificate: Path, repeat: int, count: int, each: bool, seed: int
) -> tuple[list[Explained], dict[str, Any]]:
    """A repeat's folds with examples to explain, `count` in all or of each; and what model.json says.

    inputs: test, train, tensors, about. Raises InputError where these do not belong together.
    """
    arrays, content = model_file.read(inputs["tensors"], inputs["about"])
    variant = Variant.of(content["model"])
    tests = [variant.view(fold_file.read(inputs["test"], n)) for n in range(len(arrays))]
    verify_folds(certificate, {str(inputs["about"]): content["certificate"], str(inputs["test"]): tests[0].mark})
    if each:
        rows = [chosen([len(test)], count, seed + n)[0] for n, test in enumerate(tests)]
    else:
        rows = chosen([len(test) for test in tests], count, seed)
    found = []
    for number, (test, own) in enumerate(zip(tests, rows, strict=True)):
        if not len(own):
            continue
        row = content["folds"][number]
        if test.features != row["features"]:
            raise InputError(
                f"{inputs['test']}: the features of fold {number} are not those that {inputs['about']} was trained on"
            )
        background = variant.view(fold_file.read(inputs["train"], number)).values
        problem = Problem(MODELS[variant.model], arrays[number], row["about"], test.values[own], background)
        found.append(Explained(repeat, number, rows_of(test, own), problem, row))
    return found, content


def rows_of(fold: fold_file.Fold, rows: np.ndarray) -> fold_file.Fold:
    """Some examples of a fold."""
    return replace(fold, **{name: getattr(fold, name)[rows] for name in ("values", "labels", "weights", "names", "groups")})


def blinded(one: Explained, inputs: dict[str, Path], variant: Variant, seed: int, threads: int) -> Problem:
    """The same problem for a model of the same settings that was trained on shuffled labels."""
    parts = [variant.view(fold_file.read(inputs["balanced"], one.number)), None]
    if not fold_file.inner(inputs["balanced"], one.number):
        parts[1] = shuffled(variant.view(fold_file.read(inputs["validation"], one.number)), seed + 1)
    fitted = one.problem.member.train(shuffled(parts[0], seed), parts[1], one.row["settings"], seed, threads)
    return replace(one.problem, arrays=fitted.arrays, about=fitted.about)


def redrawn(problem: Problem, seed: int) -> Problem | None:
    """The same problem for a model whose weights are drawn anew; None where the model has none to draw."""
    if not hasattr(problem.member, "redrawn"):
        return None
    return replace(problem, arrays=problem.member.redrawn(problem.arrays, problem.about, seed))


def examine(method: str, problems: list[Problem], own: list[np.ndarray], blind: list[Problem], seed: int) -> list[dict[str, Any]]:
    """All exams of a method. own: its attributions of each problem. blind: models of shuffled labels, the first
    for the first problem, and round again."""
    member = ATTRIBUTIONS[method]
    gaps = np.concatenate([member.gap(p, part) for p, part in zip(problems, own, strict=True)])

    def likeness(randomised: list[Problem]) -> float:
        found = []
        for i, problem in enumerate(randomised):
            n = len(problem.values)
            rows = np.unique(np.linspace(0, n - 1, min(n, EXAMINED)).round().astype(int))
            found.append(tabular.similarity(own[i % len(own)][rows], member.attribute(problem.some(rows), seed)))
        return float(np.mean(found))

    fresh = [redrawn(problems[i % len(problems)], seed + 17 + i) for i in range(len(blind))]
    return tabular.judge(gaps, likeness(fresh) if all(fresh) else None, likeness(blind))


def importance(found: np.ndarray, groups: np.ndarray, features: list[str], resamples: int, seed: int) -> list[dict[str, Any]]:
    """Mean |attribution| of each feature (of several outputs: over all) with its bootstrap interval over groups, largest first."""
    weights = metrics.group_weights(groups, resamples, seed)
    totals = weights.sum(axis=1, keepdims=True)
    means = (weights @ size(found)) / np.where(totals > 0, totals, np.nan)
    rows = [{"feature": name} | metrics.interval(means[:, i]) for i, name in enumerate(features)]
    return sorted(rows, key=lambda row: -row["value"])


def size(found: np.ndarray) -> np.ndarray:
    """|attribution| (n, features), of several outputs its mean."""
    return np.abs(found).reshape(*found.shape[:2], -1).mean(axis=2)


def united(folds: list[Explained]) -> dict[str, str]:
    """Feature → modality ("" where not told) over all folds, a modality's features together."""
    found: dict[str, str] = {}
    for one in folds:
        told = one.fold.var["modality"].astype(str) if "modality" in one.fold.var else [""] * len(one.fold.features)
        found |= dict(zip(one.fold.features, told, strict=True))
    order = list(dict.fromkeys(found.values()))
    return dict(sorted(found.items(), key=lambda item: order.index(item[1])))


def spread(parts: list[np.ndarray], folds: list[Explained], features: list[str], blank: float) -> np.ndarray:
    """Rows of all folds over all features; blank where a fold's model did not see the feature. parts: (n, own features, …)."""
    place = {name: i for i, name in enumerate(features)}
    total = np.full((sum(map(len, parts)), len(features), *parts[0].shape[2:]), blank)
    start = 0
    for part, one in zip(parts, folds, strict=True):
        total[start : start + len(part), [place[name] for name in one.fold.features]] = part
        start += len(part)
    return total


def write(path: Path, methods: dict[str, dict[str, np.ndarray]], data: dict[str, Any], about: dict[str, Any]) -> None:
    """HDF5, as the head of this file says. methods: name → its arrays. data: arrays, or lists of text. about: attributes."""
    with h5py.File(path, "w") as handle:
        for method, arrays in methods.items():
            for name, array in arrays.items():
                handle.create_dataset(f"{method}/{name}", data=array)
        for name, array in data.items():
            if isinstance(array, list):
                handle.create_dataset(name, data=np.asarray(array, dtype=object), dtype=h5py.string_dtype())
            else:
                handle.create_dataset(name, data=array)
        handle.attrs.update(about)


def layout(folds: list[Explained], again: list[Explained]) -> dict[str, Any]:
    """What `attributions.h5` says beside attributions."""
    every, features = [*folds, *again], united([*folds, *again])
    return {
        "values": spread([one.problem.values for one in folds], folds, list(features), np.nan),
        "example": [name for one in folds for name in one.fold.names.tolist()],
        "group": [name for one in folds for name in one.fold.groups.tolist()],
        "label": np.concatenate([one.fold.labels for one in folds]),
        "fold": np.concatenate([np.full(len(one.fold), one.number) for one in folds]),
        "feature": list(features),
        "modality": list(features.values()),
        "used": np.array([np.isin(list(features), one.fold.features) for one in every]),
        "fold_repeat": np.array([one.repeat for one in every]),
        "fold_number": np.array([one.number for one in every]),
    }


def attention(folds: list[Explained]) -> dict[str, Any]:
    """What a model that weighs modalities gave to each; empty for another."""
    member = folds[0].problem.member
    if not hasattr(member, "weights"):
        return {}
    names = list(folds[0].problem.about["modalities"])
    shares = []
    for own in (one.problem for one in folds):
        columns = [list(own.about["modalities"]).index(name) for name in names]
        shares.append(member.weights(own.arrays, own.about, own.values)[:, columns])
    return {"attention": np.concatenate(shares), "attention_modality": names}


def records(task: str, examined: dict[str, Any], n: int) -> list[dict[str, Any]]:
    """Figures for the summary."""
    rows = []
    for method, held in examined.items():
        values = {row["exam"]: row["value"] for row in held["exams"]}
        likeness = max(v for k, v in values.items() if k != "completeness")
        for key, value, words in (
            (
                "completeness_error",
                values["completeness"],
                "mean gap between the sum of attributions and the output's change, as a part of it",
            ),
            ("randomisation_similarity", likeness, "largest rank correlation with attributions of a model that learned nothing"),
            ("passed", float(held["passed"]), "1 if the method passed all exams"),
        ):
            row = {"key": f"interpret.{task}.{method}.{key}", "value": value, "low": None, "high": None}
            rows.append(row | {"n": n, "unit": "fraction", "description": words})
    return rows


def main(inputs: dict[str, Path], task: str, spec: dict[str, Any], seed: int, threads: int, outputs: dict[str, Path]) -> None:
    """Explain test examples of the first repeat, each by the fold's model that did not see it.

    inputs: FILES; where a given split was drawn anew, also again_test, again_train, again_tensors and again_about, of
    which each fold's mean attributions are told. spec: attributions, explained, bootstrap. outputs: attributions, exams, summary.
    """
    folds, content = gathered(inputs, inputs["certificate"], 0, spec["explained"], False, seed)
    more = {name: inputs[f"again_{name}"] for name in FILES_AGAIN if f"again_{name}" in inputs}
    again = gathered(more, inputs["certificate"], 1, AGAIN, True, seed)[0] if more else []
    data = layout(folds, again) | attention(folds)
    problems, outcome = [one.problem for one in folds], folds[0].fold.outcome
    some = [folds[i % len(folds)] for i in range(tabular.DRAWS)]
    blind = [blinded(one, inputs, Variant.of(content["model"]), seed + 31 + i, threads) for i, one in enumerate(some)]
    examined, methods = {}, {}
    for method in spec["attributions"]:
        member = ATTRIBUTIONS[method]
        own = [member.attribute(problem, seed) for problem in problems]
        means = [size(part).mean(axis=0)[None] for part in [*own, *others(member, again, seed)]]
        found = spread(own, folds, data["feature"], 0.0)
        methods[method] = {"attributions": found, "by_fold": spread(means, [*folds, *again], data["feature"], 0.0)}
        results = examine(method, problems, own, blind, seed)
        ranking = importance(found, np.array(data["group"]), data["feature"], spec["bootstrap"], seed)
        examined[method] = {"exams": results, "passed": all(r["passed"] for r in results), "importance": ranking}
        log.info("%s: %s", method, {r["exam"]: (round(r["value"], 4), r["passed"]) for r in results})
    told = {"model": content["model"], "certificate": content["certificate"], "kind": outcome.kind}
    told |= {"unit": "log hazard" if outcome.kind == "survival" else "logit", "classes": list(outcome.classes)}
    write(outputs["attributions"], methods, data, told)
    said = {"task": task, "model": content["model"], "outcome": outcome.plain(), "methods": examined}
    outputs["exams"].write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n")
    outputs["summary"].write_text(json.dumps(records(task, examined, len(data["example"])), indent=1) + "\n")


def others(member: Any, again: list[Explained], seed: int) -> Iterator[np.ndarray]:
    """Attributions of the divisions that were drawn anew, one at a time."""
    for one in again:
        yield member.attribute(one.problem, seed)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        anew = [name for name in map("again_{}".format, FILES_AGAIN) if job.input.get(name)]
        main(
            {name: getattr(job.input, name) for name in (*FILES, *anew)},
            job.wildcards.task,
            dict(job.params.spec),
            job.params.seed,
            job.threads,
            {name: getattr(job.output, name) for name in ("attributions", "exams", "summary")},
        )
