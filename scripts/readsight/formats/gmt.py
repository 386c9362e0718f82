"""Gene sets of a GMT file, and how their genes are matched with the features of a matrix."""

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
    """A set: its name, what it says of itself, and its genes as written, each once."""

    name: str
    description: str
    genes: tuple[str, ...]


def read_gmt(path: Path) -> list[GeneSet]:
    """Read a GMT file, plain or gzip: a set a row; name, description and genes, parted by tabs.

    Raises InputError with file and row: less than three columns, a name given twice, a file without sets.
    """
    sets: dict[str, tuple[int, GeneSet]] = {}
    faults = []
    for number, line in _read_lines(path):
        name, *values = [cell.strip() for cell in line.rstrip("\r\n").split("\t")]
        genes = tuple(dict.fromkeys(strip_version(cell) for cell in values[1:] if cell))
        if len(values) < 2 or not genes:
            hint = "; columns are parted by tabs, and this row has none" if not values and " " in name else ""
            problem = "a set without genes" if len(values) >= 2 else f"{1 + len(values)} column{'s' * bool(values)}"
            faults.append(f"{path}, row {number}: {problem}; a row is name, description and at least one gene{hint}")
        elif not name:
            faults.append(f"{path}, row {number}: the set has no name (first column)")
        elif name in sets:
            faults.append(f"{path}, row {number}: the set {name!r} stands in row {sets[name][0]} already; a name is given once")
        else:
            sets[name] = (number, GeneSet(name, values[0], genes))
    if not sets and not faults:
        faults = [f"{path}: holds no gene set; a GMT file has a row a set: name, description and genes, parted by tabs"]
    if faults:
        more = [f"{path}: and {len(faults) - SHOWN} rows more"] * (len(faults) > SHOWN)
        raise InputError(faults[:SHOWN] + more)
    return [gene_set for _, gene_set in sets.values()]


def _read_lines(path: Path) -> list[tuple[int, str]]:
    try:
        with (gzip.open if is_gzip(path) else open)(path, "rt", encoding="utf-8-sig") as handle:
            return [(number, line) for number, line in enumerate(handle, start=1) if line.strip()]
    except (UnicodeDecodeError, OSError, EOFError) as error:
        raise InputError(f"{path}: cannot be read as a GMT file (text, plain or gzip): {error}") from None


def choose_ids(candidates: Mapping[str, Sequence[str]], sets: Sequence[GeneSet]) -> tuple[str, list[str], int]:
    """The kind of ids that most features share with the sets: its name, the ids (unversioned), and how many are shared.

    candidates: kind of id → the id of each feature (`id`: the feature's own name; `symbol`), "" where there is none.
    """
    known = {gene for gene_set in sets for gene in gene_set.genes}
    ids_by_kind = {kind: [strip_version(gene) for gene in genes] for kind, genes in candidates.items()}
    shared = {kind: sum(gene in known for gene in genes) for kind, genes in ids_by_kind.items()}
    kind = max(shared, key=lambda k: shared[k])
    return kind, ids_by_kind[kind], shared[kind]


def describe_mismatch(path: Path, sets: Sequence[GeneSet], candidates: Mapping[str, Sequence[str]]) -> str:
    """What to say where no gene of the sets is a feature: examples of both sides, and what would be right."""
    set_genes = list(dict.fromkeys(gene for gene_set in sets for gene in gene_set.genes))
    feature_genes = [gene for genes in candidates.values() for gene in genes if gene]
    upper = {gene.upper() for gene in feature_genes}
    if any(gene.upper() in upper for gene in set_genes):
        hint = "they differ in upper and lower case: are they of another species? Give sets of the species that was measured"
    elif any(gene.isdigit() for gene in set_genes[:SHOWN]) and not any(gene.isdigit() for gene in feature_genes[:SHOWN]):
        hint = "the sets name genes by NCBI (Entrez) numbers: take the file of gene symbols instead"
    else:
        hint = "give sets whose genes are named as the features are: gene symbols, or Ensembl ids (versions do not matter)"
    return (
        f"{path}: none of its {len(set_genes)} genes ({', '.join(set_genes[:4])}, …) is a feature of the samples "
        f"({', '.join(dict.fromkeys(_first_ids(candidates)))}, …); {hint}"
    )


def _first_ids(candidates: Mapping[str, Sequence[str]], count: int = 3) -> list[str]:
    return [gene for genes in candidates.values() for gene in [g for g in genes if g][:count]]
