"""Gather a caller's pieces and bring its calls into one normal form.

Normal form: one alternative allele a record, haplotypes of several changes taken apart,
left-aligned and trimmed, sorted, no record twice; so that two callers' words for one
change are the same record. Allele counts are counted afresh.
"""

from collections.abc import Sequence
from pathlib import Path

from readsight.errors import InputError, ToolError
from readsight.genome.intervals import contigs
from readsight.pipes import Command, listed, pipe, reading
from readsight.step import step
from readsight.variants.vcf_files import cleaned, header

DEPTH = '##INFO=<ID=DP,Number=1,Type=Integer,Description="Total read depth">'

# what a caller says of the allele as it first wrote it is wrong once that is taken apart
STALE = {"freebayes": "INFO/TYPE,INFO/CIGAR,INFO/LEN,INFO/NUMALT"}

SEQUENCE_ONLY = 'ALT~"[^ACGTNacgtn]"'


def normal_form(reference: Path, scratch: Path, mb: int, genotyped: bool, own: bool) -> list[Command]:
    """Commands from raw calls to sorted normal form, uncompressed.

    Haplotypes are taken apart before alleles are: the other way, an allele that two
    haplotypes share would become two records, each with half of the genotypes. Where a copy
    holds another change at the same place, it counts as reference (the `*` that says so goes).
    mb: memory for sorting. genotyped: there are samples. own: the user's calls, of which
    those that nobody carries are kept.
    """
    carried = ["-c", "1"] if genotyped and not own else []
    return [
        ["bcftools", "norm", "--no-version", "-a", "-Ou", "-"],
        ["bcftools", "norm", "--no-version", "-m", "-any", "-f", reference, "-c", "e", "-Ou", "-"],
        ["bcftools", "view", "--no-version", "-e", SEQUENCE_ONLY, *carried, "-Ou", "-"],
        ["bcftools", "sort", "-m", f"{mb}M", "-T", scratch / "sort", "-Ou", "-"],
        ["bcftools", "norm", "--no-version", "-d", "exact", "-Ou", "-"],
    ]


def counted(fields: Sequence[str]) -> list[Command]:
    """Fill AC, AN, AF and NS from the genotypes, and INFO/DP from the samples' where only they have it.

    fields: header lines of the calls.
    """
    has = {key: any(line.startswith(f"##{key},") for line in fields) for key in ("INFO=<ID=DP", "FORMAT=<ID=DP", "FORMAT=<ID=GT")}
    if not has["FORMAT=<ID=GT"] or len(fields[-1].split("\t")) < 10:
        return []
    wanted = "AC,AN,AF,NS"
    if has["FORMAT=<ID=DP"] and not has["INFO=<ID=DP"]:
        wanted += ",DP:1=int(sum(FORMAT/DP))"
    return [["bcftools", "+fill-tags", "--no-version", "-Ou", "-", "--", "-t", wanted]]


def main(pieces: list[Path], reference: Path, out: Path, scratch: Path, caller: str, samples: list[str], mb: int) -> None:
    """Write a caller's calls in normal form, as BCF, its samples in the given order.

    Raises InputError where the user's own calls disagree with the reference.
    """
    lengths = contigs(Path(f"{reference}.fai"))
    files = listed(pieces, scratch / "pieces.txt")
    fields = header(pieces[0])
    names = fields[-1].split("\t")[9:]
    gather: list[Command] = [["bcftools", "concat", "--no-version", "-f", files, "-Ou"]]
    if samples and sorted(samples) == sorted(names) and samples != names:
        order = listed(samples, scratch / "samples.txt")
        gather.append(["bcftools", "view", "--no-version", "-S", order, "-Ou", "-"])
    if caller in STALE:
        gather.append(["bcftools", "annotate", "--no-version", "-x", STALE[caller], "-Ou", "-"])
    gather.append(["bcftools", "view", "--no-version", "-Ov", "-"])
    last = ["bcftools", "view", "--no-version", "-Ob", "-o", out, "-"]
    try:
        with reading(gather) as records:
            steps = normal_form(reference, scratch, mb, bool(names), caller == "given")
            pipe([*steps, *counted(fields), last], feed=cleaned(records, lengths, [DEPTH]))
    except ToolError as error:
        if caller == "given" and "mismatch" in str(error):
            raise InputError(f"variants.vcf: its REF alleles are not those of the reference: another build? {error}") from None
        raise


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.pieces,
            job.input.reference,
            job.output.bcf,
            job.scratch,
            job.wildcards.caller,
            job.params.samples,
            max(100, job.mem_mb // 3),
        )
