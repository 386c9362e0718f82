"""Every base at every place of a sequence, beside tangermeme's saturation mutagenesis and putting each edited sequence through whole.

    nice python benchmarks/mutagenesis.py [--threads 1] [--repeats 3] [--cases basset,cnn,...]

Run it with a Python of the environment `learn` that has tangermeme besides; without it, the rest is measured. Networks have
random weights, outputs that deviate by 1 and statistics of normalisation of a batch:

| case | network | explained |
|---|---|---|
| basset | Basset (Kelley et al. 2016): 300, 200, 200 filters of 19, 11, 7 bases, pools 3, 4, 4, dense 1,000 and 1,000; 1,000 bp | 164 outputs |
| cnn | the config's `cnn`, 200 bp | one |
| dilated_all | the config's `dilated_resnet`, 800 bp | three outputs at each of 800 places |
| dilated_near | the same | three outputs at the places within 50 bases of the edit; tangermeme has no such, it gives all |
| dilated_at | the same | three outputs at one place |

All ways' outputs are first asserted to be those of the edited sequences put through whole, to 1e-4. tangermeme is given `fast=True`;
it then takes its fast path where it guesses that the slow one takes over 30 seconds: it is measured as it decides, and made to take
it. It gets batches of 32 (of 256 too on Basset), and of Basset a plain network of `nn.Conv1d` with the same weights.

Variants of one base, several a window, are measured beside a loop that puts a window and its edited one through, one by one.

With one thread the times are of the process's CPU, which others on the machine disturb less; else of the clock. Each is the
shortest of the repeats. Ends with status 1 where ours is not 5 × as fast as tangermeme on Basset, or than the loop over variants.
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
from readsight.models.incremental.engine import Edited  # noqa: E402
from readsight.models.sequence import NETS  # noqa: E402
from readsight.models.training.inputs import made  # noqa: E402

FASTER = 5.0
ALIKE = 1e-4
NEAR = 50
BASSET = {"filters": [300, 200, 200], "widths": [19, 11, 7], "pools": [3, 4, 4], "hidden": [1000, 1000]}
CASES: dict[str, tuple[str, str, int, int, dict[str, Any]]] = {
    "basset": ("cnn", "multilabel", 164, 1000, BASSET),
    "cnn": ("cnn", "binary", 1, 200, {}),
    "dilated_all": ("dilated_resnet", "positions", 3, 800, {}),
    "dilated_near": ("dilated_resnet", "positions", 3, 800, {}),
    "dilated_at": ("dilated_resnet", "positions", 3, 800, {}),
}


class Plain(nn.Module):
    """Basset as one writes it: one-hot (n, 4, length) → (n, 164)."""

    def __init__(self, about: dict[str, Any]):
        super().__init__()
        layers: list[nn.Module] = []
        channels, length = 4, about["length"]
        for filters, width, pool in zip(about["filters"], about["widths"], about["pools"], strict=True):
            layers += [nn.Conv1d(channels, filters, width, padding="same"), nn.MaxPool1d(pool, ceil_mode=True)]
            layers += [nn.BatchNorm1d(filters), nn.ReLU()]
            channels, length = filters, -(-length // pool)
        self.convolutions = nn.Sequential(*layers)
        dense: list[nn.Module] = []
        channels *= length
        for units in about["hidden"]:
            dense += [nn.Linear(channels, units), nn.BatchNorm1d(units), nn.ReLU()]
            channels = units
        self.head = nn.Sequential(*dense, nn.Linear(channels, about["outputs"]))

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        return self.head(self.convolutions(given).transpose(1, 2).flatten(1))


def network(case: str) -> tuple[nn.Module, dict[str, Any]]:
    """A case's network with random weights, and what it says of itself."""
    word, kind, outputs, length, own = CASES[case]
    said = {"kind": kind, "outputs": outputs, "length": length, "pair": False, "stranded": False, "bin": 1, "input": "one_hot"}
    about = said | {"encoding": {"name": "one_hot", "about": {}}} | getattr(Architectures(), word).model_dump() | own
    torch.manual_seed(1)
    net = NETS[word].build(about)
    for layer in net.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.momentum = 1.0  # statistics are those of the batch
    last = net.head if isinstance(net.head, nn.Linear) else net.head.layer
    with torch.no_grad():
        last.weight /= net(made(torch.randint(0, 4, (64, length), dtype=torch.uint8), about)).std()
    return net.eval(), about


def plain(net: nn.Module, about: dict[str, Any]) -> nn.Module:
    """The same network as one writes it, with the same weights."""
    found = Plain(about)
    held = iter(value for name, value in net.state_dict().items() if name not in ("head.usual", "head.deviation"))
    found.load_state_dict({name: next(held).reshape(value.shape) for name, value in found.state_dict().items()})
    return found.eval()


def through(net: nn.Module, about: dict[str, Any], codes: np.ndarray, size: int = 64) -> np.ndarray:
    """Outputs of codes, put through whole so many at a time."""
    with torch.inference_mode():
        return np.concatenate(
            [net(made(torch.from_numpy(part), about)).numpy() for part in np.split(codes, range(size, len(codes), size))]
        )


def edited_codes(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of one sequence (1, places) all with another base somewhere: codes (k, places), and place and base of each."""
    place, base = np.nonzero(codes[0][:, None] != np.arange(4))
    found = np.repeat(codes, len(place), 0)
    found[np.arange(len(place)), place] = base
    return found, place, base.astype(np.uint8)


def ours(case: str, net: nn.Module, about: dict[str, Any], codes: np.ndarray) -> Callable[[], np.ndarray]:
    """Outputs of all edited sequences, (k, …), from the network as it comes."""
    _, place, base = edited_codes(codes)
    row, middle = np.zeros_like(place), about["length"] // 2
    near = {"dilated_near": (place - NEAR, 2 * NEAR + 1), "dilated_at": (np.full_like(place, middle), 1)}.get(case, ())
    return lambda: Edited.of(net, about).outputs(codes, row, place, base[:, None], *near)


def tangermeme(
    case: str, net: nn.Module, about: dict[str, Any], codes: np.ndarray, batch: int, forced: bool
) -> Callable[[], np.ndarray]:
    """The same from tangermeme, whose own bases are left out of what comes back. forced: to take its fast path."""
    module = importlib.import_module("tangermeme.saturation_mutagenesis")
    given, middle = made(torch.from_numpy(codes), about).contiguous(), about["length"] // 2
    _, place, base = edited_codes(codes)
    own = (lambda found: found[:, middle : middle + 1]) if case == "dilated_at" else None

    def call() -> np.ndarray:
        before = module._FAST_MIN_SECONDS
        module._FAST_MIN_SECONDS = 0 if forced else before
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error" if forced else "ignore")
                warnings.filterwarnings("ignore", category=UserWarning, module="torch")
                found = module.saturation_mutagenesis(net, given, raw_outputs=True, batch_size=batch, device="cpu", func=own)
        finally:
            module._FAST_MIN_SECONDS = before
        return found.y_hat[0].numpy()[base.astype(int), place]

    return call


class Watch:
    """Times of calls. threads: with one, seconds of the process's CPU count, else of the clock."""

    def __init__(self, threads: int):
        self.now = time.process_time if threads == 1 else time.perf_counter

    def of(self, call: Callable[[], Any], repeats: int) -> float:
        found = []
        for _ in range(repeats):
            before = self.now()
            call()
            found.append(self.now() - before)
        return min(found)


def wanted(case: str, whole: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Of outputs of whole sequences those that the case asks for; NaN where there is no such place."""
    if case == "dilated_at":
        return whole[:, whole.shape[1] // 2][:, None]
    if case != "dilated_near":
        return whole
    at = place[:, None] + np.arange(-NEAR, NEAR + 1)
    there = (at >= 0) & (at < whole.shape[1])
    return np.where(there[..., None], whole[np.arange(len(at))[:, None], at.clip(0, whole.shape[1] - 1)], np.nan)


def measured(case: str, watch: Watch, repeats: int) -> float:
    """Print a case's table; how many times as fast as the best of tangermeme ours is (infinite without it)."""
    net, about = network(case)
    codes = np.random.default_rng(1).integers(0, 4, (1, about["length"]), dtype=np.uint8)
    sequences, place, _ = edited_codes(codes)
    expected = through(net, about, sequences)
    ways = {
        "ours": ours(case, net, about, codes),
        "each edited sequence whole, batches of 64": lambda: through(net, about, sequences),
    }
    asked = plain(net, about) if case == "basset" else net
    for words, forced in (("as it decides", False), ("its fast path", True)):
        for batch in (32, 256) if case == "basset" else (32,):
            try:
                ways[f"tangermeme, {words}, batches of {batch}"] = tangermeme(case, asked, about, codes, batch, forced)
            except ImportError as error:
                print(f"tangermeme: {error}")
    best, off = {}, {}
    for words, call in ways.items():
        try:
            found = call()
        except Exception as error:
            print(f"{words}: {type(error).__name__}: {str(error).splitlines()[0][:150]}")
            continue
        due = wanted(case, expected, place) if found.shape[1:] != expected.shape[1:] else expected
        off[words] = float(np.nanmax(np.abs(found - due)))
        if off[words] > ALIKE or not np.array_equal(np.isnan(found), np.isnan(due)):
            raise SystemExit(f"{case}: {words}: not what the edited sequences give: off by {off[words]:.2g}")
        best[words] = watch.of(call, repeats if words == "ours" or repeats == 1 else repeats - 1)
    print(
        f"{case}: {len(place):,} edits of a sequence of {about['length']} bases\n\n| way | seconds | ms an edit | off by | × ours |"
    )
    print("|---|---|---|---|---|")
    for words, seconds in best.items():
        print(f"| {words} | {seconds:.3f} | {1e3 * seconds / len(place):.3f} | {off[words]:.0e} | {seconds / best['ours']:.1f} |")
    print(flush=True)
    return min((seconds for words, seconds in best.items() if words.startswith("tanger")), default=np.inf) / best["ours"]


def variants(case: str, watch: Watch, repeats: int) -> float:
    """Print the table of variants that share windows; how many times as fast as a loop over them ours is, four a window."""
    net, about = network(case)
    print(
        f"{case}: variants of one base, before and after\n\n| variants a window | ms a variant | batches of 64 | one by one | × one by one |"
    )
    print("|---|---|---|---|---|")
    ratios = {}
    for many in (1, 4, 16):
        part, batched, single = of_windows(case, net, about, many, watch, repeats)
        ratios[many] = single / part
        print(f"| {many} | {1e3 * part:.3f} | {1e3 * batched:.3f} | {1e3 * single:.3f} | {ratios[many]:.1f} |")
    print(flush=True)
    return ratios[4]


def of_windows(
    case: str, net: nn.Module, about: dict[str, Any], many: int, watch: Watch, repeats: int
) -> tuple[float, float, float]:
    """Seconds a variant of so many in each of 48 windows: ours, whole in batches, and whole one by one."""
    draw, loop = np.random.default_rng(2), 24
    codes = draw.integers(0, 4, (48, about["length"]), dtype=np.uint8)
    row = np.repeat(np.arange(48), many)
    start = draw.integers(0, about["length"], len(row))
    new = (codes[row, start] + 1) % 4
    before, after = codes[row], codes[row]
    after[np.arange(len(row)), start] = new
    near = (start - NEAR, 2 * NEAR + 1) if case.startswith("dilated") else ()
    edited = Edited.of(net, about)

    def ours() -> np.ndarray:
        return edited.before_and_after(codes, row, start, new[:, None], *near)[1]

    off = np.nanmax(np.abs(ours() - wanted(case, through(net, about, after), start)))
    if off > ALIKE:
        raise SystemExit(f"{case}: variants: not what the edited windows give: off by {off:.2g}")
    batched = watch.of(lambda: (through(net, about, before), through(net, about, after)), 1)
    single = watch.of(lambda: [through(net, about, one[i : i + 1]) for i in range(loop) for one in (before, after)], repeats)
    return watch.of(ours, repeats) / len(row), batched / len(row), single / loop


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cases", default=",".join(CASES))
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    warnings.simplefilter("ignore")
    watch = Watch(given.threads)
    print(f"{given.threads} threads; load of the machine {os.getloadavg()[0]:.1f}; torch {torch.__version__}\n")
    cases = given.cases.split(",")
    ratios = {case: measured(case, watch, given.repeats) for case in cases}
    loops = [variants(case, watch, given.repeats) for case in cases if case in ("basset", "cnn", "dilated_near")]
    return int(ratios.get("basset", np.inf) < FASTER or min(loops, default=np.inf) < FASTER)


if __name__ == "__main__":
    sys.exit(main())
