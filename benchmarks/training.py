"""Training and prediction of a sequence network, compared with a plain PyTorch loop and the training of gReLU and CREsted.

    nice python benchmarks/training.py [--examples 1024] [--length 500] [--batch 64] [--threads 1] [--repeats 3] [--peers]

Run it with a Python of the environment `learn`; --peers also needs gReLU and CREsted, and lists those that cannot be
imported. The network is Basset (Kelley et al. 2016; 300, 200 and 200 filters of 19, 11 and 7 bases, pools of 3, 4
and 4, a dense layer of 1,000 units), 500-bp windows, two classes, AdamW, dropout 0.2.

The plain loop is straightforward PyTorch: `nn.Conv1d`, one-hot float32 sequences in memory, a DataLoader, float32. With equal
weights, its outputs are first asserted to equal ours: in float32 to 1e-4, in bfloat16 to 0.02 of a probability. Pooling before
or after norm and activation gives the same network except for batch statistics; ours pools first, and the plain network is
timed in both orders. Ours reads codes from a memory-mapped file, draws strands, and is timed with all its work in an epoch.

With one thread, times are CPU times of the process, which are less affected by concurrent load; otherwise wall-clock times. Each
is the shortest of interleaved repeats. GFLOP/s count multiplications and additions of convolutions and dense layers (a training
step: three times those of a prediction), and are compared with a matrix product (1,024 × 1,024).
Exits with status 1 if ours is not 1.5 × as fast as the plain loop in training, or 2 × in single-strand prediction.
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

from readsight.dataset.fold_file import Fold, SequenceLayout  # noqa: E402
from readsight.dataset.outcome import Outcome  # noqa: E402
from readsight.genome.codes import decode  # noqa: E402
from readsight.models.sequence import NETWORKS  # noqa: E402
from readsight.models.training.progress import Progress  # noqa: E402

FILTERS, WIDTHS, POOLS, HIDDEN, DROPOUT = [300, 200, 200], [19, 11, 7], [3, 4, 4], [1000], 0.2
AUGMENT = {"reverse_complement": True, "shift": 0, "substitutions": 0.0, "indels": 0.0}
SETTINGS: dict[str, Any] = {
    "epochs": 1, "patience": 9, "optimiser": "adamw", "learning_rate": 1e-3, "schedule": "one_cycle", "weight_decay": 1e-3,
    "clip": 1.0, "device": "cpu", "devices": 1, "nodes": 1, "ensemble": 1, "average_strands": False, "augment": AUGMENT,
    "filters": FILTERS, "widths": WIDTHS, "pools": POOLS, "hidden": HIDDEN, "dropout": DROPOUT, "norm": "batch", "activation": "relu",
}  # fmt: skip
FASTER_TRAINING, FASTER_PREDICTION = 1.5, 2.0


class TrainingBasset(nn.Module):
    """Basset in plain PyTorch: one-hot (n, 4, length) → logits (n,). pool_first: pool before norm and activation, as in ours."""

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

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.head(self.convolutions(inputs).transpose(1, 2).flatten(1)).flatten()


def count_operations(length: int) -> float:
    """FLOP for the prediction of one sequence."""
    channels, operations = 4, 0.0
    for filters, width, pool in zip(FILTERS, WIDTHS, POOLS, strict=True):
        operations += 2 * length * channels * width * filters
        channels, length = filters, -(-length // pool)
    return operations + 2 * (length * channels * HIDDEN[0] + HIDDEN[0])


def make_examples(folder: Path, number: int, length: int) -> Fold:
    """Random sequences in a memory-mapped file, half of them with a motif."""
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 4, (number, length), dtype=np.uint8)
    codes[::2, 100:110] = [0, 1, 2, 3, 3, 0, 1, 1, 2, 0]
    codes.tofile(folder / "codes")
    mapped = np.memmap(folder / "codes", np.uint8, "r", 0, codes.shape)
    names = np.arange(number).astype(str)
    labels = 1 - np.arange(number) % 2
    outcome = Outcome("binary", ("other", "word"))
    return Fold(mapped, labels, np.ones(number), names, names, pd.DataFrame(), "digest", outcome, SequenceLayout(length))


def one_hot(fold: Fold) -> torch.Tensor:
    """All sequences (n, 4, length), float32."""
    return torch.from_numpy(np.eye(4, dtype=np.float32)[np.asarray(fold.values)]).transpose(1, 2).contiguous()


class TrainingTimer:
    """Timer of calls: CPU time of the process with one thread, otherwise wall-clock time."""

    def __init__(self, threads: int):
        self.now = time.process_time if threads == 1 else time.perf_counter

    def measure(self, call: Callable[[], Any]) -> float:
        before = self.now()
        call()
        return self.now() - before


def time_plain_pass(net: TrainingBasset, inputs: torch.Tensor, fold: Fold, batch: int, timer: TrainingTimer) -> float:
    """Seconds per epoch of the plain loop."""
    dataset = torch.utils.data.TensorDataset(inputs, torch.as_tensor(fold.labels, dtype=torch.float32))
    loader = torch.utils.data.DataLoader(dataset, batch_size=batch, shuffle=True)
    optimiser, loss_function = torch.optim.AdamW(net.parameters(), lr=1e-3), nn.BCEWithLogitsLoss()
    net.train()

    def run_epoch() -> None:
        for values, labels in loader:
            optimiser.zero_grad()
            loss = loss_function(net(values), labels)
            loss.backward()
            optimiser.step()
            loss.item()

    return timer.measure(run_epoch)


def time_our_pass(fold: Fold, batch: int, precision: str, threads: int, timer: TrainingTimer) -> float:
    """Seconds per epoch of ours, including loss and optimiser."""
    starts, durations = [], []

    class TimedProgress(Progress):
        def begin(self, epoch: int, steps: int) -> None:
            starts.append(timer.now())

        def end(self, row: dict[str, Any], is_best: bool) -> None:
            durations.append(timer.now() - starts[-1])

    from readsight.models.training import single_network

    original, single_network.Progress = single_network.Progress, TimedProgress
    try:
        NETWORKS["cnn"].train(fold, None, SETTINGS | {"batch_size": batch, "precision": precision}, 1, threads)
    finally:
        single_network.Progress = original
    return durations[0]


def time_grelu_pass(fold: Fold, batch: int, threads: int, timer: TrainingTimer, folder: Path) -> float:
    """Seconds per epoch of gReLU's training of the plain network."""
    from grelu.data.dataset import DFSeqDataset
    from grelu.lightning import LightningModel
    from pytorch_lightning import Callback, Trainer

    class GreluTrainingNetwork(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = TrainingBasset(fold.values.shape[1], pool_first=False)

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            return self.net(inputs)[:, None, None]

    class GreluTimer(Callback):
        def on_train_epoch_start(self, *_: Any) -> None:
            self.start = timer.now()

        def on_train_epoch_end(self, *_: Any) -> None:
            self.seconds = timer.now() - self.start

    frame = pd.DataFrame({"sequence": [decode(row) for row in fold.values], "label": fold.labels.astype(float)})
    dataset = DFSeqDataset(frame, rc=True, augment_mode="random")
    model = LightningModel(
        {"model_type": "ConvModel", "n_tasks": 1, "n_conv": 1, "channel_init": 4},
        {"task": "binary", "lr": 1e-3, "batch_size": batch, "optimizer": "adam"},
    )
    model.model = GreluTrainingNetwork()
    callback = GreluTimer()
    trainer = Trainer(
        accelerator="cpu", max_epochs=1, logger=False, enable_checkpointing=False, enable_progress_bar=False, callbacks=[callback],
        default_root_dir=folder, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(model, model.make_train_loader(dataset, batch_size=batch, num_workers=0))
    return callback.seconds


def time_crested_pass(fold: Fold, batch: int, threads: int, timer: TrainingTimer, folder: Path) -> float:
    """Seconds per epoch of CREsted's training (Keras on torch) of the same network in Keras."""
    import anndata
    import crested
    import keras

    number, length = fold.values.shape
    fasta = folder / "genome.fa"
    fasta.write_text(f">chr1\n{decode(np.asarray(fold.values).reshape(-1))}\n")
    names = [f"chr1:{i * length}-{(i + 1) * length}" for i in range(number)]
    regions = {"chr": "chr1", "start": np.arange(number) * length, "end": np.arange(1, number + 1) * length}
    split = ["train"] * (number - 1) + ["val"]
    var = pd.DataFrame(regions | {"split": split}, index=names)
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
    durations = []

    class CrestedTimer(keras.callbacks.Callback):
        def on_epoch_begin(self, *_: Any) -> None:
            self.start = timer.now()

        def on_test_begin(self, *_: Any) -> None:
            durations.append(timer.now() - self.start)

    model.fit(1, model_checkpointing=False, early_stopping=False, learning_rate_reduce=False, custom_callbacks=[CrestedTimer()])
    return durations[0]


def match_predictions(
    fold: Fold, plain: TrainingBasset, threads: int
) -> tuple[dict[str, np.ndarray], dict[str, Any], list[float]]:
    """Our model with the weights of the plain network, and the deviations of its predictions in float32 and bfloat16."""
    few = replace(fold, values=fold.values[:64], labels=fold.labels[:64], weights=fold.weights[:64], names=fold.names[:64])
    fitted = NETWORKS["cnn"].train(few, None, SETTINGS | {"batch_size": 64, "precision": "float32"}, 1, threads)
    tensors = iter(tensor.detach().numpy() for tensor in plain.state_dict().values())
    scale = ("0.head.usual", "0.head.deviation")  # of the outcome: 0 and 1 of classes
    arrays = {name: array if name in scale else next(tensors).reshape(array.shape) for name, array in fitted.arrays.items()}
    plain.eval()
    with torch.inference_mode():
        expected = torch.sigmoid(plain(one_hot(few))).numpy()
    deviations = []
    for precision in ("float32", "bfloat16"):
        deviations.append(
            float(
                np.abs(
                    NETWORKS["cnn"].predict(arrays, fitted.description | {"predicts": precision}, few.values, threads) - expected
                ).max()
            )
        )
    if deviations[0] > 1e-4 or deviations[1] > 0.02:
        raise SystemExit(f"our predictions differ from those of the plain network by {deviations[0]:.2g} and {deviations[1]:.2g}")
    return arrays, fitted.description, deviations


def measure_matmul(dtype: torch.dtype, timer: TrainingTimer) -> float:
    """GFLOP/s of a matrix product."""
    left, right = (torch.rand(1024, 1024).to(dtype) for _ in range(2))
    left @ right
    return 2 * 1024**3 / min(timer.measure(lambda: left @ right) for _ in range(20)) / 1e9


def main() -> int:
    parser = argparse.ArgumentParser()
    for name, value in (("examples", 1024), ("length", 500), ("batch", 64), ("threads", 1), ("repeats", 3)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--peers", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(arguments.threads)
    timer = TrainingTimer(arguments.threads)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        fold = make_examples(folder, arguments.examples, arguments.length)
        values = one_hot(fold)
        usual, plain = (TrainingBasset(arguments.length, pool_first) for pool_first in (False, True))
        for net in (usual, plain):  # sets batch statistics, so that outputs are not nearly constant
            time_plain_pass(net, values[:256], replace(fold, labels=fold.labels[:256]), arguments.batch, timer)
        arrays, description, deviations = match_predictions(fold, plain, arguments.threads)
        print(
            f"Ours and the plain network agree: they differ by {deviations[0]:.1g} in float32, {deviations[1]:.1g} in bfloat16.\n"
        )
        methods: dict[str, Callable[[], float]] = {
            "plain PyTorch, float32": lambda: time_plain_pass(plain, values, fold, arguments.batch, timer),
            "plain PyTorch, float32, pooled last": lambda: time_plain_pass(usual, values, fold, arguments.batch, timer),
            "ours, float32": lambda: time_our_pass(fold, arguments.batch, "float32", arguments.threads, timer),
            "ours": lambda: time_our_pass(fold, arguments.batch, "auto", arguments.threads, timer),
        }
        if arguments.peers:
            methods["gReLU"] = lambda: time_grelu_pass(fold, arguments.batch, arguments.threads, timer, folder)
            methods["CREsted (Keras on torch)"] = lambda: time_crested_pass(
                fold, arguments.batch, arguments.threads, timer, folder
            )
        training_speedup = print_table("training", methods, arguments, timer, 3)

        def time_prediction(net: TrainingBasset) -> float:
            net.eval()
            with torch.inference_mode():
                return timer.measure(lambda: [net(chunk) for chunk in values.split(arguments.batch)])

        def time_our_prediction(precision: str) -> float:
            return timer.measure(
                lambda: NETWORKS["cnn"].predict(arrays, description | {"predicts": precision}, fold.values, arguments.threads)
            )

        prediction_speedup = print_table(
            "single-strand prediction",
            {
                "plain PyTorch, float32": lambda: time_prediction(plain),
                "plain PyTorch, float32, pooled last": lambda: time_prediction(usual),
                "ours, float32": lambda: time_our_prediction("float32"),
                "ours": lambda: time_our_prediction("bfloat16"),
            },
            arguments,
            timer,
            1,
        )
    return int(training_speedup < FASTER_TRAINING or prediction_speedup < FASTER_PREDICTION)


def print_table(
    title: str, methods: dict[str, Callable[[], float]], arguments: argparse.Namespace, timer: TrainingTimer, times: int
) -> float:
    """Print the times of the methods as Markdown; returns the speed-up of `ours` over plain PyTorch."""
    best: dict[str, float] = {}
    for _ in range(arguments.repeats):
        for name, method in list(methods.items()):
            try:
                best[name] = min(best.get(name, np.inf), method())
            except ImportError as error:
                print(f"{name}: {error}")
                del methods[name]
    work = arguments.examples * count_operations(arguments.length) * times / 1e9
    limits = {"float32": measure_matmul(torch.float32, timer), "bfloat16": measure_matmul(torch.bfloat16, timer)}
    load = os.getloadavg()[0]
    print(f"{title}: {arguments.threads} threads; load of the machine {load:.1f}; ", end="")
    print(f"matrix product {limits['float32']:.0f} GFLOP/s in float32, {limits['bfloat16']:.0f} in bfloat16\n")
    print(f"| {title} | sequences/s | GFLOP/s | fraction of a matrix product | × plain |")
    print("|---|---|---|---|---|")
    first = best["plain PyTorch, float32"]
    for name, seconds in best.items():
        limit = limits["bfloat16" if name == "ours" else "float32"]
        row = (
            f"{arguments.examples / seconds:,.0f}",
            f"{work / seconds:.0f}",
            f"{work / seconds / limit:.0%}",
            f"{first / seconds:.2f}",
        )
        print(f"| {name} | {' | '.join(row)} |")
    print(flush=True)
    return first / best["ours"]


if __name__ == "__main__":
    sys.exit(main())
