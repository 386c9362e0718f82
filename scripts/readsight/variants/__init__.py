"""Variant calls: alleles, files of calls, and their comparison with a truth."""
