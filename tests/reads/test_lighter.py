"""Error correction repairs planted errors, and keeps number and order of the reads."""

import gzip
import random
import shutil

import pytest

from readsight.reads import lighter

needs_lighter = pytest.mark.skipif(not shutil.which("lighter"), reason="lighter is not on this machine")


def read_bases(path):
    return gzip.open(path, "rt").read().splitlines()[1::4]


@needs_lighter
@pytest.mark.parametrize("ending", [".fq", ".anything.gz"])
def test_planted_errors_are_repaired(tmp_path, ending):
    rng = random.Random(2)
    genome = "".join(rng.choices("ACGT", k=5000))
    (tmp_path / "g.fai").write_text("a\t3000\t3\t60\t61\nb\t2000\t3\t60\t61\n")
    truth, errors = ([], []), 0
    files = [tmp_path / f"in{m}{ending}" for m in (1, 2)]
    for mate, file in enumerate(files):
        text = ""
        for i in range(1000):
            start = rng.randrange(4900)
            read = list(genome[start : start + 100])
            truth[mate].append("".join(read))
            if i % 10 == 0:
                position = rng.randrange(30, 70)
                read[position] = "CGTA"["ACGT".index(read[position])]
                errors += 1
            text += f"@r{i}\n{''.join(read)}\n+\n{'I' * 100}\n"
        file.write_bytes(gzip.compress(text.encode()) if ending.endswith("gz") else text.encode())

    runs = []
    for run in ("first", "second"):
        scratch = tmp_path / run
        scratch.mkdir()
        out = [scratch / "c_1.fastq.gz", scratch / "c_2.fastq.gz"]
        lighter.correct_reads(files, out, tmp_path / "g.fai", 17, 1, scratch)
        runs.append([read_bases(path) for path in out])
    assert runs[0] == runs[1]
    remaining = sum(read != true_read for mate in (0, 1) for read, true_read in zip(runs[0][mate], truth[mate], strict=True))
    assert errors == 200 and remaining < 10


def test_genome_size_is_the_sum_of_the_contigs(tmp_path):
    (tmp_path / "g.fai").write_text("a\t3000\t3\t60\t61\nb\t2000\t3\t60\t61\n")
    assert lighter.read_genome_size(tmp_path / "g.fai") == 5000
