"""Checks of disk space and memory against an estimate of what a project needs."""

import os
import shutil
import tempfile
from pathlib import Path

from readsight.wiring.project import Project

MB = 1_000_000
# Bytes of results and temporary files per byte of input. Clean and corrected reads exist at the same
# time as the CRAM made from them; sorting writes the reads of a sample to disk once.
PER_READS = 3.0
PER_PLAIN_READS = 0.8
PER_ALIGNMENT = 1.5
PER_BASE = 7.0
PER_SORT = 1.5
PER_TABLE = 6.0
UNPACKED = 5
MIN_BYTES = 50 * MB
CERTAIN_FACTOR = 3  # less free space than the estimate divided by this is an error, not only a note


def estimate_disk(project: Project, bases: int) -> int:
    """Estimate the disk space of a run in bytes, from the sizes of its input files and the length of the reference."""
    need = MIN_BYTES + PER_BASE * bases
    aligner, index_bytes = _find_largest_index(project)
    if aligner == "STAR":
        need += index_bytes * bases
    for units in project.units.values():
        for unit in units:
            need += sum(_file_size(f) * (PER_READS if f.endswith(".gz") else PER_PLAIN_READS) for f in unit.fastqs)
            need += PER_ALIGNMENT * _file_size(unit.alignment) if unit.alignment else 0
    for table in project.config.tables.values():
        need += sum(_file_size(path) * PER_TABLE * (UNPACKED if path.endswith(".gz") else 1) for path in table.files)
    for task in project.config.tasks.values():
        if task.source == "sequences":
            # Each fold stores the sequences again, and the balanced training set once more.
            copies = 1 + 2 * task.split.folds * task.split.repeats
            sizes = [_file_size(file.path) * (UNPACKED if file.path.endswith(".gz") else 1) for file in task.sequences.files]
            need += sum(sizes) * copies + (_file_size(task.sequences.genome) if task.sequences.genome else 0)
    demo = project.config.demo
    if demo:
        need += demo.chromosomes * demo.length * (demo.coverage * len(project.units) * 3 + PER_BASE)
    return int(need)


def check_disk(project: Project, bases: int) -> tuple[list[str], list[str]]:
    """Faults if the disk space is certainly too small, notes if it may be too small."""
    need = estimate_disk(project, bases)
    faults, notes = [], []
    existing_folder = _find_existing(Path(project.folder))
    free = shutil.disk_usage(existing_folder).free
    message = f"{project.folder}: this run needs about {_format_size(need)} of disk, but only {_format_size(free)} are free on {existing_folder}"
    remedy = "free disk space, or set `results` to a folder on a larger disk"
    if free < need:
        started = Path(project.folder).exists()
        (notes if started or free > need / CERTAIN_FACTOR else faults).append(f"{message}; {remedy}")
    largest = max((sum(_file_size(f) for unit in units for f in unit.fastqs) for units in project.units.values()), default=0)
    scratch = tempfile.gettempdir()
    free = shutil.disk_usage(scratch).free
    if free < PER_SORT * largest:
        notes.append(
            f"{scratch}: sorting the largest sample needs about {_format_size(int(PER_SORT * largest))}, but only {_format_size(free)} are free; set TMPDIR"
        )
    return faults, notes


def check_memory(project: Project, bases: int) -> list[str]:
    """Notes if the memory of this machine is too small for the aligner's index.

    Not a fault, because jobs may run on a cluster. bwa needs about 1.8 bytes per base of the reference, bwa-mem2 and
    STAR about 10.
    """
    aligner, per_base = _find_largest_index(project)
    need = bases * per_base + 500 * MB
    have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if need <= have or not any(unit.fastqs for units in project.units.values() for unit in units):
        return []
    return [
        f"memory: {aligner} needs about {_format_size(int(need))} for this reference, but this machine has only {_format_size(have)}"
        + "; expression.quantifiers: [salmon] needs far less" * (aligner == "STAR")
    ]


def _find_largest_index(project: Project) -> tuple[str, float]:
    """Aligner with the largest index, and its bytes per base of the reference; Salmon only indexes transcripts."""
    expression = project.config.expression
    if project.rna_samples and expression and "star" in expression.quantifiers:
        return "STAR", 11
    if set(project.samples_with_data) == set(project.rna_samples):
        return "Salmon", 0.5
    aligner = project.config.align.aligner
    return aligner, 10 if aligner == "bwa-mem2" else 1.8


def _file_size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def _find_existing(path: Path) -> Path:
    """The path, or its closest parent that exists."""
    path = path.absolute()
    return next(p for p in (path, *path.parents) if p.exists())


def _format_size(size: int) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
