"""Check the FASTQ files of a sequencing unit: whole, well formed, of one quality offset, mates in step.

Reads in blocks and tests whole blocks at once; only a block with a fault is looked at read by read.
"""

import os
import zlib
from collections.abc import Iterator
from pathlib import Path

from readsight.errors import InputError
from readsight.formats.read_names import SRA, agree, is_pair, mark, word

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
    b">": "FASTA, which has no qualities; reads are needed as FASTQ",
    b"<": "HTML or XML, perhaps a download that failed; get it again",
}


class _Fault(Exception):
    """What is wrong with one file; reading it ends here."""


def check_unit(paths: list[Path], limit: int | None = None) -> dict[str, int]:
    """Check one file (single end) or two (mates) and count their reads.

    limit: most reads looked at in each file; default: all.
    Returns reads (of all files together), bases, min_length and max_length
    (in bases), offset (of qualities: 33).
    Raises InputError with a line for each fault found.
    """
    files = [_Fastq(Path(path), limit) for path in paths]
    faults: list[str] = []
    if len(files) == 2:
        if os.path.realpath(paths[0]) == os.path.realpath(paths[1]):
            raise InputError(f"{paths[0]}: named as fastq_1 and as fastq_2; the mates are two files")
        faults += _check_mates(*files)
    else:
        for file in files:
            for names in file.blocks():
                if file.reads == len(names):
                    faults += _interleaved(file.path, names)
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


def check_ends(paths: list[Path]) -> None:
    """Whether bgzip files have the mark at their end; quick, for files too large to be read whole.

    Raises InputError for those that were cut off. Other gzip has no such mark and passes.
    """
    faults = []
    for path in paths:
        with open(path, "rb") as handle:
            blocked = handle.read(4) == b"\x1f\x8b\x08\x04" and handle.read(10)[8:] == b"BC"
            handle.seek(max(0, os.path.getsize(path) - len(BGZF_END)))
            if blocked and handle.read() != BGZF_END:
                faults.append(
                    f"{path}: gzip is truncated: the mark at the end of a bgzip file is missing; get the file again from its source"
                )
    if faults:
        raise InputError(faults)


class _Fastq:
    """One file, read once: its faults, counts, and the bytes seen in sequences and qualities."""

    def __init__(self, path: Path, limit: int | None):
        self.path = path
        self.limit = limit
        self.faults: list[str] = []
        self.sound = True  # its structure, so that counts and names can be compared
        self.whole = True  # read to its end, no limit in between
        self.reads = self.bases = self.longest = 0
        self.shortest = 1 << 60
        self.bad_letters = b""
        self.qualities = b""
        self.head: list[bytes] = []

    def blocks(self) -> Iterator[list[bytes]]:
        """Names of the reads, a list a block; stops at the first fault of structure."""
        try:
            lines: list[bytes] = []
            rest = b""
            for chunk in _chunks(self.path):
                chunk = rest + chunk
                cut = chunk.rfind(b"\n")
                if cut < 0:
                    rest = chunk
                    if len(rest) > 1 << 28:
                        raise _Fault("a line of more than 256 MB: this is not FASTQ")
                    continue
                rest = chunk[cut + 1 :]
                lines += chunk[:cut].split(b"\n")
                use = len(lines) - len(lines) % 4
                if use:
                    block, lines = lines[:use], lines[use:]
                    if self.limit is not None and self.reads + use // 4 >= self.limit:
                        yield self._records(block[: 4 * (self.limit - self.reads)])
                        self.whole = False
                        return
                    yield self._records(block)
            yield from self._end(lines, rest)
        except _Fault as fault:
            self.faults.append(f"{self.path}: {fault}")
            self.sound = False
        except OSError as error:
            self.faults.append(f"{self.path}: cannot be read: {error.strerror}")
            self.sound = False

    def _end(self, lines: list[bytes], rest: bytes) -> Iterator[list[bytes]]:
        """The last lines: a file need not end in a newline, and may end in blank ones."""
        lines = lines + [rest] if rest else lines
        while lines and not lines[-1].strip() and not (len(lines) == 4 and lines[1] == b""):
            lines = lines[:-1]
        if len(lines) == 4:
            cut = len(lines[3]) < len(lines[1]) and rest
            if cut:
                self._cut(lines)
            yield self._records(lines)
        elif lines:
            self._structure(lines, checked=len(lines))
            self._cut(lines)
        if not self.reads:
            raise _Fault("holds no read")

    def _cut(self, lines: list[bytes]) -> None:
        line = 4 * self.reads + len(lines)
        raise _Fault(
            f"read {self.reads + 1} ({_name(lines[0])}) is cut off: the file ends in line {line}, "
            f"line {len(lines)} of the read's 4; get the file again from its source"
        )

    def _records(self, lines: list[bytes]) -> list[bytes]:
        """Check whole records, four lines each; returns their names."""
        names, sequences, marks, qualities = lines[0::4], lines[1::4], lines[2::4], lines[3::4]
        n = len(names)
        lengths = list(map(len, sequences))
        joined = b"\n".join(names)
        plain = set(marks) == {b"+"} or all(m.startswith(b"+") for m in marks)
        good = joined.startswith(b"@") and joined.count(b"\n@") == n - 1 and plain
        if not good or lengths != list(map(len, qualities)) or names[0].endswith(b"\r"):
            self._structure(lines)
        letters = b"".join(sequences).translate(None, LETTERS)
        if letters and not self.bad_letters:
            self._say_letters(sequences, letters)
        new = b"".join(qualities).translate(None, self.qualities)
        if new:
            self._see_qualities(qualities, new)
        if not self.reads:
            self.head = sequences[:1000]
        self.reads += n
        self.bases += sum(lengths)
        self.shortest = min(self.shortest, min(lengths))
        self.longest = max(self.longest, max(lengths))
        return names

    def _structure(self, lines: list[bytes], checked: int | None = None) -> None:
        """Find the first record that is not well formed, and say how."""
        for i in range(0, checked or len(lines), 4):
            record = lines[i : i + 4]
            read, line = self.reads + i // 4 + 1, 4 * self.reads + i + 1
            if not record[0].startswith(b"@"):
                raise _Fault(f"line {line}: read {read} should begin with '@', got {_show(record[0])}; {self._guess(read)}")
            if record[0].endswith(b"\r"):
                raise _Fault(f"line {line}: line ends of Windows (CR LF); convert the file with dos2unix")
            if len(record) > 2 and not record[2].startswith(b"+"):
                raise _Fault(
                    f"line {line + 2}: the third line of read {read} ({_name(record[0])}) should begin with '+', "
                    f"got {_show(record[2])}; {self._guess(read)}"
                )
            if len(record) == 4 and len(record[1]) != len(record[3]):
                raise _Fault(
                    f"line {line + 3}: read {read} ({_name(record[0])}) has {len(record[1])} bases but "
                    f"{len(record[3])} qualities; the file is damaged, get it again from its source"
                )

    @staticmethod
    def _guess(read: int) -> str:
        if read == 1:
            return "this is not FASTQ"
        return (
            "a line is missing or damaged before it, or records are of more than four lines; get the file again from its source"
        )

    def _say_letters(self, sequences: list[bytes], letters: bytes) -> None:
        self.bad_letters = bytes(sorted(set(letters)))
        for i, sequence in enumerate(sequences):
            found = sequence.translate(None, LETTERS)
            if found:
                hint = (
                    "colour space of SOLiD is not read"
                    if self.bad_letters.strip(b".0123") == b"" and self.bad_letters != b"."
                    else ""
                )
                hint = hint or (
                    "write unknown bases as N"
                    if b"." in self.bad_letters
                    else "the file is damaged, get it again from its source"
                )
                read = self.reads + i + 1
                self.faults.append(
                    f"{self.path}: line {4 * read - 2}: read {read} has letters that are no bases "
                    f"({_show(bytes(sorted(set(found))))} in column {sequence.index(found[:1]) + 1}); IUPAC letters are allowed; {hint}"
                )
                return

    def _see_qualities(self, qualities: list[bytes], new: bytes) -> None:
        fresh = bytes(set(new))
        self.qualities = bytes(sorted(set(self.qualities + fresh)))
        odd = bytes(sorted(c for c in fresh if not 33 <= c <= 126))
        for i, quality in enumerate(qualities if odd else []):
            if quality.translate(None, odd) != quality:
                read = self.reads + i + 1
                self.faults.append(
                    f"{self.path}: line {4 * read}: read {read} has quality characters outside '!' to '~' ({_show(odd)}); "
                    "the file is damaged, get it again from its source"
                )
                return

    def check_offset(self) -> None:
        """Qualities of Illumina 1.3 to 1.7 start at 64: none below ';', some above Q47 if read as offset 33."""
        if self.qualities and self.qualities[0] >= 59 and 80 < self.qualities[-1] <= 110:
            low, high = chr(self.qualities[0]), chr(self.qualities[-1])
            self.faults.append(
                f"{self.path}: qualities have offset 64 (Illumina 1.3 to 1.7; they range from '{low}' to '{high}'), 33 is needed; "
                "convert with: seqtk seq -Q64 -V, or trimmomatic with TOPHRED33"
            )


def _chunks(path: Path) -> Iterator[bytes]:
    """Uncompressed bytes of a plain or gzip file; raises _Fault where the gzip is not whole."""
    if not path.exists():
        raise _Fault("there is no such file")
    if path.is_dir():
        raise _Fault("is a folder; a file is needed")
    if path.stat().st_size == 0:
        raise _Fault("is empty (0 bytes); get the file again from its source")
    with open(path, "rb") as handle:
        head = handle.read(8)
        handle.seek(0)
        packed = head[:2] == b"\x1f\x8b"
        if packed != path.name.endswith(".gz"):
            wrong = "gzip, but its name does not end in .gz" if packed else "not gzip, though its name ends in .gz"
            known = "" if packed else _recognise(head)
            raise _Fault(f"is {known or wrong + '; rename it'}")
        pieces = _gunzip(handle) if packed else iter(lambda: handle.read(BLOCK), b"")
        first = next(pieces, b"")
        if _recognise(first):
            raise _Fault(f"is not FASTQ but {_recognise(first)}")
        if b"\x00" in first:
            raise _Fault("is not FASTQ but binary data")
        yield first
        yield from pieces


def _recognise(head: bytes) -> str:
    return next((what for magic, what in MAGIC.items() if head.startswith(magic)), "")


def _gunzip(handle) -> Iterator[bytes]:
    """Unpack gzip of one member or many (bgzip); the checksum of each member is tested."""
    unpack = zlib.decompressobj(wbits=31)
    place = 0
    for raw in iter(lambda: handle.read(RAW_BLOCK), b""):
        while raw:
            if unpack.eof:
                raw = raw.lstrip(b"\x00")
                if not raw:
                    break
                if raw[:1] != b"\x1f":
                    raise _Fault(
                        f"gzip is followed by other data near byte {place}; the file is damaged, get it again from its source"
                    )
                unpack = zlib.decompressobj(wbits=31)
            try:
                data = unpack.decompress(raw, BLOCK)
            except zlib.error as error:
                raise _Fault(f"gzip is corrupt near byte {place} ({error}); get the file again from its source") from None
            raw = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
            if data:
                yield data
        place = handle.tell()
    if not unpack.eof:
        raise _Fault(
            f"gzip is truncated: it breaks off at byte {place} in the middle of the data; get the file again from its source"
        )


def _check_mates(one: _Fastq, two: _Fastq) -> list[str]:
    """Read both files side by side; faults of the pair."""
    left_blocks, right_blocks = one.blocks(), two.blocks()
    left: list[bytes] | None = []
    right: list[bytes] | None = []
    faults: list[str] = []
    done = 0
    while not faults:
        left = left or next(left_blocks, None)
        right = right or next(right_blocks, None)
        if left is None or right is None:
            break
        if not done and one.head == two.head and len(one.head) > 1:
            faults.append(
                f"{one.path}, {two.path}: both files hold the same sequences; one is a copy of the other, name the second mates"
            )
        n = min(len(left), len(right))
        if not faults and not agree(left[:n], right[:n]):
            faults += _disagreement(one, two, left[:n], right[:n], done)
        if not faults and not done and SRA.fullmatch(word(left[0])) and word(left[0]) != word(right[0]):
            faults.append(
                f"{one.path}, {two.path}: names of mates end in .1 and .2 ({_name(left[0])}, {_name(right[0])}), which aligners take for "
                "different reads; leave --readids out of fasterq-dump, or write them as /1 and /2: sed -E '1~4s/\\.([12])( |$)/\\/\\1\\2/'"
            )
        done += n
        left, right = left[n:], right[n:]
    for blocks in (left_blocks, right_blocks):
        for _ in blocks:
            pass
    if one.sound and two.sound and one.whole and two.whole and one.reads != two.reads:
        more, fewer = (one, two) if one.reads > two.reads else (two, one)
        faults.append(
            f"{more.path} has {more.reads} reads but {fewer.path} has {fewer.reads}; mates must be of equal count: "
            "get both files again, or pair them with: seqkit pair"
        )
    return faults


def _disagreement(one: _Fastq, two: _Fastq, left: list[bytes], right: list[bytes], done: int) -> list[str]:
    """Say how the names of mates disagree at the first place where they do."""
    at = next((i for i, (x, y) in enumerate(zip(left, right, strict=True)) if not is_pair(x, y)), 0)
    (a, mate_a), (b, mate_b) = mark(left[at]), mark(right[at])
    pair = f"{one.path}, {two.path}"
    if a == b and (mate_a, mate_b) == (b"2", b"1"):
        return [f"{pair}: fastq_1 holds the second mates and fastq_2 the first ones ({_show(left[at])}); swap the two columns"]
    if a == b and mate_a == mate_b:
        return [
            f"{pair}: both files hold the {'second' if mate_a == b'2' else 'first'} mates ({_show(left[at])}); name the other file"
        ]
    read = done + at + 1
    same = {mark(n)[0] for n in left} == {mark(n)[0] for n in right}
    why = (
        "the same reads stand in both files in another order (shuffled); sort both by name, or pair them with: seqkit pair"
        if same
        else "the files are not mates of each other, are shuffled, or one lacks reads; get both again, or pair them with: seqkit pair"
    )
    return [
        f"{pair}: line {4 * read - 3}: names of mates disagree at read {read}: {_name(left[at])} against {_name(right[at])}; {why}"
    ]


def _interleaved(path: Path, names: list[bytes]) -> list[str]:
    """A single file whose neighbours are mates holds pairs, interleaved."""
    pairs = list(zip(names[0::2], names[1::2], strict=False))[:1000]
    if pairs and all(mark(x)[0] == mark(y)[0] and x != y for x, y in pairs):
        return [f"{path}: holds both mates of each pair, interleaved; split it into two files and name them fastq_1 and fastq_2"]
    return []


def _show(text: bytes) -> str:
    shown = text[:40].decode("ascii", "backslashreplace")
    return repr(shown + ("…" if len(text) > 40 else ""))


def _name(line: bytes) -> str:
    return line[1:].split(b" ")[0][:80].decode("ascii", "backslashreplace")
