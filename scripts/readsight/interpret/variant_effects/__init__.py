"""What variants do to a model's predictions: the reference allele against the alternative one.

An allele is first freed of how it was written: bases that both alleles share go, and an insertion or deletion that could stand
at several places of a repeat is the whole stretch in which it could (`allele_normalisation`), so that each change has one form, whatever
the padding, and the same one on both strands. Each strand reads it in its own direction (`allele_windows`): the change's first base
stands in the middle of the window, and behind the allele follows what follows in the genome.

`window_effects` scores one outcome a window: the difference of the explained numbers of `readsight.interpret.sequence_attribution.query.output_heads`, alternative less
reference. `position_effects` scores outcomes at every base: sites gained and lost. Both are means over shifts of the window, over
both strands where the model averages these, and over the models of all folds. `scoring.score_variants` does so for a file.
"""
