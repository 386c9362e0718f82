"""From streams of alignments to one sorted CRAM a sample."""
