"""Put each motif into shuffled test sequences: what does adding it do, and what do two do together?

`marginal.tsv`, a row a motif, strand (on which its word is put) and head: value (mean change of the explained number), low and high
(95 % interval over groups of examples), n; of positions `place` is the base, counted from the word's first, whose number changes most,
and value is the change there.

`spacing.tsv`, a row a pair of motifs, strands, distance (bases between the two words) and head: value (what both do together less what
each does alone at its place: 0 where they do not interact), low, high, n. first stands before second. Of several heads that
one which the two move most.

A word has the commonest base at each place of its matrix; where the matrix says less than a quarter of a bit the sequence's own stays.
"""

import json
import logging
from itertools import combinations_with_replacement, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.interpret.motifs import meme, pwm
from readsight.interpret.motifs.marginalisation import Asked, put, shuffled, turned
from readsight.interpret.motifs.meme import Known
from readsight.interpret.sequence_attribution.explained_examples import FILES, MAY, gathered
from readsight.interpret.sequence_attribution.query import heads
from readsight.stats import metrics
from readsight.step import step

log = logging.getLogger("readsight")

MOTIFS, PAIRED = 10, 3  # the foremost of them are put in, and in pairs
EXAMPLES, EXAMPLES_PAIRED = 100, 50
FARTHEST, STEP = 60, 5  # bases between two words
NEAR = 12  # of positions: bases beside the word's that are asked about
RESAMPLES = 1000
MARGINAL = ("motif", "strand", "head", "value", "low", "high", "n", "place")
SPACING = ("first", "second", "strands", "distance", "head", "value", "low", "high", "n")


class Base:
    """Shuffled sequences, and what a model says of them with words put in; what was asked once is kept.

    codes: (n, places), shuffled. weights: (1 + resamples, n). offset: where the window begins that words are put into; length: of it.
    """

    def __init__(self, asked: Asked, codes: np.ndarray, weights: np.ndarray, pair: bool):
        self.asked, self.codes, self.weights = asked, codes, weights
        self.length = codes.shape[1] // 2 if pair else codes.shape[1]
        self.offset = self.length if pair else 0
        self._known: dict[Any, np.ndarray] = {}

    def score(self, *words: tuple[bytes, int]) -> np.ndarray:
        """Of the sequences with words (codes as bytes) at places of the window: as `Asked.scores`."""
        if words not in self._known:
            codes = self.codes
            for word, start in words:
                codes = put(codes, np.frombuffer(word, np.uint8), self.offset + start)
            self._known[words] = self.asked.scores(codes)
        return self._known[words]

    def change(self, *words: tuple[bytes, int]) -> np.ndarray:
        return self.score(*words) - self.score()

    def interval(self, values: np.ndarray) -> dict[str, Any]:
        """Mean of values (n,) with its interval, and n."""
        with np.errstate(invalid="ignore"):
            means = self.weights @ values / self.weights.sum(axis=1)
        return metrics.interval(means) | {"n": len(values)}


def marginal(base: Base, motifs: list[Known]) -> pd.DataFrame:
    """The table of single motifs, at the middle of the window."""
    rows = []
    for motif, strand in product(motifs, "+-"):
        word = turned(pwm.word(motif.matrix), strand)
        if len(word) > base.length or (word > 3).all():
            continue
        start = (base.length - len(word)) // 2
        found = base.change((word.tobytes(), start))
        for i, head in enumerate(base.asked.heads):
            values, place = found[:, i], None
            if values.ndim == 2:
                most = int(np.abs(values.mean(axis=0)).argmax())
                values, place = values[:, most], base.asked.near[most] - start
            rows.append({"motif": motif.name, "strand": strand, "head": head.name} | base.interval(values) | {"place": place})
    return pd.DataFrame(rows, columns=MARGINAL)


def spacing(base: Base, motifs: list[Known]) -> pd.DataFrame:
    """The table of pairs; of a distance for which the window has no room there is none."""
    rows = []
    for first, second in combinations_with_replacement(motifs, 2):
        words = pwm.word(first.matrix), pwm.word(second.matrix)
        room = base.length - sum(map(len, words))
        if room < 0:
            continue
        left = max(0, (room - FARTHEST) // 2)
        # of a motif with itself -+ and +- differ, ++ and -- do not where strands are averaged
        for strands, distance in product(product("+-", repeat=2), range(0, min(FARTHEST, room) + 1, STEP)):
            one, other = (turned(word, strand).tobytes() for word, strand in zip(words, strands, strict=True))
            a, b = (one, left), (other, left + len(one) + distance)
            alone = base.change(a), base.change(b)
            both = base.change(a, b) - alone[0] - alone[1]
            head = int(np.abs(alone[0].mean(axis=0) + alone[1].mean(axis=0)).argmax())
            row = {"first": first.name, "second": second.name, "strands": "".join(strands), "distance": distance}
            rows.append(row | {"head": base.asked.heads[head].name} | base.interval(both[:, head]))
    return pd.DataFrame(rows, columns=SPACING)


def main(inputs: dict[str, Path], patterns: Path, seed: int, outputs: dict[str, Path]) -> None:
    """Write both tables, by the first fold's model and test examples that it did not see; empty where no motif was found.

    inputs: tensors, about, test, certificate; where the model reads such, representation and representation_about. patterns: MEME,
    the foremost first. outputs: marginal, spacing, and notes of both (why one is empty, in words). Of positions no pairs are put in.
    """
    motifs = meme.read(patterns, empty=True)[:MOTIFS]
    tables = {"marginal": pd.DataFrame(columns=MARGINAL), "spacing": pd.DataFrame(columns=SPACING)}
    if motifs:
        found = gathered(inputs, EXAMPLES, seed)
        part, named = found.parts[0], heads(found.outcome)
        pair, along = part.fold.sequence.pair, found.outcome.kind == "positions"
        codes = shuffled(part.question.codes, pair, seed)
        middle = codes.shape[1] // 2
        reach = max(map(len, motifs)) // 2 + NEAR if along else 0
        near = range(max(0, middle - reach), min(codes.shape[1], middle + reach + 1)) if along else ()
        weights = metrics.group_weights(part.fold.groups, RESAMPLES, seed)
        tables["marginal"] = marginal(Base(Asked(part.question, named, near), codes, weights, pair), motifs)
        if not along:
            fewer = slice(0, EXAMPLES_PAIRED)
            drawn = metrics.group_weights(part.fold.groups[fewer], RESAMPLES, seed)
            tables["spacing"] = spacing(Base(Asked(part.question, named), codes[fewer], drawn, pair), motifs[:PAIRED])
        log.info("%d motifs put into %d shuffled sequences", len(motifs), len(codes))
    why = (
        "two motifs have no room in the window, or are not put in where each base has an outcome"
        if motifs
        else "no motif was found"
    )
    for name, table in tables.items():
        table.to_csv(outputs[name], sep="\t", index=False, float_format="%.6g")
        outputs[f"{name}_note"].write_text(json.dumps({"note": "" if len(table) else why}) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        names = [name for name in (*FILES, *MAY) if job.input.get(name)]
        main(
            {name: getattr(job.input, name) for name in names},
            job.input.patterns,
            job.params.seed,
            {name: getattr(job.output, name) for name in ("marginal", "marginal_note", "spacing", "spacing_note")},
        )
