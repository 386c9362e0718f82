"""Align the RNA reads of a sample with STAR, count genes, mark duplicates, and write CRAM, in one stream."""

import re
from pathlib import Path

from readsight import pipes
from readsight.align import pipeline
from readsight.step import step

CLOCK = ("Started job on", "Started mapping on", "Finished on", "Mapping speed")
SUMS = ("N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous")


def build_star_command(index: Path, fastqs: list[list[Path]], threads: int, folder: Path) -> list:
    """STAR command for all units of a sample. fastqs: files of each unit, one or two mates. folder: for STAR's files."""
    mates = [",".join(map(str, files)) for files in zip(*fastqs, strict=True)]
    command = ["STAR", "--genomeDir", index, "--runThreadN", str(threads), "--readFilesIn", *mates]
    command += ["--readFilesCommand", "gzip", "-cdf"] if any(path.suffix == ".gz" for unit in fastqs for path in unit) else []
    return [*command, "--outFileNamePrefix", f"{folder}/", "--outTmpDir", folder / "star"]


def build_output_options(groups: list[str], junctions: Path | None) -> list:
    """Options for counting genes and writing alignments to standard output, in the order of the reads.

    groups: @RG lines of the units; STAR receives their IDs. junctions: junctions of a first pass.
    Threads finish in varying order, so only with PairedKeepInputOrder do equal reads give equal
    files: STAR then collects the alignments of its threads in scratch files, and writes them in order.
    """
    names = [re.search(r"\tID:([^\t]+)", group)[1] for group in groups]
    read_group_options = [option for name in names for option in (",", f"ID:{name}")][1:]
    options = ["--outStd", "SAM", "--outSAMtype", "SAM", "--outSAMorder", "PairedKeepInputOrder", "--outSAMunmapped", "Within"]
    options += ["--outSAMattributes", "NH", "HI", "AS", "nM", "NM", "MD", "--outSAMattrRGline", *read_group_options]
    return [*options, "--quantMode", "GeneCounts", *(["--sjdbFileChrStartEnd", junctions] if junctions else [])]


def run_first_pass(index: Path, fastqs: list[list[Path]], threads: int, folder: Path) -> Path:
    """Run a first pass that finds junctions; returns the file of junctions.

    This is a separate run because with --twopassMode and several threads, STAR 2.7.10 does not keep the order of the reads.
    """
    folder.mkdir()
    pipes.run_tool([*build_star_command(index, fastqs, threads, folder), "--outSAMtype", "None"])
    return folder / "SJ.out.tab"


def format_gene_counts(lines: list[str]) -> list[str]:
    """Lines of a gene table from STAR's ReadsPerGene: with a header, without the summary rows."""
    rows = [line for line in lines if line.split("\t")[0] not in SUMS]
    return ["gene_id\tunstranded\tforward\treverse", *rows]


def strip_times(text: str) -> str:
    """Remove the times of this run from STAR's final log."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.strip().startswith(CLOCK))


def main(job) -> None:
    """Run STAR and write alignments, counts, junctions and log. job: of rule align_star."""
    fastqs = pipeline.group_by_unit(job.input.fastqs, job.params.mates)
    groups = list(job.params.groups)
    folder = job.scratch.resolve()
    index = job.input.index[0].parent
    junctions = run_first_pass(index, fastqs, job.threads, folder / "first") if job.params.two_pass else None
    command = build_star_command(index, fastqs, job.threads, folder) + build_output_options(groups, junctions)
    settings = pipeline.PipelineSettings(
        groups=groups,
        duplicate_marking=job.params.mark_duplicates,
        threads=job.threads,
        memory_mb=job.mem_mb,
        used_mb=1500 + sum(path.stat().st_size for path in job.input.index) // 1_000_000,
    )
    pipeline.write_cram([pipeline.Stream([command])], settings, job.input.fasta, job.input.dict, job.output, folder)
    pipeline.check_mapped(job.wildcards.sample, job.output.flagstat.read_text(), job.params.min_mapped)
    counts = format_gene_counts((folder / "ReadsPerGene.out.tab").read_text().splitlines())
    job.output.counts.write_text("".join(f"{line}\n" for line in counts))
    job.output.log.write_text(strip_times((folder / "Log.final.out").read_text()))
    pipes.run_tool(["sort", "-k1,1", "-k2,2n", "-k3,3n", folder / "SJ.out.tab"], stdout=job.output.junctions)


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job)
