"""Checks of the FASTQ files of a sequencing unit: complete, well formed, quality offset 33, mates in the same order.

Files are checked in blocks; only a block with a fault is checked read by read.
"""

import os
import zlib
from collections.abc import Iterator
from pathlib import Path

from readsight.errors import InputError
from readsight.formats.read_names import SRA, are_paired, first_token, is_pair, split_mate_number

LETTERS = b"ACGTUNRYSWKMBDHVacgtunryswkmbdhv"
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
RAW_BLOCK = 1 << 18
BLOCK = 1 << 20
MAGIC = {
    b"BZh": "compressed by bzip2; unpack it and compress it with gzip",
    b"\xfd7zXZ": "compressed by xz; unpack it and compress it with gzip",
    b"\x28\xb5\x2f\xfd": "compressed by zstd; unpack it and compress it with gzip",
    b"PK\x03\x04": "a ZIP archive; unpack it and compress it with gzip",
    b"CRAM": "a CRAM; name it in column cram",
    b"BAM\x01": "a BAM; name it in column bam",
    b"NCBI.sra": "an SRA archive; convert it with fasterq-dump",
    b"@HD\t": "a SAM; convert it to BAM and name it in column bam",
    b"@SQ\t": "a SAM; convert it to BAM and name it in column bam",
    b">": "FASTA, which has no qualities; give the reads as FASTQ",
    b"<": "HTML or XML, perhaps a download that failed; get it again",
}


class _Fault(Exception):
    """A fault that ends the reading of a file."""


def check_unit(paths: list[Path], limit: int | None = None) -> dict[str, int]:
    """Check one file (single end) or two (mates) and count their reads; raises InputError with one line per fault.

    Parameters
    ----------
    limit : maximum number of reads checked per file; default: all.

    Returns
    -------
    reads (sum over files), bases, min_length and max_length (in bases), and offset (of qualities: 33).
    """
    files = [_Fastq(Path(path), limit) for path in paths]
    faults: list[str] = []
    if len(files) == 2:
        if os.path.realpath(paths[0]) == os.path.realpath(paths[1]):
            raise InputError(f"{paths[0]}: is given as both fastq_1 and fastq_2; mates are in two different files")
        faults += _check_mates(*files)
    else:
        for file in files:
            for names in file.read_blocks():
                if file.reads == len(names):
                    faults += _find_interleaving(file.path, names)
    for file in files:
        file.check_offset()
    faults = [fault for file in files for fault in file.faults] + faults
    if faults:
        raise InputError(faults)
    return {
        "reads": sum(file.reads for file in files),
        "bases": sum(file.bases for file in files),
        "min_length": min(file.shortest for file in files),
        "max_length": max(file.longest for file in files),
        "offset": 33,
    }


def check_bgzip_ends(paths: list[Path]) -> None:
    """Check that bgzip files have their end-of-file marker; fast, for files too large to be read completely.

    Raises InputError for truncated files. Plain gzip has no such marker and always passes.
    """
    faults = []
    for path in paths:
        with open(path, "rb") as handle:
            is_bgzip = handle.read(4) == b"\x1f\x8b\x08\x04" and handle.read(10)[8:] == b"BC"
            handle.seek(max(0, os.path.getsize(path) - len(BGZF_END)))
            if is_bgzip and handle.read() != BGZF_END:
                faults.append(f"{path}: gzip is truncated: its end-of-file marker is missing; get the file again from its source")
    if faults:
        raise InputError(faults)


class _Fastq:
    """A FASTQ file, read once: its faults, its counts, and the characters of its sequences and qualities."""

    def __init__(self, path: Path, limit: int | None):
        self.path = path
        self.limit = limit
        self.faults: list[str] = []
        self.is_well_formed = True  # counts and names can be compared
        self.is_complete = True  # read to the end, not stopped by the limit
        self.reads = self.bases = self.longest = 0
        self.shortest = 1 << 60
        self.bad_letters = b""
        self.qualities = b""
        self.first_sequences: list[bytes] = []

    def read_blocks(self) -> Iterator[list[bytes]]:
        """Yield the read names of each block; stops at the first structural fault."""
        try:
            lines: list[bytes] = []
            remainder = b""
            for chunk in _read_chunks(self.path):
                chunk = remainder + chunk
                cut = chunk.rfind(b"\n")
                if cut < 0:
                    remainder = chunk
                    if len(remainder) > 1 << 28:
                        raise _Fault("a line of more than 256 MB: this is not FASTQ")
                    continue
                remainder = chunk[cut + 1 :]
                lines += chunk[:cut].split(b"\n")
                usable = len(lines) - len(lines) % 4
                if usable:
                    block, lines = lines[:usable], lines[usable:]
                    if self.limit is not None and self.reads + usable // 4 >= self.limit:
                        yield self._check_records(block[: 4 * (self.limit - self.reads)])
                        self.is_complete = False
                        return
                    yield self._check_records(block)
            yield from self._read_last_lines(lines, remainder)
        except _Fault as fault:
            self.faults.append(f"{self.path}: {fault}")
            self.is_well_formed = False
        except OSError as error:
            self.faults.append(f"{self.path}: cannot be read: {error.strerror}")
            self.is_well_formed = False

    def _read_last_lines(self, lines: list[bytes], remainder: bytes) -> Iterator[list[bytes]]:
        """Check the last lines: the final newline may be missing, and blank lines may follow."""
        lines = lines + [remainder] if remainder else lines
        while lines and not lines[-1].strip() and not (len(lines) == 4 and lines[1] == b""):
            lines = lines[:-1]
        if len(lines) == 4:
            is_cut_off = len(lines[3]) < len(lines[1]) and remainder
            if is_cut_off:
                self._raise_cut_off(lines)
            yield self._check_records(lines)
        elif lines:
            self._check_structure(lines, line_count=len(lines))
            self._raise_cut_off(lines)
        if not self.reads:
            raise _Fault("has no reads")

    def _raise_cut_off(self, lines: list[bytes]) -> None:
        line = 4 * self.reads + len(lines)
        raise _Fault(
            f"read {self.reads + 1} ({_format_read_name(lines[0])}) is truncated: the file ends in line {line}, "
            f"line {len(lines)} of the read's 4; get the file again from its source"
        )

    def _check_records(self, lines: list[bytes]) -> list[bytes]:
        """Check complete records of four lines each; returns their names."""
        names, sequences, separators, qualities = lines[0::4], lines[1::4], lines[2::4], lines[3::4]
        n = len(names)
        lengths = list(map(len, sequences))
        joined_names = b"\n".join(names)
        has_plus_lines = set(separators) == {b"+"} or all(m.startswith(b"+") for m in separators)
        is_valid = joined_names.startswith(b"@") and joined_names.count(b"\n@") == n - 1 and has_plus_lines
        if not is_valid or lengths != list(map(len, qualities)) or names[0].endswith(b"\r"):
            self._check_structure(lines)
        invalid_letters = b"".join(sequences).translate(None, LETTERS)
        if invalid_letters and not self.bad_letters:
            self._report_letters(sequences, invalid_letters)
        new_qualities = b"".join(qualities).translate(None, self.qualities)
        if new_qualities:
            self._check_qualities(qualities, new_qualities)
        if not self.reads:
            self.first_sequences = sequences[:1000]
        self.reads += n
        self.bases += sum(lengths)
        self.shortest = min(self.shortest, min(lengths))
        self.longest = max(self.longest, max(lengths))
        return names

    def _check_structure(self, lines: list[bytes], line_count: int | None = None) -> None:
        """Raise a fault that describes the first malformed record."""
        for i in range(0, line_count or len(lines), 4):
            record = lines[i : i + 4]
            read, line = self.reads + i // 4 + 1, 4 * self.reads + i + 1
            if not record[0].startswith(b"@"):
                raise _Fault(
                    f"line {line}: read {read} should begin with '@', got {_quote_bytes(record[0])}; {self._likely_cause(read)}"
                )
            if record[0].endswith(b"\r"):
                raise _Fault(f"line {line}: Windows line ends (CR LF); convert the file with dos2unix")
            if len(record) > 2 and not record[2].startswith(b"+"):
                raise _Fault(
                    f"line {line + 2}: the third line of read {read} ({_format_read_name(record[0])}) should begin with '+', "
                    f"got {_quote_bytes(record[2])}; {self._likely_cause(read)}"
                )
            if len(record) == 4 and len(record[1]) != len(record[3]):
                raise _Fault(
                    f"line {line + 3}: read {read} ({_format_read_name(record[0])}) has {len(record[1])} bases but "
                    f"{len(record[3])} qualities; the file is damaged, get it again from its source"
                )

    @staticmethod
    def _likely_cause(read: int) -> str:
        if read == 1:
            return "this is not FASTQ"
        return "a previous line is missing or damaged, or records have more than four lines; get the file again from its source"

    def _report_letters(self, sequences: list[bytes], letters: bytes) -> None:
        self.bad_letters = bytes(sorted(set(letters)))
        for i, sequence in enumerate(sequences):
            invalid = sequence.translate(None, LETTERS)
            if invalid:
                hint = (
                    "write unknown bases as N"
                    if b"." in self.bad_letters
                    else "the file is damaged, get it again from its source"
                )
                if self.bad_letters.strip(b".0123") == b"" and self.bad_letters != b".":
                    hint = "SOLiD colour space is not supported"
                read, column = self.reads + i + 1, sequence.index(invalid[:1]) + 1
                self.faults.append(
                    f"{self.path}: line {4 * read - 2}: read {read} has characters that are not bases "
                    f"({_quote_bytes(bytes(sorted(set(invalid))))} in column {column}); IUPAC codes are allowed; {hint}"
                )
                return

    def _check_qualities(self, qualities: list[bytes], new: bytes) -> None:
        fresh = bytes(set(new))
        self.qualities = bytes(sorted(set(self.qualities + fresh)))
        odd = bytes(sorted(c for c in fresh if not 33 <= c <= 126))
        for i, quality in enumerate(qualities if odd else []):
            if quality.translate(None, odd) != quality:
                read = self.reads + i + 1
                self.faults.append(
                    f"{self.path}: line {4 * read}: read {read} has quality characters outside '!' to '~' ({_quote_bytes(odd)}); "
                    "the file is damaged, get it again from its source"
                )
                return

    def check_offset(self) -> None:
        """Recognise qualities with offset 64 (Illumina 1.3 to 1.7): none below ';', some above Q47 if read with offset 33."""
        if self.qualities and self.qualities[0] >= 59 and 80 < self.qualities[-1] <= 110:
            low, high = chr(self.qualities[0]), chr(self.qualities[-1])
            self.faults.append(
                f"{self.path}: qualities have offset 64 (Illumina 1.3 to 1.7; they range from '{low}' to '{high}'), but offset 33 is needed; "
                "convert with: seqtk seq -Q64 -V, or trimmomatic with TOPHRED33"
            )


def _read_chunks(path: Path) -> Iterator[bytes]:
    """Yield the uncompressed bytes of a plain or gzip file; raises _Fault if the gzip is incomplete."""
    if not path.exists():
        raise _Fault("there is no such file")
    if path.is_dir():
        raise _Fault("is a folder; a file is needed")
    if path.stat().st_size == 0:
        raise _Fault("is empty (0 bytes); get the file again from its source")
    with open(path, "rb") as handle:
        head = handle.read(8)
        handle.seek(0)
        is_compressed = head[:2] == b"\x1f\x8b"
        if is_compressed != path.name.endswith(".gz"):
            problem = "gzip, but its name does not end in .gz" if is_compressed else "not gzip, though its name ends in .gz"
            recognised = "" if is_compressed else _recognise_format(head)
            raise _Fault(f"is {recognised or problem + '; rename it'}")
        pieces = _decompress_gzip(handle) if is_compressed else iter(lambda: handle.read(BLOCK), b"")
        first = next(pieces, b"")
        if _recognise_format(first):
            raise _Fault(f"is not FASTQ but {_recognise_format(first)}")
        if b"\x00" in first:
            raise _Fault("is not FASTQ but binary data")
        yield first
        yield from pieces


def _recognise_format(head: bytes) -> str:
    return next((description for magic, description in MAGIC.items() if head.startswith(magic)), "")


def _decompress_gzip(handle) -> Iterator[bytes]:
    """Decompress gzip with one or many members (bgzip); the checksum of each member is verified."""
    decompressor = zlib.decompressobj(wbits=31)
    position = 0
    for raw in iter(lambda: handle.read(RAW_BLOCK), b""):
        while raw:
            if decompressor.eof:
                raw = raw.lstrip(b"\x00")
                if not raw:
                    break
                if raw[:1] != b"\x1f":
                    raise _Fault(
                        f"gzip is followed by other data near byte {position}; the file is damaged, get it again from its source"
                    )
                decompressor = zlib.decompressobj(wbits=31)
            try:
                data = decompressor.decompress(raw, BLOCK)
            except zlib.error as error:
                raise _Fault(f"gzip is corrupt near byte {position} ({error}); get the file again from its source") from None
            raw = decompressor.unused_data if decompressor.eof else decompressor.unconsumed_tail
            if data:
                yield data
        position = handle.tell()
    if not decompressor.eof:
        raise _Fault(
            f"gzip is truncated: it ends at byte {position} in the middle of the data; get the file again from its source"
        )


def _check_mates(first: _Fastq, second: _Fastq) -> list[str]:
    """Read both files in parallel; returns faults of the pair."""
    left_blocks, right_blocks = first.read_blocks(), second.read_blocks()
    left: list[bytes] | None = []
    right: list[bytes] | None = []
    faults: list[str] = []
    checked_reads = 0
    while not faults:
        left = left or next(left_blocks, None)
        right = right or next(right_blocks, None)
        if left is None or right is None:
            break
        if not checked_reads and first.first_sequences == second.first_sequences and len(first.first_sequences) > 1:
            faults.append(
                f"{first.path}, {second.path}: both files have the same sequences; one is a copy, so give the file of the second mates"
            )
        n = min(len(left), len(right))
        if not faults and not are_paired(left[:n], right[:n]):
            faults += _describe_disagreement(first, second, left[:n], right[:n], checked_reads)
        if (
            not faults
            and not checked_reads
            and SRA.fullmatch(first_token(left[0]))
            and first_token(left[0]) != first_token(right[0])
        ):
            faults.append(
                f"{first.path}, {second.path}: mate names end in .1 and .2 ({_format_read_name(left[0])}, {_format_read_name(right[0])}), which aligners treat as "
                "different reads; run fasterq-dump without --readids, or write them as /1 and /2: sed -E '1~4s/\\.([12])( |$)/\\/\\1\\2/'"
            )
        checked_reads += n
        left, right = left[n:], right[n:]
    for blocks in (left_blocks, right_blocks):
        for _ in blocks:
            pass
    if (
        first.is_well_formed
        and second.is_well_formed
        and first.is_complete
        and second.is_complete
        and first.reads != second.reads
    ):
        more, fewer = (first, second) if first.reads > second.reads else (second, first)
        faults.append(
            f"{more.path} has {more.reads} reads but {fewer.path} has {fewer.reads}; mates must be equal in number: "
            "get both files again, or pair them with: seqkit pair"
        )
    return faults


def _describe_disagreement(first: _Fastq, second: _Fastq, left: list[bytes], right: list[bytes], checked_reads: int) -> list[str]:
    """Describe the first disagreement between mate names."""
    index = next((i for i, (x, y) in enumerate(zip(left, right, strict=True)) if not is_pair(x, y)), 0)
    (a, mate_a), (b, mate_b) = split_mate_number(left[index]), split_mate_number(right[index])
    pair = f"{first.path}, {second.path}"
    if a == b and (mate_a, mate_b) == (b"2", b"1"):
        return [
            f"{pair}: fastq_1 has the second mates and fastq_2 the first mates ({_quote_bytes(left[index])}); swap the two columns"
        ]
    if a == b and mate_a == mate_b:
        return [
            f"{pair}: both files have the {'second' if mate_a == b'2' else 'first'} mates ({_quote_bytes(left[index])}); give one file of each"
        ]
    read = checked_reads + index + 1
    has_same_names = {split_mate_number(n)[0] for n in left} == {split_mate_number(n)[0] for n in right}
    reason = (
        "both files have the same reads in a different order (shuffled); sort both by name, or pair them with: seqkit pair"
        if has_same_names
        else "the files are not mates, are shuffled, or one lacks reads; get both again, or pair them with: seqkit pair"
    )
    return [
        f"{pair}: line {4 * read - 3}: mate names disagree at read {read}: {_format_read_name(left[index])} against {_format_read_name(right[index])}; {reason}"
    ]


def _find_interleaving(path: Path, names: list[bytes]) -> list[str]:
    """Report a single file in which consecutive reads are mates (interleaved)."""
    pairs = list(zip(names[0::2], names[1::2], strict=False))[:1000]
    if pairs and all(split_mate_number(x)[0] == split_mate_number(y)[0] and x != y for x, y in pairs):
        return [f"{path}: has both mates of each pair, interleaved; split it into two files and give them as fastq_1 and fastq_2"]
    return []


def _quote_bytes(text: bytes) -> str:
    excerpt = text[:40].decode("ascii", "backslashreplace")
    return repr(excerpt + ("…" if len(text) > 40 else ""))


def _format_read_name(line: bytes) -> str:
    return line[1:].split(b" ")[0][:80].decode("ascii", "backslashreplace")
