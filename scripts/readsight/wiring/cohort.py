"""Wiring of the cohort's expression, a part of the expression stage: from counts of samples to a matrix and what it tells."""

from typing import Any

from readsight.project import Project
from readsight.samples import OF_UNITS
from readsight.wiring.expression import ExpressionWiring
from readsight.wiring.stage import COHORT, Stage

# Columns of the sheet that figures are coloured by, the first that tells samples apart.
LABELS = ("label", "group", "condition", "treatment", "tissue")
BATCHES = ("batch", "run_batch", "centre", "center")


class CohortWiring(Stage):
    """Files of the cohort: matrix, overview, identity, differential genes.

    samples: the RNA samples. contrast: the groups to compare, None where the config names none.
    """

    def __init__(self, project: Project):
        self.expression = ExpressionWiring(project)
        self.folder = f"{self.expression.folder}/cohort"
        self.samples = self.expression.samples
        self.asked = bool(self.samples)
        self.contrast = self.expression.expression.contrast if self.asked else None

    def metadata(self) -> dict[str, dict[str, str]]:
        """Sample → the sheet's columns that describe samples, not units."""
        units = self.expression.units
        return {s: {k: v for k, v in units[s][0].metadata.items() if k.lower() not in OF_UNITS} for s in self.samples}

    def stats(self) -> list[str]:
        """Statistics of the alignments, which tell how long fragments are; none where Salmon alone counts."""
        return [f"{self.expression.align.folder}/{s}.stats.txt" for s in self.samples] if self.expression.star else []

    def label(self) -> str | None:
        """Column that colours the figures: that of the contrast, or one that is usual for labels."""
        return self.contrast.column if self.contrast else self._telling(LABELS)

    def batch(self) -> str | None:
        """Column of batches: that of the contrast's block, or one that is usual for batches."""
        return (self.contrast and self.contrast.block) or self._telling(BATCHES)

    def _telling(self, names: tuple[str, ...]) -> str | None:
        described = self.metadata().values()
        return next((name for name in names if len({d.get(name, "") for d in described}) > 1), None)

    def compared(self) -> dict[str, Any]:
        """The contrast as plain values; empty where none is asked for."""
        return self.contrast.model_dump() if self.contrast else {}

    def data(self) -> str:
        return f"{self.expression.folder}/expression.h5ad"

    def room(self) -> int:
        """Memory in MB of a step that holds the matrix: ten arrays of 60,000 genes a sample, at most."""
        return 1500 + 5 * len(self.samples)

    def _differential(self, names: list[str]) -> list[str]:
        return [f"{self.folder}/{name}" for name in names] if self.contrast else []

    def targets(self) -> list[str]:
        if not self.asked:
            return []
        figures = [f"{self.folder}/{name}.svg" for name in ("components", "likeness", "spread")]
        tables = [self.data(), f"{self.folder}/overview.json", f"{self.folder}/identity.tsv"]
        return tables + figures + self._differential(["differential.tsv", "volcano.svg", "abundance.svg"]) + self.summaries()

    def summaries(self) -> list[str]:
        names = ["assemble", "explore", "identity"] if self.asked else []
        return [f"{self.folder}/{name}.summary.json" for name in names] + self._differential(["differential.summary.json"])

    def products(self) -> dict[tuple[str, str], str]:
        if not self.asked:
            return {}
        named = {(COHORT, "expression of all samples (counts, TPM)"): self.data()}
        named[COHORT, "sex told by expression"] = f"{self.folder}/identity.tsv"
        if self.contrast:
            named[COHORT, "differential genes"] = f"{self.folder}/differential.tsv"
        return named
