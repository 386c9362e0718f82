"""Attributions of sequences beside Captum and tangermeme on the same network in the same run; equal results are asserted first.

    nice python benchmarks/attributions.py [--sequences 64] [--length 500] [--references 5] [--threads 1] [--repeats 3]

Run it with a Python that has torch, numpy, and captum and tangermeme; one that cannot be imported is named. The network is a CNN
of the size of Basset's with weights as they are drawn, its maxima taken as those packages take them; ours is the same weights
in the layout of this package. DeepLIFT is asked of a network without maxima, too, for Captum's contributions do not add up across
those. References are the same. Times are the shortest of the repeats, which go round; with one thread, of the process's CPU.
The ratio is of a peer's time to ours. For integrated gradients ours is as exact as the peer or more: the error of both is told.
"""

import argparse
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

for name in ("OPENBLAS", "OMP", "MKL", "NUMBA"):
    os.environ.setdefault(f"{name}_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402

from readsight.interpret.sequence_attribution import deep_shap, gradients, input_x_gradient, integrated_gradients  # noqa: E402
from readsight.interpret.sequence_attribution.attribution_file import own  # noqa: E402
from readsight.interpret.sequence_attribution.query import Head, Question  # noqa: E402
from readsight.interpret.sequence_attribution.references import references  # noqa: E402
from readsight.models.sequence import NETS  # noqa: E402

FILTERS, WIDTHS, POOLS, HIDDEN = [300, 200, 200], [19, 11, 7], [3, 4, 4], 1000
SPEC = {"baseline": "shuffled", "correction": False}
ALIKE = 1e-4  # of the largest contribution
FEW = 0.01  # contributions that may be off: of two places that are alike but for the last bits either may be the maximum


class Plain(nn.Module):
    """Basset as one writes it: one-hot (n, 4, length) → (n, 1). maxima: whether places are joined by their maximum, or their mean."""

    def __init__(self, length: int, maxima: bool):
        super().__init__()
        layers: list[nn.Module] = []
        channels = 4
        for filters, width, pool in zip(FILTERS, WIDTHS, POOLS, strict=True):
            joined = nn.MaxPool1d(pool, ceil_mode=True) if maxima else nn.AvgPool1d(pool, ceil_mode=True)
            layers += [nn.Conv1d(channels, filters, width, padding="same"), nn.BatchNorm1d(filters), nn.ReLU(), joined]
            channels, length = filters, -(-length // pool)
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(length * channels, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1))

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        return self.layers(given)


class Ours(nn.Module):
    """The same layers on images one row high, channels together in memory, as networks of this package compute."""

    def __init__(self, plain: Plain):
        super().__init__()
        layers: list[nn.Module] = []
        for part in plain.layers:
            if isinstance(part, nn.Conv1d):
                held = nn.Conv2d(part.in_channels, part.out_channels, (1, part.kernel_size[0]), padding="same")
                held.weight.data, held.bias.data = part.weight.data.unsqueeze(2), part.bias.data
            elif isinstance(part, nn.BatchNorm1d):
                held = nn.BatchNorm2d(part.num_features)
                held.load_state_dict(part.state_dict())
            elif isinstance(part, nn.MaxPool1d):
                held = nn.MaxPool2d((1, part.kernel_size), ceil_mode=True)
            else:
                held = nn.AvgPool2d((1, part.kernel_size[0]), ceil_mode=True) if isinstance(part, nn.AvgPool1d) else part
            layers.append(held)
        self.layers = nn.Sequential(*layers)

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        return self.layers(given.unsqueeze(2)).flatten()


class Case:
    """A network of both kinds, sequences, and their references."""

    def __init__(self, given: argparse.Namespace, maxima: bool):
        torch.manual_seed(1)
        plain = Plain(given.length, maxima)
        codes = np.random.default_rng(1).integers(0, 4, (given.sequences, given.length), dtype=np.uint8)
        self.held = np.eye(4, dtype=np.float32)[codes]
        with torch.no_grad():
            plain.train()(torch.from_numpy(self.held).transpose(1, 2))
        self.plain = plain.eval()
        about = {"kind": "binary", "input": "one_hot", "pair": False}
        self.question = Question(NETS["cnn"], {}, about, codes, Head("x"))
        vars(self.question)["net"] = Ours(plain).eval()
        self.references = references(codes, SPEC | {"baselines": given.references}, 1)
        self.given = torch.from_numpy(self.held).transpose(1, 2).contiguous()
        self.start = torch.from_numpy(self.references).transpose(2, 3).contiguous()
        score = gradients.scores(self.question, self.held, np.arange(len(codes)))
        rows = np.repeat(np.arange(len(codes)), given.references)
        other = gradients.scores(self.question, self.references.reshape(-1, *self.held.shape[1:]), rows)
        self.change = score - other.reshape(len(codes), -1).mean(axis=1)

    def ours(self, method: Any) -> np.ndarray:
        """Contributions (n, places)."""
        return own(method.attribute(self.question, self.references, SPEC, 1), self.question.codes)

    def each(self, call: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> np.ndarray:
        """Contributions by a peer that knows one reference a sequence: many pairs at once, and the mean over references."""
        count, size = self.start.shape[1], 64
        one, other = self.given.repeat_interleave(count, 0), self.start.flatten(0, 1)
        parts = [call(one[i : i + size], other[i : i + size]).detach() for i in range(0, len(one), size)]
        return torch.cat(parts).sum(1).unflatten(0, (-1, count)).mean(1).numpy()

    def missed(self, found: np.ndarray) -> float:
        """Mean gap between the sum of contributions and the output's change, as part of it."""
        return float(np.abs(found.sum(axis=1) - self.change).mean() / np.abs(self.change).mean())


def captum_gradient(case: Case) -> np.ndarray:
    from captum.attr import InputXGradient

    parts = [InputXGradient(case.plain).attribute(part.requires_grad_()).detach() for part in case.given.split(64)]
    return torch.cat(parts).sum(1).numpy()


def captum_deep(case: Case) -> np.ndarray:
    from captum.attr import DeepLift

    method = DeepLift(case.plain)
    return case.each(lambda one, other: method.attribute(one, other, target=0))


def tangermeme_deep(case: Case) -> np.ndarray:
    from tangermeme.deep_lift_shap import deep_lift_shap

    found = deep_lift_shap(case.plain, case.given, references=case.start, device="cpu", batch_size=64, warning_threshold=1)
    return found.sum(1).numpy()


def captum_integrated(case: Case, steps: int) -> np.ndarray:
    from captum.attr import IntegratedGradients

    method = IntegratedGradients(case.plain)
    return case.each(lambda one, other: method.attribute(one, other, n_steps=steps, internal_batch_size=64))


def best(ways: dict[str, Callable[[], np.ndarray]], given: argparse.Namespace) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Shortest time of each way, and what it found."""
    now = time.process_time if given.threads == 1 else time.perf_counter
    times: dict[str, float] = {}
    found: dict[str, np.ndarray] = {}
    for _ in range(given.repeats):
        for name, way in list(ways.items()):
            begun = now()
            try:
                found[name] = way()
            except ImportError as error:
                print(f"{name}: {error}")
                del ways[name]
                continue
            times[name] = min(times.get(name, np.inf), now() - begun)
    return times, found


def table(words: str, case: Case, ways: dict[str, Callable[[], np.ndarray]], given: argparse.Namespace, equal: bool) -> float:
    """Print the ways' times; how many times as fast as the fastest peer ours is. equal: whether contributions have to be the same."""
    times, found = best(ways, given)
    print(f"\n| {words} | seconds | sequences/s | gap of completeness | × ours |\n|---|---|---|---|---|")
    for name, seconds in times.items():
        off = np.abs(found[name] - found["ours"]) / np.abs(found["ours"]).max()
        if equal and (off > ALIKE).mean() > FEW:
            raise SystemExit(
                f"{words}: {name} does not find what ours does: {(off > ALIKE).mean():.1%} are off by up to {off.max():.2g}"
            )
        row = (
            f"{seconds:.2f}",
            f"{given.sequences / seconds:.1f}",
            f"{case.missed(found[name]):.2g}",
            f"{seconds / times['ours']:.2f}",
        )
        print(f"| {name} | {' | '.join(row)} |", flush=True)
    return min((seconds / times["ours"] for name, seconds in times.items() if name != "ours"), default=np.inf)


def main() -> int:
    parser = argparse.ArgumentParser()
    for name, value in (("sequences", 64), ("length", 500), ("references", 5), ("threads", 1), ("repeats", 3), ("steps", 50)):
        parser.add_argument(f"--{name}", type=int, default=value)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(given.threads)
    smooth, jumps = Case(given, maxima=False), Case(given, maxima=True)
    print(f"{given.sequences} sequences of {given.length} bases, {given.references} references; ", end="")
    print(f"{given.threads} threads; load of the machine {os.getloadavg()[0]:.1f}")
    ratios = [
        table("DeepLIFT, no maxima", smooth, {"ours": lambda: smooth.ours(deep_shap), "Captum": lambda: captum_deep(smooth),
              "tangermeme": lambda: tangermeme_deep(smooth)}, given, True),
        table("DeepLIFT", jumps, {"ours": lambda: jumps.ours(deep_shap), "tangermeme": lambda: tangermeme_deep(jumps)}, given, True),
        table("input × gradient", jumps, {"ours": lambda: jumps.ours(input_x_gradient), "Captum": lambda: captum_gradient(jumps)}, given, True),
        table("integrated gradients", jumps, {"ours": lambda: jumps.ours(integrated_gradients),
              f"Captum, {given.steps} steps": lambda: captum_integrated(jumps, given.steps)}, given, False),
    ]  # fmt: skip
    return int(min(ratios) < 1)


if __name__ == "__main__":
    sys.exit(main())
