"""Normalise a VCF of known variants like the calls, and keep only the tags used for annotation."""

import logging
from pathlib import Path

from readsight.errors import InputError
from readsight.genome.intervals import read_contig_lengths
from readsight.pipes import Command, capture_output
from readsight.step import step
from readsight.variants.vcf_files import find_defined_tags, import_vcf, index_bcf, read_user_header

log = logging.getLogger("readsight")

# required and optional INFO tags of each kind of resource
REQUIRED = {"known": (), "population": ("AF",), "clinvar": ("CLNSIG",)}
OPTIONAL = {"known": (), "population": (), "clinvar": ("CLNDN", "CLNREVSTAT")}


def choose_tags(kind: str, present: set[str], path: Path) -> list[str]:
    """INFO tags to keep from a resource. Raises InputError if a required one is missing."""
    missing = [tag for tag in REQUIRED[kind] if tag not in present]
    if missing:
        raise InputError(f"reference.{kind}: {path} has no INFO/{missing[0]}, which is needed for annotation")
    return [tag for tag in (*REQUIRED[kind], *OPTIONAL[kind]) if tag in present]


def build_commands(reference: Path, out: Path, scratch: Path, kept_tags: list[str], memory_mb: int) -> list[Command]:
    """Pipe to sorted, left-aligned sites with one alternative allele per record; records with a wrong REF are dropped."""
    drop = ",".join(["FILTER", "QUAL", "^" + ",".join(f"INFO/{tag}" for tag in kept_tags) if kept_tags else "INFO"])
    return [
        ["bcftools", "view", "--no-version", "-G", "-Ou", "-"],
        ["bcftools", "annotate", "--no-version", "-x", drop, "-Ou", "-"],
        ["bcftools", "norm", "--no-version", "-m", "-any", "-f", reference, "-c", "x", "-Ou", "-"],
        ["bcftools", "sort", "-m", f"{memory_mb}M", "-T", scratch / "sort", "-Ob", "-o", out, "-"],
    ]


def main(vcf: Path, reference: Path, out: Path, scratch: Path, kind: str, memory_mb: int) -> None:
    """Write the resource as BCF, with its index."""
    config_key = f"reference.{'known_sites' if kind == 'known' else kind}"
    kept_tags = choose_tags(kind, find_defined_tags(read_user_header(vcf, config_key), "INFO"), vcf)
    import_vcf(
        vcf,
        read_contig_lengths(Path(f"{reference}.fai")),
        build_commands(reference, out, scratch, kept_tags, memory_mb),
        scratch,
        config_key,
    )
    index_bcf(out)
    if capture_output(["bcftools", "index", "-n", out]).strip() == "0":
        log.warning("%s: no record of %s agrees with the contigs and bases of the reference", config_key, vcf)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        kind = job.wildcards.resource.rstrip("0123456789")
        main(job.input.vcf, job.input.reference, job.output.bcf, job.scratch, kind, max(100, job.mem_mb // 3))
