"""Record the run's inputs: the config with all defaults, the samples, and the software versions in use."""

import csv
import hashlib
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

from readsight.report import html_page
from readsight.step import step


def flatten_settings(config: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """A nested config as (dotted key, YAML value) pairs; an empty section is a value."""
    rows = []
    for key, value in config.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, dict) and value:
            rows += flatten_settings(value, name)
        else:
            rows.append((name, yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix("\n...\n").strip()))
    return rows


def read_sheet(path: Path) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a sample sheet."""
    with open(path, newline="") as handle:
        header, *rows = [row for row in csv.reader(handle, delimiter="\t") if row]
    return header, [row + [""] * (len(header) - len(row)) for row in rows]


def render_config(config: dict[str, Any], sheet: Path | None, release: str) -> str:
    """Config and sample sheet as an HTML page."""
    sections: list[Any] = [
        html_page.tag("p", f"Readsight {release}, seed {config['seed']}."),
    ]
    if sheet:
        header, rows = read_sheet(sheet)
        digest = hashlib.sha256(sheet.read_bytes()).hexdigest()
        listing = html_page.render_table(header, rows, caption=f"{len(rows):,} sequencing units; SHA-256 of the sheet {digest}")
        sections += [
            html_page.tag("h2", "Sample sheet"),
            listing if len(rows) <= 60 else html_page.render_details("Show the sheet", listing),
        ]
    rows = [[html_page.tag("code", key), value] for key, value in flatten_settings(config)]
    sections += [
        html_page.tag("h2", "Settings"),
        html_page.render_table(["key", "value"], rows),
        html_page.render_details("As a config file", html_page.tag("pre", dump_yaml(config))),
    ]
    lead = f"Project {config['project']}: all settings in effect, including defaults, and the samples."
    return html_page.render_page("Config", lead, *sections)


def dump_yaml(config: dict[str, Any]) -> str:
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=120)


def group_packages(records: list[dict[str, Any]], is_requested: bool) -> list[list[str]]:
    """Rows of name, version, build, channel, and the environments with exactly this build."""
    environments_by_package: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for record in records:
        for p in record["packages"]:
            if p["asked"] == is_requested:
                environments_by_package[p["name"], p["version"], p["build"], p["channel"]].append(record["environment"])
    return [[*package, ", ".join(environments)] for package, environments in sorted(environments_by_package.items())]


def render_versions(records: list[dict[str, Any]], image: str | None) -> str:
    """The packages of all environments as an HTML page: requested packages first, dependencies in a fold-out."""
    requested, dependencies = group_packages(records, True), group_packages(records, False)

    def render_table(rows: list[list[str]]) -> html_page.Html:
        return html_page.render_table(["package", "version", "build", "from", "in environments"], rows)

    sections: list[Any] = [html_page.tag("h2", "Tools and libraries"), render_table(requested)]
    if image:
        sections.append(html_page.render_box("note", f"DeepVariant ran from the container image {image}."))
    if dependencies:
        sections.append(html_page.render_details(f"Dependencies ({len(dependencies):,} packages)", render_table(dependencies)))
    lead = "Versions installed when the steps ran, as recorded in the environments."
    return html_page.render_page("Versions", lead, *sections)


def write_versions(records: list[dict[str, Any]], path: Path) -> None:
    with open(path, "w", newline="") as handle:
        writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
        writer.writerow(["environment", "package", "version", "build", "channel", "asked"])
        for record in records:
            for p in record["packages"]:
                writer.writerow(
                    [record["environment"], p["name"], p["version"], p["build"], p["channel"], "yes" if p["asked"] else "no"]
                )


def main(
    config: dict[str, Any],
    release: str,
    image: str | None,
    sheet: Path | None,
    versions: list[Path],
    out: Any,
) -> None:
    """Write the config, all settings and the versions of tools as pages and tables.

    out: paths by name: config, settings, versions, table.
    """
    records = [json.loads(path.read_text()) for path in versions]
    out.settings.write_text(dump_yaml(config))
    out.config.write_text(render_config(config, sheet, release))
    out.versions.write_text(render_versions(records, image))
    write_versions(records, out.table)


if __name__ == "__main__":
    with step(snakemake) as job:
        sheet = job.input.get("sheet")
        main(
            job.params.config,
            job.params.release,
            job.params.image,
            sheet[0] if sheet else None,
            job.input.versions,
            job.output,
        )
