"""Small models and small genomes that effects of variants are tried on: models of every kind, variants of every shape."""

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
from readsight.interpret.variant_effects.trained_models import Asked, Models
from readsight.models.sequence import NETS

CLASSES = {
    "binary": ("no", "yes"),
    "multiclass": ("a", "b", "c"),
    "multilabel": ("x", "y"),
    "regression": ("value",),
    "positions": ("neither", "acceptor", "donor"),
    "profile": ("signal",),
}
HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
SPEC = {"shifts": [-3, 0, 3], "distance": 12}


def models(word: str, kind: str = "binary", length: int = 48, folds: int = 1, seed: int = 0, **own: Any) -> Models:
    """Models with weights that were drawn. own: of their about."""
    about = networks.about(word, kind, length, **({"average_strands": True, "ensemble": 1, "device": "cpu"} | own))
    asked = []
    for number in range(folds * about["ensemble"]):
        net = networks.built(about, word, seed + number)
        for tensor in net.parameters():
            tensor.data *= 1.5
        arrays = {f"{number % about['ensemble']}.{name}": t.numpy() for name, t in net.state_dict().items()}
        if number % about["ensemble"]:
            asked[-1].arrays |= arrays
        else:
            asked.append(Asked(NETS[word], arrays, about, kind))
    return Models(
        word, Outcome(kind, CLASSES[kind]), asked, length, about["pair"],
        about["average_strands"] and not about["stranded"], about["stranded"], "hash",
    )  # fmt: skip


def genome(size: int = 700, seed: int = 1, repeats: bool = True) -> Genome:
    """Two contigs, in which single bases and words of two and three are repeated here and there."""
    codes = sequenced.random(2, size, seed)
    if repeats:
        for start, word in ((200, "A"), (300, "CA"), (420, "TTG"), (520, "G")):
            codes[0, start : start + 15] = encode((word * 15)[:15])
    return Genome.of({"chr1": decode(codes[0]), "chr2": decode(codes[1])})


def text(held: Genome, name: str = "chr1") -> str:
    return decode(held.contig(name))


def write(path: Path, rows: list[tuple[str, int, str, str]], head: str = HEAD) -> Path:
    """A VCF. rows: contig, position (0-based), REF, ALT, and what follows behind FILTER."""
    lines = ["\t".join([c, str(p + 1), ".", r, a, ".", "PASS", *(more or ["."])]) for c, p, r, a, *more in rows]
    path.write_text(head + "".join(line + "\n" for line in lines))
    return path


def read(path: Path, held: Genome, length: int = 48, shift: int = 3, **own: Any) -> variants.Variants:
    return variants.read(path, held, own.pop("wanted", {}), length, shift, **own)


def shapes(held: Genome, seed: int = 3, count: int = 24) -> list[tuple[str, int, str, str]]:
    """Substitutions of one base and of several, insertions, deletions, and both at once, in repeats and outside."""
    draw, whole = np.random.default_rng(seed), text(held)
    found = []
    places = [*draw.integers(100, len(whole) - 100, count).tolist(), 203, 304, 424, 523, 210, 310]
    for i, at in enumerate(places):
        old, new = [(1, 1), (3, 3), (1, 4), (4, 1), (3, 5), (1, 2), (2, 1), (5, 2)][i % 8]
        ref = whole[at : at + old]
        drawn = "".join(draw.choice(list("ACGT"), new))
        alt = ref[0] + whole[at + 1 : at + 1 + new - 1] if old == 1 and new > 1 and i % 2 else drawn
        if alt != ref:
            found.append(("chr1", at, ref, alt))
    return found


def effects(held: Models, found: variants.Variants, **own: Any) -> scoring.Effects:
    return scoring.score(held, found, SPEC | own)


def turned(held: Genome) -> Genome:
    """The other strand of every contig."""
    return Genome.of({name: decode(reverse_complement(held.contig(name))) for name in held.names})


def turned_rows(held: Genome, rows: list[tuple[str, int, str, str]]) -> list[tuple[str, int, str, str]]:
    """The variants on the other strand's genome."""

    def other(word: str) -> str:
        return decode(reverse_complement(encode(word)))

    return [(c, held.lengths[c] - p - len(r), other(r), other(a)) for c, p, r, a in rows]


def project(
    folder: Path, held: Models, bases: Genome, learned: list[tuple[str, int]] | None = None, codes: str = "genome.codes"
) -> dict[str, Any]:
    """Files of a trained model, of what it learned from, and of the genome, as the script takes them.

    learned: contig and start of each training window. Returns the arguments of `interpret_variants.main` by name, but for the variants.
    """
    folder.mkdir(parents=True, exist_ok=True)
    raw, contigs = folder / codes, folder / "genome.json"
    raw.write_bytes(np.asarray(bases.raw, np.uint8).tobytes())
    offsets = np.cumsum([0, *bases.lengths.values()]).tolist()
    rows = [{"name": n, "length": s, "offset": o} for (n, s), o in zip(bases.lengths.items(), offsets, strict=False)]
    contigs.write_text(json.dumps({"masked": False, "contigs": rows}))
    tensors, about = folder / "model.safetensors", folder / "model.json"
    sequence = {"length": held.length, "pair": held.pair, "stranded": held.stranded, "bin": 1}
    content = {
        "model": held.word, "outcome": held.outcome.plain(), "certificate": "mark", "sequence": sequence, "representation": "one_hot",
        "folds": [{"about": asked.about} for asked in held.asked],
    }  # fmt: skip
    model_file.write(tensors, about, [asked.arrays for asked in held.asked], content)
    learned = learned or [("chr2", 0), ("chr2", 300)]
    names = [f"e{i}" for i in range(len(learned))]
    obs = pd.DataFrame({"chrom": [c for c, _ in learned], "start": [s for _, s in learned]}, index=names)
    obs["end"] = obs["start"] + held.length
    uns = {
        "sequence": sequence, "outcome": held.outcome.plain(),
        "task": {"made_from": {codes: sha256(raw)}, "source": "sequences"},
    }  # fmt: skip
    width = held.length * (1 + held.pair)
    data = anndata.AnnData(obs=obs, obsm={"sequence": sequenced.random(len(obs), width)}, uns=uns)
    data.write_h5ad(folder / "examples.h5ad")
    split = {"example": names, "group": names, "repeat0.fold0": ["train" if i % 2 == 0 else "test" for i in range(len(names))]}
    pd.DataFrame(split).to_parquet(folder / "split.parquet")
    return {
        "model": {"tensors": tensors, "about": about}, "genome": (raw, contigs), "examples": folder / "examples.h5ad",
        "split": folder / "split.parquet", "beside": {}, "task": "t", "seed": 1, "threads": 1,
        "outputs": {
            name: folder / f"set.{end}"
            for name, end in (("vcf", "vcf.gz"), ("table", "parquet"), ("data", "h5ad"), ("evaluation", "json"), ("summary", "summary.json"))
        },
    }  # fmt: skip


WHOLE = VariantSet(name="set", vcf="a.vcf").model_dump(exclude={"vcf", "caller"}) | {
    "shifts": SPEC["shifts"], "distance": SPEC["distance"], "stranded": False, "outside": "error", "bootstrap": 50,
}  # fmt: skip
