"""Pages of the site that are files of the repository: the reference of the config, the guide for contributors, the changelog."""

import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
PAGES = {"config/README.md": "configuration.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}


def on_files(files, config):
    """Add the pages to the site."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown, page, config, files):
    """Point links between files of the repository to pages of the site; links to files without a page become plain text."""
    for source, target in PAGES.items():
        markdown = markdown.replace(f"](../{source}", f"]({target}")
    markdown = markdown.replace("](docs/", "](")
    return re.sub(r"\[([^]]+)\]\(\.\./[^)]*\)", r"\1", markdown)
