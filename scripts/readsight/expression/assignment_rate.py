"""Whether enough of a sample's fragments belong to genes."""

from readsight.errors import InputError


def check_assigned(sample: str, assigned: float, fragments: int, minimum: float) -> None:
    """Raise InputError where no fragment, or too small a fraction of all, is assigned to a gene.

    fragments: pairs, or single reads. minimum: fraction, expression.min_assigned.
    """
    if assigned > 0 and assigned >= minimum * fragments:
        return
    raise InputError(
        f"{sample}: {assigned:,.0f} of {fragments:,} fragments are assigned to genes, and at least {minimum:.2%} must be "
        "(expression.min_assigned). Is reference.gtf of this genome's build, and are the reads RNA (assay rna) of this species? "
        "Other causes: the wrong strandedness, DNA in the library, an annotation of few genes"
    )
