"""What is said of samples is joined by names; what does not fit is said, all at once."""

import gzip
import os
from pathlib import Path

import pytest

from readsight.errors import InputError
from readsight.expression import metadata
from readsight.expression.matrices import sample_names

REAL = Path(os.environ.get("READSIGHT_REAL_DATA", "../shared/data"))


def entry(file, key=None, order_of=None, **add):
    return {"file": str(file), "key": key, "order_of": order_of, "add": add}


@pytest.fixture
def join(tmp_path):
    """Join one text as metadata, and a sheet, to samples."""

    def run(samples, text="", sheet=None, alone=True, order=None, **settings):
        entries = []
        if text:
            (tmp_path / "m.csv").write_text(text)
            entries = [entry(tmp_path / "m.csv", **settings)]
        files = {e["file"]: metadata.read(e["file"]) for e in entries}
        return metadata.describe(sample_names.ladders(samples)[1], sheet or {}, entries, files, order or {}, alone)

    return run


def test_the_key_is_the_column_that_holds_names(join):
    found = join(["a", "b"], "cell,id,dex\nN1,b,control\nN2,a,treated\n")
    assert found.samples == {"a": {"cell": "N2", "dex": "treated"}, "b": {"cell": "N1", "dex": "control"}}
    assert not found.faults


def test_a_nameless_first_column_may_be_the_key(join):
    assert join(["a"], ",age\na,5\n").samples == {"a": {"age": "5"}}
    assert join(["a"], "age,sex\na,5,f\n").samples == {"a": {"age": "5", "sex": "f"}}, "R leaves out the corner"


def test_words_for_what_is_missing(join):
    assert join(["a", "b"], "id,x,y\na,NA,'--\nb,1,[Not Available]\n").samples == {
        "a": {"x": "", "y": ""},
        "b": {"x": "1", "y": ""},
    }


def test_a_patient_describes_all_samples_of_the_patient(join):
    names = ["TCGA-BH-A0DK-01A-21R-A12P-07", "TCGA-BH-A0DK-11A-13R-A089-07"]
    found = join(names, "patient_id,age\nTCGA-BH-A0DK,49\nTCGA-A7-A13D,50\n")
    assert not found.faults and "1 of its 2 rows" in found.notes[0]
    assert {s: v["age"] for s, v in found.samples.items()} == {"TCGA-BH-A0DK-01A": "49", "TCGA-BH-A0DK-11A": "49"}
    assert [v["sample_type"] for v in found.samples.values()] == ["Primary solid tumor", "Solid tissue normal"]
    assert {v["patient"] for v in found.samples.values()} == {"TCGA-BH-A0DK"}


def test_rows_of_treatments_of_one_patient_are_one_row(join):
    text = "case_submitter_id,age,treatment\nTCGA-BH-A0DK,49,radiation\nTCGA-BH-A0DK,49,drug\n"
    found = join(["TCGA-BH-A0DK-01A"], text)
    assert found.samples["TCGA-BH-A0DK-01A"]["age"] == "49" and "treatment" not in found.columns
    assert not found.faults and "left out: treatment" in found.notes[0]


def test_rows_that_follow_a_table(join):
    found = join(["a", "b"], ",subtype\n0,Basal\n1,LumA\n", order_of="t.csv", order={"t.csv": ["b", "a"]}, split="train")
    assert found.samples == {"b": {"subtype": "Basal", "split": "train"}, "a": {"subtype": "LumA", "split": "train"}}
    (fault,) = join(["a"], ",subtype\n0,Basal\n", order_of="t.csv", order={"t.csv": ["b", "a"]}).faults[:1]
    assert "has 1 rows, but t.csv, whose samples they are to follow, has 2" in fault


def test_contradictions_are_named(join):
    found = join(["a"], "id,sex\na,f\n", {"a": {"sex": "m"}})
    assert "sample 'a': column 'sex' is 'f' here and 'm' in the sample sheet; they must agree" in found.faults[0]
    assert "column 'sex' is 'm' here and 'f'" in join(["a"], "id,sex\na,f\na,m\n").faults[0]


def test_names_that_match_nothing_come_with_the_nearest(join):
    found = join(["S1", "S12"], "id,sex\nS1,f\nS_12,m\n")
    assert "sample 'S12' is described neither by the sample sheet nor by metadata; is it 'S_12' of" in found.faults[0]
    (fault,) = join(["S1"], "id,sex\nT_S_1,f\n").faults[:1]
    assert "no column names the samples, which are called S1" in fault and "metadata.0.key" in fault
    (fault,) = [f for f in join(["S1", "S2"], sheet={"S1": {"x": "1"}, "S2": {"x": "1"}, "S_22": {}}).faults]
    assert "sample 'S_22' is in no table; did you mean 'S2'?" in fault


def test_all_faults_come_at_once(join):
    found = join(["S1", "S2", "S3"], "id,sex\nS1,f\nS_2,m\n", {"S1": {"sex": "m"}})
    assert len(found.faults) == 3


def test_a_key_that_is_not_there(join):
    assert "did you mean 'sample_id'?" in join(["a"], "sample_id,sex\na,f\n", key="sampleid").faults[0]


def test_several_tables_may_hold_fewer_samples_each(join):
    assert not join(["a"], "id,sex\na,f\nb,m\n", {"a": {}, "b": {}}, alone=False).faults


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,sex\n", "has no rows"),
        ("id,sex\na,f,1\nb,m\n", "row 2: has 3 fields"),
        ("id,sex,sex\na,f,f\n", "'sex' stands more than once"),
    ],
)
def test_files_that_are_no_metadata(join, text, words):
    with pytest.raises(InputError, match=words):
        join(["a"], text)


def test_a_series_matrix_describes_samples_by_accession_or_title(tmp_path):
    path = REAL / "api/geo_soft/GSE99709_series_matrix.txt.gz"
    if not path.exists():
        pytest.skip("the real data are not here")
    file = metadata.read(str(path))
    for names in (["GSM2650749", "GSM2650758"], ["EV2_6", "CC2_5"]):
        found = metadata.describe(sample_names.ladders(names)[1], {}, [entry(path)], {str(path): file}, {}, True)
        assert [said["viral treatment"] for said in found.samples.values()] == ["Ad5CMV-eGFP", "Ad5CMVCre-eGFP"]
        assert found.samples[names[0]]["genotype_variation"] == "Stat3 flox/flox", "HDF5 holds no slash in names"


def test_the_sample_sheet_of_the_gdc_names_files(tmp_path):
    path = tmp_path / "sheet.tsv.gz"
    path.write_bytes(gzip.compress(b"File ID\tFile Name\tCase ID\tSample ID\nx\tu.tsv\tTCGA-BH-A0DK\tTCGA-BH-A0DK-01A\n"))
    assert metadata.names_of_files([metadata.read(str(path))]) == {"u.tsv": "TCGA-BH-A0DK-01A"}


def test_tumour_and_normal_of_one_patient_are_told_by_their_samples_not_by_their_case(join):
    rows = "".join(
        f"{c},{c}-{t},{w}\n" for c in ("TCGA-AB-1000", "TCGA-AB-1001") for t, w in (("01A", "Tumour"), ("11A", "Normal"))
    )
    samples = ["TCGA-AB-1000-01A", "TCGA-AB-1000-11A", "TCGA-AB-1001-01A", "TCGA-AB-1001-11A"]
    found = join(samples, "Case ID,Sample ID,Sample Type\n" + rows)
    assert [found.samples[s]["Sample Type"] for s in samples] == ["Tumour", "Normal"] * 2 and not found.faults
    found = join(samples[::2], "Case ID,Sample ID,Sample Type\n" + rows)
    assert [said["Sample Type"] for said in found.samples.values()] == ["Tumour"] * 2
