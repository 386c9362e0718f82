"""Pydantic's validation errors, translated for people who write YAML."""

import difflib
import re
from typing import Any

from pydantic import BaseModel

# Prefix of a pydantic error type → the value that is expected.
EXPECTED_KINDS = {
    "model": "this is a section: `key: value` lines are needed below it, indented further",
    "dict": "names that you choose are needed below it (`name: value` lines, indented further)",
    "list": "a list is needed ([a, b])",
    "int": "an integer is needed",
    "float": "a number is needed",
    "bool": "true or false is needed",
    "string": "text is needed (put it in quotes)",
}

# Names that pydantic adds to the location of an error where a key accepts either of two types.
BRANCHES = ("str", "list[str]")


def _find_section(location: tuple, root: type[BaseModel]) -> type[BaseModel] | None:
    """The section class that an error's location refers to; None outside of any section."""
    current = root
    is_name = False
    for key in location:
        if is_name:
            is_name = False
            continue
        annotation = current.model_fields[key].annotation if key in current.model_fields else None
        inner = [a for a in _expand_type(annotation) if isinstance(a, type) and issubclass(a, BaseModel)]
        if not inner:
            return None
        current, is_name = inner[0], "dict" in str(annotation)
    return current


def _expand_type(annotation: Any) -> list[Any]:
    """A type and all its type arguments, recursively."""
    types = [annotation]
    for argument in getattr(annotation, "__args__", ()):
        types += _expand_type(argument)
    return types


def explain_error(error: dict[str, Any], root: type[BaseModel]) -> list[str]:
    """Translate one pydantic error of the model `root` into messages for users.

    Returns an empty list for the second branch of a union, which repeats the first.
    """
    location = tuple(key for key in error["loc"] if key not in BRANCHES)
    if len(location) < len(error["loc"]) and BRANCHES[0] not in error["loc"]:
        return []  # reported once, for the first branch
    key_path = ".".join(str(p) for p in location)
    kind = error["type"]
    if kind == "extra_forbidden":
        section = _find_section(location[:-1], root)
        known = list(section.model_fields) if section else []
        closest = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean {closest[0]!r}?" if closest else f"known keys here: {', '.join(known)}"
        return [f"{key_path}: unknown key; {hint}"]
    if kind == "missing":
        return [f"{key_path}: this key is needed"]
    if kind == "literal_error":
        given, allowed = str(error["input"]), error["ctx"]["expected"]
        closest = difflib.get_close_matches(given, re.findall(r"'([^']*)'", allowed), n=1, cutoff=0.4)
        return [f"{key_path}: {given!r} is not one of {allowed}" + (f"; did you mean {closest[0]!r}?" if closest else "")]
    if kind == "value_error" and not location:
        return str(error["ctx"]["error"]).splitlines()
    if BRANCHES[0] in error["loc"]:
        needed = "text or a list of texts is needed"
    elif kind == "string_pattern_mismatch":
        needed = "a name is needed, of letters, digits, '_', '.', '-', that starts with a letter or digit"
    else:
        needed = EXPECTED_KINDS.get(kind.split("_")[0], error["msg"].lower())
    return [f"{key_path}: {needed}, got {'nothing' if error['input'] is None else repr(error['input'])}"]
