"""Reader of variant calls as text, which tolerates incomplete headers of truth files."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from readsight.errors import InputError
from readsight.variants.vcf_files import open_vcf_text

FLUSH = 20_000


class VcfRecord(NamedTuple):
    """A record of a VCF file.

    number: index among the records of the file. position: 0-based. ref, alts:
    upper case. passed: FILTER is PASS or `.`. genotypes, sets: GT and PS of each
    selected sample.
    """

    number: int
    position: int
    ref: str
    alts: tuple[str, ...]
    passed: bool
    genotypes: tuple[str, ...]
    sets: tuple[str, ...]


@contextmanager
def open_lines(path: Path, header_only: bool = False) -> Iterator[Iterator[str]]:
    """Open a VCF (plain or gzip) or BCF file as lines of text."""
    with open_vcf_text(path, header_only) as data:
        yield io.TextIOWrapper(data, encoding="utf-8", errors="replace")


def read_sample_names(path: Path) -> list[str]:
    """Sample names of a VCF or BCF file. Raises InputError if the column line or samples are missing."""
    names = None
    with open_lines(path, header_only=True) as text:
        for line in text:
            if line.startswith("#CHROM"):
                names = line.rstrip().split("\t")[9:]
            if not line.startswith("##"):
                break
    if names is None:
        raise InputError(f"{path}: is not a VCF file: it has no line that starts with #CHROM")
    if not names:
        raise InputError(f"{path}: has no sample columns; genotypes are needed for the comparison")
    return names


def pair_samples(query: list[str], truth: list[str], named: dict[str, str], source: str) -> dict[str, str]:
    """Pair each sample of the project with a truth sample.

    Parameters
    ----------
    named : pairs from the config. Equal names are also paired, and a single sample with a single truth sample.
    source : file name of the truth, for messages.

    Returns
    -------
    Sample of the project → truth sample.

    Raises
    ------
    InputError with both lists if no sample can be paired, or a configured one is missing.
    """
    faults = [
        f"variants.truth.samples: {side} sample {name!r} is not in {where}, which has {', '.join(has)}"
        for ours, theirs in named.items()
        for side, name, where, has in (("query", ours, "the calls", query), ("truth", theirs, source, truth))
        if name not in has
    ]
    if faults:
        raise InputError(faults)
    pairs = {name: named.get(name, name) for name in query if name in named or name in truth}
    if not pairs and len(query) == len(truth) == 1:
        pairs = {query[0]: truth[0]}
    if not pairs:
        raise InputError(
            f"{source}: no sample of the truth ({', '.join(truth)}) has the name of a sample of the calls ({', '.join(query)}); "
            "pair them with variants.truth.samples"
        )
    return pairs


class SpilledRecords:
    """Records of a file, split by contig into small text files, so that only one contig is in memory.

    path: VCF or BCF, sorted or not. samples: the samples to keep, in this order.
    folder: scratch folder for these files. passed_only: skip records that FILTER rejects.
    """

    def __init__(self, path: Path, samples: list[str], folder: Path, passed_only: bool = False):
        self.folder = folder
        self.contig_files: dict[str, Path] = {}
        self.count = 0
        folder.mkdir(parents=True, exist_ok=True)
        waiting: dict[str, list[str]] = {}
        waiting_count = 0
        for contig, text in self._reduce_records(path, samples, passed_only):
            waiting.setdefault(contig, []).append(text)
            waiting_count += 1
            if waiting_count >= FLUSH:
                self._flush(waiting)
                waiting_count = 0
        self._flush(waiting)

    def _reduce_records(self, path: Path, samples: list[str], passed_only: bool) -> Iterator[tuple[str, str]]:
        columns: list[int] = []
        with open_lines(path) as text:
            for line in text:
                if line.startswith("#"):
                    if line.startswith("#CHROM"):
                        header = line.rstrip("\r\n").split("\t")
                        columns = [header.index(name, 9) for name in samples]
                    continue
                if not line.strip():
                    continue
                fields = line.rstrip("\r\n").split("\t")
                number, self.count = self.count, self.count + 1
                if len(fields) < 8 or not fields[1].isdigit():
                    raise InputError(f"{path}, record {number + 1}: not a VCF record: {line[:80]!r}")
                passed = fields[6] in ("PASS", ".")
                if passed or not passed_only:
                    yield fields[0], _format_record(number, fields, passed, columns)

    def _flush(self, waiting: dict[str, list[str]]) -> None:
        for contig, texts in waiting.items():
            mode = "a" if contig in self.contig_files else "w"
            path = self.contig_files.setdefault(contig, self.folder / f"{len(self.contig_files)}.tsv")
            with open(path, mode) as handle:
                handle.writelines(texts)
        waiting.clear()

    def load_contig(self, contig: str) -> list[VcfRecord]:
        """Load the records of a contig, ordered by position."""
        if contig not in self.contig_files:
            return []
        with open(self.contig_files[contig]) as handle:
            rows = [_parse_record(line) for line in handle]
        rows.sort(key=lambda row: (row.position, row.number))
        return rows


def _format_record(number: int, fields: list[str], passed: bool, columns: list[int]) -> str:
    names = fields[8].split(":") if len(fields) > 8 else []
    gt = names.index("GT") if "GT" in names else None
    ps = names.index("PS") if "PS" in names else None
    values = [fields[i].split(":") if i < len(fields) else [] for i in columns]
    genotypes = [_get_value(v, gt) for v in values]
    sets = [_get_value(v, ps) for v in values]
    cells = [str(number), fields[1], fields[3], fields[4], str(int(passed)), *genotypes, *sets]
    return "\t".join(cells) + "\n"


def _get_value(values: list[str], index: int | None) -> str:
    return values[index] if index is not None and index < len(values) else "."


def _parse_record(line: str) -> VcfRecord:
    number, position, ref, alts, passed, *sample_values = line.rstrip("\n").split("\t")
    half = len(sample_values) // 2
    return VcfRecord(
        int(number),
        int(position) - 1,
        ref.upper(),
        tuple(alts.upper().split(",")),
        passed == "1",
        tuple(sample_values[:half]),
        tuple(sample_values[half:]),
    )
