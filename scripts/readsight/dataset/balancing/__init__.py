"""Methods that balance the classes of a training fold.

Each module has `balance(values, labels, spec, seed) -> BalancedFold`. values: (n, features), or codes (n, length) of
sequences; labels: (n,); `none` accepts targets of any shape. spec: neighbours; classes (names); for sequences also
`sequence` (`readsight.dataset.fold_file.SequenceLayout`) and rate. Only training folds are passed in.
"""

from readsight.dataset.balancing import class_weight, mutagenesis, none, oversample, smote, undersample
from readsight.registry import Registry

BALANCES = Registry(
    "balance",
    {
        "none": none,
        "smote": smote,
        "oversample": oversample,
        "undersample": undersample,
        "class_weight": class_weight,
        "mutagenesis": mutagenesis,
    },
)
