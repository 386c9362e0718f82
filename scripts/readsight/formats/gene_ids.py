"""Matching of gene ids: Ensembl ids are compared without their versions."""

import re
from collections.abc import Sequence

VERSIONED = re.compile(r"(ENS[A-Z]*[GT]\d{11})\.\d+")


def strip_version(gene: str) -> str:
    """Strip the version of an Ensembl id (ENSG00000000003.15 → ENSG00000000003); any other id is returned unchanged."""
    return VERSIONED.sub(r"\1", gene)


def find_duplicates(genes: Sequence[str]) -> list[str]:
    """Genes that occur more than once when versions are ignored, in order of their second occurrence."""
    unique_ids: set[str] = set()
    duplicates: dict[str, None] = {}
    for gene in genes:
        key = strip_version(gene)
        if key in unique_ids:
            duplicates.setdefault(gene)
        unique_ids.add(key)
    return list(duplicates)
