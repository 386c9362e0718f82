"""Where pyabpoa stands, which would have to be compiled: Truvari imports it, but only its `phab` and `refine` use it."""


def __getattr__(name: str) -> None:
    if not name.startswith("__"):
        raise ImportError(f"pyabpoa.{name} is not here: build this environment with conda")
    raise AttributeError(name)
