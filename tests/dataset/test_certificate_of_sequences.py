"""Certificate of sequences: leakage by kind, refusal of leaking splits, and the figure."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

import dataset_plot
import dataset_split
import kindred
from readsight.dataset.certificate import verify_split
from readsight.dataset.fold_file import SequenceLayout
from readsight.dataset.homology import find_relatives
from readsight.genome.codes import encode, reverse_complement
from readsight.report.figure_style import new_figure

REAL = Path(os.environ.get("READSIGHT_REAL_DATA", Path(__file__).resolve().parents[3] / "shared/data"))


@pytest.fixture(scope="module")
def leaky_examples():
    """120 sequences; of 40 test examples, training has 10 copies, 5 reverse complements, 8 similar and 4 overlapping ones."""
    train = kindred.random_codes(80, 100, 1)
    test = kindred.random_codes(40, 100, 2)
    test[:10] = train[:10]
    test[10:15] = reverse_complement(train[10:15])
    test[15:23] = kindred.mutate_codes(train[15:23], 0.9, 3)
    start = 1000 * np.arange(120)
    start[80 + 23 : 80 + 27] = start[40:44] + 80
    split = np.array(["train"] * 80 + ["test"] * 40)
    positions = {"chrom": "chr1", "start": start, "end": start + 100}
    return kindred.make_examples(np.concatenate([train, test]), split=split, label=np.arange(120) % 2, **positions)


def test_given_split_is_kept_and_leaks_are_counted_by_kind(leaky_examples, tmp_path):
    files = kindred.write_folds(tmp_path, leaky_examples, kindred.GIVEN)
    findings = json.loads(files["certificate"].read_text())
    given = findings["given"]
    expected = {"same_group": 0, "exact": 10, "reverse_complement": 5, "near": 8, "overlap": 4, "related": 27}
    assert given["kinds"] == expected and given["leaked"] == [f"e{i}" for i in range(80, 107)]
    assert given["fraction"] == 27 / 40 == findings["leakage"]["split"]["related"] and findings["certified"]
    assert findings["duplicates"] == {"exact": 10, "reverse_complement": 5}
    rows = {row["key"]: row["value"] for row in json.loads(files["summary"].read_text())}
    assert rows["dataset.t.given.leaked"] == 27 / 40 and rows["dataset.t.leakage.reverse_complement"] == 5 / 40
    assert rows["dataset.t.leakage.overlap"] == 0.1 and rows["dataset.t.largest_cluster"] == 2


@pytest.mark.parametrize("kind", ["exact", "reverse_complement", "near", "overlap"])
@pytest.mark.parametrize(("first", "second"), [("test", "train"), ("test", "validation"), ("validation", "train")])
def test_single_related_pair_across_sides_is_not_certified(kind, first, second):
    codes = kindred.random_codes(60, 100, 4)
    start = 1000 * np.arange(60)
    if kind == "overlap":
        start[1] = start[0] + 99
    else:
        codes[1] = {"exact": codes[0], "reverse_complement": reverse_complement(codes[0])}.get(kind, codes[1])
        codes[1] = kindred.mutate_codes(codes[:1], 0.85, 5)[0] if kind == "near" else codes[1]
    data = kindred.make_examples(codes, chrom="chr1", start=start, end=start + 100)
    relatives = find_relatives(codes, data.obs, SequenceLayout(100), 0.8, 0.6)
    table = dataset_split.divide_examples(data, kindred.SPLIT, 1, relatives.pairs, relatives)
    good = dataset_split.examine_sequences(data, table, kindred.SPLIT, 1, relatives)
    assert good["certified"] and good["reason"] == ""
    table.iloc[0, 1], table.iloc[1, 1] = first, second
    findings = dataset_split.examine_sequences(data, table, kindred.SPLIT, 1, relatives)
    assert not findings["certified"] and kind in findings["reason"]
    table.iloc[1, 1] = ""
    assert dataset_split.examine_sequences(data, table, kindred.SPLIT, 1, relatives)["certified"], (
        "excluded examples leak nothing"
    )


def test_uncertified_split_is_refused_by_the_fold_step(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset_split, "divide_examples", divide_at_random)
    with pytest.raises(Exception, match="not certified: examples on both sides share: .*near"):
        kindred.write_folds(tmp_path, kindred.make_examples(kindred.make_families(20, 4)))


def divide_at_random(data, spec, seed, near_pairs, relatives):
    table = dataset_split.SPLITS["homology"].assign_groups(data.obs, spec).to_frame()
    return table.assign(**{"repeat0.fold0": np.array(["train", "validation", "test"])[np.arange(data.n_obs) % 3]})


def test_certificate_describes_search_and_sides(tmp_path):
    codes = np.concatenate([kindred.make_families(20, 3), kindred.random_codes(60, 80, 6)])
    files = kindred.write_folds(tmp_path, kindred.make_examples(codes))
    findings = verify_split(files["certificate"], files["examples"], files["split"])
    assert findings["search"]["identity"] == 0.8 and findings["search"]["coverage"] == 0.6 and findings["search"]["seeds"]
    assert findings["clusters"]["near"] == {"count": 80, "largest": 3, "sizes": [[1, 60], [3, 20]]}
    assert findings["groups"]["count"] == 80 and findings["left_out"] == []
    gc = np.isin(codes, (1, 2)).mean(axis=1)
    assert all(abs(row["difference"]) < 1 and abs(row["test"] - gc.mean()) < 0.1 for row in findings["gc"])
    rows = {row["key"] for row in json.loads(files["summary"].read_text())}
    assert {"dataset.t.leakage.random", "dataset.t.leakage.near", "dataset.t.gc.difference"} <= rows


def test_same_seed_gives_the_same_bytes(tmp_path, leaky_examples):
    first, second = (kindred.write_folds(tmp_path / name, leaky_examples, kindred.SPLIT) for name in "ab")
    for name in ("split", "certificate", "summary", "train", "validation", "test", "balanced"):
        assert first[name].read_bytes() == second[name].read_bytes(), name


@pytest.mark.parametrize("by", ["homology", "given", "chromosome"])
def test_bars_show_the_numbers_of_the_certificate(tmp_path, leaky_examples, by):
    data = leaky_examples.copy()
    data.obs["chrom"] = np.array(["chr1", "chr2", "chr3", "chr4"])[np.arange(120) // 2 % 4]
    spec = {"homology": kindred.SPLIT, "given": kindred.GIVEN, "chromosome": kindred.CHROMOSOME}[by]
    files = kindred.write_folds(tmp_path, data, spec)
    findings = json.loads(files["certificate"].read_text())
    _, (left, middle, right) = new_figure(1, 3)
    dataset_plot.draw_roles(left, findings)
    dataset_plot.draw_clusters(middle, findings)
    dataset_plot.draw_leakage(right, findings)
    assert len(left.containers) == 2
    for bars in zip(*left.containers, strict=True):
        assert sum(bar.get_height() for bar in bars) == pytest.approx(100)
    assert sum(bar.get_height() for bar in middle.containers[0]) == pytest.approx(100)
    kinds = ["exact", "reverse_complement", "near", "overlap"]
    bar_heights = {bars.get_label(): [bar.get_height() for bar in bars] for bars in right.containers}
    side = "given split" if by == "given" else "this split"
    assert bar_heights[side] == [100 * findings["leakage"]["split"][kind] for kind in kinds]
    label = middle.texts[-1].get_text()
    assert ("excluded" in label) == (by == "chromosome") and "80 % identity over 60 %" in label
    dataset_plot.main(files["certificate"], tmp_path / "certificate.svg")
    assert "<svg" in (tmp_path / "certificate.svg").read_text()


@pytest.mark.skipif(not (REAL / "sequences").is_dir(), reason=f"no real data at {REAL}")
def test_half_of_the_published_test_enhancers_are_in_training(tmp_path):
    letters, labels, split = [], [], []
    for name, label, side in (
        ("enhancer.cv", 1, "train"),
        ("non.cv", 0, "train"),
        ("enhancer.ind", 1, "test"),
        ("non.ind", 0, "test"),
    ):
        records = (REAL / f"sequences/ienhancer2L/{name}.txt").read_text().split(">")[1:]
        record_codes = ["".join(line.strip() for line in record.splitlines()[1:]) for record in records]
        letters, labels, split = letters + record_codes, labels + [label] * len(record_codes), split + [side] * len(record_codes)
    codes = np.stack([encode(record_codes) for record_codes in letters])
    data = kindred.make_examples(codes, label=np.array(labels), split=np.array(split))
    relatives = dataset_split.find_relatives(data, kindred.GIVEN)
    table = dataset_split.divide_examples(data, kindred.GIVEN, 1, relatives.pairs, relatives)
    record_codes = dataset_split.examine_sequences(data, table, kindred.GIVEN, 1, relatives)["given"]
    assert record_codes["test"] == 400 and record_codes["kinds"]["exact"] == 100 and record_codes["kinds"]["near"] > 10
    leaked = np.isin(data.obs_names, record_codes["leaked"])
    assert (leaked & (data.obs["label"] == 1)).sum() >= 100, "100 of the 200 enhancers"
