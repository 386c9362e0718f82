"""Assembly of variants: valid features, forbidden features, and refused inputs."""

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
def demo_examples(tmp_path_factory):
    return anndata.read_h5ad(calls.assemble_examples(tmp_path_factory.mktemp("assemble"), calls=200))


def test_one_row_per_call_with_coordinates(demo_examples):
    assert demo_examples.n_obs == 200
    assert set(demo_examples.obs["label"]) == {0, 1}
    row = demo_examples.obs.iloc[0]
    assert demo_examples.obs_names[0] == f"{row.chrom}:{row.start + 1}:{row.ref}>{row.alt}"
    assert (demo_examples.obs["end"] - demo_examples.obs["start"] == demo_examples.obs["ref"].str.len()).all()


def test_no_feature_equals_the_label(demo_examples):
    assert not {"TRUTH", "CALLERS", "BD", "POP_AF"} & set(demo_examples.var_names)
    label = demo_examples.obs["label"].to_numpy()
    for name in demo_examples.var_names:
        values = demo_examples[:, name].X.ravel()
        purity = ~np.isnan(values)
        assert abs(np.corrcoef(values[purity], label[purity])[0, 1]) < 0.9, name


def test_constant_features_are_dropped_and_gaps_flagged_once(demo_examples):
    assert "AC" not in demo_examples.var_names and "carriers" not in demo_examples.var_names
    gaps = [name for name in demo_examples.var_names if name.endswith("_missing")]
    assert gaps == ["RPBZ_missing"], "RPBZ and BQBZ have the same gaps: one column flags both"
    missing = np.isnan(demo_examples[:, "BQBZ"].X.ravel())
    assert (demo_examples[:, "RPBZ_missing"].X.ravel() == missing).all()


def test_task_records_its_sources(demo_examples):
    assert set(demo_examples.uns["task"]["made_from"]) == {"bcftools.labels.vcf.gz", "genome.fa"}
    assert list(demo_examples.uns["task"]["classes"]) == variants.CLASSES
    assert Outcome.from_dict(demo_examples.uns["outcome"]) == Outcome("binary", tuple(variants.CLASSES))


def test_sequence_context():
    assert call_annotations.homopolymer_length("ACAAAATC", 1) == 4, "the run after the site counts"
    assert call_annotations.homopolymer_length("ACAAAATC", 4) == 4
    assert call_annotations.homopolymer_length("ACGT", 3) == 1
    assert call_annotations.gc_content("GGCCATNN") == pytest.approx(4 / 6)
    assert call_annotations.gc_content("NNN") == 0.5


def test_swapped_strands_give_the_same_bias(tmp_path):
    header = pysam.VariantHeader()
    header.add_line("##contig=<ID=chr1,length=100>")
    header.add_line('##INFO=<ID=DP4,Number=4,Type=Integer,Description="">')
    first = header.new_record(contig="chr1", start=5, alleles=("A", "C"), info={"DP4": (10, 3, 2, 9)})
    second = header.new_record(contig="chr1", start=5, alleles=("A", "C"), info={"DP4": (3, 10, 9, 2)})
    even = header.new_record(contig="chr1", start=5, alleles=("A", "C"), info={"DP4": (8, 8, 8, 8)})
    assert variants.strand_bias(first, 0) == pytest.approx(variants.strand_bias(second, 0)) != 0
    assert variants.strand_bias(even, 0) == 0


@pytest.mark.parametrize(("false", "message"), [(0.0, "all 40 calls are true"), (1.0, "all 40 calls are false")])
def test_single_class_is_refused(tmp_path, false, message):
    fasta = calls.write_genome(tmp_path)
    with pytest.raises(InputError, match=message):
        variants.read(calls.write_labelled_calls(tmp_path, fasta, calls=40, false=false))


def test_zero_calls_are_refused(tmp_path):
    fasta = calls.write_genome(tmp_path)
    with pytest.raises(InputError, match="no calls: nothing to learn"):
        variants.read(calls.write_labelled_calls(tmp_path, fasta, calls=0))


def test_wrong_reference_build_is_refused(tmp_path):
    obs, table = variants.read(calls.write_labelled_calls(tmp_path, calls.write_genome(tmp_path), calls=40))
    (tmp_path / "other").mkdir()
    second_fasta = calls.write_genome(tmp_path / "other", seed=2)
    with pytest.raises(InputError, match="REF differs from the reference"):
        call_annotations.compute_features(obs, table, second_fasta)
    with pytest.raises(InputError, match="no contig '20'"):
        call_annotations.compute_features(obs.assign(chrom="20"), table, second_fasta)


def make_table(values, names):
    return anndata.AnnData(np.array(values, float), var=pd.DataFrame(index=list(names)))


def test_scaling_uses_the_training_fold():
    train = make_table([[1.0, 5.0, np.nan], [3.0, 5.0, 2.0], [5.0, 5.0, 4.0]], ["a", "constant", "gaps"])
    scaler = call_annotations.fit(train, {})
    scaled, var = call_annotations.apply(train, scaler)
    assert list(var.index) == ["a", "constant", "gaps"] and scaled.dtype == np.float32
    assert scaled[:, 0].mean() == pytest.approx(0) and scaled[:, 0].std() == pytest.approx(1)
    assert (scaled[:, 1] == 0).all(), "features constant in training are 0 everywhere"
    assert call_annotations.apply(make_table([[1.0, 99.0, np.nan]], var.index), scaler)[0][0, 1] == 0
    gap = call_annotations.apply(make_table([[0, 0, 3.0]], var.index), scaler)[0][0, 2]
    assert scaled[0, 2] == gap, "a gap is the training median"


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(InputError, match="did you mean 'variants'"):
        SOURCES["variant"]
    assert list(SOURCES) == ["variants", "samples"]


def test_complete_table_has_no_missing_indicators():
    assert call_annotations.flag_missing(pd.DataFrame({"a": [1.0, 2.0]})).shape == (2, 0)
