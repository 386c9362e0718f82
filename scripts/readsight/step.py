"""Adapter between Snakemake and the `main` function of a step; the only module that depends on Snakemake."""

import logging
import os
import random
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from readsight.errors import InputError, ToolError

log = logging.getLogger("readsight")


class Job:
    """A job of a step: its inputs, outputs, parameters and resources.

    Attributes
    ----------
    input, output : files by name or index, each a Path or a list of Paths. Outputs are written to a hidden folder next
        to the final one, and moved when the step has succeeded, so that a final path never has an incomplete file.
    params, wildcards : attributes by name.
    threads, mem_mb : int, resources that the job may use.
    scratch : folder that is removed after the job.
    """

    def __init__(self, snakemake: Any, scratch: Path):
        self.rule: str = snakemake.rule
        self.input = Files(snakemake.input)
        self.job_id = "-".join([self.rule, *(str(w).replace("/", "_") for w in snakemake.wildcards)])
        self.output = Files(snakemake.output, self._partial_path)
        self.params = snakemake.params
        self.wildcards = snakemake.wildcards
        self.threads: int = snakemake.threads
        self.mem_mb = int(getattr(snakemake.resources, "mem_mb", None) or 1000)
        self.scratch = scratch
        self.outputs = [Path(p) for p in snakemake.output]

    def _partial_path(self, path: Path) -> Path:
        """Path of an output while it is written.

        Outputs of one job in the same folder stay together and keep their names, because tools expect an index next to
        its file.
        """
        return path.parent / f".partial-{self.job_id}" / path.name

    def open_outputs(self) -> None:
        """Make the hidden folders, empty."""
        partials = {self._partial_path(p).parent for p in self.outputs}
        for folder in partials:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)

    def keep_outputs(self) -> None:
        """Move all outputs to their final paths. Raises ToolError if one is missing."""
        missing = [p for p in self.outputs if not self._partial_path(p).exists()]
        if missing:
            raise ToolError(f"{self.rule} did not write: {', '.join(str(p) for p in missing)}")
        for path in self.outputs:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            os.replace(self._partial_path(path), path)

    def drop_outputs(self) -> None:
        """Remove the hidden folders and their content."""
        for folder in {self._partial_path(p).parent for p in self.outputs}:
            shutil.rmtree(folder, ignore_errors=True)


class Files:
    """Snakemake's named list of files, as Paths."""

    def __init__(self, named: Any, resolve=lambda path: path):
        self._list = [resolve(Path(p)) for p in named]
        self._named = {}
        for name, value in getattr(named, "items", list)():
            single = isinstance(value, (str, Path))
            self._named[name] = resolve(Path(value)) if single else [resolve(Path(v)) for v in value]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_named"][name]
        except KeyError:
            raise AttributeError(f"no file is named {name!r}; available: {', '.join(self._named)}") from None

    def get(self, name: str, default: Any = None) -> Any:
        """A named file, or the default if the rule has no such name or an empty list."""
        return self._named.get(name) or default

    def __getitem__(self, index: int) -> Path:
        return self._list[index]

    def __iter__(self) -> Iterator[Path]:
        return iter(self._list)

    def __len__(self) -> int:
        return len(self._list)


def drop_runner_packages() -> None:
    """Remove the site-packages of the Snakemake installation from `sys.path`.

    Snakemake appends them for every script, but a step must only import from its conda environment, the standard
    library and this package.
    """
    prefixes = {str(Path(p).resolve()) for p in (sys.prefix, sys.base_prefix)}
    package_root = str(Path(__file__).resolve().parents[1])

    def is_kept(entry: str) -> bool:
        path = str(Path(entry or ".").resolve())
        if path == package_root or "site-packages" not in path:
            return True
        return any(path.startswith(prefix + os.sep) for prefix in prefixes)

    sys.path[:] = [entry for entry in sys.path if is_kept(entry)]


drop_runner_packages()


def seed_everything(seed: int) -> None:
    """Seed the random generators of all libraries that are already imported."""
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed % 2**32)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


@contextmanager
def step(snakemake: Any) -> Iterator[Job]:
    """Run a step: set up its log and seed, limit threads, and keep the outputs only on success.

    Raises SystemExit(1) after an InputError or ToolError, whose message goes to the log and to standard error without
    a traceback. Any further exception is logged and propagates.
    """
    with tempfile.TemporaryDirectory(prefix=f"{snakemake.rule}-", dir=_get_tmpdir(snakemake)) as scratch:
        job = Job(snakemake, Path(scratch))
        handlers = [logging.StreamHandler(sys.stderr)]
        if len(snakemake.log):
            Path(snakemake.log[0]).parent.mkdir(parents=True, exist_ok=True)
            handlers.append(logging.FileHandler(snakemake.log[0], mode="w"))
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", handlers=handlers, force=True)
        seed_everything(int(getattr(snakemake.params, "seed", 1)))
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(max(1, job.threads))
        job.open_outputs()
        try:
            yield job
            job.keep_outputs()
        except (InputError, ToolError) as error:
            log.error("%s: %s", job.rule, error)
            raise SystemExit(1) from None
        except BaseException:
            log.error("%s failed:\n%s", job.rule, traceback.format_exc())
            raise
        finally:
            job.drop_outputs()


def _get_tmpdir(snakemake: Any) -> str | None:
    folder = getattr(snakemake.resources, "tmpdir", None)
    return str(folder) if folder and Path(str(folder)).is_dir() else None
