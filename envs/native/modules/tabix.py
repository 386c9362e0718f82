"""Interface of pytabix, which would need compilation, implemented with pysam."""

from collections.abc import Iterator

import pysam

TabixError = OSError


class Tabix:
    """An indexed file. Positions are 1-based, both ends included, as of `tabix`."""

    def __init__(self, path: str):
        self.file = pysam.TabixFile(path)

    def query(self, name: str, start: int, end: int) -> Iterator[list[str]]:
        """Fields of each line that overlaps a region. Raises TabixError for an unknown sequence."""
        try:
            lines = self.file.fetch(name, max(0, start - 1), end)
        except ValueError as error:
            raise TabixError(str(error)) from None
        return (line.split("\t") for line in lines)

    def querys(self, region: str) -> Iterator[list[str]]:
        """Like `query`, for a region `name:start-end`."""
        return (line.split("\t") for line in self.file.fetch(region=region))


def open(path: str) -> Tabix:  # noqa: A001
    """Open an indexed file."""
    return Tabix(path)
