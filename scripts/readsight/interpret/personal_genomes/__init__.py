"""Personal genomes: sequences with the alleles of a sample, and their predictions.

`genotypes` reads the calls, `phasing` assigns them to the copies, `haplotype_sequence` writes the sequence of a copy,
`windows` selects regions, `prediction` runs the models, `prediction_table` collects the results.
"""
