"""The alignment pipeline gives the same alignments as separate commands, and reproducible bytes."""

import os
import random
import shutil
import subprocess
from types import SimpleNamespace

import pytest

from readsight.align import pipeline
from readsight.errors import InputError, ToolError
from readsight.formats import fasta

needs_tools = pytest.mark.skipif(
    not (shutil.which("bwa") and shutil.which("samtools")), reason="bwa and samtools are not on this machine"
)
COMPLEMENT = str.maketrans("ACGT", "TGCA")
SINGLE = 300


def run_shell(script, folder):
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


def write_fastq(path, reads):
    path.write_text("".join(f"@{name}\n{bases}\n+\n{quality * len(bases)}\n" for name, bases, quality in reads))


@pytest.fixture(scope="module")
def lanes(tmp_path_factory):
    """A genome and one library of 300 fragments, sequenced on two lanes, and a single-end lane.

    20 fragments are on both paired lanes, with different names and lower
    qualities on the second: duplicates that are only visible across lanes.
    """
    folder = tmp_path_factory.mktemp("lanes")
    rng = random.Random(11)
    genome = {name: "".join(rng.choices("ACGT", k=20_000)) for name in ("one", "two")}
    (folder / "given.fa").write_text("".join(f">{name}\n{bases}\n" for name, bases in genome.items()))
    fasta.normalise(folder / "given.fa", folder / "genome.fa", folder / "genome.fa.fai", folder / "genome.dict")
    subprocess.run(["bwa", "index", "-p", folder / "bwa", folder / "genome.fa"], check=True, capture_output=True)

    def draw_fragment():
        contig = rng.choice(list(genome))
        start, length = rng.randrange(19_000), rng.randrange(250, 400)
        bases = genome[contig][start : start + length]
        return bases if rng.random() < 0.5 else bases[::-1].translate(COMPLEMENT)

    fragments = [draw_fragment() for _ in range(300)]
    copies = fragments[:20]
    for lane, (subset, quality) in {"L1": (fragments[:150], "I"), "L2": (fragments[150:] + copies, "5")}.items():
        write_fastq(folder / f"{lane}_1.fq", [(f"{lane}:{i}", f[:100], quality) for i, f in enumerate(subset)])
        write_fastq(
            folder / f"{lane}_2.fq",
            [(f"{lane}:{i}", f[-100:][::-1].translate(COMPLEMENT), quality) for i, f in enumerate(subset)],
        )
    write_fastq(folder / "S.fq", [(f"S:{i}", draw_fragment()[:80], "I") for i in range(SINGLE)])
    return folder


GROUPS = [f"@RG\tID:s.{lane}\tSM:s\tLB:s\tPL:ILLUMINA" for lane in ("L1", "L2", "S")]
FILES = [["L1_1.fq", "L1_2.fq"], ["L2_1.fq", "L2_2.fq"], ["S.fq"]]


def run_alignment(lanes, folder, threads=1, files=FILES, **settings):
    """Run the pipeline in a new folder."""
    folder.mkdir()
    out = SimpleNamespace(cram=folder / "s.cram", flagstat=folder / "flagstat", duplicates=folder / "duplicates")
    streams = [
        pipeline.Stream([pipeline.build_aligner_command("bwa", lanes / "bwa", group, [lanes / f for f in unit], threads)])
        for group, unit in zip(GROUPS, files, strict=False)
    ]
    scratch = folder / "scratch"
    scratch.mkdir()
    settings = pipeline.PipelineSettings(groups=GROUPS[: len(files)], threads=threads, **settings)
    pipeline.write_cram(streams, settings, lanes / "genome.fa", lanes / "genome.dict", out, scratch)
    return out


@pytest.fixture(scope="module")
def alignment(lanes, tmp_path_factory):
    return run_alignment(lanes, tmp_path_factory.mktemp("aligned") / "once")


def read_alignments(lanes, cram):
    """Alignments as lists of SAM fields."""
    text = run_shell(f"samtools view -T genome.fa {cram}", lanes)
    return [line.split("\t") for line in text.splitlines()]


@needs_tools
def test_output_equals_manual_pipeline(lanes, alignment):
    steps = [
        f"bwa mem -K {pipeline.BATCH} -Y -R '{group}' bwa {' '.join(unit)} 2>/dev/null > hand{i}.sam".replace("\t", "\\t")
        for i, (group, unit) in enumerate(zip(GROUPS, FILES, strict=True))
    ]
    run_shell("\n".join(steps), lanes)
    run_shell("samtools merge -n -u hand.bam hand0.sam hand1.sam hand2.sam", lanes)
    run_shell("samtools sort -n hand.bam | samtools fixmate -m - - | samtools sort - | samtools markdup - hand.marked.bam", lanes)
    by_hand = run_shell("samtools view hand.marked.bam", lanes).splitlines()

    def comparable_fields(fields):
        # ignore the order of optional fields, and PG
        return fields[:11], sorted(f for f in fields[11:] if not f.startswith("PG:"))

    ours = sorted(comparable_fields(fields) for fields in read_alignments(lanes, alignment.cram))
    assert ours == sorted(comparable_fields(line.split("\t")) for line in by_hand)
    assert len(ours) == 2 * 320 + SINGLE


@needs_tools
def test_each_unit_keeps_its_read_group(lanes, alignment):
    counts = {}
    for fields in read_alignments(lanes, alignment.cram):
        (group,) = [f for f in fields if f.startswith("RG:Z:")]
        assert group == f"RG:Z:s.{fields[0].split(':')[0]}"
        counts[group] = counts.get(group, 0) + 1
    assert counts == {"RG:Z:s.L1": 300, "RG:Z:s.L2": 340, "RG:Z:s.S": SINGLE}
    header = run_shell(f"samtools head {alignment.cram}", lanes).splitlines()
    assert [line for line in header if line.startswith("@RG")] == GROUPS


@needs_tools
def test_duplicates_are_marked_across_lanes(lanes, alignment):
    marked = {
        fields[0] for fields in read_alignments(lanes, alignment.cram) if int(fields[1]) & 1024 and not fields[0].startswith("S")
    }
    assert marked == {f"L2:{i}" for i in range(150, 170)}
    assert "DUPLICATE PAIR: 40" in alignment.duplicates.read_text()


@needs_tools
def test_mate_cigar_tags_are_set(lanes, alignment):
    paired = [fields for fields in read_alignments(lanes, alignment.cram) if int(fields[1]) & 1]
    cigars = {(fields[0], bool(int(fields[1]) & 64)): fields[5] for fields in paired}
    for fields in paired:
        first = bool(int(fields[1]) & 64)
        assert f"MC:Z:{cigars[fields[0], not first]}" in fields


@needs_tools
@pytest.mark.parametrize("threads", [2, 5])
def test_bytes_are_independent_of_threads_and_folders(lanes, alignment, tmp_path, threads):
    second = run_alignment(lanes, tmp_path / "elsewhere", threads)
    assert second.cram.read_bytes() == alignment.cram.read_bytes()
    for name in ("s.cram.crai", "flagstat", "duplicates"):
        assert (second.cram.parent / name).read_bytes() == (alignment.cram.parent / name).read_bytes()
    assert not any((second.cram.parent / "scratch").glob("sort*"))


@needs_tools
def test_duplicates_stay_unmarked_when_marking_is_off(lanes, alignment, tmp_path):
    out = run_alignment(lanes, tmp_path / "kept", duplicate_marking=False)
    assert not [fields for fields in read_alignments(lanes, out.cram) if int(fields[1]) & 1024]
    assert len(read_alignments(lanes, out.cram)) == len(read_alignments(lanes, alignment.cram))
    assert "not marked" in out.duplicates.read_text()


@needs_tools
def test_killed_aligner_is_named_in_the_error(lanes, tmp_path, monkeypatch):
    wrapper = tmp_path / "bin" / "bwa"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\n{shutil.which("bwa")} "$@" | head -n 20\nkill -KILL $$\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")
    with pytest.raises(ToolError, match="^bwa mem was killed by SIGKILL"):
        run_alignment(lanes, tmp_path / "killed")


@needs_tools
@pytest.mark.parametrize("verb", ["fixmate", "sort", "markdup"])
def test_killed_downstream_command_is_named_first(lanes, tmp_path, monkeypatch, verb):
    wrapper = tmp_path / "bin" / "samtools"
    wrapper.parent.mkdir()
    real = shutil.which("samtools")
    wrapper.write_text(f'#!/bin/sh\n[ "$1" = {verb} ] && {{ head -c 3000 >/dev/null; kill -KILL $$; }}\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")
    with pytest.raises(ToolError) as error:
        run_alignment(lanes, tmp_path / "killed")
    assert str(error.value).startswith(f"samtools {verb} was killed by SIGKILL")


@needs_tools
def test_reads_of_another_species_raise_an_error(lanes, tmp_path):
    rng = random.Random(99)
    write_fastq(lanes / "alien.fq", [(f"a{i}", "".join(rng.choices("ACGT", k=100)), "I") for i in range(50)])
    out = run_alignment(lanes, tmp_path / "alien", files=[["alien.fq"]])
    with pytest.raises(InputError, match=r"patient: only 0 of 50 reads \(0.00%\) map .*align.min_mapped.*right genome"):
        pipeline.check_mapped("patient", out.flagstat.read_text(), 0.01)


@needs_tools
def test_missing_reads_raise_an_error(lanes, tmp_path):
    (lanes / "empty.fq").write_text("")
    out = run_alignment(lanes, tmp_path / "empty", files=[["empty.fq"]])
    with pytest.raises(InputError, match="patient: there are no reads"):
        pipeline.check_mapped("patient", out.flagstat.read_text(), 0.0)


def test_reads_with_many_alignments_count_once():
    flagstat = (
        "14 + 2 in total (QC-passed reads + QC-failed reads)\n10 + 1 primary\n1 + 1 secondary\n3 + 0 supplementary\n"
        "0 + 0 duplicates\n0 + 0 primary duplicates\n12 + 2 mapped (85.71% : 100.00%)\n8 + 1 primary mapped (80.00% : 100.00%)\n"
    )
    assert pipeline.count_mapped(flagstat) == (11, 9)


def test_minimum_mapped_fraction_is_inclusive():
    flagstat = "100 + 0 primary\n1 + 0 primary mapped (1.00% : N/A)\n"
    pipeline.check_mapped("s", flagstat, 0.01)
    with pytest.raises(InputError):
        pipeline.check_mapped("s", flagstat, 0.011)


def test_files_are_divided_by_unit():
    assert pipeline.group_by_unit(["a", "b", "c", "d", "e"], [2, 1, 2]) == [["a", "b"], ["c"], ["d", "e"]]
    with pytest.raises(ValueError):
        pipeline.group_by_unit(["a", "b"], [1])


def test_sorting_stays_within_the_memory_of_the_job(tmp_path):
    for threads in (1, 2, 8, 64):
        chain = pipeline.build_commands(
            pipeline.PipelineSettings(groups=[], threads=threads, memory_mb=4000, used_mb=1000),
            tmp_path,
            "s.cram",
            tmp_path,
            tmp_path,
        )
        (sort,) = [command for command in chain if command[1] == "sort"]
        share = int(sort[sort.index("-m") + 1].removesuffix("M"))
        workers = max(1, int(sort[sort.index("-@") + 1]))
        assert share * workers <= 3000
