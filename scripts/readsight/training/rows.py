"""How many examples are taken at once where nothing is learned of them."""

from typing import Any

BASES = 2**17  # bases at once: their activations stay in a few hundred megabytes, and mostly in the cache
MOST = 1024


def at_once(about: dict[str, Any]) -> int:
    """Examples of a batch of validation or prediction."""
    return max(1, min(MOST, BASES // (about["length"] * (2 if about["pair"] else 1))))
