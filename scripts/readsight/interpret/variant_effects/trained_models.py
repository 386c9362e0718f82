"""Trained models of sequence, asked for what they put out of windows: a number, or some, a window or a base of it."""

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

MAX_EXACT_WIDTH = 64  # bases that differ, up to which edits are sorted by their number: longer ones go on to the window's end


@dataclass
class FoldModel:
    """The model of one fold. member: of a registry. arrays, description: the trained one. kind: of outcome.

    encoding: of a model that sees features, or tokens. device: of torch.
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
        """Whether it is a network, which is asked for its logits."""
        return hasattr(self.member, "module")

    @property
    def net(self) -> Any:
        """The torch module, in evaluation mode and float32, on the device."""
        if self._net is None:
            self._net = self.member.module(self.arrays, self.description).to(self.device).eval()
        return self._net

    def compute_outputs(self, codes: np.ndarray) -> np.ndarray:
        """Outputs before they become predictions, of windows (n, places) as they are given: no strand is averaged by a network.

        (n,) of binary and regression, (n, K) of several numbers, (n, places, K) of positions, (n, bins) of a profile.
        """
        if self.is_network:
            return self._run_network(codes)
        if self.member in list(MODELS.members.values()):
            codes = ENCODINGS[self.encoding.name].features(codes, self.encoding)[0]
        predictions = np.asarray(self.member.predict(self.arrays, self.description, codes))
        return invert_predictions(self.kind, predictions)

    def compute_allele_outputs(
        self, reference: np.ndarray, which: np.ndarray, alternative: np.ndarray, offset: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Outputs of m variants' windows with the one allele and with the other, (m, …) each.

        reference: (k, places), each of which may be that of several variants. which: (m,), whose. alternative: (m, places); they
        differ from place `offset` on. A network's outputs are recomputed where a variant changes them alone, if that pays.
        """
        if not self.is_network:
            return self.compute_outputs(reference)[which], self.compute_outputs(alternative)
        places = reference.shape[1]
        is_different = reference[which] != alternative
        widths = places - offset - is_different[:, offset:][:, ::-1].argmax(axis=1)  # up to the last place that differs
        widths = np.where(is_different.any(axis=1), widths, 1)
        widths = np.where(widths > MAX_EXACT_WIDTH, places - offset, widths)
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
        """The network, to be asked of edits of windows."""
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
    """Outputs from predictions, those at the edges held back."""
    if kind == "regression":
        return predictions
    if kind == "profile":
        clipped = np.maximum(predictions, EDGE)
        return clipped + np.log(-np.expm1(-clipped))
    if kind in ("multiclass", "positions"):
        return np.log(np.clip(predictions, EDGE, 1))
    return logit(predictions)


def score_outputs(kind: str, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The explained numbers of `readsight.interpret.sequence_attribution.query.output_heads` and the predictions, both (n, heads) float64, of outputs a window."""
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
    """The models of all folds, and what is said of them.

    model_name: the registry's. outcome: what is predicted. length: bases of a window. pair: whether they read both alleles' windows
    side by side. average_strands: whether predictions are averaged over both strands. stranded: whether the strand means something.
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
    """The trained models of a repeat. representation: what was learned of it in each fold (arrays, about).

    Raises InputError where model and representation do not belong together, or the model is not one of sequences.
    """
    arrays, content = model_file.read(tensors, description)
    sequence = content.get("sequence")
    if not sequence:
        raise InputError(f"{description}: was not trained on sequences; effects of variants are predicted by models of sequences")
    encodings: list[Encoding | None] = [None] * len(arrays)
    if representation:
        encodings, digest = read_encodings(*representation)
        comparisons = [
            (digest, content["certificate"], "certificate"),
            (encodings[0].name, content["representation"], "representation"),
        ]
        faults = [
            f"{representation[1]}: {name} is {actual}, and {description} was trained with {expected}"
            for actual, expected, name in comparisons
            if actual != expected
        ]
        if len(encodings) != len(arrays):
            faults.append(f"{representation[1]}: holds {len(encodings)} folds, and {description} {len(arrays)}")
        if faults:
            raise InputError(faults)
    model_name, outcome = ModelSpec.parse(content["model"]).model, Outcome.from_dict(content["outcome"])
    member = next((registry[model_name] for registry in (NETWORKS, KMER_MODELS, MODELS) if model_name in registry), None)
    if member is None:
        raise InputError(f"{description}: {model_name!r} is no model that effects of variants can be predicted by")
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
    """Raise InputError where the models read windows of another length, or learned from windows of another genome.

    made_from: file → hash of what the examples were made of. length: bases of the task's windows, None where it does not say.
    """
    faults = []
    if length is not None and length != models.length:
        faults.append(f"{description}: was trained on windows of {models.length} bases, and those of the examples have {length}")
    expected_digest = made_from.get(Path(codes).name)
    if expected_digest is not None and expected_digest != sha256(codes):
        faults.append(
            f"{codes}: is not the genome that {description} was trained on (other contents); predict variants on the genome of the training"
        )
    if len(genome.raw) and int(np.asarray(genome.raw[:: max(1, len(genome.raw) // 100_000)] & 7).max()) > 4:
        faults.append(f"{codes}: holds letters that are no bases (A C G T N)")
    if faults:
        raise InputError(faults)


@contextmanager
def protect_torch_state(threads: int) -> Iterator[None]:
    """So many threads of torch, exact products on a GPU, and nothing learned; all is as before afterwards."""
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
