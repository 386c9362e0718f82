"""Figures of sequence attributions: logos, substitutions, genome tracks, and attention maps.

A figure module has `draw_figure(…)`, which returns a matplotlib figure, or a message if there is nothing to draw.
`readsight.report.attribution_figures.genome_profile` does not import matplotlib.
"""
