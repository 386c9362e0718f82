"""Write contributions of one attribution method as bigWig and bedGraph tracks for genome browsers."""

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyBigWig

from readsight.errors import InputError
from readsight.genome.store import describe_missing_contigs
from readsight.interpret.sequence_attribution import attribution_file
from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.interpret.tabular_attribution.results import METHOD_NAMES
from readsight.report.attribution_figures.genome_profile import Track, build_tracks, select_strongest
from readsight.step import step

PLACEHOLDER_CONTIG = {"unknown": 1}  # a bigWig needs at least one contig


def merge_runs(track: Track) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Adjacent bases of equal value as intervals: starts, ends (0-based half-open) and values, float32."""
    values = track.values.astype(np.float32)
    is_new = np.ones(len(values), bool)
    is_new[1:] = (np.diff(track.positions) != 1) | (np.diff(values) != 0)
    run_starts = np.flatnonzero(is_new)
    run_ends = np.append(run_starts[1:], len(values)) - 1
    return track.positions[run_starts], track.positions[run_ends] + 1, values[run_starts]


def compute_tracks(attributions: Attributions, method: str, lengths: dict[str, int]) -> dict[str, Track]:
    """Contributions per genomic base, contigs sorted by name; with several heads the largest in absolute value at each base."""
    return select_strongest(
        [build_tracks(attributions, attributions.contributions(method, head), lengths or None) for head in attributions.heads]
    )


def write_bigwig(tracks: dict[str, Track], lengths: dict[str, int], out: Path) -> None:
    """Write a bigWig; it holds only contigs if no window has coordinates."""
    handle = pyBigWig.open(str(out), "w")
    handle.addHeader(sorted((lengths or PLACEHOLDER_CONTIG).items()))
    for name, track in tracks.items():
        starts, ends, values = merge_runs(track)
        if len(starts):
            handle.addEntries([name] * len(starts), starts.tolist(), ends=ends.tolist(), values=values.tolist())
    handle.close()


def format_bedgraph(tracks: dict[str, Track]) -> Iterator[str]:
    """Lines of a bedGraph, sorted by contig and position."""
    for name, track in tracks.items():
        for start, end, value in zip(*(column.tolist() for column in merge_runs(track)), strict=True):
            yield f"{name}\t{start}\t{end}\t{value:.6g}\n"


def write_bedgraph(tracks: dict[str, Track], name: str, description: str, out: Path) -> None:
    """Write a gzipped bedGraph with a track line, byte-identical for the same input."""
    with open(out, "wb") as raw, gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as packed, io.TextIOWrapper(packed) as handle:
        handle.write(f'track type=bedGraph name="{name}" description="{description}" visibility=full alwaysZero=on\n')
        handle.writelines(format_bedgraph(tracks))


def read_contig_sizes(attributions: Attributions, contigs: Path | None) -> dict[str, int]:
    """Contig lengths from the genome's table, or the largest window end without one.

    Raises InputError for windows on contigs that are not in the table.
    """
    names, ends = (np.asarray(attributions.metadata.get(key, [])).tolist() for key in ("chrom", "end"))
    if contigs is None:
        return {name: max(e for n, e in zip(names, ends, strict=True) if n == name) for name in dict.fromkeys(names) if name}
    lengths = {row["name"]: row["length"] for row in json.loads(contigs.read_text())["contigs"]}
    unknown_contigs = [name for name in dict.fromkeys(names) if name and name not in lengths]
    if unknown_contigs:
        raise InputError(describe_missing_contigs(unknown_contigs, list(lengths), "attributions"))
    return lengths


def main(attributions: Path, contigs: Path | None, method: str, to_bigwig: Path, to_bedgraph: Path) -> None:
    """Write both files. contigs: the genome's table (`readsight.genome.store`)."""
    attribution_set = attribution_file.read(attributions, [method])
    lengths = read_contig_sizes(attribution_set, contigs)
    tracks = compute_tracks(attribution_set, method, lengths)
    write_bigwig(tracks, lengths, to_bigwig)
    head_names = " or ".join(attribution_set.heads)
    description = f"mean contribution to {head_names} over test windows ({attribution_set.attributes['unit']})".replace('"', "'")
    write_bedgraph(tracks, f"{attribution_set.attributes['task']}: {METHOD_NAMES.get(method, method)}", description, to_bedgraph)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.attributions,
            job.input.contigs if job.input.get("contigs") else None,
            job.wildcards.method,
            job.output.bigwig,
            job.output.bedgraph,
        )
