"""The dossier collects the files of all stages without duplicates and names them for the audit."""

import re
from pathlib import Path

import pytest

from readsight.wiring.dossier import DossierWiring
from readsight.wiring.project import Project
from readsight.wiring.stage import COHORT, Stage

ROOT = Path(__file__).resolve().parents[2]


class AlignStage(Stage):
    def targets(self):
        return ["<results>/align/anna.cram", "<results>/align/anna.b.cram", "results/p/align/coverage.summary.json"]

    def products(self):
        return {("anna", "alignment"): "<results>/align/anna.cram"}


class UnrelatedStage:
    """A stage that does not inherit from Stage and has only one method."""

    def targets(self):
        return ["results/p/variants/bcftools.bcf", "results/p/reads/anna/1/fastqc.html", "results/p/align/anna.cram"]


@pytest.fixture
def build_dossier(tmp_path):
    sheet = tmp_path / "samples.tsv"
    sheet.write_text("sample\tunit\tassay\tfastq_1\nanna\t1\twgs\ta.fq.gz\nanna.b\t1\twgs\tb.fq.gz\n")

    def build(stages=(), **given):
        raw = {"project": "p", "samples": str(sheet), "reference": {"fasta": "g.fa"}} | given
        return DossierWiring(Project.from_raw(raw), list(stages))

    return build


def test_every_file_is_one_target_and_audited(build_dossier):
    wiring = build_dossier([Stage(), AlignStage(), UnrelatedStage()])
    targets = wiring.targets()
    assert len(targets) == len(set(targets))
    assert set(targets) - set(wiring.audit_inputs()) == {"results/p/dossier/audit.tsv", "results/p/dossier/audit.html"}
    assert {"results/p/align/anna.cram", "results/p/variants/bcftools.bcf", "results/p/summary.json"} <= set(targets)
    assert not any("<" in target for target in targets)


def test_audit_names_files_by_sample_and_product(build_dossier):
    rows = {path: (sample, product) for sample, product, path in build_dossier([AlignStage(), UnrelatedStage()]).list_expected()}
    assert set(rows) == set(build_dossier([AlignStage(), UnrelatedStage()]).audit_inputs())
    assert rows["results/p/align/anna.cram"] == ("anna", "alignment")
    assert rows["results/p/align/anna.b.cram"] == ("anna.b", "")
    assert rows["results/p/reads/anna/1/fastqc.html"] == ("anna", "")
    assert rows["results/p/variants/bcftools.bcf"] == (COHORT, "")


def test_summary_fragments_among_targets_are_included(build_dossier):
    assert build_dossier([AlignStage()]).summaries() == ["results/p/align/coverage.summary.json"]


def test_declined_products_name_their_config_key(build_dossier):
    reasons = {product: reason for _, product, reason in build_dossier().list_declined()}
    assert "variants.structural" in reasons["structural variants"] and "variants.truth" in reasons["comparison with a truth"]
    assert build_dossier(variants=None).list_declined()[-2:] == [
        ("variants", "calls", "variants is null"),
        ("model", "learning", "tasks names none"),
    ]


def test_versions_cover_only_environments_in_use(build_dossier):
    plain = build_dossier().environment_names()
    assert {"python", "report", "bwa", "bcftools", "fastqc", "trim"} <= set(plain)
    assert not {"gatk", "deepvariant", "delly", "learn", "freebayes", "simulate", "truth", "bwa-mem2"} & set(plain)
    assert "delly" in build_dossier(variants={"structural": ["delly"]}).environment_names()


def test_every_environment_of_the_rules_is_known(build_dossier, tmp_path):
    with open(tmp_path / "samples.tsv", "a") as sheet:
        sheet.write("rita\t1\trna\tr.fq.gz\n")
    truth = {"vcf": "t.vcf"}
    contrast = {"column": "label", "reference": "a", "tested": "b"}
    everything = build_dossier(
        demo={},
        align={"aligner": "bwa-mem2"},
        variants={"callers": ["bcftools", "freebayes", "gatk", "deepvariant"], "structural": ["delly"], "truth": truth},
        reference={"fasta": "g.fa", "gtf": "g.gtf"},
        expression={"quantifiers": ["star", "salmon"], "contrast": contrast},
        tasks={"call_quality": {}, "peaks": {"source": "sequences", "sequences": {"files": [{"path": "p.fa", "label": "a"}]}}},
    ).environment_names()
    used = {
        name for path in (ROOT / "workflow/rules").glob("*.smk") for name in re.findall(r"envs/([\w-]+)\.yaml", path.read_text())
    }
    assert used <= set(everything)


def test_two_thousand_files_are_named_quickly(build_dossier, tmp_path):
    import time

    class LargeStage(Stage):
        def targets(self):
            return [f"results/p/align/s{n}.cram" for n in range(2000)]

    (tmp_path / "samples.tsv").write_text(
        "sample\tunit\tassay\tfastq_1\n" + "".join(f"s{n}\t1\twgs\t{n}.fq\n" for n in range(2000))
    )
    wiring = build_dossier([LargeStage()])
    start = time.perf_counter()
    rows = wiring.list_expected()
    assert time.perf_counter() - start < 0.5
    assert len({sample for sample, _, path in rows if path.endswith(".cram")}) == 2000


def test_interrupted_run_lists_missing_products(build_dossier, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results/p/align").mkdir(parents=True)
    assert "  anna: alignment" in build_dossier([AlignStage()]).describe_unfinished()
    (tmp_path / "results/p/align/anna.cram").write_text("x")
    message = build_dossier([AlignStage()]).describe_unfinished()
    assert message.startswith("Made so far: 1 of 7 products") and "anna" not in message

    class ManyProductsStage(Stage):
        def products(self):
            return {(f"s{n}", "alignment"): f"none/{n}" for n in range(1000)}

    assert len(build_dossier([ManyProductsStage()]).describe_unfinished().splitlines()) < 25
