"""Counts of samples are validated, aligned and scaled into one matrix."""

import json

import anndata
import numpy as np
import pandas as pd
import pytest

from expression_assemble import align_to_annotation, describe_samples, fragment_length, main, read_counts, read_genes
from readsight.errors import InputError
from readsight.formats.gene_ids import strip_version

GENES = ["ENSG00000000001.3", "ENSG00000000002.1", "AC0001.1", "tiny"]
HEAD = "gene_id\tgene_name\tbiotype\tcontig\tstart\tend\tstrand\tlength\n"
STATS = "SN\taverage length:\t100\nIS\t180\t2\t2\t0\t0\nIS\t200\t5\t5\t0\t0\nIS\t220\t2\t2\t0\t0\nIS\t5000\t90\t90\t0\t0\n"


@pytest.fixture
def cohort(tmp_path):
    """Arguments of main for two samples and four genes."""
    lengths = (1199, 2199, 699, 100)
    rows = [f"{g}\tname{i}\tprotein_coding\t1\t{i}\t{i + n}\t+\t{n}" for i, (g, n) in enumerate(zip(GENES, lengths, strict=True))]
    (tmp_path / "genes.tsv").write_text(HEAD + "\n".join(rows) + "\n")
    for sample, counts in {"anna": (10, 20, 5, 0), "bert": (0, 40, 0, 1)}.items():
        pairs = zip(reversed(GENES), reversed(counts), strict=True)
        (tmp_path / f"{sample}.counts.tsv").write_text("gene_id\tcount\n" + "".join(f"{g}\t{n}\n" for g, n in pairs))
        (tmp_path / f"{sample}.stats").write_text(STATS)
    samples = ["anna", "bert"]
    return {
        "samples": samples,
        "metadata": {"anna": {"group": "a", "sex": "female"}, "bert": {"group": "b"}},
        "counts": [tmp_path / f"{s}.counts.tsv" for s in samples],
        "salmon": [],
        "stats": [tmp_path / f"{s}.stats" for s in samples],
        "genes": tmp_path / "genes.tsv",
        "out": tmp_path / "out.h5ad",
        "summary": tmp_path / "out.summary.json",
    }


def assemble(arguments) -> anndata.AnnData:
    main(**arguments)
    return anndata.read_h5ad(arguments["out"])


def test_matrix_contains_counts_tpm_and_sheet_columns(cohort):
    data = assemble(cohort)
    assert list(data.obs_names) == ["anna", "bert"] and list(data.var_names) == GENES
    np.testing.assert_array_equal(data.layers["counts"], [[10, 20, 5, 0], [0, 40, 0, 1]])
    np.testing.assert_array_equal(data.layers["effective_length"][0], [1000, 2000, 500, 1])
    np.testing.assert_allclose(data.layers["tpm"][0], [1e6 / 3, 1e6 / 3, 1e6 / 3, 0], rtol=1e-6)
    np.testing.assert_allclose(data.X, np.log2(1 + data.layers["tpm"]), rtol=1e-6)
    assert data.uns["X"] == "log_tpm"
    assert list(data.obs["group"]) == ["a", "b"] and list(data.obs["sex"]) == ["female", ""]
    assert list(data.obs["counted"]) == [35, 41] and list(data.obs["fragment_length"]) == [200, 200]
    assert list(data.var["length"]) == [1199, 2199, 699, 100]
    figures = {record["key"]: record["value"] for record in json.loads(cohort["summary"].read_text())}
    assert figures["expression.cohort.genes_expressed"] == 4


def test_salmon_lengths_and_tpm_are_used(cohort, tmp_path):
    head = "gene_id\tlength\teffective_length\ttpm\tcount\n"
    for sample in cohort["samples"]:
        # one gene with a different version, one that Salmon omits
        rows = ["ENSG00000000001.7\t600\t400\t7\t9.6", "ENSG00000000002.1\t900\t800\t3\t2.4", "AC0001.1\t99\t1\t0\t0"]
        (tmp_path / f"{sample}.salmon").write_text(head + "\n".join(rows) + "\n")
    cohort["salmon"] = [tmp_path / f"{s}.salmon" for s in cohort["samples"]]
    data = assemble(cohort)
    np.testing.assert_array_equal(data.layers["effective_length"][1], [400, 800, 1, 100])
    np.testing.assert_array_equal(data.layers["salmon_tpm"][0], [7, 3, 0, 0])
    salmon_only = assemble(cohort | {"counts": [], "stats": []})
    np.testing.assert_array_equal(salmon_only.layers["counts"][0], [10, 2, 0, 0])
    assert "Salmon" in salmon_only.uns["counted_by"]


def test_sample_without_counts_is_refused(cohort):
    cohort["counts"][1].write_text("gene_id\tcount\n" + "".join(f"{g}\t0\n" for g in GENES))
    with pytest.raises(InputError, match="sample bert: no gene is expressed"):
        main(**cohort)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("-3", "-3 is negative"),
        ("2.5", "2.5 is not an integer"),
        ("", "has no count"),
        ("NaN", "has no count"),
        ("x", "has no count"),
    ],
)
def test_invalid_count_names_file_and_gene(cohort, value, message):
    path = cohort["counts"][0]
    path.write_text(path.read_text().replace("AC0001.1\t5", f"AC0001.1\t{value}"))
    with pytest.raises(InputError, match=f"anna.counts.tsv, gene AC0001.1: {message}"):
        main(**cohort)


def test_wrong_columns_are_refused(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("gene\treads\nA\t1\n")
    with pytest.raises(InputError, match="gene_id and count are required"):
        read_counts(path)


def test_duplicate_gene_is_refused(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("gene_id\tcount\nENSG00000000001.1\t1\nENSG00000000001.2\t1\n")
    with pytest.raises(InputError, match=r"ENSG00000000001\.2 occurs more than once"):
        read_counts(path)
    path.write_text(HEAD + "A\tA\tx\t1\t0\t9\t+\t9\nA\tA\tx\t2\t0\t9\t+\t9\n")
    with pytest.raises(InputError, match="reference.gtf: 1 genes occur more than once .* A;"):
        read_genes(path)


def test_genes_of_a_different_annotation_are_refused():
    genes = pd.Index(["A", "B"])
    with pytest.raises(InputError) as error:
        align_to_annotation({"anna": pd.Series({"A": 1}), "bert": pd.Series({"A": 1, "B": 2, "C": 3})}, genes, "counts")
    assert "anna: counts lack 1 genes of reference.gtf, e.g. B" in error.value.faults[0]
    assert "bert: counts name 1 genes absent from reference.gtf, e.g. C" in error.value.faults[1]


def test_unknown_sample_suggests_closest_name():
    with pytest.raises(InputError, match="sample 'HBR-1' .* is not in the sample sheet; is it 'HBR_1'"):
        describe_samples(["HBR-1"], {"HBR_1": {}, "UHR_1": {}})


def test_only_ensembl_ids_have_versions():
    assert [strip_version(g) for g in ("ENSG00000000003.15", "ENSMUSG00000000003.2", "AC0001.1", "ENSG00000002586.20_PAR_Y")] == [
        *("ENSG00000000003", "ENSMUSG00000000003", "AC0001.1", "ENSG00000002586_PAR_Y")
    ]


def test_pairs_across_introns_are_ignored():
    assert fragment_length(STATS) == 200
    assert fragment_length("SN\taverage length:\t76\n") == 76, "single reads"
    with pytest.raises(InputError, match="no read length"):
        fragment_length("")
