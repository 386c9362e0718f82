"""Build environments before they are needed, side by side, where Snakemake will look for them.

prepare.py [NAME…]       build these; without names: all that the default steps need
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

# Only tests need these; the others only where a config asks for them, and then Snakemake builds them.
FOR_TESTS = {"lint", "test"}
ON_DEMAND = {"bwa-mem2", "deepvariant", "gatk"}

start = time.monotonic()


def prefix_of(file: Path) -> Path:
    """Where Snakemake looks for an environment: its home and the file's content make the name."""
    digest = hashlib.md5(os.path.realpath(HOME).encode(), usedforsecurity=False)
    digest.update(file.read_bytes())
    return HOME / f"{digest.hexdigest()}_"


def flag_of(prefix: Path) -> Path:
    """The file by which Snakemake knows that an environment is whole."""
    return prefix.with_suffix(".env_setup_done")


def say(text: str) -> None:
    print(f"[environments {time.monotonic() - start:4.0f} s] {text}", flush=True)


def native() -> bool:
    """Whether `conda` is this project's own provider."""
    conda = shutil.which("conda")
    return bool(conda) and Path(conda).resolve() == ENVS / "native/bin/conda"


def ready(file: Path) -> bool:
    """Whether an environment is there, whole, and built by the provider as it is now."""
    prefix = prefix_of(file)
    if not (prefix.is_dir() and flag_of(prefix).exists()):
        return False
    if not native():
        return True
    sys.path.insert(0, str(ENVS / "native"))
    from provider.plan import Refused
    from provider.prefix import fits

    try:
        return fits(file, prefix)
    except Refused:
        return False


def call(*words: str | Path) -> str:
    """Call conda; returns what it said if it failed, else nothing."""
    answer = subprocess.run(["conda", *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return (answer.stderr + answer.stdout).strip() if answer.returncode else ""


def build(file: Path) -> str:
    """Build one environment as Snakemake would; returns what went wrong, or nothing."""
    prefix, began = prefix_of(file), time.monotonic()
    flag_of(prefix).unlink(missing_ok=True)
    shutil.rmtree(prefix, ignore_errors=True)
    copy = prefix.with_name(prefix.name + ".yaml")
    shutil.copyfile(file, copy)
    fault = call("env", "create", "--quiet", "--no-default-packages", "--file", copy, "--prefix", prefix)
    if fault:
        shutil.rmtree(prefix, ignore_errors=True)
        say(f"{file.stem}: failed")
        return f"{file.stem}: {fault}"
    flag_of(prefix).touch()
    say(f"{file.stem} ({time.monotonic() - began:.0f} s)")
    return ""


def debian(files: list[Path]) -> str:
    """Install the Debian packages of all files in one call of apt."""
    began = time.monotonic()
    fault = call("debian-packages", *files)
    say(f"Debian packages ({time.monotonic() - began:.0f} s)" + (": failed" if fault else ""))
    return fault


def build_all(files: list[Path]) -> list[str]:
    """Build environments; returns what went wrong."""
    if not files:
        return []
    say(f"{len(files)} to build: {', '.join(file.stem for file in files)}")
    if not native():
        # Conda solves and downloads one at a time, behind its own lock.
        return [fault for file in files if (fault := build(file))]
    work: list[Callable[[], str]] = [lambda: debian(files)]
    work += [lambda file=file: build(file) for file in sorted(files, key=size, reverse=True)]
    with ThreadPoolExecutor(max_workers=1 + min(4, os.cpu_count() or 1)) as pool:
        return [fault for fault in pool.map(lambda task: task(), work) if fault]


def size(file: Path) -> tuple[bool, int]:
    """What is likely to take long goes first: torch, then the number of packages."""
    text = file.read_text()
    return "pytorch" in text, text.count(" - ")


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--where"]:
        print(prefix_of(ENVS / f"{arguments[1]}.yaml"))
        return 0
    names = arguments or sorted({file.stem for file in ENVS.glob("*.yaml")} - FOR_TESTS - ON_DEMAND)
    files = [ENVS / f"{name}.yaml" for name in names]
    if all(map(ready, files)):
        return 0
    HOME.mkdir(parents=True, exist_ok=True)
    with open(HOME / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        faults = build_all([file for file in files if not ready(file)])
    for fault in faults:
        print(fault, file=sys.stderr)
    say("failed" if faults else "all there")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
