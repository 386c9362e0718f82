"""Remember what a check found of a file, as long as the file stays the same."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(".readsight") / "checks"


class Cache:
    """Results of checks in small JSON files, one a check, in a folder.

    A result holds for the path, size and time of change of each file and for the code
    that made it. Runs in parallel may share the folder: an entry appears whole or not at all.
    Where the folder cannot be written, nothing is remembered.
    """

    def __init__(self, folder: Path = FOLDER):
        self.folder = folder
        formats = [f"formats/{name}.py" for name in ("fastq", "read_names", "contigs", "bam_headers")]
        modules = (*formats, "expression/matrices/header.py", "doctor/sequences.py")
        package = Path(__file__).parents[1]
        sequence_modules = sorted(path.relative_to(package).as_posix() for path in (package / "dataset/sequences").glob("*.py"))
        code = b"".join((package / name).read_bytes() for name in (*modules, *sequence_modules))
        self.code = hashlib.sha256(code).hexdigest()

    def get(self, kind: str, paths: Sequence[str], make: Callable[[], Any], *arguments: Any) -> Any:
        """What `make` returns (something JSON can hold), remembered.

        arguments: what else the result depends on. What `make` raises passes on and is not remembered.
        """
        entry = self.folder / f"{self._compute_key(kind, paths, arguments)}.json"
        try:
            return json.loads(entry.read_text())
        except (OSError, ValueError):
            pass
        result = make()
        self._write_entry(entry, json.dumps(result))
        return result

    def _compute_key(self, kind: str, paths: Sequence[str], arguments: tuple) -> str:
        facts: list[Any] = [self.code, kind, list(arguments)]
        for path in paths:
            real = os.path.realpath(path)
            try:
                stat = os.stat(real)
                facts.append([path, real, stat.st_size, stat.st_mtime_ns])
            except OSError:
                facts.append([path, real])
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]

    def _write_entry(self, entry: Path, text: str) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, partial = tempfile.mkstemp(dir=self.folder)
            with os.fdopen(handle, "w") as out:
                out.write(text)
            os.replace(partial, entry)
        except OSError:
            pass
