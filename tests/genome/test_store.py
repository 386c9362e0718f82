"""A genome as codes holds the FASTA's bases, case and contigs, and refuses what is no genome."""

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
from readsight.genome.store import REPEAT, Genome, build

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/dataset_genome.py"
FASTA = ">chr1 first\nACGTNacgtn\nRYSWKM\n\n>chr2\nggg\r\nCC\n"


@pytest.fixture
def built(tmp_path):
    def made(text: str | bytes, packed: bool = False) -> Genome:
        path = tmp_path / "genome.fa"
        data = text.encode() if isinstance(text, str) else text
        path.write_bytes(gzip.compress(data) if packed else data)
        build(path, tmp_path / "g.codes", tmp_path / "g.json")
        return Genome.open(tmp_path / "g.codes", tmp_path / "g.json")

    return made


@pytest.mark.parametrize("packed", [False, True])
def test_bases_case_and_contigs_of_the_fasta(built, packed):
    genome = built(FASTA, packed)
    assert genome.lengths == {"chr1": 16, "chr2": 5}
    assert decode(genome.contig("chr1")) == "ACGTNACGTNNNNNNN"
    assert decode(genome.contig("chr2")) == "GGGCC"
    assert (genome.raw & REPEAT != 0).tolist() == [False] * 5 + [True] * 5 + [False] * 6 + [True] * 3 + [False] * 2
    assert genome.masked


def test_a_genome_larger_than_a_block_is_the_same_as_in_one_piece(built, monkeypatch):
    draw = np.random.default_rng(1)
    contigs = {f"c{i}": "".join(draw.choice(list("ACGTacgtNn"), 3000 + i)) for i in range(3)}
    lines = "".join(
        f">{name}\n" + "\n".join(text[i : i + 61] for i in range(0, len(text), 61)) + "\n" for name, text in contigs.items()
    )
    monkeypatch.setattr("readsight.formats.fasta.BLOCK", 97)
    genome, whole = built(lines), Genome.of(contigs)
    assert np.array_equal(genome.raw, whole.raw) and genome.lengths == whole.lengths and genome.masked == whole.masked


@pytest.mark.parametrize("text", [">a\nACGT\n>b\nGG\n", ">a\nacgt\n>b\nnn\n"])
def test_one_case_throughout_tells_nothing_of_repeats(built, text):
    assert not built(text).masked


@pytest.mark.parametrize(
    "text, words",
    [
        (">chr1\nACGT\n>prot\nMKLVEFPQ\n", "contig 'prot' looks like a protein"),
        (">chr1\nACGU\n", "contig 'chr1' is RNA"),
        (">chr1\nAC-GT*\n", r"contig 'chr1' holds '\*', '-', which are no bases"),
        (">chr1\nA\n>chr1\nC\n", "'chr1' stands there twice"),
        (">chr1\nA\n>chr2\n>chr3\n", "'chr2' has no sequence"),
        ("", "empty"),
        ("ACGT\n", "not FASTA"),
    ],
)
def test_what_is_no_genome_is_refused_by_name(built, text, words):
    with pytest.raises(InputError, match=words):
        built(text)


def test_a_gzip_that_was_cut_off_is_told(tmp_path):
    path = tmp_path / "genome.fa.gz"
    path.write_bytes(gzip.compress(FASTA.encode() * 500)[:-30])
    with pytest.raises(InputError, match="damaged gzip"):
        build(path, tmp_path / "g.codes", tmp_path / "g.json")


def test_codes_and_table_of_two_genomes_do_not_go_together(built, tmp_path):
    built(FASTA)
    table = json.loads((tmp_path / "g.json").read_text())
    table["contigs"][0]["length"] += 1
    (tmp_path / "g.json").write_text(json.dumps(table))
    with pytest.raises(InputError, match="make both anew"):
        Genome.open(tmp_path / "g.codes", tmp_path / "g.json")


def test_contigs_of_another_naming_style_are_told_in_both_styles():
    genome = Genome.of({"chr1": "ACGT", "chrM": "AC"})
    assert genome.index(["chrM", "chr1"], "a.bed").tolist() == [1, 0]
    with pytest.raises(InputError, match="a.bed: contigs are named as '1' there but as 'chr1'"):
        genome.index(["1", "MT"], "a.bed")
    with pytest.raises(InputError, match="no contig 'scaffold_9'; it has 'chr1', 'chrM'"):
        genome.index(["scaffold_9"], "a.bed")


def test_a_genome_goes_to_another_process_as_its_files_names(built):
    genome = built(">a\n" + "ACGT" * 30_000 + "\n")
    packed = pickle.dumps(genome)
    assert len(packed) < 1000
    assert np.array_equal(pickle.loads(packed).raw, genome.raw)
    assert pickle.loads(pickle.dumps(Genome.of({"a": "AcG"}))).masked


def test_the_step_writes_both_files(tmp_path):
    fasta = tmp_path / "genome.fa"
    fasta.write_text(FASTA)

    class Named(list):
        def __init__(self, **files):
            super().__init__(files.values())
            self.items = files.items

    output = Named(codes=str(tmp_path / "out/g.codes"), contigs=str(tmp_path / "out/g.json"))
    fake = SimpleNamespace(
        rule="dataset_genome", input=Named(fasta=str(fasta)), output=output, log=[], params=SimpleNamespace(), wildcards=[],
        threads=1, resources=SimpleNamespace(),
    )  # fmt: skip
    runpy.run_path(str(SCRIPT), init_globals={"snakemake": fake}, run_name="__main__")
    assert Genome.open(*map(Path, output)).lengths == {"chr1": 16, "chr2": 5}
