"""Python packages in a separate virtual environment, installed by pip."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.parser import HeaderParser
from pathlib import Path

from provider.plan import RefusalError, Wish
from provider.versions import RangeError, format_for_pip, satisfies

INTERPRETERS = ("/usr/bin/python3", "python3", "python3.13", "python3.12", "python3.11")
OPTIONS = (
    "--quiet",
    "--no-input",
    "--no-compile",
    "--disable-pip-version-check",
    "--no-warn-script-location",
    "--only-binary=:all:",
)
REDIRECTIONS = ("PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_ROOT", "PYTHONPATH", "PYTHONHOME")


def find_interpreter(wanted: str) -> tuple[str, str]:
    """Find a Python that satisfies a range: (path, version). Raises RefusalError with those that do not."""
    rejected = []
    for name in INTERPRETERS:
        path = shutil.which(name)
        if not path:
            continue
        answer = subprocess.run([path, "-c", "import platform; print(platform.python_version())"], capture_output=True, text=True)
        version = answer.stdout.strip()
        if answer.returncode == 0 and satisfies(version, wanted):
            return path, version
        rejected.append(f"{path} is {version or 'broken'}")
    raise RefusalError(f"python {wanted} is not on this machine ({'; '.join(rejected) or 'there is none'})")


def sort_requirements(wishes: Sequence[Wish]) -> tuple[list[str], list[str], list[str]]:
    """Requirements for pip in three groups: to install first, together, and without dependencies. Raises RefusalError."""
    first, together, without_dependencies = [], [], []
    for item in wishes:
        name, fixed = item.source["name"], item.source.get("version")
        if fixed and not satisfies(fixed, item.wanted):
            raise RefusalError(f"{item.name}: only version {fixed} can be installed here, wanted {item.wanted}")
        try:
            wanted = f"=={fixed}" if fixed else format_for_pip(item.wanted)
        except RangeError as error:
            raise RefusalError(f"{item.name}: {error}") from None
        if fixed:
            first.append(name + wanted)
        if "dependencies" in item.source:
            without_dependencies.append(name + wanted)
            together += item.source["dependencies"]
        else:
            together.append(name + wanted)
    return first, together, without_dependencies


def create_venv(prefix: Path, python: str) -> None:
    """Create an empty virtual environment without pip. Raises RefusalError."""
    answer = subprocess.run(
        [python, "-m", "venv", "--without-pip", str(prefix)], capture_output=True, text=True, env=clean_environment()
    )
    if answer.returncode:
        raise RefusalError(f"{python} cannot create a virtual environment: {(answer.stderr or answer.stdout).strip()}")
    for script in (prefix / "bin").glob("[Aa]ctivate*"):
        script.unlink()


def install_packages(prefix: Path, wishes: Sequence[Wish]) -> None:
    """Install Python packages into a prefix. Raises RefusalError with the end of pip's output."""
    first, together, without_dependencies = sort_requirements(wishes)
    with make_pip_command(prefix) as command:
        for arguments in (first, together, [*without_dependencies, "--no-deps"] if without_dependencies else []):
            if arguments:
                _run_command([*command, "install", *OPTIONS, *arguments])


@contextmanager
def make_pip_command(prefix: Path) -> Iterator[list[str]]:
    """Command that runs pip on a prefix: with the pip of this Python, or with a temporary one."""
    probe = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, text=True, env=clean_environment())
    number = re.match(r"pip (\d+\.\d+)", probe.stdout)
    target = ["--python", str(prefix / "bin/python")]
    if number and satisfies(number.group(1), ">=22.3"):
        yield [sys.executable, "-m", "pip", *target]
        return
    with tempfile.TemporaryDirectory() as folder:
        _run_command([str(prefix / "bin/python"), "-m", "venv", folder])
        yield [f"{folder}/bin/python", "-m", "pip", *target]


def list_distributions(prefix: Path) -> dict[str, str]:
    """Python packages of a prefix: normalised name → version."""
    versions = {}
    for metadata in prefix.glob("lib/python3*/site-packages/*.dist-info/METADATA"):
        metadata_header = HeaderParser().parsestr(metadata.read_text(errors="replace"))
        versions[re.sub(r"[-_.]+", "-", metadata_header["Name"]).lower()] = metadata_header["Version"]
    return versions


def clean_environment() -> dict[str, str]:
    """Environment variables of this process without those that redirect Python or pip."""
    return {name: value for name, value in os.environ.items() if name not in REDIRECTIONS}


def _run_command(command: Sequence[str]) -> None:
    answer = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=clean_environment())
    if answer.returncode:
        lines = [line for line in answer.stderr.splitlines() if not line.startswith("WARNING")] or answer.stdout.splitlines()
        tail = "\n    ".join(lines[-12:])
        raise RefusalError(f"pip failed ({' '.join(w for w in command if '==' in w or '>=' in w)}):\n    {tail}")
