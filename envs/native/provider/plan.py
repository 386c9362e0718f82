"""Reader of environment files that assigns each package to Debian or PyPI."""

import hashlib
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from provider.versions import RangeError, parse_terms

TABLE = Path(__file__).resolve().parents[1] / "packages.toml"
MODULES = TABLE.parent / "modules"
SPEC = re.compile(r"(?:[\w.-]+::)?([A-Za-z0-9_][\w.-]*)\s*(.*)")


class RefusalError(Exception):
    """An environment cannot be built as specified; each line of the message is one fault."""


@dataclass
class Wish:
    """A package of an environment file: name in conda, version range, and source."""

    name: str
    wanted: str
    source: dict = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name} {self.wanted}".strip()


@dataclass
class EnvironmentPlan:
    """Packages of an environment file, grouped by source."""

    file: Path
    python: Wish
    debian: list[Wish]
    pypi: list[Wish]

    def digest(self) -> str:
        """Hash of everything the prefix is built from; a change of the package table also requires a new prefix."""
        modules = [path.read_bytes() for item in self.pypi for path in list_modules(item)]
        return hashlib.sha256(repr((self.python, self.debian, self.pypi, *modules)).encode()).hexdigest()


def list_modules(item: Wish) -> list[Path]:
    """Files of this project that are installed together with a Python package."""
    roots = [MODULES / name for name in item.source.get("modules", [])]
    return sorted(path for root in roots for path in (root, *root.rglob("*.py")) if path.is_file())


def load_package_table() -> dict:
    """Load the names of conda packages in Debian and on PyPI (packages.toml)."""
    return tomllib.loads(TABLE.read_text())


def parse_dependencies(file: Path) -> tuple[list[str], list[str]]:
    """Parse the entries of `dependencies:` of an environment file, and those of its `pip:` list.

    Supports only the part of YAML that such files use: top-level keys, and lists of
    plain or quoted strings. Raises RefusalError for anything else.
    """
    packages: list[str] = []
    pip_packages: list[str] = []
    depth = None  # indentation of an open `pip:` list
    section = ""
    for number, line in enumerate(file.read_text().splitlines(), start=1):
        text = re.sub(r"(^|\s)#.*", "", line).rstrip()
        if not text:
            continue
        item = re.fullmatch(r"(\s*)- (.*)", text)
        if item and section == "dependencies":
            entry, indent = item.group(2).strip().strip("'\""), len(item.group(1))
            inside = depth is not None and indent > depth
            depth = depth if inside else None
            if entry == "pip:":
                depth = indent
            elif entry.endswith(":"):
                raise RefusalError(f"{file}, line {number}: a {entry.rstrip(':')} list inside dependencies is not supported")
            else:
                (pip_packages if inside else packages).append(entry)
        elif top := re.fullmatch(r"(\w+):\s*(.*)", text):
            section = top.group(1)
        elif not item:
            raise RefusalError(f"{file}, line {number}: cannot be read: {line.strip()!r}")
    if not packages:
        raise RefusalError(f"{file}: no dependencies")
    if depth is not None and not pip_packages:
        raise RefusalError(f"{file}: the pip list is empty")
    return packages, pip_packages


def parse_wish(spec: str, file: Path) -> Wish:
    """Parse one dependency. `a=1.2` and `a =1.2` are equal; a build string is refused."""
    match = SPEC.fullmatch(spec)
    if not match:
        raise RefusalError(f"{file}: cannot read {spec!r}")
    name, wanted = match.group(1).lower(), match.group(2).strip()
    if re.fullmatch(r"==?[^=,|]+=[^=]+", wanted):
        raise RefusalError(f"{file}: {spec!r} requires a build string, which only conda supports")
    try:
        parse_terms(wanted)
    except RangeError as error:
        raise RefusalError(f"{file}: {name}: {error}") from None
    return Wish(name, wanted)


def read_plan(file: Path) -> EnvironmentPlan:
    """Read an environment file. Raises RefusalError with every package that has no source."""
    package_table = load_package_table()
    plan = EnvironmentPlan(file, Wish("python", ""), [], [])
    faults, has_python = [], False
    conda_packages, pip_packages = parse_dependencies(file)
    for item in (parse_wish(spec, file) for spec in conda_packages):
        if item.name == "python":
            plan.python, has_python = item, True
        elif item.name == "pip" and pip_packages:
            continue  # only conda needs pip inside the environment
        elif item.name in package_table["debian"]:
            item.source = package_table["debian"][item.name]
            plan.debian.append(item)
        elif item.name in package_table["pypi"]:
            item.source = package_table["pypi"][item.name]
            plan.pypi.append(item)
        elif item.name in package_table["elsewhere"]:
            faults.append(f"{file.name}: {item} cannot be built without conda: {package_table['elsewhere'][item.name]}")
        else:
            faults.append(f"{file.name}: {item} is not a package listed in {TABLE.name}")
    plan.pypi += [
        Wish(request.name, request.wanted, {"name": request.name})
        for request in (parse_wish(spec, file) for spec in pip_packages)
    ]
    if not has_python:
        faults.append(f"{file.name}: python is missing (without it, scripts would use the Python of the runner)")
    if faults:
        raise RefusalError("\n".join(faults))
    return plan
