"""Placeholder for wavefront alignment."""


class WavefrontAligner:
    """Raises ImportError when it is created."""

    def __init__(self, *arguments: object, **options: object):
        raise ImportError("pywfa.align.WavefrontAligner is not available: build this environment with conda")
