"""Bring a VCF of known variants into the normal form of the calls, with only what is taken from it."""

import logging
from pathlib import Path

from readsight.errors import InputError
from readsight.genome.intervals import contigs
from readsight.pipes import Command, capture
from readsight.step import step
from readsight.variants.vcf_files import adopt, index, own_header, tags

log = logging.getLogger("readsight")

# what each kind of resource must and may bring
NEEDED = {"known": (), "population": ("AF",), "clinvar": ("CLNSIG",)}
WELCOME = {"known": (), "population": (), "clinvar": ("CLNDN", "CLNREVSTAT")}


def kept(kind: str, present: set[str], path: Path) -> list[str]:
    """INFO tags that are taken from a resource. Raises InputError where one that is needed is missing."""
    missing = [tag for tag in NEEDED[kind] if tag not in present]
    if missing:
        raise InputError(f"reference.{kind}: {path} has no INFO/{missing[0]}, which is what is taken from it")
    return [tag for tag in (*NEEDED[kind], *WELCOME[kind]) if tag in present]


def commands(reference: Path, out: Path, scratch: Path, keep: list[str], mb: int) -> list[Command]:
    """Sites alone, one alternative allele a record, left-aligned, sorted; records of another reference base left out."""
    drop = ",".join(["FILTER", "QUAL", "^" + ",".join(f"INFO/{tag}" for tag in keep) if keep else "INFO"])
    return [
        ["bcftools", "view", "--no-version", "-G", "-Ou", "-"],
        ["bcftools", "annotate", "--no-version", "-x", drop, "-Ou", "-"],
        ["bcftools", "norm", "--no-version", "-m", "-any", "-f", reference, "-c", "x", "-Ou", "-"],
        ["bcftools", "sort", "-m", f"{mb}M", "-T", scratch / "sort", "-Ob", "-o", out, "-"],
    ]


def main(vcf: Path, reference: Path, out: Path, scratch: Path, kind: str, mb: int) -> None:
    """Write the resource as BCF, with its index."""
    what = f"reference.{'known_sites' if kind == 'known' else kind}"
    keep = kept(kind, tags(own_header(vcf, what), "INFO"), vcf)
    adopt(vcf, contigs(Path(f"{reference}.fai")), commands(reference, out, scratch, keep, mb), scratch, what)
    index(out)
    if capture(["bcftools", "index", "-n", out]).strip() == "0":
        log.warning("%s: no record of %s lies on the reference with its bases", what, vcf)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        kind = job.wildcards.resource.rstrip("0123456789")
        main(job.input.vcf, job.input.reference, job.output.bcf, job.scratch, kind, max(100, job.mem_mb // 3))
