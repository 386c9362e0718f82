"""What the figures of a task say, in words."""

from typing import Any

# The model that is trained on shuffled labels: what nothing learned looks like.
CONTROL = "shuffled_labels"
NAMES = {
    "network": "the network",
    "logistic": "logistic regression",
    "forest": "the forest",
    "single_feature": "{feature} alone",
    CONTROL: "the shuffled-label control",
}
FEW_GROUPS = 10


def name(model: str, feature: str = "one feature") -> str:
    """A model in words."""
    return NAMES.get(model, model).format(feature=feature)


def figure(cell: dict[str, Any]) -> str:
    """A value with its interval: `0.97 [0.95, 0.99]`."""
    if cell["value"] is None:
        return "not defined"
    if cell["low"] is None:
        return f"{cell['value']:.3f}"
    return f"{cell['value']:.3f} [{cell['low']:.3f}, {cell['high']:.3f}]"


def signed(value: float) -> str:
    """A difference with its sign, and as many digits as show on which side of 0 it lies: `−0.0004`."""
    digits = next((d for d in range(3, 7) if abs(round(value, d)) > 0), 3)
    return f"{value:+.{digits}f}".replace("-", "−")


def against(first: str, other: str, difference: dict[str, Any]) -> tuple[str, str]:
    """(`better`, `worse` or `equal`; a clause that says so with the difference in AUPRC)."""
    value = difference["value"]
    if value is None or difference["low"] is None:
        return "equal", f"cannot be compared with {other}"
    shown = f"ΔAUPRC {signed(value)} [{signed(difference['low'])}, {signed(difference['high'])}]"
    if difference["low"] > 0:
        return "better", f"better than {other} ({shown})"
    if difference["high"] < 0:
        return "worse", f"worse than {other} ({shown})"
    return "equal", f"no better than {other} ({shown}; the interval holds 0)"


def verdict(first: str, differences: dict[str, dict[str, Any]], facts: dict[str, Any]) -> str:
    """One paragraph.

    first: the model under judgement. differences: baseline → paired difference in
    AUPRC. facts: rare (class name), rare_count, rare_groups, examples, feature,
    auprc, base_rate, control (AUROC of shuffled labels).
    """
    feature = facts["feature"]
    own = name(first, feature)
    said = {other: against(own, name(other, feature), cell) for other, cell in differences.items()}
    head = (
        f"{own[0].upper()}{own[1:]} finds the {facts['rare_count']} {facts['rare']}s among {facts['examples']} "
        f"with AUPRC {figure(facts['auprc'])} (chance {facts['base_rate']:.3f})."
    )
    parts = [head]
    if facts["rare_groups"] < FEW_GROUPS:
        parts.append(
            f"They lie in only {facts['rare_groups']} groups: too few to tell models apart; read the intervals, not the values."
        )
    for kind in ("better", "worse", "equal"):
        clauses = [clause for what, clause in said.values() if what == kind]
        if clauses:
            parts.append(f"It is {'; '.join(clauses)}.")
    lost = [name(other, feature) for other, (what, _) in said.items() if what == "worse"]
    if lost:
        parts.append(f"It loses: use {' or '.join(lost)} instead.")
    elif said and all(what == "equal" for what, _ in said.values()):
        parts.append("Nothing here justifies it over the simplest of them.")
    control = facts.get("control")
    if control and control["low"] is not None:
        fine = control["low"] <= 0.5 <= control["high"]
        words = "as it must be" if fine else "which should not be: suspect a leak or too few groups"
        parts.append(
            f"Trained on shuffled labels, a model ranks {'by chance' if fine else 'off chance'} (AUROC {figure(control)}), {words}."
        )
    return " ".join(parts)
