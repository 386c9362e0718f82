"""Wildcard constraints match exactly the names of a project; projects may consist of tables only."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readsight.errors import InputError
from readsight.wiring.align import AlignWiring
from readsight.wiring.dataset import DatasetWiring
from readsight.wiring.dossier import DossierWiring
from readsight.wiring.expression_tables import TablesWiring
from readsight.wiring.project import Project, one_of
from readsight.wiring.reads import ReadsWiring
from readsight.wiring.variants import VariantsWiring

NAMES = st.lists(st.text("abAB01._-", min_size=1, max_size=6), max_size=20)


@given(NAMES, st.text("abAB01._-", max_size=7))
def test_constraint_admits_exactly_these_names(names, candidate):
    pattern = re.compile(one_of(names))
    assert all(pattern.fullmatch(name) for name in names)
    assert bool(pattern.fullmatch(candidate)) == (candidate in names)


@given(NAMES.filter(bool))
def test_constraint_works_within_a_path(names):
    """As in Snakemake, the name is one component of a path."""
    pattern = re.compile(f"results/align/(?P<sample>{one_of(names)})\\.cram")
    assert all(pattern.fullmatch(f"results/align/{name}.cram")["sample"] == name for name in names)


def test_empty_constraint_admits_nothing():
    assert not re.fullmatch(one_of([]), "") and not re.fullmatch(one_of([]), "a")


TABLES = {
    "project": "p",
    "tables": {"rna": {"files": ["a.csv"]}, "protein": {"files": ["b.csv"]}},
    "tasks": {"t": {"source": "samples", "label": "response", "modalities": ["rna"]}},
}


def test_table_project_has_no_sequencing_targets():
    project = Project.from_raw(TABLES)
    assert project.config.variants is None and project.callers == [] and project.samples_with_data == []
    for wiring in (AlignWiring(project), ReadsWiring(project), VariantsWiring(project)):
        assert wiring.targets() == [] and wiring.products() == {}
    assert AlignWiring(project).scale_memory(500, per_base=2)(None, 2) == 1000
    tables = TablesWiring(project)
    assert tables.targets() == ["results/p/expression/tables/rna.h5ad", "results/p/expression/tables/protein.h5ad"]
    assert tables.gene_table() == [] and tables.sample_sheet() == [] and tables.modality_names() == ["rna", "protein"]


def test_dossier_of_a_table_project():
    project = Project.from_raw(TABLES)
    dossier = DossierWiring(project, [TablesWiring(project), DatasetWiring(project)])
    assert dossier.environment_names() == ["python", "report", "dataset", "learn"]
    reasons = {product: reason for _, product, reason in dossier.list_declined()}
    assert reasons["clean reads"] == "the project starts from tables" and reasons["calls"] == "the project has no DNA sample"
    assert ("cohort", "table rna", "results/p/expression/tables/rna.h5ad") in dossier.list_expected()


def test_label_concerns_only_its_tables():
    tables = TablesWiring(Project.from_raw(TABLES))
    specs = {name: tables.import_spec(type("Wildcards", (), {"table": name})) for name in ("rna", "protein")}
    assert specs["rna"]["labels"] == ["response"] and specs["protein"]["labels"] == []
    assert not specs["rna"]["alone"], "the sheet may mean samples of the other table"


def test_ordered_metadata_uses_settings_of_its_table():
    entries = [{"file": "m.csv", "order_of": "a.csv"}]
    tables = TablesWiring(Project.from_raw(TABLES | {"metadata": entries}))
    spec = tables.import_spec(type("Wildcards", (), {"table": "protein"}))
    assert spec["orders"]["a.csv"]["name"] == "rna" and tables.metadata_files() == ["m.csv", "a.csv"]


def test_task_on_calls_needs_sequenced_samples():
    task = {"tasks": {"t": {"source": "variants"}}, "variants": {"truth": {"vcf": "t.vcf"}}}
    with pytest.raises(InputError, match="tasks.t.source: 'variants' needs DNA samples"):
        Project.from_raw(TABLES | task)
