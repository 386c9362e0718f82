"""Config of learning from sequence: where sequences come from, how they are represented, networks and their training."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from readsight.config.base import Fraction, Positive, Section

REPRESENTATIONS = ("one_hot", "kmer", "word2vec", "bpe", "transformer", "kmer_graph")
NETWORKS = ("cnn", "dilated_resnet", "cnn_lstm", "lstm", "transformer", "graph")
# What can be predicted of a sequence; `classes` of several columns are labels.
TARGETS = ("classes", "score", "profile", "splice_sites")
# Models that know a sequence by its k-mers or its bases alone; they read it whatever the representation.
REPRESENTATION_FREE_MODELS = ("gc_content", "kmer_linear", "kmer_boosting", "gapped_kmer_svm")
POSITION_MODELS = ("dilated_resnet", "cnn", "position_matrix")
# Models of feature tables, which a representation makes of a sequence.
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
    """A file of examples: FASTA, a table (.csv, .tsv, .txt, .parquet), BED or narrowPeak, or VCF; told from its content."""

    path: str = Field(description="The file; gzip is read too.")
    label: str | None = Field(None, description="Class (or number) of all its examples. Default: what its own column says.")
    split: Literal["train", "validation", "test"] | None = Field(
        None, description="Side of all its examples (split.by: given). Default: what its own column says."
    )


class Negatives(Section):
    """Examples of what is not sought, made for the positives."""

    method: Literal["none", "shuffled", "genomic"] = Field(
        "none",
        description="shuffled: each positive with its dinucleotides shuffled. genomic: places of the genome outside of the positives, matched by GC and repeats. Negatives of your own are a file of `files`.",
    )
    ratio: float = Field(1.0, gt=0, description="Negatives for each positive.")
    label: str = Field("negative", description="Their class.")


class SequencesConfig(Section):
    """Where the sequences of a task come from, and what is predicted of them."""

    files: list[SequenceFile] = Field(
        [],
        description="Files of examples. Sequences of FASTA and tables stand there; regions and variants are cut out of the genome.",
    )
    columns: list[str] = Field(
        [],
        description="Names of the columns of tables that have no header; among them `sequence`, and `name` and the label's, where they are there.",
    )
    genome: str | None = Field(None, description="FASTA that regions and variants are cut out of. Default: reference.fasta.")
    target: Literal["classes", "score", "profile", "splice_sites"] = Field(
        "classes",
        description="What is predicted: a class (or several labels), a number, a signal along the window, or which bases are splice sites of the GTF's transcripts.",
    )
    signal: str | None = Field(
        None, description="bigWig: averaged over each window (target: score), or kept along it (target: profile)."
    )
    bin: Positive = Field(32, description="Bases that a number of a profile stands for.")
    annotation: str | None = Field(None, description="GTF whose splice sites are learned. Default: reference.gtf.")
    length: Positive | None = Field(
        None,
        description="Bases of each example; regions are widened or cut about their centre. Default: 1,000 for variants and splice sites, else the examples' own, where they are equal.",
    )
    unequal: Literal["error", "pad", "crop"] = Field(
        "error",
        description="Sequences of unequal length: refuse them, pad them with N to the longest (or to `length`), or crop them to the shortest (or to `length`), about the centre.",
    )
    outside: Literal["error", "pad", "drop"] = Field(
        "error", description="Windows that reach past the end of a contig: refuse them, pad them with N, or leave them out."
    )
    stranded: bool = Field(
        False,
        description="Whether the strand means something: then a sequence and its reverse complement are two examples, and neither training nor prediction turns one into the other. Splice sites are always stranded.",
    )
    negatives: Negatives = Field(Negatives(), description="Examples of what is not sought.")
    sample: Positive | None = Field(
        None, description="Most examples of a class, drawn at random; for a quick look. Default: all."
    )


class Represent(Section):
    """How a sequence becomes numbers; what is learned is learned from the training fold alone."""

    k: Positive = Field(6, le=12, description="Length of k-mers (kmer, word2vec, kmer_graph).")
    dimensions: Positive = Field(64, description="Numbers of an embedding (word2vec, and tokens that a network embeds).")
    window: Positive = Field(10, description="k-mers on each side that a k-mer is told from (word2vec).")
    vocabulary: Positive = Field(512, ge=8, description="Tokens that byte-pair encoding makes (bpe).")
    checkpoint: str | None = Field(
        None,
        description="Folder of a Hugging Face model, such as DNABERT-2 or Nucleotide Transformer, read without a network (transformer). Default: one that is trained here on masked tokens.",
    )
    trust_code: bool = Field(
        False, description="Whether code that such a folder brings (DNABERT-2 does) may be run; look at it first."
    )
    layers: Positive = Field(2, description="Layers of the transformer that is trained here.")
    heads: Positive = Field(4, description="Attention heads of each of them.")
    epochs: Positive = Field(5, description="Passes of that training, and of word2vec.")
    masked: float = Field(0.15, gt=0, lt=1, description="Part of the tokens that are masked in it.")


class Augment(Section):
    """Changes to training sequences, drawn anew in each pass; labels and groups stay the parents'."""

    reverse_complement: bool = Field(True, description="Turn half of the sequences over (not where they are stranded).")
    shift: int = Field(0, ge=0, description="Most bases that a sequence is shifted by.")
    substitutions: Fraction = Field(0.0, description="Part of the bases that is replaced by another (in-silico mutagenesis).")
    indels: Fraction = Field(0.0, description="Chance that a sequence gains or loses one to three bases.")


class TrainingConfig(Section):
    """Training of the networks of sequence, by Lightning."""

    epochs: Positive = Field(30, description="Most passes over the training fold.")
    patience: Positive = Field(5, description="Passes without a better validation loss before training stops.")
    batch_size: Positive = Field(128, description="Examples a step on one device.")
    optimiser: Literal["adamw", "adam", "rmsprop", "sgd"] = Field("adamw", description="Optimiser.")
    learning_rate: float = Field(2e-3, gt=0, description="Largest step size.")
    schedule: Literal["one_cycle", "cosine", "constant"] = Field("one_cycle", description="How the step size goes.")
    weight_decay: float = Field(1e-3, ge=0, description="L2 penalty; decoupled for adamw.")
    clip: float = Field(1.0, ge=0, description="Largest norm of the gradient; 0: not clipped.")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="auto: bfloat16 where the device is faster with it, else float32. Weights are float32 always."
    )
    device: Literal["auto", "cpu", "gpu"] = Field(
        "auto", description="Where networks are trained; a GPU that is asked for must be there."
    )
    devices: Positive = Field(1, description="Devices of a node, trained on side by side (DDP).")
    nodes: Positive = Field(1, description="Nodes.")
    ensemble: Positive = Field(1, description="Networks trained from different seeds, whose outputs are averaged.")
    average_strands: bool = Field(
        True, description="Predict a sequence and its reverse complement, and average (not where sequences are stranded)."
    )
    augment: Augment = Field(Augment(), description="Changes to training sequences.")


class SequenceNetwork(Section):
    """What all networks of sequence have."""

    activation: Activation = Field("relu", description="Activation; exponential: of the first layer alone, relu behind it.")
    norm: Norm = Field("batch", description="Normalisation behind each layer.")
    dropout: float = Field(0.2, ge=0, lt=1, description="Part of the units dropped while training.")


class SequenceCnn(SequenceNetwork):
    """Convolutions and dense layers, as in Basset (Kelley et al. 2016)."""

    filters: list[Positive] = Field([64, 96, 128], description="Filters of each convolution.")
    widths: list[Positive] = Field([15, 7, 5], description="Bases or places that a filter of each spans.")
    pools: list[Positive] = Field([2, 2, 4], description="Places that are pooled behind each.")
    hidden: list[Positive] = Field([128], description="Units of each dense layer.")

    @model_validator(mode="after")
    def check_lengths(self) -> Self:
        if not len(self.filters) == len(self.widths) == len(self.pools):
            raise ValueError("filters, widths and pools must be of one length: a value a convolution")
        return self


class DilatedResnet(SequenceNetwork):
    """Residual dilated convolutions, an output a base, as in SpliceAI (Jaganathan et al. 2019)."""

    filters: Positive = Field(32, description="Filters of each convolution.")
    widths: list[Positive] = Field([11, 11, 11, 11], description="Places that a filter of each residual block spans.")
    dilations: list[Positive] = Field([1, 1, 4, 4], description="Distance of those places, block by block.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Part of the units dropped while training.")

    @model_validator(mode="after")
    def check_lengths(self) -> Self:
        if len(self.widths) != len(self.dilations):
            raise ValueError("widths and dilations must be of one length: a value a residual block")
        return self


class CnnLstm(SequenceNetwork):
    """A convolution, a bidirectional LSTM, dense layers, as in DanQ (Quang & Xie 2016)."""

    filters: Positive = Field(96, description="Filters of the convolution.")
    width: Positive = Field(15, description="Bases that a filter spans.")
    pool: Positive = Field(5, description="Places that are pooled behind it.")
    units: Positive = Field(64, description="Units of the LSTM, each direction.")
    hidden: list[Positive] = Field([64], description="Units of each dense layer.")


class Lstm(SequenceNetwork):
    """A bidirectional LSTM over words of bases."""

    norm: Norm = Field("layer", description="Normalisation.")
    stride: Positive = Field(3, description="Bases that are read at a time.")
    units: Positive = Field(64, description="Units of each layer, each direction.")
    layers: Positive = Field(1, description="Layers.")


class TransformerNet(SequenceNetwork):
    """An encoder over tokens, as in DNABERT (Ji et al. 2021)."""

    activation: Activation = Field("gelu", description="Activation.")
    norm: Norm = Field("layer", description="Normalisation.")
    dimensions: Positive = Field(64, description="Numbers of a token.")
    layers: Positive = Field(2, description="Layers.")
    heads: Positive = Field(4, description="Attention heads of each.")
    stem: Positive = Field(4, description="Bases that make a token, where the representation has none of its own (one_hot).")


class GraphNet(SequenceNetwork):
    """Graph convolutions over the sequence's de Bruijn graph of k-mers."""

    k: Positive = Field(5, le=8, description="Length of k-mers, where the representation does not say it.")
    dimensions: Positive = Field(64, description="Numbers of a node.")
    layers: Positive = Field(2, description="Graph convolutions.")


class Architectures(Section):
    """Settings of each network of sequence."""

    cnn: SequenceCnn = Field(SequenceCnn(), description="Convolutions.")
    dilated_resnet: DilatedResnet = Field(DilatedResnet(), description="Dilated convolutions, an output a base.")
    cnn_lstm: CnnLstm = Field(CnnLstm(), description="Convolution and LSTM.")
    lstm: Lstm = Field(Lstm(), description="LSTM.")
    transformer: TransformerNet = Field(TransformerNet(), description="Transformer.")
    graph: GraphNet = Field(GraphNet(), description="Graph network.")


class KmerModels(Section):
    """Settings of the models of k-mers, the baselines of networks of sequence."""

    k: Positive = Field(6, le=8, description="Longest k-mers counted (kmer_linear, kmer_boosting); shorter ones are counted too.")
    length: Positive = Field(8, description="Length of gapped k-mers (gapped_kmer_svm).")
    informative: Positive = Field(5, description="Bases of them that are told; the rest are gaps.")
    most: Positive = Field(20_000, description="Most training sequences that gapped_kmer_svm learns from, drawn at random.")


def check_sequence_task(task: Any, fasta: bool, gtf: bool) -> list[str]:
    """What keeps a task on sequences from being learned, each beginning with its key.

    task: a `tasks.Task`. fasta, gtf: whether the project has a reference, and genes.
    """
    settings, faults = task.sequences, []
    if settings.target != "splice_sites" and not settings.files:
        faults.append("sequences.files: name the files of examples")
    if settings.target == "splice_sites":
        faults += (
            []
            if settings.annotation or gtf
            else ["sequences.annotation: splice sites need a GTF; name it here or as reference.gtf"]
        )
        faults += (
            []
            if settings.genome or fasta
            else ["sequences.genome: splice sites need a genome; name it here or as reference.fasta"]
        )
        faults += ["sequences.files: splice sites are read from the GTF; leave files out"] if settings.files else []
    if settings.signal and settings.target not in ("score", "profile"):
        faults.append(f"sequences.signal: a bigWig gives a score or a profile, and sequences.target is {settings.target!r}")
    if settings.target == "profile" and not settings.signal:
        faults.append("sequences.signal: a profile is read from a bigWig; name it")
    if settings.negatives.method != "none" and settings.target != "classes":
        faults.append(f"sequences.negatives.method: negatives are a class, and sequences.target is {settings.target!r}; use none")
    if task.time or task.event:
        faults.append("time: survival is predicted of samples, not of sequences; leave time and event out")
    if task.split.by == "block":
        faults.append("split.by: 'block' is for calls; use chromosome, homology, group or given")
    if task.split.by != "chromosome" and (task.split.test_chromosomes or task.split.validation_chromosomes):
        faults.append(f"split.test_chromosomes: needs split.by: chromosome, and it is {task.split.by!r}")
    shared = sorted(set(task.split.test_chromosomes) & set(task.split.validation_chromosomes))
    if shared:
        faults.append(f"split.validation_chromosomes: {', '.join(shared)} is tested on as well; a chromosome has one role")
    if task.split.validation_chromosomes and not task.split.test_chromosomes:
        faults.append("split.test_chromosomes: name those that are tested on, beside those of validation")
    return faults + _check_models(task) + _check_balance(task)


def _check_models(task: Any) -> list[str]:
    target, encoding = task.sequences.target, task.representation
    faults = []
    if encoding not in REPRESENTATIONS:
        faults.append(f"representation: {encoding!r} is not of sequences; use one of {', '.join(REPRESENTATIONS)}")
    for model in task.models:
        if target == "splice_sites" and model not in POSITION_MODELS:
            faults.append(f"models: {model!r} does not predict positions; use {', '.join(POSITION_MODELS)}")
        elif target != "splice_sites" and model == "position_matrix":
            faults.append("models: 'position_matrix' predicts positions (sequences.target: splice_sites)")
        elif model not in (*NETWORKS, *REPRESENTATION_FREE_MODELS, *FEATURE_MODELS, "position_matrix"):
            faults.append(f"models: {model!r} does not learn from sequences")
        elif model in FEATURE_MODELS and encoding == "kmer_graph":
            faults.append(f"models: {model!r} learns from features, and {encoding} gives a graph; use another representation")
        elif model in FEATURE_MODELS and target != "classes":
            faults.append(f"models: {model!r} predicts classes here, and sequences.target is {target!r}")
        elif model == "graph" and encoding not in ("one_hot", "kmer_graph"):
            faults.append(
                f"models: 'graph' makes its own graph of the sequence; use representation one_hot or kmer_graph, not {encoding}"
            )
        elif model in NETWORKS and model != "graph" and encoding == "kmer_graph":
            faults.append(f"models: {model!r} does not take a graph; use representation one_hot, kmer, word2vec or bpe")
        elif model in NETWORKS and model != "transformer" and encoding == "transformer":
            faults.append(
                f"models: {model!r} does not take embeddings of a transformer; use transformer (fine-tuned), or {', '.join(FEATURE_MODELS)}"
            )
        elif target in ("splice_sites", "profile") and model in NETWORKS and encoding != "one_hot":
            faults.append(f"models: {model!r} predicts along the sequence from one_hot alone")
    if target == "profile" and {"cnn_lstm", "lstm", "transformer", "graph"} & set(task.models):
        faults.append("models: profiles are predicted by cnn, dilated_resnet, kmer_linear and gc_content")
    return faults


def _check_balance(task: Any) -> list[str]:
    faults = []
    methods = {task.balance.method, *task.balance.compare}
    if "smote" in methods:
        faults.append(
            "balance.method: smote draws between numbers, and sequences are none; use mutagenesis, oversample or class_weight"
        )
    if methods != {"none"} and (task.sequences.target != "classes" or isinstance(task.label, list)):
        faults.append("balance.method: there are no classes to balance; use none")
    return faults
