"""Agreement of folds: 1 where they agree, what chance gives where they do not, and features counted right."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest

from interpret_stability import agreement, main, pairwise, table, top

DRAW = np.random.default_rng(5)


def measures(by_fold, used=None):
    found = agreement(by_fold, np.ones_like(by_fold, bool) if used is None else used)
    return {row["measure"]: row for row in found["agreement"]}


def test_equal_folds_agree_wholly():
    rows = measures(np.tile(DRAW.random(200), (4, 1)))
    assert all(row["value"] == pytest.approx(1) for row in rows.values())


def test_random_folds_agree_as_chance_says():
    rows = measures(DRAW.random((40, 120)))
    for name in ("spearman", "top10", "top20", "top50"):
        assert rows[name]["value"] == pytest.approx(rows[name]["random"], abs=0.02), name
    assert rows["top50"]["random"] > rows["top20"]["random"] > rows["top10"]["random"] > 0


def test_one_fold_has_nothing_to_agree_with():
    assert all(row["value"] is None and row["low"] is None for row in measures(DRAW.random((1, 100))).values())
    two = measures(DRAW.random((2, 100)))
    assert two["spearman"]["value"] is not None and two["spearman"]["low"] is None


def test_the_interval_holds_the_mean_over_pairs():
    row = pairwise(5, lambda i, j: (i + j) / 10)
    assert row["value"] == pytest.approx(0.4)
    assert row["low"] < row["value"] < row["high"]


def test_a_feature_that_moves_nothing_is_never_at_the_top():
    assert top(np.array([0.0, 3.0, 0.0, 1.0]), 3) == {1, 3}
    sparse = np.zeros((3, 100))
    sparse[:, :4] = [4, 3, 2, 1]
    assert measures(sparse)["top20"]["value"] == 1


def test_what_a_fold_did_not_use_is_not_compared_and_not_counted():
    by_fold = np.tile(np.arange(60.0, 0, -1), (3, 1))
    used = np.ones((3, 60), bool)
    used[0, 0] = used[:, 59] = False
    by_fold[0, 0] = 99
    assert measures(by_fold, used)["spearman"]["value"] == pytest.approx(1)
    rows = table(by_fold, used, [f"f{i}" for i in range(60)])
    assert "f59" not in rows.index, "no fold used it"
    assert rows.loc["f0", "folds_used"] == rows.loc["f0", "top10"] == 2
    assert rows.loc["f1", "top10"] == 3 and rows.index[0] == "f1", "the stable come first"


def test_tables_and_figures_of_a_file(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as handle:
        handle["shap/attributions"] = np.zeros((4, 25, 3))
        handle["shap/by_fold"] = DRAW.random((3, 25)) + np.r_[np.full(5, 9), np.zeros(20)]
        handle["values"], handle["fold"], handle["used"] = np.zeros((4, 25)), np.zeros(4, int), np.ones((3, 25), bool)
        handle["fold_repeat"], handle["fold_number"] = [0, 1, 1], [0, 0, 1]
        for name, words in (
            ("example", ["s"] * 4),
            ("group", ["s"] * 4),
            ("feature", [f"mrna:g{i}" for i in range(25)]),
            ("modality", ["mrna"] * 25),
        ):
            handle[name] = np.array(words, dtype="S")
        handle.attrs["classes"], handle.attrs["unit"] = ["a", "b", "c"], "logit"
    about = pd.DataFrame({"feature": [f"mrna:g{i}" for i in range(30)], "modality": "mrna", "id": "g", "symbol": "S"})
    about.to_csv(tmp_path / "f.tsv", sep="\t", index=False)
    outputs = {name: tmp_path / name for name in ("table", "stability", "summary")}
    main(tmp_path / "a.h5", tmp_path / "f.tsv", "t", outputs)
    read = json.loads(outputs["stability"].read_text())
    found = read["methods"]["shap"]
    assert read["folds"] == ["given", "new 0", "new 1"]
    assert found["folds"] == 3 and len(found["names"]) == len(found["ranks"]) == 20
    rows = pd.read_csv(outputs["table"], sep="\t", index_col="feature")
    assert set(rows.index[:5]) == {f"mrna:g{i}" for i in range(5)} and (rows["symbol"] == "S").all()
    values = {row["key"]: row for row in json.loads(outputs["summary"].read_text())}
    assert values["interpret.t.shap.stability.top10"]["n"] == 3
