"""Certificates of splits: findings, and file digests that show whether a split still matches its examples."""

import hashlib
import json
from pathlib import Path
from typing import Any

from readsight.errors import InputError


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def seal_certificate(findings: dict[str, Any], examples: Path, split: Path) -> dict[str, Any]:
    """Findings with the digests of the files they describe."""
    return {"examples_sha256": sha256(examples), "split_sha256": sha256(split)} | findings


def verify_split(certificate: Path, examples: Path, split: Path) -> dict[str, Any]:
    """Content of the certificate. Raises InputError if it does not match these files, or the split leaks."""
    content = _read_certificate(certificate)
    for name, path in (("examples", examples), ("split", split)):
        if content.get(f"{name}_sha256") != sha256(path):
            raise InputError(f"{certificate}: stale: {path} is not the certified file; run the split again")
    if not content.get("certified"):
        raise InputError(f"{certificate}: the split is not certified: {content.get('reason', 'no reason given')}")
    return content


def verify_folds(certificate: Path, digests: dict[str, str]) -> dict[str, Any]:
    """Content of the certificate that these folds were made under.

    digests: file → digest of the certificate in force when the file was made. Raises InputError if a fold was made under
    an older certificate, or under none.
    """
    content = _read_certificate(certificate)
    current = sha256(certificate)
    for name, digest in digests.items():
        if digest != current:
            raise InputError(
                f"{name}: was not made from the split that {certificate} certifies (stale or uncertified); run the folds again"
            )
    return content


def _read_certificate(certificate: Path) -> dict[str, Any]:
    try:
        return json.loads(Path(certificate).read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"{certificate}: cannot be read as a certificate: {error}") from None
