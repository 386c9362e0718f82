"""Processing of alignments: one sorted CRAM per sample."""
