"""Counts, TPM, sample metadata and the matrices of expression that users bring."""
