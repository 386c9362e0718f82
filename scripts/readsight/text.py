"""Words: placeholders in what users write, and the nearest known word to one that is not known."""

import difflib
import os
import re
from collections.abc import Iterable


def expand_variables(text: str, results: str) -> str:
    """Replace ${results} by the project's own results folder, and ${VARIABLE} and ~ by the environment's."""
    return os.path.expanduser(os.path.expandvars(text.replace("${results}", results)))


def describe_unset_variables(text: str) -> list[str]:
    """What to do about each ${VARIABLE} that is left after expansion."""
    names = re.findall(r"\$\{(\w+)\}", text)
    return [f"the environment variable {name} is not set; export {name}=… or write the path out" for name in names]


def find_closest(name: str, known: Iterable[str], cutoff: float = 0.5) -> str | None:
    """The known word most like this one, whatever its case and separators; None where none is near."""
    plain = {_simplify(k): k for k in known}
    matches = difflib.get_close_matches(_simplify(name), list(plain), n=1, cutoff=cutoff)
    return plain[matches[0]] if matches else None


def make_keys(names: Iterable[str]) -> dict[str, str]:
    """Each name as it may stand in a key of the summary: `Primary solid tumor` as Primary_solid_tumor; different ones stay different."""
    keys: dict[str, str] = {}
    for name in names:
        plain = key = re.sub(r"[^\w-]+", "_", name).strip("_") or "other"
        number = 2
        while key in keys.values():
            key, number = f"{plain}_{number}", number + 1
        keys[name] = key
    return keys


def _simplify(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower()) or name
