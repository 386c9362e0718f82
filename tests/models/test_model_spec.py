"""A variant of a model is one word, and the word says all of it."""

import pytest

import planted
from readsight.errors import InputError
from readsight.models.model_spec import Variant


@pytest.mark.parametrize(
    "word, model, modality, balance",
    [
        ("elastic_net", "elastic_net", None, None),
        ("logistic-on-mrna", "logistic", "mrna", None),
        ("logistic-on-rna-seq.v2", "logistic", "rna-seq.v2", None),
        ("logistic-with-class_weight", "logistic", None, "class_weight"),
        ("logistic-on-mrna-with-none", "logistic", "mrna", "none"),
    ],
)
def test_a_word_says_what_it_was_made_of(word, model, modality, balance):
    assert Variant.of(word) == Variant(model, modality, balance)
    assert Variant.of(word).word == word


def test_a_variant_sees_its_modality_alone():
    fold = planted.fold("binary", 10, 6, modalities=2)
    assert Variant("logistic", "m1").view(fold).features == ["m1:g0", "m1:g1", "m1:g2"]
    assert Variant("logistic").view(fold).values is fold.values


def test_a_modality_that_is_not_there_is_named_beside_those_that_are():
    with pytest.raises(InputError, match="logistic-on-protein: the examples have no modality 'protein' .* there are: m0, m1"):
        Variant("logistic", "protein").view(planted.fold("binary", 10, 6, modalities=2))
