"""Gene orders, and the convolutional network on neighbouring genes."""

import numpy as np
import pandas as pd
import pytest

import cohorts
from readsight.errors import InputError
from readsight.models.tabular import cnn, gene_order

SETTINGS = cohorts.SETTINGS["cnn"]


def test_genome_order_is_numeric_with_unknown_positions_last():
    contigs, starts = ["chr10", "chr2", "chr2", None, "chrX"], [5, 900, 1000, 3, 1]
    var = pd.DataFrame({"contig": contigs, "start": starts})
    assert list(gene_order.order_by_position(var, gene_order.has_position(var))) == [1, 2, 0, 4, 3]


def test_auto_order_prefers_known_positions():
    values = np.random.default_rng(1).normal(size=(20, 12))
    placed = pd.DataFrame({"contig": ["1"] * 12, "start": np.arange(12)[::-1]})
    assert list(gene_order.order_features("auto", values, placed, "rna")) == list(range(12))[::-1]
    assert list(gene_order.order_features("auto", values, pd.DataFrame(index=range(12)), "rna")) == list(
        gene_order.order_by_similarity(values)
    )
    assert list(gene_order.order_features("likeness", values, placed, "rna")) == list(gene_order.order_by_similarity(values))


def test_genome_order_needs_positions():
    with pytest.raises(InputError, match="cnn.order: genome needs contig and start.*'protein' has them for 0 of 3"):
        gene_order.order_features("genome", np.zeros((4, 3)), pd.DataFrame(index=range(3)), "protein")


def test_coexpressed_genes_are_neighbours():
    rng = np.random.default_rng(2)
    programmes = rng.normal(size=(60, 5))
    member = rng.permutation(np.repeat(np.arange(5), 8))
    order = gene_order.order_by_similarity(programmes[:, member] + 0.4 * rng.normal(size=(60, 40)))
    assert sorted(order) == list(range(40))
    assert (np.diff(member[order]) != 0).sum() == 4, "five programmes, four borders"


def test_many_genes_are_ordered_by_principal_components(monkeypatch):
    monkeypatch.setattr(gene_order, "MAX_CLUSTERED", 10)
    rng = np.random.default_rng(2)
    programmes = rng.normal(size=(60, 2))
    member = rng.permutation(np.repeat([0, 1], 20))
    order = gene_order.order_by_similarity(programmes[:, member] + 0.3 * rng.normal(size=(60, 40)))
    assert sorted(order) == list(range(40))
    assert (np.diff(member[order]) != 0).sum() <= 3


def test_constant_genes_are_ordered():
    values = np.random.default_rng(3).normal(size=(20, 9))
    values[:, [2, 5]] = 0
    assert sorted(gene_order.order_by_similarity(values)) == list(range(9))


def test_predictions_follow_the_stored_order():
    train = cohorts.make_fold("binary", 40, {"rna": 20})
    fitted = cnn.train(train, None, SETTINGS | {"epochs": 2}, 1, 1)
    permutation = np.random.default_rng(1).permutation(20)
    moved = fitted.arrays | {"0.order": np.argsort(permutation)[fitted.arrays["0.order"]]}
    expected = cnn.predict(fitted.arrays, fitted.description, train.values)
    assert np.allclose(cnn.predict(moved, fitted.description, train.values[:, permutation]), expected)


def test_stored_order_survives_weight_randomisation():
    train = cohorts.make_fold("binary", 40, {"rna": 20, "protein": 7})
    fitted = cnn.train(train, None, SETTINGS | {"epochs": 1}, 1, 1)
    first = gene_order.order_by_similarity(train.values[:, :20])
    assert list(fitted.arrays["0.order"][:20]) == list(first)
    assert sorted(fitted.arrays["0.order"][20:]) == list(range(20, 27)), "each modality has a separate stream"
    assert np.array_equal(cnn.randomise_weights(fitted.arrays, fitted.description, 1)["0.order"], fitted.arrays["0.order"])


@pytest.mark.parametrize("sizes", [{"rna": 1}, {"rna": 3}, {"rna": 5, "protein": 2}, {"rna": 37}])
def test_few_genes_are_accepted(sizes):
    train = cohorts.make_fold("multiclass", 30, sizes | {"more": 4})
    fitted = cnn.train(train, None, SETTINGS | {"epochs": 1, "width": 9, "channels": [2, 3, 4]}, 1, 1)
    assert cnn.predict(fitted.arrays, fitted.description, train.values).shape == (30, 3)


def test_filters_recognise_patterns_at_any_position():
    rng = np.random.default_rng(5)

    def make_fold(n):
        fold = cohorts.make_fold("binary", n, {"rna": 64}, seed=n)
        fold.var["contig"], fold.var["start"] = "1", np.arange(64)
        fold.labels[:] = np.arange(n) % 2
        for row, label in enumerate(fold.labels):
            start = rng.integers(0, 60)
            fold.values[row, start : start + 4] += 2.5 * np.array([1, 1, 1, 1] if label else [1, -1, 1, -1])
        return fold

    train, validation, test = make_fold(500), make_fold(200), make_fold(300)
    fitted = cnn.train(train, validation, SETTINGS | {"epochs": 80, "patience": 20, "order": "genome"}, 1, 1)
    is_correct = (cnn.predict(fitted.arrays, fitted.description, test.values) > 0.5) == test.labels
    assert is_correct.mean() > 0.9
