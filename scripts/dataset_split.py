"""Divide the examples into folds without related examples on both sides, and certify the result."""

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
from readsight.dataset.certificate import seal_certificate
from readsight.dataset.homology import Relatives
from readsight.dataset.splits import SPLITS
from readsight.errors import InputError
from readsight.step import step

log = logging.getLogger("readsight")

BATCH_COLUMN = "batch"
BARRED_KINDS = ("same_group", "exact", "reverse_complement", "near", "overlap")
GIANT_CLUSTER = 0.1  # fraction of the examples above which a cluster causes a warning


def divide_examples(
    data: anndata.AnnData,
    spec: dict[str, Any],
    seed: int,
    near_pairs: np.ndarray | None = None,
    relatives: Relatives | None = None,
) -> pd.DataFrame:
    """Group and roles of n examples: columns group, `repeat0.fold0`, …; indexed like the examples.

    near_pairs: (m, 2) near-duplicates; each pair is put into one group. relatives: related sequences. Splits by
    chromosome keep the chromosome as group; examples related to a test example get no role.
    """
    split_rule = SPLITS[spec["by"]]
    groups = split_rule.assign_groups(data.obs, spec)
    excludes_relatives = relatives is not None and spec["by"] == "chromosome"
    groups = groups if near_pairs is None or excludes_relatives else leakage.join_groups(groups, near_pairs)
    if relatives is not None:
        refuse_single_group(groups, spec)
    outcome = examples_file.read_outcome(data)
    strata, names = read_strata(data.obs), groups.to_numpy(str)
    requirements = cross_validation.list_requirements(outcome, data.obs)
    batches = data.obs[BATCH_COLUMN].to_numpy(str) if BATCH_COLUMN in data.obs else None
    if hasattr(split_rule, "read_roles"):
        given_roles = split_rule.read_roles(data.obs, keep_validation=relatives is not None).to_numpy(str)
        roles = cross_validation.use_given_split(given_roles, strata, names, spec, seed, requirements, batches)
    elif spec.get("test_chromosomes"):
        roles = chromosome_holdout.assign_by_chromosome(strata, names, spec, seed, requirements)
    else:
        roles = cross_validation.assign_folds(strata, names, spec, seed, requirements, batches)
    roles = chromosome_holdout.exclude_relatives(roles, relatives, requirements) if excludes_relatives else roles
    return pd.concat([groups, roles.set_index(data.obs_names)], axis=1)


def refuse_single_group(groups: pd.Series, spec: dict[str, Any]) -> None:
    """Raise InputError if all sequences form one group: nothing can be divided."""
    if groups.nunique() > 1 or spec["by"] == "given":
        return
    if spec["by"] == "chromosome":
        raise InputError(
            f"split.by: all examples lie on {groups.iloc[0]}; set split.by to homology, or add examples on more chromosomes"
        )
    raise InputError(
        f"split.by: all {len(groups)} examples form one cluster of similar or overlapping sequences (directly or through "
        "intermediate ones) and cannot be divided without leakage; raise split.identity or split.coverage, add less similar "
        "examples, or set split.by to chromosome or given"
    )


def read_strata(obs: pd.DataFrame) -> np.ndarray:
    """Strata that the folds are balanced by (n,): the assembled strata, or the class."""
    return obs["stratum" if "stratum" in obs else "label"].to_numpy(int)


def find_relatives(data: anndata.AnnData, spec: dict[str, Any]) -> Relatives | None:
    """Relatives among sequences; None for other examples. Only the codes are used, not the labels."""
    sequence = examples_file.read_sequence_layout(data)
    if sequence is None:
        return None
    return homology.find_relatives(data.obsm["sequence"], data.obs, sequence, spec["identity"], spec["coverage"])


def find_near_duplicates(data: anndata.AnnData) -> np.ndarray | None:
    """Pairs of samples with near-duplicate profiles; None for variant calls, where equal profiles are normal."""
    if str(data.uns["task"]["source"]) == "variants":
        return None
    return leakage.find_near_duplicates(np.asarray(data.X), read_strata(data.obs))


def examine_tables(
    data: anndata.AnnData, table: pd.DataFrame, spec: dict[str, Any], seed: int, near_pairs: np.ndarray | None = None
) -> dict[str, Any]:
    """Findings on a split of calls or samples: duplicates, groups, class balance, and leakage compared with a random split."""
    roles, groups = table[cross_validation.outer_columns(table.columns)], table["group"].to_numpy(str)
    identical_ids = leakage.number_identical_rows(np.asarray(data.X))
    fractions = {
        division: leakage.measure_leakage(columns, data.obs, groups, spec["gap"], identical_ids, near_pairs)
        for division, columns in (("random", leakage.draw_random_split(roles, seed)), ("split", roles))
    }
    findings: dict[str, Any] = {}
    if spec["by"] == "given":
        faults: list[str] = []
        findings["given"] = examine_given_split(roles[cross_validation.fold_column(0, 0)], groups)
        redrawn = roles.drop(columns=cross_validation.fold_column(0, 0))
        if redrawn.shape[1]:
            fractions["redrawn"] = leakage.measure_leakage(redrawn, data.obs, groups, spec["gap"], identical_ids, near_pairs)
            faults = [kind for kind in ("same_group", "near_profile") if fractions["redrawn"].get(kind)]
        fractions["split"] = leakage.measure_leakage(
            roles[[cross_validation.fold_column(0, 0)]], data.obs, groups, spec["gap"], identical_ids, near_pairs
        )
    else:
        barred_kinds = ["same_group", "near_profile"] + ["neighbour"] * (spec["by"] in ("block", "chromosome"))
        faults = [kind for kind in barred_kinds if fractions["split"].get(kind, 0) > 0]
    faults += find_inner_faults(table)
    findings |= {
        "duplicate_features": int(data.n_obs - len(np.unique(identical_ids))),
        "near_duplicates": None if near_pairs is None else len(np.unique(near_pairs)),
        "leakage": fractions,
    }
    return describe_split(data, table, spec, seed) | findings | certify_split(faults)


def examine_sequences(
    data: anndata.AnnData, table: pd.DataFrame, spec: dict[str, Any], seed: int, relatives: Relatives
) -> dict[str, Any]:
    """Findings on a split of sequences; like `examine_tables`, with clusters, excluded examples and GC content."""
    roles, groups = table[cross_validation.outer_columns(table.columns)], table["group"].to_numpy(str)
    first_fold, is_given = roles[[cross_validation.fold_column(0, 0)]], spec["by"] == "given"
    fractions = {
        "random": leakage.measure_sequence_leakage(
            leakage.draw_random_split(roles.iloc[:, :1], seed), data.obs, groups, relatives
        ),
        "split": leakage.measure_sequence_leakage(first_fold if is_given else roles, data.obs, groups, relatives),
        "validation": leakage.measure_sequence_leakage(
            first_fold if is_given else roles, data.obs, groups, relatives, "validation"
        ),
    }
    findings: dict[str, Any] = {}
    divisions = ("split", "validation")
    if is_given:
        is_test = (first_fold.iloc[:, 0] == "test").to_numpy()
        # groups of the data; those of the table are already joined
        ids = SPLITS["given"].assign_groups(data.obs, spec).to_numpy(str)
        kinds = leakage.find_related(is_test, ~is_test, data.obs, ids, relatives)
        is_leaked = np.zeros(len(is_test), bool)
        is_leaked[is_test] = kinds["related"] | kinds["same_group"]
        findings["given"] = examine_given_split(first_fold.iloc[:, 0], groups, is_leaked) | {
            "kinds": {k: int(v.sum()) for k, v in kinds.items()}
        }
        divisions = ()
        if roles.shape[1] > 1:
            fractions["redrawn"] = leakage.measure_sequence_leakage(
                roles.drop(columns=first_fold.columns), data.obs, groups, relatives
            )
            divisions = ("redrawn",)
    faults = [kind for kind in BARRED_KINDS if any(fractions[division].get(kind) for division in divisions)]
    findings |= {
        "search": relatives.description,
        "clusters": {
            name: summarise_clusters(ids)
            for name, ids in (("near", relatives.near), ("overlap", relatives.overlap), ("related", relatives.all))
        },
        "duplicates": {
            "exact": count_duplicates(relatives.identical),
            "reverse_complement": count_duplicates(relatives.identical_either_strand) - count_duplicates(relatives.identical),
        },
        "leakage": fractions,
        "left_out": chromosome_holdout.count_excluded(roles, groups) if spec["by"] == "chromosome" else [],
        "gc": gc_by_role(data.obs, roles),
    }
    if spec["by"] == "group":
        findings["joined"] = {"groups": SPLITS["group"].assign_groups(data.obs, spec).nunique(), "left": len(np.unique(groups))}
    return describe_split(data, table, spec, seed) | findings | certify_split(faults)


def describe_split(data: anndata.AnnData, table: pd.DataFrame, spec: dict[str, Any], seed: int) -> dict[str, Any]:
    """Description of any split: examples, groups, and the content of each role of each fold."""
    roles, groups = table[cross_validation.outer_columns(table.columns)], table["group"].to_numpy(str)
    outcome = examples_file.read_outcome(data)
    masks = cross_validation.class_masks(outcome, data.obs)
    sizes = Counter(groups.tolist())
    return {
        "spec": spec,
        "seed": seed,
        "examples": data.n_obs,
        "kind": outcome.kind,
        "groups": {"count": len(sizes), "largest": max(sizes.values()), "sizes": sorted(sizes.values(), reverse=True)},
        "classes": {str(i): int(mask.sum()) for i, (_, mask) in enumerate(masks)},
        "class_names": [name for name, _ in masks],
        "folds": cross_validation.count_roles(roles, masks, groups),
        "inner": cross_validation.count_roles(table.drop(columns=["group", *roles]), masks, groups),
    }


def certify_split(faults: list[str]) -> dict[str, Any]:
    """Whether a split with these faults is certified, and the reason if not."""
    return {"certified": not faults, "reason": f"examples on both sides share: {', '.join(faults)}" if faults else ""}


def count_duplicates(ids: np.ndarray) -> int:
    """Number of examples that repeat an earlier one."""
    return len(ids) - len(np.unique(ids))


def summarise_clusters(ids: np.ndarray) -> dict[str, Any]:
    """Number of clusters, size of the largest, and number of clusters of each size."""
    sizes = Counter(np.unique(ids, return_counts=True)[1].tolist())
    return {"count": sum(sizes.values()), "largest": max(sizes), "sizes": [[size, sizes[size]] for size in sorted(sizes)]}


def gc_by_role(obs: pd.DataFrame, roles: pd.DataFrame) -> list[dict[str, Any]]:
    """Mean GC content of each role of each fold, and the test − training difference in standard deviations of all examples."""
    spread, rows = float(obs["gc"].std(ddof=0)) or 1.0, []
    for name in roles:
        means = obs["gc"].groupby(roles[name].to_numpy(str)).mean()
        role_means = {role: float(means[role]) for role in cross_validation.ROLES if role in means}
        rows.append({"fold": name} | role_means | {"difference": (role_means["test"] - role_means["train"]) / spread})
    return rows


def examine_given_split(roles: pd.Series, groups: np.ndarray, is_leaked: np.ndarray | None = None) -> dict[str, Any]:
    """Leakage of a user-provided split: test examples whose group is also in training, or those flagged in `is_leaked`."""
    is_test = (roles == "test").to_numpy()
    is_leaked = is_test & np.isin(groups, groups[~is_test]) if is_leaked is None else is_leaked
    return {
        "test": int(is_test.sum()),
        "train": int((~is_test).sum()),
        "leaked": [str(name) for name in roles.index[is_leaked]],
        "divided_groups": sorted(set(groups[is_leaked].tolist())),
        "fraction": float(is_leaked.sum() / is_test.sum()),
    }


def find_inner_faults(table: pd.DataFrame) -> list[str]:
    """Inner folds with a group on both sides, or with a test example of their fold."""
    faulty = []
    for fold in cross_validation.outer_columns(table.columns):
        is_test = (table[fold] == "test").to_numpy()
        for name in cross_validation.inner_columns(table.columns, fold):
            validation, training = (set(table["group"][table[name] == role]) for role in ("validation", "train"))
            if validation & training or ((table[name] == "") != is_test).any():
                faulty.append(name)
    return faulty


RECORDS = {
    "same_group": ("leakage.same_group", "test examples whose group is also in training"),
    "neighbour": ("leakage.split", "test examples with a neighbour in training, certified split"),
    "near_profile": (
        "leakage.near_profile",
        f"test samples with a near-duplicate (r > {leakage.DUPLICATE_CORRELATION}) in training",
    ),
}
RANDOM_RECORDS = {
    "neighbour": ("leakage.random", "test examples with a neighbour in training, random split"),
    "same_group": ("leakage.random", "test samples whose group is also in training, random split"),
}


def summary_records(task: str, findings: dict[str, Any]) -> list[dict[str, Any]]:
    """Figures for the summary."""
    rows = [
        ("examples", findings["examples"], "examples", "examples of the task"),
        ("groups", findings["groups"]["count"], "groups", "groups that are never divided"),
    ]
    rows += sequence_rows(findings) if "search" in findings else table_rows(findings)
    if "given" in findings:
        description = "test examples of the given split whose group is also in training: leakage of the published split"
        rows.append(("given.leaked", findings["given"]["fraction"], "fraction", description))
    return [
        {
            "key": f"dataset.{task}.{key}",
            "value": value,
            "low": None,
            "high": None,
            "n": findings["examples"],
            "unit": unit,
            "description": description,
        }
        for key, value, unit, description in rows
        if value is not None
    ]


def table_rows(findings: dict[str, Any]) -> list[tuple[str, Any, str, str]]:
    """Figures of calls and samples: key, value, unit, description."""
    rows = []
    kind = "neighbour" if "neighbour" in findings["leakage"]["random"] else "same_group"
    rows.append((RANDOM_RECORDS[kind][0], findings["leakage"]["random"][kind], "fraction", RANDOM_RECORDS[kind][1]))
    rows += [(key, findings["leakage"]["split"].get(k), "fraction", description) for k, (key, description) in RECORDS.items()]
    if findings.get("near_duplicates"):
        rows.append(
            ("near_duplicates", findings["near_duplicates"], "samples", "samples with a near-duplicate, in one group with it")
        )
    return rows


def sequence_rows(findings: dict[str, Any]) -> list[tuple[str, Any, str, str]]:
    """Figures of sequences: key, value, unit, description."""
    random, split = findings["leakage"]["random"], findings["leakage"]["split"]
    search, prefix = findings["search"], "test sequences with a relative in training"
    descriptions = {
        "related": f"{prefix}: equal, similar or overlapping",
        "exact": f"{prefix}: the identical sequence",
        "reverse_complement": f"{prefix}: the reverse complement",
        "near": f"{prefix}: a similar sequence (identity {search['identity']:g} over {search['coverage']:g} of the shorter)",
        "overlap": f"{prefix}: an overlapping genomic interval",
    }
    rows = [("leakage.random", random["related"], "fraction", f"{descriptions['related']}, random split")]
    rows += [(f"leakage.{kind}", split.get(kind), "fraction", description) for kind, description in descriptions.items()]
    largest = findings["clusters"]["near"]["largest"]
    rows.append(("largest_cluster", largest, "sequences", "sequences in the largest cluster of similar sequences"))
    if findings["left_out"]:
        excluded = max(row["train"] + row["validation"] for row in findings["left_out"])
        rows.append(
            (
                "left_out",
                excluded,
                "sequences",
                "largest number of sequences excluded from training and validation because similar ones are tested",
            )
        )
    if findings["gc"]:
        difference = max(abs(row["difference"]) for row in findings["gc"])
        rows.append(
            ("gc.difference", difference, "standard deviations", "largest difference in mean GC content of test and training")
        )
    return rows


def main(examples: Path, task: str, spec: dict[str, Any], seed: int, split: Path, certificate: Path, summary: Path) -> None:
    """Write the split table, its certificate and its summary."""
    data = examples_file.read(examples)
    relatives = find_relatives(data, spec)
    near_pairs = find_near_duplicates(data) if relatives is None else relatives.pairs
    table = divide_examples(data, spec, seed, near_pairs, relatives)
    table.rename_axis("example").reset_index().to_parquet(split, index=False)
    if relatives is None:
        content = examine_tables(data, table, spec, seed, near_pairs)
    else:
        content = examine_sequences(data, table, spec, seed, relatives)
    findings = seal_certificate(content, examples, split)
    certificate.write_text(json.dumps(findings, indent=1) + "\n")
    summary.write_text(json.dumps(summary_records(task, findings), indent=1) + "\n")
    log.info("%d examples in %d groups; leakage %s", data.n_obs, findings["groups"]["count"], findings["leakage"])
    log_warnings(findings)


def log_warnings(findings: dict[str, Any]) -> None:
    """Warn about findings that need the user's attention."""
    if findings.get("near_duplicates"):
        log.warning("%d samples have a near-duplicate and are grouped with it", findings["near_duplicates"])
    if findings.get("given", {}).get("leaked"):
        log.warning(
            "the given split divides %d groups: %d of %d test examples have a relative in training (%s)",
            len(findings["given"]["divided_groups"]),
            len(findings["given"]["leaked"]),
            findings["given"]["test"],
            ", ".join(findings["given"]["leaked"][:5]),
        )
    largest = findings.get("clusters", {}).get("related", {}).get("largest", 0)
    if largest > GIANT_CLUSTER * findings["examples"]:
        log.warning(
            "%d of %d sequences form one cluster of relatives (a repeat, or a region covered without gaps), which stays on one side",
            largest,
            findings["examples"],
        )
    joined = findings.get("joined")
    if joined and joined["left"] < joined["groups"]:
        log.warning("similar sequences merge %d groups into %d", joined["groups"], joined["left"])
    for row in findings.get("left_out", []):
        log.info(
            "%s: excluded %d of training and %d of validation, which are similar to evaluation examples",
            row["fold"],
            row["train"],
            row["validation"],
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
