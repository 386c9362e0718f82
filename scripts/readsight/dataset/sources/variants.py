"""Examples that are candidate calls of a VCF, each labelled true or false."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pysam

from readsight.errors import InputError

CLASSES = ["false call", "true call"]

# Fields written by the comparison with the truth, by further callers or by databases: they leak the label or do not come from the caller.
FOREIGN = {"TRUTH", "CALLERS", "NCALLERS", "END", "SVLEN", "CIEND", "CIPOS"}
FOREIGN_PREFIXES = ("TRUTH", "BD", "BK", "STRAT", "POP", "KNOWN", "CLN", "GNOMAD", "CSQ", "BCSQ", "MATCH", "TRUVARI")


def read(labels: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read candidate calls, one per site and alternative allele.

    Parameters
    ----------
    labels : VCF with INFO/TRUTH (TP or FP), any number of samples.

    Returns
    -------
    obs (n rows, indexed `chrom:position:ref>alt`, position 1-based as in VCF; columns label, chrom, start and end 0-based
    half-open, ref, alt, kind) and annotations (n rows, numeric, NaN if absent; header descriptions in
    `attrs["descriptions"]`).

    Raises
    ------
    InputError if there is no call, or a single class.
    """
    rows, numbers = {}, {}
    with pysam.VariantFile(str(labels)) as vcf:
        if "TRUTH" not in vcf.header.info:
            raise InputError(f"{labels}: no INFO/TRUTH: these calls were not compared with a truth set")
        fields = caller_fields(vcf.header)
        descriptions = {name: vcf.header.info[name].description for name in fields}
        for record in vcf:
            truth = record.info.get("TRUTH")
            truth = truth[0] if isinstance(truth, tuple) else truth
            if truth not in ("TP", "FP"):
                continue
            for allele_index, alt in enumerate(record.alts or ()):
                if not set(alt.upper()) <= set("ACGTN"):
                    continue
                key = f"{record.chrom}:{record.pos}:{record.ref}>{alt}"
                if key in rows and rows[key]["label"] != (truth == "TP"):
                    raise InputError(f"{labels}: {key} occurs twice, once true and once false")
                rows[key] = _site_row(record, alt, truth)
                numbers[key] = _annotation_row(record, allele_index, fields)
    obs = pd.DataFrame.from_dict(rows, orient="index")
    check_classes(obs, str(labels))
    annotations = pd.DataFrame.from_dict(numbers, orient="index").astype(float)
    annotations.attrs["descriptions"] = descriptions
    obs.index.name = annotations.index.name = "example"
    return obs, annotations


def check_classes(obs: pd.DataFrame, source: str) -> None:
    """Raise InputError if there are no examples, or only one class."""
    if not len(obs):
        raise InputError(f"{source}: there are no calls: nothing to learn")
    if obs["label"].nunique() == 1:
        label = "true" if obs["label"].iloc[0] else "false"
        raise InputError(f"{source}: all {len(obs)} calls are {label} (one class): nothing to learn")


def caller_fields(header: pysam.VariantHeader) -> dict[str, str | int]:
    """Numeric INFO fields of the caller with one value per allele or site: name → VCF Number."""
    fields = {}
    for name, meta in header.info.items():
        is_caller_field = name not in FOREIGN and not name.upper().startswith(FOREIGN_PREFIXES)
        if is_caller_field and meta.type in ("Integer", "Float") and meta.number in (1, "A", "R"):
            fields[name] = meta.number
    return fields


def _site_row(record: pysam.VariantRecord, alt: str, truth: str) -> dict[str, Any]:
    change = len(alt) - len(record.ref)
    kind = "insertion" if change > 0 else "deletion" if change < 0 else "snv" if len(alt) == 1 else "mnv"
    return {
        "label": int(truth == "TP"),
        "chrom": record.chrom,
        "start": record.start,
        "end": record.stop,
        "ref": record.ref,
        "alt": alt,
        "kind": kind,
    }


def _annotation_row(record: pysam.VariantRecord, allele_index: int, fields: dict[str, str | int]) -> dict[str, float]:
    """Annotations of one allele: QUAL, INFO, and summaries over the samples."""
    row = {"QUAL": _parse_number(record.qual)}
    for name, number in fields.items():
        value = record.info.get(name)
        if isinstance(value, tuple):
            value_index = allele_index + (number == "R")
            value = value[value_index] if value_index < len(value) else None
        row[name] = _parse_number(value)
    row["strand_bias"] = strand_bias(record, allele_index)
    return row | summarise_carriers(record, allele_index + 1)


def strand_bias(record: pysam.VariantRecord, allele_index: int) -> float:
    """Strand bias of the alternative allele: |log odds ratio|, with one added to each count."""
    info = record.info
    if "DP4" in info:
        counts = info["DP4"]
    elif "SAF" in info and "SRF" in info:
        counts = (info["SRF"], info["SRR"], info["SAF"][allele_index], info["SAR"][allele_index])
    else:
        return np.nan
    a, b, c, d = (float(n) + 1 for n in counts)
    return abs(np.log(a * d / (b * c)))


def summarise_carriers(record: pysam.VariantRecord, allele: int) -> dict[str, float]:
    """Depth, allele balance and genotype quality over the carriers of an allele (number `allele` of the record)."""
    called, carriers, reads, allele_reads, quality = 0, 0, [], [], []
    for sample in record.samples.values():
        genotype = sample.get("GT") or (None,)
        called += None not in genotype
        if allele not in genotype:
            continue
        carriers += 1
        depths = [n for n in sample.get("AD") or () if n is not None]
        if len(depths) > allele:
            reads.append(sum(depths))
            allele_reads.append(depths[allele])
        quality.append(genotype_quality(sample))
    total = sum(reads)
    known = [q for q in quality if q is not None]
    return {
        "carriers": carriers,
        "called_samples": called,
        "carrier_depth": total / len(reads) if reads else np.nan,
        "allele_balance": sum(allele_reads) / total if total else np.nan,
        "lowest_genotype_quality": min(known, default=np.nan),
    }


def genotype_quality(sample: Any) -> float | None:
    """GQ of a sample, or from PL: second smallest minus smallest (Phred)."""
    if sample.get("GQ") is not None:
        return float(sample["GQ"])
    likelihoods = sorted(_drop_missing(sample.get("PL") or ()))
    return float(likelihoods[1] - likelihoods[0]) if len(likelihoods) > 1 else None


def _drop_missing(values: Iterable[Any]) -> list[Any]:
    return [v for v in values if v is not None]


def _parse_number(value: Any) -> float:
    return np.nan if value is None or not np.isfinite(value) else float(value)
