"""Join the samples of a task over their modalities, with what is to be predicted, donors and batches."""

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
from readsight.text import keyed

log = logging.getLogger("readsight")

Modalities = dict[str, anndata.AnnData]


def asked(spec: dict[str, Any]) -> dict[str, str]:
    """Columns that must be there: column → the config's key that names it."""
    harmonise = spec["harmonise"]
    found = dict(zip(targets.columns(spec), targets.keys(spec), strict=True))
    found |= {c: "harmonise.covariates" for c in harmonise["covariates"]}
    found |= {harmonise["batch"]: "harmonise.batch"} if harmonise["batch"] else {}
    return found | ({spec["given"]: "split.given"} if spec.get("given") else {})


def chosen(modalities: Modalities, obs: pd.DataFrame, spec: dict[str, Any]) -> tuple[list[str], dict[str, list[str]]]:
    """Names of the samples that are learned from, and those that are not, by reason."""
    has = pd.DataFrame({name: obs.index.isin(own.obs_names) for name, own in modalities.items()}, index=obs.index)
    kept = pd.Series(targets.labelled(obs, spec), obs.index)
    left = {"no_label": obs.index[~kept].tolist()}
    if spec["missing"] == "drop":
        left |= {f"no_{name}": obs.index[kept & ~has[name]].tolist() for name in has}
        kept &= has.all(axis=1)
    return obs.index[kept].tolist(), left


def described(obs: pd.DataFrame, made: targets.Target, spec: dict[str, Any]) -> tuple[pd.DataFrame, list[str]]:
    """What is known of the kept samples, with target, group, stratum, and where asked for split and batch; and faults."""
    group, source, faults = samples.groups(obs, spec["column"])
    added = {**made.columns, "group": group, "stratum": made.stratum}
    for name, column in (("split", spec.get("given")), ("batch", spec["harmonise"]["batch"])):
        if column:
            added[name] = obs[column]
    faults = made.faults + faults
    for column, key in asked(spec).items():
        faults += samples.filled(obs, key, column) if column not in targets.columns(spec) else []
    faults += [
        f"harmonise.covariates: the name {column!r} is taken by what the workflow adds; give the column another"
        for column in spec["harmonise"]["covariates"]
        if column in added
    ]
    log.info("groups: %s", f"column {source!r}, {group.nunique()} of them" if source else "each sample by itself")
    rest = obs.drop(columns=[c for c in added if c in obs])
    return pd.concat([rest, pd.DataFrame(added, index=obs.index)], axis=1), faults


def join(modalities: Modalities, spec: dict[str, Any]) -> tuple[mudata.MuData, dict[str, list[str]]]:
    """All modalities of the samples that can be learned from, and who was left out, by reason.

    Raises InputError for all that is wrong at once: modalities that share no sample, columns that are not there or
    have gaps, a label of one class, features that are the label.
    """
    everyone = samples.together(modalities)
    faults = samples.strangers(modalities, spec["missing"]) + samples.contradictions(modalities, asked(spec))
    faults += [samples.absent(key, column, everyone) for column, key in asked(spec).items() if column not in everyone]
    if faults:
        raise InputError(faults)
    names, left = chosen(modalities, everyone, spec)
    if not names:
        raise InputError(
            f"{', '.join(targets.keys(spec))}: no sample has a label: {', '.join(targets.columns(spec))} are empty for all"
        )
    obs = everyone.loc[names]
    made = targets.target(obs, spec)
    table, faults = described(obs, made, spec)
    faults += targets.disguised(modalities, made, targets.columns(spec)) if not made.faults else []
    if faults:
        raise InputError(faults)
    kept = {}
    for name, own in modalities.items():
        here = own[[s for s in names if s in own.obs_names]]
        kept[name] = anndata.AnnData(here.X.copy(), obs=pd.DataFrame(index=here.obs_names), var=examples_file.plain(own.var))
    mudata.set_options(pull_on_update=False)
    whole = mudata.MuData(kept)
    whole.obs = examples_file.plain(table.loc[whole.obs_names])
    whole.uns["outcome"] = made.outcome.plain()
    return whole[names].copy() if list(whole.obs_names) != names else whole, left


def records(data: mudata.MuData, left: dict[str, list[str]], spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Figures for the summary: samples, features, classes, and who was left out."""
    outcome = examples_file.outcome(data)
    rows = [("samples", data.n_obs, "samples", "samples that are learned from")]
    rows.append(("donors", data.obs["group"].nunique(), "groups", "groups that the samples belong to (donors, patients)"))
    rows += [(f"features.{name}", own.n_vars, "features", f"features of {name}") for name, own in data.mod.items()]
    rows += [
        (f"lacking.{name}", data.n_obs - own.n_obs, "samples", f"kept samples that lack {name}; it stands at its training mean")
        for name, own in data.mod.items()
        if own.n_obs < data.n_obs
    ]
    counted = cross_validation.members(outcome, data.obs)
    keys = keyed(name for name, _ in counted)
    rows += [(f"class.{keys[name]}", int(own.sum()), "samples", f"samples: {name}") for name, own in counted]
    words = {"no_label": f"samples left out: nothing in {', '.join(targets.columns(spec))}"}
    rows += [
        (f"left_out.{why}", len(names), "samples", words.get(why, f"samples left out: {why.replace('_', ' ')} of them"))
        for why, names in left.items()
        if names
    ]
    total = data.n_obs + len({name for names in left.values() for name in names})
    return [
        {
            "key": f"dataset.{spec['name']}.{key}",
            "value": v,
            "low": None,
            "high": None,
            "n": total,
            "unit": unit,
            "description": text,
        }
        for key, v, unit, text in rows
    ]


def main(modalities: list[Path], spec: dict[str, Any], examples: Path, summary: Path) -> None:
    """Read the modalities, join them, write the examples.

    modalities: a .h5ad each, in the order of spec's names. spec: name, modalities, outcome, label, positive, time,
    event, missing, harmonise, column (of groups), given (column of the split, where one is given).
    """
    files = dict(zip(spec["modalities"], modalities, strict=True))
    whole, left = join(samples.read(files), spec)
    whole.uns["task"] = {
        "name": spec["name"],
        "source": spec["source"],
        "representation": spec["representation"],
        "spec": json.dumps(spec, sort_keys=True),
        "made_from": {name: sha256(path) for name, path in files.items()},
        "classes": whole.uns["outcome"]["classes"],
    }
    whole.write_h5mu(examples)
    found = records(whole, left, spec)
    summary.write_text(json.dumps(found, indent=1) + "\n")
    for row in found:
        log.info("%s: %s", row["description"], row["value"])
    for why, names in left.items():
        if names:
            log.info("left out (%s): %s", why.replace("_", " "), samples.shown(names))


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.modalities, dict(job.params.spec), job.output.examples, job.output.summary)
