"""The project's vocabulary: names are verb_object or nouns, and neither names nor prose use words that strangers do not expect."""

import ast
import collections
import io
import re
import subprocess
import tokenize
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Words that say too little in a name: each has a standard term (interval, message, description, digest, subset …).
LISTED = frozenset(
    """told said says asked found held own beside anew along whole seen alike kin luck mark room words bears stood sought gathered
    gathering guessed learned spared brought enough justified rest other others""".split()
)
FIELD_TERMS = {"mark_duplicates"}  # the term of Picard and samtools, and a config key
LISTED_IN_PROSE = (LISTED - {"other", "others", "enough"}) | {"stands", "lest", "hangs on", "save for"}
MOST_LISTED_IN_PROSE = 50

# Single words that are complete: protocols of the field, and verbs with one obvious object.
COMPLETE_NAMES = frozenset(
    """main fit transform predict train build forward attribute encode decode read write load save parse validate merge normalise
    complement setup balance step""".split()
)
MOST_SINGLE_NAMES = 0.45
MOST_PARTICIPLES = 0.06
MOST_DIALECT_VARIABLES = 0.01

NOT_PARTICIPLES = frozenset("seed feed embed bed need speed exceed string ring spring thing padding".split())
IRREGULAR = frozenset(
    """found told held drawn kept made built written given taken chosen known seen shown spelt sought brought left lost sent grown
    begun gone worn bound hidden proven stood bought caught taught thought meant dealt""".split()
)
DOCUMENTS = {".md", ".smk", ".rst", ".sh", ".yaml", ".js", ".html"}
NOT_PROSE = ("CHANGELOG.md", "config/schema.json", "LICENSE")  # the changelog lists old names


@cache
def tracked_files() -> tuple[Path, ...]:
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return tuple(ROOT / name for name in names if (ROOT / name).is_file())


@cache
def python_files() -> tuple[Path, ...]:
    return tuple(path for path in tracked_files() if path.suffix == ".py")


@cache
def parse_file(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def split_name(name: str) -> list[str]:
    """Words of a name in snake_case or CamelCase, lower case."""
    return [component.lower() for component in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def is_participle(name: str) -> bool:
    first = (split_name(name) or [""])[0]
    return first in IRREGULAR or (first.endswith(("ed", "ing")) and first not in NOT_PARTICIPLES)


def iterate_functions(path: Path):
    for node in ast.walk(parse_file(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("__"):
            yield node


def product_functions() -> list[str]:
    """Names of all functions and methods but those of tests."""
    return [
        node.name for path in python_files() if "tests" not in path.relative_to(ROOT).parts for node in iterate_functions(path)
    ]


def iterate_names(path: Path):
    """(kind, name, line) of every name that a file defines."""
    for node in ast.walk(parse_file(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield "function", node.name, node.lineno
        elif isinstance(node, ast.ClassDef):
            yield "class", node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield "variable", node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield "variable", node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield "field", node.attr, node.lineno
        elif isinstance(node, ast.alias) and node.asname:
            yield "variable", node.asname, node.lineno


def has_listed_word(name: str) -> bool:
    return name not in FIELD_TERMS and not LISTED.isdisjoint(split_name(name))


def read_prose(path: Path) -> list[tuple[int, str]]:
    """(line, text) of docstrings, comments and messages of a Python file; of another file its lines. Code in backticks is left out."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        pieces = list(enumerate(re.sub(r"```.*?```", lambda m: "\n" * m[0].count("\n"), text, flags=re.S).split("\n"), 1))
    else:
        pieces = [
            (node.lineno, node.value)
            for node in ast.walk(parse_file(path))
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
        ]
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        pieces += [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]
    return [(line, re.sub(r"`[^`]*`", " ", piece)) for line, piece in pieces]


def find_listed_in_prose(path: Path) -> list[tuple[int, str]]:
    pattern = re.compile(rf"(?<![\w.-])({'|'.join(sorted(LISTED_IN_PROSE))})(?![\w(=\[-])", re.IGNORECASE)
    return [(line, match[1].lower()) for line, piece in read_prose(path) for match in pattern.finditer(piece)]


def prose_files() -> list[Path]:
    return [
        path
        for path in tracked_files()
        if path.suffix in DOCUMENTS | {".py"}
        and path.relative_to(ROOT).as_posix() not in NOT_PROSE
        and path.name != Path(__file__).name
    ]


def test_no_name_has_a_listed_word():
    faults = [
        f"{path.relative_to(ROOT)}:{line}: {kind} {name}"
        for path in python_files()
        for kind, name, line in iterate_names(path)
        if has_listed_word(name)
    ]
    faults += [f"{path.relative_to(ROOT)}: file" for path in python_files() if has_listed_word(path.stem)]
    assert not faults, "\n".join(faults[:40])


def test_functions_are_named_by_verb_and_object():
    names = product_functions()
    single = [name for name in names if len(split_name(name)) == 1 and name not in COMPLETE_NAMES]
    assert len(single) / len(names) <= MOST_SINGLE_NAMES, collections.Counter(single).most_common(30)


def test_functions_rarely_begin_with_a_participle():
    names = product_functions()
    participles = [name for name in names if is_participle(name)]
    assert len(participles) / len(names) <= MOST_PARTICIPLES, collections.Counter(participles).most_common(30)


def test_variables_are_nouns():
    variables = [name for path in python_files() for kind, name, _ in iterate_names(path) if kind == "variable"]
    dialect = [name for name in variables if has_listed_word(name)]
    assert len(dialect) / len(variables) <= MOST_DIALECT_VARIABLES, collections.Counter(dialect).most_common(30)


def test_a_class_name_means_one_thing():
    homes = collections.defaultdict(list)
    for path in python_files():
        for kind, name, _ in iterate_names(path):
            if kind == "class":
                homes[name].append(path.relative_to(ROOT).as_posix())
    assert not {name: paths for name, paths in homes.items() if len(paths) > 1}


def test_prose_is_plain():
    counts = {path.relative_to(ROOT).as_posix(): find_listed_in_prose(path) for path in prose_files()}
    total = sum(map(len, counts.values()))
    worst = sorted(counts.items(), key=lambda item: -len(item[1]))[:10]
    assert total < MOST_LISTED_IN_PROSE, (total, [(path, matches[:8]) for path, matches in worst])
