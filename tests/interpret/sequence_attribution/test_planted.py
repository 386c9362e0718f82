"""Every method finds a planted word by every network that it is defined on, and by models of k-mers."""

import warnings
from typing import Any

import numpy as np
import pytest

import networks
import sequenced
from readsight.config import interpretation
from readsight.genome.codes import encode
from readsight.genome.shuffle import dinucleotide
from readsight.interpret.sequence_attribution.attribution import attribute
from readsight.interpret.sequence_attribution.attribution_file import own
from readsight.interpret.sequence_attribution.query import Head, Question
from readsight.models.kmer import kmer_linear
from readsight.models.sequence import NETS

WORD, LENGTH = "TGACGTGGCA", 60
SPEC = {"baseline": "shuffled", "baselines": 3, "correction": True}
TELLING = tuple(word for word, on in networks.SMALL.items() if word != "graph")


def planted(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes with the word, and where it begins."""
    codes = sequenced.random(n, LENGTH, seed)
    start = np.random.default_rng(seed).integers(5, LENGTH - 15, n)
    codes[np.arange(n)[:, None], start[:, None] + np.arange(len(WORD))] = encode(WORD)
    return codes, start


@pytest.fixture(scope="module")
def models() -> dict[str, tuple[Any, ...]]:
    """Model → its member, arrays and about, trained on sequences with the word and these shuffled."""
    has, _ = planted(400, 1)
    train = networks.fold(np.concatenate([has, dinucleotide(has, np.random.default_rng(1))]), np.repeat([1, 0], 400))
    found: dict[str, tuple[Any, ...]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for word in TELLING:
            found[word] = (NETS[word], *networks.trained(word, train, average_strands=True))
        found["tokens"] = (NETS["cnn"], *networks.trained("cnn", networks.encoded(train, "kmer")))
        fitted = kmer_linear.train(train, None, {"k": 5, "strength": 0.1}, 1, 1)
    return found | {"kmer_linear": (kmer_linear, fitted.arrays, fitted.about)}


CASES = [(word, net) for word, nets in interpretation.METHODS.items() for net in nets or (*TELLING, "tokens", "kmer_linear")]


@pytest.mark.parametrize("word, net", CASES)
def test_the_planted_word_stands_out(models, word, net):
    codes, start = planted(12, 2)
    found = own(attribute(word, Question(*models[net], codes, Head("yes")), SPEC, 1), codes)
    inside = (np.arange(LENGTH) >= start[:, None]) & (np.arange(LENGTH) < start[:, None] + len(WORD))
    ratio = np.abs(found)[inside].reshape(12, -1).mean(axis=1) / np.abs(found)[~inside].reshape(12, -1).mean(axis=1)
    assert np.median(ratio) > (1.5 if word == "attention_rollout" else 2)


def test_of_places_the_word_stands_out_about_the_place_that_is_explained():
    codes, start = planted(80, 3)
    target = np.zeros(codes.shape, np.uint8)
    target[np.arange(80), start + 4] = 1
    train = networks.fold(codes, target, "positions", stranded=True)
    arrays, about = networks.trained("dilated_resnet", train, epochs=12)
    few = slice(0, 8)
    question = Question(NETS["dilated_resnet"], arrays, about, codes[few], Head("site", 1), start[few] + 4)
    for word in ("integrated_gradients", "deep_shap", "mutagenesis"):
        found = np.abs(own(attribute(word, question, SPEC, 1), codes[few]))
        assert np.median([row[at : at + 10].sum() / row.sum() for row, at in zip(found, start, strict=False)]) > 0.5
