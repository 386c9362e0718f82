"""The documentation: links lead somewhere, commands exist, configs are valid, figures name the commit that measured them."""

import re
from pathlib import Path

import pytest
import yaml

from readsight.config.schema import parse_config

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "config/README.md"]
PAGES += sorted((ROOT / "docs").glob("*.md")) + sorted((ROOT / "config/projects").glob("*/README.md"))
README_LINES = 250


def name_path(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


each_page = pytest.mark.parametrize("page", PAGES, ids=name_path)


def read_blocks(page: Path, language: str) -> list[str]:
    """Code blocks of a page in a language; "" for blocks without one."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", page.read_text(encoding="utf-8"), flags=re.S | re.M)


def list_anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub and MkDocs make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@each_page
def test_links_lead_to_files_and_headings(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    faults = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            faults.append(f"{target}: no such file")
        elif anchor and anchor not in list_anchors(file):
            faults.append(f"{target}: no such heading")
    assert faults == []


@each_page
def test_make_targets_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M))
    used = set(re.findall(r"`make ([a-z][a-z-]*)", page.read_text(encoding="utf-8")))
    used |= {name for block in read_blocks(page, "") for name in re.findall(r"^make ([a-z][a-z-]*)", block, flags=re.M)}
    assert used <= targets


@each_page
def test_paths_of_the_repository_exist(page):
    """Backticked paths such as `envs/native/` or `scripts/dossier_audit.py`; patterns and placeholders are left out."""
    if page.name == "CHANGELOG.md":
        pytest.skip("names old paths")
    folders = ["scripts", "workflow", "envs", "tests", "benchmarks", "config", "docs", "resources"]
    roots = [ROOT]
    if page.name == "CONTRIBUTING.md":  # paths of its table are relative to the package
        folders += [path.name for path in (ROOT / "scripts/readsight").iterdir() if path.is_dir()]
        roots += [ROOT / "scripts/readsight", ROOT / "scripts"]
    paths = re.findall(rf"`((?:{'|'.join(folders)})/[\w./-]+)`", page.read_text(encoding="utf-8"))
    assert [path for path in paths if "mine" not in path and not any((root / path).exists() for root in roots)] == []


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=name_path)
def test_configs_of_the_pages_are_valid(page):
    blocks = read_blocks(page, "yaml") + re.findall(
        r"config\.yaml <<'END'\n(.*?)^END", page.read_text(encoding="utf-8"), flags=re.S | re.M
    )
    for block in blocks:
        raw = yaml.safe_load(block)
        if raw.keys() <= {"tasks", "expression", "variants", "reference"}:
            raw = {"project": "mine", "samples": "s.tsv", "reference": {"fasta": "g.fa", "gtf": "g.gtf"}} | raw
        parse_config(raw)


def test_readme_is_short_and_links_every_page():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= README_LINES
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert {name for name in pages if f"docs/{name}" not in text} == set()


def test_site_has_every_page():
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    entries = [
        entry for item in site["nav"] for value in item.values() for entry in (value if isinstance(value, list) else [value])
    ]
    named = {entry if isinstance(entry, str) else next(iter(entry.values())) for entry in entries}
    assert {page.name for page in (ROOT / "docs").glob("*.md")} <= named


def test_measured_tables_name_their_commit():
    for name in ("benchmarks", "demo", "learning"):
        text = (ROOT / f"docs/{name}.md").read_text(encoding="utf-8")
        assert re.search(r"at(?: commit|\ncommit) [0-9a-f]{7}", text), name
