"""The interactive page: it contains the attributions within rounding, stays small, and escapes its input."""

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
from readsight.report.explorer.encoding import ArrayBlock, quantise, unpack_arrays
from readsight.report.explorer.examples import describe_examples

SCRIPT = Path(__file__).resolve().parents[3] / "scripts/interpret_explorer.py"
KINDS = tuple(explored.CLASSES)


def parse_page(text):
    """Data of the page's program: the JSON, and the arrays."""
    content = json.loads(re.search(r'<script type="application/json" id="about">(.*?)</script>', text, re.S).group(1))
    block = re.search(r'<script type="text/plain" id="block">(.*?)</script>', text, re.S).group(1)
    return content, unpack_arrays(block, content["arrays"])


@pytest.mark.parametrize("kind, step", [("int8", 1 / 254), ("int16", 1 / 65534)])
def test_rounding_error_is_at_most_half_a_step(kind, step):
    values = np.random.default_rng(0).normal(size=(6, 30, 4)) * np.array([1e-6, 1, 1, 1e4, 0, 1])[:, None, None]
    values[5, 3, 2] = np.nan
    rounded, steps = quantise(values, kind)
    for row in range(4):
        assert np.abs(rounded[row] * steps[row] - values[row]).max() <= np.abs(values[row]).max() * step * 1.001
    assert not rounded[4].any() and steps[4] == 0
    assert not rounded[5].any() and np.isnan(steps[5]), "rows with non-finite values differ from rows of zeros"


def test_arrays_of_all_types_are_restored():
    packed, rng = ArrayBlock(), np.random.default_rng(1)
    arrays = {
        "a": np.arange(7, dtype=np.uint8),
        "b": rng.integers(-9, 9, (3, 5)).astype(np.int16),
        "c": rng.normal(size=3).astype("f4"),
    }
    for name, values in arrays.items():
        packed.add(name, values)
    for name, values in unpack_arrays(packed.encode_text(), packed.table).items():
        assert values.dtype == arrays[name].dtype and np.array_equal(values, arrays[name])
    assert all(row["at"] % 4 == 0 for row in packed.table.values())


@pytest.mark.parametrize("kind", KINDS)
def test_page_contains_contributions_and_substitutions(kind):
    attributions = explored.build_attributions(kind)
    content, arrays = parse_page(builder.build_page(attributions, explored.build_exams()))
    assert np.array_equal(arrays["sequence"], attributions.sequence)
    for head in attributions.heads:
        for method in attributions.methods:
            expected = attributions.contributions(method, head)
            restored = arrays[f"contribution/{method}/{head}"] * arrays[f"contribution/{method}/{head}/step"][:, None]
            assert np.abs(restored - expected).max() <= np.abs(expected).max() / 60000
        restored = arrays[f"change/{head}"] * arrays[f"change/{head}/step"][:, None, None]
        mutagenesis = attributions.values["mutagenesis"][head]
        reference_value = np.take_along_axis(mutagenesis, np.minimum(attributions.sequence, 3)[..., None].astype(int), 2)
        change = np.where(attributions.sequence[..., None] < 4, mutagenesis - reference_value, 0)
        assert np.abs(restored - change).max() <= np.abs(change).max() / 250
        expected = np.take_along_axis(restored, np.minimum(attributions.sequence, 3)[..., None].astype(int), 2)
        assert not expected.any(), "the reference base changes nothing"
        assert content["examples"]["score"][head] == pytest.approx(attributions.score[head], rel=1e-5)


def test_page_of_200_windows_stays_below_6_mb():
    attributions = explored.build_attributions(n=200, length=800)
    attributions.values["deep_shap"] = {"yes": attributions.values["mutagenesis"]["yes"] * 2}
    text = builder.build_page(attributions, {})
    assert len(text.encode()) < 6e6
    assert len(parse_page(text)[0]["examples"]["example"]) == 200


def test_omitted_data_is_stated_in_remarks(monkeypatch):
    attributions = explored.build_attributions(n=6, length=100)
    assert builder.pack_arrays(attributions)[2] == []
    sizes = [builder.count_example_bytes(attributions, *level) for level in builder.LEVELS]
    assert sizes == sorted(sizes, reverse=True)
    for limit, expected in (
        (6 * sizes[1], []),
        (6 * sizes[2], ["substitutions"]),
        (2 * sizes[2], ["2 of the 6", "substitutions"]),
    ):
        monkeypatch.setattr(builder, "MAX_BYTES", limit)
        selected, packed, remarks = builder.pack_arrays(attributions)
        assert packed.table["contribution/mutagenesis/yes"]["type"] == "int8"
        assert len(remarks) == len(expected) and all(phrase in remark for phrase, remark in zip(expected, remarks, strict=True))
        assert len(selected) == (2 if len(expected) == 2 else 6)


def test_labels_predictions_and_errors_of_examples():
    attributions = explored.build_attributions("binary", n=4)
    attributions.score["yes"], attributions.metadata["label"] = np.array([2.0, -1.0, 3.0, -4.0]), np.array([1, 1, 0, 0])
    columns = describe_examples(attributions)
    assert columns["label"] == ["yes", "yes", "no", "no"] and columns["called"]["yes"] == ["yes", "no", "yes", "no"]
    assert columns["right"]["yes"] == [True, False, False, True] and columns["wrong"]["yes"] == [-2, 1, 3, -4]
    assert columns["chance"]["yes"] == pytest.approx(1 / (1 + np.exp(-attributions.score["yes"])), rel=1e-4)


def test_class_probabilities_follow_from_explained_logits():
    attributions = explored.build_attributions("multiclass", n=3)
    logits = np.array([[1.0, 2.0, 0.5], [3.0, 0.0, 0.0], [0.0, 0.1, 4.0]])
    for i, head in enumerate("abc"):
        attributions.score[head] = logits[:, i] - logits.mean(axis=1)
    columns = describe_examples(attributions)
    assert columns["called"]["a"] == columns["called"]["c"] == ["b", "a", "c"] and columns["right"]["b"] == [False, False, True]
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.stack([columns["chance"][h] for h in "abc"], axis=1) == pytest.approx(expected, rel=1e-4)
    assert columns["wrong"]["a"][0] == pytest.approx(1.0)


def test_position_outcomes_report_sites_at_explained_positions():
    attributions = explored.build_attributions("positions", n=3)
    attributions.positions["donor"] = np.array([30, 29, attributions.sequence.shape[1] - 1])
    columns = describe_examples(attributions)
    assert columns["right"]["donor"] == [True, False, None], "ignored positions are neither"
    assert columns["label"][0] == "1 acceptor, 1 donor" and columns["filters"] == ["with acceptor", "with donor", "no site"]


def test_largest_hits_of_page_examples_are_kept(tmp_path):
    rows = [("one1", 5, 9, "-", "pos_1", 11.5, 0.25), ("gone", 1, 4, "+", "pos_1", 9, 1)]
    rows += [("one0", i, i + 4, "+", "pos_2", 8, 0.01 * i) for i in range(tracks.MAX_PER_EXAMPLE + 20)]
    path = tmp_path / "hits.tsv.gz"
    pd.DataFrame(rows, columns=tracks.HIT_COLUMNS).to_csv(path, sep="\t", index=False)
    hits = tracks.read_hits(path, ["one0", "one1"])
    assert hits[1] == [[5, 9, "-", "pos_1", 11.5, 0.25, 1]]
    assert len(hits[0]) == tracks.MAX_PER_EXAMPLE and hits[0][0][0] == 20, (
        "the smallest are dropped, the remaining ones are sorted"
    )
    table = pd.DataFrame({"motif": ["pos_1", "never"], "head": "yes", "width": 12, "match": ["SPI1", ""], "q": [1e-7, np.nan]})
    table.to_csv(tmp_path / "motifs.tsv", sep="\t", index=False)
    assert tracks.read_motifs(tmp_path / "motifs.tsv", {"pos_1"}) == {"pos_1": {"head": "yes", "match": "SPI1", "q": "1e-07"}}
    assert tracks.read_motifs(tmp_path / "motifs.tsv", {"never"}) == {"never": {"head": "yes"}}


def test_absent_or_empty_files_give_no_hits(tmp_path):
    (tmp_path / "none.tsv").write_text("")
    (tmp_path / "none.tsv.gz").write_bytes(gzip.compress(b""))
    (tmp_path / "head.tsv").write_text("\t".join(tracks.HIT_COLUMNS) + "\n")
    for name in ("none.tsv", "none.tsv.gz", "head.tsv", "absent.tsv"):
        assert tracks.read_hits(tmp_path / name, ["one0"]) == {}
    assert tracks.read_hits(None, []) == {} and tracks.read_motifs(None, []) == {}
    (tmp_path / "odd.tsv").write_text("example\tstart\nx\t1\n")
    with pytest.raises(InputError, match="no column end, strand, motif, score, contribution"):
        tracks.read_hits(tmp_path / "odd.tsv", ["x"])


def write_effects(path, rows, **columns):
    """As `interpret_variants` writes it, with one head. rows: chrom, pos, ref, alt, change."""
    pd.DataFrame(rows, columns=[*tracks.VARIANT_COLUMNS, "delta.yes"]).assign(score=0.0, **columns).to_parquet(path)
    return path


def test_variants_are_placed_in_windows_on_both_strands(tmp_path):
    attributions = explored.build_attributions()  # windows of 40 bases from 500, 1500 (reverse strand), …
    rows = [
        ("chr1", 501, "A", "C", 0.5),
        ("chr1", 540, "AC", "A", -2.0),
        ("chr1", 541, "A", "C", 9.0),
        ("chr1", 1501, "AG", "A", 1.0),
    ]
    rows += [("chr2", 510, "A", "C", 9.0), ("chr1", 500, "A", "C", 9.0)]
    path = write_effects(tmp_path / "regulatory.parquet", rows, label=np.array([1, 0, 0, -1, 0, 0], np.int8))
    placed = tracks.read_variants([path], attributions)
    assert [v[1:4] for v in placed[0]] == [[0, 1, 501], [39, 40, 540]] and placed[0][0][0] == "regulatory"
    assert [v[7] for v in placed[0]] == ["known functional", "known neutral"]
    assert placed[1] == [["regulatory", 38, 40, 1501, "AG", "A", [1.0], ""]], "the order is reversed on the reverse strand"
    assert tracks.read_variants([path], explored.build_attributions(genome=False)) == {}
    pd.read_parquet(path).drop(columns=["pos", "delta.yes"]).to_parquet(path)
    with pytest.raises(InputError, match="no column pos, delta"):
        tracks.read_variants([path], attributions)


def test_site_effects_combine_gains_and_losses():
    table = pd.DataFrame(
        {"donor_gain": [0.1, 0.7], "donor_loss": [0.9, 0.0], "acceptor_gain": [0, 0.2], "acceptor_loss": [0.3, 0]}
    )
    effects = tracks.compute_effects(table.add_prefix("delta."), ["acceptor", "donor"])
    assert effects.tolist() == [[-0.3, -0.9], [0.2, 0.7]]
    assert tracks.compute_effects(pd.DataFrame({"delta.x": [-2.0, np.nan]}), ["other"]).tolist()[0] == [-2.0]


class TagCollector(HTMLParser):
    def __init__(self):
        super().__init__()
        self.scripts, self.tags = 0, []

    def handle_starttag(self, name, attributes):
        self.scripts += name == "script"
        self.tags.append((name, dict(attributes)))


def test_input_is_escaped_and_nothing_is_fetched():
    markup = "<script>alert('x')</script><!-- & \"q\""
    attributions = explored.build_attributions("multiclass")
    attributions.attributes |= {"task": markup, "unit": markup, "classes": [markup, "b", "c"], "heads": [markup, "b", "c"]}
    attributions.score[markup] = attributions.score.pop("a")
    for by_head in attributions.values.values():
        by_head[markup] = by_head.pop("a")
    attributions.metadata["example"][0] = attributions.metadata["group"][0] = attributions.metadata["chrom"][0] = markup
    exam_results = explored.build_exams("mutagenesis")
    exam_results["mutagenesis"]["exams"][0]["reason"] = exam_results["mutagenesis"]["exams"][0]["exam"] = markup
    evaluation = explored.build_evaluation() | {"headline": markup}
    text = builder.build_page(attributions, exam_results, evaluation)
    clean_tags = TagCollector()
    clean_tags.feed(
        builder.build_page(
            explored.build_attributions("multiclass"), explored.build_exams("mutagenesis"), explored.build_evaluation()
        )
    )
    tags = TagCollector()
    tags.feed(text)
    assert tags.scripts == clean_tags.scripts == 4 and [name for name, _ in tags.tags] == [name for name, _ in clean_tags.tags]
    assert not any(key in tag_attributes for _, tag_attributes in tags.tags for key in ("src", "href", "onclick", "onload"))
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text) and "fetch(" not in text and "localStorage" not in text
    assert parse_page(text)[0]["examples"]["example"][0] == markup


def test_failed_and_undefined_exams_are_distinguished():
    text = builder.build_page(explored.build_attributions(), explored.build_exams("grad_cam"))
    states = {m["key"]: m["passed"] for m in parse_page(text)[0]["methods"]}
    assert states == {"integrated_gradients": True, "mutagenesis": True, "grad_cam": False}
    assert text.count("✗ FAILED</span>") == 1 and "– not defined" in text and "– reported, not judged" in text
    assert "Every attribution method failed" not in text
    assert "Every attribution method failed" in builder.build_page(
        explored.build_attributions(), explored.build_exams(*explored.METHODS)
    )
    assert all(m["passed"] is None for m in parse_page(builder.build_page(explored.build_attributions(), {}))[0]["methods"])


def test_non_finite_numbers_become_null():
    attributions = explored.build_attributions()
    attributions.values["grad_cam"]["yes"][2, 4] = np.nan
    attributions.score["yes"][1] = np.inf
    exam_results = explored.build_exams()
    exam_results["grad_cam"]["exams"][0]["value"] = float("nan")
    content, arrays = parse_page(builder.build_page(attributions, exam_results))
    assert np.isnan(arrays["contribution/grad_cam/yes/step"]).tolist() == [False, False, True, False, False]
    assert content["examples"]["score"]["yes"][1] is None and content["methods"][2]["exams"][0]["value"] is None


class NamedFiles(list):
    """Like Snakemake's lists of files: items by index, some by name."""

    def __init__(self, **files):
        super().__init__(p for value in files.values() for p in ([value] if isinstance(value, str) else value))
        self.items = files.items


def run_script(folder, out, **inputs):
    files = {"attributions": "attributions.h5", "exams": "exams.json"} | inputs
    paths = {k: str(folder / v) if isinstance(v, str) else [str(folder / x) for x in v] for k, v in files.items()}
    job = {
        "rule": "interpret_explorer",
        "input": NamedFiles(**paths),
        "output": NamedFiles(page=str(folder / out)),
        "log": [],
        "threads": 1,
    }
    snakemake = SimpleNamespace(**job, params=SimpleNamespace(), wildcards=["probe"], resources=SimpleNamespace(mem_mb=500))
    runpy.run_path(str(SCRIPT), init_globals={"snakemake": snakemake}, run_name="__main__")
    return (folder / out).read_text(encoding="utf-8")


def test_script_writes_page_with_and_without_optional_files(tmp_path):
    attribution_file.write(tmp_path / "attributions.h5", explored.build_attributions())
    (tmp_path / "exams.json").write_text(json.dumps({"methods": explored.build_exams()}))
    (tmp_path / "evaluation.json").write_text(json.dumps(explored.build_evaluation()))
    write_effects(tmp_path / "set.parquet", [("chr1", 510, "A", "C", 0.5)])
    (tmp_path / "hits.tsv.gz").write_bytes(
        gzip.compress(("\t".join(tracks.HIT_COLUMNS) + "\none0\t2\t9\t+\tpos_1\t8\t1\n").encode())
    )
    (tmp_path / "motifs.tsv").write_text("motif\tmatch\npos_1\tSPI1\n")
    inputs = {"evaluation": "evaluation.json", "hits": "hits.tsv.gz", "motifs": "motifs.tsv", "variants": ["set.parquet"]}
    full, bare = run_script(tmp_path, "full.html", **inputs), run_script(tmp_path, "bare.html", variants=[])
    assert "0.959 [0.948, 0.969]" in full and "K-mer logistic regression" in full and "&lt;b&gt;well" in full
    content, bare_content = parse_page(full)[0], parse_page(bare)[0]
    assert content["hits"] == {"0": [[2, 9, "+", "pos_1", 8.0, 1.0, 1]]} and content["motifs"] == {"pos_1": {"match": "SPI1"}}
    assert content["variants"] == {"0": [["set", 9, 10, 510, "A", "C", [0.5], ""]]}
    assert bare_content["hits"] == bare_content["variants"] == bare_content["motifs"] == {} and "AUROC" not in bare
    assert content["examples"] == bare_content["examples"] and full == run_script(tmp_path, "again.html", **inputs), (
        "the page is reproducible"
    )
