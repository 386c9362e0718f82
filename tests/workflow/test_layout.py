"""Layout of the repository: rules and scripts have the same names, and files and functions are short."""

import ast
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
PACKAGE = sorted((ROOT / "scripts/readsight").rglob("*.py"))
CODE = SCRIPTS + PACKAGE + sorted((ROOT / "tests").rglob("*.py")) + sorted((ROOT / "benchmarks").rglob("*.py"))
RULE_FILES = sorted((ROOT / "workflow/rules").glob("*.smk"))


@dataclass
class Rule:
    """A rule as written: its file's stem, and the text of each of its sections."""

    name: str
    stage: str
    text: str
    sections: dict[str, str] = field(default_factory=dict)


def read_rules() -> list[Rule]:
    rules = []
    for path in RULE_FILES:
        for block in re.split(r"^(?=[ ]*(?:rule|checkpoint) \w+:)", path.read_text(), flags=re.M)[1:]:
            indent = len(block) - len(block.lstrip(" "))
            lines = [line[indent:] for line in block.splitlines()]
            body = [line for line in lines[1:] if line.startswith("    ") or not line.strip()]
            rule = Rule(re.match(r"\w+ (\w+):", lines[0]).group(1), path.stem, "\n".join(body))
            for section in re.split(r"^    (?=\w+:)", rule.text, flags=re.M)[1:]:
                name, _, value = section.partition(":")
                rule.sections[name] = value.strip()
            rules.append(rule)
    return rules


RULES = read_rules()
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def parametrize_files(files):
    return pytest.mark.parametrize("path", files, ids=lambda path: path.relative_to(ROOT).as_posix())


def test_rule_names_are_unique():
    assert RULES and len({rule.name for rule in RULES}) == len(RULES)


@each_rule
def test_rule_has_a_docstring(rule):
    assert re.match(r'\s*"""[A-Z][^"]+\."""', rule.text), "a sentence that ends with a full stop"


@each_rule
def test_rule_has_one_script_of_the_same_name(rule):
    assert rule.sections.get("script") == f'"../../scripts/{rule.name}.py"'
    assert (ROOT / f"scripts/{rule.name}.py").is_file()
    assert not {"run", "shell", "wrapper", "notebook"} & set(rule.sections)


@each_rule
def test_rule_name_begins_with_its_stage(rule):
    assert rule.name.split("_")[0] == rule.stage.split("_")[0]


@each_rule
def test_rule_states_threads_memory_and_code_hash(rule):
    assert rule.sections.get("threads"), "threads"
    resources = rule.sections.get("resources", "")
    assert re.search(r"mem_mb=((mem|[\w.()]+\.scale_memory)\(|[\w.]+\.memory_mb\b)", resources), "memory by attempt"
    assert f'code=hash_code("{rule.name}")' in rule.sections.get("params", ""), "hash of the package modules behind the script"


@each_rule
@pytest.mark.parametrize("section, folder, ending", [("log", "<logs>", ".log"), ("benchmark", "<benchmarks>", ".tsv")])
def test_log_and_benchmark_carry_the_rule_name(rule, section, folder, ending):
    if section == "benchmark" and "cache" in rule.sections:
        assert section not in rule.sections, "Snakemake refuses both: what comes from the cache took no time"
        return
    path = rule.sections.get(section, "").rstrip(",").strip('"')
    assert re.fullmatch(rf"{folder}/{rule.name}(/.+)?{re.escape(ending)}", path)


@each_rule
def test_log_and_benchmark_are_unique_per_job(rule):
    wildcards = re.compile(r"(?<!\{)\{(\w+)[^{}]*\}(?!\})")
    outputs = set(wildcards.findall(rule.sections["output"])) | set(re.findall(r"\{\{(\w+)\}\}", rule.sections["output"]))
    for section in {"log", "benchmark"} & set(rule.sections):
        assert set(wildcards.findall(rule.sections[section])) >= outputs - {"project"}


@each_rule
def test_rule_environment_exists(rule):
    environment = rule.sections.get("conda", "").strip('"')
    assert environment.startswith("../../envs/") and environment.endswith(".yaml")
    assert "{" in environment or (RULE_FILES[0].parent / environment).is_file()


@parametrize_files(RULE_FILES)
def test_rule_files_hold_rules_only(path):
    text = path.read_text()
    assert not re.search(r"^\s*(def|class) ", text, flags=re.M), "functions live in readsight/wiring"
    for line in text.splitlines():
        assert "lambda" not in line or line.count("(") <= line.count(")"), "a lambda ends on its line"


@each_rule
def test_script_uses_only_what_its_rule_names(rule):
    """`job.input.x`, `job.output.x` and `job.params.x` of a script are keys of its rule."""
    missing = []
    for node in ast.walk(ast.parse((ROOT / f"scripts/{rule.name}.py").read_text())):
        match = re.fullmatch(r"job\.(input|output|params)\.(\w+)", ast.unparse(node)) if isinstance(node, ast.Attribute) else None
        section = rule.sections.get(match[1], "") if match else ""
        if match and match[2] != "get" and "unpack(" not in section and not re.search(rf"\b{match[2]}=", section):
            missing.append(f"line {node.lineno}: {ast.unparse(node)}")
    assert missing == []


def test_every_script_has_a_rule():
    assert {path.stem for path in SCRIPTS} == {rule.name for rule in RULES}


@parametrize_files(SCRIPTS)
def test_script_has_docstring_main_and_thin_end(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "a docstring"
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert "main" in functions or not functions, "main, unless all the work is the package's"
    last = tree.body[-1]
    assert isinstance(last, ast.If) and ast.unparse(last.test) == "__name__ == '__main__'"
    assert ast.unparse(last.body[0]).startswith("with step(snakemake) as job:")
    assert last.end_lineno - last.lineno <= 40, "thin"


@parametrize_files(SCRIPTS)
def test_no_script_imports_another(path):
    script_names = {script.stem for script in SCRIPTS}
    assert not script_names & {name.split(".")[0] for name in read_imports(path)}


@parametrize_files([path for path in PACKAGE if path.name != "step.py"])
def test_package_does_not_depend_on_snakemake(path):
    names = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
    assert "snakemake" not in names | {name.split(".")[0] for name in read_imports(path)}


@parametrize_files(CODE + RULE_FILES)
def test_file_is_short_and_specifically_named(path):
    assert len(path.read_text().splitlines()) <= 400
    assert not re.search(r"util|misc|helper|common|stuff", path.stem)


@parametrize_files(CODE)
def test_function_fits_on_a_screen(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 60, node.name


def read_imports(path: Path) -> set[str]:
    """Modules that a file imports anywhere."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_python_in_the_shell_script_runs():
    """The line of `workflow/run.sh` that asks the config for the results folder."""
    code = re.search(r"readsight -c '([^']+)'", (ROOT / "workflow/run.sh").read_text())[1]
    command = [sys.executable, "-c", code, str(ROOT / "config/projects/demo/config.yaml")]
    run = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")}, capture_output=True, text=True)
    assert run.stdout == "results/demo\n", run.stderr
