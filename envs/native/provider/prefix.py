"""Build an environment file as a prefix: whole, or not at all."""

import json
import os
import re
import shutil
import signal
from pathlib import Path

from provider import debian, plan, pypi
from provider.versions import upstream

HISTORY = "conda-meta/history"


def create(file: Path, prefix: Path) -> None:
    """Build a prefix. Raises plan.Refused; then, and when it is killed by a signal that can be caught, nothing is left."""
    todo = plan.read(file)
    if (prefix / HISTORY).exists():
        raise plan.Refused(f"{prefix} is an environment already")
    shutil.rmtree(prefix, ignore_errors=True)
    signal.signal(signal.SIGTERM, lambda number, frame: exit(128 + number))
    try:
        _build(todo, prefix)
    except BaseException:
        shutil.rmtree(prefix, ignore_errors=True)
        raise


def _build(todo: plan.Plan, prefix: Path) -> None:
    debian.ensure(todo.debian)
    python, version = pypi.interpreter(todo.python.wanted)
    pypi.make(prefix, python)
    pypi.install(prefix, todo.pypi)
    link_programs(todo, prefix)
    copy_modules(todo, prefix)
    meta = prefix / "conda-meta"
    meta.mkdir()
    record(meta, "python", version, "system", "debian" if python.startswith("/usr/bin/") else "local")
    for item in todo.debian:
        package = item.source["package"]
        full = debian.installed(package) or ""
        record(meta, item.name, upstream(full), f"{package}_{full}", "debian")
    conda_names = {entry["name"].lower(): name for name, entry in plan.table()["pypi"].items()}
    for name, number in pypi.distributions(prefix).items():
        record(meta, conda_names.get(name, name), number, "pypi_0", "pypi")
    (prefix / HISTORY).write_text(todo.digest())


def fits(file: Path, prefix: Path) -> bool:
    """Whether a prefix was built as this file, and the table of packages, ask for now."""
    history = prefix / HISTORY
    return history.exists() and history.read_text() == plan.read(file).digest()


def link_programs(todo: plan.Plan, prefix: Path) -> None:
    """Link what is declared, and what any Unix has; a program of the prefix's own goes before."""
    wanted: list[Path] = []
    for item in todo.debian:
        wanted += debian.programs(item.source["package"])
        wanted += [path for name in item.source.get("also", []) if (path := _system(name))]
        for name, line in item.source.get("wrappers", {}).items():
            wrapper = prefix / "bin" / name
            wrapper.write_text(f"#!/bin/sh\n{line}\n")
            wrapper.chmod(0o755)
    wanted += [path for name in plan.table()["base"]["programs"] if (path := _system(name))]
    for path in wanted:
        link = prefix / "bin" / path.name
        if not os.path.lexists(link):
            link.symlink_to(path)


def copy_modules(todo: plan.Plan, prefix: Path) -> None:
    """Put our own modules beside the packages that need them."""
    (site,) = prefix.glob("lib/python3*/site-packages")
    for path in [path for item in todo.pypi for path in plan.copies(item)]:
        target = site / path.relative_to(plan.MODULES)
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, target)


def _system(name: str) -> Path | None:
    """Where the system has a program."""
    return next((path for folder in ("/usr/bin", "/bin") if (path := Path(folder, name)).exists()), None)


def record(meta: Path, name: str, version: str, build: str, channel: str) -> None:
    """Write down a package that is really there, in conda's form."""
    build = re.sub(r"[^\w.+]", "_", build)
    entry = {"name": name, "version": version, "build": build, "build_number": 0, "channel": channel}
    (meta / f"{name}-{version}-{build}.json").write_text(json.dumps(entry, indent=2) + "\n")


def records(prefix: Path) -> list[dict]:
    """Packages in a prefix, by name."""
    return sorted((json.loads(p.read_text()) for p in (prefix / "conda-meta").glob("*.json")), key=lambda entry: entry["name"])
