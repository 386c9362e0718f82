"""Figures of ranking, calibration and learning curves."""

from pathlib import Path

from readsight.report.figure_style import COLOURS, draw_message, new_figure, save_figure
from readsight.report.model_figures.style import Evaluation, assign_colours, label_model, select_leading, select_plain

UNIT_SQUARE = {"xlim": (-0.01, 1.01), "ylim": (-0.01, 1.03)}
UNITS = {
    "survival": "negative log partial likelihood per event",
    "regression": "mean squared error",
    "profile": "Poisson loss per bin",
    "positions": "cross-entropy per base (nats)",
}


def draw_curves(evaluation: Evaluation, output: Path) -> None:
    """ROC and precision–recall curves of two classes; ROC of models and classes for several; precision–recall of each site class.

    For profiles the mean over examples; for survival, discrimination over time.
    """
    if evaluation["kind"] in DRAW_BY_KIND:
        DRAW_BY_KIND[evaluation["kind"]](evaluation, output)
        return
    if not evaluation["curves"]:
        draw_message(output, "No test fold has both classes: there is no ROC curve.")
        return
    figure, (left, right) = new_figure(1, 2, width=10, height=4.6)
    has_several = evaluation["kind"] != "binary"
    shade = assign_colours(evaluation)
    for model, curve in select_plain(evaluation, "curves").items():
        style = {
            "color": shade[model],
            "label": label_model(model, evaluation),
            "linewidth": 2 if model == evaluation["first"] else 1.2,
        }
        left.plot([0, *curve["grid"]], [0, *curve["recall_at_fpr"]], **style)
        if not has_several:
            right.plot(curve["grid"], curve["precision_at_recall"], **style)
    left.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1)
    recall = "recall" if has_several else f"{_name_positive_class(evaluation)} recall"
    left.set(xlabel="false-positive rate", ylabel=recall, title="ROC", **UNIT_SQUARE)
    if has_several:
        unit = "class against all" if evaluation["kind"] == "multiclass" else "label"
        left.set_title(f"ROC, mean over {'classes' if evaluation['kind'] == 'multiclass' else 'labels'}")
        for number, (name, curve) in enumerate(evaluation["curves_by_class"].items()):
            style = {"color": COLOURS[number % 7], "linestyle": ("-", "--", ":")[number // 7 % 3], "label": name}
            right.plot([0, *curve["grid"]], [0, *curve["recall_at_fpr"]], **style)
        right.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1)
        right.set(
            xlabel="false-positive rate",
            ylabel="recall",
            title=f"{label_model(evaluation['first'], evaluation)}: each {unit}",
            **UNIT_SQUARE,
        )
        right.legend(loc="lower right", fontsize=8)
    else:
        right.axhline(evaluation["facts"]["base_rate"], color="0.6", linestyle="--", linewidth=1)
        right.set(xlabel=recall, ylabel="precision", title="Precision–recall (dashed: base rate)", **UNIT_SQUARE)
    left.legend(loc="lower right", fontsize=8)
    save_figure(figure, output)


def draw_over_time(evaluation: Evaluation, output: Path) -> None:
    """Cumulative AUROC of events over follow-up time."""
    curves_by_model = {
        m: curve for m, curve in select_plain(evaluation, "over_time").items() if any(v is not None for v in curve["auc"])
    }
    if not curves_by_model:
        draw_message(output, "No event in the test samples: there is no discrimination to draw.")
        return
    figure, axis = new_figure(width=6.5, height=4.2)
    for model, curve in curves_by_model.items():
        points = [(t, v) for t, v in zip(curve["time"], curve["auc"], strict=True) if v is not None]
        axis.plot(
            *zip(*points, strict=True),
            "o-",
            markersize=3,
            color=assign_colours(evaluation)[model],
            label=label_model(model, evaluation),
        )
    axis.axhline(0.5, color="0.6", linestyle="--", linewidth=1)
    axis.set(xlabel="follow-up time", ylabel="AUROC of events by that time", title="Discrimination over time (dashed: chance)")
    axis.legend(fontsize=8)
    save_figure(figure, output)


def draw_site_curves(evaluation: Evaluation, output: Path) -> None:
    """Precision–recall of the sites of each class among all bases, one line per model."""
    curves_by_site = {
        site: select_plain({"own": model_curves}, "own") for site, model_curves in evaluation["site_curves"].items()
    }
    curves_by_site = {site: model_curves for site, model_curves in curves_by_site.items() if model_curves}
    if not curves_by_site:
        draw_message(output, "No test window has a site: there is no precision–recall curve.")
        return
    figure, axes = new_figure(1, len(curves_by_site), width=0.8 + 4.4 * len(curves_by_site), height=4.4, squeeze=False)
    for axis, (site, model_curves) in zip(axes[0], curves_by_site.items(), strict=True):
        for model, curve in model_curves.items():
            area = evaluation["per_class"][model][site]["auprc"]["value"]
            style = {"color": assign_colours(evaluation)[model], "linewidth": 2 if model == evaluation["first"] else 1.2}
            axis.plot(
                curve["grid"], curve["precision_at_recall"], label=f"{label_model(model, evaluation)} ({area:.3f})", **style
            )
        cells = evaluation["per_class"][evaluation["first"]][site]
        axis.axhline(cells["base_rate"], color="0.6", linestyle="--", linewidth=1)
        axis.set(
            xlabel="recall of sites",
            ylabel="precision",
            title=f"{site}, {cells['n']} sites (AUPRC; dashed: base rate)",
            **UNIT_SQUARE,
        )
        axis.legend(fontsize=8)
    save_figure(figure, output)


def draw_mean_profiles(evaluation: Evaluation, output: Path) -> None:
    """Mean signal over the test examples, observed and predicted."""
    profiles = evaluation["mean_profile"]
    figure, axis = new_figure(width=7, height=4.2)
    axis.plot(profiles["observed"], color="black", linewidth=2, label="observed")
    for model, values in select_plain({"own": {m: v for m, v in profiles.items() if m != "observed"}}, "own").items():
        axis.plot(values, color=assign_colours(evaluation)[model], linewidth=1.5, label=label_model(model, evaluation))
    axis.set(xlabel="bin of the window", ylabel="signal", title="Mean over the test sequences")
    axis.set_ylim(bottom=0)
    axis.legend(fontsize=8)
    save_figure(figure, output)


def draw_no_curves(evaluation: Evaluation, output: Path) -> None:
    draw_message(output, "Scores are predicted, not classes: there is no ROC curve. See predicted against observed.")


DRAW_BY_KIND = {
    "survival": draw_over_time,
    "positions": draw_site_curves,
    "profile": draw_mean_profiles,
    "regression": draw_no_curves,
}
NOT_CALIBRATED = {
    "survival": "Models of survival give relative risks, not probabilities: there is nothing to calibrate.",
    "regression": "Models of scores give no probabilities: there is nothing to calibrate.",
    "profile": "Models of a signal give no probabilities: there is nothing to calibrate.",
}


def draw_calibration(evaluation: Evaluation, output: Path) -> None:
    """Predicted against observed frequency, before and after calibration; lines are 95 % intervals, areas are numbers of examples."""
    if evaluation["kind"] in NOT_CALIBRATED:
        draw_message(output, NOT_CALIBRATED[evaluation["kind"]])
        return
    models = select_leading(evaluation, list(select_plain(evaluation, "reliability")), 5)
    has_long_labels = max(len(label_model(model, evaluation)) for model in models) > 20
    figure, axes = new_figure(1, 2, width=10, height=5.4 + 0.3 * has_long_labels, sharex=True, sharey=True)
    for axis, kind, panel_title in zip(
        axes, ("raw", "calibrated"), ("Before calibration", "After (fitted on validation)"), strict=True
    ):
        axis.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1)
        for model in models:
            rows = evaluation["reliability"][model][kind]
            x, y = [r["predicted"] for r in rows], [r["observed"] for r in rows]
            error = evaluation["metrics"][model]["ece_raw" if kind == "raw" else "ece"]["value"]
            shade = assign_colours(evaluation)[model]
            axis.plot(x, y, color=shade, linewidth=1, label=f"{label_model(model, evaluation)} (ECE {error:.3f})")
            ends = [[r[side] if r[side] is not None else r["observed"] for r in rows] for side in ("low", "high")]
            axis.vlines(x, *ends, color=shade, linewidth=1, alpha=0.5)
            largest = max(r["n"] for r in rows)
            axis.scatter(x, y, s=[8 + 40 * r["n"] / largest for r in rows], color=shade)
        axis.set(xlabel=_label_probability(evaluation), title=panel_title, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axis.legend(loc="upper left", bbox_to_anchor=(0, -0.14), ncols=1 if has_long_labels else 2, fontsize=8)
    axes[0].set_ylabel("fraction predicted correctly" if evaluation["kind"] == "multiclass" else "observed frequency")
    save_figure(figure, output)


def _name_positive_class(evaluation: Evaluation) -> str:
    """The positive class: of calls in the plural, of samples as named."""
    return evaluation["facts"]["rare"] + "s" * (evaluation["primary"] == "auprc")


def _label_probability(evaluation: Evaluation) -> str:
    labels = {
        "multiclass": "probability of the most probable class",
        "multilabel": "predicted probability of a label",
        "positions": "predicted probability of being a site",
    }
    return labels.get(evaluation["kind"]) or f"predicted probability ({evaluation['facts'].get('rare')})"


def draw_learning(evaluation: Evaluation, output: Path) -> None:
    """Training and validation loss by epoch, one line per fold and one panel per model trained in epochs."""
    histories = select_plain(evaluation, "learning")
    if not histories:
        draw_message(output, "None of this task's models is trained in epochs: there is no learning curve.")
        return
    models = select_leading(evaluation, list(histories), 3)
    figure, axes = new_figure(1, len(models), width=2 + 4.2 * len(models), height=4, squeeze=False)
    for axis, model in zip(axes[0], models, strict=True):
        folds = [rows for rows in histories[model] if rows]
        validated_folds = [rows for rows in folds if any(r.get("validation") is not None for r in rows)]
        series = [
            ("train", COLOURS[1], "training (balanced, with dropout)", folds),
            ("validation", COLOURS[0], "validation", validated_folds),
        ]
        for loss_name, colour, legend, fold_histories in series:
            for number, rows in enumerate(fold_histories):
                points = [(r["epoch"] + 1, r[loss_name]) for r in rows if r.get(loss_name) is not None]
                axis.plot(*zip(*points, strict=True), color=colour, alpha=0.5, linewidth=1, label=None if number else legend)
        for number, rows in enumerate(validated_folds):
            best = min((r for r in rows if r.get("validation") is not None), key=lambda r: r["validation"])
            best_point, legend = (best["epoch"] + 1, best["validation"]), None if number else "epoch kept"
            axis.plot(*best_point, "o", color=COLOURS[0], markersize=4, label=legend)
        if not validated_folds:
            axis.plot([], [], " ", label="epochs selected on inner folds;\nno validation data in this final training")
        axis.set(
            xlabel="epoch",
            ylabel=UNITS.get(evaluation["kind"], "cross-entropy (nats)"),
            title=f"{label_model(model, evaluation)}, one line per fold",
        )
        if all(
            r[loss_name] > 0
            for rows in folds
            for r in rows
            for loss_name in ("train", "validation")
            if r.get(loss_name) is not None
        ):
            axis.set_yscale("log")
        axis.legend(fontsize=8)
    save_figure(figure, output)
