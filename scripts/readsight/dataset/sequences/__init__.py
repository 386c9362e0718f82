"""Sequences as examples: read from FASTA, tables, regions and variants, or made; joined, made of one length, each once.

`kinds` tells what a file is; `fasta_reader` and `tables` read sequences as text, with the standard library alone, so that
`readsight.doctor.sequences` looks at them before any environment is made. `regions`, `variant_windows`, `splice_sites` and `bigwig_signal` cut windows out of
a genome. Both give `raw_examples.SequenceSet`, which `example_set` joins to the examples of a task.
"""
