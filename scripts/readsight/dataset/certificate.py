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


def seal_certificate(findings: dict[str, Any], examples: Path, split: Path) -> dict[str, Any]:
    """Findings with the hashes of the files that they are about."""
    return {"examples_sha256": sha256(examples), "split_sha256": sha256(split)} | findings


def verify_split(certificate: Path, examples: Path, split: Path) -> dict[str, Any]:
    """The certificate's content, if it is about these very files. Raises InputError where it is not, or leaks."""
    content = _read_certificate(certificate)
    for name, path in (("examples", examples), ("split", split)):
        if content.get(f"{name}_sha256") != sha256(path):
            raise InputError(f"{certificate}: stale: {path} is not the file that was certified; make the split again")
    if not content.get("certified"):
        raise InputError(f"{certificate}: the split is not certified: {content.get('reason', 'no reason is given')}")
    return content


def verify_folds(certificate: Path, digests: dict[str, str]) -> dict[str, Any]:
    """The certificate's content, if these folds were cut under it.

    digests: file → hash of the certificate that it was made under. Raises
    InputError for folds of an older certificate, or of none.
    """
    content = _read_certificate(certificate)
    current = sha256(certificate)
    for name, digest in digests.items():
        if digest != current:
            raise InputError(
                f"{name}: was not made from the split that {certificate} certifies (stale or uncertified); make the folds again"
            )
    return content


def _read_certificate(certificate: Path) -> dict[str, Any]:
    try:
        return json.loads(Path(certificate).read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{certificate}: no certificate can be read here: {error}") from None
