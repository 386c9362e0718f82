"""Where examples come from.

A source reads files into `obs` (a row an example: label, coordinates) and
`annotations` (a row an example: numbers that came with it).
"""

from readsight.registry import Registry
from readsight.sources import variants

SOURCES = Registry("example source", {"variants": variants})
