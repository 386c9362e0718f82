"""Predict personal genomes: scores of each haplotype of a window, by models that were not trained on it."""

import json
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from readsight.genome.store import Genome
from readsight.interpret.personal_genomes import genotypes, prediction, prediction_table, windows
from readsight.interpret.personal_genomes.genotypes import GenotypeCohort
from readsight.interpret.personal_genomes.phasing import AVERAGED, DRAWN
from readsight.step import step

log = logging.getLogger("readsight")

MAX_SHOWN = 5


class PersonalSummary:
    """Counts for the summary, accumulated while the table is written."""

    def __init__(self) -> None:
        self.windows = self.pairs = self.differing = self.unresolved = self.excluded = self.missing = 0
        self.covered: list[bool] = []
        self.largest = 0.0

    def add_rows(self, table: pd.DataFrame) -> None:
        """Add the rows of some windows."""
        first_head_rows = table[table["head"] == table["head"].iloc[0]]
        self.windows += first_head_rows["region"].nunique()
        self.pairs += len(first_head_rows)
        self.differing += int((first_head_rows["variants"] > 0).sum())
        self.unresolved += int(first_head_rows["phase"].isin([AVERAGED, DRAWN]).sum())
        self.excluded += int((first_head_rows["left"] != "").sum())
        self.missing += int(first_head_rows["missing"].sum())
        self.covered += first_head_rows.drop_duplicates("region")["seen"].fillna(False).astype(bool).tolist()
        self.largest = max(self.largest, float(table["difference"].abs().max()))

    def summary_records(self, task: str, name: str, cohort: GenotypeCohort, unit: str) -> list[dict[str, Any]]:
        """Records for the summary."""
        rows = (
            ("samples", len(cohort.samples), "samples", "samples with predictions"),
            ("regions", self.windows, "regions", "predicted windows"),
            ("differing", self.differing / self.pairs, "fraction", "fraction of sample windows that differ from the reference"),
            (
                "phase_open",
                self.unresolved / self.pairs,
                "fraction",
                "fraction of sample windows averaged over phasings",
            ),
            (
                "left_out",
                self.excluded,
                "windows",
                "sample windows with an excluded variant (overlapping, or without a sequence)",
            ),
            ("missing", self.missing, "genotypes", "unknown genotypes in windows, treated as reference"),
            ("seen", sum(self.covered), "regions", "windows that all models were trained on"),
            ("largest_difference", self.largest, unit, "largest difference between a personal sequence and the reference"),
        )
        keys = {"value": None, "low": None, "high": None, "n": self.pairs}
        return [
            {"key": f"interpret.{task}.personal.{name}.{key}"}
            | keys
            | {"value": value, "unit": row_unit, "description": description}
            for key, value, row_unit, description in rows
        ]


def write_tables(tables: Iterable[pd.DataFrame], table: Path, text: Path) -> Iterator[pd.DataFrame]:
    """Append tables to Parquet and TSV files, and yield them."""
    schema = writer = None
    try:
        for chunk in tables:
            arrow_table = pa.Table.from_pandas(chunk, schema=schema, preserve_index=False)
            schema = schema or arrow_table.schema
            first, writer = writer is None, writer or pq.ParquetWriter(table, schema)
            writer.write_table(arrow_table)
            chunk.to_csv(text, sep="\t", index=False, float_format="%.6g", mode="w" if first else "a", header=first)
            yield chunk
    finally:
        if writer is not None:
            writer.close()


def describe_excluded(cohort: GenotypeCohort) -> list[str]:
    """One line per reason why alleles of the samples were excluded."""
    return [
        f"{len(names):,} {reason} carried by samples are excluded ({', '.join(names[:MAX_SHOWN])}{', …' * (len(names) > MAX_SHOWN)})"
        for reason, names in cohort.excluded.items()
    ]


def main(
    inputs: dict[str, Path | None], task: str, spec: dict[str, Any], seed: int, threads: int, outputs: dict[str, Path]
) -> None:
    """Write one row per window, sample and head, as described in `prediction_table.predict_tables`.

    Parameters
    ----------
    inputs : tensors, about, representation and representation_about (optional), codes and contigs of the genome, vcf, regions
        (optional), examples, split.
    spec : name, samples, outside.
    outputs : table, text, summary.
    """
    representation = (inputs["representation"], inputs["representation_about"]) if inputs.get("representation") else None
    models = prediction.read_models(inputs["tensors"], inputs["about"], representation)
    genome = Genome.open(inputs["codes"], inputs["contigs"])
    length = models.sequence.length
    regions = windows.read_regions(
        inputs.get("regions"), inputs["examples"], inputs["split"], genome, length, spec["outside"], len(models)
    )
    cohort = genotypes.read_genotypes(str(inputs["vcf"]), spec["samples"], regions.chrom, regions.start, length, genome)
    for line in [*regions.excluded, *describe_excluded(cohort)]:
        log.warning(line)
    summary = PersonalSummary()
    tables = prediction_table.predict_tables(cohort, regions, genome, models, seed, threads)
    for chunk in write_tables(tables, outputs["table"], outputs["text"]):
        summary.add_rows(chunk)
    rows = summary.summary_records(task, spec["name"], cohort, models.unit)
    outputs["summary"].write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        names = (
            "tensors",
            "about",
            "representation",
            "representation_about",
            "codes",
            "contigs",
            "vcf",
            "regions",
            "examples",
            "split",
        )
        main(
            {name: job.input.get(name) or None for name in names},
            str(job.wildcards.task),
            dict(job.params.spec),
            job.params.seed,
            job.threads,
            {name: getattr(job.output, name) for name in ("table", "text", "summary")},
        )
