"""Curves of models: ranking, calibration, learning."""

from pathlib import Path

from readsight.report.figure_style import COLOURS, empty, new, save
from readsight.report.model_figures.style import Found, colours, label, leading, plain

SQUARE = {"xlim": (-0.01, 1.01), "ylim": (-0.01, 1.03)}
UNITS = {
    "survival": "negative log partial likelihood, an event",
    "regression": "mean squared error",
    "profile": "Poisson loss, a bin",
    "positions": "cross-entropy, a base (nats)",
}


def curves(found: Found, out: Path) -> None:
    """ROC and precision–recall curves of two classes; ROC of models and of classes; of sites, precision–recall of each class.

    Of profiles the mean over examples; of survival, discrimination over time.
    """
    if found["kind"] in OTHERWISE:
        OTHERWISE[found["kind"]](found, out)
        return
    if not found["curves"]:
        empty(out, "No test fold holds both classes: there is no ROC curve.")
        return
    figure, (left, right) = new(1, 2, width=10, height=4.6)
    several = found["kind"] != "binary"
    shade = colours(found)
    for model, curve in plain(found, "curves").items():
        style = {"color": shade[model], "label": label(model, found), "linewidth": 2 if model == found["first"] else 1.2}
        left.plot([0, *curve["grid"]], [0, *curve["recall_at_fpr"]], **style)
        if not several:
            right.plot(curve["grid"], curve["precision_at_recall"], **style)
    left.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1)
    recall = "recall" if several else f"{_many(found)} found (recall)"
    left.set(xlabel="false-positive rate", ylabel=recall, title="ROC", **SQUARE)
    if several:
        of = "class against the rest" if found["kind"] == "multiclass" else "label"
        left.set_title(f"ROC, mean over {'classes' if found['kind'] == 'multiclass' else 'labels'}")
        for place, (name, curve) in enumerate(found["curves_by_class"].items()):
            style = {"color": COLOURS[place % 7], "linestyle": ("-", "--", ":")[place // 7 % 3], "label": name}
            right.plot([0, *curve["grid"]], [0, *curve["recall_at_fpr"]], **style)
        right.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1)
        right.set(xlabel="false-positive rate", ylabel="recall", title=f"{label(found['first'], found)}: each {of}", **SQUARE)
        right.legend(loc="lower right", fontsize=8)
    else:
        right.axhline(found["facts"]["base_rate"], color="0.6", linestyle="--", linewidth=1)
        right.set(xlabel=recall, ylabel="precision", title="Precision–recall (dashed: base rate)", **SQUARE)
    left.legend(loc="lower right", fontsize=8)
    save(figure, out)


def over_time(found: Found, out: Path) -> None:
    """How well risks tell, at each time, who had the event by then."""
    own = {m: of for m, of in plain(found, "over_time").items() if any(v is not None for v in of["auc"])}
    if not own:
        empty(out, "No event was seen in the test samples: there is no discrimination to draw.")
        return
    figure, axis = new(width=6.5, height=4.2)
    for model, of in own.items():
        at = [(t, v) for t, v in zip(of["time"], of["auc"], strict=True) if v is not None]
        axis.plot(*zip(*at, strict=True), "o-", markersize=3, color=colours(found)[model], label=label(model, found))
    axis.axhline(0.5, color="0.6", linestyle="--", linewidth=1)
    axis.set(
        xlabel="follow-up time", ylabel="AUROC of who had the event by then", title="Discrimination over time (dashed: chance)"
    )
    axis.legend(fontsize=8)
    save(figure, out)


def site_curves(found: Found, out: Path) -> None:
    """Precision–recall of the sites of each class among all bases, a line a model."""
    own = {site: plain({"own": of}, "own") for site, of in found["site_curves"].items()}
    own = {site: of for site, of in own.items() if of}
    if not own:
        empty(out, "No test window holds a site: there is no precision–recall curve.")
        return
    figure, axes = new(1, len(own), width=0.8 + 4.4 * len(own), height=4.4, squeeze=False)
    for axis, (site, of) in zip(axes[0], own.items(), strict=True):
        for model, curve in of.items():
            area = found["per_class"][model][site]["auprc"]["value"]
            style = {"color": colours(found)[model], "linewidth": 2 if model == found["first"] else 1.2}
            axis.plot(curve["grid"], curve["precision_at_recall"], label=f"{label(model, found)} ({area:.3f})", **style)
        cells = found["per_class"][found["first"]][site]
        axis.axhline(cells["base_rate"], color="0.6", linestyle="--", linewidth=1)
        axis.set(
            xlabel="sites found (recall)",
            ylabel="precision",
            title=f"{site}, {cells['n']} sites (AUPRC; dashed: base rate)",
            **SQUARE,
        )
        axis.legend(fontsize=8)
    save(figure, out)


def mean_profiles(found: Found, out: Path) -> None:
    """Mean signal along the test examples, observed and predicted."""
    own = found["mean_profile"]
    figure, axis = new(width=7, height=4.2)
    axis.plot(own["observed"], color="black", linewidth=2, label="observed")
    for model, values in plain({"own": {m: v for m, v in own.items() if m != "observed"}}, "own").items():
        axis.plot(values, color=colours(found)[model], linewidth=1.5, label=label(model, found))
    axis.set(xlabel="bin along the window", ylabel="signal", title="Mean over the test sequences")
    axis.set_ylim(bottom=0)
    axis.legend(fontsize=8)
    save(figure, out)


def no_curves(found: Found, out: Path) -> None:
    empty(out, "Numbers are predicted, not classes: there is no ROC curve. See predicted beside observed.")


OTHERWISE = {"survival": over_time, "positions": site_curves, "profile": mean_profiles, "regression": no_curves}
UNSURE = {
    "survival": "Models of survival give relative risks, not probabilities: there is nothing to calibrate.",
    "regression": "Models of numbers give no probabilities: there is nothing to calibrate.",
    "profile": "Models of a signal give no probabilities: there is nothing to calibrate.",
}


def calibration(found: Found, out: Path) -> None:
    """Predicted against observed, before and after calibration; lines are 95 % intervals, the area of a point is its examples."""
    if found["kind"] in UNSURE:
        empty(out, UNSURE[found["kind"]])
        return
    models = leading(found, list(plain(found, "reliability")), 5)
    wide = max(len(label(model, found)) for model in models) > 20
    figure, axes = new(1, 2, width=10, height=5.4 + 0.3 * wide, sharex=True, sharey=True)
    for axis, kind, words in zip(
        axes, ("raw", "calibrated"), ("Before calibration", "After (fitted on validation)"), strict=True
    ):
        axis.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1)
        for model in models:
            rows = found["reliability"][model][kind]
            x, y = [r["predicted"] for r in rows], [r["observed"] for r in rows]
            error = found["metrics"][model]["ece_raw" if kind == "raw" else "ece"]["value"]
            shade = colours(found)[model]
            axis.plot(x, y, color=shade, linewidth=1, label=f"{label(model, found)} (ECE {error:.3f})")
            ends = [[r[side] if r[side] is not None else r["observed"] for r in rows] for side in ("low", "high")]
            axis.vlines(x, *ends, color=shade, linewidth=1, alpha=0.5)
            largest = max(r["n"] for r in rows)
            axis.scatter(x, y, s=[8 + 40 * r["n"] / largest for r in rows], color=shade)
        axis.set(xlabel=_predicted(found), title=words, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axis.legend(loc="upper left", bbox_to_anchor=(0, -0.14), ncols=1 if wide else 2, fontsize=8)
    axes[0].set_ylabel("part called right" if found["kind"] == "multiclass" else "observed frequency")
    save(figure, out)


def _many(found: Found) -> str:
    """The class sought: of calls in the plural, of samples as it is named."""
    return found["facts"]["rare"] + "s" * (found["primary"] == "auprc")


def _predicted(found: Found) -> str:
    words = {
        "multiclass": "probability of the likeliest class",
        "multilabel": "predicted probability of a label",
        "positions": "predicted probability of being a site",
    }
    return words.get(found["kind"]) or f"predicted probability ({found['facts'].get('rare')})"


def learning(found: Found, out: Path) -> None:
    """Training and validation loss by epoch, a thin line a fold; a panel a model that learns in epochs."""
    own = plain(found, "learning")
    if not own:
        empty(out, "None of this task's models learns in epochs: there is no learning curve.")
        return
    models = leading(found, list(own), 3)
    figure, axes = new(1, len(models), width=2 + 4.2 * len(models), height=4, squeeze=False)
    for axis, model in zip(axes[0], models, strict=True):
        folds = [rows for rows in own[model] if rows]
        held = [rows for rows in folds if any(r.get("validation") is not None for r in rows)]
        parts = [
            ("train", COLOURS[1], "training (balanced, with dropout)", folds),
            ("validation", COLOURS[0], "validation", held),
        ]
        for part, colour, words, of in parts:
            for number, rows in enumerate(of):
                at = [(r["epoch"] + 1, r[part]) for r in rows if r.get(part) is not None]
                axis.plot(*zip(*at, strict=True), color=colour, alpha=0.5, linewidth=1, label=None if number else words)
        for number, rows in enumerate(held):
            best = min((r for r in rows if r.get("validation") is not None), key=lambda r: r["validation"])
            place, words = (best["epoch"] + 1, best["validation"]), None if number else "epoch kept"
            axis.plot(*place, "o", color=COLOURS[0], markersize=4, label=words)
        if not held:
            axis.plot([], [], " ", label="epochs settled on inner folds;\nno part is held out of this last training")
        axis.set(
            xlabel="epoch", ylabel=UNITS.get(found["kind"], "cross-entropy (nats)"), title=f"{label(model, found)}, a line a fold"
        )
        if all(r[part] > 0 for rows in folds for r in rows for part in ("train", "validation") if r.get(part) is not None):
            axis.set_yscale("log")
        axis.legend(fontsize=8)
    save(figure, out)
