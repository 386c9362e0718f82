"""Where a sequence lies on a genome, as its name or the columns of its row say. With the standard library alone."""

import re
from typing import NamedTuple


class Locus(NamedTuple):
    """An interval, 0-based half-open, and its strand: `+`, `-`, or `.` where it is not said."""

    chrom: str
    start: int
    end: int
    strand: str


NOWHERE = Locus("", -1, -1, ".")
# chr1:100-200, chr1:100-200(+), name::chr1:100-200(-) of bedtools getfasta
COLON = re.compile(r"(?:.*::)?([A-Za-z0-9][\w.|-]*):([\d,]+)(?:-|\.\.|_)([\d,]+)(?:[:(]([+.-])\)?)?")
# CHR13_99137199_99137399, chrX_5_10_-
UNDERSCORES = re.compile(r"(chr[A-Za-z0-9]+)_(\d+)_(\d+)(?:_([+-]))?", re.IGNORECASE)
UCSC = re.compile(r"(?:^|\s)range=(\S+)")
STRAND = re.compile(r"(?:^|\s)strand=([+-])")


def parse_locus_name(name: str, description: str, length: int) -> Locus:
    """The place that a FASTA record's name, or UCSC's `range=` in what stands behind it, says; NOWHERE where none does.

    length: bases of the record, by which intervals that count from 1 are told from those that count from 0.
    """
    match = COLON.fullmatch(name) or UNDERSCORES.fullmatch(name)
    ranged = None if match else UCSC.search(description)
    match = COLON.fullmatch(ranged[1]) if ranged else match
    if not match:
        return NOWHERE
    strand = match[4] or (strand_match[1] if (strand_match := STRAND.search(description)) else ".")
    locus = parse_locus_fields(match[1], match[2], match[3], strand, 0)
    # UCSC's table browser counts from 1, whatever part of the range the sequence is.
    is_one_based = ranged is not None or locus.end - locus.start + 1 == length
    return locus._replace(start=locus.start - 1) if is_one_based and locus.start > 0 else locus


def parse_locus_fields(chrom: str, start: str, end: str, strand: str, length: int) -> Locus:
    """The place that these fields say; NOWHERE where they are empty or no interval."""
    first, last = start.replace(",", ""), end.replace(",", "")
    if not (chrom and first.isdigit() and last.isdigit()) or int(last) < int(first):
        return NOWHERE
    # An interval that is a base shorter than its sequence counts from 1 and holds its end.
    shift = int(int(last) - int(first) + 1 == length and int(first) > 0)
    return Locus(normalise_chromosome(chrom), int(first) - shift, int(last), strand if strand in ("+", "-") else ".")


def normalise_chromosome(chrom: str) -> str:
    """A chromosome's name as genomes write it: CHR13 and Chr13 are chr13, chrx is chrX."""
    if not re.match(r"chr[A-Za-z0-9]", chrom, re.IGNORECASE):
        return chrom
    suffix = chrom[3:]
    return "chr" + (suffix.upper() if suffix.lower() in ("x", "y", "m", "mt", "w", "z") else suffix)
