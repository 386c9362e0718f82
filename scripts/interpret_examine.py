"""Run the exams of attribution methods of a sequence model: whether their attributions can be trusted.

`exams.json`: task, model, outcome, heads, and for each method (`methods`)

| name | content |
|---|---|
| `exams` | one row per exam: exam, key, value, side (`≤`, `≥`), limit, passed, reason, low, high (95 %), n. value is None if the exam is not defined, with the reason; limit is None if the value is reported but not judged |
| `passed` | whether all exams were passed |
| `curves` | deletion and insertion: parts (fractions of the positions), and deletion, insertion, random_deletion, random_insertion, each with value, low, high per fraction: the remaining change of the output |
"""

import json
import logging
from pathlib import Path
from typing import Any

from readsight.interpret.exams import criteria, planted_sites
from readsight.interpret.exams import inputs as reading
from readsight.interpret.exams.suite import Examination
from readsight.step import step

log = logging.getLogger("readsight")

FILES = ("test", "balanced", "tensors", "about", "certificate", "attributions")
OPTIONAL_FILES = ("representation", "representation_about", "truth")


def summary_records(task: str, results: dict[str, Any], n: int) -> list[dict[str, Any]]:
    """Records of the summary; exams that are not defined are omitted."""
    rows = []
    descriptions = {exam.key: exam.description for exam in criteria.EXAMS}
    for method, result in results.items():
        by_key = {row["key"]: row for row in result["exams"] if row["value"] is not None}
        entries = [
            make_record(row["value"], row["low"], row["high"], row["n"], key, descriptions[key]) for key, row in by_key.items()
        ]
        similarities = [by_key[key]["value"] for key in (criteria.RANDOMISED.key, criteria.SHUFFLED.key) if key in by_key]
        if similarities:
            largest = "largest rank correlation with attributions of an untrained model or a model trained on shuffled labels"
            entries.append(make_record(max(similarities), None, None, n, "randomisation_similarity", largest))
        entries.append(make_record(float(result["passed"]), None, None, n, "passed", "1 if the method passed all exams"))
        rows += [row | {"key": f"interpret.{task}.{method}.{row['key']}"} for row in entries]
    return rows


def make_record(value: float, low: float | None, high: float | None, n: int, key: str, description: str) -> dict[str, Any]:
    return {"key": key, "value": value, "low": low, "high": high, "n": n, "unit": "fraction", "description": description}


def main(inputs: dict[str, Path], task: str, spec: dict[str, Any], seed: int, threads: int, outputs: dict[str, Path]) -> None:
    """Run all exams of the methods in a file of attributions.

    Parameters
    ----------
    inputs : FILES, and those of OPTIONAL_FILES that exist; truth is a table of planted sites.
    spec : interpret, bootstrap.
    seed : the seed of the attributions.
    outputs : exams, summary.

    Raises
    ------
    InputError if the files do not belong together.
    """
    subject, models, trainer = reading.load_inputs(inputs, spec["interpret"], seed, threads)
    attributions, truth = subject.attributions, None
    if "truth" in inputs:
        truth = planted_sites.read_truth(
            inputs["truth"], list(map(str, attributions.metadata["example"])), attributions.sequence.shape[1]
        )
    examination = Examination(subject, models, trainer, truth, spec["bootstrap"], seed)
    results = {}
    for method in attributions.methods:
        results[method] = examination.judge_method(method)
        values = {
            row["exam"]: (row["value"] if row["value"] is None else round(row["value"], 3)) for row in results[method]["exams"]
        }
        log.info("%s: %s: %s", method, "passed" if results[method]["passed"] else "FAILED", values)
    report = {
        "task": task,
        "model": trainer.content["model"],
        "outcome": trainer.content["outcome"],
        "heads": attributions.heads,
        "methods": results,
    }
    outputs["exams"].write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    outputs["summary"].write_text(json.dumps(summary_records(task, results, len(attributions)), indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        optional_inputs = [name for name in OPTIONAL_FILES if job.input.get(name)]
        main(
            {name: getattr(job.input, name) for name in (*FILES, *optional_inputs)},
            job.wildcards.task,
            dict(job.params.spec),
            job.params.seed,
            job.threads,
            {name: getattr(job.output, name) for name in ("exams", "summary")},
        )
