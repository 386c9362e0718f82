"""Concatenate the pieces of a caller and normalise its calls.

Normalised calls have one alternative allele per record, multi-change haplotypes are split, and records
are left-aligned, trimmed, sorted and unique, so that one change has the same record in
all callers. Allele counts are recomputed.
"""

from collections.abc import Sequence
from pathlib import Path

from readsight.errors import InputError, ToolError
from readsight.genome.intervals import read_contig_lengths
from readsight.pipes import Command, read_pipe, run_pipe, write_list
from readsight.step import step
from readsight.variants.vcf_files import load_header, make_clean_feed

DEPTH = '##INFO=<ID=DP,Number=1,Type=Integer,Description="Total read depth">'

# tags that describe the original allele are wrong after it is split
STALE = {"freebayes": "INFO/TYPE,INFO/CIGAR,INFO/LEN,INFO/NUMALT"}

SEQUENCE_ONLY = 'ALT~"[^ACGTNacgtn]"'


def build_normal_form(reference: Path, scratch: Path, memory_mb: int, genotyped: bool, keep_uncarried: bool) -> list[Command]:
    """Commands from raw calls to sorted, normalised, uncompressed calls.

    Parameters
    ----------
    memory_mb : for sorting.
    genotyped : whether there are samples.
    keep_uncarried : keep calls that no sample carries (calls of the user).

    Notes
    -----
    Haplotypes are split before alleles: in the reverse order, an allele that two haplotypes share would
    become two records, each with half of the genotypes. A copy with a different change at the same
    position counts as reference (its `*` allele is removed).
    """
    carried_only = ["-c", "1"] if genotyped and not keep_uncarried else []
    return [
        ["bcftools", "norm", "--no-version", "-a", "-Ou", "-"],
        ["bcftools", "norm", "--no-version", "-m", "-any", "-f", reference, "-c", "e", "-Ou", "-"],
        ["bcftools", "view", "--no-version", "-e", SEQUENCE_ONLY, *carried_only, "-Ou", "-"],
        ["bcftools", "sort", "-m", f"{memory_mb}M", "-T", scratch / "sort", "-Ou", "-"],
        ["bcftools", "norm", "--no-version", "-d", "exact", "-Ou", "-"],
    ]


def build_count_commands(fields: Sequence[str]) -> list[Command]:
    """Fill AC, AN, AF and NS from the genotypes, and INFO/DP from FORMAT/DP if only that exists.

    fields: header lines of the calls.
    """
    has_field = {
        key: any(line.startswith(f"##{key},") for line in fields) for key in ("INFO=<ID=DP", "FORMAT=<ID=DP", "FORMAT=<ID=GT")
    }
    if not has_field["FORMAT=<ID=GT"] or len(fields[-1].split("\t")) < 10:
        return []
    tags = "AC,AN,AF,NS"
    if has_field["FORMAT=<ID=DP"] and not has_field["INFO=<ID=DP"]:
        tags += ",DP:1=int(sum(FORMAT/DP))"
    return [["bcftools", "+fill-tags", "--no-version", "-Ou", "-", "--", "-t", tags]]


def main(pieces: list[Path], reference: Path, out: Path, scratch: Path, caller: str, samples: list[str], memory_mb: int) -> None:
    """Write the normalised calls of a caller as BCF, with samples in the given order.

    Raises InputError if calls of the user disagree with the reference.
    """
    lengths = read_contig_lengths(Path(f"{reference}.fai"))
    files = write_list(pieces, scratch / "pieces.txt")
    fields = load_header(pieces[0])
    names = fields[-1].split("\t")[9:]
    gather: list[Command] = [["bcftools", "concat", "--no-version", "-f", files, "-Ou"]]
    if samples and sorted(samples) == sorted(names) and samples != names:
        order = write_list(samples, scratch / "samples.txt")
        gather.append(["bcftools", "view", "--no-version", "-S", order, "-Ou", "-"])
    if caller in STALE:
        gather.append(["bcftools", "annotate", "--no-version", "-x", STALE[caller], "-Ou", "-"])
    gather.append(["bcftools", "view", "--no-version", "-Ov", "-"])
    last = ["bcftools", "view", "--no-version", "-Ob", "-o", out, "-"]
    try:
        with read_pipe(gather) as records:
            steps = build_normal_form(reference, scratch, memory_mb, bool(names), caller == "given")
            run_pipe([*steps, *build_count_commands(fields), last], feed=make_clean_feed(records, lengths, [DEPTH]))
    except ToolError as error:
        if caller == "given" and "mismatch" in str(error):
            raise InputError(
                f"variants.vcf: its REF alleles do not agree with the reference; is it from another build? {error}"
            ) from None
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
