"""Labelled calls for tests: a random genome, and candidate calls whose annotations separate true and false ones to some degree."""

from pathlib import Path

import numpy as np
import pysam

from projects import write_fasta

HEADER = [
    '##INFO=<ID=TRUTH,Number=1,Type=String,Description="TP or FP">',
    '##INFO=<ID=CALLERS,Number=.,Type=String,Description="Callers of the variant">',
    '##INFO=<ID=POP_AF,Number=A,Type=Float,Description="Population frequency">',
    '##INFO=<ID=DP,Number=1,Type=Integer,Description="Raw read depth">',
    '##INFO=<ID=DP4,Number=4,Type=Integer,Description="Reads by allele and strand">',
    '##INFO=<ID=MQ,Number=1,Type=Float,Description="Mean mapping quality">',
    '##INFO=<ID=MQ0F,Number=1,Type=Float,Description="Fraction of reads with mapping quality 0">',
    '##INFO=<ID=RPBZ,Number=1,Type=Float,Description="Read position bias">',
    '##INFO=<ID=BQBZ,Number=1,Type=Float,Description="Base quality bias">',
    '##INFO=<ID=AC,Number=A,Type=Integer,Description="Alternative alleles">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    '##FORMAT=<ID=BD,Number=1,Type=String,Description="Decision">',
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Reads by allele">',
    '##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Genotype likelihoods">',
]


def write_genome(folder: Path, contigs: int = 4, length: int = 100_000, seed: int = 1) -> Path:
    """Write an indexed random FASTA."""
    rng = np.random.default_rng(seed)
    path = write_fasta(folder / "genome.fa", {f"chr{i + 1}": "".join(rng.choice(list("ACGT"), length)) for i in range(contigs)})
    pysam.faidx(str(path))
    return path


def write_labelled_calls(
    folder: Path, fasta: Path, calls: int = 400, false: float = 0.15, signal: float = 1.5, seed: int = 1
) -> Path:
    """Write a VCF of calls of two samples with INFO/TRUTH.

    false: fraction of false calls, whose QUAL and MQ are lower by `signal` standard deviations.
    """
    rng = np.random.default_rng(seed)
    source = pysam.FastaFile(str(fasta))
    header = pysam.VariantHeader()
    for name, length in zip(source.references, source.lengths, strict=True):
        header.add_line(f"##contig=<ID={name},length={length}>")
    for line in HEADER:
        header.add_line(line)
    for sample in ("one", "two"):
        header.add_sample(sample)
    path = folder / "bcftools.labels.vcf.gz"
    with pysam.VariantFile(str(path), "wz", header=header) as out:
        calls_per_contig = calls // len(source.references)
        for name, length in zip(source.references, source.lengths, strict=True):
            for start in sorted(rng.choice(np.arange(100, length - 100), calls_per_contig, replace=False)):
                out.write(_make_record(out, source, name, int(start), rng.random() >= false, signal, rng))
    return path


def _make_record(out, source, name, start, true, signal, rng):
    ref = source.fetch(name, start, start + 1)
    alt = "CGTA"["ACGT".index(ref)] + "T" * int(rng.choice([0, 0, 0, 2]))
    level = rng.normal(0, 1) - (0 if true else signal)
    depth = int(rng.poisson(30)) + 2
    alternative_reads = int(rng.binomial(depth, 0.5))
    record = out.new_record(contig=name, start=start, alleles=(ref, alt), qual=max(1.0, 120 + 30 * level))
    record.info.update(
        {
            "TRUTH": "TP" if true else "FP",
            "CALLERS": ("bcftools", "freebayes") if true else ("bcftools",),
            "POP_AF": (0.4 if true else 0.0,),
            "DP": depth * 2,
            "DP4": (depth - alternative_reads, 3, alternative_reads, 4),
            "MQ": float(np.clip(55 + 4 * (rng.normal() - (0 if true else signal)), 0, 60)),
            "MQ0F": float(rng.random() * 0.1),
            "AC": (1,),
        }
    )
    if rng.random() < 0.7:
        record.info["RPBZ"] = float(rng.normal())
        record.info["BQBZ"] = float(rng.normal())
    for sample, genotype in (("one", (0, 1)), ("two", (0, 0))):
        record.samples[sample]["GT"] = genotype
        record.samples[sample]["AD"] = (depth - alternative_reads, alternative_reads) if sample == "one" else (depth, 0)
        record.samples[sample]["PL"] = (90, 0, 80) if sample == "one" else (0, 60, 120)
        record.samples[sample]["BD"] = ("TP" if true else "FP") if sample == "one" else "."
    return record


SPLIT = {"by": "block", "block": 5000, "gap": 200, "column": "donor", "folds": 3, "repeats": 1, "validation": 0.25}
SPEC = {"name": "call_quality", "source": "variants", "representation": "annotations", "label": "truth", "caller": "bcftools"}
NETWORK = {
    "hidden": [8],
    "dropout": 0.1,
    "learning_rate": 0.01,
    "weight_decay": 1e-4,
    "batch_size": 64,
    "epochs": 8,
    "patience": 3,
}


def assemble_examples(folder: Path, **options) -> Path:
    """Write examples.h5ad of labelled calls; options as in `write_labelled_calls`."""
    import dataset_assemble_variants

    folder.mkdir(parents=True, exist_ok=True)
    fasta = write_genome(folder)
    dataset_assemble_variants.main(write_labelled_calls(folder, fasta, **options), fasta, SPEC, folder / "examples.h5ad")
    return folder / "examples.h5ad"


def make_folds(folder: Path, examples: Path, split: dict = SPLIT, balance: str = "smote") -> dict[str, Path]:
    """Write the certified split and the balanced folds of repeat 0: name → file."""
    import dataset_balance
    import dataset_fold
    import dataset_split

    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / f"{name}.h5" for name in ("train", "validation", "test", "balanced")}
    files |= {"split": folder / "split.parquet", "certificate": folder / "certificate.json", "scaler": folder / "scaler.h5"}
    dataset_split.main(examples, "call_quality", split, 1, files["split"], files["certificate"], folder / "split.summary.json")
    roles = {role: files[role] for role in ("train", "validation", "test")}
    dataset_fold.main(examples, files["split"], files["certificate"], 0, {}, roles, files["scaler"])
    dataset_balance.main(files["train"], {"method": balance, "neighbours": 5}, 1, files["balanced"])
    return files


def train_model(folder: Path, files: dict[str, Path], model: str, seed: int = 1) -> dict[str, Path]:
    """Train a model of repeat 0 and predict; returns the given files plus tensors, about and predictions."""
    import model_predict
    import model_train

    settings = {"network": NETWORK, "single_feature": {"feature": "QUAL"}}.get(model, {})
    outputs = {
        "tensors": folder / f"{model}.safetensors",
        "about": folder / f"{model}.json",
        "predictions": folder / f"{model}.parquet",
    }
    model_train.main(
        files["balanced"],
        files["validation"],
        files["certificate"],
        model,
        settings,
        seed,
        1,
        outputs["tensors"],
        outputs["about"],
    )
    model_predict.main(files["test"], outputs["tensors"], outputs["about"], files["certificate"], 0, outputs["predictions"])
    return files | outputs
