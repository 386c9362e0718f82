"""What a network of sequence says of edited sequences, by recomputing only what an edit touches.

A base that changes moves few places of the first layer, some more of the next, and so on: its receptive field. All else is as in
the unedited sequence, which is put through the network once for all of its edits (fastISM: Nair et al. 2022). `engine.IncrementalNetwork`
does that for the networks `cnn` and `dilated_resnet` that read one-hot; of others, and of edits that touch most of a window, the
edited sequences are put through whole, with equal results.

What is carried from layer to layer is the difference that edits make (`spans.Patch`), not the values: a convolution of it leaves
its bias out, zeros around it cost nothing, and where nothing arrives the output is the unedited one to the last bit.
"""
