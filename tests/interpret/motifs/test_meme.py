"""Motifs in MEME format: what is read is what is meant, what is written reads back, faults are told all at once."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from readsight.errors import InputError
from readsight.interpret.motifs import meme, pwm
from readsight.interpret.motifs.meme import Known
from readsight.simulate.motifs import read_meme

ROOT = Path(__file__).parents[3]
HEAD = "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\n"
GOOD = (
    HEAD + "MOTIF MA1.1 Arnt\nletter-probability matrix: alength= 4 w= 2 nsites= 20 E= 0\n 0.5 0.5 0 0\n0\t0\t1e-1\t0.9\nURL x\n"
)


def faults(path: Path, text: str | bytes) -> list[str]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as error:
        meme.read(path)
    return error.value.faults


def test_a_motif_has_name_alias_sites_and_rows_that_sum_to_1(tmp_path):
    (tmp_path / "m.meme").write_text(GOOD + "\nMOTIF two\nletter-probability matrix:\n0.2 0.2 0.2 0.399\n\nfree words\n")
    one, two = meme.read(tmp_path / "m.meme")
    assert (one.name, one.alias, one.sites, one.label, len(one)) == ("MA1.1", "Arnt", 20, "Arnt (MA1.1)", 2)
    np.testing.assert_allclose(one.matrix, [[0.5, 0.5, 0, 0], [0, 0, 0.1, 0.9]])
    assert (two.label, two.sites) == ("two", 0) and two.matrix.sum() == pytest.approx(1)
    np.testing.assert_array_equal(one.turned().matrix, [[0.9, 0.1, 0, 0], [0, 0, 0.5, 0.5]])


def test_what_is_written_reads_back_gzip_too_and_none_is_a_valid_file(tmp_path):
    draw = np.random.default_rng(1)
    motifs = [Known(f"m{i}", draw.dirichlet(np.ones(4), 5 + i), "alias" * (i % 2), 7 * i) for i in range(4)]
    meme.write(tmp_path / "m.meme", motifs)
    (tmp_path / "m.meme.gz").write_bytes(gzip.compress((tmp_path / "m.meme").read_bytes()))
    for name in ("m.meme", "m.meme.gz"):
        for given, read in zip(motifs, meme.read(tmp_path / name), strict=True):
            assert (given.name, given.alias, given.sites) == (read.name, read.alias, read.sites)
            np.testing.assert_allclose(given.matrix, read.matrix, atol=2e-6)
    meme.write(tmp_path / "none.meme", [])
    assert meme.read(tmp_path / "none.meme", empty=True) == []
    assert faults(tmp_path / "none.meme", (tmp_path / "none.meme").read_bytes()) == [
        f"{tmp_path}/none.meme: there is no motif in it"
    ]


def test_the_demo_s_own_motifs_are_as_the_simulation_reads_them():
    for name in ("factors", "splice"):
        path = ROOT / "resources/motifs" / f"{name}.meme"
        planted = read_meme(path)
        for one in meme.read(path):
            np.testing.assert_allclose(one.matrix, planted[one.name].probabilities, atol=4e-3)  # with its pseudo-probability
        assert len(meme.read(path)) == len(planted)


@pytest.mark.skipif("READSIGHT_REAL_DATA" not in os.environ, reason="no real data here")
@pytest.mark.parametrize(("name", "count"), [("hocomoco_v12_core", 1443), ("jaspar_2024_clusters", 182)])
def test_databases_are_read_whole(name, count):
    motifs = meme.read(Path(os.environ["READSIGHT_REAL_DATA"]) / f"motifs/{name}.meme.gz")
    assert len(motifs) == len({one.name for one in motifs}) == count


def test_all_faults_are_told_at_once_with_their_lines(tmp_path):
    text = HEAD + "MOTIF a\nletter-probability matrix: alength= 4 w= 3\n12 3 4 5\n0.1 0.2 0.7\n.25 .25 .25 .25\n"
    text += "MOTIF a\nletter-probability matrix: w= 2\n1 0 0 0\nMOTIF b\nMOTIF\nletter-probability matrix: alength= 20\n1 0 0 x\n"
    found = faults(tmp_path / "bad.meme", text)
    for line, words in (
        (9, "sums to 24"),
        (10, "four numbers"),
        (12, "twice, first in line 7"),
        (12, "says w= 2"),
        (15, "has no matrix"),
    ):
        assert any(f"line {line}:" in fault and words in fault for fault in found), (line, words, found)
    assert any("has no name" in fault for fault in found) and any("four columns" in fault for fault in found)


def test_files_that_are_no_motifs_are_refused(tmp_path):
    path = tmp_path / "x.meme"
    assert "MEME version" in faults(path, ">chr1\nACGT\n")[0]
    assert "alphabet is 'ACDEFGHIKLMNPQRSTVWY'" in faults(path, GOOD.replace("= ACGT", "= ACDEFGHIKLMNPQRSTVWY"))[0]
    assert "cut short" in faults(path, gzip.compress(GOOD.encode() * 50)[:-30])[0]
    assert "no text" in faults(path, bytes(range(255)))[0]
    many = faults(path, HEAD + "".join(f"MOTIF m{i}\n" for i in range(60)))
    assert len(many) == meme.MOST_SHOWN + 1 and "40 faults more" in many[-1]
    with pytest.raises(InputError, match="No such file"):
        meme.read(tmp_path / "absent.meme")


def test_letters_information_and_core_of_a_matrix():
    matrix = np.array([[1, 0, 0, 0], [0.5, 0, 0.5, 0], [0.25, 0.25, 0.25, 0.25], [0, 0.1, 0.1, 0.8]])
    assert pwm.consensus(matrix) == "ARNT"
    np.testing.assert_allclose(pwm.information(matrix)[:3], [2, 1, 0], atol=1e-9)
    assert pwm.spelled(matrix) == "AANT" and pwm.word(matrix).tolist() == [0, 0, 4, 3]
    assert pwm.core(np.array([0.1, 0.4, 1, 0.2, 0.3, 0]), 0.3) == (1, 5)
    assert pwm.core(np.array([0.1, 0.4, 1, 0.2, 0.3, 0]), 0.3, 2) == (0, 6)
