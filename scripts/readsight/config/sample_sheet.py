"""Reader of the sample sheet: a TSV with one row per sequencing unit. It reports all faults at once."""

import csv
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from readsight.errors import InputError
from readsight.text import describe_unset_variables, expand_variables, find_closest

ASSAYS = ("wgs", "wes", "panel", "rna", "atac", "chip", "bisulfite")
DNA_ASSAYS = ("wgs", "wes", "panel")
STRANDEDNESS = ("auto", "unstranded", "forward", "reverse")
COLUMNS = ("sample", "unit", "assay", "fastq_1", "fastq_2", "bam", "cram")
REQUIRED = ("sample", "assay")
FILES = COLUMNS[3:]
# Free columns that describe a unit and may differ between the units of a sample.
UNIT_COLUMNS = (
    "lane",
    "library",
    "run",
    "flowcell",
    "barcode",
    "index",
    "date",
    "read_group",
    "platform_unit",
    "comment",
    "note",
)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
SEPARATORS = {",": "commas", ";": "semicolons", "|": "bars", " ": "spaces"}


@dataclass(frozen=True)
class Unit:
    """One sequencing unit: a lane or library of a sample.

    Attributes
    ----------
    fastq_1, fastq_2 : paths of reads; fastq_2 only for paired reads.
    alignment : path of a BAM or CRAM, instead of reads.
    metadata : the free columns of the sheet.
    row : row of the sheet, from 1.
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
    def is_paired(self) -> bool:
        return self.fastq_2 is not None


@dataclass(frozen=True)
class SheetRow:
    """A row of the sheet: its number from 1, and column → value of the filled fields, with expanded paths."""

    number: int
    values: dict[str, str]


def read_sample_sheet(path: str | Path, results: str, calls: bool = False, tables: bool = False) -> list[Unit]:
    """Read a sample sheet; ${results} and ${VARIABLE} in paths are expanded.

    Parameters
    ----------
    path : of the sheet.
    results : results folder of the project.
    calls : whether the project starts from a VCF; rows may then have neither reads nor alignment.
    tables : whether the project has matrices; rows may then also lack an assay and hold metadata only.

    Raises
    ------
    InputError with one line per fault: file, row, column, and what would be right.
    """
    sheet = str(path)
    header, fields = _read_fields(Path(path), tables)
    rows, faults = _parse_rows(header, fields, results)
    for row in rows:
        faults += [(row.number, fault) for fault in _check_row(row, calls, tables)]
    faults += _check_sheet(rows)
    if not rows and not faults:
        raise InputError(f"{sheet}: has a header but no rows; add one row per sequencing unit")
    if faults:
        raise InputError(f"{sheet}, row {number}, {fault}" for number, fault in sorted(faults, key=lambda f: f[0]))
    return [_make_unit(row) for row in rows]


def read_sample_metadata(path: str | Path, results: str) -> dict[str, dict[str, str]]:
    """Read sample → metadata (column → value) from the sheet of a project with tables, without unit columns."""
    metadata: dict[str, dict[str, str]] = {}
    for unit in read_sample_sheet(path, results, tables=True):
        metadata.setdefault(unit.sample, {k: v for k, v in unit.metadata.items() if k.lower() not in UNIT_COLUMNS})
    return metadata


def _read_fields(path: Path, tables: bool) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Read the header, and number and fields of each row. Raises InputError if the columns are unclear."""
    lines = [(i, line) for i, line in enumerate(_read_lines(path), start=1) if line.strip() and not line.startswith("#")]
    if not lines:
        raise InputError(f"{path}: is empty; a header with {', '.join(COLUMNS[:5])} and one row per sequencing unit are needed")
    (number, first), *body = lines
    if "\t" not in first:
        for separator, separator_name in SEPARATORS.items():
            if len(first.split(separator)) > 1:
                remedy = f"tr '{separator}' '\\t' < {path} > {path.with_suffix('.tsv').name}"
                if separator == " ":
                    remedy = f"sed -E 's/ +/\\t/g' {path} > tabs.tsv"
                raise InputError(
                    f"{path}, row {number}: columns are separated by {separator_name}; the sheet needs tabs. Convert it with: {remedy}"
                )
    header = [name.strip() for name in _split_line(first)]
    faults = _check_header(header, tables)
    if faults:
        raise InputError(f"{path}, row {number}, {fault}" for fault in faults)
    return header, [(i, _split_line(line)) for i, line in body]


def _read_lines(path: Path) -> list[str]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        closest = find_closest(path.name, [p.name for p in path.parent.glob("*") if p.is_file()] if path.parent.is_dir() else [])
        hint = "" if path.is_absolute() else f" (relative paths start at {Path.cwd()}, not at the config file)"
        raise InputError(
            f"{path}: this sample sheet does not exist{hint}" + (f"; did you mean {path.parent / closest}?" if closest else "")
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


def _split_line(line: str) -> list[str]:
    return next(csv.reader([line], delimiter="\t"))


def _check_header(header: list[str], tables: bool) -> list[str]:
    faults = [f"column {i}: has no name" for i, name in enumerate(header, start=1) if not name]
    faults += [f"column {name}: occurs {n} times in the header" for name, n in Counter(header).items() if n > 1 and name]
    free = [name for name in header if name not in COLUMNS and name]
    for name in free:
        closest = find_closest(name, [c for c in COLUMNS if c not in header], cutoff=0.8)
        if closest:
            faults.append(f"column {name}: unknown; did you mean {closest!r}?")
            header = [*header, closest]
    for name in REQUIRED:
        if name not in header and not (tables and name == "assay"):
            closest = find_closest(name, free, cutoff=0.4)
            faults.append(
                f"column {name}: is missing from the header"
                + (f"; is it the column {closest!r}?" if closest else f" ({', '.join(header)})")
            )
    return faults


def _parse_rows(
    header: list[str], fields: list[tuple[int, list[str]]], results: str
) -> tuple[list[SheetRow], list[tuple[int, str]]]:
    """Rows whose fields match the header, and (row, fault) for all that do not."""
    rows, faults = [], []
    for number, values in fields:
        values = [value.strip() for value in values]
        if not any(values):
            continue
        if len(values) != len(header):
            faults.append((number, _describe_misfit(values, header)))
            continue
        filled = {k: expand_variables(v, results) if k in FILES else v for k, v in zip(header, values, strict=True) if v}
        rows.append(SheetRow(number, filled))
    return rows, faults


def _describe_misfit(values: list[str], header: list[str]) -> str:
    count = f"{len(values)} field{'s' * (len(values) != 1)} but the header has {len(header)} columns"
    for separator, separator_name in SEPARATORS.items():
        if len(values) < len(header) and any(separator in value for value in values):
            return f"column {len(values)}: the row has {count}; {separator_name} are used where tabs are needed"
    last = (
        f"the last is {values[-1]!r}"
        if len(values) > len(header)
        else f"values are missing for {', '.join(header[len(values) :])}"
    )
    return f"column {min(len(values), len(header)) + 1}: the row has {count}; {last}. Leave unused fields empty, with their tabs"


def _check_row(row: SheetRow, calls: bool, tables: bool) -> list[str]:
    """Faults of a single row."""
    values = row.values
    faults = []
    for column in ("sample", "unit"):
        value = values.get(column)
        if value is None and column in REQUIRED:
            faults.append(f"column {column}: is empty; a name is needed")
        elif value is not None and not NAME.fullmatch(value):
            suggestion = re.sub(r"[^A-Za-z0-9_.-]+", "_", value).strip("_.-") or "name"
            faults.append(
                f"column {column}: {value!r} is not a name of letters, digits, '_', '.', '-' that starts with a letter or digit; write {suggestion!r}"
            )
    faults += [] if tables and not {"assay", *FILES} & set(values) else _check_assay(values)
    faults += _check_strandedness(values)
    for column in FILES:
        faults += [f"column {column}: {fault}" for fault in _check_path(column, values.get(column, ""))]
    if "fastq_2" in values and "fastq_1" not in values:
        faults.append("column fastq_2: second mates without first mates; fill fastq_1 (single-end reads belong in fastq_1)")
    kinds = [column for column in ("fastq_1", "bam", "cram") if column in values]
    if len(kinds) > 1:
        faults.append(
            f"column {kinds[1]}: the row has {' and '.join(kinds)}; a unit has either reads or one alignment, keep one of them"
        )
    if not kinds and "fastq_2" not in values and not calls and not tables:
        faults.append(
            "column fastq_1: the row has neither reads (fastq_1) nor an alignment (bam, cram), and the config has neither variants.vcf nor tables"
        )
    return faults


def _check_assay(values: dict[str, str]) -> list[str]:
    assay = values.get("assay")
    if assay is None:
        return [f"column assay: is empty; one of {', '.join(ASSAYS)} is needed"]
    if assay in ASSAYS:
        return []
    closest = find_closest(assay, ASSAYS, cutoff=0.4)
    return [f"column assay: {assay!r} is not one of {', '.join(ASSAYS)}" + (f"; did you mean {closest!r}?" if closest else "")]


def _check_strandedness(values: dict[str, str]) -> list[str]:
    """Faults of the column `strandedness`, which applies to RNA only."""
    claim = values.get("strandedness", "auto")
    if values.get("assay") != "rna" or claim in STRANDEDNESS:
        return []
    closest = find_closest(claim, STRANDEDNESS, cutoff=0.5)
    hint = f"; did you mean {closest!r}?" if closest else " (dUTP and TruSeq stranded kits are reverse)"
    return [f"column strandedness: {claim!r} is not one of {', '.join(STRANDEDNESS)}{hint}"]


def _check_path(column: str, path: str) -> list[str]:
    if not path:
        return []
    faults = describe_unset_variables(path)
    kind = next((kind for kind in ("bam", "cram") if path.lower().endswith(f".{kind}")), None)
    if kind and kind != column:
        faults.append(f"{path!r} is a {kind.upper()}; move it to column {kind}")
    if column in ("bam", "cram") and kind is None:
        faults.append(f"{path!r} does not end in .{column}")
    if not describe_unset_variables(path) and ("{" in path or "}" in path):
        faults.append(f"{path!r} contains braces, which are not allowed in a workflow's file names; rename the file")
    return faults


def _check_sheet(rows: list[SheetRow]) -> list[tuple[int, str]]:
    """(row, fault) of all faults that involve several rows."""
    faults: list[tuple[int, str]] = []
    units: dict[tuple[str, str], int] = {}
    files: dict[str, tuple[int, str]] = {}
    firsts: dict[tuple[str, str], tuple[int, str]] = {}
    for row in rows:
        sample = row.values.get("sample", "")
        key = (sample, row.values.get("unit", "1"))
        if sample and key in units:
            faults.append(
                (
                    row.number,
                    f"column unit: sample {key[0]!r}, unit {key[1]!r} is already in row {units[key]}; give each unit of a sample a unique name",
                )
            )
        units.setdefault(key, row.number)
        for column in FILES:
            if column in row.values:
                faults += _check_reuse(row, column, files)
        if sample:
            faults += _check_consistency(row, sample, firsts)
    return faults


def _check_reuse(row: SheetRow, column: str, files: dict[str, tuple[int, str]]) -> list[tuple[int, str]]:
    """Fault of a file (links resolved) that an earlier row already uses."""
    real_path = os.path.realpath(row.values[column])
    if real_path not in files:
        files[real_path] = (row.number, column)
        return []
    number, earlier_column = files[real_path]
    return [
        (
            row.number,
            f"column {column}: {row.values[column]!r} is used in row {number}, column {earlier_column}; each file belongs to one unit",
        )
    ]


def _check_consistency(row: SheetRow, sample: str, firsts: dict[tuple[str, str], tuple[int, str]]) -> list[tuple[int, str]]:
    """Faults of values that must be equal in all units of a sample but differ."""
    kind = "an alignment" if {"bam", "cram"} & set(row.values) else "reads"
    facts = {"assay": row.values.get("assay", ""), "fastq_1": kind}
    if facts["assay"] == "rna" and kind == "reads":
        facts["fastq_2"] = "pairs" if "fastq_2" in row.values else "single-end reads"
    facts |= {k: v for k, v in row.values.items() if k not in COLUMNS and k.lower() not in UNIT_COLUMNS}
    faults = []
    for column, value in facts.items():
        number, first = firsts.setdefault((sample, column), (row.number, value))
        if value == first:
            continue
        if column == "fastq_1":
            fault = f"sample {sample!r} has {value} here and {first} in row {number}; a sample has either reads or alignments"
        elif column == "fastq_2":
            fault = f"sample {sample!r} has {value} here and {first} in row {number}; RNA is counted by pairs or by single reads; make them two samples"
        elif column == "assay":
            fault = f"sample {sample!r} is {value!r} here and {first!r} in row {number}; make them two samples of one donor"
        else:
            fault = f"sample {sample!r} has {value!r} here and {first!r} in row {number}; units of one sample must agree"
        faults.append((row.number, f"column {column}: {fault}"))
    return faults


def _make_unit(row: SheetRow) -> Unit:
    values = row.values
    return Unit(
        sample=values["sample"],
        unit=values.get("unit") or "1",
        assay=values.get("assay", ""),
        fastq_1=values.get("fastq_1"),
        fastq_2=values.get("fastq_2"),
        alignment=values.get("bam") or values.get("cram"),
        metadata={k: v for k, v in values.items() if k not in COLUMNS},
        row=row.number,
    )
