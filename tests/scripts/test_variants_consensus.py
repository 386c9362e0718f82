"""A consensus call is made and not filtered by a minimum number of callers; the record of the first caller is kept."""

import subprocess

import pytest

import variants_consensus
from donors import query_records, require_tools, write_vcf

pytestmark = require_tools("bcftools", "tabix", "bgzip")

GQ = '##FORMAT=<ID=GQ,Number=1,Type={},Description="x">\n##INFO=<ID=DP,Number=1,Type=Integer,Description="x">\n##FILTER=<ID=Low,Description="x">'
# A: 3 5 7(filtered) 9; B: 3 7 11 13; C: 3 5(different allele) 7 11
CALLS = {
    "a": ("Integer", ["c 3 . G A 50 PASS DP=1 GT:GQ 0/1:9", "c 5 . G A 50 PASS DP=1 GT:GQ 0/1:9", "c 7 . G A 50 Low DP=1 GT:GQ 0/1:9", "c 9 . G A 50 PASS DP=1 GT:GQ 0/1:9"]),
    "b": ("Float", ["c 3 . G A 40 PASS DP=2 GT:GQ 1/1:8", "c 7 . G A 40 PASS DP=2 GT:GQ 1/1:8.5", "c 11 . G GT 40 PASS DP=2 GT:GQ 1/1:8", "c 13 . G A 40 PASS DP=2 GT:GQ 1/1:8"]),
    "c": ("Integer", ["c 3 . G A 30 PASS DP=3 GT:GQ 0/0:7", "c 5 . G T 30 PASS DP=3 GT:GQ 0/1:7", "c 7 . G A 30 PASS DP=3 GT:GQ 0/1:7", "c 11 . G GT 30 PASS DP=3 GT:GQ 0/1:7"]),
}  # fmt: skip


@pytest.fixture
def calls(tmp_path):
    files = []
    for name, (kind, rows) in CALLS.items():
        vcf = write_vcf(tmp_path / f"{name}.vcf", {"c": 30}, rows, ("s",), GQ.format(kind))
        bcf = tmp_path / f"{name}.bcf"
        subprocess.run(["bcftools", "view", "--no-version", "-Ob", "-o", bcf, vcf], check=True)
        subprocess.run(["bcftools", "index", bcf], check=True)
        files.append(bcf)
    return files


def run_consensus(calls, least, tmp_path):
    scratch = tmp_path / f"scratch{least}"
    scratch.mkdir()
    variants_consensus.main(calls, ["a", "b", "c"], least, tmp_path / "out.bcf", scratch)
    return query_records(tmp_path / "out.bcf", "%POS %ALT %CALLERS %NCALLERS %DP[ %GT]")


def test_callers_are_counted_and_first_record_is_kept(calls, tmp_path):
    assert run_consensus(calls, 2, tmp_path) == ["3 A a,b,c 3 1 0/1", "7 A b,c 2 2 1/1", "11 GT b,c 2 2 1/1"]


def test_all_and_one(calls, tmp_path):
    assert run_consensus(calls, 3, tmp_path) == ["3 A a,b,c 3 1 0/1"]
    calls_out = run_consensus(calls, 1, tmp_path)
    assert [row.split()[0] + row.split()[1] for row in calls_out] == ["3A", "5A", "5T", "7A", "9A", "11GT", "13A"]


def test_conflicting_tags_come_from_the_first_caller(calls, tmp_path):
    run_consensus(calls, 2, tmp_path)
    assert query_records(tmp_path / "out.bcf", "[%GQ]") == ["9", ".", "."]
    assert (tmp_path / "out.bcf.csi").exists()


def test_no_agreement_is_a_valid_file(calls, tmp_path):
    assert run_consensus([calls[0], calls[0], calls[1]], 4, tmp_path) == []
