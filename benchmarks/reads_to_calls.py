"""Run time of the workflow from reads to filtered calls, compared with a hand-written shell pipe.

    .venv/bin/python benchmarks/reads_to_calls.py [--length 5000000] [--depth 30] [--threads 2] [--repeats 2]

Simulates a donor (heterozygous and homozygous substitutions and small indels) with sequencing
errors, then runs `reads_to_calls.sh` and the workflow alternately on the same reads, and
prints the times, their ratio, and whether the calls agree. The pipe uses tools on PATH; the
workflow uses its environments, which are built before timing starts.
Exits with status 1 if the ratio of the medians exceeds 1.15 or the calls differ.
"""

import argparse
import gzip
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 1.15
COMPLEMENT = str.maketrans("ACGT", "TGCA")
READ, FRAGMENT, SPREAD = 101, 350, 50
SNV, INDEL, ERROR = 1e-3, 1e-4, 2e-3


def mutate(genome: str, rng: random.Random) -> tuple[str, str]:
    """Two chromosome copies of the donor, with variants on one or both."""
    copies: tuple[list[str], list[str]] = ([], [])
    position = 0
    while True:
        distance = int(rng.expovariate(SNV + INDEL)) + 1
        for copy in copies:
            copy.append(genome[position : position + distance])
        position += distance
        if position >= len(genome):
            return "".join(copies[0]), "".join(copies[1])
        base = genome[position]
        if rng.random() < SNV / (SNV + INDEL):
            alternative = rng.choice([b for b in "ACGT" if b != base])
        else:
            alternative = rng.choice(["", base + "".join(rng.choices("ACGT", k=rng.randint(1, 6)))])
        carriers = rng.choice([(True, True), (True, False), (False, True)])
        for copy, carries in zip(copies, carriers, strict=True):
            copy.append(alternative if carries else base)
        position += 1


def simulate_read(bases: str, rng: random.Random) -> tuple[str, str]:
    """A read from the start of `bases`, with low-quality errors and decreasing quality at the end."""
    read = list(bases[:READ])
    qualities = ["I"] * (len(read) - 10) + list("HGFEDCBA@?")
    for _ in range(int(rng.random() < 1 - (1 - ERROR) ** READ)):
        position = rng.randrange(len(read))
        read[position] = rng.choice("ACGT")
        qualities[position] = "0"
    return "".join(read), "".join(qualities)


def simulate_donor(folder: Path, length: int, depth: float) -> tuple[Path, Path, Path]:
    """Write a genome and reads of a donor."""
    rng = random.Random(1)
    genome = "".join(rng.choices("ACGT", k=length))
    reference = folder / "genome.fa"
    reference.write_text(">chr1\n" + "".join(f"{genome[i : i + 60]}\n" for i in range(0, length, 60)))
    donor = mutate(genome, rng)
    paths = folder / "reads_1.fastq.gz", folder / "reads_2.fastq.gz"
    with gzip.open(paths[0], "wt", compresslevel=4) as first, gzip.open(paths[1], "wt", compresslevel=4) as second:
        for i in range(int(length * depth / (2 * READ))):
            copy = donor[rng.randrange(2)]
            size = max(READ, int(rng.gauss(FRAGMENT, SPREAD)))
            start = rng.randrange(len(copy) - size)
            bases = copy[start : start + size]
            if rng.random() < 0.5:
                bases = bases[::-1].translate(COMPLEMENT)
            for handle, side in ((first, bases), (second, bases[::-1].translate(COMPLEMENT))):
                read, qualities = simulate_read(side, rng)
                handle.write(f"@read:{i}\n{read}\n+\n{qualities}\n")
    return reference, *paths


def write_project(folder: Path, reference: Path, reads: tuple[Path, Path]) -> Path:
    """Write config and sample sheet of the same analysis for the workflow."""
    sheet, config = folder / "samples.tsv", folder / "config.yaml"
    sheet.write_text(f"sample\tunit\tassay\tfastq_1\tfastq_2\ndonor\t1\twgs\t{reads[0]}\t{reads[1]}\n")
    config.write_text(f"project: bench\nresults: {folder}/results\nsamples: {sheet}\nreference:\n  fasta: {reference}\n")
    return config


def build_workflow_command(config: Path, threads: int, *more: str) -> list[str]:
    """Command that produces the filtered calls and only their dependencies."""
    calls = f"{config.parent}/results/bench/variants/filtered/bcftools.bcf"
    return [
        *[str(ROOT / ".venv/bin/snakemake"), "--snakefile", str(ROOT / "Snakefile"), "--directory", str(config.parent)],
        *["--workflow-profile", str(ROOT / "workflow/profiles/default"), "--configfile", str(config)],
        *["--cores", str(threads), "--notemp", "--quiet", "--sdm", "conda", "--conda-prefix", str(ROOT / ".snakemake/conda")],
        *[*more, calls],
    ]


def time_command(command: list[str], log: Path) -> float:
    """Run time of a command in seconds; its output goes to a log, which is shown on failure."""
    environment = os.environ | {"PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"}
    start = time.perf_counter()
    with open(log, "w") as handle:
        result = subprocess.run(command, stdout=handle, stderr=subprocess.STDOUT, env=environment)
    seconds = time.perf_counter() - start
    if result.returncode:
        sys.exit(f"{' '.join(command[:2])} failed:\n{log.read_text()[-3000:]}")
    return seconds


def query_calls(path: Path) -> str:
    """Sites, alleles, filters and genotypes of a call file."""
    fields = "%CHROM %POS %REF %ALT %FILTER[ %GT]\n"
    return subprocess.run(["bcftools", "query", "-f", fields, str(path)], check=True, capture_output=True, text=True).stdout


def compare_times(folder: Path, length: int, depth: float, threads: int, repeats: int) -> bool:
    """Run both alternately and print the results; returns whether the workflow stays within its limit."""
    reference, *reads = simulate_donor(folder, length, depth)
    config = write_project(folder, reference, (reads[0], reads[1]))
    time_command(build_workflow_command(config, threads, "--conda-create-envs-only"), folder / "environments.log")
    times: dict[str, list[float]] = {"by hand": [], "workflow": []}
    for _ in range(repeats):
        for output_folder in ("hand", "results", ".snakemake"):
            shutil.rmtree(folder / output_folder, ignore_errors=True)
        script = [str(ROOT / "benchmarks/reads_to_calls.sh"), *map(str, (reference, *reads, folder / "hand", threads))]
        times["by hand"].append(time_command(script, folder / "hand.log"))
        times["workflow"].append(time_command(build_workflow_command(config, threads), folder / "workflow.log"))
    by_hand, ours = query_calls(folder / "hand/calls.bcf"), query_calls(folder / "results/bench/variants/filtered/bcftools.bcf")
    print(f"{length:,} bases, {depth:g}×, {threads} threads, {os.cpu_count()} cores, {len(ours.splitlines()):,} calls")
    for name, seconds in times.items():
        print(f"{name:>9}: {statistics.median(seconds):7.1f} s  (of {', '.join(f'{s:.1f}' for s in seconds)})")
    ratio = statistics.median(times["workflow"]) / statistics.median(times["by hand"])
    same = by_hand == ours
    print(f"    ratio: {ratio:7.3f}    (limit {LIMIT}); calls {'are the same' if same else 'DIFFER'}")
    return ratio <= LIMIT and same


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--length", type=int, default=5_000_000, help="bases of the genome")
    parser.add_argument("--depth", type=float, default=30, help="mean depth of the reads")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="work in this folder and keep it")
    arguments = parser.parse_args()
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
        sys.exit(
            not compare_times(arguments.keep.resolve(), arguments.length, arguments.depth, arguments.threads, arguments.repeats)
        )
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(not compare_times(Path(folder), arguments.length, arguments.depth, arguments.threads, arguments.repeats))


if __name__ == "__main__":
    main()
