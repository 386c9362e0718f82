"""Sample metadata is joined by names; all faults are reported together."""

import gzip
import os
from pathlib import Path

import pytest

from readsight.errors import InputError
from readsight.expression import metadata
from readsight.expression.matrices import sample_names

REAL = Path(os.environ.get("READSIGHT_REAL_DATA", "../shared/data"))


def make_entry(file, key=None, order_of=None, **add):
    return {"file": str(file), "key": key, "order_of": order_of, "add": add}


@pytest.fixture
def join_text(tmp_path):
    """Return a function that joins a metadata text and a sheet to samples."""

    def run_join(samples, text="", sheet=None, alone=True, order=None, **settings):
        entries = []
        if text:
            (tmp_path / "m.csv").write_text(text)
            entries = [make_entry(tmp_path / "m.csv", **settings)]
        files = {e["file"]: metadata.read_metadata(e["file"]) for e in entries}
        return metadata.join_metadata(sample_names.resolve_names(samples)[1], sheet or {}, entries, files, order or {}, alone)

    return run_join


def test_key_is_the_column_with_sample_names(join_text):
    result = join_text(["a", "b"], "cell,id,dex\nN1,b,control\nN2,a,treated\n")
    assert result.samples == {"a": {"cell": "N2", "dex": "treated"}, "b": {"cell": "N1", "dex": "control"}}
    assert not result.faults


def test_unnamed_first_column_can_be_the_key(join_text):
    assert join_text(["a"], ",age\na,5\n").samples == {"a": {"age": "5"}}
    assert join_text(["a"], "age,sex\na,5,f\n").samples == {"a": {"age": "5", "sex": "f"}}, "R omits the corner"


def test_missing_value_codes(join_text):
    assert join_text(["a", "b"], "id,x,y\na,NA,'--\nb,1,[Not Available]\n").samples == {
        "a": {"x": "", "y": ""},
        "b": {"x": "1", "y": ""},
    }


def test_patient_row_describes_all_its_samples(join_text):
    names = ["TCGA-BH-A0DK-01A-21R-A12P-07", "TCGA-BH-A0DK-11A-13R-A089-07"]
    result = join_text(names, "patient_id,age\nTCGA-BH-A0DK,49\nTCGA-A7-A13D,50\n")
    assert not result.faults and "1 of its 2 rows" in result.notes[0]
    assert {s: v["age"] for s, v in result.samples.items()} == {"TCGA-BH-A0DK-01A": "49", "TCGA-BH-A0DK-11A": "49"}
    assert [v["sample_type"] for v in result.samples.values()] == ["Primary solid tumor", "Solid tissue normal"]
    assert {v["patient"] for v in result.samples.values()} == {"TCGA-BH-A0DK"}


def test_treatment_rows_of_a_patient_are_merged(join_text):
    text = "case_submitter_id,age,treatment\nTCGA-BH-A0DK,49,radiation\nTCGA-BH-A0DK,49,drug\n"
    result = join_text(["TCGA-BH-A0DK-01A"], text)
    assert result.samples["TCGA-BH-A0DK-01A"]["age"] == "49" and "treatment" not in result.columns
    assert not result.faults and "dropped: treatment" in result.notes[0]


def test_rows_in_the_order_of_a_table(join_text):
    result = join_text(["a", "b"], ",subtype\n0,Basal\n1,LumA\n", order_of="t.csv", order={"t.csv": ["b", "a"]}, split="train")
    assert result.samples == {"b": {"subtype": "Basal", "split": "train"}, "a": {"subtype": "LumA", "split": "train"}}
    (fault,) = join_text(["a"], ",subtype\n0,Basal\n", order_of="t.csv", order={"t.csv": ["b", "a"]}).faults[:1]
    assert "has 1 rows, but t.csv, whose sample order they follow, has 2" in fault


def test_contradictions_are_reported(join_text):
    result = join_text(["a"], "id,sex\na,f\n", {"a": {"sex": "m"}})
    assert "sample 'a': column 'sex' is 'f' here and 'm' in the sample sheet; they must agree" in result.faults[0]
    assert "column 'sex' is 'm' here and 'f'" in join_text(["a"], "id,sex\na,f\na,m\n").faults[0]


def test_unmatched_names_suggest_the_closest(join_text):
    result = join_text(["S1", "S12"], "id,sex\nS1,f\nS_12,m\n")
    assert "sample 'S12' is described neither by the sample sheet nor by metadata; is it 'S_12' of" in result.faults[0]
    (fault,) = join_text(["S1"], "id,sex\nT_S_1,f\n").faults[:1]
    assert "no column contains the sample names (S1" in fault and "metadata.0.key" in fault
    (fault,) = [f for f in join_text(["S1", "S2"], sheet={"S1": {"x": "1"}, "S2": {"x": "1"}, "S_22": {}}).faults]
    assert "sample 'S_22' is in no table; did you mean 'S2'?" in fault


def test_all_faults_are_reported_together(join_text):
    result = join_text(["S1", "S2", "S3"], "id,sex\nS1,f\nS_2,m\n", {"S1": {"sex": "m"}})
    assert len(result.faults) == 3


def test_unknown_key_column(join_text):
    assert "did you mean 'sample_id'?" in join_text(["a"], "sample_id,sex\na,f\n", key="sampleid").faults[0]


def test_sheet_may_cover_several_tables(join_text):
    assert not join_text(["a"], "id,sex\na,f\nb,m\n", {"a": {}, "b": {}}, alone=False).faults


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,sex\n", "has no rows"),
        ("id,sex\na,f,1\nb,m\n", "row 2: has 3 fields"),
        ("id,sex,sex\na,f,f\n", "'sex' occurs more than once"),
    ],
)
def test_invalid_metadata_files(join_text, text, message):
    with pytest.raises(InputError, match=message):
        join_text(["a"], text)


def test_series_matrix_matches_accession_or_title(tmp_path):
    path = REAL / "api/geo_soft/GSE99709_series_matrix.txt.gz"
    if not path.exists():
        pytest.skip("the real data are not available")
    file = metadata.read_metadata(str(path))
    for names in (["GSM2650749", "GSM2650758"], ["EV2_6", "CC2_5"]):
        result = metadata.join_metadata(sample_names.resolve_names(names)[1], {}, [make_entry(path)], {str(path): file}, {}, True)
        assert [attributes["viral treatment"] for attributes in result.samples.values()] == ["Ad5CMV-eGFP", "Ad5CMVCre-eGFP"]
        assert result.samples[names[0]]["genotype_variation"] == "Stat3 flox/flox", "HDF5 does not allow a slash in names"


def test_gdc_sample_sheet_maps_files_to_samples(tmp_path):
    path = tmp_path / "sheet.tsv.gz"
    path.write_bytes(gzip.compress(b"File ID\tFile Name\tCase ID\tSample ID\nx\tu.tsv\tTCGA-BH-A0DK\tTCGA-BH-A0DK-01A\n"))
    assert metadata.samples_of_files([metadata.read_metadata(str(path))]) == {"u.tsv": "TCGA-BH-A0DK-01A"}


def test_tumour_and_normal_are_matched_by_sample_id(join_text):
    rows = "".join(
        f"{c},{c}-{t},{w}\n" for c in ("TCGA-AB-1000", "TCGA-AB-1001") for t, w in (("01A", "Tumour"), ("11A", "Normal"))
    )
    samples = ["TCGA-AB-1000-01A", "TCGA-AB-1000-11A", "TCGA-AB-1001-01A", "TCGA-AB-1001-11A"]
    result = join_text(samples, "Case ID,Sample ID,Sample Type\n" + rows)
    assert [result.samples[s]["Sample Type"] for s in samples] == ["Tumour", "Normal"] * 2 and not result.faults
    result = join_text(samples[::2], "Case ID,Sample ID,Sample Type\n" + rows)
    assert [attributes["Sample Type"] for attributes in result.samples.values()] == ["Tumour"] * 2
