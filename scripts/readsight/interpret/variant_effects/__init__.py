"""Effects of variants on model predictions: the alternative against the reference allele.

Alleles are normalised first (`allele_normalisation`): shared bases are removed, and an insertion or deletion in a repeat is
extended to all its possible positions. Each change thus has one form, independent of padding and strand. Each strand reads
the change in its direction (`allele_windows`): the first changed base is in the middle of the window, and the allele is
followed by the next bases of the genome.

`window_effects` scores outcomes of the full window: the difference of the explained outputs of
`readsight.interpret.sequence_attribution.query`, alternative minus reference. `position_effects` scores outcomes at each
base: gained and lost sites. Both are means over shifts of the window, over strands if the model averages them, and over the
models of all folds. `scoring.score_variants` scores the variants of a file.
"""
