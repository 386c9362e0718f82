"""A registry: the words that a config may use for one kind of thing, and what stands behind each."""

import difflib
from collections.abc import Iterator
from typing import Any

from readsight.errors import InputError


class Registry:
    """Members by name, modules mostly, all with the same functions.

    kind: what the members are, in words, for messages. members: name → member.
    """

    def __init__(self, kind: str, members: dict[str, Any]):
        self.kind = kind
        self.members = members

    def __getitem__(self, name: str) -> Any:
        """The member of that name. Raises InputError with the nearest known name."""
        if name not in self.members:
            closest = difflib.get_close_matches(name, self.members, n=1, cutoff=0.5)
            hint = f"did you mean {closest[0]!r}?" if closest else f"there are: {', '.join(self.members)}"
            raise InputError(f"{name!r} is no known {self.kind}; {hint}")
        return self.members[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.members)
