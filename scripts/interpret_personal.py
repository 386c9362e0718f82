"""Predict people's own sequences: each copy of a window as a sample's variants make it, by models that did not learn from it."""

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
    """What a summary says of the table, counted as it is made."""

    def __init__(self) -> None:
        self.windows = self.pairs = self.differing = self.unresolved = self.excluded = self.missing = 0
        self.covered: list[bool] = []
        self.largest = 0.0

    def add_rows(self, table: pd.DataFrame) -> None:
        """Take the rows of some windows."""
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
        """Figures for the summary."""
        rows = (
            ("samples", len(cohort.samples), "samples", "samples whose sequences are predicted"),
            ("regions", self.windows, "regions", "windows in which they are"),
            ("differing", self.differing / self.pairs, "fraction", "of samples' windows, those that differ from the reference"),
            (
                "phase_open",
                self.unresolved / self.pairs,
                "fraction",
                "of samples' windows, those averaged over ways to phase their variants",
            ),
            (
                "left_out",
                self.excluded,
                "windows",
                "samples' windows of which a variant is left out (overlapping, or without a sequence)",
            ),
            ("missing", self.missing, "genotypes", "genotypes in windows that are not known, and taken for the reference"),
            ("seen", sum(self.covered), "regions", "windows that every model learned from"),
            ("largest_difference", self.largest, unit, "largest difference between a person's sequence and the reference"),
        )
        keys = {"value": None, "low": None, "high": None, "n": self.pairs}
        return [
            {"key": f"interpret.{task}.personal.{name}.{key}"}
            | keys
            | {"value": value, "unit": row_unit, "description": description}
            for key, value, row_unit, description in rows
        ]


def write_tables(tables: Iterable[pd.DataFrame], table: Path, text: Path) -> Iterator[pd.DataFrame]:
    """Write tables one after the other to Parquet and TSV, and hand them on."""
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
    """A line a reason why alleles that samples carry have no sequence."""
    return [
        f"{len(names):,} {reason} that samples carry are left out ({', '.join(names[:MAX_SHOWN])}{', …' * (len(names) > MAX_SHOWN)})"
        for reason, names in cohort.excluded.items()
    ]


def main(
    inputs: dict[str, Path | None], task: str, spec: dict[str, Any], seed: int, threads: int, outputs: dict[str, Path]
) -> None:
    """Write a row a window, sample and head, as `prediction_table.predict_tables` says.

    inputs: tensors, about, representation and representation_about (perhaps none), codes and contigs of the genome, vcf, regions
    (perhaps none), examples, split. spec: name, samples, outside. outputs: table, text, summary.
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
