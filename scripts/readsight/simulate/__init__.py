"""A small genome, a cohort and its reads, with everything about them known.

The order is that of biology: a genome with genes and regulatory elements
(`genome`, `genes`, `elements`), donors who differ from it (`variants`,
`structural`, `cohort`), their two haplotypes each (`haplotype`), the molecules
that an assay takes from them (`fragments`), and the sequencer (`sequencer`).
Sequences are uint8 codes, 0–3 = A C G T, 4 = N; coordinates 0-based half-open.
"""
