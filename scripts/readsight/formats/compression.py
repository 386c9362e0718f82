"""Recognition of gzip files by content, not by name."""

from pathlib import Path


def is_gzip(path: Path) -> bool:
    """Whether a file is gzip-compressed; bgzip and BAM files are, too."""
    with open(path, "rb") as handle:
        return handle.read(2) == b"\x1f\x8b"
