"""Run time of the RNA alignment of the workflow, compared with a hand-written pipe of STAR, sorting and marking duplicates.

    .venv/bin/python benchmarks/star.py [--pairs 1000000] [--genes 300] [--threads 2] [--repeats 3]

Simulates a genome with genes of four exons, and read pairs of their transcripts; then runs the step `align_star`
and a hand-written pipe alternately on the same clean reads and index, with the same threads and options of STAR, and the
same sorted, duplicate-marked CRAM as result. The step is timed by Snakemake's benchmark of the job, and also including
the start of Snakemake. The pipe uses tools on PATH. Exits with status 1 if the ratio of the medians
exceeds 1.15, or if the alignments differ.
"""

import argparse
import csv
import gzip
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from reads_to_calls import COMPLEMENT, LIMIT, ROOT, simulate_read, time_command

EXON, INTRON, APART, FRAGMENT, SPREAD = 400, 800, 2000, 220, 30
PIPE = """
set -euo pipefail
STAR --genomeDir {index} --runThreadN {threads} --readFilesIn {reads} --readFilesCommand gzip -cdf \\
    --outFileNamePrefix {folder}/ --outTmpDir {folder}/star --outStd SAM --outSAMtype SAM --outSAMunmapped Within \\
    --outSAMattributes NH HI AS nM NM MD --outSAMattrRGline ID:rna.1 --quantMode GeneCounts 2> {folder}/star.log |
    samtools fixmate -m -u - - |
    samtools sort -u -@ {more} -m 500M -T {folder}/sort - 2> {folder}/sort.log |
    samtools markdup -f {folder}/duplicates.txt -T {folder}/markdup -O cram --reference {fasta} --write-index -@ 1 - {folder}/rna.cram
samtools flagstat -@ {more} --input-fmt-option reference={fasta} {folder}/rna.cram > {folder}/flagstat.txt
"""


def simulate_transcripts(folder: Path, genes: int, pairs: int) -> None:
    """Write genome.fa, genes.gtf and reads of the transcripts, with expression levels over three orders of magnitude."""
    rng = random.Random(1)
    span = 4 * EXON + 3 * INTRON
    genome = "".join(rng.choices("ACGT", k=APART + genes * (span + APART)))
    (folder / "genome.fa").write_text(">chr1\n" + "".join(f"{genome[i : i + 60]}\n" for i in range(0, len(genome), 60)))
    transcripts, lines = [], []
    for number in range(genes):
        start = APART + number * (span + APART)
        exons = [(start + i * (EXON + INTRON), start + i * (EXON + INTRON) + EXON) for i in range(4)]
        transcripts.append("".join(genome[a:b] for a, b in exons))
        attributes = f'gene_id "g{number}"; transcript_id "t{number}"; gene_name "g{number}"; gene_biotype "protein_coding";'
        lines += [f"chr1\tsim\texon\t{a + 1}\t{b}\t.\t+\t.\t{attributes}\n" for a, b in exons]
    (folder / "genes.gtf").write_text("".join(lines))
    levels = [10 ** rng.uniform(0, 3) for _ in transcripts]
    paths = folder / "reads_1.fastq.gz", folder / "reads_2.fastq.gz"
    with gzip.open(paths[0], "wt", compresslevel=2) as first, gzip.open(paths[1], "wt", compresslevel=2) as second:
        for i, transcript in enumerate(rng.choices(transcripts, levels, k=pairs)):
            size = max(120, int(rng.gauss(FRAGMENT, SPREAD)))
            start = rng.randrange(len(transcript) - size)
            bases = transcript[start : start + size]
            # read 1 is on the reverse strand, as in dUTP libraries
            for handle, side in ((second, bases), (first, bases[::-1].translate(COMPLEMENT))):
                read, qualities = simulate_read(side, rng)
                handle.write(f"@read:{i}\n{read}\n+\n{qualities}\n")


def write_project(folder: Path) -> Path:
    """Write config and sample sheet of the same analysis for the workflow, without trimming."""
    sheet, config = folder / "samples.tsv", folder / "config.yaml"
    reads = "\t".join(f"{folder}/reads_{mate}.fastq.gz" for mate in (1, 2))
    sheet.write_text(f"sample\tunit\tassay\tfastq_1\tfastq_2\nrna\t1\trna\t{reads}\n")
    reference = f"reference:\n  fasta: {folder}/genome.fa\n  gtf: {folder}/genes.gtf\n"
    config.write_text(
        f"project: bench\nresults: {folder}/results\nsamples: {sheet}\nreads: {{trim: {{enabled: false}}}}\n{reference}"
    )
    return config


def build_workflow_command(config: Path, threads: int, *more: str) -> list[str]:
    """Snakemake command for this project, with environments of the checkout."""
    return [
        *[str(ROOT / ".venv/bin/snakemake"), "--snakefile", str(ROOT / "Snakefile"), "--directory", str(config.parent)],
        *["--workflow-profile", str(ROOT / "workflow/profiles/default"), "--configfile", str(config)],
        *["--cores", str(threads), "--notemp", "--quiet", "--sdm", "conda", "--conda-prefix", str(ROOT / ".snakemake/conda")],
        *["--rerun-triggers", "mtime", "--", *more],
    ]


def read_job_seconds(table: Path) -> float:
    """Wall-clock time of a job, from Snakemake's benchmark."""
    with open(table, newline="") as handle:
        return float(next(csv.DictReader(handle, delimiter="\t"))["s"])


def list_alignments(cram: Path, fasta: Path) -> list[str]:
    """Flag, position and CIGAR of every alignment, sorted and without duplicate flags, whose choice among equals can vary."""
    view = ["samtools", "view", "--input-fmt-option", f"reference={fasta}", "-x", "RG", "-x", "ms", "-x", "MC", str(cram)]
    text = subprocess.run(view, check=True, capture_output=True, text=True).stdout
    rows = (line.split("\t") for line in text.splitlines())
    return sorted("\t".join([row[0], str(int(row[1]) & ~1024), *row[2:9]]) for row in rows)


def compare_times(folder: Path, genes: int, pairs: int, threads: int, repeats: int) -> bool:
    """Run both alternately and print the results; returns whether the step stays within its limit."""
    simulate_transcripts(folder, genes, pairs)
    config, results = write_project(folder), folder / "results/bench"
    cram = results / "align/rna.cram"
    time_command(
        build_workflow_command(config, threads, str(cram)), folder / "first.log"
    )  # environments, index and all previous steps
    times: dict[str, list[float]] = {"by hand": [], "step": [], "with Snakemake's start": []}
    for _ in range(repeats):
        shutil.rmtree(folder / "hand", ignore_errors=True)
        (folder / "hand").mkdir()
        pipe = PIPE.format(
            index=results / "align/reference/star",
            threads=threads,
            more=max(0, threads - 2),
            reads=" ".join(f"{folder}/reads_{mate}.fastq.gz" for mate in (1, 2)),
            folder=folder / "hand",
            fasta=results / "align/reference/genome.fa",
        )
        times["by hand"].append(time_command(["bash", "-c", pipe], folder / "hand.log"))
        cram.unlink()
        times["with Snakemake's start"].append(
            time_command(build_workflow_command(config, threads, str(cram)), folder / "workflow.log")
        )
        times["step"].append(read_job_seconds(results / "benchmarks/align_star/rna.tsv"))
    fasta = results / "align/reference/genome.fa"
    same = list_alignments(cram, fasta) == list_alignments(folder / "hand/rna.cram", fasta)
    print(f"{pairs:,} pairs, {genes} genes, {threads} threads, {os.cpu_count()} cores")
    for name, seconds in times.items():
        print(f"{name:>22}: {statistics.median(seconds):7.1f} s  (of {', '.join(f'{s:.1f}' for s in seconds)})")
    ratio = statistics.median(times["step"]) / statistics.median(times["by hand"])
    print(f"{'ratio':>22}: {ratio:7.3f}    (limit {LIMIT}); alignments {'are the same' if same else 'DIFFER'}")
    return ratio <= LIMIT and same


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1_000_000, help="read pairs")
    parser.add_argument("--genes", type=int, default=300, help="genes of the genome, 6 kb each")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="work in this folder and keep it")
    arguments = parser.parse_args()
    settings = arguments.genes, arguments.pairs, arguments.threads, arguments.repeats
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
        sys.exit(not compare_times(arguments.keep.resolve(), *settings))
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(not compare_times(Path(folder), *settings))


if __name__ == "__main__":
    main()
