"""Draw what moved the predictions of some single examples, step by step."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.interpret.tabular_attribution import results
from readsight.interpret.tabular_attribution.results import Attributed, short, title
from readsight.report.figure_style import COLOURS, new, save
from readsight.step import step

STEPS = 10


def chosen(cases: pd.DataFrame, survival: bool) -> list[tuple[str, int]]:
    """What is shown step by step, and its row: most certain right, most wrong, least certain; of survival highest, lowest and middle hazard."""
    rows = cases.reset_index(drop=True)
    if survival:
        by = rows["order"].sort_values(kind="stable").index
        picked = [("highest hazard", by[-1]), ("lowest hazard", by[0]), ("middle hazard", by[len(by) // 2])]
    else:
        right, wrong = rows[rows["right"].astype(bool)], rows[~rows["right"].astype(bool)]
        picked = [("most certain, and right", right["chance"].idxmax())] if len(right) else []
        picked += [("most wrong", wrong["own"].idxmin())] if len(wrong) else []
        left = rows.drop([i for _, i in picked])
        picked += [("least certain", left["chance"].idxmin())] if len(left) else []
    seen: dict[int, str] = {}
    for words, row in picked:
        seen.setdefault(int(row), words)
    return [(words, row) for row, words in seen.items()]


def target(data: Attributed, case: Any) -> int:
    """The output that is explained of an example: that of its predicted class; the first label of several, or the only one."""
    outputs = data.outputs
    named = [i for i, name in enumerate(outputs) if name in str(case["guess"]).split(" + ")]
    return named[0] if len(outputs) > 1 and named else 0


def waterfall(found: dict[str, Any], data: Attributed, cases: pd.DataFrame, labels: dict[str, str], out: Path) -> None:
    """Some examples, step by step: the features that moved the output most, one above the other, and all others together."""
    method = results.trusted(found["methods"])
    held, survival = found["methods"][method], data.unit == "log hazard"
    picked = chosen(cases, survival)
    figure, axes = new(1, len(picked), width=6 * len(picked), height=0.32 * STEPS + 2.2, squeeze=False)
    for axis, (words, row) in zip(axes[0], picked, strict=True):
        case = cases.iloc[row]
        output = target(data, case)
        own = data.attributions[method][row, :, output]
        first = np.argsort(-np.abs(own), kind="stable")[:STEPS]
        rest = float(own.sum() - own[first].sum())
        others = int(np.count_nonzero(own) - np.count_nonzero(own[first]))
        pieces = ([(f"{others} others", rest)] if others > 0 else []) + [
            (f"{labels.get(data.feature[i], data.feature[i])} = {data.values[row, i]:+.1f}", float(own[i]))
            for i in first[::-1]
            if own[i] != 0
        ]
        steps(axis, pieces)
        towards = data.outputs[output]
        axis.set_xlabel(f"sum of attributions ({data.unit}{f'; right: {short(towards, 24)}' if towards else ''})", fontsize=9)
        told = "" if survival else f"{case['truth']}, predicted {case['guess']} ({case['chance']:.2f})\n"
        told = f"{short(case['example'], 34)}: {words}\n{told}attributions add up to {own.sum():+.2f}"
        axis.set_title(told, fontsize=9)
    figure.suptitle(title(method, held), x=0.01, ha="left", fontsize=11, color="black" if held["passed"] else COLOURS[1])
    save(figure, out)


def steps(axis: Any, pieces: list[tuple[str, float]]) -> None:
    """Bars that each start where the one below ended, from 0 up to the sum."""
    values = np.array([value for _, value in pieces])
    ends = np.cumsum(values)
    starts = ends - values
    for y, (start, value) in enumerate(zip(starts, values, strict=True)):
        axis.barh(y, value, left=start, color=COLOURS[1] if value > 0 else COLOURS[0], height=0.7)
        axis.plot([start + value] * 2, [y - 0.35, min(y + 1.35, len(pieces) - 0.65)], color="0.5", linewidth=0.7)
    reach = max(np.ptp(np.r_[0, ends]), 1e-9)
    for y, (start, value) in enumerate(zip(starts, values, strict=True)):
        at = max(start, start + value) + 0.01 * reach
        axis.text(
            at, y, f"{value:+.2f}", va="center", fontsize=7, color="0.2", bbox={"facecolor": "white", "linewidth": 0, "pad": 0.5}
        )
    axis.axvline(0, color="0.6", linewidth=1, zorder=0)
    axis.axvline(ends[-1], color="black", linewidth=1, linestyle="--", zorder=0)
    axis.set_yticks(range(len(pieces)), [name for name, _ in pieces], fontsize=8)
    axis.set_ylim(-0.6, len(pieces) - 0.4)
    axis.use_sticky_edges = False
    axis.margins(x=0.14)


def main(attributions: Path, examined: Path, cases: Path, described: Path, out: Path) -> None:
    found, data = json.loads(examined.read_text()), results.read(attributions)
    waterfall(found, data, pd.read_parquet(cases), results.labels(described, 36), out)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.attributions, job.input.exams, job.input.cases, job.input.features, job.output.waterfall)
