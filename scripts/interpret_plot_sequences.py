"""Draw attributions of sequences: logos, what substitutions do, tracks along the genome, and where the model looks."""

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


def effects(variants: list[Path]) -> dict[str, pd.DataFrame]:
    """Name of a set of variants → chrom, position (0-based), ref, alt, and score of each: the largest of its changes, signed.

    Of sites that are gained and lost (tables that tell where, `at.…`), what is lost counts below 0; attrs["unit"] says what it is.
    """
    found = {}
    for path in variants:
        names = [n for n in parquet.read_schema(path).names if n in SITES or n.startswith(("delta.", "at."))]
        found[path.stem] = signed(pd.read_parquet(path, columns=names))
    return found


def signed(table: pd.DataFrame) -> pd.DataFrame:
    """What `effects` gives of a table of `interpret_variants`."""
    sites = any(name.startswith("at.") for name in table)
    own = table[[name for name in table if name.startswith("delta.")]]
    change = own.to_numpy(float) * np.where(sites & own.columns.str.endswith("_loss"), -1, 1)
    largest = np.nan_to_num(np.abs(change), nan=-1).argmax(axis=1)
    found = table[["chrom", "ref", "alt"]].assign(position=table["pos"] - 1, score=change[np.arange(len(table)), largest])
    found.attrs["unit"] = "probability" if sites else ""
    return found


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
    held, examined = attribution_file.read(attributions), json.loads(exams.read_text())["methods"]
    made = {
        "logos": lambda: logos.figure(held, examined, hits.read(found, motifs), drawn),
        "mutagenesis": lambda: mutagenesis_map.figure(held, examined, drawn),
        "tracks": lambda: tracks.figure(held, examined, gtf, effects(variants)),
        "looks": lambda: attention_maps.figure(held, examined, drawn),
    }
    for name in FIGURES:
        panels.save(made[name](), outputs[name])


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
