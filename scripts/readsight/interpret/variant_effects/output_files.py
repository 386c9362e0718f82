"""Output files of effects: the VCF with added INFO keys, a table with one row per allele, and an AnnData."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pysam

from readsight.dataset.sequences.raw_examples import make_unique
from readsight.dataset.sequences.variant_windows import read_lines
from readsight.interpret.variant_effects.scoring import Effects
from readsight.interpret.variant_effects.variants import AlleleTable

PREFIX = "READSIGHT_"
CHUNK_ROWS = 65_536  # rows per chunk


def list_info_keys(effects: Effects) -> list[tuple[str, str, str]]:
    """INFO keys: (ID, type, description)."""
    rows = [("SCORE", "Float", "Ranking score of the allele: largest absolute change of any head")]
    if effects.has_sites:
        rows[0] = ("SCORE", "Float", "Ranking score of the allele: largest gain or loss of any site type")
    for track, name in zip(effects.tracks, _make_identifiers(effects.tracks), strict=True):
        name = name.upper() if effects.has_sites else name
        if effects.has_sites:
            site, change = track.rsplit("_", 1)
            rows.append(
                (name, "Float", f"Probability of a site ({site}) that is {'gained' if change == 'gain' else 'lost'}, 0 to 1")
            )
            rows.append((f"{name}_AT", "Integer", f"Position, from 1, of the base with the {name}"))
            rows.append((f"{name}_DISTANCE", "Integer", f"Bases from the first changed base to {name}_AT, negative to the left"))
        else:
            rows.append(
                (
                    f"DELTA_{name}",
                    "Float",
                    f"Alternative minus reference allele: explained output of {track} (log odds of a class)",
                )
            )
            rows.append((f"REF_{name}", "Float", f"Prediction of {track} with the reference allele, not calibrated"))
            rows.append((f"ALT_{name}", "Float", f"Prediction of {track} with the alternative allele, not calibrated"))
    rows.append(("STRAND", "String", "Strand of the windows, + or -; both: mean of both strands"))
    rows.append(("SEEN", "Integer", "1: windows of the allele overlap training windows, 0: they do not"))
    return [(PREFIX + name, kind, text) for name, kind, text in rows]


def _make_identifiers(tracks: list[str]) -> list[str]:
    """Names of letters, digits and _; duplicates are numbered."""
    names: list[str] = []
    for track in tracks:
        name = re.sub(r"\W+", "_", track, flags=re.ASCII).strip("_") or "head"
        same = sum(previous.rsplit("__", 1)[0] == name for previous in names)
        names.append(f"{name}__{same + 1}" if same else name)
    return names


def build_header(effects: Effects, description: dict[str, str]) -> list[str]:
    """Header lines of the VCF: each key, and a line that names the model."""
    source = ",".join(f'{key}="{value}"' for key, value in description.items())
    rows = [
        f'##INFO=<ID={name},Number=A,Type={kind},Description="{_quote(text)}">' for name, kind, text in list_info_keys(effects)
    ]
    return [f"##readsight_effects=<{source}>", *rows]


def _quote(text: str) -> str:
    return text.replace("\\", "/").replace('"', "'")


def format_values(variants: AlleleTable, effects: Effects, covered: np.ndarray) -> Iterator[list[str]]:
    """Text of all keys, in order, for each allele."""
    positions = None if effects.position is None else effects.position
    for i in range(len(variants)):
        cells = [f"{effects.score[i]:.6g}"]
        for t in range(len(effects.tracks)):
            if positions is None:
                cells += [f"{effects.delta[i, t]:.6g}", f"{effects.ref[i, t]:.6g}", f"{effects.alt[i, t]:.6g}"]
                continue
            is_named = positions[i, t] >= 0
            cells += [
                f"{effects.delta[i, t]:.4f}",
                str(positions[i, t] + 1) if is_named else ".",
                str(positions[i, t] - variants.start[i]) if is_named else ".",
            ]
        yield [*cells, "both" if effects.strand[i] == "." else str(effects.strand[i]), str(int(covered[i]))]


def write_vcf(out: Path, variants: AlleleTable, effects: Effects, covered: np.ndarray, description: dict[str, str]) -> None:
    """Write all records unchanged with the effects of their alleles in INFO, bgzipped and indexed.

    Alleles that were not scored have `.`. Unsorted records are sorted because the index requires it.
    """
    names = [name for name, _, _ in list_info_keys(effects)]
    known_keys = set(names)
    scored = zip(variants.row.tolist(), variants.allele.tolist(), format_values(variants, effects, covered), strict=True)
    following = next(scored, None)
    contig_order: dict[str, int] = {}
    last, ordered = (-1, -1), True
    named_contigs: set[str] = set()
    with pysam.BGZFile(str(out), "wb") as handle:
        for row, line in read_lines(variants.source):
            line = line.rstrip("\r\n")
            if line.startswith("#"):
                added_lines = _make_added_lines(line, named_contigs, variants, effects, description)
                handle.write(
                    "".join(f"{text}\n" for text in [*added_lines, *([] if _is_replaced(line, known_keys) else [line])]).encode()
                )
                continue
            fields = line.split("\t", 8)
            alleles: dict[int, list[str]] = {}
            while following is not None and following[0] == row:
                alleles[following[1]] = following[2]
                following = next(scored, None)
            fields[7] = merge_info(fields[7], names, known_keys, alleles, fields[4].count(",") + 1)
            position = (contig_order.setdefault(fields[0], len(contig_order)), int(fields[1]))
            ordered, last = ordered and position >= last, position
            handle.write(("\t".join(fields) + "\n").encode())
    if not ordered:
        _sort_vcf(Path(out))
    pysam.tabix_index(str(out), preset="vcf", force=True)


def _make_added_lines(
    line: str, named_contigs: set[str], variants: AlleleTable, effects: Effects, description: dict[str, str]
) -> list[str]:
    """Header lines inserted before this one: missing contigs and the keys, before #CHROM. named_contigs: updated."""
    if line.startswith("##contig=<ID="):
        named_contigs.add(line[13:].split(",")[0].rstrip(">"))
    if not line.startswith("#CHROM"):
        return []
    contigs = [
        f"##contig=<ID={name},length={size}>" for name, size in variants.genome.lengths.items() if name not in named_contigs
    ]
    return [*contigs, *build_header(effects, description)]


def _sort_vcf(path: Path) -> None:
    """Sort a VCF by contig (in order of first occurrence) and position, with offsets into a temporary plain file."""
    plain = path.with_name(f"{path.name}.unsorted")
    head: list[bytes] = []
    contig_order: dict[bytes, int] = {}
    offsets, contigs, positions = [], [], []
    with gzip.open(path) as source, open(plain, "wb") as out:
        for line in source:
            if line.startswith(b"#"):
                head.append(line)
                continue
            contig, position = line.split(b"\t", 2)[:2]
            offsets.append(out.tell())
            contigs.append(contig_order.setdefault(contig, len(contig_order)))
            positions.append(int(position))
            out.write(line)
    with open(plain, "rb") as source, pysam.BGZFile(str(path), "wb") as out:
        out.write(b"".join(head))
        for i in np.lexsort((positions, contigs)).tolist():
            source.seek(offsets[i])
            out.write(source.readline())
    plain.unlink()


def _is_replaced(line: str, known_keys: set[str]) -> bool:
    """Whether a header line is written by this module and thus replaced."""
    return line.startswith("##readsight_effects=") or (line.startswith("##INFO=<ID=") and line[11:].split(",")[0] in known_keys)


def merge_info(text: str, names: list[str], known_keys: set[str], alleles: dict[int, list[str]], count: int) -> str:
    """INFO of a record with the keys of its alleles. alleles: number → texts of scored ones. count: alternative alleles of
    the record.
    """
    retained_items = [item for item in text.split(";") if item not in ("", ".") and item.partition("=")[0] not in known_keys]
    if alleles:
        blank = ["."] * len(names)
        rows = [alleles.get(number, blank) for number in range(count)]
        retained_items += [f"{name}={','.join(texts)}" for name, texts in zip(names, zip(*rows, strict=True), strict=True)]
    return ";".join(retained_items) or "."


def build_columns(variants: AlleleTable, effects: Effects, extra: dict[str, np.ndarray], rows: slice) -> dict[str, Any]:
    """Table columns of some variants: allele, changed interval, effects, and `extra`.

    pos: from 1, as in the VCF. row: of the file, from 1. allele: number of the alternative allele, from 1. start, end:
    changed interval, 0-based half-open. Positions of sites are from 1.
    """
    names = np.array(variants.genome.names, dtype=object)
    result: dict[str, Any] = {
        "chrom": names[variants.contig[rows]],
        "pos": variants.position[rows] + 1,
        "id": variants.name[rows],
        "ref": variants.ref[rows],
        "alt": variants.alt[rows],
        "row": variants.row[rows],
        "allele": variants.allele[rows] + 1,
        "start": variants.start[rows],
        "end": variants.end[rows],
        "strand": effects.strand[rows],
        "score": effects.score[rows],
    }
    for t, track in enumerate(effects.tracks):
        result |= {f"{name}.{track}": getattr(effects, name)[rows, t] for name in ("delta", "ref", "alt")}
        if effects.position is not None:
            site_position = pd.array(effects.position[rows, t] + 1, dtype="Int64")
            site_position[effects.position[rows, t] < 0] = pd.NA
            result[f"at.{track}"] = site_position
    return result | {name: values[rows] for name, values in extra.items()}


def write_table(out: Path, variants: AlleleTable, effects: Effects, extra: dict[str, np.ndarray]) -> None:
    """Write a Parquet table, one row per allele, in chunks."""
    import pyarrow as pa
    from pyarrow import parquet

    writer = None
    for first in range(0, max(len(variants), 1), CHUNK_ROWS):
        chunk = pa.Table.from_pandas(
            pd.DataFrame(build_columns(variants, effects, extra, slice(first, first + CHUNK_ROWS))), preserve_index=False
        )
        writer = writer or parquet.ParquetWriter(str(out), chunk.schema)
        writer.write_table(chunk.cast(writer.schema))
    writer.close()


def write_anndata(
    out: Path, variants: AlleleTable, effects: Effects, extra: dict[str, np.ndarray], description: dict[str, Any]
) -> None:
    """Write an AnnData with one row per allele and one column per track; layers delta, ref and alt."""
    import anndata

    obs = pd.DataFrame({k: v for k, v in build_columns(variants, effects, extra, slice(None)).items() if "." not in k})
    for name in ("chrom", "strand", "ref", "alt", "id", "gene", "motif"):
        if name in obs:
            obs[name] = obs[name].astype("category")
    obs.index = pd.Index(make_unique([variants.format_name(i) for i in range(len(variants))]), dtype=object)
    if effects.position is not None:
        for t, track in enumerate(effects.tracks):
            obs[f"at_{track}"] = effects.position[:, t] + 1  # 0: none
    layers = {name: getattr(effects, name) for name in ("delta", "ref", "alt")}
    adata = anndata.AnnData(
        None, obs=obs, var=pd.DataFrame(index=pd.Index(effects.tracks, dtype=object)), layers=layers, uns=description
    )
    adata.write_h5ad(out)
