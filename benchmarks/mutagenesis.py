"""Saturation mutagenesis compared with tangermeme and with full predictions of every edited sequence.

    nice python benchmarks/mutagenesis.py [--threads 1] [--repeats 3] [--cases basset,cnn,...]

Run it with a Python of the environment `learn` that also has tangermeme; without it, only this package is measured. Networks have
random weights, outputs with standard deviation 1, and normalisation statistics of a batch:

| case | network | explained |
|---|---|---|
| basset | Basset (Kelley et al. 2016): 300, 200, 200 filters of 19, 11, 7 bases, pools 3, 4, 4, dense 1,000 and 1,000; 1,000 bp | 164 outputs |
| cnn | the config's `cnn`, 200 bp | one |
| dilated_all | the config's `dilated_resnet`, 800 bp | three outputs at each of 800 positions |
| dilated_near | the same | three outputs at the positions within 50 bases of the edit; tangermeme always returns all |
| dilated_at | the same | three outputs at one position |

The outputs of all methods are first asserted to equal full predictions of the edited sequences, to 1e-4. tangermeme uses its fast
path if it estimates that the slow one takes over 30 seconds: it is measured with this default, and with the fast path forced.
It gets batches of 32 (on Basset also 256), and for Basset a plain network of `nn.Conv1d` with the same weights.

Single-base variants, several per window, are compared with a loop that predicts each window before and after the edit.

With one thread, times are CPU times of the process, which are less affected by concurrent load; otherwise wall-clock times. Each is
the shortest of the repeats. Exits with status 1 if ours is not 5 × as fast as tangermeme on Basset, and as the loop over variants.
"""

import argparse
import importlib
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

for name in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{name}_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402

from readsight.config.sequence_tasks import Architectures  # noqa: E402
from readsight.models.incremental.engine import IncrementalNetwork  # noqa: E402
from readsight.models.sequence import NETWORKS  # noqa: E402
from readsight.models.training.inputs import to_network_input  # noqa: E402

MIN_SPEEDUP = 5.0
TOLERANCE = 1e-4
NEAR = 50
BASSET = {"filters": [300, 200, 200], "widths": [19, 11, 7], "pools": [3, 4, 4], "hidden": [1000, 1000]}
CASES: dict[str, tuple[str, str, int, int, dict[str, Any]]] = {
    "basset": ("cnn", "multilabel", 164, 1000, BASSET),
    "cnn": ("cnn", "binary", 1, 200, {}),
    "dilated_all": ("dilated_resnet", "positions", 3, 800, {}),
    "dilated_near": ("dilated_resnet", "positions", 3, 800, {}),
    "dilated_at": ("dilated_resnet", "positions", 3, 800, {}),
}


class MutagenesisBasset(nn.Module):
    """Basset in plain PyTorch: one-hot (n, 4, length) → (n, 164)."""

    def __init__(self, description: dict[str, Any]):
        super().__init__()
        layers: list[nn.Module] = []
        channels, length = 4, description["length"]
        for filters, width, pool in zip(description["filters"], description["widths"], description["pools"], strict=True):
            layers += [nn.Conv1d(channels, filters, width, padding="same"), nn.MaxPool1d(pool, ceil_mode=True)]
            layers += [nn.BatchNorm1d(filters), nn.ReLU()]
            channels, length = filters, -(-length // pool)
        self.convolutions = nn.Sequential(*layers)
        dense: list[nn.Module] = []
        channels *= length
        for units in description["hidden"]:
            dense += [nn.Linear(channels, units), nn.BatchNorm1d(units), nn.ReLU()]
            channels = units
        self.head = nn.Sequential(*dense, nn.Linear(channels, description["outputs"]))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.head(self.convolutions(inputs).transpose(1, 2).flatten(1))


def build_network(case: str) -> tuple[nn.Module, dict[str, Any]]:
    """Network of a case with random weights, and its description."""
    architecture, kind, outputs, length, overrides = CASES[case]
    layout = {"kind": kind, "outputs": outputs, "length": length, "pair": False, "stranded": False, "bin": 1, "input": "one_hot"}
    description = (
        layout | {"encoding": {"name": "one_hot", "about": {}}} | getattr(Architectures(), architecture).model_dump() | overrides
    )
    torch.manual_seed(1)
    net = NETWORKS[architecture].build(description)
    for layer in net.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.momentum = 1.0  # statistics are those of the batch
    last = net.head if isinstance(net.head, nn.Linear) else net.head.layer
    with torch.no_grad():
        last.weight /= net(to_network_input(torch.randint(0, 4, (64, length), dtype=torch.uint8), description)).std()
    return net.eval(), description


def build_plain_network(net: nn.Module, description: dict[str, Any]) -> nn.Module:
    """The same network in plain PyTorch, with the same weights."""
    plain_network = MutagenesisBasset(description)
    tensors = iter(value for name, value in net.state_dict().items() if name not in ("head.usual", "head.deviation"))
    plain_network.load_state_dict(
        {name: next(tensors).reshape(value.shape) for name, value in plain_network.state_dict().items()}
    )
    return plain_network.eval()


def predict_codes(net: nn.Module, description: dict[str, Any], codes: np.ndarray, size: int = 64) -> np.ndarray:
    """Full predictions for codes, in batches of `size`."""
    with torch.inference_mode():
        return np.concatenate(
            [
                net(to_network_input(torch.from_numpy(chunk), description)).numpy()
                for chunk in np.split(codes, range(size, len(codes), size))
            ]
        )


def edit_codes(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All single-base edits of one sequence (1, length): codes (k, length), and position and base of each edit."""
    position, base = np.nonzero(codes[0][:, None] != np.arange(4))
    edited = np.repeat(codes, len(position), 0)
    edited[np.arange(len(position)), position] = base
    return edited, position, base.astype(np.uint8)


def make_our_call(case: str, net: nn.Module, description: dict[str, Any], codes: np.ndarray) -> Callable[[], np.ndarray]:
    """Make a call that gives the outputs of all edited sequences, (k, …), by incremental inference."""
    _, position, base = edit_codes(codes)
    row, middle = np.zeros_like(position), description["length"] // 2
    near = {"dilated_near": (position - NEAR, 2 * NEAR + 1), "dilated_at": (np.full_like(position, middle), 1)}.get(case, ())
    return lambda: IncrementalNetwork.from_network(net, description).compute_outputs(codes, row, position, base[:, None], *near)


def make_tangermeme_call(
    case: str, net: nn.Module, description: dict[str, Any], codes: np.ndarray, batch: int, forced: bool
) -> Callable[[], np.ndarray]:
    """Make the same call with tangermeme; unedited bases are removed from its result. forced: force its fast path."""
    module = importlib.import_module("tangermeme.saturation_mutagenesis")
    inputs, middle = to_network_input(torch.from_numpy(codes), description).contiguous(), description["length"] // 2
    _, position, base = edit_codes(codes)
    select_middle = (lambda outputs: outputs[:, middle : middle + 1]) if case == "dilated_at" else None

    def call() -> np.ndarray:
        before = module._FAST_MIN_SECONDS
        module._FAST_MIN_SECONDS = 0 if forced else before
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error" if forced else "ignore")
                warnings.filterwarnings("ignore", category=UserWarning, module="torch")
                result = module.saturation_mutagenesis(
                    net, inputs, raw_outputs=True, batch_size=batch, device="cpu", func=select_middle
                )
        finally:
            module._FAST_MIN_SECONDS = before
        return result.y_hat[0].numpy()[base.astype(int), position]

    return call


class MutagenesisTimer:
    """Timer of calls: CPU time of the process with one thread, otherwise wall-clock time."""

    def __init__(self, threads: int):
        self.now = time.process_time if threads == 1 else time.perf_counter

    def measure(self, call: Callable[[], Any], repeats: int) -> float:
        seconds = []
        for _ in range(repeats):
            before = self.now()
            call()
            seconds.append(self.now() - before)
        return min(seconds)


def select_outputs(case: str, outputs: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Select the outputs that a case requires from full outputs; NaN at positions outside the sequence."""
    if case == "dilated_at":
        return outputs[:, outputs.shape[1] // 2][:, None]
    if case != "dilated_near":
        return outputs
    output_positions = position[:, None] + np.arange(-NEAR, NEAR + 1)
    is_inside = (output_positions >= 0) & (output_positions < outputs.shape[1])
    return np.where(
        is_inside[..., None],
        outputs[np.arange(len(output_positions))[:, None], output_positions.clip(0, outputs.shape[1] - 1)],
        np.nan,
    )


def measure_case(case: str, timer: MutagenesisTimer, repeats: int) -> float:
    """Print the table of a case; returns our speed-up over the best time of tangermeme (infinite without it)."""
    net, description = build_network(case)
    codes = np.random.default_rng(1).integers(0, 4, (1, description["length"]), dtype=np.uint8)
    sequences, position, _ = edit_codes(codes)
    expected = predict_codes(net, description, sequences)
    methods = {
        "ours": make_our_call(case, net, description, codes),
        "full predictions, batches of 64": lambda: predict_codes(net, description, sequences),
    }
    peer_network = build_plain_network(net, description) if case == "basset" else net
    for label, forced in (("default", False), ("fast path forced", True)):
        for batch in (32, 256) if case == "basset" else (32,):
            try:
                methods[f"tangermeme, {label}, batches of {batch}"] = make_tangermeme_call(
                    case, peer_network, description, codes, batch, forced
                )
            except ImportError as error:
                print(f"tangermeme: {error}")
    best, deviation = {}, {}
    for label, call in methods.items():
        try:
            outputs = call()
        except Exception as error:
            print(f"{label}: {type(error).__name__}: {str(error).splitlines()[0][:150]}")
            continue
        target = select_outputs(case, expected, position) if outputs.shape[1:] != expected.shape[1:] else expected
        deviation[label] = float(np.nanmax(np.abs(outputs - target)))
        if deviation[label] > TOLERANCE or not np.array_equal(np.isnan(outputs), np.isnan(target)):
            raise SystemExit(f"{case}: {label}: differs from the full predictions by {deviation[label]:.2g}")
        best[label] = timer.measure(call, repeats if label == "ours" or repeats == 1 else repeats - 1)
    print(
        f"{case}: {len(position):,} edits of a sequence of {description['length']} bases\n\n| method | seconds | ms per edit | deviation | × ours |"
    )
    print("|---|---|---|---|---|")
    for label, seconds in best.items():
        print(
            f"| {label} | {seconds:.3f} | {1e3 * seconds / len(position):.3f} | {deviation[label]:.0e} | {seconds / best['ours']:.1f} |"
        )
    print(flush=True)
    return min((seconds for label, seconds in best.items() if label.startswith("tanger")), default=np.inf) / best["ours"]


def measure_variants(case: str, timer: MutagenesisTimer, repeats: int) -> float:
    """Print the table of variants that share windows; returns our speed-up over a loop, for four variants per window."""
    net, description = build_network(case)
    print(
        f"{case}: single-base variants, before and after\n\n| variants per window | ms per variant | batches of 64 | one by one | × one by one |"
    )
    print("|---|---|---|---|---|")
    ratios = {}
    for per_window in (1, 4, 16):
        incremental, batched, single = time_variant_windows(case, net, description, per_window, timer, repeats)
        ratios[per_window] = single / incremental
        print(f"| {per_window} | {1e3 * incremental:.3f} | {1e3 * batched:.3f} | {1e3 * single:.3f} | {ratios[per_window]:.1f} |")
    print(flush=True)
    return ratios[4]


def time_variant_windows(
    case: str, net: nn.Module, description: dict[str, Any], per_window: int, timer: MutagenesisTimer, repeats: int
) -> tuple[float, float, float]:
    """Seconds per variant in 48 windows: incremental, full predictions in batches, and full predictions one by one."""
    rng, loop = np.random.default_rng(2), 24
    codes = rng.integers(0, 4, (48, description["length"]), dtype=np.uint8)
    row = np.repeat(np.arange(48), per_window)
    start = rng.integers(0, description["length"], len(row))
    new = (codes[row, start] + 1) % 4
    before, after = codes[row], codes[row]
    after[np.arange(len(row)), start] = new
    near = (start - NEAR, 2 * NEAR + 1) if case.startswith("dilated") else ()
    edited = IncrementalNetwork.from_network(net, description)

    def predict_edited() -> np.ndarray:
        return edited.compute_before_and_after(codes, row, start, new[:, None], *near)[1]

    deviation = np.nanmax(np.abs(predict_edited() - select_outputs(case, predict_codes(net, description, after), start)))
    if deviation > TOLERANCE:
        raise SystemExit(f"{case}: variants: differs from the full predictions by {deviation:.2g}")
    batched = timer.measure(lambda: (predict_codes(net, description, before), predict_codes(net, description, after)), 1)
    single = timer.measure(
        lambda: [predict_codes(net, description, windows[i : i + 1]) for i in range(loop) for windows in (before, after)], repeats
    )
    return timer.measure(predict_edited, repeats) / len(row), batched / len(row), single / loop


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cases", default=",".join(CASES))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    warnings.simplefilter("ignore")
    timer = MutagenesisTimer(arguments.threads)
    print(f"{arguments.threads} threads; load of the machine {os.getloadavg()[0]:.1f}; torch {torch.__version__}\n")
    cases = arguments.cases.split(",")
    ratios = {case: measure_case(case, timer, arguments.repeats) for case in cases}
    loops = [measure_variants(case, timer, arguments.repeats) for case in cases if case in ("basset", "cnn", "dilated_near")]
    return int(ratios.get("basset", np.inf) < MIN_SPEEDUP or min(loops, default=np.inf) < MIN_SPEEDUP)


if __name__ == "__main__":
    sys.exit(main())
