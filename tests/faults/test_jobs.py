"""Faults that only a running job can see: it says what is wrong and leaves nothing half made."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

import projects


def half_files(folder: Path) -> list[str]:
    """Whatever hidden or temporary files lie under results after a run."""
    return [
        p.as_posix() for p in (folder / "results").rglob("*") if p.is_file() and (".partial" in p.as_posix() or ".tmp" in p.name)
    ]


def children(pid: int) -> list[tuple[int, str]]:
    """Process ids and command lines of all descendants of a process."""
    parents, lines = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                lines[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        below = [child for child, parent in parents.items() if parent == one]
        found += [(child, lines.get(child, "")) for child in below]
        waiting += below
    return found


def wait_for_tool(run: subprocess.Popen, words: str) -> int:
    """Wait until a descendant's command line holds these words; returns its process id."""
    while run.poll() is None:
        for pid, line in children(run.pid):
            tool, _, rest = line.partition(" ")
            if words in f"{Path(tool).name} {rest}" and "snakemake" not in line:
                return pid
        time.sleep(0.003)
    raise AssertionError(f"the run ended before {words!r} was seen:\n{run.stdout.read() if run.stdout else ''}")


def test_reads_that_map_nowhere(tmp_path):
    fasta = projects.write_fasta(tmp_path / "genome.fa", projects.genome(seed=1))
    donors = {"alien": projects.write_reads(tmp_path / "reads", "alien", projects.genome(seed=2), depth=5)}
    run = projects.snakemake(projects.write_project(tmp_path, donors, fasta))
    assert run.returncode != 0
    assert "alien" in run.stdout and "map" in run.stdout
    assert not list((tmp_path / "results/tiny/align").glob("*.cram*"))
    assert half_files(tmp_path) == []


def test_no_variant_is_an_honest_empty_result(tmp_path):
    config = projects.tiny(tmp_path, every=0, variants={"callers": ["bcftools", "freebayes"], "scatter": 2})
    run = projects.snakemake(config)
    assert run.returncode == 0, run.stdout
    results = tmp_path / "results/tiny"
    assert (results / "variants/bcftools.bcf").stat().st_size > 0
    assert (results / "variants/freebayes.bcf").stat().st_size > 0
    audit = (results / "dossier/audit.tsv").read_text()
    assert "0 calls\tbcftools found no difference between the reads and the reference" in audit


def truth_of(folder: Path, every: int) -> Path:
    """The truth VCF of the donors that `projects.tiny` makes."""
    contigs = projects.genome()
    rows = ["##fileformat=VCFv4.2", *[f"##contig=<ID={c},length={len(s)}>" for c, s in contigs.items()]]
    rows += [
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts1",
    ]
    for contig, sequence in contigs.items():
        for position, base in projects.substitutions(sequence, every).items():
            rows.append(f"{contig}\t{position + 1}\t.\t{sequence[position]}\t{base}\t.\tPASS\t.\tGT\t0/1")
    path = folder / "truth.vcf"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_a_label_of_one_class(tmp_path):
    truth = truth_of(tmp_path, 500)
    config = projects.tiny(tmp_path, every=500, variants={"truth": {"vcf": str(truth)}, "scatter": 2}, tasks={"call_quality": {}})
    run = projects.snakemake(config)
    assert run.returncode != 0
    assert "call_quality" in run.stdout and "class" in run.stdout
    assert not (tmp_path / "results/tiny/dataset/call_quality/examples.h5ad").exists()
    assert half_files(tmp_path) == []


@pytest.mark.parametrize("tool", ["bwa mem", "samtools sort"])
def test_a_tool_killed_in_the_pipe(tmp_path, tool):
    config = projects.tiny(tmp_path, depth=400)
    run = subprocess.Popen(
        projects.command(config, "results/tiny/align/s1.cram"),
        env=projects.environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    os.kill(wait_for_tool(run, tool), signal.SIGKILL)
    said, _ = run.communicate()
    assert run.returncode != 0
    assert f"{tool} was killed by SIGKILL" in said
    assert not (tmp_path / "results/tiny/align/s1.cram").exists()
    assert half_files(tmp_path) == []


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 1 MB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"this machine does not mount a small disk: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_the_disk_fills_during_sort(tmp_path, small_disk):
    config = projects.tiny(tmp_path, depth=600)
    done = projects.snakemake(config, "--until", "reads_trim_pe", "--notemp")
    assert done.returncode == 0, done.stdout
    (tmp_path / "results/tiny/align").mkdir(exist_ok=True)
    ready = projects.snakemake(config, "--until", "align_index_bwa", "--notemp")
    assert ready.returncode == 0, ready.stdout
    run = projects.snakemake(
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
    assert half_files(tmp_path) == []
    assert list(small_disk.iterdir()) == []


MOMENTS = ["Trimmomatic", "bwa index", "bwa mem", "bcftools mpileup", "bcftools norm"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The calls of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    run = projects.snakemake(
        projects.tiny(folder, depth=30, samples=2, variants={"scatter": 2}), "results/tiny/variants/bcftools.bcf"
    )
    assert run.returncode == 0, run.stdout
    return (folder / "results/tiny/variants/bcftools.bcf").read_bytes()


def kill_at(config: Path, target: str, moment: str) -> None:
    """Start a run and kill it while a tool works. A tool lives for a moment, which a busy machine may miss: then anew."""
    for attempt in range(4):
        with open(config.parent / "killed.log", "w+") as said:
            run = subprocess.Popen(
                projects.command(config, target), env=projects.environment(), stdout=said, stderr=said, start_new_session=True
            )
            try:
                wait_for_tool(run, moment)
            except AssertionError:
                if run.returncode or attempt == 3:
                    raise
                shutil.rmtree(config.parent / "results")
                continue
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            return


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_and_started_again_gives_the_same_calls(tmp_path, moment, undisturbed):
    config = projects.tiny(tmp_path, depth=30, samples=2, variants={"scatter": 2})
    target = "results/tiny/variants/bcftools.bcf"
    kill_at(config, target, moment)
    time.sleep(1)
    unlock = projects.snakemake(config, "--unlock")
    assert unlock.returncode == 0, unlock.stdout
    again = projects.snakemake(config, target)
    assert again.returncode == 0, again.stdout
    assert (tmp_path / target).read_bytes() == undisturbed
    assert half_files(tmp_path) == []
