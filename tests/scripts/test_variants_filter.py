"""FILTER lists the filters that a call fails; invalid expressions are refused by name."""

import pytest

import variants_filter
from donors import query_records, require_tools, write_vcf
from readsight.errors import InputError
from readsight.variants.vcf_files import load_header

pytestmark = require_tools("bcftools")

DP = '##INFO=<ID=DP,Number=1,Type=Integer,Description="x">'
ROWS = [
    "c 3 . G A 50 . DP=9 GT 0/1",
    "c 4 . G A 5 . DP=9 GT 0/1",
    "c 5 . G A 5 . DP=1 GT 0/1",
    "c 6 . G A . . . GT 0/1",
    "c 7 . G A 50 custom DP=9 GT 0/1",
]


def filter_calls(tmp_path, filters):
    vcf = write_vcf(tmp_path / "in.vcf", {"c": 30}, ROWS, ("s",), DP + '\n##FILTER=<ID=custom,Description="x">')
    variants_filter.main(vcf, tmp_path / "out.bcf", filters, "bcftools")
    return query_records(tmp_path / "out.bcf", "%FILTER")


def test_calls_list_the_filters_they_fail(tmp_path):
    filters = filter_calls(tmp_path, {"LowQual": "QUAL<20", "LowDepth": "INFO/DP<4"})
    assert filters == ["PASS", "LowQual", "LowQual;LowDepth", "PASS", "custom"]
    header_text = "\n".join(load_header(tmp_path / "out.bcf"))
    assert "ID=LowQual" in header_text and "QUAL<20" in header_text and "INFO/DP<4" in header_text


def test_without_filters_only_marked_calls_fail(tmp_path):
    assert filter_calls(tmp_path, {}) == ["PASS"] * 4 + ["custom"]


def test_an_expression_that_does_not_fit_is_refused_by_name(tmp_path):
    with pytest.raises(InputError) as error:
        filter_calls(tmp_path, {"LowQual": "QUAL<20", "Odd": "INFO/NOSUCH<3", "Broken": "(QUAL<3"})
    messages = str(error.value).splitlines()
    assert len(messages) == 2
    assert messages[0].startswith("variants.filters.Odd") and "bcftools" in messages[0] and "NOSUCH" in messages[0]
    assert messages[1].startswith("variants.filters.Broken")
