"""The numbers of a sample, modality by modality: harmonised, imputed, selected and z-scored by its training fold."""

from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight.dataset import combat, scaling
from readsight.dataset.features.association import association
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError

ALONG_FEATURES = ("gamma", "delta", "grand", "deviation", "effect", "adjusted")  # arrays of ComBat whose last axis is features


def fit(data: anndata.AnnData, spec: dict[str, Any]) -> dict[str, Any]:
    """Fit harmonisation, imputation, selection and z-score on a training fold, each modality by itself.

    data: training samples × features, NaN where missing; var: modality; obs: the outcome's columns, and batch and
    covariates where spec asks for ComBat. spec: harmonise (method, covariates, reference), select (method, count,
    max_missing). Rows that lack a modality take no part in it. Returns, for each modality, what its kept features
    need, and the order of modalities. Raises InputError where a modality has no sample or no feature left, or
    ComBat cannot be fitted.
    """
    outcome = Outcome.of(data.uns["outcome"])
    own = data.var["modality"].astype(str).to_numpy()
    order = list(dict.fromkeys(own))
    made = {}
    for name in order:
        values = np.asarray(data.X[:, own == name])
        here = ~np.isnan(values).all(axis=1)
        if not here.any():
            raise InputError(f"{name}: no training sample has it; name fewer modalities, or set missing to drop")
        try:
            made[name] = _fit_one(values[here], data.var_names[own == name].to_numpy(str), data.obs[here], outcome, spec)
        except InputError as error:
            raise InputError([f"{name}: {fault}" for fault in error.faults]) from None
    return {"representation": "profile", "order": np.array(order, dtype=object), "modalities": made}


def _fit_one(values: np.ndarray, names: np.ndarray, obs: pd.DataFrame, outcome: Outcome, spec: dict[str, Any]) -> dict[str, Any]:
    """One modality of the training samples that have it."""
    select = spec["select"]
    told = np.isnan(values).mean(axis=0) <= select["max_missing"]
    values, names = values[:, told], names[told]
    batches = _fit_combat(values, obs, spec["harmonise"]) if spec["harmonise"]["method"] == "combat" else None
    if batches is not None:
        values = _harmonised(values, obs, batches)
    scale = scaling.fit(values)
    varies = scale["deviation"] > scaling.VARIES * np.maximum(1.0, np.abs(scale["mean"]))
    if not varies.any():
        raise InputError(
            f"no feature is left: {int((~told).sum())} are missing in more than {select['max_missing']:g} of the {len(values)} "
            f"training samples (select.max_missing), and the other {int(told.sum())} do not vary"
        )
    kept = np.flatnonzero(varies)
    if select["method"] != "none":
        kept = chosen(_merit(values, scale, obs, outcome, select["method"]), varies, select["count"])
    found = {key: value[kept] if key in ("median", "mean", "deviation") else value for key, value in scale.items()}
    found |= {"features": names[kept].astype(object)}
    if batches is not None:
        batches["combat"] |= {key: batches["combat"][key][..., kept] for key in ALONG_FEATURES}
        found |= {"batches": batches}
    return found


def _merit(values: np.ndarray, scale: dict[str, Any], obs: pd.DataFrame, outcome: Outcome, method: str) -> np.ndarray:
    """What features (features,) are chosen by."""
    if method == "variance":
        return scale["deviation"]
    filled = np.where(np.isnan(values), scale["median"], values) if np.isnan(values).any() else values
    return association(filled, outcome, outcome.target(obs))


def chosen(merit: np.ndarray, allowed: np.ndarray, count: int) -> np.ndarray:
    """The `count` features of highest merit among those allowed, in their own order; of equals the first."""
    order = np.argsort(np.where(allowed, -merit, np.inf), kind="stable")
    return np.sort(order[: min(count, int(allowed.sum()))])


def _fit_combat(values: np.ndarray, obs: pd.DataFrame, harmonise: dict[str, Any]) -> dict[str, Any]:
    """ComBat, and how covariates become numbers."""
    columns = list(harmonise["covariates"])
    levels = combat.levels(obs[columns]) if columns else {}
    numbers, names = (combat.design(obs[columns], levels), combat.labels_of(levels)) if columns else (None, ())
    return {"levels": levels, "combat": combat.fit(values, obs["batch"].to_numpy(str), numbers, harmonise["reference"], names)}


def _harmonised(values: np.ndarray, obs: pd.DataFrame, fitted: dict[str, Any]) -> np.ndarray:
    levels = fitted["levels"]
    numbers = combat.design(obs, levels) if levels else None
    return combat.apply(values, obs["batch"].to_numpy(str), numbers, fitted["combat"])


def apply(data: anndata.AnnData, fitted: dict[str, Any]) -> tuple[np.ndarray, pd.DataFrame]:
    """Samples as the training fold saw them: (n, kept features) float32 without NaN, and var of the kept features.

    data: any samples with the features of the fit; NaN where missing; a sample that has nothing of a modality is 0
    throughout it, as if it were the mean of the training samples. A sample's result does not depend on others.
    Raises InputError for a batch or a covariate's value that the training fold did not have.
    """
    blocks, places = [], []
    for name in (str(n) for n in fitted["order"]):
        own = fitted["modalities"][name]
        at = data.var_names.get_indexer([str(f) for f in own["features"]])
        if (at < 0).any():
            raise InputError(f"{name}: {int((at < 0).sum())} features that the fold was fitted on are not there")
        values = np.asarray(data.X[:, at])
        here = ~np.isnan(values).all(axis=1)
        block = np.zeros(values.shape, np.float32)
        if here.any():
            values = _harmonised(values[here], data.obs[here], own["batches"]) if "batches" in own else values[here]
            block[here] = scaling.apply(values, own)
        blocks.append(block)
        places.append(at)
    return np.hstack(blocks), data.var.iloc[np.concatenate(places)]
