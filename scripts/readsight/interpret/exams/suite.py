"""All exams of the sequence attribution methods of one task."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from readsight.interpret.exams import criteria, deletion_curves, planted_sites, similarity
from readsight.interpret.exams.case import ExamCase, ExaminedAttributions, thin_cases
from readsight.interpret.exams.control_models import ControlTrainer, ExplainedModel, randomise_weights, split_ensemble
from readsight.interpret.exams.criteria import judge_value, make_undefined
from readsight.interpret.sequence_attribution.attribution import score_change, should_average_strands
from readsight.interpret.sequence_attribution.query import AttributionQuery, reverse_attributions
from readsight.interpret.sequence_attribution.registry import EXPLANATIONS

COMPLETENESS_EXAMPLES = 200  # examples for completeness
CURVE_EXAMPLES = 40  # examples for deletion and insertion
CONTROL_EXAMPLES = 16  # examples explained with control models
STRAND_EXAMPLES = 8  # examples explained on the reverse strand
LONG_SEQUENCE = 400  # positions; fewer examples are used of longer sequences
MIN_EXAMPLES = 8
RANDOM_MODELS = 2  # random-weight and shuffled-label models each: a single one can be similar by chance
MAX_CONTROLS = 2  # largest number of models of further folds or ensemble members
REFERENCE = "mutagenesis"

ControlQuery = Callable[[ExamCase], AttributionQuery | None]
Result = dict[str, Any]


@dataclass
class Examination:
    """Runs the exams.

    subject: attributions and cases. models: of all folds. trainer: of control models. truth: planted sites of each example, None if
    unknown. resamples: bootstrap samples of groups.
    """

    subject: ExaminedAttributions
    models: list[ExplainedModel]
    trainer: ControlTrainer
    truth: list[planted_sites.PlantedTruth] | None
    resamples: int
    seed: int
    _trained_models: dict[Any, ExplainedModel] = field(default_factory=dict)

    def judge_method(self, method: str) -> Result:
        """Results of a method: exams (one row each), passed, and curves."""
        results = [self.check_finite(method)]
        if not results[0]["passed"]:
            results += [make_undefined(exam, "attributions are not finite") for exam in criteria.EXAMS[1:]]
            return {"exams": results, "passed": False, "curves": None}
        results += [self.check_completeness(method), *self.compare_randomised(method)]
        curve_results, curves = self.measure_deletion(method)
        results += [
            *curve_results,
            self.compare_mutagenesis(method),
            *self.judge_planted(method),
            self.measure_stability(method),
            *self.compare_strands(method),
        ]
        return {"exams": results, "passed": all(result["passed"] for result in results), "curves": curves}

    def check_finite(self, method: str) -> Result:
        """Whether all attributions are finite."""
        by_head = self.subject.attributions.values[method].values()
        invalid_count = sum(int((~np.isfinite(values)).sum()) for values in by_head)
        return judge_value(
            criteria.FINITE, invalid_count / max(1, sum(values.size for values in by_head)), n=len(self.subject.attributions)
        )

    def check_completeness(self, method: str) -> Result:
        """Completeness (Sundararajan et al. 2017)."""
        if not getattr(EXPLANATIONS[method], "IS_COMPLETE", False):
            return make_undefined(criteria.COMPLETE, "the method is not complete by definition")
        cases = self.select_cases(COMPLETENESS_EXAMPLES)
        change = np.concatenate(
            [score_change(case.query, self.subject.spec, self.subject.seed, method_name=method) for case in cases]
        )
        total = np.concatenate([self.subject.contributions_of(method, case).sum(axis=1, dtype=float) for case in cases])
        gap = np.abs(total - change)
        return judge_value(criteria.COMPLETE, **self._ratio_interval(gap, np.abs(change), cases))

    def compare_randomised(self, method: str) -> list[Result]:
        """Model randomisation (Adebayo et al. 2018)."""
        results = []
        randomised: list[ControlQuery] = [
            lambda case, k=k: randomise_weights(case.query, self.seed + 17 + k + 101 * case.fold) for k in range(RANDOM_MODELS)
        ]
        shuffled: list[ControlQuery] = [
            self._make_trained_control(self.trainer.train_on_shuffled_labels, k) for k in range(RANDOM_MODELS)
        ]
        for exam, controls in ((criteria.RANDOMISED, randomised), (criteria.SHUFFLED, shuffled)):
            similarity = self._control_similarity(method, controls)
            results.append(
                judge_value(exam, **similarity) if similarity else make_undefined(exam, "the model has no weights to randomise")
            )
        return results

    def measure_stability(self, method: str) -> Result:
        """Similarity to models of further folds, to the members of an ensemble, or to a model retrained with a different seed."""
        first = self.subject.cases[0].query
        if len(self.models) > 1:
            controls, source = (
                [self._make_fold_control(k + 1) for k in range(min(MAX_CONTROLS, len(self.models) - 1))],
                "other folds",
            )
        elif split_ensemble(first):
            count = min(MAX_CONTROLS, len(split_ensemble(first)))
            controls, source = (
                [lambda case, k=k: split_ensemble(case.query)[k] for k in range(count)],
                "networks of the ensemble",
            )
        else:
            controls, source = [self._make_trained_control(self.trainer.retrain, 0)], "another seed"
        return judge_value(criteria.STABILITY, **self._control_similarity(method, controls), held_against=source)

    def measure_deletion(self, method: str) -> tuple[list[Result], Result]:
        """Results of deletion and insertion, and their curves."""
        cases, experiments, random_curves = self._experiments
        curves = deletion_curves.DeletionCurves.concatenate(
            [
                experiment.curves_by_contribution(self.subject.contributions_of(method, case))
                for experiment, case in zip(experiments, cases, strict=True)
            ]
        )
        areas = deletion_curves.compute_areas(curves, random_curves)
        rows = [
            judge_value(exam, **self._ratio_interval(areas[name], curves.change, cases))
            for name, exam in (("deletion", criteria.DELETION), ("insertion", criteria.INSERTION))
        ]
        return rows, deletion_curves.curve_bands(
            curves, random_curves, self.subject.collect_groups(cases), self.resamples, self.seed
        )

    @cached_property
    def _experiments(self) -> tuple[list[ExamCase], list[deletion_curves.DeletionExperiment], deletion_curves.DeletionCurves]:
        cases = self.select_cases(CURVE_EXAMPLES)
        experiments = [deletion_curves.DeletionExperiment(case.query, self.seed) for case in cases]
        return (
            cases,
            experiments,
            deletion_curves.DeletionCurves.concatenate([experiment.random_curves() for experiment in experiments]),
        )

    def compare_mutagenesis(self, method: str) -> Result:
        """Rank correlation with mutagenesis, whatever references a method uses."""
        if method == REFERENCE:
            return make_undefined(criteria.AGREEMENT, "it is the reference of this exam")
        cases, mutagenesis = self._mutagenesis
        attributions = [self.subject.attributions_of(method, case) for case in cases]
        is_unsigned = all(map(similarity.is_unsigned, attributions))
        correlations = [
            similarity.correlate_contributions(values, np.abs(reference) if is_unsigned else reference, case.codes)
            for values, reference, case in zip(attributions, mutagenesis, cases, strict=True)
        ]
        return judge_value(criteria.AGREEMENT, **self._mean_interval(np.concatenate(correlations), cases))

    @cached_property
    def _mutagenesis(self) -> tuple[list[ExamCase], list[np.ndarray]]:
        """Attributions by mutagenesis, read from the file if it contains them."""
        if REFERENCE in self.subject.attributions.values:
            cases = self.select_cases(COMPLETENESS_EXAMPLES)
            return cases, [self.subject.attributions_of(REFERENCE, case) for case in cases]
        cases = self.select_cases(CONTROL_EXAMPLES)
        return cases, [self.subject.attribute_query(REFERENCE, case.query) for case in cases]

    def judge_planted(self, method: str) -> list[Result]:
        """Recovery of planted sites, and decoys."""
        exams = (criteria.PLANTED, criteria.DECOYS, criteria.ALONE, criteria.PLACES)
        reason = None
        if self.truth is None:
            reason = "the planted sites of these examples are unknown"
        elif len(self.subject.attributions.heads) > 1:
            reason = "the truth describes one output, but the model has several"
        elif not any(truth.is_active and truth.sites for truth in self.truth):
            reason = "no explained example has a planted site in an active element"
        if reason:
            return [make_undefined(exam, reason) for exam in exams]
        attributions = self.subject.attributions
        head = attributions.heads[0]
        candidates = planted_sites.build_candidates(self.truth, attributions.sequence, self.seed)
        arguments = (
            attributions.contributions(method, head),
            attributions.score[head],
            str(attributions.attributes["kind"]),
            self.truth,
            candidates,
        )
        metrics = planted_sites.evaluate_sites(*arguments, attributions.metadata["group"], self.resamples, self.seed)
        keys = ("recall", "decoys", "unweighted", "places")
        return [judge_value(exam, **metrics[key]) for exam, key in zip(exams, keys, strict=True)]

    def compare_strands(self, method: str) -> list[Result]:
        """Similarity between strands, for the given attributions and before averaging over strands."""
        exams = (criteria.STRANDS, criteria.STRAND)
        description = self.subject.cases[0].query.description
        if description.get("stranded"):
            return [make_undefined(exam, "the model is strand-specific") for exam in exams]
        cases = self.select_cases(STRAND_EXAMPLES)
        correlations = self._correlate_strands(
            method, cases, [self.subject.attributions_of(method, case) for case in cases], lambda q: q
        )
        if not should_average_strands(EXPLANATIONS[method], cases[0].query):
            return [
                judge_value(exams[0], **self._mean_interval(correlations, cases)),
                make_undefined(exams[1], "attributions are not averaged over strands"),
            ]

        def use_one_strand(query: AttributionQuery) -> AttributionQuery:
            return replace(query, description=query.description | {"average_strands": False})

        raw = [self.subject.attribute_query(method, use_one_strand(case.query)) for case in cases]
        return [
            judge_value(exams[0], **self._mean_interval(correlations, cases)),
            judge_value(exams[1], **self._mean_interval(self._correlate_strands(method, cases, raw, use_one_strand), cases)),
        ]

    def _correlate_strands(
        self,
        method: str,
        cases: list[ExamCase],
        attributions: list[np.ndarray],
        prepare: Callable[[AttributionQuery], AttributionQuery],
    ) -> np.ndarray:
        """Correlation with the contributions of the reverse strand, mapped back to the forward strand."""
        correlations = []
        for case, values in zip(cases, attributions, strict=True):
            reverse = self.subject.attribute_query(method, prepare(case.query).reverse_strand())
            correlations.append(
                similarity.correlate_contributions(values, reverse_attributions(reverse, case.query.description), case.codes)
            )
        return np.concatenate(correlations)

    def _control_similarity(self, method: str, controls: list[ControlQuery]) -> dict[str, Any]:
        """Mean correlation with control models, over models and examples; empty if there is no control model."""
        cases = self.select_cases(CONTROL_EXAMPLES)
        similarities = []
        for control in controls:
            queries = [(case, control(case)) for case in cases]
            if any(query is None for _, query in queries):
                return {}
            correlations = [
                similarity.correlate_contributions(
                    self.subject.attributions_of(method, case), self.subject.attribute_query(method, query), case.codes
                )
                for case, query in queries
            ]
            similarities.append(np.concatenate(correlations))
        return self._mean_interval(np.mean(similarities, axis=0), cases) | {"models": len(controls)}

    def _make_trained_control(self, train: Callable[[int, int], Any], index: int) -> ControlQuery:
        """Query for a control model, which is trained once for all methods."""

        def make_query(case: ExamCase) -> AttributionQuery:
            key = (train.__name__, index)
            if key not in self._trained_models:
                number = index % len(self.models)
                arrays, description = train(number, self.seed + 31 + index)
                self._trained_models[key] = ExplainedModel(self.models[number].model, arrays, description)
            return self._trained_models[key].redirect_query(case.query)

        return make_query

    def _make_fold_control(self, offset: int) -> ControlQuery:
        def make_query(case: ExamCase) -> AttributionQuery:
            return self.models[(case.fold + offset) % len(self.models)].redirect_query(case.query)

        return make_query

    def select_cases(self, max_examples: int) -> list[ExamCase]:
        """Cases with at most `max_examples` examples; fewer for long sequences."""
        length = self.subject.attributions.sequence.shape[1]
        return thin_cases(
            self.subject.cases, max(min(max_examples, MIN_EXAMPLES), min(max_examples, max_examples * LONG_SEQUENCE // length))
        )

    def _mean_interval(self, values: np.ndarray, cases: list[ExamCase]) -> dict[str, Any]:
        return similarity.mean_interval(values, self.subject.collect_groups(cases), self.resamples, self.seed)

    def _ratio_interval(self, numerator: np.ndarray, denominator: np.ndarray, cases: list[ExamCase]) -> dict[str, Any]:
        return similarity.ratio_interval(numerator, denominator, self.subject.collect_groups(cases), self.resamples, self.seed)
