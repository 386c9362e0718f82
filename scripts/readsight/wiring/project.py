"""A project: its config and sequencing units, and helpers for rules."""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from readsight.config import sample_sheet
from readsight.config.key_locations import KeyLocations
from readsight.config.schema import Config, check_config, list_callers
from readsight.errors import InputError
from readsight.text import describe_unset_variables, expand_variables


class Project:
    """Config and sample sheet of one project.

    Attributes
    ----------
    units : sample → its units, in the order of the sheet.
    paths : config files, for the location of faults.
    """

    def __init__(self, config: Config, paths: Sequence[str | Path] = ()):
        self.config = config
        self.paths = paths
        self.folder = config.folder
        self.units: dict[str, list[sample_sheet.Unit]] = defaultdict(list)
        has_calls = bool(config.variants and config.variants.vcf)
        has_tables = bool(config.tables)
        for unit in sample_sheet.read_sample_sheet(config.samples, self.folder, has_calls, has_tables) if config.samples else []:
            self.units[unit.sample].append(unit)
        if (self.rna_samples or has_tables) and not self.dna_samples and not has_calls and config.variants:
            self.config = self._without_variants()

    @classmethod
    def from_raw(cls, raw: dict[str, Any], paths: Sequence[str | Path] = ()) -> "Project":
        """Make a project from Snakemake's merged config and the files it was merged from.

        Raises InputError with the faults of both config and sample sheet.
        """
        try:
            config = check_config(raw, paths)
        except InputError as error:
            raise InputError(error.faults + _check_sheet(raw)) from None
        return cls(config, paths)

    @cached_property
    def samples(self) -> list[str]:
        return list(self.units)

    @cached_property
    def samples_with_data(self) -> list[str]:
        """Samples with reads or an alignment; a sheet for calls or tables may also have samples without."""
        return [name for name, units in self.units.items() if any(unit.fastqs or unit.alignment for unit in units)]

    @cached_property
    def rna_samples(self) -> list[str]:
        """RNA samples with reads or an alignment."""
        return [name for name in self.samples_with_data if self.units[name][0].assay == "rna"]

    @cached_property
    def dna_samples(self) -> list[str]:
        """DNA samples with reads or an alignment, in which variants are called."""
        return [name for name in self.samples_with_data if self.units[name][0].assay in sample_sheet.DNA_ASSAYS]

    def _without_variants(self) -> Config:
        """The config without variants, for a project without DNA samples. Raises InputError if a task needs calls."""
        config = self.config
        for name, task in config.tasks.items():
            if task.source == "variants":
                fault = f"tasks.{name}.source: 'variants' needs DNA samples ({', '.join(sample_sheet.DNA_ASSAYS)}), but the project has none"
                raise InputError(KeyLocations(self.paths).locate_fault(fault))
        return config.model_copy(update={"variants": None})

    @cached_property
    def callers(self) -> list[str]:
        """Call sets of small variants, including `consensus` if it is enabled."""
        variants = self.config.variants
        return list_callers(variants) + ["consensus"] * bool(variants and variants.consensus)


def _check_sheet(raw: dict[str, Any]) -> list[str]:
    """Faults of the sample sheet if the config is invalid, as far as the sheet can be located."""
    path, variants = raw.get("samples"), raw.get("variants")
    results = f"{raw.get('results', 'results')}/{raw.get('project', '')}"
    if not isinstance(path, str) or describe_unset_variables(expand_variables(path, results)):
        return []
    try:
        has_calls = isinstance(variants, dict) and bool(variants.get("vcf"))
        sample_sheet.read_sample_sheet(expand_variables(path, results), results, has_calls, bool(raw.get("tables")))
    except InputError as error:
        return error.faults
    return []


def mem(mb: int) -> Callable[..., int]:
    """Memory of a job in MB: `mb` times the number of the attempt."""

    def mem_mb(wildcards: Any, attempt: int) -> int:
        return mb * attempt

    return mem_mb


def one_of(names: list[str]) -> str:
    """Wildcard constraint that matches exactly these names (nothing if the list is empty).

    The expression is a prefix tree, because an alternation of thousands of names would be tried one by one for every
    file of every sample.
    """
    return _build_tree(sorted(set(names))) if names else "(?!)"


def _build_tree(names: list[str]) -> str:
    """Regular expression of sorted, distinct names; an empty name makes the remaining suffixes optional."""
    branches: dict[str, list[str]] = defaultdict(list)
    for name in names:
        branches[name[:1]].append(name[1:])
    is_optional = bool(branches.pop("", None))
    alternatives = [
        re.escape(letter) + (_build_tree(suffixes) if suffixes != [""] else "") for letter, suffixes in branches.items()
    ]
    pattern = (
        alternatives[0] if len(alternatives) == 1 and not is_optional else f"(?:{'|'.join(alternatives)})" if alternatives else ""
    )
    return f"{pattern}?" if is_optional and alternatives else pattern
