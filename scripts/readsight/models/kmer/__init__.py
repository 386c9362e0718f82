"""Models that know a sequence by its bases and k-mers alone: what networks of sequence have to beat.

They are members as those of `models` are: `train(train, validation, settings, seed, threads) -> Fitted` and
`predict(arrays, about, codes)`, which from that alone gives predictions shaped as `outcome` says; `GRID`, `space`, `KINDS`
and `DRAWS` mean what they mean there. But what they see are codes: fold.values (n, length) uint8, of pairs (n, 2 × length),
whatever the representation. Arrays are plain; about says pair, stranded, and what the model counts.
Unless stranded a sequence and its reverse complement count as one. Of pairs they see what the reference window has, and
what the alternative one has more or less.
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
