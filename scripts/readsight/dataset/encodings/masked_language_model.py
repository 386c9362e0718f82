"""Pre-training of an encoder by masked language modelling (Devlin et al. 2019; for DNA, Ji et al. 2021).

k-mers overlap, so a single masked k-mer can be copied from its neighbours. Therefore runs of k-mers are masked, and the
evaluation counts only k-mers that share no base with a visible one. Training also uses the remaining masked k-mers,
some of whose bases are known: they teach how k-mers follow each other.
"""

import logging
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from readsight.dataset.encodings import kmer_tokens
from readsight.dataset.encodings.encoder import Encoder, select_device
from readsight.genome.codes import reverse_complement

log = logging.getLogger("readsight")

BATCH_SIZES = (16, 128)  # minimum and maximum batch size; small sets use small batches to get enough steps
STEPS_PER_EPOCH = 64  # minimum per epoch, if there are enough sequences
RATE = 2e-3
DECAY = 0.01
BASE_SPREAD = 0.02  # initial deviation of base embeddings
# Initial deviation of token-specific vectors: without them k-mers with equal bases are hard to separate in a mean.
TOKEN_SPREAD = 0.03
VALIDATION_SIZE = 512  # largest number of validation sequences; never more than a tenth


def plan_spans(tokens: int, k: int, fraction: float) -> tuple[int, int]:
    """Number and length of masked runs for this many tokens: about the given fraction, at least 2k − 1 tokens per run."""
    masked_count = fraction * tokens
    runs = max(1, round(masked_count / (3 * k - 2)))
    return runs, int(max(2 * k - 1, round(masked_count / runs)))


def draw_masks(tokens: torch.Tensor, k: int, fraction: float, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Which tokens (n, T) are masked, and which count: known k-mers that share no base with a visible one."""
    count, length = tokens.shape
    runs, size = plan_spans(length, k, fraction)
    start = torch.randint(0, length - size + 1, (count, runs), generator=generator)
    position = torch.arange(length)
    is_masked = ((position >= start[..., None]) & (position < start[..., None] + size)).any(dim=1)
    visible = functional.pad((~is_masked).float(), (k - 1, k - 1))
    is_hidden = functional.max_pool1d(visible[:, None], 2 * k - 1, stride=1)[:, 0] == 0
    return is_masked, is_hidden & (tokens > 0)


class MaskedPretraining(nn.Module):
    """Encoder whose token embedding is the sum of base embeddings and a token-specific vector, with tied output weights.

    Base embeddings are shared by all k-mers with that base at that position, so few sequences suffice to learn thousands
    of k-mers. rates: log frequencies of the k-mers (4^k,), the output bias at the start: training learns what context adds.
    """

    def __init__(self, description: dict[str, Any], rates: np.ndarray):
        super().__init__()
        k = description["k"]
        self.encoder = Encoder(description)
        self.letters = nn.Parameter(torch.randn(k, 4, description["dimensions"]) * BASE_SPREAD)
        self.bias = nn.Parameter(torch.as_tensor(rates, dtype=torch.float32))
        self.register_buffer("spelling", torch.arange(4**k)[:, None] // 4 ** torch.arange(k - 1, -1, -1) % 4)
        nn.init.normal_(self.encoder.embedding.weight, std=TOKEN_SPREAD)
        with torch.no_grad():
            self.encoder.embedding.weight[0] = 0

    def token_table(self) -> torch.Tensor:
        """Embeddings (vocabulary, dimensions) of all tokens."""
        spelled = self.letters[torch.arange(len(self.letters), device=self.letters.device), self.spelling].sum(dim=1)
        return self.encoder.embedding.weight + functional.pad(spelled, (0, 0, 1, 1))

    def forward(self, tokens: torch.Tensor, is_masked: torch.Tensor, is_counted: torch.Tensor) -> torch.Tensor:
        """Scores (m, 4^k) of the m counted k-mers."""
        table = self.token_table()
        hidden = self.encoder(torch.where(is_masked, len(table) - 1, tokens), table)[is_counted]
        return hidden @ table[1:-1].T + self.bias

    def encoder_arrays(self) -> dict[str, np.ndarray]:
        """Arrays of the encoder, with the composed token embeddings."""
        with torch.no_grad():
            state = self.encoder.state_dict() | {"embedding.weight": self.token_table()}
        return {name: value.cpu().numpy() for name, value in state.items()}


def log_frequencies(windows: np.ndarray, k: int) -> np.ndarray:
    """Log frequency (4^k,) of each k-mer in windows, with a pseudo-count of one."""
    counts = np.bincount(kmer_tokens.encode_kmers(windows, k).ravel(), minlength=4**k + 1)[1:] + 1.0
    return np.log(counts / counts.sum())


def pretrain_encoder(
    windows: np.ndarray, description: dict[str, Any], spec: dict[str, Any], seed: int, threads: int
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays of the encoder, and the quality of its training.

    windows: codes (n, length). description: k, stranded, and what `Encoder` needs. spec: epochs, masked. Quality: history
    (one row per epoch: epoch, training loss); on a validation set loss (nats) and accuracy of counted k-mers, and
    unigram_loss and unigram_accuracy of predicting by training frequency; scored, number of k-mers; masked, the fraction.
    """
    torch.set_num_threads(threads)
    with torch.random.fork_rng(devices=list(range(torch.cuda.device_count()))):
        torch.manual_seed(seed)
        order = np.random.default_rng(seed).permutation(len(windows))
        validation = windows[order[: min(VALIDATION_SIZE, len(windows) // 10)]]
        training = windows[order[len(validation) :]]
        rates = log_frequencies(training, description["k"])
        model = MaskedPretraining(description, rates).to(select_device())
        history = _run_epochs(model, training, description, spec, seed)
        quality = _evaluate_masked(
            model.eval(), validation if len(validation) else training[:VALIDATION_SIZE], rates, description, spec["masked"], seed
        )
    log.info(
        "masked k-mers: loss %(loss).3f, by frequency %(unigram_loss).3f; accuracy %(accuracy).3f, by frequency %(unigram_accuracy).3f",
        quality,
    )
    return model.encoder_arrays(), {"history": history} | quality


def _run_epochs(
    model: MaskedPretraining, windows: np.ndarray, description: dict[str, Any], spec: dict[str, Any], seed: int
) -> list[dict[str, float]]:
    generator = torch.Generator().manual_seed(seed)
    rng = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(model.parameters(), RATE, weight_decay=DECAY)
    batch_count = -(-len(windows) // int(np.clip(len(windows) // STEPS_PER_EPOCH, *BATCH_SIZES)))
    steps = spec["epochs"] * batch_count
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=max(steps, 2))
    history = []
    for epoch in range(spec["epochs"]):
        losses = []
        for rows in np.array_split(rng.permutation(len(windows)), batch_count):
            batch = windows[rows] if description["stranded"] or rng.random() < 0.5 else reverse_complement(windows[rows])
            scores, true = _score_masked(model, batch, description["k"], spec["masked"], generator)
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
        log.info("masked k-mers, epoch %d: loss %.3f", epoch + 1, history[-1]["training"])
    return history


def _score_masked(
    model: MaskedPretraining, windows: np.ndarray, k: int, fraction: float, generator: torch.Generator, only_hidden: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores (m, 4^k) and true k-mers (m,) of the masked tokens of a batch; only_hidden: only those without a visible base."""
    tokens = torch.as_tensor(kmer_tokens.encode_kmers(windows, k).astype(np.int64))
    is_masked, is_counted = draw_masks(tokens, k, fraction, generator)
    is_counted = is_counted if only_hidden else is_masked & (tokens > 0)
    device = next(model.parameters()).device
    return model(tokens.to(device), is_masked.to(device), is_counted.to(device)), (tokens[is_counted] - 1).to(device)


def _evaluate_masked(
    model: MaskedPretraining, windows: np.ndarray, rates: np.ndarray, description: dict[str, Any], fraction: float, seed: int
) -> dict[str, Any]:
    """Quality of predicting masked k-mers of windows, and of predicting by frequency (rates, as in `log_frequencies`)."""
    generator = torch.Generator().manual_seed(seed + 1)
    k, length = description["k"], description["length"] - description["k"] + 1
    losses, is_correct, true_ids = [], [], []
    with torch.inference_mode():
        for i in range(0, len(windows), BATCH_SIZES[1]):
            scores, true = _score_masked(model, windows[i : i + BATCH_SIZES[1]], k, fraction, generator, only_hidden=True)
            losses.append(functional.cross_entropy(scores, true, reduction="none").cpu().numpy())
            is_correct.append((scores.argmax(dim=1) == true).cpu().numpy())
            true_ids.append(true.cpu().numpy())
    true = np.concatenate(true_ids)
    runs, size = plan_spans(length, k, fraction)
    if not len(true):
        return dict.fromkeys(("loss", "accuracy", "unigram_loss", "unigram_accuracy"), float("nan")) | {
            "scored": 0,
            "masked": 0.0,
        }
    return {
        "loss": float(np.concatenate(losses).mean()),
        "accuracy": float(np.concatenate(is_correct).mean()),
        "unigram_loss": float(-rates[true].mean()),
        "unigram_accuracy": float((true == rates.argmax()).mean()),
        "scored": len(true),
        "masked": min(1.0, runs * size / length),
    }
