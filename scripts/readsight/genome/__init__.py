"""Genomes and sequences as codes: 0 to 3 are A, C, G, T, and 4 is N."""
