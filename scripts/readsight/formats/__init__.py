"""Readers and writers of standard file formats: FASTA, FASTQ, BED, GTF, GMT, headers of BAM, and stored models."""
