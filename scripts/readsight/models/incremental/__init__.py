"""Incremental inference: outputs of edited sequences by recomputing only the positions that an edit affects.

A changed base affects few positions of the first layer, more of the next, and so on: its receptive field. All remaining
values equal those of the unedited sequence, which is evaluated once for all of its edits (fastISM: Nair et al. 2022).
`engine.IncrementalNetwork` does so for the networks `cnn` and `dilated_resnet` with one-hot input; for other networks, and
for edits of most of a window, edited sequences are evaluated completely, with equal results.

Layers pass on differences (`spans.Patch`), not values: a convolution of differences omits the bias, is zero outside the
patch, and leaves outputs bit-identical where nothing changes.
"""
