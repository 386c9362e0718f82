"""People's own sequences: the alleles that a sample carries, put into the windows of a genome, and what a model predicts of them.

`genotypes` reads what each sample carries, `phasing` divides it among the copies, `spelling` writes a copy's sequence,
`regions` says which windows, `predicting` asks the models, `gathering` makes a table of it.
"""
