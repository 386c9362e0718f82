"""Wiring of what samples are described by: their expression from reads, and the tables that users bring."""

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
        """All that samples can be described by: `expression` where reads are counted, and the tables."""
        return ["expression"] * self.has_counts + list(self.tables)

    def modality_file(self, modality: str) -> str:
        """A modality's AnnData: X is what is learned from; counts and tpm in layers, where they are known."""
        return f"{self.folder}/expression.h5ad" if modality == "expression" else f"{self.folder}/tables/{modality}.h5ad"

    def table_files(self, wildcards: Any) -> list[str]:
        """The user's own files of a table."""
        return self.tables[wildcards.table].files

    def sample_sheet(self) -> str | list[str]:
        """The sample sheet, where there is one: it describes samples of tables too."""
        return self.project.config.samples or []

    def metadata_files(self) -> list[str]:
        """Files that say what samples are, and those whose samples they follow."""
        entries = self.project.config.metadata
        return list(dict.fromkeys([entry.file for entry in entries] + [entry.order_of for entry in entries if entry.order_of]))

    def gene_table(self) -> str | list[str]:
        """Table of the annotation's genes, which tells places and lengths; none without an annotation."""
        reference = self.project.config.reference
        return f"{self.folder}/reference/genes.tsv" if reference.gtf and reference.fasta else []

    def import_spec(self, wildcards: Any) -> dict[str, Any]:
        """What `expression_import` reads of the config."""
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
        """How the table is read that a file belongs to."""
        owner = next(name for name, table in self.tables.items() if path in table.files)
        return self.tables[owner].model_dump(include={"samples_are", "about", "modality"}) | {"name": owner}

    def memory_mb(self, wildcards: Any, attempt: int) -> int:
        """Memory in MB, by attempt: eight times the tables' size."""
        return attempt * (1000 + 8 * self.total_megabytes())

    def total_megabytes(self) -> int:
        """Size of the users' files together, packed ones unpacked; files that are not there count nothing."""
        paths = [path for table in self.tables.values() for path in table.files if os.path.exists(path)]
        return sum(os.path.getsize(path) * (5 if path.endswith(".gz") else 1) for path in paths) // 1_000_000

    def targets(self) -> list[str]:
        return [self.modality_file(name) for name in self.tables]

    def summaries(self) -> list[str]:
        return [f"{self.folder}/tables/{name}.summary.json" for name in self.tables]

    def products(self) -> dict[tuple[str, str], str]:
        return {(COHORT, f"table {name}"): self.modality_file(name) for name in self.tables}
