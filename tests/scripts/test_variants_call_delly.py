"""Delly calls planted structural variants; samples that it cannot process are reported and do not fail the run."""

import json

import pytest

import dossier_audit
import variants_call_delly
import variants_gather_delly
import variants_genotype_delly
import variants_merge_delly
from donors import query_records, random_genome, require_tools, write_cram, write_reference
from readsight.variants.vcf_files import read_samples

pytestmark = require_tools("bwa", "samtools", "bcftools", "delly")

CONTIGS = random_genome(11, chr1=30_000, chr2=20_000)
DELETED = (9_999, 11_499)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("structural")
    reference = write_reference(folder, CONTIGS)
    sequence = CONTIGS["chr1"]
    deletion = (DELETED[0] - 1, sequence[DELETED[0] - 1 : DELETED[1]], sequence[DELETED[0] - 1], 1)
    crams = {
        "carrier": write_cram(folder, reference, "carrier", CONTIGS, {"chr1": [deletion]}),
        "plain": write_cram(folder, reference, "plain", CONTIGS, {}),
        "none": write_cram(folder, reference, "none", {}, {}),
        "single": write_cram(folder, reference, "single", CONTIGS, {}, depth=10, paired=False),
    }
    return reference, crams


def run_all_steps(cohort, names, tmp_path):
    """Run all steps for some samples of the cohort; returns calls and summary records."""
    reference, crams = cohort
    sites, calls, notes = [], [], []
    for name in names:
        sites.append(tmp_path / f"{name}.sites.bcf")
        notes.append(tmp_path / f"{name}.sites.json")
        variants_call_delly.main(reference, crams[name], name, sites[-1], notes[-1])
    merged = tmp_path / "merged.bcf"
    (tmp_path / "merge").mkdir()
    variants_merge_delly.main(sites, reference, merged, tmp_path / "merge")
    for name in names:
        calls.append(tmp_path / f"{name}.bcf")
        notes.append(tmp_path / f"{name}.json")
        (tmp_path / name).mkdir()
        variants_genotype_delly.main(reference, merged, crams[name], name, calls[-1], notes[-1], tmp_path / name)
    out, summary_path = tmp_path / "delly.bcf", tmp_path / "words.json"
    (tmp_path / "gather").mkdir()
    variants_gather_delly.main(
        calls, notes, reference, list(names), out, summary_path, tmp_path / "delly.note.json", tmp_path / "gather"
    )
    assert (tmp_path / "delly.bcf.csi").exists() and read_samples(out) == list(names)
    return query_records(out, "%CHROM %POS %INFO/END %INFO/SVTYPE %FILTER[ %GT]"), json.loads(summary_path.read_text())


def test_deletion_is_called_and_genotyped(cohort, tmp_path):
    names = ("plain", "carrier")
    rows, figures = run_all_steps(cohort, names, tmp_path)
    assert len(rows) == 1
    contig, start, end, kind, verdict, plain, carrier = rows[0].split()
    assert (contig, kind, verdict, plain, carrier) == ("chr1", "DEL", "PASS", "0/0", "0/1")
    assert abs(int(start) - DELETED[0]) <= 10 and abs(int(end) - DELETED[1]) <= 10
    count = {figure["key"]: figure["value"] for figure in figures}
    assert (count["variants.delly.del"], count["variants.delly.passed"], count["variants.delly.not_judged"]) == (1, 1, 0)


def test_unjudged_samples_are_reported(cohort, tmp_path):
    rows, figures = run_all_steps(cohort, ("none", "carrier", "single"), tmp_path)
    assert len(rows) == 1 and rows[0].split()[5:7] == ["./.", "0/1"]
    silent = next(figure for figure in figures if figure["key"] == "variants.delly.not_judged")
    assert silent["value"] >= 1 and "none" in silent["description"]
    assert "none (too few reads" in dossier_audit.read_note(tmp_path / "delly.bcf")
    assert json.loads((tmp_path / "none.json").read_text())["reason"]


def test_no_variants_give_a_valid_file(cohort, tmp_path):
    reference, crams = cohort
    sites, note = tmp_path / "s.bcf", tmp_path / "s.json"
    variants_call_delly.main(reference, crams["none"], "none", sites, note)
    merged, calls = tmp_path / "m.bcf", tmp_path / "c.bcf"
    for folder in ("a", "b", "c"):
        (tmp_path / folder).mkdir()
    variants_merge_delly.main([sites], reference, merged, tmp_path / "a")
    variants_genotype_delly.main(reference, merged, crams["none"], "none", calls, tmp_path / "c.json", tmp_path / "b")
    out, summary_path = tmp_path / "delly.bcf", tmp_path / "w.json"
    variants_gather_delly.main(
        [calls], [note, tmp_path / "c.json"], reference, ["none"], out, summary_path, tmp_path / "n.json", tmp_path / "c"
    )
    assert query_records(out) == [] and read_samples(out) == ["none"]
    assert next(f for f in json.loads(summary_path.read_text()) if f["key"] == "variants.delly.calls")["value"] == 0
