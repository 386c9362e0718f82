"""Filters name what a call fails; expressions that do not fit are refused by name."""

import pytest

import variants_filter
from donors import needs, records, write_vcf
from readsight.errors import InputError
from readsight.variants.vcf_files import header

pytestmark = needs("bcftools")

DP = '##INFO=<ID=DP,Number=1,Type=Integer,Description="x">'
ROWS = [
    "c 3 . G A 50 . DP=9 GT 0/1",
    "c 4 . G A 5 . DP=9 GT 0/1",
    "c 5 . G A 5 . DP=1 GT 0/1",
    "c 6 . G A . . . GT 0/1",
    "c 7 . G A 50 own DP=9 GT 0/1",
]


def filtered(tmp_path, filters):
    vcf = write_vcf(tmp_path / "in.vcf", {"c": 30}, ROWS, ("s",), DP + '\n##FILTER=<ID=own,Description="x">')
    variants_filter.main(vcf, tmp_path / "out.bcf", filters, "bcftools")
    return records(tmp_path / "out.bcf", "%FILTER")


def test_calls_bear_the_reasons_they_fail_for(tmp_path):
    found = filtered(tmp_path, {"LowQual": "QUAL<20", "LowDepth": "INFO/DP<4"})
    assert found == ["PASS", "LowQual", "LowQual;LowDepth", "PASS", "own"]
    words = "\n".join(header(tmp_path / "out.bcf"))
    assert "ID=LowQual" in words and "QUAL<20" in words and "INFO/DP<4" in words


def test_without_filters_everything_passes_but_what_came_marked(tmp_path):
    assert filtered(tmp_path, {}) == ["PASS"] * 4 + ["own"]


def test_an_expression_that_does_not_fit_is_refused_by_name(tmp_path):
    with pytest.raises(InputError) as error:
        filtered(tmp_path, {"LowQual": "QUAL<20", "Odd": "INFO/NOSUCH<3", "Broken": "(QUAL<3"})
    words = str(error.value).splitlines()
    assert len(words) == 2
    assert words[0].startswith("variants.filters.Odd") and "bcftools" in words[0] and "NOSUCH" in words[0]
    assert words[1].startswith("variants.filters.Broken")
