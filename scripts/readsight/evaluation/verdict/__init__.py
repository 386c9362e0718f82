"""Sentences of the report on a task's models."""
