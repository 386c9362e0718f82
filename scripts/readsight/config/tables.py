"""Config of what users bring as tables: matrices of samples, and files that say what the samples are."""

from typing import Literal

from pydantic import Field

from readsight.config.base import Name, Section


class TableConfig(Section):
    """A matrix of samples and features (genes, proteins, probes), either way round, of one modality."""

    files: list[str] = Field(
        ...,
        min_length=1,
        description="CSV or TSV (plain or gzip), .h5ad, .h5mu, GEO series matrix, or GDC STAR counts (a file a sample). Several files are put together by their samples, over the features that all have.",
    )
    kind: Literal["auto", "counts", "expected", "tpm", "log", "values"] = Field(
        "auto",
        description="What the numbers are: raw counts (learned from as log2(1 + CPM), or log2(1 + TPM) where lengths of genes are known by reference.gtf), expected counts (the same, with fractions: RSEM, Salmon), tpm (taken to log2(1 + TPM)), log (logarithms already), or values (any others, taken as they are). auto: told from the numbers, and said.",
    )
    samples_are: Literal["auto", "rows", "columns"] = Field(
        "auto", description="Which way round the matrix lies. auto: told from names of samples and genes, and said."
    )
    about: list[str] = Field(
        [], description="Columns (rows) of the matrix that say something of the samples instead of being features: class, age."
    )
    modality: str | None = Field(None, description="Modality to take of a .h5mu.")
    layer: str | None = Field(None, description="Layer to take of a .h5ad or .h5mu; else counts where there is one, or X.")
    duplicates: Literal["error", "sum", "mean", "first"] = Field(
        "error", description="What becomes of a feature that stands more than once."
    )


class Metadata(Section):
    """A file that says what the samples are: labels, donors, batches, follow-up. Its columns join those of the sheet."""

    file: str = Field(
        ..., description="CSV or TSV with a header, plain or gzip; a GDC sample sheet or clinical table as it comes."
    )
    key: str | None = Field(
        None,
        description="Column that names the sample. Default: the one whose values are names of samples (or of TCGA patients).",
    )
    order_of: str | None = Field(
        None,
        description="For a file that names no samples: the table file (one of tables.<name>.files) whose samples its rows follow, one by one.",
    )
    add: dict[Name, str] = Field({}, description="Columns to add, with one value for all samples of the file (split: train).")
