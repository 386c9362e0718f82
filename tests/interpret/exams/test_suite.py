"""Exams of sequence attributions on models with known contributions."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import sequenced
from readsight.dataset.outcome import UNCOUNTED, Outcome
from readsight.errors import InputError
from readsight.interpret.exams import criteria, deletion_curves, planted_sites, similarity
from readsight.interpret.exams.case import ExamCase, ExaminedAttributions, thin_cases
from readsight.interpret.exams.control_models import (
    RETRAINING_BUDGET,
    SHUFFLED_BUDGET,
    ExplainedModel,
    permute_labels,
    split_ensemble,
)
from readsight.interpret.exams.deletion_curves import FRACTIONS, DeletionExperiment
from readsight.interpret.exams.suite import Examination
from readsight.interpret.sequence_attribution.attribution_file import Attributions, base_contributions
from readsight.interpret.sequence_attribution.query import AttributionQuery, OutputHead
from readsight.interpret.sequence_attribution.references import shuffle_codes

SPEC = {"baseline": "shuffled", "baselines": deletion_curves.SHUFFLES, "correction": True}
PLACES = 60


def score_by_weights(arrays: dict[str, np.ndarray], description: dict[str, Any], codes: np.ndarray) -> np.ndarray:
    """A score that is the sum of one weight per position and base."""
    return arrays["weight"][np.arange(codes.shape[1]), codes].sum(axis=1)


# A model with known contributions and randomisable weights.
LINEAR = SimpleNamespace(
    predict=score_by_weights,
    randomise_weights=lambda arrays, description, seed: {
        "weight": np.random.default_rng(seed).normal(size=arrays["weight"].shape)
    },
)


def exact_contributions(query: AttributionQuery, seed: int = 1) -> np.ndarray:
    """Exact contribution of each base relative to the mean of the sequence's shuffles, (n, positions, 4)."""
    weight = query.arrays["weight"]
    shuffles = shuffle_codes(query.codes, SPEC["baselines"], seed)
    mean = weight[np.arange(weight.shape[0]), shuffles].mean(axis=1)
    return (weight[None] - mean[..., None]).astype(np.float32)


def make_query(n: int = 12, seed: int = 0) -> AttributionQuery:
    weight = np.random.default_rng(seed).normal(size=(PLACES, 4))
    description = {"kind": "regression", "stranded": True, "pair": False}
    return AttributionQuery(LINEAR, {"weight": weight}, description, sequenced.random_codes(n, PLACES, seed), OutputHead("score"))


class StubTrainer:
    """Trainer stub: returns unrelated weights, or weights close to those of the model."""

    def __init__(self, weight: np.ndarray):
        self.weight = weight

    def train_on_shuffled_labels(self, number: int, seed: int) -> Any:
        return {"weight": np.random.default_rng(seed).normal(size=self.weight.shape)}, {"kind": "regression", "stranded": True}

    def retrain(self, number: int, seed: int) -> Any:
        noise = np.random.default_rng(seed).normal(size=self.weight.shape)
        return {"weight": self.weight + 0.3 * noise}, {"kind": "regression", "stranded": True}


def make_examination(
    attributions_by_method: dict[str, np.ndarray],
    query: AttributionQuery,
    monkeypatch: Any,
    attribute_control: Any = None,
    truth: Any = None,
    kind: str = "regression",
) -> Examination:
    """Examination of attributions by method. attribute_control: attributions of control queries, exact by default."""
    n = len(query)
    monkeypatch.setattr(
        "readsight.interpret.exams.case.attribute",
        lambda name, control, spec, seed: (attribute_control or exact_contributions)(control),
    )
    rows = {"group": np.arange(n).astype(str), "example": np.arange(n).astype(str), "fold": np.zeros(n, int)}
    description = {"heads": ["score"], "methods": list(attributions_by_method), "kind": kind}
    attributions = Attributions(
        {m: {"score": f} for m, f in attributions_by_method.items()},
        query.codes,
        rows,
        {"score": query.compute_scores()},
        {},
        description,
    )
    subject = ExaminedAttributions(attributions, [ExamCase(query, np.arange(n), 0)], SPEC, 1)
    return Examination(
        subject, [ExplainedModel(LINEAR, query.arrays, query.description)], StubTrainer(query.arrays["weight"]), truth, 100, 1
    )


def group_by_exam(results: dict[str, Any]) -> dict[str, Any]:
    return {row["exam"]: row for row in results["exams"]}


def test_exact_contributions_of_a_linear_model_pass_every_exam(monkeypatch: Any) -> None:
    query = make_query()
    results = make_examination({"shap": exact_contributions(query)}, query, monkeypatch).judge_method("shap")
    by_exam = group_by_exam(results)
    assert results["passed"], [row for row in results["exams"] if not row["passed"]]
    assert by_exam["completeness"]["value"] < 1e-6
    assert abs(by_exam["randomised weights"]["value"]) < 0.15 and abs(by_exam["shuffled labels"]["value"]) < 0.15
    assert by_exam["stability"]["value"] > 0.8 and by_exam["stability"]["held_against"] == "another seed"
    assert by_exam["agreement with mutagenesis"]["value"] == pytest.approx(1, abs=1e-6)  # both are exact here
    assert by_exam["reverse complement"]["value"] is None and "strand" in by_exam["reverse complement"]["reason"]
    assert by_exam["planted motifs"]["value"] is None and by_exam["planted motifs"]["passed"]


def test_half_contributions_fail_completeness_only(monkeypatch: Any) -> None:
    query = make_query()
    results = make_examination({"shap": exact_contributions(query) / 2}, query, monkeypatch).judge_method("shap")
    assert group_by_exam(results)["completeness"]["value"] == pytest.approx(0.5, abs=1e-5)
    assert [row["exam"] for row in results["exams"] if not row["passed"]] == ["completeness"]


def test_base_composition_fails_exams(monkeypatch: Any) -> None:
    """GC content, independent of the model: identical for random models (Adebayo et al. 2018)."""
    query = make_query()

    def count_gc(control: AttributionQuery) -> np.ndarray:
        return np.broadcast_to(np.float32([0, 1, 1, 0]), (*control.codes.shape, 4))

    results = make_examination({"saliency": count_gc(query)}, query, monkeypatch, count_gc).judge_method("saliency")
    by_exam = group_by_exam(results)
    assert not results["passed"]
    assert by_exam["randomised weights"]["value"] == 1 and not by_exam["randomised weights"]["passed"]
    assert by_exam["shuffled labels"]["value"] == 1 and "shuffled labels" in by_exam["shuffled labels"]["reason"]
    assert not by_exam["deletion"]["passed"] and not by_exam["insertion"]["passed"]
    assert by_exam["completeness"]["value"] is None and by_exam["completeness"]["passed"]


def test_constant_models_have_no_similarity(monkeypatch: Any) -> None:
    """A constant random model has no contributions, and neither has one with NaN attributions."""
    query = make_query()

    def fails(control: AttributionQuery) -> np.ndarray:
        raise InputError("not a number")

    for attribute_control in (fails, lambda control: np.zeros((*control.codes.shape, 4), np.float32)):
        by_exam = group_by_exam(
            make_examination({"shap": exact_contributions(query)}, query, monkeypatch, attribute_control).judge_method("shap")
        )
        assert by_exam["randomised weights"]["value"] == 0 and by_exam["randomised weights"]["passed"]
        assert by_exam["stability"]["value"] == 0 and not by_exam["stability"]["passed"]


def test_nan_fails_and_skips_remaining_exams(monkeypatch: Any) -> None:
    query = make_query()
    attributions = exact_contributions(query)
    attributions[3, 5, 2] = np.nan
    results = make_examination({"shap": attributions}, query, monkeypatch).judge_method("shap")
    assert not results["passed"] and results["curves"] is None
    assert [row["exam"] for row in results["exams"] if not row["passed"]] == ["finite values"]
    assert results["exams"][0]["value"] == pytest.approx(1 / attributions.size)
    assert len(results["exams"]) == len(criteria.EXAMS)


def test_linear_model_curves_are_sums_of_contributions() -> None:
    query = make_query()
    experiment = DeletionExperiment(query, 1)
    contributions = base_contributions(exact_contributions(query), query.codes)
    curves = experiment.curves_by_contribution(contributions)
    np.testing.assert_allclose(experiment.change, np.abs(contributions.sum(axis=1)), rtol=1e-5)
    counts = np.round(FRACTIONS * PLACES).astype(int)
    for row in range(len(query)):
        sorted_contributions = np.sort(np.sign(contributions[row].sum()) * contributions[row].astype(float))[::-1]
        np.testing.assert_allclose(curves.deletion[row], [sorted_contributions[k:].sum() for k in counts], atol=1e-5)
        np.testing.assert_allclose(curves.insertion[row], [sorted_contributions[:k].sum() for k in counts], atol=1e-5)


def test_random_order_gives_straight_line_on_linear_model() -> None:
    query = make_query(60)
    experiment = DeletionExperiment(query, 1)
    random_curves = experiment.random_curves()
    line = random_curves.deletion.sum(axis=0) / random_curves.change.sum()
    np.testing.assert_allclose(line, 1 - FRACTIONS, atol=0.15)
    np.testing.assert_array_equal(random_curves.insertion, random_curves.deletion[:, ::-1])
    noise = experiment.curves_by_contribution(np.random.default_rng(5).normal(size=query.codes.shape))
    area = deletion_curves.compute_areas(noise, random_curves)
    assert abs(area["deletion"].sum() / random_curves.change.sum()) < 0.15
    best = deletion_curves.compute_areas(
        experiment.curves_by_contribution(base_contributions(exact_contributions(query), query.codes)), random_curves
    )
    assert (best["deletion"] > 0).all() and (best["insertion"] > 0).all()


def test_curves_do_not_depend_on_batch() -> None:
    query = make_query()
    contributions = base_contributions(exact_contributions(query), query.codes)
    single = DeletionExperiment(query.select_rows(np.array([4])), 1)
    np.testing.assert_allclose(
        single.curves_by_contribution(contributions[4:5]).deletion[0],
        DeletionExperiment(query, 1).curves_by_contribution(contributions).deletion[4],
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        single.random_curves().deletion[0], DeletionExperiment(query, 1).random_curves().deletion[4], rtol=1e-12
    )


def test_unsigned_contributions_are_deleted_largest_first() -> None:
    """Unsigned contributions give the same order if the output decreases."""
    query = make_query()
    contributions = base_contributions(exact_contributions(query), query.codes).astype(float)
    curves = DeletionExperiment(query, 1).curves_by_contribution(np.abs(contributions))
    counts, sign = np.round(FRACTIONS * PLACES).astype(int), np.sign(contributions.sum(axis=1))
    for row in range(len(query)):
        largest = sign[row] * contributions[row][np.argsort(-np.abs(contributions[row]), kind="stable")]
        np.testing.assert_allclose(curves.deletion[row], [largest[k:].sum() for k in counts], atol=1e-5)


def test_correlation_ignores_uninformative_positions() -> None:
    codes = np.zeros((1, 12), np.uint8)
    codes[0, 11] = 4
    first, second = np.zeros((2, 1, 12, 4), np.float32)
    first[0, :6, 0], second[0, :6, 0] = [1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1]
    first[0, 11], second[0, 11] = 9, 9  # N has no observed base
    assert similarity.correlate_contributions(first, second, codes)[0] == pytest.approx(-1)
    assert similarity.correlate_contributions(first, first, codes)[0] == pytest.approx(1)
    assert similarity.correlate_contributions(first, np.zeros_like(first), codes)[0] == 0


def test_labels_are_permuted() -> None:
    codes = sequenced.random_codes(200, 30)
    fold = sequenced.make_fold(codes, np.arange(200) % 2)
    permuted = permute_labels(fold, 1)
    assert sorted(permuted.labels) == sorted(fold.labels) and abs(np.corrcoef(permuted.labels, fold.labels)[0, 1]) < 0.25
    sites = np.zeros((200, 30), np.uint8)
    sites[:, 14] = 1  # every site at the same position
    sites[:, :2] = UNCOUNTED
    rotated = permute_labels(replace(fold, labels=sites, outcome=Outcome("positions", ("neither", "site"))), 1).labels
    assert (rotated[:, :2] == UNCOUNTED).all() and (rotated[:, 2:] != UNCOUNTED).all()
    assert (rotated == 1).sum() > 150 and len(np.unique(np.argwhere(rotated == 1)[:, 1])) > 20


def test_retraining_is_short() -> None:
    assert SHUFFLED_BUDGET.count_epochs(2000, 64, 14) == 4 and RETRAINING_BUDGET.count_epochs(4000, 64, 14) == 6
    assert RETRAINING_BUDGET.count_epochs(58, 4, 60) == 28  # few examples: limited by steps
    assert RETRAINING_BUDGET.count_epochs(4000, 64, 2) == 2  # never longer than configured for the task


def test_examples_are_spread_over_cases_evenly() -> None:
    cases = [ExamCase(make_query(n), np.arange(n), fold) for fold, n in enumerate((40, 20, 1))]
    kept = thin_cases(cases, 12)
    assert sum(len(case.rows) for case in kept) == 12 and [case.fold for case in kept] == [0, 1, 2]
    assert sum(len(case.rows) for case in thin_cases(cases, 1000)) == 61


def test_ensemble_is_split_into_networks() -> None:
    query = replace(make_query(), arrays={"0.w": np.ones(1), "1.w": np.zeros(1)}, description={"ensemble": 2})
    assert [member.arrays["0.w"][0] for member in split_ensemble(query)] == [1, 0]
    assert all(member.description["ensemble"] == 1 for member in split_ensemble(query)) and split_ensemble(make_query()) == []


# Planted sites ------------------------------------------------------------------------------------------------------------------


def make_truth(n: int = 80) -> tuple[list[planted_sites.PlantedTruth], np.ndarray]:
    """Half of the elements are active with two sites, a quarter has one inactive site, a quarter none."""
    rng = np.random.default_rng(3)
    truths = []
    for i in range(n):
        a = int(rng.integers(0, 20))
        sites = [((a, a + 8), (a + 20, a + 28)), ((a, a + 8),), ((a, a + 8), (a + 20, a + 28)), ()][i % 4]
        truths.append(planted_sites.PlantedTruth(i % 2 == 0, sites))
    return truths, sequenced.random_codes(n, PLACES, 4)


def evaluate(
    contributions: np.ndarray, score: np.ndarray, truths: list[planted_sites.PlantedTruth], codes: np.ndarray
) -> dict[str, Any]:
    candidates = planted_sites.build_candidates(truths, codes, 1)
    return planted_sites.evaluate_sites(
        contributions, score, "binary", truths, candidates, np.arange(len(truths)).astype(str), 200, 1
    )


def test_exact_contributions_call_every_site_and_no_decoy() -> None:
    truths, codes = make_truth()
    mask = np.array([planted_sites.site_mask(truth, PLACES) for truth in truths])
    score = np.array([4.0 if truth.is_active else -4.0 for truth in truths])
    metrics = evaluate(mask, score, truths, codes)
    assert metrics["recall"]["value"] == 1 and metrics["decoys"]["value"] == 0 and metrics["places"]["value"] == 1
    assert metrics["recall"]["n"] == 80 and metrics["recall"]["decoys"] == 80 + 20
    # without weights a site in an inactive element contributes equally: a fifth of such calls are decoys
    assert metrics["unweighted"]["value"] == 0


def test_random_contributions_call_few_sites() -> None:
    truths, codes = make_truth()
    rng = np.random.default_rng(8)
    metrics = evaluate(rng.normal(size=(80, PLACES)), np.zeros(80), truths, codes)
    assert metrics["recall"]["value"] < 0.25 and metrics["decoys"]["value"] > 0.3
    assert metrics["places"]["value"] == pytest.approx(metrics["places"]["chance"], abs=0.08)


def test_recall_allows_at_most_a_tenth_decoys() -> None:
    is_active = np.array([1] * 9 + [0] + [1] * 5 + [0] * 5, bool)
    value = np.arange(20, 0, -1).astype(float)
    sweep = planted_sites.ThresholdSweep.from_scores(value, is_active, np.ones((1, 20)))
    recall, threshold = sweep.best_recall()
    assert recall[0] == 1 and threshold[0] == value[14]  # 14 of 15 calls are correct
    none = planted_sites.ThresholdSweep.from_scores(
        np.ones(20), is_active, np.ones((1, 20))
    )  # ties are called together: 6 of 20 are decoys
    assert none.best_recall()[0][0] == 0 and none.decoys_at_target()[0] == pytest.approx(0.3)


def test_background_avoids_sites_and_is_independent_of_batch() -> None:
    truths, codes = make_truth()
    candidates = planted_sites.build_candidates(truths, codes, 1)
    is_active = np.array([truth.is_active for truth in truths])
    background = ~candidates.is_active & is_active[candidates.row]
    assert background.sum() == candidates.is_active.sum()
    for row, start, end in zip(candidates.row[background], candidates.start[background], candidates.end[background], strict=True):
        assert end - start == 8 and planted_sites.site_mask(truths[row], PLACES)[start:end].sum() == 0
    few = planted_sites.build_candidates(truths[4:], codes[4:], 1)
    later = candidates.row >= 4
    np.testing.assert_array_equal(candidates.start[later], few.start)


def write_table(path: Path, *rows: str, head: str = "name\tacts\tsites") -> Path:
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def test_truth_is_read_by_name(tmp_path: Path) -> None:
    path = write_table(tmp_path / "truth.tsv", "e1\t1\tSPI1:3-9:+,RUNX1:20-30:-", "e9\t1\tbad", "e2\t0\t.")
    truth = planted_sites.read_truth(path, ["e2", "e1"], 40)
    assert truth == [planted_sites.PlantedTruth(False, ()), planted_sites.PlantedTruth(True, ((3, 9), (20, 30)))]


def test_bad_truth_names_row_and_column(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="columns acts are missing; it has name, sites"):
        planted_sites.read_truth(write_table(tmp_path / "a.tsv", head="name\tsites"), ["e1"], 40)
    with pytest.raises(InputError, match=r"2 of 3 explained examples are missing \(e2, e3\)"):
        planted_sites.read_truth(write_table(tmp_path / "b.tsv", "e1\t1\t."), ["e1", "e2", "e3"], 40)
    path = write_table(tmp_path / "c.tsv", "e1\tyes\tSPI1:3-9:+", "e2\t1\tSPI1:35-45:+,SPI1", "e3\t1")
    with pytest.raises(InputError) as error:
        planted_sites.read_truth(path, ["e1", "e2", "e3"], 40)
    message = str(error.value)
    assert "row 2, column acts: 'yes' is neither 0 nor 1" in message
    assert "row 3, column sites: 'SPI1:35-45:+' is outside the example's 40 bases" in message
    assert "row 3, column sites: 'SPI1' is not motif:start-end:strand" in message
    assert "row 4, column sites: empty" in message
