"""Generator of the commented default config, its JSON Schema and its reference from the typed model.

`python -m readsight.config.documentation` writes them; with `--check` it lists outdated files and exits with status 1.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from readsight.config import sample_sheet
from readsight.config.base import Name
from readsight.config.schema import Config

FOLDER = Path(__file__).resolve().parents[3] / "config"
TEMPLATE = Path(__file__).with_name("documentation.md")
WIDTH = 118

# Example values of the default project for keys without a default.
EXAMPLES = {
    "project": "my-project",
    "samples": "config/samples.tsv",
    "reference.fasta": "data/genome.fa",
    "reference.gtf": "data/genes.gtf.gz",
    "reference.population": "data/gnomad.vcf.gz",
    "reference.clinvar": "data/clinvar.vcf.gz",
    "variants.vcf": "data/calls.vcf.gz",
    "variants.targets": "data/targets.bed",
    "variants.scatter": 8,
    "variants.truth.vcf": "data/truth.vcf.gz",
    "variants.truth.bed": "data/confident.bed",
    "variants.truth.structural_vcf": "data/truth.structural.vcf.gz",
    "tables.files": ["data/expression.csv.gz"],
    "metadata.file": "data/samples.csv",
    "tasks.sequences.files.path": "data/peaks.narrowPeak",
    "tasks.interpret.motifs.database": "data/hocomoco.meme.gz",
    "tasks.interpret.variants.name": "clinvar",
    "tasks.interpret.variants.vcf": "data/clinvar.vcf.gz",
    "tasks.interpret.personal.name": "cohort",
    "tasks.interpret.personal.vcf": "data/phased.vcf.gz",
    "expression.contrast.column": "label",
    "expression.contrast.reference": "control",
    "expression.contrast.tested": "case",
    "expression.contrast.block": "batch",
}
EDITABLE_KEYS = ("project", "samples", "reference.fasta")
PLACEHOLDERS = {"tasks": "call_quality", "tables": "mrna"}

FILE_HEADER = """\
# yaml-language-server: $schema=schema.json
#
# The default project, a template: change the lines marked EDIT, or copy this file and samples.tsv to
# config/projects/<name>/ and edit them there. Every key is listed with its default; keys that start with #
# are not set. Generated from scripts/readsight/config/schema.py. Paths are relative to the folder where the
# run starts; ${VARIABLE} is an environment variable, ${results} the results folder of the project.
"""


@dataclass(frozen=True)
class Key:
    """A key of the config: dotted path, readable type, default and help.

    Attributes
    ----------
    section : the section class, if the key is a section.
    is_mapping, is_list : whether the key holds several such sections, by name or as a list.
    is_optional : whether the key is unset by default.
    """

    path: str
    kind: str
    default: Any
    required: bool
    help: str
    section: type[BaseModel] | None
    is_mapping: bool
    is_list: bool
    is_optional: bool

    @property
    def name(self) -> str:
        return self.path.rsplit(".", 1)[-1]

    @property
    def depth(self) -> int:
        return self.path.count(".")


def iterate_keys(section: type[BaseModel], parent: str = "") -> Iterator[Key]:
    """Keys of a section, in the model's order."""
    for name, field in section.model_fields.items():
        types = list(_iterate_types(field.annotation))
        subsection = next((p for p in types if isinstance(p, type) and issubclass(p, BaseModel)), None)
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        yield Key(
            path=f"{parent}.{name}" if parent else name,
            kind="section" if subsection else _describe_type(field.annotation, field.metadata),
            default=default,
            required=field.is_required(),
            help=field.description or "",
            section=subsection,
            is_mapping=any(get_origin(p) is dict for p in types) and subsection is not None,
            is_list=any(get_origin(p) is list for p in types) and subsection is not None,
            is_optional=NoneType in types and default is None,
        )


def _iterate_types(annotation: Any) -> Iterator[Any]:
    yield annotation
    for argument in get_args(annotation):
        yield from _iterate_types(argument)


def _describe_type(annotation: Any, metadata: list[Any] = ()) -> str:
    """Readable type, with its range or allowed values."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        if annotation == Name:
            return "name"
        return _describe_type(arguments[0], _collect_limits(arguments[1:]) + list(metadata))
    if origin in (Union, UnionType):
        return _describe_type(next(a for a in arguments if a is not NoneType), metadata)
    if origin is Literal:
        return ("one of " if len(arguments) > 1 else "only ") + ", ".join(map(str, arguments))
    if origin is list:
        return f"list of {_describe_type(arguments[0])}".replace("list of one of", "list from").replace(
            "list of only", "list from"
        )
    if origin is dict:
        return f"{_describe_type(arguments[0])} → {_describe_type(arguments[1])}"
    text = {bool: "true or false", int: "integer", float: "number", str: "text"}.get(annotation, "text")
    if any(getattr(m, "pattern", None) for m in metadata):
        return "name"
    limits = [f"{sign} {getattr(m, name):g}" for m in metadata for name, sign in SIGNS if getattr(m, name, None) is not None]
    return ", ".join([text, *limits])


SIGNS = (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))


def _collect_limits(metadata: tuple) -> list[Any]:
    return [limit for m in metadata for limit in (m.metadata if isinstance(m, FieldInfo) else [m])]


def _format_yaml(value: Any) -> str:
    return (
        yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True, sort_keys=False)
        .removesuffix("\n")
        .removesuffix("\n...")
    )


def render_config_yaml() -> str:
    """Render the commented defaults, which are a valid config."""
    return FILE_HEADER + "".join(f"{line}\n" for line in _render_section(Config, "", "", is_commented_out=False))


def _render_section(
    section: type[BaseModel], parent: str, indentation: str, is_commented_out: bool, is_list: bool = False
) -> Iterator[str]:
    """Lines of a section of the model.

    Parameters
    ----------
    section : the section class.
    parent : dotted path of the section.
    indentation : of the lines.
    is_commented_out : whether the keys are comments.
    is_list : whether the section is an item of a list.
    """
    prefix = "#" if is_commented_out else ""
    for position, key in enumerate(iterate_keys(section, parent)):
        example = EXAMPLES.get(key.path)
        is_commented = key.is_optional and key.path not in EDITABLE_KEYS
        marker = "#" if is_commented or key.is_mapping or key.is_list else prefix
        indent, marker = (indentation + "  ", marker) if is_list and position else (indentation, marker + "- " * is_list)
        yield from ([""] if not parent else [])
        help_text = key.help + (f" [{key.kind}]" if key.section is None else "")
        yield from (f"{indent}# {line}" for line in _wrap_text(help_text, WIDTH - len(indent)))
        if key.section:
            yield f"{indent}{marker}{key.name}:"
            inner = indent + "  "
            if key.is_mapping:
                yield f"{inner}{marker}{PLACEHOLDERS.get(key.path, 'name')}:"
                inner += "  "
            yield from _render_section(key.section, key.path, inner, is_commented_out="#" in marker, is_list=key.is_list)
        else:
            value = example if key.default is None else key.default
            edit = "  # EDIT" if key.path in EDITABLE_KEYS else ""
            yield f"{indent}{marker}{key.name}: {_format_yaml(value)}{edit}"


def _wrap_text(text: str, width: int) -> list[str]:
    sentence, _, kind = text.partition(" [")
    lines = [""]
    for word in [*sentence.split(), *([f"[{kind}"] if kind else [])]:
        if len(lines[-1]) + len(word) + 1 > width - 2:
            lines.append("")
        lines[-1] += f"{' ' * bool(lines[-1])}{word}"
    return lines


def render_schema_json() -> str:
    """JSON Schema of a project's config, for completion in editors."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Config.model_json_schema()}
    schema["title"] = "Config of a Readsight project"
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def render_readme() -> str:
    """Render the reference: guide to projects, then every key with type, default and meaning."""
    text = TEMPLATE.read_text()
    for name, value in {
        "ASSAYS": ", ".join(sample_sheet.ASSAYS),
        "OF_UNITS": ", ".join(sample_sheet.UNIT_COLUMNS),
        "KEYS": _render_tables(),
    }.items():
        text = text.replace(f"<!-- {name} -->", value)
    return text


def _render_tables() -> str:
    """One table for the top level of the config, and one per section."""
    tables = []

    def add_section(section: type[BaseModel], path: str, label_prefix: str) -> None:
        rows, subsections = [], []
        for key in iterate_keys(section, path):
            label = f"{label_prefix}.{key.name}" if label_prefix else key.name
            inner = f"{label}.<name>" if key.is_mapping else label
            if key.section:
                subsections.append((key, inner))
                default = "none" if key.is_optional or key.is_mapping else ""
                rows.append(f"| [`{key.name}`](#{_make_anchor(inner)}) | section | {default} | {_escape_cell(key.help)} |")
                continue
            default = "**required**" if key.required else "none" if key.default is None else f"`{_format_yaml(key.default)}`"
            rows.append(f"| `{key.name}` | {key.kind} | {default} | {_escape_cell(key.help)} |")
        heading = f"### `{label_prefix}`\n\n{_section_docstring(section)}\n" if label_prefix else "### The top level\n"
        tables.append("\n".join([heading, "| key | type | default | meaning |", "|---|---|---|---|", *rows, ""]))
        for key, inner in subsections:
            add_section(key.section, key.path, inner)

    add_section(Config, "", "")
    return "\n".join(tables).rstrip("\n")


def _escape_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")


def _make_anchor(heading: str) -> str:
    return "".join(c for c in heading.lower() if c.isalnum() or c in "_- ").replace(" ", "-")


def _section_docstring(section: type[BaseModel]) -> str:
    return (section.__doc__ or "").strip()


def render_files() -> dict[Path, str]:
    """Generated file → its content."""
    return {
        FOLDER / "config.yaml": render_config_yaml(),
        FOLDER / "schema.json": render_schema_json(),
        FOLDER / "README.md": render_readme(),
    }


def find_outdated() -> list[Path]:
    """Generated files that differ from what the model would generate."""
    return [path for path, text in render_files().items() if not path.exists() or path.read_text() != text]


def main(arguments: list[str]) -> int:
    """Write the files, or compare them with --check."""
    outdated = find_outdated()
    if arguments == ["--check"]:
        for path in outdated:
            print(
                f"{path}: differs from scripts/readsight/config/schema.py; run: python -m readsight.config.documentation",
                file=sys.stderr,
            )
        return int(bool(outdated))
    for path in outdated:
        path.write_text(render_files()[path])
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
