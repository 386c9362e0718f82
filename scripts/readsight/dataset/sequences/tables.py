"""Read sequences of tables: delimited text, or parquet. Text with the standard library alone."""

from collections.abc import Sequence

from readsight.dataset.sequences import alphabet, loci
from readsight.dataset.sequences.format_detection import PARQUET, data, separator, split
from readsight.dataset.sequences.records import Faults, Records, mostly_ambiguous
from readsight.errors import InputError
from readsight.text import nearest

SEQUENCE, NAME = "sequence", "name"
# Columns of a place, by the names that they bear in tables.
PLACE = {"chrom": ("chrom", "chr", "chromosome"), "start": ("start",), "end": ("end", "stop"), "strand": ("strand",)}


def read(path: str, kind: str, columns: Sequence[str] = (), limit: int | None = None) -> Records:
    """All rows of a table that has a column `sequence`.

    kind: as `format_detection.kind` told it. columns: names where the table has no header. limit: as of FASTA. Raises InputError,
    with row and column, for rows of another length, and for what is no DNA.
    """
    head, rows, whole = _parquet(path) if kind == PARQUET else _text(path, columns, limit)
    plain = [name.strip().lower() for name in head]
    if SEQUENCE not in plain:
        near = nearest(SEQUENCE, head, cutoff=0.4)
        hint = f"did you mean {near!r}? " if near else ""
        raise InputError(
            f"{path}: has no column 'sequence' ({', '.join(head[:8])}); {hint}Name columns of a table without a header in "
            "sequences.columns; regions and variants are read from BED and VCF"
        )
    found, faults = Records(path, whole=whole), Faults(path)
    place = plain.index(SEQUENCE)
    for number, values in rows:
        sequence = values[place].encode(errors="replace").translate(None, alphabet.BLANKS)
        if wrong := alphabet.fault(sequence):
            at = alphabet.first_odd(sequence)
            where = "" if at is None else f" (base {at + 1})"
            faults.note(" ".join(wrong.split()[:3]).rstrip(",;"), number, f"the sequence {wrong}{where}", head[place])
        found.sequences.append(sequence)
        found.rows.append(number)
    if not rows:
        faults.note("empty", 1, "has no rows; a row an example is needed")
    if not faults and mostly_ambiguous(found.sequences):
        faults.note("protein", found.rows[0], "its letters are mostly no bases: it looks like a table of proteins; DNA is needed")
    if faults:
        raise InputError(faults)
    found.said = {name: [values[i] for _, values in rows] for i, name in enumerate(head) if i != place}
    found.names = _names(path, found, plain, head)
    found.loci = _loci(found)
    return found


def _text(path: str, columns: Sequence[str], limit: int | None) -> tuple[list[str], list[tuple[int, list[str]]], bool]:
    """Header, and (row, fields) of each row. Raises InputError for rows of another number of fields."""
    content, whole = data(path, limit)
    lines = content.decode("utf-8", errors="replace").split("\n")
    told = [
        (i, line) for i, line in enumerate(lines if whole else lines[:-1], start=1) if line.strip() and not line.startswith("#")
    ]
    if not told:
        raise InputError(f"{path}: has no rows; a header and a row an example are needed")
    delimiter = separator(told[0][1])
    head = list(columns) or split(told[0][1], delimiter)
    twice = [name for name in dict.fromkeys(head) if head.count(name) > 1]
    if twice:
        raise InputError(f"{path}: column {twice[0]!r} stands more than once in the header")
    rows = [(i, split(line, delimiter)) for i, line in (told if columns else told[1:])]
    faults = Faults(path)
    named = "sequences.columns names" if columns else "the header names"
    for number, values in rows:
        if len(values) != len(head):
            faults.note("fields", number, f"has {len(values)} fields, but {named} {len(head)} columns")
    if faults:
        raise InputError(faults)
    return head, rows, whole


def _parquet(path: str) -> tuple[list[str], list[tuple[int, list[str]]], bool]:
    """As `_text`; missing values are empty text."""
    import pandas as pd

    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as parquet: {error}") from None
    text = table.astype(object).where(table.notna(), "").map(_written)
    return (
        [str(name) for name in table.columns],
        [(i, list(row)) for i, row in enumerate(text.itertuples(index=False), start=1)],
        True,
    )


def _written(value: object) -> str:
    """A value as a table of text would have it: 1.0 of a column with gaps as 1."""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value).strip()


def _names(path: str, found: Records, plain: list[str], head: list[str]) -> list[str]:
    """The column `name`, or the number of the row behind the file's own name; as well where a name is empty."""
    given = found.said[head[plain.index(NAME)]] if NAME in plain else [""] * len(found)
    stem = path.rsplit("/", 1)[-1].split(".")[0]
    return [name or f"{stem}.{number}" for name, number in zip(given, found.rows, strict=True)]


def _loci(found: Records) -> list[loci.Locus]:
    """Places by columns, where there are such; else by the names."""
    lower = {column.lower(): column for column in found.said}
    own = {key: next((lower[name] for name in names if name in lower), None) for key, names in PLACE.items()}
    if not (own["chrom"] and own["start"] and own["end"]):
        return [loci.of_name(name, "", len(seq)) for name, seq in zip(found.names, found.sequences, strict=True)]
    strands = found.said[own["strand"]] if own["strand"] else ["."] * len(found)
    columns = [found.said[own[key]] for key in ("chrom", "start", "end")]
    return [loci.of_fields(*fields, len(sequence)) for *fields, sequence in zip(*columns, strands, found.sequences, strict=True)]
