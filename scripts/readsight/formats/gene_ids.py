"""How ids of genes are matched: Ensembl's without their versions."""

import re
from collections.abc import Sequence

VERSIONED = re.compile(r"(ENS[A-Z]*[GT]\d{11})\.\d+")


def strip_version(gene: str) -> str:
    """A gene's id as it is matched: Ensembl's without version (ENSG00000000003.15 is ENSG00000000003), others as they are."""
    return VERSIONED.sub(r"\1", gene)


def find_duplicates(genes: Sequence[str]) -> list[str]:
    """Genes that stand more than once, once versions are left out, in order of their second appearance."""
    unique_ids: set[str] = set()
    duplicates: dict[str, None] = {}
    for gene in genes:
        key = strip_version(gene)
        if key in unique_ids:
            duplicates.setdefault(gene)
        unique_ids.add(key)
    return list(duplicates)
