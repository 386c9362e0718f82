"""Tools that check, trim and correct reads."""
