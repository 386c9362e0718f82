"""Contrasts that cannot be tested are reported before any job runs."""

import pytest

from readsight.checks.contrast import check_contrast, choose_table, select_samples


def build_metadata(groups: str, blocks: str = "") -> dict[str, dict[str, str]]:
    """One sample per letter of `groups`; letters of `blocks` are their donors."""
    return {f"s{i}": {"group": group} | ({"donor": blocks[i]} if blocks else {}) for i, group in enumerate(groups)}


def test_two_groups_of_two_can_be_compared():
    assert check_contrast("group", "a", "b", None, build_metadata("aabb")) == []
    assert select_samples("group", ("a", "b"), build_metadata("acba")) == ["s0", "s2", "s3"]


@pytest.mark.parametrize(
    ("groups", "blocks", "settings", "message"),
    [
        ("aabb", "", {"column": "grup"}, "column: the sample sheet has no column 'grup'; did you mean 'group'?"),
        ("aabb", "", {"block": "donor"}, "block: the sample sheet has no column 'donor'"),
        ("aaaa", "", {}, "tested: no sample has 'b' in column group ('a': 4)"),
        ("aab", "", {}, "tested: 'b' has one sample; without replicates"),
        ("abb", "", {}, "reference: 'a' has one sample"),
        ("aabb", "", {"tested": "a"}, "tested: 'a' is also the reference"),
        ("aabb", "xxyy", {"block": "donor"}, "block: each donor has samples of one group only"),
        ("aabb", "xxxx", {"block": "donor"}, "block: all samples of the contrast have 'x'"),
        ("aabb", "xyxz", {"block": "donor"}, "block: 3 blocks leave no replicate"),
    ],
)
def test_impossible_contrast_is_reported(groups, blocks, settings, message):
    contrast = {"column": "group", "reference": "a", "tested": "b", "block": None} | settings
    (fault,) = check_contrast(**contrast, samples=build_metadata(groups, blocks))
    assert fault.startswith(message)


def test_pairs_can_be_blocked():
    assert check_contrast("group", "a", "b", "donor", build_metadata("ababab", "xxyyzz")) == []


def test_contrast_uses_named_table_then_reads_then_only_table():
    assert choose_table("b", True, ["a", "b"]) == "b"
    assert choose_table(None, True, ["a"]) == "expression"
    assert choose_table(None, False, ["a"]) == "a"
    assert choose_table(None, False, ["a", "b"]) is None and choose_table(None, False, []) is None
