"""Pre-training of an encoder by telling masked words from what is around them (Devlin et al. 2019; for DNA, Ji et al. 2021).

Words of k bases overlap: one that is masked by itself is told by its neighbours, letter by letter. So runs of words are
masked, and of how well they are told only those count of which no base stands in a word that is left. The encoder learns
from the others too, of which some bases are known: they teach it how words follow each other.
"""

import logging
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from readsight.dataset.encodings import kmer_tokens
from readsight.dataset.encodings.encoder import Encoder, device
from readsight.genome.codes import reverse_complement

log = logging.getLogger("readsight")

BATCH = (16, 128)  # sequences of a step, fewest and most: of few sequences many steps are made
STEPS = 64  # of a pass, at least, where that many are to be had
RATE = 2e-3
DECAY = 0.01
SPREAD = 0.02  # deviation of letters' embeddings to begin with
OWN = 0.03  # of what is a word's own: without it words with the same letters can hardly be told apart in a mean
HELD = 512  # sequences that masked words are told in to see how well it goes, at most, and at most a tenth


def span(tokens: int, k: int, part: float) -> tuple[int, int]:
    """Runs that are masked in a sequence of so many tokens, and tokens of each: about that part of them, at least 2k − 1 a run."""
    due = part * tokens
    runs = max(1, round(due / (3 * k - 2)))
    return runs, int(max(2 * k - 1, round(due / runs)))


def masks(tokens: torch.Tensor, k: int, part: float, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Which tokens (n, T) are masked, and which of them count: known words that share no base with one that is left."""
    count, places = tokens.shape
    runs, size = span(places, k, part)
    start = torch.randint(0, places - size + 1, (count, runs), generator=generator)
    place = torch.arange(places)
    masked = ((place >= start[..., None]) & (place < start[..., None] + size)).any(dim=1)
    left = functional.pad((~masked).float(), (k - 1, k - 1))
    hidden = functional.max_pool1d(left[:, None], 2 * k - 1, stride=1)[:, 0] == 0
    return masked, hidden & (tokens > 0)


class Pretraining(nn.Module):
    """An encoder whose words are embedded as the sum of their letters and of what is the word's own, and told by the same.

    Letters are shared by all words that have them in that place: so few sequences teach what a word of thousands is.
    rates: logarithms of the words' frequencies (4^k,), which scores start from: what is learned is what context adds.
    """

    def __init__(self, about: dict[str, Any], rates: np.ndarray):
        super().__init__()
        k = about["k"]
        self.encoder = Encoder(about)
        self.letters = nn.Parameter(torch.randn(k, 4, about["dimensions"]) * SPREAD)
        self.bias = nn.Parameter(torch.as_tensor(rates, dtype=torch.float32))
        self.register_buffer("spelling", torch.arange(4**k)[:, None] // 4 ** torch.arange(k - 1, -1, -1) % 4)
        nn.init.normal_(self.encoder.embedding.weight, std=OWN)
        with torch.no_grad():
            self.encoder.embedding.weight[0] = 0

    def table(self) -> torch.Tensor:
        """Embeddings (vocabulary, dimensions) of all tokens."""
        spelled = self.letters[torch.arange(len(self.letters), device=self.letters.device), self.spelling].sum(dim=1)
        return self.encoder.embedding.weight + functional.pad(spelled, (0, 0, 1, 1))

    def forward(self, tokens: torch.Tensor, masked: torch.Tensor, counted: torch.Tensor) -> torch.Tensor:
        """Scores (m, 4^k) of the m words that count."""
        table = self.table()
        held = self.encoder(torch.where(masked, len(table) - 1, tokens), table)[counted]
        return held @ table[1:-1].T + self.bias

    def learned(self) -> dict[str, np.ndarray]:
        """Arrays of the encoder, its embeddings put together."""
        with torch.no_grad():
            state = self.encoder.state_dict() | {"embedding.weight": self.table()}
        return {name: value.cpu().numpy() for name, value in state.items()}


def frequencies(windows: np.ndarray, k: int) -> np.ndarray:
    """Logarithms (4^k,) of how often each word stands in windows, each taken to have been seen once more than it was."""
    counts = np.bincount(kmer_tokens.ids(windows, k).ravel(), minlength=4**k + 1)[1:] + 1.0
    return np.log(counts / counts.sum())


def trained(
    windows: np.ndarray, about: dict[str, Any], spec: dict[str, Any], seed: int, threads: int
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays of the encoder, and what is said of its training.

    windows: codes (n, length). about: k, stranded, and what `Encoder` asks for. spec: epochs, masked. Said: history (a row
    a pass: epoch, training loss), and of sequences that were held back: loss (nats) and accuracy of words that count, and
    unigram_loss and unigram_accuracy, of telling them by their frequency in the rest; scored, how many words; masked, the part.
    """
    torch.set_num_threads(threads)
    with torch.random.fork_rng(devices=list(range(torch.cuda.device_count()))):
        torch.manual_seed(seed)
        order = np.random.default_rng(seed).permutation(len(windows))
        held = windows[order[: min(HELD, len(windows) // 10)]]
        rest = windows[order[len(held) :]]
        rates = frequencies(rest, about["k"])
        model = Pretraining(about, rates).to(device())
        history = _passes(model, rest, about, spec, seed)
        said = _told(model.eval(), held if len(held) else rest[:HELD], rates, about, spec["masked"], seed)
    log.info(
        "masked words: loss %(loss).3f, by frequency %(unigram_loss).3f; accuracy %(accuracy).3f, by frequency %(unigram_accuracy).3f",
        said,
    )
    return model.learned(), {"history": history} | said


def _passes(
    model: Pretraining, windows: np.ndarray, about: dict[str, Any], spec: dict[str, Any], seed: int
) -> list[dict[str, float]]:
    generator = torch.Generator().manual_seed(seed)
    draw = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(model.parameters(), RATE, weight_decay=DECAY)
    pieces = -(-len(windows) // int(np.clip(len(windows) // STEPS, *BATCH)))
    steps = spec["epochs"] * pieces
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=max(steps, 2))
    history = []
    for epoch in range(spec["epochs"]):
        losses = []
        for rows in np.array_split(draw.permutation(len(windows)), pieces):
            batch = windows[rows] if about["stranded"] or draw.random() < 0.5 else reverse_complement(windows[rows])
            scores, true = _scored(model, batch, about["k"], spec["masked"], generator)
            if not len(true):
                continue
            loss = functional.cross_entropy(scores, true)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        history.append({"epoch": epoch, "training": float(np.mean(losses)) if losses else float("nan")})
        log.info("masked words, pass %d: loss %.3f", epoch + 1, history[-1]["training"])
    return history


def _scored(
    model: Pretraining, windows: np.ndarray, k: int, part: float, generator: torch.Generator, hidden: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores (m, 4^k) and true words (m,) of what is masked in a batch; hidden: of what counts alone."""
    tokens = torch.as_tensor(kmer_tokens.ids(windows, k).astype(np.int64))
    masked, counted = masks(tokens, k, part, generator)
    counted = counted if hidden else masked & (tokens > 0)
    place = next(model.parameters()).device
    return model(tokens.to(place), masked.to(place), counted.to(place)), (tokens[counted] - 1).to(place)


def _told(
    model: Pretraining, held: np.ndarray, rates: np.ndarray, about: dict[str, Any], part: float, seed: int
) -> dict[str, Any]:
    """How well masked words of held sequences are told, and how well by frequency alone (rates, as of `frequencies`)."""
    generator = torch.Generator().manual_seed(seed + 1)
    k, places = about["k"], about["length"] - about["k"] + 1
    losses, right, usual = [], [], []
    with torch.inference_mode():
        for i in range(0, len(held), BATCH[1]):
            scores, true = _scored(model, held[i : i + BATCH[1]], k, part, generator, hidden=True)
            losses.append(functional.cross_entropy(scores, true, reduction="none").cpu().numpy())
            right.append((scores.argmax(dim=1) == true).cpu().numpy())
            usual.append(true.cpu().numpy())
    true = np.concatenate(usual)
    runs, size = span(places, k, part)
    if not len(true):
        return dict.fromkeys(("loss", "accuracy", "unigram_loss", "unigram_accuracy"), float("nan")) | {
            "scored": 0,
            "masked": 0.0,
        }
    return {
        "loss": float(np.concatenate(losses).mean()),
        "accuracy": float(np.concatenate(right).mean()),
        "unigram_loss": float(-rates[true].mean()),
        "unigram_accuracy": float((true == rates.argmax()).mean()),
        "scored": len(true),
        "masked": min(1.0, runs * size / places),
    }
