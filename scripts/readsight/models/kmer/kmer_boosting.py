"""Gradient-boosted trees on rates of short k-mers: includes interactions between k-mers."""

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
MAX_LENGTH = 4  # there are 512 canonical 5-mers, most of them rare: slower training without a benefit
MAX_VALUES = 40_000_000  # maximum values of the training table: 160 MB, and three times that during training
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
    """Boosted trees (`readsight.models.tabular.boosting`) on rates of k-mers up to min(k, 4) bases; squared error for regression.

    settings: k, and those of `readsight.models.tabular.boosting`. Examples are sampled if the table exceeds MAX_VALUES numbers.
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
    """Arrays as in `readsight.models.tabular.boosting`, of trees whose sum is the predicted number."""
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
            "kmer_boosting: the stored trees do not reproduce scikit-learn's predictions; its tree format differs in this version"
        )
    return arrays


def predict(arrays: dict[str, np.ndarray], description: dict[str, Any], codes: np.ndarray) -> np.ndarray:
    """Predictions of codes, shaped as in `outcome`."""
    values = compute_table(codes, description)
    if description["kind"] == "regression":
        return boosting.compute_logits(arrays, values)[:, 0]
    return boosting.predict(arrays, description, values)
