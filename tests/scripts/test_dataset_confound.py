"""The step that measures confounding: its output, and what it refuses."""

import json

import anndata
import numpy as np
import pandas as pd
import pytest

import dataset_confound
from readsight.dataset import confounding
from readsight.errors import InputError


@pytest.fixture(autouse=True)
def fewer_resamples(monkeypatch):
    monkeypatch.setattr(confounding, "RESAMPLES", 200)
    monkeypatch.setattr(confounding, "REPEATS", 2)


def write_examples(folder, batches, labels, kind="binary", classes=("control", "case")):
    columns = labels if isinstance(labels, dict) else {"label": labels}
    names = [f"s{i}" for i in range(len(batches))]
    obs = pd.DataFrame({"batch": batches, "group": names} | columns, index=names)
    data = anndata.AnnData(np.zeros((len(obs), 1), np.float32), obs=obs)
    data.uns["outcome"] = {"kind": kind, "classes": list(classes)}
    data.write_h5ad(folder / "examples.h5ad")
    return folder / "examples.h5ad"


def run_step(folder, *options, **more):
    path = write_examples(folder, *options, **more)
    dataset_confound.main("subtype", path, "centre", 1, folder / "c.json", folder / "s.json")
    return json.loads((folder / "c.json").read_text()), json.loads((folder / "s.json").read_text())


def test_figures_of_a_strongly_confounded_cohort(tmp_path):
    batches = ["A", "B"] * 40
    labels = [int((b == "B") != (i % 10 == 0)) for i, b in enumerate(batches)]
    findings, rows = run_step(tmp_path, batches, labels)
    assert findings["strong"] and not findings["perfect"] and "STRONGLY" in findings["words"]
    figures = {row["key"].removeprefix("dataset.subtype.confounding."): row for row in rows}
    assert set(figures) == {"cramers_v", "balanced_accuracy", "auroc", "strong"}
    assert figures["cramers_v"]["low"] > 0.5 and figures["strong"]["value"] == 1
    assert all(set(row) == {"key", "value", "low", "high", "n", "unit", "description"} for row in rows)


def test_strongly_confounded_labels_are_named(tmp_path):
    batches = ["A", "B"] * 40
    confounded_label = [int((b == "B") != (i % 10 == 0)) for i, b in enumerate(batches)]
    labels = {"label.0": confounded_label, "label.1": [i // 2 % 2 for i in range(80)]}
    findings, rows = run_step(tmp_path, batches, labels, kind="multilabel", classes=("told", "free"))
    assert "told" in findings["words"] and "free" not in findings["words"]
    assert "dataset.subtype.confounding.free.auroc" in {row["key"] for row in rows}
    findings, _ = run_step(
        tmp_path, batches, labels | {"label.0": labels["label.1"]}, kind="multilabel", classes=("told", "free")
    )
    assert findings["words"].startswith("None of the 2 labels is strongly confounded")


def test_survival(tmp_path):
    rng = np.random.default_rng(1)
    labels = {"time": rng.exponential(5, 60), "event": rng.integers(0, 2, 60).astype(float)}
    findings, rows = run_step(tmp_path, ["A", "B", "C"] * 20, labels, kind="survival", classes=("time", "event"))
    assert not findings["strong"]
    assert {row["key"].rsplit(".", 1)[1] for row in rows} == {"cramers_v", "c_index", "strong"}


def test_inseparable_label_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(InputError, match=r"tasks.subtype.harmonise.batch: column centre: .*A: case 5; B: control 5"):
        run_step(tmp_path, ["A"] * 5 + ["B"] * 5, [1] * 5 + [0] * 5)
    assert not (tmp_path / "c.json").exists()


def test_label_equal_to_the_batch_is_refused_by_name(tmp_path):
    batches = ["A"] * 5 + ["B"] * 5
    with pytest.raises(InputError, match="label site: ") as caught:
        labels = {"label.0": [1] * 5 + [0] * 5, "label.1": [0, 1] * 5}
        run_step(tmp_path, batches, labels, kind="multilabel", classes=("site", "free"))
    assert len(caught.value.faults) == 1


def test_a_sample_without_a_batch_is_named(tmp_path):
    with pytest.raises(InputError, match=r"sample s2 has no value in column centre \(1 have none\)"):
        run_step(tmp_path, ["A", "B", "", "B"], [0, 1, 0, 1])
