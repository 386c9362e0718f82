"""The included project of real RNA through the workflow, compared with published Salmon quantifications."""

import json
import os
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

import projects
from readsight.expression.tpm import transcripts_per_million

DATA = Path(os.environ.get("READSIGHT_REAL_DATA") or "absent") / "rna/hbr_uhr_chr22"
SINGLE = ["HBR_Rep1", "UHR_Rep3"]

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="READSIGHT_REAL_DATA names no folder that has rna/hbr_uhr_chr22"),
]


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    return projects.run_to_report(projects.copy_shipped_project(tmp_path_factory.mktemp("hbr-uhr"), "hbr-uhr-chr22"))


@pytest.fixture(scope="module")
def expression_data(results) -> anndata.AnnData:
    return anndata.read_h5ad(results / "expression/expression.h5ad")


@pytest.fixture(scope="module")
def salmon_reference() -> pd.DataFrame:
    """Samples × genes that are expressed in at least one sample of the published Salmon TPM."""
    table = pd.read_csv(DATA / "expected/TPM_counts_from_SALMON.genes.tsv", sep="\t").set_index("Name")
    table = table[table.index.str.startswith("ENSG")]
    return table[(table > 0).any(axis=1)].T


def select_tpm(data: anndata.AnnData, layer: str, reference: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(np.asarray(data.layers[layer]), index=data.obs_names, columns=data.var_names).loc[
        reference.index, reference.columns
    ]


def compute_spearman(a: pd.Series, b: pd.Series) -> float:
    return a.rank().corr(b.rank())


@pytest.mark.parametrize("layer", ["tpm", "salmon_tpm"])
def test_genes_rank_as_in_the_expected_tpm(expression_data, salmon_reference, layer):
    ours = select_tpm(expression_data, layer, salmon_reference)
    assert salmon_reference.shape == (6, 9)
    assert compute_spearman(ours.mean(), salmon_reference.mean()) >= 0.95


def test_genes_of_each_paired_library_rank_as_expected(expression_data, salmon_reference):
    """Nine genes, some with one or two reads; the published values of the two single-end libraries differ from their replicates (see the project's README)."""
    ours = select_tpm(expression_data, "tpm", salmon_reference)
    for sample in salmon_reference.index.difference(SINGLE):
        assert compute_spearman(ours.loc[sample], salmon_reference.loc[sample]) >= 0.85, sample


def test_featurecounts_and_salmon_tpm_agree(expression_data, salmon_reference):
    """Over genes of both; featureCounts ignores reads in overlapping genes, which Salmon distributes."""
    ours, theirs = (
        select_tpm(expression_data, "tpm", salmon_reference),
        select_tpm(expression_data, "salmon_tpm", salmon_reference),
    )
    for sample in expression_data.obs_names:
        assert compute_spearman(ours.loc[sample], theirs.loc[sample]) >= 0.85, sample


def test_tpm_from_salmon_counts_equals_salmon_tpm(results, expression_data):
    """TPM follows from counts and the abundance-weighted mean length of the transcripts."""
    for sample in expression_data.obs_names:
        table = pd.read_csv(results / f"expression/{sample}.salmon.genes.tsv", sep="\t")
        ours = transcripts_per_million(table[["count"]].to_numpy().T, table["effective_length"].to_numpy())[0]
        np.testing.assert_allclose(ours, table["tpm"], rtol=2e-3, atol=1, err_msg=sample)


def test_every_sample_sums_to_a_million(expression_data):
    np.testing.assert_allclose(np.asarray(expression_data.layers["tpm"], float).sum(axis=1), 1e6, rtol=1e-5)


def test_groups_separate_on_the_first_component(results):
    overview = json.loads((results / "expression/cohort/overview.json").read_text())
    first, groups = np.array(overview["components"])[:, 0], np.array(overview["label"]["values"])
    brain, reference = first[groups == "HBR"], first[groups == "UHR"]
    assert brain.max() < reference.min() or reference.max() < brain.min()
    figures = json.loads((results / "summary.json").read_text())
    assert figures["expression.cohort.label_silhouette"]["low"] > 0


def test_differential_genes_are_the_known_ones(results):
    """KIAA1644 (shisa-like) and LDOC1L (RTL6) are brain-specific genes."""
    table = pd.read_csv(results / "expression/cohort/differential.tsv", sep="\t", index_col="gene_name")
    assert {"KIAA1644", "LDOC1L"} == set(table.index[table["padj"] < 0.05])
    assert (table.loc[["KIAA1644", "LDOC1L"], "high"] < 0).all(), "less in the reference of cell lines"
    figure = json.loads((results / "summary.json").read_text())["expression.cohort.differential.genes"]
    assert figure["value"] == (table["padj"] < 0.05).sum()


def test_sex_is_not_inferred_from_23_genes(results):
    table = pd.read_csv(results / "expression/cohort/identity.tsv", sep="\t")
    assert set(table["told"]) == {"not measured"}


def test_the_report_shows_the_figures(results):
    report = (results / "report.html").read_text()
    for name in ("components", "likeness", "spread", "volcano", "abundance"):
        assert f"cohort/{name}.svg" in report
