"""Wiring of cohorts, a part of the expression stage: what counts of reads, and each table of the user's own, tell as a whole.

A cohort is a folder beside its matrix: `cohort` of what reads are counted to, `tables/<name>` of a table.
"""

from collections.abc import Callable
from typing import Any

from readsight.checks import contrast
from readsight.config.sample_sheet import OF_UNITS
from readsight.wiring.expression import ExpressionWiring
from readsight.wiring.expression_tables import TablesWiring
from readsight.wiring.project import Project
from readsight.wiring.stage import COHORT, Stage

# Columns that figures are coloured by, where no contrast says which: the first that tells samples apart.
LABELS = ("label", "group", "condition", "treatment", "tissue")
BATCHES = ("batch", "run_batch", "centre", "center", "plate")
READS = "cohort"
FIGURES = ("components", "likeness", "spread")
COMPARED = ("differential.tsv", "volcano.svg", "abundance.svg")


class CohortWiring(Stage):
    """Files of the cohorts: matrix, overview, identity, differential genes.

    samples: the RNA samples. contrast: the groups to compare, None where the config names none.
    compared: the cohort that the contrast is of, None where there is none.
    """

    def __init__(self, project: Project):
        self.config = project.config
        self.expression = ExpressionWiring(project)
        self.tables = TablesWiring(project)
        self.samples = self.expression.samples
        self.contrast = project.config.expression.contrast if project.config.expression else None
        self.compared = self._compared()

    def _compared(self) -> str | None:
        if self.contrast is None:
            return None
        table = contrast.compared(self.contrast.table, bool(self.samples), list(self.tables.tables))
        return READS if table == "expression" and self.samples else f"tables/{table}" if table in self.tables.tables else None

    def names(self) -> list[str]:
        """All cohorts, each as the name of its folder."""
        return [READS] * bool(self.samples) + [f"tables/{name}" for name in self.tables.tables]

    def folder(self, cohort: str) -> str:
        return f"{self.expression.folder}/{cohort}"

    def data(self, wildcards: Any) -> str:
        """A cohort's matrix."""
        return self.tables.file("expression" if wildcards.cohort == READS else self._table(wildcards.cohort))

    def _table(self, cohort: str) -> str:
        return cohort.removeprefix("tables/")

    def metadata(self) -> dict[str, dict[str, str]]:
        """Sample of reads → the sheet's columns that describe samples, not units."""
        units = self.expression.units
        return {s: {k: v for k, v in units[s][0].metadata.items() if k.lower() not in OF_UNITS} for s in self.samples}

    def stats(self) -> list[str]:
        """Statistics of the alignments, which tell how long fragments are; none where Salmon alone counts."""
        return [f"{self.expression.align.folder}/{s}.stats.txt" for s in self.samples] if self.expression.star else []

    def bodies(self) -> list[str]:
        """Coverage along genes, a file a sample of reads."""
        return self.expression.each("gene_body.tsv") if self.expression.star else []

    def labels(self, wildcards: Any) -> list[str]:
        """Columns that may colour a cohort's figures, the first that tells samples apart: of the contrast, of tasks, usual ones."""
        modality = "expression" if wildcards.cohort == READS else self._table(wildcards.cohort)
        own = [self.contrast.column] if self.compared == wildcards.cohort else []
        tasks = [t for t in self.config.tasks.values() if t.source == "samples" and modality in (t.modalities or [modality])]
        learned = [t.label for t in tasks if isinstance(t.label, str)]
        return list(dict.fromkeys([*own, *learned, *LABELS]))

    def batches(self, wildcards: Any) -> list[str]:
        """Columns that may tell batches: the contrast's block, those of tasks, usual ones."""
        own = [self.contrast.block] if self.compared == wildcards.cohort and self.contrast.block else []
        tasks = [task.harmonise.batch for task in self.config.tasks.values() if task.harmonise.batch]
        return list(dict.fromkeys([*own, *tasks, *BATCHES]))

    def asked(self, wildcards: Any) -> dict[str, Any]:
        """The contrast as plain values."""
        return self.contrast.model_dump() | {"table": None if wildcards.cohort == READS else self._table(wildcards.cohort)}

    def groups(self, wildcards: Any) -> dict[str, str]:
        """The two groups, by name."""
        return self.contrast.model_dump(include={"reference", "tested"})

    def memory(self) -> Callable[[Any, int], int]:
        """Memory in MB of a step that holds a cohort's matrix, by attempt: of reads ten arrays of 60,000 genes a sample, at most."""

        def mem_mb(wildcards: Any, attempt: int) -> int:
            of_reads = getattr(wildcards, "cohort", READS) == READS
            return attempt * (1500 + (5 * len(self.samples) if of_reads else 8 * self.tables.megabytes()))

        return mem_mb

    def _differential(self, names: tuple[str, ...]) -> list[str]:
        return [f"{self.folder(self.compared)}/{name}" for name in names] if self.compared else []

    def targets(self) -> list[str]:
        names = ["overview.json", *(f"{name}.svg" for name in FIGURES)]
        found = [f"{self.folder(cohort)}/{name}" for cohort in self.names() for name in names]
        if self.samples:
            found += [self.tables.file("expression"), f"{self.folder(READS)}/identity.tsv"]
        if self.bodies():
            found.append(f"{self.folder(READS)}/gene_body.svg")
        return found + self._differential(COMPARED) + self.summaries()

    def summaries(self) -> list[str]:
        found = [f"{self.folder(cohort)}/explore.summary.json" for cohort in self.names()]
        if self.samples:
            found += [f"{self.folder(READS)}/{name}.summary.json" for name in ("assemble", "identity")]
        return found + self._differential(("differential.summary.json",))

    def products(self) -> dict[tuple[str, str], str]:
        named = {}
        if self.samples:
            named[COHORT, "expression of all samples (counts, TPM)"] = self.tables.file("expression")
            named[COHORT, "sex told by expression"] = f"{self.folder(READS)}/identity.tsv"
        if self.compared:
            named[COHORT, "differential genes"] = f"{self.folder(self.compared)}/differential.tsv"
        return named
