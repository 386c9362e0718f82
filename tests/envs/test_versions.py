"""Versions of the native provider: order as in conda, Debian versions, and ranges for pip."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provider.versions import RangeError, compare_versions, format_for_pip, parse_upstream, satisfies


@pytest.mark.parametrize(
    "debian, version",
    [
        ("1.16.1-1", "1.16.1"),
        ("1.16-1", "1.16"),
        ("0.7.17-7+b2", "0.7.17"),
        ("0.11.9+dfsg-6", "0.11.9"),
        ("1.16+ds-3", "1.16"),
        ("0.3.3+ds-2", "0.3.3"),
        ("2:1.17-74", "1.17"),
        ("1:1.2.13.dfsg-1", "1.2.13"),
        ("2.5.2+dfsg1-4", "2.5.2"),
        ("1.10.1+ds1-1+b1", "1.10.1"),
        ("3.11.2-6+deb12u6", "3.11.2"),
        ("2.0~rc1-2", "2.0rc1"),
        ("1.4.1~dfsg.1-3", "1.4.1"),
        ("9.0+really8.2-1", "8.2"),
        ("1.3.0+git20200101-1", "1.3.0"),
        ("4.6.2", "4.6.2"),
        ("0.1-2-1", "0.1-2"),
    ],
)
def test_upstream_version_of_a_debian_package(debian, version):
    assert parse_upstream(debian) == version


@pytest.mark.parametrize(
    "earlier, later",
    [
        ("1.9", "1.10"),
        ("1.16", "1.16.1"),
        ("2.0rc1", "2.0"),
        ("2.0dev1", "2.0rc1"),
        ("1.0", "1.0.post1"),
        ("99", "1!0.1"),
        ("1.2b", "1.2c"),
        ("0.11.9", "0.12.1"),
    ],
)
def test_version_order(earlier, later):
    assert compare_versions(earlier, later) == -1 and compare_versions(later, earlier) == 1


@pytest.mark.parametrize(
    "version, same", [("1.0", "1"), ("1.0.0", "1.0"), ("2.13.0+cpu", "2.13.0"), ("1.0RC1", "1.0rc1"), ("1_2", "1.2")]
)
def test_equal_versions(version, same):
    assert compare_versions(version, same) == 0


versions = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))


@given(versions, versions, versions)
def test_version_order_is_transitive(a, b, c):
    assert compare_versions(a, b) == -compare_versions(b, a)
    if compare_versions(a, b) <= 0 and compare_versions(b, c) <= 0:
        assert compare_versions(a, c) <= 0


@given(versions, versions)
def test_a_range_and_its_complement_share_the_versions(version, bound):
    assert satisfies(version, f">={bound}") != satisfies(version, f"<{bound}")
    assert satisfies(version, f"=={bound}") != satisfies(version, f"!={bound}")
    assert satisfies(version, f">={bound},<{bound}") is False
    assert satisfies(version, f">={bound}|<{bound}") is True


@pytest.mark.parametrize(
    "version, wanted, fits",
    [
        ("1.16.1", ">=1.16,<2", True),
        ("2.0", ">=1.16,<2", False),
        ("1.15.9", ">=1.16,<2", False),
        ("1.16.1", "=1.16", True),
        ("1.160", "=1.16", False),
        ("1.16.1", "1.16.*", True),
        ("1.16.1", "1.16", False),
        ("1.16", "==1.16.0", True),
        ("1.16.3", "!=1.16.*", False),
        ("1.17", "!=1.16.*", True),
        ("1.4.9", "~=1.4.2", True),
        ("1.5", "~=1.4.2", False),
        ("1.4.1", "~=1.4.2", False),
        ("0.39", ">=0.39,<0.41", True),
        ("3.3", "<2|>=3", True),
        ("2.5", "<2|>=3", False),
        ("2.0rc1", ">=2.0", False),
        ("7", "", True),
        ("7", "*", True),
    ],
)
def test_ranges(version, wanted, fits):
    assert satisfies(version, wanted) is fits


@pytest.mark.parametrize("wanted", ["one", ">=", ">>1", "1.2 build_0", ">=1,,<2", ">=1,", "~=1", "1|"])
def test_invalid_range_raises_an_error(wanted):
    with pytest.raises(RangeError):
        satisfies("1.0", wanted)


@pytest.mark.parametrize(
    "wanted, pip",
    [
        (">=1.2,<2", ">=1.2,<2"),
        ("=1.2", "==1.2.*"),
        ("1.2.*", "==1.2.*"),
        ("1.2", "==1.2"),
        ("!=1.2.*", "!=1.2.*"),
        ("", ""),
        ("~=1.4.2", ">=1.4.2,==1.4.*"),
    ],
)
def test_ranges_are_converted_for_pip(wanted, pip):
    assert format_for_pip(wanted) == pip


def test_pip_has_no_alternatives():
    with pytest.raises(RangeError, match="does not support alternatives"):
        format_for_pip("<2|>=3")
