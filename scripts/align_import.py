"""Import BAM and CRAM files of the user in the same form as alignments of this workflow."""

import gzip
import shutil
from pathlib import Path

from readsight import pipes
from readsight.align import pipeline
from readsight.errors import InputError
from readsight.formats.compression import is_gzip
from readsight.step import step


def parse_contigs(header: list[str]) -> dict[str, int]:
    """Contig → length in bases, from the @SQ lines of a SAM header."""
    fields = [dict(field.split(":", 1) for field in line.split("\t")[1:]) for line in header if line.startswith("@SQ")]
    return {f["SN"]: int(f["LN"]) for f in fields}


def find_contig_faults(path: Path, file_lengths: dict[str, int], reference_lengths: dict[str, int]) -> list[str]:
    """Faults of alignments whose contigs do not agree with the reference."""
    missing = [name for name in file_lengths if name not in reference_lengths]
    longer = [name for name in file_lengths if name in reference_lengths and file_lengths[name] != reference_lengths[name]]
    faults = []
    if not file_lengths:
        faults.append(f"{path}: its header has no contigs: these reads are not aligned; give them as FASTQ")
    if missing:
        swapped = [n for n in missing if n.removeprefix("chr") in reference_lengths or f"chr{n}" in reference_lengths]
        hint = f"; contigs are named {missing[0]!r} here and {next(iter(reference_lengths))!r} there" if swapped else ""
        faults.append(f"{path}: aligned to contigs that the reference lacks: {_shorten_list(missing)}{hint}")
    if longer:
        name = longer[0]
        faults.append(
            f"{path}: aligned to another build: contig {name!r} has {file_lengths[name]:,} bases there and {reference_lengths[name]:,} in the reference"
            + (f"; {len(longer) - 1} more contigs differ" if len(longer) > 1 else "")
        )
    return faults


def _shorten_list(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def choose_read_groups(header: list[str], unit_group: str, used_ids: set[str]) -> tuple[str, list[str]]:
    """Choose the read groups of one file for the sample in the sample sheet.

    Parameters
    ----------
    header : header lines of the file.
    unit_group : @RG line of the unit.
    used_ids : IDs of previous units.

    Returns
    -------
    The mode of addreplacerg and the @RG lines: the groups of the file, renamed to the sample, plus that
    of the unit for reads without a group; or, if the file has no groups or a previous unit uses
    their IDs, that of the unit for all reads.
    """
    file_groups = [line for line in header if line.startswith("@RG")]
    ids = {_get_tag(line, "ID") for line in file_groups}
    if not ids or ids & used_ids or _get_tag(unit_group, "ID") in ids:
        return "overwrite_all", [unit_group]
    return "orphan_only", [_relabel_group(line, unit_group) for line in file_groups] + [unit_group]


def _get_tag(line: str, key: str) -> str:
    return next((f[3:] for f in line.split("\t") if f.startswith(f"{key}:")), "")


def _relabel_group(line: str, unit_group: str) -> str:
    """Set the sample of a read group to that of the unit, and its library and platform if they are missing."""
    fields = [f for f in line.split("\t") if not f.startswith("SM:")]
    fields.insert(2, f"SM:{_get_tag(unit_group, 'SM')}")
    return "\t".join(fields + [f"{key}:{_get_tag(unit_group, key)}" for key in ("LB", "PL") if not _get_tag(line, key)])


def prepare_original_reference(original: Path, scratch: Path) -> Path:
    """Prepare the original reference of the user for decoding CRAM, because checksums include its ambiguous bases.

    It is linked or unpacked into scratch and indexed there, because the user's folder may be read-only.
    """
    copy = scratch / "original.fa"
    if is_gzip(original):
        with gzip.open(original, "rb") as source, open(copy, "wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
    else:
        copy.symlink_to(original.resolve())
    pipes.run_tool(["samtools", "faidx", copy])
    return copy


def main(job) -> None:
    """Join the alignments of a sample's units; sort, mark duplicates, and check them as after alignment."""
    reference_lengths = {line.split("\t")[0]: int(line.split("\t")[1]) for line in job.input.fai.read_text().splitlines()}
    reference = job.input.fasta
    if not all(is_gzip(path) for path in job.input.alignments):  # BAM is gzip inside, CRAM is not
        reference = prepare_original_reference(job.input.original, job.scratch)
    faults: list[str] = []
    streams, groups, programs = [], [], []
    for path, unit_group in zip(job.input.alignments, job.params.groups, strict=True):
        header = pipes.capture_output(["samtools", "head", path]).splitlines()
        faults += find_contig_faults(path, parse_contigs(header), reference_lengths)
        mode, lines = choose_read_groups(header, unit_group, {_get_tag(line, "ID") for line in groups})
        groups += lines
        programs += [line for line in header if line.startswith("@PG")] if not programs else []
        command = ["samtools", "addreplacerg", "--no-PG", "-m", mode, "-r", unit_group.replace("\t", "\\t"), "-O", "sam"]
        streams.append(pipeline.Stream([[*command, "--reference", reference, path]]))
    if faults:
        raise InputError(faults)
    settings = pipeline.PipelineSettings(
        groups=groups,
        programs=programs,
        grouped=False,
        duplicate_marking=job.params.mark_duplicates,
        threads=job.threads,
        memory_mb=job.mem_mb,
    )
    pipeline.write_cram(streams, settings, job.input.fasta, job.input.dict, job.output, job.scratch)
    pipeline.check_mapped(job.wildcards.sample, job.output.flagstat.read_text(), job.params.min_mapped)


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job)
