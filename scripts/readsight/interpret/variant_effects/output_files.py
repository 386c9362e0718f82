"""Effects as files: the user's VCF with INFO keys of its own, a table with a row an allele, an AnnData."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pysam

from readsight.dataset.sequences.raw_examples import unique
from readsight.dataset.sequences.variant_windows import lines
from readsight.interpret.variant_effects.scoring import Effects
from readsight.interpret.variant_effects.variants import Variants

PREFIX = "READSIGHT_"
STEP = 65_536  # rows of a table at once


def keys(effects: Effects) -> list[tuple[str, str, str]]:
    """INFO keys: (ID, type, description)."""
    rows = [("SCORE", "Float", "What the allele is ranked by: the largest |change| of any head")]
    if effects.sites:
        rows[0] = ("SCORE", "Float", "What the allele is ranked by: the most that any kind of site is gained or lost")
    for track, name in zip(effects.tracks, _plain(effects.tracks), strict=True):
        name = name.upper() if effects.sites else name
        if effects.sites:
            site, what = track.rsplit("_", 1)
            rows.append(
                (name, "Float", f"Probability of a site ({site}) that is {'gained' if what == 'gain' else 'lost'}, 0 to 1")
            )
            rows.append((f"{name}_AT", "Integer", f"Position, from 1, of the base where it is, as {name}"))
            rows.append((f"{name}_DISTANCE", "Integer", f"Bases from the first changed base to {name}_AT, left negative"))
        else:
            rows.append(
                (
                    f"DELTA_{name}",
                    "Float",
                    f"Alternative less reference allele: explained number of {track} (log odds of a class)",
                )
            )
            rows.append((f"REF_{name}", "Float", f"Prediction of {track} with the reference allele, not calibrated"))
            rows.append((f"ALT_{name}", "Float", f"Prediction of {track} with the alternative allele, not calibrated"))
    rows.append(("STRAND", "String", "Strand that was read, + or -; both: the mean of both strands"))
    rows.append(("SEEN", "Integer", "1: the allele's windows overlap what the model learned from, 0: they do not"))
    return [(PREFIX + name, kind, words) for name, kind, words in rows]


def _plain(tracks: list[str]) -> list[str]:
    """Names of letters, digits and _; those that would be one are numbered."""
    found: list[str] = []
    for track in tracks:
        name = re.sub(r"\W+", "_", track, flags=re.ASCII).strip("_") or "head"
        same = sum(other.rsplit("__", 1)[0] == name for other in found)
        found.append(f"{name}__{same + 1}" if same else name)
    return found


def header(effects: Effects, about: dict[str, str]) -> list[str]:
    """Header lines of the VCF: of each key, and one that says what made them."""
    made = ",".join(f'{key}="{value}"' for key, value in about.items())
    rows = [f'##INFO=<ID={name},Number=A,Type={kind},Description="{_quoted(words)}">' for name, kind, words in keys(effects)]
    return [f"##readsight_effects=<{made}>", *rows]


def _quoted(words: str) -> str:
    return words.replace("\\", "/").replace('"', "'")


def values(variants: Variants, effects: Effects, seen: np.ndarray) -> Iterator[list[str]]:
    """Of each allele the texts of all keys, in their order."""
    place = None if effects.place is None else effects.place
    for i in range(len(variants)):
        own = [f"{effects.score[i]:.6g}"]
        for t in range(len(effects.tracks)):
            if place is None:
                own += [f"{effects.delta[i, t]:.6g}", f"{effects.ref[i, t]:.6g}", f"{effects.alt[i, t]:.6g}"]
                continue
            told = place[i, t] >= 0
            own += [
                f"{effects.delta[i, t]:.4f}",
                str(place[i, t] + 1) if told else ".",
                str(place[i, t] - variants.start[i]) if told else ".",
            ]
        yield [*own, "both" if effects.strand[i] == "." else str(effects.strand[i]), str(int(seen[i]))]


def vcf(out: Path, variants: Variants, effects: Effects, seen: np.ndarray, about: dict[str, str]) -> None:
    """Write the file's records, all of them and as they stand, with the effects of their alleles in INFO; bgzip, and its index.

    Alleles that were not scored have `.`. Records that are out of order are sorted, for there is no index otherwise.
    """
    names = [name for name, _, _ in keys(effects)]
    own = set(names)
    found = zip(variants.row.tolist(), variants.allele.tolist(), values(variants, effects, seen), strict=True)
    following = next(found, None)
    place: dict[str, int] = {}
    last, ordered = (-1, -1), True
    known: set[str] = set()
    with pysam.BGZFile(str(out), "wb") as handle:
        for row, line in lines(variants.source):
            line = line.rstrip("\r\n")
            if line.startswith("#"):
                more = _more(line, known, variants, effects, about)
                handle.write("".join(f"{text}\n" for text in [*more, *([] if _ours(line, own) else [line])]).encode())
                continue
            fields = line.split("\t", 8)
            alleles: dict[int, list[str]] = {}
            while following is not None and following[0] == row:
                alleles[following[1]] = following[2]
                following = next(found, None)
            fields[7] = info(fields[7], names, own, alleles, fields[4].count(",") + 1)
            at = (place.setdefault(fields[0], len(place)), int(fields[1]))
            ordered, last = ordered and at >= last, at
            handle.write(("\t".join(fields) + "\n").encode())
    if not ordered:
        _sort(Path(out))
    pysam.tabix_index(str(out), preset="vcf", force=True)


def _more(line: str, known: set[str], variants: Variants, effects: Effects, about: dict[str, str]) -> list[str]:
    """Header lines that stand before this one: behind all others contigs that were not named, and what the keys mean. known: named ones."""
    if line.startswith("##contig=<ID="):
        known.add(line[13:].split(",")[0].rstrip(">"))
    if not line.startswith("#CHROM"):
        return []
    contigs = [f"##contig=<ID={name},length={size}>" for name, size in variants.genome.lengths.items() if name not in known]
    return [*contigs, *header(effects, about)]


def _sort(path: Path) -> None:
    """Sort a VCF by contig, as they first come, and position: records lie in a plain file meanwhile, and their places in memory."""
    plain = path.with_name(f"{path.name}.unsorted")
    head: list[bytes] = []
    place: dict[bytes, int] = {}
    spots, contigs, positions = [], [], []
    with gzip.open(path) as given, open(plain, "wb") as out:
        for line in given:
            if line.startswith(b"#"):
                head.append(line)
                continue
            contig, position = line.split(b"\t", 2)[:2]
            spots.append(out.tell())
            contigs.append(place.setdefault(contig, len(place)))
            positions.append(int(position))
            out.write(line)
    with open(plain, "rb") as given, pysam.BGZFile(str(path), "wb") as out:
        out.write(b"".join(head))
        for i in np.lexsort((positions, contigs)).tolist():
            given.seek(spots[i])
            out.write(given.readline())
    plain.unlink()


def _ours(line: str, own: set[str]) -> bool:
    """Whether a header line is one that is written anew."""
    return line.startswith("##readsight_effects=") or (line.startswith("##INFO=<ID=") and line[11:].split(",")[0] in own)


def info(text: str, names: list[str], own: set[str], alleles: dict[int, list[str]], count: int) -> str:
    """A record's INFO with the keys of its alleles. alleles: number → texts of those that were scored. count: alleles of the record."""
    kept = [item for item in text.split(";") if item not in ("", ".") and item.partition("=")[0] not in own]
    if alleles:
        blank = ["."] * len(names)
        rows = [alleles.get(number, blank) for number in range(count)]
        kept += [f"{name}={','.join(texts)}" for name, texts in zip(names, zip(*rows, strict=True), strict=True)]
    return ";".join(kept) or "."


def columns(variants: Variants, effects: Effects, more: dict[str, np.ndarray], rows: slice) -> dict[str, Any]:
    """Columns of a table, of some of the variants: the allele as the file has it, what is changed, effects, and `more`.

    pos: from 1, as in the VCF. row: of the file, from 1. allele: which of the record's alternatives, from 1. start, end: the
    stretch that is changed, 0-based half-open. Positions of sites are from 1.
    """
    names = np.array(variants.genome.names, dtype=object)
    found: dict[str, Any] = {
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
        found |= {f"{name}.{track}": getattr(effects, name)[rows, t] for name in ("delta", "ref", "alt")}
        if effects.place is not None:
            at = pd.array(effects.place[rows, t] + 1, dtype="Int64")
            at[effects.place[rows, t] < 0] = pd.NA
            found[f"at.{track}"] = at
    return found | {name: values[rows] for name, values in more.items()}


def table(out: Path, variants: Variants, effects: Effects, more: dict[str, np.ndarray]) -> None:
    """Write a Parquet table, a row an allele, some rows at a time."""
    import pyarrow as pa
    from pyarrow import parquet

    writer = None
    for first in range(0, max(len(variants), 1), STEP):
        own = pa.Table.from_pandas(
            pd.DataFrame(columns(variants, effects, more, slice(first, first + STEP))), preserve_index=False
        )
        writer = writer or parquet.ParquetWriter(str(out), own.schema)
        writer.write_table(own.cast(writer.schema))
    writer.close()


def data(out: Path, variants: Variants, effects: Effects, more: dict[str, np.ndarray], about: dict[str, Any]) -> None:
    """Write an AnnData: a row an allele, a column a track; layers delta, ref and alt."""
    import anndata

    obs = pd.DataFrame({k: v for k, v in columns(variants, effects, more, slice(None)).items() if "." not in k})
    for name in ("chrom", "strand", "ref", "alt", "id", "gene", "motif"):
        if name in obs:
            obs[name] = obs[name].astype("category")
    obs.index = pd.Index(unique([variants.spelled(i) for i in range(len(variants))]), dtype=object)
    if effects.place is not None:
        for t, track in enumerate(effects.tracks):
            obs[f"at_{track}"] = effects.place[:, t] + 1  # 0: nowhere
    layers = {name: getattr(effects, name) for name in ("delta", "ref", "alt")}
    made = anndata.AnnData(
        None, obs=obs, var=pd.DataFrame(index=pd.Index(effects.tracks, dtype=object)), layers=layers, uns=about
    )
    made.write_h5ad(out)
