"""All exams of attribution methods on one task."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from readsight.interpret.exams import criteria, deletion_curves, planted_sites, similarity
from readsight.interpret.exams.case import Case, Examined, thinned
from readsight.interpret.exams.control_models import Model, Trainer, networks, redrawn
from readsight.interpret.exams.criteria import row, undefined
from readsight.interpret.sequence_attribution.attribution import averaged, change_of
from readsight.interpret.sequence_attribution.query import Question, turned_back
from readsight.interpret.sequence_attribution.registry import EXPLANATIONS

ADDED = 200  # examples whose contributions are added up
FADED = 40  # examples whose places are deleted and inserted
ASKED = 16  # examples that other models are asked about
TURNED = 8  # examples that are asked about on the other strand
LONG = 400  # places, from which on fewer examples are taken
FEWEST = 8
DRAWS = 2  # models that learned nothing, of each kind: one alone can be alike by luck
OTHERS = 2  # most models of other folds or seeds
REFERENCE = "mutagenesis"

Other = Callable[[Case], Question | None]
Result = dict[str, Any]


@dataclass
class Examination:
    """examined: attributions and cases. models: of all folds. trainer: trains others. truth: what was planted in
    each example, None where that is not known. resamples: of groups, behind intervals.
    """

    examined: Examined
    models: list[Model]
    trainer: Trainer
    truth: list[planted_sites.Planted] | None
    resamples: int
    seed: int
    _made: dict[Any, Model] = field(default_factory=dict)

    def judge(self, method: str) -> Result:
        """exams (a row each), passed, and curves of a method."""
        found = [self.numbers(method)]
        if not found[0]["passed"]:
            found += [undefined(exam, "attributions are no numbers") for exam in criteria.EXAMS[1:]]
            return {"exams": found, "passed": False, "curves": None}
        found += [self.completeness(method), *self.randomised(method)]
        faded, drawn = self.faded(method)
        found += [*faded, self.agreement(method), *self.planted(method), self.stability(method), *self.strands(method)]
        return {"exams": found, "passed": all(one["passed"] for one in found), "curves": drawn}

    def numbers(self, method: str) -> Result:
        """Whether all attributions are numbers."""
        parts = self.examined.held.found[method].values()
        wrong = sum(int((~np.isfinite(part)).sum()) for part in parts)
        return row(criteria.FINITE, wrong / max(1, sum(part.size for part in parts)), n=len(self.examined.held))

    def completeness(self, method: str) -> Result:
        """Sundararajan et al. 2017."""
        if not getattr(EXPLANATIONS[method], "COMPLETE", False):
            return undefined(criteria.COMPLETE, "the method does not say that contributions add up")
        cases = self.some(ADDED)
        change = np.concatenate([change_of(case.question, self.examined.spec, self.examined.seed, word=method) for case in cases])
        total = np.concatenate([self.examined.own(method, case).sum(axis=1, dtype=float) for case in cases])
        gap = np.abs(total - change)
        return row(criteria.COMPLETE, **self._ratio(gap, np.abs(change), cases))

    def randomised(self, method: str) -> list[Result]:
        """Adebayo et al. 2018."""
        found = []
        fresh: list[Other] = [
            lambda case, k=k: redrawn(case.question, self.seed + 17 + k + 101 * case.fold) for k in range(DRAWS)
        ]
        blind: list[Other] = [self._trained(self.trainer.blind, k) for k in range(DRAWS)]
        for exam, others in ((criteria.REDRAWN, fresh), (criteria.SHUFFLED, blind)):
            alike = self._likeness(method, others)
            found.append(row(exam, **alike) if alike else undefined(exam, "the model has no weights to draw"))
        return found

    def stability(self, method: str) -> Result:
        """Likeness to models of other folds, to the networks of an ensemble, or to one that is trained again from another seed."""
        first = self.examined.cases[0].question
        if len(self.models) > 1:
            others, held = [self._of_fold(k + 1) for k in range(min(OTHERS, len(self.models) - 1))], "other folds"
        elif networks(first):
            count = min(OTHERS, len(networks(first)))
            others, held = [lambda case, k=k: networks(case.question)[k] for k in range(count)], "networks of the ensemble"
        else:
            others, held = [self._trained(self.trainer.again, 0)], "another seed"
        return row(criteria.STABILITY, **self._likeness(method, others), held_against=held)

    def faded(self, method: str) -> tuple[list[Result], Result]:
        """Deletion and insertion; and their curves."""
        cases, fading, chance = self._fading
        own = deletion_curves.Faded.together(
            [f.by(self.examined.own(method, case)) for f, case in zip(fading, cases, strict=True)]
        )
        area = deletion_curves.areas(own, chance)
        rows = [
            row(exam, **self._ratio(area[name], own.change, cases))
            for name, exam in (("deletion", criteria.DELETION), ("insertion", criteria.INSERTION))
        ]
        return rows, deletion_curves.drawn(own, chance, self.examined.groups(cases), self.resamples, self.seed)

    @cached_property
    def _fading(self) -> tuple[list[Case], list[deletion_curves.Fading], deletion_curves.Faded]:
        cases = self.some(FADED)
        fading = [deletion_curves.Fading(case.question, self.seed) for case in cases]
        return cases, fading, deletion_curves.Faded.together([f.at_random() for f in fading])

    def agreement(self, method: str) -> Result:
        """Rank correlation with mutagenesis, whatever references a method compares with."""
        if method == REFERENCE:
            return undefined(criteria.AGREEMENT, "it is what others are held against")
        cases, edits = self._mutagenesis
        own = [self.examined.found(method, case) for case in cases]
        size = all(map(similarity.unsigned, own))
        alike = [
            similarity.correlations(one, np.abs(other) if size else other, case.codes)
            for one, other, case in zip(own, edits, cases, strict=True)
        ]
        return row(criteria.AGREEMENT, **self._mean(np.concatenate(alike), cases))

    @cached_property
    def _mutagenesis(self) -> tuple[list[Case], list[np.ndarray]]:
        """Attributions of mutagenesis, of the file where it holds them."""
        if REFERENCE in self.examined.held.found:
            cases = self.some(ADDED)
            return cases, [self.examined.found(REFERENCE, case) for case in cases]
        cases = self.some(ASKED)
        return cases, [self.examined.asked(REFERENCE, case.question) for case in cases]

    def planted(self, method: str) -> list[Result]:
        """Planted sites that are called, and decoys."""
        exams = (criteria.PLANTED, criteria.DECOYS, criteria.ALONE, criteria.PLACES)
        why = None
        if self.truth is None:
            why = "what acts is not known of these examples"
        elif len(self.examined.held.heads) > 1:
            why = "the truth is of one number, and the model gives several"
        elif not any(one.acts and one.sites for one in self.truth):
            why = "no explained example holds a planted site that acts"
        if why:
            return [undefined(exam, why) for exam in exams]
        held = self.examined.held
        head = held.heads[0]
        places = planted_sites.stretches(self.truth, held.sequence, self.seed)
        given = (held.contributions(method, head), held.score[head], str(held.about["kind"]), self.truth, places)
        found = planted_sites.judged(*given, held.rows["group"], self.resamples, self.seed)
        parts = ("recall", "decoys", "unweighted", "places")
        return [row(exam, **found[part]) for exam, part in zip(exams, parts, strict=True)]

    def strands(self, method: str) -> list[Result]:
        """Likeness of the two strands' contributions, as they are given, and before both strands are averaged."""
        exams = (criteria.STRANDS, criteria.STRAND)
        about = self.examined.cases[0].question.about
        if about.get("stranded"):
            return [undefined(exam, "the strand means something to this model") for exam in exams]
        cases = self.some(TURNED)
        given = self._turned(method, cases, [self.examined.found(method, case) for case in cases], lambda q: q)
        if not averaged(EXPLANATIONS[method], cases[0].question):
            return [row(exams[0], **self._mean(given, cases)), undefined(exams[1], "strands are not averaged here")]

        def alone(question: Question) -> Question:
            return replace(question, about=question.about | {"average_strands": False})

        raw = [self.examined.asked(method, alone(case.question)) for case in cases]
        return [
            row(exams[0], **self._mean(given, cases)),
            row(exams[1], **self._mean(self._turned(method, cases, raw, alone), cases)),
        ]

    def _turned(self, method: str, cases: list[Case], own: list[np.ndarray], put: Callable[[Question], Question]) -> np.ndarray:
        """Correlation of contributions with those of the other strand, turned back."""
        found = []
        for case, part in zip(cases, own, strict=True):
            other = self.examined.asked(method, put(case.question).turned())
            found.append(similarity.correlations(part, turned_back(other, case.question.about), case.codes))
        return np.concatenate(found)

    def _likeness(self, method: str, others: list[Other]) -> dict[str, Any]:
        """Mean correlation with what other models are found to have, over models and examples; empty where there are none."""
        cases = self.some(ASKED)
        found = []
        for other in others:
            put = [(case, other(case)) for case in cases]
            if any(question is None for _, question in put):
                return {}
            parts = [
                similarity.correlations(self.examined.found(method, case), self.examined.asked(method, question), case.codes)
                for case, question in put
            ]
            found.append(np.concatenate(parts))
        return self._mean(np.mean(found, axis=0), cases) | {"models": len(others)}

    def _trained(self, train: Callable[[int, int], Any], draw: int) -> Other:
        """The question to a model that is trained anew; once, whichever method asks."""

        def other(case: Case) -> Question:
            key = (train.__name__, draw)
            if key not in self._made:
                number = draw % len(self.models)
                arrays, about = train(number, self.seed + 31 + draw)
                self._made[key] = Model(self.models[number].member, arrays, about)
            return self._made[key].instead(case.question)

        return other

    def _of_fold(self, further: int) -> Other:
        def other(case: Case) -> Question:
            return self.models[(case.fold + further) % len(self.models)].instead(case.question)

        return other

    def some(self, most: int) -> list[Case]:
        """Cases of at most so many examples; of long sequences fewer."""
        places = self.examined.held.sequence.shape[1]
        return thinned(self.examined.cases, max(min(most, FEWEST), min(most, most * LONG // places)))

    def _mean(self, values: np.ndarray, cases: list[Case]) -> dict[str, Any]:
        return similarity.mean(values, self.examined.groups(cases), self.resamples, self.seed)

    def _ratio(self, part: np.ndarray, whole: np.ndarray, cases: list[Case]) -> dict[str, Any]:
        return similarity.ratio(part, whole, self.examined.groups(cases), self.resamples, self.seed)
