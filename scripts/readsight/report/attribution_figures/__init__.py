"""Figures of attributions of sequences: logos, substitutions, tracks along a genome, and where a model looks.

A module of a figure has `figure(…)`, which gives a matplotlib figure, or words that say why there is nothing to draw.
`readsight.report.attribution_figures.genome_profile` needs no matplotlib.
"""
