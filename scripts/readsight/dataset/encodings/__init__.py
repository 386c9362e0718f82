"""How a sequence becomes numbers; what is learned of that is learned from the training part of a fold alone.

Codes are (n, length) uint8; of pairs (n, 2 × length), the reference window and then the alternative one.
A representation has
`fit(codes, sequence, spec, seed, threads) -> Encoding`: codes of the training part; sequence: `readsight.dataset.fold_file.SequenceLayout`; spec: the
config's section `represent`. about of every encoding says length, pair, stranded, and what it was fitted with.
`features(codes, encoding) -> (values, names)`: for models of tables, (n, features) float32, scaled by the training part
(one_hot: 0 and 1), and what they are called; strands count alike unless stranded (but for one_hot, which keeps places); of pairs
those of the reference window, then what the alternative one differs by.
What it may have besides:
`tokens(codes, encoding) -> (n, T) int64`: for networks, of windows (n, length), a window of a pair at a time. Ids are
1 … vocabulary − 1 (about["vocabulary"]); 0 is padding, and what is unknown. Cheap: called inside a batch.
`encoder(encoding, weights=True) -> torch.nn.Module`: tokens (n, T) → contextual embeddings (n, T, about["dimensions"]);
without weights it is empty, to be filled by `load_state_dict`.
`graph(codes, k)`: the de Bruijn graphs of a batch (kmer_graph).
Array `embedding` (vocabulary, d), row 0 of zeros: an embedding of tokens that was learned (word2vec).
"""

from readsight.dataset.encodings import bpe, kmer, kmer_graph, one_hot, transformer, word2vec
from readsight.registry import Registry

ENCODINGS = Registry(
    "representation of sequences",
    {"one_hot": one_hot, "kmer": kmer, "word2vec": word2vec, "bpe": bpe, "transformer": transformer, "kmer_graph": kmer_graph},
)
