"""Gradient-boosted trees on how often short k-mers stand in a sequence: what counts say together, not each by itself."""

from dataclasses import replace
from typing import Any

import numpy as np

from readsight.dataset.encodings.windows import check_kmer_length
from readsight.dataset.fold_file import Fold
from readsight.errors import ToolError
from readsight.models.fitted_model import FittedModel
from readsight.models.kmer import kmer_counts
from readsight.models.tabular import boosting

KINDS = ("binary", "multiclass", "multilabel", "regression")
MAX_LENGTH = 4  # of 5 bases there are 512 words, of which most are rare: trees take long, and say no more
MAX_VALUES = (
    40_000_000  # numbers of the table that trees are grown on, at most: a quarter of a gigabyte, and twice that while they grow
)
DEFAULTS = boosting.DEFAULTS | {"rounds": 200, "leaves": 16, "min_samples_leaf": 20, "features": 0.5}

search_space = boosting.search_space


def compute_table(codes: np.ndarray, description: dict[str, Any]) -> np.ndarray:
    """Rates of k-mers (n, features) float32, dense."""
    return np.concatenate(
        [
            kmer_counts.compute_rates(rows, description, description["lengths"]).toarray()
            for rows in kmer_counts.iter_chunks(codes)
        ]
    )


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> FittedModel:
    """Boosted trees (as of `readsight.models.tabular.boosting`) on rates of words of 1 … min(k, 4) bases; of numbers by squared error.

    settings: k, and those of `readsight.models.tabular.boosting`. Of more examples than HELD numbers make, so many are drawn.
    """
    longest = min(settings.get("k", MAX_LENGTH), MAX_LENGTH)
    check_kmer_length(longest, train.sequence.length, "kmers.k")
    lengths = list(range(1, longest + 1))
    description = kmer_counts.describe_fold(train) | {"lengths": lengths}
    columns = kmer_counts.count_columns(lengths, description["stranded"]) * (2 if description["pair"] else 1)
    subset = kmer_counts.sample_examples(train, MAX_VALUES // columns, seed)
    counted_fold = replace(subset, values=compute_table(subset.values, description))
    options = DEFAULTS | {name: value for name, value in settings.items() if name in DEFAULTS}
    if train.outcome.kind == "regression":
        arrays, model_description = _fit_regression(counted_fold, options, seed, threads), options
    else:
        fitted = boosting.train(counted_fold, None, options, seed, threads)
        arrays, model_description = fitted.arrays, fitted.description
    return FittedModel(arrays, model_description | description | {"examples": len(subset)})


def _fit_regression(train: Fold, options: dict[str, Any], seed: int, threads: int) -> dict[str, np.ndarray]:
    """Arrays as of `readsight.models.tabular.boosting`, of trees whose sum is the number itself."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    model = HistGradientBoostingRegressor(
        max_iter=options["rounds"],
        learning_rate=options["learning_rate"],
        max_leaf_nodes=options["leaves"],
        min_samples_leaf=options["min_samples_leaf"],
        l2_regularization=options["l2"],
        max_features=options["features"],
        max_bins=boosting.count_bins(len(train)),
        early_stopping=False,
        random_state=seed,
    )
    with threadpool_limits(threads):
        model.fit(
            boosting.quantise_features(train.values, boosting.count_bins(len(train))), train.labels, sample_weight=train.weights
        )
        expected = model.predict(train.values[:50])
    arrays = boosting.pack_trees(*boosting.export_trees(model))
    difference = np.abs(boosting.compute_logits(arrays, train.values[:50])[:, 0] - expected).max()
    if difference > boosting.TOLERANCE * max(1.0, float(np.abs(expected).max())):
        raise ToolError(
            "kmer_boosting: the stored trees do not say what scikit-learn's say; its version keeps them in another way"
        )
    return arrays


def predict(arrays: dict[str, np.ndarray], description: dict[str, Any], codes: np.ndarray) -> np.ndarray:
    """Predictions of codes, shaped as `outcome` says."""
    values = compute_table(codes, description)
    if description["kind"] == "regression":
        return boosting.compute_logits(arrays, values)[:, 0]
    return boosting.predict(arrays, description, values)
