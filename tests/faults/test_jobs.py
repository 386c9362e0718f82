"""Faults that occur inside jobs: they are reported, and no incomplete file is left."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

import projects


def list_partial_files(folder: Path) -> list[str]:
    """Hidden or temporary files in the results after a run."""
    return [
        p.as_posix() for p in (folder / "results").rglob("*") if p.is_file() and (".partial" in p.as_posix() or ".tmp" in p.name)
    ]


def list_descendants(pid: int) -> list[tuple[int, str]]:
    """Process ids and command lines of all descendants of a process."""
    parents, lines = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                lines[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
    descendants, queue = [], [pid]
    while queue:
        current = queue.pop()
        direct = [child for child, parent in parents.items() if parent == current]
        descendants += [(child, lines.get(child, "")) for child in direct]
        queue += direct
    return descendants


def wait_for_tool(run: subprocess.Popen, pattern: str) -> int:
    """Wait until the command line of a descendant contains a pattern; returns its process id."""
    while run.poll() is None:
        for pid, line in list_descendants(run.pid):
            tool, _, arguments = line.partition(" ")
            if pattern in f"{Path(tool).name} {arguments}" and "snakemake" not in line:
                return pid
        time.sleep(0.003)
    raise AssertionError(f"the run ended before {pattern!r} was running:\n{run.stdout.read() if run.stdout else ''}")


def test_reads_that_do_not_map_fail(tmp_path):
    fasta = projects.write_fasta(tmp_path / "genome.fa", projects.build_genome(seed=1))
    donors = {"alien": projects.write_reads(tmp_path / "reads", "alien", projects.build_genome(seed=2), depth=5)}
    run = projects.run_snakemake(projects.write_project(tmp_path, donors, fasta))
    assert run.returncode != 0
    assert "alien" in run.stdout and "map" in run.stdout
    assert not list((tmp_path / "results/tiny/align").glob("*.cram*"))
    assert list_partial_files(tmp_path) == []


def test_no_variants_give_an_explained_empty_result(tmp_path):
    config = projects.write_tiny_project(tmp_path, every=0, variants={"callers": ["bcftools", "freebayes"], "scatter": 2})
    run = projects.run_snakemake(config)
    assert run.returncode == 0, run.stdout
    results = tmp_path / "results/tiny"
    assert (results / "variants/bcftools.bcf").stat().st_size > 0
    assert (results / "variants/freebayes.bcf").stat().st_size > 0
    audit = (results / "dossier/audit.tsv").read_text()
    assert "0 calls\tbcftools detected no difference between the reads and the reference" in audit


def write_truth(folder: Path, every: int) -> Path:
    """Write the truth VCF of the donors of `projects.write_tiny_project`."""
    contigs = projects.build_genome()
    rows = ["##fileformat=VCFv4.2", *[f"##contig=<ID={c},length={len(s)}>" for c, s in contigs.items()]]
    rows += [
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts1",
    ]
    for contig, sequence in contigs.items():
        for position, base in projects.place_substitutions(sequence, every).items():
            rows.append(f"{contig}\t{position + 1}\t.\t{sequence[position]}\t{base}\t.\tPASS\t.\tGT\t0/1")
    path = folder / "truth.vcf"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_single_class_label_fails(tmp_path):
    truth = write_truth(tmp_path, 500)
    config = projects.write_tiny_project(
        tmp_path, every=500, variants={"truth": {"vcf": str(truth)}, "scatter": 2}, tasks={"call_quality": {}}
    )
    run = projects.run_snakemake(config)
    assert run.returncode != 0
    assert "call_quality" in run.stdout and "class" in run.stdout
    assert not (tmp_path / "results/tiny/dataset/call_quality/examples.h5ad").exists()
    assert list_partial_files(tmp_path) == []


@pytest.mark.parametrize("tool", ["bwa mem", "samtools sort"])
def test_tool_killed_in_a_pipe_is_named(tmp_path, tool):
    config = projects.write_tiny_project(tmp_path, depth=400)
    run = subprocess.Popen(
        projects.build_command(config, "results/tiny/align/s1.cram"),
        env=projects.build_environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    os.kill(wait_for_tool(run, tool), signal.SIGKILL)
    output, _ = run.communicate()
    assert run.returncode != 0
    assert f"{tool} was killed by SIGKILL" in output
    assert not (tmp_path / "results/tiny/align/s1.cram").exists()
    assert list_partial_files(tmp_path) == []


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 1 MB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, text=True)
    if mount.returncode:
        pytest.skip(f"this machine does not mount a small disk: {mount.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_full_disk_during_sort_leaves_nothing(tmp_path, small_disk):
    config = projects.write_tiny_project(tmp_path, depth=600)
    done = projects.run_snakemake(config, "--until", "reads_trim_pe", "--notemp")
    assert done.returncode == 0, done.stdout
    (tmp_path / "results/tiny/align").mkdir(exist_ok=True)
    ready = projects.run_snakemake(config, "--until", "align_index_bwa", "--notemp")
    assert ready.returncode == 0, ready.stdout
    run = projects.run_snakemake(
        config,
        "results/tiny/align/s1.cram",
        "--notemp",
        "--default-resources",
        f"tmpdir='{small_disk}'",
        "--set-resources",
        "align_bwa:mem_mb=20",
    )
    assert run.returncode != 0
    assert "No space left on device" in run.stdout
    assert not (tmp_path / "results/tiny/align/s1.cram").exists()
    assert list_partial_files(tmp_path) == []
    assert list(small_disk.iterdir()) == []


ATTEMPTS = 8
MOMENTS = ["Trimmomatic", "bwa index", "bwa mem", "bcftools mpileup", "bcftools norm"]


@pytest.fixture(scope="module")
def reference_calls(tmp_path_factory):
    """Calls of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("undisturbed")
    run = projects.run_snakemake(
        projects.write_tiny_project(folder, depth=30, samples=2, variants={"scatter": 2}), "results/tiny/variants/bcftools.bcf"
    )
    assert run.returncode == 0, run.stdout
    return (folder / "results/tiny/variants/bcftools.bcf").read_bytes()


def kill_at(config: Path, target: str, moment: str) -> None:
    """Start a run and kill it while a tool is running; retried, because a short-lived tool can be missed on a busy machine."""
    for attempt in range(ATTEMPTS):
        with open(config.parent / "killed.log", "w+") as log:
            run = subprocess.Popen(
                projects.build_command(config, target),
                env=projects.build_environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                wait_for_tool(run, moment)
            except AssertionError:
                if run.returncode or attempt == ATTEMPTS - 1:
                    raise
                shutil.rmtree(config.parent / "results")
                continue
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            return


@pytest.mark.parametrize("moment", MOMENTS)
def test_restart_after_kill_gives_the_same_calls(tmp_path, moment, reference_calls):
    config = projects.write_tiny_project(tmp_path, depth=30, samples=2, variants={"scatter": 2})
    target = "results/tiny/variants/bcftools.bcf"
    kill_at(config, target, moment)
    time.sleep(1)
    unlock = projects.run_snakemake(config, "--unlock")
    assert unlock.returncode == 0, unlock.stdout
    restarted = projects.run_snakemake(config, target)
    assert restarted.returncode == 0, restarted.stdout
    assert (tmp_path / target).read_bytes() == reference_calls
    assert list_partial_files(tmp_path) == []
