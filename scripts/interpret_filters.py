"""Read first-layer filters as motifs, and count the k-mers that distinguish the classes of test examples.

`filters.meme` holds the matrix of each filter that is activated by any subsequence. `filters.tsv` has one row per filter:
words (subsequences that activate it to more than half of its maximum), examples (fraction of sequences with such a
subsequence), maximum (largest activation), information (bits), consensus, correlation (of the maximum per sequence with the
first explained output). Both are empty if the network has no such filters.

`kmers.tsv` has one row per 6-mer and class: sequences inside and outside the class, and how many of them contain the k-mer
(on either strand unless the outcome is stranded); odds ratio, p and q as in `readsight.interpret.motifs.kmer_enrichment`. For
regression and profiles, the third with the highest predictions is compared with the third with the lowest; for outcomes per
position, the bases around sites with those around background positions.
"""

import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from readsight.dataset.encodings import kmer_tokens
from readsight.dataset.outcome import UNCOUNTED, Outcome
from readsight.interpret.motifs import filters, kmer_enrichment, meme, pwm
from readsight.interpret.sequence_attribution.explained_examples import FILES, OPTIONAL_FILES, SelectedExamples, select_examples
from readsight.interpret.sequence_attribution.query import AttributionQuery, output_heads
from readsight.step import step

log = logging.getLogger("readsight")

FILTER_EXAMPLES = 2000  # test examples for filters
KMER_EXAMPLES = 20_000  # test examples for k-mers
FLANK = 15  # bases on each side of a site
COLUMNS = ("filter", "words", "examples", "maximum", "information", "consensus", "correlation")


def separate_windows(codes: np.ndarray, pair: bool) -> np.ndarray:
    """Windows as single rows, (n, length); for pairs all reference windows, then all alternative ones."""
    return np.concatenate(np.split(codes, 2, axis=1)) if pair else codes


def build_filter_table(motif_filters: list[filters.MotifFilter], scores: np.ndarray | None) -> pd.DataFrame:
    """Table with one row per filter. scores: (n,) of the sequences, None for outcomes per position."""
    rows = []
    for motif_filter in motif_filters:
        is_driven = motif_filter.matrix is not None
        correlation = np.nan
        if scores is not None and np.ptp(motif_filter.sequence_maxima) > 0 and np.ptp(scores) > 0:
            correlation = float(np.corrcoef(motif_filter.sequence_maxima.reshape(-1, len(scores)).max(axis=0), scores)[0, 1])
        row = (f"filter{motif_filter.number}", motif_filter.kmer_count, motif_filter.example_fraction, motif_filter.maximum)
        row += (
            (pwm.compute_information(motif_filter.matrix).sum(), pwm.spell_iupac(motif_filter.matrix)) if is_driven else (0.0, "")
        )
        rows.append(dict(zip(COLUMNS, (*row, correlation), strict=True)))
    return pd.DataFrame(rows, columns=COLUMNS)


def sample_flanks(codes: np.ndarray, labels: np.ndarray, kind: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Bases around sites of a class and around as many background positions.

    Returns
    -------
    codes : (m, 2 × FLANK + 1).
    inside : (m,) bool, True around sites.
    """
    length, rng = codes.shape[1], np.random.default_rng(seed)
    is_complete = np.zeros(labels.shape, bool)
    is_complete[:, FLANK : length - FLANK] = True
    site_positions = np.argwhere(is_complete & (labels == kind))
    candidates = np.argwhere(is_complete & (labels != kind) & (labels != UNCOUNTED))
    sampled = candidates[np.sort(rng.permutation(len(candidates))[: len(site_positions)])]
    positions = np.concatenate([site_positions, sampled]).astype(int)
    return codes[positions[:, :1], positions[:, 1:] + np.arange(-FLANK, FLANK + 1)], np.arange(len(positions)) < len(
        site_positions
    )


def list_comparisons(examples: SelectedExamples, seed: int) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """(name, codes, inside) of each comparison of test examples; pairs are compared by their alternative windows."""
    outcome, codes = examples.outcome, np.concatenate([subset.query.codes for subset in examples.folds])
    labels = np.concatenate([np.asarray(subset.fold.labels) for subset in examples.folds])
    if examples.folds[0].fold.sequence.pair:
        codes = np.split(codes, 2, axis=1)[1]
    if outcome.kind == "positions":
        return [(name, *sample_flanks(codes, labels, i, seed)) for i, name in enumerate(outcome.classes) if i]
    if outcome.kind in ("regression", "profile"):
        score = np.concatenate([select_first_head(subset.query, outcome).compute_scores() for subset in examples.folds])
        low, high = np.quantile(score, [1 / 3, 2 / 3])
        is_extreme = (score <= low) | (score >= high)
        return [("higher", codes[is_extreme], score[is_extreme] >= high)]
    if outcome.kind == "multilabel":
        return [(name, codes, labels[:, i] > 0) for i, name in enumerate(outcome.classes)]
    return [(name, codes, labels == i) for i, name in enumerate(outcome.classes) if i or outcome.kind != "binary"]


def select_first_head(query: AttributionQuery, outcome: Outcome) -> AttributionQuery:
    """The query of the first output."""
    return replace(query, head=output_heads(outcome)[0])


def count_kmers(examples: SelectedExamples, seed: int) -> pd.DataFrame:
    """K-mer table; comparisons without examples on one side are skipped."""
    stranded, tables = examples.folds[0].fold.sequence.stranded, []
    names = kmer_tokens.column_names(kmer_enrichment.K, stranded)
    for name, codes, inside in list_comparisons(examples, seed):
        if codes.shape[1] >= kmer_enrichment.K and inside.any() and not inside.all():
            tables.append(
                kmer_enrichment.compute_enrichment(
                    kmer_enrichment.find_kmers(codes, kmer_enrichment.K, stranded), inside, name, names
                )
            )
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=kmer_enrichment.COLUMNS)


def main(inputs: dict[str, Path], seed: int, outputs: dict[str, Path]) -> None:
    """Write motifs of the first fold's filters and k-mers of all folds, from test examples.

    Parameters
    ----------
    inputs : tensors, about, test, certificate; representation and representation_about for models that need them.
    outputs : filters, table, kmers, and notes of the latter two (the reason if a table is empty).
    """
    examples = select_examples(inputs, KMER_EXAMPLES, seed)
    subset, outcome = examples.folds[0], examples.outcome
    rows = np.sort(np.random.default_rng(seed).permutation(len(subset.fold))[:FILTER_EXAMPLES])
    query = select_first_head(subset.query.select_rows(rows), outcome)
    layers, reason = (
        filters.find_first_layer(query.net) if query.is_differentiable else ([], "the model is not a network with base input")
    )
    motif_filters = filters.extract_filters(layers, separate_windows(query.codes, subset.fold.sequence.pair)) if layers else []
    log.info(
        "filters: %s",
        reason
        or f"{sum(motif_filter.matrix is not None for motif_filter in motif_filters)} of {len(motif_filters)} are activated",
    )
    scores = query.compute_scores() if motif_filters and outcome.kind != "positions" else None
    meme.write(outputs["filters"], [motif_filter.motif for motif_filter in motif_filters if motif_filter.matrix is not None])
    build_filter_table(motif_filters, scores).to_csv(outputs["table"], sep="\t", index=False, float_format="%.6g")
    kmer_table = count_kmers(examples, seed)
    kmer_table.to_csv(outputs["kmers"], sep="\t", index=False, float_format="%.6g")
    kmer_note = (
        ""
        if len(kmer_table)
        else f"nothing to compare: the test set has a single class, or sequences are shorter than {kmer_enrichment.K} bases"
    )
    for name, message in (("table_note", reason), ("kmers_note", kmer_note)):
        outputs[name].write_text(json.dumps({"note": message}) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        names = [name for name in (*FILES, *OPTIONAL_FILES) if job.input.get(name)]
        main(
            {name: getattr(job.input, name) for name in names},
            job.params.seed,
            {name: getattr(job.output, name) for name in ("filters", "table", "table_note", "kmers", "kmers_note")},
        )
