"""A small demo through all stages: planted truth is recovered, all files exist, and only necessary jobs are rerun."""

import csv
import json
import re
from pathlib import Path

import anndata
import h5py
import pytest
import yaml

import projects

FIELDS = {"value", "low", "high", "n", "unit", "description"}
CATEGORIES = ("Audit", "Summary", "Quality", "Expression", "Variants", "Data set", "Models", "Interpretation", "Provenance")


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> Path:
    return projects.write_small_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def results(config) -> Path:
    return projects.run_to_report(config)


@pytest.fixture(scope="module")
def figures(results) -> dict[str, dict]:
    return json.loads((results / "summary.json").read_text())


def test_planted_snvs_are_recalled_outside_duplications(figures):
    for metric in ("recall", "precision"):
        figure = figures[f"variants.bcftools.snv.outside.{metric}"]
        assert figure["value"] >= 0.98 and figure["low"] <= figure["value"] <= figure["high"] and figure["n"] > 200


def test_planted_structural_variants_are_recalled(figures):
    assert figures["variants.delly.all.recall"]["value"] >= 0.75
    assert figures["variants.delly.all.precision"]["value"] >= 0.75


def test_measured_expression_matches_the_planted_levels(figures):
    for key in ("spearman", *(f"spearman.D{i}R" for i in range(1, 5))):
        figure = figures[f"demo.expression.{key}"]
        assert figure["value"] >= 0.95 and figure["low"] < figure["value"], key
    assert figures["demo.expression.recall"]["n"] >= 4 and figures["demo.expression.false_discovery_rate"]["n"] >= 0


def test_models_are_compared_with_the_planted_optimum(figures):
    best = figures["demo.enhancers.optimum"]
    assert best["low"] <= best["value"] <= best["high"] and abs(best["value"] - 0.96) < 0.04 and best["n"] == 200
    gaps = {model: figures[f"demo.enhancers.{model}.gap"] for model in ("cnn", "kmer_linear", "gc_content")}
    assert all(gap["value"] < 0 for gap in gaps.values())  # after one epoch all models are worse than the optimum
    assert figures["enhancers.gc_content.auroc"]["low"] < 0.55


def test_splice_sites_are_scored_by_top_k(figures):
    for model in ("dilated_resnet", "position_matrix"):
        assert 0 <= figures[f"splice_sites.{model}.top_k"]["value"] <= 1


def test_attributions_are_examined_and_variants_ranked(results, figures):
    for task in ("enhancers", "splice_sites"):
        for method in ("integrated_gradients", "deep_shap", "mutagenesis"):
            assert f"interpret.{task}.{method}.passed" in figures
    effects = json.loads((results / "interpret/enhancers/variants/regulatory.json").read_text())
    assert effects["scored"] > 20 and "score" in effects["evaluation"]["all"]["ranks"]
    with open(results / "interpret/enhancers/personal/donors.tsv", newline="") as handle:
        assert {row["sample"] for row in csv.DictReader(handle, delimiter="\t")} == {"D1", "D2", "D3"}


def test_rna_matches_donor_and_sex_of_the_sheet(results, figures):
    assert (figures["expression.cohort.sample_swaps"]["value"], figures["expression.cohort.sample_swaps"]["n"]) == (0, 3)
    with open(results / "expression/cohort/swaps.tsv", newline="") as handle:
        states = {row["sample"]: row["state"] for row in csv.DictReader(handle, delimiter="\t")}
    assert states == {"D1R": "own", "D2R": "own", "D3R": "own", "D4R": "no DNA"}
    assert (figures["expression.cohort.sex_mismatches"]["value"], figures["expression.cohort.sex_mismatches"]["n"]) == (0, 4)


def test_figures_are_documented_and_models_have_baselines(figures):
    assert all(set(figure) == FIELDS and figure["description"] for figure in figures.values())
    for model in ("network", "logistic", "single_feature"):
        for metric in ("auroc", "auprc", "brier"):
            interval = figures[f"call_quality.{model}.{metric}"]
            assert interval["low"] <= interval["value"] <= interval["high"]
    assert 0 < figures["call_quality.base_rate"]["value"] <= 0.5
    verdict = figures["call_quality.verdict"]["value"]
    assert "logistic regression" in verdict and "QUAL alone" in verdict and "shuffled labels" in verdict


def test_audit_lists_every_sample_and_product(results):
    with open(results / "dossier/audit.tsv", newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    # networks after one epoch have no motifs, for which a reason is recorded
    assert all("/motifs/" in row["file"] and row["reason"] for row in rows if row["state"] == "empty")
    assert {row["state"] for row in rows} == {"there", "not asked for", "empty"}
    for sample in ("D1", "D2", "D3", "D4R"):
        assert (sample, "alignments") in {(row["sample"], row["product"]) for row in rows}


def test_no_group_is_in_training_and_test(results):
    folder = results / "dataset/call_quality/repeat0"
    for fold in range(3):
        groups = {}
        for role in ("train", "validation", "test", "balanced.smote"):
            with h5py.File(folder / f"{role}.h5") as handle:
                groups[role] = set(anndata.io.read_elem(handle[f"fold{fold}"]).obs["group"].astype(str))
        assert groups["balanced.smote"] - {""} <= groups["train"]
        assert not groups["train"] & groups["test"] and not groups["validation"] & (groups["test"] | groups["train"])


def test_report_is_one_file_with_all_categories(results):
    html = (results / "report.html").read_text()
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=[\"']?(https?:)?//", html)
    assert all(f'"{category}"' in html for category in CATEGORIES)


def test_every_step_stays_below_2_gb(results):
    for path in (results / "benchmarks").rglob("*.tsv"):
        with open(path, newline="") as handle:
            (row,) = csv.DictReader(handle, delimiter="\t")
        assert row["max_rss"] in ("NA", "-") or float(row["max_rss"]) <= 2000, path


def test_a_second_run_does_nothing(config, results):
    run = projects.run_snakemake(config)
    assert run.returncode == 0 and "Nothing to be done" in run.stdout, run.stdout


# key → new value and rules that read it, except dossier_config, which writes the complete config
CHANGES = {
    "reads.full_check_mb": (400, set()),
    "reads.trim.min_length": (40, {"reads_trim_pe"}),
    "align.platform": ("BGI", {"align_bwa", "align_star"}),
    "demo.rna_pairs": (4100, {"demo_reads_rna"}),
    "expression.min_assigned": (0.02, {"expression_count"}),
    "expression.contrast.block": (None, {"expression_differential"}),
    "variants.min_base_quality": (15, {"variants_call_bcftools"}),
    "variants.filters": ({"LowQual": "QUAL<30"}, {"variants_filter"}),
    "tasks.call_quality.split.column": ("group", set()),
    "tasks.call_quality.split.gap": (300, {"dataset_split"}),
    "tasks.call_quality.balance.neighbours": (4, {"dataset_balance"}),
    "tasks.call_quality.network.epochs": (11, {"model_train"}),
    "tasks.call_quality.explained": (41, {"interpret_attribute_features"}),
    "tasks.enhancers.represent.k": (5, {"dataset_represent"}),
    "tasks.enhancers.training.epochs": (2, {"model_train"}),
    "tasks.enhancers.interpret.baselines": (6, {"interpret_attribute_sequences", "interpret_motif_attributions"}),
    "tasks.enhancers.interpret.motifs.match": (0.1, {"interpret_motifs"}),
    "tasks.enhancers.interpret.drawn": (4, {"interpret_plot_sequences"}),
}


def plan_changed_config(config: Path, key: str, value: object) -> list[tuple[str, str]]:
    """Rule and reason of each job of a dry run after one key is changed."""
    raw = yaml.safe_load(config.read_text())
    *sections, last = key.split(".")
    section = raw
    for name in sections:
        section = section.setdefault(name, {})
    section[last] = value
    changed = config.with_name("changed.yaml")
    changed.write_text(yaml.safe_dump(raw))
    run = projects.run_snakemake(changed, "--dry-run")
    assert run.returncode == 0, run.stdout
    return re.findall(r"^(?:local)?rule (\w+):\n(?:    .*\n)*?    reason: (.*)$", run.stdout, flags=re.M)


@pytest.mark.parametrize("key", CHANGES)
def test_changed_key_reruns_only_rules_that_read_it(config, results, key):
    value, readers = CHANGES[key]
    jobs = plan_changed_config(config, key, value)
    assert {rule for rule, reason in jobs if "Params have changed" in reason} == readers | {"dossier_config"}
    if not readers:
        assert {rule for rule, _ in jobs} == {"dossier_config", "dossier_audit", "all"}
    if key == "variants.filters":  # filtering is cheap to repeat, calling is not
        assert not {rule for rule, _ in jobs if rule.startswith(("variants_call_", "variants_normalise"))}
    if key.endswith("network.epochs"):
        assert [rule for rule, _ in jobs].count("model_train") == 1
