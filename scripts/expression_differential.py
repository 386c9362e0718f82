"""Differential expression between two groups of samples (PyDESeq2)."""

import json
import logging
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
from pydeseq2.dds import DeseqDataSet
from pydeseq2.ds import DeseqStats

from readsight.checks import contrast
from readsight.errors import InputError
from readsight.expression.count_checks import check_counts
from readsight.step import step

log = logging.getLogger("readsight")

FDR = 0.05
# With fewer genes, starting processes costs more than it saves.
MIN_GENES_PARALLEL = 2000
COLUMNS = ("base_mean", "log2_fold_change", "low", "high", "standard_error", "shrunken", "statistic", "p_value", "padj")
SYMBOL_COLUMNS = ("gene_name", "symbol")


def select_samples(data: anndata.AnnData, settings: dict[str, Any]) -> anndata.AnnData:
    """Select the samples of the two groups. Raises InputError if they cannot be compared."""
    texts = data.obs.select_dtypes(exclude="number").astype(str)
    samples = {str(sample): {k: v for k, v in row.items() if v} for sample, row in texts.to_dict("index").items()}
    levels, table = (settings["reference"], settings["tested"]), settings.get("table")
    subject = f"the samples of table {table} have" if table else "the sample sheet has"
    faults = contrast.check_contrast(settings["column"], *levels, settings.get("block"), samples, subject)
    if faults:
        raise InputError(f"expression.contrast.{fault}" for fault in faults)
    return data[contrast.select_samples(settings["column"], levels, samples)].copy()


def integer_counts(data: anndata.AnnData, table: str | None) -> np.ndarray:
    """Counts as integers, (samples, genes); estimated counts (RSEM, Salmon) are rounded.

    Raises InputError if counts are missing or invalid.
    """
    kind = data.uns.get("kind", "counts")
    if "counts" not in data.layers:
        raise InputError(
            f"expression.contrast.table: table {table} holds no counts (kind: {kind}), which differential expression "
            "(PyDESeq2) requires; use a table of raw counts, or remove expression.contrast"
        )
    counts = np.asarray(data.layers["counts"])
    if kind == "expected":
        log.info("expected counts are rounded to integers")
        counts = np.rint(counts)
    for sample, row in zip(data.obs_names, counts, strict=True):
        check_counts(row, data.var_names, f"sample {sample}")
    return counts.astype(np.int64)


def run_deseq2(counts: pd.DataFrame, groups: pd.DataFrame, reference: str, tested: str, threads: int = 1) -> pd.DataFrame:
    """Wald tests of a negative binomial model (Love, Huber & Anders 2014).

    Parameters
    ----------
    counts : samples × genes, integers.
    groups : samples × `group` and optionally `block` (a covariate to adjust for), text.

    Returns
    -------
    COLUMNS, one row per gene in the order of the counts. Fold changes are tested over reference, with 95 % interval;
    `shrunken` is shrunk towards 0 by its uncertainty (apeglm; Zhu, Ibrahim & Love 2019) and serves for ranking. NaN for
    genes without reads, p_value also for outliers, padj also for genes removed by independent filtering.
    """
    expressed = counts.loc[:, counts.sum(axis=0) > 0]
    if not expressed.shape[1]:
        raise InputError("expression.contrast: no gene is expressed in the samples of the contrast")
    groups = groups.astype(str).assign(group=pd.Categorical(groups["group"], categories=[reference, tested]))
    cpus = threads if expressed.shape[1] > MIN_GENES_PARALLEL else 1
    design = "~" + " + ".join([name for name in ("block", "group") if name in groups])
    model = DeseqDataSet(counts=expressed, metadata=groups, design=design, quiet=True, n_cpus=cpus)
    model.deseq2()
    tests = DeseqStats(model, contrast=["group", tested, reference], alpha=FDR, quiet=True, n_cpus=cpus)
    tests.summary()
    results = tests.results_df.copy()
    (coefficient,) = [name for name in model.varm["LFC"].columns if name.startswith("group[")]
    tests.lfc_shrink(coeff=coefficient)
    shrunken = tests.results_df["log2FoldChange"]
    change, error = results["log2FoldChange"], results["lfcSE"]
    margin = 1.959964 * error
    values = [results["baseMean"], change, change - margin, change + margin, error, shrunken]
    values += [results["stat"], results["pvalue"], results["padj"]]
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)), index=results.index).reindex(counts.columns)


def summary_records(table: pd.DataFrame, settings: dict[str, Any], cohort: str = "cohort") -> list[dict[str, Any]]:
    """Summary records: number of differential genes at a false discovery rate of 0.05, by direction."""
    tested, significant = int(table["padj"].notna().sum()), table["padj"] < FDR
    comparison = f"in {settings['tested']} than in {settings['reference']}, false discovery rate 0.05"
    figures = [
        ("genes", int(significant.sum()), f"Genes expressed differently {comparison}"),
        ("genes_up", int((significant & (table["log2_fold_change"] > 0)).sum()), f"Genes expressed more {comparison}"),
        ("genes_down", int((significant & (table["log2_fold_change"] < 0)).sum()), f"Genes expressed less {comparison}"),
    ]
    return [
        {"key": f"expression.{cohort}.differential.{key}", "value": value, "low": None, "high": None}
        | {"n": tested, "unit": "genes", "description": description}
        for key, value, description in figures
    ]


def main(path: Path, settings: dict[str, Any], cohort: str, out: Path, summary: Path, threads: int) -> None:
    """Test genes for differential expression between two groups with DESeq2.

    settings: column, reference, tested, block, table (None for read counts). cohort: `cohort`, or `tables/<name>`.
    """
    data = select_samples(anndata.read_h5ad(path), settings)
    counts = integer_counts(data, settings.get("table"))
    names = {"group": settings["column"], "block": settings.get("block")}
    groups = pd.DataFrame({role: data.obs[name].astype(str) for role, name in names.items() if name})
    frame = pd.DataFrame(counts, index=data.obs_names, columns=data.var_names)
    table = run_deseq2(frame, groups, settings["reference"], settings["tested"], threads)
    symbols = next(
        (data.var[name].astype(str) for name in SYMBOL_COLUMNS if name in data.var), pd.Series("", index=data.var_names)
    )
    table.insert(0, "gene_name", symbols.where(~symbols.isin(["", "nan"]), data.var_names))
    table.index.name = "gene_id"
    table.sort_values("p_value", kind="stable").to_csv(out, sep="\t", float_format="%.6g")
    summary.write_text(json.dumps(summary_records(table, settings, cohort.replace("/", ".")), indent=1) + "\n")
    log.info("%d of %d genes at FDR %g", int((table["padj"] < FDR).sum()), int(table["padj"].notna().sum()), FDR)


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job.input.data, dict(job.params.contrast), job.wildcards.cohort, job.output.table, job.output.summary, job.threads)
