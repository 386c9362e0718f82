"""The page of sequences: what it carries is what was explained, within its rounding; it is small, and nothing given becomes markup."""

import gzip
import json
import re
import runpy
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import explored
from readsight.errors import InputError
from readsight.interpret.sequence_attribution import attribution_file
from readsight.report.explorer import builder, tracks
from readsight.report.explorer.encoding import Packed, quantised, unpacked
from readsight.report.explorer.examples import described

SCRIPT = Path(__file__).resolve().parents[3] / "scripts/interpret_explorer.py"
KINDS = tuple(explored.CLASSES)


def parts(text):
    """What the page's program reads: the JSON, and the arrays."""
    about = json.loads(re.search(r'<script type="application/json" id="about">(.*?)</script>', text, re.S).group(1))
    block = re.search(r'<script type="text/plain" id="block">(.*?)</script>', text, re.S).group(1)
    return about, unpacked(block, about["arrays"])


@pytest.mark.parametrize("kind, step", [("int8", 1 / 254), ("int16", 1 / 65534)])
def test_rounded_numbers_are_off_by_half_a_step_of_their_own_row(kind, step):
    values = np.random.default_rng(0).normal(size=(6, 30, 4)) * np.array([1e-6, 1, 1, 1e4, 0, 1])[:, None, None]
    values[5, 3, 2] = np.nan
    found, size = quantised(values, kind)
    for row in range(4):
        assert np.abs(found[row] * size[row] - values[row]).max() <= np.abs(values[row]).max() * step * 1.001
    assert not found[4].any() and size[4] == 0
    assert not found[5].any() and np.isnan(size[5]), "a row that is no numbers is told from one of zeros"


def test_arrays_of_all_kinds_come_back():
    packed, draw = Packed(), np.random.default_rng(1)
    given = {
        "a": np.arange(7, dtype=np.uint8),
        "b": draw.integers(-9, 9, (3, 5)).astype(np.int16),
        "c": draw.normal(size=3).astype("f4"),
    }
    for name, values in given.items():
        packed.add(name, values)
    for name, values in unpacked(packed.text(), packed.table).items():
        assert values.dtype == given[name].dtype and np.array_equal(values, given[name])
    assert all(row["at"] % 4 == 0 for row in packed.table.values())


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_carries_contributions_and_substitutions(kind):
    held = explored.made(kind)
    about, arrays = parts(builder.page(held, explored.exams()))
    assert np.array_equal(arrays["sequence"], held.sequence)
    for head in held.heads:
        for method in held.methods:
            own = held.contributions(method, head)
            back = arrays[f"own/{method}/{head}"] * arrays[f"own/{method}/{head}/step"][:, None]
            assert np.abs(back - own).max() <= np.abs(own).max() / 60000
        back = arrays[f"change/{head}"] * arrays[f"change/{head}/step"][:, None, None]
        full = held.found["mutagenesis"][head]
        of = np.take_along_axis(full, np.minimum(held.sequence, 3)[..., None].astype(int), 2)
        change = np.where(held.sequence[..., None] < 4, full - of, 0)
        assert np.abs(back - change).max() <= np.abs(change).max() / 250
        own = np.take_along_axis(back, np.minimum(held.sequence, 3)[..., None].astype(int), 2)
        assert not own.any(), "a base that is put where it stands changes nothing"
        assert about["examples"]["score"][head] == pytest.approx(held.score[head], rel=1e-5)


def test_two_hundred_windows_of_800_bases_by_four_methods_stay_below_six_megabytes():
    held = explored.made(n=200, length=800)
    held.found["deep_shap"] = {"yes": held.found["mutagenesis"]["yes"] * 2}
    text = builder.page(held, {})
    assert len(text.encode()) < 6e6
    assert len(parts(text)[0]["examples"]["example"]) == 200


def test_what_has_no_room_is_left_out_and_said(monkeypatch):
    held = explored.made(n=6, length=100)
    assert builder.packing(held)[2] == []
    each = [builder.bytes_each(held, *level) for level in builder.LEVELS]
    assert each == sorted(each, reverse=True)
    for room, words in ((6 * each[1], []), (6 * each[2], ["substitutions"]), (2 * each[2], ["2 of the 6", "substitutions"])):
        monkeypatch.setattr(builder, "MOST", room)
        kept, packed, remarks = builder.packing(held)
        assert packed.table["own/mutagenesis/yes"]["type"] == "int8"
        assert len(remarks) == len(words) and all(w in r for w, r in zip(words, remarks, strict=True))
        assert len(kept) == (2 if len(words) == 2 else 6)


def test_labels_calls_and_how_wrong_they_are():
    held = explored.made("binary", n=4)
    held.score["yes"], held.rows["label"] = np.array([2.0, -1.0, 3.0, -4.0]), np.array([1, 1, 0, 0])
    found = described(held)
    assert found["label"] == ["yes", "yes", "no", "no"] and found["called"]["yes"] == ["yes", "no", "yes", "no"]
    assert found["right"]["yes"] == [True, False, False, True] and found["wrong"]["yes"] == [-2, 1, 3, -4]
    assert found["chance"]["yes"] == pytest.approx(1 / (1 + np.exp(-held.score["yes"])), rel=1e-4)


def test_of_several_classes_probabilities_are_those_of_the_logits_that_were_explained():
    held = explored.made("multiclass", n=3)
    logits = np.array([[1.0, 2.0, 0.5], [3.0, 0.0, 0.0], [0.0, 0.1, 4.0]])
    for i, head in enumerate("abc"):
        held.score[head] = logits[:, i] - logits.mean(axis=1)
    found = described(held)
    assert found["called"]["a"] == found["called"]["c"] == ["b", "a", "c"] and found["right"]["b"] == [False, False, True]
    told = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.stack([found["chance"][h] for h in "abc"], axis=1) == pytest.approx(told, rel=1e-4)
    assert found["wrong"]["a"][0] == pytest.approx(1.0)


def test_of_positions_it_is_said_whether_a_site_stands_at_the_explained_place():
    held = explored.made("positions", n=3)
    held.at["donor"] = np.array([30, 29, held.sequence.shape[1] - 1])
    found = described(held)
    assert found["right"]["donor"] == [True, False, None], "what was not counted is neither"
    assert found["label"][0] == "1 acceptor, 1 donor" and found["filters"] == ["with acceptor", "with donor", "no site"]


def test_hits_are_those_of_the_page_s_examples_and_the_largest(tmp_path):
    rows = [("one1", 5, 9, "-", "pos_1", 11.5, 0.25), ("gone", 1, 4, "+", "pos_1", 9, 1)]
    rows += [("one0", i, i + 4, "+", "pos_2", 8, 0.01 * i) for i in range(tracks.MOST + 20)]
    path = tmp_path / "hits.tsv.gz"
    pd.DataFrame(rows, columns=tracks.HITS).to_csv(path, sep="\t", index=False)
    found = tracks.hits(path, ["one0", "one1"])
    assert found[1] == [[5, 9, "-", "pos_1", 11.5, 0.25, 1]]
    assert len(found[0]) == tracks.MOST and found[0][0][0] == 20, "the smallest are left out, the others stand in order"
    table = pd.DataFrame({"motif": ["pos_1", "never"], "head": "yes", "width": 12, "match": ["SPI1", ""], "q": [1e-7, np.nan]})
    table.to_csv(tmp_path / "motifs.tsv", sep="\t", index=False)
    assert tracks.motifs(tmp_path / "motifs.tsv", {"pos_1"}) == {"pos_1": {"head": "yes", "match": "SPI1", "q": "1e-07"}}
    assert tracks.motifs(tmp_path / "motifs.tsv", {"never"}) == {"never": {"head": "yes"}}


def test_files_that_are_absent_or_empty_are_no_hits(tmp_path):
    (tmp_path / "none.tsv").write_text("")
    (tmp_path / "none.tsv.gz").write_bytes(gzip.compress(b""))
    (tmp_path / "head.tsv").write_text("\t".join(tracks.HITS) + "\n")
    for name in ("none.tsv", "none.tsv.gz", "head.tsv", "absent.tsv"):
        assert tracks.hits(tmp_path / name, ["one0"]) == {}
    assert tracks.hits(None, []) == {} and tracks.motifs(None, []) == {}
    (tmp_path / "odd.tsv").write_text("example\tstart\nx\t1\n")
    with pytest.raises(InputError, match="no column end, strand, motif, score, contribution"):
        tracks.hits(tmp_path / "odd.tsv", ["x"])


def effects_table(path, rows, **more):
    """As `interpret_variants` writes it, of one head. rows: chrom, pos, ref, alt, change."""
    pd.DataFrame(rows, columns=[*tracks.SITES, "delta.yes"]).assign(score=0.0, **more).to_parquet(path)
    return path


def test_variants_stand_at_their_place_along_the_window_on_both_strands(tmp_path):
    held = explored.made()  # windows of 40 bases from 500, 1500 (the other strand), …
    rows = [
        ("chr1", 501, "A", "C", 0.5),
        ("chr1", 540, "AC", "A", -2.0),
        ("chr1", 541, "A", "C", 9.0),
        ("chr1", 1501, "AG", "A", 1.0),
    ]
    rows += [("chr2", 510, "A", "C", 9.0), ("chr1", 500, "A", "C", 9.0)]
    path = effects_table(tmp_path / "regulatory.parquet", rows, label=np.array([1, 0, 0, -1, 0, 0], np.int8))
    found = tracks.variants([path], held)
    assert [v[1:4] for v in found[0]] == [[0, 1, 501], [39, 40, 540]] and found[0][0][0] == "regulatory"
    assert [v[7] for v in found[0]] == ["known to act", "known to do nothing"]
    assert found[1] == [["regulatory", 38, 40, 1501, "AG", "A", [1.0], ""]], (
        "the first bases of the genome are the last as it reads"
    )
    assert tracks.variants([path], explored.made(genome=False)) == {}
    pd.read_parquet(path).drop(columns=["pos", "delta.yes"]).to_parquet(path)
    with pytest.raises(InputError, match="no column pos, delta"):
        tracks.variants([path], held)


def test_an_effect_on_sites_is_what_is_gained_or_lost_of_that_site():
    table = pd.DataFrame(
        {"donor_gain": [0.1, 0.7], "donor_loss": [0.9, 0.0], "acceptor_gain": [0, 0.2], "acceptor_loss": [0.3, 0]}
    )
    found = tracks.effects(table.add_prefix("delta."), ["acceptor", "donor"])
    assert found.tolist() == [[-0.3, -0.9], [0.2, 0.7]]
    assert tracks.effects(pd.DataFrame({"delta.x": [-2.0, np.nan]}), ["other"]).tolist()[0] == [-2.0]


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.scripts, self.seen = 0, []

    def handle_starttag(self, name, attributes):
        self.scripts += name == "script"
        self.seen.append((name, dict(attributes)))


def test_nothing_that_is_given_becomes_markup_and_nothing_is_fetched():
    bad = "<script>alert('x')</script><!-- & \"q\""
    held = explored.made("multiclass")
    held.about |= {"task": bad, "unit": bad, "classes": [bad, "b", "c"], "heads": [bad, "b", "c"]}
    held.score[bad] = held.score.pop("a")
    for by_head in held.found.values():
        by_head[bad] = by_head.pop("a")
    held.rows["example"][0] = held.rows["group"][0] = held.rows["chrom"][0] = bad
    said = explored.exams("mutagenesis")
    said["mutagenesis"]["exams"][0]["reason"] = said["mutagenesis"]["exams"][0]["exam"] = bad
    told = explored.evaluation() | {"headline": bad}
    text = builder.page(held, said, told)
    clean = Tags()
    clean.feed(builder.page(explored.made("multiclass"), explored.exams("mutagenesis"), explored.evaluation()))
    tags = Tags()
    tags.feed(text)
    assert tags.scripts == clean.scripts == 4 and [name for name, _ in tags.seen] == [name for name, _ in clean.seen]
    assert not any(key in about for _, about in tags.seen for key in ("src", "href", "onclick", "onload"))
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text) and "fetch(" not in text and "localStorage" not in text
    assert parts(text)[0]["examples"]["example"][0] == bad


def test_failed_methods_and_exams_that_judge_nothing_are_told_apart():
    text = builder.page(explored.made(), explored.exams("grad_cam"))
    states = {m["word"]: m["passed"] for m in parts(text)[0]["methods"]}
    assert states == {"integrated_gradients": True, "mutagenesis": True, "grad_cam": False}
    assert text.count("✗ FAILED</span>") == 1 and "– not defined" in text and "– told, not judged" in text
    assert "Every attribution method failed" not in text
    assert "Every attribution method failed" in builder.page(explored.made(), explored.exams(*explored.METHODS))
    assert all(m["passed"] is None for m in parts(builder.page(explored.made(), {}))[0]["methods"])


def test_numbers_that_are_none_do_not_break_the_page():
    held = explored.made()
    held.found["grad_cam"]["yes"][2, 4] = np.nan
    held.score["yes"][1] = np.inf
    said = explored.exams()
    said["grad_cam"]["exams"][0]["value"] = float("nan")
    about, arrays = parts(builder.page(held, said))
    assert np.isnan(arrays["own/grad_cam/yes/step"]).tolist() == [False, False, True, False, False]
    assert about["examples"]["score"]["yes"][1] is None and about["methods"][2]["exams"][0]["value"] is None


class Named(list):
    """Like Snakemake's lists of files: items by place, some by name."""

    def __init__(self, **named):
        super().__init__(p for value in named.values() for p in ([value] if isinstance(value, str) else value))
        self.items = named.items


def run(folder, out, **more):
    named = {"attributions": "attributions.h5", "exams": "exams.json"} | more
    paths = {k: str(folder / v) if isinstance(v, str) else [str(folder / x) for x in v] for k, v in named.items()}
    job = {
        "rule": "interpret_explorer",
        "input": Named(**paths),
        "output": Named(page=str(folder / out)),
        "log": [],
        "threads": 1,
    }
    fake = SimpleNamespace(**job, params=SimpleNamespace(), wildcards=["probe"], resources=SimpleNamespace(mem_mb=500))
    runpy.run_path(str(SCRIPT), init_globals={"snakemake": fake}, run_name="__main__")
    return (folder / out).read_text(encoding="utf-8")


def test_the_step_writes_the_page_with_and_without_what_is_optional(tmp_path):
    attribution_file.write(tmp_path / "attributions.h5", explored.made())
    (tmp_path / "exams.json").write_text(json.dumps({"methods": explored.exams()}))
    (tmp_path / "evaluation.json").write_text(json.dumps(explored.evaluation()))
    effects_table(tmp_path / "set.parquet", [("chr1", 510, "A", "C", 0.5)])
    (tmp_path / "hits.tsv.gz").write_bytes(gzip.compress(("\t".join(tracks.HITS) + "\none0\t2\t9\t+\tpos_1\t8\t1\n").encode()))
    (tmp_path / "motifs.tsv").write_text("motif\tmatch\npos_1\tSPI1\n")
    more = {"evaluation": "evaluation.json", "hits": "hits.tsv.gz", "motifs": "motifs.tsv", "variants": ["set.parquet"]}
    full, bare = run(tmp_path, "full.html", **more), run(tmp_path, "bare.html", variants=[])
    assert "0.959 [0.948, 0.969]" in full and "K-mer logistic regression" in full and "&lt;b&gt;well" in full
    about, none = parts(full)[0], parts(bare)[0]
    assert about["hits"] == {"0": [[2, 9, "+", "pos_1", 8.0, 1.0, 1]]} and about["motifs"] == {"pos_1": {"match": "SPI1"}}
    assert about["variants"] == {"0": [["set", 9, 10, 510, "A", "C", [0.5], ""]]}
    assert none["hits"] == none["variants"] == none["motifs"] == {} and "AUROC" not in bare
    assert about["examples"] == none["examples"] and full == run(tmp_path, "again.html", **more), (
        "the same page of the same files"
    )
