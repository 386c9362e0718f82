"""Wildcard constraints admit the names of a project and nothing else."""

import re

from hypothesis import given
from hypothesis import strategies as st

from readsight.project import one_of

NAMES = st.lists(st.text("abAB01._-", min_size=1, max_size=6), max_size=20)


@given(NAMES, st.text("abAB01._-", max_size=7))
def test_exactly_these_names(names, other):
    pattern = re.compile(one_of(names))
    assert all(pattern.fullmatch(name) for name in names)
    assert bool(pattern.fullmatch(other)) == (other in names)


@given(NAMES.filter(bool))
def test_within_a_path(names):
    """As Snakemake asks: the name as one part of a file's path."""
    pattern = re.compile(f"results/align/(?P<sample>{one_of(names)})\\.cram")
    assert all(pattern.fullmatch(f"results/align/{name}.cram")["sample"] == name for name in names)


def test_no_name_admits_nothing():
    assert not re.fullmatch(one_of([]), "") and not re.fullmatch(one_of([]), "a")
