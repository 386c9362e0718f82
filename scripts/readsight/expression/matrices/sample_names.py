"""Sample names known from the sheet and metadata before any matrix values are read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readsight.errors import InputError
from readsight.expression import metadata, tcga_barcodes
from readsight.expression.matrices import header, orientation

Reader = Callable[[str, Mapping[str, Any]], Sequence[str]]


@dataclass
class SampleNames:
    """Sample names from the sheet and metadata.

    files: metadata tables by path. known: sample names. metadata_counts: table file → number of samples that a metadata
    file describes in its order; order: their names. file_samples: GDC file → sample.
    """

    files: dict[str, metadata.MetadataTable]
    known: set[str]
    metadata_counts: dict[str, int]
    order: dict[str, list[str]]
    file_samples: dict[str, str]


def collect_names(
    sheet: Mapping[str, Any],
    entries: Sequence[Mapping[str, Any]],
    orders: Mapping[str, Mapping[str, Any]],
    read_names: Reader,
    read_header: Callable[..., header.MatrixHeader] = header.read_header,
) -> SampleNames:
    """Collect the sample names.

    Parameters
    ----------
    sheet : sample → columns.
    entries : `metadata` entries of the config.
    orders : table file → settings of its table, for files whose order a metadata file follows.
    read_names : reader of sample names from HDF5.
    read_header : reader of matrix headers.

    Raises
    ------
    InputError with the faults of all files.
    """
    faults: list[str] = []
    files: dict[str, metadata.MetadataTable] = {}
    for entry in entries:
        try:
            files[entry["file"]] = metadata.read_metadata(entry["file"])
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    known = {step for name in sheet for step in (name, tcga_barcodes.list_aliases(name)[-1])}
    for entry in entries:
        known |= set() if entry["order_of"] else metadata.candidate_names(files[entry["file"]], entry["key"])
    metadata_counts = {entry["order_of"]: len(files[entry["file"]].rows) for entry in entries if entry["order_of"]}
    result = SampleNames(files, known, metadata_counts, {}, metadata.samples_of_files(files.values()))
    for path, spec in orders.items():
        try:
            head = read_header(path, spec["about"])
            hdf5 = head.kind in ("h5ad", "h5mu")
            result.order[path] = list(
                read_names(path, spec)
                if hdf5
                else orientation.list_samples(head, spec, known, metadata_counts[path], result.file_samples)
            )
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    result.known |= {name for names in result.order.values() for name in names}
    return result


def resolve_names(names: Sequence[str]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Canonical name of each sample of a table, and the aliases of each canonical name."""
    canonical = tcga_barcodes.choose_names(names)
    return canonical, {
        canonical[name]: list(dict.fromkeys([canonical[name], *tcga_barcodes.list_aliases(name)])) for name in names
    }
