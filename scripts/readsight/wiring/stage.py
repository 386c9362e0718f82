"""What every stage's wiring can tell: its final files, its figures in numbers, its products."""

COHORT = "cohort"


class Stage:
    """Base of the wiring of a stage: a stage that gives nothing answers with nothing."""

    def targets(self) -> list[str]:
        """The stage's final files."""
        return []

    def summaries(self) -> list[str]:
        """Its `*.summary.json` fragments, which become summary.json."""
        return []

    def products(self) -> dict[tuple[str, str], str]:
        """(sample or COHORT, product in plain words) → file, for the audit."""
        return {}
