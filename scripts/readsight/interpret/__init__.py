"""What trained models learned: attributions, their exams, motifs, effects of variants, personal genomes."""
