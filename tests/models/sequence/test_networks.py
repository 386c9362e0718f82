"""Networks of sequence before they learn: what they take and give, what an output hangs on, and what they start from."""

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
from readsight.dataset.outcome import ALONG
from readsight.errors import InputError
from readsight.models import training
from readsight.models.sequence import NETS, dilated_resnet, transformer
from readsight.models.sequence.initialisation import start

SHAPES = {
    "binary": (5,),
    "regression": (5,),
    "multiclass": (5, 3),
    "multilabel": (5, 2),
    "positions": (5, 48, 3),
    "profile": (5, 6),
}
EACH = [(word, kind) for word in NETS for kind in NETS[word].KINDS]
WHOLE = [(word, kind) for word, kind in EACH if kind not in ALONG]
READS_BASES = [word for word in NETS if word != "graph"]


@pytest.fixture(autouse=True, scope="module")
def deterministic():
    """What has no deterministic form is refused."""
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


def test_words_are_those_of_the_config():
    assert tuple(NETS) == sequence_tasks.NETS


@pytest.mark.parametrize("word, kind", EACH)
def test_logits_by_kind_of_outcome(word, kind):
    about = networks.about(word, kind)
    found = networks.built(about, word)(networks.batch(about))
    assert tuple(found.shape) == SHAPES[kind] and torch.isfinite(found).all()


@pytest.mark.parametrize("word", tuple(NETS))
def test_config_defaults_build(word):
    about = networks.about(word, length=100) | getattr(sequence_tasks.Architectures(), word).model_dump()
    assert json.loads(json.dumps(about)) == about
    count = sum(own.numel() for own in NETS[word].build(about).parameters())
    assert 30_000 < count < 500_000


@pytest.mark.parametrize("word, kind", EACH)
def test_an_example_is_told_by_itself_and_untold_bases_are_borne(word, kind):
    about = networks.about(word, kind)
    net, given = networks.built(about, word), networks.batch(about)
    given[3, ..., 10:20] = 4 if word == "graph" else 0  # N
    given[4] = 4 if word == "graph" else 0
    together = net(given)
    assert torch.isfinite(together).all()
    alone = torch.cat([net(given[i : i + 1]) for i in range(5)])
    assert torch.allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("word, kind", [own for own in EACH if own[0] != "graph"])
def test_every_base_has_a_gradient(word, kind):
    about = networks.about(word, kind, length=48)
    given = networks.batch(about).requires_grad_()
    networks.built(about, word)(given).pow(2).sum().backward()
    assert (given.grad.abs().amax(1) > 0).all()


@pytest.mark.parametrize("word", tuple(NETS))
@pytest.mark.parametrize("norm", ["batch", "layer", "none"])
def test_settings_that_all_have(word, norm):
    for activation in ("relu", "gelu", "silu", "elu", "exponential"):
        about = networks.about(word, norm=norm, activation=activation, dropout=0.3)
        net, given = networks.built(about, word), networks.batch(about)
        assert torch.isfinite(net(given)).all() and torch.equal(net(given), net(given))
        assert not torch.equal(net.train()(given), net(given))  # units are dropped


@pytest.mark.parametrize("word", READS_BASES)
@pytest.mark.parametrize("length", [1, 3, 7, 20, 101, 1000])
def test_any_length(word, length):
    about = networks.about(word, length=length)
    given = networks.batch(about).requires_grad_()
    found = networks.built(about, word)(given)
    found.sum().backward()
    assert found.shape == (5,) and (length == 1 or (given.grad != 0).any(1).all())


@pytest.mark.parametrize("word", tuple(NETS))
def test_another_length_is_refused(word):
    for pair, due in ((False, "48"), (True, "96 .a reference and an alternative window.")):
        about = networks.about(word, pair=pair)
        with pytest.raises(InputError, match=f"50 places an example, and the network was made for {due}"):
            NETS[word].build(about)(networks.batch(networks.about(word, length=50)))


# Pairs


@pytest.mark.parametrize("word, kind", WHOLE)
def test_pairs_are_told_from_the_alternative_and_what_it_differs_by(word, kind):
    about = networks.about(word, kind, pair=True)
    net = networks.built(about, word)
    reference, alternative = (networks.batch(about | {"pair": False}, seed=seed) for seed in (1, 2))
    assert net(torch.cat([reference, alternative], -1)).shape == SHAPES[kind]
    width = net.trunk.width
    seen = []
    net.head.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    for pair in ((reference, alternative), (alternative, reference), (alternative, alternative)):
        net(torch.cat(pair, -1))
    forth, back, none = seen
    assert torch.allclose(forth[:, width:], -back[:, width:], atol=1e-5)
    assert torch.allclose(forth[:, :width] - back[:, :width], forth[:, width:], atol=1e-5)
    assert torch.allclose(none[:, width:], torch.zeros(()), atol=1e-5) and torch.allclose(
        none[:, :width], forth[:, :width], atol=1e-5
    )


@pytest.mark.parametrize("kind", ALONG)
def test_pairs_have_no_outcome_along_them(kind):
    with pytest.raises(InputError, match="a pair of windows has one outcome"):
        NETS["cnn"].build(networks.about("cnn", kind, pair=True))


# Along the sequence


@pytest.mark.parametrize("word", ["cnn", "dilated_resnet"])
@pytest.mark.parametrize("kind", ALONG)
def test_outputs_along_the_sequence_move_with_it(word, kind):
    about = networks.about(word, kind, length=400)
    net = networks.built(about, word)
    step = about["bin"] if kind == "profile" else 3
    by = step // about["bin"]
    whole = networks.batch(about | {"length": 400 + step})
    here, moved = net(whole[..., :-step]), net(whole[..., step:])
    far = 60 // about["bin"]  # ends are seen from there
    assert torch.allclose(here[:, far + by : -far], moved[:, far : -far - by], atol=1e-4)


def reached(net, about, at):
    """First and last base that an output hangs on."""
    given = networks.batch(about, 100).requires_grad_()  # a pool sees the highest alone: of many, each place once
    net(given)[:, at].sum().backward()
    found = torch.nonzero(given.grad.abs().sum((0, 1)))[:, 0]
    return int(found[0]), int(found[-1])


def test_context_of_a_dilated_network_is_what_it_says():
    for widths, dilations, due in (([11, 11, 11, 11], [1, 1, 4, 4], 201), ([3, 5], [1, 2], 21), ([7], [10], 121)):
        about = networks.about("dilated_resnet", "positions", 301, widths=widths, dilations=dilations)
        assert dilated_resnet.receptive(about) == due
        first, last = reached(networks.built(about, "dilated_resnet"), about, 150)
        assert (first, last) == (150 - due // 2, 150 + due // 2)


def test_without_pools_a_cnn_sees_as_far_as_with_them():
    about = networks.about("cnn", "positions", 101, filters=[8, 8], widths=[5, 5], pools=[4, 2])
    assert reached(networks.built(about, "cnn"), about, 50) == (50 - 2 - 2 * 4, 50 + 2 + 2 * 4)


@pytest.mark.parametrize("bin, pools", [(8, [2, 4]), (8, [4, 4]), (6, [4, 3]), (1, [2, 2]), (5, [2, 5])])
def test_a_bin_is_of_its_own_bases(bin, pools):
    about = networks.about("cnn", "profile", 8 * bin, bin=bin, pools=pools, widths=[1, 1])
    net = networks.built(about, "cnn")
    for at in range(8):
        assert reached(net, about, at) == (at * bin, at * bin + bin - 1)


def test_bins_that_do_not_divide_the_length_are_refused():
    with pytest.raises(InputError, match="50 bases are no whole number of bins of 8"):
        NETS["cnn"].build(networks.about("cnn", "profile", length=50))


# Tokens


@pytest.mark.parametrize("word", ["cnn", "cnn_lstm", "lstm", "transformer"])
def test_tokens_are_embedded_and_padding_is_not_told(word):
    said = {"input": "tokens", "vocabulary": 20, "places": 30, "encoding": {"name": "bpe", "about": {"dimensions": 12}}}
    about = networks.about(word, **said)
    torch.manual_seed(0)
    net = NETS[word].build(about).eval()
    ids = torch.randint(1, 20, (5, 30))
    ids[:, 20:] = 0
    found = net(ids)
    assert found.shape == (5,) and net.reader.embedding.weight.shape == (20, 12)
    assert not net.reader.embedding.weight[0].any()
    if word in ("transformer", "lstm"):
        assert torch.isfinite(net(torch.zeros_like(ids))).all()
    if word == "transformer":  # attention goes to no padding: more of it changes nothing
        shorter = NETS[word].build(about | {"places": 25}).eval()
        shorter.load_state_dict(net.state_dict())
        assert torch.allclose(shorter(ids[:, :25]), found, atol=1e-5)


@pytest.mark.parametrize("representation", ["kmer", "word2vec", "bpe"])
def test_an_embedding_is_as_wide_as_the_representation_says(representation):
    fold = networks.encoded(networks.fold(sequenced.random(60, 40), np.zeros(60, int)), representation)
    about = described("cnn", fold)
    found = NETS["cnn"].build(about).reader.embedding
    assert (found.num_embeddings, found.embedding_dim) == (about["vocabulary"], networks.SPEC["dimensions"])


def test_heads_must_divide_dimensions():
    with pytest.raises(InputError, match="architectures.transformer.heads: 16 dimensions cannot be shared out among 3 heads"):
        transformer.build(networks.about("transformer", heads=3))


# What they start from


def described(word, fold, **own):
    given = sequence_tasks.Training().model_dump() | networks.settings(word)
    return training.described(fold, given) | networks.settings(word) | own


def test_embeddings_are_started_from():
    fold = networks.encoded(networks.fold(sequenced.random(60, 40), np.zeros(60, int)), "word2vec")
    found = start(described("cnn", fold), fold)
    assert list(found) == ["reader.embedding.weight"]
    arrays, _ = networks.trained("cnn", fold, epochs=1, learning_rate=1e-12, weight_decay=0)
    learned, own = fold.encoding.arrays["embedding"], arrays["0.reader.embedding.weight"]
    apart = [found[1:] - found[1] for found in (learned, own)]  # as they were learned, but for size and middle
    assert np.isclose((apart[0] * apart[1]).sum(), np.linalg.norm(apart[0]) * np.linalg.norm(apart[1]), rtol=1e-4)
    assert np.isclose((own[1:] ** 2).mean(), 1, rtol=1e-3) and np.allclose(own[1:].mean(0), 0, atol=1e-3) and not own[0].any()


def test_a_pre_trained_encoder_is_started_from_and_trained_on():
    codes = sequenced.random(60, 40)
    fold = networks.encoded(networks.fold(codes, np.zeros(60, int)), "transformer")
    about = described("transformer", fold)
    net = NETS["transformer"].build(about).eval()
    missing, unknown = net.load_state_dict({k: torch.as_tensor(v) for k, v in start(about, fold).items()}, strict=False)
    assert not unknown and all(name.startswith("head.") for name in missing)
    ids = torch.from_numpy(networks.tokened(fold.encoding, codes[:4]))
    known = ENCODINGS["transformer"].encoder(fold.encoding).eval()(ids)
    assert torch.allclose(net.trunk(*net.reader(ids))[:, :16], known.mean(1), atol=1e-5)
    net(ids).sum().backward()
    assert all(own.grad is not None for own in net.trunk.encoder.parameters())


def test_a_checkpoint_is_fine_tuned(tmp_path):
    from transformers import AutoModel

    folder = networks.checkpoint(tmp_path / "checkpoint")
    fold = networks.encoded(networks.fold(sequenced.random(60, 40), np.arange(60) % 2), "transformer", checkpoint=str(folder))
    known = {f"0.trunk.encoder.own.{k}": v.numpy() for k, v in AutoModel.from_pretrained(folder).state_dict().items()}
    still, _ = networks.trained("transformer", fold, epochs=1, learning_rate=1e-12, weight_decay=0)
    moved, about = networks.trained("transformer", fold, epochs=1, learning_rate=1e-3)
    names = [name for name in known if "layer" in name and name.endswith("weight")]
    assert set(known) <= set(still) and all(np.allclose(still[name], known[name], atol=1e-6) for name in names)
    assert all(np.abs(moved[name] - known[name]).max() > 1e-4 for name in names)
    assert NETS["transformer"].predict(moved, about, fold.values).shape == (60,)


def test_numbers_are_learned_in_whatever_they_are_measured():
    """The same to the last digit that training tells, but for the scale: 1,000 × and + 5,000."""
    codes = sequenced.random(64, 40)
    labels = (codes == 2).mean(1)
    one, other = (networks.fold(codes, own, "regression") for own in (labels, 1000 * labels + 5000))
    found = [networks.guess("cnn", own, own, epochs=1, clip=0.0, learning_rate=1e-12) for own in (one, other)]
    assert np.allclose(1000 * found[0] + 5000, found[1], rtol=1e-5)
    assert abs(found[1].mean() - other.labels.mean()) < 2 * other.labels.std()


def test_a_profile_starts_from_its_mean():
    codes = sequenced.random(64, 40)
    target = np.full((64, 5), 30.0, np.float32)
    fold = networks.fold(codes, target, "profile", bin=8)
    found = networks.guess("cnn", fold, fold, epochs=1, learning_rate=1e-12)
    assert abs(found.mean() - 30) < 3


@pytest.mark.parametrize("word", tuple(NETS))
def test_weights_drawn_anew(word):
    fold = networks.fold(sequenced.random(40, 40), np.arange(40) % 2)
    arrays, about = networks.trained(word, fold, epochs=1)
    assert json.loads(json.dumps(about)) == about
    other = NETS[word].redrawn(arrays, about, 5)
    assert {k: v.shape for k, v in other.items()} == {k: v.shape for k, v in arrays.items()}
    one, two = (NETS[word].predict(own, about, fold.values) for own in (arrays, other))
    assert one.shape == two.shape and not np.allclose(one, two)


@pytest.mark.parametrize("word", tuple(NETS))
def test_both_strands_are_averaged(word):
    fold = networks.fold(sequenced.random(40, 40), np.arange(40) % 2)
    arrays, about = networks.trained(word, fold, epochs=2)
    turned = np.array([3, 2, 1, 0], np.uint8)[fold.values[:, ::-1]]
    one, two = (NETS[word].predict(arrays, about, own) for own in (fold.values, turned))
    assert np.allclose(one, two, atol=1e-6)
    alone = [NETS[word].predict(arrays, about | {"average_strands": False}, own) for own in (fold.values, turned)]
    assert not np.allclose(alone[0], alone[1], atol=1e-6)
    assert np.allclose((alone[0] + alone[1]) / 2, one, atol=1e-6)


def test_words_of_a_graph_fit_the_sequences():
    fold = networks.fold(sequenced.random(20, 4), np.arange(20) % 2)
    with pytest.raises(InputError, match="architectures.graph.k: words of 5 bases are longer than the sequences"):
        networks.trained("graph", fold)


def test_a_graph_has_the_representations_words():
    fold = networks.fold(sequenced.random(20, 30), np.arange(20) % 2)
    held = replace(fold, encoding=Encoding("kmer_graph", {"k": 3, "vocabulary": 65}, {}))
    assert networks.trained("graph", held, epochs=1)[1]["k"] == 3
    assert networks.trained("graph", fold, epochs=1, k=4)[1]["k"] == 4


@pytest.mark.parametrize("word", tuple(NETS))
def test_settings_of_a_search_are_those_of_the_config(word):
    import optuna

    known = sequence_tasks.Training().model_dump() | getattr(sequence_tasks.Architectures(), word).model_dump()
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(1))
    for _ in range(3):
        drawn = NETS[word].space(study.ask())
        assert not set(drawn) - set(known)
        own = networks.about(word, pools=[2], heads=3, widths=[3, 3], dilations=[1, 1])  # whatever the config says
        own |= {k: v for k, v in drawn.items() if k in NETS[word].SETTINGS}
        assert networks.built(own, word)(networks.batch(own)).shape == (5,)
