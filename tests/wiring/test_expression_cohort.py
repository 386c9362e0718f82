"""Wiring of cohorts of samples: targets follow from config and sheet."""

from types import SimpleNamespace

import pytest

from readsight.doctor import preflight
from readsight.doctor.paths import check_paths
from readsight.errors import InputError
from readsight.wiring.dossier import DossierWiring
from readsight.wiring.expression_cohort import CohortWiring
from readsight.wiring.project import Project

HEAD = "sample\tunit\tassay\tfastq_1\tgroup\tbatch\tlane\n"


@pytest.fixture
def build_project(tmp_path):
    for name in ("g.fa", "g.gtf", *(f"{s}.fq" for s in "abcdw")):
        (tmp_path / name).write_text("x")

    def build(rows="aabb", assay="rna", **expression) -> Project:
        sheet = tmp_path / "samples.tsv"
        lines = [
            f"{s}\t1\t{assay}\t{tmp_path}/{s}.fq\t{g}\tb{i % 2}\tL{i}\n"
            for i, (s, g) in enumerate(zip("abcd", rows, strict=True))
        ]
        sheet.write_text(HEAD + "".join(lines))
        raw = {"project": "p", "samples": str(sheet), "reference": {"fasta": f"{tmp_path}/g.fa", "gtf": f"{tmp_path}/g.gtf"}}
        return Project.from_raw(raw | {"expression": expression})

    return build


CONTRAST = {"column": "group", "reference": "a", "tested": "b"}


def test_differential_genes_need_a_contrast(build_project):
    without, with_it = CohortWiring(build_project()), CohortWiring(build_project(contrast=CONTRAST))
    more = set(with_it.targets()) - set(without.targets())
    names = ("differential.tsv", "volcano.svg", "abundance.svg", "differential.summary.json")
    assert more == {f"results/p/expression/cohort/{name}" for name in names}
    assert set(without.targets()) > set(without.summaries()) and "results/p/expression/expression.h5ad" in without.targets()


WILDCARDS = SimpleNamespace(cohort="cohort")


def test_figures_are_coloured_by_contrast_then_labels_then_defaults(build_project):
    assert (
        CohortWiring(build_project()).label_columns(WILDCARDS)[0] == "label"
        and CohortWiring(build_project()).batch_columns(WILDCARDS)[0] == "batch"
    )
    with_block = CohortWiring(
        build_project(contrast=CONTRAST | {"column": "batch", "reference": "b0", "tested": "b1", "block": "group"})
    )
    assert (with_block.label_columns(WILDCARDS)[0], with_block.batch_columns(WILDCARDS)[0]) == ("batch", "group")


def test_unit_columns_do_not_describe_samples(build_project):
    assert CohortWiring(build_project()).sample_metadata()["a"] == {"group": "a", "batch": "b0"}


def test_salmon_alone_needs_no_alignments(build_project):
    assert CohortWiring(build_project(quantifiers=["salmon"])).stats_files() == []
    assert len(CohortWiring(build_project()).stats_files()) == 4


def test_dna_project_has_no_cohort_targets(build_project):
    cohort = CohortWiring(build_project(assay="wgs"))
    assert cohort.targets() == [] == cohort.summaries() and cohort.products() == {}


def test_untestable_contrast_is_reported_before_the_first_job(build_project):
    (fault,) = [f for f in check_paths(build_project("aaab", contrast=CONTRAST)) if "contrast" in f]
    assert "expression.contrast.tested: 'b' has one sample" in fault
    (fault,) = [f for f in check_paths(build_project(assay="wgs", contrast=CONTRAST)) if "contrast" in f]
    assert "no sample of assay rna" in fault
    assert not [f for f in check_paths(build_project(contrast=CONTRAST)) if "contrast" in f]


def test_environments_and_declined_products_follow_the_contrast(build_project):
    plain, with_contrast = (DossierWiring(build_project(**given), []) for given in ({}, {"contrast": CONTRAST}))
    assert "dataset" in plain.environment_names() and "differential" not in plain.environment_names()
    assert "differential" in with_contrast.environment_names()
    assert ("expression", "differential genes", "expression.contrast is not given") in plain.list_declined()
    assert not [row for row in with_contrast.list_declined() if row[0] == "expression"]


@pytest.fixture
def build_table_project(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("gene,s1,s2\nTP53,1,2\n")

    def build(names="ab", contrast=None, **task) -> Project:
        files = {name: {"files": [f"{tmp_path}/{name}.csv"]} for name in names}
        tasks = {"t": {"source": "samples"} | task} if task else {}
        return Project.from_raw({"project": "p", "tables": files, "tasks": tasks, "expression": {"contrast": contrast}})

    return build


def test_each_table_is_a_separate_cohort(build_table_project):
    wiring = CohortWiring(build_table_project())
    assert wiring.cohort_names() == ["tables/a", "tables/b"]
    assert {f"results/p/expression/tables/{t}/{f}.svg" for t in "ab" for f in ("components", "likeness", "spread")} < set(
        wiring.targets()
    )
    assert not [path for path in wiring.targets() if "identity" in path or "differential" in path or "gene_body" in path]
    table_wildcards = SimpleNamespace(cohort="tables/b")
    assert wiring.matrix_file(table_wildcards) == "results/p/expression/tables/b.h5ad"
    assert CohortWiring(build_table_project(label="subtype", modalities=["b"])).label_columns(table_wildcards)[0] == "subtype"


def test_contrast_applies_to_one_table(build_table_project):
    single = CohortWiring(build_table_project("a", CONTRAST))
    assert (
        "results/p/expression/tables/a/differential.tsv" in single.targets()
        and single.contrast_spec(SimpleNamespace(cohort="tables/a"))["table"] == "a"
    )
    with_name = CohortWiring(build_table_project("ab", CONTRAST | {"table": "b"}))
    assert [p for p in with_name.targets() if p.endswith("volcano.svg")] == ["results/p/expression/tables/b/volcano.svg"]
    (fault,) = [f for f in check_paths(build_table_project("ab", CONTRAST)) if "contrast" in f]
    assert "expression.contrast.table: set the table whose counts are compared (a, b)" in fault
    assert not [f for f in check_paths(build_table_project("ab", CONTRAST | {"table": "b"})) if "contrast" in f]
    with pytest.raises(InputError, match="expression.contrast.table: 'c' is not a table of this project .a, b."):
        build_table_project("ab", CONTRAST | {"table": "c"})


def test_gene_body_coverage_needs_alignments(build_project):
    path = "results/p/expression/cohort/gene_body.svg"
    assert (
        path in CohortWiring(build_project()).targets()
        and path not in CohortWiring(build_project(quantifiers=["salmon"])).targets()
    )


def test_gene_sets_are_checked_before_the_first_job(build_table_project, tmp_path):
    settings = {"label": "x", "pathways": f"{tmp_path}/sets.gmt"}
    assert [f for f in check_paths(build_table_project(**settings)) if "tasks.t.pathways: file does not exist" in f]
    (tmp_path / "sets.gmt").write_text("SET ONE TP53\n")
    with pytest.raises(InputError, match="sets.gmt, row 1: 1 column"):
        preflight.examine_project(build_table_project(**settings))
