"""Versions: installed packages, not requested ones; a missing record is an error, not an empty list."""

import json

import pytest

import dossier_versions as versions
from readsight.errors import ToolError

ENVIRONMENT = """channels:
  - conda-forge
  - bioconda
dependencies:
  - python >=3.11,<3.14   # every file names it
  - bioconda::bwa=0.7.*
  - "samtools >=1.16"
  - pytorch-cpu
  - pip
  - pip:
      - imbalanced_learn==0.14
"""


@pytest.fixture
def environment_prefix(tmp_path):
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / "conda-meta/history").write_text("")
    for name, version, extra in [
        ("bwa", "0.7.17", {"build": "h1", "channel": "https://host.example/path/bioconda/linux-64"}),
        ("imbalanced-learn", "0.14.0", {"build_string": "pypi_0", "channel": "pypi"}),
        ("zlib", "1.2", {}),
    ]:
        (tmp_path / f"conda-meta/{name}.json").write_text(json.dumps({"name": name, "version": version} | extra))
    (tmp_path / "env.yaml").write_text(ENVIRONMENT)
    return tmp_path


def test_declared_package_names(environment_prefix):
    assert versions.read_declared(environment_prefix / "env.yaml") == [
        "python",
        "bwa",
        "samtools",
        "pytorch-cpu",
        "pip",
        "imbalanced_learn",
    ]


def test_installed_packages_are_recorded_and_requested_ones_flagged(environment_prefix):
    record = versions.describe_environment("bwa", environment_prefix, environment_prefix / "env.yaml")
    assert {p["name"]: (p["version"], p["asked"]) for p in record["packages"]} == {
        "bwa": ("0.7.17", True),
        "imbalanced-learn": ("0.14.0", True),
        "zlib": ("1.2", False),
    } | {name: ("not recorded", True) for name in ("python", "samtools", "pytorch-cpu", "pip")}


def test_channel_keeps_its_name_without_the_host(environment_prefix):
    assert [p["channel"] for p in versions.read_installed(environment_prefix)] == ["bioconda", "pypi", ""]


def test_environment_without_a_record_is_an_error(tmp_path):
    with pytest.raises(ToolError, match="no record"):
        versions.read_installed(tmp_path)
