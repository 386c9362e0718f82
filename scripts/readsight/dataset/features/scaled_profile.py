"""Features of samples, per modality: harmonised, imputed, selected and z-scored by the training fold."""

from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight.dataset import combat, scaling
from readsight.dataset.features.association import association_scores
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError

FEATURE_ARRAYS = ("gamma", "delta", "grand", "deviation", "effect", "adjusted")  # arrays of ComBat whose last axis is features


def fit(data: anndata.AnnData, spec: dict[str, Any]) -> dict[str, Any]:
    """Fit harmonisation, imputation, selection and z-score on a training fold, separately for each modality.

    data: training samples × features, NaN if missing; var: modality; obs: the outcome's columns, and batch and covariates
    if spec configures ComBat. spec: harmonise (method, covariates, reference), select (method, count, max_missing). Samples
    without a modality are ignored there. Returns the parameters of each modality's selected features, and the order of
    modalities. Raises InputError if a modality has no sample or no usable feature, or ComBat cannot be fitted.
    """
    outcome = Outcome.from_dict(data.uns["outcome"])
    modality_of = data.var["modality"].astype(str).to_numpy()
    order = list(dict.fromkeys(modality_of))
    fitted = {}
    for name in order:
        values = np.asarray(data.X[:, modality_of == name])
        has_modality = ~np.isnan(values).all(axis=1)
        if not has_modality.any():
            raise InputError(f"{name}: no training sample has this modality; use fewer modalities, or set missing to drop")
        try:
            fitted[name] = _fit_modality(
                values[has_modality], data.var_names[modality_of == name].to_numpy(str), data.obs[has_modality], outcome, spec
            )
        except InputError as error:
            raise InputError([f"{name}: {fault}" for fault in error.faults]) from None
    return {"representation": "profile", "order": np.array(order, dtype=object), "modalities": fitted}


def _fit_modality(
    values: np.ndarray, names: np.ndarray, obs: pd.DataFrame, outcome: Outcome, spec: dict[str, Any]
) -> dict[str, Any]:
    """Fit one modality on the training samples that have it."""
    select = spec["select"]
    is_covered = np.isnan(values).mean(axis=0) <= select["max_missing"]
    values, names = values[:, is_covered], names[is_covered]
    batches = _fit_combat(values, obs, spec["harmonise"]) if spec["harmonise"]["method"] == "combat" else None
    if batches is not None:
        values = _harmonise(values, obs, batches)
    scale = scaling.fit(values)
    is_variable = scale["deviation"] > scaling.MIN_VARIATION * np.maximum(1.0, np.abs(scale["mean"]))
    if not is_variable.any():
        raise InputError(
            f"no usable feature: {int((~is_covered).sum())} are missing in more than {select['max_missing']:g} of the {len(values)} "
            f"training samples (select.max_missing), and the remaining {int(is_covered.sum())} do not vary"
        )
    selected = np.flatnonzero(is_variable)
    if select["method"] != "none":
        selected = select_features(_feature_merit(values, scale, obs, outcome, select["method"]), is_variable, select["count"])
    fitted = {key: value[selected] if key in ("median", "mean", "deviation") else value for key, value in scale.items()}
    fitted |= {"features": names[selected].astype(object)}
    if batches is not None:
        batches["combat"] |= {key: batches["combat"][key][..., selected] for key in FEATURE_ARRAYS}
        fitted |= {"batches": batches}
    return fitted


def _feature_merit(values: np.ndarray, scale: dict[str, Any], obs: pd.DataFrame, outcome: Outcome, method: str) -> np.ndarray:
    """Score of each feature (features,) for selection."""
    if method == "variance":
        return scale["deviation"]
    filled = np.where(np.isnan(values), scale["median"], values) if np.isnan(values).any() else values
    return association_scores(filled, outcome, outcome.read_target(obs))


def select_features(merit: np.ndarray, is_allowed: np.ndarray, count: int) -> np.ndarray:
    """The `count` allowed features of highest merit, in their original order; ties go to the first."""
    order = np.argsort(np.where(is_allowed, -merit, np.inf), kind="stable")
    return np.sort(order[: min(count, int(is_allowed.sum()))])


def _fit_combat(values: np.ndarray, obs: pd.DataFrame, harmonise: dict[str, Any]) -> dict[str, Any]:
    """Fit ComBat, and the encoding of covariates as numbers."""
    columns = list(harmonise["covariates"])
    levels = combat.read_levels(obs[columns]) if columns else {}
    numbers, names = (combat.build_design(obs[columns], levels), combat.design_labels(levels)) if columns else (None, ())
    return {"levels": levels, "combat": combat.fit(values, obs["batch"].to_numpy(str), numbers, harmonise["reference"], names)}


def _harmonise(values: np.ndarray, obs: pd.DataFrame, fitted: dict[str, Any]) -> np.ndarray:
    levels = fitted["levels"]
    numbers = combat.build_design(obs, levels) if levels else None
    return combat.apply(values, obs["batch"].to_numpy(str), numbers, fitted["combat"])


def apply(data: anndata.AnnData, fitted: dict[str, Any]) -> tuple[np.ndarray, pd.DataFrame]:
    """Transform samples with the fitted parameters: (n, selected features) float32 without NaN, and their var.

    data: any samples with the features of the fit; NaN if missing. A sample without a modality is 0 there, the mean of the
    training samples. The result of a sample does not depend on the samples passed with it. Raises InputError for a batch or
    covariate value absent from the training fold.
    """
    blocks, column_sets = [], []
    for name in (str(n) for n in fitted["order"]):
        modality = fitted["modalities"][name]
        columns = data.var_names.get_indexer([str(f) for f in modality["features"]])
        if (columns < 0).any():
            raise InputError(f"{name}: {int((columns < 0).sum())} features that the fold was fitted on are missing")
        values = np.asarray(data.X[:, columns])
        has_modality = ~np.isnan(values).all(axis=1)
        block = np.zeros(values.shape, np.float32)
        if has_modality.any():
            values = (
                _harmonise(values[has_modality], data.obs[has_modality], modality["batches"])
                if "batches" in modality
                else values[has_modality]
            )
            block[has_modality] = scaling.apply(values, modality)
        blocks.append(block)
        column_sets.append(columns)
    return np.hstack(blocks), data.var.iloc[np.concatenate(column_sets)]
