"""Wrappers of tools that check, trim and correct reads."""
