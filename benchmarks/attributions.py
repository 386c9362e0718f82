"""Sequence attributions compared with Captum and tangermeme on the same network in the same run; equal results are asserted first.

    nice python benchmarks/attributions.py [--sequences 64] [--length 500] [--references 5] [--threads 1] [--repeats 3]

Run it with a Python that has torch, numpy, captum and tangermeme; packages that cannot be imported are listed. The network is a CNN
of the size of Basset with random weights and the max pooling of those packages; "ours" has the same weights in the layout
of this package. DeepLIFT is also run on a network without max pooling, because Captum's contributions do not sum up with it.
All methods use the same references. Times are the shortest of interleaved repeats; with one thread, CPU time of the process.
The ratio is peer time / our time. For integrated gradients, ours is at least as exact as the peer: the errors of both are shown.
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
from readsight.interpret.sequence_attribution.attribution_file import base_contributions  # noqa: E402
from readsight.interpret.sequence_attribution.query import AttributionQuery, OutputHead  # noqa: E402
from readsight.interpret.sequence_attribution.references import build_references  # noqa: E402
from readsight.models.sequence import NETWORKS  # noqa: E402

FILTERS, WIDTHS, POOLS, HIDDEN = [300, 200, 200], [19, 11, 7], [3, 4, 4], 1000
SPEC = {"baseline": "shuffled", "correction": False}
TOLERANCE = 1e-4  # of the largest contribution
MAX_DEVIATING = (
    0.01  # fraction that may deviate: of two positions that are equal except for the last bits, either can be the maximum
)


class AttributionBasset(nn.Module):
    """Basset in plain PyTorch: one-hot (n, 4, length) → (n, 1). maxima: use max pooling, otherwise mean pooling."""

    def __init__(self, length: int, maxima: bool):
        super().__init__()
        layers: list[nn.Module] = []
        channels = 4
        for filters, width, pool in zip(FILTERS, WIDTHS, POOLS, strict=True):
            pooling = nn.MaxPool1d(pool, ceil_mode=True) if maxima else nn.AvgPool1d(pool, ceil_mode=True)
            layers += [nn.Conv1d(channels, filters, width, padding="same"), nn.BatchNorm1d(filters), nn.ReLU(), pooling]
            channels, length = filters, -(-length // pool)
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(length * channels, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.layers(inputs)


class PackageLayoutBasset(nn.Module):
    """The same layers on images of height 1 in channels-last memory layout, as in the networks of this package."""

    def __init__(self, plain: AttributionBasset):
        super().__init__()
        layers: list[nn.Module] = []
        for layer in plain.layers:
            if isinstance(layer, nn.Conv1d):
                converted = nn.Conv2d(layer.in_channels, layer.out_channels, (1, layer.kernel_size[0]), padding="same")
                converted.weight.data, converted.bias.data = layer.weight.data.unsqueeze(2), layer.bias.data
            elif isinstance(layer, nn.BatchNorm1d):
                converted = nn.BatchNorm2d(layer.num_features)
                converted.load_state_dict(layer.state_dict())
            elif isinstance(layer, nn.MaxPool1d):
                converted = nn.MaxPool2d((1, layer.kernel_size), ceil_mode=True)
            else:
                converted = nn.AvgPool2d((1, layer.kernel_size[0]), ceil_mode=True) if isinstance(layer, nn.AvgPool1d) else layer
            layers.append(converted)
        self.layers = nn.Sequential(*layers)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.layers(inputs.unsqueeze(2)).flatten()


class AttributionCase:
    """A network in both layouts, sequences, and their references."""

    def __init__(self, arguments: argparse.Namespace, maxima: bool):
        torch.manual_seed(1)
        plain = AttributionBasset(arguments.length, maxima)
        codes = np.random.default_rng(1).integers(0, 4, (arguments.sequences, arguments.length), dtype=np.uint8)
        self.one_hot = np.eye(4, dtype=np.float32)[codes]
        with torch.no_grad():
            plain.train()(torch.from_numpy(self.one_hot).transpose(1, 2))
        self.plain = plain.eval()
        description = {"kind": "binary", "input": "one_hot", "pair": False}
        self.query = AttributionQuery(NETWORKS["cnn"], {}, description, codes, OutputHead("x"))
        vars(self.query)["net"] = PackageLayoutBasset(plain).eval()
        self.references = build_references(codes, SPEC | {"baselines": arguments.references}, 1)
        self.inputs = torch.from_numpy(self.one_hot).transpose(1, 2).contiguous()
        self.reference_inputs = torch.from_numpy(self.references).transpose(2, 3).contiguous()
        score = gradients.score_points(self.query, self.one_hot, np.arange(len(codes)))
        rows = np.repeat(np.arange(len(codes)), arguments.references)
        reference_score = gradients.score_points(self.query, self.references.reshape(-1, *self.one_hot.shape[1:]), rows)
        self.output_change = score - reference_score.reshape(len(codes), -1).mean(axis=1)

    def compute_ours(self, method: Any) -> np.ndarray:
        """Contributions (n, positions) of this package."""
        return base_contributions(method.attribute(self.query, self.references, SPEC, 1), self.query.codes)

    def average_over_references(self, call: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> np.ndarray:
        """Contributions of a peer that supports one reference per sequence: pairs in batches, and the mean over references."""
        count, size = self.reference_inputs.shape[1], 64
        inputs, reference_inputs = self.inputs.repeat_interleave(count, 0), self.reference_inputs.flatten(0, 1)
        chunks = [call(inputs[i : i + size], reference_inputs[i : i + size]).detach() for i in range(0, len(inputs), size)]
        return torch.cat(chunks).sum(1).unflatten(0, (-1, count)).mean(1).numpy()

    def measure_gap(self, contributions: np.ndarray) -> float:
        """Mean difference between the sum of contributions and the change of the output, relative to that change."""
        return float(np.abs(contributions.sum(axis=1) - self.output_change).mean() / np.abs(self.output_change).mean())


def captum_gradient(case: AttributionCase) -> np.ndarray:
    from captum.attr import InputXGradient

    chunks = [InputXGradient(case.plain).attribute(chunk.requires_grad_()).detach() for chunk in case.inputs.split(64)]
    return torch.cat(chunks).sum(1).numpy()


def captum_deep(case: AttributionCase) -> np.ndarray:
    from captum.attr import DeepLift

    method = DeepLift(case.plain)
    return case.average_over_references(lambda inputs, reference_inputs: method.attribute(inputs, reference_inputs, target=0))


def tangermeme_deep(case: AttributionCase) -> np.ndarray:
    from tangermeme.deep_lift_shap import deep_lift_shap

    contributions = deep_lift_shap(
        case.plain, case.inputs, references=case.reference_inputs, device="cpu", batch_size=64, warning_threshold=1
    )
    return contributions.sum(1).numpy()


def captum_integrated(case: AttributionCase, steps: int) -> np.ndarray:
    from captum.attr import IntegratedGradients

    method = IntegratedGradients(case.plain)
    return case.average_over_references(
        lambda inputs, reference_inputs: method.attribute(inputs, reference_inputs, n_steps=steps, internal_batch_size=64)
    )


def time_methods(
    methods: dict[str, Callable[[], np.ndarray]], arguments: argparse.Namespace
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Shortest time of each method, and its contributions."""
    now = time.process_time if arguments.threads == 1 else time.perf_counter
    times: dict[str, float] = {}
    contributions: dict[str, np.ndarray] = {}
    for _ in range(arguments.repeats):
        for name, method in list(methods.items()):
            start = now()
            try:
                contributions[name] = method()
            except ImportError as error:
                print(f"{name}: {error}")
                del methods[name]
                continue
            times[name] = min(times.get(name, np.inf), now() - start)
    return times, contributions


def print_table(
    title: str, case: AttributionCase, methods: dict[str, Callable[[], np.ndarray]], arguments: argparse.Namespace, equal: bool
) -> float:
    """Print the times of the methods; returns our speed-up over the fastest peer. equal: whether contributions must agree."""
    times, contributions = time_methods(methods, arguments)
    print(f"\n| {title} | seconds | sequences/s | gap of completeness | × ours |\n|---|---|---|---|---|")
    for name, seconds in times.items():
        deviation = np.abs(contributions[name] - contributions["ours"]) / np.abs(contributions["ours"]).max()
        if equal and (deviation > TOLERANCE).mean() > MAX_DEVIATING:
            raise SystemExit(
                f"{title}: contributions of {name} differ from ours: {(deviation > TOLERANCE).mean():.1%} deviate by up to {deviation.max():.2g}"
            )
        row = (
            f"{seconds:.2f}",
            f"{arguments.sequences / seconds:.1f}",
            f"{case.measure_gap(contributions[name]):.2g}",
            f"{seconds / times['ours']:.2f}",
        )
        print(f"| {name} | {' | '.join(row)} |", flush=True)
    return min((seconds / times["ours"] for name, seconds in times.items() if name != "ours"), default=np.inf)


def main() -> int:
    parser = argparse.ArgumentParser()
    for name, value in (("sequences", 64), ("length", 500), ("references", 5), ("threads", 1), ("repeats", 3), ("steps", 50)):
        parser.add_argument(f"--{name}", type=int, default=value)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(arguments.threads)
    smooth, jumps = AttributionCase(arguments, maxima=False), AttributionCase(arguments, maxima=True)
    print(f"{arguments.sequences} sequences of {arguments.length} bases, {arguments.references} references; ", end="")
    print(f"{arguments.threads} threads; load of the machine {os.getloadavg()[0]:.1f}")
    ratios = [
        print_table("DeepLIFT, no maxima", smooth, {"ours": lambda: smooth.compute_ours(deep_shap), "Captum": lambda: captum_deep(smooth),
              "tangermeme": lambda: tangermeme_deep(smooth)}, arguments, True),
        print_table("DeepLIFT", jumps, {"ours": lambda: jumps.compute_ours(deep_shap), "tangermeme": lambda: tangermeme_deep(jumps)}, arguments, True),
        print_table("input × gradient", jumps, {"ours": lambda: jumps.compute_ours(input_x_gradient), "Captum": lambda: captum_gradient(jumps)}, arguments, True),
        print_table("integrated gradients", jumps, {"ours": lambda: jumps.compute_ours(integrated_gradients),
              f"Captum, {arguments.steps} steps": lambda: captum_integrated(jumps, arguments.steps)}, arguments, False),
    ]  # fmt: skip
    return int(min(ratios) < 1)


if __name__ == "__main__":
    sys.exit(main())
