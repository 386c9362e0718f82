"""Regions are cut at their locus, at the requested length, with the values of their columns."""

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readsight.dataset.sequences import regions
from readsight.errors import InputError
from readsight.formats import bed
from readsight.genome.codes import decode, reverse_complement
from readsight.genome.store import Genome

RNG = np.random.default_rng(1)
CONTIGS = {"chr1": "".join(RNG.choice(list("ACGT"), 400)), "chr2": "".join(RNG.choice(list("ACGTacgt"), 300)) + "N" * 100}
GENOME = Genome.from_text(CONTIGS)


def make_spec(**changed) -> dict:
    defaults = {"label": "name", "target": "classes", "length": None, "unequal": "error", "outside": "error", "by": "homology"}
    return defaults | {"files": [], "columns": [], "outcome": "classes"} | changed


@pytest.fixture
def write(tmp_path):
    def write_file(text: str, name: str = "a.bed"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return write_file


@pytest.mark.parametrize("name", ["a.bed", "a.bed.gz"])
def test_regions_are_read_on_their_strand(write, name):
    path = write("track name=x\n# note\nchr1\t10\t30\tyes\t5\t+\nchr2\t40\t60\tno\t1\t-\n", name)
    examples = regions.read_regions(path, GENOME, make_spec())
    assert [decode(row) for row in examples.codes] == [
        CONTIGS["chr1"][10:30],
        decode(reverse_complement(GENOME.get_contig("chr2")[40:60])),
    ]
    assert examples.obs["label"].tolist() == ["yes", "no"] and examples.obs["strand"].tolist() == ["+", "-"]
    assert examples.obs[["chrom", "start", "end"]].to_numpy().tolist() == [["chr1", 10, 30], ["chr2", 40, 60]]
    assert examples.obs["repeat"].iloc[1] == np.mean([c.islower() for c in CONTIGS["chr2"][40:60]])
    assert examples.taken.to_numpy().tolist() == [["chr1", 10, 30], ["chr2", 40, 60]] and not examples.is_paired


@given(st.integers(50, 300), st.integers(1, 40), st.integers(1, 60))
def test_regions_are_resized_around_the_centre(start, size, length):
    first = bed.centre_windows(np.array([start]), np.array([start + size]), length)[0]
    assert abs((first + length / 2) - (start + size / 2)) <= 0.5
    assert bed.centre_windows(np.array([start]), np.array([start + size]), size)[0] == start


def test_peaks_are_cut_about_their_summit(write):
    path = write("chr1\t100\t200\tp1\t900\t.\t8.5\t4.1\t2.2\t17\nchr1\t210\t300\tp2\t900\t.\t1.5\t4.1\t2.2\t-1\n", "x.narrowPeak")
    examples = regions.read_regions(path, GENOME, make_spec(label="signalValue", target="score", length=11))
    assert examples.obs["start"].tolist() == [112, 250] and examples.obs["label"].tolist() == ["8.5", "1.5"]
    assert decode(examples.codes[0])[5] == CONTIGS["chr1"][117]


@pytest.mark.parametrize("label, values", [("kind", ["a", "b"]), ("4", ["a", "b"]), ("weight", ["1", "2"]), ("KIND", ["a", "b"])])
def test_columns_are_selected_by_name_or_number(write, label, values):
    path = write("#chrom\tstart\tend\tkind\tweight\tdonor\tside\nchr1\t1\t9\ta\t1\td1\ttrain\nchr1\t21\t29\tb\t2\td2\ttest\n")
    assert regions.read_regions(path, GENOME, make_spec(label=label)).obs["label"].tolist() == values
    assert regions.read_regions(path, GENOME, make_spec(label=label, by="group", column="donor")).obs["group"].tolist() == [
        "d1",
        "d2",
    ]
    assert regions.read_regions(path, GENOME, make_spec(label=label, by="given", given="side")).obs["split"].tolist() == [
        "train",
        "test",
    ]
    both = regions.read_regions(path, GENOME, make_spec(label=["weight", "kind"]))
    assert both.obs[["label.0", "label.1"]].to_numpy().tolist() == [["1", "a"], ["2", "b"]]


def test_bed_with_thick_columns_is_not_narrowpeak(write):
    path = write("chr1\t10\t30\tx\t0\t+\t12\t20\t255,0,0\nchr1\t40\t60\ty\t0\t+\t50\t50\t0\n")
    assert regions.read_regions(path, GENOME, make_spec(label="thickStart", target="score")).obs["label"].tolist() == ["12", "50"]


def test_file_label_and_signal_need_no_column(write):
    path = write("chr1\t10\t30\nchr2\t40\t60\n")
    assert regions.read_regions(path, GENOME, make_spec(label="label"), "bound").obs["label"].tolist() == ["bound"] * 2
    for unlabelled_spec in (make_spec(target="profile"), make_spec(target="score", label=None)):
        assert "label" not in regions.read_regions(path, GENOME, unlabelled_spec).obs
    with pytest.raises(InputError, match="no column 'label'.*it has chrom, start, end"):
        regions.read_regions(path, GENOME, make_spec(label="label"))


def test_unequal_regions_by_policy(write):
    path = write("chr1\t10\t30\ta\nchr1\t50\t60\tb\nchr1\t80\t100\ta\n")
    with pytest.raises(InputError, match="sequences.unequal") as error:
        regions.read_regions(path, GENOME, make_spec())
    assert f"{path}, row 2: 'b' has 10 bases" in str(error.value)
    text = CONTIGS["chr1"]
    padded = [decode(row) for row in regions.read_regions(path, GENOME, make_spec(unequal="pad")).codes]
    assert padded == [text[10:30], "N" * 5 + text[50:60] + "N" * 5, text[80:100]]
    assert [decode(row) for row in regions.read_regions(path, GENOME, make_spec(unequal="crop")).codes] == [
        text[15:25],
        text[50:60],
        text[85:95],
    ]
    assert [decode(row) for row in regions.read_regions(path, GENOME, make_spec(length=20)).codes] == [
        text[10:30],
        text[45:65],
        text[80:100],
    ]


def test_windows_past_the_end_by_policy(write):
    path = write("chr1\t0\t10\ta\nchr1\t200\t210\tb\nchr1\t390\t400\ta\n")
    with pytest.raises(InputError, match="chr1:-5-15 reaches past"):
        regions.read_regions(path, GENOME, make_spec(length=20))
    padded = regions.read_regions(path, GENOME, make_spec(length=20, outside="pad"))
    assert decode(padded.codes[0]) == "NNNNN" + CONTIGS["chr1"][:15] and padded.obs["start"].tolist() == [-5, 195, 385]
    dropped = regions.read_regions(path, GENOME, make_spec(length=20, outside="drop"))
    assert dropped.obs["start"].tolist() == [195] and "2 windows that reach past" in dropped.left_out[0]
    assert len(dropped.taken) == 3


def test_rows_without_a_label_are_excluded_and_counted(write):
    examples = regions.read_regions(write("chr1\t0\t10\ta\nchr1\t20\t30\tNA\nchr1\t40\t50\tb\n"), GENOME, make_spec())
    assert examples.obs["label"].tolist() == ["a", "b"] and "1 regions without a label" in examples.left_out[0]


@pytest.mark.parametrize(
    "row, message",
    [
        ("chr1 5 9", "row 3: columns are separated by spaces"),
        ("chr1\tfive\t9\tx", "row 3: column 2: 'five' is not a position"),
        ("chr1\t9\t9\tx", "row 3: start 9 is not before end 9"),
        ("chr1\t3\t9", "row 3: has 3 columns, but previous rows have 4"),
        ("chr1\t395\t415\tx", "row 3: ends at 415, past the end of contig 'chr1' .400 bases."),
        ("1\t5\t15\tx", "named as '1' there but as 'chr1' in the genome"),
        ("plasmid\t5\t15\tx", "no contig 'plasmid'; it has 'chr1', 'chr2'"),
        ("chr2\t320\t330\tx", "row 3: chr2:320-330 contains only N"),
    ],
)
def test_faults_name_file_and_row(write, row, message):
    path = write(f"chr1\t0\t10\ta\nchr1\t20\t30\tb\n{row}\n")
    with pytest.raises(InputError, match=message) as error:
        regions.read_regions(path, GENOME, make_spec())
    assert str(path) in str(error.value)


def test_invalid_summits_and_scores_are_refused(write):
    path = write("chr1\t100\t200\tp1\t900\t.\t8.5\t4.1\t2.2\t100\n", "x.narrowPeak")
    with pytest.raises(InputError, match="row 1, column peak: '100' is not a position in this peak"):
        regions.read_regions(path, GENOME, make_spec())
    with pytest.raises(InputError, match="row 2, column name: 'high' is not a number"):
        regions.read_regions(write("chr1\t0\t10\t1\nchr1\t20\t30\thigh\n"), GENOME, make_spec(target="score"))
    with pytest.raises(InputError, match="holds no region"):
        regions.read_regions(write("# nothing\n"), GENOME, make_spec())


def test_names_are_made_unique(write):
    examples = regions.read_regions(
        write("chr1\t0\t10\ta\nchr1\t20\t30\ta\nchr1\t40\t50\t.\n"), GENOME, make_spec(label="x"), "l"
    )
    assert examples.obs.index.tolist() == ["a", "a-2", "chr1:40-50"]
