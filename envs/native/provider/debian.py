"""Debian packages: installed versions, and installation of missing packages."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from provider.plan import RefusalError, Wish
from provider.versions import parse_upstream, satisfies

LOCK_WAIT = 900


def find_installed_version(package: str) -> str | None:
    """Debian version of an installed package, or None."""
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", package]
    answer = subprocess.run(query, capture_output=True, text=True)
    status, _, version = answer.stdout.partition(" ")
    return version.strip() if answer.returncode == 0 and status == "installed" else None


def find_candidate_version(package: str) -> str | None:
    """Debian version that apt would install, or None."""
    answer = subprocess.run(
        ["apt-cache", "policy", package], capture_output=True, text=True, env=os.environ | {"LC_ALL": "C.UTF-8"}
    )
    for line in answer.stdout.splitlines():
        if line.strip().startswith("Candidate:"):
            version = line.split(":", 1)[1].strip()
            return None if version == "(none)" else version
    return None


def list_programs(package: str) -> list[Path]:
    """Programs of an installed package."""
    listing = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True, check=True).stdout
    return [Path(line) for line in listing.splitlines() if Path(line).parent in (Path("/usr/bin"), Path("/bin"))]


def find_unsatisfied(wishes: Sequence[Wish], versions: dict[str, str | None]) -> list[str]:
    """One line for each wish whose package has a version outside the range."""
    faults = []
    for item in wishes:
        version = versions[item.source["package"]]
        if version is not None and not satisfies(parse_upstream(version), item.wanted):
            faults.append(
                f"{item.name}: Debian has {parse_upstream(version)} ({item.source['package']} {version}), wanted {item.wanted}"
            )
    return faults


def ensure_installed(wishes: Sequence[Wish]) -> None:
    """Install missing packages in one call of apt. Raises RefusalError.

    A version outside its range is refused before anything is installed.
    Environments that are created in parallel wait for each other here.
    """
    if not wishes:
        return
    if not shutil.which("dpkg-query"):
        raise RefusalError("this machine has no Debian packages (dpkg); install conda to build " + ", ".join(map(str, wishes)))
    packages = sorted({item.source["package"] for item in wishes})
    if any(find_installed_version(package) is None for package in packages):
        with apt_lock():
            missing = [package for package in packages if find_installed_version(package) is None]
            _install_missing(missing, wishes)
    versions = {package: find_installed_version(package) for package in packages}
    absent = [package for package, version in versions.items() if version is None]
    faults = find_unsatisfied(wishes, versions) + [f"apt did not install {package}" for package in absent]
    if faults:
        raise RefusalError("\n".join(faults))


def _install_missing(missing: Sequence[str], wishes: Sequence[Wish]) -> None:
    if not missing:
        return
    if any(find_candidate_version(package) is None for package in missing):
        _run_apt("update")
    offers = {item.source["package"]: find_candidate_version(item.source["package"]) for item in wishes}
    unknown = [package for package in missing if offers[package] is None]
    faults = [f"{package} is not in the sources of apt" for package in unknown]
    faults += find_unsatisfied([item for item in wishes if item.source["package"] in missing], offers)
    if faults:
        raise RefusalError("\n".join(faults))
    try:
        _run_apt("install", "--yes", "--no-install-recommends", *missing)
    except RefusalError:
        # The package lists may be outdated: update them and retry.
        _run_apt("update")
        _run_apt("install", "--yes", "--no-install-recommends", *missing)


def _run_apt(*arguments: str) -> None:
    """Call apt-get as root. Raises RefusalError with the end of its output."""
    command = ["apt-get", "-qq", "-o", f"DPkg::Lock::Timeout={LOCK_WAIT}", "-o", "Acquire::Retries=3", *arguments]
    if not shutil.which("apt-get"):
        raise RefusalError(f"neither apt-get nor conda is available; cannot run: {' '.join(command)}")
    prefix = ["env", "DEBIAN_FRONTEND=noninteractive"]
    if os.geteuid():
        if not shutil.which("sudo"):
            raise RefusalError(
                f"Debian packages are missing, and you have neither root rights nor sudo; ask an administrator to run:\n  {' '.join(command)}"
            )
        prefix = ["sudo", *prefix]
    answer = subprocess.run([*prefix, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if answer.returncode:
        tail = "\n    ".join((answer.stderr or answer.stdout).strip().splitlines()[-8:])
        raise RefusalError(f"{' '.join(command)} failed:\n    {tail}")


@contextmanager
def apt_lock() -> Iterator[None]:
    """Allow only one call of apt at a time among the processes of this user."""
    with open(Path(tempfile.gettempdir()) / f"readsight-apt-{os.geteuid()}.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
