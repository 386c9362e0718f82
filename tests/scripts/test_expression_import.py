"""User tables become samples × features, scaled per sample, with metadata and gene annotation."""

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


def make_spec(*files, **overrides):
    default = {"about": [], "samples_are": "auto", "duplicates": "error", "modality": None, "layer": None, "kind": "auto"}
    default |= {"name": "t", "results": "results/p", "metadata": [], "orders": {}, "labels": [], "alone": True}
    return default | overrides | {"files": [str(file) for file in files]}


@pytest.fixture
def import_table(tmp_path):
    """Return a function that imports a table like the rule and returns the written AnnData."""

    def run_import(*files, sheet="", genes="", **overrides):
        paths = {}
        for name, text in (("sheet", sheet), ("genes", genes)):
            paths[name] = tmp_path / f"{name}.tsv" if text else None
            if text:
                paths[name].write_text(text)
        step.main(make_spec(*files, **overrides), paths["sheet"], paths["genes"], tmp_path / "t.h5ad", tmp_path / "t.json")
        return anndata.read_h5ad(tmp_path / "t.h5ad")

    return run_import


@pytest.fixture
def counts(tmp_path):
    path = tmp_path / "counts.csv"
    pd.DataFrame([[50, 30, 20], [0, 900, 100]], ["a", "b"], ["ENSG00000000003", "ENSG00000000005", "ENSG00000000419"]).to_csv(
        path
    )
    return path


@given(COUNTS, st.permutations(range(3)))
def test_samples_are_scaled_independently(counts, order):
    scaled = step.log_cpm(counts)
    assert np.array_equal(step.log_cpm(counts[order]), scaled[order])
    assert all(np.array_equal(step.log_cpm(counts[i : i + 1])[0], scaled[i]) for i in range(3))


@given(COUNTS)
def test_log_cpm_ignores_depth_and_sums_to_million(counts):
    scaled = step.log_cpm(counts)
    np.testing.assert_allclose(step.log_cpm(counts * 7), scaled, rtol=1e-5)
    np.testing.assert_allclose((2.0 ** scaled.astype(float) - 1).sum(axis=1), 1e6, rtol=1e-4)


def test_counts_become_log_cpm_and_are_kept(import_table, counts):
    data = import_table(counts)
    assert data.uns["kind"] == "counts" and data.X.dtype == np.float32 and data.X[1, 0] == 0
    np.testing.assert_allclose(data.X[0], np.log2(1 + np.array([50, 30, 20]) * 1e4), rtol=1e-6)
    assert data.layers["counts"].tolist() == [[50, 30, 20], [0, 900, 100]] and "tpm" not in data.layers
    assert any("samples are its rows" in note for note in data.uns["notes"]), "the orientation is logged"


def test_annotation_lengths_give_tpm(import_table, tmp_path):
    path = tmp_path / "counts.csv"
    pd.DataFrame([[500, 100], [100, 300]], ["a", "b"], ["ENSG00000000003.9", "ENSG00000000005"]).to_csv(path)
    data = import_table(path, genes=GENES)
    np.testing.assert_allclose(data.layers["tpm"][0], [5e5, 5e5])
    np.testing.assert_allclose(data.X, np.log2(1 + data.layers["tpm"]), rtol=1e-6)
    assert data.var.loc["ENSG00000000003.9"].to_dict() == {
        "symbol": "TSPAN6", "biotype": "protein_coding", "contig": "chrX", "start": 100, "end": 900, "strand": "-"
    }  # fmt: skip


def test_genes_without_length_are_dropped_if_rare(import_table, tmp_path, counts):
    assert "tpm" not in import_table(counts, genes=GENES).layers, "10 % of the reads are in a gene without a length"
    path = tmp_path / "more.csv"
    pd.DataFrame([[5000, 3000, 2]], ["a"], ["TSPAN6", "TNMD", "NOSUCH1"]).to_csv(path)
    data = import_table(path, genes=GENES, samples_are="rows")
    assert list(data.var_names) == ["TSPAN6", "TNMD"] and "tpm" in data.layers
    assert any("1 features without a length in the annotation" in note for note in data.uns["notes"])


def test_tpm_and_values(import_table, tmp_path):
    tpm = np.array([[250_000, 749_999.5, 0.5], [1e5, 9e5, 0]])
    for name, values in (("tpm", tpm), ("values", tpm - 7)):
        pd.DataFrame(values, ["a", "b"], ["ENSG00000000003", "ENSG00000000005", "ENSG00000000419"]).to_csv(tmp_path / name)
    data = import_table(tmp_path / "tpm")
    assert data.uns["kind"] == "tpm" and np.allclose(data.X, np.log2(1 + tpm)) and np.allclose(data.layers["tpm"], tpm)
    assert np.allclose(import_table(tmp_path / "values").X, tpm - 7)


def test_symbol_and_entrez_are_parsed_from_ids(import_table, tmp_path):
    path = tmp_path / "c.csv"
    pd.DataFrame([[50, 30], [10, 90]], ["a", "b"], ["A1BG|1", "?|100133144"]).to_csv(path)
    data = import_table(path)
    assert list(data.var["symbol"]) == ["A1BG", ""] and list(data.var["entrez"]) == ["1", "100133144"]


def test_missing_values_are_kept_and_reported(import_table, tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("id,ENSG00000000003,ENSG00000000005\na,1.5,NA\nb,2,3\n")
    data = import_table(path, kind="log")
    assert np.isnan(data.X[0, 1]) and any("1 of 4 values are missing" in note for note in data.uns["notes"])
    figures = {row["key"]: row["value"] for row in json.loads((tmp_path / "t.json").read_text())}
    assert {key.rpartition(".")[2]: v for key, v in figures.items()} == {
        "kind": "log",
        "samples": 2,
        "features": 2,
        "missing": 0.25,
    }


def test_sheet_metadata_and_barcodes_describe_the_samples(import_table, tmp_path):
    names = ["TCGA-BH-A0DK-01A-21R-A12P-07", "TCGA-BH-A0DK-11A-13R-A089-07"]
    path, clinical = tmp_path / "c.csv", tmp_path / "clinical.csv"
    pd.DataFrame([[50, 30], [10, 90]], names, ["A1BG|1", "A2M|2"]).T.to_csv(path)
    clinical.write_text("patient_id,stage\nTCGA-BH-A0DK,II\n")
    sheet = "sample\tkind\nTCGA-BH-A0DK-01A\ttumour\nTCGA-BH-A0DK-11A\tnormal\n"
    entries = [{"file": str(clinical), "key": None, "order_of": None, "add": {"centre_of_care": "x"}}]
    data = import_table(path, sheet=sheet, metadata=entries)
    assert list(data.obs_names) == ["TCGA-BH-A0DK-01A", "TCGA-BH-A0DK-11A"]
    assert data.obs.iloc[1].to_dict() == {
        "barcode": names[1], "kind": "normal", "stage": "II", "centre_of_care": "x", "patient": "TCGA-BH-A0DK",
        "sample_type": "Solid tissue normal", "plate": "A089", "centre": "07",
    }  # fmt: skip
    assert all(isinstance(value, str) for value in data.obs.to_numpy().ravel())


def test_matrix_and_metadata_must_agree(import_table, tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("id,sex,g1,g2\na,f,50,30\nb,m,10,90\n")
    with pytest.raises(InputError, match="sample 'b': column 'sex' is 'm' here and 'f' in the sheet or metadata"):
        import_table(path, about=["sex"], sheet="sample\tsex\na\tf\nb\tf\n")


def test_a_label_among_the_features_is_an_error(import_table, tmp_path):
    path = tmp_path / "c.csv"
    rows = [f"s{i},{i % 2},{i % 2 * 5 - 3}.5,{i}.25" for i in range(30)]
    path.write_text("\n".join(["id,dead,code,g1", *rows]) + "\n")
    sheet = "sample\tdead\n" + "".join(f"s{i}\t{i % 2}\n" for i in range(30))
    with pytest.raises(InputError) as error:
        import_table(path, sheet=sheet, labels=["dead"])
    assert (
        "feature 'dead' has the name" in error.value.faults[0]
        and "feature 'code' has one distinct value" in error.value.faults[1]
    )


def test_misspelt_sample_name_suggests_correction(import_table, counts):
    with pytest.raises(InputError, match="sample 'a' is described neither by the sample sheet nor by metadata; is it 'A_' of"):
        import_table(counts, sheet="sample\tx\nA_\t1\nb\t2\n")


def test_published_cohorts(import_table):
    if not REAL.is_dir():
        pytest.skip("the real data are not available")
    folder = REAL / "expression"
    brca = folder / "TCGA_BRCA_dataBRCA_counts.csv.gz"
    with pytest.raises(InputError, match="kind: expected"):
        import_table(brca, kind="counts")
    data = import_table(brca, kind="expected")
    assert data.shape == (10, 20_530) and data.obs["patient"].nunique() == 10
    assert data.obs["sample_type"].value_counts().to_dict() == {"Primary solid tumor": 5, "Solid tissue normal": 5}
    entries = [{"file": str(folder / "airway_metadata.csv"), "key": None, "order_of": None, "add": {}}]
    airway = import_table(folder / "airway_rawcounts.csv.gz", metadata=entries, labels=["dex"])
    assert airway.obs.groupby("celltype")["dex"].agg(sorted).map(tuple).tolist() == [("control", "treated")] * 4
    train = str(folder / "breastTCGA_train_mrna.csv.gz")
    entries = [{"file": str(folder / "breastTCGA_train_subtype.csv"), "key": None, "order_of": train, "add": {"split": "train"}}]
    protein = import_table(
        folder / "breastTCGA_train_protein.csv.gz", metadata=entries, orders={train: make_spec() | {"name": "mrna"}}, alone=False
    )
    assert protein.shape == (150, 142) and protein.obs["subtype"].value_counts().to_dict() == {
        "LumA": 75,
        "Basal": 45,
        "Her2": 30,
    }


def test_summary_reports_kind_of_numbers(import_table, tmp_path, counts):
    """Undeclared estimated counts are used without transformation, so the report must mention it."""
    for scale, kind, phrase in ((1, "counts", "log2(1 + counts per million)"), (1.37, "values", "set kind: expected")):
        frame = pd.read_csv(counts, index_col=0) * scale
        frame.to_csv(tmp_path / "k.csv")
        import_table(tmp_path / "k.csv")
        rows = {row["key"]: row for row in json.loads((tmp_path / "t.json").read_text())}
        assert rows["expression.tables.t.kind"]["value"] == kind and phrase in rows["expression.tables.t.kind"]["description"]
