"""VCF output of the cohort's truth, and haplotypes from phased VCF."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pysam

from readsight.genome.codes import encode
from readsight.simulate.haplotype import Haplotype, HaplotypeEdit
from readsight.simulate.structural import StructuralVariant
from readsight.simulate.variants import Variant

TRUTH_HEADER = (
    '##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency in the population">',
    '##INFO=<ID=EFFECT,Number=1,Type=String,Description="Planted effect of the variant">',
    '##INFO=<ID=SITE,Number=1,Type=String,Description="Affected binding site, element or gene">',
    '##INFO=<ID=DELTA,Number=1,Type=Float,Description="Change of the binding site\'s log-odds, in bits">',
    '##INFO=<ID=BETA,Number=1,Type=Float,Description="Effect of an alternative allele on liability, if causal">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype, phased">',
)
STRUCTURAL_HEADER = (
    *TRUTH_HEADER[:3],
    '##INFO=<ID=SVTYPE,Number=1,Type=String,Description="Type of structural variant">',
    '##INFO=<ID=END,Number=1,Type=Integer,Description="Last base of the variant">',
    '##INFO=<ID=SVLEN,Number=1,Type=Integer,Description="Difference in length; size of an inversion">',
    *(f'##ALT=<ID={k},Description="{d}">' for k, d in (("DEL", "Deletion"), ("DUP", "Tandem duplication"), ("INV", "Inversion"))),
    TRUTH_HEADER[-1],
)
CLINVAR_HEADER = ('##INFO=<ID=CLNSIG,Number=.,Type=String,Description="Clinical significance, as planted">',)


def format_genotype(alleles: np.ndarray) -> str:
    return f"{alleles[0]}|{alleles[1]}"


def truth_line(variant: Variant) -> str:
    """VCF record of a small variant with genotypes."""
    info = [f"AF={variant.frequency:.4g}", f"EFFECT={variant.effect}"]
    info += [f"SITE={variant.site}"] if variant.site else []
    info += [f"DELTA={variant.delta}"] if variant.delta is not None else []
    info += [f"BETA={variant.beta}"] if variant.beta else []
    return format_record(variant, ".", ";".join(info), variant.genotypes)


def format_record(variant: Variant, name: str, info: str, genotypes: Iterable[np.ndarray] = ()) -> str:
    fields = [variant.chromosome, variant.start + 1, name, variant.ref, variant.alt, ".", "PASS", info]
    genotype_fields = [format_genotype(g) for g in genotypes]
    return "\t".join(map(str, [*fields, *(["GT"] * bool(genotype_fields)), *genotype_fields]))


def structural_line(variant: StructuralVariant, codes: dict[str, np.ndarray], number: int) -> str:
    """VCF record of a structural variant; POS is the preceding base."""
    anchor = "ACGTN"[codes[variant.chromosome][variant.start - 1]]
    alt = anchor + variant.sequence if variant.kind == "INS" else f"<{variant.kind}>"
    info = f"SVTYPE={variant.kind};END={variant.end};SVLEN={variant.length};AF={variant.frequency};EFFECT={variant.effect}"
    info += f";SITE={variant.site}" if variant.site else ""
    fields = [variant.chromosome, variant.start, f"{variant.kind}{number}", anchor, alt, ".", "PASS", info, "GT"]
    return "\t".join(map(str, [*fields, *(format_genotype(g) for g in variant.genotypes)]))


def write_vcf(
    path: Path, contigs: dict[str, int], header: Iterable[str], lines: Iterable[str], samples: Iterable[str] = ()
) -> None:
    """Write a bgzipped VCF and its tabix index; lines must be sorted."""
    samples = list(samples)
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", *(["FORMAT"] * bool(samples)), *samples]
    text = [
        "##fileformat=VCFv4.2",
        '##FILTER=<ID=PASS,Description="All filters passed">',
        *(f"##contig=<ID={name},length={size}>" for name, size in contigs.items()),
        *header,
        "\t".join(columns),
        *lines,
    ]
    with pysam.BGZFile(str(path), "wb") as handle:
        handle.write(("\n".join(text) + "\n").encode())
    pysam.tabix_index(str(path), preset="vcf", force=True)


def read_edits(truth: Path, structural: Path, sample: str) -> dict[tuple[str, int], list[HaplotypeEdit]]:
    """Edits of a sample for each (chromosome, haplotype 0 or 1), from the phased truth."""
    edits: dict[tuple[str, int], list[HaplotypeEdit]] = defaultdict(list)
    for path in (truth, structural):
        with pysam.VariantFile(str(path)) as handle:
            for row in handle:
                for haplotype, allele in enumerate(row.samples[sample]["GT"]):
                    if allele:
                        edits[row.chrom, haplotype].append(_record_edit(row))
    return edits


def _record_edit(row: pysam.VariantRecord) -> HaplotypeEdit:
    kind = row.info["SVTYPE"] if "SVTYPE" in row.header.info else None
    if kind is None or kind == "INS":
        return HaplotypeEdit(row.start, row.start + len(row.ref), "replace", encode(row.alts[0]))
    return StructuralVariant(kind, row.chrom, row.pos, row.stop).to_edit(encode)


def read_haplotypes(codes: dict[str, np.ndarray], truth: Path, structural: Path, sample: str) -> dict[tuple[str, int], Haplotype]:
    """Read both haplotypes of every chromosome of a sample."""
    edits = read_edits(truth, structural, sample)
    return {(name, h): Haplotype(sequence, edits[name, h]) for name, sequence in codes.items() for h in (0, 1)}
