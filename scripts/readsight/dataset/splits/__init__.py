"""Split methods: which examples form a group that is never divided.

Each module has `assign_groups(obs, spec)`: the group of each example. `given` also has `read_roles(obs)`.
"""

from readsight.dataset.splits import block, chromosome, given, group, homology
from readsight.registry import Registry

SPLITS = Registry("split", {"block": block, "chromosome": chromosome, "homology": homology, "group": group, "given": given})
