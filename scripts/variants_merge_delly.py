"""Unite the structural variants found in each sample into one list of sites (Delly)."""

from pathlib import Path

from readsight.genome.intervals import contigs
from readsight.pipes import Command, capture, listed, run
from readsight.step import step
from readsight.variants.vcf_files import index, write_empty


def command(files: Path, out: Path) -> Command:
    """Delly's merge. files: a file that lists the samples' sites."""
    return ["delly", "merge", "-o", out, files]


def main(sites: list[Path], reference: Path, out: Path, scratch: Path) -> None:
    """Write the sites of all samples, as BCF; a valid empty file where no sample has any."""
    some = []
    for path in sites:
        index(path_copy := _copied(path, scratch / f"{len(some)}-{path.name}"))
        if capture(["bcftools", "index", "-n", path_copy]).strip() != "0":
            some.append(path_copy)
    if not some:
        return write_empty(out, contigs(Path(f"{reference}.fai")), [])
    files = listed(some, scratch / "sites.txt")
    run(command(files, out))


def _copied(path: Path, copy: Path) -> Path:
    """A link in the scratch folder, so that the index need not stand beside the original."""
    copy.symlink_to(path.resolve())
    return copy


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.sites, job.input.reference, job.output.bcf, job.scratch)
