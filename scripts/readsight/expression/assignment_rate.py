"""Whether enough of a sample's fragments belong to genes."""

from readsight.errors import InputError


def check(sample: str, assigned: float, fragments: int, least: float) -> None:
    """Raise InputError where no fragment, or too small a fraction of all, is assigned to a gene.

    fragments: pairs, or single reads. least: fraction, expression.min_assigned.
    """
    if assigned > 0 and assigned >= least * fragments:
        return
    raise InputError(
        f"{sample}: {assigned:,.0f} of {fragments:,} fragments are assigned to genes, and at least {least:.2%} must be "
        "(expression.min_assigned). Is reference.gtf of this genome's build, and are the reads RNA (assay rna) of this species? "
        "Other causes: the wrong strandedness, DNA in the library, an annotation of few genes"
    )
