"""Measure how strongly batch and label are confounded before training; refuse if they are inseparable."""

import json
import logging
from pathlib import Path
from typing import Any

import pandas as pd

from readsight.checks.batch_confounding import describe_confounding
from readsight.dataset import confounding, examples
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError
from readsight.step import step
from readsight.text import make_keys

log = logging.getLogger("readsight")

UNITS = {
    "cramers_v": ("0–1", "Cramér's V of batch and label"),
    "balanced_accuracy": ("fraction", "Balanced accuracy of the batch alone"),
    "auroc": ("fraction", "AUROC of the batch alone"),
    "macro_auroc": ("fraction", "Macro AUROC of the batch alone"),
    "c_index": ("fraction", "Concordance with survival (Harrell's C) of the batch alone"),
}


def refuse_confounded(task: str, batch: str, obs: pd.DataFrame, outcome: Outcome) -> None:
    """Raise InputError if a label is a function of the batch, or a sample has no batch."""
    unassigned = obs.index[obs["batch"].astype(str).isin(["", "nan"])]
    if len(unassigned):
        raise InputError(
            f"tasks.{task}.harmonise.batch: sample {unassigned[0]} has no value in column {batch} ({len(unassigned)} have none); give its batch, or exclude the sample"
        )
    faults = []
    for name, classes, labels in confounding.list_targets(outcome, outcome.read_target(obs)):
        message = describe_confounding(obs["batch"].astype(str).tolist(), [classes[code] for code in labels])
        if message:
            faults.append(f"tasks.{task}.harmonise.batch: column {batch}{f', label {name}' if name else ''}: {message}")
    if faults:
        raise InputError(faults)


def summarise_targets(rows: list[dict[str, Any]]) -> str:
    """Sentence for all targets: the strongly confounded ones or, if there are none, the most confounded one."""
    strong = [row["words"] for row in rows if row["strong"]]
    if strong or len(rows) == 1:
        return " ".join(strong or [rows[0]["words"]])
    strongest = max(rows, key=lambda row: row["cramers_v"]["value"] or 0)
    return f"None of the {len(rows)} labels is strongly confounded with the batch; the most confounded one is {strongest['name']}: {strongest['words']}"


def summary_records(task: str, findings: dict[str, Any]) -> list[dict[str, Any]]:
    """Figures for the summary."""
    rows = []
    keys = make_keys(target["name"] for target in findings["targets"] if target["name"])
    for target in findings["targets"]:
        prefix = f"dataset.{task}.confounding." + (f"{keys[target['name']]}." if target["name"] else "")
        label = f" (label {target['name']})" if target["name"] else ""
        for key, cell in ({"cramers_v": target["cramers_v"]} | target["scores"]).items():
            unit, title = UNITS[key]
            chance = f"; chance {target['chance'][key]:.2f}" if key in target["chance"] else "; 0: independent, 1: identical"
            rows.append(
                {"key": prefix + key, **cell, "n": findings["samples"], "unit": unit, "description": title + label + chance}
            )
        flag = {"value": int(target["strong"]), "low": None, "high": None, "n": findings["samples"], "unit": "0 or 1"}
        rows.append({"key": prefix + "strong", **flag, "description": target["words"]})
    return rows


def main(task: str, path: Path, batch: str, seed: int, confounded: Path, summary: Path) -> None:
    """Read the examples, refuse inseparable labels and measure confounding. batch: name of the metadata column."""
    data = examples.read(path)
    outcome = examples.read_outcome(data)
    refuse_confounded(task, batch, data.obs, outcome)
    rows = confounding.measure_confounding(data.obs, outcome, seed)
    findings = {
        "batch": batch,
        "outcome": outcome.to_dict(),
        "samples": data.n_obs,
        "groups": int(data.obs["group"].nunique()),
        "limit": confounding.STRONG,
        "targets": rows,
        "perfect": False,
        "strong": any(row["strong"] for row in rows),
        "words": summarise_targets(rows),
    }
    confounded.write_text(json.dumps(findings, indent=1) + "\n")
    summary.write_text(json.dumps(summary_records(task, findings), indent=1) + "\n")
    log.log(logging.WARNING if findings["strong"] else logging.INFO, "%s", findings["words"])


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.wildcards.task,
            job.input.examples,
            job.params.batch,
            job.params.seed,
            job.output.confounding,
            job.output.summary,
        )
