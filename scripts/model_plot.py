"""Draw the figures of a task's models: scores, comparisons, variability, predictions, curves, calibration, learning, strata."""

import json
from pathlib import Path

from readsight.report.model_figures.curves import draw_calibration, draw_curves, draw_learning
from readsight.report.model_figures.predictions import draw_confusion
from readsight.report.model_figures.scores import draw_comparisons, draw_performance, draw_variability
from readsight.report.model_figures.strata import draw_strata
from readsight.step import step

# Output of the rule → function that draws it.
FIGURES = {
    "performance": draw_performance,
    "comparisons": draw_comparisons,
    "luck": draw_variability,
    "confusion": draw_confusion,
    "curves": draw_curves,
    "calibration": draw_calibration,
    "learning": draw_learning,
    "strata": draw_strata,
}


def main(evaluation: Path, outputs: dict[str, Path]) -> None:
    """Draw all figures."""
    results = json.loads(evaluation.read_text())
    for name, draw in FIGURES.items():
        draw(results, outputs[name])


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.evaluation, {name: getattr(job.output, name) for name in FIGURES})
