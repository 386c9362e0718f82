"""Hash the package modules that a script imports, so that a change in them reruns the script's rule."""

import ast
import hashlib
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2]
BESIDE = (".html", ".css", ".js")  # files that a module may read from its own folder


@cache
def modules_of(path: Path) -> frozenset[Path]:
    """Files of this package that a Python file imports, directly or through another of them.

    Imports inside functions count too. A registry imports its members by
    `from readsight.models.tabular import cnn`: a name that is a module is followed.
    """
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        for name in _imports(waiting.pop()):
            for file in _files(name):
                if file not in found:
                    found.add(file)
                    waiting.append(file)
    return frozenset(found)


@cache
def _imports(path: Path) -> frozenset[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(name for name in names if name.split(".")[0] == "readsight")


def _files(name: str) -> list[Path]:
    """The files that importing a dotted name runs: the module and the packages above it."""
    parts = name.split(".")
    chain = [SCRIPTS.joinpath(*parts[: i + 1], "__init__.py") for i in range(len(parts))]
    module = SCRIPTS.joinpath(*parts).with_suffix(".py")
    return [file for file in [*chain, module] if file.is_file()]


def code(rule: str) -> str:
    """Hash of the package modules behind the script that bears a rule's name, and of pages beside them (12 hex digits)."""
    digest = hashlib.sha256()
    modules = modules_of(SCRIPTS / f"{rule}.py")
    pages = {file for module in modules for file in module.parent.iterdir() if file.suffix in BESIDE}
    for file in sorted(modules | pages):
        digest.update(file.relative_to(SCRIPTS).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
