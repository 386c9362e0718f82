"""Counts, TPM, sample metadata and the readers of user-supplied matrices."""
