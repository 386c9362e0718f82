"""Divide the examples into folds so that nothing related stands on both sides, and certify it."""

import json
import logging
from collections import Counter
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight import examples as examples_file
from readsight import folds, leaks
from readsight.certificate import seal
from readsight.splits import SPLITS
from readsight.step import step

log = logging.getLogger("readsight")

BATCHES = "batch"


def divide(data: anndata.AnnData, spec: dict[str, Any], seed: int, near: np.ndarray | None = None) -> pd.DataFrame:
    """Group and roles of n examples: columns group, `repeat0.fold0`, …; indexed as the examples.

    near: (m, 2) pairs of near-duplicates; they go into one group.
    """
    member = SPLITS[spec["by"]]
    groups = member.groups(data.obs, spec)
    groups = groups if near is None else leaks.joined(groups, near)
    outcome = examples_file.outcome(data)
    strata = strata_of(data.obs)
    wanted = folds.needs(outcome, data.obs)
    batches = data.obs[BATCHES].to_numpy(str) if BATCHES in data.obs else None
    if hasattr(member, "roles"):
        roles = folds.as_given(member.roles(data.obs).to_numpy(str), strata, groups.to_numpy(str), spec, seed, wanted, batches)
    else:
        roles = folds.assign(strata, groups.to_numpy(str), spec, seed, wanted, batches)
    return pd.concat([groups, roles.set_index(data.obs_names)], axis=1)


def strata_of(obs: pd.DataFrame) -> np.ndarray:
    """What folds are balanced by (n,): the class, or what the examples were joined with."""
    return obs["stratum" if "stratum" in obs else "label"].to_numpy(int)


def twins(data: anndata.AnnData) -> np.ndarray | None:
    """Pairs of samples with near-duplicate profiles; None for calls, of which many are alike by nature."""
    return None if str(data.uns["task"]["source"]) == "variants" else leaks.alike(np.asarray(data.X), strata_of(data.obs))


def examine(
    data: anndata.AnnData, table: pd.DataFrame, spec: dict[str, Any], seed: int, near: np.ndarray | None = None
) -> dict[str, Any]:
    """What there is to say about a split: duplicates, groups, class balance, leakage beside that of a random split."""
    roles, groups = table[folds.outer(table.columns)], table["group"].to_numpy(str)
    outcome, same = examples_file.outcome(data), leaks.identical(np.asarray(data.X))
    counted = folds.members(outcome, data.obs)
    sizes = Counter(groups.tolist())
    leaking = {
        which: leaks.leakage(columns, data.obs, groups, spec["gap"], same, near)
        for which, columns in (("random", leaks.scattered(roles, seed)), ("split", roles))
    }
    found = {"spec": spec, "seed": seed, "examples": data.n_obs, "kind": outcome.kind}
    if spec["by"] == "given":
        faults: list[str] = []
        found["given"] = of_given(roles[folds.column(0, 0)], groups)
        redrawn = roles.drop(columns=folds.column(0, 0))
        if redrawn.shape[1]:
            leaking["redrawn"] = leaks.leakage(redrawn, data.obs, groups, spec["gap"], same, near)
            faults = [kind for kind in ("same_group", "near_profile") if leaking["redrawn"].get(kind)]
        leaking["split"] = leaks.leakage(roles[[folds.column(0, 0)]], data.obs, groups, spec["gap"], same, near)
    else:
        barred = ["same_group", "near_profile"] + ["neighbour"] * (spec["by"] in ("block", "chromosome"))
        faults = [kind for kind in barred if leaking["split"].get(kind, 0) > 0]
    faults += inner_faults(table)
    return found | {
        "certified": not faults,
        "reason": f"examples on both sides share: {', '.join(faults)}" if faults else "",
        "duplicate_features": int(data.n_obs - len(np.unique(same))),
        "near_duplicates": None if near is None else len(np.unique(near)),
        "groups": {"count": len(sizes), "largest": max(sizes.values()), "sizes": sorted(sizes.values(), reverse=True)},
        "classes": {str(i): int(mask.sum()) for i, (_, mask) in enumerate(counted)},
        "class_names": [name for name, _ in counted],
        "leakage": leaking,
        "folds": folds.balance_of(roles, counted, groups),
        "inner": folds.balance_of(table.drop(columns=["group", *roles]), counted, groups),
    }


def of_given(roles: pd.Series, groups: np.ndarray) -> dict[str, Any]:
    """What a split that the data bring leaks: test examples whose group is also trained on, by name."""
    test = (roles == "test").to_numpy()
    leaked = test & np.isin(groups, groups[~test])
    return {
        "test": int(test.sum()),
        "train": int((~test).sum()),
        "leaked": [str(name) for name in roles.index[leaked]],
        "divided_groups": sorted(set(groups[leaked].tolist())),
        "fraction": float(leaked.sum() / test.sum()),
    }


def inner_faults(table: pd.DataFrame) -> list[str]:
    """Inner folds in which a group stands on both sides, or that hold a test example of their fold."""
    found = []
    for fold in folds.outer(table.columns):
        test = (table[fold] == "test").to_numpy()
        for name in folds.inner(table.columns, fold):
            held, kept = (set(table["group"][table[name] == role]) for role in ("validation", "train"))
            if held & kept or ((table[name] == "") != test).any():
                found.append(name)
    return found


RECORDS = {
    "same_group": ("leakage.same_group", "test examples whose group is also trained on"),
    "neighbour": ("leakage.split", "test examples with a training neighbour, in the certified split"),
    "near_profile": ("leakage.near_profile", f"test samples with a near-duplicate (r > {leaks.LIKE}) that is trained on"),
}
RANDOM = {
    "neighbour": ("leakage.random", "test examples with a training neighbour, had they been split at random"),
    "same_group": ("leakage.random", "test samples whose group is also trained on, had they been split at random"),
}


def records(task: str, findings: dict[str, Any]) -> list[dict[str, Any]]:
    """Figures for the summary."""
    rows = [
        ("examples", findings["examples"], "examples", "examples of the task"),
        ("groups", findings["groups"]["count"], "groups", "groups that are never divided"),
    ]
    kind = "neighbour" if "neighbour" in findings["leakage"]["random"] else "same_group"
    rows.append((RANDOM[kind][0], findings["leakage"]["random"][kind], "fraction", RANDOM[kind][1]))
    rows += [(key, findings["leakage"]["split"].get(k), "fraction", words) for k, (key, words) in RECORDS.items()]
    if findings.get("near_duplicates"):
        rows.append(
            ("near_duplicates", findings["near_duplicates"], "samples", "samples that have a near-duplicate; grouped with it")
        )
    if "given" in findings:
        words = "test examples of the given split whose group is also trained on: the published split leaks by so much"
        rows.append(("given.leaked", findings["given"]["fraction"], "fraction", words))
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
    data = examples_file.read(examples)
    near = twins(data)
    table = divide(data, spec, seed, near)
    table.rename_axis("example").reset_index().to_parquet(split, index=False)
    findings = seal(examine(data, table, spec, seed, near), examples, split)
    certificate.write_text(json.dumps(findings, indent=1) + "\n")
    summary.write_text(json.dumps(records(task, findings), indent=1) + "\n")
    log.info("%d examples in %d groups; leakage %s", data.n_obs, findings["groups"]["count"], findings["leakage"])
    if findings.get("near_duplicates"):
        log.warning("%d samples have a near-duplicate; each is grouped with its own", findings["near_duplicates"])
    if findings.get("given", {}).get("leaked"):
        log.warning(
            "the given split divides %d groups: %d of %d test examples have a relative in training (%s)",
            len(findings["given"]["divided_groups"]),
            len(findings["given"]["leaked"]),
            findings["given"]["test"],
            ", ".join(findings["given"]["leaked"][:5]),
        )


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
