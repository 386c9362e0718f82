"""Placeholder for pyabpoa, which would need compilation: Truvari imports it, but only its `phab` and `refine` use it."""


def __getattr__(name: str) -> None:
    if not name.startswith("__"):
        raise ImportError(f"pyabpoa.{name} is not available: build this environment with conda")
    raise AttributeError(name)
