"""Joining: the same sample in all modalities, donors whole, labels as they are, and every fault told at once."""

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


def test_a_sample_has_its_own_numbers_in_every_modality(tmp_path):
    made = modalities.tables()
    shuffled = made["mirna"][np.random.default_rng(1).permutation(made["mirna"].obs_names)].copy()
    found = modalities.data(tmp_path, made | {"mirna": shuffled})
    assert list(found.obs_names) == list(made["mirna"].obs_names), "in the order of the first modality; s0 and s1 have no mirna"
    assert found.n_vars == 90 and set(found.var["modality"]) == {"mrna", "mirna"}
    for name, own in made.items():
        part = found[:, found.var["modality"] == name]
        assert list(part.var["feature"]) == list(own.var_names) and part.var_names[0] == f"{name}:{own.var_names[0]}"
        assert np.array_equal(part.X, own[found.obs_names].X, equal_nan=True)
    assert list(found.obs["class"]) == list(modalities.about().loc[found.obs_names, "class"])


def test_samples_that_lack_a_modality_are_kept_where_asked(tmp_path):
    path = modalities.joined(tmp_path, missing="keep")
    found = examples.read(path)
    assert found.n_obs == 72 and np.isnan(found["s0"].X[0, found.var["modality"] == "mirna"]).all()
    assert mudata.read_h5mu(path).mod["mirna"].n_obs == 70, "anyone can open it, and nothing is made up"
    rows = {row["key"]: row["value"] for row in json.loads((tmp_path / "examples.summary.json").read_text())}
    assert (rows["dataset.t.samples"], rows["dataset.t.lacking.mirna"], rows["dataset.t.features.mrna"]) == (72, 2, 60)


def test_who_is_left_out_is_counted_with_the_reason(tmp_path):
    obs = modalities.about()
    obs.loc[["s4", "s5", "s6"], "class"] = ["", None, "NA"]
    modalities.joined(tmp_path, modalities.tables(obs))
    rows = {row["key"]: row["value"] for row in json.loads((tmp_path / "examples.summary.json").read_text())}
    assert (rows["dataset.t.left_out.no_label"], rows["dataset.t.left_out.no_mirna"], rows["dataset.t.samples"]) == (3, 2, 67)
    assert sum(value for key, value in rows.items() if ".class." in key) == 67


def test_donors_are_told_by_column_by_barcode_or_each_sample_is_its_own(tmp_path):
    obs = modalities.about()
    assert samples.groups(obs, "donor")[0].tolist() == obs["donor"].tolist()
    patients = obs.rename(columns={"donor": "patient"})
    assert samples.groups(patients, "donor")[0].nunique() == 36, "two samples of a patient stay together"
    assert samples.groups(obs.drop(columns="donor"), "donor")[0].tolist() == list(obs.index)
    assert samples.groups(obs, "plate")[0].nunique() == 2
    assert "did you mean 'plate'" in samples.groups(obs, "plates")[2][0]
    obs.loc["s3", "donor"] = None
    assert "1 samples have nothing in column 'donor' (s3)" in samples.groups(obs, "donor")[2][0]


def test_of_two_classes_the_positive_one_is_class_1(tmp_path):
    obs = modalities.about()
    obs["class"] = np.where(obs["class"] == "AML", "AML", "healthy")
    assert targets.target(obs, modalities.spec()).outcome == Outcome("binary", ("healthy", "AML"))
    other = targets.target(obs, modalities.spec(positive="healthy"))
    assert other.outcome.classes == ("AML", "healthy")
    assert (other.columns["label"] == (obs["class"] == "healthy")).all()
    assert "did you mean 'AML'" in targets.target(obs, modalities.spec(positive="aml")).faults[0]
    assert "is for two classes" in targets.target(modalities.about(), modalities.spec(positive="AML")).faults[0]


def test_survival_and_several_labels(tmp_path):
    found = modalities.data(tmp_path, **modalities.SURVIVAL)
    obs = modalities.about().loc[found.obs_names]
    assert np.allclose(found.obs["time"], obs["months"].astype(float)) and (found.obs["event"] == (obs["state"] == "dead")).all()
    assert found.obs["stratum"].nunique() == 6, "event × third of the time"
    found = modalities.data(tmp_path, **modalities.MULTILABEL)
    assert np.array_equal(examples.outcome(found).target(found.obs), obs[["fever", "rash"]].astype(int))


def test_rare_sets_of_labels_join_the_most_like():
    values = np.array([[0, 0, 0]] * 20 + [[1, 1, 0]] * 20 + [[1, 1, 1]] * 2)
    found = targets.strata_of_labels(values)
    assert len(np.unique(found)) == 2 and (found[-2:] == found[20]).all()
    assert not targets.strata_of_labels(values[-2:]).any()


def refused(tmp_path, words, made=None, obs=None, **given):
    with pytest.raises(InputError, match=words) as caught:
        modalities.joined(tmp_path, modalities.tables(obs) if made is None else made, **given)
    assert not (tmp_path / "examples.h5mu").exists()
    return caught.value.faults


def test_modalities_without_a_shared_sample_are_named_with_examples(tmp_path):
    made = modalities.tables()
    made["mirna"].obs_names = [f"S_{name[1:]}" for name in made["mirna"].obs_names]
    faults = refused(tmp_path, "mirna shares no sample with the others: it has S_2, S_3", made)
    assert len(faults) == 2 and "is 'S_2' the same as 's2' of mrna" in faults[1]


def test_no_sample_with_all_modalities(tmp_path):
    made = modalities.tables()
    third = made["mrna"].copy()
    sets = {"mrna": slice(2, 40), "mirna": slice(20, 70), "protein": slice(50, 72)}
    made = {name: own[part].copy() for (name, part), own in zip(sets.items(), (made["mrna"], made["mirna"], third), strict=True)}
    refused(tmp_path, "no sample has all modalities .mrna 38, mirna 50, protein 22 samples.; set missing to keep", made)


def test_all_faults_of_columns_are_told_at_once(tmp_path):
    harmonise = modalities.COMBAT | {"batch": "plates"}
    faults = refused(tmp_path, "did you mean 'class'", label="clas", harmonise=harmonise, given="splt")
    assert len(faults) == 3 and "harmonise.batch" in faults[1] and "split.given" in faults[2]


@pytest.mark.parametrize(
    ("words", "change", "given"),
    [
        ("all 70 samples are 'AML' in column 'class': one class", {"class": "AML"}, {}),
        ("has 70 different values", {"class": [f"{i}" for i in range(72)]}, {}),
        ("'maybe' of 70 samples", {"fever": "maybe"}, modalities.MULTILABEL),
        ("all 70 samples are 1 in column 'rash'", {"rash": "yes"}, modalities.MULTILABEL),
        ("no event was seen among 70 samples", {"state": "alive"}, modalities.SURVIVAL),
        ("must hold follow-up times of 0 or more; 70 samples have none", {"months": "-1"}, modalities.SURVIVAL),
        ("s2: 'soon'", {"months": ["soon"] * 72}, modalities.SURVIVAL),
        ("no sample has a label", {"class": ""}, {}),
    ],
)
def test_nothing_to_learn_from_a_label(tmp_path, words, change, given):
    refused(tmp_path, words, obs=modalities.about().assign(**change), **given)


def test_modalities_that_contradict_each_other_on_the_label(tmp_path):
    made = modalities.tables()
    made["mirna"].obs.loc["s9", "class"] = "CML" if made["mirna"].obs.at["s9", "class"] != "CML" else "AML"
    refused(tmp_path, "class: modalities say different things of 1 samples .s9", made)
    made["mirna"].obs["class"] = ""
    assert modalities.data(tmp_path, made).n_obs == 70, "one that says nothing contradicts nothing"


def test_a_feature_that_is_the_label_is_refused(tmp_path):
    made = modalities.tables()
    made["mrna"].var_names = ["Class", *made["mrna"].var_names[1:]]
    refused(tmp_path, "feature 'Class' bears the name of the label: it leaks.*tables.mrna.about", made)
    made = modalities.tables()
    made["mirna"].X[:, 7] = np.select([made["mirna"].obs["class"] == c for c in ("AML", "ALL")], [3.5, -1], 0)
    refused(tmp_path, "mirna: 1 features say the label of all 70 samples one by one .mi7.", made)
    made["mirna"].X[0, 7] = 99
    modalities.joined(tmp_path, made)


def test_follow_up_times_among_the_features_are_refused(tmp_path):
    made = modalities.tables()
    made["mrna"].X[:, 3] = made["mrna"].obs["months"].astype(float)
    refused(tmp_path, "mrna: 1 features say the label", made, **modalities.SURVIVAL)


def test_names_that_stand_twice_are_refused(tmp_path):
    made = modalities.tables()
    made["mrna"].obs_names = ["s1", *made["mrna"].obs_names[1:]]
    made["mirna"].var_names = ["mi1", *made["mirna"].var_names[1:]]
    faults = refused(tmp_path, "mrna: 1 sample names stand more than once .s1.", made)
    assert "mirna: 1 feature names stand more than once (mi1)" in faults[1]


def test_batches_and_covariates_are_carried_and_have_no_gaps(tmp_path):
    found = modalities.data(tmp_path, harmonise=modalities.COMBAT)
    assert (found.obs["batch"] == found.obs["plate"]).all() and set(found.obs["sex"]) == {"F", "M"}
    gap = modalities.about()
    gap.loc["s7", "plate"] = None
    with pytest.raises(InputError, match=r"harmonise.batch: 1 samples have nothing in column 'plate' \(s7\)"):
        modalities.joined(tmp_path, modalities.tables(modalities.about().assign(plate=gap["plate"])), harmonise=modalities.COMBAT)


def test_the_task_says_what_it_was_made_from(tmp_path):
    found = modalities.data(tmp_path)
    assert set(found.uns["task"]["made_from"]) == {"mrna", "mirna"}
    assert json.loads(found.uns["task"]["spec"])["label"] == "class" and found.uns["task"]["source"] == "samples"
    assert list(found.uns["outcome"]["classes"]) == ["ALL", "AML", "CML"]
    assert pd.api.types.is_integer_dtype(found.obs["label"])


def test_the_columns_that_must_be_there():
    spec = modalities.spec(harmonise=modalities.COMBAT, given="split", **modalities.SURVIVAL)
    assert dataset_assemble_samples.asked(spec) == {
        "months": "time",
        "state": "event",
        "sex": "harmonise.covariates",
        "plate": "harmonise.batch",
        "split": "split.given",
    }


def test_follow_up_that_ended_on_the_first_day_is_follow_up(tmp_path):
    """TCGA has many patients of 0 days."""
    obs = modalities.about()
    obs.loc["s2", "months"] = "0"
    made = modalities.data(tmp_path, modalities.tables(obs), **modalities.SURVIVAL)
    assert made.obs.at["s2", "time"] == 0 and made.n_obs == 70


def test_classes_of_several_words_have_keys_of_the_summary(tmp_path):
    obs = modalities.about()
    obs["class"] = obs["class"].map({"AML": "Primary solid tumor", "ALL": "ER+/HER2-", "CML": "ER /HER2-"})
    modalities.joined(tmp_path, modalities.tables(obs))
    rows = {row["key"]: row for row in json.loads((tmp_path / "examples.summary.json").read_text())}
    assert all(re.fullmatch(r"[\w-]+(\.[\w-]+)+", key) for key in rows)
    assert rows["dataset.t.class.Primary_solid_tumor"]["description"] == "samples: Primary solid tumor"
    assert {"dataset.t.class.ER_HER2-", "dataset.t.class.ER_HER2-_2"} <= set(rows), "two classes stay two"
