"""Names and specifications of models convert both ways."""

import pytest

import planted
from readsight.errors import InputError
from readsight.models.model_spec import ModelSpec


@pytest.mark.parametrize(
    "name, model, modality, balance",
    [
        ("elastic_net", "elastic_net", None, None),
        ("logistic-on-mrna", "logistic", "mrna", None),
        ("logistic-on-rna-seq.v2", "logistic", "rna-seq.v2", None),
        ("logistic-with-class_weight", "logistic", None, "class_weight"),
        ("logistic-on-mrna-with-none", "logistic", "mrna", "none"),
    ],
)
def test_name_and_spec_convert_both_ways(name, model, modality, balance):
    assert ModelSpec.parse(name) == ModelSpec(model, modality, balance)
    assert ModelSpec.parse(name).name == name


def test_spec_restricts_the_fold_to_its_modality():
    fold = planted.make_fold("binary", 10, 6, modalities=2)
    assert ModelSpec("logistic", "m1").restrict_fold(fold).features == ["m1:g0", "m1:g1", "m1:g2"]
    assert ModelSpec("logistic").restrict_fold(fold).values is fold.values


def test_missing_modality_error_lists_available_ones():
    with pytest.raises(InputError, match="logistic-on-protein: the examples have no modality 'protein' .* available: m0, m1"):
        ModelSpec("logistic", "protein").restrict_fold(planted.make_fold("binary", 10, 6, modalities=2))
