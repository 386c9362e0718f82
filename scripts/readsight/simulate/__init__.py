"""Simulation of a small genome, a cohort and its sequencing reads with known truth.

Modules follow the biology: a genome with genes and regulatory elements (`genome`, `genes`,
`elements`), donors with variants (`variants`, `structural`, `cohort`), two haplotypes per donor
(`haplotype`), sequenced molecules (`fragments`), and the sequencer (`sequencer`).
Sequences are uint8 codes, 0–3 = A C G T, 4 = N; coordinates are 0-based half-open.
"""
