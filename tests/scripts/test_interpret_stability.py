"""Agreement of folds: 1 for equal folds, the expectation for random folds, and correct counts of features."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest

from interpret_stability import build_table, main, mean_over_pairs, measure_agreement, top_features

RNG = np.random.default_rng(5)


def agreement_by_measure(by_fold, used=None):
    agreement = measure_agreement(by_fold, np.ones_like(by_fold, bool) if used is None else used)
    return {row["measure"]: row for row in agreement["agreement"]}


def test_equal_folds_agree_completely():
    rows = agreement_by_measure(np.tile(RNG.random(200), (4, 1)))
    assert all(row["value"] == pytest.approx(1) for row in rows.values())


def test_random_folds_agree_as_expected():
    rows = agreement_by_measure(RNG.random((40, 120)))
    for name in ("spearman", "top10", "top20", "top50"):
        assert rows[name]["value"] == pytest.approx(rows[name]["random"], abs=0.02), name
    assert rows["top50"]["random"] > rows["top20"]["random"] > rows["top10"]["random"] > 0


def test_one_fold_has_nothing_to_agree_with():
    assert all(row["value"] is None and row["low"] is None for row in agreement_by_measure(RNG.random((1, 100))).values())
    two = agreement_by_measure(RNG.random((2, 100)))
    assert two["spearman"]["value"] is not None and two["spearman"]["low"] is None


def test_the_interval_holds_the_mean_over_pairs():
    row = mean_over_pairs(5, lambda i, j: (i + j) / 10)
    assert row["value"] == pytest.approx(0.4)
    assert row["low"] < row["value"] < row["high"]


def test_feature_without_importance_is_never_top():
    assert top_features(np.array([0.0, 3.0, 0.0, 1.0]), 3) == {1, 3}
    sparse = np.zeros((3, 100))
    sparse[:, :4] = [4, 3, 2, 1]
    assert agreement_by_measure(sparse)["top20"]["value"] == 1


def test_unused_features_are_not_compared():
    by_fold = np.tile(np.arange(60.0, 0, -1), (3, 1))
    used = np.ones((3, 60), bool)
    used[0, 0] = used[:, 59] = False
    by_fold[0, 0] = 99
    assert agreement_by_measure(by_fold, used)["spearman"]["value"] == pytest.approx(1)
    rows = build_table(by_fold, used, [f"f{i}" for i in range(60)])
    assert "f59" not in rows.index, "no fold used it"
    assert rows.loc["f0", "folds_used"] == rows.loc["f0", "top10"] == 2
    assert rows.loc["f1", "top10"] == 3 and rows.index[0] == "f1", "stable features come first"


def test_tables_are_written(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as handle:
        handle["shap/attributions"] = np.zeros((4, 25, 3))
        handle["shap/by_fold"] = RNG.random((3, 25)) + np.r_[np.full(5, 9), np.zeros(20)]
        handle["values"], handle["fold"], handle["used"] = np.zeros((4, 25)), np.zeros(4, int), np.ones((3, 25), bool)
        handle["fold_repeat"], handle["fold_number"] = [0, 1, 1], [0, 0, 1]
        for name, text in (
            ("example", ["s"] * 4),
            ("group", ["s"] * 4),
            ("feature", [f"mrna:g{i}" for i in range(25)]),
            ("modality", ["mrna"] * 25),
        ):
            handle[name] = np.array(text, dtype="S")
        handle.attrs["classes"], handle.attrs["unit"] = ["a", "b", "c"], "logit"
    feature_table = pd.DataFrame({"feature": [f"mrna:g{i}" for i in range(30)], "modality": "mrna", "id": "g", "symbol": "S"})
    feature_table.to_csv(tmp_path / "f.tsv", sep="\t", index=False)
    outputs = {name: tmp_path / name for name in ("table", "stability", "summary")}
    main(tmp_path / "a.h5", tmp_path / "f.tsv", "t", outputs)
    report = json.loads(outputs["stability"].read_text())
    result = report["methods"]["shap"]
    assert report["folds"] == ["given", "new 0", "new 1"]
    assert result["folds"] == 3 and len(result["names"]) == len(result["ranks"]) == 20
    rows = pd.read_csv(outputs["table"], sep="\t", index_col="feature")
    assert set(rows.index[:5]) == {f"mrna:g{i}" for i in range(5)} and (rows["symbol"] == "S").all()
    values = {row["key"]: row for row in json.loads(outputs["summary"].read_text())}
    assert values["interpret.t.shap.stability.top10"]["n"] == 3
