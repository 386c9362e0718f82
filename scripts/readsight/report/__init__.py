"""Report: figures, pages, and checks of result files."""
