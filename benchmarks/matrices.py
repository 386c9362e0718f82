"""TPM, z-score and ComBat of a large cohort, compared with the minimum of plain NumPy passes that each needs.

    nice python benchmarks/matrices.py [--samples 2000] [--genes 20000] [--repeats 3]

Run it with the Python of the environment `dataset` (numpy and pandas). The passes of an operation are the minimum of NumPy calls
over the full float32 matrix that its formula needs, on one core, with results in preallocated arrays; checks, missing values
and float64 sums, which the functions of the package also include, are not counted. Times are the shortest of interleaved
repeats. Memory is the peak of a process that creates the matrix and runs the operation, in place if possible, as a multiple
of the matrix (including the matrix, excluding Python and NumPy).
Exits with status 1 if an operation takes more than 3 × its passes, or more than 3 × the memory of the matrix.
The limits are meant for this cohort: --samples 10000 --genes 60000 (2.4 GB; about 10 GB needed).
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # as in the rules; before NumPy is imported

import numpy as np  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from readsight.dataset import combat, scaling
from readsight.expression import tpm  # noqa: E402

LIMIT = 3.0
BATCHES = 4

Calls = list[Callable[[], Any]]


class MatrixCohort:
    """A positive float32 matrix (samples, genes) with batches, a covariate and gene lengths."""

    def __init__(self, samples: int, genes: int):
        rng = np.random.default_rng(1)
        self.values = np.empty((samples, genes), np.float32)
        for row in self.values:
            rng.standard_exponential(genes, np.float32, out=row)
        self.values *= 20
        self.lengths = rng.integers(200, 20_000, genes).astype(np.float32)
        self.codes = rng.permutation(np.arange(samples) % BATCHES)
        self.batches = self.codes.astype(str)
        self.covariates = rng.integers(0, 2, (samples, 1)).astype(float)


def list_passes(name: str, cohort: MatrixCohort, out: np.ndarray) -> Calls:
    """Minimum of plain NumPy calls that an operation needs, with results in `out`."""
    x, genes = cohort.values, cohort.lengths
    samples = np.full((len(x), 1), 1.5, np.float32)
    matrix = (cohort.codes[:, None] == np.arange(BATCHES)).astype(np.float32)
    if "covariate" in name:
        matrix = np.hstack([matrix, cohort.covariates]).astype(np.float32)
    right = np.ones((matrix.shape[1], x.shape[1]), np.float32)
    calls_by_name: dict[str, Calls] = {
        "TPM": [lambda: np.divide(x, genes, out=out), lambda: x.sum(axis=1), lambda: np.multiply(x, samples, out=out)],
        "log2(1 + TPM)": [lambda: np.add(x, 1, out=out), lambda: np.log2(out, out=out)],
        "z-score, fit": [lambda: np.median(x, axis=0), lambda: x.mean(axis=0), lambda: x.std(axis=0)],
        "z-score, apply": [
            lambda: np.subtract(x, genes, out=out),
            lambda: np.divide(x, genes, out=out),
            lambda: np.clip(x, -10, 10, out=out),
        ],
        # mean of each batch, fitted values, residuals, their squares, and the sum of squares in each batch
        "ComBat, fit": [
            lambda: matrix.T @ x,
            lambda: np.matmul(matrix, right, out=out),
            lambda: np.subtract(x, out, out=out),
            lambda: np.square(x, out=out),
            lambda: matrix.T @ x,
        ],
        "ComBat, apply": [lambda: np.multiply(x, genes, out=out), lambda: np.add(x, genes, out=out)],
    }
    calls_by_name["ComBat, apply, covariate"] = calls_by_name["ComBat, apply"] + [lambda: np.matmul(matrix, right, out=out)]
    return calls_by_name.get(name) or calls_by_name[name.removesuffix(", covariate")]


def prepare_ours(name: str, cohort: MatrixCohort) -> tuple[Callable[[], Any], Callable[[np.ndarray], Any]]:
    """Preparation of an operation, and a call of the package's function that writes to the given array."""
    x, batches = cohort.values, cohort.batches
    covariates = cohort.covariates if "covariate" in name else None
    parameters: dict[str, Any] = {}
    kinds: dict[str, tuple[Callable[[], Any], Callable[[np.ndarray], Any]]] = {
        "TPM": (dict, lambda out: tpm.transcripts_per_million(x, cohort.lengths, out=out)),
        "log2(1 + TPM)": (dict, lambda out: tpm.log_tpm(x, out=out)),
        "z-score, fit": (dict, lambda out: scaling.fit(x)),
        "z-score, apply": (lambda: scaling.fit(x[:100]), lambda out: scaling.apply(x, parameters, out=out)),
        "ComBat, fit": (dict, lambda out: combat.fit(x, batches, covariates)),
        "ComBat, apply": (
            lambda: combat.fit(x[:100], batches[:100], None if covariates is None else covariates[:100]),
            lambda out: combat.apply(x, batches, covariates, parameters, out=out),
        ),
    }
    before, work = kinds[name.removesuffix(", covariate")]
    return lambda: parameters.update(before()), work


NAMES = ["TPM", "log2(1 + TPM)", "z-score, fit", "z-score, apply", "ComBat, fit", "ComBat, apply"]
NAMES += ["ComBat, fit, covariate", "ComBat, apply, covariate"]


def time_call(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def read_memory(key: str) -> int:
    """Current (VmRSS) or peak (VmHWM) memory of this process in bytes."""
    rows = Path("/proc/self/status").read_text().splitlines()
    return next(int(row.split()[1]) * 1024 for row in rows if row.startswith(key))


def measure_times(name: str, samples: int, genes: int, repeats: int) -> tuple[list[float], float]:
    """Shortest time of each pass, and of the function of the package."""
    cohort = MatrixCohort(samples, genes)
    out = np.zeros_like(cohort.values)
    prepare, work = prepare_ours(name, cohort)
    prepare()
    rows = [[*(time_call(call) for call in list_passes(name, cohort, out)), time_call(lambda: work(out))] for _ in range(repeats)]
    *pass_seconds, package_seconds = np.min(rows, axis=0).tolist()
    return pass_seconds, package_seconds


def measure_memory(name: str, samples: int, genes: int) -> float:
    """Peak memory of the function of the package, in place, as a multiple of the matrix."""
    baseline = read_memory("VmRSS")
    cohort = MatrixCohort(samples, genes)
    prepare, work = prepare_ours(name, cohort)
    prepare()
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    work(cohort.values)
    return (read_memory("VmHWM") - baseline) / cohort.values.nbytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    size = (arguments.samples, arguments.genes)
    print(f"{size[1]:,} genes × {size[0]:,} samples, float32, {size[0] * size[1] * 4 / 1e9:.2f} GB; NumPy {np.__version__}")
    print(f"{'':26}{'passes':>7}{'seconds':>9}{'ours':>9}{'ratio':>7}{'memory':>8}")
    passed = True
    for name in NAMES:
        # one process per operation, so that memory is measured separately
        with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            pass_seconds, package_seconds = pool.apply(measure_times, (name, *size, arguments.repeats))
            peak = pool.apply(measure_memory, (name, *size))
        ratio = package_seconds / sum(pass_seconds)
        passed &= ratio <= LIMIT and peak <= LIMIT
        print(f"{name:26}{len(pass_seconds):7}{sum(pass_seconds):9.2f}{package_seconds:9.2f}{ratio:7.2f}{peak:7.2f}×", flush=True)
    sys.exit(not passed)


if __name__ == "__main__":
    main()
