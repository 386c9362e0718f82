"""Checks of tasks on samples before any job, from the samples of all modalities and their metadata."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from readsight.checks.batch_confounding import describe_confounding
from readsight.checks.class_column import check_class_count
from readsight.checks.group_sizes import check_batch_sizes, compute_min_batch_size, compute_min_groups
from readsight.config.tasks import Task
from readsight.text import find_closest

MAX_LISTED = 4
GROUP_COLUMNS = ("donor", "patient")


@dataclass
class SampleCatalogue:
    """Samples of all modalities, with faults and notes.

    Attributes
    ----------
    members : modality → samples, None where they are not known before the job.
    annotations : sample → metadata (column → value).
    """

    members: dict[str, list[str] | None] = field(default_factory=dict)
    annotations: dict[str, dict[str, str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether the samples of all modalities are known."""
        return None not in self.members.values()

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(column for values in self.annotations.values() for column in values))


def check_task(task: Task, catalogue: SampleCatalogue) -> tuple[list[str], list[str]]:
    """Faults and notes of one task, each beginning with its key."""
    wanted = task.modalities or list(catalogue.members)
    members = {name: catalogue.members.get(name) for name in wanted}
    faults = _check_shared_samples(members, task.missing)
    if faults or None in members.values():
        return faults, []
    sets = [set(values) for values in members.values()]
    examples = set.intersection(*sets) if task.missing == "drop" else set.union(*sets)
    annotations = {sample: catalogue.annotations.get(sample, {}) for sample in sorted(examples)}
    faults = _check_columns(task, annotations)
    if faults:
        return faults, []
    complete = {sample: values for sample, values in annotations.items() if all(values.get(column) for column in task.labels)}
    if not complete:
        return [f"label: no sample has a value in column {', '.join(task.labels)}"], []
    notes = [] if task.outcome != "classes" else _note_few_neighbours(task, complete)
    faults = _check_given_split(task, complete) + _check_classes(task, complete) + _check_smote(task, complete)
    return faults + _check_batches(task, complete), notes


def _check_shared_samples(members: Mapping[str, list[str] | None], missing: str) -> list[str]:
    """Faults of modalities without shared samples, or if no sample has all modalities."""
    known = {name: samples for name, samples in members.items() if samples is not None}
    if len(known) < 2:
        return []
    faults = []
    for name, samples in known.items():
        remaining_samples = {
            sample for modality, modality_samples in known.items() if modality != name for sample in modality_samples
        }
        if not remaining_samples & set(samples) and len(known) == len(members):
            closest = next(((s, n) for s in samples[:20] if (n := find_closest(s, sorted(remaining_samples)[:2000], 0.6))), None)
            hint = f" (is {closest[0]!r} {closest[1]!r}?)" if closest else ""
            faults.append(
                f"modalities: {name} shares no sample with the other modalities: it has {_format_names(samples)}, they have {_format_names(sorted(remaining_samples))}{hint}; "
                "samples are joined by name"
            )
    if not faults and missing == "drop" and not set.intersection(*map(set, known.values())):
        sizes = ", ".join(f"{name} {len(samples)}" for name, samples in known.items())
        faults.append(f"missing: no sample has all modalities ({sizes} samples); set missing: keep, or use fewer modalities")
    return faults


def _check_columns(task: Task, annotations: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Faults of columns that the task needs and no source has."""
    columns = list(dict.fromkeys(column for values in annotations.values() for column in values))
    keys = [(["time", "event"][i] if task.outcome == "survival" else "label", c) for i, c in enumerate(task.labels)]
    if task.harmonise.batch:
        keys.append(("harmonise.batch", task.harmonise.batch))
    keys += [("harmonise.covariates", column) for column in task.harmonise.covariates]
    keys += [("split.given", task.split.given)] * (task.split.by == "given")
    keys += [("split.column", task.split.column)] * (task.split.column not in GROUP_COLUMNS)
    faults = []
    for key, column in keys:
        if column not in columns:
            closest = find_closest(column, columns)
            hint = f"did you mean {closest!r}?" if closest else f"available: {', '.join(columns) or 'none'}"
            faults.append(f"{key}: neither sheet nor metadata nor table has a column {column!r}; {hint}")
    return faults


def _assign_groups(task: Task, annotations: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Sample → group, which is never split."""
    wanted = (task.split.column,) if task.split.column not in GROUP_COLUMNS else (task.split.column, *GROUP_COLUMNS)
    column = next((c for c in wanted if any(values.get(c) for values in annotations.values())), None)
    return {sample: (column and values.get(column)) or sample for sample, values in annotations.items()}


def _check_given_split(task: Task, annotations: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Faults of a given split: unknown values, or an empty training or test set."""
    if task.split.by != "given":
        return []
    column = task.split.given
    roles = {sample: values.get(column, "").lower() for sample, values in annotations.items()}
    unknown = [sample for sample, role in roles.items() if role not in ("train", "test", "validation")]
    if unknown:
        return [
            f"split.given: column {column!r} has {annotations[unknown[0]].get(column, '')!r} for {_format_names(unknown)}; allowed are train, validation and test"
        ]
    sides = {"test" if role == "test" else "train" for role in roles.values()}
    return [f"split.given: column {column!r} assigns no sample to {s}" for s in ("train", "test") if s not in sides]


def _check_classes(task: Task, annotations: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Faults of class labels: a single class, fewer donors than folds, an unknown positive class."""
    if task.outcome == "survival":
        return []
    faults, groups = [], _assign_groups(task, annotations)
    split = task.split
    is_given = split.by == "given"
    minimum = split.inner if is_given else compute_min_groups(split.folds, split.inner)
    scheme = f"{split.inner} inner folds" if is_given else f"{split.folds} folds with {split.inner} inner folds"
    for column in task.labels:
        training = {
            s: values
            for s, values in annotations.items()
            if task.split.by != "given" or values.get(task.split.given, "").lower() != "test"
        }
        members: dict[str, set[str]] = {}
        for sample, values in training.items():
            members.setdefault(values[column], set()).add(groups[sample])
        classes = sorted({values[column] for values in annotations.values()})
        if len(classes) == 1:
            faults.append(
                f"label: all {len(annotations)} samples are {classes[0]!r} in column {column!r}: one class, nothing to learn"
            )
            continue
        if message := check_class_count(column, classes, len(annotations)):
            faults.append(message)
            continue
        faults += [
            f"split.{'inner' if is_given else 'folds'}: class {class_name!r} of column {column!r} has {len(members.get(class_name, ()))} groups for "
            f"training (donors count once), and {scheme} need {minimum}; lower split.{'inner' if is_given else 'folds or split.inner'}, "
            "or drop the class"
            for class_name in classes
            if len(members.get(class_name, ())) < minimum
        ]
        if task.positive is not None and task.positive not in classes:
            closest = find_closest(task.positive, classes)
            faults.append(
                f"positive: no sample is {task.positive!r} in column {column!r}; "
                + (f"did you mean {closest!r}?" if closest else f"available: {_format_names(classes)}")
            )
    return faults


def _note_few_neighbours(task: Task, annotations: Mapping[str, Mapping[str, str]]) -> list[str]:
    """A note if a class may have fewer training samples than SMOTE needs neighbours."""
    if "smote" not in (task.balance.method, *task.balance.compare):
        return []
    counts = Counter(values[task.labels[0]] for values in annotations.values())
    class_name, least = min(counts.items(), key=lambda item: (item[1], item[0]))
    folds = task.split.folds if task.split.by == "group" else 2
    expected_count = int(least * (1 - 1 / folds) * (1 - 1 / task.split.inner))
    if expected_count > task.balance.neighbours:
        return []
    return [
        f"balance.neighbours: class {class_name!r} has about {expected_count} samples in an inner training fold, but SMOTE uses "
        f"{task.balance.neighbours} neighbours; lower it, or choose a different balance.method"
    ]


def _check_smote(task: Task, annotations: Mapping[str, Mapping[str, str]]) -> list[str]:
    """A fault if some training fold would have fewer than the two samples of a class that SMOTE needs."""
    if task.outcome != "classes" or "smote" not in (task.balance.method, *task.balance.compare):
        return []
    split, minimum = task.split, compute_min_batch_size(task.split.inner)
    if split.by == "given":
        annotations = {s: values for s, values in annotations.items() if values.get(split.given, "").lower() != "test"}
    else:
        minimum = compute_min_batch_size(split.folds, minimum)
    counts = Counter(values[task.labels[0]] for values in annotations.values())
    too_small = [class_name for class_name, n in counts.items() if n < minimum]
    key = "method" if task.balance.method == "smote" else "compare"
    return [
        f"balance.{key}: SMOTE needs two samples of each class in every inner training fold, but one such fold has a single sample of class "
        f"{class_name!r} ({counts[class_name]} training samples; at least {minimum} are needed); "
        f"set balance.{key}: {'oversample' if key == 'method' else '[oversample]'} or class_weight"
        for class_name in too_small
    ]


def _check_batches(task: Task, annotations: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Faults of batches that are confounded with the label, or too small for ComBat."""
    batch = task.harmonise.batch
    if not batch:
        return []
    rows = [values for values in annotations.values() if values.get(batch)]
    if task.outcome == "classes" and (
        message := describe_confounding([row[batch] for row in rows], [row[task.labels[0]] for row in rows])
    ):
        return [f"harmonise.batch: {message}"]
    return check_batch_sizes(task.harmonise, task.split, rows) if task.harmonise.method == "combat" else []


def _format_names(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:MAX_LISTED]) + ", …" * (len(names) > MAX_LISTED)
