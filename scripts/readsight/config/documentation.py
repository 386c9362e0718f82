"""Generate the commented default config, its JSON Schema and its reference from the typed model.

`python -m readsight.config.documentation` writes them; with `--check` it names those that have drifted and ends with 1.
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

# What stands in the default project where the model has no default.
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
EDIT = ("project", "samples", "reference.fasta")
PLACEHOLDERS = {"tasks": "call_quality", "tables": "mrna"}

HEAD = """\
# yaml-language-server: $schema=schema.json
#
# The default project, a template: EDIT the lines marked so, or copy this file and samples.tsv to
# config/projects/<name>/ and edit them there. Every key stands here with its default; keys that start
# with # are off. Generated from scripts/readsight/config/schema.py. Paths start at the folder that the run
# starts in; ${VARIABLE} is replaced by the environment's, ${results} by the project's results folder.
"""


@dataclass(frozen=True)
class Key:
    """A key of the config: dotted path, type in words, default, help; sub: the section it holds, if any."""

    path: str
    kind: str
    default: Any
    required: bool
    help: str
    sub: type[BaseModel] | None
    many: bool
    listed: bool
    optional: bool

    @property
    def name(self) -> str:
        return self.path.rsplit(".", 1)[-1]

    @property
    def depth(self) -> int:
        return self.path.count(".")


def keys_of(section: type[BaseModel], above: str = "") -> Iterator[Key]:
    """Keys of a section, in the model's order."""
    for name, field in section.model_fields.items():
        parts = list(_parts(field.annotation))
        sub = next((p for p in parts if isinstance(p, type) and issubclass(p, BaseModel)), None)
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        yield Key(
            path=f"{above}.{name}" if above else name,
            kind="section" if sub else _kind(field.annotation, field.metadata),
            default=default,
            required=field.is_required(),
            help=field.description or "",
            sub=sub,
            many=any(get_origin(p) is dict for p in parts) and sub is not None,
            listed=any(get_origin(p) is list for p in parts) and sub is not None,
            optional=NoneType in parts and default is None,
        )


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for argument in get_args(annotation):
        yield from _parts(argument)


def _kind(annotation: Any, metadata: list[Any] = ()) -> str:
    """A type in words, with its range or allowed values."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        if annotation == Name:
            return "name"
        return _kind(arguments[0], _limits(arguments[1:]) + list(metadata))
    if origin in (Union, UnionType):
        return _kind(next(a for a in arguments if a is not NoneType), metadata)
    if origin is Literal:
        return ("one of " if len(arguments) > 1 else "only ") + ", ".join(map(str, arguments))
    if origin is list:
        return f"list of {_kind(arguments[0])}".replace("list of one of", "list from").replace("list of only", "list from")
    if origin is dict:
        return f"{_kind(arguments[0])} → {_kind(arguments[1])}"
    words = {bool: "true or false", int: "whole number", float: "number", str: "text"}.get(annotation, "text")
    if any(getattr(m, "pattern", None) for m in metadata):
        return "name"
    limits = [f"{sign} {getattr(m, name):g}" for m in metadata for name, sign in SIGNS if getattr(m, name, None) is not None]
    return ", ".join([words, *limits])


SIGNS = (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))


def _limits(metadata: tuple) -> list[Any]:
    return [limit for m in metadata for limit in (m.metadata if isinstance(m, FieldInfo) else [m])]


def _yaml(value: Any) -> str:
    return (
        yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True, sort_keys=False)
        .removesuffix("\n")
        .removesuffix("\n...")
    )


def config_yaml() -> str:
    """The commented defaults; it is itself a valid config."""
    return HEAD + "".join(f"{line}\n" for line in _section_lines(Config, "", "", off=False))


def _section_lines(section: type[BaseModel], above: str, shown: str, off: bool, listed: bool = False) -> Iterator[str]:
    """Lines of a section. above: its place in the model; shown: indentation; off: commented out; listed: an entry of a list."""
    mark = "#" if off else ""
    for place, key in enumerate(keys_of(section, above)):
        example = EXAMPLES.get(key.path)
        silent = key.optional and key.path not in EDIT
        here = "#" if silent or key.many or key.listed else mark
        at, here = (shown + "  ", here) if listed and place else (shown, here + "- " * listed)
        yield from ([""] if not above else [])
        words = key.help + (f" [{key.kind}]" if key.sub is None else "")
        yield from (f"{at}# {line}" for line in _wrap(words, WIDTH - len(at)))
        if key.sub:
            yield f"{at}{here}{key.name}:"
            inner = at + "  "
            if key.many:
                yield f"{inner}{here}{PLACEHOLDERS.get(key.path, 'name')}:"
                inner += "  "
            yield from _section_lines(key.sub, key.path, inner, off="#" in here, listed=key.listed)
        else:
            value = example if key.default is None else key.default
            edit = "  # EDIT" if key.path in EDIT else ""
            yield f"{at}{here}{key.name}: {_yaml(value)}{edit}"


def _wrap(text: str, width: int) -> list[str]:
    words, _, kind = text.partition(" [")
    lines = [""]
    for word in [*words.split(), *([f"[{kind}"] if kind else [])]:
        if len(lines[-1]) + len(word) + 1 > width - 2:
            lines.append("")
        lines[-1] += f"{' ' * bool(lines[-1])}{word}"
    return lines


def schema_json() -> str:
    """JSON Schema of a project's config, for completion in editors."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Config.model_json_schema()}
    schema["title"] = "Config of a Readsight project"
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def readme() -> str:
    """The reference: guide to the sheet, then every key with type, default and meaning."""
    text = TEMPLATE.read_text()
    for name, value in {
        "ASSAYS": ", ".join(sample_sheet.ASSAYS),
        "OF_UNITS": ", ".join(sample_sheet.OF_UNITS),
        "KEYS": _tables(),
    }.items():
        text = text.replace(f"<!-- {name} -->", value)
    return text


def _tables() -> str:
    """A table for the top of the config, and one for each section below it."""
    out = []

    def walk(section: type[BaseModel], path: str, shown: str) -> None:
        rows, below = [], []
        for key in keys_of(section, path):
            label = f"{shown}.{key.name}" if shown else key.name
            inner = f"{label}.<name>" if key.many else label
            if key.sub:
                below.append((key, inner))
                default = "none" if key.optional or key.many else ""
                rows.append(f"| [`{key.name}`](#{_anchor(inner)}) | section | {default} | {_cell(key.help)} |")
                continue
            default = "**required**" if key.required else "none" if key.default is None else f"`{_yaml(key.default)}`"
            rows.append(f"| `{key.name}` | {key.kind} | {default} | {_cell(key.help)} |")
        heading = f"### `{shown}`\n\n{_doc(section)}\n" if shown else "### The top level\n"
        out.append("\n".join([heading, "| key | type | default | meaning |", "|---|---|---|---|", *rows, ""]))
        for key, inner in below:
            walk(key.sub, key.path, inner)

    walk(Config, "", "")
    return "\n".join(out).rstrip("\n")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")


def _anchor(heading: str) -> str:
    return "".join(c for c in heading.lower() if c.isalnum() or c in "_- ").replace(" ", "-")


def _doc(section: type[BaseModel]) -> str:
    return (section.__doc__ or "").strip()


def pages() -> dict[Path, str]:
    """Generated files and their content."""
    return {FOLDER / "config.yaml": config_yaml(), FOLDER / "schema.json": schema_json(), FOLDER / "README.md": readme()}


def drifted() -> list[Path]:
    """Generated files that are not what the model says."""
    return [path for path, text in pages().items() if not path.exists() or path.read_text() != text]


def main(arguments: list[str]) -> int:
    """Write the files, or with --check compare them."""
    drift = drifted()
    if arguments == ["--check"]:
        for path in drift:
            print(
                f"{path}: is not what scripts/readsight/config/schema.py says; run: python -m readsight.config.documentation",
                file=sys.stderr,
            )
        return int(bool(drift))
    for path in drift:
        path.write_text(pages()[path])
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
