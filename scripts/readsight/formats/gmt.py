"""Reader of GMT gene sets, and matching of their genes with the features of a matrix."""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from readsight.errors import InputError
from readsight.formats.compression import is_gzip
from readsight.formats.gene_ids import strip_version

SHOWN = 10


@dataclass(frozen=True)
class GeneSet:
    """A gene set: name, description, and unique genes without versions."""

    name: str
    description: str
    genes: tuple[str, ...]


def read_gmt(path: Path) -> list[GeneSet]:
    """Read a GMT file, plain or gzip: one set per row with name, description and genes, separated by tabs.

    Raises InputError with file and row for fewer than three columns, duplicate names, and files without sets.
    """
    sets: dict[str, tuple[int, GeneSet]] = {}
    faults = []
    for number, line in _read_lines(path):
        name, *values = [cell.strip() for cell in line.rstrip("\r\n").split("\t")]
        genes = tuple(dict.fromkeys(strip_version(cell) for cell in values[1:] if cell))
        if len(values) < 2 or not genes:
            hint = "; columns are separated by tabs, and this row has none" if not values and " " in name else ""
            problem = "a set without genes" if len(values) >= 2 else f"{1 + len(values)} column{'s' * bool(values)}"
            faults.append(f"{path}, row {number}: {problem}; a row has name, description and at least one gene{hint}")
        elif not name:
            faults.append(f"{path}, row {number}: the set has no name (first column)")
        elif name in sets:
            faults.append(f"{path}, row {number}: the set {name!r} is already in row {sets[name][0]}; set names must be unique")
        else:
            sets[name] = (number, GeneSet(name, values[0], genes))
    if not sets and not faults:
        faults = [f"{path}: holds no gene set; a GMT file has one row per set: name, description and genes, separated by tabs"]
    if faults:
        more = [f"{path}: and {len(faults) - SHOWN} more rows"] * (len(faults) > SHOWN)
        raise InputError(faults[:SHOWN] + more)
    return [gene_set for _, gene_set in sets.values()]


def _read_lines(path: Path) -> list[tuple[int, str]]:
    try:
        with (gzip.open if is_gzip(path) else open)(path, "rt", encoding="utf-8-sig") as handle:
            return [(number, line) for number, line in enumerate(handle, start=1) if line.strip()]
    except (UnicodeDecodeError, OSError, EOFError) as error:
        raise InputError(f"{path}: cannot be read as a GMT file (text, plain or gzip): {error}") from None


def choose_ids(candidates: Mapping[str, Sequence[str]], sets: Sequence[GeneSet]) -> tuple[str, list[str], int]:
    """Choose the kind of ids that most features share with the sets.

    Parameters
    ----------
    candidates : kind of id (`id`: the feature's name; `symbol`) → the id of each feature, "" where it has none.

    Returns
    -------
    The kind, its ids (without versions), and the number of shared ids.
    """
    known = {gene for gene_set in sets for gene in gene_set.genes}
    ids_by_kind = {kind: [strip_version(gene) for gene in genes] for kind, genes in candidates.items()}
    shared = {kind: sum(gene in known for gene in genes) for kind, genes in ids_by_kind.items()}
    kind = max(shared, key=lambda k: shared[k])
    return kind, ids_by_kind[kind], shared[kind]


def describe_mismatch(path: Path, sets: Sequence[GeneSet], candidates: Mapping[str, Sequence[str]]) -> str:
    """Message for gene sets that share no gene with the features: examples of both, and a remedy."""
    set_genes = list(dict.fromkeys(gene for gene_set in sets for gene in gene_set.genes))
    feature_genes = [gene for genes in candidates.values() for gene in genes if gene]
    upper = {gene.upper() for gene in feature_genes}
    if any(gene.upper() in upper for gene in set_genes):
        hint = "they differ in upper and lower case: are they from another species? Give gene sets of the species of the samples"
    elif any(gene.isdigit() for gene in set_genes[:SHOWN]) and not any(gene.isdigit() for gene in feature_genes[:SHOWN]):
        hint = "the sets use NCBI (Entrez) gene numbers: use the file with gene symbols instead"
    else:
        hint = "give gene sets with the same kind of names as the features: gene symbols, or Ensembl ids (versions are ignored)"
    return (
        f"{path}: none of its {len(set_genes)} genes ({', '.join(set_genes[:4])}, …) is a feature of the samples "
        f"({', '.join(dict.fromkeys(_first_ids(candidates)))}, …); {hint}"
    )


def _first_ids(candidates: Mapping[str, Sequence[str]], count: int = 3) -> list[str]:
    return [gene for genes in candidates.values() for gene in [g for g in genes if g][:count]]
