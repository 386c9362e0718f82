"""Insert motifs into shuffled test sequences: effects of single motifs, and interactions of pairs.

`marginal.tsv` has one row per motif, strand of the inserted consensus and head: value (mean change of the explained output),
low and high (95 % interval over groups of examples), n. For outcomes per position, `place` is the most affected base, counted
from the first base of the consensus, and value is the change there.

`spacing.tsv` has one row per pair of motifs, strands, distance (bases between the two consensus sequences) and head: value
(joint effect minus the sum of the single effects at the same positions; 0 without interaction), low, high, n. `first` is
upstream of `second`. With several heads, the one with the largest single effects is reported.

The consensus has the most frequent base of each position; positions below a quarter of a bit leave the sequence unchanged.
"""

import json
import logging
from itertools import combinations_with_replacement, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.interpret.motifs import meme, pwm
from readsight.interpret.motifs.marginalisation import MultiHeadScorer, insert_consensus, orient_consensus, shuffle_codes
from readsight.interpret.motifs.meme import NamedMotif
from readsight.interpret.sequence_attribution.explained_examples import FILES, OPTIONAL_FILES, select_examples
from readsight.interpret.sequence_attribution.query import output_heads
from readsight.stats import metrics
from readsight.step import step

log = logging.getLogger("readsight")

MAX_MOTIFS, MAX_PAIRED_MOTIFS = 10, 3  # strongest motifs that are inserted, singly and in pairs
EXAMPLES, PAIR_EXAMPLES = 100, 50
MAX_DISTANCE, DISTANCE_STEP = 60, 5  # bases between two motifs
MARGIN = 12  # for outcomes per position: scored bases around the motif
RESAMPLES = 1000
MARGINAL_COLUMNS = ("motif", "strand", "head", "value", "low", "high", "n", "place")
SPACING_COLUMNS = ("first", "second", "strands", "distance", "head", "value", "low", "high", "n")


class InsertionExperiment:
    """Shuffled sequences with inserted motifs and their cached scores.

    Attributes
    ----------
    codes : (n, positions), shuffled.
    weights : (1 + resamples, n).
    offset, length : start and length of the window that motifs are inserted into.
    """

    def __init__(self, scorer: MultiHeadScorer, codes: np.ndarray, weights: np.ndarray, pair: bool):
        self.scorer, self.codes, self.weights = scorer, codes, weights
        self.length = codes.shape[1] // 2 if pair else codes.shape[1]
        self.offset = self.length if pair else 0
        self._cache: dict[Any, np.ndarray] = {}

    def score_insertions(self, *insertions: tuple[bytes, int]) -> np.ndarray:
        """Scores after inserting (consensus codes as bytes, start in the window), as `MultiHeadScorer.score_heads`."""
        if insertions not in self._cache:
            codes = self.codes
            for consensus, start in insertions:
                codes = insert_consensus(codes, np.frombuffer(consensus, np.uint8), self.offset + start)
            self._cache[insertions] = self.scorer.score_heads(codes)
        return self._cache[insertions]

    def score_change(self, *insertions: tuple[bytes, int]) -> np.ndarray:
        return self.score_insertions(*insertions) - self.score_insertions()

    def compute_interval(self, values: np.ndarray) -> dict[str, Any]:
        """Mean of values (n,) with its interval, and n."""
        with np.errstate(invalid="ignore"):
            means = self.weights @ values / self.weights.sum(axis=1)
        return metrics.resample_interval(means) | {"n": len(values)}


def measure_marginal_effects(experiment: InsertionExperiment, motifs: list[NamedMotif]) -> pd.DataFrame:
    """Table of single motifs, inserted in the middle of the window."""
    rows = []
    for motif, strand in product(motifs, "+-"):
        consensus = orient_consensus(pwm.encode_consensus(motif.matrix), strand)
        if len(consensus) > experiment.length or (consensus > 3).all():
            continue
        start = (experiment.length - len(consensus)) // 2
        change = experiment.score_change((consensus.tobytes(), start))
        for i, head in enumerate(experiment.scorer.heads):
            values, position = change[:, i], None
            if values.ndim == 2:
                strongest = int(np.abs(values.mean(axis=0)).argmax())
                values, position = values[:, strongest], experiment.scorer.positions[strongest] - start
            rows.append(
                {"motif": motif.name, "strand": strand, "head": head.name}
                | experiment.compute_interval(values)
                | {"place": position}
            )
    return pd.DataFrame(rows, columns=MARGINAL_COLUMNS)


def measure_spacing_effects(experiment: InsertionExperiment, motifs: list[NamedMotif]) -> pd.DataFrame:
    """Table of pairs; distances that do not fit into the window are skipped."""
    rows = []
    for first, second in combinations_with_replacement(motifs, 2):
        consensuses = pwm.encode_consensus(first.matrix), pwm.encode_consensus(second.matrix)
        free_bases = experiment.length - sum(map(len, consensuses))
        if free_bases < 0:
            continue
        first_start = max(0, (free_bases - MAX_DISTANCE) // 2)
        # for a motif with itself -+ and +- differ; ++ and -- are equal if strands are averaged
        for strands, distance in product(product("+-", repeat=2), range(0, min(MAX_DISTANCE, free_bases) + 1, DISTANCE_STEP)):
            first_codes, second_codes = (
                orient_consensus(consensus, strand).tobytes() for consensus, strand in zip(consensuses, strands, strict=True)
            )
            first_insertion, second_insertion = (
                (first_codes, first_start),
                (second_codes, first_start + len(first_codes) + distance),
            )
            single_changes = experiment.score_change(first_insertion), experiment.score_change(second_insertion)
            interaction = experiment.score_change(first_insertion, second_insertion) - single_changes[0] - single_changes[1]
            head = int(np.abs(single_changes[0].mean(axis=0) + single_changes[1].mean(axis=0)).argmax())
            row = {"first": first.name, "second": second.name, "strands": "".join(strands), "distance": distance}
            rows.append(row | {"head": experiment.scorer.heads[head].name} | experiment.compute_interval(interaction[:, head]))
    return pd.DataFrame(rows, columns=SPACING_COLUMNS)


def main(inputs: dict[str, Path], patterns: Path, seed: int, outputs: dict[str, Path]) -> None:
    """Write both tables, with the first fold's model and its test examples; empty if there are no motifs.

    Pairs are not inserted for outcomes per position.

    Parameters
    ----------
    inputs : tensors, about, test, certificate; representation and representation_about for models that need them.
    patterns : MEME file, strongest motif first.
    outputs : marginal, spacing, and notes of both (the reason if a table is empty).
    """
    motifs = meme.read(patterns, empty=True)[:MAX_MOTIFS]
    tables = {"marginal": pd.DataFrame(columns=MARGINAL_COLUMNS), "spacing": pd.DataFrame(columns=SPACING_COLUMNS)}
    if motifs:
        examples = select_examples(inputs, EXAMPLES, seed)
        subset, heads = examples.folds[0], output_heads(examples.outcome)
        pair, has_positions = subset.fold.sequence.pair, examples.outcome.kind == "positions"
        codes = shuffle_codes(subset.query.codes, pair, seed)
        middle = codes.shape[1] // 2
        reach = max(map(len, motifs)) // 2 + MARGIN if has_positions else 0
        positions = range(max(0, middle - reach), min(codes.shape[1], middle + reach + 1)) if has_positions else ()
        weights = metrics.group_weights(subset.fold.groups, RESAMPLES, seed)
        tables["marginal"] = measure_marginal_effects(
            InsertionExperiment(MultiHeadScorer(subset.query, heads, positions), codes, weights, pair), motifs
        )
        if not has_positions:
            pair_rows = slice(0, PAIR_EXAMPLES)
            pair_weights = metrics.group_weights(subset.fold.groups[pair_rows], RESAMPLES, seed)
            tables["spacing"] = measure_spacing_effects(
                InsertionExperiment(MultiHeadScorer(subset.query, heads), codes[pair_rows], pair_weights, pair),
                motifs[:MAX_PAIRED_MOTIFS],
            )
        log.info("%d motifs inserted into %d shuffled sequences", len(motifs), len(codes))
    reason = (
        "two motifs do not fit into the window, or pairs are not inserted for outcomes per position"
        if motifs
        else "no motif was discovered"
    )
    for name, table in tables.items():
        table.to_csv(outputs[name], sep="\t", index=False, float_format="%.6g")
        outputs[f"{name}_note"].write_text(json.dumps({"note": "" if len(table) else reason}) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        names = [name for name in (*FILES, *OPTIONAL_FILES) if job.input.get(name)]
        main(
            {name: getattr(job.input, name) for name in names},
            job.input.patterns,
            job.params.seed,
            {name: getattr(job.output, name) for name in ("marginal", "marginal_note", "spacing", "spacing_note")},
        )
