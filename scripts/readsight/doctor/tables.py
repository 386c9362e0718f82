"""Checks of tables and of tasks on samples before any job, from names, headers and metadata.

Uses the standard library only. HDF5 files are not opened here; their jobs check them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from readsight.checks import contrast
from readsight.config import sample_sheet
from readsight.config.key_locations import KeyLocations
from readsight.config.tables import TableConfig
from readsight.config.tasks import Task
from readsight.doctor.cache import Cache
from readsight.doctor.sample_tasks import SampleCatalogue, check_task
from readsight.errors import InputError
from readsight.expression import metadata
from readsight.expression.matrices import header, orientation, sample_names
from readsight.expression.matrices.header import MatrixHeader
from readsight.text import find_closest
from readsight.wiring.project import Project

MAX_LISTED = 4
Report = Callable[[str, str], None]


def list_files(project: Project) -> list[tuple[str, str]]:
    """(key, path) of the files of tables and metadata."""
    config = project.config
    files = [(f"tables.{name}.files.{i}", path) for name, table in config.tables.items() for i, path in enumerate(table.files)]
    return files + [(f"metadata.{i}.file", entry.file) for i, entry in enumerate(config.metadata)]


def check_keys(project: Project) -> list[str]:
    """Faults of contradicting keys of tables and metadata."""
    config = project.config
    paths = [path for table in config.tables.values() for path in table.files]
    faults = []
    for i, entry in enumerate(config.metadata):
        if entry.order_of and entry.key:
            faults.append(f"metadata.{i}.order_of: key and order_of cannot be combined; keep one")
        if entry.order_of and entry.order_of not in paths:
            closest = find_closest(entry.order_of, paths)
            hint = f"did you mean {closest}?" if closest else "it must be one of tables.<name>.files"
            faults.append(f"metadata.{i}.order_of: {entry.order_of} is not a file of a table; {hint}")
    for name, table in config.tables.items():
        duplicates = [path for path, n in Counter(table.files).items() if n > 1]
        faults += [f"tables.{name}.files: {path} is listed twice" for path in duplicates]
    return faults


def check_tables(project: Project, cache: Cache, report: Report) -> tuple[list[str], list[str]]:
    """Faults and notes of tables, metadata and tasks on samples, whose files all exist."""
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
    """Faults of a contrast on a table. Contrasts on counts of reads are checked with the sample sheet."""
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
    """Read the samples of all modalities and their metadata. Raises InputError if a file cannot be read."""
    config = project.config
    sheet = sample_sheet.read_sample_metadata(config.samples, project.folder) if config.samples else {}

    def read_header(path: str, annotation_columns: list[str]) -> MatrixHeader:
        return MatrixHeader(
            **cache.get("matrix", [path], lambda: asdict(header.read_header(path, annotation_columns)), annotation_columns)
        )

    entries = [entry.model_dump() for entry in config.metadata]
    order_tables = {e.order_of: _get_settings(config.tables, e.order_of) for e in config.metadata if e.order_of}
    names = sample_names.collect_names(sheet, entries, order_tables, lambda path, table_annotations: (), read_header)
    catalogue, aliases, table_annotations = SampleCatalogue(), {}, {}
    if project.rna_samples and config.expression:
        catalogue.members["expression"] = list(project.rna_samples)
        aliases |= {sample: sample_names.resolve_names([sample])[1][sample] for sample in project.rna_samples}
    for name, table in config.tables.items():
        try:
            _add_table(
                name,
                table,
                names,
                read_header,
                catalogue,
                aliases,
                table_annotations,
                _list_predicted_columns(config.tasks, name),
                report,
            )
        except InputError as error:
            catalogue.faults += error.faults
            catalogue.members[name] = None
    if catalogue.faults:
        return catalogue
    names_in_tables = {name for alternative_names in aliases.values() for name in alternative_names}
    sheet_annotations = {
        name: values for name, values in sheet.items() if name in names_in_tables or name not in project.samples_with_data
    }
    hdf5 = [path for path in order_tables if path in names.order and not names.order[path]]
    entries = [entry for entry in entries if entry["order_of"] not in hdf5]
    described_samples = metadata.join_metadata(
        aliases, sheet_annotations, entries, names.files, names.order, catalogue.is_complete
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
    aliases: dict[str, list[str]],
    table_annotations: dict[str, dict[str, str]],
    predicted: Iterable[str],
    report: Report,
) -> None:
    """Add the samples of one table, and the metadata that its files have, to the catalogue.

    `predicted` are the columns that tasks predict from this table. Raises InputError with the faults of its files.
    """
    spec = table.model_dump() | {"name": name}
    path_of_sample: dict[str, str] = {}
    file_annotations: dict[str, dict[str, str]] = {}
    faults: list[str] = []
    for path in table.files:
        matrix_header = read_header(path, table.about)
        if matrix_header.kind in ("h5ad", "h5mu"):
            catalogue.members[name] = None
            report(f"table {name}", f"{path}: will be checked by its job")
            return
        if matrix_header.kind == "series" and not matrix_header.rows:
            raise InputError(header.empty_series_message(matrix_header))
        rows = orientation.list_samples(matrix_header, spec, naming.known, naming.metadata_counts.get(path), naming.file_samples)
        faults += [f"{path}: sample {s!r} occurs more than once; keep one of them" for s, n in Counter(rows).items() if n > 1]
        faults += [
            f"{path}: sample {s!r} is in {path_of_sample[s]} as well; keep one of them" for s in rows if s in path_of_sample
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
    canonical_names, sample_aliases = sample_names.resolve_names(list(path_of_sample))
    catalogue.members[name] = list(canonical_names.values())
    for sample, alternative_names in sample_aliases.items():
        aliases[sample] = list(dict.fromkeys([*aliases.get(sample, []), *alternative_names]))
    for sample, values in file_annotations.items():
        table_annotations.setdefault(canonical_names[sample], {}).update(values)


def _list_predicted_columns(tasks: Mapping[str, Task], table: str) -> list[str]:
    """Columns that tasks predict from a table."""
    readers = [task for task in tasks.values() if task.source == "samples" and table in (task.modalities or [table])]
    return list(dict.fromkeys(column for task in readers for column in task.labels))


def _find_leaking_labels(
    features: Iterable[str], annotation_columns: set[str], predicted: Iterable[str], table: str, path: str
) -> list[str]:
    """Faults of columns that are to be predicted and are features at the same time."""
    feature_names = set(features) - annotation_columns
    return [
        f"{path}: {column!r}, which is to be predicted, is among the features, and the label would leak through it; "
        f"list it in tables.{table}.about"
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
        f"{key}: {head.path} has no column or row {name!r}" + (f"; did you mean {closest!r}?" if closest else "")
        for name, closest in hints.items()
    ]


def _read_annotations(head: MatrixHeader, rows: list[str]) -> dict[str, dict[str, str]]:
    """Sample → metadata in a matrix file: characteristics of GEO, or columns (rows) that are not features."""
    if head.kind == "series":
        return {
            s: {metadata.hdf5_name(k): metadata.clean_value(v) for k, v in head.sample_metadata.get(s, {}).items()} for s in rows
        }
    texts = head.metadata_columns if rows is head.rows else {}
    if head.metadata_rows and len(head.columns) == len(rows):
        texts = head.metadata_rows
    return {s: {metadata.hdf5_name(c): metadata.clean_value(v[i]) for c, v in texts.items()} for i, s in enumerate(rows)}
