"""What is never divided between training and test.

A split has `groups(obs, spec)`: the group of each example. One that the data
bring has `roles(obs)` besides.
"""

from readsight.dataset.splits import block, chromosome, given, group, homology
from readsight.registry import Registry

SPLITS = Registry("split", {"block": block, "chromosome": chromosome, "homology": homology, "group": group, "given": given})
