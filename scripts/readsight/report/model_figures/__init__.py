"""Figures of a task's models, drawn from the results of `model_evaluate`: each `draw_…(evaluation, path)`."""
