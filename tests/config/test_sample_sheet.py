"""All faults of a sample sheet are reported with file, row, column and remedy."""

import pytest

from readsight.config.sample_sheet import read_sample_metadata, read_sample_sheet
from readsight.errors import InputError

HEADER = "sample\tunit\tassay\tfastq_1\tfastq_2\tbam\tcram\tdonor"


@pytest.fixture
def sheet(tmp_path):
    def write_sheet(*rows, header=HEADER, name="samples.tsv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes("\n".join([header, *rows]).encode(encoding))
        return path

    return write_sheet


def build_row(sample="s1", unit="1", assay="wgs", fastq_1="a_1.fq.gz", fastq_2="a_2.fq.gz", bam="", cram="", donor="d1"):
    return "\t".join([sample, unit, assay, fastq_1, fastq_2, bam, cram, donor])


def read_faults(path, calls=False):
    with pytest.raises(InputError) as error:
        read_sample_sheet(path, "results/p", calls)
    return error.value.faults


def build_second_row(**fields):
    return build_row(**{"fastq_1": "b_1.fq.gz", "fastq_2": "b_2.fq.gz", **fields})


def test_valid_sheet_is_read(sheet, monkeypatch):
    monkeypatch.setenv("READS", "/data")
    units = read_sample_sheet(
        sheet(
            build_row(fastq_1="${READS}/a_1.fq.gz", fastq_2="${results}/demo/a_2.fq.gz"),
            "# a comment",
            "",
            build_row(sample="s2", fastq_1="b.fq.gz", fastq_2=""),
        ),
        "results/p",
    )
    assert [(u.sample, u.unit, u.row, u.is_paired) for u in units] == [("s1", "1", 2, True), ("s2", "1", 5, False)]
    assert units[0].fastqs == ["/data/a_1.fq.gz", "results/p/demo/a_2.fq.gz"]
    assert units[0].metadata == {"donor": "d1"}


def test_line_ends_and_encodings_do_not_matter(sheet):
    rows = (build_row(), build_second_row(sample="s2"))
    plain = read_sample_sheet(sheet(*rows), "r")
    for newline, encoding in (("\r\n", "utf-8-sig"), ("\r", "utf-8"), ("\n", "utf-16")):
        path = sheet(name="other.tsv")
        path.write_bytes(newline.join([HEADER, *rows, ""]).encode(encoding))
        assert read_sample_sheet(path, "r") == plain


def test_alignments(sheet):
    units = read_sample_sheet(
        sheet(build_row(fastq_1="", fastq_2="", bam="a.bam"), build_row(sample="s2", fastq_1="", fastq_2="", cram="b.cram")), "r"
    )
    assert [u.alignment for u in units] == ["a.bam", "b.cram"]


def test_calls_need_neither_reads_nor_alignment(sheet):
    path = sheet(build_row(fastq_1="", fastq_2=""))
    assert read_sample_sheet(path, "r", calls=True)[0].fastqs == []
    (fault,) = read_faults(path)
    assert "row 2, column fastq_1" in fault and "neither reads" in fault and "variants.vcf" in fault


@pytest.mark.parametrize(("separator", "word"), [(",", "commas"), (";", "semicolons"), (" ", "spaces")])
def test_another_separator(sheet, separator, word):
    path = sheet(build_row().replace("\t", separator), header=HEADER.replace("\t", separator))
    (fault,) = read_faults(path)
    assert f"{path}, row 1" in fault and word in fault and "tabs" in fault and "Convert it with" in fault


def test_commas_in_one_row_among_tabs(sheet):
    faults = read_faults(sheet(build_row(), build_second_row().replace("\t", ",")))
    assert "row 3, column 1" in faults[0]
    assert "commas are used where tabs are needed" in faults[0]


def test_missing_column_suggests_the_closest(sheet):
    (fault,) = read_faults(sheet(header=HEADER.replace("sample", "Samples")))
    assert "row 1" in fault and "'sample'" in fault and "Samples" in fault
    faults = read_faults(sheet(header="sample\tunit\tdonor"))
    assert any("column assay: is missing" in f for f in faults)


@pytest.mark.parametrize("written", ["fastq1", "FASTQ_1", "fastq"])
def test_misspelled_column_suggests_the_right_one(sheet, written):
    (fault,) = read_faults(sheet(header=HEADER.replace("fastq_1", written)))
    assert f"column {written}: unknown; did you mean 'fastq_1'?" in fault


def test_duplicate_column_is_a_fault(sheet):
    assert any("column donor: occurs 2 times" in f for f in read_faults(sheet(header=HEADER + "\tdonor")))


def test_duplicate_pair_of_sample_and_unit(sheet):
    (fault,) = read_faults(sheet(build_row(), build_second_row()))
    assert "row 3, column unit" in fault and "'s1', unit '1' is already in row 2" in fault


def test_unknown_assay_suggests_the_closest(sheet):
    (fault,) = read_faults(sheet(build_row(assay="WGS ")))
    assert "row 2, column assay: 'WGS'" in fault and "did you mean 'wgs'?" in fault
    assert "did you mean 'bisulfite'?" in read_faults(sheet(build_row(assay="bisulphite")))[0]


def test_invalid_name_suggests_a_valid_one(sheet):
    (fault,) = read_faults(sheet(build_row(sample="patient 1/a")))
    assert "row 2, column sample: 'patient 1/a'" in fault and "write 'patient_1_a'" in fault


def test_second_mates_without_first_mates(sheet):
    (fault,) = read_faults(sheet(build_row(fastq_1="")))
    assert "row 2, column fastq_2: second mates without first" in fault


def test_reads_and_alignment_in_one_row(sheet):
    (fault,) = read_faults(sheet(build_row(bam="a.bam")))
    assert "row 2, column bam" in fault and "fastq_1 and bam" in fault


def test_a_sample_of_reads_and_of_alignments(sheet):
    (fault,) = read_faults(sheet(build_row(), build_row(unit="2", fastq_1="", fastq_2="", bam="a.bam")))
    assert "row 3" in fault and "an alignment here and reads in row 2" in fault


def test_file_in_the_wrong_column(sheet):
    assert "move it to column bam" in read_faults(sheet(build_row(fastq_1="a.bam", fastq_2="")))[0]
    assert "does not end in .cram" in read_faults(sheet(build_row(fastq_1="", fastq_2="", cram="a.sam")))[0]


def test_contradicting_metadata(sheet):
    (fault,) = read_faults(sheet(build_row(), build_second_row(unit="2", donor="d2")))
    assert "row 3, column donor: sample 's1' has 'd2' here and 'd1' in row 2" in fault
    (fault,) = read_faults(sheet(build_row(), build_second_row(unit="2", assay="rna")))
    assert "column assay" in fault


@pytest.mark.parametrize("column", ["lane", "library", "platform_unit"])
def test_lanes_of_a_sample_may_differ(sheet, column):
    header = HEADER.replace("donor", column)
    assert len(read_sample_sheet(sheet(build_row(donor="L1"), build_second_row(unit="2", donor="L2"), header=header), "r")) == 2


def test_one_file_in_two_units_also_through_a_link(sheet, tmp_path):
    (fault,) = read_faults(sheet(build_row(), build_row(sample="s2", fastq_2="b_2.fq.gz")))
    assert "row 3, column fastq_1" in fault and "used in row 2, column fastq_1" in fault
    (tmp_path / "a.fq").write_text("@a\nA\n+\nI\n")
    (tmp_path / "b.fq").symlink_to(tmp_path / "a.fq")
    single = {"fastq_2": ""}
    (fault,) = read_faults(
        sheet(build_row(fastq_1=f"{tmp_path}/a.fq", **single), build_row(sample="s2", fastq_1=f"{tmp_path}/b.fq", **single))
    )
    assert "b.fq' is used in row 2" in fault


@pytest.mark.parametrize(("cut", "message"), [(slice(0, 5), "5 fields but the header has 8"), (slice(0, 9), "9 fields")])
def test_rows_of_different_length(sheet, cut, message):
    fields = (build_row() + "\textra").split("\t")[cut]
    (fault,) = read_faults(sheet("\t".join(fields)))
    assert "row 2" in fault and message in fault


def test_unset_variable_is_a_fault(sheet):
    (fault,) = read_faults(sheet(build_row(fastq_1="${NOT_SET_AT_ALL}/a.fq")))
    assert "row 2, column fastq_1" in fault and "NOT_SET_AT_ALL is not set" in fault


def test_all_faults_are_reported_in_row_order(sheet):
    faults = read_faults(
        sheet(build_row(assay="wgz", sample="a b"), build_second_row(sample="", assay=""), build_row(sample="s3", fastq_1=""))
    )
    assert [f.split("row ")[1].split(",")[0] for f in faults] == ["2", "2", "3", "3", "4", "4"]


def test_files_that_are_not_a_sheet(sheet, tmp_path):
    assert "did you mean" in read_faults((sheet(build_row()), tmp_path / "sample.tsv")[1])[0]
    excel = tmp_path / "x.xlsx"
    excel.write_bytes(b"PK\x03\x04rest")
    assert "spreadsheet" in read_faults(excel)[0]
    excel.write_bytes(b"sample\tassay\nn\xff\xffn\twgs")
    assert "row 2: is not UTF-8" in read_faults(excel)[0]
    assert "has a header but no rows" in read_faults(sheet())[0]
    excel.write_bytes(b"")
    assert "is empty" in read_faults(excel)[0]


def test_with_tables_rows_may_hold_metadata_only(sheet):
    path = sheet("S1\ttrain\t1", "S2\ttest\t2", header="sample\tsplit\tlane")
    with pytest.raises(InputError, match="column assay: is missing"):
        read_sample_sheet(path, "r")
    units = read_sample_sheet(path, "r", tables=True)
    assert [(u.sample, u.assay, u.fastqs, u.metadata["split"]) for u in units] == [
        ("S1", "", [], "train"),
        ("S2", "", [], "test"),
    ]
    assert read_sample_metadata(path, "r") == {"S1": {"split": "train"}, "S2": {"split": "test"}}


def test_with_tables_reads_still_need_an_assay(sheet):
    path = sheet("S1\t\ta.fq", "S2\t\t", "S3\trna\tb.fq", header="sample\tassay\tfastq_1")
    with pytest.raises(InputError) as error:
        read_sample_sheet(path, "r", tables=True)
    assert len(error.value.faults) == 1 and "row 2, column assay: is empty" in error.value.faults[0]
