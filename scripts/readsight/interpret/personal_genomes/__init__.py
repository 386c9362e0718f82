"""People's own sequences: the alleles that a sample carries, put into the windows of a genome, and what a model predicts of them.

`genotypes` reads what each sample carries, `phasing` divides it among the copies, `haplotype_sequence` writes a copy's sequence,
`windows` says which windows, `prediction` asks the models, `prediction_table` makes a table of it.
"""
