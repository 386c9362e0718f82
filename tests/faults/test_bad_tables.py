"""Invalid tables and tasks on samples are reported before any job, with position and remedy.

Every case breaks one thing in a small valid cohort of two modalities and checks it like `make doctor`.
"""

import gzip
import os
import random
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from projects import ROOT, run_snakemake
from readsight.doctor import preflight

CONTRAST = {"table": "rna", "column": "response", "reference": "no", "tested": "yes"}
SAMPLES = [f"P{i:02}" for i in range(1, 25)]
CONFIG = {
    "project": "cohort",
    "samples": "sheet.tsv",
    "tables": {"rna": {"files": ["rna.csv.gz"]}, "protein": {"files": ["protein.tsv"]}},
    "metadata": [{"file": "clinical.csv"}],
    "tasks": {"response": {"source": "samples", "label": "response", "split": {"folds": 3, "repeats": 1}}},
}


@dataclass
class CohortFolder:
    """A valid cohort in a temporary folder."""

    folder: Path

    def read_text(self, name: str) -> str:
        data = (self.folder / name).read_bytes()
        return (gzip.decompress(data) if name.endswith(".gz") else data).decode()

    def write_text(self, name: str, text: str) -> None:
        data = text.encode()
        (self.folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)

    def replace_text(self, name: str, old: str, new: str, count: int = -1) -> None:
        text = self.read_text(name)
        assert old in text, f"{old!r} is not in {name}"
        self.write_text(name, text.replace(old, new, count))

    def set_config(self, key: str, value: object) -> None:
        """Set a key of the config by its dotted path."""
        raw = yaml.safe_load(self.read_text("config.yaml"))
        *parents, last = key.split(".")
        section = raw
        for name in parents:
            section = section[int(name)] if isinstance(section, list) else section.setdefault(name, {})
        section[last] = value
        self.write_text("config.yaml", yaml.safe_dump(raw, sort_keys=False))


@pytest.fixture
def cohort(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random_source, folder = random.Random(3), CohortFolder(tmp_path)
    genes = [f"ENSG{i:011}" for i in range(1, 31)]
    rows = [[s, *(str(random_source.randrange(500)) for _ in genes)] for s in SAMPLES]
    folder.write_text("rna.csv.gz", "\n".join(",".join(column) for column in zip(["gene_id", *genes], *rows, strict=True)) + "\n")
    lines = ["\t".join(["sample", "AKT", "TP53", "ESR1"])]
    lines += ["\t".join([s, *(f"{random_source.gauss(0, 1):.3f}" for _ in range(3))]) for s in SAMPLES]
    folder.write_text("protein.tsv", "\n".join(lines) + "\n")
    folder.write_text("clinical.csv", "patient,age\n" + "".join(f"{s},{random_source.randrange(30, 80)}\n" for s in SAMPLES))
    sheet = [f"{s}\t{'yes' if i % 2 else 'no'}\t{'ab'[i // 2 % 2]}\t{50 + i / 2}" for i, s in enumerate(SAMPLES)]
    folder.write_text("sheet.tsv", "\n".join(["sample\tresponse\tbatch\tweight", *sheet]) + "\n")
    folder.write_text("config.yaml", yaml.safe_dump(CONFIG, sort_keys=False))
    return folder


def drop_samples(name: str, *samples: str):
    def edit_cohort(cohort: CohortFolder) -> None:
        kept = [line for line in cohort.read_text(name).splitlines() if not line.startswith(samples)]
        cohort.write_text(name, "\n".join(kept) + "\n")

    return edit_cohort


def label_all_positive(cohort: CohortFolder) -> None:
    cohort.replace_text("sheet.tsv", "\tno\t", "\tyes\t")


def keep_two_negatives(cohort: CohortFolder) -> None:
    lines = cohort.read_text("sheet.tsv").splitlines()
    cohort.write_text("sheet.tsv", "\n".join([*lines[:4], *(line.replace("\tno\t", "\tyes\t") for line in lines[4:])]) + "\n")


def confound_batch(cohort: CohortFolder) -> None:
    cohort.replace_text("sheet.tsv", "\tno\tb", "\tno\ta")
    cohort.replace_text("sheet.tsv", "\tyes\ta", "\tyes\tb")
    cohort.set_config("tasks.response.harmonise", {"batch": "batch"})


def set_combat(cohort: CohortFolder, **more: str) -> None:
    cohort.set_config("tasks.response.harmonise", {"method": "combat", "batch": "batch", **more})


def hold_out_batch(cohort: CohortFolder) -> None:
    """Given split with a test set from a batch that is not in the training set."""
    set_combat(cohort)
    cohort.set_config("tasks.response.split", {"by": "given"})
    head, *rows = cohort.read_text("sheet.tsv").splitlines()
    rows = [f"{row}\ttrain" if i % 6 > 1 else row.replace("\ta\t", "\tz\t") + "\ttest" for i, row in enumerate(rows)]
    cohort.write_text(
        "sheet.tsv",
        "\n".join([head + "\tsplit", *(row.replace("\tb\t", "\tz\t") if row.endswith("test") else row for row in rows)]) + "\n",
    )


def rename_protein_samples(cohort: CohortFolder) -> None:
    """Rename the protein samples, so that the modalities share no sample."""
    cohort.replace_text("protein.tsv", "P", "Q_")
    cohort.replace_text("protein.tsv", "TQ_53", "TP53")
    cohort.replace_text("clinical.csv", "age\n", "age\n" + "".join(f"{s.replace('P', 'Q_')},40\n" for s in SAMPLES))


CASES = {
    "missing file": (lambda c: c.set_config("tables.rna.files", ["rma.csv.gz"]), "tables.rna.files.0: file does not exist: rma.csv.gz; did you mean rna.csv.gz?"),
    "missing metadata file": (lambda c: c.set_config("metadata.0.file", "clinic.csv"), "metadata.0.file: file does not exist"),
    "unknown label column": (lambda c: c.set_config("tasks.response.label", "respons"), "tasks.response.label: neither sheet nor metadata nor table has a column 'respons'; did you mean 'response'?"),
    "unknown batch column": (lambda c: c.set_config("tasks.response.harmonise", {"batch": "bach"}), "harmonise.batch: neither sheet nor metadata nor table has a column 'bach'; did you mean 'batch'?"),
    "unknown split column": (lambda c: c.set_config("tasks.response.split", {"by": "given"}), "split.given: neither sheet nor metadata nor table has a column 'split'"),
    "invalid split values": (lambda c: c.set_config("tasks.response.split", {"by": "given", "given": "batch"}), "split.given: column 'batch' has 'a' for P01"),
    "unknown group column": (lambda c: c.set_config("tasks.response.split.column", "family"), "split.column: neither sheet nor metadata nor table has a column 'family'"),
    "unknown positive class": (lambda c: c.set_config("tasks.response.positive", "yess"), "positive: no sample is 'yess' in column 'response'; did you mean 'yes'?"),
    "one class": (label_all_positive, "label: all 24 samples are 'yes' in column 'response': one class, nothing to learn"),
    "continuous label": (lambda c: c.set_config("tasks.response.label", "weight"), "label: column 'weight' has 24 different values (50.0, 50.5, 51.0, 51.5, …) in 24 samples, which are too many for classes"),
    "fewer members than folds": (keep_two_negatives, "split.folds: class 'no' of column 'response' has 2 groups for training (donors count once), and 3 folds with 3 inner folds need 5"),
    "fewer members than nested folds": (lambda c: c.set_config("tasks.response.split", {"folds": 2, "inner": 9}), "split.folds: class 'no' of column 'response' has 12 groups for training (donors count once), and 2 folds with 9 inner folds need 18; lower split.folds or split.inner"),
    "SMOTE with a single sample": (lambda c: (keep_two_negatives(c), c.set_config("tasks.response.split", {"folds": 2, "inner": 2}), c.replace_text("sheet.tsv", "P05\tyes", "P05\tno"), c.replace_text("sheet.tsv", "P07\tyes", "P07\tno"), c.replace_text("sheet.tsv", "P09\tyes", "P09\tno")), "balance.method: SMOTE needs two samples of each class in every inner training fold, but one such fold has a single sample of class 'no' (5 training samples; at least 8 are needed)"),
    "batch with a single sample": (lambda c: (c.replace_text("sheet.tsv", "P07\tno\tb", "P07\tno\tz"), set_combat(c)), "harmonise.batch: batch 'z' has 1 sample for training; 3 folds with 3 inner folds need 5"),
    "batch only in the test set": (hold_out_batch, "harmonise.batch: batch 'z' occurs in the test set only, and ComBat must be fitted on training samples of each batch"),
    "unknown reference batch": (lambda c: set_combat(c, reference="A1"), "harmonise.reference: 'A1' is not a batch of column 'batch'; did you mean 'a'?"),
    "batch confounded with the label": (confound_batch, "harmonise.batch: "),
    "modality without shared samples": (rename_protein_samples, "modalities: rna shares no sample with the other modalities"),
    "misspelt sample in the sheet": (lambda c: c.replace_text("sheet.tsv", "P07", "P_07"), "sample 'P_07' is in no table; did you mean 'P07'?"),
    "sample without metadata": (lambda c: (drop_samples("sheet.tsv", "P09")(c), drop_samples("clinical.csv", "P09")(c)), "sample 'P09' is described neither by the sample sheet nor by metadata"),
    "contradictory metadata": (lambda c: c.write_text("clinical.csv", "patient,batch\nP01,b\n"), "column 'batch' is 'b' here and 'a' in the sample sheet; they must agree"),
    "metadata without matching samples": (lambda c: c.replace_text("clinical.csv", "P", "X"), "no column contains the sample names (P01"),
    "unknown key column": (lambda c: c.set_config("metadata.0.key", "patients"), "metadata.0.key: clinical.csv has no column 'patients'; did you mean 'patient'?"),
    "order_of without a table file": (lambda c: c.set_config("metadata.0.order_of", "rna.csv"), "metadata.0.order_of: rna.csv is not a file of a table; did you mean rna.csv.gz?"),
    "order_of with a wrong number of rows": (lambda c: (c.set_config("metadata.0.order_of", "protein.tsv"), drop_samples("clinical.csv", "P24")(c)), "clinical.csv: has 23 rows, but protein.tsv, whose sample order they follow, has 24"),
    "order_of and key together": (lambda c: (c.set_config("metadata.0.order_of", "protein.tsv"), c.set_config("metadata.0.key", "patient")), "cannot be combined; keep one"),
    "duplicate file": (lambda c: c.set_config("tables.rna.files", ["rna.csv.gz", "rna.csv.gz"]), "tables.rna.files: rna.csv.gz is listed twice"),
    "unknown about column": (lambda c: c.set_config("tables.protein.about", ["grade"]), "tables.protein.about: protein.tsv has no column or row 'grade'"),
    "truncated file": (lambda c: (c.folder / "rna.csv.gz").write_bytes((c.folder / "rna.csv.gz").read_bytes()[:-9]), "rna.csv.gz: gzip is truncated"),
    "truncated row": (lambda c: c.write_text("protein.tsv", c.read_text("protein.tsv").rstrip()[:-12]), "protein.tsv, row 25: has 2 fields, but the header names 4 columns"),
    "ambiguous orientation": (lambda c: c.write_text("protein.tsv", "x\tk\tl\nm\t1\t2\nn\t3\t4\n"), "tables.protein.samples_are to rows or columns"),
    "spreadsheet": (lambda c: c.write_text("clinical.csv", "PK\x03\x04"), "clinical.csv"),
    "duplicate sample": (lambda c: c.replace_text("protein.tsv", "P02", "P01"), "sample 'P01' occurs more than once"),
    "label among the features": (lambda c: c.replace_text("protein.tsv", "ESR1", "response"), "protein.tsv: 'response', which is to be predicted, is among the features, and the label would leak through it; list it in tables.protein.about"),
    "unknown contrast column": (lambda c: c.set_config("expression.contrast", CONTRAST | {"column": "respons"}), "expression.contrast.column: sheet, metadata and table have no column 'respons'; did you mean 'response'?"),
    "unknown contrast group": (lambda c: c.set_config("expression.contrast", CONTRAST | {"tested": "yess"}), "expression.contrast.tested: no sample has 'yess' in column response ('no': 12, 'yes': 12); did you mean 'yes'?"),
    "block confounded with the contrast": (lambda c: c.set_config("expression.contrast", CONTRAST | {"block": "response"}), "expression.contrast.block: each response has samples of one group only"),
    "task on variants without calls": (lambda c: c.set_config("tasks.calls", {"source": "variants"}), "tasks.calls"),
    "unknown modality": (lambda c: c.set_config("tasks.response.modalities", ["rma"]), "modalities: 'rma' does not exist"),
}  # fmt: skip


def test_valid_cohort_passes(cohort, capsys):
    assert preflight.main(["config.yaml"]) == 0, capsys.readouterr().out
    output = capsys.readouterr().out
    assert "rna.csv.gz: 24 samples, 30 features" in output and "protein.tsv: 24 samples, 3 features" in output
    assert "No faults" in output


@pytest.mark.parametrize(("break_cohort", "message"), CASES.values(), ids=CASES)
def test_bad_input_is_reported_before_any_job(cohort, capsys, break_cohort, message):
    break_cohort(cohort)
    assert preflight.main(["config.yaml"]) == 1
    output = capsys.readouterr().out
    assert message in output and "nothing was started" in output, output


def test_all_faults_are_reported_together(cohort, capsys):
    cohort.set_config("tasks.response.label", "respons")
    cohort.set_config("tasks.response.harmonise", {"batch": "bach"})
    cohort.set_config("tasks.again", {"source": "samples", "label": "agee"})
    assert preflight.main(["config.yaml"]) == 1
    output = capsys.readouterr().out
    assert "has 3 faults" in output and "config.yaml, row" in output, output


def test_too_few_smote_neighbours_is_a_note(cohort, capsys):
    cohort.set_config("tasks.response.balance", {"method": "smote", "neighbours": 9})
    assert preflight.main(["config.yaml"]) == 0
    assert "note: tasks.response.balance.neighbours: class 'no' has about 5 samples" in capsys.readouterr().out


def test_missing_modality_of_samples_is_allowed(cohort, capsys):
    drop_samples("protein.tsv", "P23", "P24")(cohort)
    assert preflight.main(["config.yaml"]) == 0, capsys.readouterr().out


def test_snakemake_plans_valid_cohort_and_reports_faults(cohort):
    if not (ROOT / ".venv/bin/snakemake").exists():
        pytest.skip("the runner is not installed: make setup")
    plan = run_snakemake(cohort.folder / "config.yaml", "--dry-run", "--quiet", "rules")
    assert plan.returncode == 0, plan.stdout
    assert "expression_import" in plan.stdout and "align_" not in plan.stdout and "variants_" not in plan.stdout
    os.remove(cohort.folder / "rna.csv.gz")
    plan = run_snakemake(cohort.folder / "config.yaml", "--dry-run")
    assert plan.returncode == 1 and "tables.rna.files.0: file does not exist" in plan.stdout and "Traceback" not in plan.stdout
