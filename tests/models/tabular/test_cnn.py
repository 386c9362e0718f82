"""Genes in an order that means something, and a convolution that sees what stands side by side."""

import numpy as np
import pandas as pd
import pytest

import cohorts
from readsight.errors import InputError
from readsight.models.tabular import cnn, gene_order

SETTINGS = cohorts.SETTINGS["cnn"]


def test_order_along_the_genome_reads_numbers_as_numbers_and_puts_the_unknown_last():
    contigs, starts = ["chr10", "chr2", "chr2", None, "chrX"], [5, 900, 1000, 3, 1]
    var = pd.DataFrame({"contig": contigs, "start": starts})
    assert list(gene_order.along_genome(var, gene_order.placed(var))) == [1, 2, 0, 4, 3]


def test_auto_takes_the_genome_where_it_is_known_and_likeness_elsewhere():
    values = np.random.default_rng(1).normal(size=(20, 12))
    placed = pd.DataFrame({"contig": ["1"] * 12, "start": np.arange(12)[::-1]})
    assert list(gene_order.order("auto", values, placed, "rna")) == list(range(12))[::-1]
    assert list(gene_order.order("auto", values, pd.DataFrame(index=range(12)), "rna")) == list(gene_order.by_likeness(values))
    assert list(gene_order.order("likeness", values, placed, "rna")) == list(gene_order.by_likeness(values))


def test_the_genome_asked_for_and_not_known_is_refused():
    with pytest.raises(InputError, match="cnn.order: genome needs contig and start.*'protein' has them of 0 of 3"):
        gene_order.order("genome", np.zeros((4, 3)), pd.DataFrame(index=range(3)), "protein")


def test_genes_of_one_programme_stand_together():
    draw = np.random.default_rng(2)
    programmes = draw.normal(size=(60, 5))
    member = draw.permutation(np.repeat(np.arange(5), 8))
    order = gene_order.by_likeness(programmes[:, member] + 0.4 * draw.normal(size=(60, 40)))
    assert sorted(order) == list(range(40))
    assert (np.diff(member[order]) != 0).sum() == 4, "five programmes, four borders"


def test_many_genes_are_ordered_by_their_components(monkeypatch):
    monkeypatch.setattr(gene_order, "MOST", 10)
    draw = np.random.default_rng(2)
    programmes = draw.normal(size=(60, 2))
    member = draw.permutation(np.repeat([0, 1], 20))
    order = gene_order.by_likeness(programmes[:, member] + 0.3 * draw.normal(size=(60, 40)))
    assert sorted(order) == list(range(40))
    assert (np.diff(member[order]) != 0).sum() <= 3


def test_constant_genes_have_a_place():
    values = np.random.default_rng(3).normal(size=(20, 9))
    values[:, [2, 5]] = 0
    assert sorted(gene_order.by_likeness(values)) == list(range(9))


def test_the_order_of_columns_does_not_matter_to_predictions_if_the_stored_order_follows():
    train = cohorts.fold("binary", 40, {"rna": 20})
    fitted = cnn.train(train, None, SETTINGS | {"epochs": 2}, 1, 1)
    turn = np.random.default_rng(1).permutation(20)
    moved = fitted.arrays | {"0.order": np.argsort(turn)[fitted.arrays["0.order"]]}
    whole = cnn.predict(fitted.arrays, fitted.about, train.values)
    assert np.allclose(cnn.predict(moved, fitted.about, train.values[:, turn]), whole)


def test_the_stored_order_is_the_training_folds_and_stays_when_weights_are_redrawn():
    train = cohorts.fold("binary", 40, {"rna": 20, "protein": 7})
    fitted = cnn.train(train, None, SETTINGS | {"epochs": 1}, 1, 1)
    first = gene_order.by_likeness(train.values[:, :20])
    assert list(fitted.arrays["0.order"][:20]) == list(first)
    assert sorted(fitted.arrays["0.order"][20:]) == list(range(20, 27)), "a modality keeps to its own stream"
    assert np.array_equal(cnn.redrawn(fitted.arrays, fitted.about, 1)["0.order"], fitted.arrays["0.order"])


@pytest.mark.parametrize("sizes", [{"rna": 1}, {"rna": 3}, {"rna": 5, "protein": 2}, {"rna": 37}])
def test_few_genes_are_no_obstacle(sizes):
    train = cohorts.fold("multiclass", 30, sizes | {"more": 4})
    fitted = cnn.train(train, None, SETTINGS | {"epochs": 1, "width": 9, "channels": [2, 3, 4]}, 1, 1)
    assert cnn.predict(fitted.arrays, fitted.about, train.values).shape == (30, 3)


def test_a_filter_finds_a_pattern_of_neighbours_wherever_it_stands():
    draw = np.random.default_rng(5)

    def made(n):
        fold = cohorts.fold("binary", n, {"rna": 64}, seed=n)
        fold.var["contig"], fold.var["start"] = "1", np.arange(64)
        fold.labels[:] = np.arange(n) % 2
        for row, label in enumerate(fold.labels):
            at = draw.integers(0, 60)
            fold.values[row, at : at + 4] += 2.5 * np.array([1, 1, 1, 1] if label else [1, -1, 1, -1])
        return fold

    train, held, test = made(500), made(200), made(300)
    fitted = cnn.train(train, held, SETTINGS | {"epochs": 80, "patience": 20, "order": "genome"}, 1, 1)
    right = (cnn.predict(fitted.arrays, fitted.about, test.values) > 0.5) == test.labels
    assert right.mean() > 0.9
