"""Files and parameters of the modalities of samples: expression from reads, and user tables."""

import os
from typing import Any

from readsight.wiring.project import Project
from readsight.wiring.stage import COHORT, Stage


class TablesWiring(Stage):
    """Files of the modalities, each an AnnData of samples × features."""

    def __init__(self, project: Project):
        self.project = project
        self.folder = f"{project.folder}/expression"
        self.tables = project.config.tables
        self.has_counts = bool(project.rna_samples and project.config.expression)

    def modality_names(self) -> list[str]:
        """Names of all modalities: `expression` if reads are counted, and the tables."""
        return ["expression"] * self.has_counts + list(self.tables)

    def modality_file(self, modality: str) -> str:
        """AnnData of a modality: X has the values for models; layers have counts and TPM where known."""
        return f"{self.folder}/expression.h5ad" if modality == "expression" else f"{self.folder}/tables/{modality}.h5ad"

    def table_files(self, wildcards: Any) -> list[str]:
        """User files of a table."""
        return self.tables[wildcards.table].files

    def sample_sheet(self) -> str | list[str]:
        """The sample sheet, if there is one; it also describes samples of tables."""
        return self.project.config.samples or []

    def metadata_files(self) -> list[str]:
        """Metadata files, and the table files whose sample order they follow."""
        entries = self.project.config.metadata
        return list(dict.fromkeys([entry.file for entry in entries] + [entry.order_of for entry in entries if entry.order_of]))

    def gene_table(self) -> str | list[str]:
        """Gene table with positions and lengths; none without an annotation."""
        reference = self.project.config.reference
        return f"{self.folder}/reference/genes.tsv" if reference.gtf and reference.fasta else []

    def import_spec(self, wildcards: Any) -> dict[str, Any]:
        """Settings of `expression_import`."""
        config = self.project.config
        settings = self.tables[wildcards.table].model_dump() | {"name": wildcards.table}
        metadata = [entry.model_dump() for entry in config.metadata]
        tasks = [
            task
            for task in config.tasks.values()
            if task.source == "samples" and wildcards.table in (task.modalities or self.tables)
        ]
        return settings | {
            "results": self.project.folder,
            "metadata": metadata,
            "orders": {entry.order_of: self._order_settings(entry.order_of) for entry in config.metadata if entry.order_of},
            "labels": sorted({column for task in tasks for column in task.labels}),
            "alone": len(self.tables) == 1 and not self.project.samples_with_data,
        }

    def _order_settings(self, path: str) -> dict[str, Any]:
        """Settings of the table that a file belongs to."""
        owner = next(name for name, table in self.tables.items() if path in table.files)
        return self.tables[owner].model_dump(include={"samples_are", "about", "modality"}) | {"name": owner}

    def memory_mb(self, wildcards: Any, attempt: int) -> int:
        """Memory in MB by attempt: eight times the size of the tables."""
        return attempt * (1000 + 8 * self.total_megabytes())

    def total_megabytes(self) -> int:
        """Total uncompressed size of the table files in MB; missing files count as empty."""
        paths = [path for table in self.tables.values() for path in table.files if os.path.exists(path)]
        return sum(os.path.getsize(path) * (5 if path.endswith(".gz") else 1) for path in paths) // 1_000_000

    def targets(self) -> list[str]:
        return [self.modality_file(name) for name in self.tables]

    def summaries(self) -> list[str]:
        return [f"{self.folder}/tables/{name}.summary.json" for name in self.tables]

    def products(self) -> dict[tuple[str, str], str]:
        return {(COHORT, f"table {name}"): self.modality_file(name) for name in self.tables}
