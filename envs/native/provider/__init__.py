"""Builder of conda environment files from Debian packages and PyPI."""
