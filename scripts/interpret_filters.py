"""Read the first layer's filters as motifs, and count the words that tell the classes of test examples apart.

`filters.meme` holds the matrix of each filter that any word drives. `filters.tsv`, a row a filter: words (that drive it to more than
half of its largest activation), examples (part of the sequences with such a word), maximum (largest activation), information
(bits), consensus, correlation (of each sequence's largest activation with the first explained number). Both are empty where the
network has no such filters.

`kmers.tsv`, a row a word of six bases and what it speaks for: sequences inside and outside of that class, and how many of them have
the word (unless strands count, on either strand); odds ratio, p and q as `readsight.interpret.motifs.kmer_enrichment` says. Of numbers and
profiles the third of highest predictions stands against the third of lowest; of positions the bases about sites against those about others.
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
from readsight.interpret.sequence_attribution.explained_examples import FILES, MAY, Gathered, gathered
from readsight.interpret.sequence_attribution.query import Question, heads
from readsight.step import step

log = logging.getLogger("readsight")

EXAMPLES = 2000  # whose words drive filters
COUNTED = 20_000  # whose words are counted
AROUND = 15  # bases to either side of a site whose words are counted
COLUMNS = ("filter", "words", "examples", "maximum", "information", "consensus", "correlation")


def windows(codes: np.ndarray, pair: bool) -> np.ndarray:
    """Each window by itself, (n, length): of pairs all reference ones and then all alternative ones."""
    return np.concatenate(np.split(codes, 2, axis=1)) if pair else codes


def table(found: list[filters.Filter], scores: np.ndarray | None) -> pd.DataFrame:
    """A row a filter. scores: (n,) of the sequences, None where they have none each."""
    rows = []
    for one in found:
        told = one.matrix is not None
        related = np.nan
        if scores is not None and np.ptp(one.highest) > 0 and np.ptp(scores) > 0:
            related = float(np.corrcoef(one.highest.reshape(-1, len(scores)).max(axis=0), scores)[0, 1])
        row = (f"filter{one.number}", one.words, one.examples, one.maximum)
        row += (pwm.information(one.matrix).sum(), pwm.consensus(one.matrix)) if told else (0.0, "")
        rows.append(dict(zip(COLUMNS, (*row, related), strict=True)))
    return pd.DataFrame(rows, columns=COLUMNS)


def around(codes: np.ndarray, labels: np.ndarray, kind: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Bases about sites of a class and about as many others, (m, 2 × AROUND + 1), and which are about sites, (m,)."""
    length, draw = codes.shape[1], np.random.default_rng(seed)
    whole = np.zeros(labels.shape, bool)
    whole[:, AROUND : length - AROUND] = True
    sites = np.argwhere(whole & (labels == kind))
    others = np.argwhere(whole & (labels != kind) & (labels != UNCOUNTED))
    taken = others[np.sort(draw.permutation(len(others))[: len(sites)])]
    both = np.concatenate([sites, taken]).astype(int)
    return codes[both[:, :1], both[:, 1:] + np.arange(-AROUND, AROUND + 1)], np.arange(len(both)) < len(sites)


def sides(found: Gathered, seed: int) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """(what it is, codes, inside) for each comparison of test examples; of pairs by their alternative windows."""
    outcome, codes = found.outcome, np.concatenate([part.question.codes for part in found.parts])
    labels = np.concatenate([np.asarray(part.fold.labels) for part in found.parts])
    if found.parts[0].fold.sequence.pair:
        codes = np.split(codes, 2, axis=1)[1]
    if outcome.kind == "positions":
        return [(name, *around(codes, labels, i, seed)) for i, name in enumerate(outcome.classes) if i]
    if outcome.kind in ("regression", "profile"):
        score = np.concatenate([asked(part.question, outcome).score() for part in found.parts])
        low, high = np.quantile(score, [1 / 3, 2 / 3])
        ends = (score <= low) | (score >= high)
        return [("higher", codes[ends], score[ends] >= high)]
    if outcome.kind == "multilabel":
        return [(name, codes, labels[:, i] > 0) for i, name in enumerate(outcome.classes)]
    return [(name, codes, labels == i) for i, name in enumerate(outcome.classes) if i or outcome.kind != "binary"]


def asked(question: Question, outcome: Outcome) -> Question:
    """What is asked, of the first number."""
    return replace(question, head=heads(outcome)[0])


def counted(found: Gathered, seed: int) -> pd.DataFrame:
    """The table of words; none of a comparison that has nothing on one side."""
    stranded, parts = found.parts[0].fold.sequence.stranded, []
    names = kmer_tokens.names(kmer_enrichment.K, stranded)
    for name, codes, inside in sides(found, seed):
        if codes.shape[1] >= kmer_enrichment.K and inside.any() and not inside.all():
            parts.append(
                kmer_enrichment.enriched(kmer_enrichment.having(codes, kmer_enrichment.K, stranded), inside, name, names)
            )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=kmer_enrichment.COLUMNS)


def main(inputs: dict[str, Path], seed: int, outputs: dict[str, Path]) -> None:
    """Filters of the first fold's model, by test examples that it did not see, and words of those of all folds.

    inputs: tensors, about, test, certificate; where the model reads such, representation and representation_about. outputs:
    filters, table, kmers, and notes of the latter two (why one is empty, in words).
    """
    found = gathered(inputs, COUNTED, seed)
    part, outcome = found.parts[0], found.outcome
    rows = np.sort(np.random.default_rng(seed).permutation(len(part.fold))[:EXAMPLES])
    question = asked(part.question.some(rows), outcome)
    layers, why = filters.first(question.net) if question.differentiable else ([], "the model is no network that reads bases")
    own = filters.filters(layers, windows(question.codes, part.fold.sequence.pair)) if layers else []
    log.info("filters: %s", why or f"{sum(one.matrix is not None for one in own)} of {len(own)} are driven by words")
    scores = question.score() if own and outcome.kind != "positions" else None
    meme.write(outputs["filters"], [one.known for one in own if one.matrix is not None])
    table(own, scores).to_csv(outputs["table"], sep="\t", index=False, float_format="%.6g")
    enriched = counted(found, seed)
    enriched.to_csv(outputs["kmers"], sep="\t", index=False, float_format="%.6g")
    alone = (
        ""
        if len(enriched)
        else f"nothing to compare: one class alone is tested on, or sequences are shorter than {kmer_enrichment.K} bases"
    )
    for name, said in (("table_note", why), ("kmers_note", alone)):
        outputs[name].write_text(json.dumps({"note": said}) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        names = [name for name in (*FILES, *MAY) if job.input.get(name)]
        main(
            {name: getattr(job.input, name) for name in names},
            job.params.seed,
            {name: getattr(job.output, name) for name in ("filters", "table", "table_note", "kmers", "kmers_note")},
        )
