"""What the samples of tables are called, as far as sheet and metadata tell it, before any number is read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readsight.errors import InputError
from readsight.expression import metadata, tcga_barcodes
from readsight.expression.matrices import header, orientation

Reader = Callable[[str, Mapping[str, Any]], Sequence[str]]


@dataclass
class Naming:
    """files: of metadata, by path. known: names of samples. counted: table file → samples that metadata describe in its
    order; order: their names. named: GDC file → sample."""

    files: dict[str, metadata.File]
    known: set[str]
    counted: dict[str, int]
    order: dict[str, list[str]]
    named: dict[str, str]


def naming(
    sheet: Mapping[str, Any],
    entries: Sequence[Mapping[str, Any]],
    orders: Mapping[str, Mapping[str, Any]],
    other: Reader,
    look: Callable[..., header.Head] = header.look,
) -> Naming:
    """Gather the names.

    sheet: sample → its columns. entries: metadata of the config. orders: table file → settings of its table, of the
    files that metadata follow. other: reads names of samples from HDF5. Raises InputError with the faults of all files.
    """
    faults: list[str] = []
    files: dict[str, metadata.File] = {}
    for entry in entries:
        try:
            files[entry["file"]] = metadata.read(entry["file"])
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    known = {step for name in sheet for step in (name, tcga_barcodes.ladder(name)[-1])}
    for entry in entries:
        known |= set() if entry["order_of"] else metadata.names(files[entry["file"]], entry["key"])
    counted = {entry["order_of"]: len(files[entry["file"]].rows) for entry in entries if entry["order_of"]}
    found = Naming(files, known, counted, {}, metadata.names_of_files(files.values()))
    for path, spec in orders.items():
        try:
            head = look(path, spec["about"])
            hdf5 = head.kind in ("h5ad", "h5mu")
            found.order[path] = list(
                other(path, spec) if hdf5 else orientation.samples(head, spec, known, counted[path], found.named)
            )
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    found.known |= {name for names in found.order.values() for name in names}
    return found


def ladders(names: Sequence[str]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """What each sample of a table is called; and under that name, all that it may be called elsewhere."""
    called = tcga_barcodes.called(names)
    return called, {called[name]: list(dict.fromkeys([called[name], *tcga_barcodes.ladder(name)])) for name in names}
