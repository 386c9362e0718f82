"""Versions and version ranges, compared as conda does."""

import re
from itertools import zip_longest

TERM = re.compile(r"(>=|<=|==|!=|~=|=|>|<)?\s*([0-9][0-9A-Za-z_.!+-]*?)(\.?\*)?")
NUMBER = (1, 0, "")


class RangeError(ValueError):
    """A version range that cannot be read."""


def parse_upstream(debian: str) -> str:
    """Upstream version of a Debian package version.

    Removes the epoch, the Debian revision and repacking suffixes
    (`2:1.17+ds-3` → `1.17`); `+really` precedes the actual version; `~rc1` becomes `rc1`.
    """
    version = debian.split(":", 1)[-1]
    version = version.rpartition("-")[0] or version
    version = version.rpartition("+really")[2]
    version = re.sub(r"[.~+-](dfsg|ds|repack|debian)[.\d]*(?=$|[+~])", "", version)
    return version.split("+")[0].replace("~", "")


def sort_key(version: str) -> tuple[int, list[list[tuple[int, int, str]]]]:
    """Sort key of a version: its epoch, and its parts, each a list of numbers and strings.

    The order is that of conda: numbers by value; a string before every number, `dev` before
    every string, `post` after every number. A local part (`+cpu`) is ignored.
    """
    epoch, _, release = version.lower().split("+")[0].rpartition("!")
    parts = []
    for part in re.split(r"[._-]", release):
        ranks = [_rank_piece(piece) for piece in re.findall(r"\d+|[a-z]+", part)]
        parts.append(([NUMBER] if not ranks or ranks[0][0] != 1 else []) + ranks)
    return int(epoch or 0), parts


def _rank_piece(piece: str) -> tuple[int, int, str]:
    if piece.isdigit():
        return (1, int(piece), "")
    return {"dev": (-1, 0, ""), "post": (2, 0, "")}.get(piece, (0, 0, piece))


def compare_versions(first: str, second: str) -> int:
    """Compare two versions; returns -1, 0 or 1. Missing parts count as 0: 1.0 equals 1."""
    (epoch_a, a), (epoch_b, b) = sort_key(first), sort_key(second)
    if epoch_a != epoch_b:
        return -1 if epoch_a < epoch_b else 1
    for part_a, part_b in zip_longest(a, b, fillvalue=[NUMBER]):
        for x, y in zip_longest(part_a, part_b, fillvalue=NUMBER):
            if x != y:
                return -1 if x < y else 1
    return 0


def _has_prefix(version: str, prefix: str) -> bool:
    """Whether a version starts with a prefix, by parts: 1.10.2 starts with 1.10, not with 1.1."""
    length = len(re.split(r"[._-]", prefix))
    return compare_versions(".".join(re.split(r"[._-]", version)[:length]), prefix) == 0


def parse_terms(wanted: str) -> list[list[tuple[str, str]]]:
    """Parse a version range.

    Returns
    -------
    Alternatives, each a list of terms (operator, version) that must all be satisfied. Operators: >=, <=, >, <, ==,
    !=, `under` (starts with) and `not under`. An empty range or `*` is one alternative without terms.

    Raises
    ------
    RangeError
    """
    alternatives = []
    for alternative in wanted.split("|"):
        conjunction = []
        for text in alternative.split(","):
            if text.strip() in ("", "*") and len(wanted.strip()) <= 1:
                continue
            conjunction += _parse_term(text.strip(), wanted)
        alternatives.append(conjunction)
    return alternatives


def _parse_term(text: str, wanted: str) -> list[tuple[str, str]]:
    match = TERM.fullmatch(text)
    if not match:
        raise RangeError(f"{wanted!r} is not a valid version range (at {text!r})")
    operator, version, star = match.groups()
    if operator == "~=":
        if "." not in version:
            raise RangeError(f"{wanted!r}: ~= needs a version with at least two parts")
        return [(">=", version), ("under", version.rpartition(".")[0])]
    if operator == "!=":
        return [("not under" if star else "!=", version)]
    if operator == "=" or (star and operator in (None, "==")):
        return [("under", version)]
    return [(operator or "==", version)]


def satisfies(version: str, wanted: str) -> bool:
    """Whether a version is in a range. Raises RangeError."""
    return any(all(_satisfies_term(version, *term) for term in conjunction) for conjunction in parse_terms(wanted))


def _satisfies_term(version: str, operator: str, bound: str) -> bool:
    if operator == "under":
        return _has_prefix(version, bound)
    if operator == "not under":
        return not _has_prefix(version, bound)
    order = compare_versions(version, bound)
    return {">=": order >= 0, "<=": order <= 0, ">": order > 0, "<": order < 0, "==": order == 0, "!=": order != 0}[operator]


def format_for_pip(wanted: str) -> str:
    """Format a range for pip. Raises RangeError for alternatives, which pip does not support."""
    alternatives = parse_terms(wanted)
    if len(alternatives) > 1:
        raise RangeError(f"{wanted!r}: pip does not support alternatives (|)")
    pip_operators = {"under": ("==", ".*"), "not under": ("!=", ".*")}
    return ",".join(
        f"{pip_operators[operator][0]}{version}{pip_operators[operator][1]}"
        if operator in pip_operators
        else f"{operator}{version}"
        for operator, version in alternatives[0]
    )
