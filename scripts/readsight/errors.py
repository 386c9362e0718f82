"""Errors that a user can act on: what was wrong, where, and what would be right."""

from collections.abc import Iterable


class InputError(Exception):
    """One or more faults in what the user gave; each line stands by itself.

    Shown without a traceback: the fault is in the input, not in the program.
    """

    def __init__(self, faults: str | Iterable[str]):
        self.faults = [faults] if isinstance(faults, str) else list(faults)
        super().__init__("\n".join(self.faults))


class ToolError(Exception):
    """An external tool failed; names the tool, its exit status and its last words."""
