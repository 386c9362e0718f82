"""Small models and genomes for tests of variant effects: every model kind, every variant type."""

import json
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

import networks
import sequenced
from readsight.config.interpretation import VariantSet
from readsight.dataset.certificate import sha256
from readsight.dataset.outcome import Outcome
from readsight.formats import model_file
from readsight.genome.codes import decode, encode, reverse_complement
from readsight.genome.store import Genome
from readsight.interpret.variant_effects import scoring, variants
from readsight.interpret.variant_effects.trained_models import FoldModel, TrainedModels
from readsight.models.sequence import NETWORKS

CLASSES = {
    "binary": ("no", "yes"),
    "multiclass": ("a", "b", "c"),
    "multilabel": ("x", "y"),
    "regression": ("value",),
    "positions": ("neither", "acceptor", "donor"),
    "profile": ("signal",),
}
HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
SCORING_SPEC = {"shifts": [-3, 0, 3], "distance": 12}


def build_models(
    model_name: str, kind: str = "binary", length: int = 48, folds: int = 1, seed: int = 0, **options: Any
) -> TrainedModels:
    """Models with random weights. options: of their description."""
    description = networks.describe_network(
        model_name, kind, length, **({"average_strands": True, "ensemble": 1, "device": "cpu"} | options)
    )
    fold_models = []
    for number in range(folds * description["ensemble"]):
        net = networks.build_network(description, model_name, seed + number)
        for tensor in net.parameters():
            tensor.data *= 1.5
        arrays = {f"{number % description['ensemble']}.{name}": t.numpy() for name, t in net.state_dict().items()}
        if number % description["ensemble"]:
            fold_models[-1].arrays |= arrays
        else:
            fold_models.append(FoldModel(NETWORKS[model_name], arrays, description, kind))
    return TrainedModels(
        model_name, Outcome(kind, CLASSES[kind]), fold_models, length, description["pair"],
        description["average_strands"] and not description["stranded"], description["stranded"], "hash",
    )  # fmt: skip


def build_genome(size: int = 700, seed: int = 1, repeats: bool = True) -> Genome:
    """Two contigs with homopolymers and short repeats."""
    codes = sequenced.random_codes(2, size, seed)
    if repeats:
        for start, repeat in ((200, "A"), (300, "CA"), (420, "TTG"), (520, "G")):
            codes[0, start : start + 15] = encode((repeat * 15)[:15])
    return Genome.from_text({"chr1": decode(codes[0]), "chr2": decode(codes[1])})


def get_contig_text(reference: Genome, name: str = "chr1") -> str:
    return decode(reference.get_contig(name))


def write_vcf(path: Path, rows: list[tuple[str, int, str, str]], head: str = HEAD) -> Path:
    """A VCF. rows: contig, position (0-based), REF, ALT, and the columns after FILTER."""
    lines = ["\t".join([c, str(p + 1), ".", r, a, ".", "PASS", *(more or ["."])]) for c, p, r, a, *more in rows]
    path.write_text(head + "".join(line + "\n" for line in lines))
    return path


def read_alleles(path: Path, reference: Genome, length: int = 48, shift: int = 3, **options: Any) -> variants.AlleleTable:
    return variants.read_variants(path, reference, options.pop("info_keys", {}), length, shift, **options)


def sample_variants(reference: Genome, seed: int = 3, count: int = 24) -> list[tuple[str, int, str, str]]:
    """Single and multiple substitutions, insertions, deletions and combinations, inside and outside repeats."""
    rng, sequence = np.random.default_rng(seed), get_contig_text(reference)
    rows = []
    positions = [*rng.integers(100, len(sequence) - 100, count).tolist(), 203, 304, 424, 523, 210, 310]
    for i, position in enumerate(positions):
        old, new = [(1, 1), (3, 3), (1, 4), (4, 1), (3, 5), (1, 2), (2, 1), (5, 2)][i % 8]
        ref = sequence[position : position + old]
        random_bases = "".join(rng.choice(list("ACGT"), new))
        alt = ref[0] + sequence[position + 1 : position + 1 + new - 1] if old == 1 and new > 1 and i % 2 else random_bases
        if alt != ref:
            rows.append(("chr1", position, ref, alt))
    return rows


def score_effects(model_set: TrainedModels, alleles: variants.AlleleTable, **options: Any) -> scoring.Effects:
    return scoring.score_variants(model_set, alleles, SCORING_SPEC | options)


def reverse_genome(reference: Genome) -> Genome:
    """The reverse strand of every contig."""
    return Genome.from_text({name: decode(reverse_complement(reference.get_contig(name))) for name in reference.names})


def reverse_rows(reference: Genome, rows: list[tuple[str, int, str, str]]) -> list[tuple[str, int, str, str]]:
    """The variants on the genome of the reverse strand."""

    def reverse_bases(bases: str) -> str:
        return decode(reverse_complement(encode(bases)))

    return [(c, reference.lengths[c] - p - len(r), reverse_bases(r), reverse_bases(a)) for c, p, r, a in rows]


def write_project(
    folder: Path,
    model_set: TrainedModels,
    reference: Genome,
    training_windows: list[tuple[str, int]] | None = None,
    codes: str = "genome.codes",
) -> dict[str, Any]:
    """Files of a trained model, its training windows and the genome, as the script takes them.

    training_windows: contig and start of each. Returns the arguments of `interpret_variants.main` by name, without the
    variants.
    """
    folder.mkdir(parents=True, exist_ok=True)
    raw, contigs = folder / codes, folder / "genome.json"
    raw.write_bytes(np.asarray(reference.raw, np.uint8).tobytes())
    offsets = np.cumsum([0, *reference.lengths.values()]).tolist()
    rows = [{"name": n, "length": s, "offset": o} for (n, s), o in zip(reference.lengths.items(), offsets, strict=False)]
    contigs.write_text(json.dumps({"masked": False, "contigs": rows}))
    tensors, description = folder / "model.safetensors", folder / "model.json"
    sequence = {"length": model_set.length, "pair": model_set.pair, "stranded": model_set.stranded, "bin": 1}
    content = {
        "model": model_set.model_name, "outcome": model_set.outcome.to_dict(), "certificate": "digest", "sequence": sequence, "representation": "one_hot",
        "folds": [{"about": fold_model.description} for fold_model in model_set.fold_models],
    }  # fmt: skip
    model_file.write(tensors, description, [fold_model.arrays for fold_model in model_set.fold_models], content)
    training_windows = training_windows or [("chr2", 0), ("chr2", 300)]
    names = [f"e{i}" for i in range(len(training_windows))]
    obs = pd.DataFrame({"chrom": [c for c, _ in training_windows], "start": [s for _, s in training_windows]}, index=names)
    obs["end"] = obs["start"] + model_set.length
    uns = {
        "sequence": sequence, "outcome": model_set.outcome.to_dict(),
        "task": {"made_from": {codes: sha256(raw)}, "source": "sequences"},
    }  # fmt: skip
    width = model_set.length * (1 + model_set.pair)
    data = anndata.AnnData(obs=obs, obsm={"sequence": sequenced.random_codes(len(obs), width)}, uns=uns)
    data.write_h5ad(folder / "examples.h5ad")
    split = {"example": names, "group": names, "repeat0.fold0": ["train" if i % 2 == 0 else "test" for i in range(len(names))]}
    pd.DataFrame(split).to_parquet(folder / "split.parquet")
    return {
        "model": {"tensors": tensors, "about": description}, "genome": (raw, contigs), "examples": folder / "examples.h5ad",
        "split": folder / "split.parquet", "annotations": {}, "task": "t", "seed": 1, "threads": 1,
        "outputs": {
            name: folder / f"set.{end}"
            for name, end in (("vcf", "vcf.gz"), ("table", "parquet"), ("data", "h5ad"), ("evaluation", "json"), ("summary", "summary.json"))
        },
    }  # fmt: skip


VARIANT_SPEC = VariantSet(name="set", vcf="a.vcf").model_dump(exclude={"vcf", "caller"}) | {
    "shifts": SCORING_SPEC["shifts"], "distance": SCORING_SPEC["distance"], "stranded": False, "outside": "error", "bootstrap": 50,
}  # fmt: skip
