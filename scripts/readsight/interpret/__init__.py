"""Interpretation of trained models: attributions, their exams, motifs, variant effects, personal genomes."""
