"""Batch sizes for validation and prediction."""

from typing import Any

# Bases at once: on a CPU so few that layer outputs stay in cache.
MAX_BASES = {"cpu": 2**15, "gpu": 2**21}
MAX_EXAMPLES = 8192


def choose_batch_size(description: dict[str, Any], device: str) -> int:
    """Examples per batch of validation or prediction, on a `cpu` or a `gpu`."""
    return max(1, min(MAX_EXAMPLES, MAX_BASES[device] // (description["length"] * (2 if description["pair"] else 1))))
