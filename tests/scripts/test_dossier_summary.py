"""Summary: flat, sorted, unique keys, every figure unchanged."""

import json
import re

import pytest

import dossier_summary as summary
from readsight.errors import ToolError

RECALL = {
    "key": "variants.bcftools.snv.recall",
    "value": 0.99,
    "low": 0.98,
    "high": 1.0,
    "n": 12,
    "unit": "fraction",
    "description": "Found",
}


def write_fragment(path, *records):
    path.write_text(json.dumps(records))
    return path


def test_fragments_merge_into_sorted_flat_keys(tmp_path):
    a = write_fragment(tmp_path / "a", RECALL)
    b = write_fragment(tmp_path / "b", {"key": "align.anna.mapped", "value": 5})
    merged = summary.merge_fragments([a, b])
    assert list(merged) == ["align.anna.mapped", "variants.bcftools.snv.recall"]
    assert merged["variants.bcftools.snv.recall"] == {k: v for k, v in RECALL.items() if k != "key"}
    assert merged == summary.merge_fragments([b, a])


def test_duplicate_key_is_refused_with_both_files(tmp_path):
    with pytest.raises(ToolError, match=r"recall.*/a.*/b"):
        summary.merge_fragments([write_fragment(tmp_path / "a", RECALL), write_fragment(tmp_path / "b", RECALL)])


@pytest.mark.parametrize("record", [{"key": "recall"}, {"key": "a b.c"}, {}, {"key": "a.b", "vlaue": 1}])
def test_invalid_record_is_refused(tmp_path, record):
    with pytest.raises(ToolError):
        summary.merge_fragments([write_fragment(tmp_path / "a", record)])


def test_nan_becomes_null_and_is_shown_as_undefined(tmp_path):
    out = tmp_path / "s.json", tmp_path / "s.html"
    summary.main([write_fragment(tmp_path / "a", RECALL | {"value": float("nan"), "low": None, "high": float("inf")})], "p", *out)
    content = json.loads(out[0].read_text(), parse_constant=pytest.fail)
    assert content[RECALL["key"]]["value"] is None and content[RECALL["key"]]["high"] is None
    assert "not defined" in out[1].read_text()


def test_verdicts_come_first_and_every_key_is_shown(tmp_path):
    verdict = {"key": "call_quality.verdict", "value": "The network does not beat the forest.", "n": 5}
    html = summary.render_page(
        summary.merge_fragments([write_fragment(tmp_path / "a", RECALL, verdict, RECALL | {"key": "align.a.x"})]), "p"
    )
    assert html.index("does not beat") < html.index("<table") < html.index("align.a.x") < html.index(RECALL["key"])


@pytest.mark.parametrize(
    "value, unit, text",
    [
        (0.98765, "fraction", "0.988"),
        (1.0, "fraction", "1.000"),
        (12345, "reads", "12,345"),
        (30.04, "x", "30.04"),
        (1234.56, "bases", "1,234.6"),
        (None, None, "not defined"),
        (True, None, "yes"),
    ],
)
def test_figures_are_formatted_for_reading(value, unit, text):
    assert summary.format_number(value, unit) == text


def test_page_without_fragments_explains_itself(tmp_path):
    assert "No step" in summary.render_page({}, "p")


def test_regular_keys_form_a_matrix_and_irregular_keys_a_list():
    blank = dict.fromkeys(summary.FIELDS)
    keys = [f"call_quality.{model}.{measure}" for model in ("network", "forest") for measure in ("auroc", "auprc")]
    page = summary.render_matrix({key: blank | {"value": index / 10, "unit": "fraction"} for index, key in enumerate(keys)})
    rows = [re.sub("<[^>]+>", " ", row).split() for row in page.split("<tr>")[1:]]
    assert rows == [["auroc", "auprc"], ["network", "0.000", "0.100"], ["forest", "0.200", "0.300"]]
    assert summary.render_matrix({key: blank for key in ("a.x.one", "a.y.two", "a.z.three")}) is None


def test_sample_name_with_dots_is_kept():
    assert summary.split_key("align.anna.b.mapped") == ("align", "anna.b", "mapped")


def test_every_figure_is_on_the_page():
    keys = ["a.x.one", "a.y.one", "a.x.two", "a.y.two", "a.total", "a.x.deep.one", "b.only.one"]
    html = summary.render_page({key: dict.fromkeys(summary.FIELDS) | {"value": 1} for key in keys}, "p")
    assert all(html.count(f"<code>{key}</code>") == 1 for key in keys)
