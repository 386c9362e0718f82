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
from readsight.interpret.sequence_attribution.query import Head, heads
from readsight.models.calibration import EDGE, logit, sigmoid, softmax
from readsight.models.incremental.engine import Edited
from readsight.models.kmer import KMER_MODELS
from readsight.models.lookup import learned
from readsight.models.model_spec import Variant
from readsight.models.sequence import NETS
from readsight.models.tabular import MODELS
from readsight.models.training.devices import place
from readsight.models.training.model_description import encoding_of

FEW = 64  # bases that differ, up to which edits are sorted by their number: longer ones go on to the window's end


@dataclass
class Asked:
    """The model of one fold. member: of a registry. arrays, about: the trained one. kind: of outcome.

    encoding: of a model that sees features, or tokens. device: of torch.
    """

    member: Any
    arrays: dict[str, np.ndarray]
    about: dict[str, Any]
    kind: str
    encoding: Encoding | None = None
    device: str = "cpu"
    _net: Any = field(default=None, repr=False)
    _edited: Any = field(default=None, repr=False)

    @property
    def network(self) -> bool:
        """Whether it is a network, which is asked for its logits."""
        return hasattr(self.member, "module")

    @property
    def net(self) -> Any:
        """The torch module, in evaluation mode and float32, on the device."""
        if self._net is None:
            self._net = self.member.module(self.arrays, self.about).to(self.device).eval()
        return self._net

    def outputs(self, codes: np.ndarray) -> np.ndarray:
        """Outputs before they become predictions, of windows (n, places) as they are given: no strand is averaged by a network.

        (n,) of binary and regression, (n, K) of several numbers, (n, places, K) of positions, (n, bins) of a profile.
        """
        if self.network:
            return self._of_network(codes)
        if self.member in list(MODELS.members.values()):
            codes = ENCODINGS[self.encoding.name].features(codes, self.encoding)[0]
        guess = np.asarray(self.member.predict(self.arrays, self.about, codes))
        return unpredicted(self.kind, guess)

    def both_alleles(
        self, reference: np.ndarray, which: np.ndarray, alternative: np.ndarray, at: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Outputs of m variants' windows with the one allele and with the other, (m, …) each.

        reference: (k, places), each of which may be that of several variants. which: (m,), whose. alternative: (m, places); they
        differ from place `at` on. A network's outputs are recomputed where a variant changes them alone, if that pays.
        """
        if not self.network:
            return self.outputs(reference)[which], self.outputs(alternative)
        places = reference.shape[1]
        unlike = reference[which] != alternative
        widths = places - at - unlike[:, at:][:, ::-1].argmax(axis=1)  # up to the last place that differs
        widths = np.where(unlike.any(axis=1), widths, 1)
        widths = np.where(widths > FEW, places - at, widths)
        both: list[np.ndarray] = []
        for width in np.unique(widths):
            rows = np.flatnonzero(widths == width)
            new = alternative[rows, at : at + width]
            found = self.edited.before_and_after(reference, which[rows], np.full(len(rows), at), new)
            both = both or [np.empty((len(which), *part.shape[1:]), np.float32) for part in found]
            for held, part in zip(both, found, strict=True):
                held[rows] = part
        return both[0], both[1]

    @property
    def edited(self) -> Edited:
        """The network, to be asked of edits of windows."""
        if self._edited is None:
            self._edited = Edited.of(self.net, self.about, encoding_of(self.arrays, self.about))
        return self._edited

    def _of_network(self, codes: np.ndarray) -> np.ndarray:
        from readsight.models.training.batch_size import at_once
        from readsight.models.training.inputs import carried, made

        size = at_once(self.about, "cpu" if self.device == "cpu" else "gpu")
        encoding = encoding_of(self.arrays, self.about)
        found = []
        with torch.inference_mode():
            for first in range(0, len(codes), size):
                given = carried(np.ascontiguousarray(codes[first : first + size]), self.about, encoding).to(self.device)
                found.append(self.net(made(given, self.about)).float().cpu().numpy())
        return np.concatenate(found)


def unpredicted(kind: str, guess: np.ndarray) -> np.ndarray:
    """Outputs from predictions, those at the edges held back."""
    if kind == "regression":
        return guess
    if kind == "profile":
        held = np.maximum(guess, EDGE)
        return held + np.log(-np.expm1(-held))
    if kind in ("multiclass", "positions"):
        return np.log(np.clip(guess, EDGE, 1))
    return logit(guess)


def told(kind: str, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The explained numbers of `readsight.interpret.sequence_attribution.query.heads` and the predictions, both (n, heads) float64, of outputs a window."""
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
class Models:
    """The models of all folds, and what is said of them.

    word: the registry's. outcome: what is predicted. length: bases of a window. pair: whether they read both alleles' windows
    side by side. both: whether predictions are averaged over both strands. stranded: whether the strand means something.
    """

    word: str
    outcome: Outcome
    asked: list[Asked]
    length: int
    pair: bool
    both: bool
    stranded: bool
    hashed: str

    @property
    def heads(self) -> list[Head]:
        return heads(self.outcome)


def read(tensors: Path, about: Path, representation: tuple[Path, Path] | None = None) -> Models:
    """The trained models of a repeat. representation: what was learned of it in each fold (arrays, about).

    Raises InputError where model and representation do not belong together, or the model is not one of sequences.
    """
    arrays, content = model_file.read(tensors, about)
    sequence = content.get("sequence")
    if not sequence:
        raise InputError(f"{about}: was not trained on sequences; effects of variants are predicted by models of sequences")
    encodings: list[Encoding | None] = [None] * len(arrays)
    if representation:
        encodings, mark = learned(*representation)
        fits = [(mark, content["certificate"], "certificate"), (encodings[0].name, content["representation"], "representation")]
        faults = [
            f"{representation[1]}: {name} is {now}, and {about} was trained with {then}"
            for now, then, name in fits
            if now != then
        ]
        if len(encodings) != len(arrays):
            faults.append(f"{representation[1]}: holds {len(encodings)} folds, and {about} {len(arrays)}")
        if faults:
            raise InputError(faults)
    word, outcome = Variant.of(content["model"]).model, Outcome.of(content["outcome"])
    member = next((registry[word] for registry in (NETS, KMER_MODELS, MODELS) if word in registry), None)
    if member is None:
        raise InputError(f"{about}: {word!r} is no model that effects of variants can be predicted by")
    rows = [row["about"] for row in content["folds"]]
    network = word in NETS
    made = [
        Asked(member, own, row, outcome.kind, encoding, place(row) if network else "cpu")
        for own, row, encoding in zip(arrays, rows, encodings, strict=True)
    ]
    both = network and bool(rows[0].get("average_strands"))
    return Models(
        word, outcome, made, sequence["length"], sequence["pair"], both, bool(sequence["stranded"]), sha256(tensors)
    )  # fmt: skip


def fits_genome(models: Models, genome: Genome, codes: Path, made_from: dict[str, str], length: int | None, about: Path) -> None:
    """Raise InputError where the models read windows of another length, or learned from windows of another genome.

    made_from: file → hash of what the examples were made of. length: bases of the task's windows, None where it does not say.
    """
    faults = []
    if length is not None and length != models.length:
        faults.append(f"{about}: was trained on windows of {models.length} bases, and those of the examples have {length}")
    then = made_from.get(Path(codes).name)
    if then is not None and then != sha256(codes):
        faults.append(
            f"{codes}: is not the genome that {about} was trained on (other contents); predict variants on the genome of the training"
        )
    if len(genome.raw) and int(np.asarray(genome.raw[:: max(1, len(genome.raw) // 100_000)] & 7).max()) > 4:
        faults.append(f"{codes}: holds letters that are no bases (A C G T N)")
    if faults:
        raise InputError(faults)


@contextmanager
def undisturbed(threads: int) -> Iterator[None]:
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
