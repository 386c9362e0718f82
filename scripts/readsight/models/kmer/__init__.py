"""Models of GC content and k-mers: baselines for networks of sequence.

They have the interface of `readsight.models.tabular`: `train(train, validation, settings, seed, threads) -> FittedModel` and
`predict(arrays, description, codes)`, which returns predictions shaped as in `outcome`; `GRID`, `search_space`, `KINDS` and
`DRAWS` have the same meaning. They read base codes regardless of the representation: fold.values (n, length) uint8, for
pairs (n, 2 × length). The description has pair, stranded and the settings of counting. Unless stranded, a sequence and its
reverse complement are equivalent. For pairs the features are those of the reference window, and the difference of the
alternative window.
"""

from readsight.models.kmer import gapped_kmer_svm, gc_content, kmer_boosting, kmer_linear, position_matrix, shuffled_labels
from readsight.registry import Registry

KMER_MODELS = Registry(
    "model of k-mers",
    {
        "gc_content": gc_content,
        "kmer_linear": kmer_linear,
        "kmer_boosting": kmer_boosting,
        "gapped_kmer_svm": gapped_kmer_svm,
        "position_matrix": position_matrix,
        "shuffled_labels": shuffled_labels,
    },
)
