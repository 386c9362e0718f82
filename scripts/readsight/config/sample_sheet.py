"""The sample sheet: a TSV, a row a sequencing unit. All its faults are found in one reading."""

import csv
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from readsight.errors import InputError
from readsight.text import expand, nearest, unset

ASSAYS = ("wgs", "wes", "panel", "rna", "atac", "chip", "bisulfite")
OF_DNA = ("wgs", "wes", "panel")
STRANDEDNESS = ("auto", "unstranded", "forward", "reverse")
COLUMNS = ("sample", "unit", "assay", "fastq_1", "fastq_2", "bam", "cram")
REQUIRED = ("sample", "assay")
FILES = COLUMNS[3:]
# Free columns that describe a unit, so that they may differ between the units of a sample.
OF_UNITS = ("lane", "library", "run", "flowcell", "barcode", "index", "date", "read_group", "platform_unit", "comment", "note")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
SEPARATORS = {",": "commas", ";": "semicolons", "|": "bars", " ": "spaces"}


@dataclass(frozen=True)
class Unit:
    """One sequencing unit: a lane or library of a sample.

    fastq_1, fastq_2: paths of reads (fastq_2 only where paired). alignment: path
    of a BAM or CRAM instead of reads. metadata: the sheet's other columns.
    row: row of the sheet, counted from 1.
    """

    sample: str
    unit: str
    assay: str
    fastq_1: str | None
    fastq_2: str | None
    alignment: str | None
    metadata: dict[str, str] = field(default_factory=dict, hash=False)
    row: int = 0

    @property
    def fastqs(self) -> list[str]:
        return [f for f in (self.fastq_1, self.fastq_2) if f]

    @property
    def paired(self) -> bool:
        return self.fastq_2 is not None


@dataclass(frozen=True)
class Row:
    """A row of the sheet: its number from 1 and its filled fields by column, paths expanded."""

    number: int
    given: dict[str, str]


def read(path: str | Path, results: str, calls: bool = False, tables: bool = False) -> list[Unit]:
    """Read a sample sheet; ${results} and ${VARIABLE} in paths are expanded.

    calls: the project brings its own VCF, so that rows may have neither reads nor alignment. tables: it brings
    matrices, so that rows may have no assay either, and say of a sample what it is.
    Raises InputError with a line for each fault: file, row, column, and what would be right.
    """
    sheet = str(path)
    header, fields = _table(Path(path), tables)
    rows, faults = _rows(header, fields, results)
    for row in rows:
        faults += [(row.number, fault) for fault in _row_faults(row, calls, tables)]
    faults += _sheet_faults(rows)
    if not rows and not faults:
        raise InputError(f"{sheet}: has a header but no rows; give a row a sequencing unit")
    if faults:
        raise InputError(f"{sheet}, row {number}, {fault}" for number, fault in sorted(faults, key=lambda f: f[0]))
    return [_unit(row) for row in rows]


def described(path: str | Path, results: str) -> dict[str, dict[str, str]]:
    """What the sheet of a project with tables says of each sample: its columns that do not describe units."""
    found: dict[str, dict[str, str]] = {}
    for unit in read(path, results, tables=True):
        found.setdefault(unit.sample, {k: v for k, v in unit.metadata.items() if k.lower() not in OF_UNITS})
    return found


def _table(path: Path, tables: bool) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header, and each row's number and fields. Raises InputError where columns cannot be told."""
    lines = [(i, line) for i, line in enumerate(_lines(path), start=1) if line.strip() and not line.startswith("#")]
    if not lines:
        raise InputError(f"{path}: is empty; a header with {', '.join(COLUMNS[:5])} and a row a sequencing unit are needed")
    (number, first), *rest = lines
    if "\t" not in first:
        for separator, word in SEPARATORS.items():
            if len(first.split(separator)) > 1:
                remedy = f"tr '{separator}' '\\t' < {path} > {path.with_suffix('.tsv').name}"
                if separator == " ":
                    remedy = f"sed -E 's/ +/\\t/g' {path} > tabs.tsv"
                raise InputError(
                    f"{path}, row {number}: columns are separated by {word}; the sheet needs tabs. Convert it with: {remedy}"
                )
    header = [name.strip() for name in _split(first)]
    faults = _header_faults(header, tables)
    if faults:
        raise InputError(f"{path}, row {number}, {fault}" for fault in faults)
    return header, [(i, _split(line)) for i, line in rest]


def _lines(path: Path) -> list[str]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        near = nearest(path.name, [p.name for p in path.parent.glob("*") if p.is_file()] if path.parent.is_dir() else [])
        start = "" if path.is_absolute() else f" (relative paths start at {Path.cwd()}, not at the config file)"
        raise InputError(
            f"{path}: there is no such sample sheet{start}" + (f"; did you mean {path.parent / near}?" if near else "")
        ) from None
    except OSError as error:
        raise InputError(f"{path}: the sample sheet cannot be read: {error.strerror}") from None
    if data.startswith(b"PK\x03\x04"):
        raise InputError(f"{path}: is a spreadsheet (Excel or LibreOffice); save it as tab-separated text")
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        raise InputError(f"{path}, row {row}: is not UTF-8 text; save the sheet as UTF-8") from None
    return re.split(r"\r\n|\n|\r", text)


def _split(line: str) -> list[str]:
    return next(csv.reader([line], delimiter="\t"))


def _header_faults(header: list[str], tables: bool) -> list[str]:
    faults = [f"column {i}: has no name" for i, name in enumerate(header, start=1) if not name]
    faults += [f"column {name}: stands {n} times in the header" for name, n in Counter(header).items() if n > 1 and name]
    free = [name for name in header if name not in COLUMNS and name]
    for name in free:
        near = nearest(name, [c for c in COLUMNS if c not in header], cutoff=0.8)
        if near:
            faults.append(f"column {name}: unknown; did you mean {near!r}?")
            header = [*header, near]
    for name in REQUIRED:
        if name not in header and not (tables and name == "assay"):
            near = nearest(name, free, cutoff=0.4)
            faults.append(
                f"column {name}: is missing from the header"
                + (f"; is it the column {near!r}?" if near else f" ({', '.join(header)})")
            )
    return faults


def _rows(header: list[str], fields: list[tuple[int, list[str]]], results: str) -> tuple[list[Row], list[tuple[int, str]]]:
    """Rows whose fields fit the header; faults, each with its row, of the others."""
    rows, faults = [], []
    for number, values in fields:
        values = [value.strip() for value in values]
        if not any(values):
            continue
        if len(values) != len(header):
            faults.append((number, _misfit(values, header)))
            continue
        given = {k: expand(v, results) if k in FILES else v for k, v in zip(header, values, strict=True) if v}
        rows.append(Row(number, given))
    return rows, faults


def _misfit(values: list[str], header: list[str]) -> str:
    count = f"{len(values)} field{'s' * (len(values) != 1)} but the header has {len(header)} columns"
    for separator, word in SEPARATORS.items():
        if len(values) < len(header) and any(separator in value for value in values):
            return f"column {len(values)}: the row has {count}; {word} stand where tabs are needed"
    last = (
        f"the last is {values[-1]!r}" if len(values) > len(header) else f"nothing stands for {', '.join(header[len(values) :])}"
    )
    return f"column {min(len(values), len(header)) + 1}: the row has {count}; {last}. Leave unused fields empty, with their tabs"


def _row_faults(row: Row, calls: bool, tables: bool) -> list[str]:
    """Faults that can be seen in one row alone."""
    given = row.given
    faults = []
    for column in ("sample", "unit"):
        value = given.get(column)
        if value is None and column in REQUIRED:
            faults.append(f"column {column}: is empty; a name is needed")
        elif value is not None and not NAME.fullmatch(value):
            right = re.sub(r"[^A-Za-z0-9_.-]+", "_", value).strip("_.-") or "name"
            faults.append(
                f"column {column}: {value!r} is not a name of letters, digits, '_', '.', '-' that starts with a letter or digit; write {right!r}"
            )
    faults += [] if tables and not {"assay", *FILES} & set(given) else _assay_faults(given)
    faults += _strandedness_faults(given)
    for column in FILES:
        faults += [f"column {column}: {fault}" for fault in _path_faults(column, given.get(column, ""))]
    if "fastq_2" in given and "fastq_1" not in given:
        faults.append(
            "column fastq_2: second mates without first mates; name them in fastq_1 (single-end reads stand in fastq_1)"
        )
    kinds = [column for column in ("fastq_1", "bam", "cram") if column in given]
    if len(kinds) > 1:
        faults.append(
            f"column {kinds[1]}: the row has {' and '.join(kinds)}; a unit comes from reads or from one alignment, keep one of them"
        )
    if not kinds and "fastq_2" not in given and not calls and not tables:
        faults.append(
            "column fastq_1: the row has neither reads (fastq_1) nor an alignment (bam, cram), and the config names neither variants.vcf nor tables"
        )
    return faults


def _assay_faults(given: dict[str, str]) -> list[str]:
    assay = given.get("assay")
    if assay is None:
        return [f"column assay: is empty; one of {', '.join(ASSAYS)} is needed"]
    if assay in ASSAYS:
        return []
    near = nearest(assay, ASSAYS, cutoff=0.4)
    return [f"column assay: {assay!r} is not one of {', '.join(ASSAYS)}" + (f"; did you mean {near!r}?" if near else "")]


def _strandedness_faults(given: dict[str, str]) -> list[str]:
    """The column says of RNA what its kit gives; other assays have no strands to keep."""
    claim = given.get("strandedness", "auto")
    if given.get("assay") != "rna" or claim in STRANDEDNESS:
        return []
    near = nearest(claim, STRANDEDNESS, cutoff=0.5)
    hint = f"; did you mean {near!r}?" if near else " (dUTP and TruSeq stranded kits are reverse)"
    return [f"column strandedness: {claim!r} is not one of {', '.join(STRANDEDNESS)}{hint}"]


def _path_faults(column: str, path: str) -> list[str]:
    if not path:
        return []
    faults = unset(path)
    kind = next((kind for kind in ("bam", "cram") if path.lower().endswith(f".{kind}")), None)
    if kind and kind != column:
        faults.append(f"{path!r} is a {kind.upper()}; name it in column {kind}")
    if column in ("bam", "cram") and kind is None:
        faults.append(f"{path!r} does not end in .{column}")
    if not unset(path) and ("{" in path or "}" in path):
        faults.append(f"{path!r} holds braces, which file names of a workflow cannot; rename the file")
    return faults


def _sheet_faults(rows: list[Row]) -> list[tuple[int, str]]:
    """Faults that show only between rows; each with the row it is said of."""
    faults: list[tuple[int, str]] = []
    units: dict[tuple[str, str], int] = {}
    files: dict[str, tuple[int, str]] = {}
    firsts: dict[tuple[str, str], tuple[int, str]] = {}
    for row in rows:
        sample = row.given.get("sample", "")
        key = (sample, row.given.get("unit", "1"))
        if sample and key in units:
            faults.append(
                (
                    row.number,
                    f"column unit: sample {key[0]!r}, unit {key[1]!r} stands in row {units[key]} already; give each unit of a sample its own name",
                )
            )
        units.setdefault(key, row.number)
        for column in FILES:
            if column in row.given:
                faults += _second_use(row, column, files)
        if sample:
            faults += _contradictions(row, sample, firsts)
    return faults


def _second_use(row: Row, column: str, files: dict[str, tuple[int, str]]) -> list[tuple[int, str]]:
    """A file, links followed, that an earlier field names already."""
    real = os.path.realpath(row.given[column])
    if real not in files:
        files[real] = (row.number, column)
        return []
    number, other = files[real]
    return [
        (
            row.number,
            f"column {column}: {row.given[column]!r} is used in row {number}, column {other} already; each file belongs to one unit",
        )
    ]


def _contradictions(row: Row, sample: str, firsts: dict[tuple[str, str], tuple[int, str]]) -> list[tuple[int, str]]:
    """What must be equal in all units of a sample."""
    kind = "an alignment" if {"bam", "cram"} & set(row.given) else "reads"
    facts = {"assay": row.given.get("assay", ""), "fastq_1": kind}
    if facts["assay"] == "rna" and kind == "reads":
        facts["fastq_2"] = "pairs" if "fastq_2" in row.given else "single-end reads"
    facts |= {k: v for k, v in row.given.items() if k not in COLUMNS and k.lower() not in OF_UNITS}
    faults = []
    for column, value in facts.items():
        number, first = firsts.setdefault((sample, column), (row.number, value))
        if value == first:
            continue
        if column == "fastq_1":
            fault = (
                f"sample {sample!r} has {value} here and {first} in row {number}; a sample comes from reads or from alignments"
            )
        elif column == "fastq_2":
            fault = f"sample {sample!r} has {value} here and {first} in row {number}; RNA is counted by pairs or by reads, make them two samples"
        elif column == "assay":
            fault = f"sample {sample!r} is {value!r} here and {first!r} in row {number}; make them two samples of one donor"
        else:
            fault = f"sample {sample!r} has {value!r} here and {first!r} in row {number}; units of one sample must agree"
        faults.append((row.number, f"column {column}: {fault}"))
    return faults


def _unit(row: Row) -> Unit:
    given = row.given
    return Unit(
        sample=given["sample"],
        unit=given.get("unit") or "1",
        assay=given.get("assay", ""),
        fastq_1=given.get("fastq_1"),
        fastq_2=given.get("fastq_2"),
        alignment=given.get("bam") or given.get("cram"),
        metadata={k: v for k, v in given.items() if k not in COLUMNS},
        row=row.number,
    )
