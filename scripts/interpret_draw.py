"""Draw attributions of sequences: logos, what substitutions do, tracks along the genome, and where the model looks."""

import json
from pathlib import Path

import pandas as pd

from readsight.attributionfigures import hits, logos, looks, sheet, substitutions, tracks
from readsight.explaining import file
from readsight.step import step

FIGURES = ("logos", "mutagenesis", "tracks", "looks")


def effects(variants: list[Path]) -> dict[str, pd.DataFrame]:
    """Name of a set of variants → chrom, position (0-based), ref, alt and score of each."""
    return {path.stem: pd.read_parquet(path, columns=["chrom", "position", "ref", "alt", "score"]) for path in variants}


def main(
    attributions: Path,
    exams: Path,
    gtf: list[Path],
    variants: list[Path],
    found: Path | None,
    motifs: Path | None,
    drawn: int,
    outputs: dict[str, list[Path]],
) -> None:
    """Write each figure in the formats of its files, or in words why there is none.

    found: hits of motifs. motifs: table of them, with what they match. drawn: examples that are drawn. outputs: figure → files.
    """
    held, examined = file.read(attributions), json.loads(exams.read_text())["methods"]
    made = {
        "logos": lambda: logos.figure(held, examined, hits.read(found, motifs), drawn),
        "mutagenesis": lambda: substitutions.figure(held, examined, drawn),
        "tracks": lambda: tracks.figure(held, examined, gtf, effects(variants)),
        "looks": lambda: looks.figure(held, examined, drawn),
    }
    for name in FIGURES:
        sheet.save(made[name](), outputs[name])


def listed(given: Path | list[Path] | None) -> list[Path]:
    """Files of an input that may be one, several or none."""
    return [] if not given else [given] if isinstance(given, Path) else list(given)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.attributions,
            job.input.exams,
            listed(job.input.get("gtf")),
            listed(job.input.get("variants")),
            job.input.get("hits"),
            job.input.get("motifs"),
            job.params.drawn,
            {name: [getattr(job.output, name), getattr(job.output, f"{name}_png")] for name in FIGURES},
        )
