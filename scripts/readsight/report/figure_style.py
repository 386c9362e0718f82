"""Style of all figures, readable in print and for colour-blind readers."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

# Okabe & Ito (2008): safe for colour-blind readers.
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
    """A figure and its axes (one, or an array as from `plt.subplots`); size of the figure in inches."""
    return plt.subplots(rows, columns, figsize=(width, height), layout="constrained", **options)


def save_figure(figure: Any, path: Path) -> None:
    """Write a figure in the format of the file extension, byte-reproducible, and close it."""
    figure.savefig(path, metadata={"Date": None} if Path(path).suffix == ".svg" else None, dpi=150)
    plt.close(figure)


def draw_message(path: Path, message: str) -> None:
    """A figure with a message that explains why there is nothing to draw."""
    figure, axis = new_figure(width=6, height=1.5)
    axis.axis("off")
    axis.text(0.5, 0.5, message, ha="center", va="center", wrap=True)
    save_figure(figure, path)
