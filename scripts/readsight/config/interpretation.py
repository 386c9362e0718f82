"""Config of interpreting models of sequence: attributions, motifs, effects of variants, personal sequences."""

from typing import Any, Literal

from pydantic import Field

from readsight.config.base import Fraction, Name, Positive, Section

# Networks that have a gradient by base, where they read one-hot.
DIFFERENTIABLE = ("cnn", "dilated_resnet", "cnn_lstm", "lstm", "transformer")
# Attribution methods of sequences: which networks each is defined on; None: any model.
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
# Methods that say where the model looks, not which base does what.
LOCATION_METHODS = ("grad_cam", "attention_rollout")


class MotifsConfig(Section):
    """Motifs that the model goes by, found in its attributions."""

    sequences: int = Field(
        2000, ge=0, description="Test sequences that motifs are sought in (TF-MoDISco); 0: motifs are not sought."
    )
    method: str | None = Field(
        None,
        description="Attribution method that they are sought with. Default: the first of deep_shap, integrated_gradients, gradient_shap, mutagenesis and the others that the task asks for.",
    )
    database: str | None = Field(
        None, description="Known motifs in MEME format (HOCOMOCO, JASPAR), gzip too; found ones are matched to them by TOMTOM."
    )
    seqlets: Positive = Field(5000, description="Most stretches of high attribution that patterns are made of, of each sign.")
    match: Fraction = Field(0.05, description="Largest q-value of a match to a known motif.")
    hit: float = Field(1e-4, gt=0, lt=1, description="Largest p-value of a hit along sequences.")


class VariantSet(Section):
    """Variants whose effects the model predicts."""

    name: Name = Field(description="What the set is called; its files bear this name.")
    vcf: str | None = Field(None, description="VCF or BCF. Default: the calls of `caller`.")
    caller: str | None = Field(None, description="Whose calls of this project: one of variants.callers, `given` or `consensus`.")
    label: str | None = Field(
        None, description="INFO key that says which variants are known to do something, to be evaluated by."
    )
    positive: list[str] = Field(
        ["1", "true", "pathogenic", "likely_pathogenic", "pathogenic/likely_pathogenic", "causal"],
        description="Values of it that mean that they do; case does not count.",
    )
    negative: list[str] = Field(
        ["0", "false", "benign", "likely_benign", "benign/likely_benign", "neutral"],
        description="Values of it that mean that they do nothing; variants with other values are scored, and not evaluated by.",
    )
    site: str | None = Field(
        None, description="INFO key of the position (1-based) of the splice site that a variant breaks, where that is known."
    )
    conservation: str | None = Field(
        None, description="INFO key, or bigWig, of conservation: a baseline that the model is ranked beside."
    )
    shifts: list[int] = Field(
        [-8, 0, 8], min_length=1, description="Bases that the window is shifted by; predictions are averaged over all shifts."
    )
    distance: Positive = Field(50, description="Bases to each side of a variant in which splice sites are gained or lost.")


class Personal(Section):
    """Sequences of people, and what the model predicts of them."""

    name: Name = Field(description="What the set is called; its files bear this name.")
    vcf: str | None = Field(None, description="VCF or BCF with genotypes. Default: the calls of `caller`.")
    caller: str | None = Field(None, description="Whose calls of this project: one of variants.callers, `given` or `consensus`.")
    samples: list[str] = Field([], description="Samples of it. Default: all.")
    regions: str | None = Field(
        None,
        description="BED of the windows; they are widened or cut to the task's length. Default: the task's own test windows.",
    )


class Interpret(Section):
    """How the first model of a task on sequences is interpreted."""

    baseline: Literal["shuffled", "uniform", "zeros"] = Field(
        "shuffled",
        description="What a sequence is compared with: itself with its dinucleotides shuffled, a uniform mixture of bases, or nothing.",
    )
    baselines: Positive = Field(5, description="Shuffled sequences that each one is compared with; each has its own.")
    correction: bool = Field(
        True, description="Take from gradients what points off the simplex of bases (Majdandzic et al. 2023)."
    )
    drawn: Positive = Field(6, description="Examples that figures are drawn of.")
    motifs: MotifsConfig = Field(MotifsConfig(), description="Motifs.")
    variants: list[VariantSet] = Field([], description="Sets of variants whose effects are predicted.")
    personal: list[Personal] = Field([], description="Sets of people's sequences that are predicted.")


def choose_default_methods(model: str, representation: str) -> list[str]:
    """Attribution methods where none are named. model: the task's first."""
    named = [m for m in ("integrated_gradients", "deep_shap", "mutagenesis") if is_defined(m, model, representation)]
    return named


def is_defined(method: str, model: str, representation: str) -> bool:
    """Whether a method is defined on a model of sequences."""
    models = METHODS.get(method, ())
    return models is None or (model in models and (representation == "one_hot" or method == "attention_rollout"))


def choose_motif_method(task: Any) -> str:
    """The method that motifs are sought with."""
    order = ("deep_shap", "integrated_gradients", "gradient_shap", "mutagenesis", "shap")
    candidates = [m for m in order if is_defined(m, task.models[0], task.representation)]
    return task.interpret.motifs.method or next((m for m in candidates if m in task.attributions), candidates[0])


def list_files(task: Any) -> list[tuple[str, str, str]]:
    """(key, path, format) of the files that interpretation of a task on sequences reads."""
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
    """Whether conservation is a file, rather than an INFO key."""
    return bool(conservation) and conservation.lower().endswith((".bw", ".bigwig"))


def check_interpretation(task: Any, callers: list[str], fasta: bool) -> list[str]:
    """What keeps a task on sequences from being interpreted, each beginning with its key.

    task: a `tasks.Task`. callers: sets of calls of the project. fasta: whether the project has a reference.
    """
    settings, model, encoding = task.interpret, task.models[0], task.representation
    defined = [m for m in METHODS if is_defined(m, model, encoding)]
    faults = [
        f"attributions: {m!r} is not defined on {model} ({encoding}); use {', '.join(defined)}"
        for m in task.attributions
        if m not in defined
    ]
    if task.attributions == ["attention_rollout"]:
        faults.append("attributions: attention_rollout alone says where a model looks, not why; name another method beside it")
    method = settings.motifs.method
    if method and (method in LOCATION_METHODS or method not in defined):
        faults.append(
            f"interpret.motifs.method: motifs are found by {', '.join(m for m in defined if m not in LOCATION_METHODS)}, not {method!r}"
        )
    if (settings.variants or settings.personal) and not (task.sequences.genome or fasta):
        faults.append("interpret.variants: windows are cut out of a genome; name sequences.genome or reference.fasta")
    for key, sets in (("variants", settings.variants), ("personal", settings.personal)):
        faults += _check_sets(f"interpret.{key}", sets, callers)
        if sets and not task.attributions:
            faults.append(f"interpret.{key}: needs a task that is interpreted; do not leave attributions empty")
    return faults


def _check_sets(key: str, sets: list[Any], callers: list[str]) -> list[str]:
    faults = []
    names = [entry.name for entry in sets]
    faults += [f"{key}.name: {name!r} stands there twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    for entry in sets:
        if bool(entry.vcf) == bool(entry.caller):
            faults.append(f"{key}: {entry.name}: name either vcf or caller")
        elif entry.caller and entry.caller not in callers:
            faults.append(
                f"{key}.caller: {entry.caller!r} is not among the callers of this project ({', '.join(callers) or 'none'})"
            )
    return faults
