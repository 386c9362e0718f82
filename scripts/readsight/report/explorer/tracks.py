"""What lies along the windows of a page: hits of motifs, and variants with their predicted effects."""

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
MOTIF_COLUMNS = ("head", "towards", "consensus", "seqlets", "match", "q")  # columns of the table of motifs that are told
VARIANT_COLUMNS = ("chrom", "pos", "ref", "alt")
LABELS = {1: "known to act", 0: "known to do nothing"}
MAX_PER_EXAMPLE = 80  # hits, and variants, that are kept of an example
BATCH_ROWS = 200_000  # variants read at once
MAX_ALLELE_LETTERS = 24  # letters of an allele that are shown


def read_hits(path: Path | None, names: list[str]) -> dict[int, list[list[Any]]]:
    """Hits of motifs: example's place → [start, end, strand, motif, score, contribution, whether it contributes as its motif does].

    path: table with the columns of HITS, places 0-based half-open along the sequence (of pairs through both windows); absent or
    empty: no hits. Of an example those of largest contribution are kept. Raises InputError where a column is missing.
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
    """A table with a head, gzip too; None where there is no file or nothing in it. Ids stay text."""
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
    """What the table of motifs says of those that are names: name → column of TOLD → value in words, empty ones left out."""
    table = read_table(path)
    if table is None or "motif" not in table:
        return {}
    rows = table[table["motif"].isin(set(names))].to_dict("records")
    return {
        row["motif"]: {name: format_cell(row[name]) for name in MOTIF_COLUMNS if name in row and format_cell(row[name])}
        for row in rows
    }


def format_cell(value: Any) -> str:
    """A cell as text: numbers of three digits, nothing for NaN."""
    if isinstance(value, float):
        return f"{value:.3g}" if np.isfinite(value) else ""
    return str(value)


def read_variants(paths: list[Path], attributions: Attributions) -> dict[int, list[list[Any]]]:
    """Variants in the windows: example's place → [set, start, end, position, ref, alt, effect on each head, label in words].

    paths: tables of `interpret_variants`; a set is called as its file. start, end: place along the window as it reads, 0-based
    half-open; of a window on the other strand counted from its end. position: from 1. Those of largest effect are kept. Windows
    without coordinates have none.
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
    """Contig → windows on it: row, start, end, turned."""
    if "chrom" not in attributions.metadata:
        return {}
    table = pd.DataFrame({name: attributions.metadata[name] for name in ("chrom", "start", "end", "strand")})
    table = table.assign(row=np.arange(len(table)), turned=table["strand"] == "-")
    table = table[(table["chrom"] != "") & (table["start"] >= 0)]
    return {str(chrom): contig_windows for chrom, contig_windows in table.groupby("chrom")}


def iterate_variants(path: Path, heads: list[str]) -> Iterable[pd.DataFrame]:
    """A set's variants, some at a time: SITES, `effect` (a list a head) and `label_text` (what is known of it).

    Raises InputError where a column is missing.
    """
    file = parquet.ParquetFile(path)
    names = file.schema_arrow.names
    changes = [name for name in names if name.startswith("delta.")]
    missing = [name for name in VARIANT_COLUMNS if name not in names] + ["delta.…"] * (not changes)
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}; the tables that interpret_variants writes have them")
    label = ["label"] * ("label" in names)
    for batch in file.iter_batches(BATCH_ROWS, columns=[*VARIANT_COLUMNS, *changes, *label]):
        table = batch.to_pandas()
        label_text = table["label"].map(LABELS).fillna("") if label else ""
        yield table[list(VARIANT_COLUMNS)].assign(effect=list(compute_effects(table[changes], heads)), said=label_text)


def compute_effects(table: pd.DataFrame, heads: list[str]) -> np.ndarray:
    """What each variant does to each head, (n, heads); of sites that are gained and lost the larger, lost ones below 0.

    table: columns `delta.{track}`. A head that no track speaks of has the largest change of all tracks; NaN where there is none.
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
    """Variants that lie in windows: window's row, and what `read_variants` says from start on."""
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
                        site.said,
                    ],
                )


def shorten_allele(allele: str) -> str:
    return allele if len(allele) <= MAX_ALLELE_LETTERS else f"{allele[: MAX_ALLELE_LETTERS - 1]}… ({len(allele)})"
