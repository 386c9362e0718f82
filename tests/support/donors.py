"""Alignments of donors with planted variants, for tests of the callers."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

COMPLEMENT = str.maketrans("ACGTN", "TGCAN")

# contig → [(0-based position, reference allele, alternative allele, number of copies, 1 or 2, that carry it)]
Planted = dict[str, list[tuple[int, str, str, int]]]


def require_tools(*tools: str):
    """Skip a test if a tool is not installed."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def random_genome(seed: int, **lengths: int) -> dict[str, str]:
    """Random contigs of given lengths."""
    rng = random.Random(seed)
    return {name: "".join(rng.choices("ACGT", k=length)) for name, length in lengths.items()}


def write_reference(folder: Path, contigs: dict[str, str]) -> Path:
    """Write genome.fa with its index."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "genome.fa"
    path.write_text("".join(f">{name}\n{sequence}\n" for name, sequence in contigs.items()))
    subprocess.run(["samtools", "faidx", path], check=True)
    return path


def apply_variants(sequence: str, variants: list[tuple[int, str, str, int]], copy: int) -> str:
    """Chromosome of a donor with variants. copy: 0 carries all variants, 1 those on both copies."""
    out, done = [], 0
    for position, ref, alt, copies in sorted(variants):
        assert sequence[position : position + len(ref)] == ref
        if copies > copy:
            out += [sequence[done:position], alt]
            done = position + len(ref)
    return "".join([*out, sequence[done:]])


def write_cram(
    folder: Path, reference: Path, sample: str, contigs: dict[str, str], planted: Planted, depth: float = 30, paired: bool = True
) -> Path:
    """Align error-free 100-base reads of fragments of 260–340 bases with bwa; writes a sorted CRAM with index."""
    rng = random.Random(sample)
    mates: tuple[list[str], list[str]] = ([], [])
    for contig, sequence in contigs.items():
        copies = [apply_variants(sequence, planted.get(contig, []), copy) for copy in (0, 1)]
        for i in range(int(len(sequence) * depth / 200)):
            copy, size = copies[i % 2], rng.randint(260, 340)
            start = rng.randrange(max(1, len(copy) - size))
            fragment = copy[start : start + size]
            if rng.random() < 0.5:
                fragment = fragment[::-1].translate(COMPLEMENT)
            for mate, read in enumerate((fragment[:100], fragment[-100:][::-1].translate(COMPLEMENT))):
                mates[mate].append(f"@{contig}:{i}\n{read}\n+\n{'I' * len(read)}\n")
    files = [folder / f"{sample}_{mate}.fastq" for mate in (1, 2)][: 2 if paired else 1]
    for path, records in zip(files, mates, strict=False):
        path.write_text("".join(records))
    if not Path(f"{reference}.bwt").exists():
        subprocess.run(["bwa", "index", reference], check=True, capture_output=True)
    sam, cram = folder / f"{sample}.sam", folder / f"{sample}.cram"
    with open(sam, "wb") as out:
        group = f"@RG\\tID:{sample}\\tSM:{sample}\\tPL:ILLUMINA"
        subprocess.run(["bwa", "mem", "-R", group, reference, *files], check=True, stdout=out, stderr=subprocess.DEVNULL)
    subprocess.run(["samtools", "sort", "--reference", reference, "-O", "cram", "-o", cram, sam], check=True, capture_output=True)
    subprocess.run(["samtools", "index", cram], check=True)
    return cram


def write_vcf(path: Path, lengths: dict[str, int], rows: list[str], samples: tuple[str, ...] = (), extra: str = "") -> Path:
    """Write a text VCF. rows: spaces are replaced by tabs. extra: additional header lines."""
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"] + ["FORMAT", *samples] * bool(samples)
    lines = ["##fileformat=VCFv4.2", *(f"##contig=<ID={name},length={length}>" for name, length in lengths.items())]
    lines += [line for line in extra.splitlines() if line]
    lines.append('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">')
    path.write_text("\n".join([*lines, "\t".join(columns), *(row.replace(" ", "\t") for row in rows)]) + "\n")
    return path


def query_records(path: Path, fields: str = "%CHROM %POS %REF %ALT") -> list[str]:
    """Calls of a file, one line per call, in a format of bcftools query."""
    result = subprocess.run(["bcftools", "query", "-f", fields + "\n", path], check=True, capture_output=True, text=True)
    return result.stdout.splitlines()
