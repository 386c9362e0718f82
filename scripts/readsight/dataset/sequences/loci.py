"""Genomic loci of sequences, parsed from names or table columns. Standard library only."""

import re
from typing import NamedTuple


class Locus(NamedTuple):
    """A 0-based half-open interval and its strand: `+`, `-`, or `.` if unknown."""

    chrom: str
    start: int
    end: int
    strand: str


NO_LOCUS = Locus("", -1, -1, ".")
# chr1:100-200, chr1:100-200(+), name::chr1:100-200(-) of bedtools getfasta
COLON = re.compile(r"(?:.*::)?([A-Za-z0-9][\w.|-]*):([\d,]+)(?:-|\.\.|_)([\d,]+)(?:[:(]([+.-])\)?)?")
# CHR13_99137199_99137399, chrX_5_10_-
UNDERSCORES = re.compile(r"(chr[A-Za-z0-9]+)_(\d+)_(\d+)(?:_([+-]))?", re.IGNORECASE)
UCSC = re.compile(r"(?:^|\s)range=(\S+)")
STRAND = re.compile(r"(?:^|\s)strand=([+-])")


def parse_locus_name(name: str, description: str, length: int) -> Locus:
    """Locus in a FASTA record's name, or in UCSC's `range=` in its description; NO_LOCUS if there is none.

    length: bases of the record, used to detect 1-based intervals.
    """
    match = COLON.fullmatch(name) or UNDERSCORES.fullmatch(name)
    ranged = None if match else UCSC.search(description)
    match = COLON.fullmatch(ranged[1]) if ranged else match
    if not match:
        return NO_LOCUS
    strand = match[4] or (strand_match[1] if (strand_match := STRAND.search(description)) else ".")
    locus = parse_locus_fields(match[1], match[2], match[3], strand, 0)
    # The UCSC table browser is always 1-based, even if the sequence covers only part of the range.
    is_one_based = ranged is not None or locus.end - locus.start + 1 == length
    return locus._replace(start=locus.start - 1) if is_one_based and locus.start > 0 else locus


def parse_locus_fields(chrom: str, start: str, end: str, strand: str, length: int) -> Locus:
    """Locus from text fields; NO_LOCUS if they are empty or invalid."""
    first, last = start.replace(",", ""), end.replace(",", "")
    if not (chrom and first.isdigit() and last.isdigit()) or int(last) < int(first):
        return NO_LOCUS
    # An interval one base shorter than its sequence is 1-based and closed.
    shift = int(int(last) - int(first) + 1 == length and int(first) > 0)
    return Locus(normalise_chromosome(chrom), int(first) - shift, int(last), strand if strand in ("+", "-") else ".")


def normalise_chromosome(chrom: str) -> str:
    """Chromosome name in the spelling of genomes: CHR13 and Chr13 become chr13, chrx becomes chrX."""
    if not re.match(r"chr[A-Za-z0-9]", chrom, re.IGNORECASE):
        return chrom
    suffix = chrom[3:]
    return "chr" + (suffix.upper() if suffix.lower() in ("x", "y", "m", "mt", "w", "z") else suffix)
