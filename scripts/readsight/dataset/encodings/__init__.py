"""Encodings of sequences. Whatever an encoding learns, it learns from the training set of a fold.

Codes are (n, length) uint8; for pairs (n, 2 × length), the reference window first. Each module has

`fit(codes, sequence, spec, seed, threads) -> Encoding`: codes of the training set; sequence:
`readsight.dataset.fold_file.SequenceLayout`; spec: the config section `represent`. The description of an encoding has
length, pair, stranded, and its settings.
`compute_features(codes, encoding) -> (values, names)`: for tabular models, (n, features) float32, scaled by the training
set (one_hot: 0 and 1), and feature names. Both strands are averaged unless stranded (not in one_hot, which keeps
positions); pairs give the features of the reference window, then the difference of the alternative window.

and optionally
`encode_tokens(codes, encoding) -> (n, T) int64`: for networks; windows (n, length), one window of a pair at a time.
Ids are 1 … description["vocabulary"] − 1; 0 is padding or unknown. Fast enough to be called per batch.
`build_encoder(encoding, weights=True) -> torch.nn.Module`: tokens (n, T) → contextual embeddings (n, T, dimensions);
without weights it is uninitialised, to be filled by `load_state_dict`.
`build_graph(codes, k)`: the de Bruijn graphs of a batch (kmer_graph).
Array `embedding` (vocabulary, d), row 0 zero: a learnt token embedding (word2vec).
"""

from readsight.dataset.encodings import bpe, kmer, kmer_graph, one_hot, transformer, word2vec
from readsight.registry import Registry

ENCODINGS = Registry(
    "representation of sequences",
    {"one_hot": one_hot, "kmer": kmer, "word2vec": word2vec, "bpe": bpe, "transformer": transformer, "kmer_graph": kmer_graph},
)
