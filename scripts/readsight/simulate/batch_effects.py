"""Batch settings of a cohort: library preparation and sequencing run."""

from readsight.simulate.fragments import Library
from readsight.simulate.sequencer import SequencingRun

BATCHES = (
    (Library(insert_mean=340, insert_sd=55, gc_slope=-0.6), SequencingRun(number=88, flowcell="HDEMODSX2", quality=37, fall=5)),
    (
        Library(insert_mean=410, insert_sd=75, gc_slope=1.8, short=0.05, duplicates=0.07),
        SequencingRun(instrument="A01382", number=214, flowcell="HDEMPDSX3", quality=35.5, fall=7),
    ),
)


# RNA fragments are shorter; dUTP removes most of the second strand.
RNA_LIBRARIES = (
    Library(insert_mean=210, insert_sd=35, gc_slope=-0.3, short=0.02, duplicates=0.10, antisense=0.985),
    Library(insert_mean=250, insert_sd=45, gc_slope=0.6, short=0.03, duplicates=0.14, antisense=0.97),
)


def batch_settings(rank: int) -> tuple[Library, SequencingRun]:
    """Library and run of a batch by rank (from 0); settings are reused cyclically."""
    return BATCHES[rank % len(BATCHES)]


def rna_batch_settings(rank: int) -> tuple[Library, SequencingRun]:
    """Library and run of an RNA batch: an RNA library on the same run as DNA."""
    return RNA_LIBRARIES[rank % len(RNA_LIBRARIES)], batch_settings(rank)[1]
