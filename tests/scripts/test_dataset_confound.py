"""The step that measures confounding: what it writes, and what it refuses."""

import json

import anndata
import numpy as np
import pandas as pd
import pytest

import dataset_confound
from readsight.dataset import confounding
from readsight.errors import InputError


@pytest.fixture(autouse=True)
def fewer(monkeypatch):
    monkeypatch.setattr(confounding, "RESAMPLES", 200)
    monkeypatch.setattr(confounding, "REPEATS", 2)


def write(folder, batches, labels, kind="binary", classes=("control", "case")):
    columns = labels if isinstance(labels, dict) else {"label": labels}
    names = [f"s{i}" for i in range(len(batches))]
    obs = pd.DataFrame({"batch": batches, "group": names} | columns, index=names)
    data = anndata.AnnData(np.zeros((len(obs), 1), np.float32), obs=obs)
    data.uns["outcome"] = {"kind": kind, "classes": list(classes)}
    data.write_h5ad(folder / "examples.h5ad")
    return folder / "examples.h5ad"


def run(folder, *given, **more):
    path = write(folder, *given, **more)
    dataset_confound.main("subtype", path, "centre", 1, folder / "c.json", folder / "s.json")
    return json.loads((folder / "c.json").read_text()), json.loads((folder / "s.json").read_text())


def test_figures_of_a_cohort_that_is_strongly_confounded(tmp_path):
    batches = ["A", "B"] * 40
    labels = [int((b == "B") != (i % 10 == 0)) for i, b in enumerate(batches)]
    found, rows = run(tmp_path, batches, labels)
    assert found["strong"] and not found["perfect"] and "STRONGLY" in found["words"]
    figures = {row["key"].removeprefix("dataset.subtype.confounding."): row for row in rows}
    assert set(figures) == {"cramers_v", "balanced_accuracy", "auroc", "strong"}
    assert figures["cramers_v"]["low"] > 0.5 and figures["strong"]["value"] == 1
    assert all(set(row) == {"key", "value", "low", "high", "n", "unit", "description"} for row in rows)


def test_of_several_labels_the_strong_ones_are_named(tmp_path):
    batches = ["A", "B"] * 40
    told = [int((b == "B") != (i % 10 == 0)) for i, b in enumerate(batches)]
    labels = {"label.0": told, "label.1": [i // 2 % 2 for i in range(80)]}
    found, rows = run(tmp_path, batches, labels, kind="multilabel", classes=("told", "free"))
    assert "told" in found["words"] and "free" not in found["words"]
    assert "dataset.subtype.confounding.free.auroc" in {row["key"] for row in rows}
    found, _ = run(tmp_path, batches, labels | {"label.0": labels["label.1"]}, kind="multilabel", classes=("told", "free"))
    assert found["words"].startswith("None of 2 labels is strongly confounded")


def test_survival(tmp_path):
    draw = np.random.default_rng(1)
    labels = {"time": draw.exponential(5, 60), "event": draw.integers(0, 2, 60).astype(float)}
    found, rows = run(tmp_path, ["A", "B", "C"] * 20, labels, kind="survival", classes=("time", "event"))
    assert not found["strong"]
    assert {row["key"].rsplit(".", 1)[1] for row in rows} == {"cramers_v", "c_index", "strong"}


def test_what_cannot_be_told_apart_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(InputError, match=r"tasks.subtype.harmonise.batch: column centre: .*A: case 5; B: control 5"):
        run(tmp_path, ["A"] * 5 + ["B"] * 5, [1] * 5 + [0] * 5)
    assert not (tmp_path / "c.json").exists()


def test_one_of_several_labels_that_is_the_batch_is_refused_by_name(tmp_path):
    batches = ["A"] * 5 + ["B"] * 5
    with pytest.raises(InputError, match="label site: ") as caught:
        labels = {"label.0": [1] * 5 + [0] * 5, "label.1": [0, 1] * 5}
        run(tmp_path, batches, labels, kind="multilabel", classes=("site", "free"))
    assert len(caught.value.faults) == 1


def test_a_sample_without_a_batch_is_named(tmp_path):
    with pytest.raises(InputError, match=r"sample s2 has nothing in column centre \(1 have not\)"):
        run(tmp_path, ["A", "B", "", "B"], [0, 1, 0, 1])
