"""Simulated library of a massively parallel reporter assay (MPRA) with noisy activity labels.

Each element is ENHANCER_LENGTH bases of background with or without the enhancer grammar (SPI1 and RUNX1 within a short distance).
The assay has a known error rate, so the optimal accuracy of a model is known.
"""

from dataclasses import dataclass

import numpy as np

from readsight.genome.codes import decode
from readsight.simulate.elements import ENHANCER_LENGTH, Element, plant_element
from readsight.simulate.genome import Chromosome, draw_background
from readsight.simulate.motifs import Motif

INACTIVE_PLANS = ("far", "SPI1", "RUNX1", "none")
GC_CONTENT = 0.45
ERROR_RATE = 0.04  # fraction of wrong labels


@dataclass(frozen=True)
class LibraryElement:
    """An element of the library. element: planted truth, in backbone coordinates. active: measured label."""

    element: Element
    sequence: str
    active: bool

    def table_row(self) -> str:
        """TSV row of the library: name, sequence, measured activity."""
        return f"{self.element.id}\t{self.sequence}\t{'active' if self.active else 'inactive'}\n"

    def truth_row(self) -> str:
        """TSV row of the truth: name, grammar, true activity, sites (factor:start-end:strand)."""
        element = self.element
        sites = ",".join(f"{s.motif}:{s.start - element.start}-{s.end - element.start}:{s.strand}" for s in element.sites)
        return f"{element.id}\t{element.grammar}\t{int(element.kind == 'enhancer')}\t{sites or '.'}\n"


def make_library(size: int, motifs: dict[str, Motif], rng: np.random.Generator) -> list[LibraryElement]:
    """Draw `size` elements, half of them active, in random order."""
    backbone = Chromosome("library", draw_background(size * ENHANCER_LENGTH, np.full(size * ENHANCER_LENGTH, GC_CONTENT), rng))
    plans = ["near" if i < size // 2 else INACTIVE_PLANS[i % len(INACTIVE_PLANS)] for i in range(size)]
    library = []
    for number, plan in enumerate(rng.permutation(plans)):
        start = number * ENHANCER_LENGTH
        element = plant_element(backbone, start, f"element{number + 1}", str(plan), "", motifs, rng)
        active = (element.kind == "enhancer") != (rng.random() < ERROR_RATE)
        library.append(LibraryElement(element, decode(backbone.codes[start : start + ENHANCER_LENGTH]), bool(active)))
    return library
