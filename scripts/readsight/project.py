"""A project as the rules see it: its config and its sequencing units."""

import re
from collections import defaultdict
from collections.abc import Callable
from functools import cached_property
from typing import Any

from readsight import samples
from readsight.config import Config, callers_of, parse


class Project:
    """Config and sample sheet of one project.

    units: sample → its units, in the sheet's order.
    """

    def __init__(self, config: Config):
        self.config = config
        self.folder = config.folder
        self.units: dict[str, list[samples.Unit]] = defaultdict(list)
        calls = bool(config.variants and config.variants.vcf)
        for unit in samples.read(config.samples, self.folder, calls) if config.samples else []:
            self.units[unit.sample].append(unit)

    @classmethod
    def from_raw(cls, raw: dict[str, Any]) -> "Project":
        """From Snakemake's merged config. Raises InputError."""
        return cls(parse(raw))

    @cached_property
    def samples(self) -> list[str]:
        return list(self.units)

    @cached_property
    def callers(self) -> list[str]:
        """Sets of small-variant calls of this project, `consensus` among them if asked for."""
        variants = self.config.variants
        return callers_of(variants) + ["consensus"] * bool(variants and variants.consensus)


def mem(mb: int) -> Callable[..., int]:
    """Memory of a job in MB: `mb` at the first attempt, twice that at the second, and so on."""

    def mem_mb(wildcards: Any, attempt: int) -> int:
        return mb * attempt

    return mem_mb


def one_of(names: list[str]) -> str:
    """A wildcard constraint that admits these names alone (and nothing where there are none)."""
    return "|".join(map(re.escape, names)) or "(?!)"
