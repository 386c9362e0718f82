"""Tell gzip by what a file holds, not by what it is called."""

from pathlib import Path


def is_gzip(path: Path) -> bool:
    """Whether a file is gzip (bgzip and BAM among them)."""
    with open(path, "rb") as handle:
        return handle.read(2) == b"\x1f\x8b"
