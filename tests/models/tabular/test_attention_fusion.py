"""Attention over modalities: who lacks one is judged by the others, and what only two together tell is learned."""

from dataclasses import replace

import numpy as np
import pytest

import cohorts
from readsight.errors import InputError
from readsight.models.tabular import attention_fusion, mlp

SETTINGS = cohorts.SETTINGS["attention_fusion"]
SIZES = {"rna": 10, "protein": 6, "mirna": 4}


@pytest.fixture(scope="module")
def trained():
    train = cohorts.fold("multiclass", 60, SIZES)
    train.values[:15, 10:16] = 0
    return train, attention_fusion.train(train, None, SETTINGS | {"epochs": 5}, 1, 1)


def test_an_absent_modality_has_no_influence_whatever_its_encoder(trained):
    train, fitted = trained
    about = fitted.about
    place = sorted(SIZES).index("protein")
    draw = np.random.default_rng(1)
    own = {name for name in fitted.arrays if name.startswith(f"encoders.{place}.")}
    other = {n: draw.normal(0, 100, a.shape).astype(a.dtype) if n in own else a for n, a in fitted.arrays.items()}
    one, two = (attention_fusion.predict(arrays, about, train.values) for arrays in (fitted.arrays, other))
    assert np.array_equal(one[:15], two[:15])
    assert not np.allclose(one[15:], two[15:])


def test_attention_is_a_share_and_none_goes_to_what_is_absent(trained):
    train, fitted = trained
    share = attention_fusion.weights(fitted.arrays, fitted.about, train.values)
    assert share.shape == (60, 3) and np.allclose(share.sum(axis=1), 1)
    assert (share[:15, 1] == 0).all() and (share[15:] > 0).all()


def test_one_who_has_nothing_is_the_mean_of_everything(trained):
    _, fitted = trained
    blank, near = (attention_fusion.predict(fitted.arrays, fitted.about, np.full((1, 20), value)) for value in (0.0, 1e-12))
    assert np.allclose(blank, near)


def turned(fold):
    """The same samples, their modalities listed in another order."""
    columns = np.concatenate([fold.modalities[name] for name in ("mirna", "rna", "protein")])
    return replace(fold, values=fold.values[:, columns], var=fold.var.iloc[columns])


def test_the_order_of_the_modalities_does_not_matter(trained):
    train, fitted = trained
    again = attention_fusion.train(turned(train), None, SETTINGS | {"epochs": 5}, 1, 1)
    assert list(again.about["modalities"]) == ["mirna", "rna", "protein"]
    assert all(np.allclose(fitted.arrays[name], again.arrays[name], atol=1e-5) for name in fitted.arrays)
    one = attention_fusion.predict(fitted.arrays, fitted.about, train.values)
    assert np.allclose(attention_fusion.predict(again.arrays, again.about, turned(train).values), one, atol=1e-5)
    shares = [attention_fusion.weights(f.arrays, f.about, v) for f, v in ((fitted, train.values), (again, turned(train).values))]
    assert np.allclose(shares[0][:, [2, 0, 1]], shares[1], atol=1e-5)


def test_modalities_are_hidden_in_training_alone_and_never_all():
    import torch

    about = {"kind": "binary", "outputs": 1, "features": 4, "hidden": [4], "dropout": 0.0, "embedding": 3}
    net = attention_fusion.build(about | {"modalities": {"a": [0, 2], "b": [2, 4]}, "drop_modality": 0.9})
    present = torch.tensor([[True, True]] * 500 + [[True, False]] * 100)
    kept = net._hide(present)
    assert bool(kept.any(dim=1).all()), "one is always left"
    assert not bool((kept & ~present).any()), "what is absent does not come back"
    assert 0.02 < float((kept.sum(dim=1) == 1)[:500].float().mean()) < 0.5
    values = torch.randn(5, 4)
    assert torch.equal(net.eval()(values), net(values))


def test_what_no_modality_tells_alone_is_learned_from_both():
    def made(n, seed):
        fold = cohorts.fold("binary", n, {"a": 3, "b": 3}, seed=seed)
        fold.labels[:] = (fold.values[:, 0] > 0) ^ (fold.values[:, 3] > 0)
        return fold

    train, held, test = made(600, 1), made(200, 2), made(300, 3)
    settings = SETTINGS | {"epochs": 120, "patience": 30, "drop_modality": 0.0, "hidden": [32, 16], "learning_rate": 0.01}
    fitted = attention_fusion.train(train, held, settings, 1, 1)
    right = (attention_fusion.predict(fitted.arrays, fitted.about, test.values) > 0.5) == test.labels
    assert right.mean() > 0.9
    alone = mlp.train(train.on("a"), held.on("a"), settings, 1, 1)
    assert ((mlp.predict(alone.arrays, alone.about, test.on("a").values) > 0.5) == test.labels).mean() < 0.62


def test_features_of_a_modality_that_stand_apart_are_refused():
    fold = cohorts.fold("binary", 10, {"a": 2, "b": 2})
    mixed = replace(fold, var=fold.var.iloc[[0, 2, 1, 3]])
    with pytest.raises(InputError, match="side by side"):
        attention_fusion.train(mixed, None, SETTINGS, 1, 1)
