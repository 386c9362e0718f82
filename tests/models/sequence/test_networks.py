"""Untrained networks of sequence: shapes, dependence of outputs on inputs, and initial weights."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import networks
import sequenced
from readsight.config import sequence_tasks
from readsight.dataset.encodings import ENCODINGS
from readsight.dataset.fold_file import Encoding
from readsight.dataset.outcome import POSITIONAL_KINDS
from readsight.errors import InputError
from readsight.models import training
from readsight.models.sequence import NETWORKS, dilated_resnet, transformer
from readsight.models.sequence.initialisation import make_initial_arrays

SHAPES = {
    "binary": (5,),
    "regression": (5,),
    "multiclass": (5, 3),
    "multilabel": (5, 2),
    "positions": (5, 48, 3),
    "profile": (5, 6),
}
EACH = [(architecture, kind) for architecture in NETWORKS for kind in NETWORKS[architecture].KINDS]
PER_SEQUENCE = [(architecture, kind) for architecture, kind in EACH if kind not in POSITIONAL_KINDS]
READS_BASES = [architecture for architecture in NETWORKS if architecture != "graph"]


@pytest.fixture(autouse=True, scope="module")
def refuse_nondeterministic_operations():
    """Operations without a deterministic implementation raise an error."""
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


def test_registry_matches_the_config():
    assert tuple(NETWORKS) == sequence_tasks.NETWORKS


@pytest.mark.parametrize("architecture, kind", EACH)
def test_logits_match_the_outcome(architecture, kind):
    description = networks.describe_network(architecture, kind)
    logits = networks.build_network(description, architecture)(networks.make_batch(description))
    assert tuple(logits.shape) == SHAPES[kind] and torch.isfinite(logits).all()


@pytest.mark.parametrize("architecture", tuple(NETWORKS))
def test_config_defaults_build(architecture):
    description = (
        networks.describe_network(architecture, length=100) | getattr(sequence_tasks.Architectures(), architecture).model_dump()
    )
    assert json.loads(json.dumps(description)) == description
    count = sum(parameter.numel() for parameter in NETWORKS[architecture].build(description).parameters())
    assert 30_000 < count < 500_000


@pytest.mark.parametrize("architecture, kind", EACH)
def test_examples_are_independent_and_n_is_allowed(architecture, kind):
    description = networks.describe_network(architecture, kind)
    net, batch = networks.build_network(description, architecture), networks.make_batch(description)
    batch[3, ..., 10:20] = 4 if architecture == "graph" else 0  # N
    batch[4] = 4 if architecture == "graph" else 0
    together = net(batch)
    assert torch.isfinite(together).all()
    single = torch.cat([net(batch[i : i + 1]) for i in range(5)])
    assert torch.allclose(together, single, atol=1e-5)


@pytest.mark.parametrize("architecture, kind", [pair for pair in EACH if pair[0] != "graph"])
def test_every_base_has_a_gradient(architecture, kind):
    description = networks.describe_network(architecture, kind, length=48)
    batch = networks.make_batch(description).requires_grad_()
    networks.build_network(description, architecture)(batch).pow(2).sum().backward()
    assert (batch.grad.abs().amax(1) > 0).all()


@pytest.mark.parametrize("architecture", tuple(NETWORKS))
@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
def test_common_settings_work(architecture, norm):
    for activation in ("relu", "gelu", "silu", "elu", "exponential"):
        description = networks.describe_network(architecture, norm=norm, activation=activation, dropout=0.3)
        net, batch = networks.build_network(description, architecture), networks.make_batch(description)
        assert torch.isfinite(net(batch)).all() and torch.equal(net(batch), net(batch))
        assert not torch.equal(net.train()(batch), net(batch))  # units are dropped


@pytest.mark.parametrize("architecture", READS_BASES)
@pytest.mark.parametrize("length", [1, 3, 7, 20, 101, 1000])
def test_any_length_works(architecture, length):
    description = networks.describe_network(architecture, length=length)
    batch = networks.make_batch(description).requires_grad_()
    logits = networks.build_network(description, architecture)(batch)
    logits.sum().backward()
    assert logits.shape == (5,) and (length == 1 or (batch.grad != 0).any(1).all())


@pytest.mark.parametrize("architecture", tuple(NETWORKS))
def test_wrong_length_is_refused(architecture):
    for pair, expected in ((False, "48"), (True, "96 .a reference and an alternative window.")):
        description = networks.describe_network(architecture, pair=pair)
        with pytest.raises(InputError, match=f"50 positions per example, but the network expects {expected}"):
            NETWORKS[architecture].build(description)(networks.make_batch(networks.describe_network(architecture, length=50)))


# Pairs


@pytest.mark.parametrize("architecture, kind", PER_SEQUENCE)
def test_pair_head_reads_alternative_and_difference(architecture, kind):
    description = networks.describe_network(architecture, kind, pair=True)
    net = networks.build_network(description, architecture)
    reference, alternative = (networks.make_batch(description | {"pair": False}, seed=seed) for seed in (1, 2))
    assert net(torch.cat([reference, alternative], -1)).shape == SHAPES[kind]
    width = net.trunk.width
    inputs = []
    net.head.register_forward_pre_hook(lambda _, batch: inputs.append(batch[0]))
    for pair in ((reference, alternative), (alternative, reference), (alternative, alternative)):
        net(torch.cat(pair, -1))
    forward, backward, unchanged = inputs
    assert torch.allclose(forward[:, width:], -backward[:, width:], atol=1e-5)
    assert torch.allclose(forward[:, :width] - backward[:, :width], forward[:, width:], atol=1e-5)
    assert torch.allclose(unchanged[:, width:], torch.zeros(()), atol=1e-5) and torch.allclose(
        unchanged[:, :width], forward[:, :width], atol=1e-5
    )


@pytest.mark.parametrize("kind", POSITIONAL_KINDS)
def test_pairs_have_no_per_base_outcome(kind):
    with pytest.raises(InputError, match="a pair of windows has one outcome"):
        NETWORKS["cnn"].build(networks.describe_network("cnn", kind, pair=True))


# Per-base outputs


@pytest.mark.parametrize("architecture", ["cnn", "dilated_resnet"])
@pytest.mark.parametrize("kind", POSITIONAL_KINDS)
def test_per_base_outputs_shift_with_the_sequence(architecture, kind):
    description = networks.describe_network(architecture, kind, length=400)
    net = networks.build_network(description, architecture)
    step = description["bin"] if kind == "profile" else 3
    shift = step // description["bin"]
    sequence = networks.make_batch(description | {"length": 400 + step})
    original, moved = net(sequence[..., :-step]), net(sequence[..., step:])
    margin = 60 // description["bin"]  # outputs further inside do not depend on the ends
    assert torch.allclose(original[:, margin + shift : -margin], moved[:, margin : -margin - shift], atol=1e-4)


def find_reach(net, description, output):
    """First and last base that an output depends on."""
    # Max pooling depends on the maximum only: over many sequences each position is the maximum once.
    batch = networks.make_batch(description, 100).requires_grad_()
    net(batch)[:, output].sum().backward()
    positions = torch.nonzero(batch.grad.abs().sum((0, 1)))[:, 0]
    return int(positions[0]), int(positions[-1])


def test_dilated_receptive_field_matches_the_formula():
    for widths, dilations, expected in (([11, 11, 11, 11], [1, 1, 4, 4], 201), ([3, 5], [1, 2], 21), ([7], [10], 121)):
        description = networks.describe_network("dilated_resnet", "positions", 301, widths=widths, dilations=dilations)
        assert dilated_resnet.receptive_field(description) == expected
        first, last = find_reach(networks.build_network(description, "dilated_resnet"), description, 150)
        assert (first, last) == (150 - expected // 2, 150 + expected // 2)


def test_unpooled_cnn_keeps_the_receptive_field():
    description = networks.describe_network("cnn", "positions", 101, filters=[8, 8], widths=[5, 5], pools=[4, 2])
    assert find_reach(networks.build_network(description, "cnn"), description, 50) == (50 - 2 - 2 * 4, 50 + 2 + 2 * 4)


@pytest.mark.parametrize("bin, pools", [(8, [2, 4]), (8, [4, 4]), (6, [4, 3]), (1, [2, 2]), (5, [2, 5])])
def test_bin_depends_on_its_bases_only(bin, pools):
    description = networks.describe_network("cnn", "profile", 8 * bin, bin=bin, pools=pools, widths=[1, 1])
    net = networks.build_network(description, "cnn")
    for output in range(8):
        assert find_reach(net, description, output) == (output * bin, output * bin + bin - 1)


def test_bins_must_divide_the_length():
    with pytest.raises(InputError, match="50 bases cannot be divided into bins of 8"):
        NETWORKS["cnn"].build(networks.describe_network("cnn", "profile", length=50))


# Tokens


@pytest.mark.parametrize("architecture", ["cnn", "cnn_lstm", "lstm", "transformer"])
def test_tokens_are_embedded_and_padding_is_ignored(architecture):
    overrides = {"input": "tokens", "vocabulary": 20, "places": 30, "encoding": {"name": "bpe", "about": {"dimensions": 12}}}
    description = networks.describe_network(architecture, **overrides)
    torch.manual_seed(0)
    net = NETWORKS[architecture].build(description).eval()
    ids = torch.randint(1, 20, (5, 30))
    ids[:, 20:] = 0
    logits = net(ids)
    assert logits.shape == (5,) and net.reader.embedding.weight.shape == (20, 12)
    assert not net.reader.embedding.weight[0].any()
    if architecture in ("transformer", "lstm"):
        assert torch.isfinite(net(torch.zeros_like(ids))).all()
    if architecture == "transformer":  # padding is masked in attention: its amount changes nothing
        shorter = NETWORKS[architecture].build(description | {"places": 25}).eval()
        shorter.load_state_dict(net.state_dict())
        assert torch.allclose(shorter(ids[:, :25]), logits, atol=1e-5)


@pytest.mark.parametrize("representation", ["kmer", "word2vec", "bpe"])
def test_embedding_width_matches_the_representation(representation):
    fold = networks.encode_fold(networks.make_fold(sequenced.random_codes(60, 40), np.zeros(60, int)), representation)
    description = describe_model("cnn", fold)
    embedding = NETWORKS["cnn"].build(description).reader.embedding
    assert (embedding.num_embeddings, embedding.embedding_dim) == (description["vocabulary"], networks.SPEC["dimensions"])


def test_heads_must_divide_dimensions():
    with pytest.raises(InputError, match="architectures.transformer.heads: 16 dimensions cannot be divided among 3 heads"):
        transformer.build(networks.describe_network("transformer", heads=3))


# Initial weights


def describe_model(architecture, fold, **overrides):
    settings = sequence_tasks.TrainingConfig().model_dump() | networks.small_settings(architecture)
    return training.describe_model(fold, settings) | networks.small_settings(architecture) | overrides


def test_embeddings_are_initialised_from_the_representation():
    fold = networks.encode_fold(networks.make_fold(sequenced.random_codes(60, 40), np.zeros(60, int)), "word2vec")
    initial = make_initial_arrays(describe_model("cnn", fold), fold)
    assert list(initial) == ["reader.embedding.weight"]
    arrays, _ = networks.train_network("cnn", fold, epochs=1, learning_rate=1e-12, weight_decay=0)
    source, embedding = fold.encoding.arrays["embedding"], arrays["0.reader.embedding.weight"]
    differences = [initial[1:] - initial[1] for initial in (source, embedding)]  # as fitted, up to scale and mean
    assert np.isclose(
        (differences[0] * differences[1]).sum(), np.linalg.norm(differences[0]) * np.linalg.norm(differences[1]), rtol=1e-4
    )
    assert (
        np.isclose((embedding[1:] ** 2).mean(), 1, rtol=1e-3)
        and np.allclose(embedding[1:].mean(0), 0, atol=1e-3)
        and not embedding[0].any()
    )


def test_pretrained_encoder_is_loaded_and_trained():
    codes = sequenced.random_codes(60, 40)
    fold = networks.encode_fold(networks.make_fold(codes, np.zeros(60, int)), "transformer")
    description = describe_model("transformer", fold)
    net = NETWORKS["transformer"].build(description).eval()
    missing, unknown = net.load_state_dict(
        {k: torch.as_tensor(v) for k, v in make_initial_arrays(description, fold).items()}, strict=False
    )
    assert not unknown and all(name.startswith("head.") for name in missing)
    ids = torch.from_numpy(networks.encode_tokens(fold.encoding, codes[:4]))
    expected = ENCODINGS["transformer"].build_encoder(fold.encoding).eval()(ids)
    assert torch.allclose(net.trunk(*net.reader(ids))[:, :16], expected.mean(1), atol=1e-5)
    net(ids).sum().backward()
    assert all(parameter.grad is not None for parameter in net.trunk.encoder.parameters())


def test_checkpoint_is_fine_tuned(tmp_path):
    from transformers import AutoModel

    folder = networks.save_checkpoint(tmp_path / "checkpoint")
    fold = networks.encode_fold(
        networks.make_fold(sequenced.random_codes(60, 40), np.arange(60) % 2), "transformer", checkpoint=str(folder)
    )
    known = {f"0.trunk.encoder.own.{k}": v.numpy() for k, v in AutoModel.from_pretrained(folder).state_dict().items()}
    still, _ = networks.train_network("transformer", fold, epochs=1, learning_rate=1e-12, weight_decay=0)
    moved, description = networks.train_network("transformer", fold, epochs=1, learning_rate=1e-3)
    names = [name for name in known if "layer" in name and name.endswith("weight")]
    assert set(known) <= set(still) and all(np.allclose(still[name], known[name], atol=1e-6) for name in names)
    assert all(np.abs(moved[name] - known[name]).max() > 1e-4 for name in names)
    assert NETWORKS["transformer"].predict(moved, description, fold.values).shape == (60,)


def test_regression_does_not_depend_on_units():
    """Equal up to the scale, 1,000 × and + 5,000."""
    codes = sequenced.random_codes(64, 40)
    labels = (codes == 2).mean(1)
    plain, scaled = (networks.make_fold(codes, values, "regression") for values in (labels, 1000 * labels + 5000))
    predictions = [
        networks.train_and_predict("cnn", values, values, epochs=1, clip=0.0, learning_rate=1e-12) for values in (plain, scaled)
    ]
    assert np.allclose(1000 * predictions[0] + 5000, predictions[1], rtol=1e-5)
    assert abs(predictions[1].mean() - scaled.labels.mean()) < 2 * scaled.labels.std()


def test_profile_starts_from_its_mean():
    codes = sequenced.random_codes(64, 40)
    target = np.full((64, 5), 30.0, np.float32)
    fold = networks.make_fold(codes, target, "profile", bin=8)
    predictions = networks.train_and_predict("cnn", fold, fold, epochs=1, learning_rate=1e-12)
    assert abs(predictions.mean() - 30) < 3


@pytest.mark.parametrize("architecture", tuple(NETWORKS))
def test_weights_are_randomised(architecture):
    fold = networks.make_fold(sequenced.random_codes(40, 40), np.arange(40) % 2)
    arrays, description = networks.train_network(architecture, fold, epochs=1)
    assert json.loads(json.dumps(description)) == description
    randomised = NETWORKS[architecture].randomise_weights(arrays, description, 5)
    assert {k: v.shape for k, v in randomised.items()} == {k: v.shape for k, v in arrays.items()}
    trained, untrained = (NETWORKS[architecture].predict(weights, description, fold.values) for weights in (arrays, randomised))
    assert trained.shape == untrained.shape and not np.allclose(trained, untrained)


@pytest.mark.parametrize("architecture", tuple(NETWORKS))
def test_both_strands_are_averaged(architecture):
    fold = networks.make_fold(sequenced.random_codes(40, 40), np.arange(40) % 2)
    arrays, description = networks.train_network(architecture, fold, epochs=2)
    reversed_codes = np.array([3, 2, 1, 0], np.uint8)[fold.values[:, ::-1]]
    forward, reverse = (NETWORKS[architecture].predict(arrays, description, values) for values in (fold.values, reversed_codes))
    assert np.allclose(forward, reverse, atol=1e-6)
    single = [
        NETWORKS[architecture].predict(arrays, description | {"average_strands": False}, values)
        for values in (fold.values, reversed_codes)
    ]
    assert not np.allclose(single[0], single[1], atol=1e-6)
    assert np.allclose((single[0] + single[1]) / 2, forward, atol=1e-6)


def test_graph_kmers_must_fit_the_sequences():
    fold = networks.make_fold(sequenced.random_codes(20, 4), np.arange(20) % 2)
    with pytest.raises(InputError, match="architectures.graph.k: k-mers of 5 bases are longer than the sequences"):
        networks.train_network("graph", fold)


def test_graph_uses_k_of_the_representation():
    fold = networks.make_fold(sequenced.random_codes(20, 30), np.arange(20) % 2)
    encoded = replace(fold, encoding=Encoding("kmer_graph", {"k": 3, "vocabulary": 65}, {}))
    assert networks.train_network("graph", encoded, epochs=1)[1]["k"] == 3
    assert networks.train_network("graph", fold, epochs=1, k=4)[1]["k"] == 4


@pytest.mark.parametrize("architecture", tuple(NETWORKS))
def test_search_proposes_settings_of_the_config(architecture):
    import optuna

    known = sequence_tasks.TrainingConfig().model_dump() | getattr(sequence_tasks.Architectures(), architecture).model_dump()
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(1))
    for _ in range(3):
        drawn = NETWORKS[architecture].search_space(study.ask())
        assert not set(drawn) - set(known)
        # Values outside the config defaults.
        description_with_settings = networks.describe_network(architecture, pools=[2], heads=3, widths=[3, 3], dilations=[1, 1])
        description_with_settings |= {k: v for k, v in drawn.items() if k in NETWORKS[architecture].SETTINGS}
        assert networks.build_network(description_with_settings, architecture)(
            networks.make_batch(description_with_settings)
        ).shape == (5,)
