"""Environments contain only declared packages, are rebuilt after edits, and work with Snakemake's conda calls."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import projects
from readsight.wiring.code_hash import find_modules

ROOT = Path(__file__).resolve().parents[2]
ENVS = ROOT / "envs"
CONDA = ENVS / "native/bin/conda"
ACTIVATE = ENVS / "native/bin/activate"
# Modules whose package has a different name.
PACKAGES = {
    "sklearn": "scikit-learn",
    "imblearn": "imbalanced-learn",
    "torch": "pytorch",
    "torch_geometric": "pytorch_geometric",
    "pyBigWig": "pybigwig",
    "yaml": "pyyaml",
}

on_debian = pytest.mark.skipif(
    not Path("/usr/bin/dpkg-query").exists(), reason="the native provider needs Debian packages (dpkg)"
)


def list_steps() -> list[tuple[str, Path]]:
    """Script and environment file of every rule; all files if the environment name has a wildcard."""
    steps = []
    for rules in sorted((ROOT / "workflow/rules").glob("*.smk")):
        for rule in re.split(r"^(?:rule|checkpoint) ", rules.read_text(), flags=re.M)[1:]:
            script = re.search(r'script:\s*"(.+?)"', rule)
            conda = re.search(r'conda:\s*"(.+?)"', rule)
            assert script and conda and (rules.parent / conda[1]).parent.resolve() == ENVS, rule.splitlines()[0]
            files = ENVS.glob(re.sub(r"\{\w+\}", "*", Path(conda[1]).name))
            steps += [((rules.parent / script[1]).resolve(), file) for file in sorted(files)]
    return steps


def read_imports(path: Path) -> set[str]:
    """Top-level modules that a file imports, including imports inside functions."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def read_dependencies(file: Path) -> set[str]:
    dependencies = yaml.safe_load(file.read_text())["dependencies"]
    packages = [entry for item in dependencies for entry in (item["pip"] if isinstance(item, dict) else [item])]
    return {re.split(r"[ =<>!]", package)[0] for package in packages}


@pytest.mark.parametrize("script, file", list_steps(), ids=lambda path: path.name)
def test_scripts_import_only_declared_packages(script, file):
    allowed = read_dependencies(file)
    undeclared = {}
    for path in [script, *find_modules(script)]:
        for module in read_imports(path) - set(sys.stdlib_module_names) - {"readsight"}:
            if PACKAGES.get(module, module) not in allowed:
                undeclared.setdefault(module, []).append(path.name)
    assert undeclared == {}, f"not in {file.name}"


def create_environment(file: Path, prefix: Path) -> subprocess.CompletedProcess:
    arguments = ["env", "create", "--quiet", "--no-default-packages", "--file", str(file), "--prefix", str(prefix)]
    return subprocess.run([CONDA, *arguments], capture_output=True, text=True)


def run_in_environment(prefix: Path, command: str) -> subprocess.CompletedProcess:
    """Run a command as Snakemake does in an environment."""
    line = f"set -euo pipefail; source {ACTIVATE} '{prefix}'; {command}"
    return subprocess.run(
        ["/bin/bash", "-c", line], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": "/elsewhere"}
    )


@pytest.fixture(scope="module")
def bcftools_prefix(tmp_path_factory) -> Path:
    """A small prefix: Python, one tool, one Python package."""
    folder = tmp_path_factory.mktemp("small")
    file = folder / "small.yaml"
    file.write_text("channels:\n  - bioconda\ndependencies:\n  - python >=3.11\n  - bcftools >=1.16,<2\n  - pyyaml >=6\n")
    answer = create_environment(file, folder / "prefix")
    assert answer.returncode == 0, answer.stderr
    return folder / "prefix"


@on_debian
def test_declared_packages_are_available(bcftools_prefix):
    answer = run_in_environment(
        bcftools_prefix, "bcftools --version | head -n 1; python -c 'import sys, yaml; print(sys.prefix)'; command -v python"
    )
    version, prefix, python = answer.stdout.splitlines()
    assert version.startswith("bcftools 1.")
    assert prefix == str(bcftools_prefix) and python == f"{bcftools_prefix}/bin/python"


@on_debian
@pytest.mark.parametrize("tool", ["bwa", "samtools", "freebayes", "java", "perl", "apt-get", "pip", "snakemake", "gcc"])
def test_undeclared_tools_are_not_visible(bcftools_prefix, tool):
    assert run_in_environment(bcftools_prefix, f"command -v {tool}").returncode != 0


@on_debian
@pytest.mark.parametrize("module", ["numpy", "pydantic", "snakemake", "pip", "setuptools", "apt"])
def test_undeclared_python_packages_are_not_visible(bcftools_prefix, module):
    answer = run_in_environment(bcftools_prefix, f"python -c 'import {module}'")
    assert answer.returncode != 0 and "ModuleNotFoundError" in answer.stderr


@on_debian
def test_basic_unix_tools_are_available(bcftools_prefix):
    assert (
        run_in_environment(bcftools_prefix, "printf 'b\\na\\n' | sort | awk 'NR == 1' | gzip | zcat | sed s/a/c/ | grep c").stdout
        == "c\n"
    )


@on_debian
def test_versions_are_recorded_as_conda_does(bcftools_prefix):
    records = {entry["name"]: entry for entry in (json.loads(p.read_text()) for p in bcftools_prefix.glob("conda-meta/*.json"))}
    assert set(records) == {"python", "bcftools", "pyyaml"}
    versions = run_in_environment(
        bcftools_prefix, "bcftools --version-only; python -c 'import yaml; print(yaml.__version__)'"
    ).stdout.split()
    assert [records["bcftools"]["version"], records["pyyaml"]["version"]] == [versions[0].split("+")[0], versions[1]]
    assert (records["bcftools"]["channel"], records["pyyaml"]["channel"]) == ("debian", "pypi")
    for entry in records.values():
        assert (bcftools_prefix / f"conda-meta/{entry['name']}-{entry['version']}-{entry['build']}.json").is_file()


@on_debian
@pytest.mark.parametrize(
    "package, phrases",
    [
        ("bcftools >=99", ["bcftools: Debian has 1.", "wanted >=99"]),
        ("bowtie9", ["bowtie9 is not a package"]),
        ("gatk4 >=4", ["gatk4 >=4 cannot be built without conda"]),
        ("pyyaml >=999", ["pip failed", "PyYAML>=999"]),
    ],
)
def test_refused_environment_is_reported_and_leaves_nothing(tmp_path, package, phrases):
    file = tmp_path / "some.yaml"
    file.write_text(f"dependencies:\n  - python\n  - {package}\n")
    answer = create_environment(file, tmp_path / "prefix")
    assert answer.returncode == 1 and "Traceback" not in answer.stderr
    for phrase in phrases:
        assert phrase in answer.stderr
    assert not (tmp_path / "prefix").exists()


SNAKEFILE = """
rule all:
    output: "prefix.txt"
    conda: "some.yaml"
    shell: "python -c 'import sys; print(sys.prefix)' > {output}; cat {output}"
"""


def run_snakemake(folder: Path, path: str, *arguments: str) -> subprocess.CompletedProcess:
    """Run a small workflow with these folders first on PATH."""
    command = [ROOT / ".venv/bin/snakemake", "--cores", "1", "--sdm", "conda", *arguments]
    environment = os.environ | {"PATH": f"{path}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.fixture
def workflow(tmp_path) -> Path:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "some.yaml").write_text("dependencies:\n  - python >=3.11\n")
    return tmp_path


@on_debian
def test_provider_rebuilds_after_an_edit(workflow):
    path = f"{CONDA.parent}{os.pathsep}{ROOT / '.venv/bin'}"
    first = run_snakemake(workflow, path)
    assert first.returncode == 0, first.stdout
    prefix = (workflow / "prefix.txt").read_text().strip()
    assert Path(prefix).parent == workflow / ".snakemake/conda"

    repeated = run_snakemake(workflow, path, "--forceall")
    assert "Creating conda environment" not in repeated.stdout

    (workflow / "some.yaml").write_text("dependencies:\n  - python >=3.11,<4\n")
    edited = run_snakemake(workflow, path)
    assert edited.returncode == 0, edited.stdout
    assert "Creating conda environment" in edited.stdout
    assert (workflow / "prefix.txt").read_text().strip() not in ("", prefix)


@on_debian
def test_prebuilt_environments_are_reused_by_snakemake(workflow):
    script = (
        "import prepare, pathlib; prepare.HOME = pathlib.Path('.snakemake/conda'); prepare.HOME.mkdir(parents=True);"
        "raise SystemExit(prepare.build_environment(pathlib.Path('some.yaml')) or 0)"
    )
    path = f"{CONDA.parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        [sys.executable, "-c", script], cwd=workflow, check=True, env=os.environ | {"PATH": path, "PYTHONPATH": str(ENVS)}
    )
    answer = run_snakemake(workflow, f"{CONDA.parent}{os.pathsep}{ROOT / '.venv/bin'}")
    assert answer.returncode == 0, answer.stdout
    assert "Creating conda environment" not in answer.stdout


RECORDER = """#!{python}
import json, pathlib, sys
arguments = sys.argv[1:]
with open("{folder}/calls.txt", "a") as calls:
    print(" ".join(arguments), file=calls)
if arguments == ["--version"]:
    print("conda 25.1.0")
elif arguments[0] == "info":
    print(json.dumps({{"conda_prefix": "{folder}", "platform": "linux-64"}}))
elif arguments[0] == "config":
    print(json.dumps({{"get": {{"channel_priority": "strict"}}}}))
elif arguments[:2] == ["env", "create"]:
    prefix = pathlib.Path(arguments[arguments.index("--prefix") + 1], "bin")
    prefix.mkdir(parents=True)
    (prefix / "python").symlink_to("{python}")
"""


def test_real_conda_gets_the_environment_file(workflow):
    """With a conda front end, Snakemake passes the file to conda and activates the environment; no channel is used."""
    folder = workflow / "conda"
    (folder / "bin").mkdir(parents=True)
    recorder = folder / "bin/conda"
    recorder.write_text(RECORDER.format(python=os.path.realpath(sys.executable), folder=folder))
    recorder.chmod(0o755)
    (folder / "bin/activate").write_text('export PATH="$1/bin:$PATH"\n')
    answer = run_snakemake(workflow, f"{folder}/bin{os.pathsep}{ROOT / '.venv/bin'}")
    assert answer.returncode == 0, answer.stdout
    calls = (folder / "calls.txt").read_text().splitlines()
    (created,) = [call for call in calls if call.startswith("env create")]
    prefix = re.fullmatch(
        r"env create --quiet --no-default-packages --file (?P<p>\S+/\.snakemake/conda/[0-9a-f]{32}_)\.yaml --prefix (?P=p)",
        created,
    )
    assert prefix, created
    assert Path(prefix["p"] + ".yaml").read_text() == (workflow / "some.yaml").read_text()
    assert {"info --json", "--version", "config --get channel_priority --json"} <= set(calls)


@pytest.mark.parametrize("profile", sorted((ROOT / "workflow/profiles").iterdir()), ids=lambda path: path.name)
def test_profile_options_are_known_to_snakemake(profile):
    help_text = subprocess.run([ROOT / ".venv/bin/snakemake", "--help"], capture_output=True, text=True).stdout
    for name, value in yaml.safe_load((profile / "config.yaml").read_text()).items():
        of_a_plugin = name.startswith("slurm-")
        assert of_a_plugin or re.search(rf"--{name}\b", help_text), name
        if name == "rerun-triggers":
            assert set(value) <= {"code", "input", "mtime", "params", "software-env"}
    assert yaml.safe_load((profile / "config.yaml").read_text())["scheduler"] == "greedy"


FRONTEND = """#!/bin/sh
echo "$(basename "$0") $*" >> {folder}/calls.txt
if [ "$*" = --version ]; then
    echo "conda {version}"
fi
while [ $# -gt 0 ]; do
    if [ "$1" = --prefix ]; then
        mkdir -p "$2/bin"
        cp "$0" "$2/bin/conda"
    fi
    shift
done
"""


class Machine:
    """A copy of the set-up with an existing runner, on a simulated machine with few programs."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "envs").mkdir()
        (folder / "bin").mkdir()
        (folder / ".venv/bin").mkdir(parents=True)
        for name in ("setup.sh", "runner.txt"):
            shutil.copy(ENVS / name, folder / "envs")
        shutil.copy(ENVS / "runner.txt", folder / ".venv/.made-from")
        (folder / ".venv/bin/snakemake").touch(mode=0o755)
        for name in ("basename", "cmp", "cp", "dirname", "grep", "head", "ln", "mkdir", "readlink", "sh", "sort"):
            (folder / "bin" / name).symlink_to(shutil.which(name))

    def install_program(self, name: str, version: str = "0") -> None:
        """Install a program that records how it is called."""
        program = self.folder / "bin" / name
        program.write_text(FRONTEND.format(folder=self.folder, version=version))
        program.chmod(0o755)

    def run_setup(self, **variables: str) -> subprocess.CompletedProcess:
        command = ["/bin/bash", self.folder / "envs/setup.sh", "--runner"]
        environment = {"PATH": str(self.folder / "bin"), "HOME": str(self.folder)} | variables
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    @property
    def conda_target(self) -> str:
        """Target of the link that Snakemake calls, relative to the project's folder."""
        return os.readlink(self.folder / ".venv/bin/conda").removeprefix(f"{self.folder}/")

    @property
    def creation_calls(self) -> list[str]:
        """Recorded calls that created or installed something."""
        calls = self.folder / "calls.txt"
        lines = calls.read_text().splitlines() if calls.exists() else []
        return [line.replace(f"{self.folder}/", "") for line in lines if "create" in line or "apt" in line]


@pytest.fixture
def machine(tmp_path) -> Machine:
    return Machine(tmp_path)


def test_machine_without_conda_or_apt_is_refused(machine):
    answer = machine.run_setup()
    assert answer.returncode == 1
    assert answer.stderr == "Readsight needs conda, mamba or micromamba, or a Debian machine with apt; neither is available.\n"


def test_present_conda_is_preferred_to_apt(machine):
    machine.install_program("conda", "25.1.1")
    machine.install_program("apt-get")
    assert machine.run_setup().returncode == 0
    assert (machine.conda_target, machine.creation_calls) == ("bin/conda", [])


def test_provider_replaces_missing_conda(machine):
    machine.install_program("apt-get")
    assert machine.run_setup().returncode == 0
    assert (machine.conda_target, machine.creation_calls) == ("envs/native/bin/conda", [])


def test_the_provider_can_be_chosen(machine):
    machine.install_program("conda", "25.1.1")
    assert machine.run_setup(READSIGHT_PROVIDER="native").returncode == 0
    assert machine.conda_target == "envs/native/bin/conda"
    answer = machine.run_setup(READSIGHT_PROVIDER="other")
    assert answer.returncode == 1 and answer.stderr == "READSIGHT_PROVIDER is 'other'; it can be native or conda.\n"


@pytest.mark.parametrize("name, version", [("conda", "23.1.0"), ("micromamba", "2.0.5"), ("mamba", "2.0.5")])
def test_unsupported_front_end_installs_a_supported_conda(machine, name, version):
    machine.install_program(name, version)
    first = machine.run_setup()
    assert first.returncode == 0, first.stderr
    assert machine.conda_target == ".readsight/conda/bin/conda"
    assert machine.creation_calls == [
        f"{name} create --quiet --yes --prefix .readsight/conda --channel conda-forge conda>=24.7.1"
    ]
    machine.run_setup()
    assert len(machine.creation_calls) == 1, "made once"


def test_second_setup_does_nothing():
    answer = subprocess.run([ENVS / "setup.sh", "--runner"], capture_output=True, text=True, env=projects.build_environment())
    assert (answer.returncode, answer.stdout) == (0, "")
