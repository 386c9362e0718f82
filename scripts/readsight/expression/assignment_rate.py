"""Check that a minimum fraction of a sample's fragments is assigned to genes."""

from readsight.errors import InputError


def check_assigned(sample: str, assigned: float, fragments: int, minimum: float) -> None:
    """Raise InputError if no fragment, or too small a fraction of the fragments, is assigned to a gene.

    Parameters
    ----------
    assigned : fragments assigned to genes.
    fragments : all fragments of the sample (read pairs, or single reads).
    minimum : smallest accepted fraction, `expression.min_assigned`.
    """
    if assigned > 0 and assigned >= minimum * fragments:
        return
    raise InputError(
        f"{sample}: {assigned:,.0f} of {fragments:,} fragments are assigned to genes; at least {minimum:.2%} is required "
        "(expression.min_assigned). Check that reference.gtf matches the genome build and that the reads are RNA (assay rna) of this species. "
        "Further causes: wrong strandedness, DNA contamination, an annotation with few genes"
    )
