"""Conda environment files, built from Debian packages and PyPI."""
