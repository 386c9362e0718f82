"""Text utilities: variables in paths, closest known names, and names that are valid as keys."""

import difflib
import os
import re
from collections.abc import Iterable
from typing import Any


def expand_variables(text: str, results: str) -> str:
    """Replace ${results} by the project's results folder, and ${VARIABLE} and ~ from the environment."""
    return os.path.expanduser(os.path.expandvars(text.replace("${results}", results)))


def describe_unset_variables(text: str) -> list[str]:
    """One message for each ${VARIABLE} that is left after expansion, with the remedy."""
    names = re.findall(r"\$\{(\w+)\}", text)
    return [f"the environment variable {name} is not set; export {name}=… or use the full path" for name in names]


def find_closest(name: str, known: Iterable[str], cutoff: float = 0.5) -> str | None:
    """The most similar known name, ignoring case and separators; None if the similarity is below `cutoff`."""
    plain = {_simplify(k): k for k in known}
    matches = difflib.get_close_matches(_simplify(name), list(plain), n=1, cutoff=cutoff)
    return plain[matches[0]] if matches else None


def make_keys(names: Iterable[str]) -> dict[str, str]:
    """Name → unique key for the summary, e.g. `Primary solid tumor` → `Primary_solid_tumor`."""
    keys: dict[str, str] = {}
    for name in names:
        plain = key = re.sub(r"[^\w-]+", "_", name).strip("_") or "other"
        number = 2
        while key in keys.values():
            key, number = f"{plain}_{number}", number + 1
        keys[name] = key
    return keys


def capitalise(text: str) -> str:
    """Text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def join_phrases(phrases: list[str]) -> str:
    """Join phrases as `a, b and c`."""
    return " and ".join([", ".join(phrases[:-1]), phrases[-1]] if len(phrases) > 1 else phrases)


def format_estimate(cell: dict[str, Any]) -> str:
    """Value with its interval, e.g. `0.97 [0.95, 0.99]`."""
    if cell["value"] is None:
        return "not defined"
    if cell["low"] is None:
        return f"{cell['value']:.3f}"
    return f"{cell['value']:.3f} [{cell['low']:.3f}, {cell['high']:.3f}]"


def format_percentage(cell: dict[str, Any]) -> str:
    """Percentage with its interval, e.g. `4.6 % [3.1, 6.4]`."""
    limits = "" if cell["low"] is None else f" [{cell['low']:.1f}, {cell['high']:.1f}]"
    return f"{cell['value']:.1f} %{limits}"


def format_signed(value: float) -> str:
    """Difference with its sign and enough digits to be different from 0, e.g. `−0.0004`."""
    digits = next((d for d in range(3, 7) if abs(round(value, d)) > 0), 3)
    return f"{value:+.{digits}f}".replace("-", "−")


def _simplify(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower()) or name
