"""Typed model of a project's config, one module per group of sections, and the generator of its documentation."""
