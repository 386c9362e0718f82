"""Find genes whose expression differs between two groups of samples (PyDESeq2)."""

import json
import logging
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
from pydeseq2.dds import DeseqDataSet
from pydeseq2.ds import DeseqStats

from readsight import contrast
from readsight.counts import check
from readsight.errors import InputError
from readsight.step import step

log = logging.getLogger("readsight")

FDR = 0.05
# Below so many genes, starting other processes costs more than they save.
WORTH_SHARING = 2000
COLUMNS = ("base_mean", "log2_fold_change", "low", "high", "standard_error", "statistic", "p_value", "padj")


def chosen(data: anndata.AnnData, asked: dict[str, Any]) -> anndata.AnnData:
    """The samples of the two groups. Raises InputError where they cannot be compared."""
    texts = data.obs.select_dtypes(exclude="number").astype(str)
    samples = {str(sample): {k: v for k, v in row.items() if v} for sample, row in texts.to_dict("index").items()}
    levels = asked["reference"], asked["tested"]
    faults = contrast.faults(asked["column"], *levels, asked.get("block"), samples)
    if faults:
        raise InputError(f"expression.contrast.{fault}" for fault in faults)
    return data[contrast.members(asked["column"], levels, samples)].copy()


def differential(counts: pd.DataFrame, groups: pd.DataFrame, reference: str, tested: str, threads: int = 1) -> pd.DataFrame:
    """Wald tests of a negative binomial model (Love, Huber & Anders 2014), a row a gene, in the order of the counts.

    counts: samples × genes, whole. groups: samples × (`group`, and `block` if its effect is to be taken out), text.
    Returns COLUMNS; fold changes are tested over reference, low and high their 95 % interval; NaN for genes
    without reads, p_value also for outliers, padj also where independent filtering left the gene out.
    """
    seen = counts.loc[:, counts.sum(axis=0) > 0]
    if not seen.shape[1]:
        raise InputError("expression.contrast: no gene is expressed in the samples of the contrast")
    groups = groups.astype(str).assign(group=pd.Categorical(groups["group"], categories=[reference, tested]))
    cpus = threads if seen.shape[1] > WORTH_SHARING else 1
    design = "~" + " + ".join([name for name in ("block", "group") if name in groups])
    model = DeseqDataSet(counts=seen, metadata=groups, design=design, quiet=True, n_cpus=cpus)
    model.deseq2()
    tests = DeseqStats(model, contrast=["group", tested, reference], alpha=FDR, quiet=True, n_cpus=cpus)
    tests.summary()
    found = tests.results_df
    change, error = found["log2FoldChange"], found["lfcSE"]
    reach = 1.959964 * error
    values = [found["baseMean"], change, change - reach, change + reach, error, found["stat"], found["pvalue"], found["padj"]]
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)), index=found.index).reindex(counts.columns)


def records(table: pd.DataFrame, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """How many genes differ at a false discovery rate of 0.05, and which way."""
    tested, significant = int(table["padj"].notna().sum()), table["padj"] < FDR
    words = f"in {asked['tested']} than in {asked['reference']}, false discovery rate 0.05"
    figures = [
        ("genes", int(significant.sum()), f"Genes expressed otherwise {words}"),
        ("genes_up", int((significant & (table["log2_fold_change"] > 0)).sum()), f"Genes expressed more {words}"),
        ("genes_down", int((significant & (table["log2_fold_change"] < 0)).sum()), f"Genes expressed less {words}"),
    ]
    return [
        {"key": f"expression.cohort.differential.{key}", "value": value, "low": None, "high": None}
        | {"n": tested, "unit": "genes", "description": description}
        for key, value, description in figures
    ]


def main(path: Path, asked: dict[str, Any], out: Path, summary: Path, threads: int) -> None:
    """asked: column, reference, tested, block."""
    data = chosen(anndata.read_h5ad(path), asked)
    counts = np.asarray(data.layers["counts"])
    for sample, row in zip(data.obs_names, counts, strict=True):
        check(row, data.var_names, f"sample {sample}")
    names = {"group": asked["column"], "block": asked.get("block")}
    groups = pd.DataFrame({role: data.obs[name].astype(str) for role, name in names.items() if name})
    frame = pd.DataFrame(counts.astype(np.int64), index=data.obs_names, columns=data.var_names)
    table = differential(frame, groups, asked["reference"], asked["tested"], threads)
    table.insert(0, "gene_name", data.var["gene_name"])
    table.index.name = "gene_id"
    table.sort_values("p_value", kind="stable").to_csv(out, sep="\t", float_format="%.6g")
    summary.write_text(json.dumps(records(table, asked), indent=1) + "\n")
    log.info("%d of %d genes at FDR %g", int((table["padj"] < FDR).sum()), int(table["padj"].notna().sum()), FDR)


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job.input.data, dict(job.params.contrast), job.output.table, job.output.summary, job.threads)
