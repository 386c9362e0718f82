"""What is generated from the model says what the model says."""

import json
import re
from pathlib import Path

import yaml

from readsight.config import documentation
from readsight.config import schema as config


def test_no_drift():
    assert not documentation.drifted(), "run: python -m readsight.config.documentation"


def test_default_config_is_a_valid_config_of_defaults(monkeypatch):
    parsed = config.parse(yaml.safe_load(documentation.config_yaml()))
    least = config.parse({"project": "my-project", "samples": "config/samples.tsv", "reference": {"fasta": "data/genome.fa"}})
    assert parsed == least


def switched_on() -> dict:
    return yaml.safe_load(re.sub(r"(?m)^( *)#(\S)", r"\1\2", re.sub(r"(?m)^ *#( .*)?$\n", "", documentation.config_yaml())))


def test_keys_that_are_off_are_valid_when_switched_on():
    raw = switched_on()
    raw["variants"]["vcf"] = None  # the task's caller is bcftools
    raw["tasks"]["call_quality"] |= {"time": None, "event": None}
    raw["tasks"]["call_quality"]["sequences"]["files"] = []
    own = raw["tasks"]["call_quality"]["interpret"]
    assert own["variants"][0]["shifts"] == [-8, 0, 8] and own["personal"][0]["name"] == "cohort"
    raw["tasks"]["call_quality"]["interpret"] = {}
    parsed = config.parse(raw)
    assert parsed.demo == config.Demo()
    assert parsed.tasks == {"call_quality": config.Task()}
    assert parsed.variants.truth.vcf == "data/truth.vcf.gz"


def test_every_key_of_the_model_stands_in_all_three():
    def paths(section, above, values):
        for key in documentation.keys_of(section, above):
            yield key
            if key.sub:
                inner = values[key.name]
                inner = next(iter(inner.values())) if key.many else inner[0] if key.listed else inner
                yield from paths(key.sub, key.path, inner)
            else:
                assert key.name in values, key.path

    keys = list(paths(config.Config, "", switched_on()))
    assert len(keys) > 80
    table, schema = documentation.readme(), json.loads(documentation.schema_json())
    for key in keys:
        assert f"`{key.name}`" in table and key.help, key.path
    assert schema["properties"]["reads"] and schema["$defs"]["Trim"]["properties"]["leading"]["maximum"] == 93


def test_links_of_the_readme_lead_to_its_headings():
    text = documentation.readme()
    headings = {documentation._anchor(h) for h in re.findall(r"(?m)^### (.*)$", text)}
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= headings
    assert "<!--" not in text


def test_check_names_what_drifted(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(documentation, "FOLDER", tmp_path)
    assert documentation.main([]) == 0 and documentation.main(["--check"]) == 0
    schema = tmp_path / "schema.json"
    schema.write_text(schema.read_text() + " ")
    assert documentation.main(["--check"]) == 1
    assert "schema.json" in capsys.readouterr().err


def test_shipped_projects_are_valid(monkeypatch):
    monkeypatch.setenv("READSIGHT_REAL_DATA", "/data")
    for path in sorted((Path(documentation.FOLDER) / "projects").glob("*/config.yaml")):
        assert config.read(path).project == path.parent.name
