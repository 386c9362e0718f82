"""The look of every figure: readable without a manual, in print and for the colour-blind."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

# Okabe & Ito (2008): told apart by colour-blind readers too.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999"]

STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": matplotlib.cycler(color=COLOURS),
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "readsight",
    "figure.facecolor": "white",
}


plt.rcParams.update(STYLE)


def new_figure(rows: int = 1, columns: int = 1, width: float = 6, height: float = 4, **options: Any) -> tuple[Any, Any]:
    """A figure and its axes (one, or an array as of `plt.subplots`); sizes in inches, of the whole."""
    return plt.subplots(rows, columns, figsize=(width, height), layout="constrained", **options)


def save_figure(figure: Any, path: Path) -> None:
    """Write a figure in the format of its ending, the same bytes each time, and close it."""
    figure.savefig(path, metadata={"Date": None} if Path(path).suffix == ".svg" else None, dpi=150)
    plt.close(figure)


def draw_message(path: Path, message: str) -> None:
    """A figure that says in words why there is nothing to draw."""
    figure, axis = new_figure(width=6, height=1.5)
    axis.axis("off")
    axis.text(0.5, 0.5, message, ha="center", va="center", wrap=True)
    save_figure(figure, path)
