"""Base class of the wiring of all stages: final files, summaries and named products."""

COHORT = "cohort"


class Stage:
    """Wiring of a stage; the defaults are empty."""

    def targets(self) -> list[str]:
        """Final files of the stage."""
        return []

    def summaries(self) -> list[str]:
        """Files `*.summary.json` of the stage, which are merged into summary.json."""
        return []

    def products(self) -> dict[tuple[str, str], str]:
        """(sample or COHORT, readable name of the product) → file, for the audit."""
        return {}
