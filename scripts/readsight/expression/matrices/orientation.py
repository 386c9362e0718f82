"""Orientation of a matrix (samples as rows or columns), inferred from sample and feature names only."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from readsight.errors import InputError
from readsight.expression import tcga_barcodes
from readsight.expression.matrices import header
from readsight.expression.matrices.header import MatrixHeader

MAX_NAMES = 2000
MIN_MATCHING = 0.5
MIN_SYMBOLS, MIN_STEMS = 0.8, 0.2
MIN_RATIO = 5
# Columns with gene annotation in matrices whose samples are columns.
GENE_COLUMNS = {
    **dict.fromkeys(
        ("gene_name", "symbol", "gene_symbol", "hugo_symbol", "genesymbol", "external_gene_name", "hgnc_symbol"), "symbol"
    ),
    **dict.fromkeys(("gene_type", "biotype", "gene_biotype"), "biotype"),
    **dict.fromkeys(("entrez", "entrez_gene_id", "entrezgene", "entrez_id"), "entrez"),
    **dict.fromkeys(("description", "gene_description", "name"), "description"),
    **dict.fromkeys(("chr", "chrom", "chromosome", "contig", "seqname", "seqnames"), "contig"),
    **{name: name for name in ("start", "end", "strand", "length", "width")},
}
SAMPLE_PATTERN = re.compile(r"GSM\d+|[SED]R[RSX]\d{5,}|SAM[NED][A-Z]?\d+", re.IGNORECASE)
FEATURE_PATTERN = re.compile(
    r"ENS[A-Z]*[GTP]\d{11}(\.\d+)?(_PAR_Y)?(\|.*)?"  # Ensembl
    r"|[\w.?-]+\|\d+"  # SYMBOL|entrez
    r"|([a-z]{3}-)(mir|miR|let)-[\w.*-]+"  # microRNA
    r"|[\w./-]+_at|cg\d{8}|ILMN_\d+|A_\d\d_P\d+|TC\d{8}\.hg\.\d"  # probes
    r"|[NX][MRP]_\d+(\.\d+)?|rs\d+|chr\w+[:_]\d+.*"
)
SYMBOL_PATTERN = re.compile(r"[A-Z][A-Z0-9]{1,9}(-[A-Z0-9]{1,6})?|C\d+orf\d+|[A-Z][a-z]+\d*[a-z]?\d*")


class Orientation(NamedTuple):
    """samples: `rows` or `columns`. reason: evidence, for the log."""

    samples: str
    reason: str


def infer_orientation(
    rows: Sequence[str],
    columns: Sequence[str],
    known: Collection[str],
    metadata_names: Collection[str],
    metadata_count: int | None,
    where: str,
    key: str,
) -> Orientation:
    """Infer the orientation of a matrix.

    Parameters
    ----------
    rows, columns : names of rows and columns.
    known : known sample or patient names.
    metadata_names : columns (or rows) that are sample metadata.
    metadata_count : number of rows of a metadata file in the matrix's sample order, if there is one.
    where, key : file and config key, for the error.

    Raises
    ------
    InputError if the names are ambiguous.
    """
    sides = {"rows": rows, "columns": columns}
    opposite = {"rows": "columns", "columns": "rows"}
    for side, names in sides.items():
        if set(metadata_names) & set(names):
            return Orientation(
                opposite[side], f"{sorted(set(metadata_names) & set(names))[0]!r}, which is sample metadata, is one of its {side}"
            )
    known_counts = {side: _count_known(names, known) for side, names in sides.items()}
    best = max(known_counts, key=lambda side: known_counts[side])
    if known_counts[best] and known_counts[best] >= MIN_RATIO * known_counts[opposite[best]]:
        return Orientation(best, f"{known_counts[best]} of its {len(sides[best])} {best} have names of known samples")
    if metadata_count is not None and (metadata_count == len(rows)) != (metadata_count == len(columns)):
        best = "rows" if metadata_count == len(rows) else "columns"
        return Orientation(best, f"its metadata describe {metadata_count} samples, as many as it has {best}")
    likeness = {
        side: (_fraction_matching(names, _is_sample), _fraction_matching(names, _is_feature)) for side, names in sides.items()
    }
    for side in sides:
        if likeness[side][0] >= MIN_MATCHING > likeness[opposite[side]][0]:
            return Orientation(side, f"its {side} have names like samples ({sides[side][0]})")
    for side in sides:
        if likeness[side][1] >= MIN_MATCHING > likeness[opposite[side]][1]:
            return Orientation(opposite[side], f"its {side} have names like genes or probes ({sides[side][0]})")
    symbols = {side: _are_symbols(names) for side, names in sides.items()}
    for side in sides:
        if symbols[side] and not symbols[opposite[side]]:
            return Orientation(opposite[side], f"its {side} have names like genes ({sides[side][0]})")
    raise InputError(
        f"{where}: names do not show whether samples are its rows ({_abbreviate_names(rows)}) or its columns ({_abbreviate_names(columns)}); "
        f"set {key}.samples_are to rows or columns (or name a sample metadata column in {key}.about)"
    )


def choose_orientation(
    head: MatrixHeader, spec: Mapping[str, Any], known: Collection[str], metadata_count: int | None
) -> Orientation:
    """Orientation of a delimited file: as set in the table's config (`spec`, including its name), else inferred."""
    if spec["samples_are"] != "auto":
        return Orientation(spec["samples_are"], "set in the config")
    if head.metadata_rows:
        return Orientation("columns", f"{next(iter(head.metadata_rows))!r}, which is sample metadata, is one of its rows")
    return infer_orientation(head.rows, head.columns, known, spec["about"], metadata_count, head.path, f"tables.{spec['name']}")


def list_samples(
    head: MatrixHeader,
    spec: Mapping[str, Any],
    known: Collection[str],
    metadata_count: int | None,
    file_samples: Mapping[str, str],
) -> list[str]:
    """Sample names of a non-HDF5 file, in file order and spelling. file_samples: GDC file → sample."""
    if head.kind == "star":
        return [header.star_sample_name(head.path, file_samples)]
    if head.kind == "series" or choose_orientation(head, spec, known, metadata_count).samples == "columns":
        genes = () if head.kind == "series" else GENE_COLUMNS
        return [name for name in head.columns if name.lower() not in genes]
    return head.rows


def _subsample_names(names: Sequence[str]) -> Sequence[str]:
    """At most about MAX_NAMES names, evenly spaced."""
    return names[:: max(1, len(names) // MAX_NAMES)]


def _count_known(names: Sequence[str], known: Collection[str]) -> int:
    return sum(any(step in known for step in tcga_barcodes.list_aliases(name)) for name in names) if known else 0


def _fraction_matching(names: Sequence[str], fits: Callable[[str], bool]) -> float:
    subsample = _subsample_names(names)
    return sum(map(fits, subsample)) / max(1, len(subsample))


def _is_sample(name: str) -> bool:
    return bool(SAMPLE_PATTERN.fullmatch(name)) or tcga_barcodes.parse(name) is not None


def _is_feature(name: str) -> bool:
    return bool(FEATURE_PATTERN.fullmatch(name)) and not _is_sample(name)


def _is_symbol(name: str) -> bool:
    return bool(SYMBOL_PATTERN.fullmatch(name)) and not _is_sample(name)


def _are_symbols(names: Sequence[str]) -> bool:
    """Whether names look like gene symbols and are not simply numbered (S1, S2, S3)."""
    subsample = _subsample_names(names)
    stems = {re.match(r"[^\d]*", name)[0] for name in subsample}
    return _fraction_matching(names, _is_symbol) >= MIN_SYMBOLS and len(stems) >= MIN_STEMS * len(subsample) and len(stems) > 1


def _abbreviate_names(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + ", …" * (len(names) > 3)
