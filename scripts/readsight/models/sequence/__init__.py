"""Networks of sequence.

An architecture is a module with `build(description)`, which returns a torch module from a batch to logits,
`search_space(trial)`, `KINDS` of outcome and `SETTINGS` that it reads. `SequenceModel` wraps it with the interface of
`readsight.models.tabular`: `train(train, validation, settings, seed, threads, checkpoint_folder=None)`, `predict(arrays,
description, values, threads=1)` for codes, `load_module(arrays, description)` from float one-hot to logits,
`randomise_weights(arrays, description, seed)`, `search_space(trial)`, `KINDS`, and `RESUMES`. Training is in
`readsight.models.training`, which makes batches from codes.

| description["input"] | batch | used by |
|---|---|---|
| one_hot | (n, 4, L) float, N is 0 in all channels | representation one_hot |
| tokens | (n, T) int64, 0: padding | kmer, word2vec, bpe, transformer |
| codes | (n, L) uint8 | the network `graph`; it has no gradient per base |

Pairs (description["pair"]): the last axis has the reference window followed by the alternative window, each encoded
separately. One trunk reads both, and the head reads [alternative, alternative − reference].

| kind | logits |
|---|---|
| binary, regression | (n,) |
| multiclass, multilabel | (n, outputs) |
| positions | (n, L, outputs) |
| profile | (n, bins) |

`build` reads from the description: input, kind, outputs, length (bases of a window), pair, bin, for tokens also vocabulary
(number of ids) and places (T, of one window), and the settings of the architecture (`readsight.config.sequence_tasks`).
Weights are random; `initialisation.make_initial_arrays(description, fold)` returns arrays that replace them: word2vec
embeddings, a pre-trained transformer. In evaluation mode no output depends on the other examples of a batch.
"""

from readsight.models.sequence import cnn, cnn_lstm, dilated_resnet, graph, lstm, transformer
from readsight.models.sequence.network_model import SequenceModel
from readsight.registry import Registry

NETWORKS = Registry(
    "network of sequence",
    {
        "cnn": SequenceModel(cnn),
        "dilated_resnet": SequenceModel(dilated_resnet),
        "cnn_lstm": SequenceModel(cnn_lstm),
        "lstm": SequenceModel(lstm),
        "transformer": SequenceModel(transformer),
        "graph": SequenceModel(graph),
    },
)
