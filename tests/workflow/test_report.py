"""The report of a project is one self-contained file with all pages and categories."""

import base64
import json
import os
import re
import shutil
import subprocess

import pytest

from projects import ROOT

STAGES = """
from readsight.wiring.stage import COHORT, Stage


class Calls(Stage):
    def targets(self):
        return ["<results>/variants/calls.tsv", "<results>/variants/calls.svg"]

    def summaries(self):
        return ["<results>/variants/calls.summary.json"]

    def products(self):
        return {(COHORT, "calls"): "<results>/variants/calls.tsv"}


class Align(Stage):
    def products(self):
        return {(sample, "alignments"): f"<results>/align/{sample}.tsv" for sample in project.samples}


demo = reads = expression = tables = cohort = compare = dataset = model = interpret = explain = Stage()
align, variants = Align(), Calls()


rule figure:
    output:
        report("<results>/variants/calls.svg", category="Variants", labels={"what": "Calls"}),
    script:
        "never.py"
"""
PACKAGES = {"python": "3.11.9", "bcftools": "1.16"}


def write_file(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Results of the dossier's rules, run on stages whose files already exist."""
    runner = ROOT / ".venv/bin/snakemake"
    if not runner.exists():
        pytest.skip("the runner is not set up: make setup")
    home = tmp_path_factory.mktemp("report")
    for folder in ("workflow", "envs"):
        shutil.copytree(ROOT / folder, home / folder, ignore=shutil.ignore_patterns("native"))
    (home / "scripts").symlink_to(ROOT / "scripts")
    shutil.copy(ROOT / "pyproject.toml", home)
    front = (ROOT / "Snakefile").read_text()
    front = re.sub(r'include: "workflow/rules/(?!dossier)\w+\.smk"\n', "", front).replace(
        'include: "workflow', 'include: "stages.smk"\ninclude: "workflow'
    )
    front = re.sub(r"^onstart:\n(?:    .*\n)+", "", front, flags=re.M)
    write_file(home / "Snakefile", front)
    write_file(home / "stages.smk", STAGES)
    write_file(home / "g.fa", ">chr1\n" + "ACGTTGCA" * 50 + "\n")
    for sample in "ab":
        write_file(home / f"{sample}.fq", f"@{sample}1\n{'ACGTTGCA' * 10}\n+\n{'I?F5HGI#' * 10}\n")
    write_file(home / "samples.tsv", "sample\tunit\tassay\tfastq_1\nanna\t1\twgs\ta.fq\nbert\t1\twgs\tb.fq\n")
    write_file(home / "config.yaml", "project: probe\nsamples: samples.tsv\nreference: {fasta: g.fa}\n")
    folder = home / "results/probe"
    write_file(folder / "align/anna.tsv", "head\nrow\n")
    write_file(folder / "align/bert.tsv", "head\n")
    write_file(folder / "align/bert.note.json", '{"note": "nothing of bert maps"}')
    write_file(folder / "variants/calls.tsv", "head\nrow\n")
    write_file(folder / "variants/calls.svg", "<svg xmlns='http://www.w3.org/2000/svg'><rect width='9' height='9'/></svg>")
    write_file(folder / "variants/calls.summary.json", json.dumps([{"key": "variants.bcftools.calls", "value": 7}]))
    for name, version in PACKAGES.items():
        write_file(home / f"prefix/conda-meta/{name}.json", json.dumps({"name": name, "version": version}))
    call = [runner, "--configfile", "config.yaml", "--cores", "2"]
    for arguments in ([], ["--report", "results/probe/report.html"]):
        ran = subprocess.run(
            [*call, *arguments], cwd=home, env=os.environ | {"CONDA_PREFIX": str(home / "prefix")}, text=True, capture_output=True
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


def test_audit_has_every_sample_product_and_reason(results):
    rows = [line.split("\t") for line in (results / "dossier/audit.tsv").read_text().splitlines()]
    states = {(row[0], row[2]): (row[3], row[5]) for row in rows[1:]}
    assert states["anna", "alignments"] == ("there", "")
    assert states["bert", "alignments"] == ("empty", "nothing of bert maps")
    assert states["cohort", "calls"] == ("there", "")


def test_summary_contains_figures_of_all_stages(results):
    assert json.loads((results / "summary.json").read_text())["variants.bcftools.calls"]["value"] == 7


def test_versions_are_the_installed_ones(results):
    rows = [line.split("\t") for line in (results / "dossier/versions.tsv").read_text().splitlines()]
    assert ["bcftools", "bcftools", "1.16", "", "", "yes"] in rows and ["bcftools", "python", "3.11.9", "", "", "yes"] in rows


def test_report_is_one_file_without_remote_content(results):
    html = (results / "report.html").read_text()
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=[\"']?(https?:)?//", html)


def test_report_contains_all_categories_and_pages(results):
    html = (results / "report.html").read_text()
    for category in ("Audit", "Summary", "Variants", "Provenance"):
        assert f'"{category}"' in html
    pages = [base64.b64decode(encoded).decode() for encoded in re.findall(r"data:text/html[^\"]*?base64,([A-Za-z0-9+/=]+)", html)]
    titles = {re.search("<title>(.*?)</title>", page).group(1) for page in pages}
    assert titles == {"Audit", "Summary", "Config", "Versions"}
