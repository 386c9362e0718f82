"""Assembly of samples: modalities, donors, labels, and all faults reported together."""

import json
import re

import mudata
import numpy as np
import pandas as pd
import pytest

import dataset_assemble_samples
import modalities
from readsight.dataset import examples
from readsight.dataset.outcome import Outcome
from readsight.dataset.sources import samples, targets
from readsight.errors import InputError


def test_samples_keep_their_values_in_every_modality(tmp_path):
    tables = modalities.make_tables()
    shuffled = tables["mirna"][np.random.default_rng(1).permutation(tables["mirna"].obs_names)].copy()
    joined = modalities.read_examples(tmp_path, tables | {"mirna": shuffled})
    assert list(joined.obs_names) == list(tables["mirna"].obs_names), (
        "in the order of the first modality; s0 and s1 have no mirna"
    )
    assert joined.n_vars == 90 and set(joined.var["modality"]) == {"mrna", "mirna"}
    for name, expected_values in tables.items():
        subset = joined[:, joined.var["modality"] == name]
        assert (
            list(subset.var["feature"]) == list(expected_values.var_names)
            and subset.var_names[0] == f"{name}:{expected_values.var_names[0]}"
        )
        assert np.array_equal(subset.X, expected_values[joined.obs_names].X, equal_nan=True)
    assert list(joined.obs["class"]) == list(modalities.make_obs().loc[joined.obs_names, "class"])


def test_samples_lacking_a_modality_can_be_kept(tmp_path):
    path = modalities.assemble_examples(tmp_path, missing="keep")
    joined = examples.read(path)
    assert joined.n_obs == 72 and np.isnan(joined["s0"].X[0, joined.var["modality"] == "mirna"]).all()
    assert mudata.read_h5mu(path).mod["mirna"].n_obs == 70, "missing samples are not imputed in the file"
    rows = {row["key"]: row["value"] for row in json.loads((tmp_path / "examples.summary.json").read_text())}
    assert (rows["dataset.t.samples"], rows["dataset.t.lacking.mirna"], rows["dataset.t.features.mrna"]) == (72, 2, 60)


def test_excluded_samples_are_counted_with_the_reason(tmp_path):
    obs = modalities.make_obs()
    obs.loc[["s4", "s5", "s6"], "class"] = ["", None, "NA"]
    modalities.assemble_examples(tmp_path, modalities.make_tables(obs))
    rows = {row["key"]: row["value"] for row in json.loads((tmp_path / "examples.summary.json").read_text())}
    assert (rows["dataset.t.left_out.no_label"], rows["dataset.t.left_out.no_mirna"], rows["dataset.t.samples"]) == (3, 2, 67)
    assert sum(value for key, value in rows.items() if ".class." in key) == 67


def test_donors_come_from_column_or_barcode_or_sample(tmp_path):
    obs = modalities.make_obs()
    assert samples.read_groups(obs, "donor")[0].tolist() == obs["donor"].tolist()
    patients = obs.rename(columns={"donor": "patient"})
    assert samples.read_groups(patients, "donor")[0].nunique() == 36, "two samples of a patient stay together"
    assert samples.read_groups(obs.drop(columns="donor"), "donor")[0].tolist() == list(obs.index)
    assert samples.read_groups(obs, "plate")[0].nunique() == 2
    assert "did you mean 'plate'" in samples.read_groups(obs, "plates")[2][0]
    obs.loc["s3", "donor"] = None
    assert "1 samples have no value in column 'donor' (s3)" in samples.read_groups(obs, "donor")[2][0]


def test_positive_class_is_class_1(tmp_path):
    obs = modalities.make_obs()
    obs["class"] = np.where(obs["class"] == "AML", "AML", "healthy")
    assert targets.build_target(obs, modalities.make_spec()).outcome == Outcome("binary", ("healthy", "AML"))
    swapped = targets.build_target(obs, modalities.make_spec(positive="healthy"))
    assert swapped.outcome.classes == ("AML", "healthy")
    assert (swapped.columns["label"] == (obs["class"] == "healthy")).all()
    assert "did you mean 'AML'" in targets.build_target(obs, modalities.make_spec(positive="aml")).faults[0]
    assert "needs two classes" in targets.build_target(modalities.make_obs(), modalities.make_spec(positive="AML")).faults[0]


def test_survival_and_multilabel_targets(tmp_path):
    joined = modalities.read_examples(tmp_path, **modalities.SURVIVAL)
    obs = modalities.make_obs().loc[joined.obs_names]
    assert (
        np.allclose(joined.obs["time"], obs["months"].astype(float)) and (joined.obs["event"] == (obs["state"] == "dead")).all()
    )
    assert joined.obs["stratum"].nunique() == 6, "event × third of the time"
    joined = modalities.read_examples(tmp_path, **modalities.MULTILABEL)
    assert np.array_equal(examples.read_outcome(joined).read_target(joined.obs), obs[["fever", "rash"]].astype(int))


def test_rare_label_sets_join_the_closest_common_set():
    values = np.array([[0, 0, 0]] * 20 + [[1, 1, 0]] * 20 + [[1, 1, 1]] * 2)
    strata = targets.stratify_labels(values)
    assert len(np.unique(strata)) == 2 and (strata[-2:] == strata[20]).all()
    assert not targets.stratify_labels(values[-2:]).any()


def catch_faults(tmp_path, message, tables=None, obs=None, **options):
    with pytest.raises(InputError, match=message) as caught:
        modalities.assemble_examples(tmp_path, modalities.make_tables(obs) if tables is None else tables, **options)
    assert not (tmp_path / "examples.h5mu").exists()
    return caught.value.faults


def test_modalities_without_a_shared_sample_are_named_with_examples(tmp_path):
    tables = modalities.make_tables()
    tables["mirna"].obs_names = [f"S_{name[1:]}" for name in tables["mirna"].obs_names]
    faults = catch_faults(tmp_path, "mirna shares no sample with the other modalities: it has S_2, S_3", tables)
    assert len(faults) == 2 and "is 'S_2' the same as 's2' of mrna" in faults[1]


def test_no_sample_has_all_modalities(tmp_path):
    tables = modalities.make_tables()
    third = tables["mrna"].copy()
    sets = {"mrna": slice(2, 40), "mirna": slice(20, 70), "protein": slice(50, 72)}
    tables = {
        name: names[subset].copy()
        for (name, subset), names in zip(sets.items(), (tables["mrna"], tables["mirna"], third), strict=True)
    }
    catch_faults(tmp_path, "no sample has all modalities .mrna 38, mirna 50, protein 22 samples.; set missing to keep", tables)


def test_all_column_faults_are_reported_together(tmp_path):
    harmonise = modalities.COMBAT | {"batch": "plates"}
    faults = catch_faults(tmp_path, "did you mean 'class'", label="clas", harmonise=harmonise, given="splt")
    assert len(faults) == 3 and "harmonise.batch" in faults[1] and "split.given" in faults[2]


@pytest.mark.parametrize(
    ("message", "change", "options"),
    [
        ("all 70 samples are 'AML' in column 'class': one class", {"class": "AML"}, {}),
        ("has 70 different values", {"class": [f"{i}" for i in range(72)]}, {}),
        ("'maybe' of 70 samples", {"fever": "maybe"}, modalities.MULTILABEL),
        ("all 70 samples are 1 in column 'rash'", {"rash": "yes"}, modalities.MULTILABEL),
        ("no event was observed among 70 samples", {"state": "alive"}, modalities.SURVIVAL),
        ("must hold follow-up times of 0 or more; 70 samples have none", {"months": "-1"}, modalities.SURVIVAL),
        ("s2: 'soon'", {"months": ["soon"] * 72}, modalities.SURVIVAL),
        ("no sample has a label", {"class": ""}, {}),
    ],
)
def test_uninformative_label_is_refused(tmp_path, message, change, options):
    catch_faults(tmp_path, message, obs=modalities.make_obs().assign(**change), **options)


def test_contradicting_labels_between_modalities_are_refused(tmp_path):
    tables = modalities.make_tables()
    tables["mirna"].obs.loc["s9", "class"] = "CML" if tables["mirna"].obs.at["s9", "class"] != "CML" else "AML"
    catch_faults(tmp_path, "class: modalities have different values for 1 samples .s9", tables)
    tables["mirna"].obs["class"] = ""
    assert modalities.read_examples(tmp_path, tables).n_obs == 70, "missing values contradict nothing"


def test_feature_equal_to_the_label_is_refused(tmp_path):
    tables = modalities.make_tables()
    tables["mrna"].var_names = ["Class", *tables["mrna"].var_names[1:]]
    catch_faults(tmp_path, "feature 'Class' has the name of the label: it leaks.*tables.mrna.about", tables)
    tables = modalities.make_tables()
    tables["mirna"].X[:, 7] = np.select([tables["mirna"].obs["class"] == c for c in ("AML", "ALL")], [3.5, -1], 0)
    catch_faults(tmp_path, "mirna: 1 features equal the label of all 70 samples .mi7.", tables)
    tables["mirna"].X[0, 7] = 99
    modalities.assemble_examples(tmp_path, tables)


def test_follow_up_times_among_the_features_are_refused(tmp_path):
    tables = modalities.make_tables()
    tables["mrna"].X[:, 3] = tables["mrna"].obs["months"].astype(float)
    catch_faults(tmp_path, "mrna: 1 features equal the label", tables, **modalities.SURVIVAL)


def test_duplicate_names_are_refused(tmp_path):
    tables = modalities.make_tables()
    tables["mrna"].obs_names = ["s1", *tables["mrna"].obs_names[1:]]
    tables["mirna"].var_names = ["mi1", *tables["mirna"].var_names[1:]]
    faults = catch_faults(tmp_path, "mrna: 1 sample names are duplicated .s1.", tables)
    assert "mirna: 1 feature names are duplicated (mi1)" in faults[1]


def test_batches_and_covariates_are_kept_without_gaps(tmp_path):
    joined = modalities.read_examples(tmp_path, harmonise=modalities.COMBAT)
    assert (joined.obs["batch"] == joined.obs["plate"]).all() and set(joined.obs["sex"]) == {"F", "M"}
    gap = modalities.make_obs()
    gap.loc["s7", "plate"] = None
    with pytest.raises(InputError, match=r"harmonise.batch: 1 samples have no value in column 'plate' \(s7\)"):
        modalities.assemble_examples(
            tmp_path, modalities.make_tables(modalities.make_obs().assign(plate=gap["plate"])), harmonise=modalities.COMBAT
        )


def test_task_records_its_sources(tmp_path):
    joined = modalities.read_examples(tmp_path)
    assert set(joined.uns["task"]["made_from"]) == {"mrna", "mirna"}
    assert json.loads(joined.uns["task"]["spec"])["label"] == "class" and joined.uns["task"]["source"] == "samples"
    assert list(joined.uns["outcome"]["classes"]) == ["ALL", "AML", "CML"]
    assert pd.api.types.is_integer_dtype(joined.obs["label"])


def test_required_columns():
    spec = modalities.make_spec(harmonise=modalities.COMBAT, given="split", **modalities.SURVIVAL)
    assert dataset_assemble_samples.list_required_columns(spec) == {
        "months": "time",
        "state": "event",
        "sex": "harmonise.covariates",
        "plate": "harmonise.batch",
        "split": "split.given",
    }


def test_zero_follow_up_time_is_accepted(tmp_path):
    """TCGA has many patients with 0 days."""
    obs = modalities.make_obs()
    obs.loc["s2", "months"] = "0"
    tables = modalities.read_examples(tmp_path, modalities.make_tables(obs), **modalities.SURVIVAL)
    assert tables.obs.at["s2", "time"] == 0 and tables.n_obs == 70


def test_multi_word_classes_get_summary_keys(tmp_path):
    obs = modalities.make_obs()
    obs["class"] = obs["class"].map({"AML": "Primary solid tumor", "ALL": "ER+/HER2-", "CML": "ER /HER2-"})
    modalities.assemble_examples(tmp_path, modalities.make_tables(obs))
    rows = {row["key"]: row for row in json.loads((tmp_path / "examples.summary.json").read_text())}
    assert all(re.fullmatch(r"[\w-]+(\.[\w-]+)+", key) for key in rows)
    assert rows["dataset.t.class.Primary_solid_tumor"]["description"] == "samples: Primary solid tumor"
    assert {"dataset.t.class.ER_HER2-", "dataset.t.class.ER_HER2-_2"} <= set(rows), "two classes stay separate"
