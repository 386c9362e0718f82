"""A table of one's own becomes samples × features: scaled sample by sample, described, and placed among genes."""

import json
import os
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import expression_import as step
from readsight.errors import InputError

REAL = Path(os.environ.get("READSIGHT_REAL_DATA", "../shared/data"))
COUNTS = arrays.arrays(np.int64, (3, 6), elements=st.integers(1, 10_000))
GENES = (
    "gene_id\tgene_name\tbiotype\tcontig\tstart\tend\tstrand\tlength\n"
    "ENSG00000000003.5\tTSPAN6\tprotein_coding\tchrX\t100\t900\t-\t500\n"
    "ENSG00000000005.2\tTNMD\tlncRNA\tchrX\t2000\t2600\t+\t100\n"
)


def spec(*files, **given):
    default = {"about": [], "samples_are": "auto", "duplicates": "error", "modality": None, "layer": None, "kind": "auto"}
    default |= {"name": "t", "results": "results/p", "metadata": [], "orders": {}, "labels": [], "alone": True}
    return default | given | {"files": [str(file) for file in files]}


@pytest.fixture
def bring(tmp_path):
    """Import a table as the rule does; returns what it wrote."""

    def run(*files, sheet="", genes="", **given):
        paths = {}
        for name, text in (("sheet", sheet), ("genes", genes)):
            paths[name] = tmp_path / f"{name}.tsv" if text else None
            if text:
                paths[name].write_text(text)
        step.main(spec(*files, **given), paths["sheet"], paths["genes"], tmp_path / "t.h5ad", tmp_path / "t.json")
        return anndata.read_h5ad(tmp_path / "t.h5ad")

    return run


@pytest.fixture
def counts(tmp_path):
    path = tmp_path / "counts.csv"
    pd.DataFrame([[50, 30, 20], [0, 900, 100]], ["a", "b"], ["ENSG00000000003", "ENSG00000000005", "ENSG00000000419"]).to_csv(
        path
    )
    return path


@given(COUNTS, st.permutations(range(3)))
def test_a_sample_is_scaled_by_itself(counts, order):
    whole = step.log_cpm(counts)
    assert np.array_equal(step.log_cpm(counts[order]), whole[order])
    assert all(np.array_equal(step.log_cpm(counts[i : i + 1])[0], whole[i]) for i in range(3))


@given(COUNTS)
def test_depth_does_not_matter_and_parts_sum_to_a_million(counts):
    whole = step.log_cpm(counts)
    np.testing.assert_allclose(step.log_cpm(counts * 7), whole, rtol=1e-5)
    np.testing.assert_allclose((2.0 ** whole.astype(float) - 1).sum(axis=1), 1e6, rtol=1e-4)


def test_counts_become_log_cpm_and_stay_beside_it(bring, counts):
    found = bring(counts)
    assert found.uns["kind"] == "counts" and found.X.dtype == np.float32 and found.X[1, 0] == 0
    np.testing.assert_allclose(found.X[0], np.log2(1 + np.array([50, 30, 20]) * 1e4), rtol=1e-6)
    assert found.layers["counts"].tolist() == [[50, 30, 20], [0, 900, 100]] and "tpm" not in found.layers
    assert any("samples are its rows" in note for note in found.uns["notes"]), "the way round is said"


def test_lengths_of_the_annotation_give_tpm(bring, tmp_path):
    path = tmp_path / "counts.csv"
    pd.DataFrame([[500, 100], [100, 300]], ["a", "b"], ["ENSG00000000003.9", "ENSG00000000005"]).to_csv(path)
    found = bring(path, genes=GENES)
    np.testing.assert_allclose(found.layers["tpm"][0], [5e5, 5e5])
    np.testing.assert_allclose(found.X, np.log2(1 + found.layers["tpm"]), rtol=1e-6)
    assert found.var.loc["ENSG00000000003.9"].to_dict() == {
        "symbol": "TSPAN6", "biotype": "protein_coding", "contig": "chrX", "start": 100, "end": 900, "strand": "-"
    }  # fmt: skip


def test_a_gene_without_a_length_leaves_only_where_it_hardly_counts(bring, tmp_path, counts):
    assert "tpm" not in bring(counts, genes=GENES).layers, "a tenth of the reads lie in a gene that has no length"
    path = tmp_path / "more.csv"
    pd.DataFrame([[5000, 3000, 2]], ["a"], ["TSPAN6", "TNMD", "NOSUCH1"]).to_csv(path)
    found = bring(path, genes=GENES, samples_are="rows")
    assert list(found.var_names) == ["TSPAN6", "TNMD"] and "tpm" in found.layers
    assert any("1 features that the annotation has no length of" in note for note in found.uns["notes"])


def test_tpm_and_values(bring, tmp_path):
    tpm = np.array([[250_000, 749_999.5, 0.5], [1e5, 9e5, 0]])
    for name, values in (("tpm", tpm), ("values", tpm - 7)):
        pd.DataFrame(values, ["a", "b"], ["ENSG00000000003", "ENSG00000000005", "ENSG00000000419"]).to_csv(tmp_path / name)
    found = bring(tmp_path / "tpm")
    assert found.uns["kind"] == "tpm" and np.allclose(found.X, np.log2(1 + tpm)) and np.allclose(found.layers["tpm"], tpm)
    assert np.allclose(bring(tmp_path / "values").X, tpm - 7)


def test_symbols_are_told_from_ids(bring, tmp_path):
    path = tmp_path / "c.csv"
    pd.DataFrame([[50, 30], [10, 90]], ["a", "b"], ["A1BG|1", "?|100133144"]).to_csv(path)
    found = bring(path)
    assert list(found.var["symbol"]) == ["A1BG", ""] and list(found.var["entrez"]) == ["1", "100133144"]


def test_what_is_missing_stays_missing_and_is_said(bring, tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("id,ENSG00000000003,ENSG00000000005\na,1.5,NA\nb,2,3\n")
    found = bring(path, kind="log")
    assert np.isnan(found.X[0, 1]) and any("1 of 4 numbers are missing" in note for note in found.uns["notes"])
    figures = {row["key"]: row["value"] for row in json.loads((tmp_path / "t.json").read_text())}
    assert {key.rpartition(".")[2]: v for key, v in figures.items()} == {
        "kind": "log",
        "samples": 2,
        "features": 2,
        "missing": 0.25,
    }


def test_sheet_metadata_and_barcodes_describe_the_samples(bring, tmp_path):
    names = ["TCGA-BH-A0DK-01A-21R-A12P-07", "TCGA-BH-A0DK-11A-13R-A089-07"]
    path, clinical = tmp_path / "c.csv", tmp_path / "clinical.csv"
    pd.DataFrame([[50, 30], [10, 90]], names, ["A1BG|1", "A2M|2"]).T.to_csv(path)
    clinical.write_text("patient_id,stage\nTCGA-BH-A0DK,II\n")
    sheet = "sample\tkind\nTCGA-BH-A0DK-01A\ttumour\nTCGA-BH-A0DK-11A\tnormal\n"
    described = [{"file": str(clinical), "key": None, "order_of": None, "add": {"centre_of_care": "x"}}]
    found = bring(path, sheet=sheet, metadata=described)
    assert list(found.obs_names) == ["TCGA-BH-A0DK-01A", "TCGA-BH-A0DK-11A"]
    assert found.obs.iloc[1].to_dict() == {
        "barcode": names[1], "kind": "normal", "stage": "II", "centre_of_care": "x", "patient": "TCGA-BH-A0DK",
        "sample_type": "Solid tissue normal", "plate": "A089", "centre": "07",
    }  # fmt: skip
    assert all(isinstance(value, str) for value in found.obs.to_numpy().ravel())


def test_a_contradiction_between_matrix_and_metadata(bring, tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("id,sex,g1,g2\na,f,50,30\nb,m,10,90\n")
    with pytest.raises(InputError, match="sample 'b': column 'sex' is 'm' here and 'f' in sheet or metadata"):
        bring(path, about=["sex"], sheet="sample\tsex\na\tf\nb\tf\n")


def test_a_label_among_the_features_is_an_error(bring, tmp_path):
    path = tmp_path / "c.csv"
    rows = [f"s{i},{i % 2},{i % 2 * 5 - 3}.5,{i}.25" for i in range(30)]
    path.write_text("\n".join(["id,dead,code,g1", *rows]) + "\n")
    sheet = "sample\tdead\n" + "".join(f"s{i}\t{i % 2}\n" for i in range(30))
    with pytest.raises(InputError) as error:
        bring(path, sheet=sheet, labels=["dead"])
    assert "feature 'dead' bears the name" in error.value.faults[0] and "feature 'code' has one value" in error.value.faults[1]


def test_faults_of_numbers_and_of_names_are_said(bring, counts):
    with pytest.raises(InputError, match="sample 'a' is described neither by the sample sheet nor by metadata; is it 'A_' of"):
        bring(counts, sheet="sample\tx\nA_\t1\nb\t2\n")


def test_cohorts_as_they_are_published(bring):
    if not REAL.is_dir():
        pytest.skip("the real data are not here")
    folder = REAL / "expression"
    brca = folder / "TCGA_BRCA_dataBRCA_counts.csv.gz"
    with pytest.raises(InputError, match="kind: expected"):
        bring(brca, kind="counts")
    found = bring(brca, kind="expected")
    assert found.shape == (10, 20_530) and found.obs["patient"].nunique() == 10
    assert found.obs["sample_type"].value_counts().to_dict() == {"Primary solid tumor": 5, "Solid tissue normal": 5}
    described = [{"file": str(folder / "airway_metadata.csv"), "key": None, "order_of": None, "add": {}}]
    airway = bring(folder / "airway_rawcounts.csv.gz", metadata=described, labels=["dex"])
    assert airway.obs.groupby("celltype")["dex"].agg(sorted).map(tuple).tolist() == [("control", "treated")] * 4
    train = str(folder / "breastTCGA_train_mrna.csv.gz")
    described = [
        {"file": str(folder / "breastTCGA_train_subtype.csv"), "key": None, "order_of": train, "add": {"split": "train"}}
    ]
    protein = bring(
        folder / "breastTCGA_train_protein.csv.gz", metadata=described, orders={train: spec() | {"name": "mrna"}}, alone=False
    )
    assert protein.shape == (150, 142) and protein.obs["subtype"].value_counts().to_dict() == {
        "LumA": 75,
        "Basal": 45,
        "Her2": 30,
    }


def test_the_summary_says_what_the_numbers_are_taken_for(bring, tmp_path, counts):
    """Expected counts that nobody called so are learned from as they are: the report has to say it."""
    for scale, kind, words in ((1, "counts", "log2(1 + counts per million)"), (1.37, "values", "say kind: expected")):
        frame = pd.read_csv(counts, index_col=0) * scale
        frame.to_csv(tmp_path / "k.csv")
        bring(tmp_path / "k.csv")
        rows = {row["key"]: row for row in json.loads((tmp_path / "t.json").read_text())}
        assert rows["expression.tables.t.kind"]["value"] == kind and words in rows["expression.tables.t.kind"]["description"]
