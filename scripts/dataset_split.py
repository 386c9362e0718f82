"""Divide the examples into folds so that nothing related stands on both sides, and certify it."""

import json
import logging
from collections import Counter
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight.dataset import chromosome_holdout, cross_validation, homology, leakage
from readsight.dataset import examples as examples_file
from readsight.dataset.certificate import seal
from readsight.dataset.homology import Kin
from readsight.dataset.splits import SPLITS
from readsight.errors import InputError
from readsight.step import step

log = logging.getLogger("readsight")

BATCHES = "batch"
BARRED = ("same_group", "exact", "reverse_complement", "near", "overlap")
GIANT = 0.1  # a cluster with more than this part of the examples is warned of


def divide(
    data: anndata.AnnData, spec: dict[str, Any], seed: int, near: np.ndarray | None = None, kin: Kin | None = None
) -> pd.DataFrame:
    """Group and roles of n examples: columns group, `repeat0.fold0`, …; indexed as the examples.

    near: (m, 2) pairs of near-duplicates; they go into one group. kin: relatives among sequences. By chromosome they keep
    the chromosome as their group, and have no role where a relative of theirs is tested on.
    """
    member = SPLITS[spec["by"]]
    groups = member.groups(data.obs, spec)
    apart = kin is not None and spec["by"] == "chromosome"
    groups = groups if near is None or apart else leakage.joined(groups, near)
    if kin is not None:
        several(groups, spec)
    outcome = examples_file.outcome(data)
    strata, names = strata_of(data.obs), groups.to_numpy(str)
    wanted = cross_validation.needs(outcome, data.obs)
    batches = data.obs[BATCHES].to_numpy(str) if BATCHES in data.obs else None
    if hasattr(member, "roles"):
        given = member.roles(data.obs, whole=kin is not None).to_numpy(str)
        roles = cross_validation.as_given(given, strata, names, spec, seed, wanted, batches)
    elif spec.get("test_chromosomes"):
        roles = chromosome_holdout.chromosomes(strata, names, spec, seed, wanted)
    else:
        roles = cross_validation.assign(strata, names, spec, seed, wanted, batches)
    roles = chromosome_holdout.apart(roles, kin, wanted) if apart else roles
    return pd.concat([groups, roles.set_index(data.obs_names)], axis=1)


def several(groups: pd.Series, spec: dict[str, Any]) -> None:
    """Raise InputError where all sequences are one group: nothing can be divided."""
    if groups.nunique() > 1 or spec["by"] == "given":
        return
    if spec["by"] == "chromosome":
        raise InputError(f"split.by: all examples lie on {groups.iloc[0]}; set split.by to homology, or bring other chromosomes")
    raise InputError(
        f"split.by: all {len(groups)} examples are one cluster of like or overlapping sequences (directly, or through "
        "others), and cannot be divided without leakage; raise split.identity or split.coverage, bring examples further "
        "apart, or set split.by to chromosome or given"
    )


def strata_of(obs: pd.DataFrame) -> np.ndarray:
    """What folds are balanced by (n,): the class, or what the examples were joined with."""
    return obs["stratum" if "stratum" in obs else "label"].to_numpy(int)


def relatives(data: anndata.AnnData, spec: dict[str, Any]) -> Kin | None:
    """Who is related to whom among sequences; None for other examples. Only the codes are looked at."""
    sequence = examples_file.sequence(data)
    if sequence is None:
        return None
    return homology.of_examples(data.obsm["sequence"], data.obs, sequence, spec["identity"], spec["coverage"])


def twins(data: anndata.AnnData) -> np.ndarray | None:
    """Pairs of samples with near-duplicate profiles; None for calls, of which many are alike by nature."""
    return None if str(data.uns["task"]["source"]) == "variants" else leakage.alike(np.asarray(data.X), strata_of(data.obs))


def examine(
    data: anndata.AnnData, table: pd.DataFrame, spec: dict[str, Any], seed: int, near: np.ndarray | None = None
) -> dict[str, Any]:
    """What there is to say about a split: duplicates, groups, class balance, leakage beside that of a random split."""
    roles, groups = table[cross_validation.outer(table.columns)], table["group"].to_numpy(str)
    same = leakage.identical(np.asarray(data.X))
    leaking = {
        which: leakage.leakage(columns, data.obs, groups, spec["gap"], same, near)
        for which, columns in (("random", leakage.scattered(roles, seed)), ("split", roles))
    }
    found: dict[str, Any] = {}
    if spec["by"] == "given":
        faults: list[str] = []
        found["given"] = of_given(roles[cross_validation.column(0, 0)], groups)
        redrawn = roles.drop(columns=cross_validation.column(0, 0))
        if redrawn.shape[1]:
            leaking["redrawn"] = leakage.leakage(redrawn, data.obs, groups, spec["gap"], same, near)
            faults = [kind for kind in ("same_group", "near_profile") if leaking["redrawn"].get(kind)]
        leaking["split"] = leakage.leakage(roles[[cross_validation.column(0, 0)]], data.obs, groups, spec["gap"], same, near)
    else:
        barred = ["same_group", "near_profile"] + ["neighbour"] * (spec["by"] in ("block", "chromosome"))
        faults = [kind for kind in barred if leaking["split"].get(kind, 0) > 0]
    faults += inner_faults(table)
    found |= {
        "duplicate_features": int(data.n_obs - len(np.unique(same))),
        "near_duplicates": None if near is None else len(np.unique(near)),
        "leakage": leaking,
    }
    return described(data, table, spec, seed) | found | verdict(faults)


def examine_sequences(data: anndata.AnnData, table: pd.DataFrame, spec: dict[str, Any], seed: int, kin: Kin) -> dict[str, Any]:
    """What there is to say about a split of sequences; as `examine`, and clusters, examples left out, GC content by side."""
    roles, groups = table[cross_validation.outer(table.columns)], table["group"].to_numpy(str)
    first, given = roles[[cross_validation.column(0, 0)]], spec["by"] == "given"
    leaking = {
        "random": leakage.of_sequences(leakage.scattered(roles.iloc[:, :1], seed), data.obs, groups, kin),
        "split": leakage.of_sequences(first if given else roles, data.obs, groups, kin),
        "validation": leakage.of_sequences(first if given else roles, data.obs, groups, kin, "validation"),
    }
    found: dict[str, Any] = {}
    sides = ("split", "validation")
    if given:
        test = (first.iloc[:, 0] == "test").to_numpy()
        own = SPLITS["given"].groups(data.obs, spec).to_numpy(str)  # of the data; those of the table are joined by chains
        kinds = leakage.of_kinds(test, ~test, data.obs, own, kin)
        leaked = np.zeros(len(test), bool)
        leaked[test] = kinds["related"] | kinds["same_group"]
        found["given"] = of_given(first.iloc[:, 0], groups, leaked) | {"kinds": {k: int(v.sum()) for k, v in kinds.items()}}
        sides = ()
        if roles.shape[1] > 1:
            leaking["redrawn"] = leakage.of_sequences(roles.drop(columns=first.columns), data.obs, groups, kin)
            sides = ("redrawn",)
    faults = [kind for kind in BARRED if any(leaking[side].get(kind) for side in sides)]
    found |= {
        "search": kin.about,
        "clusters": {
            name: cluster_sizes(own) for name, own in (("near", kin.near), ("overlap", kin.overlap), ("related", kin.all))
        },
        "duplicates": {"exact": spare(kin.same), "reverse_complement": spare(kin.either) - spare(kin.same)},
        "leakage": leaking,
        "left_out": chromosome_holdout.left_out(roles, groups) if spec["by"] == "chromosome" else [],
        "gc": gc_of_sides(data.obs, roles),
    }
    if spec["by"] == "group":
        found["joined"] = {"groups": SPLITS["group"].groups(data.obs, spec).nunique(), "left": len(np.unique(groups))}
    return described(data, table, spec, seed) | found | verdict(faults)


def described(data: anndata.AnnData, table: pd.DataFrame, spec: dict[str, Any], seed: int) -> dict[str, Any]:
    """What a certificate says of any split: examples, groups, and what each role of each fold holds."""
    roles, groups = table[cross_validation.outer(table.columns)], table["group"].to_numpy(str)
    outcome = examples_file.outcome(data)
    counted = cross_validation.members(outcome, data.obs)
    sizes = Counter(groups.tolist())
    return {
        "spec": spec,
        "seed": seed,
        "examples": data.n_obs,
        "kind": outcome.kind,
        "groups": {"count": len(sizes), "largest": max(sizes.values()), "sizes": sorted(sizes.values(), reverse=True)},
        "classes": {str(i): int(mask.sum()) for i, (_, mask) in enumerate(counted)},
        "class_names": [name for name, _ in counted],
        "folds": cross_validation.balance_of(roles, counted, groups),
        "inner": cross_validation.balance_of(table.drop(columns=["group", *roles]), counted, groups),
    }


def verdict(faults: list[str]) -> dict[str, Any]:
    """Whether a split with these faults is certified, and why not."""
    return {"certified": not faults, "reason": f"examples on both sides share: {', '.join(faults)}" if faults else ""}


def spare(ids: np.ndarray) -> int:
    """How many examples stand there beside an equal one."""
    return len(ids) - len(np.unique(ids))


def cluster_sizes(ids: np.ndarray) -> dict[str, Any]:
    """How many clusters there are, the size of the largest, and how many clusters have each size."""
    sizes = Counter(np.unique(ids, return_counts=True)[1].tolist())
    return {"count": sum(sizes.values()), "largest": max(sizes), "sizes": [[size, sizes[size]] for size in sorted(sizes)]}


def gc_of_sides(obs: pd.DataFrame, roles: pd.DataFrame) -> list[dict[str, Any]]:
    """Mean GC content of each role of each fold, and how far test and training lie apart, in standard deviations of all."""
    spread, rows = float(obs["gc"].std(ddof=0)) or 1.0, []
    for name in roles:
        means = obs["gc"].groupby(roles[name].to_numpy(str)).mean()
        own = {role: float(means[role]) for role in cross_validation.ROLES if role in means}
        rows.append({"fold": name} | own | {"difference": (own["test"] - own["train"]) / spread})
    return rows


def of_given(roles: pd.Series, groups: np.ndarray, leaked: np.ndarray | None = None) -> dict[str, Any]:
    """What a split that the data bring leaks: test examples whose group is also trained on, or that `leaked` says, by name."""
    test = (roles == "test").to_numpy()
    leaked = test & np.isin(groups, groups[~test]) if leaked is None else leaked
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
    for fold in cross_validation.outer(table.columns):
        test = (table[fold] == "test").to_numpy()
        for name in cross_validation.inner(table.columns, fold):
            held, kept = (set(table["group"][table[name] == role]) for role in ("validation", "train"))
            if held & kept or ((table[name] == "") != test).any():
                found.append(name)
    return found


RECORDS = {
    "same_group": ("leakage.same_group", "test examples whose group is also trained on"),
    "neighbour": ("leakage.split", "test examples with a training neighbour, in the certified split"),
    "near_profile": ("leakage.near_profile", f"test samples with a near-duplicate (r > {leakage.LIKE}) that is trained on"),
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
    rows += rows_of_sequences(findings) if "search" in findings else rows_of_tables(findings)
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


def rows_of_tables(findings: dict[str, Any]) -> list[tuple[str, Any, str, str]]:
    """Figures of calls and samples: key, value, unit, words."""
    rows = []
    kind = "neighbour" if "neighbour" in findings["leakage"]["random"] else "same_group"
    rows.append((RANDOM[kind][0], findings["leakage"]["random"][kind], "fraction", RANDOM[kind][1]))
    rows += [(key, findings["leakage"]["split"].get(k), "fraction", words) for k, (key, words) in RECORDS.items()]
    if findings.get("near_duplicates"):
        rows.append(
            ("near_duplicates", findings["near_duplicates"], "samples", "samples that have a near-duplicate; grouped with it")
        )
    return rows


def rows_of_sequences(findings: dict[str, Any]) -> list[tuple[str, Any, str, str]]:
    """Figures of sequences: key, value, unit, words."""
    random, split = findings["leakage"]["random"], findings["leakage"]["split"]
    like, whose = findings["search"], "test sequences of which a relative is trained on"
    words = {
        "related": f"{whose}: equal, alike or overlapping",
        "exact": f"{whose}: the very sequence",
        "reverse_complement": f"{whose}: its reverse complement",
        "near": f"{whose}: one like it (identity {like['identity']:g} over {like['coverage']:g} of the shorter)",
        "overlap": f"{whose}: one that overlaps it on the genome",
    }
    rows = [("leakage.random", random["related"], "fraction", f"{words['related']}, had they been split at random")]
    rows += [(f"leakage.{kind}", split.get(kind), "fraction", text) for kind, text in words.items()]
    largest = findings["clusters"]["near"]["largest"]
    rows.append(("largest_cluster", largest, "sequences", "sequences in the largest cluster of like ones"))
    if findings["left_out"]:
        lost = max(row["train"] + row["validation"] for row in findings["left_out"])
        rows.append(
            ("left_out", lost, "sequences", "sequences left out of training and validation, at most: like ones are tested on")
        )
    if findings["gc"]:
        apart = max(abs(row["difference"]) for row in findings["gc"])
        rows.append(("gc.difference", apart, "standard deviations", "largest difference in mean GC content of test and training"))
    return rows


def main(examples: Path, task: str, spec: dict[str, Any], seed: int, split: Path, certificate: Path, summary: Path) -> None:
    """Write the split table, its certificate and its summary."""
    data = examples_file.read(examples)
    kin = relatives(data, spec)
    near = twins(data) if kin is None else kin.pairs
    table = divide(data, spec, seed, near, kin)
    table.rename_axis("example").reset_index().to_parquet(split, index=False)
    found = examine(data, table, spec, seed, near) if kin is None else examine_sequences(data, table, spec, seed, kin)
    findings = seal(found, examples, split)
    certificate.write_text(json.dumps(findings, indent=1) + "\n")
    summary.write_text(json.dumps(records(task, findings), indent=1) + "\n")
    log.info("%d examples in %d groups; leakage %s", data.n_obs, findings["groups"]["count"], findings["leakage"])
    tell(findings)


def tell(findings: dict[str, Any]) -> None:
    """Warn of what the user should look at."""
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
    largest = findings.get("clusters", {}).get("related", {}).get("largest", 0)
    if largest > GIANT * findings["examples"]:
        log.warning(
            "%d of %d sequences are one cluster of relatives: a repeat, or a place covered without a gap; it stays on one side",
            largest,
            findings["examples"],
        )
    joined = findings.get("joined")
    if joined and joined["left"] < joined["groups"]:
        log.warning("like sequences join %d groups to %d", joined["groups"], joined["left"])
    for row in findings.get("left_out", []):
        log.info(
            "%s: left out %d of training, %d of validation: like ones are held out", row["fold"], row["train"], row["validation"]
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
