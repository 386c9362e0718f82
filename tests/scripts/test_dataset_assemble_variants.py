"""Examples: what is a feature, what must never be one, and when there is nothing to learn."""

import anndata
import numpy as np
import pandas as pd
import pysam
import pytest

import calls
from readsight.dataset.features import call_annotations
from readsight.dataset.outcome import Outcome
from readsight.dataset.sources import SOURCES, variants
from readsight.errors import InputError


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    return anndata.read_h5ad(calls.assemble(tmp_path_factory.mktemp("assemble"), calls=200))


def test_a_row_a_call_with_its_coordinates(examples):
    assert examples.n_obs == 200
    assert set(examples.obs["label"]) == {0, 1}
    row = examples.obs.iloc[0]
    assert examples.obs_names[0] == f"{row.chrom}:{row.start + 1}:{row.ref}>{row.alt}"
    assert (examples.obs["end"] - examples.obs["start"] == examples.obs["ref"].str.len()).all()


def test_no_feature_is_the_label_in_disguise(examples):
    assert not {"TRUTH", "CALLERS", "BD", "POP_AF"} & set(examples.var_names)
    label = examples.obs["label"].to_numpy()
    for name in examples.var_names:
        values = examples[:, name].X.ravel()
        told = ~np.isnan(values)
        assert abs(np.corrcoef(values[told], label[told])[0, 1]) < 0.9, name


def test_constant_features_go_and_missing_ones_are_marked_once(examples):
    assert "AC" not in examples.var_names and "carriers" not in examples.var_names
    gaps = [name for name in examples.var_names if name.endswith("_missing")]
    assert gaps == ["RPBZ_missing"], "RPBZ and BQBZ miss together: one column says so"
    missing = np.isnan(examples[:, "BQBZ"].X.ravel())
    assert (examples[:, "RPBZ_missing"].X.ravel() == missing).all()


def test_the_task_says_what_it_was_made_from(examples):
    assert set(examples.uns["task"]["made_from"]) == {"bcftools.labels.vcf.gz", "genome.fa"}
    assert list(examples.uns["task"]["classes"]) == variants.CLASSES
    assert Outcome.of(examples.uns["outcome"]) == Outcome("binary", tuple(variants.CLASSES))


def test_sequence_context():
    assert call_annotations.homopolymer("ACAAAATC", 1) == 4, "the run that follows the site counts"
    assert call_annotations.homopolymer("ACAAAATC", 4) == 4
    assert call_annotations.homopolymer("ACGT", 3) == 1
    assert call_annotations.gc_content("GGCCATNN") == pytest.approx(4 / 6)
    assert call_annotations.gc_content("NNN") == 0.5


def test_strands_swapped_give_the_same_bias(tmp_path):
    header = pysam.VariantHeader()
    header.add_line("##contig=<ID=chr1,length=100>")
    header.add_line('##INFO=<ID=DP4,Number=4,Type=Integer,Description="">')
    one = header.new_record(contig="chr1", start=5, alleles=("A", "C"), info={"DP4": (10, 3, 2, 9)})
    other = header.new_record(contig="chr1", start=5, alleles=("A", "C"), info={"DP4": (3, 10, 9, 2)})
    even = header.new_record(contig="chr1", start=5, alleles=("A", "C"), info={"DP4": (8, 8, 8, 8)})
    assert variants.strand_bias(one, 0) == pytest.approx(variants.strand_bias(other, 0)) != 0
    assert variants.strand_bias(even, 0) == 0


@pytest.mark.parametrize(("false", "words"), [(0.0, "all 40 calls are true"), (1.0, "all 40 calls are false")])
def test_one_class_is_nothing_to_learn(tmp_path, false, words):
    fasta = calls.genome(tmp_path)
    with pytest.raises(InputError, match=words):
        variants.read(calls.labelled(tmp_path, fasta, calls=40, false=false))


def test_zero_calls_are_nothing_to_learn(tmp_path):
    fasta = calls.genome(tmp_path)
    with pytest.raises(InputError, match="no calls: nothing to learn"):
        variants.read(calls.labelled(tmp_path, fasta, calls=0))


def test_reference_of_another_build_is_refused(tmp_path):
    obs, table = variants.read(calls.labelled(tmp_path, calls.genome(tmp_path), calls=40))
    (tmp_path / "other").mkdir()
    other = calls.genome(tmp_path / "other", seed=2)
    with pytest.raises(InputError, match="REF is not the reference's base"):
        call_annotations.features(obs, table, other)
    with pytest.raises(InputError, match="no contig '20'"):
        call_annotations.features(obs.assign(chrom="20"), table, other)


def table(values, names):
    return anndata.AnnData(np.array(values, float), var=pd.DataFrame(index=list(names)))


def test_scaling_is_that_of_the_training_fold():
    train = table([[1.0, 5.0, np.nan], [3.0, 5.0, 2.0], [5.0, 5.0, 4.0]], ["a", "constant", "gaps"])
    scaler = call_annotations.fit(train, {})
    scaled, var = call_annotations.apply(train, scaler)
    assert list(var.index) == ["a", "constant", "gaps"] and scaled.dtype == np.float32
    assert scaled[:, 0].mean() == pytest.approx(0) and scaled[:, 0].std() == pytest.approx(1)
    assert (scaled[:, 1] == 0).all(), "what does not vary in training says nothing anywhere"
    assert call_annotations.apply(table([[1.0, 99.0, np.nan]], var.index), scaler)[0][0, 1] == 0
    gap = call_annotations.apply(table([[0, 0, 3.0]], var.index), scaler)[0][0, 2]
    assert scaled[0, 2] == gap, "a gap is the training median"


def test_an_unknown_word_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'variants'"):
        SOURCES["variant"]
    assert list(SOURCES) == ["variants", "samples"]


def test_missing_columns_of_a_full_table_are_none():
    assert call_annotations.missing_columns(pd.DataFrame({"a": [1.0, 2.0]})).shape == (2, 0)
