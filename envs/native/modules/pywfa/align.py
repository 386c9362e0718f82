"""Alignment by wavefronts, absent."""


class WavefrontAligner:
    """Says so to whoever wants one."""

    def __init__(self, *arguments: object, **options: object):
        raise ImportError("pywfa.align.WavefrontAligner is not here: build this environment with conda")
