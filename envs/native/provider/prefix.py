"""Construction of a prefix from an environment file: complete, or not at all."""

import json
import os
import re
import shutil
import signal
from pathlib import Path

from provider import debian, plan, pypi
from provider.versions import parse_upstream

HISTORY = "conda-meta/history"


def create_prefix(file: Path, prefix: Path) -> None:
    """Build a prefix. It is removed again on plan.RefusalError, on any error, and on SIGTERM."""
    environment_plan = plan.read_plan(file)
    if (prefix / HISTORY).exists():
        raise plan.RefusalError(f"{prefix} is already an environment")
    shutil.rmtree(prefix, ignore_errors=True)
    signal.signal(signal.SIGTERM, lambda number, frame: exit(128 + number))
    try:
        _build_prefix(environment_plan, prefix)
    except BaseException:
        shutil.rmtree(prefix, ignore_errors=True)
        raise


def _build_prefix(environment_plan: plan.EnvironmentPlan, prefix: Path) -> None:
    debian.ensure_installed(environment_plan.debian)
    python, version = pypi.find_interpreter(environment_plan.python.wanted)
    pypi.create_venv(prefix, python)
    pypi.install_packages(prefix, environment_plan.pypi)
    link_programs(environment_plan, prefix)
    copy_modules(environment_plan, prefix)
    meta = prefix / "conda-meta"
    meta.mkdir()
    write_record(meta, "python", version, "system", "debian" if python.startswith("/usr/bin/") else "local")
    for item in environment_plan.debian:
        package = item.source["package"]
        debian_version = debian.find_installed_version(package) or ""
        write_record(meta, item.name, parse_upstream(debian_version), f"{package}_{debian_version}", "debian")
    conda_names = {entry["name"].lower(): name for name, entry in plan.load_package_table()["pypi"].items()}
    for name, number in pypi.list_distributions(prefix).items():
        write_record(meta, conda_names.get(name, name), number, "pypi_0", "pypi")
    (prefix / HISTORY).write_text(environment_plan.digest())


def is_current(file: Path, prefix: Path) -> bool:
    """Whether a prefix was built from the current environment file and package table."""
    history = prefix / HISTORY
    return history.exists() and history.read_text() == plan.read_plan(file).digest()


def link_programs(environment_plan: plan.EnvironmentPlan, prefix: Path) -> None:
    """Link the declared programs and common Unix programs; programs of the prefix take precedence."""
    wanted: list[Path] = []
    for item in environment_plan.debian:
        wanted += debian.list_programs(item.source["package"])
        wanted += [path for name in item.source.get("also", []) if (path := _find_system_program(name))]
        for name, line in item.source.get("wrappers", {}).items():
            wrapper = prefix / "bin" / name
            wrapper.write_text(f"#!/bin/sh\n{line}\n")
            wrapper.chmod(0o755)
    wanted += [path for name in plan.load_package_table()["base"]["programs"] if (path := _find_system_program(name))]
    for path in wanted:
        link = prefix / "bin" / path.name
        if not os.path.lexists(link):
            link.symlink_to(path)


def copy_modules(environment_plan: plan.EnvironmentPlan, prefix: Path) -> None:
    """Copy modules of this project into the prefix for the packages that need them."""
    (site,) = prefix.glob("lib/python3*/site-packages")
    for path in [path for item in environment_plan.pypi for path in plan.list_modules(item)]:
        target = site / path.relative_to(plan.MODULES)
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, target)


def _find_system_program(name: str) -> Path | None:
    """Path of a program of the system."""
    return next((path for folder in ("/usr/bin", "/bin") if (path := Path(folder, name)).exists()), None)


def write_record(meta: Path, name: str, version: str, build: str, channel: str) -> None:
    """Write the record of an installed package, in conda's format."""
    build = re.sub(r"[^\w.+]", "_", build)
    entry = {"name": name, "version": version, "build": build, "build_number": 0, "channel": channel}
    (meta / f"{name}-{version}-{build}.json").write_text(json.dumps(entry, indent=2) + "\n")


def read_records(prefix: Path) -> list[dict]:
    """Read the package records of a prefix, sorted by name."""
    return sorted((json.loads(p.read_text()) for p in (prefix / "conda-meta").glob("*.json")), key=lambda entry: entry["name"])
