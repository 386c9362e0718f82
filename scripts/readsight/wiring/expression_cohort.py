"""Files and parameters of cohort analyses in the stage `expression`: overview, sample identity, differential genes.

A cohort is a matrix with a folder of results: `cohort` for the counts of the project's reads, `tables/<name>` for a table.
"""

from collections.abc import Callable
from typing import Any

from readsight.checks import contrast
from readsight.config.sample_sheet import UNIT_COLUMNS
from readsight.wiring.expression import ExpressionWiring
from readsight.wiring.expression_tables import TablesWiring
from readsight.wiring.project import Project
from readsight.wiring.stage import COHORT, Stage

# Columns for the colours of figures if there is no contrast; the first one with several values is used.
LABELS = ("label", "group", "condition", "treatment", "tissue")
BATCHES = ("batch", "run_batch", "centre", "center", "plate")
READS = "cohort"
FIGURES = ("components", "likeness", "spread")
DIFFERENTIAL_FILES = ("differential.tsv", "volcano.svg", "abundance.svg")


class CohortWiring(Stage):
    """Files of the cohorts: matrix, overview, sample identity, differential genes.

    Attributes
    ----------
    samples : the RNA samples.
    contrast : the groups to compare, or None.
    compared_cohort : the cohort that the contrast applies to, or None.
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
        """Folder names of all cohorts."""
        return [READS] * bool(self.samples) + [f"tables/{name}" for name in self.tables.tables]

    def cohort_folder(self, cohort: str) -> str:
        return f"{self.expression.folder}/{cohort}"

    def matrix_file(self, wildcards: Any) -> str:
        """Matrix of a cohort."""
        return self.tables.modality_file("expression" if wildcards.cohort == READS else self._table_name(wildcards.cohort))

    def _table_name(self, cohort: str) -> str:
        return cohort.removeprefix("tables/")

    def sample_metadata(self) -> dict[str, dict[str, str]]:
        """RNA sample → the columns of the sheet that describe samples rather than units."""
        units = self.expression.units
        return {s: {k: v for k, v in units[s][0].metadata.items() if k.lower() not in UNIT_COLUMNS} for s in self.samples}

    def stats_files(self) -> list[str]:
        """Alignment statistics, which contain fragment lengths; none if only Salmon is used."""
        return [f"{self.expression.align.folder}/{s}.stats.txt" for s in self.samples] if self.expression.uses_star else []

    def gene_body_files(self) -> list[str]:
        """Gene-body coverage, one file per RNA sample."""
        return self.expression.sample_files("gene_body.tsv") if self.expression.uses_star else []

    def label_columns(self, wildcards: Any) -> list[str]:
        """Candidate columns for the colours of figures, in order: contrast, labels of tasks, common names."""
        modality = "expression" if wildcards.cohort == READS else self._table_name(wildcards.cohort)
        contrast_columns = [self.contrast.column] if self.compared_cohort == wildcards.cohort else []
        tasks = [t for t in self.config.tasks.values() if t.source == "samples" and modality in (t.modalities or [modality])]
        task_labels = [t.label for t in tasks if isinstance(t.label, str)]
        return list(dict.fromkeys([*contrast_columns, *task_labels, *LABELS]))

    def batch_columns(self, wildcards: Any) -> list[str]:
        """Candidate columns of batches, in order: block of the contrast, batches of tasks, common names."""
        contrast_columns = [self.contrast.block] if self.compared_cohort == wildcards.cohort and self.contrast.block else []
        tasks = [task.harmonise.batch for task in self.config.tasks.values() if task.harmonise.batch]
        return list(dict.fromkeys([*contrast_columns, *tasks, *BATCHES]))

    def contrast_spec(self, wildcards: Any) -> dict[str, Any]:
        """The contrast as plain values."""
        return self.contrast.model_dump() | {"table": None if wildcards.cohort == READS else self._table_name(wildcards.cohort)}

    def contrast_groups(self, wildcards: Any) -> dict[str, str]:
        """Reference and tested group."""
        return self.contrast.model_dump(include={"reference", "tested"})

    def scale_memory(self) -> Callable[[Any, int], int]:
        """Memory in MB by attempt of a step that loads a cohort: for reads, at most ten arrays of 60,000 genes per sample."""

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
            products[COHORT, "sex inferred from expression"] = f"{self.cohort_folder(READS)}/identity.tsv"
        if self.compared_cohort:
            products[COHORT, "differential genes"] = f"{self.cohort_folder(self.compared_cohort)}/differential.tsv"
        return products
