"""Generated documentation of the config is up to date and complete."""

import json
import re
from pathlib import Path

import yaml

from readsight.config import documentation
from readsight.config import schema as config


def test_generated_files_are_up_to_date():
    assert not documentation.find_outdated(), "run: python -m readsight.config.documentation"


def test_generated_config_equals_the_defaults(monkeypatch):
    parsed = config.parse_config(yaml.safe_load(documentation.render_config_yaml()))
    minimal = config.parse_config(
        {"project": "my-project", "samples": "config/samples.tsv", "reference": {"fasta": "data/genome.fa"}}
    )
    assert parsed == minimal


def parse_with_all_keys() -> dict:
    return yaml.safe_load(
        re.sub(r"(?m)^( *)#(\S)", r"\1\2", re.sub(r"(?m)^ *#( .*)?$\n", "", documentation.render_config_yaml()))
    )


def test_commented_keys_are_valid_when_enabled():
    raw = parse_with_all_keys()
    raw["variants"]["vcf"] = None  # the task's caller is bcftools
    raw["tasks"]["call_quality"] |= {"time": None, "event": None}
    raw["tasks"]["call_quality"]["sequences"]["files"] = []
    interpret = raw["tasks"]["call_quality"]["interpret"]
    assert interpret["variants"][0]["shifts"] == [-8, 0, 8] and interpret["personal"][0]["name"] == "cohort"
    raw["tasks"]["call_quality"]["interpret"] = {}
    parsed = config.parse_config(raw)
    assert parsed.demo == config.Demo()
    assert parsed.tasks == {"call_quality": config.Task()}
    assert parsed.variants.truth.vcf == "data/truth.vcf.gz"


def test_every_key_is_in_config_schema_and_reference():
    def iterate_paths(section, above, values):
        for key in documentation.iterate_keys(section, above):
            yield key
            if key.section:
                inner = values[key.name]
                inner = next(iter(inner.values())) if key.is_mapping else inner[0] if key.is_list else inner
                yield from iterate_paths(key.section, key.path, inner)
            else:
                assert key.name in values, key.path

    keys = list(iterate_paths(config.Config, "", parse_with_all_keys()))
    assert len(keys) > 80
    table, schema = documentation.render_readme(), json.loads(documentation.render_schema_json())
    for key in keys:
        assert f"`{key.name}`" in table and key.help, key.path
    assert schema["properties"]["reads"] and schema["$defs"]["Trim"]["properties"]["leading"]["maximum"] == 93


def test_links_of_the_reference_lead_to_headings():
    text = documentation.render_readme()
    headings = {documentation._make_anchor(h) for h in re.findall(r"(?m)^### (.*)$", text)}
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= headings
    assert "<!--" not in text


def test_check_names_outdated_files(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(documentation, "FOLDER", tmp_path)
    assert documentation.main([]) == 0 and documentation.main(["--check"]) == 0
    schema = tmp_path / "schema.json"
    schema.write_text(schema.read_text() + " ")
    assert documentation.main(["--check"]) == 1
    assert "schema.json" in capsys.readouterr().err


def test_shipped_projects_are_valid(monkeypatch):
    monkeypatch.setenv("READSIGHT_REAL_DATA", "/data")
    for path in sorted((Path(documentation.FOLDER) / "projects").glob("*/config.yaml")):
        assert config.read_config(path).project == path.parent.name
