"""What a cohort of RNA samples asks for follows from its config and sheet."""

from types import SimpleNamespace

import pytest

from readsight.doctor import preflight
from readsight.errors import InputError
from readsight.wiring.dossier import DossierWiring
from readsight.wiring.expression_cohort import CohortWiring
from readsight.wiring.project import Project

HEAD = "sample\tunit\tassay\tfastq_1\tgroup\tbatch\tlane\n"


@pytest.fixture
def make(tmp_path):
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


def test_differential_genes_come_with_a_contrast_only(make):
    without, with_it = CohortWiring(make()), CohortWiring(make(contrast=CONTRAST))
    more = set(with_it.targets()) - set(without.targets())
    names = ("differential.tsv", "volcano.svg", "abundance.svg", "differential.summary.json")
    assert more == {f"results/p/expression/cohort/{name}" for name in names}
    assert set(without.targets()) > set(without.summaries()) and "results/p/expression/expression.h5ad" in without.targets()


READS = SimpleNamespace(cohort="cohort")


def test_figures_are_coloured_by_the_contrast_then_by_what_is_learned_then_by_usual_columns(make):
    assert CohortWiring(make()).labels(READS)[0] == "label" and CohortWiring(make()).batches(READS)[0] == "batch"
    blocked = CohortWiring(make(contrast=CONTRAST | {"column": "batch", "reference": "b0", "tested": "b1", "block": "group"}))
    assert (blocked.labels(READS)[0], blocked.batches(READS)[0]) == ("batch", "group")


def test_columns_of_units_do_not_describe_samples(make):
    assert CohortWiring(make()).metadata()["a"] == {"group": "a", "batch": "b0"}


def test_salmon_alone_needs_no_alignments(make):
    assert CohortWiring(make(quantifiers=["salmon"])).stats() == []
    assert len(CohortWiring(make()).stats()) == 4


def test_a_project_of_dna_asks_for_nothing(make):
    cohort = CohortWiring(make(assay="wgs"))
    assert cohort.targets() == [] == cohort.summaries() and cohort.products() == {}


def test_a_contrast_that_cannot_be_tested_is_told_before_the_first_job(make):
    (fault,) = [f for f in preflight.missing(make("aaab", contrast=CONTRAST)) if "contrast" in f]
    assert "expression.contrast.tested: 'b' has one sample" in fault
    (fault,) = [f for f in preflight.missing(make(assay="wgs", contrast=CONTRAST)) if "contrast" in f]
    assert "no sample of assay rna" in fault
    assert not [f for f in preflight.missing(make(contrast=CONTRAST)) if "contrast" in f]


def test_environments_and_what_is_declined_are_told(make):
    plain, compared = (DossierWiring(make(**given), []) for given in ({}, {"contrast": CONTRAST}))
    assert "dataset" in plain.environments() and "differential" not in plain.environments()
    assert "differential" in compared.environments()
    assert ("expression", "differential genes", "expression.contrast is not given") in plain.declined()
    assert not [row for row in compared.declined() if row[0] == "expression"]


@pytest.fixture
def tables(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("gene,s1,s2\nTP53,1,2\n")

    def build(names="ab", contrast=None, **task) -> Project:
        own = {name: {"files": [f"{tmp_path}/{name}.csv"]} for name in names}
        tasks = {"t": {"source": "samples"} | task} if task else {}
        return Project.from_raw({"project": "p", "tables": own, "tasks": tasks, "expression": {"contrast": contrast}})

    return build


def test_each_table_is_looked_at_as_a_cohort_of_its_own(tables):
    wiring = CohortWiring(tables())
    assert wiring.names() == ["tables/a", "tables/b"]
    assert {f"results/p/expression/tables/{t}/{f}.svg" for t in "ab" for f in ("components", "likeness", "spread")} < set(
        wiring.targets()
    )
    assert not [path for path in wiring.targets() if "identity" in path or "differential" in path or "gene_body" in path]
    one = SimpleNamespace(cohort="tables/b")
    assert wiring.data(one) == "results/p/expression/tables/b.h5ad"
    assert CohortWiring(tables(label="subtype", modalities=["b"])).labels(one)[0] == "subtype"


def test_the_contrast_is_of_one_table(tables):
    only = CohortWiring(tables("a", CONTRAST))
    assert (
        "results/p/expression/tables/a/differential.tsv" in only.targets()
        and only.asked(SimpleNamespace(cohort="tables/a"))["table"] == "a"
    )
    named = CohortWiring(tables("ab", CONTRAST | {"table": "b"}))
    assert [p for p in named.targets() if p.endswith("volcano.svg")] == ["results/p/expression/tables/b/volcano.svg"]
    (fault,) = [f for f in preflight.missing(tables("ab", CONTRAST)) if "contrast" in f]
    assert "expression.contrast.table: name the table whose counts are compared (a, b)" in fault
    assert not [f for f in preflight.missing(tables("ab", CONTRAST | {"table": "b"})) if "contrast" in f]
    with pytest.raises(InputError, match="expression.contrast.table: 'c' is no table of this project .a, b."):
        tables("ab", CONTRAST | {"table": "c"})


def test_coverage_along_genes_comes_with_alignments_alone(make):
    path = "results/p/expression/cohort/gene_body.svg"
    assert path in CohortWiring(make()).targets() and path not in CohortWiring(make(quantifiers=["salmon"])).targets()


def test_gene_sets_are_looked_for_and_read_before_the_first_job(tables, tmp_path):
    asked = {"label": "x", "pathways": f"{tmp_path}/sets.gmt"}
    assert [f for f in preflight.missing(tables(**asked)) if "tasks.t.pathways: there is no such file" in f]
    (tmp_path / "sets.gmt").write_text("SET ONE TP53\n")
    with pytest.raises(InputError, match="sets.gmt, row 1: 1 column"):
        preflight.examine(tables(**asked))
