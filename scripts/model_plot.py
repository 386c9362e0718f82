"""Draw a task's models: beside their baselines and each other, over divisions; calls, curves, calibration, learning, parts."""

import json
from pathlib import Path

from readsight.report.model_figures.curves import calibration, curves, learning
from readsight.report.model_figures.predictions import confusion
from readsight.report.model_figures.scores import comparisons, luck, performance
from readsight.report.model_figures.strata import strata
from readsight.step import step

FIGURES = (performance, comparisons, luck, confusion, curves, calibration, learning, strata)


def main(evaluation: Path, outputs: dict[str, Path]) -> None:
    """Draw all figures."""
    found = json.loads(evaluation.read_text())
    for draw in FIGURES:
        draw(found, outputs[draw.__name__])


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.evaluation, {draw.__name__: getattr(job.output, draw.__name__) for draw in FIGURES})
