"""What the batches of a cohort differ in: library preparation and sequencing run."""

from readsight.simulate.molecules import Library
from readsight.simulate.sequencer import Run

BATCHES = (
    (Library(insert_mean=340, insert_sd=55, gc_slope=-0.6), Run(number=88, flowcell="HDEMODSX2", quality=37, fall=5)),
    (
        Library(insert_mean=410, insert_sd=75, gc_slope=1.8, short=0.05, duplicates=0.07),
        Run(instrument="A01382", number=214, flowcell="HDEMPDSX3", quality=35.5, fall=7),
    ),
)


def batch(rank: int) -> tuple[Library, Run]:
    """Settings of the batch of that rank (0 the first); more batches than settings begin again."""
    return BATCHES[rank % len(BATCHES)]
