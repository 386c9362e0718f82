"""What the report shows: figures, pages, and whether its files are whole."""
