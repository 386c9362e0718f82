"""How ids of genes are matched: Ensembl's without their versions."""

import re
from collections.abc import Sequence

VERSIONED = re.compile(r"(ENS[A-Z]*[GT]\d{11})\.\d+")


def unversioned(gene: str) -> str:
    """A gene's id as it is matched: Ensembl's without version (ENSG00000000003.15 is ENSG00000000003), others as they are."""
    return VERSIONED.sub(r"\1", gene)


def twice(genes: Sequence[str]) -> list[str]:
    """Genes that stand more than once, once versions are left out, in order of their second appearance."""
    seen: set[str] = set()
    found: dict[str, None] = {}
    for gene in genes:
        key = unversioned(gene)
        if key in seen:
            found.setdefault(gene)
        seen.add(key)
    return list(found)
