"""Bring BAM and CRAM files of the user's own into the same form as alignments made here."""

import gzip
import shutil
from pathlib import Path

from readsight import pipes
from readsight.align import pipeline
from readsight.errors import InputError
from readsight.formats.compression import is_gzip
from readsight.step import step


def contigs_of_header(header: list[str]) -> dict[str, int]:
    """Name → length in bases of the @SQ lines of a SAM header."""
    fields = [dict(field.split(":", 1) for field in line.split("\t")[1:]) for line in header if line.startswith("@SQ")]
    return {f["SN"]: int(f["LN"]) for f in fields}


def contig_faults(path: Path, theirs: dict[str, int], ours: dict[str, int]) -> list[str]:
    """What keeps alignments to one genome from being read as alignments to another, in words."""
    missing = [name for name in theirs if name not in ours]
    longer = [name for name in theirs if name in ours and theirs[name] != ours[name]]
    faults = []
    if not theirs:
        faults.append(f"{path}: its header names no contigs: these reads are not aligned; give them as FASTQ")
    if missing:
        swapped = [n for n in missing if n.removeprefix("chr") in ours or f"chr{n}" in ours]
        hint = f"; contigs are named {missing[0]!r} here and {next(iter(ours))!r} there" if swapped else ""
        faults.append(f"{path}: aligned to contigs that the reference lacks: {_some(missing)}{hint}")
    if longer:
        name = longer[0]
        faults.append(
            f"{path}: aligned to another build: contig {name!r} has {theirs[name]:,} bases there and {ours[name]:,} in the reference"
            + (f"; so do {len(longer) - 1} more contigs differ" if len(longer) > 1 else "")
        )
    return faults


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def read_groups(header: list[str], own: str, taken: set[str]) -> tuple[str, list[str]]:
    """How the reads of one file get read groups of the sheet's sample.

    header: the file's. own: @RG line made for the unit. taken: IDs of the units before.
    Returns addreplacerg's mode and the file's @RG lines: its own groups, renamed to
    the sheet's sample and with the unit's for reads that have none; or, where it has
    no groups or their IDs were used by another unit, the unit's for all reads.
    """
    theirs = [line for line in header if line.startswith("@RG")]
    ids = {_field(line, "ID") for line in theirs}
    if not ids or ids & taken or _field(own, "ID") in ids:
        return "overwrite_all", [own]
    return "orphan_only", [_rename(line, own) for line in theirs] + [own]


def _field(line: str, key: str) -> str:
    return next((f[3:] for f in line.split("\t") if f.startswith(f"{key}:")), "")


def _rename(line: str, own: str) -> str:
    """A read group with the sample of another, and its library and platform where it has none itself."""
    fields = [f for f in line.split("\t") if not f.startswith("SM:")]
    fields.insert(2, f"SM:{_field(own, 'SM')}")
    return "\t".join(fields + [f"{key}:{_field(own, key)}" for key in ("LB", "PL") if not _field(line, key)])


def original_reference(original: Path, scratch: Path) -> Path:
    """The reference to decode a CRAM with: the user's own, whose ambiguous bases count in its checksums.

    A copy with an index is made in scratch, for the user's folder may be read-only.
    """
    place = scratch / "original.fa"
    if is_gzip(original):
        with gzip.open(original, "rb") as source, open(place, "wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
    else:
        place.symlink_to(original.resolve())
    pipes.run(["samtools", "faidx", place])
    return place


def main(job) -> None:
    """Join the alignments of a sample's units; sort, mark duplicates, check as for alignments made here."""
    ours = {line.split("\t")[0]: int(line.split("\t")[1]) for line in job.input.fai.read_text().splitlines()}
    reference = job.input.fasta
    if not all(is_gzip(path) for path in job.input.alignments):  # BAM is gzip inside, CRAM is not
        reference = original_reference(job.input.original, job.scratch)
    faults: list[str] = []
    streams, groups, programs = [], [], []
    for path, own in zip(job.input.alignments, job.params.groups, strict=True):
        header = pipes.capture(["samtools", "head", path]).splitlines()
        faults += contig_faults(path, contigs_of_header(header), ours)
        mode, lines = read_groups(header, own, {_field(line, "ID") for line in groups})
        groups += lines
        programs += [line for line in header if line.startswith("@PG")] if not programs else []
        add = ["samtools", "addreplacerg", "--no-PG", "-m", mode, "-r", own.replace("\t", "\\t"), "-O", "sam"]
        streams.append(pipeline.Stream([[*add, "--reference", reference, path]]))
    if faults:
        raise InputError(faults)
    settings = pipeline.Settings(
        groups=groups,
        programs=programs,
        grouped=False,
        mark=job.params.mark_duplicates,
        threads=job.threads,
        memory_mb=job.mem_mb,
    )
    pipeline.write(streams, settings, job.input.fasta, job.input.dict, job.output, job.scratch)
    pipeline.check_mapped(job.wildcards.sample, job.output.flagstat.read_text(), job.params.min_mapped)


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job)
