"""Join the modalities of a task's samples, and add targets, donors and batches."""

import json
import logging
from pathlib import Path
from typing import Any

import anndata
import mudata
import pandas as pd

from readsight.dataset import cross_validation
from readsight.dataset import examples as examples_file
from readsight.dataset.certificate import sha256
from readsight.dataset.sources import samples, targets
from readsight.errors import InputError
from readsight.step import step
from readsight.text import make_keys

log = logging.getLogger("readsight")

Modalities = dict[str, anndata.AnnData]


def list_required_columns(spec: dict[str, Any]) -> dict[str, str]:
    """Columns that must exist: column → config key that names it."""
    harmonise = spec["harmonise"]
    required = dict(zip(targets.label_columns(spec), targets.label_keys(spec), strict=True))
    required |= {c: "harmonise.covariates" for c in harmonise["covariates"]}
    required |= {harmonise["batch"]: "harmonise.batch"} if harmonise["batch"] else {}
    return required | ({spec["given"]: "split.given"} if spec.get("given") else {})


def select_samples(modalities: Modalities, obs: pd.DataFrame, spec: dict[str, Any]) -> tuple[list[str], dict[str, list[str]]]:
    """Names of the samples to learn from, and the excluded samples by reason."""
    has = pd.DataFrame({name: obs.index.isin(data.obs_names) for name, data in modalities.items()}, index=obs.index)
    is_kept = pd.Series(targets.has_label(obs, spec), obs.index)
    excluded = {"no_label": obs.index[~is_kept].tolist()}
    if spec["missing"] == "drop":
        excluded |= {f"no_{name}": obs.index[is_kept & ~has[name]].tolist() for name in has}
        is_kept &= has.all(axis=1)
    return obs.index[is_kept].tolist(), excluded


def describe_samples(obs: pd.DataFrame, target: targets.SampleTarget, spec: dict[str, Any]) -> tuple[pd.DataFrame, list[str]]:
    """Metadata of the selected samples, with target, group, stratum and, if configured, split and batch; and faults."""
    group, source, faults = samples.read_groups(obs, spec["column"])
    added = {**target.columns, "group": group, "stratum": target.stratum}
    for name, column in (("split", spec.get("given")), ("batch", spec["harmonise"]["batch"])):
        if column:
            added[name] = obs[column]
    faults = target.faults + faults
    for column, key in list_required_columns(spec).items():
        faults += samples.find_gaps(obs, key, column) if column not in targets.label_columns(spec) else []
    faults += [
        f"harmonise.covariates: the name {column!r} is used by a column that the workflow adds; rename the column"
        for column in spec["harmonise"]["covariates"]
        if column in added
    ]
    log.info("groups: %s", f"column {source!r}, {group.nunique()} groups" if source else "each sample separately")
    metadata = obs.drop(columns=[c for c in added if c in obs])
    return pd.concat([metadata, pd.DataFrame(added, index=obs.index)], axis=1), faults


def join_modalities(modalities: Modalities, spec: dict[str, Any]) -> tuple[mudata.MuData, dict[str, list[str]]]:
    """All modalities of the usable samples, and the excluded samples by reason.

    Raises InputError listing all faults at once: modalities without a shared sample, columns that are missing or
    have gaps, a label with one class, features that equal the label.
    """
    metadata = samples.merge_metadata(modalities)
    required = list_required_columns(spec)
    faults = samples.find_disjoint_modalities(modalities, spec["missing"]) + samples.find_contradictions(modalities, required)
    faults += [samples.absence_fault(key, column, metadata) for column, key in required.items() if column not in metadata]
    if faults:
        raise InputError(faults)
    names, excluded = select_samples(modalities, metadata, spec)
    if not names:
        raise InputError(
            f"{', '.join(targets.label_keys(spec))}: no sample has a label: {', '.join(targets.label_columns(spec))} are empty for all samples"
        )
    obs = metadata.loc[names]
    target = targets.build_target(obs, spec)
    table, faults = describe_samples(obs, target, spec)
    faults += targets.find_label_features(modalities, target, targets.label_columns(spec)) if not target.faults else []
    if faults:
        raise InputError(faults)
    subsets = {}
    for name, data in modalities.items():
        subset = data[[sample for sample in names if sample in data.obs_names]]
        subsets[name] = anndata.AnnData(
            subset.X.copy(), obs=pd.DataFrame(index=subset.obs_names), var=examples_file.plain_text_columns(data.var)
        )
    mudata.set_options(pull_on_update=False)
    joined = mudata.MuData(subsets)
    joined.obs = examples_file.plain_text_columns(table.loc[joined.obs_names])
    joined.uns["outcome"] = target.outcome.to_dict()
    return joined[names].copy() if list(joined.obs_names) != names else joined, excluded


def summary_records(data: mudata.MuData, excluded: dict[str, list[str]], spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Figures for the summary: samples, features, classes and excluded samples."""
    outcome = examples_file.read_outcome(data)
    rows = [("samples", data.n_obs, "samples", "samples used for learning")]
    rows.append(("donors", data.obs["group"].nunique(), "groups", "groups of samples (donors, patients)"))
    rows += [(f"features.{name}", subset.n_vars, "features", f"features of {name}") for name, subset in data.mod.items()]
    rows += [
        (
            f"lacking.{name}",
            data.n_obs - subset.n_obs,
            "samples",
            f"kept samples that lack {name}; set to its training mean",
        )
        for name, subset in data.mod.items()
        if subset.n_obs < data.n_obs
    ]
    masks = cross_validation.class_masks(outcome, data.obs)
    keys = make_keys(name for name, _ in masks)
    rows += [(f"class.{keys[name]}", int(mask.sum()), "samples", f"samples: {name}") for name, mask in masks]
    reasons = {"no_label": f"samples excluded: no value in {', '.join(targets.label_columns(spec))}"}
    rows += [
        (
            f"left_out.{reason}",
            len(names),
            "samples",
            reasons.get(reason, f"samples excluded: {reason.replace('_', ' ')}"),
        )
        for reason, names in excluded.items()
        if names
    ]
    total = data.n_obs + len({name for names in excluded.values() for name in names})
    return [
        {
            "key": f"dataset.{spec['name']}.{key}",
            "value": value,
            "low": None,
            "high": None,
            "n": total,
            "unit": unit,
            "description": description,
        }
        for key, value, unit, description in rows
    ]


def main(modalities: list[Path], spec: dict[str, Any], examples: Path, summary: Path) -> None:
    """Read the modalities, join them and write the examples.

    Parameters
    ----------
    modalities : one .h5ad file each, in the order of `spec["modalities"]`.
    spec : name, modalities, outcome, label, positive, time, event, missing, harmonise, column (of groups), given
        (column of the split, if the user provides one).
    """
    files = dict(zip(spec["modalities"], modalities, strict=True))
    joined, excluded = join_modalities(samples.read(files), spec)
    joined.uns["task"] = {
        "name": spec["name"],
        "source": spec["source"],
        "representation": spec["representation"],
        "spec": json.dumps(spec, sort_keys=True),
        "made_from": {name: sha256(path) for name, path in files.items()},
        "classes": joined.uns["outcome"]["classes"],
    }
    joined.write_h5mu(examples)
    records = summary_records(joined, excluded, spec)
    summary.write_text(json.dumps(records, indent=1) + "\n")
    for row in records:
        log.info("%s: %s", row["description"], row["value"])
    for reason, names in excluded.items():
        if names:
            log.info("excluded (%s): %s", reason.replace("_", " "), samples.list_first(names))


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.modalities, dict(job.params.spec), job.output.examples, job.output.summary)
