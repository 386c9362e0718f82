"""Confounding of batch and label: planted strength is recovered, chance is not, and inseparable labels are refused."""

import ast
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from readsight.checks import batch_confounding
from readsight.dataset import confounding
from readsight.dataset.outcome import Outcome

BINARY = Outcome("binary", ("control", "case"))


@pytest.fixture(autouse=True)
def fewer_resamples(monkeypatch):
    monkeypatch.setattr(confounding, "RESAMPLES", 200)
    monkeypatch.setattr(confounding, "REPEATS", 2)


def make_cohort(chances: list[float], n: int = 120, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Batches and labels, with the probability of a case in each batch."""
    rng = np.random.default_rng(seed)
    batches = np.arange(n) % len(chances)
    return batches, (rng.random(n) < np.array(chances)[batches]).astype(int)


def make_obs(batches, labels, **more) -> pd.DataFrame:
    names = [f"s{i}" for i in range(len(batches))]
    return pd.DataFrame({"batch": [f"b{b}" for b in batches], "label": labels, "group": names} | more, index=names)


class TestCramersV:
    def test_by_hand(self):
        """φ² = 0.36 of 100 samples in a 2 × 2 table, less 1/99, over 1 − 1/99."""
        assert confounding.cramers_v([[40, 10], [10, 40]], 100) == pytest.approx(np.sqrt((0.36 - 1 / 99) / (1 - 1 / 99)))

    def test_identity_is_1_and_independence_is_0(self):
        assert confounding.cramers_v([[30, 0, 0], [0, 20, 0], [0, 0, 10]], 60) == pytest.approx(1)
        assert confounding.cramers_v([[30, 15], [20, 10]], 75) == 0

    def test_empty_row_does_not_count(self):
        assert confounding.cramers_v([[40, 10], [0, 0], [10, 40]], 100) == confounding.cramers_v([[40, 10], [10, 40]], 100)

    def test_single_batch_or_class_has_no_value(self):
        assert np.isnan(confounding.cramers_v([[3, 4]], 7)) and np.isnan(confounding.cramers_v([[3], [4]], 7))

    def test_chance_association_is_removed(self):
        """Thirty batches of four: uncorrected, V would be about 0.5."""
        values = [confounding.cramers_v_interval(*make_cohort([0.5] * 30, seed=s), np.arange(120), 1) for s in range(20)]
        assert np.mean([cell["value"] for cell in values]) < 0.15
        assert np.mean([cell["low"] == 0 for cell in values]) >= 0.9

    def test_interval_covers_the_truth(self):
        """Probabilities 0.2 and 0.8: V = 0.6."""
        covered = [confounding.cramers_v_interval(*make_cohort([0.2, 0.8], seed=s), np.arange(120), s) for s in range(40)]
        assert np.mean([cell["low"] <= 0.6 <= cell["high"] for cell in covered]) >= 0.85

    def test_samples_of_one_donor_count_once(self):
        batches, labels = make_cohort([0.3, 0.7], 40)
        once = confounding.cramers_v_interval(batches, labels, np.arange(40), 1)
        thrice = confounding.cramers_v_interval(np.repeat(batches, 3), np.repeat(labels, 3), np.repeat(np.arange(40), 3), 1)
        assert thrice == pytest.approx(once)


class TestBatchOnly:
    def test_uninformative_batch_is_at_chance(self):
        scores = [confounding.score_batch_alone(*make_cohort([0.5, 0.5, 0.5], seed=s), np.arange(120), s) for s in range(10)]
        assert np.mean([cells["balanced_accuracy"]["low"] <= 0.5 for cells in scores]) >= 0.9
        assert np.mean([cells["auroc"]["value"] for cells in scores]) == pytest.approx(0.5, abs=0.05)

    def test_informative_batch_scores_its_true_accuracy(self):
        """Probabilities 0.2 and 0.8: predicting the batch's majority class is correct in 0.8 of either class."""
        scores = confounding.score_batch_alone(*make_cohort([0.2, 0.8], 400), np.arange(400), 1)
        assert scores["balanced_accuracy"]["low"] < 0.8 < scores["balanced_accuracy"]["high"]
        assert scores["auroc"]["low"] < 0.8 < scores["auroc"]["high"]

    def test_rare_class_is_predicted(self):
        """One in ten is a case, nearly all of them in one batch, where they are still the minority."""
        batches, labels = make_cohort([0.0, 0.4, 0.0, 0.01], 800)
        assert confounding.score_batch_alone(batches, labels, np.arange(800), 1)["balanced_accuracy"]["low"] > 0.7

    def test_samples_of_a_donor_do_not_reveal_its_class(self):
        """One batch per donor with two samples each: without grouping the batch would determine the class."""
        batches, labels = np.repeat(np.arange(40), 2), np.repeat(np.arange(40) % 2, 2)
        assert confounding.score_batch_alone(batches, labels, batches, 1)["balanced_accuracy"]["value"] <= 0.55
        assert confounding.score_batch_alone(batches, labels, np.arange(80), 1)["balanced_accuracy"]["value"] > 0.8

    def test_class_of_one_donor_cannot_be_cross_validated(self):
        labels = np.r_[np.zeros(10, int), 1, 1]
        groups = np.r_[np.arange(10), 10, 10]
        assert confounding.score_batch_alone(np.arange(12) % 2, labels, groups, 1)["auroc"]["value"] is None

    def test_survival(self):
        rng = np.random.default_rng(1)
        batches = np.arange(200) % 2
        event = rng.integers(0, 2, 200).astype(float)
        slow, fast = rng.exponential(10, 200), rng.exponential(np.where(batches == 1, 1, 10))
        assert confounding.batch_concordance(batches, fast, event, np.arange(200), 1)["low"] > 0.55
        assert confounding.batch_concordance(batches, slow, event, np.arange(200), 1)["low"] <= 0.5


class TestMeasure:
    def test_same_seed_gives_same_result(self):
        obs = make_obs(*make_cohort([0.3, 0.6]))
        assert confounding.measure_confounding(obs, BINARY, 4) == confounding.measure_confounding(obs, BINARY, 4)

    def test_order_of_samples_and_names_of_batches_do_not_matter_to_v(self):
        obs = make_obs(*make_cohort([0.3, 0.6, 0.9]))
        renamed = obs[::-1].assign(batch=obs["batch"].map({"b0": "z", "b1": "y", "b2": "x"}))
        first, second = (confounding.measure_confounding(o, BINARY, 1)[0] for o in (obs, renamed))
        assert first["cramers_v"]["value"] == pytest.approx(second["cramers_v"]["value"])

    @pytest.mark.parametrize(("chances", "strong"), [([0.5, 0.5], False), ([0.45, 0.55], False), ([0.05, 0.95], True)])
    def test_strength_is_classified(self, chances, strong):
        row = confounding.measure_confounding(make_obs(*make_cohort(chances, 400)), BINARY, 1)[0]
        assert row["strong"] == strong and ("STRONGLY" in row["words"]) == strong

    def test_counts_are_of_samples(self):
        row = confounding.measure_confounding(make_obs([0, 0, 1, 1, 1], [0, 1, 1, 1, 0]), BINARY, 1)[0]
        assert row["batches"] == ["b0", "b1"] and row["counts"] == [[1, 1], [1, 2]]

    def test_class_confined_to_its_batch_is_reported(self):
        batches = np.arange(90) % 3
        labels = np.where(batches == 2, 2, np.random.default_rng(1).integers(0, 2, 90))
        row = confounding.measure_confounding(make_obs(batches, labels), Outcome("multiclass", ("x", "y", "z")), 1)[0]
        assert row["strong"] and "No batch links x, y with z" in row["words"]
        assert row["chance"]["balanced_accuracy"] == pytest.approx(1 / 3) and "macro_auroc" in row["scores"]

    def test_each_label_is_judged_separately(self):
        batches, confounded_label = make_cohort([0.05, 0.95])
        independent_label = np.random.default_rng(3).integers(0, 2, 120)
        obs = make_obs(batches, confounded_label).rename(columns={"label": "label.0"}).assign(**{"label.1": independent_label})
        rows = confounding.measure_confounding(obs, Outcome("multilabel", ("told", "free")), 1)
        assert [(row["name"], row["strong"]) for row in rows] == [("told", True), ("free", False)]

    def test_single_batch_has_nothing_to_confound(self):
        row = confounding.measure_confounding(make_obs([0] * 10, [0, 1] * 5), BINARY, 1)[0]
        assert not row["strong"] and row["cramers_v"]["value"] is None and "confounding is impossible" in row["words"]


class TestPerfect:
    def test_label_determined_by_batch_is_refused_with_counts(self):
        message = batch_confounding.describe_confounding(
            ["a", "a", "b", "c", "c"], ["case", "case", "control", "control", "control"]
        )
        assert (
            "a: case 2; b: control 1; c: control 2" in message
            and "At least one batch needs samples of two or more classes" in message
        )

    @pytest.mark.parametrize(
        ("batches", "labels"),
        [("aabb", "xyxx"), ("aabb", "xxxx"), ("aaaa", "xyxy"), ("", "")],
        ids=["one batch holds both", "one class", "one batch", "nothing"],
    )
    def test_separable_or_constant_labels_are_accepted(self, batches, labels):
        assert batch_confounding.describe_confounding(batches, labels) is None

    def test_samples_without_label_or_batch_are_skipped(self):
        assert batch_confounding.describe_confounding(["a", "a", "b", "b", ""], ["x", "x", "y", "", "x"]) is not None

    def test_one_sample_per_batch_is_reported(self):
        assert "is a separate batch" in batch_confounding.describe_confounding(list("abc"), list("xyx"))

    def test_many_batches_are_not_all_listed(self):
        message = batch_confounding.describe_confounding(
            [f"b{i:02d}" for i in range(40)] * 2, [f"{i % 2}" for i in range(40)] * 2
        )
        assert "and 32 more" in message and "b39" not in message

    def test_components_are_unlinked_batches(self):
        assert batch_confounding.connect_batches(list("aabbccd"), list("xyyzqqr")) == [
            (["a", "b"], ["x", "y", "z"]),
            (["c"], ["q"]),
            (["d"], ["r"]),
        ]

    def test_module_needs_only_the_standard_library(self):
        """It runs before the first job, in an interpreter without further packages."""
        tree = ast.parse(Path(batch_confounding.__file__).read_text())
        imports = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
        imports |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert {name.split(".")[0] for name in imports} <= sys.stdlib_module_names
