"""The config page has every setting, the versions page every package."""

import json
from types import SimpleNamespace

import yaml

import dossier_config as config

SETTINGS = {"project": "p", "seed": 1, "reads": {"trim": {"window": 4}, "none": {}}, "tasks": {}, "list": ["a", "b"], "off": None}


def make_record(environment, *packages):
    return {
        "environment": environment,
        "packages": [dict(zip(("name", "version", "asked"), p, strict=True)) | {"build": "0", "channel": "c"} for p in packages],
    }


def test_settings_are_flattened_completely():
    rows = dict(config.flatten_settings(SETTINGS))
    assert rows == {
        "project": "p",
        "seed": "1",
        "reads.trim.window": "4",
        "reads.none": "{}",
        "tasks": "{}",
        "list": "[a, b]",
        "off": "null",
    }


def test_equal_builds_share_one_row():
    records = [
        make_record("a", ("python", "3.11", True), ("zlib", "1", False)),
        make_record("b", ("python", "3.11", True)),
        make_record("c", ("python", "3.12", True)),
    ]
    assert config.group_packages(records, True) == [["python", "3.11", "0", "c", "a, b"], ["python", "3.12", "0", "c", "c"]]
    assert config.group_packages(records, False) == [["zlib", "1", "0", "c", "a"]]


def test_pages_and_files_are_written(tmp_path):
    sheet = tmp_path / "samples.tsv"
    sheet.write_text("sample\tunit\tassay\tfastq_1\tdonor\nanna\t1\twgs\ta.fq.gz\n")
    (tmp_path / "v.json").write_text(json.dumps(make_record("bwa", ("bwa", "0.7.17", True), ("zlib", "1", False))))
    out = SimpleNamespace(**{name: tmp_path / f"{name}.out" for name in ("config", "settings", "versions", "table")})
    config.main(SETTINGS, "0.1.0", "docker://caller:1", sheet, [tmp_path / "v.json"], out)
    assert yaml.safe_load(out.settings.read_text()) == SETTINGS
    assert all(expected in out.config.read_text() for expected in ("anna", "reads.trim.window", "Readsight 0.1.0", "donor"))
    assert all(expected in out.versions.read_text() for expected in ("0.7.17", "zlib", "docker://caller:1"))
    assert out.table.read_text().splitlines()[1] == "bwa\tbwa\t0.7.17\t0\tc\tyes"
