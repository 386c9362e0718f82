"""The shipped project of real RNA, through the workflow: what Salmon's published figures say is there is found."""

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
    return projects.finished(projects.shipped(tmp_path_factory.mktemp("hbr-uhr"), "hbr-uhr-chr22"))


@pytest.fixture(scope="module")
def data(results) -> anndata.AnnData:
    return anndata.read_h5ad(results / "expression/expression.h5ad")


@pytest.fixture(scope="module")
def expected() -> pd.DataFrame:
    """Samples × the genes that the expected Salmon TPM name as expressed in a sample."""
    table = pd.read_csv(DATA / "expected/TPM_counts_from_SALMON.genes.tsv", sep="\t").set_index("Name")
    table = table[table.index.str.startswith("ENSG")]
    return table[(table > 0).any(axis=1)].T


def tpm(data: anndata.AnnData, layer: str, like: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(np.asarray(data.layers[layer]), index=data.obs_names, columns=data.var_names).loc[
        like.index, like.columns
    ]


def spearman(a: pd.Series, b: pd.Series) -> float:
    return a.rank().corr(b.rank())


@pytest.mark.parametrize("layer", ["tpm", "salmon_tpm"])
def test_genes_rank_as_in_the_expected_tpm(data, expected, layer):
    ours = tpm(data, layer, expected)
    assert expected.shape == (6, 9)
    assert spearman(ours.mean(), expected.mean()) >= 0.95


def test_so_do_the_genes_of_each_paired_library(data, expected):
    """Nine genes, some of a read or two; Salmon's expected figures of the two single-end libraries differ from their own replicates, see the project's README."""
    ours = tpm(data, "tpm", expected)
    for sample in expected.index.difference(SINGLE):
        assert spearman(ours.loc[sample], expected.loc[sample]) >= 0.85, sample


def test_ours_and_salmons_tpm_of_the_same_run_agree(data, expected):
    """Over genes that both find; featureCounts leaves out what lies in two genes, which Salmon shares out."""
    ours, theirs = tpm(data, "tpm", expected), tpm(data, "salmon_tpm", expected)
    for sample in data.obs_names:
        assert spearman(ours.loc[sample], theirs.loc[sample]) >= 0.85, sample


def test_our_tpm_of_salmons_counts_and_lengths_are_salmons_tpm(results, data):
    """The definition holds of genes too, whose length is the mean of their transcripts', weighted by abundance."""
    for sample in data.obs_names:
        table = pd.read_csv(results / f"expression/{sample}.salmon.genes.tsv", sep="\t")
        ours = transcripts_per_million(table[["count"]].to_numpy().T, table["effective_length"].to_numpy())[0]
        np.testing.assert_allclose(ours, table["tpm"], rtol=2e-3, atol=1, err_msg=sample)


def test_every_sample_sums_to_a_million(data):
    np.testing.assert_allclose(np.asarray(data.layers["tpm"], float).sum(axis=1), 1e6, rtol=1e-5)


def test_brain_and_reference_part_on_the_first_component(results):
    found = json.loads((results / "expression/cohort/overview.json").read_text())
    first, groups = np.array(found["components"])[:, 0], np.array(found["label"]["values"])
    brain, reference = first[groups == "HBR"], first[groups == "UHR"]
    assert brain.max() < reference.min() or reference.max() < brain.min()
    figures = json.loads((results / "summary.json").read_text())
    assert figures["expression.cohort.label_silhouette"]["low"] > 0


def test_differential_genes_are_listed_and_known(results):
    """KIAA1644 (shisa-like) and LDOC1L (RTL6) are genes of the brain."""
    table = pd.read_csv(results / "expression/cohort/differential.tsv", sep="\t", index_col="gene_name")
    assert {"KIAA1644", "LDOC1L"} == set(table.index[table["padj"] < 0.05])
    assert (table.loc[["KIAA1644", "LDOC1L"], "high"] < 0).all(), "less in the reference of cell lines"
    figure = json.loads((results / "summary.json").read_text())["expression.cohort.differential.genes"]
    assert figure["value"] == (table["padj"] < 0.05).sum()


def test_sex_cannot_be_told_from_23_genes_and_is_said_so(results):
    table = pd.read_csv(results / "expression/cohort/identity.tsv", sep="\t")
    assert set(table["told"]) == {"not measured"}


def test_the_report_shows_the_figures(results):
    report = (results / "report.html").read_text()
    for name in ("components", "likeness", "spread", "volcano", "abundance"):
        assert f"cohort/{name}.svg" in report
