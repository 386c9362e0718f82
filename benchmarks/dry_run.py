"""Time that Snakemake needs to detect that nothing has to be done, for a cohort of many samples.

    .venv/bin/python benchmarks/dry_run.py [samples]

Creates a project of samples (default: 1,000) in a temporary folder, writes an empty file for each result
of a finished run, marks these as up to date, and times `snakemake -n`.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))

import projects  # noqa: E402


def write_cohort(folder: Path, samples: int) -> Path:
    """Write a project in which all samples have the same few reads: only names and modification times matter."""
    contigs = projects.build_genome()
    fasta = projects.write_fasta(folder / "genome.fa", contigs)
    reads = projects.write_reads(folder / "reads", "few", contigs, depth=0.5)
    donors = {f"donor{i}": tuple(folder / f"reads/{i}_{mate}.fastq.gz" for mate in (1, 2)) for i in range(samples)}
    for pair in donors.values():
        for path, original in zip(pair, reads, strict=True):
            shutil.copy(original, path)
    return projects.write_project(folder, donors, fasta)


def place_products(config: Path) -> int:
    """Create every file that a finished run keeps, and let Snakemake register them; returns their number."""
    rows = projects.run_snakemake(config, "--summary").stdout.splitlines()
    header = next(i for i, row in enumerate(rows) if row.startswith("output_file"))
    files = [config.parent / row.split("\t")[0] for row in rows[header + 1 :] if "\t" in row]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    # all jobs at once: Snakemake repeats job selection whenever a core becomes free
    result = projects.run_snakemake(config, "--touch", "--cores", "100000")
    if result.returncode:
        raise SystemExit(f"marking the results as done failed:\n{result.stdout[-2000:]}")
    return len(files)


def main(samples: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        config = write_cohort(Path(name), samples)
        files = place_products(config)
        start = time.perf_counter()
        run = subprocess.run(
            projects.build_command(config, "-n"), env=projects.build_environment(), capture_output=True, text=True
        )
        seconds = time.perf_counter() - start
    output = run.stdout + run.stderr
    verdict = "nothing to be done" if "Nothing to be done" in output else f"NOT up to date:\n{output[-1500:]}"
    print(f"{samples} samples, {files} files: {seconds:.1f} s, {verdict}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
