"""The typed model of a project's config, a file a section, and the documentation that is generated from it."""
