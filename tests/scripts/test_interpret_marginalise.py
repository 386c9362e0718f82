"""What adding a motif does: of a model that is known, exactly what it is made of."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import interpret_marginalise
import recurring
import sequenced
from readsight.genome.codes import decode, encode, reverse_complement
from readsight.interpret.motifs import meme
from readsight.interpret.motifs.marginalisation import Asked, put, shuffled
from readsight.interpret.motifs.meme import Known
from readsight.interpret.sequence_attribution.query import Head, Question
from readsight.stats import metrics

ONE, OTHER = "GATTACAGAT", "CCGTATCCGA"


def matrix(word: str) -> np.ndarray:
    """Firm but for one place that says nothing."""
    found = np.full((len(word), 4), 0.01)
    found[np.arange(len(word)), encode(word)] = 0.97
    found[4] = 0.25
    return found


class Words:
    """A model that adds 3 for ONE and 2 for OTHER on +, and together what `both` says of the bases between them."""

    def __init__(self, both: Any = lambda apart: 0.0):
        self.both = both

    def predict(self, arrays: Any, about: Any, codes: np.ndarray) -> np.ndarray:
        found = []
        for row in codes:
            text = decode(row)
            first, second = (self.place(text, word) for word in (ONE, OTHER))
            own = 3 * (first >= 0) + 2 * (second >= 0) + 0.5
            found.append(own + (self.both(second - first - len(ONE)) if min(first, second) >= 0 else 0))
        return np.array(found)

    @staticmethod
    def place(text: str, word: str) -> int:
        fits = [i for i in range(len(text) - len(word) + 1) if all(text[i + j] == word[j] for j in range(len(word)) if j != 4)]
        return fits[0] if fits else -1


def base(model: Any, n: int = 20, length: int = 60, pair: bool = False) -> interpret_marginalise.Base:
    codes = sequenced.random(n, length * (1 + pair), 1)
    asked = Asked(Question(model, {}, {"kind": "regression", "pair": pair}, codes, Head("")), [Head("score")])
    return interpret_marginalise.Base(
        asked, shuffled(codes, pair, 1), metrics.group_weights(np.arange(n).astype(str), 50, 1), pair
    )


MOTIFS = [Known("one.1", matrix(ONE)), Known("other.1", matrix(OTHER))]


def test_the_effect_of_a_word_is_its_weight_on_its_strand():
    table = interpret_marginalise.marginal(base(Words()), MOTIFS).set_index(["motif", "strand"])
    assert table["value"].to_dict() == {("one.1", "+"): 3, ("one.1", "-"): 0, ("other.1", "+"): 2, ("other.1", "-"): 0}
    assert (table["low"] == table["value"]).all() and (table["high"] == table["value"]).all() and (table["n"] == 20).all()


def test_of_pairs_of_windows_the_word_stands_in_the_alternative_one():
    class Second(Words):
        def predict(self, arrays: Any, about: Any, codes: np.ndarray) -> np.ndarray:
            reference, alternative = np.split(codes, 2, axis=1)
            return super().predict(arrays, about, alternative) - super().predict(arrays, about, reference)

    assert interpret_marginalise.marginal(base(Second(), pair=True), MOTIFS)["value"].tolist() == [3, 0, 2, 0]


def test_words_that_only_add_up_do_not_interact_and_others_do_at_their_distance():
    plain = interpret_marginalise.spacing(base(Words()), MOTIFS)
    assert (plain.loc[plain["first"] != plain["second"], "value"] == 0).all()
    near = interpret_marginalise.spacing(base(Words(lambda apart: 4.0 if 5 <= apart <= 15 else 0.0)), MOTIFS)
    own = near[(near["first"] == "one.1") & (near["second"] == "other.1")]
    assert own["distance"].max() == 40  # there is no more room in 60 bases
    together = own[own["strands"] == "++"].set_index("distance")["value"]
    assert together[together > 0].to_dict() == {5: 4, 10: 4, 15: 4} and (own.loc[own["strands"] != "++", "value"] == 0).all()


def test_motifs_longer_than_the_window_are_left_out():
    own = base(Words(), length=15)
    assert set(interpret_marginalise.marginal(own, [*MOTIFS, Known("long", np.full((16, 4), 0.25))])["motif"]) == {
        "one.1",
        "other.1",
    }
    assert interpret_marginalise.spacing(own, MOTIFS).empty


def test_shuffled_sequences_keep_their_dinucleotides_and_words_leave_what_says_nothing():
    codes = sequenced.random(6, 50, 3)
    found = shuffled(codes, False, 1)
    for before, after in zip(codes, found, strict=True):
        assert sorted(zip(before, before[1:], strict=False)) == sorted(zip(after, after[1:], strict=False))
    word = encode("ANC")
    after = put(codes, word, 7)
    assert (after[:, 7] == 0).all() and (after[:, 9] == 1).all()
    np.testing.assert_array_equal(np.delete(after, [7, 9], axis=1), np.delete(codes, [7, 9], axis=1))


@pytest.mark.parametrize("kind", ["binary", "positions"])
def test_tables_of_a_trained_network(tmp_path, kind):
    inputs = recurring.model(tmp_path, "cnn", kind)
    meme.write(tmp_path / "patterns.meme", [Known("yes.1", np.eye(4)[encode("ACGTTTAC")] * 0.96 + 0.01)])
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
    assert empty.empty and list(empty.columns) == list(interpret_marginalise.MARGINAL)


def test_all_numbers_are_asked_at_once_as_the_question_tells_each(tmp_path):
    from readsight.interpret.sequence_attribution.attribution import score_of
    from readsight.interpret.sequence_attribution.explained_examples import gathered
    from readsight.interpret.sequence_attribution.query import heads

    found = gathered(recurring.model(tmp_path, "cnn", "multiclass"), 10, 1)
    question, named = found.parts[0].question, heads(found.outcome)
    assert question.both
    due = [score_of(Question(question.member, question.arrays, question.about, question.codes, head)) for head in named]
    np.testing.assert_allclose(Asked(question, named).scores(question.codes), np.stack(due, axis=1), atol=1e-5)
    assert reverse_complement(question.codes).shape == question.codes.shape
