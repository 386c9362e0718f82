"""Trained sequence models and their raw outputs for windows of both alleles."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from readsight.dataset.certificate import sha256
from readsight.dataset.encodings import ENCODINGS
from readsight.dataset.fold_file import Encoding
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError
from readsight.formats import model_file
from readsight.genome.store import Genome
from readsight.interpret.sequence_attribution.query import OutputHead, output_heads
from readsight.models.calibration import EDGE, logit, sigmoid, softmax
from readsight.models.incremental.engine import IncrementalNetwork
from readsight.models.kmer import KMER_MODELS
from readsight.models.lookup import read_encodings
from readsight.models.model_spec import ModelSpec
from readsight.models.sequence import NETWORKS
from readsight.models.tabular import MODELS
from readsight.models.training.devices import select_device
from readsight.models.training.model_description import restore_encoding

MAX_EXACT_WIDTH = 64  # differing bases up to which edits are grouped by width; wider ones extend to the end of the window


@dataclass
class FoldModel:
    """The model of one fold.

    Attributes
    ----------
    member : registry module of the model.
    arrays, description : of the trained model.
    kind : of the outcome.
    encoding : for models of features or tokens.
    device : of torch.
    """

    member: Any
    arrays: dict[str, np.ndarray]
    description: dict[str, Any]
    kind: str
    encoding: Encoding | None = None
    device: str = "cpu"
    _net: Any = field(default=None, repr=False)
    _incremental: Any = field(default=None, repr=False)

    @property
    def is_network(self) -> bool:
        """Whether it is a network, which gives logits."""
        return hasattr(self.member, "load_module")

    @property
    def net(self) -> Any:
        """The torch module, in evaluation mode and float32, on the device."""
        if self._net is None:
            self._net = self.member.load_module(self.arrays, self.description).to(self.device).eval()
        return self._net

    def compute_outputs(self, codes: np.ndarray) -> np.ndarray:
        """Raw outputs of windows (n, positions), without averaging strands for networks.

        Shape (n,) for binary and regression, (n, K) for several outputs, (n, positions, K) for positions, (n, bins) for
        profiles.
        """
        if self.is_network:
            return self._run_network(codes)
        if self.member in list(MODELS.members.values()):
            codes = ENCODINGS[self.encoding.name].compute_features(codes, self.encoding)[0]
        predictions = np.asarray(self.member.predict(self.arrays, self.description, codes))
        return invert_predictions(self.kind, predictions)

    def compute_allele_outputs(
        self, reference: np.ndarray, which: np.ndarray, alternative: np.ndarray, offset: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Outputs of m variants with the reference and the alternative allele, (m, …) each.

        Parameters
        ----------
        reference : (k, positions), windows shared by variants.
        which : (m,), reference window of each variant.
        alternative : (m, positions), equal to the reference before `offset`.

        Notes
        -----
        Networks are recomputed only where a variant changes them if that is cheaper.
        """
        if not self.is_network:
            return self.compute_outputs(reference)[which], self.compute_outputs(alternative)
        length = reference.shape[1]
        is_different = reference[which] != alternative
        widths = length - offset - is_different[:, offset:][:, ::-1].argmax(axis=1)  # up to the last differing position
        widths = np.where(is_different.any(axis=1), widths, 1)
        widths = np.where(widths > MAX_EXACT_WIDTH, length - offset, widths)
        outputs: list[np.ndarray] = []
        for width in np.unique(widths):
            rows = np.flatnonzero(widths == width)
            new = alternative[rows, offset : offset + width]
            pair = self.incremental.compute_before_and_after(reference, which[rows], np.full(len(rows), offset), new)
            outputs = outputs or [np.empty((len(which), *values.shape[1:]), np.float32) for values in pair]
            for target, values in zip(outputs, pair, strict=True):
                target[rows] = values
        return outputs[0], outputs[1]

    @property
    def incremental(self) -> IncrementalNetwork:
        """The network, prepared for edited windows."""
        if self._incremental is None:
            self._incremental = IncrementalNetwork.from_network(
                self.net, self.description, restore_encoding(self.arrays, self.description)
            )
        return self._incremental

    def _run_network(self, codes: np.ndarray) -> np.ndarray:
        from readsight.models.training.batch_size import choose_batch_size
        from readsight.models.training.inputs import encode_batch, to_network_input

        size = choose_batch_size(self.description, "cpu" if self.device == "cpu" else "gpu")
        encoding = restore_encoding(self.arrays, self.description)
        chunks = []
        with torch.inference_mode():
            for first in range(0, len(codes), size):
                inputs = encode_batch(np.ascontiguousarray(codes[first : first + size]), self.description, encoding).to(
                    self.device
                )
                chunks.append(self.net(to_network_input(inputs, self.description)).float().cpu().numpy())
        return np.concatenate(chunks)


def invert_predictions(kind: str, predictions: np.ndarray) -> np.ndarray:
    """Outputs from predictions, clipped at the edges."""
    if kind == "regression":
        return predictions
    if kind == "profile":
        clipped = np.maximum(predictions, EDGE)
        return clipped + np.log(-np.expm1(-clipped))
    if kind in ("multiclass", "positions"):
        return np.log(np.clip(predictions, EDGE, 1))
    return logit(predictions)


def score_outputs(kind: str, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Explained outputs (`query.output_heads`) and predictions, both (n, heads) float64, of outcomes of the window."""
    values = np.asarray(outputs, np.float64).reshape(len(outputs), -1)
    if kind == "regression":
        return values, values
    if kind == "profile":
        total = np.logaddexp(0, values).sum(axis=1, keepdims=True)
        return np.log(np.maximum(total, EDGE)), total
    if kind == "multiclass":
        return values - values.mean(axis=1, keepdims=True), softmax(values)
    return values, sigmoid(values)


@dataclass
class TrainedModels:
    """Models of all folds and their settings.

    Attributes
    ----------
    model_name : name in the registry.
    length : window length, bases.
    pair : whether both alleles are given as one input.
    average_strands : whether predictions are means of both strands.
    stranded : whether the outcome depends on the strand.
    digest : of the model file.
    """

    model_name: str
    outcome: Outcome
    fold_models: list[FoldModel]
    length: int
    pair: bool
    average_strands: bool
    stranded: bool
    digest: str

    @property
    def heads(self) -> list[OutputHead]:
        return output_heads(self.outcome)


def read_models(tensors: Path, description: Path, representation: tuple[Path, Path] | None = None) -> TrainedModels:
    """The trained models of a repeat. representation: arrays and description of a fitted representation.

    Raises InputError if model and representation do not match, or if it is not a sequence model.
    """
    arrays, content = model_file.read(tensors, description)
    sequence = content.get("sequence")
    if not sequence:
        raise InputError(f"{description}: was not trained on sequences; variant effects need a sequence model")
    encodings: list[Encoding | None] = [None] * len(arrays)
    if representation:
        encodings, digest = read_encodings(*representation)
        comparisons = [
            (digest, content["certificate"], "certificate"),
            (encodings[0].name, content["representation"], "representation"),
        ]
        faults = [
            f"{representation[1]}: {name} is {actual}, but {description} was trained with {expected}"
            for actual, expected, name in comparisons
            if actual != expected
        ]
        if len(encodings) != len(arrays):
            faults.append(f"{representation[1]}: contains {len(encodings)} folds, but {description} {len(arrays)}")
        if faults:
            raise InputError(faults)
    model_name, outcome = ModelSpec.parse(content["model"]).model, Outcome.from_dict(content["outcome"])
    member = next((registry[model_name] for registry in (NETWORKS, KMER_MODELS, MODELS) if model_name in registry), None)
    if member is None:
        raise InputError(f"{description}: {model_name!r} is not a model that can predict variant effects")
    rows = [row["about"] for row in content["folds"]]
    is_network = model_name in NETWORKS
    fold_models = [
        FoldModel(member, fold_arrays, row, outcome.kind, encoding, select_device(row) if is_network else "cpu")
        for fold_arrays, row, encoding in zip(arrays, rows, encodings, strict=True)
    ]
    average_strands = is_network and bool(rows[0].get("average_strands"))
    return TrainedModels(
        model_name, outcome, fold_models, sequence["length"], sequence["pair"], average_strands, bool(sequence["stranded"]), sha256(tensors)
    )  # fmt: skip


def check_genome(
    models: TrainedModels, genome: Genome, codes: Path, made_from: dict[str, str], length: int | None, description: Path
) -> None:
    """Raise InputError if the models were trained on windows of another length or on another genome.

    made_from: file → digest of the files that the examples were built from. length: window length of the task, None if not
    known.
    """
    faults = []
    if length is not None and length != models.length:
        faults.append(
            f"{description}: was trained on windows of {models.length} bases, but the examples have windows of {length}"
        )
    expected_digest = made_from.get(Path(codes).name)
    if expected_digest is not None and expected_digest != sha256(codes):
        faults.append(
            f"{codes}: differs from the genome that {description} was trained on; predict variants on the training genome"
        )
    if len(genome.raw) and int(np.asarray(genome.raw[:: max(1, len(genome.raw) // 100_000)] & 7).max()) > 4:
        faults.append(f"{codes}: contains letters that are not bases (A C G T N)")
    if faults:
        raise InputError(faults)


@contextmanager
def protect_torch_state(threads: int) -> Iterator[None]:
    """Set threads, exact float32 products and inference mode; the previous state is restored on exit."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with (
            torch.inference_mode(),
            torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False),
        ):
            yield
    finally:
        torch.set_num_threads(before)
