"""Variant effects compared with a loop over single variants and with gReLU; and the memory needed for a million variants.

    nice python benchmarks/effects.py [--variants 192] [--length 501] [--threads 1] [--repeats 2] [--million 1000000] [--peers]

Run it with a Python of the environment `learn`; --peers also needs gReLU. Networks have random weights.

cnn: Basset's (Kelley et al. 2016; 300, 200 and 200 filters of 19, 11 and 7 bases, pools of 3, 4 and 4, a dense layer of 1,000
units), one logit, windows of an odd length, so that both strands of a substitution have equal windows; shifts −1, 0 and 1.
dilated_resnet: the splice-site network of this project, windows of 800 bases, both strands. The loop is the straightforward code: it
reads windows from a FASTA, encodes them one-hot, and predicts each allele, strand and shift separately. gReLU is
`predict_variant_effects` with `rc`, `max_seq_shift` 1 and `subtract` on the same network; it has no per-base effects.

Equality is asserted first: to 1e-4 of a logit with the loop and with gReLU (indels, which it centres differently, are excluded), to 1e-5
of a probability per base. With one thread, times are CPU times of the process, which are less affected by concurrent load; each
is the shortest of the repeats. The million runs in a separate process, from a VCF to a VCF, a table and an AnnData.
Exits with status 1 if ours is not 5 × as fast as the loop, is slower than gReLU, or needs more than 4 GB for the million.
"""

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402

from readsight.dataset.certificate import sha256  # noqa: E402
from readsight.dataset.outcome import Outcome  # noqa: E402
from readsight.formats import model_file  # noqa: E402
from readsight.genome.codes import decode  # noqa: E402
from readsight.genome.store import Genome, build_genome  # noqa: E402
from readsight.interpret.variant_effects import scoring, variants  # noqa: E402
from readsight.interpret.variant_effects.trained_models import FoldModel, TrainedModels  # noqa: E402
from readsight.models.sequence import NETWORKS  # noqa: E402

COMMON = {
    "pair": False,
    "bin": 1,
    "ensemble": 1,
    "device": "cpu",
    "input": "one_hot",
    "activation": "relu",
    "norm": "batch",
    "dropout": 0.0,
}
COMMON |= {"encoding": {"name": "one_hot", "about": {}}}
BASSET = {"filters": [300, 200, 200], "widths": [19, 11, 7], "pools": [3, 4, 4], "hidden": [1000]}
SPLICE = {"filters": 32, "widths": [11, 11, 11, 11], "dilations": [1, 1, 4, 4]}
SHIFTS, DISTANCE = [-1, 0, 1], 50
MIN_SPEEDUP, MAX_BYTES = 5.0, 4 * 2**30
HEAD = "##fileformat=VCFv4.2\n##contig=<ID=chr1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


def draw_models(
    architecture: str, kind: str, classes: tuple[str, ...], length: int, stranded: bool, options: dict[str, Any]
) -> TrainedModels:
    """Models with random weights and batch statistics."""
    description = COMMON | options | {"kind": kind, "length": length, "stranded": stranded, "average_strands": not stranded}
    description |= {"outputs": len(classes) if kind == "positions" else 1}
    torch.manual_seed(1)
    net = NETWORKS[architecture].build(description)
    with torch.no_grad():
        inputs = torch.eye(4)[torch.randint(0, 4, (32, length))].transpose(1, 2)
        net(inputs)
        last = [layer for layer in net.modules() if isinstance(layer, nn.Linear)][-1]
        last.weight *= 3 / net.eval()(inputs).std()  # logits as large as those of a trained network
    arrays = {f"0.{name}": tensor.numpy() for name, tensor in net.eval().state_dict().items()}
    return TrainedModels(
        architecture,
        Outcome(kind, classes),
        [FoldModel(NETWORKS[architecture], arrays, description, kind)],
        length,
        False,
        not stranded,
        stranded,
        "drawn",
    )


def simulate_genome(folder: Path, bases: int, seed: int = 1) -> tuple[Path, Genome]:
    """Write a FASTA of random bases with its index, and the same genome as a genome store."""
    import pysam

    codes = np.random.default_rng(seed).integers(0, 4, bases, dtype=np.uint8)
    text = decode(codes)
    fasta = folder / "genome.fa"
    fasta.write_text(">chr1\n" + "\n".join(text[i : i + 60] for i in range(0, bases, 60)) + "\n")
    pysam.faidx(str(fasta))
    Path(f"{fasta}.sizes").write_text(f"chr1\t{bases}\n")
    build_genome(fasta, folder / "codes", folder / "contigs.json")
    return fasta, Genome.open(folder / "codes", folder / "contigs.json")


def write_variants(path: Path, genome: Genome, count: int, edge: int, indels: float, seed: int = 2) -> Path:
    """Write a VCF of random variants in order of position, at least `edge` bases from the ends. indels: fraction of indels."""
    rng = np.random.default_rng(seed)
    positions = np.sort(rng.integers(edge, len(genome.raw) - edge, count))
    kind = rng.random(count) < indels
    with open(path, "w") as out:
        out.write(HEAD)
        for position, indel in zip(positions.tolist(), kind.tolist(), strict=True):
            ref = decode(genome.get_codes("chr1", position, position + 4))
            alt = "ACGT"[("ACGT".index(ref[0]) + 1 + position % 3) % 4]
            old, new = (ref[:1], alt) if not indel else (ref[:3], ref[:1]) if position % 2 else (ref[:1], ref[:1] + "AC")
            out.write(f"chr1\t{position + 1}\t.\t{old}\t{new}\t.\tPASS\t.\n")
    return path


class EffectTimer:
    """Timer of CPU time with one thread, otherwise of wall-clock time."""

    def __init__(self, threads: int):
        self.now = time.process_time if threads == 1 else time.perf_counter

    def time_shortest(self, methods: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
        seconds: dict[str, float] = {}
        for _ in range(repeats):
            for name, method in methods.items():
                start = self.now()
                method()
                seconds[name] = min(seconds.get(name, np.inf), self.now() - start)
        return seconds


def cut_windows(fasta: Any, row: tuple[int, str, str], length: int, shift: int) -> list[str]:
    """Text of the reference and alternative windows, with the first changed base at length // 2."""
    position, ref, alt = row
    shared = 1 if ref[0] == alt[0] else 0
    position, ref, alt = position + shared, ref[shared:], alt[shared:]
    low = position - length // 2 + shift
    sequence = fasta.fetch("chr1", low, low + length + len(ref)).upper()
    offset = position - low
    return [sequence[:length], (sequence[:offset] + alt + sequence[offset + len(ref) :])[:length]]


COMPLEMENT = str.maketrans("ACGT", "TGCA")
LETTERS = {letter: place for place, letter in enumerate("ACGT")}


def one_hot(text: str) -> torch.Tensor:
    return torch.eye(4)[torch.tensor([LETTERS[b] for b in text])].T[None]


def predict_one_by_one(net: Any, path: Path, rows: list[tuple[int, str, str]], length: int, strands: int = 2) -> np.ndarray:
    """Differences of the logits, with one prediction per allele, strand and shift."""
    import pysam

    effects = np.zeros(len(rows))
    with pysam.FastaFile(str(path)) as fasta, torch.inference_mode():
        for i, row in enumerate(rows):
            for shift in SHIFTS:
                for strand in range(strands):
                    texts = cut_windows(fasta, row, length, shift)
                    texts = [t.translate(COMPLEMENT)[::-1] for t in texts] if strand else texts
                    ref, alt = (float(net(one_hot(text))) for text in texts)
                    effects[i] += (alt - ref) / (len(SHIFTS) * strands)
    return effects


def predict_sites_one_by_one(net: Any, path: Path, rows: list[tuple[int, str, str]], length: int) -> np.ndarray:
    """Largest gain or loss of a site within DISTANCE of substitutions, with one prediction per allele, strand and shift."""
    import pysam

    effects = np.zeros(len(rows))
    with pysam.FastaFile(str(path)) as fasta, torch.inference_mode():
        for i, row in enumerate(rows):
            for strand in range(2):
                total: Any = 0.0
                for shift in SHIFTS:
                    texts = cut_windows(fasta, row, length, shift)
                    texts = [t.translate(COMPLEMENT)[::-1] for t in texts] if strand else texts
                    centre = length // 2 - shift if not strand else length - 1 - length // 2 + shift
                    ref, alt = (
                        torch.softmax(net(one_hot(t)), -1)[0, centre - DISTANCE : centre + DISTANCE + 1, 1:] for t in texts
                    )
                    total = total + (alt - ref) / len(SHIFTS)
                effects[i] = max(effects[i], float(total.abs().max()))
    return effects


def make_grelu_call(net: Any, path: Path, rows: list[tuple[int, str, str]], length: int) -> Callable[[], np.ndarray]:
    """Make a call that computes effects of substitutions by gReLU with the same network."""
    from grelu.lightning import LightningModel
    from grelu.variant import predict_variant_effects

    class GreluEffectNetwork(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            return self.net(inputs)[:, None, None]

    model = LightningModel(
        {"model_type": "ConvModel", "n_tasks": 1, "n_conv": 1, "channel_init": 4},
        {"task": "binary", "lr": 1e-3, "batch_size": 64},
    )
    model.model, model.activation = GreluEffectNetwork(), nn.Identity()
    table = pd.DataFrame(
        {
            "chrom": "chr1",
            "pos": [position + 1 for position, _, _ in rows],
            "ref": [r for _, r, _ in rows],
            "alt": [a for _, _, a in rows],
        }
    )

    def call() -> np.ndarray:
        effects = predict_variant_effects(
            table.copy(), model, devices="cpu", seq_len=length, batch_size=64, num_workers=0, genome=str(path), rc=True,
            max_seq_shift=1, compare_func="subtract", return_ad=False,
        )  # fmt: skip
        return np.asarray(effects).reshape(-1)

    return call


def read_rows(path: Path) -> list[tuple[int, str, str]]:
    fields = [line.split("\t") for line in path.read_text().splitlines() if not line.startswith("#")]
    return [(int(row[1]) - 1, row[3], row[4]) for row in fields]


def compare_effects(arguments: argparse.Namespace, folder: Path, timer: EffectTimer) -> bool:
    """Print both tables; returns whether ours reaches the required speed."""
    fasta, genome = simulate_genome(folder, 2_000_000)
    single = write_variants(folder / "single.vcf", genome, arguments.variants, 1000, 0.0)
    mixed = write_variants(folder / "mixed.vcf", genome, arguments.variants, 1000, 0.15)
    spec = {"shifts": SHIFTS, "distance": DISTANCE}
    passed = True

    models = draw_models("cnn", "binary", ("no", "yes"), arguments.length, False, BASSET)
    net, rows = models.fold_models[0].net, read_rows(single)

    def score_variants(models: TrainedModels, path: Path, length: int) -> Any:
        return scoring.score_variants(models, variants.read_variants(path, genome, {}, length, 1), spec, arguments.threads)

    delta = score_variants(models, single, arguments.length).delta[:, 0]
    loop_effects = predict_one_by_one(net, fasta, rows, arguments.length)
    deviation = float(np.abs(delta - loop_effects).max())
    methods = {
        "ours": lambda: score_variants(models, single, arguments.length),
        "one by one": lambda: predict_one_by_one(net, fasta, rows, arguments.length),
    }
    assert deviation < 1e-4, f"effects of the loop differ by {deviation:.2g}"
    print(
        f"cnn, {arguments.length} bases: mean absolute effect {np.abs(delta).mean():.3f}; the loop differs by {deviation:.1g} at most",
        flush=True,
    )
    if arguments.peers:
        methods["gReLU"] = make_grelu_call(net, fasta, rows, arguments.length)
        deviation = float(np.abs(delta - methods["gReLU"]()).max())
        assert deviation < 1e-2, f"effects of gReLU differ by {deviation:.2g}"
        print(f"gReLU differs by {deviation:.1g} at most\n")
    passed &= print_table("cnn", len(rows), timer.time_shortest(methods, arguments.repeats))

    models = draw_models("dilated_resnet", "positions", ("neither", "acceptor", "donor"), 800, True, SPLICE)
    net = models.fold_models[0].net
    score = score_variants(models, single, 800).score
    deviation = float(np.abs(score - predict_sites_one_by_one(net, fasta, rows, 800)).max())
    assert deviation < 1e-5, f"site scores of the loop differ by {deviation:.2g}"
    print(
        f"dilated_resnet, 800 bases: mean gain or loss {score.mean():.3f}; the loop differs by {deviation:.1g} at most\n",
        flush=True,
    )
    methods = {
        "ours": lambda: score_variants(models, single, 800),
        "one by one": lambda: predict_sites_one_by_one(net, fasta, rows, 800),
    }
    passed &= print_table("dilated_resnet", len(rows), timer.time_shortest(methods, arguments.repeats))
    mixed_rows = len(read_rows(mixed))
    models = draw_models("cnn", "binary", ("no", "yes"), arguments.length, False, BASSET)
    seconds = timer.time_shortest({"ours": lambda: score_variants(models, mixed, arguments.length)}, 1)["ours"]
    print(f"cnn, with 15 % insertions and deletions: {mixed_rows / seconds:,.0f} variants/s\n")
    return passed


def print_table(title: str, count: int, seconds: dict[str, float]) -> bool:
    print(f"| {title} | variants/s | × ours |\n|---|---:|---:|")
    for name, took in seconds.items():
        print(f"| {name} | {count / took:,.1f} | {took / seconds['ours']:.2f} |")
    print(flush=True)
    is_ahead = seconds.get("gReLU", np.inf) > seconds["ours"]
    return seconds["one by one"] / seconds["ours"] >= MIN_SPEEDUP and is_ahead


def score_million(folder: str, count: int) -> tuple[float, int]:
    """Seconds and peak memory (bytes) of the script's main function for `count` variants and a small network."""
    import anndata

    import interpret_variants

    torch.set_num_threads(1)
    folder_path = Path(folder)
    _, genome = simulate_genome(folder_path, 20_000_000)
    vcf = write_variants(folder_path / "many.vcf", genome, count, 200, 0.1)
    small = {"filters": [4, 4], "widths": [7, 5], "pools": [4, 4], "hidden": [4]}
    models = draw_models("cnn", "binary", ("no", "yes"), 64, False, small)
    sequence = {"length": 64, "pair": False, "stranded": False, "bin": 1}
    fold_model, outcome = models.fold_models[0], models.outcome.to_dict()
    content = {"model": "cnn", "outcome": outcome, "certificate": "", "sequence": sequence, "representation": "one_hot"}
    model_file.write(
        folder_path / "model.safetensors",
        folder_path / "model.json",
        [fold_model.arrays],
        content | {"folds": [{"about": fold_model.description}]},
    )
    obs = pd.DataFrame({"chrom": ["chr1"], "start": [0], "end": [64]}, index=["e"])
    task = {"made_from": {"codes": sha256(folder_path / "codes")}}
    uns = {"sequence": sequence, "outcome": outcome, "task": task}
    anndata.AnnData(obs=obs, obsm={"sequence": np.zeros((1, 64), np.uint8)}, uns=uns).write_h5ad(folder_path / "examples.h5ad")
    pd.DataFrame({"example": ["e"], "group": ["e"], "repeat0.fold0": ["train"]}).to_parquet(folder_path / "split.parquet")
    outputs = {"vcf": "o.vcf.gz", "table": "o.parquet", "data": "o.h5ad", "evaluation": "o.json", "summary": "o.summary.json"}
    spec = {"name": "many", "shifts": [0], "distance": 50, "outside": "pad", "bootstrap": 100}
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    interpret_variants.main(
        {"tensors": folder_path / "model.safetensors", "about": folder_path / "model.json"}, (folder_path / "codes", folder_path / "contigs.json"), vcf,
        folder_path / "examples.h5ad", folder_path / "split.parquet", {}, "t", spec, 1, 1, {name: folder_path / file_name for name, file_name in outputs.items()},
    )  # fmt: skip
    took, peak = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    evaluation = json.loads((folder_path / "o.json").read_text())
    assert evaluation["scored"] == count and sum(1 for _ in open(folder_path / "many.vcf")) == count + 3
    print(f"(before reading variants: {before / 2**20:.2f} GB)")
    return took, 1024 * peak


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("variants", 192), ("length", 501), ("threads", 1), ("repeats", 2), ("million", 1_000_000)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--peers", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(arguments.threads)
    print(f"{arguments.threads} threads; load of the machine {os.getloadavg()[0]:.1f}\n")
    with tempfile.TemporaryDirectory() as name:
        passed = compare_effects(arguments, Path(name), EffectTimer(arguments.threads))
    if arguments.million:
        with tempfile.TemporaryDirectory() as name, multiprocessing.get_context("spawn").Pool(1) as pool:
            took, peak = pool.apply(score_million, (name, arguments.million))
        print(
            f"{arguments.million:,} variants from VCF to VCF, table and AnnData: {took:.0f} s, peak memory {peak / 2**30:.2f} GB"
        )
        passed &= peak < MAX_BYTES
    return int(not passed)


if __name__ == "__main__":
    sys.exit(main())
