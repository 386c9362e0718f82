"""Small projects for tests that run the workflow: random genome, diploid donors and their reads."""

import gzip
import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPLEMENT = str.maketrans("ACGTN", "TGCAN")


def build_genome(seed: int = 1, contigs: int = 2, length: int = 12_000) -> dict[str, str]:
    """Random contigs, chr1, chr2 …"""
    rng = random.Random(seed)
    return {f"chr{i + 1}": "".join(rng.choices("ACGT", k=length)) for i in range(contigs)}


def place_substitutions(sequence: str, every: int) -> dict[int, str]:
    """A substitution at every `every`-th base: 0-based position → alternative allele."""
    return {i: "CGTA"["ACGT".index(sequence[i])] for i in range(every, len(sequence) - every // 2, every)}


def write_fasta(path: Path, contigs: dict[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f">{name}\n{sequence}\n" for name, sequence in contigs.items()))
    return path


def write_reads(
    folder: Path, name: str, contigs: dict[str, str], depth: float, every: int = 1000, seed: int = 1
) -> tuple[Path, Path]:
    """Error-free read pairs (2 × 100 bases, fragment 300) of a donor that is heterozygous at every `every`-th base (0: nowhere)."""
    rng = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    mates: tuple[list[str], list[str]] = ([], [])
    for contig, sequence in contigs.items():
        alternative = list(sequence)
        for position, base in (place_substitutions(sequence, every) if every else {}).items():
            alternative[position] = base
        haplotypes = (sequence, "".join(alternative))
        for i in range(int(len(sequence) * depth / 200)):
            start = rng.randrange(len(sequence) - 300)
            fragment = haplotypes[rng.randrange(2)][start : start + 300]
            if rng.random() < 0.5:
                fragment = fragment[::-1].translate(COMPLEMENT)
            pair = (fragment[:100], fragment[-100:][::-1].translate(COMPLEMENT))
            for mate, read in enumerate(pair):
                mates[mate].append(f"@{name}:{contig}:{i}/{mate + 1}\n{read}\n+\n{'I' * 100}\n")
    paths = (folder / f"{name}_1.fastq.gz", folder / f"{name}_2.fastq.gz")
    for path, records in zip(paths, mates, strict=True):
        with gzip.open(path, "wt", compresslevel=1) as handle:
            handle.writelines(records)
    return paths


def write_sheet(path: Path, rows: list[dict[str, object]]) -> Path:
    columns = list(rows[0])
    path.write_text(
        "\n".join("\t".join(str(v) for v in line) for line in [columns, *[[row[c] for c in columns] for row in rows]]) + "\n"
    )
    return path


def write_project(folder: Path, donors: dict[str, tuple[Path, Path]], fasta: Path, **config: object) -> Path:
    """Write a project of paired whole-genome samples; returns its config file."""
    sheet = write_sheet(
        folder / "samples.tsv",
        [{"sample": s, "unit": "1", "assay": "wgs", "fastq_1": a, "fastq_2": b, "donor": s} for s, (a, b) in donors.items()],
    )
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({"project": "tiny", "samples": str(sheet), "reference": {"fasta": str(fasta)}} | config))
    return path


def write_tiny_project(folder: Path, depth: float = 20, every: int = 1000, samples: int = 1, **config: object) -> Path:
    """Write genome, reads of `samples` donors, sheet and config; returns the config file."""
    contigs = build_genome()
    fasta = write_fasta(folder / "genome.fa", contigs)
    donors = {f"s{i}": write_reads(folder / "reads", f"s{i}", contigs, depth, every, seed=i) for i in range(1, samples + 1)}
    return write_project(folder, donors, fasta, **config)


def write_small_demo(folder: Path) -> Path:
    """Write a small demo (DNA of three donors, RNA of four) with all stages; returns its config file."""
    reads = "${results}/demo/reads"
    donors = {"D1": ("case", "a"), "D2": ("control", "b"), "D3": ("case", "b")}
    columns = ("sample", "unit", "assay", "fastq_1", "fastq_2", "donor", "label", "batch", "sex")

    def build_row(sample: str, assay: str, donor: str, label: str, batch: str, sex: str = "") -> dict[str, str]:
        files = [f"{reads}/{sample}.1_{mate}.fastq.gz" for mate in (1, 2)]
        return dict(zip(columns, (sample, "1", assay, *files, donor, label, batch, sex), strict=True))

    rows = [build_row(donor, "wgs", donor, *label_and_batch) for donor, label_and_batch in donors.items()]
    individuals = donors | {"D4": ("control", "a")}
    sexes = ("female", "male", "male", "female")
    rows += [
        build_row(f"{donor}R", "rna", donor, *label_and_batch, sex)
        for (donor, label_and_batch), sex in zip(individuals.items(), sexes, strict=True)
    ]
    write_sheet(folder / "samples.tsv", rows)
    config = yaml.safe_load((ROOT / "config/projects/demo/config.yaml").read_text())
    config |= {"project": "small", "samples": str(folder / "samples.tsv")}
    config["demo"] = {"length": 40_000, "coverage": 20, "structural": 4, "rna_pairs": 4000, "library": 1000}
    config["variants"] |= {"callers": ["bcftools"], "consensus": 0, "scatter": 2}
    # four samples are too few for training
    del config["tasks"]["expression_label"]
    for name in ("enhancers", "splice_sites"):
        task = config["tasks"][name]
        task |= {"training": {"epochs": 1}, "bootstrap": 100, "explained": 10}
        motifs = task["interpret"]["motifs"]
        motifs |= {"sequences": 60, "database": str(ROOT / motifs["database"])}
    config["tasks"]["enhancers"]["interpret"]["personal"][0]["caller"] = "bcftools"
    config["tasks"]["call_quality"] |= {
        "split": {"folds": 3, "repeats": 1},
        "models": ["network", "logistic", "single_feature"],
        "network": {"epochs": 10},
        "explained": 40,
        "bootstrap": 100,
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def copy_shipped_project(folder: Path, name: str, change: Callable[[dict], None] = lambda config: None) -> Path:
    """Copy a project of config/projects into a folder; `change` edits its config. Returns the config file."""
    config = yaml.safe_load((ROOT / f"config/projects/{name}/config.yaml").read_text())
    change(config)
    if "samples" in config:
        config["samples"] = str(ROOT / config["samples"])
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def run_to_report(config: Path) -> Path:
    """Run a project to its end and write its report; returns its results folder."""
    name = yaml.safe_load(config.read_text())["project"]
    for arguments in ([], ["--report", f"results/{name}/report.html"]):
        run = run_snakemake(config, *arguments)
        assert run.returncode == 0, run.stdout
    return config.parent / "results" / name


def build_command(config: Path, *arguments: str) -> list[str]:
    """Command line of Snakemake as for users, with the results next to the config."""
    return [
        str(ROOT / ".venv/bin/snakemake"),
        *("--snakefile", str(ROOT / "Snakefile"), "--workflow-profile", str(ROOT / "workflow/profiles/default")),
        *("--directory", str(config.parent), "--configfile", str(config), "--cores", "2"),
        *("--conda-prefix", str(ROOT / ".snakemake/conda"), "--retries", "0"),
        *arguments,
    ]


def build_environment() -> dict[str, str]:
    """Environment variables after activation of the runner."""
    return os.environ | {"PATH": f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"}


def run_snakemake(config: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run the workflow to its end; standard output and error are merged as text."""
    return subprocess.run(
        build_command(config, *arguments), env=build_environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
