"""Sequences as examples: read from FASTA, tables, regions and variants, or made; joined, made of one length, each once.

`kinds` tells what a file is; `fasta_reader` and `tables` read sequences as text, with the standard library alone, so that
`foresight` looks at them before any environment is made. `regions`, `alleles`, `splicing` and `signal` cut windows out of
a genome. Both give `found.Found`, which `assembling` joins to the examples of a task.
"""
