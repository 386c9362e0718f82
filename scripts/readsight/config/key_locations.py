"""Where the keys of a config stand: file and row."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import yaml


class Places:
    """Rows of all keys of the files that a config was merged from.

    paths: in the order in which later files override earlier ones. Keys are dotted paths;
    items of lists are numbered from 0.
    """

    def __init__(self, paths: Sequence[str | Path] = ()):
        self.rows: dict[str, dict[str, int]] = {}
        self._twice: list[tuple[str, str, int]] = []
        for path in paths:
            shown = str(path)
            with suppress(ValueError):
                shown = str(Path(path).absolute().relative_to(Path.cwd()))
            self.rows[shown] = {}
            self._walk(yaml.compose(Path(path).read_text()), "", shown)

    def _walk(self, node: yaml.Node | None, above: str, path: str) -> None:
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                here = f"{above}.{key.value}" if above else str(key.value)
                if here in seen:
                    self._twice.append((path, here, key.start_mark.line + 1))
                seen.add(here)
                self.rows[path][here] = key.start_mark.line + 1
                self._walk(value, here, path)
        elif isinstance(node, yaml.SequenceNode):
            for i, value in enumerate(node.value):
                self.rows[path][f"{above}.{i}"] = value.start_mark.line + 1
                self._walk(value, f"{above}.{i}", path)

    def twice(self) -> list[str]:
        """Faults of keys that stand twice in one section, of which YAML would silently take the last."""
        return [f"{path}, row {row}: {key}: stands in this section already; keep one of them" for path, key, row in self._twice]

    def locate(self, fault: str) -> str:
        """A fault that begins with its key, behind the file and row of that key, or of the nearest one above it."""
        key = fault.split(":", 1)[0]
        while key:
            for path in reversed(self.rows):
                if key in self.rows[path]:
                    return f"{path}, row {self.rows[path][key]}: {fault}"
            key = key.rpartition(".")[0]
        return f"{list(self.rows)[-1] if self.rows else 'config'}: {fault}"
