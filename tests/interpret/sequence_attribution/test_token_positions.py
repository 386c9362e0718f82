"""Where a model looks: Grad-CAM along a sequence, and attention from tokens to bases."""

import math
from typing import Any

import numpy as np
import pytest
import torch

import networks
import sequenced
from readsight.dataset.fold_file import Encoding
from readsight.interpret.sequence_attribution import grad_cam
from readsight.interpret.sequence_attribution.attention_rollout import rolled, weights
from readsight.interpret.sequence_attribution.attribution import attribute
from readsight.interpret.sequence_attribution.query import Head, Question
from readsight.interpret.sequence_attribution.token_positions import added, shared
from readsight.models.sequence import NETS

SPEC = {"baseline": "shuffled", "baselines": 2, "correction": True}


def asked(about: dict[str, Any], word: str, codes: np.ndarray, encoding: Encoding | None = None) -> Question:
    net = networks.built(about, word) if about["input"] == "one_hot" else NETS[word].build(about).eval()
    arrays = {f"0.{name}": tensor.numpy() for name, tensor in net.state_dict().items()}
    arrays |= {f"encoding.{name}": array for name, array in (encoding.arrays if encoding else {}).items()}
    said = {"average_strands": False, "ensemble": 1, "device": "cpu", "precision": "float32"}
    return Question(NETS[word], arrays, about | said, codes, Head("x"))


def test_grad_cam_is_channels_by_their_mean_slope():
    about = networks.about("cnn", length=40, pools=[2, 4])
    question = asked(about, "cnn", sequenced.random(3, 40))
    given = networks.one_hot(torch.from_numpy(question.codes)).requires_grad_()
    net = question.net
    held = net.trunk.blocks(given.unsqueeze(2))  # (3, 16, 1, 5)
    slope = torch.autograd.grad(net.head(net.trunk.condense(held.squeeze(2).transpose(1, 2))).sum(), held)[0]
    expected = (held * slope.mean(3, keepdim=True)).sum((1, 2)).relu().detach().numpy()
    found = attribute("grad_cam", question, SPEC, 1)
    assert (found == found[..., :1]).all() and found.shape == (3, 40, 4)
    # the middle of eight places is half-way between two of them
    np.testing.assert_allclose((found[:, 3::8, 0] + found[:, 4::8, 0]) / 2, expected, atol=1e-6)


def test_values_of_joined_places_are_spread_on_straight_lines_between_their_middles():
    found = grad_cam.spread(np.array([[0.0, 4.0, 8.0]]), 11, 4)
    np.testing.assert_allclose(found, [np.clip(np.arange(11) - 1.5, 0, 8)])


@pytest.mark.parametrize(
    "word, kind", [("cnn", "positions"), ("cnn_lstm", "binary"), ("dilated_resnet", "binary"), ("transformer", "binary")]
)
def test_grad_cam_of_pairs_and_of_other_networks_is_shaped_as_the_codes(word, kind):
    pair = kind == "binary"
    question = asked(networks.about(word, kind, 30, pair=pair), word, sequenced.random(2, 30 * (1 + pair)))
    if kind == "positions":
        question = Question(**(vars(question) | {"at": np.array([3, 20]), "head": Head("x", 1)}))
    found = attribute("grad_cam", question, SPEC, 1)
    assert found.shape == (*question.codes.shape, 4) and (found >= 0).all() and found.any()


def test_one_layer_is_half_attention_and_half_what_passes_by():
    about = networks.about("transformer", length=24, stem=4)
    question = asked(about, "transformer", sequenced.random(2, 24))
    net, given = question.net, networks.one_hot(torch.from_numpy(question.codes))
    trunk, layer = net.trunk, net.trunk.layers[0]
    with torch.no_grad():
        from readsight.models.sequence.attention import sines

        held = trunk.stem(given.unsqueeze(2)).squeeze(2).transpose(1, 2)
        held = held + sines(held.shape[1], held.shape[2])
        query, key, _ = layer.asked(layer.before(held)).unflatten(2, (3, layer.heads, -1)).permute(2, 0, 3, 1, 4)
        attention = (query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])).softmax(-1).mean(1)
        expected = ((attention + torch.eye(6)) / 2).mean(1).numpy()
    np.testing.assert_allclose(rolled(net, given), expected, atol=1e-6)
    found = attribute("attention_rollout", question, SPEC, 1)[..., 0]
    np.testing.assert_allclose(found.reshape(2, 6, 4), np.repeat(expected[..., None] / 4, 4, axis=2), atol=1e-6)


def test_weights_are_those_that_values_are_weighed_by():
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 2, 4, 5, 8)
    mask = torch.rand(2, 1, 1, 5) > 0.3
    mask[..., 0] = True
    expected = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    torch.testing.assert_close(weights(query, key, value, attn_mask=mask) @ value, expected)


def tokened(tmp_path: Any, name: str) -> Encoding:
    fold = networks.fold(sequenced.random(40, 30), np.arange(40) % 2)
    own = {"checkpoint": str(networks.checkpoint(tmp_path / "bert"))} if name == "checkpoint" else {}
    return networks.encoded(fold, "transformer" if name == "checkpoint" else name, **own).encoding


@pytest.mark.parametrize("name", ["kmer", "word2vec", "bpe", "transformer", "checkpoint"])
def test_attention_of_tokens_is_told_by_base(tmp_path, name):
    encoding = tokened(tmp_path, name)
    codes = sequenced.random(3, 30, 9)
    codes[1, 10:14] = 4
    places = networks.tokened(encoding, codes).shape[1]
    about = networks.about("transformer", length=30, input="tokens", vocabulary=int(encoding.about["vocabulary"]), places=places)
    about |= {"encoding": {"name": encoding.name, "about": encoding.about}}
    question = asked(about, "transformer", codes, encoding)
    found = attribute("attention_rollout", question, SPEC, 1)[..., 0]
    shares = rolled(question.net, torch.from_numpy(networks.tokened(encoding, codes)))
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert found.shape == (3, 30) and (found >= 0).all() and (found[0] > 0).all()
    assert (found.sum(axis=1) <= 1 + 1e-5).all()
    if name in ("kmer", "word2vec"):  # no token is special, though of N words are padding, which none attends to
        np.testing.assert_allclose(found.sum(axis=1)[[0, 2]], 1, atol=1e-5)


def test_byte_pair_tokens_are_their_letters(tmp_path):
    from readsight.dataset.encodings import bpe

    encoding = tokened(tmp_path, "bpe")
    codes = sequenced.random(4, 30, 9)
    words = [bpe._tokenizer(encoding.about["tokenizer"]).encode(text).tokens for text in bpe.letters(codes)]
    spans = bpe.spans(codes, encoding)
    for own, row in zip(words, spans, strict=True):
        assert (row[: len(own), 1] - row[: len(own), 0]).tolist() == list(map(len, own)) and not row[len(own) :].any()
    ones = shared((spans[..., 1] > 0).astype(float), codes, encoding, {"input": "tokens"})
    np.testing.assert_allclose(ones.sum(axis=1), [len(own) for own in words], atol=1e-5)


def test_a_value_is_shared_out_among_its_bases():
    spans = np.array([[[0, 2], [1, 4], [0, 0]]])
    assert added(np.array([[4.0, 3.0, 9.0]]), spans, 5).tolist() == [[2, 3, 1, 1, 0]]


def test_a_checkpoints_tokens_of_bases_as_they_stand_are_as_long_as_their_names(monkeypatch):
    from readsight.dataset.encodings import checkpoint

    class Tokenizer:
        def get_vocab(self) -> dict[str, int]:
            return {"[CLS]": 0, "ACG": 1, "##T": 2, "▁GATTA": 3}

    monkeypatch.setattr(checkpoint, "_tokenizer", lambda folder, trusted: Tokenizer())
    monkeypatch.setattr(checkpoint, "tokens", lambda codes, about: np.array([[1, 2, 3, 4, 0], [1, 4, 4, 0, 0]]))
    about = {"checkpoint": "", "trusted": False, "special": [0, 1], "words": None, "width": 5}
    told, even = checkpoint.spans(np.zeros((2, 9), np.uint8), about)
    assert told.tolist() == [[0, 0], [0, 3], [3, 4], [4, 9], [0, 0]]
    assert even.tolist() == [[0, 0], [0, 4], [4, 9], [0, 0], [0, 0]]  # ten letters of nine bases tell nothing
