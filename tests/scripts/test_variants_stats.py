"""Counts of calls equal the planted numbers."""

import json

import variants_stats
from donors import require_tools, write_vcf

pytestmark = require_tools("bcftools")

FILTERS = '##FILTER=<ID=Low,Description="x">'
# passed: transitions A>G, C>T; a transversion A>C; an insertion; filtered: a deletion
ROWS = [
    "c 1 . A G 50 PASS . GT 0/1 1/1",
    "c 2 . C T 50 PASS . GT 0/1 0/0",
    "c 5 . A C 50 PASS . GT 0/1 0/1",
    "c 9 . T TA 50 PASS . GT 1/1 0/1",
    "c 11 . TT T 5 Low . GT 1/1 0/1",
]


def count_calls(tmp_path, rows, samples):
    vcf = write_vcf(tmp_path / "calls.vcf", {"c": 30}, rows, samples, FILTERS)
    variants_stats.main(vcf, tmp_path / "stats.txt", tmp_path / "out.json", tmp_path / "note.json", tmp_path, "bcftools")
    figures = json.loads((tmp_path / "out.json").read_text())
    return {figure["key"].removeprefix("variants.bcftools."): figure["value"] for figure in figures}


def test_counts_and_ratios(tmp_path):
    figures = count_calls(tmp_path, ROWS, ("s1", "s2"))
    assert (figures["calls"], figures["passed"], figures["snvs"], figures["indels"]) == (5, 4, 3, 1)
    # het_hom: of SNVs, as bcftools counts genotypes: 4 heterozygous, 1 homozygous
    assert figures["ts_tv"] == 2.0 and figures["het_hom"] == 4.0


def test_no_calls_have_no_ratios(tmp_path):
    figures = count_calls(tmp_path, [], ("s1",))
    assert figures == {"calls": 0, "passed": 0, "snvs": 0, "indels": 0}


def test_audit_note_explains_missing_calls(tmp_path):
    def read_note(rows):
        count_calls(tmp_path, rows, ("s1", "s2"))
        return json.loads((tmp_path / "note.json").read_text())

    assert read_note(ROWS) == {}
    assert read_note(ROWS[-1:])["note"] == "none of 1 calls passed variants.filters"
    assert "bcftools detected no difference" in read_note([])["note"]


def test_sites_without_samples_are_counted(tmp_path):
    figures = count_calls(tmp_path, ["c 1 . A G 50 PASS ."], ())
    assert figures["passed"] == 1 and "het_hom" not in figures


def test_stats_text_has_no_project_path(tmp_path):
    count_calls(tmp_path, ROWS, ("s1", "s2"))
    body = [line for line in (tmp_path / "stats.txt").read_text().splitlines() if not line.startswith("#")]
    assert str(tmp_path) not in "\n".join(body)
