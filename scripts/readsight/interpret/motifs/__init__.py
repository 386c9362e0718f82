"""Motifs of a model: discovered in attributions, matched to known motifs, scanned in sequences, and inserted into them.

A motif is a matrix (width, 4) of probabilities of A C G T; rows sum to 1. A hit on strand + has the orientation of the
matrix.
"""
