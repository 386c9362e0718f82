"""Assemble the counts of all samples into one AnnData with TPM; each sample is scaled independently."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight.errors import InputError
from readsight.expression.count_checks import check_counts
from readsight.expression.tpm import effective_lengths, log_tpm, transcripts_per_million
from readsight.formats.gene_ids import find_duplicates, strip_version
from readsight.step import step
from readsight.text import find_closest

log = logging.getLogger("readsight")

# Pairs further apart than this span an intron and are not informative about fragment length.
MAX_INSERT_SIZE = 1000
MIN_TPM = 1.0


def read_counts(path: Path) -> pd.Series:
    """Read the counts of one sample by gene. Raises InputError for invalid counts."""
    table = pd.read_csv(path, sep="\t", dtype={"gene_id": str})
    if list(table.columns) != ["gene_id", "count"]:
        raise InputError(f"{path}: has the columns {', '.join(table.columns)}; gene_id and count are required")
    values = pd.to_numeric(table["count"], errors="coerce")
    check_counts(values.to_numpy(), table["gene_id"], str(path))
    return pd.Series(values.to_numpy().astype(np.int64), index=table["gene_id"])


def align_to_annotation(
    tables: Mapping[str, pd.Series], genes: pd.Index, what: str, absent: np.ndarray | None = None
) -> np.ndarray:
    """Align tables to the annotation; returns (samples, genes). Ids are matched without versions.

    absent: (genes,), values for genes missing from a table. Raises InputError if a sample has genes
    outside the annotation, or lacks some while `absent` is None.
    """
    gene_ids = pd.Index([strip_version(gene) for gene in genes])
    rows, faults = [], []
    for sample, table in tables.items():
        sample_values = table.set_axis([strip_version(gene) for gene in table.index])
        missing, foreign = gene_ids.difference(sample_values.index), sample_values.index.difference(gene_ids)
        if len(foreign):
            faults.append(
                f"{sample}: {what} name {len(foreign)} genes absent from reference.gtf, e.g. {foreign[0]}; use one annotation"
            )
        elif len(missing) and absent is None:
            faults.append(f"{sample}: {what} lack {len(missing)} genes of reference.gtf, e.g. {missing[0]}; use one annotation")
        else:
            values = sample_values.reindex(gene_ids).to_numpy()
            rows.append(values if absent is None else np.where(gene_ids.isin(sample_values.index), values, absent))
    if faults:
        raise InputError(faults)
    return np.stack(rows)


def read_genes(path: Path) -> pd.DataFrame:
    """Read the genes of the annotation by id. Raises InputError for duplicate genes, including two versions of one gene."""
    genes = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False).astype({"start": int, "end": int, "length": int})
    if duplicates := find_duplicates(genes["gene_id"]):
        examples = ", ".join(duplicates[:5])
        raise InputError(
            f"reference.gtf: {len(duplicates)} genes occur more than once (versions are ignored), {examples}; give each gene one gene_id"
        )
    return genes.set_index("gene_id")


def describe_samples(samples: list[str], metadata: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    """Sheet columns of the samples, as text. Raises InputError for a sample missing from the sheet."""
    faults = []
    for sample in samples:
        if sample not in metadata:
            near = find_closest(sample, metadata)
            faults.append(f"sample {sample!r} of the counts is not in the sample sheet" + (f"; is it {near!r}?" if near else ""))
    if faults:
        raise InputError(faults)
    columns = list(dict.fromkeys(name for sample in samples for name in metadata[sample]))
    rows = [[str(metadata[sample].get(name, "")) for name in columns] for sample in samples]
    return pd.DataFrame(rows, index=pd.Index(samples, name="sample"), columns=columns, dtype=object)


def fragment_length(stats: str) -> float:
    """Fragment length of a sample from `samtools stats`: median insert size of pairs, else mean read length.

    Pairs that span a long intron are ignored. Raises InputError if no length is reported.
    """
    rows = [line.split("\t") for line in stats.splitlines()]
    pairs = sorted((int(row[1]), int(row[2])) for row in rows if row[0] == "IS" and int(row[1]) <= MAX_INSERT_SIZE)
    sizes = np.array(pairs, dtype=float).reshape(-1, 2)
    if sizes[:, 1].sum() > 0:
        cumulative = np.cumsum(sizes[:, 1])
        return float(sizes[np.searchsorted(cumulative, cumulative[-1] / 2), 0])
    for row in rows:
        if row[:2] == ["SN", "average length:"]:
            return float(row[2])
    raise InputError("samtools stats reports no read length")


def build_anndata(counts: np.ndarray, genes: pd.DataFrame, lengths: np.ndarray, obs: pd.DataFrame) -> anndata.AnnData:
    """Build the cohort's AnnData: samples × genes, X is log_tpm.

    counts: (samples, genes), integers. lengths: effective lengths, (samples, genes), bases.
    Raises InputError for a sample in which no gene is expressed.
    """
    empty_samples = [sample for sample, total in zip(obs.index, counts.sum(axis=1), strict=True) if total == 0]
    if empty_samples:
        raise InputError(
            f"sample {sample}: no gene is expressed: all counts are 0; "
            "check that the annotation matches the genome and the strandedness the library"
            for sample in empty_samples
        )
    tpm = transcripts_per_million(counts, lengths)
    obs = obs.assign(counted=counts.sum(axis=1), genes_expressed=(tpm >= MIN_TPM).sum(axis=1))
    logged = log_tpm(tpm).astype(np.float32)
    layers = {"counts": counts, "tpm": tpm.astype(np.float32), "log_tpm": logged, "effective_length": lengths.astype(np.float32)}
    return anndata.AnnData(logged, obs=obs, var=genes, layers=layers, uns={"X": "log_tpm"})


def summary_records(data: anndata.AnnData) -> list[dict[str, Any]]:
    """Summary records of the cohort."""
    expressed = (data.layers["tpm"] >= MIN_TPM).any(axis=0)
    figures = [
        ("samples", data.n_obs, data.n_obs, "samples", "RNA samples"),
        ("genes", data.n_vars, data.n_vars, "genes", "Genes of the annotation with exons"),
        ("genes_expressed", int(expressed.sum()), data.n_vars, "genes", "Genes with at least 1 TPM in at least one sample"),
    ]
    return [
        {
            "key": f"expression.cohort.{key}",
            "value": value,
            "low": None,
            "high": None,
            "n": n,
            "unit": unit,
            "description": description,
        }
        for key, value, n, unit, description in figures
    ]


def _select_column(tables: Mapping[str, pd.DataFrame], name: str) -> dict[str, pd.Series]:
    return {sample: table[name] for sample, table in tables.items()}


def main(
    samples: list[str],
    metadata: Mapping[str, Mapping[str, str]],
    counts: list[Path],
    salmon: list[Path],
    stats: list[Path],
    genes: Path,
    out: Path,
    summary: Path,
) -> None:
    """Read, check, scale and write. counts, salmon, stats: one file per sample, in sample order; counts or salmon may be empty.

    With Salmon, its effective lengths are used, which weight a gene's transcripts by their abundance in the
    sample (Soneson, Love & Robinson 2015); otherwise the union of the gene's exons minus the fragment length.
    """
    obs = describe_samples(samples, metadata)
    var = read_genes(genes)
    # Salmon drops transcripts shorter than its k-mers and all but one of identical transcripts
    zeros = np.zeros(len(var))
    tables = {
        s: pd.read_csv(p, sep="\t", dtype={"gene_id": str}).set_index("gene_id") for s, p in zip(samples, salmon, strict=False)
    }
    if counts:
        values = align_to_annotation({s: read_counts(p) for s, p in zip(samples, counts, strict=True)}, var.index, "counts")
        obs["fragment_length"] = [fragment_length(path.read_text()) for path in stats]
    else:
        values = np.rint(align_to_annotation(_select_column(tables, "count"), var.index, "Salmon's counts", zeros)).astype(
            np.int64
        )
    if tables:
        lengths = align_to_annotation(
            _select_column(tables, "effective_length"), var.index, "Salmon's lengths", var["length"].to_numpy(float)
        )
        lengths = np.maximum(lengths, 1.0)
    else:
        lengths = np.stack([effective_lengths(var["length"].to_numpy(), fragment) for fragment in obs["fragment_length"]])
    data = build_anndata(values, var, lengths, obs)
    if tables:
        data.layers["salmon_tpm"] = align_to_annotation(_select_column(tables, "tpm"), var.index, "Salmon's TPM", zeros).astype(
            np.float32
        )
    data.uns["counted_by"] = "featureCounts" if counts else "Salmon, rounded"
    data.uns["lengths_of"] = "Salmon: transcripts by abundance" if tables else "union of exons, less the fragment"
    data.write_h5ad(out, compression="gzip")
    summary.write_text(json.dumps(summary_records(data), indent=1) + "\n")
    log.info("%d samples × %d genes, counted by %s", data.n_obs, data.n_vars, data.uns["counted_by"])


if __name__ == "__main__":
    with step(snakemake) as job:
        main(
            list(job.params.samples),
            job.params.metadata,
            job.input.get("counts", []),
            job.input.get("salmon", []),
            job.input.get("stats", []),
            job.input.genes,
            job.output.data,
            job.output.summary,
        )
