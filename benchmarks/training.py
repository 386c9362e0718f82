"""Training and prediction of a network of sequence, beside a plain PyTorch loop and the training loops of gReLU and CREsted.

    nice python benchmarks/training.py [--examples 1024] [--length 500] [--batch 64] [--threads 1] [--repeats 3] [--peers]

Run it with a Python of the environment `learn`; with --peers, of one that has gReLU and CREsted besides: whichever cannot
be imported is named. The network is Basset's (Kelley et al. 2016; 300, 200 and 200 filters of 19, 11 and 7 bases, pools of 3, 4
and 4, a dense layer of 1,000 units), 500-bp windows, two classes, AdamW, dropout 0.2.

A plain loop is what one writes: `nn.Conv1d`, one-hot float32 sequences in memory, a DataLoader, float32. Its outputs, with the
same weights, are first asserted to be those of ours: in float32 to 1e-4, in bfloat16 to 0.02 of a probability. Before pooling
or behind it, norm and activation are the same network but for the batch's statistics; ours pools first, and the plain one is
timed both ways. Ours takes codes from a mapped file, draws strands, and is timed with all that it does in a pass.

With one thread the times are of the process's CPU, which others on the machine disturb less; else of the clock. Each is the
shortest of the repeats, ways in turn. GFLOP/s count products and sums of convolutions and dense layers (a step: three times
those of a prediction), beside what a product of matrices (1,024 × 1,024) reaches.
Ends with status 1 where ours is not 1.5 × as fast as the plain loop in training, or 2 × in prediction of a strand.
"""

import argparse
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402

from readsight.dataset.fold_file import Fold, Sequence  # noqa: E402
from readsight.dataset.outcome import Outcome  # noqa: E402
from readsight.genome.codes import decode  # noqa: E402
from readsight.models.sequence import NETS  # noqa: E402
from readsight.models.training.progress import Progress  # noqa: E402

FILTERS, WIDTHS, POOLS, HIDDEN, DROPOUT = [300, 200, 200], [19, 11, 7], [3, 4, 4], [1000], 0.2
AUGMENT = {"reverse_complement": True, "shift": 0, "substitutions": 0.0, "indels": 0.0}
SETTINGS: dict[str, Any] = {
    "epochs": 1, "patience": 9, "optimiser": "adamw", "learning_rate": 1e-3, "schedule": "one_cycle", "weight_decay": 1e-3,
    "clip": 1.0, "device": "cpu", "devices": 1, "nodes": 1, "ensemble": 1, "average_strands": False, "augment": AUGMENT,
    "filters": FILTERS, "widths": WIDTHS, "pools": POOLS, "hidden": HIDDEN, "dropout": DROPOUT, "norm": "batch", "activation": "relu",
}  # fmt: skip
FASTER_TRAINING, FASTER_PREDICTION = 1.5, 2.0


class Plain(nn.Module):
    """Basset as one writes it: one-hot (n, 4, length) → logits (n,). pool_first: as ours, else the usual order."""

    def __init__(self, length: int, pool_first: bool):
        super().__init__()
        layers: list[nn.Module] = []
        channels = 4
        for filters, width, pool in zip(FILTERS, WIDTHS, POOLS, strict=True):
            pooled, normed = nn.MaxPool1d(pool, ceil_mode=True), [nn.BatchNorm1d(filters), nn.ReLU()]
            behind = [pooled, *normed] if pool_first else [*normed, pooled]
            layers += [nn.Conv1d(channels, filters, width, padding="same"), *behind, nn.Dropout(DROPOUT)]
            channels, length = filters, -(-length // pool)
        self.convolutions = nn.Sequential(*layers)
        dense = [nn.Linear(length * channels, HIDDEN[0]), nn.BatchNorm1d(HIDDEN[0]), nn.ReLU(), nn.Dropout(DROPOUT)]
        self.head = nn.Sequential(*dense, nn.Linear(HIDDEN[0], 1))

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        return self.head(self.convolutions(given).transpose(1, 2).flatten(1)).flatten()


def products(length: int) -> float:
    """FLOP of the prediction of one sequence."""
    channels, found = 4, 0.0
    for filters, width, pool in zip(FILTERS, WIDTHS, POOLS, strict=True):
        found += 2 * length * channels * width * filters
        channels, length = filters, -(-length // pool)
    return found + 2 * (length * channels * HIDDEN[0] + HIDDEN[0])


def examples(folder: Path, number: int, length: int) -> Fold:
    """Random sequences in a mapped file, half of them with a word."""
    draw = np.random.default_rng(1)
    codes = draw.integers(0, 4, (number, length), dtype=np.uint8)
    codes[::2, 100:110] = [0, 1, 2, 3, 3, 0, 1, 1, 2, 0]
    codes.tofile(folder / "codes")
    mapped = np.memmap(folder / "codes", np.uint8, "r", 0, codes.shape)
    names = np.arange(number).astype(str)
    labels = 1 - np.arange(number) % 2
    outcome = Outcome("binary", ("other", "word"))
    return Fold(mapped, labels, np.ones(number), names, names, pd.DataFrame(), "mark", outcome, Sequence(length))


def one_hot(fold: Fold) -> torch.Tensor:
    """All sequences (n, 4, length), float32."""
    return torch.from_numpy(np.eye(4, dtype=np.float32)[np.asarray(fold.values)]).transpose(1, 2).contiguous()


class Watch:
    """Times of calls. threads: with one, seconds of the process's CPU count, else of the clock."""

    def __init__(self, threads: int):
        self.now = time.process_time if threads == 1 else time.perf_counter

    def of(self, call: Callable[[], Any]) -> float:
        before = self.now()
        call()
        return self.now() - before


def plain_pass(net: Plain, given: torch.Tensor, fold: Fold, batch: int, watch: Watch) -> float:
    """Seconds of a pass of the loop that one writes."""
    held = torch.utils.data.TensorDataset(given, torch.as_tensor(fold.labels, dtype=torch.float32))
    loader = torch.utils.data.DataLoader(held, batch_size=batch, shuffle=True)
    optimiser, of = torch.optim.AdamW(net.parameters(), lr=1e-3), nn.BCEWithLogitsLoss()
    net.train()

    def once() -> None:
        for values, labels in loader:
            optimiser.zero_grad()
            loss = of(net(values), labels)
            loss.backward()
            optimiser.step()
            loss.item()

    return watch.of(once)


def our_pass(fold: Fold, batch: int, precision: str, threads: int, watch: Watch) -> float:
    """Seconds of a pass of ours: from its first batch to its end, loss and optimiser and all."""
    begun, took = [], []

    class Timed(Progress):
        def begin(self, epoch: int, steps: int) -> None:
            begun.append(watch.now())

        def end(self, row: dict[str, Any], better: bool) -> None:
            took.append(watch.now() - begun[-1])

    from readsight.models.training import single_network

    before, single_network.Progress = single_network.Progress, Timed
    try:
        NETS["cnn"].train(fold, None, SETTINGS | {"batch_size": batch, "precision": precision}, 1, threads)
    finally:
        single_network.Progress = before
    return took[0]


def grelu_pass(fold: Fold, batch: int, threads: int, watch: Watch, folder: Path) -> float:
    """Seconds of a pass of gReLU's own training, its network the plain one."""
    from grelu.data.dataset import DFSeqDataset
    from grelu.lightning import LightningModel
    from pytorch_lightning import Callback, Trainer

    class Shaped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = Plain(fold.values.shape[1], pool_first=False)

        def forward(self, given: torch.Tensor) -> torch.Tensor:
            return self.net(given)[:, None, None]

    class Timed(Callback):
        def on_train_epoch_start(self, *_: Any) -> None:
            self.begun = watch.now()

        def on_train_epoch_end(self, *_: Any) -> None:
            self.took = watch.now() - self.begun

    frame = pd.DataFrame({"sequence": [decode(row) for row in fold.values], "label": fold.labels.astype(float)})
    held = DFSeqDataset(frame, rc=True, augment_mode="random")
    model = LightningModel(
        {"model_type": "ConvModel", "n_tasks": 1, "n_conv": 1, "channel_init": 4},
        {"task": "binary", "lr": 1e-3, "batch_size": batch, "optimizer": "adam"},
    )
    model.model = Shaped()
    timed = Timed()
    trainer = Trainer(
        accelerator="cpu", max_epochs=1, logger=False, enable_checkpointing=False, enable_progress_bar=False, callbacks=[timed],
        default_root_dir=folder, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(model, model.make_train_loader(held, batch_size=batch, num_workers=0))
    return timed.took


def crested_pass(fold: Fold, batch: int, threads: int, watch: Watch, folder: Path) -> float:
    """Seconds of a pass of CREsted's own training by Keras on torch, its network the plain one in Keras."""
    import anndata
    import crested
    import keras

    number, length = fold.values.shape
    fasta = folder / "genome.fa"
    fasta.write_text(f">chr1\n{decode(np.asarray(fold.values).reshape(-1))}\n")
    names = [f"chr1:{i * length}-{(i + 1) * length}" for i in range(number)]
    place = {"chr": "chr1", "start": np.arange(number) * length, "end": np.arange(1, number + 1) * length}
    split = ["train"] * (number - 1) + ["val"]
    var = pd.DataFrame(place | {"split": split}, index=names)
    data = anndata.AnnData(fold.labels[None].astype(np.float32), pd.DataFrame(index=["label"]), var)
    layers: list[Any] = [keras.Input((length, 4))]
    for filters, width, pool in zip(FILTERS, WIDTHS, POOLS, strict=True):
        layers += [keras.layers.Conv1D(filters, width, padding="same"), keras.layers.BatchNormalization(), keras.layers.ReLU()]
        layers += [keras.layers.MaxPooling1D(pool, padding="same"), keras.layers.Dropout(DROPOUT)]
    layers += [keras.layers.Flatten(), keras.layers.Dense(HIDDEN[0]), keras.layers.BatchNormalization(), keras.layers.ReLU()]
    layers += [keras.layers.Dropout(DROPOUT), keras.layers.Dense(1, activation="sigmoid")]
    module = crested.tl.data.AnnDataModule(
        data, genome=crested.Genome(fasta), batch_size=batch, always_reverse_complement=False, random_reverse_complement=True
    )
    config = crested.tl.TaskConfig(keras.optimizers.Adam(1e-3), keras.losses.BinaryCrossentropy(), [])
    model = crested.tl.Crested(module, keras.Sequential(layers), config, str(folder / "crested"), "run")
    took = []

    class Timed(keras.callbacks.Callback):
        def on_epoch_begin(self, *_: Any) -> None:
            self.begun = watch.now()

        def on_test_begin(self, *_: Any) -> None:
            took.append(watch.now() - self.begun)

    model.fit(1, model_checkpointing=False, early_stopping=False, learning_rate_reduce=False, custom_callbacks=[Timed()])
    return took[0]


def alike(fold: Fold, plain: Plain, threads: int) -> tuple[dict[str, np.ndarray], dict[str, Any], list[float]]:
    """A model of ours with the plain network's weights, and how far its predictions are off: in float32, in bfloat16."""
    few = replace(fold, values=fold.values[:64], labels=fold.labels[:64], weights=fold.weights[:64], names=fold.names[:64])
    fitted = NETS["cnn"].train(few, None, SETTINGS | {"batch_size": 64, "precision": "float32"}, 1, threads)
    held = iter(tensor.detach().numpy() for tensor in plain.state_dict().values())
    scale = ("0.head.usual", "0.head.deviation")  # of the outcome: 0 and 1 of classes
    arrays = {name: array if name in scale else next(held).reshape(array.shape) for name, array in fitted.arrays.items()}
    plain.eval()
    with torch.inference_mode():
        expected = torch.sigmoid(plain(one_hot(few))).numpy()
    off = []
    for word in ("float32", "bfloat16"):
        off.append(
            float(np.abs(NETS["cnn"].predict(arrays, fitted.about | {"predicts": word}, few.values, threads) - expected).max())
        )
    if off[0] > 1e-4 or off[1] > 0.02:
        raise SystemExit(f"ours does not predict what the plain network does: off by {off[0]:.2g} and {off[1]:.2g}")
    return arrays, fitted.about, off


def gemm(dtype: torch.dtype, watch: Watch) -> float:
    """GFLOP/s of a product of matrices."""
    one, other = (torch.rand(1024, 1024).to(dtype) for _ in range(2))
    one @ other
    return 2 * 1024**3 / min(watch.of(lambda: one @ other) for _ in range(20)) / 1e9


def main() -> int:
    parser = argparse.ArgumentParser()
    for name, value in (("examples", 1024), ("length", 500), ("batch", 64), ("threads", 1), ("repeats", 3)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--peers", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(given.threads)
    watch = Watch(given.threads)
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        fold = examples(folder, given.examples, given.length)
        values = one_hot(fold)
        usual, plain = (Plain(given.length, pool_first) for pool_first in (False, True))
        for net in (usual, plain):  # statistics of a batch, so that what is compared is not all but nothing
            plain_pass(net, values[:256], replace(fold, labels=fold.labels[:256]), given.batch, watch)
        arrays, about, off = alike(fold, plain, given.threads)
        print(f"Ours predicts what the plain network does: off by {off[0]:.1g} in float32, {off[1]:.1g} in bfloat16.\n")
        ways: dict[str, Callable[[], float]] = {
            "plain PyTorch, float32": lambda: plain_pass(plain, values, fold, given.batch, watch),
            "plain PyTorch, float32, pooled last": lambda: plain_pass(usual, values, fold, given.batch, watch),
            "ours, float32": lambda: our_pass(fold, given.batch, "float32", given.threads, watch),
            "ours": lambda: our_pass(fold, given.batch, "auto", given.threads, watch),
        }
        if given.peers:
            ways["gReLU"] = lambda: grelu_pass(fold, given.batch, given.threads, watch, folder)
            ways["CREsted (Keras on torch)"] = lambda: crested_pass(fold, given.batch, given.threads, watch, folder)
        trained = table("training", ways, given, watch, 3)

        def predicted(net: Plain) -> float:
            net.eval()
            with torch.inference_mode():
                return watch.of(lambda: [net(part) for part in values.split(given.batch)])

        def ours(word: str) -> float:
            return watch.of(lambda: NETS["cnn"].predict(arrays, about | {"predicts": word}, fold.values, given.threads))

        seen = table(
            "prediction of a strand",
            {
                "plain PyTorch, float32": lambda: predicted(plain),
                "plain PyTorch, float32, pooled last": lambda: predicted(usual),
                "ours, float32": lambda: ours("float32"),
                "ours": lambda: ours("bfloat16"),
            },
            given,
            watch,
            1,
        )
    return int(trained < FASTER_TRAINING or seen < FASTER_PREDICTION)


def table(words: str, ways: dict[str, Callable[[], float]], given: argparse.Namespace, watch: Watch, times: int) -> float:
    """Print the ways' times as Markdown; how many times as fast as the first `ours` is."""
    best: dict[str, float] = {}
    for _ in range(given.repeats):
        for name, way in list(ways.items()):
            try:
                best[name] = min(best.get(name, np.inf), way())
            except ImportError as error:
                print(f"{name}: {error}")
                del ways[name]
    work = given.examples * products(given.length) * times / 1e9
    limits = {"float32": gemm(torch.float32, watch), "bfloat16": gemm(torch.bfloat16, watch)}
    load = os.getloadavg()[0]
    print(f"{words}: {given.threads} threads; load of the machine {load:.1f}; ", end="")
    print(f"product of matrices {limits['float32']:.0f} GFLOP/s in float32, {limits['bfloat16']:.0f} in bfloat16\n")
    print(f"| {words} | sequences/s | GFLOP/s | part of a product of matrices | × plain |")
    print("|---|---|---|---|---|")
    first = best["plain PyTorch, float32"]
    for name, seconds in best.items():
        limit = limits["bfloat16" if name == "ours" else "float32"]
        row = (
            f"{given.examples / seconds:,.0f}",
            f"{work / seconds:.0f}",
            f"{work / seconds / limit:.0%}",
            f"{first / seconds:.2f}",
        )
        print(f"| {name} | {' | '.join(row)} |")
    print(flush=True)
    return first / best["ours"]


if __name__ == "__main__":
    sys.exit(main())
