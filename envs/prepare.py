"""Build environments in advance and in parallel, in the location where Snakemake expects them.

prepare.py [NAME…]       build these; default: all that the default steps need
prepare.py --where NAME  print the prefix of one
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ENVS = Path(__file__).resolve().parent
ROOT = ENVS.parent
HOME = ROOT / ".snakemake/conda"

# FOR_TESTS are needed only by tests; ON_DEMAND are built by Snakemake if a config needs them.
FOR_TESTS = {"docs", "lint", "test"}
ON_DEMAND = {"bwa-mem2", "deepvariant", "gatk"}

start = time.monotonic()


def find_prefix(file: Path) -> Path:
    """Prefix in which Snakemake expects an environment; its name is a hash of the home folder and the file content."""
    digest = hashlib.md5(os.path.realpath(HOME).encode(), usedforsecurity=False)
    digest.update(file.read_bytes())
    return HOME / f"{digest.hexdigest()}_"


def find_flag(prefix: Path) -> Path:
    """File by which Snakemake recognises a complete environment."""
    return prefix.with_suffix(".env_setup_done")


def print_message(text: str) -> None:
    print(f"[environments {time.monotonic() - start:4.0f} s] {text}", flush=True)


def has_native_provider() -> bool:
    """Whether `conda` is the native provider of this project."""
    conda = shutil.which("conda")
    return bool(conda) and Path(conda).resolve() == ENVS / "native/bin/conda"


def is_ready(file: Path) -> bool:
    """Whether an environment is complete and up to date with the provider."""
    prefix = find_prefix(file)
    if not (prefix.is_dir() and find_flag(prefix).exists()):
        return False
    if not has_native_provider():
        return True
    sys.path.insert(0, str(ENVS / "native"))
    from provider.plan import RefusalError
    from provider.prefix import is_current

    try:
        return is_current(file, prefix)
    except RefusalError:
        return False


def run_conda(*arguments: str | Path) -> str:
    """Call conda; returns its output if it failed, otherwise an empty string."""
    answer = subprocess.run(["conda", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return (answer.stderr + answer.stdout).strip() if answer.returncode else ""


def build_environment(file: Path) -> str:
    """Build one environment as Snakemake would; returns the error message, or an empty string."""
    prefix, start_time = find_prefix(file), time.monotonic()
    find_flag(prefix).unlink(missing_ok=True)
    shutil.rmtree(prefix, ignore_errors=True)
    copy = prefix.with_name(prefix.name + ".yaml")
    shutil.copyfile(file, copy)
    fault = run_conda("env", "create", "--quiet", "--no-default-packages", "--file", copy, "--prefix", prefix)
    if fault:
        shutil.rmtree(prefix, ignore_errors=True)
        print_message(f"{file.stem}: failed")
        return f"{file.stem}: {fault}"
    find_flag(prefix).touch()
    print_message(f"{file.stem} ({time.monotonic() - start_time:.0f} s)")
    return ""


def install_debian_packages(files: list[Path]) -> str:
    """Install the Debian packages of all files in one call of apt; returns the error message, or an empty string."""
    start_time = time.monotonic()
    fault = run_conda("debian-packages", *files)
    print_message(f"Debian packages ({time.monotonic() - start_time:.0f} s)" + (": failed" if fault else ""))
    return fault


def build_all(files: list[Path]) -> list[str]:
    """Build environments; returns error messages."""
    if not files:
        return []
    print_message(f"{len(files)} to build: {', '.join(file.stem for file in files)}")
    if not has_native_provider():
        # Conda has a lock, so environments are built one at a time.
        return [fault for file in files if (fault := build_environment(file))]
    work: list[Callable[[], str]] = [lambda: install_debian_packages(files)]
    work += [lambda file=file: build_environment(file) for file in sorted(files, key=estimate_cost, reverse=True)]
    with ThreadPoolExecutor(max_workers=1 + min(4, os.cpu_count() or 1)) as pool:
        return [fault for fault in pool.map(lambda task: task(), work) if fault]


def estimate_cost(file: Path) -> tuple[bool, int]:
    """Estimate of the build time, as sort key: torch first, then the number of packages."""
    text = file.read_text()
    return "pytorch" in text, text.count(" - ")


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--where"]:
        print(find_prefix(ENVS / f"{arguments[1]}.yaml"))
        return 0
    names = arguments or sorted({file.stem for file in ENVS.glob("*.yaml")} - FOR_TESTS - ON_DEMAND)
    files = [ENVS / f"{name}.yaml" for name in names]
    if all(map(is_ready, files)):
        return 0
    HOME.mkdir(parents=True, exist_ok=True)
    with open(HOME / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        faults = build_all([file for file in files if not is_ready(file)])
    for fault in faults:
        print(fault, file=sys.stderr)
    print_message("failed" if faults else "all are ready")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
