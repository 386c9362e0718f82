"""Cache of check results per file, valid until the file changes."""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(".readsight") / "checks"


class Cache:
    """Results of checks as small JSON files in a folder.

    The key of an entry covers path, size and modification time of each file, and the code that made the result.
    Parallel runs may share the folder, because entries are written atomically. If the folder is not writable, nothing
    is cached.
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
        """Return the cached result of `make`, or call it and cache the result.

        Parameters
        ----------
        kind : of the check.
        paths : files that the result depends on.
        make : returns a value that JSON can represent; its exceptions propagate and are not cached.
        arguments : further values that the result depends on.
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
