"""Config of learning tasks: examples, split, preparation, models, interpretation."""

from typing import Literal, Self

from pydantic import Field, model_validator

from readsight.config import interpretation, sequence_tasks
from readsight.config.base import Fraction, Name, Positive, Section
from readsight.config.interpretation import Attribution, Interpret
from readsight.config.sequence_tasks import Architectures, KmerModels, Represent, SequencesConfig, TrainingConfig

# Models that have gradients, and so can be explained by them.
GRADIENT_MODELS = ("network", "cnn", "attention_fusion", "late_fusion", "logistic", "elastic_net", "single_feature", "cox")
# Attribution methods of feature tables.
TABLE_METHODS = ("integrated_gradients", "shap")
FUSIONS = ("late_fusion", "attention_fusion")
CALL_MODELS = ("network", "logistic", "forest", "boosting", "elastic_net", "single_feature")
DEFAULT_MODELS = {
    "variants": ["network", "logistic", "forest", "single_feature"],
    "samples": ["network", "logistic", "elastic_net", "forest", "boosting"],
    "survival": ["network", "cox"],
}
# Outcomes that are not one class an example: nothing is balanced there.
UNBALANCED_OUTCOMES = ("multilabel", "survival")


class Split(Section):
    """How examples are divided, so that nothing related stands on both sides."""

    by: Literal["block", "chromosome", "homology", "group", "given"] | None = Field(
        None,
        description="What is never divided. Candidate calls: block (genome blocks, the default) or chromosome. Samples: group (donors, the default) or given (a split that the data bring). Sequences: homology (clusters of like sequences, the default), chromosome, group or given; like and overlapping sequences are kept together in each.",
    )
    test_chromosomes: list[str] = Field(
        [], description="Chromosomes to test on, in one division (sequences, by: chromosome). Default: cross-validation over all."
    )
    validation_chromosomes: list[str] = Field(
        [], description="Chromosomes held out for early stopping and calibration. Default: some of the rest, drawn."
    )
    identity: float = Field(
        0.8, gt=0.5, le=1, description="Identity from which on two sequences are taken to be alike, and kept together."
    )
    coverage: float = Field(0.6, gt=0, le=1, description="Part of the shorter of them that must be so alike.")
    block: Positive = Field(5_000, description="Length of a genome block, in bases (by: block).")
    gap: int = Field(
        200,
        ge=0,
        description="Examples nearer than this, in bases, can share reads: blocks that they stand in are joined (by: block).",
    )
    column: str = Field(
        "donor",
        description="Column that holds the group, kept whole in every split of samples, and of sequences (by: group). Default: donor, else the patient of a TCGA barcode, else each sample by itself.",
    )
    given: str = Field("split", description="Column that says train or test (by: given).")
    folds: int = Field(5, ge=2, description="Folds of cross-validation.")
    tested: Positive | None = Field(
        None, description="Folds that are run, where data are large: 1 is a single division (sequences). Default: all."
    )
    repeats: Positive | None = Field(
        None, description="How often cross-validation is repeated with another division. Default: 2; of sequences 1."
    )
    resplits: int | None = Field(
        None,
        ge=0,
        description="Divisions of the same sizes drawn anew beside a given one, to show what luck its split had (by: given). Default: 20; of sequences 0.",
    )
    inner: int | None = Field(
        None,
        ge=2,
        description="Inner folds of nested cross-validation: settings are chosen and probabilities calibrated on them. Default: 3 for samples; for calls and sequences a part is held out instead (validation).",
    )
    validation: float = Field(
        0.2,
        gt=0,
        lt=0.5,
        description="Part of the training groups held out for early stopping and calibration (calls, sequences).",
    )


class Balance(Section):
    """How the training fold's classes are balanced; never anything but the training fold."""

    method: Literal["none", "smote", "oversample", "undersample", "class_weight", "mutagenesis"] | None = Field(
        None,
        description="Method (imbalanced-learn). mutagenesis: mutated copies of the rarer classes' sequences. Default: smote; oversample where samples lack modalities (missing: keep); none for several labels at once, for survival and for sequences.",
    )
    rate: Fraction = Field(0.02, description="Part of the bases that a mutated copy has replaced (mutagenesis).")
    neighbours: Positive = Field(5, description="Neighbours that SMOTE draws between.")
    compare: list[Literal["none", "smote", "oversample", "undersample", "class_weight", "mutagenesis"]] = Field(
        [], description="Methods to compare with it: the first model and the linear baseline are trained under each."
    )


class Harmonise(Section):
    """Batch effects, taken out by what the training fold gives."""

    method: Literal["none", "combat"] = Field("none", description="ComBat (parametric empirical Bayes), or nothing.")
    batch: str | None = Field(
        None, description="Column of batches; given, their confounding with the label is measured, whatever the method."
    )
    covariates: list[str] = Field(
        [], description="Columns whose effect ComBat keeps (sex, age). Never the label: it is not known of a new sample."
    )
    reference: str | None = Field(
        None, description="Batch that the others are brought to, itself unchanged. Default: their mean."
    )


class Select(Section):
    """Which features are kept, told from the training fold alone."""

    method: Literal["none", "variance", "association"] = Field(
        "variance",
        description="variance: the most variable. association: those that tell the classes apart best (F test; Cox score for survival).",
    )
    count: Positive = Field(1000, description="Features kept of each modality.")
    max_missing: Fraction = Field(0.5, description="A feature missing in a larger part of the training fold is left out.")


class Search(Section):
    """Search of settings inside the training fold."""

    trials: int = Field(
        0, ge=0, description="Settings that Optuna tries for each model and fold; 0: a small fixed grid, or the defaults."
    )


class NetworkConfig(Section):
    """Training of neural networks, and the multilayer perceptron."""

    hidden: list[Positive] = Field([32, 16], description="Units of each hidden layer.")
    dropout: float = Field(0.1, ge=0, lt=1, description="Part of the units dropped while training.")
    learning_rate: float = Field(3e-3, gt=0, description="Step size of AdamW.")
    weight_decay: float = Field(1e-4, ge=0, description="Decoupled L2 penalty.")
    batch_size: Positive = Field(
        128, description="Examples a step, at most: each pass over a training fold takes five steps or more."
    )
    epochs: Positive = Field(60, description="Most passes over the training fold.")
    patience: Positive = Field(8, description="Passes without a better validation loss before training stops.")


class ConvolutionConfig(Section):
    """The 1-D convolutional network over ordered genes; it is trained as `network` says."""

    order: Literal["auto", "genome", "likeness"] = Field(
        "auto",
        description="Order of the genes: along the genome, or by their likeness in the training fold. auto: genome where it is known.",
    )
    channels: list[Positive] = Field([16, 32], description="Channels of each convolution.")
    width: Positive = Field(9, description="Genes that a filter spans.")


class FusionConfig(Section):
    """Attention over modalities; it is trained as `network` says."""

    embedding: Positive = Field(16, description="Numbers that each modality is condensed to.")
    drop_modality: float = Field(0.1, ge=0, lt=1, description="Chance that a modality is hidden from an example while training.")


class Task(Section):
    """A learning task: example source × representation × split × balance × models × attributions."""

    source: Literal["variants", "samples", "sequences"] = Field(
        "variants",
        description="Where examples come from: candidate calls, samples with their expression and tables, or sequences (FASTA, tables, regions, variants in their context, splice sites).",
    )
    sequences: SequencesConfig = Field(SequencesConfig(), description="Where sequences come from, and what is predicted of them.")
    caller: str = Field(
        "bcftools",
        description="Whose calls are the examples (source: variants): one of variants.callers, `given` or `consensus`.",
    )
    label: str | list[str] | None = Field(
        None,
        description="Calls: `truth`, whether the call is in variants.truth. Samples: the column to predict; a list of columns of 0 and 1 for several labels at once. Sequences: the column of the table, field of the BED or INFO key of the VCF (default: `label`).",
    )
    positive: str | None = Field(
        None,
        description="Value of the label that counts as positive, where there are two. Default: the one that is not control, normal, healthy, no or 0.",
    )
    time: str | None = Field(None, description="Column of follow-up times, for survival (source: samples).")
    event: str | None = Field(None, description="Column that says whether the event was seen (1) or not (0), for survival.")
    modalities: list[Name] = Field(
        [],
        description="What samples are described by: `expression` (from reads) and names of tables. Default: all that there are.",
    )
    missing: Literal["drop", "keep"] = Field(
        "drop", description="Samples that lack a modality: leave them out, or keep them, the modality at its training mean."
    )
    representation: (
        Literal["annotations", "profile", "one_hot", "kmer", "word2vec", "bpe", "transformer", "kmer_graph"] | None
    ) = Field(
        None,
        description="Features. annotations: the caller's own of a call. profile: numbers of a sample, scaled by the training fold. Sequences: one_hot (the default), kmer (overlapping words), word2vec (words with embeddings learned from the training fold), bpe (byte-pair tokens), transformer (contextual embeddings), kmer_graph (de Bruijn graph).",
    )
    represent: Represent = Field(Represent(), description="Settings of the representation of sequences.")
    harmonise: Harmonise = Field(Harmonise(), description="Batch effects (samples).")
    select: Select = Field(Select(), description="Selection of features (samples).")
    split: Split = Field(Split(), description="Division into folds.")
    balance: Balance = Field(Balance(), description="Balancing of the training fold.")
    models: (
        list[
            Literal[
                "network",
                "cnn",
                "logistic",
                "elastic_net",
                "forest",
                "boosting",
                "late_fusion",
                "attention_fusion",
                "cox",
                "single_feature",
                "dilated_resnet",
                "cnn_lstm",
                "lstm",
                "transformer",
                "graph",
                "gc_content",
                "kmer_linear",
                "kmer_boosting",
                "gapped_kmer_svm",
                "position_matrix",
            ]
        ]
        | None
    ) = Field(
        None,
        min_length=1,
        description="Models; the first is the one that the others are baselines of. With several modalities each takes all of them together (early fusion), and the first and the linear one each modality alone as well. Default: as many as fit.",
    )
    single_feature: str = Field("QUAL", description="Feature that the `single_feature` baseline ranks by.")
    search: Search = Field(Search(), description="Search of settings.")
    network: NetworkConfig = Field(NetworkConfig(), description="Settings of the `network` model, and training of all networks.")
    cnn: ConvolutionConfig = Field(ConvolutionConfig(), description="Settings of the `cnn` model.")
    fusion: FusionConfig = Field(FusionConfig(), description="Settings of the `attention_fusion` model.")
    training: TrainingConfig = Field(TrainingConfig(), description="Training of networks of sequence.")
    architectures: Architectures = Field(Architectures(), description="Settings of each network of sequence.")
    kmers: KmerModels = Field(KmerModels(), description="Settings of the models of k-mers.")
    attributions: list[Attribution] | None = Field(
        None,
        description="Attribution methods for the first model; an empty list: none. Tables have integrated_gradients and shap, and get both; sequences have all, and get integrated_gradients, deep_shap and mutagenesis, as far as the model allows.",
    )
    interpret: Interpret = Field(Interpret(), description="How models of sequences are interpreted.")
    pathways: str | None = Field(None, description="Gene sets, GMT; the genes that the model goes by are tested for them.")
    explained: Positive = Field(200, description="Test examples that each attribution method explains.")
    bootstrap: int = Field(1000, ge=100, description="Resamples of the groups behind each interval.")

    @property
    def outcome(self) -> str:
        """survival, multilabel, or classes (of which the data tell whether they are two); of sequences regression, profile or positions too."""
        if self.source == "sequences" and self.sequences.target != "classes":
            return {"score": "regression", "profile": "profile", "splice_sites": "positions"}[self.sequences.target]
        if self.time or self.event:
            return "survival"
        return "multilabel" if isinstance(self.label, list) else "classes"

    @property
    def labels(self) -> list[str]:
        """Columns that hold what is predicted."""
        if self.outcome == "survival":
            return [c for c in (self.time, self.event) if c]
        return self.label if isinstance(self.label, list) else [self.label] if self.label else []

    @model_validator(mode="after")
    def fill_defaults(self) -> Self:
        """Fill in the defaults that hang on source and outcome."""
        is_samples, is_sequences = self.source == "samples", self.source == "sequences"
        self.label = self.label if is_samples or self.label else "label" if is_sequences else "truth"
        self.representation = self.representation or {"samples": "profile", "sequences": "one_hot"}.get(
            self.source, "annotations"
        )
        self.split.by = self.split.by or {"samples": "group", "sequences": "homology"}.get(self.source, "block")
        self.split.inner = self.split.inner or (3 if is_samples else None)
        self.split.repeats = self.split.repeats or (1 if is_sequences else 2)
        self.split.resplits = (0 if is_sequences else 20) if self.split.resplits is None else self.split.resplits
        default_balance = "none" if is_sequences else "oversample" if self.missing == "keep" else "smote"
        self.balance.method = self.balance.method or ("none" if self.outcome in UNBALANCED_OUTCOMES else default_balance)
        self.models = self.models or self._choose_default_models()
        if self.attributions is None:
            self.attributions = (
                interpretation.choose_default_methods(self.models[0], self.representation)
                if is_sequences
                else ["integrated_gradients", "shap"]
            )
        return self

    def _choose_default_models(self) -> list[str]:
        """Models where none are named."""
        if self.source == "sequences":
            target = "labels" if self.outcome == "multilabel" else self.sequences.target
            return list(sequence_tasks.DEFAULT_MODELS[target])
        return list(DEFAULT_MODELS["survival" if self.source == "samples" and self.outcome == "survival" else self.source])


def check_task(
    name: str, task: Task, callers: list[str], truth: bool, modalities: list[str], fasta: bool = False, gtf: bool = False
) -> list[str]:
    """What keeps a task from being learned, each with its key.

    callers: sets of calls of the project. truth: whether there is a truth. modalities: what samples can be described by.
    fasta, gtf: whether there is a reference, and genes.
    """
    if task.source == "sequences":
        sequence_faults = [
            *sequence_tasks.check_sequence_task(task, fasta, gtf),
            *interpretation.check_interpretation(task, callers, fasta),
        ]
        return [f"tasks.{name}.{fault}" for fault in sequence_faults]
    faults = _check_calls(task, callers, truth) if task.source == "variants" else _check_samples(task, modalities)
    faults += ["split.tested: is for sequences; leave it out"] if task.split.tested else []
    faults += [
        f"attributions: {m!r} is of sequences; use integrated_gradients or shap"
        for m in task.attributions
        if m not in TABLE_METHODS
    ]
    if task.models[0] not in GRADIENT_MODELS and "integrated_gradients" in task.attributions:
        faults.append(f"attributions: integrated_gradients needs a model with gradients, and {task.models[0]} has none; use shap")
    return [f"tasks.{name}.{fault}" for fault in faults]


def _check_calls(task: Task, callers: list[str], truth: bool) -> list[str]:
    faults = []
    if task.split.by == "homology":
        faults.append("split.by: 'homology' is for sequences; use block or chromosome")
    if task.split.by in ("group", "given"):
        faults.append(
            f"split.by: {task.split.by!r} needs a column of the examples that says it, and calls, which are "
            "made of all samples together, have none; use block or chromosome"
        )
    if task.caller not in callers:
        faults.append(f"caller: {task.caller!r} is not among the callers of this project ({', '.join(callers) or 'none'})")
    if task.label != "truth" or task.time or task.event:
        faults.append("label: calls are labelled by their truth; use 'truth', or source: samples")
    elif not truth:
        faults.append("label: 'truth' needs variants.truth")
    faults += [f"models: {m!r} learns from samples, not from calls" for m in task.models if m not in CALL_MODELS]
    if task.representation != "annotations":
        faults.append("representation: calls have annotations")
    return faults


def _check_samples(task: Task, modalities: list[str]) -> list[str]:
    faults = []
    if not modalities:
        faults.append("source: 'samples' needs samples of assay rna, or tables")
    faults += [
        f"modalities: {m!r} is not there; there are: {', '.join(modalities) or 'none'}"
        for m in task.modalities
        if m not in modalities
    ]
    if task.split.by not in ("group", "given"):
        faults.append(f"split.by: samples have no place on the genome to be divided by ({task.split.by}); use group or given")
    if bool(task.time) != bool(task.event):
        faults.append("event: survival needs both time and event")
    elif task.outcome == "survival" and task.label:
        faults.append("label: survival is told by time and event; leave label out")
    elif not task.labels:
        faults.append("label: name the column to predict (or time and event, for survival)")
    if task.representation != "profile":
        faults.append("representation: samples have profiles")
    faults += _check_models(task, task.modalities or modalities)
    harmonise = task.harmonise
    if harmonise.method != "none" and not harmonise.batch:
        faults.append("harmonise.batch: name the column of batches")
    leaking = [c for c in task.labels if c in harmonise.covariates]
    if leaking:
        faults.append(
            f"harmonise.covariates: {leaking[0]!r} is what is to be predicted, and not known of a new sample; leave it out"
        )
    if harmonise.batch in task.labels:
        faults.append("harmonise.batch: is the label itself; there is nothing left to predict")
    return faults


def _check_models(task: Task, modalities: list[str]) -> list[str]:
    survival = task.outcome == "survival"
    available = (
        ("network", "cnn", "attention_fusion", "cox")
        if survival
        else tuple(m for m in GRADIENT_MODELS if m != "cox") + ("forest", "boosting")
    )
    faults = [
        f"models: {m!r} does not predict {'survival' if survival else 'classes'}" for m in task.models if m not in available
    ]
    if len(modalities) < 2:
        faults += [
            f"models: {m!r} joins modalities, and there is one ({', '.join(modalities)})" for m in task.models if m in FUSIONS
        ]
    if task.missing == "keep" and "smote" in (task.balance.method, *task.balance.compare):
        faults.append(
            "balance.method: smote draws between samples, and would make half a modality of one that is missing (missing: keep); use oversample or class_weight"
        )
    if task.outcome in UNBALANCED_OUTCOMES and (task.balance.method != "none" or task.balance.compare):
        faults.append(f"balance.method: there are no classes to balance ({task.outcome}); use none")
    return faults
