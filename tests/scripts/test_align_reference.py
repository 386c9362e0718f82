"""Any genome FASTA becomes upper case A C G T N with a valid index; files that are not genomes are refused."""

import gzip
import hashlib
import random
import shutil
import subprocess

import pytest

from readsight.errors import InputError
from readsight.formats import fasta


@pytest.fixture
def normalise(tmp_path):
    def normalise_content(content, zipped=False):
        source = tmp_path / "given.fa"
        data = content if isinstance(content, bytes) else content.encode()
        source.write_bytes(gzip.compress(data) if zipped else data)
        fasta.normalise(source, tmp_path / "genome.fa", tmp_path / "genome.fa.fai", tmp_path / "genome.dict")
        return tmp_path

    return normalise_content


def read_contigs(path):
    """Name → sequence, by an independent simple parser."""
    sequences = {}
    for record in path.read_text().split(">")[1:]:
        name, _, lines = record.partition("\n")
        sequences[name] = lines.replace("\n", "")
    return sequences


def test_lower_case_is_raised_and_ambiguity_becomes_n(normalise):
    out = normalise(">chr1 a description\nacgtNnRyswkmbdhvXx\n>chr2\nACGT\n")
    assert read_contigs(out / "genome.fa") == {"chr1": "ACGT" + "N" * 14, "chr2": "ACGT"}


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("block", [1, 7, 100, 1 << 22])
def test_the_form_of_the_file_does_not_matter(normalise, monkeypatch, zipped, ending, block):
    monkeypatch.setattr(fasta, "BLOCK", block)
    rng = random.Random(block)
    expected = {f"c{i}": "".join(rng.choices("ACGTN", k=length)) for i, length in enumerate([1, 59, 60, 61, 120, 500])}
    text = ""
    for i, (name, sequence) in enumerate(expected.items()):
        width = rng.choice([10, 60, 1000])
        lines = [sequence[j : j + width] for j in range(0, len(sequence), width)]
        text += ending.join([f">{name}", *lines, ""]) + ending * (i % 2)
    assert read_contigs(normalise(text, zipped) / "genome.fa") == expected


def test_index_and_dictionary_are_those_of_samtools(normalise):
    if not shutil.which("samtools"):
        pytest.skip("samtools is not on this machine")
    rng = random.Random(1)
    text = "".join(f">c{n}\n{''.join(rng.choices('acgtN', k=n))}\n" for n in (1, 60, 61, 1234))
    out = normalise(text)
    ours = (out / "genome.fa.fai").read_text()
    subprocess.run(["samtools", "faidx", "genome.fa", "--fai-idx", "theirs.fai"], cwd=out, check=True)
    assert ours == (out / "theirs.fai").read_text()
    dictionary = subprocess.run(["samtools", "dict", "genome.fa"], cwd=out, check=True, capture_output=True, text=True).stdout
    theirs = ["\t".join(line.split("\t")[:4]) for line in dictionary.splitlines() if line.startswith("@SQ")]
    assert (out / "genome.dict").read_text().splitlines()[1:] == theirs


def test_checksums_are_of_the_normalised_bases(normalise):
    out = normalise(">a\nacgr\n")
    assert f"M5:{hashlib.md5(b'ACGN').hexdigest()}" in (out / "genome.dict").read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty; a reference genome in FASTA format is needed"),
        ("\n\n", "empty; a reference genome"),
        (">a\nAC\n>b\nAC\n>a\nGT\n", "contig 'a' occurs twice"),
        (">a\n>b\nAC\n", "contig 'a' has no sequence"),
        (">a\nAC\n>b\n", "contig 'b' has no sequence"),
        (">\nAC\n", "a contig has no name after its '>'"),
        ("chr1\t100\tA\n", "not FASTA: it does not begin with a line like '>chr1'"),
        (">p\nMKVLEEPIQF\n", "looks like a protein ('E', 'F', 'I', 'L', 'P', 'Q')"),
        (">r\nACGU\n", "is RNA"),
        (">g\nAC--GT\n", "contig 'g' holds '-', which is not a base"),
        (">a,b\nACGT\n", "'a,b' has a character that is not allowed in SAM files"),
    ],
)
def test_what_is_not_a_genome_is_refused(normalise, content, message):
    with pytest.raises(InputError) as error:
        normalise(content)
    assert message in str(error.value) and "given.fa" in str(error.value)


def test_a_gzip_file_cut_off_is_refused(tmp_path):
    rng = random.Random(1)
    data = gzip.compress(f">a\n{''.join(rng.choices('ACGT', k=5000))}\n".encode())
    source = tmp_path / "given.fa.gz"
    source.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="damaged gzip file"):
        fasta.normalise(source, tmp_path / "a", tmp_path / "b", tmp_path / "c")
