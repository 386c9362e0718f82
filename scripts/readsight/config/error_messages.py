"""Faults of a config, as pydantic finds them, in the words of somebody who writes YAML."""

import difflib
import re
from typing import Any

from pydantic import BaseModel

# What pydantic's kinds of errors mean to somebody who writes YAML.
WANTED = {
    "model": "keys of its own are needed here (`key: value` lines, further to the right)",
    "dict": "names of your own are needed here (`name: value` lines, further to the right)",
    "list": "a list is needed ([a, b])",
    "int": "a whole number is needed",
    "float": "a number is needed",
    "bool": "true or false is needed",
    "string": "text is needed (put it in quotes)",
}

# What pydantic adds to the place of a fault where a key takes either of two kinds of value.
BRANCHES = ("str", "list[str]")


def _section(location: tuple, root: type[BaseModel]) -> type[BaseModel] | None:
    """The config section that a location of an error lies in."""
    current = root
    keyed = False
    for part in location:
        if keyed:
            keyed = False
            continue
        annotation = current.model_fields[part].annotation if part in current.model_fields else None
        inner = [a for a in _arguments(annotation) if isinstance(a, type) and issubclass(a, BaseModel)]
        if not inner:
            return None
        current, keyed = inner[0], "dict" in str(annotation)
    return current


def _arguments(annotation: Any) -> list[Any]:
    """A type and everything it is made of."""
    parts = [annotation]
    for argument in getattr(annotation, "__args__", ()):
        parts += _arguments(argument)
    return parts


def explain(error: dict[str, Any], root: type[BaseModel]) -> list[str]:
    """Say one pydantic error of the model `root` in a user's words."""
    location = tuple(part for part in error["loc"] if part not in BRANCHES)
    if len(location) < len(error["loc"]) and BRANCHES[0] not in error["loc"]:
        return []  # said once, of the first kind
    where = ".".join(str(p) for p in location)
    kind = error["type"]
    if kind == "extra_forbidden":
        section = _section(location[:-1], root)
        known = list(section.model_fields) if section else []
        near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known keys here: {', '.join(known)}"
        return [f"{where}: unknown key; {hint}"]
    if kind == "missing":
        return [f"{where}: this key is needed"]
    if kind == "literal_error":
        given, allowed = str(error["input"]), error["ctx"]["expected"]
        near = difflib.get_close_matches(given, re.findall(r"'([^']*)'", allowed), n=1, cutoff=0.4)
        return [f"{where}: {given!r} is not one of {allowed}" + (f"; did you mean {near[0]!r}?" if near else "")]
    if kind == "value_error" and not location:
        return str(error["ctx"]["error"]).splitlines()
    if BRANCHES[0] in error["loc"]:
        needed = "text or a list of texts is needed"
    elif kind == "string_pattern_mismatch":
        needed = "a name is needed, of letters, digits, '_', '.', '-', that starts with a letter or digit"
    else:
        needed = WANTED.get(kind.split("_")[0], error["msg"].lower())
    return [f"{where}: {needed}, got {'nothing' if error['input'] is None else repr(error['input'])}"]
