"""Figures of sequence attributions: logos, effects of substitutions, genome tracks, and attention maps."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow import parquet

from readsight.interpret.sequence_attribution import attribution_file
from readsight.report.attribution_figures import attention_maps, hits, logos, mutagenesis_map, panels, tracks
from readsight.step import step

FIGURES = ("logos", "mutagenesis", "tracks", "looks")
SITES = ("chrom", "pos", "ref", "alt")


def read_effects(variants: list[Path]) -> dict[str, pd.DataFrame]:
    """Name of a variant set → chrom, position (0-based), ref, alt, and score of each variant: its largest change, signed.

    For tables of gained and lost sites (with columns `at.…`) a loss counts as negative; attrs["unit"] is the unit of the score.
    """
    by_set = {}
    for path in variants:
        names = [column for column in parquet.read_schema(path).names if column in SITES or column.startswith(("delta.", "at."))]
        by_set[path.stem] = sign_scores(pd.read_parquet(path, columns=names))
    return by_set


def sign_scores(table: pd.DataFrame) -> pd.DataFrame:
    """Scores of a table of `interpret_variants`, as returned by `read_effects`."""
    sites = any(name.startswith("at.") for name in table)
    deltas = table[[name for name in table if name.startswith("delta.")]]
    change = deltas.to_numpy(float) * np.where(sites & deltas.columns.str.endswith("_loss"), -1, 1)
    largest = np.nan_to_num(np.abs(change), nan=-1).argmax(axis=1)
    scores = table[["chrom", "ref", "alt"]].assign(position=table["pos"] - 1, score=change[np.arange(len(table)), largest])
    scores.attrs["unit"] = "probability" if sites else ""
    return scores


def main(
    attributions: Path,
    exams: Path,
    gtf: list[Path],
    variants: list[Path],
    hits_path: Path | None,
    motifs: Path | None,
    max_examples: int,
    outputs: dict[str, list[Path]],
) -> None:
    """Write each figure in all requested formats, or a message if there is nothing to draw.

    hits_path: motif hits. motifs: table of motifs with their known matches. max_examples: number of examples to draw.
    outputs: figure → files.
    """
    explained, results = attribution_file.read(attributions), json.loads(exams.read_text())["methods"]
    draw_functions = {
        "logos": lambda: logos.draw_figure(explained, results, hits.read(hits_path, motifs), max_examples),
        "mutagenesis": lambda: mutagenesis_map.draw_figure(explained, results, max_examples),
        "tracks": lambda: tracks.draw_figure(explained, results, gtf, read_effects(variants)),
        "looks": lambda: attention_maps.draw_figure(explained, results, max_examples),
    }
    for name in FIGURES:
        panels.save_figure(draw_functions[name](), outputs[name])


def to_list(value: Path | list[Path] | None) -> list[Path]:
    """Files of an input that may be one, several or none."""
    return [] if not value else [value] if isinstance(value, Path) else list(value)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.attributions,
            job.input.exams,
            to_list(job.input.get("gtf")),
            to_list(job.input.get("variants")),
            job.input.get("hits"),
            job.input.get("motifs"),
            job.params.drawn,
            {name: [getattr(job.output, name), getattr(job.output, f"{name}_png")] for name in FIGURES},
        )
