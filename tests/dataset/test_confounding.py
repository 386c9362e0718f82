"""Confounding of batch and label: planted strength is found, chance is not, and what cannot be told apart is refused."""

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
def fewer(monkeypatch):
    monkeypatch.setattr(confounding, "RESAMPLES", 200)
    monkeypatch.setattr(confounding, "REPEATS", 2)


def cohort(chances: list[float], n: int = 120, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Batches and labels: the chance of a case in each batch."""
    draw = np.random.default_rng(seed)
    batches = np.arange(n) % len(chances)
    return batches, (draw.random(n) < np.array(chances)[batches]).astype(int)


def table(batches, labels, **more) -> pd.DataFrame:
    names = [f"s{i}" for i in range(len(batches))]
    return pd.DataFrame({"batch": [f"b{b}" for b in batches], "label": labels, "group": names} | more, index=names)


class TestCramersV:
    def test_by_hand(self):
        """φ² = 0.36 of 100 samples in a 2 × 2 table, less 1/99, over 1 − 1/99."""
        assert confounding.cramers_v([[40, 10], [10, 40]], 100) == pytest.approx(np.sqrt((0.36 - 1 / 99) / (1 - 1 / 99)))

    def test_one_and_the_same_is_1_and_none_is_0(self):
        assert confounding.cramers_v([[30, 0, 0], [0, 20, 0], [0, 0, 10]], 60) == pytest.approx(1)
        assert confounding.cramers_v([[30, 15], [20, 10]], 75) == 0

    def test_a_row_that_is_empty_does_not_count(self):
        assert confounding.cramers_v([[40, 10], [0, 0], [10, 40]], 100) == confounding.cramers_v([[40, 10], [10, 40]], 100)

    def test_one_batch_or_one_class_has_none(self):
        assert np.isnan(confounding.cramers_v([[3, 4]], 7)) and np.isnan(confounding.cramers_v([[3], [4]], 7))

    def test_chance_alone_is_taken_off(self):
        """Thirty batches of four: uncorrected, V would be about 0.5."""
        found = [confounding.association(*cohort([0.5] * 30, seed=s), np.arange(120), 1) for s in range(20)]
        assert np.mean([cell["value"] for cell in found]) < 0.15
        assert np.mean([cell["low"] == 0 for cell in found]) >= 0.9

    def test_the_interval_holds_the_truth(self):
        """Chances 0.2 and 0.8: V = 0.6."""
        found = [confounding.association(*cohort([0.2, 0.8], seed=s), np.arange(120), s) for s in range(40)]
        assert np.mean([cell["low"] <= 0.6 <= cell["high"] for cell in found]) >= 0.85

    def test_samples_of_one_donor_count_as_one(self):
        batches, labels = cohort([0.3, 0.7], 40)
        once = confounding.association(batches, labels, np.arange(40), 1)
        thrice = confounding.association(np.repeat(batches, 3), np.repeat(labels, 3), np.repeat(np.arange(40), 3), 1)
        assert thrice == pytest.approx(once)


class TestBatchOnly:
    def test_a_batch_that_tells_nothing_is_at_chance(self):
        found = [confounding.batch_only(*cohort([0.5, 0.5, 0.5], seed=s), np.arange(120), s) for s in range(10)]
        assert np.mean([cells["balanced_accuracy"]["low"] <= 0.5 for cells in found]) >= 0.9
        assert np.mean([cells["auroc"]["value"] for cells in found]) == pytest.approx(0.5, abs=0.05)

    def test_a_batch_that_tells_is_found_as_good_as_it_is(self):
        """Chances 0.2 and 0.8: to say the batch's commoner class is right in 0.8 of either class."""
        found = confounding.batch_only(*cohort([0.2, 0.8], 400), np.arange(400), 1)
        assert found["balanced_accuracy"]["low"] < 0.8 < found["balanced_accuracy"]["high"]
        assert found["auroc"]["low"] < 0.8 < found["auroc"]["high"]

    def test_a_rare_class_is_spoken_for(self):
        """One in ten is a case, nearly all of them in one batch, where they are still the fewer."""
        batches, labels = cohort([0.0, 0.4, 0.0, 0.01], 800)
        assert confounding.batch_only(batches, labels, np.arange(800), 1)["balanced_accuracy"]["low"] > 0.7

    def test_a_donor_is_not_known_from_its_other_samples(self):
        """A batch a donor, and two samples of each: without whole groups the batch would tell everything."""
        batches, labels = np.repeat(np.arange(40), 2), np.repeat(np.arange(40) % 2, 2)
        assert confounding.batch_only(batches, labels, batches, 1)["balanced_accuracy"]["value"] <= 0.55
        assert confounding.batch_only(batches, labels, np.arange(80), 1)["balanced_accuracy"]["value"] > 0.8

    def test_a_class_of_one_donor_cannot_be_cross_validated(self):
        labels = np.r_[np.zeros(10, int), 1, 1]
        groups = np.r_[np.arange(10), 10, 10]
        assert confounding.batch_only(np.arange(12) % 2, labels, groups, 1)["auroc"]["value"] is None

    def test_survival(self):
        draw = np.random.default_rng(1)
        batches = np.arange(200) % 2
        event = draw.integers(0, 2, 200).astype(float)
        slow, fast = draw.exponential(10, 200), draw.exponential(np.where(batches == 1, 1, 10))
        assert confounding.batch_risk(batches, fast, event, np.arange(200), 1)["low"] > 0.55
        assert confounding.batch_risk(batches, slow, event, np.arange(200), 1)["low"] <= 0.5


class TestMeasure:
    def test_the_same_seed_gives_the_same(self):
        obs = table(*cohort([0.3, 0.6]))
        assert confounding.measure(obs, BINARY, 4) == confounding.measure(obs, BINARY, 4)

    def test_order_of_samples_and_names_of_batches_do_not_matter_to_v(self):
        obs = table(*cohort([0.3, 0.6, 0.9]))
        turned = obs[::-1].assign(batch=obs["batch"].map({"b0": "z", "b1": "y", "b2": "x"}))
        first, second = (confounding.measure(o, BINARY, 1)[0] for o in (obs, turned))
        assert first["cramers_v"]["value"] == pytest.approx(second["cramers_v"]["value"])

    @pytest.mark.parametrize(("chances", "strong"), [([0.5, 0.5], False), ([0.45, 0.55], False), ([0.05, 0.95], True)])
    def test_strength_is_judged(self, chances, strong):
        row = confounding.measure(table(*cohort(chances, 400)), BINARY, 1)[0]
        assert row["strong"] == strong and ("STRONGLY" in row["words"]) == strong

    def test_counts_are_those_of_samples(self):
        row = confounding.measure(table([0, 0, 1, 1, 1], [0, 1, 1, 1, 0]), BINARY, 1)[0]
        assert row["batches"] == ["b0", "b1"] and row["counts"] == [[1, 1], [1, 2]]

    def test_a_class_that_no_batch_shares_with_others_is_said(self):
        batches = np.arange(90) % 3
        labels = np.where(batches == 2, 2, np.random.default_rng(1).integers(0, 2, 90))
        row = confounding.measure(table(batches, labels), Outcome("multiclass", ("x", "y", "z")), 1)[0]
        assert row["strong"] and "No batch links x, y with z" in row["words"]
        assert row["chance"]["balanced_accuracy"] == pytest.approx(1 / 3) and "macro_auroc" in row["scores"]

    def test_each_of_several_labels_is_judged_by_itself(self):
        batches, told = cohort([0.05, 0.95])
        other = np.random.default_rng(3).integers(0, 2, 120)
        obs = table(batches, told).rename(columns={"label": "label.0"}).assign(**{"label.1": other})
        rows = confounding.measure(obs, Outcome("multilabel", ("told", "free")), 1)
        assert [(row["name"], row["strong"]) for row in rows] == [("told", True), ("free", False)]

    def test_one_batch_has_nothing_to_confound(self):
        row = confounding.measure(table([0] * 10, [0, 1] * 5), BINARY, 1)[0]
        assert not row["strong"] and row["cramers_v"]["value"] is None and "nothing to confound" in row["words"]


class TestPerfect:
    def test_a_label_that_is_a_function_of_the_batch_is_refused_with_its_counts(self):
        words = batch_confounding.perfect(["a", "a", "b", "c", "c"], ["case", "case", "control", "control", "control"])
        assert "a: case 2; b: control 1; c: control 2" in words and "What would be right" in words

    @pytest.mark.parametrize(
        ("batches", "labels"),
        [("aabb", "xyxx"), ("aabb", "xxxx"), ("aaaa", "xyxy"), ("", "")],
        ids=["one batch holds both", "one class", "one batch", "nothing"],
    )
    def test_what_can_be_told_apart_or_has_nothing_to_tell_is_not(self, batches, labels):
        assert batch_confounding.perfect(batches, labels) is None

    def test_a_sample_without_a_label_or_a_batch_is_passed_over(self):
        assert batch_confounding.perfect(["a", "a", "b", "b", ""], ["x", "x", "y", "", "x"]) is not None

    def test_a_sample_a_batch_is_named_as_that(self):
        assert "a batch of its own" in batch_confounding.perfect(list("abc"), list("xyx"))

    def test_many_batches_are_not_all_listed(self):
        words = batch_confounding.perfect([f"b{i:02d}" for i in range(40)] * 2, [f"{i % 2}" for i in range(40)] * 2)
        assert "and 32 more" in words and "b39" not in words

    def test_parts_are_those_that_nothing_links(self):
        assert batch_confounding.parts(list("aabbccd"), list("xyyzqqr")) == [
            (["a", "b"], ["x", "y", "z"]),
            (["c"], ["q"]),
            (["d"], ["r"]),
        ]

    def test_it_needs_the_standard_library_alone(self):
        """It is asked before the first job, by an interpreter that has nothing else."""
        tree = ast.parse(Path(batch_confounding.__file__).read_text())
        found = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
        found |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert {name.split(".")[0] for name in found} <= sys.stdlib_module_names
