"""Pages of the site that are files of the repository: the reference of the config, the guide for contributors, the changelog."""

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
    """Point links between files of the repository to pages of the site, and links to code to the repository."""
    for source, target in PAGES.items():
        markdown = markdown.replace(f"](../{source}", f"]({target}")
    markdown = markdown.replace("](docs/", "](")
    return markdown.replace("](../", f"]({config.repo_url}/blob/main/")
