"""One-hot windows of a genome, compared with other packages on the same windows in the same run; and 100 million windows.

    nice python benchmarks/windows.py [--fasta genome.fa.gz] [--windows 2048] [--length 1000] [--repeats 5]

Run it with a Python that has numpy, pandas and h5py, and the packages to be measured: tangermeme, genvarloader (with
seqpro), crested, gReLU, selene-sdk, pyfaidx; packages that cannot be imported are listed. Each package gets the same batch of
random windows of the FASTA (default: 40 Mb of three simulated contigs), uses one thread, and
returns one-hot with its dtype and axis order; all outputs are first asserted to be equal. Times are the shortest of
interleaved repeats, from positions to one-hot; opening the genome and conversion of positions to the format of a package are not
counted. The ratio refers to the time of this package for the same dtype and axis order.

Then a genome of 100 million windows (length 1,000, step 1) is read as in an epoch: random batches of 512
for --seconds; time per batch and memory are reported. Mapped pages of the file, which the system
can reclaim, are listed separately.
"""

import argparse
import gzip
import importlib.metadata
import multiprocessing
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

for name in ("OPENBLAS", "OMP", "MKL", "NUMBA", "POLARS_MAX", "RAYON"):
    os.environ[f"{name}_NUM_THREADS"] = "1"
os.environ["POLARS_MAX_THREADS"] = "1"

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from readsight.genome.codes import decode  # noqa: E402
from readsight.genome.onehot import one_hot, one_hot_last  # noqa: E402
from readsight.genome.store import Genome, build_genome  # noqa: E402
from readsight.genome.windows import Windows, cut_windows  # noqa: E402

MANY = 100_000_000
BATCH = 512
OURS = "this package"


class WindowPositions(NamedTuple):
    """Windows (contigs and starts), and the genome that contains them."""

    fasta: Path
    genome: Genome
    contigs: np.ndarray
    starts: np.ndarray
    length: int

    @property
    def names(self) -> list[str]:
        return [self.genome.names[i] for i in self.contigs]

    def to_frame(self, *columns: str) -> pd.DataFrame:
        return pd.DataFrame(dict(zip(columns, (self.names, self.starts, self.starts + self.length), strict=True)))


class PackageMethod(NamedTuple):
    """Method of a package: its call, whether bases are the last axis, and its version."""

    call: Callable[[], Any]
    is_bases_last: bool
    version: str


def format_versions(*packages: str) -> str:
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)


def make_ours(dtype: Any) -> Callable[[WindowPositions], PackageMethod]:
    def prepare(positions: WindowPositions) -> PackageMethod:
        genome, contigs, starts, length = positions[1:]
        return PackageMethod(
            lambda: one_hot(cut_windows(genome, contigs, starts, length), dtype), False, f"numpy {np.__version__}"
        )

    return prepare


def make_ours_last(dtype: Any) -> Callable[[WindowPositions], PackageMethod]:
    def prepare(positions: WindowPositions) -> PackageMethod:
        genome, contigs, starts, length = positions[1:]

        return PackageMethod(
            lambda: one_hot_last(cut_windows(genome, contigs, starts, length), dtype), True, f"numpy {np.__version__}"
        )

    return prepare


def tangermeme_file(positions: WindowPositions) -> PackageMethod:
    from tangermeme.io import extract_loci

    loci = positions.to_frame("chrom", "start", "end")
    return PackageMethod(
        lambda: extract_loci(loci, str(positions.fasta), in_window=positions.length, n_jobs=1),
        False,
        format_versions("tangermeme"),
    )


def tangermeme_memory(positions: WindowPositions) -> PackageMethod:
    from tangermeme.io import extract_loci

    loci = positions.to_frame("chrom", "start", "end")
    contigs = {name: one_hot(positions.genome.get_contig(name), np.int8) for name in positions.genome.names}
    return PackageMethod(
        lambda: extract_loci(loci, contigs, in_window=positions.length, n_jobs=1), False, format_versions("tangermeme")
    )


def tangermeme_strings(positions: WindowPositions) -> PackageMethod:
    """Only the encoder, on strings that are sliced from text."""
    import torch
    from tangermeme.utils import one_hot_encode

    texts = {name: decode(positions.genome.get_contig(name)) for name in positions.genome.names}
    spans = list(zip(positions.names, positions.starts.tolist(), (positions.starts + positions.length).tolist(), strict=True))
    return PackageMethod(
        lambda: torch.stack([one_hot_encode(texts[c][s:e]) for c, s, e in spans]), False, format_versions("tangermeme")
    )


def tangermeme_joined(positions: WindowPositions) -> PackageMethod:
    """The encoder in its fastest use: all slices joined into one string, and the result reshaped to windows."""
    from tangermeme.utils import one_hot_encode

    texts = {name: decode(positions.genome.get_contig(name)) for name in positions.genome.names}
    spans = list(zip(positions.names, positions.starts.tolist(), (positions.starts + positions.length).tolist(), strict=True))

    def call() -> Any:
        encoded = one_hot_encode("".join([texts[c][s:e] for c, s, e in spans]))
        return encoded.reshape(4, len(spans), positions.length).permute(1, 0, 2).contiguous()

    return PackageMethod(call, False, format_versions("tangermeme"))


def genvarloader_fetch(positions: WindowPositions) -> PackageMethod:
    import genvarloader
    import seqpro

    reference = genvarloader.Reference.from_path(str(positions.fasta), in_memory=True)
    names, starts, ends = positions.names, positions.starts, positions.starts + positions.length

    def call() -> np.ndarray:
        sequences = reference.fetch(names, starts, ends)
        return seqpro.ohe(sequences.to_numpy() if hasattr(sequences, "to_numpy") else sequences, alphabet=seqpro.DNA)

    return PackageMethod(call, True, format_versions("genvarloader", "seqpro"))


def genvarloader_dataset(positions: WindowPositions) -> PackageMethod:
    import genvarloader
    import polars
    import seqpro

    reference = genvarloader.Reference.from_path(str(positions.fasta), in_memory=True)
    bed = polars.DataFrame(
        {"chrom": positions.names, "chromStart": positions.starts, "chromEnd": positions.starts + positions.length}
    )
    data = genvarloader.RefDataset(reference, bed).with_len(positions.length)
    return PackageMethod(
        lambda: seqpro.ohe(np.asarray(data[:]), alphabet=seqpro.DNA), True, format_versions("genvarloader", "seqpro")
    )


def pyfaidx_seqpro(positions: WindowPositions) -> PackageMethod:
    import pyfaidx
    import seqpro

    fasta = pyfaidx.Fasta(str(positions.fasta), sequence_always_upper=True, as_raw=True)
    spans = list(zip(positions.names, positions.starts.tolist(), (positions.starts + positions.length).tolist(), strict=True))

    def call() -> np.ndarray:
        return seqpro.ohe(seqpro.cast_seqs([fasta[c][s:e] for c, s, e in spans]), alphabet=seqpro.DNA)

    return PackageMethod(call, True, format_versions("pyfaidx", "seqpro"))


def fetch_with_crested(positions: WindowPositions) -> PackageMethod:
    import crested

    genome = crested.Genome(positions.fasta)
    regions = [f"{c}:{s}-{s + positions.length}" for c, s in zip(positions.names, positions.starts, strict=True)]

    def call() -> np.ndarray:
        texts = crested.utils.fetch_sequences(regions, genome)
        return np.concatenate([crested.utils.one_hot_encode_sequence(text) for text in texts])

    return PackageMethod(call, True, format_versions("crested"))


def grelu_format(positions: WindowPositions) -> PackageMethod:
    from grelu.sequence.format import convert_input_type

    table = positions.to_frame("chrom", "start", "end")
    return PackageMethod(
        lambda: convert_input_type(table, "one_hot", genome=str(positions.fasta)), False, format_versions("gReLU")
    )


def selene_coordinates(positions: WindowPositions) -> PackageMethod:
    from selene_sdk.sequences import Genome as SeleneGenome

    genome = SeleneGenome(str(positions.fasta))
    spans = list(zip(positions.names, positions.starts.tolist(), (positions.starts + positions.length).tolist(), strict=True))
    return PackageMethod(
        lambda: np.stack([genome.get_encoding_from_coords(*span) for span in spans]), True, format_versions("selene-sdk")
    )


PEERS: dict[str, Callable[[WindowPositions], PackageMethod]] = {
    "tangermeme `extract_loci`, FASTA": tangermeme_file,
    "tangermeme `extract_loci`, one-hot genome in memory": tangermeme_memory,
    "tangermeme `one_hot_encode` of slices of text": tangermeme_strings,
    "tangermeme `one_hot_encode` of all slices joined": tangermeme_joined,
    "GenVarLoader `Reference.fetch` + SeqPro `ohe`": genvarloader_fetch,
    "GenVarLoader `RefDataset` + SeqPro `ohe`": genvarloader_dataset,
    "pyfaidx + SeqPro `ohe`": pyfaidx_seqpro,
    "CREsted `fetch_sequences` + `one_hot_encode_sequence`": fetch_with_crested,
    "gReLU `convert_input_type`": grelu_format,
    "Selene `get_encoding_from_coords`": selene_coordinates,
}
OUR_METHODS: dict[tuple[int, bool], Callable[[WindowPositions], PackageMethod]] = {
    (1, False): make_ours(np.int8),
    (1, True): make_ours_last(np.uint8),
    (4, False): make_ours(np.float32),
    (4, True): make_ours_last(np.float32),
}


def simulate_genome(folder: Path, bases: int) -> Path:
    """Write a FASTA of three contigs of random bases, each with a run of N."""
    rng = np.random.default_rng(1)
    path = folder / "genome.fa"
    with open(path, "w") as out:
        for name in ("chr1", "chr2", "chr3"):
            codes = rng.integers(0, 4, bases // 3, dtype=np.uint8)
            codes[1000:1500] = 4
            text = decode(codes)
            out.write(f">{name}\n" + "\n".join(text[i : i + 60] for i in range(0, len(text), 60)) + "\n")
    return path


def draw_windows(fasta: Path, folder: Path, count: int, length: int) -> WindowPositions:
    """Draw random windows of a FASTA, plain or gzip."""
    plain = folder / "plain.fa"
    with (gzip.open if fasta.suffix == ".gz" else open)(fasta, "rb") as source:
        plain.write_bytes(source.read())
    build_genome(plain, folder / "codes", folder / "contigs.json")
    genome = Genome.open(folder / "codes", folder / "contigs.json")
    tiles = Windows.from_tiling(genome, length, 1)
    contigs, starts, _ = tiles.locate_windows(np.sort(np.random.default_rng(2).integers(0, len(tiles), count)))
    order = np.random.default_rng(3).permutation(count)
    return WindowPositions(plain, genome, contigs[order], starts[order], length)


def to_channels_first(method: PackageMethod) -> np.ndarray:
    """Result of a method as (n, 4, length) int8."""
    encoded = method.call()
    encoded = np.asarray(encoded.numpy() if hasattr(encoded, "numpy") else encoded)
    return (encoded.transpose(0, 2, 1) if method.is_bases_last else encoded).astype(np.int8)


def compare_packages(positions: WindowPositions, repeats: int) -> list[str]:
    """Rows of the table; it also lists packages that are missing or fail."""
    expected = to_channels_first(make_ours(np.int8)(positions))
    methods, sizes, missing = {}, {}, []
    for name, prepare in PEERS.items():
        try:
            method = prepare(positions)
            same = np.array_equal(to_channels_first(method), expected)
        except Exception as error:
            missing.append(
                f"{name}: not measured ({type(error).__name__}: {str(error).splitlines()[0][:90] if str(error) else ''})"
            )
            continue
        if not same:
            raise SystemExit(f"{name}: not the same one-hot as {OURS}")
        methods[name] = method
        sizes[name] = (np.asarray(method.call()).dtype, method.is_bases_last)
    our_methods = {key: prepare(positions) for key, prepare in OUR_METHODS.items()}
    for method in our_methods.values():
        assert np.array_equal(to_channels_first(method), expected)
    best: dict[Any, float] = {}
    for _ in range(repeats):
        for key, method in [*our_methods.items(), *methods.items()]:
            start = time.perf_counter()
            method.call()
            best[key] = min(best.get(key, np.inf), time.perf_counter() - start)
    bases = len(positions.starts) * positions.length / 1e9
    rows = ["| package | output | ms per batch | Gbp/s | ratio |", "|---|---|---:|---:|---:|"]
    for (size, last), method in our_methods.items():
        kind = {1: "8-bit", 4: "float32"}[size]
        rows.append(
            f"| **{OURS}**, {method.version} | {_format_shape(last)} {kind} | {1e3 * best[size, last]:.2f} | {bases / best[size, last]:.3f} | 1 |"
        )
    for name, method in methods.items():
        dtype, last = sizes[name]
        same_kind = best[1 if dtype.itemsize == 1 else 4, last]
        rows.append(
            f"| {name} ({method.version}) | {_format_shape(last)} {dtype} | {1e3 * best[name]:.2f} | {bases / best[name]:.3f} | "
            f"{best[name] / same_kind:.1f} |"
        )
    slower = [name for name in methods if best[name] < best[1 if sizes[name][0].itemsize == 1 else 4, sizes[name][1]]]
    return [*rows, "", *missing, f"faster than {OURS}: {', '.join(slower) or 'none'}"]


def _format_shape(last: bool) -> str:
    return "(n, L, 4)" if last else "(n, 4, L)"


def read_memory() -> dict[str, float]:
    """Memory of this process in MB: anonymous, mapped pages of files, and peak."""
    rows = (row.split() for row in Path("/proc/self/status").read_text().splitlines())
    values = {row[0]: int(row[1]) / 1024 for row in rows if row[0] in ("RssAnon:", "RssFile:", "VmHWM:")}
    return {name.rstrip(":"): size for name, size in values.items()}


def time_many_windows(folder: str, seconds: float) -> str:
    """Time and memory of random batches of 100 million windows, measured for `seconds`. Runs in a separate process."""
    genome = Genome.open(Path(folder) / "many.codes", Path(folder) / "many.json")
    before = read_memory()
    start = time.perf_counter()
    tiles = Windows.from_tiling(genome, 1000, 1)
    opened = time.perf_counter() - start
    rng = np.random.default_rng(1)
    peak, batches, start = 0.0, 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        one_hot(tiles[rng.integers(0, len(tiles), BATCH)])
        batches += 1
        peak = max(peak, read_memory()["RssAnon"])
    batch_seconds = (time.perf_counter() - start) / batches
    return (
        f"{len(tiles):,} windows of 1,000 bases, defined in {1e6 * opened:.0f} µs; {batches:,} random batches of {BATCH}, {1e3 * batch_seconds:.2f} ms "
        f"each as float32 one-hot ({BATCH / batch_seconds:,.0f} windows/s); peak memory {peak - before['RssAnon']:.1f} MB above the opened genome "
        f"({peak:.0f} MB with Python, NumPy and pandas), plus {read_memory()['RssFile']:.0f} MB of mapped pages"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fasta", type=Path)
    parser.add_argument("--windows", type=int, default=2048)
    parser.add_argument("--length", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        positions = draw_windows(
            arguments.fasta or simulate_genome(folder, 40_000_000), folder, arguments.windows, arguments.length
        )
        size = sum(positions.genome.lengths.values())
        print(
            f"{arguments.windows:,} random windows of {arguments.length:,} bases of a genome of {size / 1e6:.1f} Mb, one thread\n",
            flush=True,
        )
        print("\n".join(compare_packages(positions, arguments.repeats)) + "\n", flush=True)
        codes = np.random.default_rng(1).integers(0, 4, MANY + 999, dtype=np.uint8)
        codes.tofile(folder / "many.codes")
        del codes
        table = f'{{"masked": false, "contigs": [{{"name": "chr1", "length": {MANY + 999}, "offset": 0}}]}}'
        (folder / "many.json").write_text(table)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(pool.apply(time_many_windows, (name, arguments.seconds)))


if __name__ == "__main__":
    main()
