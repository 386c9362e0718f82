"""Variant calls: alleles, VCF files, and benchmarking against a truth set."""
