"""What tables and tasks on samples will meet, seen before any job: from names, headers and metadata alone.

With the standard library alone. What stands in HDF5 is not looked into; the jobs check it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from readsight.checks import contrast
from readsight.checks.batch_confounding import describe_confounding
from readsight.checks.class_column import check_class_count
from readsight.checks.group_sizes import check_batch_sizes, compute_min_batch_size, compute_min_groups
from readsight.config import sample_sheet
from readsight.config.key_locations import KeyLocations
from readsight.config.tables import TableConfig
from readsight.config.tasks import Task
from readsight.doctor.cache import Cache
from readsight.errors import InputError
from readsight.expression import metadata
from readsight.expression.matrices import header, orientation, sample_names
from readsight.expression.matrices.header import MatrixHeader
from readsight.text import find_closest
from readsight.wiring.project import Project

MAX_LISTED = 4
GROUP_COLUMNS = ("donor", "patient")
Report = Callable[[str, str], None]


@dataclass
class SampleCatalogue:
    """What was found. members: modality → its samples, None where they cannot be told here. annotations: sample → its columns."""

    members: dict[str, list[str] | None] = field(default_factory=dict)
    annotations: dict[str, dict[str, str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether all that is said of samples is known here."""
        return None not in self.members.values()

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(column for values in self.annotations.values() for column in values))


def list_files(project: Project) -> list[tuple[str, str]]:
    """(key, path) of the files of tables and of metadata."""
    config = project.config
    files = [(f"tables.{name}.files.{i}", path) for name, table in config.tables.items() for i, path in enumerate(table.files)]
    return files + [(f"metadata.{i}.file", entry.file) for i, entry in enumerate(config.metadata)]


def check_keys(project: Project) -> list[str]:
    """Keys of tables and metadata that contradict each other."""
    config = project.config
    paths = [path for table in config.tables.values() for path in table.files]
    faults = []
    for i, entry in enumerate(config.metadata):
        if entry.order_of and entry.key:
            faults.append(
                f"metadata.{i}.order_of: the file names its samples (key) or follows those of a table, not both; keep one"
            )
        if entry.order_of and entry.order_of not in paths:
            closest = find_closest(entry.order_of, paths)
            hint = f"did you mean {closest}?" if closest else "it has to be one of tables.<name>.files"
            faults.append(f"metadata.{i}.order_of: {entry.order_of} is no file of a table; {hint}")
    for name, table in config.tables.items():
        duplicates = [path for path, n in Counter(table.files).items() if n > 1]
        faults += [f"tables.{name}.files: {path} stands twice" for path in duplicates]
    return faults


def check_tables(project: Project, cache: Cache, report: Report) -> tuple[list[str], list[str]]:
    """Faults and notes of tables, metadata and tasks on samples; all files are there."""
    try:
        catalogue = _read_tables(project, cache, report)
    except InputError as error:
        return error.faults, []
    if catalogue.faults:
        return catalogue.faults, catalogue.notes
    locations = KeyLocations(project.paths)
    catalogue.faults += [locations.locate_fault(f"expression.contrast.{fault}") for fault in _check_contrast(project, catalogue)]
    for name, task in project.config.tasks.items():
        if task.source == "samples":
            faults, notes = check_task(task, catalogue)
            catalogue.faults += [locations.locate_fault(f"tasks.{name}.{fault}") for fault in faults]
            catalogue.notes += [f"tasks.{name}.{note}" for note in notes]
    return catalogue.faults, catalogue.notes


def _check_contrast(project: Project, catalogue: SampleCatalogue) -> list[str]:
    """What keeps two groups of a table's samples from being compared. Those of reads are looked at with the sample sheet."""
    expression = project.config.expression
    if expression is None or expression.contrast is None:
        return []
    settings = expression.contrast.model_dump()
    table = contrast.choose_table(settings.pop("table"), bool(project.rna_samples), list(project.config.tables))
    samples = catalogue.members.get(table) if table != "expression" else None
    if samples is None:
        return []
    annotations = {
        sample: {column: value for column, value in catalogue.annotations.get(sample, {}).items() if value} for sample in samples
    }
    return contrast.check_contrast(**settings, samples=annotations, source="sheet, metadata and table have")


def _read_tables(project: Project, cache: Cache, report: Report) -> SampleCatalogue:
    """Samples of all modalities, and what is said of them. Raises InputError where a file cannot be read."""
    config = project.config
    sheet = sample_sheet.read_sample_metadata(config.samples, project.folder) if config.samples else {}

    def read_header(path: str, annotation_columns: list[str]) -> MatrixHeader:
        return MatrixHeader(
            **cache.get("matrix", [path], lambda: asdict(header.read_header(path, annotation_columns)), annotation_columns)
        )

    entries = [entry.model_dump() for entry in config.metadata]
    order_tables = {e.order_of: _get_settings(config.tables, e.order_of) for e in config.metadata if e.order_of}
    names = sample_names.collect_names(sheet, entries, order_tables, lambda path, table_annotations: (), read_header)
    catalogue, ladders, table_annotations = SampleCatalogue(), {}, {}
    if project.rna_samples and config.expression:
        catalogue.members["expression"] = list(project.rna_samples)
        ladders |= {sample: sample_names.resolve_names([sample])[1][sample] for sample in project.rna_samples}
    for name, table in config.tables.items():
        try:
            _add_table(
                name,
                table,
                names,
                read_header,
                catalogue,
                ladders,
                table_annotations,
                _list_predicted_columns(config.tasks, name),
                report,
            )
        except InputError as error:
            catalogue.faults += error.faults
            catalogue.members[name] = None
    if catalogue.faults:
        return catalogue
    table_names = {step for ladder in ladders.values() for step in ladder}
    sheet_annotations = {
        name: values for name, values in sheet.items() if name in table_names or name not in project.samples_with_data
    }
    hdf5 = [path for path in order_tables if path in names.order and not names.order[path]]
    entries = [entry for entry in entries if entry["order_of"] not in hdf5]
    described_samples = metadata.join_metadata(
        ladders, sheet_annotations, entries, names.files, names.order, catalogue.is_complete
    )
    if catalogue.is_complete:
        catalogue.faults += described_samples.faults
        catalogue.notes += described_samples.notes
    catalogue.annotations = {
        sample: values | table_annotations.get(sample, {}) for sample, values in described_samples.samples.items()
    }
    return catalogue


def _get_settings(tables: Mapping[str, TableConfig], path: str) -> dict[str, Any]:
    name = next(name for name, table in tables.items() if path in table.files)
    return tables[name].model_dump() | {"name": name}


def _add_table(
    name: str,
    table: TableConfig,
    naming: sample_names.SampleNames,
    read_header: Callable[[str, list[str]], MatrixHeader],
    catalogue: SampleCatalogue,
    ladders: dict[str, list[str]],
    table_annotations: dict[str, dict[str, str]],
    predicted: Iterable[str],
    report: Report,
) -> None:
    """Take in one table: its samples, and what its files say of them. predicted: columns that tasks predict by it. Raises InputError with the faults of its files."""
    spec = table.model_dump() | {"name": name}
    path_of_sample: dict[str, str] = {}
    file_annotations: dict[str, dict[str, str]] = {}
    faults: list[str] = []
    for path in table.files:
        matrix_header = read_header(path, table.about)
        if matrix_header.kind in ("h5ad", "h5mu"):
            catalogue.members[name] = None
            report(f"table {name}", f"{path}: looked into by its job")
            return
        if matrix_header.kind == "series" and not matrix_header.rows:
            raise InputError(header.empty_series_message(matrix_header))
        rows = orientation.list_samples(matrix_header, spec, naming.known, naming.metadata_counts.get(path), naming.file_samples)
        faults += [f"{path}: sample {s!r} stands more than once; keep one of them" for s, n in Counter(rows).items() if n > 1]
        faults += [
            f"{path}: sample {s!r} stands in {path_of_sample[s]} already; keep one of them" for s in rows if s in path_of_sample
        ][:MAX_LISTED]
        faults += _check_annotation_columns(matrix_header, table.about, f"tables.{name}.about")
        faults += _find_leaking_labels(
            matrix_header.columns if rows is matrix_header.rows else matrix_header.rows,
            {*matrix_header.metadata_columns, *matrix_header.metadata_rows},
            predicted,
            name,
            path,
        )
        path_of_sample |= dict.fromkeys(rows, path)
        file_annotations |= _read_annotations(matrix_header, rows)
        features = len(matrix_header.columns if rows is matrix_header.rows else matrix_header.rows) - (
            len(matrix_header.metadata_columns) if rows is matrix_header.rows else 0
        )
        report(f"table {name}", f"{path}: {len(rows):,} samples, {features:,} features")
    if faults:
        raise InputError(faults)
    canonical_names, sample_ladders = sample_names.resolve_names(list(path_of_sample))
    catalogue.members[name] = list(canonical_names.values())
    for sample, ladder in sample_ladders.items():
        ladders[sample] = list(dict.fromkeys([*ladders.get(sample, []), *ladder]))
    for sample, values in file_annotations.items():
        table_annotations.setdefault(canonical_names[sample], {}).update(values)


def _list_predicted_columns(tasks: Mapping[str, Task], table: str) -> list[str]:
    """Columns that tasks predict by a table."""
    readers = [task for task in tasks.values() if task.source == "samples" and table in (task.modalities or [table])]
    return list(dict.fromkeys(column for task in readers for column in task.labels))


def _find_leaking_labels(
    features: Iterable[str], annotation_columns: set[str], predicted: Iterable[str], table: str, path: str
) -> list[str]:
    """Faults of what is to be predicted and stands among the features."""
    feature_names = set(features) - annotation_columns
    return [
        f"{path}: {column!r}, which is to be predicted, stands among the features, and the label would leak through that column; "
        f"name it in tables.{table}.about"
        for column in predicted
        if column in feature_names
    ]


def _check_annotation_columns(head: MatrixHeader, annotation_columns: list[str], key: str) -> list[str]:
    if head.kind == "series":
        return []
    available = {*head.metadata_columns, *head.metadata_rows}
    hints = {
        name: find_closest(name, head.columns[:1000] + head.rows[:1000]) for name in annotation_columns if name not in available
    }
    return [
        f"{key}: {head.path} has no column or row {n!r}" + (f"; did you mean {closest!r}?" if closest else "")
        for n, closest in hints.items()
    ]


def _read_annotations(head: MatrixHeader, rows: list[str]) -> dict[str, dict[str, str]]:
    """What a file itself says of its samples: GEO's words, or the columns (rows) that are no features."""
    if head.kind == "series":
        return {
            s: {metadata.hdf5_name(k): metadata.clean_value(v) for k, v in head.sample_metadata.get(s, {}).items()} for s in rows
        }
    texts = head.metadata_columns if rows is head.rows else {}
    if head.metadata_rows and len(head.columns) == len(rows):
        texts = head.metadata_rows
    return {s: {metadata.hdf5_name(c): metadata.clean_value(v[i]) for c, v in texts.items()} for i, s in enumerate(rows)}


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
    """Faults of modalities that no other shares a sample with, and of all of which no sample has every one."""
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
                f"modalities: {name} is a modality with no shared sample: it has {_format_names(samples)}, the others {_format_names(sorted(remaining_samples))}{hint}; "
                "samples are joined by their names"
            )
    if not faults and missing == "drop" and not set.intersection(*map(set, known.values())):
        sizes = ", ".join(f"{name} {len(samples)}" for name, samples in known.items())
        faults.append(f"missing: no sample has all modalities ({sizes} samples); say missing: keep, or name fewer modalities")
    return faults


def _check_columns(task: Task, annotations: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Columns that the task reads and nothing says."""
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
            hint = f"did you mean {closest!r}?" if closest else f"there are: {', '.join(columns) or 'none'}"
            faults.append(f"{key}: neither sheet nor metadata nor table has a column {column!r}; {hint}")
    return faults


def _assign_groups(task: Task, annotations: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """What each sample belongs to and is never divided from."""
    wanted = (task.split.column,) if task.split.column not in GROUP_COLUMNS else (task.split.column, *GROUP_COLUMNS)
    column = next((c for c in wanted if any(values.get(c) for values in annotations.values())), None)
    return {sample: (column and values.get(column)) or sample for sample, values in annotations.items()}


def _check_given_split(task: Task, annotations: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Faults of a split that the data bring: other words than train and test, or a side that is empty."""
    if task.split.by != "given":
        return []
    column = task.split.given
    roles = {sample: values.get(column, "").lower() for sample, values in annotations.items()}
    unknown = [sample for sample, role in roles.items() if role not in ("train", "test", "validation")]
    if unknown:
        return [
            f"split.given: column {column!r} says {annotations[unknown[0]].get(column, '')!r} of {_format_names(unknown)}; it may say train or test"
        ]
    sides = {"test" if role == "test" else "train" for role in roles.values()}
    return [f"split.given: column {column!r} puts no sample into {s}" for s in ("train", "test") if s not in sides]


def _check_classes(task: Task, annotations: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Faults of classes: one alone, fewer donors than folds, a positive class that is not there."""
    if task.outcome == "survival":
        return []
    faults, groups = [], _assign_groups(task, annotations)
    split = task.split
    is_given = split.by == "given"
    minimum = split.inner if is_given else compute_min_groups(split.folds, split.inner)
    scheme = f"{split.inner} inner folds" if is_given else f"{split.folds} folds with {split.inner} inner ones"
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
            f"split.{'inner' if is_given else 'folds'}: class {class_name!r} of column {column!r} has {len(members.get(class_name, ()))} members to "
            f"train on (donors count once), and {scheme} need {minimum}; lower split.{'inner' if is_given else 'folds or split.inner'}, "
            "or leave the class out"
            for class_name in classes
            if len(members.get(class_name, ())) < minimum
        ]
        if task.positive is not None and task.positive not in classes:
            closest = find_closest(task.positive, classes)
            faults.append(
                f"positive: no sample is {task.positive!r} in column {column!r}; "
                + (f"did you mean {closest!r}?" if closest else f"there are: {_format_names(classes)}")
            )
    return faults


def _note_few_neighbours(task: Task, annotations: Mapping[str, Mapping[str, str]]) -> list[str]:
    """A note where SMOTE has fewer samples of a class than neighbours to draw between."""
    if "smote" not in (task.balance.method, *task.balance.compare):
        return []
    counts = Counter(values[task.labels[0]] for values in annotations.values())
    class_name, least = min(counts.items(), key=lambda item: (item[1], item[0]))
    folds = task.split.folds if task.split.by == "group" else 2
    expected_count = int(least * (1 - 1 / folds) * (1 - 1 / task.split.inner))
    if expected_count > task.balance.neighbours:
        return []
    return [
        f"balance.neighbours: class {class_name!r} has about {expected_count} samples in an inner training part, and SMOTE draws between "
        f"{task.balance.neighbours} neighbours; lower it, or choose another balance.method"
    ]


def _check_smote(task: Task, annotations: Mapping[str, Mapping[str, str]]) -> list[str]:
    """A fault where some training part can have no two samples of a class, however they are divided, for SMOTE to draw between."""
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
        f"balance.{key}: SMOTE draws between two samples of a class, and of {class_name!r} ({counts[class_name]} samples to train on) some inner "
        f"training part has one; {minimum} are needed: say balance.{key}: {'oversample' if key == 'method' else '[oversample]'} or class_weight"
        for class_name in too_small
    ]


def _check_batches(task: Task, annotations: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Faults where batch and label cannot be told apart, or ComBat cannot tell how a batch differs."""
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
