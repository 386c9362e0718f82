"""Errors for users: they state what was wrong, where, and what would be right."""

from collections.abc import Iterable


class InputError(Exception):
    """One or more faults in the user's input, one self-contained line each.

    Shown without a traceback, because the fault is in the input and not in the program.
    """

    def __init__(self, faults: str | Iterable[str]):
        self.faults = [faults] if isinstance(faults, str) else list(faults)
        super().__init__("\n".join(self.faults))


class ToolError(Exception):
    """An external tool failed; the message has the tool, its exit status and its last lines of output."""
