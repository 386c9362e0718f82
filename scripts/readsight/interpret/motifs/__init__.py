"""Motifs that a model goes by: found in its attributions, told by name, sought along sequences, and put into them.

A motif is a matrix (width, 4) of probabilities of A C G T, rows sum to 1. A word of it is on + where it stands as the matrix does.
"""
