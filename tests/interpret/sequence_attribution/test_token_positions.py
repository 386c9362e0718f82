"""Grad-CAM per position, and attention from tokens to bases."""

import math
from typing import Any

import numpy as np
import pytest
import torch

import networks
import sequenced
from readsight.dataset.fold_file import Encoding
from readsight.interpret.sequence_attribution import grad_cam
from readsight.interpret.sequence_attribution.attention_rollout import attention_weights, roll_attention
from readsight.interpret.sequence_attribution.attribution import attribute
from readsight.interpret.sequence_attribution.query import AttributionQuery, OutputHead
from readsight.interpret.sequence_attribution.token_positions import spread_over_bases, sum_spans
from readsight.models.sequence import NETWORKS

SPEC = {"baseline": "shuffled", "baselines": 2, "correction": True}


def make_query(
    description: dict[str, Any], network: str, codes: np.ndarray, encoding: Encoding | None = None
) -> AttributionQuery:
    net = (
        networks.build_network(description, network)
        if description["input"] == "one_hot"
        else NETWORKS[network].build(description).eval()
    )
    arrays = {f"0.{name}": tensor.numpy() for name, tensor in net.state_dict().items()}
    arrays |= {f"encoding.{name}": array for name, array in (encoding.arrays if encoding else {}).items()}
    options = {"average_strands": False, "ensemble": 1, "device": "cpu", "precision": "float32"}
    return AttributionQuery(NETWORKS[network], arrays, description | options, codes, OutputHead("x"))


def test_grad_cam_weighs_channels_by_mean_gradient():
    description = networks.describe_network("cnn", length=40, pools=[2, 4])
    query = make_query(description, "cnn", sequenced.random_codes(3, 40))
    inputs = networks.encode_one_hot(torch.from_numpy(query.codes)).requires_grad_()
    net = query.net
    activations = net.trunk.blocks(inputs.unsqueeze(2))  # (3, 16, 1, 5)
    gradient = torch.autograd.grad(net.head(net.trunk.condense(activations.squeeze(2).transpose(1, 2))).sum(), activations)[0]
    expected = (activations * gradient.mean(3, keepdim=True)).sum((1, 2)).relu().detach().numpy()
    attributions = attribute("grad_cam", query, SPEC, 1)
    assert (attributions == attributions[..., :1]).all() and attributions.shape == (3, 40, 4)
    # the centre of eight positions is half-way between two of them
    np.testing.assert_allclose((attributions[:, 3::8, 0] + attributions[:, 4::8, 0]) / 2, expected, atol=1e-6)


def test_pooled_values_are_interpolated_between_centres():
    values = grad_cam.interpolate(np.array([[0.0, 4.0, 8.0]]), 11, 4)
    np.testing.assert_allclose(values, [np.clip(np.arange(11) - 1.5, 0, 8)])


@pytest.mark.parametrize(
    "network, kind", [("cnn", "positions"), ("cnn_lstm", "binary"), ("dilated_resnet", "binary"), ("transformer", "binary")]
)
def test_grad_cam_has_the_shape_of_the_codes(network, kind):
    pair = kind == "binary"
    query = make_query(
        networks.describe_network(network, kind, 30, pair=pair), network, sequenced.random_codes(2, 30 * (1 + pair))
    )
    if kind == "positions":
        query = AttributionQuery(**(vars(query) | {"positions": np.array([3, 20]), "head": OutputHead("x", 1)}))
    attributions = attribute("grad_cam", query, SPEC, 1)
    assert attributions.shape == (*query.codes.shape, 4) and (attributions >= 0).all() and attributions.any()


def test_one_layer_is_half_attention_half_residual():
    description = networks.describe_network("transformer", length=24, stem=4)
    attribution_query = make_query(description, "transformer", sequenced.random_codes(2, 24))
    net, inputs = attribution_query.net, networks.encode_one_hot(torch.from_numpy(attribution_query.codes))
    trunk, layer = net.trunk, net.trunk.layers[0]
    with torch.no_grad():
        from readsight.models.sequence.attention import encode_positions

        hidden = trunk.stem(inputs.unsqueeze(2)).squeeze(2).transpose(1, 2)
        hidden = hidden + encode_positions(hidden.shape[1], hidden.shape[2])
        query, key, _ = layer.query_key_value(layer.before(hidden)).unflatten(2, (3, layer.heads, -1)).permute(2, 0, 3, 1, 4)
        attention = (query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])).softmax(-1).mean(1)
        expected = ((attention + torch.eye(6)) / 2).mean(1).numpy()
    np.testing.assert_allclose(roll_attention(net, inputs), expected, atol=1e-6)
    attributions = attribute("attention_rollout", attribution_query, SPEC, 1)[..., 0]
    np.testing.assert_allclose(attributions.reshape(2, 6, 4), np.repeat(expected[..., None] / 4, 4, axis=2), atol=1e-6)


def test_attention_weights_reproduce_attention_output():
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 2, 4, 5, 8)
    mask = torch.rand(2, 1, 1, 5) > 0.3
    mask[..., 0] = True
    expected = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    torch.testing.assert_close(attention_weights(query, key, value, attn_mask=mask) @ value, expected)


def make_encoding(tmp_path: Any, name: str) -> Encoding:
    fold = networks.make_fold(sequenced.random_codes(40, 30), np.arange(40) % 2)
    options = {"checkpoint": str(networks.save_checkpoint(tmp_path / "bert"))} if name == "checkpoint" else {}
    return networks.encode_fold(fold, "transformer" if name == "checkpoint" else name, **options).encoding


@pytest.mark.parametrize("name", ["kmer", "word2vec", "bpe", "transformer", "checkpoint"])
def test_token_attention_is_spread_over_bases(tmp_path, name):
    encoding = make_encoding(tmp_path, name)
    codes = sequenced.random_codes(3, 30, 9)
    codes[1, 10:14] = 4
    token_count = networks.encode_tokens(encoding, codes).shape[1]
    description = networks.describe_network(
        "transformer", length=30, input="tokens", vocabulary=int(encoding.description["vocabulary"]), places=token_count
    )
    description |= {"encoding": {"name": encoding.name, "about": encoding.description}}
    query = make_query(description, "transformer", codes, encoding)
    attributions = attribute("attention_rollout", query, SPEC, 1)[..., 0]
    shares = roll_attention(query.net, torch.from_numpy(networks.encode_tokens(encoding, codes)))
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert attributions.shape == (3, 30) and (attributions >= 0).all() and (attributions[0] > 0).all()
    assert (attributions.sum(axis=1) <= 1 + 1e-5).all()
    if name in ("kmer", "word2vec"):  # no special tokens; k-mers with N are padding, which gets no attention
        np.testing.assert_allclose(attributions.sum(axis=1)[[0, 2]], 1, atol=1e-5)


def test_byte_pair_tokens_cover_their_bases(tmp_path):
    from readsight.dataset.encodings import bpe

    encoding = make_encoding(tmp_path, "bpe")
    codes = sequenced.random_codes(4, 30, 9)
    tokens = [bpe._load_tokenizer(encoding.description["tokenizer"]).encode(text).tokens for text in bpe.decode_rows(codes)]
    spans = bpe.token_spans(codes, encoding)
    for sequence_tokens, row in zip(tokens, spans, strict=True):
        assert (row[: len(sequence_tokens), 1] - row[: len(sequence_tokens), 0]).tolist() == list(
            map(len, sequence_tokens)
        ) and not row[len(sequence_tokens) :].any()
    ones = spread_over_bases((spans[..., 1] > 0).astype(float), codes, encoding, {"input": "tokens"})
    np.testing.assert_allclose(ones.sum(axis=1), [len(sequence_tokens) for sequence_tokens in tokens], atol=1e-5)


def test_value_is_shared_evenly_among_bases():
    spans = np.array([[[0, 2], [1, 4], [0, 0]]])
    assert sum_spans(np.array([[4.0, 3.0, 9.0]]), spans, 5).tolist() == [[2, 3, 1, 1, 0]]


def test_checkpoint_token_spans_follow_token_names(monkeypatch):
    from readsight.dataset.encodings import checkpoint

    class Tokenizer:
        def get_vocab(self) -> dict[str, int]:
            return {"[CLS]": 0, "ACG": 1, "##T": 2, "▁GATTA": 3}

    monkeypatch.setattr(checkpoint, "_load_tokenizer", lambda folder, trusted: Tokenizer())
    monkeypatch.setattr(checkpoint, "encode_tokens", lambda codes, description: np.array([[1, 2, 3, 4, 0], [1, 4, 4, 0, 0]]))
    description = {"checkpoint": "", "trusted": False, "special": [0, 1], "words": None, "width": 5}
    odd, even = checkpoint.token_spans(np.zeros((2, 9), np.uint8), description)
    assert odd.tolist() == [[0, 0], [0, 3], [3, 4], [4, 9], [0, 0]]
    assert even.tolist() == [[0, 0], [0, 4], [4, 9], [0, 0], [0, 0]]  # ten letters do not match nine bases, so spans are even
