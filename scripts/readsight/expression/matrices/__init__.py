"""Readers of the matrices that users bring, each into samples × features.

`header` looks at a file with the standard library alone (names of rows and columns, what
GEO says of samples), as the doctor needs it; `orientation` tells which way round a matrix
lies; `reading` reads the numbers.
"""
