"""Bad sequences and tasks are reported with position and remedy, before any job if possible.

Each case breaks one thing in a small valid project, and checks it as `make doctor` does, or runs the step that detects it.
"""

import random
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

import dataset_assemble_sequences
import dataset_split
from examples_of_sequences import draw_bases, write_fasta
from projects import ROOT, run_snakemake
from readsight.config import schema
from readsight.doctor import preflight
from readsight.errors import InputError
from readsight.genome import store
from readsight.wiring.dataset import DatasetWiring
from readsight.wiring.project import Project

LENGTH = 60
CONTIGS = ("chr1", "chr2", "chr3", "chr4")
FILES = {
    "texts": [{"path": "bound.fa", "label": "bound"}, {"path": "free.tsv"}],
    "regions": [{"path": "peaks.bed", "label": "peak"}, {"path": "background.bed", "label": "background"}],
    "alleles": [{"path": "variants.vcf"}],
}


@dataclass
class SequenceProject:
    """A valid project in a separate folder: tasks on FASTA and a table, on regions, and on variants."""

    folder: Path
    genome: dict[str, str]

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def edit(self, name: str, old: str, new: str, count: int = -1) -> None:
        text = (self.folder / name).read_text()
        assert old in text, f"{old!r} is not in {name}"
        self.write(name, text.replace(old, new, count))

    def set_config(self, key: str, value: object) -> None:
        """Set a key of the config by its dotted path."""
        raw = yaml.safe_load((self.folder / "config.yaml").read_text())
        *parents, last = key.split(".")
        section = raw
        for name in parents:
            section = section[int(name)] if isinstance(section, list) else section.setdefault(name, {})
        section[last] = value
        self.write("config.yaml", yaml.safe_dump(raw, sort_keys=False))

    def keep_task(self, task: str, **sequences: object) -> None:
        """Keep only this task, with these sequence settings."""
        raw = yaml.safe_load((self.folder / "config.yaml").read_text())
        raw["tasks"] = {task: raw["tasks"][task]}
        raw["tasks"][task]["sequences"] |= sequences
        self.write("config.yaml", yaml.safe_dump(raw, sort_keys=False))

    def assemble_task(self, task: str) -> dict:
        """Make a task's examples with the current config; returns the specification of its split."""
        project = Project.from_raw(schema.load_config(self.folder / "config.yaml"), [self.folder / "config.yaml"])
        wiring, wildcards = DatasetWiring(project), SimpleNamespace(task=task)
        genome_files = {"codes": Path("genome.codes"), "contigs": Path("genome.json")}
        store.build_genome(Path("genome.fa"), *genome_files.values())
        files = [Path(path) for path in wiring.sequence_files(wildcards)]
        dataset_assemble_sequences.main(
            files, wiring.sequences_spec(wildcards), 1, genome_files, Path("examples.h5ad"), Path("summary.json")
        )
        return wiring.split_spec(wildcards)


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = random.Random(3)
    genome = {name: draw_bases(rng, 4000) for name in CONTIGS}
    genome["chr4"] = genome["chr4"][:1000] + "N" * 500 + genome["chr4"][1500:]
    project = SequenceProject(tmp_path, genome)
    write_fasta(tmp_path / "genome.fa", genome)
    loci = [(name, 50 + 130 * i) for name in CONTIGS for i in range(7)]
    project.write("bound.fa", "".join(f">{c}:{s}-{s + LENGTH}\n{genome[c][s : s + LENGTH]}\n" for c, s in loci))
    lines = [f"{c}:{s + 70}-{s + 130}\t{genome[c][s + 70 : s + 130]}\tfree\n" for c, s in loci]
    project.write("free.tsv", "name\tsequence\tlabel\n" + "".join(lines))
    project.write("peaks.bed", "".join(f"{c}\t{s}\t{s + LENGTH}\n" for c, s in loci))
    project.write("background.bed", "".join(f"{c}\t{s + 2000}\t{s + 2000 + LENGTH}\n" for c, s in loci))
    head = "##fileformat=VCFv4.2\n" + "".join(f"##contig=<ID={c},length=4000>\n" for c in CONTIGS)
    head += '##INFO=<ID=label,Number=1,Type=String,Description="x">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n'
    rows = [f"{c}\t{s + 1}\tv{i}\t{genome[c][s]}\t{'CGTA'['ACGT'.index(genome[c][s])]}\t.\t.\tlabel={'ab'[i % 2]}\n" for i, (c, s) in enumerate(loci)]  # fmt: skip
    project.write("variants.vcf", head + "".join(rows))
    split = {"by": "chromosome", "test_chromosomes": ["chr2"], "validation_chromosomes": ["chr3"]}
    tasks = {name: {"source": "sequences", "sequences": {"files": files}, "split": split} for name, files in FILES.items()}
    tasks["alleles"]["sequences"] |= {"length": 40}
    raw = {"project": "bound", "reference": {"fasta": "genome.fa"}, "variants": None, "expression": None, "tasks": tasks}
    project.write("config.yaml", yaml.safe_dump(raw, sort_keys=False))
    return project


def replace_second_line(name: str, text: str):
    """Replace the second line of a file."""

    def edit_file(b: SequenceProject) -> None:
        first, _, *remaining = (b.folder / name).read_text().split("\n")
        b.write(name, "\n".join([first, text, *remaining]))

    return edit_file


PROTEIN = "MKVLAAGIVGLCAKAYLEQHPEVKLTFNRSDEWYHTMKVLAAGIVGLCAKAYLEQHPEVK"
CASES = {
    "no such file": (lambda b: b.set_config("tasks.texts.sequences.files.0.path", "bond.fa"), "tasks.texts.sequences.files.0.path: file does not exist: bond.fa; did you mean bound.fa?"),
    "sequences of unequal length": (replace_second_line("bound.fa", "ACGT"), "tasks.texts.sequences.unequal: 55 of 56 sequences have 60 bases, but 1 has 4; set sequences.unequal: pad or crop"),
    "row of a different length": (replace_second_line("bound.fa", "ACGT"), "bound.fa, row 1: 'chr1:50-110' has 4 bases"),
    "letters outside IUPAC": (replace_second_line("bound.fa", "ACGTJ" * 12), "bound.fa, row 2, column 5: sequence 'chr1:50-110' has 'J', which is not a base"),
    "letters outside IUPAC in a table": (replace_second_line("free.tsv", f"x\t{'ACGTJ' * 12}\tfree"), "free.tsv, row 2, column sequence: the sequence has 'J', which is not a base"),
    "protein": (replace_second_line("bound.fa", PROTEIN), "bound.fa, row 2, column 4: sequence 'chr1:50-110' looks like a protein; DNA sequences are required"),
    "RNA": (replace_second_line("bound.fa", "ACGU" * 15), "bound.fa, row 2, column 4: sequence 'chr1:50-110' is RNA (it has U); write it as DNA, with T for U"),
    "sequence of N": (replace_second_line("bound.fa", "N" * 60), "bound.fa, row 1: sequence 'chr1:50-110' contains no known base (all are N); remove it"),
    "empty sequence": (replace_second_line("bound.fa", ""), "bound.fa, row 1: sequence 'chr1:50-110' is empty; remove it"),
    "empty file": (lambda b: b.write("bound.fa", ""), "bound.fa: is empty; FASTA, a table, BED or VCF is required"),
    "reads": (lambda b: b.write("bound.fa", "@r\nACGT\n+\nIIII\n"), "bound.fa: is FASTQ"),
    "class of one": (replace_second_line("free.tsv", f"chr1:9-69\t{'ACG' * 20}\tfre"), "tasks.texts.label: class 'fre' has one example (chr1:9-69), which cannot be in both training and test"),
    "one class": (lambda b: b.set_config("tasks.texts.sequences.files.1.label", "bound"), "tasks.texts.label: all 56 sequences are 'bound': one class, nothing to learn"),
    "no label": (lambda b: b.edit("free.tsv", "label", "lable", 1), "tasks.texts.sequences.files.1.label: free.tsv has no labels: there is no column 'label' (did you mean 'lable'?)"),
    "missing validation chromosome": (lambda b: b.set_config("tasks.texts.split.validation_chromosomes", ["chr5"]), "tasks.texts.split.validation_chromosomes.0: no example is on 'chr5'; did you mean 'chr4'? Available: chr1, chr2, chr3, chr4"),
    "missing test chromosome": (lambda b: b.set_config("tasks.regions.split.test_chromosomes", ["chr7"]), "tasks.regions.split.test_chromosomes.0: no example is on 'chr7'"),
    "names without loci": (lambda b: b.edit("free.tsv", "chr1:", "x"), "tasks.texts.split.by: is chromosome, but 7 of 56 sequences have no locus (first: x120-180)"),
    "k larger than the sequences": (lambda b: (b.keep_task("texts", unequal="crop", length=5), b.set_config("tasks.texts.models", ["kmer_linear"])), "tasks.texts.kmers.k: k-mers of 6 bases do not fit into sequences of 5 bases; use a smaller value"),
    "k-mer tokens larger than the sequences": (lambda b: (b.keep_task("texts", unequal="crop", length=5), b.set_config("tasks.texts.models", ["cnn"]), b.set_config("tasks.texts.representation", "kmer")), "tasks.texts.represent.k: k-mers of 6 bases do not fit into sequences of 5"),
    "contigs of a different style": (lambda b: b.edit("peaks.bed", "chr", ""), "peaks.bed: contigs are named as '1' here but as 'chr1' in genome.fa"),
    "region past the contig's end": (lambda b: b.edit("peaks.bed", "chr2\t50\t110", "chr2\t3990\t4050"), "peaks.bed, row 8: ends at 4,050, past the end of contig 'chr2' (4,000 bases in genome.fa)"),
    "reference alleles of a different genome": (lambda b: write_fasta(b.folder / "genome.fa", {name: sequence[::-1] for name, sequence in b.genome.items()}), "records disagree); the VCF belongs to another genome build: lift it over, or use the matching build"),
    "missing checkpoint folder": (lambda b: (b.set_config("tasks.texts.representation", "transformer"), b.set_config("tasks.texts.models", ["transformer"]), b.set_config("tasks.texts.represent", {"checkpoint": "dnabert"})), "tasks.texts.represent.checkpoint: folder does not exist: dnabert"),
    "signal that is not a bigWig": (lambda b: (b.keep_task("regions", signal="background.bed", target="profile", bin=10), b.set_config("tasks.regions.models", ["cnn"])), "tasks.regions.sequences.signal: background.bed is not a bigWig"),
}  # fmt: skip


def test_valid_project_passes(project, capsys):
    assert preflight.main(["config.yaml"]) == 0, capsys.readouterr().out
    output = capsys.readouterr().out
    assert (
        "bound.fa: 28 sequences of 60 bases (FASTA)" in output
        and "peaks.bed: BED, 28 records" in output
        and "No faults" in output
    )
    for task in FILES:
        project.assemble_task(task)


@pytest.mark.parametrize(("break_project", "message"), CASES.values(), ids=CASES)
def test_bad_input_is_reported_before_any_job(project, capsys, break_project, message):
    break_project(project)
    assert preflight.main(["config.yaml"]) == 1
    output = capsys.readouterr().out
    assert message in output and "nothing was started" in output, output


def lengthen_windows(b: SequenceProject) -> None:
    b.keep_task("regions", length=200)


def move_to_gap(b: SequenceProject) -> None:
    b.edit("peaks.bed", "chr4\t50\t110", "chr4\t1100\t1160")


STEPS = {
    "window past the contig's end": ("regions", lengthen_windows, "chr1:-20-180 reaches past its contig of 4,000 bases"),
    "window that contains only N": ("regions", move_to_gap, "peaks.bed, row 22: chr4:1100-1160 contains only N in the genome; remove it"),
    "one wrong reference allele": ("alleles", lambda b: b.edit("variants.vcf", *swap_reference(b)), "variants.vcf, row 8, column REF: "),
    "same sequences of two classes": ("texts", lambda b: b.keep_task("texts", files=[{"path": "bound.fa", "label": label} for label in ("bound", "free")]), "label: every sequence has several labels in the files"),
}  # fmt: skip


def swap_reference(b: SequenceProject) -> tuple[str, str]:
    """The first variant as in the file, and with a different reference allele."""
    row = next(line for line in (b.folder / "variants.vcf").read_text().splitlines() if line.startswith("chr1"))
    fields = row.split("\t")
    new_ref = next(base for base in "ACGT" if base not in fields[3:5])
    return row, "\t".join([*fields[:3], new_ref, *fields[4:]])


@pytest.mark.parametrize(("task", "break_project", "message"), STEPS.values(), ids=STEPS)
def test_bad_examples_are_reported_by_the_step(project, task, break_project, message):
    break_project(project)
    with pytest.raises(InputError) as caught:
        project.assemble_task(task)
    assert any(message in fault for fault in caught.value.faults), caught.value.faults
    assert not (project.folder / "examples.h5ad").exists()


def test_similar_examples_cannot_be_split(project):
    rng = random.Random(8)
    sequence = draw_bases(rng, 120)
    lines = []
    for i in range(40):
        position = rng.randrange(120)
        lines.append(
            f"s{i}\t{sequence[:position]}{'CGTA'['ACGT'.index(sequence[position])]}{sequence[position + 1 :]}\t{'xy'[i % 2]}\n"
        )
    project.write("alike.tsv", "name\tsequence\tlabel\n" + "".join(lines))
    project.keep_task("texts", files=[{"path": "alike.tsv"}])
    project.set_config("tasks.texts.split", {"by": "homology"})
    spec = project.assemble_task("texts")
    with pytest.raises(InputError, match="split.by: all .* examples form one cluster of similar or overlapping sequences"):
        dataset_split.main(Path("examples.h5ad"), "texts", spec, 1, Path("s.parquet"), Path("c.json"), Path("s.json"))


def test_windows_past_the_end_follow_the_config(project):
    import anndata

    project.keep_task("regions", length=200, outside="drop")
    project.assemble_task("regions")
    kept = anndata.read_h5ad("examples.h5ad")
    project.keep_task("regions", outside="pad")
    project.assemble_task("regions")
    assert 0 < kept.n_obs < anndata.read_h5ad("examples.h5ad").n_obs == 56
    assert (np.asarray(anndata.read_h5ad("examples.h5ad").obsm["sequence"])[:, 0] == 4).any()


def test_requested_gpu_must_exist():
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    from readsight.models.training.devices import select_accelerator

    with pytest.raises(InputError, match="training.device: gpu, .*this machine has 0"):
        select_accelerator({"device": "gpu", "devices": 1})


def test_faults_are_reported_together(project, capsys):
    replace_second_line("bound.fa", "ACGTJ" * 12)(project)
    project.set_config("tasks.texts.sequences.files.1.label", None)
    project.edit("free.tsv", "label", "lable", 1)
    project.set_config("tasks.regions.split.test_chromosomes", ["chr7"])
    project.edit("variants.vcf", "chr", "")
    assert preflight.main(["config.yaml"]) == 1
    output = capsys.readouterr().out
    for message in ("has 'J'", "no column 'label'", "no example is on 'chr7'", "contigs are named as '1'"):
        assert message in output, output
    assert "config.yaml, row" in output


def test_snakemake_reports_the_same_faults(project):
    if not (ROOT / ".venv/bin/snakemake").exists():
        pytest.skip("the runner is not set up: make setup")
    result = run_snakemake(project.folder / "config.yaml", "--dry-run", "--quiet", "rules")
    assert result.returncode == 0, result.stdout
    assert (
        "dataset_assemble_sequences" in result.stdout and "variants_" not in result.stdout and "expression_" not in result.stdout
    )
    (project.folder / "bound.fa").rename(project.folder / "bond.fa")
    replace_second_line("free.tsv", f"x\t{'ACGTJ' * 12}\tfree")(project)
    result = run_snakemake(project.folder / "config.yaml", "--dry-run")
    assert result.returncode == 1 and "Traceback" not in result.stdout
    assert "files.0.path: file does not exist: bound.fa; did you mean bond.fa?" in result.stdout
