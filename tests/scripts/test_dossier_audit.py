"""Audit: each requested sample × product appears, and missing ones have a reason."""

import csv
import json

import dossier_audit as audit


def write_file(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def run_audit(tmp_path, expected, reasons=()):
    out = tmp_path / "audit.tsv", tmp_path / "audit.html"
    audit.main(expected, reasons, tmp_path, "probe", *out)
    with open(out[0]) as handle:
        return list(csv.DictReader(handle, delimiter="\t")), out[1].read_text()


def test_every_requested_product_has_one_row(tmp_path):
    expected = [
        (sample, product, write_file(tmp_path / f"align/{sample}.{product}", "x"))
        for sample in "abc"
        for product in ("cram1", "stats")
    ]
    rows, html = run_audit(tmp_path, expected)
    assert [(row["sample"], row["product"]) for row in rows] == [(sample, product) for sample, product, _ in expected]
    assert {row["stage"] for row in rows} == {"align"} and {row["state"] for row in rows} == {"there"}
    assert "All 6 requested products exist" in html


def test_empty_product_is_shown_with_its_reason(tmp_path):
    path = write_file(tmp_path / "variants/delly.tsv", "head\n")
    write_file(tmp_path / "variants/delly.note.json", json.dumps({"note": "too few reads"}))
    rows, html = run_audit(tmp_path, [(audit.COHORT, "structural variants", path)])
    assert (rows[0]["state"], rows[0]["reason"]) == ("empty", "too few reads")
    assert "0 of 1 products exist; 1 empty" in html and "too few reads" in html


def test_absent_and_damaged_products_make_the_verdict_bad(tmp_path):
    findings = audit.audit_files(
        [("a", "alignment", str(tmp_path / "align/a.cram")), ("b", "figures", write_file(tmp_path / "b.json", "{"))], tmp_path
    )
    assert [f.state for f in findings] == ["absent", "damaged"]
    assert "box bad" in audit.render_verdict(findings)


def test_unrequested_products_are_named_but_not_missing(tmp_path):
    rows, html = run_audit(
        tmp_path, [("a", "x", write_file(tmp_path / "s/a", "x"))], [("variants", "consensus", "variants.consensus is 0")]
    )
    assert rows[1]["state"] == "not asked for" and rows[1]["reason"] == "variants.consensus is 0"
    assert "All 1 requested products" in html and "Not requested" in html


def test_notes_of_any_shape_become_text(tmp_path):
    for content in ("a b", ["a b"], {"x": "a b"}, {"x": [{"y": "a b"}], "n": 3}):
        (tmp_path / "f.note.json").write_text(json.dumps(content))
        assert audit.read_note(tmp_path / "f") == "a b"


def test_products_of_units_share_a_column(tmp_path):
    expected = [
        ("a", f"reads checked, unit {unit}", write_file(tmp_path / f"reads/a/{unit}.txt", "x" if unit < 3 else ""))
        for unit in range(4)
    ]
    expected += [("b", "reads checked, unit other", write_file(tmp_path / "reads/b.txt", "x"))]
    cell = audit.render_grid(audit.audit_files(expected, tmp_path))
    assert cell.count("<th ") == 2
    assert "3 there" in cell and "unit 3: " in cell and cell.count("empty") == 1
