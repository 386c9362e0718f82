"""The workflow as a Snakemake module of another workflow, in another folder."""

import random
import re
import subprocess
from pathlib import Path

import pytest
import yaml

import projects

SNAKEFILE = f"""
configfile: "config/config.yaml"

module readsight:
    snakefile: "{projects.ROOT}/Snakefile"
    config: config

use rule * from readsight
"""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory) -> Path:
    """A folder with a Snakefile that loads this workflow, and a config with one task on sequences."""
    folder = tmp_path_factory.mktemp("deployment")
    rng = random.Random(1)
    rows = [f"s{i}\t{''.join(rng.choices('ACGT', k=60))}\t{('no', 'yes')[i % 2]}" for i in range(200)]
    (folder / "sequences.tsv").write_text("\n".join(["name\tsequence\tlabel", *rows]) + "\n")
    task = {"source": "sequences", "label": "label", "positive": "yes", "models": ["kmer_linear", "gc_content"]}
    task["sequences"] = {"files": [{"path": str(folder / "sequences.tsv")}]}
    config = {"project": "other", "variants": None, "expression": None, "tasks": {"promoters": task}}
    (folder / "config").mkdir()
    (folder / "config/config.yaml").write_text(yaml.safe_dump(config))
    (folder / "Snakefile").write_text(SNAKEFILE)
    return folder


def run_module(folder: Path, *arguments: str) -> str:
    """Run Snakemake in the folder; its output. The environments of this checkout are used."""
    prefix = projects.ROOT / ".snakemake/conda"
    command = ["snakemake", "--cores", "1", "--sdm", "conda", "--conda-prefix", str(prefix), *arguments]
    run = subprocess.run(
        command, cwd=folder, env=projects.build_environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert run.returncode == 0, run.stdout
    return run.stdout


def test_module_plans_all_rules_of_the_task(deployment):
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", run_module(deployment, "--dry-run", "--quiet", "rules"), flags=re.M))
    assert {"dataset_assemble_sequences", "dataset_split", "model_train", "model_evaluate", "dossier_audit"} <= set(jobs)
    assert jobs["model_train"] == "3", "two models and the control"


def test_module_runs_a_job_in_its_environment(deployment):
    target = "results/other/dossier/versions/python.json"
    run_module(deployment, target)
    assert "python" in (deployment / target).read_text()
