"""Checks of a project before a run: `python -m readsight.doctor CONFIG`."""
