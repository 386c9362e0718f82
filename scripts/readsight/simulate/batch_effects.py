"""What the batches of a cohort differ in: library preparation and sequencing run."""

from readsight.simulate.fragments import Library
from readsight.simulate.sequencer import SequencingRun

BATCHES = (
    (Library(insert_mean=340, insert_sd=55, gc_slope=-0.6), SequencingRun(number=88, flowcell="HDEMODSX2", quality=37, fall=5)),
    (
        Library(insert_mean=410, insert_sd=75, gc_slope=1.8, short=0.05, duplicates=0.07),
        SequencingRun(instrument="A01382", number=214, flowcell="HDEMPDSX3", quality=35.5, fall=7),
    ),
)


# RNA is cut shorter, and dUTP marks the second strand, of which a little stays.
RNA = (
    Library(insert_mean=210, insert_sd=35, gc_slope=-0.3, short=0.02, duplicates=0.10, antisense=0.985),
    Library(insert_mean=250, insert_sd=45, gc_slope=0.6, short=0.03, duplicates=0.14, antisense=0.97),
)


def batch_settings(rank: int) -> tuple[Library, SequencingRun]:
    """Settings of the batch of that rank (0 the first); more batches than settings begin again."""
    return BATCHES[rank % len(BATCHES)]


def rna_batch_settings(rank: int) -> tuple[Library, SequencingRun]:
    """The same of a batch of RNA: a library of its own, on the same run."""
    return RNA[rank % len(RNA)], batch_settings(rank)[1]
