"""Call one sample's small variants in one piece of the genome (DeepVariant, from its container)."""

import gzip
from pathlib import Path

from readsight.genome.intervals import read_contig_lengths, read_plain_bed
from readsight.pipes import Command, run_tool
from readsight.step import step
from readsight.variants.vcf_files import format_empty_vcf


def build_command(
    image: str, model: str, reference: Path, cram: Path, piece: Path, out: Path, scratch: Path, sample: str, threads: int
) -> Command:
    """Command run_deepvariant in the container, with the folders of all files bound into it."""
    files = {"ref": reference, "reads": cram, "regions": piece, "output_vcf": out}
    absolute_paths = {name: Path(path).resolve() for name, path in files.items()}
    folders = sorted({str(path.parent) for path in absolute_paths.values()} | {str(Path(scratch).resolve())})
    arguments = ["apptainer", "exec", "--bind", ",".join(folders), image, "/opt/deepvariant/bin/run_deepvariant"]
    arguments += [f"--model_type={model}", *(f"--{name}={path}" for name, path in absolute_paths.items())]
    arguments += [f"--sample_name={sample}", f"--num_shards={threads}", f"--intermediate_results_dir={scratch}/work"]
    return [*arguments, "--vcf_stats_report=false"]


def main(
    image: str, model: str, reference: Path, cram: Path, piece: Path, out: Path, scratch: Path, sample: str, threads: int
) -> None:
    """Write the calls of a sample in a piece as VCF; no calls if the piece is empty."""
    if read_plain_bed(piece):
        run_tool(build_command(image, model, reference, cram, piece, out, scratch, sample, threads))
        return
    out.write_bytes(gzip.compress(format_empty_vcf(read_contig_lengths(Path(f"{reference}.fai")), [sample]).encode(), mtime=0))


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.params.image,
            job.params.model,
            job.input.reference,
            job.input.cram,
            job.input.piece,
            job.output.vcf,
            job.scratch,
            job.wildcards.sample,
            job.threads,
        )
