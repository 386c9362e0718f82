"""Motifs in MEME format: reading, writing, and complete reports of faults."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from readsight.errors import InputError
from readsight.interpret.motifs import meme, pwm
from readsight.interpret.motifs.meme import NamedMotif
from readsight.simulate.motifs import read_meme

ROOT = Path(__file__).parents[3]
HEAD = "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\n"
GOOD = (
    HEAD + "MOTIF MA1.1 Arnt\nletter-probability matrix: alength= 4 w= 2 nsites= 20 E= 0\n 0.5 0.5 0 0\n0\t0\t1e-1\t0.9\nURL x\n"
)


def read_faults(path: Path, text: str | bytes) -> list[str]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as error:
        meme.read(path)
    return error.value.faults


def test_motif_fields_and_matrix_are_read(tmp_path):
    (tmp_path / "m.meme").write_text(GOOD + "\nMOTIF two\nletter-probability matrix:\n0.2 0.2 0.2 0.399\n\nfree text\n")
    one, two = meme.read(tmp_path / "m.meme")
    assert (one.name, one.alias, one.sites, one.label, len(one)) == ("MA1.1", "Arnt", 20, "Arnt (MA1.1)", 2)
    np.testing.assert_allclose(one.matrix, [[0.5, 0.5, 0, 0], [0, 0, 0.1, 0.9]])
    assert (two.label, two.sites) == ("two", 0) and two.matrix.sum() == pytest.approx(1)
    np.testing.assert_array_equal(one.reverse_complement().matrix, [[0.9, 0.1, 0, 0], [0, 0, 0.5, 0.5]])


def test_written_motifs_read_back_also_gzipped_or_empty(tmp_path):
    rng = np.random.default_rng(1)
    motifs = [NamedMotif(f"m{i}", rng.dirichlet(np.ones(4), 5 + i), "alias" * (i % 2), 7 * i) for i in range(4)]
    meme.write(tmp_path / "m.meme", motifs)
    (tmp_path / "m.meme.gz").write_bytes(gzip.compress((tmp_path / "m.meme").read_bytes()))
    for name in ("m.meme", "m.meme.gz"):
        for written, read in zip(motifs, meme.read(tmp_path / name), strict=True):
            assert (written.name, written.alias, written.sites) == (read.name, read.alias, read.sites)
            np.testing.assert_allclose(written.matrix, read.matrix, atol=2e-6)
    meme.write(tmp_path / "none.meme", [])
    assert meme.read(tmp_path / "none.meme", empty=True) == []
    assert read_faults(tmp_path / "none.meme", (tmp_path / "none.meme").read_bytes()) == [
        f"{tmp_path}/none.meme: contains no motif"
    ]


def test_demo_motifs_equal_those_of_the_simulation():
    for name in ("factors", "splice"):
        path = ROOT / "resources/motifs" / f"{name}.meme"
        planted = read_meme(path)
        for motif in meme.read(path):
            np.testing.assert_allclose(motif.matrix, planted[motif.name].probabilities, atol=4e-3)  # with a pseudocount
        assert len(meme.read(path)) == len(planted)


@pytest.mark.skipif("READSIGHT_REAL_DATA" not in os.environ, reason="no real data here")
@pytest.mark.parametrize(("name", "count"), [("hocomoco_v12_core", 1443), ("jaspar_2024_clusters", 182)])
def test_public_databases_are_read_completely(name, count):
    motifs = meme.read(Path(os.environ["READSIGHT_REAL_DATA"]) / f"motifs/{name}.meme.gz")
    assert len(motifs) == len({motif.name for motif in motifs}) == count


def test_all_faults_are_reported_with_lines(tmp_path):
    text = HEAD + "MOTIF a\nletter-probability matrix: alength= 4 w= 3\n12 3 4 5\n0.1 0.2 0.7\n.25 .25 .25 .25\n"
    text += "MOTIF a\nletter-probability matrix: w= 2\n1 0 0 0\nMOTIF b\nMOTIF\nletter-probability matrix: alength= 20\n1 0 0 x\n"
    reported = read_faults(tmp_path / "bad.meme", text)
    for line, phrase in (
        (9, "sums to 24"),
        (10, "four numbers"),
        (12, "twice, first in line 7"),
        (12, "but w= 2"),
        (15, "has no matrix"),
    ):
        assert any(f"line {line}:" in fault and phrase in fault for fault in reported), (line, phrase, reported)
    assert any("has no name" in fault for fault in reported) and any("four columns" in fault for fault in reported)


def test_files_without_meme_format_are_refused(tmp_path):
    path = tmp_path / "x.meme"
    assert "MEME version" in read_faults(path, ">chr1\nACGT\n")[0]
    assert "alphabet is 'ACDEFGHIKLMNPQRSTVWY'" in read_faults(path, GOOD.replace("= ACGT", "= ACDEFGHIKLMNPQRSTVWY"))[0]
    assert "truncated" in read_faults(path, gzip.compress(GOOD.encode() * 50)[:-30])[0]
    assert "not text" in read_faults(path, bytes(range(255)))[0]
    many = read_faults(path, HEAD + "".join(f"MOTIF m{i}\n" for i in range(60)))
    assert len(many) == meme.MAX_FAULTS + 1 and "40 more faults" in many[-1]
    with pytest.raises(InputError, match="No such file"):
        meme.read(tmp_path / "absent.meme")


def test_consensus_information_and_core_of_a_matrix():
    matrix = np.array([[1, 0, 0, 0], [0.5, 0, 0.5, 0], [0.25, 0.25, 0.25, 0.25], [0, 0.1, 0.1, 0.8]])
    assert pwm.spell_iupac(matrix) == "ARNT"
    np.testing.assert_allclose(pwm.compute_information(matrix)[:3], [2, 1, 0], atol=1e-9)
    assert pwm.spell_consensus(matrix) == "AANT" and pwm.encode_consensus(matrix).tolist() == [0, 0, 4, 3]
    assert pwm.find_core(np.array([0.1, 0.4, 1, 0.2, 0.3, 0]), 0.3) == (1, 5)
    assert pwm.find_core(np.array([0.1, 0.4, 1, 0.2, 0.3, 0]), 0.3, 2) == (0, 6)
