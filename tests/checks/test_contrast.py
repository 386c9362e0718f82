"""Whether two groups can be compared is told in words before anything runs."""

import pytest

from readsight.checks.contrast import compared, faults, members


def sheet(groups: str, blocks: str = "") -> dict[str, dict[str, str]]:
    """A sample a letter; its group, and its block where there are some."""
    return {f"s{i}": {"group": group} | ({"donor": blocks[i]} if blocks else {}) for i, group in enumerate(groups)}


def test_two_groups_of_two_can_be_compared():
    assert faults("group", "a", "b", None, sheet("aabb")) == []
    assert members("group", ("a", "b"), sheet("acba")) == ["s0", "s2", "s3"]


@pytest.mark.parametrize(
    ("groups", "blocks", "asked", "words"),
    [
        ("aabb", "", {"column": "grup"}, "column: the sample sheet has no column 'grup'; did you mean 'group'?"),
        ("aabb", "", {"block": "donor"}, "block: the sample sheet has no column 'donor'"),
        ("aaaa", "", {}, "tested: no sample has 'b' in column group ('a': 4)"),
        ("aab", "", {}, "tested: 'b' has one sample; without a replicate"),
        ("abb", "", {}, "reference: 'a' has one sample"),
        ("aabb", "", {"tested": "a"}, "tested: 'a' is the reference as well"),
        ("aabb", "xxyy", {"block": "donor"}, "block: each donor holds samples of one group only"),
        ("aabb", "xxxx", {"block": "donor"}, "block: all samples of the contrast are 'x'"),
        ("aabb", "xyxz", {"block": "donor"}, "block: 3 blocks leave no replicate"),
    ],
)
def test_what_cannot_be_compared_is_told(groups, blocks, asked, words):
    given = {"column": "group", "reference": "a", "tested": "b", "block": None} | asked
    (fault,) = faults(**given, samples=sheet(groups, blocks))
    assert fault.startswith(words)


def test_pairs_can_be_blocked():
    assert faults("group", "a", "b", "donor", sheet("ababab", "xxyyzz")) == []


def test_a_contrast_is_of_the_table_named_else_of_reads_else_of_the_only_table():
    assert compared("b", True, ["a", "b"]) == "b"
    assert compared(None, True, ["a"]) == "expression"
    assert compared(None, False, ["a"]) == "a"
    assert compared(None, False, ["a", "b"]) is None and compared(None, False, []) is None
