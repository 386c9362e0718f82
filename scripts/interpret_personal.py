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
from readsight.interpret.personal_genomes.genotypes import Cohort
from readsight.interpret.personal_genomes.phasing import AVERAGED, DRAWN
from readsight.step import step

log = logging.getLogger("readsight")

SHOWN = 5


class Tally:
    """What a summary says of the table, counted as it is made."""

    def __init__(self) -> None:
        self.windows = self.pairs = self.differing = self.open = self.left = self.missing = 0
        self.seen: list[bool] = []
        self.largest = 0.0

    def count(self, table: pd.DataFrame) -> None:
        """Take the rows of some windows."""
        once = table[table["head"] == table["head"].iloc[0]]
        self.windows += once["region"].nunique()
        self.pairs += len(once)
        self.differing += int((once["variants"] > 0).sum())
        self.open += int(once["phase"].isin([AVERAGED, DRAWN]).sum())
        self.left += int((once["left"] != "").sum())
        self.missing += int(once["missing"].sum())
        self.seen += once.drop_duplicates("region")["seen"].fillna(False).astype(bool).tolist()
        self.largest = max(self.largest, float(table["difference"].abs().max()))

    def records(self, task: str, name: str, cohort: Cohort, unit: str) -> list[dict[str, Any]]:
        """Figures for the summary."""
        rows = (
            ("samples", len(cohort.samples), "samples", "samples whose sequences are predicted"),
            ("regions", self.windows, "regions", "windows in which they are"),
            ("differing", self.differing / self.pairs, "fraction", "of samples' windows, those that differ from the reference"),
            (
                "phase_open",
                self.open / self.pairs,
                "fraction",
                "of samples' windows, those averaged over ways to phase their variants",
            ),
            (
                "left_out",
                self.left,
                "windows",
                "samples' windows of which a variant is left out (overlapping, or without a sequence)",
            ),
            ("missing", self.missing, "genotypes", "genotypes in windows that are not known, and taken for the reference"),
            ("seen", sum(self.seen), "regions", "windows that every model learned from"),
            ("largest_difference", self.largest, unit, "largest difference between a person's sequence and the reference"),
        )
        keys = {"value": None, "low": None, "high": None, "n": self.pairs}
        return [
            {"key": f"interpret.{task}.personal.{name}.{key}"} | keys | {"value": value, "unit": own, "description": words}
            for key, value, own, words in rows
        ]


def written(found: Iterable[pd.DataFrame], table: Path, text: Path) -> Iterator[pd.DataFrame]:
    """Write tables one after the other to Parquet and TSV, and hand them on."""
    schema = writer = None
    try:
        for part in found:
            made = pa.Table.from_pandas(part, schema=schema, preserve_index=False)
            schema = schema or made.schema
            first, writer = writer is None, writer or pq.ParquetWriter(table, schema)
            writer.write_table(made)
            part.to_csv(text, sep="\t", index=False, float_format="%.6g", mode="w" if first else "a", header=first)
            yield part
    finally:
        if writer is not None:
            writer.close()


def said_of(cohort: Cohort) -> list[str]:
    """A line a reason why alleles that samples carry have no sequence."""
    return [
        f"{len(names):,} {reason} that samples carry are left out ({', '.join(names[:SHOWN])}{', …' * (len(names) > SHOWN)})"
        for reason, names in cohort.left.items()
    ]


def main(
    inputs: dict[str, Path | None], task: str, spec: dict[str, Any], seed: int, threads: int, outputs: dict[str, Path]
) -> None:
    """Write a row a window, sample and head, as `prediction_table.tables` says.

    inputs: tensors, about, representation and representation_about (perhaps none), codes and contigs of the genome, vcf, regions
    (perhaps none), examples, split. spec: name, samples, outside. outputs: table, text, summary.
    """
    learned = (inputs["representation"], inputs["representation_about"]) if inputs.get("representation") else None
    models = prediction.read(inputs["tensors"], inputs["about"], learned)
    genome = Genome.open(inputs["codes"], inputs["contigs"])
    length = models.sequence.length
    places = windows.read(
        inputs.get("regions"), inputs["examples"], inputs["split"], genome, length, spec["outside"], len(models)
    )
    cohort = genotypes.read(str(inputs["vcf"]), spec["samples"], places.chrom, places.start, length, genome)
    for line in [*places.left, *said_of(cohort)]:
        log.warning(line)
    tally = Tally()
    found = prediction_table.tables(cohort, places, genome, models, seed, threads)
    for part in written(found, outputs["table"], outputs["text"]):
        tally.count(part)
    rows = tally.records(task, spec["name"], cohort, models.unit)
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
