"""Write the contributions of one attribution method along the genome, for genome browsers: bigWig and bedGraph."""

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyBigWig

from readsight.errors import InputError
from readsight.genome.store import unknown
from readsight.interpret.sequence_attribution import attribution_file
from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.interpret.tabular_attribution.results import NAMES
from readsight.report.attribution_figures.genome_profile import Track, along, strongest
from readsight.step import step

NOWHERE = {"unknown": 1}  # a bigWig needs a contig, even where no window has a place


def runs(track: Track) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Neighbouring bases of one value joined: starts, ends (0-based half-open) and values, float32."""
    values = track.values.astype(np.float32)
    new = np.ones(len(values), bool)
    new[1:] = (np.diff(track.places) != 1) | (np.diff(values) != 0)
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(values)) - 1
    return track.places[first], track.places[last] + 1, values[first]


def found(held: Attributions, method: str, lengths: dict[str, int]) -> dict[str, Track]:
    """Contributions along the genome, contigs in order of name; of several heads that which is largest in size at each base."""
    return strongest([along(held, held.contributions(method, head), lengths or None) for head in held.heads])


def bigwig(tracks: dict[str, Track], lengths: dict[str, int], out: Path) -> None:
    """Write a bigWig; one with contigs alone where nothing has a place."""
    handle = pyBigWig.open(str(out), "w")
    handle.addHeader(sorted((lengths or NOWHERE).items()))
    for name, track in tracks.items():
        starts, ends, values = runs(track)
        if len(starts):
            handle.addEntries([name] * len(starts), starts.tolist(), ends=ends.tolist(), values=values.tolist())
    handle.close()


def rows(tracks: dict[str, Track]) -> Iterator[str]:
    """Lines of a bedGraph, sorted by contig and place."""
    for name, track in tracks.items():
        for start, end, value in zip(*(part.tolist() for part in runs(track)), strict=True):
            yield f"{name}\t{start}\t{end}\t{value:.6g}\n"


def bedgraph(tracks: dict[str, Track], name: str, about: str, out: Path) -> None:
    """Write a gzipped bedGraph, the same bytes each time, with a line that tells a browser what it is."""
    with open(out, "wb") as raw, gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as packed, io.TextIOWrapper(packed) as handle:
        handle.write(f'track type=bedGraph name="{name}" description="{about}" visibility=full alwaysZero=on\n')
        handle.writelines(rows(tracks))


def sizes(held: Attributions, contigs: Path | None) -> dict[str, int]:
    """Contig → bases: of the genome's table; without one, as far as windows reach. Raises InputError for windows elsewhere."""
    names, ends = (np.asarray(held.rows.get(key, [])).tolist() for key in ("chrom", "end"))
    if contigs is None:
        return {name: max(e for n, e in zip(names, ends, strict=True) if n == name) for name in dict.fromkeys(names) if name}
    known = {row["name"]: row["length"] for row in json.loads(contigs.read_text())["contigs"]}
    strange = [name for name in dict.fromkeys(names) if name and name not in known]
    if strange:
        raise InputError(unknown(strange, list(known), "attributions"))
    return known


def main(attributions: Path, contigs: Path | None, method: str, to_bigwig: Path, to_bedgraph: Path) -> None:
    """Write both files. contigs: the genome's table (`readsight.genome.store`)."""
    held = attribution_file.read(attributions, [method])
    lengths = sizes(held, contigs)
    tracks = found(held, method, lengths)
    bigwig(tracks, lengths, to_bigwig)
    words = " or ".join(held.heads)
    said = f"mean contribution to {words} over test windows ({held.about['unit']})".replace('"', "'")
    bedgraph(tracks, f"{held.about['task']}: {NAMES.get(method, method)}", said, to_bedgraph)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.attributions,
            job.input.contigs if job.input.get("contigs") else None,
            job.wildcards.method,
            job.output.bigwig,
            job.output.bedgraph,
        )
