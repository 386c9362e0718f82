"""Trimming removes exactly the adapters and low-quality ends that were added."""

import gzip
import random
import shutil

import pytest

from readsight.errors import InputError
from readsight.reads import trimmomatic
from readsight.wiring.reads import ADAPTERS

needs_trimmomatic = pytest.mark.skipif(
    not (shutil.which("TrimmomaticPE") or shutil.which("trimmomatic")), reason="Trimmomatic is not on this machine"
)
COMPLEMENT = str.maketrans("ACGT", "TGCA")
SETTINGS = {"leading": 3, "trailing": 3, "window": 4, "window_quality": 15, "min_length": 36}
# What follows the insert in read 1 and in read 2 (TruSeq3).
AFTER = ("AGATCGGAAGAGCACACGTCTGAACTCCAGTCAC", "AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGTA")


def write_reads(path, reads):
    text = "".join(f"@{name}\n{bases}\n+\n{qualities}\n" for name, bases, qualities in reads)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def parse_reads(path):
    lines = gzip.open(path, "rt").read().splitlines()
    return {lines[i][1:]: (lines[i + 1], lines[i + 3]) for i in range(0, len(lines), 4)}


def run_trimming(tmp_path, fastqs, **changed):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    mode = "PE" if len(fastqs) == 2 else "SE"
    clean = [tmp_path / f"u.clean_{i + 1}.fastq.gz" for i in range(len(fastqs))]
    adapters = ADAPTERS / f"TruSeq3-{mode}.fa"
    trimmomatic.trim_reads("s.u", fastqs, adapters, SETTINGS | changed, clean, tmp_path / "trim.log", 1, 1000, scratch)
    return [parse_reads(path) for path in clean], (tmp_path / "trim.log").read_text()


def make_pair(rng, insert, length=100):
    """Mates of a fragment, which read into the adapters if it is shorter than a read."""
    bases = "".join(rng.choices("ACGT", k=insert))
    reverse = bases[::-1].translate(COMPLEMENT)
    filler = "".join(rng.choices("ACGT", k=length))
    return [(side + after + filler)[:length] for side, after in zip((bases, reverse), AFTER, strict=True)]


@needs_trimmomatic
@pytest.mark.parametrize("ending", [".fq", ".txt.gz"])
def test_read_through_is_cut_and_pairs_are_kept(tmp_path, ending):
    rng = random.Random(3)
    inserts = {f"r{i}": insert for i, insert in enumerate([50, 66, 80, 90, 97, 100, 250, 400])}
    mates = {name: make_pair(rng, insert) for name, insert in inserts.items()}
    files = [write_reads(tmp_path / f"m{m}{ending}", [(n, two[m], "I" * 100) for n, two in mates.items()]) for m in (0, 1)]
    clean, log = run_trimming(tmp_path, files)
    for m in (0, 1):
        assert list(clean[m]) == list(inserts)
        for name, insert in inserts.items():
            assert clean[m][name][0] == mates[name][m][: min(insert, 100)]
    assert trimmomatic.parse_survivors("PE", log) == (8, 8)
    assert str(tmp_path) not in log and "JAVA_TOOL_OPTIONS" not in log


@needs_trimmomatic
def test_a_read_whose_mate_is_dropped_goes_too(tmp_path):
    rng = random.Random(4)
    mates = {f"r{i}": make_pair(rng, 300) for i in range(4)}
    poor = {"r1": 0, "r2": 1}
    files = [
        write_reads(tmp_path / f"m{m}.fq", [(n, two[m], ("#" if poor.get(n) == m else "I") * 100) for n, two in mates.items()])
        for m in (0, 1)
    ]
    clean, log = run_trimming(tmp_path, files)
    assert list(clean[0]) == list(clean[1]) == ["r0", "r3"]
    assert trimmomatic.parse_survivors("PE", log) == (4, 2)


@needs_trimmomatic
def test_single_end_reads_lose_adapter_and_poor_tail(tmp_path):
    rng = random.Random(5)
    insert = "".join(rng.choices("ACGT", k=100))
    reads = [
        ("whole", insert, "I" * 100),
        ("adapter", (insert[:60] + AFTER[0] + insert)[:100], "I" * 100),
        ("tail", insert, "I" * 70 + "#" * 30),
        ("short", insert[:35], "I" * 35),
    ]
    (clean,), log = run_trimming(tmp_path, [write_reads(tmp_path / "s.fq", reads)])
    assert {name: len(bases) for name, (bases, _) in clean.items()} == {"whole": 100, "adapter": 60, "tail": 70}
    assert trimmomatic.parse_survivors("SE", log) == (4, 3)


@needs_trimmomatic
def test_dropping_all_reads_raises_an_error(tmp_path):
    files = [write_reads(tmp_path / f"m{m}.fq", [("r", "ACGT" * 25, "I" * 100)]) for m in (0, 1)]
    with pytest.raises(InputError, match="s.u: trimming dropped all of 1 pairs.*120 bases"):
        run_trimming(tmp_path, files, min_length=120)


def test_steps_follow_the_config_in_trimmomatic_order():
    assert trimmomatic.build_steps(SETTINGS, "a.fa") == [
        "ILLUMINACLIP:a.fa:2:30:10:2:True",
        "LEADING:3",
        "TRAILING:3",
        "SLIDINGWINDOW:4:15",
        "MINLEN:36",
    ]


@pytest.mark.parametrize(("program", "command"), [("TrimmomaticPE", ["TrimmomaticPE"]), ("trimmomatic", ["trimmomatic", "PE"])])
def test_installed_command_name_is_used(tmp_path, monkeypatch, program, command):
    (tmp_path / program).write_text("#!/bin/sh\n")
    (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert trimmomatic.find_program("PE") == command
