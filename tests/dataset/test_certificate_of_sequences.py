"""The certificate of sequences: leakage by kind, as it is; nothing is certified that crosses sides; its figure."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

import dataset_plot
import dataset_split
import kindred
from readsight.dataset.certificate import verify
from readsight.dataset.fold_file import Sequence
from readsight.dataset.homology import of_examples
from readsight.genome.codes import encode, reverse_complement
from readsight.report.figure_style import new

REAL = Path(os.environ.get("READSIGHT_REAL_DATA", Path(__file__).resolve().parents[3] / "shared/data"))


@pytest.fixture(scope="module")
def leaking():
    """120 sequences; of 40 to test on, 10 stand in training, 5 reverse-complemented, 8 alike, 4 overlap one there."""
    train = kindred.random(80, 100, 1)
    test = kindred.random(40, 100, 2)
    test[:10] = train[:10]
    test[10:15] = reverse_complement(train[10:15])
    test[15:23] = kindred.mutated(train[15:23], 0.9, 3)
    start = 1000 * np.arange(120)
    start[80 + 23 : 80 + 27] = start[40:44] + 80
    split = np.array(["train"] * 80 + ["test"] * 40)
    places = {"chrom": "chr1", "start": start, "end": start + 100}
    return kindred.examples(np.concatenate([train, test]), split=split, label=np.arange(120) % 2, **places)


def test_a_given_split_is_kept_and_its_leaks_are_counted_kind_by_kind(leaking, tmp_path):
    files = kindred.fold(tmp_path, leaking, kindred.GIVEN)
    found = json.loads(files["certificate"].read_text())
    own = found["given"]
    expected = {"same_group": 0, "exact": 10, "reverse_complement": 5, "near": 8, "overlap": 4, "related": 27}
    assert own["kinds"] == expected and own["leaked"] == [f"e{i}" for i in range(80, 107)]
    assert own["fraction"] == 27 / 40 == found["leakage"]["split"]["related"] and found["certified"]
    assert found["duplicates"] == {"exact": 10, "reverse_complement": 5}
    rows = {row["key"]: row["value"] for row in json.loads(files["summary"].read_text())}
    assert rows["dataset.t.given.leaked"] == 27 / 40 and rows["dataset.t.leakage.reverse_complement"] == 5 / 40
    assert rows["dataset.t.leakage.overlap"] == 0.1 and rows["dataset.t.largest_cluster"] == 2


@pytest.mark.parametrize("kind", ["exact", "reverse_complement", "near", "overlap"])
@pytest.mark.parametrize(("one", "other"), [("test", "train"), ("test", "validation"), ("validation", "train")])
def test_one_pair_across_any_two_sides_is_not_certified(kind, one, other):
    codes = kindred.random(60, 100, 4)
    start = 1000 * np.arange(60)
    if kind == "overlap":
        start[1] = start[0] + 99
    else:
        codes[1] = {"exact": codes[0], "reverse_complement": reverse_complement(codes[0])}.get(kind, codes[1])
        codes[1] = kindred.mutated(codes[:1], 0.85, 5)[0] if kind == "near" else codes[1]
    data = kindred.examples(codes, chrom="chr1", start=start, end=start + 100)
    kin = of_examples(codes, data.obs, Sequence(100), 0.8, 0.6)
    table = dataset_split.divide(data, kindred.SPLIT, 1, kin.pairs, kin)
    good = dataset_split.examine_sequences(data, table, kindred.SPLIT, 1, kin)
    assert good["certified"] and good["reason"] == ""
    table.iloc[0, 1], table.iloc[1, 1] = one, other
    found = dataset_split.examine_sequences(data, table, kindred.SPLIT, 1, kin)
    assert not found["certified"] and kind in found["reason"]
    table.iloc[1, 1] = ""
    assert dataset_split.examine_sequences(data, table, kindred.SPLIT, 1, kin)["certified"], "what is left out leaks nothing"


def test_an_uncertified_split_is_not_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset_split, "divide", divided_at_random)
    with pytest.raises(Exception, match="not certified: examples on both sides share: .*near"):
        kindred.fold(tmp_path, kindred.examples(kindred.families(20, 4)))


def divided_at_random(data, spec, seed, near, kin):
    table = dataset_split.SPLITS["homology"].groups(data.obs, spec).to_frame()
    return table.assign(**{"repeat0.fold0": np.array(["train", "validation", "test"])[np.arange(data.n_obs) % 3]})


def test_what_the_certificate_says_of_the_search_and_the_sides(tmp_path):
    codes = np.concatenate([kindred.families(20, 3), kindred.random(60, 80, 6)])
    files = kindred.fold(tmp_path, kindred.examples(codes))
    found = verify(files["certificate"], files["examples"], files["split"])
    assert found["search"]["identity"] == 0.8 and found["search"]["coverage"] == 0.6 and found["search"]["seeds"]
    assert found["clusters"]["near"] == {"count": 80, "largest": 3, "sizes": [[1, 60], [3, 20]]}
    assert found["groups"]["count"] == 80 and found["left_out"] == []
    gc = np.isin(codes, (1, 2)).mean(axis=1)
    assert all(abs(row["difference"]) < 1 and abs(row["test"] - gc.mean()) < 0.1 for row in found["gc"])
    rows = {row["key"] for row in json.loads(files["summary"].read_text())}
    assert {"dataset.t.leakage.random", "dataset.t.leakage.near", "dataset.t.gc.difference"} <= rows


def test_the_same_seed_gives_the_same_bytes(tmp_path, leaking):
    one, other = (kindred.fold(tmp_path / name, leaking, kindred.SPLIT) for name in "ab")
    for name in ("split", "certificate", "summary", "train", "validation", "test", "balanced"):
        assert one[name].read_bytes() == other[name].read_bytes(), name


@pytest.mark.parametrize("by", ["homology", "given", "chromosome"])
def test_bars_are_the_certificates_numbers(tmp_path, leaking, by):
    data = leaking.copy()
    data.obs["chrom"] = np.array(["chr1", "chr2", "chr3", "chr4"])[np.arange(120) // 2 % 4]
    spec = {"homology": kindred.SPLIT, "given": kindred.GIVEN, "chromosome": kindred.CHROMOSOME}[by]
    files = kindred.fold(tmp_path, data, spec)
    found = json.loads(files["certificate"].read_text())
    _, (left, middle, right) = new(1, 3)
    dataset_plot.draw_roles(left, found)
    dataset_plot.draw_clusters(middle, found)
    dataset_plot.draw_leakage(right, found)
    assert len(left.containers) == 2
    for bars in zip(*left.containers, strict=True):
        assert sum(bar.get_height() for bar in bars) == pytest.approx(100)
    assert sum(bar.get_height() for bar in middle.containers[0]) == pytest.approx(100)
    kinds = ["exact", "reverse_complement", "near", "overlap"]
    drawn = {bars.get_label(): [bar.get_height() for bar in bars] for bars in right.containers}
    side = "given split" if by == "given" else "this split"
    assert drawn[side] == [100 * found["leakage"]["split"][kind] for kind in kinds]
    words = middle.texts[-1].get_text()
    assert ("left out" in words) == (by == "chromosome") and "80 % identity over 60 %" in words
    dataset_plot.main(files["certificate"], tmp_path / "certificate.svg")
    assert "<svg" in (tmp_path / "certificate.svg").read_text()


@pytest.mark.skipif(not (REAL / "sequences").is_dir(), reason=f"no real data at {REAL}")
def test_half_of_the_published_test_enhancers_stand_in_training(tmp_path):
    letters, labels, split = [], [], []
    for name, label, side in (
        ("enhancer.cv", 1, "train"),
        ("non.cv", 0, "train"),
        ("enhancer.ind", 1, "test"),
        ("non.ind", 0, "test"),
    ):
        records = (REAL / f"sequences/ienhancer2L/{name}.txt").read_text().split(">")[1:]
        own = ["".join(line.strip() for line in record.splitlines()[1:]) for record in records]
        letters, labels, split = letters + own, labels + [label] * len(own), split + [side] * len(own)
    codes = np.stack([encode(own) for own in letters])
    data = kindred.examples(codes, label=np.array(labels), split=np.array(split))
    kin = dataset_split.relatives(data, kindred.GIVEN)
    table = dataset_split.divide(data, kindred.GIVEN, 1, kin.pairs, kin)
    own = dataset_split.examine_sequences(data, table, kindred.GIVEN, 1, kin)["given"]
    assert own["test"] == 400 and own["kinds"]["exact"] == 100 and own["kinds"]["near"] > 10
    leaked = np.isin(data.obs_names, own["leaked"])
    assert (leaked & (data.obs["label"] == 1)).sum() >= 100, "100 of the 200 enhancers"
