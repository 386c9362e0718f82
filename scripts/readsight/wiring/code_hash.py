"""Hash of the package modules that a script imports; a change in one of them reruns the rule of the script."""

import ast
import hashlib
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2]
PAGE_SUFFIXES = (".html", ".css", ".js")  # files that a module may read from its folder


@cache
def find_modules(path: Path) -> frozenset[Path]:
    """Files of this package that a Python file imports, directly or indirectly.

    Imports inside functions count as well. An imported name that is a module is followed, as in the registries'
    `from readsight.models.tabular import cnn`.
    """
    modules: set[Path] = set()
    queue = [path]
    while queue:
        for name in _read_imports(queue.pop()):
            for file in _list_files(name):
                if file not in modules:
                    modules.add(file)
                    queue.append(file)
    return frozenset(modules)


@cache
def _read_imports(path: Path) -> frozenset[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(name for name in names if name.split(".")[0] == "readsight")


def _list_files(name: str) -> list[Path]:
    """Files that are executed when a dotted name is imported: the module and its parent packages."""
    components = name.split(".")
    packages = [SCRIPTS.joinpath(*components[: i + 1], "__init__.py") for i in range(len(components))]
    module = SCRIPTS.joinpath(*components).with_suffix(".py")
    return [file for file in [*packages, module] if file.is_file()]


def hash_code(rule: str) -> str:
    """Hash (12 hex digits) of the package modules that a rule's script uses, and of the web files in their folders."""
    digest = hashlib.sha256()
    modules = find_modules(SCRIPTS / f"{rule}.py")
    pages = {file for module in modules for file in module.parent.iterdir() if file.suffix in PAGE_SUFFIXES}
    for file in sorted(modules | pages):
        digest.update(file.relative_to(SCRIPTS).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
