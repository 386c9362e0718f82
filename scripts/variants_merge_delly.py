"""Merge the structural variants of all samples into one list of sites (Delly)."""

from pathlib import Path

from readsight.genome.intervals import read_contig_lengths
from readsight.pipes import Command, capture_output, run_tool, write_list
from readsight.step import step
from readsight.variants.vcf_files import index_bcf, write_empty_bcf


def build_command(files: Path, out: Path) -> Command:
    """Delly command for merging. files: file that lists the site files of the samples."""
    return ["delly", "merge", "-o", out, files]


def main(sites: list[Path], reference: Path, out: Path, scratch: Path) -> None:
    """Write the sites of all samples as BCF; a valid empty file if no sample has any."""
    nonempty = []
    for path in sites:
        index_bcf(path_copy := _link_copy(path, scratch / f"{len(nonempty)}-{path.name}"))
        if capture_output(["bcftools", "index", "-n", path_copy]).strip() != "0":
            nonempty.append(path_copy)
    if not nonempty:
        return write_empty_bcf(out, read_contig_lengths(Path(f"{reference}.fai")), [])
    files = write_list(nonempty, scratch / "sites.txt")
    run_tool(build_command(files, out))


def _link_copy(path: Path, copy: Path) -> Path:
    """Link a file into the scratch folder, where its index can be written."""
    copy.symlink_to(path.resolve())
    return copy


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.sites, job.input.reference, job.output.bcf, job.scratch)
