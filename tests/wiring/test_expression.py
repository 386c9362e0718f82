"""Wiring of RNA samples: which are aligned by which tool, counted and compared."""

import re
from types import SimpleNamespace

import pytest

from readsight.doctor import resources
from readsight.doctor.paths import check_paths
from readsight.errors import InputError
from readsight.wiring.align import AlignWiring
from readsight.wiring.dossier import DossierWiring
from readsight.wiring.expression import ExpressionWiring
from readsight.wiring.project import Project
from readsight.wiring.variants import VariantsWiring
from readsight.wiring.variants_compare import CompareWiring

SHEET = """\
sample\tunit\tassay\tfastq_1\tfastq_2\tstrandedness
anna\t1\twgs\ta_1.fq.gz\ta_2.fq.gz\t
anna.rna\t1\trna\tr1_1.fq.gz\tr1_2.fq.gz\treverse
anna.rna\t2\trna\tr2_1.fq.gz\tr2_2.fq.gz\treverse
bert.rna\t1\trna\tb_1.fq.gz\t\t
"""
RNA_SHEET = "".join(line for line in SHEET.splitlines(keepends=True) if "wgs" not in line)


@pytest.fixture
def project(tmp_path):
    def build(sheet=SHEET, **config):
        path = tmp_path / "s.tsv"
        path.write_text(sheet)
        reference = {"fasta": "g.fa", "gtf": "g.gtf"}
        return Project.from_raw({"project": "p", "samples": str(path), "reference": reference} | config)

    return build


def test_rna_is_aligned_by_star_and_dna_by_bwa(project):
    align = AlignWiring(project())
    routes = {
        sample: [route for route in ("bwa", "star", "import") if re.fullmatch(align.sample_constraint(route), sample)]
        for sample in align.samples
    }
    assert routes == {"anna": ["bwa"], "anna.rna": ["star"], "bert.rna": ["star"]}


def test_variants_are_called_in_dna_only(project):
    mixed = project(variants={"structural": ["delly"]}, align={"recalibrate": True}, **KNOWN)
    align = AlignWiring(mixed)
    assert align.dna_crams() == ["results/p/align/recalibrated/anna.cram"] and VariantsWiring(mixed).samples == ["anna"]
    assert align.cram_file("bert.rna") == "results/p/align/bert.rna.cram", "RNA is not recalibrated"
    assert set(align.targets()) > {"results/p/align/bert.rna.cram.crai", "results/p/align/bert.rna.summary.json"}


KNOWN = {"reference": {"fasta": "g.fa", "gtf": "g.gtf", "known_sites": ["k.vcf.gz"]}}


def test_without_dna_nothing_is_called(project):
    rna = project(RNA_SHEET)
    assert rna.config.variants is None and rna.callers == []
    assert VariantsWiring(rna).targets() == [] and CompareWiring(rna).targets() == []
    declined = DossierWiring(rna, []).list_declined()
    assert ("variants", "calls", "the project has no DNA sample") in declined


def test_task_on_calls_without_dna_is_an_error(project):
    task = {"calls": {"source": "variants"}}
    truth = {"truth": {"vcf": "t.vcf.gz"}}
    with pytest.raises(InputError, match="tasks.calls.source: 'variants' needs DNA samples"):
        project(RNA_SHEET, tasks=task, variants=truth)


def test_salmon_alone_aligns_no_rna(project):
    light = project(expression={"quantifiers": ["salmon"]})
    expression = ExpressionWiring(light)
    assert AlignWiring(light).samples == ["anna"]
    assert expression.count_files() == [] and expression.report_files() == [] and len(expression.salmon_genes()) == 2
    assert expression.strandedness_evidence(SimpleNamespace(sample="bert.rna")).endswith("bert.rna.salmon.strands.json")
    assert not {"star", "subread"} & set(DossierWiring(light, []).environment_names())


def test_stage_is_empty_without_rna_or_when_disabled(project):
    dna = "".join(SHEET.splitlines(keepends=True)[:2])
    for empty in (project(dna), project(expression=None)):
        expression = ExpressionWiring(empty)
        assert expression.targets() == [] and expression.products() == {} and expression.report_files() == []
        assert not {"star", "subread", "salmon"} & set(DossierWiring(empty, []).environment_names())
    assert AlignWiring(project(expression=None)).samples == ["anna"]


def test_targets_include_products_and_summaries(project):
    expression = ExpressionWiring(project(expression={"quantifiers": ["star", "salmon"]}))
    assert set(expression.products().values()) <= set(expression.targets())
    assert set(expression.summaries()) <= set(expression.targets())


def test_strandedness_of_the_sheet_overrides_the_config(project):
    expression = ExpressionWiring(project(expression={"strandedness": "unstranded"}))
    assert expression.strandedness_claim(SimpleNamespace(sample="anna.rna")) == "reverse"
    assert expression.strandedness_claim(SimpleNamespace(sample="bert.rna")) == "unstranded"


def test_pairs_are_counted_as_pairs(project):
    expression = ExpressionWiring(project())
    assert expression.is_paired(SimpleNamespace(sample="anna.rna")) and not expression.is_paired(
        SimpleNamespace(sample="bert.rna")
    )


@pytest.mark.parametrize(
    "old, new, fault",
    [
        ("\treverse\nbert", "\tforward\nbert", r"row 4, column strandedness: sample 'anna.rna' has 'forward' here and 'reverse'"),
        (
            "\tb_1.fq.gz\t\t",
            "\tb_1.fq.gz\t\trevers",
            r"row 5, column strandedness: 'revers' is not one of .*did you mean 'reverse'",
        ),
        ("\tr2_2.fq.gz\t", "\t\t", r"row 4, column fastq_2: sample 'anna.rna' has single-end reads here and pairs in row 3"),
        ("2\trna", "2\twgs", r"row 4, column assay: sample 'anna.rna' is 'wgs' here and 'rna' in row 3"),
    ],
)
def test_sheet_faults_name_row_and_column(project, old, new, fault):
    assert SHEET.count(old) == 1
    with pytest.raises(InputError) as error:
        project(SHEET.replace(old, new))
    assert any(re.search(fault, line) for line in error.value.faults)


def test_rna_needs_an_annotation_and_reads(project, tmp_path):
    sheet = "sample\tassay\tbam\nanna\trna\tanna.bam\n"
    faults = check_paths(project(sheet, reference={"fasta": "g.fa"}))
    assert any("reference.gtf: is required, because the sheet has RNA samples (anna)" in fault for fault in faults)
    assert any("row 2, column bam: RNA is quantified from reads" in fault for fault in faults)
    off = check_paths(project(sheet, reference={"fasta": "g.fa"}, expression=None))
    assert not any("RNA" in fault for fault in off)


def test_star_index_memory_suggests_salmon(project):
    star, salmon = project(RNA_SHEET), project(RNA_SHEET, expression={"quantifiers": ["salmon"]})
    human = 3_100_000_000
    assert resources.estimate_disk(star, human) - resources.estimate_disk(salmon, human) == 11 * human
    notes = resources.check_memory(star, 1000 * human)
    assert len(notes) == 1 and "STAR needs about" in notes[0] and "[salmon]" in notes[0]
    assert resources.check_memory(salmon, human // 1000) == []


DONORS = SHEET.replace("strandedness", "strandedness\tdonor").replace("\t\n", "\t\tX\n").replace("reverse\n", "reverse\tX\n")


def test_rna_is_compared_with_dna_of_its_donor(project):
    shared = ExpressionWiring(project(DONORS))
    assert shared.can_check_swaps and shared.sample_donors() == dict.fromkeys(("anna", "anna.rna", "bert.rna"), "X")
    assert shared.swap_crams() == ["results/p/align/anna.rna.cram", "results/p/align/bert.rna.cram"]
    assert shared.swap_calls() == "results/p/variants/bcftools.bcf"
    assert "results/p/expression/cohort/swaps.svg" in shared.targets()


@pytest.mark.parametrize(
    "sheet, config",
    [(SHEET, {}), (RNA_SHEET, {}), (DONORS, {"variants": None}), (DONORS, {"expression": {"quantifiers": ["salmon"]}})],
)
def test_swaps_need_comparable_samples(project, sheet, config):
    wiring = ExpressionWiring(project(sheet, **config))
    assert not wiring.can_check_swaps and wiring.swap_crams() == [] and not [t for t in wiring.targets() if "swaps" in t]


def test_index_is_shared_only_with_a_named_cache(monkeypatch):
    monkeypatch.delenv("SNAKEMAKE_OUTPUT_CACHE", raising=False)
    assert not ExpressionWiring.shares_indexes()
    monkeypatch.setenv("SNAKEMAKE_OUTPUT_CACHE", "/cache")
    assert ExpressionWiring.shares_indexes()
