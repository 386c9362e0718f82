"""Tables of sequences with any delimiter, with or without a header."""

import pandas as pd
import pytest

from examples_of_sequences import make_spec
from readsight.dataset.sequences import format_detection, reading
from readsight.dataset.sequences.raw_examples import SequenceSet
from readsight.errors import InputError
from readsight.genome.codes import decode

ROWS = [("a", "ACGTACGTAC", "yes", "D1"), ("b", "ACGTTTGTAC", "no", "D2"), ("c", "GGGTACGTAC", "yes", "D1")]
HEAD = ("name", "sequence", "label", "donor")


def read_examples(path, **options) -> SequenceSet:
    return reading.read_files([str(path)], make_spec({"path": path}, **options))[0]


def collect_faults(path, **options) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_examples(path, **options)
    return caught.value.faults


def check_examples(examples: SequenceSet) -> None:
    assert [decode(row) for row in examples.codes] == [row[1] for row in ROWS]
    assert examples.obs["label"].tolist() == ["yes", "no", "yes"] and examples.obs.index.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("delimiter", ["\t", ",", ";", "  "])
def test_delimiter_is_detected_from_the_header(tmp_path, delimiter):
    (tmp_path / "t.txt").write_text("\r\n".join(delimiter.join(row) for row in [HEAD, *ROWS]) + "\r\n")
    check_examples(read_examples(tmp_path / "t.txt"))


def test_parquet_and_text_give_the_same_examples(tmp_path):
    pd.DataFrame(ROWS, columns=HEAD).to_parquet(tmp_path / "t.parquet")
    check_examples(read_examples(tmp_path / "t.parquet"))


def test_headerless_table_uses_configured_columns(tmp_path):
    """As splice.data of the UCI repository: blanks around the fields."""
    (tmp_path / "t.data").write_text("".join(f"{label},   {name},      {sequence}\n" for name, sequence, label, _ in ROWS))
    check_examples(read_examples(tmp_path / "t.data", columns=["label", "name", "sequence"]))


def test_quotes_comments_and_blank_lines_are_handled(tmp_path):
    text = '# of 2019\nname,sequence,label\n"a","ACGT","x, or y"\n\nb,ACGA,z\n'
    (tmp_path / "t.csv").write_text(text)
    assert read_examples(tmp_path / "t.csv").obs["label"].tolist() == ["x, or y", "z"]


def test_loci_come_from_columns_or_names(tmp_path):
    (tmp_path / "t.tsv").write_text(
        "sequence\tlabel\tchrom\tstart\tend\tstrand\nACGT\tx\tchr2\t10\t14\t-\nACGA\ty\tchr2\t11\t14\t+\n"
    )
    loci = read_examples(tmp_path / "t.tsv").obs[["chrom", "start", "end", "strand"]].to_numpy().tolist()
    assert loci == [["chr2", 10, 14, "-"], ["chr2", 10, 14, "+"]]  # the second counts from 1
    (tmp_path / "u.tsv").write_text("name\tsequence\tlabel\nchr3:5-9\tACGT\tx\n")
    assert read_examples(tmp_path / "u.tsv").obs["chrom"].tolist() == ["chr3"]


def test_group_split_and_multiple_label_columns(tmp_path):
    text = "sequence\tenhancer\tpromoter\tdonor\tfold\nACGT\t1\t0\tD1\tTrain\nACGA\t0\t1\tD2\ttest\nACCA\t\t1\tD2\ttest\n"
    (tmp_path / "t.tsv").write_text(text)
    path = tmp_path / "t.tsv"
    obs = read_examples(path, label=["enhancer", "promoter"], outcome="multilabel", by="group", column="donor").obs
    assert obs[["label.0", "label.1", "group"]].to_numpy().tolist() == [["1", "0", "D1"], ["0", "1", "D2"]]
    obs = read_examples(path, label=["enhancer", "promoter"], outcome="multilabel", by="given", given="fold", column="donor").obs
    assert obs["split"].tolist() == ["train", "test"] and "group" not in obs


def test_file_label_overrides_the_column(tmp_path):
    (tmp_path / "t.tsv").write_text("sequence\tlabel\nACGT\tx\nACGA\t\n")
    spec = make_spec({"path": tmp_path / "t.tsv", "label": "all"})
    assert reading.read_files([str(tmp_path / "t.tsv")], spec)[0].obs["label"].tolist() == ["all", "all"]


BAD = {
    "no column of sequences": ("name\tsequense\tlabel\na\tACGT\tx\n", {}, "has no column 'sequence' (name, sequense, label); did you mean 'sequense'?"),
    "no such label": ("sequence\tlable\nACGT\tx\n", {}, "sequences.files.0.label: {path} has no labels: there is no column 'label' (did you mean 'lable'?)"),
    "no such group": ("sequence\tlabel\tdonr\nACGT\tx\tD\n", {"by": "group", "column": "donor"}, "split.column: {path} has no column 'donor'; did you mean 'donr'?"),
    "no such split": ("sequence\tlabel\nACGT\tx\n", {"by": "given", "given": "split", "column": "donor"}, "split.given: {path} has no column 'split'; there are: label; or set split: train or test for each entry of sequences.files"),
    "an unknown split name": ("sequence\tlabel\tsplit\nACGT\tx\tdev\n", {"by": "given", "given": "split", "column": "d"}, "{path}, row 2, column split: 'dev' is not a split; use train, validation, test"),
    "an empty group": ("sequence\tlabel\tdonor\nACGT\tx\t\n", {"by": "group", "column": "donor"}, "{path}, row 2, column donor: is empty, but split.column requires a value"),
    "an invalid score": ("sequence\tlabel\nACGT\t1.5\nACGA\thigh\n", {"target": "score", "outcome": "regression"}, "{path}, row 3, column label: 'high' is not a number"),
    "a truncated row": ("sequence\tlabel\nACGT\n", {}, "{path}, row 2: has 1 fields, but the header names 2 columns"),
    "a column twice": ("sequence\tlabel\tlabel\nACGT\tx\ty\n", {}, "{path}: column 'label' occurs more than once in the header"),
    "only a header": ("sequence\tlabel\n", {}, "{path}, row 1: has no rows"),
    "an invalid letter": ("name\tsequence\tlabel\na\tACGT\tx\nb\tACJT\tx\n", {}, "{path}, row 3, column sequence: the sequence has 'J', which is not a base; use A, C, G, T and the IUPAC ambiguity codes (base 3)"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "options", "message"), BAD.values(), ids=BAD)
def test_faults_name_row_and_column(tmp_path, text, options, message):
    path = tmp_path / "t.tsv"
    path.write_text(text)
    faults = collect_faults(path, **options)
    assert any(message.format(path=path) in fault for fault in faults), faults


def test_single_file_label_for_several_columns_is_refused(tmp_path):
    (tmp_path / "t.tsv").write_text("sequence\ta\tb\nACGT\t1\t0\n")
    spec = make_spec({"path": tmp_path / "t.tsv", "label": "x"}, label=["a", "b"], outcome="multilabel")
    with pytest.raises(
        InputError, match=r"sequences.files.0.label: 2 labels are requested \(a, b\), but the file has a single label"
    ):
        reading.read_files([str(tmp_path / "t.tsv")], spec)


def test_damaged_parquet_is_refused(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and then nothing")
    assert format_detection.detect_format(str(tmp_path / "t.parquet")) == format_detection.PARQUET
    assert "cannot be read as parquet" in collect_faults(tmp_path / "t.parquet")[0]
