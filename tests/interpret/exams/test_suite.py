"""Exams of attributions of sequences, where the right answer is known."""

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
from readsight.interpret.exams.case import Case, Examined, thinned
from readsight.interpret.exams.control_models import AGAIN, BLIND, Model, dealt, networks
from readsight.interpret.exams.deletion_curves import PARTS, Fading
from readsight.interpret.exams.suite import Examination
from readsight.interpret.sequence_attribution.attribution_file import Attributions, own
from readsight.interpret.sequence_attribution.query import Head, Question
from readsight.interpret.sequence_attribution.references import shuffled

SPEC = {"baseline": "shuffled", "baselines": deletion_curves.SHUFFLES, "correction": True}
PLACES = 60


def weighed(arrays: dict[str, np.ndarray], about: dict[str, Any], codes: np.ndarray) -> np.ndarray:
    """A score that is the sum of a weight a place and base."""
    return arrays["weight"][np.arange(codes.shape[1]), codes].sum(axis=1)


# A model of which every contribution is known; weights can be drawn anew.
LINEAR = SimpleNamespace(
    predict=weighed,
    redrawn=lambda arrays, about, seed: {"weight": np.random.default_rng(seed).normal(size=arrays["weight"].shape)},
)


def exact(question: Question, seed: int = 1) -> np.ndarray:
    """What each base adds against the mean of the sequence's shuffles, (n, places, 4)."""
    weight = question.arrays["weight"]
    shuffles = shuffled(question.codes, SPEC["baselines"], seed)
    mean = weight[np.arange(weight.shape[0]), shuffles].mean(axis=1)
    return (weight[None] - mean[..., None]).astype(np.float32)


def question(n: int = 12, seed: int = 0) -> Question:
    weight = np.random.default_rng(seed).normal(size=(PLACES, 4))
    about = {"kind": "regression", "stranded": True, "pair": False}
    return Question(LINEAR, {"weight": weight}, about, sequenced.random(n, PLACES, seed), Head("score"))


class Other:
    """Trains nothing: gives weights that have nothing to do with the model's, or that are nearly those."""

    def __init__(self, weight: np.ndarray):
        self.weight = weight

    def blind(self, number: int, seed: int) -> Any:
        return {"weight": np.random.default_rng(seed).normal(size=self.weight.shape)}, {"kind": "regression", "stranded": True}

    def again(self, number: int, seed: int) -> Any:
        noise = np.random.default_rng(seed).normal(size=self.weight.shape)
        return {"weight": self.weight + 0.3 * noise}, {"kind": "regression", "stranded": True}


def examination(
    found: dict[str, np.ndarray], asked: Question, monkeypatch: Any, how: Any = None, truth: Any = None, kind: str = "regression"
) -> Examination:
    """Exams of attributions by method. how: what a method says of another question: what is exact, by default."""
    n = len(asked)
    monkeypatch.setattr("readsight.interpret.exams.case.attribute", lambda word, q, spec, seed: (how or exact)(q))
    rows = {"group": np.arange(n).astype(str), "example": np.arange(n).astype(str), "fold": np.zeros(n, int)}
    about = {"heads": ["score"], "methods": list(found), "kind": kind}
    held = Attributions({m: {"score": f} for m, f in found.items()}, asked.codes, rows, {"score": asked.score()}, {}, about)
    examined = Examined(held, [Case(asked, np.arange(n), 0)], SPEC, 1)
    return Examination(examined, [Model(LINEAR, asked.arrays, asked.about)], Other(asked.arrays["weight"]), truth, 100, 1)


def by_exam(found: dict[str, Any]) -> dict[str, Any]:
    return {row["exam"]: row for row in found["exams"]}


def test_exact_contributions_of_a_linear_model_pass_every_exam(monkeypatch: Any) -> None:
    asked = question()
    found = examination({"shap": exact(asked)}, asked, monkeypatch).judge("shap")
    told = by_exam(found)
    assert found["passed"], [row for row in found["exams"] if not row["passed"]]
    assert told["completeness"]["value"] < 1e-6
    assert abs(told["weights drawn anew"]["value"]) < 0.15 and abs(told["shuffled labels"]["value"]) < 0.15
    assert told["stability"]["value"] > 0.8 and told["stability"]["held_against"] == "another seed"
    assert told["agreement with mutagenesis"]["value"] == pytest.approx(1, abs=1e-6)  # both are asked for exact ones here
    assert told["reverse complement"]["value"] is None and "strand" in told["reverse complement"]["reason"]
    assert told["planted motifs"]["value"] is None and told["planted motifs"]["passed"]


def test_contributions_of_half_the_change_fail_completeness_alone(monkeypatch: Any) -> None:
    asked = question()
    found = examination({"shap": exact(asked) / 2}, asked, monkeypatch).judge("shap")
    assert by_exam(found)["completeness"]["value"] == pytest.approx(0.5, abs=1e-5)
    assert [row["exam"] for row in found["exams"] if not row["passed"]] == ["completeness"]


def test_what_the_sequence_is_by_itself_fails(monkeypatch: Any) -> None:
    """G and C whatever the model: the very same for models that learned nothing (Adebayo et al. 2018)."""
    asked = question()

    def gc(q: Question) -> np.ndarray:
        return np.broadcast_to(np.float32([0, 1, 1, 0]), (*q.codes.shape, 4))

    found = examination({"saliency": gc(asked)}, asked, monkeypatch, gc).judge("saliency")
    told = by_exam(found)
    assert not found["passed"]
    assert told["weights drawn anew"]["value"] == 1 and not told["weights drawn anew"]["passed"]
    assert told["shuffled labels"]["value"] == 1 and "shuffled labels" in told["shuffled labels"]["reason"]
    assert not told["deletion"]["passed"] and not told["insertion"]["passed"]
    assert told["completeness"]["value"] is None and told["completeness"]["passed"]


def test_models_that_say_nothing_are_unlike(monkeypatch: Any) -> None:
    """A randomised model that is constant has no contributions, and one that gives NaN has none either."""
    asked = question()

    def fails(q: Question) -> np.ndarray:
        raise InputError("not a number")

    for how in (fails, lambda q: np.zeros((*q.codes.shape, 4), np.float32)):
        told = by_exam(examination({"shap": exact(asked)}, asked, monkeypatch, how).judge("shap"))
        assert told["weights drawn anew"]["value"] == 0 and told["weights drawn anew"]["passed"]
        assert told["stability"]["value"] == 0 and not told["stability"]["passed"]


def test_nan_fails_and_nothing_else_is_asked(monkeypatch: Any) -> None:
    asked = question()
    wrong = exact(asked)
    wrong[3, 5, 2] = np.nan
    found = examination({"shap": wrong}, asked, monkeypatch).judge("shap")
    assert not found["passed"] and found["curves"] is None
    assert [row["exam"] for row in found["exams"] if not row["passed"]] == ["numbers"]
    assert found["exams"][0]["value"] == pytest.approx(1 / wrong.size)
    assert len(found["exams"]) == len(criteria.EXAMS)


def test_curves_of_a_linear_model_are_sums_of_what_is_left() -> None:
    asked = question()
    fading = Fading(asked, 1)
    parts = own(exact(asked), asked.codes)
    faded = fading.by(parts)
    np.testing.assert_allclose(fading.change, np.abs(parts.sum(axis=1)), rtol=1e-5)
    counts = np.round(PARTS * PLACES).astype(int)
    for row in range(len(asked)):
        towards = np.sort(np.sign(parts[row].sum()) * parts[row].astype(float))[::-1]
        np.testing.assert_allclose(faded.deletion[row], [towards[k:].sum() for k in counts], atol=1e-5)
        np.testing.assert_allclose(faded.insertion[row], [towards[:k].sum() for k in counts], atol=1e-5)


def test_random_order_falls_straight_on_a_linear_model_and_beats_no_one() -> None:
    asked = question(60)
    fading = Fading(asked, 1)
    chance = fading.at_random()
    line = chance.deletion.sum(axis=0) / chance.change.sum()
    np.testing.assert_allclose(line, 1 - PARTS, atol=0.15)
    np.testing.assert_array_equal(chance.insertion, chance.deletion[:, ::-1])
    noise = fading.by(np.random.default_rng(5).normal(size=asked.codes.shape))
    area = deletion_curves.areas(noise, chance)
    assert abs(area["deletion"].sum() / chance.change.sum()) < 0.15
    best = deletion_curves.areas(fading.by(own(exact(asked), asked.codes)), chance)
    assert (best["deletion"] > 0).all() and (best["insertion"] > 0).all()


def test_curves_do_not_hang_on_neighbours() -> None:
    asked = question()
    parts = own(exact(asked), asked.codes)
    alone = Fading(asked.some(np.array([4])), 1)
    np.testing.assert_allclose(alone.by(parts[4:5]).deletion[0], Fading(asked, 1).by(parts).deletion[4], rtol=1e-12)
    np.testing.assert_allclose(alone.at_random().deletion[0], Fading(asked, 1).at_random().deletion[4], rtol=1e-12)


def test_sizes_are_deleted_from_the_largest_whatever_the_direction() -> None:
    """A method that says how much, not in which direction, names the same places where the output falls."""
    asked = question()
    parts = own(exact(asked), asked.codes).astype(float)
    faded = Fading(asked, 1).by(np.abs(parts))
    counts, sign = np.round(PARTS * PLACES).astype(int), np.sign(parts.sum(axis=1))
    for row in range(len(asked)):
        largest = sign[row] * parts[row][np.argsort(-np.abs(parts[row]), kind="stable")]
        np.testing.assert_allclose(faded.deletion[row], [largest[k:].sum() for k in counts], atol=1e-5)


def test_correlation_counts_what_is_seen() -> None:
    codes = np.zeros((1, 12), np.uint8)
    codes[0, 11] = 4
    one, other = np.zeros((2, 1, 12, 4), np.float32)
    one[0, :6, 0], other[0, :6, 0] = [1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1]
    one[0, 11], other[0, 11] = 9, 9  # N has no base of its own
    assert similarity.correlations(one, other, codes)[0] == pytest.approx(-1)
    assert similarity.correlations(one, one, codes)[0] == pytest.approx(1)
    assert similarity.correlations(one, np.zeros_like(one), codes)[0] == 0


def test_labels_are_dealt_out() -> None:
    codes = sequenced.random(200, 30)
    fold = sequenced.fold(codes, np.arange(200) % 2)
    found = dealt(fold, 1)
    assert sorted(found.labels) == sorted(fold.labels) and abs(np.corrcoef(found.labels, fold.labels)[0, 1]) < 0.25
    along = np.zeros((200, 30), np.uint8)
    along[:, 14] = 1  # every site at the same place
    along[:, :2] = UNCOUNTED
    spread = dealt(replace(fold, labels=along, outcome=Outcome("positions", ("neither", "site"))), 1).labels
    assert (spread[:, :2] == UNCOUNTED).all() and (spread[:, 2:] != UNCOUNTED).all()
    assert (spread == 1).sum() > 150 and len(np.unique(np.argwhere(spread == 1)[:, 1])) > 20


def test_training_anew_is_short() -> None:
    assert BLIND.epochs(2000, 64, 14) == 4 and AGAIN.epochs(4000, 64, 14) == 6
    assert AGAIN.epochs(58, 4, 60) == 28  # few examples: so many steps
    assert AGAIN.epochs(4000, 64, 2) == 2  # never longer than the task's own


def test_examples_are_spread_over_cases() -> None:
    cases = [Case(question(n), np.arange(n), fold) for fold, n in enumerate((40, 20, 1))]
    kept = thinned(cases, 12)
    assert sum(len(case.rows) for case in kept) == 12 and [case.fold for case in kept] == [0, 1, 2]
    assert sum(len(case.rows) for case in thinned(cases, 1000)) == 61


def test_an_ensemble_has_networks() -> None:
    asked = replace(question(), arrays={"0.w": np.ones(1), "1.w": np.zeros(1)}, about={"ensemble": 2})
    assert [alone.arrays["0.w"][0] for alone in networks(asked)] == [1, 0]
    assert all(alone.about["ensemble"] == 1 for alone in networks(asked)) and networks(question()) == []


# Planted sites ------------------------------------------------------------------------------------------------------------------


def truth(n: int = 80) -> tuple[list[planted_sites.Planted], np.ndarray]:
    """Half of the elements act by two sites, a quarter hold one that does not, a quarter none."""
    draw = np.random.default_rng(3)
    found = []
    for i in range(n):
        a = int(draw.integers(0, 20))
        sites = [((a, a + 8), (a + 20, a + 28)), ((a, a + 8),), ((a, a + 8), (a + 20, a + 28)), ()][i % 4]
        found.append(planted_sites.Planted(i % 2 == 0, sites))
    return found, sequenced.random(n, PLACES, 4)


def judged(contributions: np.ndarray, score: np.ndarray, held: list[planted_sites.Planted], codes: np.ndarray) -> dict[str, Any]:
    places = planted_sites.stretches(held, codes, 1)
    return planted_sites.judged(contributions, score, "binary", held, places, np.arange(len(held)).astype(str), 200, 1)


def test_exact_contributions_call_every_site_and_no_decoy() -> None:
    held, codes = truth()
    marks = np.array([planted_sites.marked(one, PLACES) for one in held])
    score = np.array([4.0 if one.acts else -4.0 for one in held])
    found = judged(marks, score, held, codes)
    assert found["recall"]["value"] == 1 and found["decoys"]["value"] == 0 and found["places"]["value"] == 1
    assert found["recall"]["n"] == 80 and found["recall"]["decoys"] == 80 + 20
    # alone, a lone site says as much as one that acts: a fifth of such calls are decoys
    assert found["unweighted"]["value"] == 0


def test_random_contributions_call_few_sites() -> None:
    held, codes = truth()
    draw = np.random.default_rng(8)
    found = judged(draw.normal(size=(80, PLACES)), np.zeros(80), held, codes)
    assert found["recall"]["value"] < 0.25 and found["decoys"]["value"] > 0.3
    assert found["places"]["value"] == pytest.approx(found["places"]["chance"], abs=0.08)


def test_recall_is_the_largest_at_which_a_tenth_are_decoys() -> None:
    acting = np.array([1] * 9 + [0] + [1] * 5 + [0] * 5, bool)
    value = np.arange(20, 0, -1).astype(float)
    ladder = planted_sites.Ladder.of(value, acting, np.ones((1, 20)))
    recall, threshold = ladder.recall()
    assert recall[0] == 1 and threshold[0] == value[14]  # 14 of 15 calls are right
    none = planted_sites.Ladder.of(np.ones(20), acting, np.ones((1, 20)))  # ties are called together: 6 of 20 are decoys
    assert none.recall()[0][0] == 0 and none.decoys()[0] == pytest.approx(0.3)


def test_background_lies_beside_sites_and_is_the_examples_own() -> None:
    held, codes = truth()
    found = planted_sites.stretches(held, codes, 1)
    acts = np.array([one.acts for one in held])
    background = ~found.acting & acts[found.row]
    assert background.sum() == found.acting.sum()
    for row, start, end in zip(found.row[background], found.start[background], found.end[background], strict=True):
        assert end - start == 8 and planted_sites.marked(held[row], PLACES)[start:end].sum() == 0
    few = planted_sites.stretches(held[4:], codes[4:], 1)
    later = found.row >= 4
    np.testing.assert_array_equal(found.start[later], few.start)


def table(path: Path, *rows: str, head: str = "name\tacts\tsites") -> Path:
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def test_truth_is_read_by_name(tmp_path: Path) -> None:
    path = table(tmp_path / "truth.tsv", "e1\t1\tSPI1:3-9:+,RUNX1:20-30:-", "e9\t1\tbad", "e2\t0\t.")
    found = planted_sites.read(path, ["e2", "e1"], 40)
    assert found == [planted_sites.Planted(False, ()), planted_sites.Planted(True, ((3, 9), (20, 30)))]


def test_bad_truth_is_told_with_row_and_column(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="columns acts are missing; it has name, sites"):
        planted_sites.read(table(tmp_path / "a.tsv", head="name\tsites"), ["e1"], 40)
    with pytest.raises(InputError, match=r"2 of 3 explained examples have no row \(e2, e3\)"):
        planted_sites.read(table(tmp_path / "b.tsv", "e1\t1\t."), ["e1", "e2", "e3"], 40)
    path = table(tmp_path / "c.tsv", "e1\tyes\tSPI1:3-9:+", "e2\t1\tSPI1:35-45:+,SPI1", "e3\t1")
    with pytest.raises(InputError) as told:
        planted_sites.read(path, ["e1", "e2", "e3"], 40)
    words = str(told.value)
    assert "row 2, column acts: 'yes' is neither 0 nor 1" in words
    assert "row 3, column sites: 'SPI1:35-45:+' does not lie within the example's 40 bases" in words
    assert "row 3, column sites: 'SPI1' is not motif:start-end:strand" in words
    assert "row 4, column sites: nothing stands there" in words
