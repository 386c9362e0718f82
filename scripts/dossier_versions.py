"""List the packages of an environment from the records of the tool that built it."""

import json
import os
import re
import sys
from pathlib import Path

from readsight.errors import ToolError
from readsight.step import step


def read_installed(prefix: Path) -> list[dict[str, str]]:
    """Packages of an environment: name, version, build, channel, sorted by name.

    Read from `conda-meta/*.json`, which conda, mamba and the native provider all write. Raises ToolError if there is
    no record: unknown versions must not be reported as known.
    """
    packages = []
    for file in sorted((prefix / "conda-meta").glob("*.json")):
        content = json.loads(file.read_text())
        if isinstance(content, dict) and "name" in content and "version" in content:
            packages.append(
                {
                    "name": content["name"],
                    "version": str(content["version"]),
                    "build": str(content.get("build") or content.get("build_string") or ""),
                    "channel": _channel_name(str(content.get("channel") or "")),
                }
            )
    if not packages:
        raise ToolError(
            f"{prefix} has no record of its packages (conda-meta/*.json): run with --sdm conda, so that each step has its environment"
        )
    return sorted(packages, key=lambda package: package["name"])


def _channel_name(text: str) -> str:
    """A channel's name without the host that served it."""
    pieces = [
        piece for piece in re.sub(r"^\w+://[^/]*", "", text).split("/") if piece not in ("noarch", "linux-64", "linux-aarch64")
    ]
    return pieces[-1] if pieces else text


def read_declared(file: Path) -> list[str]:
    """Package names in an environment file, in file order, with those of pip."""
    names, is_inside = [], False
    for line in file.read_text().splitlines():
        if re.match(r"\S", line):
            is_inside = line.startswith("dependencies:")
        entry = re.match(r"\s*-\s+[\"']?(?:[\w.-]+::)?([A-Za-z0-9][\w.-]*)(?!\s*:)", line)
        if is_inside and entry and not re.match(r"\s*-\s+\w+:\s*$", line):
            names.append(entry.group(1).lower())
    return names


def describe_environment(environment: str, prefix: Path, file: Path) -> dict[str, object]:
    """The record of one environment; `asked` flags the packages that its file names, installed or not."""
    names = {_normalise_name(name): name for name in read_declared(file)}
    installed = read_installed(prefix)
    packages = [package | {"asked": _normalise_name(package["name"]) in names} for package in installed]
    for missing in names.keys() - {_normalise_name(package["name"]) for package in installed}:
        packages.append({"name": names[missing], "version": "not recorded", "build": "", "channel": "", "asked": True})
    return {"environment": environment, "packages": sorted(packages, key=lambda package: package["name"])}


def _normalise_name(name: str) -> str:
    """A package name in the form that pip and conda compare."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main(environment: str, file: Path, out: Path) -> None:
    prefix = Path(os.environ.get("CONDA_PREFIX") or sys.prefix)
    out.write_text(json.dumps(describe_environment(environment, prefix, file), indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job.wildcards.env, job.input.file, job.output.versions)
