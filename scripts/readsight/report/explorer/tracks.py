"""Annotations of the windows of a page: motif hits, and variants with predicted effects."""

import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as parquet

from readsight.errors import InputError
from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.report.explorer.examples import round_numbers

HIT_COLUMNS = ("example", "start", "end", "strand", "motif", "score", "contribution")
MOTIF_COLUMNS = ("head", "towards", "consensus", "seqlets", "match", "q")  # columns of the motif table shown on the page
VARIANT_COLUMNS = ("chrom", "pos", "ref", "alt")
LABELS = {1: "known functional", 0: "known neutral"}
MAX_PER_EXAMPLE = 80  # hits, and variants, per example
BATCH_ROWS = 200_000  # variants per batch
MAX_ALLELE_LETTERS = 24  # displayed letters of an allele


def read_hits(path: Path | None, names: list[str]) -> dict[int, list[list[Any]]]:
    """Motif hits: example index → [start, end, strand, motif, score, contribution, contributing].

    path: table with the columns of HIT_COLUMNS, 0-based half-open (for pairs through both windows); may be absent or empty.
    The hits of largest contribution are kept per example. Raises InputError if a column is missing.
    """
    table = read_table(path)
    if table is None or not len(table):
        return {}
    missing = [name for name in HIT_COLUMNS if name not in table]
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}; columns are {', '.join(HIT_COLUMNS)}")
    index = {name: i for i, name in enumerate(names)}
    table = table[table["example"].isin(index)]
    table = table.assign(contributing=pd.to_numeric(table["contributing"]).astype(int) if "contributing" in table else 1)
    size = pd.to_numeric(table["contribution"], errors="coerce").abs().fillna(0)
    order = table.assign(size=size).sort_values(["contributing", "size"], ascending=False, kind="stable")
    hits_by_example: dict[int, list[list[Any]]] = {}
    for example, example_hits in order.groupby("example", sort=False):
        example_hits = example_hits.head(MAX_PER_EXAMPLE).sort_values(["start", "end"], kind="stable")
        columns = [
            example_hits["start"].astype(int).tolist(),
            example_hits["end"].astype(int).tolist(),
            example_hits["strand"].tolist(),
            example_hits["motif"].tolist(),
        ]
        columns += [
            round_numbers(pd.to_numeric(example_hits[name], errors="coerce").to_numpy()) for name in ("score", "contribution")
        ]
        hits_by_example[index[example]] = [list(row) for row in zip(*columns, example_hits["contributing"].tolist(), strict=True)]
    return dict(sorted(hits_by_example.items()))


def read_table(path: Path | None) -> pd.DataFrame | None:
    """A table with a header, also gzipped; None if there is no file or it is empty. Identifiers stay text."""
    if path is None or not path.exists() or not path.stat().st_size:
        return None
    with gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb") as handle:
        if not handle.read(1):
            return None
    text = {"example": str, "motif": str, "head": str, "strand": str, "match": str}
    return pd.read_csv(
        path, sep="\t", dtype=text, keep_default_na=False, na_values={name: [""] for name in ("score", "contribution", "q")}
    )


def read_motifs(path: Path | None, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Rows of the motif table for the given names: name → column of MOTIF_COLUMNS → text, without empty values."""
    table = read_table(path)
    if table is None or "motif" not in table:
        return {}
    rows = table[table["motif"].isin(set(names))].to_dict("records")
    return {
        row["motif"]: {name: format_cell(row[name]) for name in MOTIF_COLUMNS if name in row and format_cell(row[name])}
        for row in rows
    }


def format_cell(value: Any) -> str:
    """A cell as text: numbers with three digits, "" for NaN."""
    if isinstance(value, float):
        return f"{value:.3g}" if np.isfinite(value) else ""
    return str(value)


def read_variants(paths: list[Path], attributions: Attributions) -> dict[int, list[list[Any]]]:
    """Variants in the windows: example index → [set, start, end, position, ref, alt, effect on each head, label text].

    paths: tables of `interpret_variants`; the set is the file name. start, end: in the orientation of the window, 0-based
    half-open. position: from 1. Variants with the largest effects are kept. Windows without coordinates have none.
    """
    windows = find_windows(attributions)
    by_example: dict[int, list[list[Any]]] = {}
    for path in paths if windows else []:
        for chunk in iterate_variants(path, attributions.heads):
            for row, site in place_variants(chunk, windows):
                by_example.setdefault(row, []).append([path.stem, *site])
    return {i: sorted(select_largest(rows), key=lambda r: r[1]) for i, rows in sorted(by_example.items())}


def select_largest(rows: list[list[Any]]) -> list[list[Any]]:
    return sorted(rows, key=lambda row: -max(abs(v or 0) for v in row[6]))[:MAX_PER_EXAMPLE]


def find_windows(attributions: Attributions) -> dict[str, pd.DataFrame]:
    """Contig → its windows: row, start, end, turned."""
    if "chrom" not in attributions.metadata:
        return {}
    table = pd.DataFrame({name: attributions.metadata[name] for name in ("chrom", "start", "end", "strand")})
    table = table.assign(row=np.arange(len(table)), turned=table["strand"] == "-")
    table = table[(table["chrom"] != "") & (table["start"] >= 0)]
    return {str(chrom): contig_windows for chrom, contig_windows in table.groupby("chrom")}


def iterate_variants(path: Path, heads: list[str]) -> Iterable[pd.DataFrame]:
    """Variants of a set in batches: VARIANT_COLUMNS, `effect` (one value per head) and `label_text`.

    Raises InputError if a column is missing.
    """
    file = parquet.ParquetFile(path)
    names = file.schema_arrow.names
    changes = [name for name in names if name.startswith("delta.")]
    missing = [name for name in VARIANT_COLUMNS if name not in names] + ["delta.…"] * (not changes)
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}; tables of interpret_variants have them")
    label = ["label"] * ("label" in names)
    for batch in file.iter_batches(BATCH_ROWS, columns=[*VARIANT_COLUMNS, *changes, *label]):
        table = batch.to_pandas()
        label_text = table["label"].map(LABELS).fillna("") if label else ""
        yield table[list(VARIANT_COLUMNS)].assign(effect=list(compute_effects(table[changes], heads)), label_text=label_text)


def compute_effects(table: pd.DataFrame, heads: list[str]) -> np.ndarray:
    """Effect of each variant on each head, (n, heads); for gained and lost sites the larger one, losses negative.

    table: columns `delta.{track}`. A head without a track gets the largest change of all tracks; NaN if there is none.
    """
    columns = []
    for head in heads:
        signs = {f"delta.{head}": 1, f"delta.{head}_gain": 1, f"delta.{head}_loss": -1}
        signs = {name: sign for name, sign in signs.items() if name in table} or dict.fromkeys(table.columns, 1)
        change = table[list(signs)].to_numpy(float) * list(signs.values())
        strongest = np.nan_to_num(np.abs(change), nan=-1).argmax(axis=1)
        columns.append(change[np.arange(len(change)), strongest])
    return np.stack(columns, axis=1)


def place_variants(table: pd.DataFrame, windows: dict[str, pd.DataFrame]) -> Iterable[tuple[int, list[Any]]]:
    """Variants inside windows: row of the window, and the values of `read_variants` from `start` on."""
    for chrom, contig_variants in table.groupby(table["chrom"].astype(str), sort=False):
        contig_variants = contig_variants.sort_values("pos", kind="stable")
        first = contig_variants["pos"].to_numpy(int) - 1
        for window in windows.get(str(chrom), pd.DataFrame()).itertuples():
            low, high = np.searchsorted(first, [window.start, window.end])
            for site in contig_variants.iloc[low:high].itertuples():
                begin = site.pos - 1 - window.start
                end = min(begin + len(site.ref), window.end - window.start)
                if window.turned:
                    begin, end = (window.end - window.start - position for position in (end, begin))
                yield (
                    window.row,
                    [
                        int(begin),
                        int(end),
                        int(site.pos),
                        shorten_allele(site.ref),
                        shorten_allele(site.alt),
                        round_numbers(site.effect),
                        site.label_text,
                    ],
                )


def shorten_allele(allele: str) -> str:
    return allele if len(allele) <= MAX_ALLELE_LETTERS else f"{allele[: MAX_ALLELE_LETTERS - 1]}… ({len(allele)})"
