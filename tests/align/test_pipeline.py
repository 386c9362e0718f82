"""One stream from reads to CRAM: the same alignments as by hand, step by step, and always the same bytes."""

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


def shell(script, folder):
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


def write_fastq(path, reads):
    path.write_text("".join(f"@{name}\n{bases}\n+\n{quality * len(bases)}\n" for name, bases, quality in reads))


@pytest.fixture(scope="module")
def lanes(tmp_path_factory):
    """A genome and one library of 300 fragments, sequenced on two lanes, and a single-end lane.

    20 fragments stand on both paired lanes, under other names and with poorer
    qualities on the second: duplicates that only show across lanes.
    """
    folder = tmp_path_factory.mktemp("lanes")
    draw = random.Random(11)
    genome = {name: "".join(draw.choices("ACGT", k=20_000)) for name in ("one", "two")}
    (folder / "given.fa").write_text("".join(f">{name}\n{bases}\n" for name, bases in genome.items()))
    fasta.normalise(folder / "given.fa", folder / "genome.fa", folder / "genome.fa.fai", folder / "genome.dict")
    subprocess.run(["bwa", "index", "-p", folder / "bwa", folder / "genome.fa"], check=True, capture_output=True)

    def fragment():
        contig = draw.choice(list(genome))
        start, length = draw.randrange(19_000), draw.randrange(250, 400)
        bases = genome[contig][start : start + length]
        return bases if draw.random() < 0.5 else bases[::-1].translate(COMPLEMENT)

    fragments = [fragment() for _ in range(300)]
    copies = fragments[:20]
    for lane, (share, quality) in {"L1": (fragments[:150], "I"), "L2": (fragments[150:] + copies, "5")}.items():
        write_fastq(folder / f"{lane}_1.fq", [(f"{lane}:{i}", f[:100], quality) for i, f in enumerate(share)])
        write_fastq(
            folder / f"{lane}_2.fq", [(f"{lane}:{i}", f[-100:][::-1].translate(COMPLEMENT), quality) for i, f in enumerate(share)]
        )
    write_fastq(folder / "S.fq", [(f"S:{i}", fragment()[:80], "I") for i in range(SINGLE)])
    return folder


GROUPS = [f"@RG\tID:s.{lane}\tSM:s\tLB:s\tPL:ILLUMINA" for lane in ("L1", "L2", "S")]
FILES = [["L1_1.fq", "L1_2.fq"], ["L2_1.fq", "L2_2.fq"], ["S.fq"]]


def align(lanes, folder, threads=1, files=FILES, **settings):
    """Run the stream in a folder of its own."""
    folder.mkdir()
    out = SimpleNamespace(cram=folder / "s.cram", flagstat=folder / "flagstat", duplicates=folder / "duplicates")
    streams = [
        pipeline.Stream([pipeline.aligner_command("bwa", lanes / "bwa", group, [lanes / f for f in unit], threads)])
        for group, unit in zip(GROUPS, files, strict=False)
    ]
    scratch = folder / "scratch"
    scratch.mkdir()
    settings = pipeline.Settings(groups=GROUPS[: len(files)], threads=threads, **settings)
    pipeline.write(streams, settings, lanes / "genome.fa", lanes / "genome.dict", out, scratch)
    return out


@pytest.fixture(scope="module")
def aligned(lanes, tmp_path_factory):
    return align(lanes, tmp_path_factory.mktemp("aligned") / "once")


def records(lanes, cram):
    """Alignments as lists of SAM fields."""
    text = shell(f"samtools view -T genome.fa {cram}", lanes)
    return [line.split("\t") for line in text.splitlines()]


@needs_tools
def test_every_read_is_there_as_in_a_pipe_by_hand(lanes, aligned):
    steps = [
        f"bwa mem -K {pipeline.BATCH} -Y -R '{group}' bwa {' '.join(unit)} 2>/dev/null > hand{i}.sam".replace("\t", "\\t")
        for i, (group, unit) in enumerate(zip(GROUPS, FILES, strict=True))
    ]
    shell("\n".join(steps), lanes)
    shell("samtools merge -n -u hand.bam hand0.sam hand1.sam hand2.sam", lanes)
    shell("samtools sort -n hand.bam | samtools fixmate -m - - | samtools sort - | samtools markdup - hand.marked.bam", lanes)
    by_hand = shell("samtools view hand.marked.bam", lanes).splitlines()

    def comparable(fields):
        # order of the optional fields is not part of an alignment; MD and NM CRAM restores itself
        return fields[:11], sorted(f for f in fields[11:] if not f.startswith("PG:"))

    ours = sorted(comparable(fields) for fields in records(lanes, aligned.cram))
    assert ours == sorted(comparable(line.split("\t")) for line in by_hand)
    assert len(ours) == 2 * 320 + SINGLE


@needs_tools
def test_each_unit_keeps_its_read_group(lanes, aligned):
    counts = {}
    for fields in records(lanes, aligned.cram):
        (group,) = [f for f in fields if f.startswith("RG:Z:")]
        assert group == f"RG:Z:s.{fields[0].split(':')[0]}"
        counts[group] = counts.get(group, 0) + 1
    assert counts == {"RG:Z:s.L1": 300, "RG:Z:s.L2": 340, "RG:Z:s.S": SINGLE}
    header = shell(f"samtools head {aligned.cram}", lanes).splitlines()
    assert [line for line in header if line.startswith("@RG")] == GROUPS


@needs_tools
def test_duplicates_are_seen_across_lanes_and_the_better_copy_stays(lanes, aligned):
    marked = {fields[0] for fields in records(lanes, aligned.cram) if int(fields[1]) & 1024 and not fields[0].startswith("S")}
    assert marked == {f"L2:{i}" for i in range(150, 170)}
    assert "DUPLICATE PAIR: 40" in aligned.duplicates.read_text()


@needs_tools
def test_mates_know_each_other(lanes, aligned):
    paired = [fields for fields in records(lanes, aligned.cram) if int(fields[1]) & 1]
    cigars = {(fields[0], bool(int(fields[1]) & 64)): fields[5] for fields in paired}
    for fields in paired:
        first = bool(int(fields[1]) & 64)
        assert f"MC:Z:{cigars[fields[0], not first]}" in fields


@needs_tools
@pytest.mark.parametrize("threads", [2, 5])
def test_threads_and_folders_leave_no_trace_in_the_bytes(lanes, aligned, tmp_path, threads):
    again = align(lanes, tmp_path / "elsewhere", threads)
    assert again.cram.read_bytes() == aligned.cram.read_bytes()
    for name in ("s.cram.crai", "flagstat", "duplicates"):
        assert (again.cram.parent / name).read_bytes() == (aligned.cram.parent / name).read_bytes()
    assert not any((again.cram.parent / "scratch").glob("sort*"))


@needs_tools
def test_duplicates_are_left_alone_when_asked(lanes, aligned, tmp_path):
    out = align(lanes, tmp_path / "kept", mark=False)
    assert not [fields for fields in records(lanes, out.cram) if int(fields[1]) & 1024]
    assert len(records(lanes, out.cram)) == len(records(lanes, aligned.cram))
    assert "not marked" in out.duplicates.read_text()


@needs_tools
def test_a_killed_aligner_fails_the_job_and_is_named(lanes, tmp_path, monkeypatch):
    assassin = tmp_path / "bin" / "bwa"
    assassin.parent.mkdir()
    assassin.write_text(f'#!/bin/sh\n{shutil.which("bwa")} "$@" | head -n 20\nkill -KILL $$\n')
    assassin.chmod(0o755)
    monkeypatch.setenv("PATH", f"{assassin.parent}:{os.environ['PATH']}")
    with pytest.raises(ToolError, match="^bwa mem was killed by SIGKILL"):
        align(lanes, tmp_path / "killed")


@needs_tools
@pytest.mark.parametrize("verb", ["fixmate", "sort", "markdup"])
def test_a_killed_member_downstream_fails_the_job_and_is_named_first(lanes, tmp_path, monkeypatch, verb):
    assassin = tmp_path / "bin" / "samtools"
    assassin.parent.mkdir()
    real = shutil.which("samtools")
    assassin.write_text(f'#!/bin/sh\n[ "$1" = {verb} ] && {{ head -c 3000 >/dev/null; kill -KILL $$; }}\nexec {real} "$@"\n')
    assassin.chmod(0o755)
    monkeypatch.setenv("PATH", f"{assassin.parent}:{os.environ['PATH']}")
    with pytest.raises(ToolError) as error:
        align(lanes, tmp_path / "killed")
    assert str(error.value).startswith(f"samtools {verb} was killed by SIGKILL")


@needs_tools
def test_reads_of_another_species_are_said_to_be_so(lanes, tmp_path):
    draw = random.Random(99)
    write_fastq(lanes / "alien.fq", [(f"a{i}", "".join(draw.choices("ACGT", k=100)), "I") for i in range(50)])
    out = align(lanes, tmp_path / "alien", files=[["alien.fq"]])
    with pytest.raises(InputError, match=r"patient: only 0 of 50 reads \(0.00%\) map .*align.min_mapped.*right genome"):
        pipeline.check_mapped("patient", out.flagstat.read_text(), 0.01)


@needs_tools
def test_no_reads_at_all_is_said_to_be_so(lanes, tmp_path):
    (lanes / "empty.fq").write_text("")
    out = align(lanes, tmp_path / "empty", files=[["empty.fq"]])
    with pytest.raises(InputError, match="patient: there are no reads"):
        pipeline.check_mapped("patient", out.flagstat.read_text(), 0.0)


def test_reads_are_counted_once_however_often_they_align():
    flagstat = (
        "14 + 2 in total (QC-passed reads + QC-failed reads)\n10 + 1 primary\n1 + 1 secondary\n3 + 0 supplementary\n"
        "0 + 0 duplicates\n0 + 0 primary duplicates\n12 + 2 mapped (85.71% : 100.00%)\n8 + 1 primary mapped (80.00% : 100.00%)\n"
    )
    assert pipeline.mapped(flagstat) == (11, 9)


def test_a_sample_that_maps_well_enough_passes():
    flagstat = "100 + 0 primary\n1 + 0 primary mapped (1.00% : N/A)\n"
    pipeline.check_mapped("s", flagstat, 0.01)
    with pytest.raises(InputError):
        pipeline.check_mapped("s", flagstat, 0.011)


def test_files_are_divided_by_unit():
    assert pipeline.units(["a", "b", "c", "d", "e"], [2, 1, 2]) == [["a", "b"], ["c"], ["d", "e"]]
    with pytest.raises(ValueError):
        pipeline.units(["a", "b"], [1])


def test_sorting_stays_within_the_memory_of_the_job(tmp_path):
    for threads in (1, 2, 8, 64):
        chain = pipeline.commands(
            pipeline.Settings(groups=[], threads=threads, memory_mb=4000, used_mb=1000), tmp_path, "s.cram", tmp_path, tmp_path
        )
        (sort,) = [command for command in chain if command[1] == "sort"]
        share = int(sort[sort.index("-m") + 1].removesuffix("M"))
        workers = max(1, int(sort[sort.index("-@") + 1]))
        assert share * workers <= 3000
