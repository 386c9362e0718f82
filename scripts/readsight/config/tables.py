"""Config of user tables: matrices of samples × features, and metadata of the samples."""

from typing import Literal

from pydantic import Field

from readsight.config.base import Name, Section


class TableConfig(Section):
    """A matrix of samples and features (genes, proteins, probes) of one modality, in either orientation."""

    files: list[str] = Field(
        ...,
        min_length=1,
        description="CSV or TSV (plain or gzip), .h5ad, .h5mu, GEO series matrix, or GDC STAR counts (one file per sample). Several files are concatenated over samples; features that not all files have are dropped.",
    )
    kind: Literal["auto", "counts", "expected", "tpm", "log", "values"] = Field(
        "auto",
        description="Type of the numbers: counts (models use log2(1 + CPM), or log2(1 + TPM) where reference.gtf gives gene lengths), expected (estimated counts with fractions: RSEM, Salmon; treated as counts), tpm (transformed to log2(1 + TPM)), log (already logarithms), or values (anything else, used unchanged). auto: inferred from the numbers, and logged.",
    )
    samples_are: Literal["auto", "rows", "columns"] = Field(
        "auto",
        description="Orientation of the matrix. auto: inferred from the names of samples and features, and logged.",
    )
    about: list[str] = Field(
        [], description="Columns (or rows) of the matrix that are sample metadata instead of features, such as class or age."
    )
    modality: str | None = Field(None, description="Modality to read from a .h5mu.")
    layer: str | None = Field(None, description="Layer to read from a .h5ad or .h5mu. Default: `counts` where it exists, else X.")
    duplicates: Literal["error", "sum", "mean", "first"] = Field(
        "error", description="How a feature that occurs more than once is handled."
    )


class Metadata(Section):
    """A file of sample metadata: labels, donors, batches, follow-up. Its columns are added to those of the sample sheet."""

    file: str = Field(
        ...,
        description="CSV or TSV with a header, plain or gzip; a GDC sample sheet or clinical table can be used as downloaded.",
    )
    key: str | None = Field(
        None,
        description="Column with the sample names. Default: the column whose values are names of samples (or of TCGA patients).",
    )
    order_of: str | None = Field(
        None,
        description="For a file without sample names: the table file (one of tables.<name>.files) whose sample order its rows follow.",
    )
    add: dict[Name, str] = Field(
        {}, description="Columns to add, each with one value for all samples of the file (split: train)."
    )
