"""Attention over modalities: missing modalities are ignored, and interactions between modalities are fitted."""

from dataclasses import replace

import numpy as np
import pytest

import cohorts
from readsight.errors import InputError
from readsight.models.tabular import attention_fusion, mlp

SETTINGS = cohorts.SETTINGS["attention_fusion"]
SIZES = {"rna": 10, "protein": 6, "mirna": 4}


@pytest.fixture(scope="module")
def fusion_fit():
    train = cohorts.make_fold("multiclass", 60, SIZES)
    train.values[:15, 10:16] = 0
    return train, attention_fusion.train(train, None, SETTINGS | {"epochs": 5}, 1, 1)


def test_absent_modality_has_no_influence(fusion_fit):
    train, fitted = fusion_fit
    description = fitted.description
    position = sorted(SIZES).index("protein")
    rng = np.random.default_rng(1)
    encoder_arrays = {name for name in fitted.arrays if name.startswith(f"encoders.{position}.")}
    changed = {n: rng.normal(0, 100, a.shape).astype(a.dtype) if n in encoder_arrays else a for n, a in fitted.arrays.items()}
    expected, actual = (attention_fusion.predict(arrays, description, train.values) for arrays in (fitted.arrays, changed))
    assert np.array_equal(expected[:15], actual[:15])
    assert not np.allclose(expected[15:], actual[15:])


def test_attention_sums_to_one_without_absent_modalities(fusion_fit):
    train, fitted = fusion_fit
    share = attention_fusion.compute_attention(fitted.arrays, fitted.description, train.values)
    assert share.shape == (60, 3) and np.allclose(share.sum(axis=1), 1)
    assert (share[:15, 1] == 0).all() and (share[15:] > 0).all()


def test_example_without_modalities_equals_the_mean(fusion_fit):
    _, fitted = fusion_fit
    blank, near = (attention_fusion.predict(fitted.arrays, fitted.description, np.full((1, 20), value)) for value in (0.0, 1e-12))
    assert np.allclose(blank, near)


def reorder_modalities(fold):
    """The same samples, with modalities in a different order."""
    columns = np.concatenate([fold.modalities[name] for name in ("mirna", "rna", "protein")])
    return replace(fold, values=fold.values[:, columns], var=fold.var.iloc[columns])


def test_modality_order_does_not_matter(fusion_fit):
    train, fitted = fusion_fit
    reordered = attention_fusion.train(reorder_modalities(train), None, SETTINGS | {"epochs": 5}, 1, 1)
    assert list(reordered.description["modalities"]) == ["mirna", "rna", "protein"]
    assert all(np.allclose(fitted.arrays[name], reordered.arrays[name], atol=1e-5) for name in fitted.arrays)
    expected = attention_fusion.predict(fitted.arrays, fitted.description, train.values)
    assert np.allclose(
        attention_fusion.predict(reordered.arrays, reordered.description, reorder_modalities(train).values), expected, atol=1e-5
    )
    shares = [
        attention_fusion.compute_attention(f.arrays, f.description, v)
        for f, v in ((fitted, train.values), (reordered, reorder_modalities(train).values))
    ]
    assert np.allclose(shares[0][:, [2, 0, 1]], shares[1], atol=1e-5)


def test_modalities_are_dropped_only_in_training():
    import torch

    description = {"kind": "binary", "outputs": 1, "features": 4, "hidden": [4], "dropout": 0.0, "embedding": 3}
    net = attention_fusion.build(description | {"modalities": {"a": [0, 2], "b": [2, 4]}, "drop_modality": 0.9})
    present = torch.tensor([[True, True]] * 500 + [[True, False]] * 100)
    kept = net._hide(present)
    assert bool(kept.any(dim=1).all()), "one always remains"
    assert not bool((kept & ~present).any()), "missing modalities stay missing"
    assert 0.02 < float((kept.sum(dim=1) == 1)[:500].float().mean()) < 0.5
    values = torch.randn(5, 4)
    assert torch.equal(net.eval()(values), net(values))


def test_interaction_of_two_modalities_is_fitted():
    def make_fold(n, seed):
        fold = cohorts.make_fold("binary", n, {"a": 3, "b": 3}, seed=seed)
        fold.labels[:] = (fold.values[:, 0] > 0) ^ (fold.values[:, 3] > 0)
        return fold

    train, validation, test = make_fold(600, 1), make_fold(200, 2), make_fold(300, 3)
    settings = SETTINGS | {"epochs": 120, "patience": 30, "drop_modality": 0.0, "hidden": [32, 16], "learning_rate": 0.01}
    fitted = attention_fusion.train(train, validation, settings, 1, 1)
    is_correct = (attention_fusion.predict(fitted.arrays, fitted.description, test.values) > 0.5) == test.labels
    assert is_correct.mean() > 0.9
    single = mlp.train(train.select_modality("a"), validation.select_modality("a"), settings, 1, 1)
    assert ((mlp.predict(single.arrays, single.description, test.select_modality("a").values) > 0.5) == test.labels).mean() < 0.62


def test_scattered_features_of_a_modality_are_refused():
    fold = cohorts.make_fold("binary", 10, {"a": 2, "b": 2})
    mixed = replace(fold, var=fold.var.iloc[[0, 2, 1, 3]])
    with pytest.raises(InputError, match="contiguous"):
        attention_fusion.train(mixed, None, SETTINGS, 1, 1)
