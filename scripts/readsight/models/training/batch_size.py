"""How many examples are taken at once where nothing is learned of them."""

from typing import Any

BASES = {"cpu": 2**15, "gpu": 2**21}  # bases at once: on a CPU so few that what a layer gives stays near, in memory that is there
MOST = 8192


def at_once(about: dict[str, Any], device: str) -> int:
    """Examples of a batch of validation or prediction, on a `cpu` or a `gpu`."""
    return max(1, min(MOST, BASES[device] // (about["length"] * (2 if about["pair"] else 1))))
