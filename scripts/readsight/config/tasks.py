"""Config of learning tasks: examples, split, preprocessing, models and interpretation."""

from typing import Literal, Self

from pydantic import Field, model_validator

from readsight.config import interpretation, sequence_tasks
from readsight.config.base import Fraction, Name, Positive, Section
from readsight.config.interpretation import Attribution, Interpret
from readsight.config.sequence_tasks import Architectures, KmerModels, Represent, SequencesConfig, TrainingConfig

FUSIONS = ("late_fusion", "attention_fusion")
DEFAULT_MODELS = {
    "variants": ["network", "logistic", "forest", "single_feature"],
    "samples": ["network", "logistic", "elastic_net", "forest", "boosting"],
    "survival": ["network", "cox"],
}
# Outcomes without exactly one class per example, which are never balanced.
UNBALANCED_OUTCOMES = ("multilabel", "survival")


class Split(Section):
    """Split of the examples; related examples stay in the same subset."""

    by: Literal["block", "chromosome", "homology", "group", "given"] | None = Field(
        None,
        description="Unit that is never split. Calls: block (genome blocks, the default) or chromosome. Samples: group (donors, the default) or given (a predefined split). Sequences: homology (clusters of similar sequences, the default), chromosome, group or given; all four keep similar and overlapping sequences together.",
    )
    test_chromosomes: list[str] = Field(
        [],
        description="Test chromosomes of a single split (sequences, by: chromosome). Default: cross-validation over all chromosomes.",
    )
    validation_chromosomes: list[str] = Field(
        [], description="Chromosomes for early stopping and calibration. Default: drawn at random from the remaining ones."
    )
    identity: float = Field(
        0.8, gt=0.5, le=1, description="Sequence identity from which two sequences count as similar and are kept together."
    )
    coverage: float = Field(0.6, gt=0, le=1, description="Fraction of the shorter sequence that the similar region must cover.")
    block: Positive = Field(5_000, description="Length of a genome block, in bases (by: block).")
    gap: int = Field(
        200,
        ge=0,
        description="Blocks whose examples are closer than this, in bases, are merged, because such examples can share reads (by: block).",
    )
    column: str = Field(
        "donor",
        description="Column with the group, which is never split (samples; sequences with by: group). Default: donor, else the patient of a TCGA barcode, else the sample.",
    )
    given: str = Field("split", description="Column with the values train, validation or test (by: given).")
    folds: int = Field(5, ge=2, description="Folds of cross-validation.")
    tested: Positive | None = Field(
        None, description="Number of folds to run, for large data; 1 is a single split (sequences). Default: all."
    )
    repeats: Positive | None = Field(
        None, description="Repeats of cross-validation with different random splits. Default: 2; 1 for sequences."
    )
    resplits: int | None = Field(
        None,
        ge=0,
        description="Random splits of the same sizes as the given one, which show the variability over splits (by: given). Default: 20; 0 for sequences.",
    )
    inner: int | None = Field(
        None,
        ge=2,
        description="Inner folds of nested cross-validation, on which hyperparameters are chosen and probabilities calibrated. Default: 3 for samples; calls and sequences use a validation set instead (validation).",
    )
    validation: float = Field(
        0.2,
        gt=0,
        lt=0.5,
        description="Fraction of the training groups that is reserved for early stopping and calibration (calls, sequences).",
    )


class Balance(Section):
    """Class balancing, applied to the training fold only."""

    method: Literal["none", "smote", "oversample", "undersample", "class_weight", "mutagenesis"] | None = Field(
        None,
        description="Method (imbalanced-learn). mutagenesis: mutated copies of sequences of the minority classes. Default: smote; oversample where samples may lack modalities (missing: keep); none for multilabel tasks, survival and sequences.",
    )
    rate: Fraction = Field(0.02, description="Fraction of bases that a mutated copy has substituted (mutagenesis).")
    neighbours: Positive = Field(5, description="Nearest neighbours of SMOTE.")
    compare: list[Literal["none", "smote", "oversample", "undersample", "class_weight", "mutagenesis"]] = Field(
        [], description="Methods to compare with `method`: the first model and the linear baseline are trained with each."
    )


class Harmonise(Section):
    """Batch-effect correction, fitted on the training fold."""

    method: Literal["none", "combat"] = Field("none", description="ComBat (parametric empirical Bayes), or nothing.")
    batch: str | None = Field(
        None, description="Column of batches. If set, the confounding of batch and label is measured, independently of `method`."
    )
    covariates: list[str] = Field(
        [],
        description="Columns whose effect ComBat preserves (sex, age). Must not include the label, which is unknown for new samples.",
    )
    reference: str | None = Field(None, description="Reference batch, which stays unchanged. Default: the mean of all batches.")


class Select(Section):
    """Feature selection, based on the training fold only."""

    method: Literal["none", "variance", "association"] = Field(
        "variance",
        description="variance: the most variable features. association: the features most associated with the label (F test; Cox score test for survival).",
    )
    count: Positive = Field(1000, description="Number of features to keep per modality.")
    max_missing: Fraction = Field(
        0.5, description="Largest fraction of missing values in the training fold; features above it are dropped."
    )


class Search(Section):
    """Hyperparameter search inside the training fold."""

    trials: int = Field(0, ge=0, description="Optuna trials per model and fold; 0: a small fixed grid, or the defaults.")


class NetworkConfig(Section):
    """Multilayer perceptron, and training of all networks of feature tables."""

    hidden: list[Positive] = Field([32, 16], description="Units of each hidden layer.")
    dropout: float = Field(0.1, ge=0, lt=1, description="Dropout probability.")
    learning_rate: float = Field(3e-3, gt=0, description="Learning rate of AdamW.")
    weight_decay: float = Field(1e-4, ge=0, description="Decoupled L2 penalty.")
    batch_size: Positive = Field(128, description="Maximum batch size; it is reduced so that each epoch has at least five steps.")
    epochs: Positive = Field(60, description="Maximum number of epochs.")
    patience: Positive = Field(8, description="Epochs without improvement of the validation loss before training stops.")


class ConvolutionConfig(Section):
    """One-dimensional convolutional network over ordered genes; trained with the settings of `network`."""

    order: Literal["auto", "genome", "likeness"] = Field(
        "auto",
        description="Order of the genes: genomic position, or similarity in the training fold (likeness). auto: genome where positions are known.",
    )
    channels: list[Positive] = Field([16, 32], description="Channels of each convolution.")
    width: Positive = Field(9, description="Filter width, in genes.")


class FusionConfig(Section):
    """Attention over modalities; trained with the settings of `network`."""

    embedding: Positive = Field(16, description="Embedding dimension of each modality.")
    drop_modality: float = Field(0.1, ge=0, lt=1, description="Probability of masking a modality of an example during training.")


class Task(Section):
    """A learning task: example source × representation × split × balance × models × attributions."""

    source: Literal["variants", "samples", "sequences"] = Field(
        "variants",
        description="Source of the examples: candidate calls, samples with expression and tables, or sequences (FASTA, tables, regions, variants with context, splice sites).",
    )
    sequences: SequencesConfig = Field(SequencesConfig(), description="Source and prediction target of sequences.")
    caller: str = Field(
        "bcftools",
        description="Call set of the examples (source: variants): one of variants.callers, `given` or `consensus`.",
    )
    label: str | list[str] | None = Field(
        None,
        description="Calls: `truth`, whether the call is in variants.truth. Samples: the column to predict, or a list of columns of 0 and 1 for a multilabel task. Sequences: the column of the table, field of the BED or INFO key of the VCF (default: `label`).",
    )
    positive: str | None = Field(
        None,
        description="Positive class of a binary label. Default: the one that is not control, normal, healthy, no or 0.",
    )
    time: str | None = Field(None, description="Column of follow-up times, for survival (source: samples).")
    event: str | None = Field(None, description="Column of events, for survival: observed (1) or censored (0).")
    modalities: list[Name] = Field(
        [],
        description="Modalities of the samples: `expression` (from reads) and names of tables. Default: all.",
    )
    missing: Literal["drop", "keep"] = Field(
        "drop",
        description="Samples without one of the modalities: drop them, or keep them with the training mean of that modality.",
    )
    representation: (
        Literal["annotations", "profile", "one_hot", "kmer", "word2vec", "bpe", "transformer", "kmer_graph"] | None
    ) = Field(
        None,
        description="Features. Calls: annotations (those of the caller). Samples: profile (values, scaled on the training fold). Sequences: one_hot (the default), kmer (overlapping k-mers), word2vec (k-mer embeddings fitted on the training fold), bpe (byte-pair tokens), transformer (contextual embeddings), kmer_graph (de Bruijn graph).",
    )
    represent: Represent = Field(Represent(), description="Settings of the representation of sequences.")
    harmonise: Harmonise = Field(Harmonise(), description="Batch-effect correction (samples).")
    select: Select = Field(Select(), description="Feature selection (samples).")
    split: Split = Field(Split(), description="Split into folds.")
    balance: Balance = Field(Balance(), description="Class balancing of the training fold.")
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
        description="Models; the first is the main model, and the following ones are its baselines. With several modalities all models use them together (early fusion), and the first and the linear model are also trained on each modality separately. Default: chosen by source and outcome.",
    )
    single_feature: str = Field("QUAL", description="Feature that the `single_feature` baseline ranks by.")
    search: Search = Field(Search(), description="Hyperparameter search.")
    network: NetworkConfig = Field(NetworkConfig(), description="Settings of the `network` model, and training of all networks.")
    cnn: ConvolutionConfig = Field(ConvolutionConfig(), description="Settings of the `cnn` model.")
    fusion: FusionConfig = Field(FusionConfig(), description="Settings of the `attention_fusion` model.")
    training: TrainingConfig = Field(TrainingConfig(), description="Training of sequence networks.")
    architectures: Architectures = Field(Architectures(), description="Settings of each sequence network.")
    kmers: KmerModels = Field(KmerModels(), description="Settings of k-mer models.")
    attributions: list[Attribution] | None = Field(
        None,
        description="Attribution methods for the first model; an empty list: none. Feature tables: integrated_gradients and shap, default both. Sequences: all methods, default integrated_gradients, deep_shap and mutagenesis, as far as the model supports them.",
    )
    interpret: Interpret = Field(Interpret(), description="Interpretation of sequence models.")
    pathways: str | None = Field(
        None, description="Gene sets, GMT, which are tested for enrichment among the genes that the model uses."
    )
    explained: Positive = Field(200, description="Test examples that each attribution method explains.")
    bootstrap: int = Field(1000, ge=100, description="Bootstrap resamples of the groups for each confidence interval.")

    @property
    def outcome(self) -> str:
        """`survival`, `multilabel` or `classes` (binary or multiclass, depending on the data); for sequences also `regression`, `profile` or `positions`."""
        if self.source == "sequences" and self.sequences.target != "classes":
            return {"score": "regression", "profile": "profile", "splice_sites": "positions"}[self.sequences.target]
        if self.time or self.event:
            return "survival"
        return "multilabel" if isinstance(self.label, list) else "classes"

    @property
    def labels(self) -> list[str]:
        """Columns of the values to predict."""
        if self.outcome == "survival":
            return [c for c in (self.time, self.event) if c]
        return self.label if isinstance(self.label, list) else [self.label] if self.label else []

    @model_validator(mode="after")
    def fill_defaults(self) -> Self:
        """Fill in the defaults that depend on source and outcome."""
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
        """Default models for source and outcome."""
        if self.source == "sequences":
            target = "labels" if self.outcome == "multilabel" else self.sequences.target
            return list(sequence_tasks.DEFAULT_MODELS[target])
        return list(DEFAULT_MODELS["survival" if self.source == "samples" and self.outcome == "survival" else self.source])
