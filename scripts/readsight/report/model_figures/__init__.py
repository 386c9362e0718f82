"""Figures of a task's models, from what `model_evaluate` found: each `draw(found, path)`."""
