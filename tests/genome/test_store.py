"""Genome codes preserve bases, case and contigs of the FASTA; invalid genomes are refused."""

import gzip
import json
import pickle
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from readsight.errors import InputError
from readsight.genome.codes import decode
from readsight.genome.store import REPEAT, Genome, build_genome

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/dataset_genome.py"
FASTA = ">chr1 first\nACGTNacgtn\nRYSWKM\n\n>chr2\nggg\r\nCC\n"


@pytest.fixture
def build_from_text(tmp_path):
    def build_store(text: str | bytes, compressed: bool = False) -> Genome:
        path = tmp_path / "genome.fa"
        data = text.encode() if isinstance(text, str) else text
        path.write_bytes(gzip.compress(data) if compressed else data)
        build_genome(path, tmp_path / "g.codes", tmp_path / "g.json")
        return Genome.open(tmp_path / "g.codes", tmp_path / "g.json")

    return build_store


@pytest.mark.parametrize("compressed", [False, True])
def test_bases_case_and_contigs_match_the_fasta(build_from_text, compressed):
    genome = build_from_text(FASTA, compressed)
    assert genome.lengths == {"chr1": 16, "chr2": 5}
    assert decode(genome.get_contig("chr1")) == "ACGTNACGTNNNNNNN"
    assert decode(genome.get_contig("chr2")) == "GGGCC"
    assert (genome.raw & REPEAT != 0).tolist() == [False] * 5 + [True] * 5 + [False] * 6 + [True] * 3 + [False] * 2
    assert genome.masked


def test_block_size_does_not_change_the_genome(build_from_text, monkeypatch):
    rng = np.random.default_rng(1)
    contigs = {f"c{i}": "".join(rng.choice(list("ACGTacgtNn"), 3000 + i)) for i in range(3)}
    lines = "".join(
        f">{name}\n" + "\n".join(text[i : i + 61] for i in range(0, len(text), 61)) + "\n" for name, text in contigs.items()
    )
    monkeypatch.setattr("readsight.formats.fasta.BLOCK", 97)
    genome, expected = build_from_text(lines), Genome.from_text(contigs)
    assert np.array_equal(genome.raw, expected.raw) and genome.lengths == expected.lengths and genome.masked == expected.masked


@pytest.mark.parametrize("text", [">a\nACGT\n>b\nGG\n", ">a\nacgt\n>b\nnn\n"])
def test_single_case_genome_is_not_masked(build_from_text, text):
    assert not build_from_text(text).masked


@pytest.mark.parametrize(
    "text, message",
    [
        (">chr1\nACGT\n>prot\nMKLVEFPQ\n", "contig 'prot' looks like a protein"),
        (">chr1\nACGU\n", "contig 'chr1' is RNA"),
        (">chr1\nAC-GT*\n", r"contig 'chr1' holds '\*', '-', which are not bases"),
        (">chr1\nA\n>chr1\nC\n", "'chr1' occurs twice"),
        (">chr1\nA\n>chr2\n>chr3\n", "'chr2' has no sequence"),
        ("", "empty"),
        ("ACGT\n", "not FASTA"),
    ],
)
def test_invalid_genomes_are_refused_by_name(build_from_text, text, message):
    with pytest.raises(InputError, match=message):
        build_from_text(text)


def test_truncated_gzip_is_reported(tmp_path):
    path = tmp_path / "genome.fa.gz"
    path.write_bytes(gzip.compress(FASTA.encode() * 500)[:-30])
    with pytest.raises(InputError, match="damaged gzip"):
        build_genome(path, tmp_path / "g.codes", tmp_path / "g.json")


def test_mismatched_codes_and_table_are_refused(build_from_text, tmp_path):
    build_from_text(FASTA)
    table = json.loads((tmp_path / "g.json").read_text())
    table["contigs"][0]["length"] += 1
    (tmp_path / "g.json").write_text(json.dumps(table))
    with pytest.raises(InputError, match="build both again"):
        Genome.open(tmp_path / "g.codes", tmp_path / "g.json")


def test_contig_naming_styles_are_both_reported():
    genome = Genome.from_text({"chr1": "ACGT", "chrM": "AC"})
    assert genome.index_contigs(["chrM", "chr1"], "a.bed").tolist() == [1, 0]
    with pytest.raises(InputError, match="a.bed: contigs are named as '1' there but as 'chr1'"):
        genome.index_contigs(["1", "MT"], "a.bed")
    with pytest.raises(InputError, match="no contig 'scaffold_9'; it has 'chr1', 'chrM'"):
        genome.index_contigs(["scaffold_9"], "a.bed")


def test_pickled_genome_holds_only_file_names(build_from_text):
    genome = build_from_text(">a\n" + "ACGT" * 30_000 + "\n")
    packed = pickle.dumps(genome)
    assert len(packed) < 1000
    assert np.array_equal(pickle.loads(packed).raw, genome.raw)
    assert pickle.loads(pickle.dumps(Genome.from_text({"a": "AcG"}))).masked


def test_the_step_writes_both_files(tmp_path):
    fasta = tmp_path / "genome.fa"
    fasta.write_text(FASTA)

    class StoreFiles(list):
        def __init__(self, **files):
            super().__init__(files.values())
            self.items = files.items

    output = StoreFiles(codes=str(tmp_path / "out/g.codes"), contigs=str(tmp_path / "out/g.json"))
    fake = SimpleNamespace(
        rule="dataset_genome", input=StoreFiles(fasta=str(fasta)), output=output, log=[], params=SimpleNamespace(), wildcards=[],
        threads=1, resources=SimpleNamespace(),
    )  # fmt: skip
    runpy.run_path(str(SCRIPT), init_globals={"snakemake": fake}, run_name="__main__")
    assert Genome.open(*map(Path, output)).lengths == {"chr1": 16, "chr2": 5}
