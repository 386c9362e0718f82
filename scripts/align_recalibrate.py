"""Recalibrate base qualities with GATK against known variants."""

from pathlib import Path

from readsight import pipes
from readsight.step import step


def build_gatk_command(memory_mb: int) -> list[str]:
    """GATK command with a heap that leaves memory for Java."""
    return ["gatk", "--java-options", f"-Xmx{int(memory_mb * 0.8)}m"]


def build_recalibrator_command(fasta: Path, cram: Path, known_sites: list[Path], table: Path, memory_mb: int) -> list[str | Path]:
    """Command that estimates the true base qualities from sites without known variants."""
    known = [option for path in known_sites for option in ("--known-sites", path)]
    return [*build_gatk_command(memory_mb), "BaseRecalibrator", "-R", fasta, "-I", cram, *known, "-O", table]


def build_apply_command(fasta: Path, cram: Path, table: Path, out: Path, memory_mb: int) -> list[str | Path]:
    """Command that writes alignments with recalibrated qualities; samtools indexes them, because GATK does not write .crai."""
    arguments = ["-R", fasta, "-I", cram, "--bqsr-recal-file", table, "-O", out]
    return [*build_gatk_command(memory_mb), "ApplyBQSR", *arguments, "--create-output-bam-index", "false"]


def ensure_index(vcf: Path, folder: Path) -> Path:
    """Return the file if it has an index; otherwise link it into the folder and index the link."""
    if any(Path(f"{vcf}{suffix}").exists() for suffix in (".tbi", ".csi", ".idx")):
        return vcf
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / vcf.name
    link.symlink_to(vcf.resolve())
    pipes.run_tool(["gatk", "IndexFeatureFile", "-I", link])
    return link


def main(cram: Path, fasta: Path, known_sites: list[Path], table: Path, out: Path, memory_mb: int, scratch: Path) -> None:
    known = [ensure_index(vcf, scratch / str(i)) for i, vcf in enumerate(known_sites)]
    pipes.run_tool(build_recalibrator_command(fasta, cram, known, table, memory_mb))
    pipes.run_tool(build_apply_command(fasta, cram, table, out, memory_mb))
    pipes.run_tool(["samtools", "index", out])


if __name__ == "__main__":
    with step(snakemake) as job:
        main(
            job.input.cram,
            job.input.fasta,
            job.input.known_sites,
            job.output.table,
            job.output.cram,
            memory_mb=job.mem_mb,
            scratch=job.scratch,
        )
