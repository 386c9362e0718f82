"""Certificates of splits: what was found, and hashes that show whether the split is still that of these examples."""

import hashlib
import json
from pathlib import Path
from typing import Any

from readsight.errors import InputError


def sha256(path: Path) -> str:
    """Hash of a file's bytes, in hex."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def seal(findings: dict[str, Any], examples: Path, split: Path) -> dict[str, Any]:
    """Findings with the hashes of the files that they are about."""
    return {"examples_sha256": sha256(examples), "split_sha256": sha256(split)} | findings


def verify(certificate: Path, examples: Path, split: Path) -> dict[str, Any]:
    """The certificate's content, if it is about these very files. Raises InputError where it is not, or leaks."""
    held = _read(certificate)
    for what, path in (("examples", examples), ("split", split)):
        if held.get(f"{what}_sha256") != sha256(path):
            raise InputError(f"{certificate}: stale: {path} is not the file that was certified; make the split again")
    if not held.get("certified"):
        raise InputError(f"{certificate}: the split is not certified: {held.get('reason', 'no reason is given')}")
    return held


def verify_folds(certificate: Path, marks: dict[str, str]) -> dict[str, Any]:
    """The certificate's content, if these folds were cut under it.

    marks: file → hash of the certificate that it was made under. Raises
    InputError for folds of an older certificate, or of none.
    """
    held = _read(certificate)
    now = sha256(certificate)
    for name, mark in marks.items():
        if mark != now:
            raise InputError(
                f"{name}: was not made from the split that {certificate} certifies (stale or uncertified); make the folds again"
            )
    return held


def _read(certificate: Path) -> dict[str, Any]:
    try:
        return json.loads(Path(certificate).read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{certificate}: no certificate can be read here: {error}") from None
