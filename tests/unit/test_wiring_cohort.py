"""What a cohort of RNA samples asks for follows from its config and sheet."""

import pytest

from readsight import doctor
from readsight.project import Project
from readsight.wiring.cohort import CohortWiring
from readsight.wiring.dossier import DossierWiring

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


def test_figures_are_coloured_by_what_tells_samples_apart(make):
    assert (CohortWiring(make()).label(), CohortWiring(make()).batch()) == ("group", "batch")
    assert CohortWiring(make("aaaa")).label() is None
    blocked = CohortWiring(make(contrast=CONTRAST | {"column": "batch", "reference": "b0", "tested": "b1", "block": "group"}))
    assert (blocked.label(), blocked.batch()) == ("batch", "group")


def test_columns_of_units_do_not_describe_samples(make):
    assert CohortWiring(make()).metadata()["a"] == {"group": "a", "batch": "b0"}


def test_salmon_alone_needs_no_alignments(make):
    assert CohortWiring(make(quantifiers=["salmon"])).stats() == []
    assert len(CohortWiring(make()).stats()) == 4


def test_a_project_of_dna_asks_for_nothing(make):
    cohort = CohortWiring(make(assay="wgs"))
    assert cohort.targets() == [] == cohort.summaries() and cohort.products() == {}


def test_a_contrast_that_cannot_be_tested_is_told_before_the_first_job(make):
    (fault,) = [f for f in doctor.missing(make("aaab", contrast=CONTRAST)) if "contrast" in f]
    assert "expression.contrast.tested: 'b' has one sample" in fault
    (fault,) = [f for f in doctor.missing(make(assay="wgs", contrast=CONTRAST)) if "contrast" in f]
    assert "no sample of assay rna" in fault
    assert not [f for f in doctor.missing(make(contrast=CONTRAST)) if "contrast" in f]


def test_environments_and_what_is_declined_are_told(make):
    plain, compared = (DossierWiring(make(**given), []) for given in ({}, {"contrast": CONTRAST}))
    assert "dataset" in plain.environments() and "differential" not in plain.environments()
    assert "differential" in compared.environments()
    assert ("expression", "differential genes", "expression.contrast is not given") in plain.declined()
    assert not [row for row in compared.declined() if row[0] == "expression"]
