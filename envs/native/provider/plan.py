"""Read an environment file, and say from where each of its packages would come."""

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
    """An environment that cannot be built as its file asks; each line stands by itself."""


@dataclass
class Wish:
    """A package that an environment file asks for: conda's name, its range, and where it would come from."""

    name: str
    wanted: str
    source: dict = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name} {self.wanted}".strip()


@dataclass
class EnvironmentPlan:
    """An environment file, sorted by where its packages come from."""

    file: Path
    python: Wish
    debian: list[Wish]
    pypi: list[Wish]

    def digest(self) -> str:
        """Of all that the prefix is made from: a change of the table asks for a new prefix too."""
        modules = [path.read_bytes() for item in self.pypi for path in list_modules(item)]
        return hashlib.sha256(repr((self.python, self.debian, self.pypi, *modules)).encode()).hexdigest()


def list_modules(item: Wish) -> list[Path]:
    """Our own files that a Python package gets beside it."""
    roots = [MODULES / name for name in item.source.get("modules", [])]
    return sorted(path for root in roots for path in (root, *root.rglob("*.py")) if path.is_file())


def load_package_table() -> dict:
    """What conda's packages are called elsewhere (packages.toml)."""
    return tomllib.loads(TABLE.read_text())


def parse_dependencies(file: Path) -> tuple[list[str], list[str]]:
    """The lines under `dependencies:` of an environment file, and those of the `pip:` list within.

    The small part of YAML that such files use: top-level keys, and lists of
    plain or quoted words. Raises Refused for anything else.
    """
    packages: list[str] = []
    pip_packages: list[str] = []
    depth = None  # of the `pip:` list's head, where one is open
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
    """One dependency line. `a=1.2` and `a =1.2` are one; a build string is refused."""
    match = SPEC.fullmatch(spec)
    if not match:
        raise RefusalError(f"{file}: cannot read {spec!r}")
    name, wanted = match.group(1).lower(), match.group(2).strip()
    if re.fullmatch(r"==?[^=,|]+=[^=]+", wanted):
        raise RefusalError(f"{file}: {spec!r} asks for a build, which only conda has")
    try:
        parse_terms(wanted)
    except RangeError as error:
        raise RefusalError(f"{file}: {name}: {error}") from None
    return Wish(name, wanted)


def read_plan(file: Path) -> EnvironmentPlan:
    """Sort an environment file. Raises Refused, naming every package that is to be had from nowhere."""
    package_table = load_package_table()
    plan = EnvironmentPlan(file, Wish("python", ""), [], [])
    faults, has_python = [], False
    conda_packages, pip_packages = parse_dependencies(file)
    for item in (parse_wish(spec, file) for spec in conda_packages):
        if item.name == "python":
            plan.python, has_python = item, True
        elif item.name == "pip" and pip_packages:
            continue  # what conda needs for the list; here it is called from outside
        elif item.name in package_table["debian"]:
            item.source = package_table["debian"][item.name]
            plan.debian.append(item)
        elif item.name in package_table["pypi"]:
            item.source = package_table["pypi"][item.name]
            plan.pypi.append(item)
        elif item.name in package_table["elsewhere"]:
            faults.append(f"{file.name}: {item} cannot be built without conda: {package_table['elsewhere'][item.name]}")
        else:
            faults.append(f"{file.name}: {item} is not a package that {TABLE.name} knows")
    plan.pypi += [
        Wish(request.name, request.wanted, {"name": request.name})
        for request in (parse_wish(spec, file) for spec in pip_packages)
    ]
    if not has_python:
        faults.append(f"{file.name}: python is missing (without it, scripts would run on the runner's own)")
    if faults:
        raise RefusalError("\n".join(faults))
    return plan
