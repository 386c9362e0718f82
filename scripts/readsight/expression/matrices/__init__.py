"""Readers of user-supplied matrices; each returns samples × features.

`header` reads row and column names and GEO sample metadata with the standard library only, as
the doctor requires. `orientation` determines whether samples are rows or columns. `reading`
reads the values.
"""
