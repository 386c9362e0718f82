"""File and row of every key of a config, for error messages."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import yaml


class KeyLocations:
    """Rows of all keys of the files that a config was merged from.

    Parameters
    ----------
    paths : config files; later ones override earlier ones.

    Notes
    -----
    Keys are dotted paths; items of lists are numbered from 0.
    """

    def __init__(self, paths: Sequence[str | Path] = ()):
        self.rows: dict[str, dict[str, int]] = {}
        self._duplicates: list[tuple[str, str, int]] = []
        for path in paths:
            label = str(path)
            with suppress(ValueError):
                label = str(Path(path).absolute().relative_to(Path.cwd()))
            self.rows[label] = {}
            self._record_rows(yaml.compose(Path(path).read_text()), "", label)

    def _record_rows(self, node: yaml.Node | None, parent: str, path: str) -> None:
        if isinstance(node, yaml.MappingNode):
            keys = set()
            for key, value in node.value:
                key_path = f"{parent}.{key.value}" if parent else str(key.value)
                if key_path in keys:
                    self._duplicates.append((path, key_path, key.start_mark.line + 1))
                keys.add(key_path)
                self.rows[path][key_path] = key.start_mark.line + 1
                self._record_rows(value, key_path, path)
        elif isinstance(node, yaml.SequenceNode):
            for i, value in enumerate(node.value):
                self.rows[path][f"{parent}.{i}"] = value.start_mark.line + 1
                self._record_rows(value, f"{parent}.{i}", path)

    def find_duplicates(self) -> list[str]:
        """Faults for keys that occur twice in one section; YAML would silently use the last one."""
        return [
            f"{path}, row {row}: {key}: occurs twice in this section; keep one of them" for path, key, row in self._duplicates
        ]

    def locate_fault(self, fault: str) -> str:
        """Prefix a fault, which begins with its key, with file and row of that key or of its closest parent."""
        key = fault.split(":", 1)[0]
        while key:
            for path in reversed(self.rows):
                if key in self.rows[path]:
                    return f"{path}, row {self.rows[path][key]}: {fault}"
            key = key.rpartition(".")[0]
        return f"{list(self.rows)[-1] if self.rows else 'config'}: {fault}"
