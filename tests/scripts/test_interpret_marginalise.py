"""Marginalisation: effects of inserted motifs equal the weights of a known model."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import interpret_marginalise
import recurring
import sequenced
from readsight.genome.codes import decode, encode, reverse_complement
from readsight.interpret.motifs import meme
from readsight.interpret.motifs.marginalisation import MultiHeadScorer, insert_consensus, shuffle_codes
from readsight.interpret.motifs.meme import NamedMotif
from readsight.interpret.sequence_attribution.query import AttributionQuery, OutputHead
from readsight.stats import metrics

FIRST, SECOND = "GATTACAGAT", "CCGTATCCGA"


def build_matrix(consensus: str) -> np.ndarray:
    """Conserved except for one uninformative position."""
    probabilities = np.full((len(consensus), 4), 0.01)
    probabilities[np.arange(len(consensus)), encode(consensus)] = 0.97
    probabilities[4] = 0.25
    return probabilities


class AdditiveModel:
    """A model that adds 3 for FIRST and 2 for SECOND on +, and for both the `interaction` of their distance."""

    def __init__(self, interaction: Any = lambda apart: 0.0):
        self.interaction = interaction

    def predict(self, arrays: Any, about: Any, codes: np.ndarray) -> np.ndarray:
        scores = []
        for row in codes:
            text = decode(row)
            first, second = (self.find_motif(text, motif) for motif in (FIRST, SECOND))
            score = 3 * (first >= 0) + 2 * (second >= 0) + 0.5
            scores.append(score + (self.interaction(second - first - len(FIRST)) if min(first, second) >= 0 else 0))
        return np.array(scores)

    @staticmethod
    def find_motif(text: str, motif: str) -> int:
        starts = [
            i for i in range(len(text) - len(motif) + 1) if all(text[i + j] == motif[j] for j in range(len(motif)) if j != 4)
        ]
        return starts[0] if starts else -1


def build_experiment(model: Any, n: int = 20, length: int = 60, pair: bool = False) -> interpret_marginalise.InsertionExperiment:
    codes = sequenced.random_codes(n, length * (1 + pair), 1)
    scorer = MultiHeadScorer(
        AttributionQuery(model, {}, {"kind": "regression", "pair": pair}, codes, OutputHead("")), [OutputHead("score")]
    )
    return interpret_marginalise.InsertionExperiment(
        scorer, shuffle_codes(codes, pair, 1), metrics.group_weights(np.arange(n).astype(str), 50, 1), pair
    )


MOTIFS = [NamedMotif("one.1", build_matrix(FIRST)), NamedMotif("other.1", build_matrix(SECOND))]


def test_marginal_effect_equals_motif_weight_on_its_strand():
    table = interpret_marginalise.measure_marginal_effects(build_experiment(AdditiveModel()), MOTIFS).set_index(
        ["motif", "strand"]
    )
    assert table["value"].to_dict() == {("one.1", "+"): 3, ("one.1", "-"): 0, ("other.1", "+"): 2, ("other.1", "-"): 0}
    assert (table["low"] == table["value"]).all() and (table["high"] == table["value"]).all() and (table["n"] == 20).all()


def test_pair_models_receive_motifs_in_the_alternative_window():
    class DifferenceModel(AdditiveModel):
        def predict(self, arrays: Any, about: Any, codes: np.ndarray) -> np.ndarray:
            reference, alternative = np.split(codes, 2, axis=1)
            return super().predict(arrays, about, alternative) - super().predict(arrays, about, reference)

    assert interpret_marginalise.measure_marginal_effects(build_experiment(DifferenceModel(), pair=True), MOTIFS)[
        "value"
    ].tolist() == [3, 0, 2, 0]


def test_additive_motifs_do_not_interact_and_cooperative_ones_do():
    additive = interpret_marginalise.measure_spacing_effects(build_experiment(AdditiveModel()), MOTIFS)
    assert (additive.loc[additive["first"] != additive["second"], "value"] == 0).all()
    cooperative = interpret_marginalise.measure_spacing_effects(
        build_experiment(AdditiveModel(lambda distance: 4.0 if 5 <= distance <= 15 else 0.0)), MOTIFS
    )
    ordered_pair = cooperative[(cooperative["first"] == "one.1") & (cooperative["second"] == "other.1")]
    assert ordered_pair["distance"].max() == 40  # the largest distance that fits into 60 bases
    same_strand = ordered_pair[ordered_pair["strands"] == "++"].set_index("distance")["value"]
    assert (
        same_strand[same_strand > 0].to_dict() == {5: 4, 10: 4, 15: 4}
        and (ordered_pair.loc[ordered_pair["strands"] != "++", "value"] == 0).all()
    )


def test_motifs_longer_than_the_window_are_excluded():
    experiment = build_experiment(AdditiveModel(), length=15)
    assert set(
        interpret_marginalise.measure_marginal_effects(experiment, [*MOTIFS, NamedMotif("long", np.full((16, 4), 0.25))])["motif"]
    ) == {
        "one.1",
        "other.1",
    }
    assert interpret_marginalise.measure_spacing_effects(experiment, MOTIFS).empty


def test_shuffling_keeps_dinucleotides_and_insertion_keeps_uninformative_bases():
    codes = sequenced.random_codes(6, 50, 3)
    shuffled_codes = shuffle_codes(codes, False, 1)
    for before, after in zip(codes, shuffled_codes, strict=True):
        assert sorted(zip(before, before[1:], strict=False)) == sorted(zip(after, after[1:], strict=False))
    consensus = encode("ANC")
    after = insert_consensus(codes, consensus, 7)
    assert (after[:, 7] == 0).all() and (after[:, 9] == 1).all()
    np.testing.assert_array_equal(np.delete(after, [7, 9], axis=1), np.delete(codes, [7, 9], axis=1))


@pytest.mark.parametrize("kind", ["binary", "positions"])
def test_tables_of_a_trained_network(tmp_path, kind):
    inputs = recurring.train_model(tmp_path, "cnn", kind)
    meme.write(tmp_path / "patterns.meme", [NamedMotif("yes.1", np.eye(4)[encode("ACGTTTAC")] * 0.96 + 0.01)])
    out = {name: tmp_path / name for name in ("marginal", "marginal_note", "spacing", "spacing_note")}
    interpret_marginalise.main(inputs, tmp_path / "patterns.meme", 1, out)
    table, pairs = (pd.read_csv(out[name], sep="\t") for name in ("marginal", "spacing"))
    assert list(table["strand"]) == ["+", "-"] and table["n"][0] == 20
    assert (table["low"] > 0).all() or kind == "positions"
    assert table["place"].isna().all() == (kind == "binary") and pairs.empty == (kind == "positions")
    if kind == "binary":  # strands are averaged
        assert set(pairs["distance"]) == set(range(0, 25, 5)) and (pairs["low"] <= pairs["high"]).all()
    meme.write(tmp_path / "none.meme", [])
    interpret_marginalise.main(inputs, tmp_path / "none.meme", 1, out)
    empty = pd.read_csv(out["marginal"], sep="\t")
    assert "no motif" in out["marginal_note"].read_text()
    assert empty.empty and list(empty.columns) == list(interpret_marginalise.MARGINAL_COLUMNS)


def test_joint_scores_equal_those_of_single_queries(tmp_path):
    from readsight.interpret.sequence_attribution.attribution import score_query
    from readsight.interpret.sequence_attribution.explained_examples import select_examples
    from readsight.interpret.sequence_attribution.query import output_heads

    examples = select_examples(recurring.train_model(tmp_path, "cnn", "multiclass"), 10, 1)
    query, output_heads = examples.folds[0].query, output_heads(examples.outcome)
    assert query.averages_strands
    expected = [
        score_query(AttributionQuery(query.model, query.arrays, query.description, query.codes, head)) for head in output_heads
    ]
    np.testing.assert_allclose(
        MultiHeadScorer(query, output_heads).score_heads(query.codes), np.stack(expected, axis=1), atol=1e-5
    )
    assert reverse_complement(query.codes).shape == query.codes.shape
