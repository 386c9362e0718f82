"""Reader of sequences in tables: delimited text (standard library only) or parquet."""

from collections.abc import Sequence

from readsight.dataset.sequences import alphabet, loci
from readsight.dataset.sequences.format_detection import PARQUET, detect_separator, read_bytes, split_line
from readsight.dataset.sequences.records import FileFaults, Records, is_mostly_ambiguous
from readsight.errors import InputError
from readsight.text import find_closest

SEQUENCE, NAME = "sequence", "name"
# Columns of a locus, and their accepted names.
PLACE = {"chrom": ("chrom", "chr", "chromosome"), "start": ("start",), "end": ("end", "stop"), "strand": ("strand",)}


def read_table(path: str, kind: str, columns: Sequence[str] = (), limit: int | None = None) -> Records:
    """All rows of a table with a column `sequence`.

    Parameters
    ----------
    kind : from `format_detection.detect_format`.
    columns : column names of a table without a header.
    limit : as in `fasta_reader.read_fasta`.

    Raises
    ------
    InputError, with row and column, for rows of wrong length and for invalid DNA.
    """
    head, rows, is_complete = _read_parquet(path) if kind == PARQUET else _read_text(path, columns, limit)
    plain = [name.strip().lower() for name in head]
    if SEQUENCE not in plain:
        closest = find_closest(SEQUENCE, head, cutoff=0.4)
        hint = f"did you mean {closest!r}? " if closest else ""
        raise InputError(
            f"{path}: has no column 'sequence' ({', '.join(head[:8])}); {hint}Name columns of a table without a header in "
            "sequences.columns; regions and variants are read from BED and VCF"
        )
    records, faults = Records(path, is_complete=is_complete), FileFaults(path)
    sequence_column = plain.index(SEQUENCE)
    for number, values in rows:
        sequence = values[sequence_column].encode(errors="replace").translate(None, alphabet.BLANKS)
        if fault := alphabet.describe_fault(sequence):
            position = alphabet.find_first_odd(sequence)
            location = "" if position is None else f" (base {position + 1})"
            faults.add(" ".join(fault.split()[:3]).rstrip(",;"), number, f"the sequence {fault}{location}", head[sequence_column])
        records.sequences.append(sequence)
        records.rows.append(number)
    if not rows:
        faults.add("empty", 1, "has no rows; one row per example is required")
    if not faults and is_mostly_ambiguous(records.sequences):
        faults.add("protein", records.rows[0], "most letters are not bases: this looks like a table of proteins; DNA is required")
    if faults:
        raise InputError(faults)
    records.columns = {name: [values[i] for _, values in rows] for i, name in enumerate(head) if i != sequence_column}
    records.names = _name_rows(path, records, plain, head)
    records.loci = _parse_loci(records)
    return records


def _read_text(path: str, columns: Sequence[str], limit: int | None) -> tuple[list[str], list[tuple[int, list[str]]], bool]:
    """Header, (row, fields) of each row, and whether the file was read completely. Raises InputError for rows of wrong length."""
    content, is_complete = read_bytes(path, limit)
    lines = content.decode("utf-8", errors="replace").split("\n")
    data_lines = [
        (i, line)
        for i, line in enumerate(lines if is_complete else lines[:-1], start=1)
        if line.strip() and not line.startswith("#")
    ]
    if not data_lines:
        raise InputError(f"{path}: has no rows; a header and one row per example are required")
    delimiter = detect_separator(data_lines[0][1])
    head = list(columns) or split_line(data_lines[0][1], delimiter)
    duplicates = [name for name in dict.fromkeys(head) if head.count(name) > 1]
    if duplicates:
        raise InputError(f"{path}: column {duplicates[0]!r} occurs more than once in the header")
    rows = [(i, split_line(line, delimiter)) for i, line in (data_lines if columns else data_lines[1:])]
    faults = FileFaults(path)
    name_source = "sequences.columns names" if columns else "the header names"
    for number, values in rows:
        if len(values) != len(head):
            faults.add("fields", number, f"has {len(values)} fields, but {name_source} {len(head)} columns")
    if faults:
        raise InputError(faults)
    return head, rows, is_complete


def _read_parquet(path: str) -> tuple[list[str], list[tuple[int, list[str]]], bool]:
    """As `_read_text`; missing values become empty text."""
    import pandas as pd

    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as parquet: {error}") from None
    text = table.astype(object).where(table.notna(), "").map(_format_value)
    return (
        [str(name) for name in table.columns],
        [(i, list(row)) for i, row in enumerate(text.itertuples(index=False), start=1)],
        True,
    )


def _format_value(value: object) -> str:
    """A value as in a text table: 1.0 (from an integer column with gaps) becomes 1."""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value).strip()


def _name_rows(path: str, records: Records, plain: list[str], head: list[str]) -> list[str]:
    """Values of column `name`; empty ones are replaced by the file's stem and the row number."""
    names = records.columns[head[plain.index(NAME)]] if NAME in plain else [""] * len(records)
    stem = path.rsplit("/", 1)[-1].split(".")[0]
    return [name or f"{stem}.{number}" for name, number in zip(names, records.rows, strict=True)]


def _parse_loci(records: Records) -> list[loci.Locus]:
    """Loci from columns if there are such, otherwise from names."""
    lower = {column.lower(): column for column in records.columns}
    locus_columns = {key: next((lower[name] for name in names if name in lower), None) for key, names in PLACE.items()}
    if not (locus_columns["chrom"] and locus_columns["start"] and locus_columns["end"]):
        return [loci.parse_locus_name(name, "", len(seq)) for name, seq in zip(records.names, records.sequences, strict=True)]
    strands = records.columns[locus_columns["strand"]] if locus_columns["strand"] else ["."] * len(records)
    columns = [records.columns[locus_columns[key]] for key in ("chrom", "start", "end")]
    return [
        loci.parse_locus_fields(*fields, len(sequence))
        for *fields, sequence in zip(*columns, strands, records.sequences, strict=True)
    ]
