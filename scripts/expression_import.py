"""Import a user-supplied table: validate it, join metadata, and scale each sample independently."""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight.config import sample_sheet
from readsight.errors import InputError
from readsight.expression import metadata
from readsight.expression.matrices import hdf5, label_leak, reading, sample_names, value_kind
from readsight.expression.matrices.matrix import Matrix
from readsight.expression.metadata import SampleDescriptions
from readsight.expression.tpm import log_tpm, transcripts_per_million
from readsight.formats.gene_ids import strip_version
from readsight.step import step

log = logging.getLogger("readsight")

ANNOTATION_COLUMNS = {
    "gene_name": "symbol",
    "biotype": "biotype",
    "contig": "contig",
    "start": "start",
    "end": "end",
    "strand": "strand",
}
SYMBOL_ENTREZ = re.compile(r"([^|]+)\|(\d+)")
MIN_READ_FRACTION = 0.95
BLOCK_ROWS = 50


def log_cpm(counts: np.ndarray) -> np.ndarray:
    """log2(1 + counts per million), float32; 0 stays 0 at any depth.

    counts: (samples, features). Unlike the prior count of edgeR (Robinson et al. 2010), which depends on the mean depth
    of all samples, the result of a sample does not depend on further samples.
    """
    result = np.empty(counts.shape, np.float32)
    for i in range(0, len(counts), BLOCK_ROWS):
        rows = counts[i : i + BLOCK_ROWS].astype(np.float64)
        result[i : i + BLOCK_ROWS] = np.log2(1 + rows / rows.sum(axis=1, keepdims=True) * 1e6)
    return result


def read_genes(path: Path) -> pd.DataFrame:
    """Read the genes of the annotation by id without version; the first of several versions is kept."""
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    table.index = [strip_version(gene) for gene in table["gene_id"]]
    return table[~table.index.duplicated()]


def match_annotation(features: Sequence[str], genes: pd.DataFrame) -> pd.DataFrame:
    """Match features to the annotation by id or by unique symbol; NaN where unmatched."""
    ids = pd.Index([strip_version(name) for name in features])
    if ids.isin(genes.index).sum() < len(ids) / 2:
        bare = [match[1] if (match := SYMBOL_ENTREZ.fullmatch(name)) else name for name in features]
        symbols = genes[~genes["gene_name"].duplicated(keep=False)].set_index("gene_name", drop=False)
        if pd.Index(bare).isin(symbols.index).sum() > ids.isin(genes.index).sum():
            return symbols.reindex(bare)
    return genes.reindex(ids)


def describe_genes(var: pd.DataFrame, annotation: pd.DataFrame | None) -> pd.DataFrame:
    """Gene columns of the features: from the file, from ids of the form SYMBOL|entrez, and from the annotation."""
    var = var.copy()
    matches = [SYMBOL_ENTREZ.fullmatch(name) for name in var.index]
    if sum(map(bool, matches)) > len(matches) / 2:
        var["symbol"] = [match[1] if match and match[1] != "?" else "" for match in matches]
        var["entrez"] = [match[2] if match else "" for match in matches]
    if annotation is not None and annotation["gene_id"].notna().any():
        for column, name in ANNOTATION_COLUMNS.items():
            values = annotation[column].to_numpy()
            if name in ("start", "end"):
                var[name] = pd.to_numeric(values, errors="coerce")
            else:
                var[name] = np.where(pd.isna(values), var[name] if name in var else "", values)
    for column in var.columns:
        if not pd.api.types.is_numeric_dtype(var[column]):
            var[column] = var[column].astype(object).where(var[column].notna(), "").astype(str)
    return var


def scale_values(matrix: Matrix, kind: str, lengths: np.ndarray | None) -> tuple[np.ndarray, dict[str, np.ndarray], str]:
    """Scale each sample independently; returns X, the layers, and a description of the scaling.

    lengths: (features,), bases, NaN where unknown; None without an annotation.
    """
    values = matrix.values
    if kind in ("counts", "expected"):
        counts = values.astype(np.int32) if kind == "counts" and values.max() < 2**31 else values
        tpm = matrix.tpm
        if tpm is None and lengths is not None and not np.isnan(lengths).any():
            tpm = transcripts_per_million(values, lengths).astype(np.float32)
        if tpm is None:
            return log_cpm(values), {"counts": counts}, "log2(1 + counts per million)"
        return log_tpm(tpm).astype(np.float32), {"counts": counts, "tpm": tpm}, "log2(1 + TPM)"
    values = values.astype(np.float32, copy=False)
    if kind == "tpm":
        return log_tpm(values).astype(np.float32), {"tpm": values}, "log2(1 + TPM)"
    return values, {}, "not transformed"


def find_gene_lengths(matrix: Matrix, kind: str, annotation: pd.DataFrame | None) -> tuple[np.ndarray | None, np.ndarray]:
    """Feature lengths and mask of kept features: those with a length if they hold nearly all reads; else (None, all)."""
    all_features = np.ones(len(matrix.features), bool)
    if kind not in ("counts", "expected") or annotation is None or matrix.tpm is not None:
        return None, all_features
    lengths = pd.to_numeric(annotation["length"], errors="coerce").to_numpy(float)
    known = lengths > 0
    read_fraction = float(matrix.values[:, known].sum(dtype=np.float64) / matrix.values.sum(dtype=np.float64))
    if read_fraction < MIN_READ_FRACTION:
        matrix.notes.append(f"the annotation covers only {read_fraction:.0%} of the reads; TPM is not computed")
        return None, all_features
    if not known.all():
        matrix.notes.append(
            f"{(~known).sum()} features without a length in the annotation are dropped ({1 - read_fraction:.2%} of the reads)"
        )
    return lengths[known], known


def build_anndata(
    matrix: Matrix, descriptions: SampleDescriptions, spec: Mapping[str, Any], genes: pd.DataFrame | None
) -> anndata.AnnData:
    """Build the table's AnnData. Raises InputError if values do not match their kind or a feature reveals the label."""
    where = f"tables.{spec['name']}"
    facts = value_kind.ValueStatistics(matrix.values)
    kind, reason = (spec["kind"], "set in the config") if spec["kind"] != "auto" else (matrix.kind, "defined by the file format")
    if kind is None:
        kind, reason = value_kind.infer_kind(facts)
    matrix.notes.append(f"kind {kind}: {reason}")
    obs = describe_samples(matrix, descriptions)
    faults, notes = label_leak.find_leaks(matrix.values, matrix.features, obs, spec["labels"], where)
    matrix.notes += notes
    try:
        value_kind.check_kind(matrix.values, facts, kind, list(obs.index), matrix.features, where)
    except InputError as error:
        faults += error.faults
    if faults:
        raise InputError(faults)
    if facts.missing:
        matrix.notes.append(f"{facts.missing:,} of {matrix.values.size:,} values are missing and are not imputed here")
    annotation = None if genes is None else match_annotation(matrix.features, genes)
    var = describe_genes(matrix.var, annotation)
    lengths, has_length = find_gene_lengths(matrix, kind, annotation)
    if not has_length.all():
        matrix.values, var = matrix.values[:, has_length], var[has_length]
    x, layers, scaling = scale_values(matrix, kind, lengths)
    matrix.notes.append(f"model input: {scaling}")
    return anndata.AnnData(x, obs=obs, var=var, layers=layers, uns={"kind": kind, "X": scaling, "notes": matrix.notes})


def describe_samples(matrix: Matrix, descriptions: SampleDescriptions) -> pd.DataFrame:
    """Sample columns from the matrix file and the joined metadata, as text. Raises InputError for contradictions."""
    matrix_columns = matrix.obs.fillna("").astype(str)
    faults = []
    table = {column: [] for column in dict.fromkeys([*matrix_columns.columns, *descriptions.columns])}
    for sample in matrix_columns.index:
        sample_metadata = descriptions.samples[sample]
        for column, values in table.items():
            first, second = matrix_columns.at[sample, column] if column in matrix_columns else "", sample_metadata.get(column, "")
            if first and second and first != second:
                faults.append(
                    f"{matrix.path}, sample {sample!r}: column {column!r} is {first!r} here and {second!r} in the sheet or metadata"
                )
            values.append(first or second)
    if faults:
        raise InputError(faults[:5] + ([f"… and {len(faults) - 5} more samples"] if len(faults) > 5 else []))
    return pd.DataFrame(table, index=pd.Index(matrix_columns.index, name="sample"), dtype=object)


def summary_records(data: anndata.AnnData, name: str) -> list[dict[str, Any]]:
    """Summary records of the table."""
    missing = float(np.isnan(data.X).mean())
    evidence = next(note.partition(": ")[2] for note in data.uns["notes"] if note.startswith("kind "))
    figures = [
        (
            "kind",
            data.uns["kind"],
            data.n_obs * data.n_vars,
            "words",
            f"Kind of the values of table {name} ({evidence}); model input: {data.uns['X']}",
        ),
        ("samples", data.n_obs, data.n_obs, "samples", f"Samples of table {name}"),
        ("features", data.n_vars, data.n_vars, "features", f"Features of table {name}"),
        (
            "missing",
            round(missing, 6),
            data.n_obs * data.n_vars,
            "fraction",
            f"Fraction of missing values in table {name}",
        ),
    ]
    return [
        {
            "key": f"expression.tables.{name}.{key}",
            "value": value,
            "low": None,
            "high": None,
            "n": n,
            "unit": unit,
            "description": description,
        }
        for key, value, n, unit, description in figures
    ]


def read_table(spec: Mapping[str, Any], sheet: Path | None) -> tuple[Matrix, SampleDescriptions]:
    """Read the matrix with canonical sample names, and its metadata. Raises InputError with all faults of both."""
    sheet_rows = sample_sheet.read_sample_metadata(sheet, spec["results"]) if sheet else {}

    def read_hdf5_names(path: str, settings: Mapping[str, Any]) -> list[str]:
        return hdf5.read_sample_names(path, settings["name"], settings["modality"])

    naming = sample_names.collect_names(sheet_rows, spec["metadata"], spec["orders"], read_hdf5_names)
    matrix = reading.read_matrix(spec, naming.known, naming.metadata_counts, naming.file_samples)
    canonical_names, ladders = sample_names.resolve_names(matrix.samples)
    if any(name != canonical for name, canonical in canonical_names.items()):
        matrix.notes.append(
            f"samples are named by their TCGA barcodes ({matrix.samples[0]} is {canonical_names[matrix.samples[0]]})"
        )
        matrix.obs["barcode"] = matrix.samples
    matrix.obs.index = [canonical_names[name] for name in matrix.samples]
    return matrix, metadata.join_metadata(ladders, sheet_rows, spec["metadata"], naming.files, naming.order, spec["alone"])


def main(spec: Mapping[str, Any], sheet: Path | None, genes: Path | None, out: Path, summary: Path) -> None:
    """Read, check, describe, scale and write.

    spec: config of the table with name, results, metadata, orders (table file → settings of its table), labels
    (columns that tasks predict) and alone (the project has no further samples).
    """
    matrix, descriptions = read_table(spec, sheet)
    if descriptions.faults:
        raise InputError(f"tables.{spec['name']}: {fault}" for fault in descriptions.faults)
    matrix.notes += descriptions.notes
    data = build_anndata(matrix, descriptions, spec, read_genes(genes) if genes else None)
    for note in matrix.notes:
        log.info("%s: %s", spec["name"], note)
    log.info("%s: %d samples, %d features", spec["name"], data.n_obs, data.n_vars)
    data.write_h5ad(out, convert_strings_to_categoricals=False)
    summary.write_text(json.dumps(summary_records(data, spec["name"]), indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job.params.spec, job.input.get("sheet"), job.input.get("genes"), job.output.data, job.output.summary)
