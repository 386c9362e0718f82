"""Networks of sequence.

An architecture is a module with `build(about)`, which gives a torch module from a batch to logits, `space(trial)`, `KINDS` of
outcome and `SETTINGS` that it reads. `SequenceModel` makes a model of it, with what those of `readsight.models.tabular` have: `train(train, validation, settings, seed, threads, keep=None)`, `predict(arrays, about, values, threads=1)`
of codes, `module(arrays, about)` from float one-hot to logits, `redrawn(arrays, about, seed)`, `space(trial)`, `KINDS` of outcome,
and `RESUMES`. They are trained by `readsight.models.training`, which makes batches of codes.

| about["input"] | batch | where |
|---|---|---|
| one_hot | (n, 4, L) float, N is 0 throughout | representation one_hot |
| tokens | (n, T) int64, 0: padding | kmer, word2vec, bpe, transformer |
| codes | (n, L) uint8 | the network `build_graph`; it has no gradient by base |

Pairs (about["pair"]): the last axis holds the reference's window and then the alternative's, each made by itself, so that it
is twice as long. One trunk reads both, and the head sees [alternative, alternative − reference].

| kind | logits |
|---|---|
| binary, regression | (n,) |
| multiclass, multilabel | (n, outputs) |
| positions | (n, L, outputs) |
| profile | (n, bins) |

`build` reads of about: input, kind, outputs, length (bases of a window), pair, bin, and of tokens vocabulary (number of ids),
places (T, of one window); beside them the architecture's settings as `readsight.config.sequence_tasks` says. Weights are drawn anew;
`start.start(about, fold)` gives arrays of the module to start from instead: embeddings of word2vec, a pre-trained transformer.
No output hangs on the batch's other examples once the module is in evaluation mode.
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
