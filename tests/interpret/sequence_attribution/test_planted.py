"""Every method recovers a planted motif with every supported network, and with k-mer models."""

import warnings
from typing import Any

import numpy as np
import pytest

import networks
import sequenced
from readsight.config import interpretation
from readsight.genome.codes import encode
from readsight.genome.shuffle import shuffle_dinucleotides
from readsight.interpret.sequence_attribution.attribution import attribute
from readsight.interpret.sequence_attribution.attribution_file import base_contributions
from readsight.interpret.sequence_attribution.query import AttributionQuery, OutputHead
from readsight.models.kmer import kmer_linear
from readsight.models.sequence import NETWORKS

WORD, LENGTH = "TGACGTGGCA", 60
SPEC = {"baseline": "shuffled", "baselines": 3, "correction": True}
SIGNED_NETWORKS = tuple(word for word, on in networks.SMALL.items() if word != "graph")


def plant_motif(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes with the motif, and its start positions."""
    codes = sequenced.random_codes(n, LENGTH, seed)
    start = np.random.default_rng(seed).integers(5, LENGTH - 15, n)
    codes[np.arange(n)[:, None], start[:, None] + np.arange(len(WORD))] = encode(WORD)
    return codes, start


@pytest.fixture(scope="module")
def models() -> dict[str, tuple[Any, ...]]:
    """Model → module, arrays and description, trained on sequences with the motif against their shuffles."""
    with_motif, _ = plant_motif(400, 1)
    train = networks.make_fold(
        np.concatenate([with_motif, shuffle_dinucleotides(with_motif, np.random.default_rng(1))]), np.repeat([1, 0], 400)
    )
    trained_models: dict[str, tuple[Any, ...]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for network in SIGNED_NETWORKS:
            trained_models[network] = (NETWORKS[network], *networks.train_network(network, train, average_strands=True))
        trained_models["tokens"] = (NETWORKS["cnn"], *networks.train_network("cnn", networks.encode_fold(train, "kmer")))
        fitted = kmer_linear.train(train, None, {"k": 5, "strength": 0.1}, 1, 1)
    return trained_models | {"kmer_linear": (kmer_linear, fitted.arrays, fitted.description)}


CASES = [
    (word, net) for word, nets in interpretation.METHODS.items() for net in nets or (*SIGNED_NETWORKS, "tokens", "kmer_linear")
]


@pytest.mark.parametrize("method, network", CASES)
def test_planted_motif_stands_out(models, method, network):
    codes, start = plant_motif(12, 2)
    contributions = base_contributions(
        attribute(method, AttributionQuery(*models[network], codes, OutputHead("yes")), SPEC, 1), codes
    )
    inside = (np.arange(LENGTH) >= start[:, None]) & (np.arange(LENGTH) < start[:, None] + len(WORD))
    ratio = np.abs(contributions)[inside].reshape(12, -1).mean(axis=1) / np.abs(contributions)[~inside].reshape(12, -1).mean(
        axis=1
    )
    assert np.median(ratio) > (1.5 if method == "attention_rollout" else 2)


def test_planted_motif_stands_out_at_explained_position():
    codes, start = plant_motif(80, 3)
    target = np.zeros(codes.shape, np.uint8)
    target[np.arange(80), start + 4] = 1
    train = networks.make_fold(codes, target, "positions", stranded=True)
    arrays, description = networks.train_network("dilated_resnet", train, epochs=12)
    few = slice(0, 8)
    query = AttributionQuery(NETWORKS["dilated_resnet"], arrays, description, codes[few], OutputHead("site", 1), start[few] + 4)
    for method in ("integrated_gradients", "deep_shap", "mutagenesis"):
        contributions = np.abs(base_contributions(attribute(method, query, SPEC, 1), codes[few]))
        assert (
            np.median(
                [row[position : position + 10].sum() / row.sum() for row, position in zip(contributions, start, strict=False)]
            )
            > 0.5
        )
