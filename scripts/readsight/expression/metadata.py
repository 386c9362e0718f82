"""Sample metadata from the sample sheet, metadata files and TCGA barcodes, joined by exact sample names.

Uses the standard library only, so that the doctor performs the same join as the import.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from readsight.errors import InputError
from readsight.expression import tcga_barcodes
from readsight.expression.matrices import header
from readsight.text import find_closest

MISSING = {
    "",
    "na",
    "n/a",
    "nan",
    "null",
    "'--",
    "--",
    "[not available]",
    "[not applicable]",
    "[unknown]",
    "not reported",
    "<na>",
}
# Columns of the GDC sample sheet.
FILE_NAME, SAMPLE_ID, CASE_ID = "File Name", "Sample ID", "Case ID"
MAX_REPORTED = 5


@dataclass
class MetadataTable:
    """A metadata table as text. rows: (row number in the file, from 1; fields, empty where missing)."""

    path: str
    columns: list[str]
    rows: list[tuple[int, list[str]]]

    def column_values(self, column: str) -> list[str]:
        position = self.columns.index(column)
        return [values[position] for _, values in self.rows]


@dataclass
class SampleDescriptions:
    """Metadata of each sample by column. faults: errors of the join; notes: remarks for the log."""

    samples: dict[str, dict[str, str]]
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(column for row in self.samples.values() for column in row))


def hdf5_name(column: str) -> str:
    """Column name without the characters that HDF5 does not allow."""
    return column.strip().replace("/", "_")


def clean_value(value: str) -> str:
    """Strip a value; codes for missing values become the empty string."""
    return "" if value.strip().lower() in MISSING else value.strip()


def read_metadata(path: str) -> MetadataTable:
    """Read a metadata file: CSV, TSV, or the sample attributes of a GEO series matrix.

    Raises InputError for duplicate column names or a row of the wrong length.
    """
    with header.open_text(path) as handle:
        lines = [(i, line) for i, line in enumerate(handle, start=1) if line.strip()]
    if lines and lines[0][1].startswith("!"):
        series_samples = header.read_header(path, all_rows=False).sample_metadata
        columns = list(dict.fromkeys(column for sample in series_samples.values() for column in sample))
        rows = [[clean_value(sample.get(column, "")) for column in columns] for sample in series_samples.values()]
        return MetadataTable(path, [hdf5_name(c) for c in columns], [(0, row) for row in rows])
    lines = [(i, line) for i, line in lines if not line.startswith("#")]
    if len(lines) < 2:
        raise InputError(f"{path}: has no rows; a header and one row per sample are required")
    delimiter = header.detect_delimiter(lines[0][1]) or "\t"
    columns = [hdf5_name(name) for name in header.split_fields(lines[0][1], delimiter)]
    rows = [(i, [clean_value(value) for value in header.split_fields(line, delimiter)]) for i, line in lines[1:]]
    if all(len(values) == len(columns) + 1 for _, values in rows):
        columns = ["", *columns]
    faults = [
        f"{path}, row {i}: has {len(values)} fields, but the header names {len(columns)} columns"
        for i, values in rows
        if len(values) != len(columns)
    ]
    faults += [
        f"{path}: column {name!r} occurs more than once in the header"
        for name in dict.fromkeys(columns)
        if columns.count(name) > 1
    ]
    if faults:
        raise InputError(faults[:MAX_REPORTED])
    return MetadataTable(path, columns, rows)


def candidate_names(file: MetadataTable, key: str | None) -> set[str]:
    """Possible sample names in a file: the values of its key, or of every column with few repeated values."""
    columns = [key] if key in file.columns else file.columns
    candidates: set[str] = set()
    for values in map(file.column_values, columns):
        unique = {value for value in values if value}
        if len(unique) >= 0.8 * len(values):
            candidates |= unique
    return candidates


def samples_of_files(files: Iterable[MetadataTable]) -> dict[str, str]:
    """File name → sample, from GDC sample sheets among the metadata files."""
    samples: dict[str, str] = {}
    for file in files:
        id_column = next((c for c in (SAMPLE_ID, CASE_ID) if c in file.columns), None)
        if id_column and FILE_NAME in file.columns:
            samples |= dict(zip(file.column_values(FILE_NAME), file.column_values(id_column), strict=True))
    return samples


def join_metadata(
    samples: Mapping[str, Sequence[str]],
    sheet: Mapping[str, Mapping[str, str]],
    entries: Sequence[Mapping[str, Any]],
    files: Mapping[str, MetadataTable],
    order: Mapping[str, Sequence[str]],
    is_only_table: bool,
) -> SampleDescriptions:
    """Join sheet, metadata files and barcodes to the samples of a table.

    Parameters
    ----------
    samples : name → aliases, the most specific first.
    sheet : sample → columns.
    entries : `metadata` entries of the config (file, key, order_of, add).
    files : metadata tables by path.
    order : table file → names of its samples, for `order_of`.
    is_only_table : the project has no further samples, so every row of the sheet must match.
    """
    index: dict[str, list[str]] = defaultdict(list)
    for sample, aliases in samples.items():
        for name in aliases:
            if sample not in index[name]:
                index[name].append(sample)
    result = SampleDescriptions({sample: {} for sample in samples})
    origin: dict[tuple[str, str], str] = {}
    unmatched: dict[str, str] = {}
    reached: set[str] = set()
    sources = [_sheet_source(sheet)] if sheet else []
    sources += [
        source for i, entry in enumerate(entries) if (source := _entry_source(i, entry, files, order, index, samples, result))
    ]
    for source in sources:
        matched = _add_rows(source, index, result, origin, unmatched)
        reached |= matched
        unknown_count = len([name for name, _ in source.rows if name not in index])
        if source.is_file and not matched and is_only_table:
            result.faults.append(_no_match_fault(source, samples))
        elif unknown_count and source.rows:
            result.notes.append(
                f"{source.where}: {unknown_count} of its {len(source.rows)} rows describe samples that are not in this table"
            )
    if sheet and is_only_table:
        result.faults += [_sheet_name_fault(name, samples) for name in sheet if name not in index and reached]
    if sources:
        result.faults += _sample_faults([s for s in samples if s not in reached], unmatched)
    for sample, columns in result.samples.items():
        codes = [code.columns() for name in samples[sample] if (code := tcga_barcodes.parse(name))]
        for column, value in max(codes, key=len, default={}).items():
            columns.setdefault(column, value)
    return result


@dataclass
class MetadataSource:
    """Rows of one source: (sample name, columns). is_folded: rows with the same name are merged. is_file: a metadata file."""

    where: str
    rows: list[tuple[str, dict[str, str]]]
    is_folded: bool = False
    is_file: bool = True


def _sheet_source(sheet: Mapping[str, Mapping[str, str]]) -> MetadataSource:
    columns = {name: {hdf5_name(c): clean_value(v) for c, v in row.items()} for name, row in sheet.items()}
    return MetadataSource("the sample sheet", list(columns.items()), is_file=False)


def _entry_source(
    number: int,
    entry: Mapping[str, Any],
    files: Mapping[str, MetadataTable],
    order: Mapping[str, Sequence[str]],
    index: Mapping[str, list[str]],
    samples: Mapping[str, Sequence[str]],
    result: SampleDescriptions,
) -> MetadataSource | None:
    """Rows of a metadata file with their sample names; None (and a fault) if the names cannot be determined."""
    file = files[entry["file"]]
    duplicates = [column for column in entry["add"] if column in file.columns]
    if duplicates:
        result.faults.append(f"metadata.{number}.add: {file.path} has a column {duplicates[0]!r} already; remove one of them")
        return None
    if entry["order_of"]:
        names, key = list(order[entry["order_of"]]), None
        if len(names) != len(file.rows):
            result.faults.append(
                f"{file.path}: has {len(file.rows)} rows, but {entry['order_of']}, whose sample order they follow, has {len(names)}"
            )
            return None
    else:
        key = find_key_column(file, entry["key"], index)
        if key not in file.columns:
            result.faults.append(_key_fault(number, file, entry["key"], samples))
            return None
        names = file.column_values(key)
    value_columns = [c for c in file.columns if c and c != key]
    rows = [({c: v for c, v in zip(file.columns, row, strict=True) if c in value_columns} | entry["add"]) for _, row in file.rows]
    # GDC case tables have one row per treatment.
    folded = key is not None and (key == CASE_ID or "submitter_id" in key or tcga_barcodes.parse(names[0]) is not None)
    return MetadataSource(file.path, [(name, row) for name, row in zip(names, rows, strict=True) if name and name != key], folded)


def find_key_column(file: MetadataTable, given: str | None, index: Mapping[str, Any]) -> str | None:
    """Column with the sample names: the given one, or the one with most known names.

    Ties are resolved in favour of the column with fewest repeats: a GDC sample sheet also names cases, but tumour and
    normal of one case are two samples.
    """
    if given is not None:
        return hdf5_name(given)
    hits = {column: [value for value in file.column_values(column) if value in index] for column in file.columns}
    best = max(hits, key=lambda column: (len(set(hits[column])), -len(hits[column])))
    return best if hits[best] else None


def _key_fault(number: int, file: MetadataTable, given: str | None, samples: Mapping[str, Any]) -> str:
    if given is not None:
        near = find_closest(given, file.columns)
        hint = f"did you mean {near!r}?" if near else f"available: {', '.join(file.columns)}"
        return f"metadata.{number}.key: {file.path} has no column {given!r}; {hint}"
    values = [value for column in file.columns for value in file.column_values(column)[:200]]
    near = next(
        (f"; {value!r} is similar to {match!r}" for value in values if (match := find_closest(value, samples, cutoff=0.8))), ""
    )
    return (
        f"{file.path}: no column contains the sample names ({', '.join(list(samples)[:3])}…){near}. Name the column in "
        f"metadata.{number}.key, or the table file whose sample order the rows follow in metadata.{number}.order_of"
    )


def _no_match_fault(source: MetadataSource, samples: Mapping[str, Any]) -> str:
    name = source.rows[0][0]
    near = find_closest(name, samples)
    hint = f"is {name!r} {near!r}?" if near else f"it describes {name}, …, but the samples are {', '.join(list(samples)[:3])}, …"
    return f"{source.where}: describes no sample of the table; {hint}"


def _sheet_name_fault(name: str, samples: Mapping[str, Any]) -> str:
    near = find_closest(name, samples)
    return f"the sample sheet: sample {name!r} is in no table" + (
        f"; did you mean {near!r}?" if near else f"; available: {', '.join(list(samples)[:4])}"
    )


def _sample_faults(samples: list[str], unmatched: Mapping[str, str]) -> list[str]:
    """Faults of samples without metadata, each with the closest unused name."""
    faults = []
    for sample in samples[:MAX_REPORTED]:
        near = find_closest(sample, unmatched, cutoff=0.6)
        hint = f"; is it {near!r} of {unmatched[near]}?" if near else "; add it there, or remove it from the table"
        faults.append(f"sample {sample!r} is described neither by the sample sheet nor by metadata{hint}")
    return faults + ([f"… and {len(samples) - MAX_REPORTED} more samples"] if len(samples) > MAX_REPORTED else [])


def _add_rows(
    source: MetadataSource, index: Mapping[str, list[str]], result: SampleDescriptions, origin: dict, unmatched: dict[str, str]
) -> set[str]:
    """Add the rows of a source to the samples they name; returns the names of these samples."""
    rows, reached = _fold_rows(source, result) if source.is_folded else source.rows, set()
    for name, row in rows:
        if name not in index:
            unmatched[name] = source.where
        for sample in index.get(name, ()):
            reached.add(sample)
            columns = result.samples[sample]
            for column, value in row.items():
                if columns.get(column) and value and columns[column] != value:
                    first = origin[sample, column]
                    result.faults.append(
                        f"{source.where}, sample {sample!r}: column {column!r} is {value!r} here and {columns[column]!r} in {first}; they must agree"
                    )
                elif value or column not in columns:
                    columns[column] = value
                    origin[sample, column] = source.where
    return reached


def _fold_rows(source: MetadataSource, result: SampleDescriptions) -> list[tuple[str, dict[str, str]]]:
    """Merge rows with the same name; columns in which such rows differ are dropped."""
    rows: dict[str, dict[str, str]] = {}
    differing: dict[str, None] = {}
    for name, row in source.rows:
        first = rows.setdefault(name, dict(row))
        differing |= {c: None for c, v in row.items() if v and first.get(c) and first[c] != v}
        first |= {c: v for c, v in row.items() if v and not first.get(c)}
    if differing:
        result.notes.append(
            f"{source.where}: has several rows per patient; columns in which they differ are dropped: {', '.join(differing)}"
        )
    return [(name, {c: v for c, v in row.items() if c not in differing}) for name, row in rows.items()]
