"""What is said of samples: by the sample sheet, by files of metadata, by barcodes; joined by names, never by chance.

With the standard library alone: the doctor joins as the import does.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from readsight.errors import InputError
from readsight.expression import tcga_barcodes
from readsight.expression.matrices import header
from readsight.text import nearest

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
# Columns by which the GDC names files of samples.
FILE_NAME, SAMPLE_ID, CASE_ID = "File Name", "Sample ID", "Case ID"
SHOWN = 5


@dataclass
class File:
    """A table of metadata as text. rows: number of the row in the file, from 1, and its fields; empty where missing."""

    path: str
    columns: list[str]
    rows: list[tuple[int, list[str]]]

    def values(self, column: str) -> list[str]:
        place = self.columns.index(column)
        return [values[place] for _, values in self.rows]


@dataclass
class Described:
    """What is said of each sample, by column. faults: what cannot be; notes: what is worth knowing."""

    samples: dict[str, dict[str, str]]
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(column for said in self.samples.values() for column in said))


def plain(column: str) -> str:
    """A column's name as HDF5 can hold it."""
    return column.strip().replace("/", "_")


def cleaned(value: str) -> str:
    """A value without blanks; words for what is missing become empty."""
    return "" if value.strip().lower() in MISSING else value.strip()


def read(path: str) -> File:
    """Read a file of metadata: CSV, TSV, or what a GEO series matrix says of its samples.

    Raises InputError for a column that has no name of its own, or a row of another length.
    """
    with header.text(path) as handle:
        lines = [(i, line) for i, line in enumerate(handle, start=1) if line.strip()]
    if lines and lines[0][1].startswith("!"):
        told = header.look(path, whole=False).told
        columns = list(dict.fromkeys(column for said in told.values() for column in said))
        rows = [[cleaned(said.get(column, "")) for column in columns] for said in told.values()]
        return File(path, [plain(c) for c in columns], [(0, row) for row in rows])
    lines = [(i, line) for i, line in lines if not line.startswith("#")]
    if len(lines) < 2:
        raise InputError(f"{path}: has no rows; a header and a row a sample are needed")
    delimiter = header.delimiter_of(lines[0][1]) or "\t"
    columns = [plain(name) for name in header.fields(lines[0][1], delimiter)]
    rows = [(i, [cleaned(value) for value in header.fields(line, delimiter)]) for i, line in lines[1:]]
    if all(len(values) == len(columns) + 1 for _, values in rows):
        columns = ["", *columns]
    faults = [
        f"{path}, row {i}: has {len(values)} fields, but the header names {len(columns)} columns"
        for i, values in rows
        if len(values) != len(columns)
    ]
    faults += [
        f"{path}: column {name!r} stands more than once in the header"
        for name in dict.fromkeys(columns)
        if columns.count(name) > 1
    ]
    if faults:
        raise InputError(faults[:SHOWN])
    return File(path, columns, rows)


def names(file: File, key: str | None) -> set[str]:
    """What may be names of samples in a file: the values of its key, or of every column that hardly repeats itself."""
    columns = [key] if key in file.columns else file.columns
    found: set[str] = set()
    for values in map(file.values, columns):
        own = {value for value in values if value}
        if len(own) >= 0.8 * len(values):
            found |= own
    return found


def names_of_files(files: Iterable[File]) -> dict[str, str]:
    """File name → sample, of the GDC's sample sheets among the files of metadata."""
    found: dict[str, str] = {}
    for file in files:
        own = next((c for c in (SAMPLE_ID, CASE_ID) if c in file.columns), None)
        if own and FILE_NAME in file.columns:
            found |= dict(zip(file.values(FILE_NAME), file.values(own), strict=True))
    return found


def describe(
    samples: Mapping[str, Sequence[str]],
    sheet: Mapping[str, Mapping[str, str]],
    entries: Sequence[Mapping[str, Any]],
    files: Mapping[str, File],
    order: Mapping[str, Sequence[str]],
    alone: bool,
) -> Described:
    """Join what is said of samples.

    samples: name → names that it may bear elsewhere, the closest first. sheet: sample → its columns. entries: of the
    config (file, key, order_of, add). files: by path. order: table file → names of its samples, for order_of.
    alone: there are no other samples that the sheet may mean.
    """
    index: dict[str, list[str]] = defaultdict(list)
    for sample, ladder in samples.items():
        for name in ladder:
            if sample not in index[name]:
                index[name].append(sample)
    found = Described({sample: {} for sample in samples})
    origin: dict[tuple[str, str], str] = {}
    unmatched: dict[str, str] = {}
    reached: set[str] = set()
    sources = [_of_sheet(sheet)] if sheet else []
    sources += [source for i, entry in enumerate(entries) if (source := _of_entry(i, entry, files, order, index, samples, found))]
    for source in sources:
        hit = _take(source, index, found, origin, unmatched)
        reached |= hit
        strangers = len([name for name, _ in source.said if name not in index])
        if source.given and not hit and alone:
            found.faults.append(_stranger(source, samples))
        elif strangers and source.said:
            found.notes.append(
                f"{source.where}: {strangers} of its {len(source.said)} rows tell of samples that this table has not"
            )
    if sheet and alone:
        found.faults += [_misnamed(name, samples) for name in sheet if name not in index and reached]
    if sources:
        found.faults += _silent([s for s in samples if s not in reached], unmatched)
    for sample, said in found.samples.items():
        codes = [code.columns() for name in samples[sample] if (code := tcga_barcodes.parse(name))]
        for column, value in max(codes, key=len, default={}).items():
            said.setdefault(column, value)
    return found


@dataclass
class Source:
    """Rows of one origin: name of a sample and its columns. folded: rows of one name are made one. given: of a file of metadata."""

    where: str
    said: list[tuple[str, dict[str, str]]]
    folded: bool = False
    given: bool = True


def _of_sheet(sheet: Mapping[str, Mapping[str, str]]) -> Source:
    columns = {name: {plain(c): cleaned(v) for c, v in said.items()} for name, said in sheet.items()}
    return Source("the sample sheet", list(columns.items()), given=False)


def _of_entry(
    place: int,
    entry: Mapping[str, Any],
    files: Mapping[str, File],
    order: Mapping[str, Sequence[str]],
    index: Mapping[str, list[str]],
    samples: Mapping[str, Sequence[str]],
    found: Described,
) -> Source | None:
    """The rows of a file of metadata under their samples' names; None, with a fault, where these cannot be told."""
    file = files[entry["file"]]
    twice = [column for column in entry["add"] if column in file.columns]
    if twice:
        found.faults.append(f"metadata.{place}.add: {file.path} has a column {twice[0]!r} already; leave one of them out")
        return None
    if entry["order_of"]:
        own, key = list(order[entry["order_of"]]), None
        if len(own) != len(file.rows):
            found.faults.append(
                f"{file.path}: has {len(file.rows)} rows, but {entry['order_of']}, whose samples they are to follow, has {len(own)}"
            )
            return None
    else:
        key = key_of(file, entry["key"], index)
        if key not in file.columns:
            found.faults.append(_no_key(place, file, entry["key"], samples))
            return None
        own = file.values(key)
    kept = [c for c in file.columns if c and c != key]
    said = [({c: v for c, v in zip(file.columns, row, strict=True) if c in kept} | entry["add"]) for _, row in file.rows]
    # The GDC's tables of cases have a row a treatment.
    folded = key is not None and (key == CASE_ID or "submitter_id" in key or tcga_barcodes.parse(own[0]) is not None)
    return Source(file.path, [(name, row) for name, row in zip(own, said, strict=True) if name and name != key], folded)


def key_of(file: File, given: str | None, index: Mapping[str, Any]) -> str | None:
    """The column that names samples: the one given, or the one with the most known names.

    Of those that have equally many, the one that repeats them least: a sample sheet of the GDC names cases, too, but
    tumour and normal of one case are two samples.
    """
    if given is not None:
        return plain(given)
    hits = {column: [value for value in file.values(column) if value in index] for column in file.columns}
    best = max(hits, key=lambda column: (len(set(hits[column])), -len(hits[column])))
    return best if hits[best] else None


def _no_key(place: int, file: File, given: str | None, samples: Mapping[str, Any]) -> str:
    if given is not None:
        near = nearest(given, file.columns)
        hint = f"did you mean {near!r}?" if near else f"there are: {', '.join(file.columns)}"
        return f"metadata.{place}.key: {file.path} has no column {given!r}; {hint}"
    values = [value for column in file.columns for value in file.values(column)[:200]]
    near = next((f"; {value!r} is near to {match!r}" for value in values if (match := nearest(value, samples, cutoff=0.8))), "")
    return (
        f"{file.path}: no column names the samples, which are called {', '.join(list(samples)[:3])}{near}. Name the column in "
        f"metadata.{place}.key, or the table whose order the rows follow in metadata.{place}.order_of"
    )


def _stranger(source: Source, samples: Mapping[str, Any]) -> str:
    name = source.said[0][0]
    near = nearest(name, samples)
    hint = f"is {name!r} {near!r}?" if near else f"it tells of {name}, …, and the samples are {', '.join(list(samples)[:3])}, …"
    return f"{source.where}: tells of no sample of the table; {hint}"


def _misnamed(name: str, samples: Mapping[str, Any]) -> str:
    near = nearest(name, samples)
    return f"the sample sheet: sample {name!r} is in no table" + (
        f"; did you mean {near!r}?" if near else f"; there are {', '.join(list(samples)[:4])}"
    )


def _silent(silent: list[str], unmatched: Mapping[str, str]) -> list[str]:
    """Samples of which nothing is said, each with the nearest name that nothing else bears."""
    faults = []
    for sample in silent[:SHOWN]:
        near = nearest(sample, unmatched, cutoff=0.6)
        hint = f"; is it {near!r} of {unmatched[near]}?" if near else "; add it there, or leave it out of the table"
        faults.append(f"sample {sample!r} is described neither by the sample sheet nor by metadata{hint}")
    return faults + ([f"… nor are {len(silent) - SHOWN} samples more"] if len(silent) > SHOWN else [])


def _take(source: Source, index: Mapping[str, list[str]], found: Described, origin: dict, unmatched: dict[str, str]) -> set[str]:
    """Put what a source says under the samples that it names. Returns these."""
    rows, reached = _folded(source, found) if source.folded else source.said, set()
    for name, row in rows:
        if name not in index:
            unmatched[name] = source.where
        for sample in index.get(name, ()):
            reached.add(sample)
            said = found.samples[sample]
            for column, value in row.items():
                if said.get(column) and value and said[column] != value:
                    first = origin[sample, column]
                    found.faults.append(
                        f"{source.where}, sample {sample!r}: column {column!r} is {value!r} here and {said[column]!r} in {first}; they must agree"
                    )
                elif value or column not in said:
                    said[column] = value
                    origin[sample, column] = source.where
    return reached


def _folded(source: Source, found: Described) -> list[tuple[str, dict[str, str]]]:
    """One row of each name; columns in which rows of one name differ tell of no sample, and are left out."""
    rows: dict[str, dict[str, str]] = {}
    apart: dict[str, None] = {}
    for name, row in source.said:
        first = rows.setdefault(name, dict(row))
        apart |= {c: None for c, v in row.items() if v and first.get(c) and first[c] != v}
        first |= {c: v for c, v in row.items() if v and not first.get(c)}
    if apart:
        found.notes.append(
            f"{source.where}: has several rows a patient; columns in which they differ are left out: {', '.join(apart)}"
        )
    return [(name, {c: v for c, v in row.items() if c not in apart}) for name, row in rows.items()]
