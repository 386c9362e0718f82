"""Contigs of genome files, and their comparison with the contigs of the reference.

FASTA, VCF, BCF, BED, GTF and GFF are read here, BAM and CRAM in `readsight.formats.bam_headers`.
"""

import gzip
import io
import os
import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from readsight.errors import InputError

BASES = b"ACGTUNRYSWKMBDHVacgtunryswkmbdhv"
MAX_FAULTS = 5
HEAD_RECORDS = 200
MAX_RECORDS = 1_000_000
MAX_MISMATCH_FRACTION = 0.05
BUILDS = {
    249250621: "GRCh37 (hg19, b37)", 63025520: "GRCh37 (hg19, b37)", 248956422: "GRCh38 (hg38)", 64444167: "GRCh38 (hg38)",
    248387328: "T2T-CHM13", 66210255: "T2T-CHM13", 195471971: "GRCm38 (mm10)", 195154279: "GRCm39 (mm39)",
}  # fmt: skip


@dataclass
class ContigTable:
    """Contigs, samples and faults of a file.

    kind: format. lengths: contig → length in bases, None if the file does not give it.
    ends: contig → largest end position (1-based) and the row that has it.
    samples: sample names of a VCF, BAM or CRAM. fields: INFO fields of a VCF.
    head: first records of a VCF as (row, contig, position from 1, reference allele).
    faults: messages about faults of the file itself.
    """

    path: str
    kind: str
    lengths: dict[str, int | None] = field(default_factory=dict)
    ends: dict[str, tuple[int, int]] = field(default_factory=dict)
    samples: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    head: list[tuple[int, str, int, str]] = field(default_factory=list)
    records: int = 0
    faults: list[str] = field(default_factory=list)

    def add_fault(self, fault: str, row: int | None = None) -> None:
        """Record a fault of the file, up to MAX_FAULTS."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(f"{self.path}{f', row {row}' if row else ''}: {fault}")

    def add_record(self, contig: str, end: int, row: int) -> None:
        """Count a record that ends at `end` on `contig`."""
        self.records += 1
        if end > self.ends.get(contig, (0, 0))[0]:
            self.ends[contig] = (end, row)
        self.lengths.setdefault(contig, None)


def open_decompressed(path: str | Path) -> BinaryIO:
    """Open a plain or gzip file for reading bytes; gzip is recognised by content."""
    handle = open(path, "rb")
    is_compressed = handle.read(2) == b"\x1f\x8b"
    handle.seek(0)
    return io.BufferedReader(gzip.GzipFile(fileobj=handle), 1 << 20) if is_compressed else handle


def read_contigs(path: str | Path, kind: str) -> ContigTable:
    """Read the contigs of a file of kind FASTA, VCF, BED or GTF; faults are recorded in the table."""
    table = ContigTable(str(path), kind)
    try:
        {"FASTA": _read_fasta, "VCF": _read_vcf, "BED": _read_bed, "GTF": _read_gtf}[kind](table)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        table.add_fault(f"gzip is truncated or corrupt ({error}); get the file again from its source")
    except OSError as error:
        table.add_fault(f"cannot be read: {error.strerror or error}")
    except UnicodeDecodeError:
        table.add_fault(f"is not {kind} but binary data")
    return table


def _read_fasta(table: ContigTable) -> None:
    index = Path(table.path + ".fai")
    if index.exists() and index.stat().st_mtime >= os.path.getmtime(table.path):
        try:
            rows = [line.split("\t") for line in index.read_text().splitlines()]
            table.lengths = {row[0]: int(row[1]) for row in rows}
        except (ValueError, IndexError):
            table.lengths = {}  # damaged index: read the FASTA instead
    if not table.lengths:
        for name, sequence in iterate_sequences(table.path):
            if not name:
                table.add_fault("is not FASTA: the first line should begin with '>'")
                return
            if sequence is None:
                if name in table.lengths:
                    table.add_fault(f"has the sequence {name!r} twice")
                table.lengths[name] = 0
                continue
            table.lengths[name] += len(sequence)
            invalid = sequence.translate(None, BASES)
            if invalid:
                table.add_fault(
                    f"sequence {name!r} has characters that are not bases ({bytes(sorted(set(invalid)))[:20].decode('ascii', 'replace')!r})"
                )
    if not table.lengths:
        table.add_fault("holds no sequence")
    for name in [name for name, length in table.lengths.items() if length == 0]:
        table.add_fault(f"sequence {name!r} has no bases")


def iterate_sequences(path: str | Path) -> Iterator[tuple[str, bytes | None]]:
    """Iterate over the sequences of a FASTA in pieces: (name, None) at the start of each, then (name, bases) per piece.

    The name is empty for text before the first '>'.
    """
    name, header, is_line_start = "", None, True
    with open_decompressed(path) as handle:
        while chunk := handle.read(1 << 20):
            position = 0
            while position < len(chunk):
                if header is not None:
                    end = chunk.find(b"\n", position)
                    header += chunk[position : end if end >= 0 else len(chunk)]
                    if end < 0:
                        break
                    name, header, is_line_start, position = (header.split() or [b""])[0].decode(), None, True, end + 1
                    yield name, None
                elif is_line_start and chunk[position] == ord(">"):
                    header, position = b"", position + 1
                else:
                    end = chunk.find(b"\n>", position)
                    end = end + 1 if end >= 0 else len(chunk)
                    piece = chunk[position:end]
                    is_line_start, position = piece.endswith(b"\n"), end
                    bases = piece.translate(None, b"\n\r \t")
                    if bases:
                        yield name, bases


def _read_lines(path: str) -> Iterator[tuple[int, str]]:
    with open_decompressed(path) as handle:
        for row, line in enumerate(handle, start=1):
            yield row, line.rstrip(b"\r\n").decode()


def _read_bed(table: ContigTable) -> None:
    for row, line in _read_lines(table.path):
        if not line.strip() or line.startswith(("#", "track", "browser")):
            continue
        fields = line.split("\t")
        if len(fields) < 3:
            problem = "columns are separated by spaces" if len(line.split()) >= 3 else "contig, start and end are needed"
            table.add_fault(
                f"has {len(fields)} column{'s' * (len(fields) > 1)}; {problem}; columns must be separated by tabs", row
            )
        elif not (fields[1].isdigit() and fields[2].isdigit()):
            column, value = (2, fields[1]) if not fields[1].isdigit() else (3, fields[2])
            table.add_fault(f"column {column}: {value!r} is not a position; integers from 0 are needed", row)
        elif int(fields[1]) >= int(fields[2]):
            table.add_fault(f"start {fields[1]} is not before end {fields[2]}; BED counts from 0 and its end is exclusive", row)
        else:
            table.add_record(fields[0], int(fields[2]), row)
    if not table.records and not table.faults:
        table.add_fault("holds no region")


def _read_gtf(table: ContigTable) -> None:
    for row, line in _read_lines(table.path):
        if line.startswith("##FASTA"):
            break
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split("\t", 8)
        if len(fields) < 9:
            table.add_fault(f"has {len(fields)} columns, GTF and GFF have 9, separated by tabs", row)
        elif not (fields[3].isdigit() and fields[4].isdigit()):
            column, value = (4, fields[3]) if not fields[3].isdigit() else (5, fields[4])
            table.add_fault(f"column {column}: {value!r} is not a position; integers from 1 are needed", row)
        elif int(fields[3]) > int(fields[4]):
            table.add_fault(f"start {fields[3]} is after end {fields[4]}", row)
        else:
            table.add_record(fields[0], int(fields[4]), row)
        if len(table.faults) >= MAX_FAULTS:
            break
    if not table.records and not table.faults:
        table.add_fault("holds no feature")


def _read_vcf(table: ContigTable) -> None:
    with open_decompressed(table.path) as handle:
        start = handle.read(5)
        if start == b"BCF\x02\x02":
            size = struct.unpack("<I", handle.read(4))[0]
            for line in handle.read(size).rstrip(b"\0").decode().splitlines():
                _parse_vcf_header(table, line)
            table.records = int(handle.read(1) != b"")
            return
    has_contig_lines = has_column_line = False
    for row, line in _read_lines(table.path):
        if row == 1 and not line.startswith("##fileformat=VCF"):
            table.add_fault("is not VCF: the first line should be ##fileformat=VCFv4…", row)
            return
        if line.startswith("#"):
            _parse_vcf_header(table, line)
            has_contig_lines, has_column_line = bool(table.lengths), has_column_line or line.startswith("#CHROM")
            continue
        if not has_column_line:
            table.add_fault("the header line #CHROM POS ID … is missing before the first record", row)
            return
        if not line.strip():
            continue
        fields = line.split("\t", 5)
        if len(fields) < 5 or not fields[1].isdigit():
            table.add_fault(
                f"column POS: {fields[1] if len(fields) > 1 else ''!r} is not a position, or columns are not separated by tabs",
                row,
            )
            break
        contig, position, allele = fields[0], int(fields[1]), fields[3]
        table.add_record(contig, position + len(allele) - 1, row)
        if len(table.head) < HEAD_RECORDS:
            table.head.append((row, contig, position, allele))
        elif has_contig_lines or table.records >= MAX_RECORDS:
            break


def _parse_vcf_header(table: ContigTable, line: str) -> None:
    if line.startswith("##contig=<"):
        name, length = re.search(r"[<,]ID=([^,>]+)", line), re.search(r"[<,]length=(\d+)", line)
        if name:
            table.lengths[name[1]] = int(length[1]) if length else None
    elif line.startswith("##INFO=<ID="):
        table.fields.append(line[11:].split(",")[0])
    elif line.startswith("#CHROM"):
        table.samples = line.rstrip().split("\t")[9:]


def compare_contigs(table: ContigTable, reference: ContigTable) -> tuple[list[str], list[str]]:
    """Compare the contigs of a file with those of the reference.

    Returns
    -------
    Faults: no contig in common, different naming, different lengths, records past the end of a
    contig; for alignments, any contig that the reference lacks.
    Notes: contigs that the reference lacks, in files that may cover more than the reference.
    """
    faults = []
    known = reference.lengths
    unknown_names = [name for name in table.lengths if name not in known]
    renamed = [(name, alternative) for name in unknown_names if (alternative := alternative_name(name)) in known]
    if renamed:
        faults.append(_describe_naming(table, reference, *renamed[0]))
    elif table.lengths and len(unknown_names) == len(table.lengths):
        faults.append(
            f"{table.path}: has no contig in common with {reference.path}: {_shorten_list(unknown_names)} here, {_shorten_list(known)} there; use files of one genome build"
        )
    elif unknown_names and table.kind in ("BAM", "CRAM"):
        faults.append(
            f"{table.path}: was aligned to contigs that {reference.path} lacks ({_shorten_list(unknown_names)}); name the FASTA that it was aligned to"
        )
    for name, length in table.lengths.items():
        if length is not None and name in known and known[name] != length:
            faults.append(
                f"{table.path}: contig {name!r} is {length:,} bases long here{_build_label(length)} but {known[name]:,} in "
                f"{reference.path}{_build_label(known[name])}; use files of one genome build"
            )
            break
    for name, (end, row) in table.ends.items():
        if name in known and end > known[name]:
            faults.append(
                f"{table.path}, row {row}: ends at {end:,}, past the end of contig {name!r} ({known[name]:,} bases in {reference.path}); "
                "correct the row, or use a file of the same genome build"
            )
    note = f"{table.path}: {len(unknown_names)} contig{'s are' if len(unknown_names) > 1 else ' is'} not in the reference and left out ({_shorten_list(unknown_names)})"
    return faults, [note] if unknown_names and not faults else []


def alternative_name(name: str) -> str:
    """Convert a human contig name between the two naming styles: chr20 ↔ 20, chrM ↔ MT."""
    pairs = {"chrM": "MT", "MT": "chrM", "M": "chrM"}
    return pairs.get(name) or (name[3:] if name.startswith("chr") else f"chr{name}")


def _describe_naming(table: ContigTable, reference: ContigTable, name: str, alternative: str) -> str:
    sed_command = "sed 's/^chr//'" if name.startswith("chr") else "sed '/^#/!s/^/chr/'"
    shell_command = f"zcat {table.path} | {sed_command}" if table.path.endswith(".gz") else f"{sed_command} {table.path}"
    remedy = {
        "VCF": f"bcftools annotate --rename-chrs names.txt {table.path}, with a line '{name} {alternative}' for each contig in names.txt",
        "BAM": "samtools reheader, or align the reads again",
        "CRAM": "name the FASTA that it was aligned to",
    }.get(table.kind, shell_command)
    return f"{table.path}: contigs are named as {name!r} here but as {alternative!r} in {reference.path}; rename them: {remedy}"


def _build_label(length: int) -> str:
    return f" [{BUILDS[length]}]" if length in BUILDS else ""


def _shorten_list(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:4]) + (f", … ({len(names)} in all)" if len(names) > 4 else "")


def check_alleles(table: ContigTable, fasta: str, largest: int = 300_000_000) -> list[str]:
    """Check that the first reference alleles of a VCF agree with the FASTA; returns faults.

    IUPAC codes in the FASTA agree with any base, and case is ignored. A FASTA of
    more than `largest` bytes without an index is not read.
    """
    reference_bases = {
        (c, p): bases for c, p, bases in _fetch_bases(fasta, [(c, p, len(a)) for _, c, p, a in table.head], largest)
    }
    wrong = []
    for row, contig, position, allele in table.head:
        bases = reference_bases.get((contig, position), "")
        if len(bases) == len(allele) and any(b in "ACGT" and b != a for a, b in zip(allele.upper(), bases.upper(), strict=True)):
            wrong.append((row, contig, position, allele, bases))
    if len(wrong) <= MAX_MISMATCH_FRACTION * len(table.head):  # dbSNP has a few such records in the telomeres
        return []
    row, contig, position, allele, bases = wrong[0]
    return [
        f"{table.path}, row {row}, column REF: {allele[:20]!r} at {contig}:{position} but {fasta} has {bases[:20]!r} there "
        f"({len(wrong)} of the first {len(table.head)} records disagree); the VCF belongs to another genome build: lift it over, or use the matching build"
    ]


def _fetch_bases(fasta: str, positions: list[tuple[str, int, int]], largest: int) -> Iterator[tuple[str, int, str]]:
    """Yield the bases at each (contig, position from 1, length) that the FASTA has."""
    index = Path(fasta + ".fai")
    with open(fasta, "rb") as handle:
        if index.exists() and handle.read(2) != b"\x1f\x8b":
            rows = {f[0]: [int(x) for x in f[1:5]] for f in (line.split("\t") for line in index.read_text().splitlines())}
            for contig, position, length in positions:
                if contig in rows:
                    _, offset, bases, width = rows[contig]
                    handle.seek(offset + (position - 1) // bases * width + (position - 1) % bases)
                    raw = handle.read(length + (length // bases + 2) * (width - bases))
                    yield contig, position, raw.translate(None, b"\r\n")[:length].decode()
            return
    if os.path.getsize(fasta) > largest:
        return
    contigs = {contig for contig, _, _ in positions}
    contig_bases: dict[str, bytearray] = {}
    for name, piece in iterate_sequences(fasta):
        if name in contigs and piece is not None:
            contig_bases.setdefault(name, bytearray()).extend(piece)
    for contig, position, length in positions:
        if contig in contig_bases:
            yield contig, position, contig_bases[contig][position - 1 : position - 1 + length].decode()


def raise_faults(tables: Iterable[ContigTable]) -> None:
    """Raise InputError if any table has faults."""
    faults = [fault for table in tables for fault in table.faults]
    if faults:
        raise InputError(faults)
