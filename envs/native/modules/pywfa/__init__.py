"""Placeholder for pywfa, which would need compilation: Truvari imports it, but only its `phab` and `refine` use it."""
