"""Divide the examples into folds so that nothing related stands on both sides, and certify it."""

import json
import logging
from collections import Counter
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight import folds
from readsight.certificate import seal
from readsight.splits import SPLITS
from readsight.step import step

log = logging.getLogger("readsight")


def divide(obs: pd.DataFrame, spec: dict[str, Any], seed: int) -> pd.DataFrame:
    """Group and roles of n examples: columns group, `repeat0.fold0`, …; indexed as `obs`."""
    member = SPLITS[spec["by"]]
    groups = member.groups(obs, spec)
    if hasattr(member, "roles"):
        roles = member.roles(obs).rename(folds.column(0, 0)).to_frame()
    else:
        roles = folds.assign(obs["label"].to_numpy(), groups.to_numpy(), spec, seed).set_index(obs.index)
    return pd.concat([groups, roles], axis=1)


def examine(data: anndata.AnnData, table: pd.DataFrame, spec: dict[str, Any], seed: int) -> dict[str, Any]:
    """What there is to say about a split: duplicates, groups, class balance, leakage beside that of a random split."""
    roles, groups = table.drop(columns="group"), table["group"].to_numpy()
    labels, same = data.obs["label"].to_numpy(), identical(np.asarray(data.X))
    sizes = Counter(groups)
    loose = folds.scattered(labels, spec["folds"], spec["repeats"], seed)
    leaks = {
        "random": folds.leakage(loose, data.obs, groups, spec["gap"], same),
        "split": folds.leakage(roles, data.obs, groups, spec["gap"], same),
    }
    barred = ["same_group"] + ["neighbour"] * (spec["by"] in ("block", "chromosome"))
    faults = [kind for kind in barred if leaks["split"].get(kind, 0) > 0]
    return {
        "certified": spec["by"] == "given" or not faults,
        "reason": f"examples on both sides share: {', '.join(faults)}" if faults else "",
        "spec": spec,
        "seed": seed,
        "examples": data.n_obs,
        "duplicate_features": int(data.n_obs - len(np.unique(same))),
        "groups": {"count": len(sizes), "largest": max(sizes.values()), "sizes": sorted(sizes.values(), reverse=True)},
        "classes": {str(k): int(v) for k, v in Counter(labels.tolist()).items()},
        "class_names": [str(name) for name in data.uns["task"]["classes"]],
        "leakage": leaks,
        "folds": folds.balance_of(roles, labels, groups),
    }


def identical(values: np.ndarray) -> np.ndarray:
    """A number for each row of (n, features); equal rows have the same, and missing equals missing."""
    filled = np.where(np.isnan(values), np.inf, values)
    return np.unique(filled, axis=0, return_inverse=True)[1].reshape(-1)


def records(task: str, findings: dict[str, Any]) -> list[dict[str, Any]]:
    """Figures for the summary."""
    rows = [
        ("examples", findings["examples"], "examples", "examples of the task"),
        ("groups", findings["groups"]["count"], "groups", "groups that are never divided"),
        (
            "leakage.random",
            findings["leakage"]["random"].get("neighbour"),
            "fraction",
            "test examples with a training neighbour, had they been split at random",
        ),
        (
            "leakage.split",
            findings["leakage"]["split"].get("neighbour"),
            "fraction",
            "test examples with a training neighbour, in the certified split",
        ),
        (
            "leakage.same_group",
            findings["leakage"]["split"]["same_group"],
            "fraction",
            "test examples whose group is also trained on",
        ),
    ]
    return [
        {
            "key": f"dataset.{task}.{key}",
            "value": value,
            "low": None,
            "high": None,
            "n": findings["examples"],
            "unit": unit,
            "description": words,
        }
        for key, value, unit, words in rows
        if value is not None
    ]


def main(examples: Path, task: str, spec: dict[str, Any], seed: int, split: Path, certificate: Path, summary: Path) -> None:
    """Write the split table, its certificate and its summary."""
    data = anndata.read_h5ad(examples)
    table = divide(data.obs, spec, seed)
    table.rename_axis("example").reset_index().to_parquet(split, index=False)
    findings = seal(examine(data, table, spec, seed), examples, split)
    certificate.write_text(json.dumps(findings, indent=1) + "\n")
    summary.write_text(json.dumps(records(task, findings), indent=1) + "\n")
    log.info("%d examples in %d groups; leakage %s", data.n_obs, findings["groups"]["count"], findings["leakage"])


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.examples,
            job.wildcards.task,
            dict(job.params.spec),
            job.params.seed,
            job.output.split,
            job.output.certificate,
            job.output.summary,
        )
