"""How a training fold's classes are balanced.

A balance has `balance(values, labels, spec, seed)`: values (n, features), labels
(n,); `none` takes targets of any shape. spec: neighbours; classes, their names; of sequences
`sequence` (`readsight.dataset.fold_file.SequenceLayout`) and rate, and values are codes (n, length). It returns a `Balanced`; what it is given is a training fold and nothing else.
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
