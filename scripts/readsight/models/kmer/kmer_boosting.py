"""Gradient-boosted trees on how often short k-mers stand in a sequence: what counts say together, not each by itself."""

from dataclasses import replace
from typing import Any

import numpy as np

from readsight.dataset.encodings.windows import fits
from readsight.dataset.fold_file import Fold
from readsight.errors import ToolError
from readsight.models.fitted_model import Fitted
from readsight.models.kmer import kmer_counts
from readsight.models.tabular import boosting

KINDS = ("binary", "multiclass", "multilabel", "regression")
LONGEST = 4  # of 5 bases there are 512 words, of which most are rare: trees take long, and say no more
HELD = (
    40_000_000  # numbers of the table that trees are grown on, at most: a quarter of a gigabyte, and twice that while they grow
)
DEFAULTS = boosting.DEFAULTS | {"rounds": 200, "leaves": 16, "min_samples_leaf": 20, "features": 0.5}

space = boosting.space


def table(codes: np.ndarray, about: dict[str, Any]) -> np.ndarray:
    """Rates of k-mers (n, features) float32, dense."""
    return np.concatenate([kmer_counts.rates(rows, about, about["lengths"]).toarray() for rows in kmer_counts.chunks(codes)])


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> Fitted:
    """Boosted trees (as of `readsight.models.tabular.boosting`) on rates of words of 1 … min(k, 4) bases; of numbers by squared error.

    settings: k, and those of `readsight.models.tabular.boosting`. Of more examples than HELD numbers make, so many are drawn.
    """
    longest = min(settings.get("k", LONGEST), LONGEST)
    fits(longest, train.sequence.length, "kmers.k")
    lengths = list(range(1, longest + 1))
    about = kmer_counts.told(train) | {"lengths": lengths}
    columns = kmer_counts.width(lengths, about["stranded"]) * (2 if about["pair"] else 1)
    some = kmer_counts.limited(train, HELD // columns, seed)
    own = replace(some, values=table(some.values, about))
    chosen = DEFAULTS | {name: value for name, value in settings.items() if name in DEFAULTS}
    if train.outcome.kind == "regression":
        arrays, said = _of_numbers(own, chosen, seed, threads), chosen
    else:
        found = boosting.train(own, None, chosen, seed, threads)
        arrays, said = found.arrays, found.about
    return Fitted(arrays, said | about | {"examples": len(some)})


def _of_numbers(train: Fold, own: dict[str, Any], seed: int, threads: int) -> dict[str, np.ndarray]:
    """Arrays as of `readsight.models.tabular.boosting`, of trees whose sum is the number itself."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    model = HistGradientBoostingRegressor(
        max_iter=own["rounds"],
        learning_rate=own["learning_rate"],
        max_leaf_nodes=own["leaves"],
        min_samples_leaf=own["min_samples_leaf"],
        l2_regularization=own["l2"],
        max_features=own["features"],
        max_bins=boosting.bins(len(train)),
        early_stopping=False,
        random_state=seed,
    )
    with threadpool_limits(threads):
        model.fit(boosting.stepped(train.values, boosting.bins(len(train))), train.labels, sample_weight=train.weights)
        expected = model.predict(train.values[:50])
    arrays = boosting.packed(*boosting.export(model))
    gap = np.abs(boosting.scores(arrays, train.values[:50])[:, 0] - expected).max()
    if gap > boosting.SAME * max(1.0, float(np.abs(expected).max())):
        raise ToolError(
            "kmer_boosting: the stored trees do not say what scikit-learn's say; its version keeps them in another way"
        )
    return arrays


def predict(arrays: dict[str, np.ndarray], about: dict[str, Any], codes: np.ndarray) -> np.ndarray:
    """Predictions of codes, shaped as `outcome` says."""
    values = table(codes, about)
    if about["kind"] == "regression":
        return boosting.scores(arrays, values)[:, 0]
    return boosting.predict(arrays, about, values)
