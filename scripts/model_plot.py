"""Draw a task's models: beside their baselines and each other, over divisions; calls, curves, calibration, learning, parts."""

import json
from pathlib import Path

from readsight.report.model_figures.curves import draw_calibration, draw_curves, draw_learning
from readsight.report.model_figures.predictions import draw_confusion
from readsight.report.model_figures.scores import draw_comparisons, draw_performance, draw_variability
from readsight.report.model_figures.strata import draw_strata
from readsight.step import step

FIGURES = (
    draw_performance,
    draw_comparisons,
    draw_variability,
    draw_confusion,
    draw_curves,
    draw_calibration,
    draw_learning,
    draw_strata,
)


def main(evaluation: Path, outputs: dict[str, Path]) -> None:
    """Draw all figures."""
    results = json.loads(evaluation.read_text())
    for draw in FIGURES:
        draw(results, outputs[draw.__name__])


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.evaluation, {draw.__name__: getattr(job.output, draw.__name__) for draw in FIGURES})
