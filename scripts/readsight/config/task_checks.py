"""Checks of learning tasks that involve several keys or further parts of the project."""

from readsight.config import interpretation, sequence_tasks
from readsight.config.tasks import FUSIONS, UNBALANCED_OUTCOMES, Task

# Models with gradients, which integrated_gradients needs.
GRADIENT_MODELS = ("network", "cnn", "attention_fusion", "late_fusion", "logistic", "elastic_net", "single_feature", "cox")
# Attribution methods of feature tables.
TABLE_METHODS = ("integrated_gradients", "shap")
CALL_MODELS = ("network", "logistic", "forest", "boosting", "elastic_net", "single_feature")


def check_task(
    name: str, task: Task, callers: list[str], truth: bool, modalities: list[str], fasta: bool = False, gtf: bool = False
) -> list[str]:
    """Check the settings of a task.

    Parameters
    ----------
    name : of the task.
    callers : call sets of the project.
    truth : whether the project has a truth set.
    modalities : available modalities of samples.
    fasta, gtf : whether the project has a reference genome and a gene annotation.

    Returns
    -------
    One message per fault, each beginning with its key.
    """
    if task.source == "sequences":
        sequence_faults = [
            *sequence_tasks.check_sequence_task(task, fasta, gtf),
            *interpretation.check_interpretation(task, callers, fasta),
        ]
        return [f"tasks.{name}.{fault}" for fault in sequence_faults]
    faults = _check_calls(task, callers, truth) if task.source == "variants" else _check_samples(task, modalities)
    faults += ["split.tested: applies to sequences only; remove it"] if task.split.tested else []
    faults += [
        f"attributions: {m!r} is for sequences; use integrated_gradients or shap"
        for m in task.attributions
        if m not in TABLE_METHODS
    ]
    if task.models[0] not in GRADIENT_MODELS and "integrated_gradients" in task.attributions:
        faults.append(f"attributions: integrated_gradients needs a model with gradients, but {task.models[0]} has none; use shap")
    return [f"tasks.{name}.{fault}" for fault in faults]


def _check_calls(task: Task, callers: list[str], truth: bool) -> list[str]:
    faults = []
    if task.split.by == "homology":
        faults.append("split.by: 'homology' is for sequences; use block or chromosome")
    if task.split.by in ("group", "given"):
        faults.append(
            f"split.by: {task.split.by!r} needs a column of the examples, and calls, which combine "
            "all samples, have none; use block or chromosome"
        )
    if task.caller not in callers:
        faults.append(f"caller: {task.caller!r} is not among the callers of this project ({', '.join(callers) or 'none'})")
    if task.label != "truth" or task.time or task.event:
        faults.append("label: calls are labelled by the truth set; use 'truth', or source: samples")
    elif not truth:
        faults.append("label: 'truth' needs variants.truth")
    faults += [f"models: {m!r} is a model of samples, not of calls" for m in task.models if m not in CALL_MODELS]
    if task.representation != "annotations":
        faults.append("representation: must be annotations for calls")
    return faults


def _check_samples(task: Task, modalities: list[str]) -> list[str]:
    faults = []
    if not modalities:
        faults.append("source: 'samples' needs samples of assay rna, or tables")
    faults += [
        f"modalities: {m!r} does not exist; available: {', '.join(modalities) or 'none'}"
        for m in task.modalities
        if m not in modalities
    ]
    if task.split.by not in ("group", "given"):
        faults.append(
            f"split.by: samples cannot be split by {task.split.by}, which needs genome positions or sequences; use group or given"
        )
    if bool(task.time) != bool(task.event):
        faults.append("event: survival needs both time and event")
    elif task.outcome == "survival" and task.label:
        faults.append("label: survival is defined by time and event; remove label")
    elif not task.labels:
        faults.append("label: set the column to predict (or time and event, for survival)")
    if task.representation != "profile":
        faults.append("representation: must be profile for samples")
    faults += _check_models(task, task.modalities or modalities)
    harmonise = task.harmonise
    if harmonise.method != "none" and not harmonise.batch:
        faults.append("harmonise.batch: set the column of batches")
    leaking = [c for c in task.labels if c in harmonise.covariates]
    if leaking:
        faults.append(
            f"harmonise.covariates: {leaking[0]!r} is the value to predict, which is unknown for new samples; remove it"
        )
    if harmonise.batch in task.labels:
        faults.append("harmonise.batch: is the label; correcting for it would remove the signal")
    return faults


def _check_models(task: Task, modalities: list[str]) -> list[str]:
    survival = task.outcome == "survival"
    available = (
        ("network", "cnn", "attention_fusion", "cox")
        if survival
        else tuple(m for m in GRADIENT_MODELS if m != "cox") + ("forest", "boosting")
    )
    faults = [
        f"models: {m!r} does not predict {'survival' if survival else 'classes'}" for m in task.models if m not in available
    ]
    if len(modalities) < 2:
        faults += [
            f"models: {m!r} needs several modalities, but there is one ({', '.join(modalities)})"
            for m in task.models
            if m in FUSIONS
        ]
    if task.missing == "keep" and "smote" in (task.balance.method, *task.balance.compare):
        faults.append(
            "balance.method: smote would interpolate missing modalities (missing: keep); use oversample or class_weight"
        )
    if task.outcome in UNBALANCED_OUTCOMES and (task.balance.method != "none" or task.balance.compare):
        faults.append(f"balance.method: there are no classes to balance ({task.outcome}); use none")
    return faults
