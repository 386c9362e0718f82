"""Config of tasks on sequences: sources of examples, representations, networks and training."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from readsight.config.base import Fraction, Positive, Section

REPRESENTATIONS = ("one_hot", "kmer", "word2vec", "bpe", "transformer", "kmer_graph")
NETWORKS = ("cnn", "dilated_resnet", "cnn_lstm", "lstm", "transformer", "graph")
# Prediction targets; `classes` with several label columns is a multilabel task.
TARGETS = ("classes", "score", "profile", "splice_sites")
# Models of k-mers or base composition; they read the sequence independently of the representation.
REPRESENTATION_FREE_MODELS = ("gc_content", "kmer_linear", "kmer_boosting", "gapped_kmer_svm")
POSITION_MODELS = ("dilated_resnet", "cnn", "position_matrix")
# Models of feature tables, which the representation computes from a sequence.
FEATURE_MODELS = ("network", "logistic", "elastic_net", "forest", "boosting")
DEFAULT_MODELS = {
    "classes": ["cnn", "kmer_linear", "gc_content"],
    "labels": ["cnn", "kmer_linear", "gc_content"],
    "score": ["cnn", "kmer_linear", "gc_content"],
    "profile": ["cnn", "kmer_linear", "gc_content"],
    "splice_sites": ["dilated_resnet", "position_matrix"],
}
Activation = Literal["relu", "gelu", "silu", "elu", "exponential"]
Norm = Literal["batch", "layer", "none"]


class SequenceFile(Section):
    """A file of examples: FASTA, a table (.csv, .tsv, .txt, .parquet), BED or narrowPeak, or VCF; detected from its content."""

    path: str = Field(description="Path, plain or gzip.")
    label: str | None = Field(
        None, description="Class (or number) of all examples in the file. Default: read from a column of the file."
    )
    split: Literal["train", "validation", "test"] | None = Field(
        None, description="Subset of all examples in the file (split.by: given). Default: read from a column of the file."
    )


class Negatives(Section):
    """Negative examples, generated for the positive ones."""

    method: Literal["none", "shuffled", "genomic"] = Field(
        "none",
        description="shuffled: positives with shuffled dinucleotides. genomic: genomic windows outside of the positives, matched by GC and repeats. List existing negatives as one of `files` instead.",
    )
    ratio: float = Field(1.0, gt=0, description="Negatives per positive.")
    label: str = Field("negative", description="Class of the negatives.")


class SequencesConfig(Section):
    """Sources of the sequences of a task, and the prediction target."""

    files: list[SequenceFile] = Field(
        [],
        description="Files of examples. FASTA and tables contain sequences; for regions and variants they are extracted from the genome.",
    )
    columns: list[str] = Field(
        [],
        description="Column names of tables without a header; must include `sequence`, and may include `name` and the label column.",
    )
    genome: str | None = Field(None, description="FASTA from which regions and variants are extracted. Default: reference.fasta.")
    target: Literal["classes", "score", "profile", "splice_sites"] = Field(
        "classes",
        description="Prediction target: a class (or several labels), a number, a binned signal over the window, or the splice sites of the GTF's transcripts.",
    )
    signal: str | None = Field(
        None, description="bigWig signal, averaged over each window (target: score) or binned (target: profile)."
    )
    bin: Positive = Field(32, description="Bin width of a profile, in bases.")
    annotation: str | None = Field(None, description="GTF with the splice sites to predict. Default: reference.gtf.")
    length: Positive | None = Field(
        None,
        description="Sequence length in bases; regions are resized around their centre. Default: 1,000 for variants and splice sites, else the common length of the examples.",
    )
    unequal: Literal["error", "pad", "crop"] = Field(
        "error",
        description="Sequences of unequal length: stop with an error, pad them with N to the longest (or to `length`), or crop them around the centre to the shortest (or to `length`).",
    )
    outside: Literal["error", "pad", "drop"] = Field(
        "error", description="Windows that extend past the end of a contig: stop with an error, pad them with N, or drop them."
    )
    stranded: bool = Field(
        False,
        description="Whether the strand is informative. If so, a sequence and its reverse complement are different examples, and neither training nor prediction uses reverse complements. Splice sites are always stranded.",
    )
    negatives: Negatives = Field(Negatives(), description="Generated negative examples.")
    sample: Positive | None = Field(
        None, description="Maximum number of examples per class, drawn at random, for quick trials. Default: all."
    )


class Represent(Section):
    """Numerical representation of sequences; everything that is fitted is fitted on the training fold only."""

    k: Positive = Field(6, le=12, description="k-mer length (kmer, word2vec, kmer_graph).")
    dimensions: Positive = Field(64, description="Embedding dimension (word2vec, and token embeddings of networks).")
    window: Positive = Field(10, description="Context k-mers on each side (word2vec).")
    vocabulary: Positive = Field(512, ge=8, description="Vocabulary size of byte-pair encoding (bpe).")
    checkpoint: str | None = Field(
        None,
        description="Local folder of a Hugging Face model, such as DNABERT-2 or Nucleotide Transformer (transformer). Default: a small transformer trained on masked tokens of the training fold.",
    )
    trust_code: bool = Field(
        False, description="Allow Python code of the checkpoint folder to run (DNABERT-2 needs it); review the code first."
    )
    layers: Positive = Field(2, description="Layers of the default transformer.")
    heads: Positive = Field(4, description="Attention heads per layer.")
    epochs: Positive = Field(5, description="Epochs of masked-token training and of word2vec.")
    masked: float = Field(0.15, gt=0, lt=1, description="Fraction of tokens that are masked.")


class Augment(Section):
    """Random augmentation of training sequences, different in each epoch; labels and groups do not change."""

    reverse_complement: bool = Field(True, description="Reverse-complement half of the sequences (unless they are stranded).")
    shift: int = Field(0, ge=0, description="Maximum random shift, in bases.")
    substitutions: Fraction = Field(0.0, description="Fraction of bases that are substituted.")
    indels: Fraction = Field(0.0, description="Probability of an insertion or deletion of one to three bases per sequence.")


class TrainingConfig(Section):
    """Training of sequence networks, by Lightning."""

    epochs: Positive = Field(30, description="Maximum number of epochs.")
    patience: Positive = Field(5, description="Epochs without improvement of the validation loss before training stops.")
    batch_size: Positive = Field(128, description="Batch size per device.")
    optimiser: Literal["adamw", "adam", "rmsprop", "sgd"] = Field("adamw", description="Optimiser.")
    learning_rate: float = Field(2e-3, gt=0, description="Maximum learning rate.")
    schedule: Literal["one_cycle", "cosine", "constant"] = Field("one_cycle", description="Learning-rate schedule.")
    weight_decay: float = Field(1e-3, ge=0, description="L2 penalty; decoupled for adamw.")
    clip: float = Field(1.0, ge=0, description="Gradient norm to clip at; 0: no clipping.")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="auto: bfloat16 where the device is faster with it, else float32. Weights are always float32."
    )
    device: Literal["auto", "cpu", "gpu"] = Field(
        "auto", description="Device for training; gpu is an error on machines without a GPU."
    )
    devices: Positive = Field(1, description="Devices per node (DDP).")
    nodes: Positive = Field(1, description="Number of nodes.")
    ensemble: Positive = Field(1, description="Number of networks, trained from different seeds, whose outputs are averaged.")
    average_strands: bool = Field(
        True, description="Average the predictions of a sequence and its reverse complement (unless sequences are stranded)."
    )
    augment: Augment = Field(Augment(), description="Augmentation of training sequences.")


class SequenceNetwork(Section):
    """Settings that all sequence networks share."""

    activation: Activation = Field("relu", description="Activation; exponential: in the first layer only, relu in later layers.")
    norm: Norm = Field("batch", description="Normalisation after each layer.")
    dropout: float = Field(0.2, ge=0, lt=1, description="Dropout probability.")


class SequenceCnn(SequenceNetwork):
    """Convolutions and dense layers, as in Basset (Kelley et al. 2016)."""

    filters: list[Positive] = Field([64, 96, 128], description="Filters of each convolution.")
    widths: list[Positive] = Field([15, 7, 5], description="Filter width of each convolution, in positions.")
    pools: list[Positive] = Field([2, 2, 4], description="Pool width after each convolution, in positions.")
    hidden: list[Positive] = Field([128], description="Units of each dense layer.")

    @model_validator(mode="after")
    def check_lengths(self) -> Self:
        if not len(self.filters) == len(self.widths) == len(self.pools):
            raise ValueError("filters, widths and pools must have the same length: one value per convolution")
        return self


class DilatedResnet(SequenceNetwork):
    """Residual dilated convolutions with one output per base, as in SpliceAI (Jaganathan et al. 2019)."""

    filters: Positive = Field(32, description="Filters of each convolution.")
    widths: list[Positive] = Field([11, 11, 11, 11], description="Filter width of each residual block, in positions.")
    dilations: list[Positive] = Field([1, 1, 4, 4], description="Dilation of each residual block.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout probability.")

    @model_validator(mode="after")
    def check_lengths(self) -> Self:
        if len(self.widths) != len(self.dilations):
            raise ValueError("widths and dilations must have the same length: one value per residual block")
        return self


class CnnLstm(SequenceNetwork):
    """A convolution, a bidirectional LSTM, dense layers, as in DanQ (Quang & Xie 2016)."""

    filters: Positive = Field(96, description="Filters of the convolution.")
    width: Positive = Field(15, description="Filter width, in bases.")
    pool: Positive = Field(5, description="Pool width after the convolution, in positions.")
    units: Positive = Field(64, description="Units of the LSTM per direction.")
    hidden: list[Positive] = Field([64], description="Units of each dense layer.")


class Lstm(SequenceNetwork):
    """A bidirectional LSTM over consecutive short groups of bases."""

    norm: Norm = Field("layer", description="Normalisation.")
    stride: Positive = Field(3, description="Bases per time step.")
    units: Positive = Field(64, description="Units of each layer per direction.")
    layers: Positive = Field(1, description="Number of layers.")


class TransformerNet(SequenceNetwork):
    """An encoder over tokens, as in DNABERT (Ji et al. 2021)."""

    activation: Activation = Field("gelu", description="Activation.")
    norm: Norm = Field("layer", description="Normalisation.")
    dimensions: Positive = Field(64, description="Embedding dimension.")
    layers: Positive = Field(2, description="Number of layers.")
    heads: Positive = Field(4, description="Attention heads per layer.")
    stem: Positive = Field(4, description="Bases per token if the representation has no tokens (one_hot).")


class GraphNet(SequenceNetwork):
    """Graph convolutions over the sequence's de Bruijn graph of k-mers."""

    k: Positive = Field(5, le=8, description="k-mer length, unless the representation is kmer_graph.")
    dimensions: Positive = Field(64, description="Dimension of a node.")
    layers: Positive = Field(2, description="Number of graph convolutions.")


class Architectures(Section):
    """Settings of each sequence network."""

    cnn: SequenceCnn = Field(SequenceCnn(), description="Convolutions.")
    dilated_resnet: DilatedResnet = Field(DilatedResnet(), description="Dilated convolutions with one output per base.")
    cnn_lstm: CnnLstm = Field(CnnLstm(), description="Convolution and LSTM.")
    lstm: Lstm = Field(Lstm(), description="LSTM.")
    transformer: TransformerNet = Field(TransformerNet(), description="Transformer.")
    graph: GraphNet = Field(GraphNet(), description="Graph network.")


class KmerModels(Section):
    """Settings of k-mer models, the baselines of sequence networks."""

    k: Positive = Field(
        6, le=8, description="Maximum k-mer length (kmer_linear, kmer_boosting); shorter k-mers are counted as well."
    )
    length: Positive = Field(8, description="Length of gapped k-mers (gapped_kmer_svm).")
    informative: Positive = Field(5, description="Informative positions of gapped k-mers; the remaining positions are gaps.")
    most: Positive = Field(20_000, description="Maximum number of training sequences of gapped_kmer_svm, drawn at random.")


def check_sequence_task(task: Any, fasta: bool, gtf: bool) -> list[str]:
    """Check the settings of a task on sequences.

    Parameters
    ----------
    task : a `tasks.Task`.
    fasta, gtf : whether the project has a reference genome and a gene annotation.

    Returns
    -------
    One message per fault, each beginning with its key.
    """
    settings, faults = task.sequences, []
    if settings.target != "splice_sites" and not settings.files:
        faults.append("sequences.files: list the files of examples")
    if settings.target == "splice_sites":
        faults += (
            []
            if settings.annotation or gtf
            else ["sequences.annotation: splice sites need a GTF; set it here or as reference.gtf"]
        )
        faults += (
            []
            if settings.genome or fasta
            else ["sequences.genome: splice sites need a genome; set it here or as reference.fasta"]
        )
        faults += ["sequences.files: splice sites are read from the GTF; remove files"] if settings.files else []
    if settings.signal and settings.target not in ("score", "profile"):
        faults.append(f"sequences.signal: a bigWig gives a score or a profile, but sequences.target is {settings.target!r}")
    if settings.target == "profile" and not settings.signal:
        faults.append("sequences.signal: a profile is read from a bigWig; set its path")
    if settings.negatives.method != "none" and settings.target != "classes":
        faults.append(
            f"sequences.negatives.method: negatives need classes, but sequences.target is {settings.target!r}; use none"
        )
    if task.time or task.event:
        faults.append("time: survival is predicted for samples, not for sequences; remove time and event")
    if task.split.by == "block":
        faults.append("split.by: 'block' is for calls; use chromosome, homology, group or given")
    if task.split.by != "chromosome" and (task.split.test_chromosomes or task.split.validation_chromosomes):
        faults.append(f"split.test_chromosomes: needs split.by: chromosome, but it is {task.split.by!r}")
    shared = sorted(set(task.split.test_chromosomes) & set(task.split.validation_chromosomes))
    if shared:
        faults.append(
            f"split.validation_chromosomes: {', '.join(shared)} {'is' if len(shared) == 1 else 'are'} also listed in split.test_chromosomes; use each chromosome once"
        )
    if task.split.validation_chromosomes and not task.split.test_chromosomes:
        faults.append("split.test_chromosomes: is required with split.validation_chromosomes")
    return faults + _check_models(task) + _check_balance(task)


def _check_models(task: Any) -> list[str]:
    target, encoding = task.sequences.target, task.representation
    faults = []
    if encoding not in REPRESENTATIONS:
        faults.append(
            f"representation: {encoding!r} is not a representation of sequences; use one of {', '.join(REPRESENTATIONS)}"
        )
    for model in task.models:
        if target == "splice_sites" and model not in POSITION_MODELS:
            faults.append(f"models: {model!r} does not predict positions; use {', '.join(POSITION_MODELS)}")
        elif target != "splice_sites" and model == "position_matrix":
            faults.append("models: 'position_matrix' predicts positions (sequences.target: splice_sites)")
        elif model not in (*NETWORKS, *REPRESENTATION_FREE_MODELS, *FEATURE_MODELS, "position_matrix"):
            faults.append(f"models: {model!r} is not a model of sequences")
        elif model in FEATURE_MODELS and encoding == "kmer_graph":
            faults.append(f"models: {model!r} needs features, but {encoding} gives a graph; use another representation")
        elif model in FEATURE_MODELS and target != "classes":
            faults.append(f"models: {model!r} predicts classes here, but sequences.target is {target!r}")
        elif model == "graph" and encoding not in ("one_hot", "kmer_graph"):
            faults.append(
                f"models: 'graph' builds a graph from the sequence; use representation one_hot or kmer_graph, not {encoding}"
            )
        elif model in NETWORKS and model != "graph" and encoding == "kmer_graph":
            faults.append(f"models: {model!r} does not accept a graph; use representation one_hot, kmer, word2vec or bpe")
        elif model in NETWORKS and model != "transformer" and encoding == "transformer":
            faults.append(
                f"models: {model!r} does not accept transformer embeddings; use transformer (fine-tuned), or {', '.join(FEATURE_MODELS)}"
            )
        elif target in ("splice_sites", "profile") and model in NETWORKS and encoding != "one_hot":
            faults.append(f"models: {model!r} predicts each base or bin only from representation one_hot")
    if target == "profile" and {"cnn_lstm", "lstm", "transformer", "graph"} & set(task.models):
        faults.append("models: only cnn, dilated_resnet, kmer_linear and gc_content predict profiles")
    return faults


def _check_balance(task: Any) -> list[str]:
    faults = []
    methods = {task.balance.method, *task.balance.compare}
    if "smote" in methods:
        faults.append(
            "balance.method: smote interpolates features and does not apply to sequences; use mutagenesis, oversample or class_weight"
        )
    if methods != {"none"} and (task.sequences.target != "classes" or isinstance(task.label, list)):
        faults.append("balance.method: there are no classes to balance; use none")
    return faults
