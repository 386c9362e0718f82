"""Kind of the values of a matrix (counts, TPM, logarithms): inference from the values, and validation of a given kind."""

from collections.abc import Sequence

import numpy as np

from readsight.errors import InputError

MAX_LOG = 30.0  # log2 values stay below this; counts, TPM and intensities do not
MILLION = 1e6
MAX_REPORTED = 5
MIN_LARGEST_COUNT = 30
MIN_LARGEST_ESTIMATE, MIN_SAMPLE_SUM, MIN_ZERO_FRACTION = (
    1000.0,
    2 * MILLION,
    0.02,
)  # estimated counts: minimum of the largest value, sample sum, fraction of zeros


class ValueStatistics:
    """Statistics of a matrix that determine its kind, computed in one pass over its rows."""

    def __init__(self, values: np.ndarray):
        self.size = values.size
        self.missing = self.negative = self.fractional = self.infinite = self.zeros = 0
        self.largest, self.smallest = -np.inf, np.inf
        self.totals = np.zeros(len(values))
        for i, row in enumerate(values):
            known = row[~np.isnan(row)]
            self.missing += len(row) - len(known)
            self.infinite += int(np.isinf(known).sum())
            self.negative += int((known < 0).sum())
            self.zeros += int((known == 0).sum())
            self.fractional += int((known != np.floor(known)).sum())
            self.largest = max(self.largest, float(known.max(initial=-np.inf)))
            self.smallest = min(self.smallest, float(known.min(initial=np.inf)))
            self.totals[i] = known.sum(dtype=np.float64)

    @property
    def is_tpm(self) -> bool:
        """Whether nearly all samples sum to one million, like TPM."""
        is_near_million = (self.totals > 0.95 * MILLION) & (self.totals < 1.001 * MILLION)
        return not self.negative and bool(is_near_million.mean() >= 0.9)

    @property
    def is_estimated(self) -> bool:
        """Whether fractional values have the size and fraction of zeros of sequencing counts rather than intensities."""
        is_large = self.largest >= MIN_LARGEST_ESTIMATE and float(np.median(self.totals)) >= MIN_SAMPLE_SUM
        return bool(
            self.fractional and not (self.negative or self.missing) and is_large and self.zeros >= MIN_ZERO_FRACTION * self.size
        )

    @property
    def is_logged(self) -> bool:
        return self.fractional > 0 and self.largest < MAX_LOG and self.smallest > -MAX_LOG


def infer_kind(facts: ValueStatistics) -> tuple[str, str]:
    """Infer the kind of the values; returns kind and reason."""
    if not (facts.negative or facts.fractional or facts.missing) and facts.largest >= MIN_LARGEST_COUNT:
        return "counts", f"integers from 0 to {facts.largest:,.0f}"
    if facts.fractional and facts.is_tpm:
        return "tpm", "each sample sums to about one million"
    if facts.is_logged:
        return "log", f"numbers from {facts.smallest:.3g} to {facts.largest:.3g}"
    if facts.is_estimated:
        return "expected", (
            f"numbers from 0 to {facts.largest:,.0f} with fractions, {facts.zeros / facts.size:.0%} of them 0, like counts estimated by a tool "
            "(RSEM, Salmon)"
        )
    span = f"numbers from {facts.smallest:.4g} to {facts.largest:,.4g}"
    if facts.fractional and not facts.negative:
        return "values", f"{span}, used without transformation; if these are estimated counts (RSEM, Salmon), set kind: expected"
    return "values", f"{span}, used without transformation"


def check_kind(
    values: np.ndarray, facts: ValueStatistics, kind: str, samples: Sequence[str], features: Sequence[str], where: str
) -> None:
    """Raise InputError with positions if values are invalid for the kind. where: config key of the table."""
    faults = [
        f"{where}: {position} is infinite"
        for position in _describe_positions(np.isinf, values, samples, features, facts.infinite)
    ]
    empty_samples = [s for s, row in zip(samples, values, strict=True) if np.isnan(row).all()]
    faults += [f"{where}: sample {name!r} has no values; remove it" for name in empty_samples[:MAX_REPORTED]]
    if kind in ("counts", "expected", "tpm"):
        faults += _amount_faults(values, facts, kind, samples, features, where)
    if faults:
        raise InputError(faults)


def _amount_faults(
    values: np.ndarray, facts: ValueStatistics, kind: str, samples: Sequence[str], features: Sequence[str], where: str
) -> list[str]:
    """Faults of counts and TPM: negative or missing values, empty samples, fractional counts."""
    name = {"tpm": "TPM"}.get(kind, "counts")
    if facts.is_logged and kind != "tpm":
        return [
            f"{where}.kind: the values are not {name}: they lie between {facts.smallest:.3g} and {facts.largest:.3g} and have fractions, "
            "like logarithms; set kind: log"
        ]
    faults = []
    positions = _describe_positions(np.isnan, values, samples, features, facts.missing)
    faults += [
        f"{where}: {position} is missing; {name} must be complete (write 0 for features without reads, or set kind: values)"
        for position in positions
    ]
    positions = _describe_positions(lambda row: row < 0, values, samples, features, facts.negative)
    faults += [
        f"{where}: {position} is negative; {name} are at least 0. For logarithms set kind: log, for differences kind: values"
        for position in positions
    ]
    if kind == "counts" and facts.fractional and facts.is_tpm:
        faults.append(f"{where}.kind: the values are not counts: each sample sums to about one million, like TPM; set kind: tpm")
    elif kind == "counts" and facts.fractional:
        positions = _describe_positions(lambda row: row != np.floor(row), values, samples, features, facts.fractional)
        faults += [f"{where}: {position} is not an integer" for position in positions]
        faults.append(
            f"{where}.kind: read counts are integers. For estimated counts (expected counts of RSEM, Salmon, kallisto) set "
            "kind: expected; for FPKM or intensities set kind: values"
        )
    zero_samples = [s for s, total in zip(samples, facts.totals, strict=True) if total == 0]
    faults += [f"{where}: sample {s!r}: all features are 0; remove it" for s in zero_samples[:MAX_REPORTED]]
    return faults


def _describe_positions(wrong, values: np.ndarray, samples: Sequence[str], features: Sequence[str], count: int) -> list[str]:
    """Describe the first MAX_REPORTED invalid positions, and the number of further ones."""
    positions: list[str] = []
    if not count:
        return positions
    for sample, row in zip(samples, values, strict=True):
        for position in np.flatnonzero(wrong(row))[: MAX_REPORTED - len(positions)]:
            value = "" if np.isnan(row[position]) else f" ({row[position]:g})"
            positions.append(f"sample {sample!r}, feature {features[position]!r}{value}")
        if len(positions) >= MAX_REPORTED:
            break
    if count > len(positions):
        positions[-1] += f" (and {count - len(positions):,} more positions)"
    return positions
