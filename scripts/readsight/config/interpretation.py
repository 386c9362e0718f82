"""Config of the interpretation of sequence models: attributions, motifs, variant effects, personal genomes."""

from typing import Any, Literal

from pydantic import Field

from readsight.config.base import Fraction, Name, Positive, Section

# Networks that have a gradient per base if their input is one-hot.
DIFFERENTIABLE = ("cnn", "dilated_resnet", "cnn_lstm", "lstm", "transformer")
# Attribution method of sequences → networks that it is defined on; None: any model.
METHODS: dict[str, tuple[str, ...] | None] = {
    "saliency": DIFFERENTIABLE,
    "input_x_gradient": DIFFERENTIABLE,
    "smoothgrad": DIFFERENTIABLE,
    "integrated_gradients": DIFFERENTIABLE,
    "deep_shap": ("cnn", "dilated_resnet"),
    "gradient_shap": DIFFERENTIABLE,
    "grad_cam": ("cnn", "dilated_resnet", "cnn_lstm", "transformer"),
    "attention_rollout": ("transformer",),
    "shap": None,
    "mutagenesis": None,
}
Attribution = Literal[
    "saliency",
    "input_x_gradient",
    "smoothgrad",
    "integrated_gradients",
    "deep_shap",
    "gradient_shap",
    "grad_cam",
    "attention_rollout",
    "shap",
    "mutagenesis",
]
# Methods that show which positions a model uses, without a sign per base.
LOCATION_METHODS = ("grad_cam", "attention_rollout")


class MotifsConfig(Section):
    """Discovery of the motifs that a model uses, from its attributions."""

    sequences: int = Field(
        2000, ge=0, description="Number of test sequences for motif discovery (TF-MoDISco); 0: no motif discovery."
    )
    method: str | None = Field(
        None,
        description="Attribution method for motif discovery. Default: the first of deep_shap, integrated_gradients, gradient_shap, mutagenesis, shap that the task computes.",
    )
    database: str | None = Field(
        None,
        description="Known motifs in MEME format (HOCOMOCO, JASPAR), plain or gzip; TOMTOM matches discovered motifs to them.",
    )
    seqlets: Positive = Field(5000, description="Maximum number of seqlets (windows of high attribution) of each sign.")
    match: Fraction = Field(0.05, description="Largest q-value of a match to a known motif.")
    hit: float = Field(1e-4, gt=0, lt=1, description="Largest p-value of a motif hit in a sequence.")


class VariantSet(Section):
    """Variants whose effects the model predicts."""

    name: Name = Field(description="Name of the set, used in its file names.")
    vcf: str | None = Field(None, description="VCF or BCF. Default: the calls of `caller`.")
    caller: str | None = Field(None, description="Calls of this project: one of variants.callers, `given` or `consensus`.")
    label: str | None = Field(None, description="INFO key of known effects, used for evaluation.")
    positive: list[str] = Field(
        ["1", "true", "pathogenic", "likely_pathogenic", "pathogenic/likely_pathogenic", "causal"],
        description="Values of the label for variants with an effect; case is ignored.",
    )
    negative: list[str] = Field(
        ["0", "false", "benign", "likely_benign", "benign/likely_benign", "neutral"],
        description="Values of the label for variants without an effect; variants with any other value are scored but not evaluated.",
    )
    site: str | None = Field(
        None, description="INFO key of the position (1-based) of the splice site that a variant disrupts, where it is known."
    )
    conservation: str | None = Field(
        None, description="INFO key, or bigWig file, of a conservation score, which is a baseline for the model."
    )
    shifts: list[int] = Field(
        [-8, 0, 8], min_length=1, description="Shifts of the window, in bases; predictions are averaged over all shifts."
    )
    distance: Positive = Field(
        50, description="Distance from the variant within which splice-site gain and loss is computed, in bases."
    )


class Personal(Section):
    """Predictions for personal genomes: the haplotype sequences of individuals."""

    name: Name = Field(description="Name of the set, used in its file names.")
    vcf: str | None = Field(None, description="VCF or BCF with genotypes. Default: the calls of `caller`.")
    caller: str | None = Field(None, description="Calls of this project: one of variants.callers, `given` or `consensus`.")
    samples: list[str] = Field([], description="Samples of the VCF. Default: all.")
    regions: str | None = Field(
        None,
        description="BED of the windows, resized to the task's sequence length. Default: the test windows of the task.",
    )


class Interpret(Section):
    """Interpretation of the first model of a task on sequences."""

    baseline: Literal["shuffled", "uniform", "zeros"] = Field(
        "shuffled",
        description="Baseline of the attributions: the sequence with shuffled dinucleotides, uniform base frequencies, or all zeros.",
    )
    baselines: Positive = Field(5, description="Number of shuffled baselines per sequence.")
    correction: bool = Field(True, description="Project gradients onto the simplex of base frequencies (Majdandzic et al. 2023).")
    drawn: Positive = Field(6, description="Number of examples to plot.")
    motifs: MotifsConfig = Field(MotifsConfig(), description="Motif discovery.")
    variants: list[VariantSet] = Field([], description="Sets of variants whose effects are predicted.")
    personal: list[Personal] = Field([], description="Sets of personal genomes for which predictions are made.")


def choose_default_methods(model: str, representation: str) -> list[str]:
    """Default attribution methods for the first model of a task."""
    named = [m for m in ("integrated_gradients", "deep_shap", "mutagenesis") if is_defined(m, model, representation)]
    return named


def is_defined(method: str, model: str, representation: str) -> bool:
    """Whether an attribution method is defined on a sequence model with this representation."""
    models = METHODS.get(method, ())
    return models is None or (model in models and (representation == "one_hot" or method == "attention_rollout"))


def choose_motif_method(task: Any) -> str:
    """Attribution method for motif discovery: the configured one, else the first suitable one that the task computes."""
    order = ("deep_shap", "integrated_gradients", "gradient_shap", "mutagenesis", "shap")
    candidates = [m for m in order if is_defined(m, task.models[0], task.representation)]
    return task.interpret.motifs.method or next((m for m in candidates if m in task.attributions), candidates[0])


def list_files(task: Any) -> list[tuple[str, str, str]]:
    """(key, path, format) of the files that the interpretation of a task on sequences reads."""
    settings = task.interpret
    files = [("interpret.motifs.database", settings.motifs.database, "MEME")]
    for i, entry in enumerate(settings.variants):
        files += [(f"interpret.variants.{i}.vcf", entry.vcf, "VCF")]
        if is_bigwig(entry.conservation):
            files += [(f"interpret.variants.{i}.conservation", entry.conservation, "bigWig")]
    for i, entry in enumerate(settings.personal):
        files += [(f"interpret.personal.{i}.vcf", entry.vcf, "VCF"), (f"interpret.personal.{i}.regions", entry.regions, "BED")]
    return [(key, path, kind) for key, path, kind in files if path]


def is_bigwig(conservation: str | None) -> bool:
    """Whether `conservation` is a bigWig file rather than an INFO key."""
    return bool(conservation) and conservation.lower().endswith((".bw", ".bigwig"))


def check_interpretation(task: Any, callers: list[str], fasta: bool) -> list[str]:
    """Check the interpretation settings of a task on sequences.

    Parameters
    ----------
    task : a `tasks.Task`.
    callers : call sets of the project.
    fasta : whether the project has a reference genome.

    Returns
    -------
    One message per fault, each beginning with its key.
    """
    settings, model, encoding = task.interpret, task.models[0], task.representation
    defined = [m for m in METHODS if is_defined(m, model, encoding)]
    faults = [
        f"attributions: {m!r} is not defined on {model} ({encoding}); use {', '.join(defined)}"
        for m in task.attributions
        if m not in defined
    ]
    if task.attributions == ["attention_rollout"]:
        faults.append("attributions: attention_rollout shows positions only, without contributions; add a second method")
    method = settings.motifs.method
    if method and (method in LOCATION_METHODS or method not in defined):
        faults.append(
            f"interpret.motifs.method: motif discovery needs one of {', '.join(m for m in defined if m not in LOCATION_METHODS)}, not {method!r}"
        )
    if (settings.variants or settings.personal) and not (task.sequences.genome or fasta):
        faults.append("interpret.variants: windows are extracted from a genome; set sequences.genome or reference.fasta")
    for key, sets in (("variants", settings.variants), ("personal", settings.personal)):
        faults += _check_sets(f"interpret.{key}", sets, callers)
        if sets and not task.attributions:
            faults.append(f"interpret.{key}: needs attributions; do not set attributions to an empty list")
    return faults


def _check_sets(key: str, sets: list[Any], callers: list[str]) -> list[str]:
    faults = []
    names = [entry.name for entry in sets]
    faults += [f"{key}.name: {name!r} is used twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    for entry in sets:
        if bool(entry.vcf) == bool(entry.caller):
            faults.append(f"{key}: {entry.name}: set either vcf or caller")
        elif entry.caller and entry.caller not in callers:
            faults.append(
                f"{key}.caller: {entry.caller!r} is not among the callers of this project ({', '.join(callers) or 'none'})"
            )
    return faults
