"""Waterfall plots: which features moved the predictions of selected examples."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.interpret.tabular_attribution import results
from readsight.interpret.tabular_attribution.results import FeatureAttributions, method_title, shorten
from readsight.report.figure_style import COLOURS, new_figure, save_figure
from readsight.step import step

MAX_STEPS = 10


def select_examples(cases: pd.DataFrame, survival: bool) -> list[tuple[str, int]]:
    """Labels and rows of the examples to show: most certain correct, most wrong and least certain prediction (survival: highest, lowest
    and middle hazard).
    """
    rows = cases.reset_index(drop=True)
    if survival:
        hazard_order = rows["order"].sort_values(kind="stable").index
        picked = [
            ("highest hazard", hazard_order[-1]),
            ("lowest hazard", hazard_order[0]),
            ("middle hazard", hazard_order[len(hazard_order) // 2]),
        ]
    else:
        right, wrong = rows[rows["right"].astype(bool)], rows[~rows["right"].astype(bool)]
        picked = [("most certain correct prediction", right["chance"].idxmax())] if len(right) else []
        picked += [("most wrong prediction", wrong["own"].idxmin())] if len(wrong) else []
        remaining = rows.drop([i for _, i in picked])
        picked += [("least certain prediction", remaining["chance"].idxmin())] if len(remaining) else []
    labels: dict[int, str] = {}
    for label, row in picked:
        labels.setdefault(int(row), label)
    return [(label, row) for row, label in labels.items()]


def target_output(data: FeatureAttributions, case: Any) -> int:
    """The explained output of an example: that of its predicted class; the first label of several, or the only output."""
    outputs = data.outputs
    matches = [i for i, name in enumerate(outputs) if name in str(case["guess"]).split(" + ")]
    return matches[0] if len(outputs) > 1 and matches else 0


def draw_waterfall(
    report: dict[str, Any], data: FeatureAttributions, cases: pd.DataFrame, labels: dict[str, str], out: Path
) -> None:
    """Waterfall of each selected example: the features that moved the output most, and the sum of all remaining features."""
    method = results.choose_method(report["methods"])
    result, survival = report["methods"][method], data.unit == "log hazard"
    picked = select_examples(cases, survival)
    figure, axes = new_figure(1, len(picked), width=6 * len(picked), height=0.32 * MAX_STEPS + 2.2, squeeze=False)
    for axis, (label, row) in zip(axes[0], picked, strict=True):
        case = cases.iloc[row]
        output = target_output(data, case)
        contributions = data.attributions[method][row, :, output]
        largest = np.argsort(-np.abs(contributions), kind="stable")[:MAX_STEPS]
        remainder = float(contributions.sum() - contributions[largest].sum())
        remaining = int(np.count_nonzero(contributions) - np.count_nonzero(contributions[largest]))
        bars = ([(f"{remaining} more features", remainder)] if remaining > 0 else []) + [
            (f"{labels.get(data.feature[i], data.feature[i])} = {data.values[row, i]:+.1f}", float(contributions[i]))
            for i in largest[::-1]
            if contributions[i] != 0
        ]
        draw_steps(axis, bars)
        output_name = data.outputs[output]
        axis.set_xlabel(
            f"sum of attributions ({data.unit}{f'; right: {shorten(output_name, 24)}' if output_name else ''})", fontsize=9
        )
        text = "" if survival else f"{case['truth']}, predicted {case['guess']} ({case['chance']:.2f})\n"
        text = f"{shorten(case['example'], 34)}: {label}\n{text}sum of attributions {contributions.sum():+.2f}"
        axis.set_title(text, fontsize=9)
    figure.suptitle(
        method_title(method, result), x=0.01, ha="left", fontsize=11, color="black" if result["passed"] else COLOURS[1]
    )
    save_figure(figure, out)


def draw_steps(axis: Any, bars: list[tuple[str, float]]) -> None:
    """Bars that each start at the end of the previous one, from 0 to the sum."""
    values = np.array([value for _, value in bars])
    ends = np.cumsum(values)
    starts = ends - values
    for y, (start, value) in enumerate(zip(starts, values, strict=True)):
        axis.barh(y, value, left=start, color=COLOURS[1] if value > 0 else COLOURS[0], height=0.7)
        axis.plot([start + value] * 2, [y - 0.35, min(y + 1.35, len(bars) - 0.65)], color="0.5", linewidth=0.7)
    reach = max(np.ptp(np.r_[0, ends]), 1e-9)
    for y, (start, value) in enumerate(zip(starts, values, strict=True)):
        text_x = max(start, start + value) + 0.01 * reach
        axis.text(
            text_x,
            y,
            f"{value:+.2f}",
            va="center",
            fontsize=7,
            color="0.2",
            bbox={"facecolor": "white", "linewidth": 0, "pad": 0.5},
        )
    axis.axvline(0, color="0.6", linewidth=1, zorder=0)
    axis.axvline(ends[-1], color="black", linewidth=1, linestyle="--", zorder=0)
    axis.set_yticks(range(len(bars)), [name for name, _ in bars], fontsize=8)
    axis.set_ylim(-0.6, len(bars) - 0.4)
    axis.use_sticky_edges = False
    axis.margins(x=0.14)


def main(attributions: Path, examined: Path, cases: Path, described: Path, out: Path) -> None:
    report, data = json.loads(examined.read_text()), results.read_attributions(attributions)
    draw_waterfall(report, data, pd.read_parquet(cases), results.read_labels(described, 36), out)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.attributions, job.input.exams, job.input.cases, job.input.features, job.output.waterfall)
