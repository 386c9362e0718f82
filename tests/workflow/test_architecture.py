"""The package's structure: few entries, no circles, and what must never import what."""

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "scripts/readsight"
MOST_ENTRIES, MOST_EDGES = 26, 90

# Each entry of the package, in the order in which data flow, and the entries that it may import.
BASE = {"errors", "text", "registry", "pipes"}
ALLOWED = {
    "errors": set(),
    "text": set(),
    "stats": set(),
    "registry": {"errors"},
    "pipes": {"errors"},
    "step": {"errors"},
    "checks": {"text"},
    "formats": {"errors", "text"},
    "genome": {"errors", "formats"},
    "reads": BASE | {"formats"},
    "align": BASE | {"formats"},
    "variants": BASE | {"formats", "genome", "stats"},
    "expression": BASE | {"formats", "stats"},
    "simulate": {"errors", "genome"},
    "dataset": BASE | {"checks", "expression", "formats", "genome", "stats", "variants"},
    "models": BASE | {"dataset", "formats", "genome", "stats"},
    "wording": {"models", "text"},
    "evaluation": BASE | {"dataset", "models", "stats", "wording"},
    "interpret": BASE | {"dataset", "evaluation", "formats", "genome", "models", "stats", "variants", "wording"},
    "report": BASE | {"dataset", "evaluation", "formats", "genome", "interpret", "models", "stats", "wording"},
    "config": {"checks", "errors", "text"},
    "wiring": {"checks", "config", "errors", "models", "text", "wording"},
    "doctor": BASE | {"checks", "config", "dataset", "expression", "formats", "wiring"},
}
# The only modules of a package that another package may import.
ONLY_MODULES = {("wiring", "models"): {"model_spec"}}


def list_entries() -> set[str]:
    """Packages and modules directly in the package."""
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    return folders | {path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__"}


def list_imports(path: Path) -> set[str]:
    """Dotted names of the modules of the package that a file imports, wherever in the file."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "readsight":
            names |= {f"readsight.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("readsight."):
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names if alias.name.startswith("readsight.")}
    return names


@cache
def read_edges() -> dict[tuple[str, str], set[str]]:
    """(importing entry, imported entry) → the modules that are imported, relative to the imported entry."""
    edges = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        entry = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for name in list_imports(path):
            target, _, module = name.removeprefix("readsight.").partition(".")
            if target != entry:
                edges[entry, target].add(module.split(".")[0])
    return dict(edges)


def test_few_entries_at_the_top():
    assert len(list_entries()) <= MOST_ENTRIES
    assert list_entries() == set(ALLOWED), "every entry has a row in the table of allowed imports"


def test_few_edges_between_entries():
    assert len(read_edges()) <= MOST_EDGES


@pytest.mark.parametrize("entry", sorted(ALLOWED))
def test_entry_imports_only_what_it_may(entry):
    assert {target for source, target in read_edges() if source == entry} <= ALLOWED[entry]


@pytest.mark.parametrize("edge", sorted(ONLY_MODULES))
def test_only_some_modules_are_imported(edge):
    assert read_edges().get(edge, set()) - {""} <= ONLY_MODULES[edge]


def test_no_circles_between_entries():
    targets = defaultdict(set)
    for source, target in read_edges():
        targets[source].add(target)
    finished: set[str] = set()

    def visit(entry: str, path: tuple[str, ...]) -> None:
        assert entry not in path, " → ".join((*path, entry))
        if entry not in finished:
            for target in sorted(targets[entry]):
                visit(target, (*path, entry))
            finished.add(entry)

    for entry in sorted(list_entries()):
        visit(entry, ())


def test_package_files_that_light_environments_pass_through_import_nothing():
    """An `__init__.py` is hashed with every module below it, and light environments have no torch."""
    for package in ("", "checks", "config", "dataset", "evaluation", "interpret", "models", "report"):
        path = PACKAGE / package / "__init__.py"
        assert not list_imports(path), path


def test_the_architecture_page_describes_every_entry():
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert [entry for entry in sorted(ALLOWED) if f"`{entry}" not in page] == []
