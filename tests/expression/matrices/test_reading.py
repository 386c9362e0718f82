"""Matrices of every format are read exactly and in the right orientation; faults are reported with their position."""

import gzip
import os
from pathlib import Path

import anndata
import mudata
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from readsight.errors import InputError
from readsight.expression.matrices import header, label_leak, orientation, reading, value_kind
from readsight.expression.matrices.matrix import merge_duplicates, stack_matrices

REAL = Path(os.environ.get("READSIGHT_REAL_DATA", "../shared/data"))
GENES = ["ENSG00000000003", "ENSG00000000005.7", "ENSG00000000419"]
STAR = """# gene-model: GENCODE v36
gene_id\tgene_name\tgene_type\tunstranded\tstranded_first\tstranded_second\ttpm_unstranded
N_unmapped\t\t\t5\t5\t5\t
N_multimapping\t\t\t7\t7\t7\t
ENSG00000000003.15\tTSPAN6\tprotein_coding\t{0}\t1\t1\t{1}
ENSG00000000005.6\tTNMD\tprotein_coding\t3\t1\t1\t2.5
"""
SERIES = """!Series_title\t"x"
!Series_supplementary_file\t"ftp://host/GSE1_counts.csv.gz"

!Sample_title\t"first"\t"second"
!Sample_geo_accession\t"GSM1"\t"GSM2"
!Sample_source_name_ch1\t"liver"\t"brain"
!Sample_characteristics_ch1\t"cell type: T cell"\t"cell type: B cell"
!Sample_characteristics_ch1\t"age: 5"\t""
!series_matrix_table_begin
"ID_REF"\t"GSM1"\t"GSM2"
{0}!series_matrix_table_end
"""


def read_files(*paths, known=(), described=None, named=None, **settings):
    default = {"about": [], "samples_are": "auto", "duplicates": "error", "modality": None, "layer": None, "name": "t"}
    spec = default | settings | {"files": [str(path) for path in paths]}
    return reading.read_matrix(spec, set(known), described or {}, named or {})


@pytest.fixture
def write_table(tmp_path):
    """Return a function that writes a table of two samples and three genes; its `values` are the expected ones."""
    expected = np.array([[1, 2.5, 3], [4, 5, 6]])

    def write_file(name="t.csv", rows="samples", separator=",", corner="id", frame=None, end="\n"):
        data = pd.DataFrame(expected, index=["a", "b"], columns=GENES) if frame is None else frame
        text = (data if rows == "samples" else data.T).to_csv(sep=separator, lineterminator=end, index_label=corner)
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    write_file.values = expected
    return write_file


@pytest.mark.parametrize("rows", ["samples", "features"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("name", ["t.csv", "t.txt.gz"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_same_matrix_from_every_text_format(write_table, rows, separator, name, end):
    matrix = read_files(write_table(name, rows, separator, end=end))
    assert np.array_equal(matrix.values, write_table.values.astype(np.float32)) and matrix.values.dtype == np.float32
    assert matrix.samples == ["a", "b"] and matrix.features == GENES
    assert any("samples are its" in note for note in matrix.notes)


def test_header_without_corner(tmp_path):
    (tmp_path / "t.tsv").write_text("ENSG00000000003\tENSG00000000005\na\t1\t2\nb\t3\t4\n")
    assert np.array_equal(read_files(tmp_path / "t.tsv").values, [[1, 2], [3, 4]])


def test_quotes_comments_and_blank_rows(tmp_path):
    (tmp_path / "t.csv").write_text('# made by hand\n"","g, one","g2"\n\n"a",1,2\n\n"b",3,\n')
    matrix = read_files(tmp_path / "t.csv", samples_are="rows")
    assert matrix.features == ["g, one", "g2"] and matrix.samples == ["a", "b"] and np.isnan(matrix.values[1, 1])


def test_large_counts_are_exact(tmp_path):
    (tmp_path / "t.csv").write_text(f",{GENES[0]}\na,{2**24 + 1}\nb,1\n")
    assert read_files(tmp_path / "t.csv").values[0, 0] == 2**24 + 1


@pytest.mark.parametrize("rows", ["samples", "features"])
def test_metadata_columns_move_to_obs(write_table, rows):
    frame = pd.DataFrame({"class": ["ALL", "AML"], "g1": [1, 2], "g2": [3, 4]}, index=["a", "b"])
    matrix = read_files(write_table(rows=rows, frame=frame), about=["class"])
    assert matrix.features == ["g1", "g2"] and list(matrix.obs["class"]) == ["ALL", "AML"]
    assert np.array_equal(matrix.values, [[1, 3], [2, 4]])


def test_unknown_about_column_is_refused(write_table):
    frame = pd.DataFrame({"class": ["ALL", "AML"], "g1": [1, 2]}, index=["a", "b"])
    with pytest.raises(InputError, match=r"tables.t.about: .* no column or row 'clas'; did you mean 'class'"):
        read_files(write_table(frame=frame), about=["clas"], samples_are="rows")


def test_gene_annotation_columns_move_to_var(write_table):
    frame = pd.DataFrame({"Hugo_Symbol": ["A1", "B2"], "Entrez_Gene_Id": [5, 6], "s1": [1, 2], "s2": [3, 4]}, index=GENES[:2])
    matrix = read_files(write_table(frame=frame))
    assert (
        matrix.samples == ["s1", "s2"] and list(matrix.var["symbol"]) == ["A1", "B2"] and list(matrix.var["entrez"]) == ["5", "6"]
    )


def test_text_cell_is_reported_with_position(write_table):
    frame = pd.DataFrame({GENES[0]: [1, 2], "sex": ["f", "m"], GENES[1]: ["1", "low"]}, index=["a", "b"])
    with pytest.raises(InputError) as error:
        read_files(write_table(frame=frame))
    first, second = error.value.faults
    assert "row 2 (a), column 'sex': 'f' is not a number" in first and "name it in about" in first
    assert f"row 3 (b), column '{GENES[1]}': 'low' is not a number" in second


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("PK\x03\x04", "is a spreadsheet"),
        ("^DATABASE = Geo\n", "is a SOFT file of GEO"),
        ("one\ntwo\n", "no tabs, commas or semicolons"),
        ("id,a,b\n", "has a header but no rows"),
        ("id,a,b\nx,1,2\ny,1\n", "row 3: has 2 fields, but the header names 3 columns; is the file cut off"),
        ("id,a,\nx,1,2\n", "column 3 has no name"),
        ("id,a,b\n,1,2\n", "row 2: has no name"),
        ("id;a;b\nx;1,5;2\n", "write decimals with a point"),
        ("id,a,b\nx,1,2\nx,3,4\n", "sample 'x' occurs more than once"),
    ],
)
def test_files_that_are_no_matrix(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_files(tmp_path / "t.csv", samples_are="rows")


def test_truncated_gzip_is_refused(write_table, tmp_path):
    path = write_table("t.csv.gz")
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(InputError, match="gzip is truncated"):
        read_files(path)


def infer_orientation(rows, columns, known=(), metadata_names=(), metadata_count=None):
    return orientation.infer_orientation(rows, columns, set(known), metadata_names, metadata_count, "f", "tables.t").samples


NUMBERED = [f"S{i}" for i in range(1, 9)]
SYMBOLS = ["RTN2", "NDRG2", "CCDC113", "FAM63A", "ACADS", "GMDS", "HLA-H", "SEMA4A"]


@pytest.mark.parametrize(
    "features",
    [
        [f"ENSG0000000000{i}.1" for i in range(8)],
        [f"?|{i}" for i in range(100, 108)],
        [f"{s}|{i}" for i, s in enumerate(SYMBOLS)],
        [f"hsa-let-7{c}-1" for c in "abcdefgh"],
        [f"20{i}5_s_at" for i in range(8)],
        [f"cg0000000{i}" for i in range(8)],
        SYMBOLS,
    ],
)
@pytest.mark.parametrize(
    "samples", [NUMBERED, [f"TCGA-BH-A{i}DK-01A" for i in range(100, 108)], ["A0FJ", "A13E", "A0G0", "A0SX"]]
)
def test_gene_names_determine_orientation(features, samples):
    assert infer_orientation(samples, features) == "rows" and infer_orientation(features, samples) == "columns"


def test_sample_names_and_metadata_determine_orientation():
    plain = ["x1", "x2", "x3"]
    assert infer_orientation(plain, ["p", "q"], known=["q", "p"]) == "columns"
    assert infer_orientation(["TCGA-BH-A0DK-01A-21R-A12P-07"], plain, known=["TCGA-BH-A0DK"]) == "rows"
    assert infer_orientation(["GSM1", "GSM2"], plain) == "rows"
    assert infer_orientation(plain, ["p", "q"], metadata_count=2) == "columns"
    assert infer_orientation(plain, ["class", "1"], metadata_names=["class"]) == "rows"


def test_ambiguous_orientation_is_an_error():
    with pytest.raises(InputError, match=r"set tables.t.samples_are to rows or columns"):
        infer_orientation(["x1", "x2"], ["p", "q"])
    with pytest.raises(InputError):
        infer_orientation(NUMBERED, [str(i) for i in range(9)])


def test_files_of_one_table_are_stacked(write_table, tmp_path):
    first = pd.DataFrame([[1, 2], [3, 4]], index=["a", "b"], columns=["ENSG00000000003.1", "ENSG00000000005.1"])
    second = pd.DataFrame([[5, 6, 7]], index=["c"], columns=["ENSG00000000419.9", "ENSG00000000005.2", "ENSG00000000003.2"])
    matrix = read_files(write_table("one.csv", frame=first), write_table("two.csv", frame=second))
    assert matrix.samples == ["a", "b", "c"] and matrix.features == list(first.columns)
    assert np.array_equal(matrix.values, [[1, 2], [3, 4], [7, 6]])
    assert any("2 features are in all 2 files; up to 1 per file are dropped" in note for note in matrix.notes)


def test_incompatible_files_are_refused(write_table):
    first = write_table("one.csv")
    with pytest.raises(InputError, match="sample 'a' is also in .*one.csv"):
        read_files(first, write_table("two.csv"))
    frame = pd.DataFrame([[1.0]], index=["c"], columns=["hsa-let-7a-1"])
    with pytest.raises(InputError, match="files of one table must hold the same modality"):
        read_files(first, write_table("two.csv", frame=frame))


@pytest.mark.parametrize(("method", "expected"), [("sum", [5, 2]), ("mean", [2.5, 2]), ("first", [1, 2])])
def test_duplicate_features(write_table, method, expected):
    frame = pd.DataFrame([[1, 2, 4]], index=["a"], columns=["ENSG00000000003.1", "ENSG00000000005.1", "ENSG00000000003.2"])
    with pytest.raises(
        InputError, match=r"1 features occur more than once .*ENSG00000000003; .*tables.t.duplicates to sum, mean or first"
    ):
        read_files(write_table(frame=frame))
    matrix = read_files(write_table(frame=frame), duplicates=method)
    assert matrix.values.tolist() == [expected] and matrix.features == ["ENSG00000000003.1", "ENSG00000000005.1"]


def test_geo_series_matrix(tmp_path):
    (tmp_path / "s.txt.gz").write_bytes(gzip.compress(SERIES.format('"1007_s_at"\t5.5\tnull\n"1053_at"\t6\t7\n').encode()))
    matrix = read_files(tmp_path / "s.txt.gz")
    assert matrix.samples == ["GSM1", "GSM2"] and matrix.features == ["1007_s_at", "1053_at"]
    assert matrix.values[0].tolist() == [5.5, 6] and np.isnan(matrix.values[1, 0])
    assert matrix.obs.loc["GSM2"].to_dict() == {
        "geo_accession": "GSM2", "title": "second", "source_name": "brain", "cell type": "B cell", "age": ""
    }  # fmt: skip


def test_empty_series_matrix_names_its_count_files(tmp_path):
    (tmp_path / "s.txt").write_text(SERIES.format(""))
    with pytest.raises(
        InputError, match="GSE1_counts.csv.gz: download the counts and name them in files, and this file under metadata"
    ):
        read_files(tmp_path / "s.txt")
    real = REAL / "api/geo_soft/GSE99709_series_matrix.txt.gz"
    if real.exists():
        with pytest.raises(InputError, match="its 12 samples. Its series names GSE99709_Stat3RNA-Seq-counts.csv.gz"):
            read_files(real)


def test_gdc_star_counts(tmp_path):
    first, second = tmp_path / "u1.rna_seq.augmented_star_gene_counts.tsv", tmp_path / "u2.tsv"
    first.write_text(STAR.format(10, 7.5))
    second.write_text(STAR.format(20, 9.5))
    matrix = read_files(first, second, named={"u2.tsv": "TCGA-BH-A0DK-01A"})
    assert matrix.samples == ["u1", "TCGA-BH-A0DK-01A"] and matrix.kind == "counts"
    assert matrix.values.tolist() == [[10, 3], [20, 3]] and matrix.tpm.tolist() == [[7.5, 2.5], [9.5, 2.5]]
    assert matrix.features == ["ENSG00000000003.15", "ENSG00000000005.6"] and list(matrix.var["symbol"]) == ["TSPAN6", "TNMD"]
    with pytest.raises(InputError, match="belongs to sample 'x', like .*u1.*; keep one"):
        read_files(first, second, named={first.name: "x", second.name: "x"})
    second.write_text(STAR.format(20, 9.5).replace("ENSG00000000005.6", "ENSG00000000419.1"))
    with pytest.raises(InputError, match="has different genes from"):
        read_files(first, second)


def test_anndata_and_mudata(write_table, tmp_path):
    obs = pd.DataFrame({"sex": pd.Categorical(["f", None])}, index=["a", "b"])
    data = anndata.AnnData(
        sparse.csr_matrix(np.ones((2, 3), np.float32)),
        obs=obs,
        var=pd.DataFrame(index=GENES),
        layers={"counts": np.array([[1, 2, 3], [4, 5, 6]])},
    )
    data.write_h5ad(tmp_path / "t.h5ad")
    matrix = read_files(tmp_path / "t.h5ad")
    assert matrix.values.tolist() == [[1, 2, 3], [4, 5, 6]] and matrix.kind == "counts" and list(matrix.obs["sex"]) == ["f", ""]
    with pytest.raises(InputError, match=r"has no layer 'count' \(tables.t.layer\); did you mean 'counts'"):
        read_files(tmp_path / "t.h5ad", layer="count")
    mudata.MuData({"rna": data, "adt": data[:, :1].copy()}).write_h5mu(tmp_path / "t.h5mu")
    assert read_files(tmp_path / "t.h5mu", modality="adt").features == GENES[:1]
    assert read_files(tmp_path / "t.h5mu", name="rna").features == GENES
    for settings, message in (
        ({}, "holds rna, adt; choose one with tables.t.modality"),
        ({"modality": "RNA"}, "did you mean 'rna'"),
    ):
        with pytest.raises(InputError, match=message):
            read_files(tmp_path / "t.h5mu", **settings)
    (tmp_path / "half.h5ad").write_bytes((tmp_path / "t.h5ad").read_bytes()[:500])
    with pytest.raises(InputError, match="cannot be read as .h5ad"):
        read_files(tmp_path / "half.h5ad")


def infer_kind(values):
    return value_kind.infer_kind(value_kind.ValueStatistics(np.asarray(values, np.float32)))[0]


def test_kind_is_inferred_from_numbers():
    rng = np.random.default_rng(1)
    counts = rng.negative_binomial(1, 0.01, (4, 500))
    tpm = counts / counts.sum(axis=1, keepdims=True) * 1e6
    assert [infer_kind(v) for v in (counts, tpm, np.log2(1 + tpm), counts * 1.37, counts - 50.0)] == [
        "counts",
        "tpm",
        "log",
        "values",
        "values",
    ]
    deep = rng.negative_binomial(0.3, 1e-5, (4, 500)) * 1.37
    assert infer_kind(deep) == "expected", "estimated counts of RSEM must not be used without a logarithm"
    assert infer_kind(deep + 20) == infer_kind(np.where(deep == 0, np.nan, deep)) == "values", "intensities are never 0"
    assert infer_kind(rng.integers(0, 2, (4, 500))) == "values", "a binary mutation status is no count"
    assert infer_kind(np.where(counts == 0, np.nan, counts)) == "values"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: np.log2(1 + v), "they lie between 0 and .* like logarithms; set kind: log"),
        (lambda v: v * 1.37, "expected counts of RSEM, Salmon, kallisto.*kind: expected"),
        (lambda v: v / v.sum(axis=1, keepdims=True) * 1e6, "each sample sums to about one million.*kind: tpm"),
        (lambda v: np.where(v == v.max(), -1, v), r"sample 's\d', feature 'g\d+' \(-1\) is negative"),
        (lambda v: np.where(v == v.max(), np.nan, v), r"sample 's\d', feature 'g\d+' is missing"),
        (lambda v: np.where(v == v.max(), np.inf, v), "is infinite"),
        (lambda v: v * np.array([[1], [0], [1]]), "sample 's1': all features are 0"),
    ],
)
def test_invalid_count_is_reported_with_position(change, message):
    values = change(np.random.default_rng(2).negative_binomial(1, 0.01, (3, 40)).astype(float))
    with pytest.raises(InputError, match=message):
        value_kind.check_kind(
            values, value_kind.ValueStatistics(values), "counts", ["s0", "s1", "s2"], [f"g{i}" for i in range(40)], "tables.t"
        )


def test_missing_logarithms_are_allowed_but_not_empty_samples():
    values = np.array([[1.5, np.nan], [2, 3]])
    value_kind.check_kind(values, value_kind.ValueStatistics(values), "log", ["a", "b"], ["g", "h"], "tables.t")
    values[0] = np.nan
    with pytest.raises(InputError, match="sample 'a' has no values"):
        value_kind.check_kind(values, value_kind.ValueStatistics(values), "log", ["a", "b"], ["g", "h"], "tables.t")


@given(st.lists(st.sampled_from(["x", "y", "z"]), min_size=4, max_size=30), st.permutations([3.0, -1.0, 8.5]))
def test_recoded_label_is_detected(labels, codes):
    code = dict(zip("xyz", codes, strict=True))
    noise = np.arange(len(labels), dtype=float)
    values = np.column_stack([noise, [code[v] for v in labels], np.ones(len(labels))])
    assert label_leak.find_copies(values, np.array(labels)) == ([1] if 1 < len(set(labels)) <= len(labels) / 2 else [])


def test_label_leak_by_name_value_and_chance():
    labels = ["yes"] * 12 + ["no"] * 12
    obs = pd.DataFrame({"dead": labels, "sex": ["f"] * 24}, index=[f"s{i}" for i in range(24)])
    values = np.column_stack([np.repeat([1.0, 0.0], 12), np.arange(24.0)])
    faults, _ = label_leak.find_leaks(values, ["status", "dead"], obs, ["dead"], "tables.t")
    assert "'dead' has the name of a label" in faults[0] and "'status' has one distinct value per class" in faults[1]
    assert label_leak.find_leaks(values, ["status", "g"], obs, [], "tables.t") == ([], [])
    few = [0, 1, 12, 13]
    faults, notes = label_leak.find_leaks(values[few], ["g1", "g2"], obs.iloc[few], ["dead"], "tables.t")
    assert not faults and "'g1'" in notes[0], "with four samples a gene can separate two from two by chance"


def test_copy_of_survival_times_is_detected():
    times = np.array([5.0, 8.5, 13, 2])
    assert label_leak.find_copies(np.column_stack([times * 2, times]), times.astype(str)) == [1]


def test_published_matrices():
    if not REAL.is_dir():
        pytest.skip("the real data are not available")
    airway = read_files(REAL / "expression/airway_rawcounts.csv.gz")
    assert airway.values.shape == (8, 64_102) and airway.samples[0] == "SRR1039508"
    brca = read_files(REAL / "expression/TCGA_BRCA_dataBRCA_counts.csv.gz")
    assert brca.values.shape == (10, 20_530) and brca.values[0, 0] == np.float32(20.47)
    golub = read_files(REAL / "expression/golub.csv.gz", about=["class"])
    assert golub.values.shape == (72, 7129) and (golub.obs["class"] == "ALL").sum() == 47
    paths = [REAL / f"expression/breastTCGA_{subset}_mirna.csv.gz" for subset in ("train", "test")]
    assert read_files(*paths).values.shape == (220, 184)


def test_header_lists_row_and_column_names(write_table):
    matrix_header = header.read_header(write_table(rows="features"))
    assert matrix_header.columns == ["a", "b"] and matrix_header.rows == GENES and matrix_header.line_numbers == [2, 3, 4]
    assert (
        stack_matrices([read_files(write_table())]).samples
        == merge_duplicates(read_files(write_table()), "error", "tables.t").samples
    )
