"""Attribute the predictions of a task's first model to its features, and examine each method."""

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from readsight import exams, foldfile, metrics, modelfile
from readsight.attributions import ATTRIBUTIONS
from readsight.attributions.problem import Problem
from readsight.certificate import verify_folds
from readsight.models import MODELS
from readsight.models.shuffled_labels import shuffled
from readsight.step import step

log = logging.getLogger("readsight")


def chosen(sizes: list[int], count: int, seed: int) -> list[np.ndarray]:
    """Rows of each fold's test part to explain, `count` in all, drawn at random and in order."""
    drawn = np.sort(np.random.default_rng(seed).permutation(sum(sizes))[:count])
    starts = np.concatenate([[0], np.cumsum(sizes)])
    return [drawn[(drawn >= a) & (drawn < b)] - a for a, b in zip(starts[:-1], starts[1:], strict=True)]


def explain(method: str, problems: list[Problem], seed: int) -> np.ndarray:
    """Attributions of all folds' examples, (n, features), logits."""
    return np.concatenate([ATTRIBUTIONS[method].attribute(p, seed) for p in problems])


def blinded(
    problem: Problem, train: foldfile.Fold, validation: foldfile.Fold, settings: dict[str, Any], seed: int, threads: int
) -> Problem:
    """The same problem for a model that was trained on shuffled labels."""
    fitted = problem.member.train(shuffled(train, seed), shuffled(validation, seed + 1), settings, seed, threads)
    return replace(problem, arrays=fitted.arrays, about=fitted.about)


def redrawn(problem: Problem, seed: int) -> Problem | None:
    """The same problem for a model whose weights are drawn anew; None where the model has none to draw."""
    if not hasattr(problem.member, "redrawn"):
        return None
    return replace(problem, arrays=problem.member.redrawn(problem.arrays, problem.about, seed))


def examine(method: str, problems: list[Problem], found: np.ndarray, blind: list[Problem], seed: int) -> list[dict[str, Any]]:
    """All exams of a method. blind: models of shuffled labels, the first for the first problem, and round again."""
    member = ATTRIBUTIONS[method]
    ends = np.cumsum([len(p.values) for p in problems])[:-1]
    own = np.split(found, ends)
    gaps = np.concatenate([member.gap(p, part) for p, part in zip(problems, own, strict=True)])

    def likeness(randomised: list[Problem]) -> float:
        return float(np.mean([exams.similarity(own[i % len(own)], member.attribute(p, seed)) for i, p in enumerate(randomised)]))

    fresh = [redrawn(problems[i % len(problems)], seed + 17 + i) for i in range(len(blind))]
    return exams.judge(gaps, likeness(fresh) if all(fresh) else None, likeness(blind))


def importance(found: np.ndarray, groups: np.ndarray, features: list[str], resamples: int, seed: int) -> list[dict[str, Any]]:
    """Mean |attribution| of each feature with its bootstrap interval over groups, largest first."""
    weights = metrics.group_weights(groups, resamples, seed)
    totals = weights.sum(axis=1, keepdims=True)
    means = (weights @ np.abs(found)) / np.where(totals > 0, totals, np.nan)
    rows = [{"feature": name} | metrics.interval(means[:, i]) for i, name in enumerate(features)]
    return sorted(rows, key=lambda row: -row["value"])


def write(path: Path, found: dict[str, np.ndarray], values: np.ndarray, about: dict[str, Any]) -> None:
    """HDF5: values and, in a group a method, attributions (n, features); example, label, group, feature; hashes as attributes."""
    text = h5py.string_dtype()
    with h5py.File(path, "w") as handle:
        for method, attributions in found.items():
            handle.create_dataset(f"{method}/attributions", data=attributions)
        handle.create_dataset("values", data=values)
        handle.create_dataset("label", data=about["label"])
        for name in ("example", "group", "feature"):
            handle.create_dataset(name, data=np.asarray(about[name], dtype=object), dtype=text)
        for name in ("model", "certificate", "unit"):
            handle.attrs[name] = about[name]


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
            rows.append(
                {
                    "key": f"interpret.{task}.{method}.{key}",
                    "value": value,
                    "low": None,
                    "high": None,
                    "n": n,
                    "unit": "fraction",
                    "description": words,
                }
            )
    return rows


def main(inputs: dict[str, Path], task: str, spec: dict[str, Any], seed: int, threads: int, outputs: dict[str, Path]) -> None:
    """Explain test examples of the first repeat, each by the fold's model that did not see it.

    inputs: test, train, balanced, validation, tensors, about, certificate. spec:
    attributions, explained, bootstrap. outputs: attributions, exams, summary.
    """
    arrays, content = modelfile.read(inputs["tensors"], inputs["about"])
    member, settings = MODELS[content["model"]], content["settings"]
    tests = [foldfile.read(inputs["test"], n) for n in range(len(arrays))]
    verify_folds(inputs["certificate"], {str(inputs["about"]): content["certificate"], str(inputs["test"]): tests[0].mark})
    rows = chosen([len(t) for t in tests], spec["explained"], seed)
    numbers = [n for n in range(len(arrays)) if len(rows[n])]
    problems = [
        Problem(
            member, arrays[n], content["folds"][n]["about"], tests[n].values[rows[n]], foldfile.read(inputs["train"], n).values
        )
        for n in numbers
    ]
    kept = [(tests[n], rows[n]) for n in numbers]
    about = {name: np.concatenate([getattr(t, f"{name}s")[r] for t, r in kept]) for name in ("label", "group")}
    about |= {"example": np.concatenate([t.names[r] for t, r in kept]), "feature": content["features"]}
    about |= {"model": content["model"], "certificate": content["certificate"], "unit": "logit"}
    blind = []
    for i in range(exams.DRAWS):
        number = numbers[i % len(numbers)]
        parts = [foldfile.read(inputs[part], number) for part in ("balanced", "validation")]
        blind.append(blinded(problems[i % len(problems)], *parts, settings, seed + 31 + i, threads))
    values = np.concatenate([p.values for p in problems])
    towards = json.loads(inputs["certificate"].read_text())["class_names"][1]
    meanings = foldfile.read_data(inputs["test"], 0).var["description"].astype(str).to_dict()
    examined, found = {}, {}
    for method in spec["attributions"]:
        found[method] = explain(method, problems, seed)
        results = examine(method, problems, found[method], blind, seed)
        ranking = importance(found[method], about["group"], content["features"], spec["bootstrap"], seed)
        examined[method] = {"exams": results, "passed": all(r["passed"] for r in results), "importance": ranking}
        log.info("%s: %s", method, {r["exam"]: (round(r["value"], 4), r["passed"]) for r in results})
    write(outputs["attributions"], found, values, about)
    outputs["exams"].write_text(
        json.dumps(
            {"task": task, "model": content["model"], "descriptions": meanings, "towards": towards, "methods": examined},
            indent=1,
            ensure_ascii=False,
        )
        + "\n"
    )
    outputs["summary"].write_text(json.dumps(records(task, examined, len(values)), indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            {
                name: getattr(job.input, name)
                for name in ("test", "train", "balanced", "validation", "tensors", "about", "certificate")
            },
            job.wildcards.task,
            dict(job.params.spec),
            job.params.seed,
            job.threads,
            {name: getattr(job.output, name) for name in ("attributions", "exams", "summary")},
        )
