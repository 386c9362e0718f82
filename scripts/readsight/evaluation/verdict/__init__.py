"""The sentences of the report about a task's models."""
