"""What lies along the windows of a page: hits of motifs, and variants with their predicted effects."""

import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as parquet

from readsight.errors import InputError
from readsight.explaining.file import Attributions
from readsight.explorer.rows import numbers

HITS = ("example", "start", "end", "strand", "motif", "score", "contribution")
SITES = ("chrom", "position", "ref", "alt", "score")
MORE = ("label", "id")  # of variants, where a set has them
MOST = 80  # hits, and variants, that are kept of an example
ROWS = 200_000  # variants read at once
LONG = 24  # letters of an allele that are shown


def hits(path: Path | None, names: list[str]) -> dict[int, list[list[Any]]]:
    """Hits of motifs: example's place → [start, end, strand, motif, score, contribution], those of largest contribution first kept.

    path: table with the columns of HITS, places 0-based half-open along the sequence; absent or empty: no hits. Raises
    InputError where a column is missing.
    """
    table = tabular(path)
    if table is None or not len(table):
        return {}
    missing = [name for name in HITS if name not in table]
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}; columns are {', '.join(HITS)}")
    place = {name: i for i, name in enumerate(names)}
    table = table[table["example"].isin(place)]
    size = pd.to_numeric(table["contribution"], errors="coerce").abs().fillna(0)
    table = table.assign(size=size).sort_values("size", ascending=False, kind="stable").groupby("example", sort=False).head(MOST)
    found: dict[int, list[list[Any]]] = {}
    for example, own in table.groupby("example", sort=False):
        own = own.sort_values(["start", "end"], kind="stable")
        columns = [own["start"].astype(int), own["end"].astype(int), own["strand"], own["motif"]]
        worth = [numbers(pd.to_numeric(own[name], errors="coerce").to_numpy()) for name in ("score", "contribution")]
        found[place[example]] = [list(row) for row in zip(*(list(c) for c in columns), *worth, strict=True)]
    return found


def tabular(path: Path | None) -> pd.DataFrame | None:
    """A table with a head, gzip too; None where there is no file or nothing in it. Ids stay text."""
    if path is None or not path.exists() or not path.stat().st_size:
        return None
    with gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb") as handle:
        if not handle.read(1):
            return None
    text = {"example": str, "motif": str, "pattern": str, "strand": str}
    return pd.read_csv(path, sep="\t", dtype=text, keep_default_na=False, na_values={"score": [""], "contribution": [""]})


def motifs(path: Path | None, named: Iterable[str]) -> dict[str, dict[str, str]]:
    """What the table of motifs says of those that are named: the first column's name → column → value, empty ones left out."""
    table = tabular(path)
    if table is None or not len(table):
        return {}
    key, wanted = table.columns[0], set(named)
    rows = table[table[key].astype(str).isin(wanted)].to_dict("records")
    return {str(row[key]): {str(k): brief(v) for k, v in row.items() if k != key and brief(v)} for row in rows}


def brief(value: Any) -> str:
    """A cell as text: numbers of three digits, nothing for NaN."""
    if isinstance(value, float):
        return f"{value:.3g}" if np.isfinite(value) else ""
    return str(value)


def variants(paths: list[Path], held: Attributions) -> dict[int, list[list[Any]]]:
    """Variants in the windows: example's place → [set, start, end, position, ref, alt, score, label], those of largest effect kept.

    paths: tables with the columns of SITES, position 1-based; a set is called as its file. start, end: place along the window as it
    reads, 0-based half-open; of a window on the other strand counted from its end. Windows without coordinates have none.
    """
    ends = reach(held)
    found: dict[int, list[list[Any]]] = {}
    for path in paths if ends else []:
        for own in rows_of(path):
            for row, site in inside(own, ends):
                found.setdefault(row, []).append([path.stem, *site])
    return {i: sorted(largest(rows), key=lambda r: r[1]) for i, rows in sorted(found.items())}


def largest(rows: list[list[Any]]) -> list[list[Any]]:
    return sorted(rows, key=lambda row: -abs(row[6] or 0))[:MOST]


def reach(held: Attributions) -> dict[str, pd.DataFrame]:
    """Contig → windows on it, by start: row, start, end, turned."""
    if "chrom" not in held.rows:
        return {}
    table = pd.DataFrame({name: held.rows[name] for name in ("chrom", "start", "end", "strand")})
    table = table.assign(row=np.arange(len(table)), turned=table["strand"] == "-")
    table = table[(table["chrom"] != "") & (table["start"] >= 0)]
    return {str(chrom): own.sort_values("start") for chrom, own in table.groupby("chrom")}


def rows_of(path: Path) -> Iterable[pd.DataFrame]:
    """A set's variants, some at a time. Raises InputError where a column is missing."""
    file = parquet.ParquetFile(path)
    names = file.schema_arrow.names
    missing = [name for name in SITES if name not in names]
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}; columns are {', '.join(SITES)}")
    columns = [*SITES, *(name for name in MORE if name in names)]
    for batch in file.iter_batches(ROWS, columns=columns):
        yield batch.to_pandas()


def inside(table: pd.DataFrame, windows: dict[str, pd.DataFrame]) -> Iterable[tuple[int, list[Any]]]:
    """Variants that lie in windows: window's row, and what `variants` says from start on."""
    for chrom, own in table.groupby(table["chrom"].astype(str), sort=False):
        own = own.sort_values("position")
        first = own["position"].to_numpy(int) - 1
        for window in windows.get(str(chrom), pd.DataFrame()).itertuples():
            low, high = np.searchsorted(first, [window.start, window.end])
            for site in own.iloc[low:high].itertuples():
                begin = site.position - 1 - window.start
                end = min(begin + len(site.ref), window.end - window.start)
                if window.turned:
                    begin, end = (window.end - window.start - place for place in (end, begin))
                label = getattr(site, "label", None)
                said = "" if label is None or label != label else str(label)
                score = numbers(np.array([site.score]))[0]
                yield window.row, [begin, end, int(site.position), cut(site.ref), cut(site.alt), score, said]


def cut(allele: str) -> str:
    return allele if len(allele) <= LONG else f"{allele[: LONG - 1]}… ({len(allele)})"
