"""Sequences as examples: read from FASTA, tables, regions and variants, or generated; merged, fitted to one length, deduplicated.

`format_detection` detects the type of a file. `fasta_reader` and `tables` read sequences as text with the standard library only,
so that `readsight.doctor.sequences` can check them before any environment exists. `regions`, `variant_windows`, `splice_sites`
and `bigwig_signal` cut windows from a genome. All give `raw_examples.SequenceSet`, from which `example_set` makes the examples of
a task.
"""
