"""Registry of the names that a config may use for one kind of component."""

import difflib
from collections.abc import Iterator
from typing import Any

from readsight.errors import InputError


class Registry:
    """Components by name, mostly modules with the same functions.

    Parameters
    ----------
    kind : what the members are, for error messages.
    members : name → member.
    """

    def __init__(self, kind: str, members: dict[str, Any]):
        self.kind = kind
        self.members = members

    def __getitem__(self, name: str) -> Any:
        """The member with this name. Raises InputError with the closest known name."""
        if name not in self.members:
            closest = difflib.get_close_matches(name, self.members, n=1, cutoff=0.5)
            hint = f"did you mean {closest[0]!r}?" if closest else f"available: {', '.join(self.members)}"
            raise InputError(f"{name!r} is not a known {self.kind}; {hint}")
        return self.members[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.members)
