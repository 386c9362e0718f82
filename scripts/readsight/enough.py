"""How many examples a division needs; of the standard library alone, so that it is asked before the first job."""

OF_A_BATCH = 2  # samples that tell how much a batch varies


def fewest(folds: int, left: int) -> int:
    """Groups that a class needs: one for each test part, and `left` beside the largest of these."""
    return next(n for n in range(folds, folds + 2 * left + 1) if n - -(-n // folds) >= left)


def of_batch(parts: int, left: int = OF_A_BATCH) -> int:
    """Samples that a batch needs, so that whatever part of several is held out, `left` of it stay."""
    return next(n for n in range(left, 3 * left + 2) if n - -(-n // parts) >= left)
