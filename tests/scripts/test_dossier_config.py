"""The config page tells every setting; the versions page every package."""

import json
from types import SimpleNamespace

import yaml

import dossier_config as config

SETTINGS = {"project": "p", "seed": 1, "reads": {"trim": {"window": 4}, "none": {}}, "tasks": {}, "list": ["a", "b"], "off": None}


def record(environment, *packages):
    return {
        "environment": environment,
        "packages": [dict(zip(("name", "version", "asked"), p, strict=True)) | {"build": "0", "channel": "c"} for p in packages],
    }


def test_settings_are_flat_and_lose_nothing():
    rows = dict(config.settings(SETTINGS))
    assert rows == {
        "project": "p",
        "seed": "1",
        "reads.trim.window": "4",
        "reads.none": "{}",
        "tasks": "{}",
        "list": "[a, b]",
        "off": "null",
    }


def test_one_build_in_several_environments_is_one_row():
    records = [
        record("a", ("python", "3.11", True), ("zlib", "1", False)),
        record("b", ("python", "3.11", True)),
        record("c", ("python", "3.12", True)),
    ]
    assert config.gather(records, True) == [["python", "3.11", "0", "c", "a, b"], ["python", "3.12", "0", "c", "c"]]
    assert config.gather(records, False) == [["zlib", "1", "0", "c", "a"]]


def test_pages_and_files_are_written(tmp_path):
    sheet = tmp_path / "samples.tsv"
    sheet.write_text("sample\tunit\tassay\tfastq_1\tdonor\nanna\t1\twgs\ta.fq.gz\n")
    (tmp_path / "v.json").write_text(json.dumps(record("bwa", ("bwa", "0.7.17", True), ("zlib", "1", False))))
    out = SimpleNamespace(**{name: tmp_path / f"{name}.out" for name in ("config", "settings", "versions", "table")})
    config.main(SETTINGS, "0.1.0", "docker://caller:1", sheet, [tmp_path / "v.json"], out)
    assert yaml.safe_load(out.settings.read_text()) == SETTINGS
    assert all(words in out.config.read_text() for words in ("anna", "reads.trim.window", "Readsight 0.1.0", "donor"))
    assert all(words in out.versions.read_text() for words in ("0.7.17", "zlib", "docker://caller:1"))
    assert out.table.read_text().splitlines()[1] == "bwa\tbwa\t0.7.17\t0\tc\tyes"
