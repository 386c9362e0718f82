"""Wiring of cohorts, a part of the expression stage: what counts of reads, and each table of the user's own, tell as a whole.

A cohort is a folder beside its matrix: `cohort` of what reads are counted to, `tables/<name>` of a table.
"""

from collections.abc import Callable
from typing import Any

from readsight.checks import contrast
from readsight.config.sample_sheet import UNIT_COLUMNS
from readsight.wiring.expression import ExpressionWiring
from readsight.wiring.expression_tables import TablesWiring
from readsight.wiring.project import Project
from readsight.wiring.stage import COHORT, Stage

# Columns that figures are coloured by, where no contrast says which: the first that tells samples apart.
LABELS = ("label", "group", "condition", "treatment", "tissue")
BATCHES = ("batch", "run_batch", "centre", "center", "plate")
READS = "cohort"
FIGURES = ("components", "likeness", "spread")
DIFFERENTIAL_FILES = ("differential.tsv", "volcano.svg", "abundance.svg")


class CohortWiring(Stage):
    """Files of the cohorts: matrix, overview, identity, differential genes.

    samples: the RNA samples. contrast: the groups to compare, None where the config names none.
    compared_cohort: the cohort that the contrast is of, None where there is none.
    """

    def __init__(self, project: Project):
        self.config = project.config
        self.expression = ExpressionWiring(project)
        self.tables = TablesWiring(project)
        self.samples = self.expression.samples
        self.contrast = project.config.expression.contrast if project.config.expression else None
        self.compared_cohort = self._find_compared_cohort()

    def _find_compared_cohort(self) -> str | None:
        if self.contrast is None:
            return None
        table = contrast.choose_table(self.contrast.table, bool(self.samples), list(self.tables.tables))
        return READS if table == "expression" and self.samples else f"tables/{table}" if table in self.tables.tables else None

    def cohort_names(self) -> list[str]:
        """All cohorts, each as the name of its folder."""
        return [READS] * bool(self.samples) + [f"tables/{name}" for name in self.tables.tables]

    def cohort_folder(self, cohort: str) -> str:
        return f"{self.expression.folder}/{cohort}"

    def matrix_file(self, wildcards: Any) -> str:
        """A cohort's matrix."""
        return self.tables.modality_file("expression" if wildcards.cohort == READS else self._table_name(wildcards.cohort))

    def _table_name(self, cohort: str) -> str:
        return cohort.removeprefix("tables/")

    def sample_metadata(self) -> dict[str, dict[str, str]]:
        """Sample of reads → the sheet's columns that describe samples, not units."""
        units = self.expression.units
        return {s: {k: v for k, v in units[s][0].metadata.items() if k.lower() not in UNIT_COLUMNS} for s in self.samples}

    def stats_files(self) -> list[str]:
        """Statistics of the alignments, which tell how long fragments are; none where Salmon alone counts."""
        return [f"{self.expression.align.folder}/{s}.stats.txt" for s in self.samples] if self.expression.uses_star else []

    def gene_body_files(self) -> list[str]:
        """Coverage along genes, a file a sample of reads."""
        return self.expression.sample_files("gene_body.tsv") if self.expression.uses_star else []

    def label_columns(self, wildcards: Any) -> list[str]:
        """Columns that may colour a cohort's figures, the first that tells samples apart: of the contrast, of tasks, usual ones."""
        modality = "expression" if wildcards.cohort == READS else self._table_name(wildcards.cohort)
        contrast_columns = [self.contrast.column] if self.compared_cohort == wildcards.cohort else []
        tasks = [t for t in self.config.tasks.values() if t.source == "samples" and modality in (t.modalities or [modality])]
        task_labels = [t.label for t in tasks if isinstance(t.label, str)]
        return list(dict.fromkeys([*contrast_columns, *task_labels, *LABELS]))

    def batch_columns(self, wildcards: Any) -> list[str]:
        """Columns that may tell batches: the contrast's block, those of tasks, usual ones."""
        contrast_columns = [self.contrast.block] if self.compared_cohort == wildcards.cohort and self.contrast.block else []
        tasks = [task.harmonise.batch for task in self.config.tasks.values() if task.harmonise.batch]
        return list(dict.fromkeys([*contrast_columns, *tasks, *BATCHES]))

    def contrast_spec(self, wildcards: Any) -> dict[str, Any]:
        """The contrast as plain values."""
        return self.contrast.model_dump() | {"table": None if wildcards.cohort == READS else self._table_name(wildcards.cohort)}

    def contrast_groups(self, wildcards: Any) -> dict[str, str]:
        """The two groups, by name."""
        return self.contrast.model_dump(include={"reference", "tested"})

    def scale_memory(self) -> Callable[[Any, int], int]:
        """Memory in MB of a step that holds a cohort's matrix, by attempt: of reads ten arrays of 60,000 genes a sample, at most."""

        def mem_mb(wildcards: Any, attempt: int) -> int:
            is_counted = getattr(wildcards, "cohort", READS) == READS
            return attempt * (1500 + (5 * len(self.samples) if is_counted else 8 * self.tables.total_megabytes()))

        return mem_mb

    def _differential_files(self, names: tuple[str, ...]) -> list[str]:
        return [f"{self.cohort_folder(self.compared_cohort)}/{name}" for name in names] if self.compared_cohort else []

    def targets(self) -> list[str]:
        names = ["overview.json", *(f"{name}.svg" for name in FIGURES)]
        targets = [f"{self.cohort_folder(cohort)}/{name}" for cohort in self.cohort_names() for name in names]
        if self.samples:
            targets += [self.tables.modality_file("expression"), f"{self.cohort_folder(READS)}/identity.tsv"]
        if self.gene_body_files():
            targets.append(f"{self.cohort_folder(READS)}/gene_body.svg")
        return targets + self._differential_files(DIFFERENTIAL_FILES) + self.summaries()

    def summaries(self) -> list[str]:
        summaries = [f"{self.cohort_folder(cohort)}/explore.summary.json" for cohort in self.cohort_names()]
        if self.samples:
            summaries += [f"{self.cohort_folder(READS)}/{name}.summary.json" for name in ("assemble", "identity")]
        return summaries + self._differential_files(("differential.summary.json",))

    def products(self) -> dict[tuple[str, str], str]:
        products = {}
        if self.samples:
            products[COHORT, "expression of all samples (counts, TPM)"] = self.tables.modality_file("expression")
            products[COHORT, "sex told by expression"] = f"{self.cohort_folder(READS)}/identity.tsv"
        if self.compared_cohort:
            products[COHORT, "differential genes"] = f"{self.cohort_folder(self.compared_cohort)}/differential.tsv"
        return products
