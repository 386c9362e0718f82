"""Examine attribution methods of a model of sequences: what can be believed of what they say.

`exams.json`: task, model, outcome, heads, and of each method (`methods`)

| name | what |
|---|---|
| `exams` | a row an exam: exam, key, value, side (`≤`, `≥`), limit, passed, reason, low, high (95 %), n. value is None where the exam is not defined, for the reason told; limit is None where a value is told, and not judged |
| `passed` | whether all exams were passed |
| `curves` | of deletion and insertion: parts (of the places), and deletion, insertion, random_deletion, random_insertion, each value, low, high by part; what is left of the output's change |
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
MAY = ("representation", "representation_about", "truth")


def records(task: str, examined: dict[str, Any], n: int) -> list[dict[str, Any]]:
    """Figures for the summary; exams that are not defined are left out."""
    rows = []
    words = {exam.key: exam.words for exam in criteria.EXAMS}
    for method, held in examined.items():
        told = {row["key"]: row for row in held["exams"] if row["value"] is not None}
        found = [record(row["value"], row["low"], row["high"], row["n"], key, words[key]) for key, row in told.items()]
        alike = [told[key]["value"] for key in (criteria.REDRAWN.key, criteria.SHUFFLED.key) if key in told]
        if alike:
            largest = "largest rank correlation with attributions of a model that learned nothing"
            found.append(record(max(alike), None, None, n, "randomisation_similarity", largest))
        found.append(record(float(held["passed"]), None, None, n, "passed", "1 if the method passed all exams"))
        rows += [row | {"key": f"interpret.{task}.{method}.{row['key']}"} for row in found]
    return rows


def record(value: float, low: float | None, high: float | None, n: int, key: str, words: str) -> dict[str, Any]:
    return {"key": key, "value": value, "low": low, "high": high, "n": n, "unit": "fraction", "description": words}


def main(inputs: dict[str, Path], task: str, spec: dict[str, Any], seed: int, threads: int, outputs: dict[str, Path]) -> None:
    """Examine all methods of a file of attributions.

    inputs: FILES, and those of MAY that there are; truth: table of planted sites. spec: interpret, bootstrap. seed: that
    attributions were made with. outputs: exams, summary. Raises InputError where the files are not about one another.
    """
    examined, models, trainer = reading.read(inputs, spec["interpret"], seed, threads)
    held, truth = examined.held, None
    if "truth" in inputs:
        truth = planted_sites.read(inputs["truth"], list(map(str, held.rows["example"])), held.sequence.shape[1])
    examination = Examination(examined, models, trainer, truth, spec["bootstrap"], seed)
    found = {}
    for method in held.methods:
        found[method] = examination.judge(method)
        told = {row["exam"]: (row["value"] if row["value"] is None else round(row["value"], 3)) for row in found[method]["exams"]}
        log.info("%s: %s: %s", method, "passed" if found[method]["passed"] else "FAILED", told)
    said = {
        "task": task,
        "model": trainer.content["model"],
        "outcome": trainer.content["outcome"],
        "heads": held.heads,
        "methods": found,
    }
    outputs["exams"].write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n")
    outputs["summary"].write_text(json.dumps(records(task, found, len(held)), indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        there = [name for name in MAY if job.input.get(name)]
        main(
            {name: getattr(job.input, name) for name in (*FILES, *there)},
            job.wildcards.task,
            dict(job.params.spec),
            job.params.seed,
            job.threads,
            {name: getattr(job.output, name) for name in ("exams", "summary")},
        )
