"""Attributions of sequences: what they add up to, what they do not hang on, and what is refused."""

import inspect
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import networks
import sequenced
from readsight.config import interpretation
from readsight.errors import InputError
from readsight.genome.codes import reverse_complement
from readsight.genome.onehot import one_hot_last
from readsight.interpret.sequence_attribution import integrated_gradients, shapley_sampling
from readsight.interpret.sequence_attribution.attribution import attribute, change_of, defined, score_of
from readsight.interpret.sequence_attribution.attribution_file import own
from readsight.interpret.sequence_attribution.query import Head, Question, turned_back
from readsight.interpret.sequence_attribution.references import permutation, references, shuffled, turned_over
from readsight.interpret.sequence_attribution.registry import EXPLANATIONS
from readsight.models.kmer import kmer_linear
from readsight.models.sequence import NETS

SPEC = {"baseline": "shuffled", "baselines": 3, "correction": True}
SIGNED = ("input_x_gradient", "smoothgrad", "integrated_gradients", "deep_shap", "gradient_shap")
COMPLETE = {"integrated_gradients": 0.02, "deep_shap": 1e-4, "shap": 1e-4}
WHERE = {word: on or tuple(networks.SMALL) for word, on in interpretation.METHODS.items()}


def asked(word: str = "cnn", kind: str = "binary", n: int = 4, length: int = 40, both: bool = True, **more: Any) -> Question:
    """About a small network whose weights were drawn."""
    about = networks.about(word, kind, length, **more)
    net = networks.built(about, word)
    codes = sequenced.random(n, length * (1 + about["pair"]), 3)
    at = np.linspace(2, length - 3, n).astype(int) if kind == "positions" else None
    number = None if kind in ("binary", "regression", "profile") else 1
    arrays = {f"0.{name}": tensor.numpy() for name, tensor in net.state_dict().items()}
    about |= {"average_strands": both, "ensemble": 1, "device": "cpu", "stranded": not both}
    return Question(NETS[word], arrays, about, codes, Head("x", number), at)


def every(skip: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [(word, net) for word, nets in WHERE.items() for net in nets if word not in skip]


def test_the_words_and_where_they_are_defined_are_those_of_the_config():
    assert list(EXPLANATIONS) == list(interpretation.METHODS)
    assert {word: EXPLANATIONS[word].ON for word in EXPLANATIONS} == interpretation.METHODS
    assert [word for word in EXPLANATIONS if getattr(EXPLANATIONS[word], "PLACES", False)] == list(interpretation.PLACES)


@pytest.mark.parametrize("word", SIGNED)
@pytest.mark.parametrize("baseline", ["shuffled", "uniform", "zeros"])
def test_of_a_linear_network_the_attributions_are_its_weights_times_the_difference(word, baseline):
    class Linear(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4 * 12, 1)

        def forward(self, given: torch.Tensor) -> torch.Tensor:
            return self.layer(given.transpose(1, 2).flatten(1)).flatten()

    torch.manual_seed(0)
    net, spec = Linear(), SPEC | {"baseline": baseline}
    question = Question(NETS["cnn"], {}, networks.about("cnn", length=12), sequenced.random(3, 12), Head("x"))
    vars(question)["net"] = net
    weights = net.layer.weight.detach().numpy().reshape(12, 4)
    compared = references(question.codes, spec, 1).mean(axis=1)
    if word in ("input_x_gradient", "smoothgrad"):  # the correction compares with the mean of all bases
        compared = np.full_like(compared, 0.25)
    expected = weights - (compared * weights).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(attribute(word, question, spec, 1), expected, atol=1e-5)


@pytest.mark.parametrize("word", COMPLETE)
@pytest.mark.parametrize(
    "net, kind, more",
    [("cnn", "binary", {}), ("cnn", "profile", {}), ("dilated_resnet", "positions", {}), ("dilated_resnet", "multiclass", {}),
     ("cnn", "regression", {"pair": True}), ("cnn_lstm", "multilabel", {}), ("lstm", "binary", {}), ("transformer", "binary", {})],
)  # fmt: skip
def test_contributions_add_up_to_the_score_less_that_of_the_references(word, net, kind, more):
    if net not in WHERE[word]:
        return
    question = asked(net, kind, **more)
    change = change_of(question, SPEC, 1, word)
    found = own(attribute(word, question, SPEC, 1), question.codes).sum(axis=1)
    assert np.abs(found - change).mean() <= COMPLETE[word] * np.abs(change).mean()


@pytest.mark.parametrize("baseline", ["uniform", "zeros"])
def test_they_add_up_from_other_baselines_and_where_bases_are_not_known(baseline):
    question, spec = asked(), SPEC | {"baseline": baseline}
    question.codes[1, 5:9] = 4
    for word in ("integrated_gradients", "deep_shap", "shap"):
        change = change_of(question, spec, 1, word)
        found = own(attribute(word, question, spec, 1), question.codes).sum(axis=1)
        assert np.abs(found - change).mean() <= COMPLETE[word] * np.abs(change).mean()


@pytest.mark.parametrize("word, net", every())
def test_the_other_strand_gets_the_same_the_other_way_round(word, net):
    question = asked(net, n=2, length=30)
    other = question.about_codes(reverse_complement(question.codes))
    found, turned = (attribute(word, one, SPEC, 1) for one in (question, other))
    np.testing.assert_allclose(turned_back(turned, question.about), found, atol=2e-6)
    np.testing.assert_allclose(score_of(other), score_of(question), atol=1e-5)


@pytest.mark.parametrize("word, net", every())
def test_neighbours_in_the_batch_do_not_matter(word, net):
    question = asked(net, n=5, length=30)
    together = attribute(word, question, SPEC, 1)
    alone = np.concatenate([attribute(word, question.some(np.array([i])), SPEC, 1) for i in range(3)])
    np.testing.assert_allclose(together[:3], alone, atol=1e-6)


@pytest.mark.parametrize("word, net", every())
def test_a_call_leaves_all_as_it_was(word, net):
    question = asked(net, n=2, length=30)
    module = question.net
    module.train()
    for i, part in enumerate(module.parameters()):
        part.requires_grad_(i % 2 == 0)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}

    def state() -> tuple:
        hooks = [(len(part._forward_hooks), len(part._backward_hooks), part.training) for part in module.modules()]
        asks = [(part.requires_grad, part.grad) for part in module.parameters()]
        return (
            hooks,
            asks,
            torch.is_grad_enabled(),
            torch.get_num_threads(),
            torch.get_rng_state().tolist(),
            np.random.get_state()[1].tolist(),
        )

    held, codes = state(), question.codes.copy()
    with torch.no_grad():
        attribute(word, question, SPEC, 1)
        assert not torch.is_grad_enabled()
    assert state() == held and (question.codes == codes).all()
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())


@pytest.mark.parametrize("word", ["integrated_gradients", "deep_shap", "mutagenesis", "shap", "saliency"])
def test_of_one_place_only_what_it_sees_counts_and_that_as_in_the_whole_window(word, monkeypatch):
    question = asked("dilated_resnet", "positions", 3, 90, both=False)
    found = attribute(word, question, SPEC, 1)
    for row, at in zip(found, question.at, strict=True):
        assert not row[np.abs(np.arange(90) - at) > 18].any() and row[np.abs(np.arange(90) - at) <= 18].any()
    monkeypatch.setattr("readsight.interpret.sequence_attribution.attribution.seen", lambda _: None)
    if word != "shap":  # whose stretches are then longer
        np.testing.assert_allclose(
            attribute(word, question, SPEC, 1), found, atol=5e-6 if word != "integrated_gradients" else 2e-3
        )


def test_mutagenesis_is_what_edited_sequences_score():
    question = asked("cnn", "multiclass", 2, 24)
    found = attribute("mutagenesis", question, SPEC, 1)
    for place, base in ((0, 1), (11, 3), (23, 0)):
        edited = question.codes.copy()
        edited[:, place] = base
        change = score_of(question.about_codes(edited)) - score_of(question)
        np.testing.assert_allclose(found[:, place, base] - own(found, question.codes)[:, place], change, atol=1e-5)
    np.testing.assert_allclose(found.sum(axis=2), 0, atol=1e-5)


def test_integrated_gradients_are_those_of_many_steps():
    captum = pytest.importorskip("captum.attr")
    question = asked(both=False, n=3)
    held, whole = references(question.codes, SPEC, 1), one_hot_last(question.codes)
    exact = captum.IntegratedGradients(lambda given: question.net(given.transpose(1, 2)))
    rows = [[exact.attribute(torch.from_numpy(x[None]), torch.from_numpy(r[None]), n_steps=300, method="riemann_middle") for r in part]
            for x, part in zip(whole, held, strict=True)]  # fmt: skip
    expected = np.array([[torch.as_tensor(row).numpy()[0].sum(axis=1) for row in part] for part in rows]).mean(axis=1)
    found = own(integrated_gradients.attribute(question, held, SPEC, 1), question.codes)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.99


def test_sampled_values_are_shapleys_where_all_orders_give_the_same():
    """Of a model that adds up k-mers of one base each place counts by itself, whatever the order."""
    train = networks.fold(sequenced.random(60, 16), np.arange(60) % 2)
    fitted = kmer_linear.train(train, None, {"k": 1, "strength": 0.1}, 1, 1)
    codes = sequenced.random(2, 16, 5)
    question = Question(kmer_linear, fitted.arrays, fitted.about, codes, Head("yes"))
    held = shuffled(codes, 2, 1)
    held[:] = reverse_complement(held)  # other bases: shuffled ones have the same
    found = own(shapley_sampling.attribute(question, held, SPEC, 1), codes)
    for i in range(2):
        for j in range(16):
            single = codes[i].copy()
            edits = []
            for reference in held[i]:
                single[:] = codes[i]
                single[j] = reference[j]
                edits.append(question.some(np.array([i])).score()[0] - question.about_codes(single[None]).score()[0])
            assert found[i, j] == pytest.approx(np.mean(edits), abs=1e-4)


def test_references_keep_their_own_dinucleotides_and_hang_on_their_own_sequence():
    codes = sequenced.random(6, 60, 2)
    codes[2, :7] = codes[2, -3:] = 4
    found = references(codes, SPEC, 1)
    letters = np.where(found.any(axis=-1), found.argmax(axis=-1), 4)
    assert ((letters == 4) == (codes == 4)[:, None]).all()
    for row, own_codes in zip(letters, codes, strict=True):
        known = own_codes < 4
        counts = [np.bincount(part[known][:-1] * 4 + part[known][1:], minlength=16).tolist() for part in (own_codes, *row)]
        assert all(other == counts[0] for other in counts) and len(np.unique(row, axis=0)) == 3
    np.testing.assert_array_equal(references(codes[[3]], SPEC, 1)[0], found[3])
    assert (references(codes, SPEC, 2) != found).any()
    turned = references(turned_over(codes), SPEC, 1)
    np.testing.assert_array_equal(turned[:, :, ::-1, ::-1], found)


def test_windows_of_a_pair_are_shuffled_alike():
    codes = sequenced.random(4, 30, 2)
    pair = np.concatenate([codes, codes], axis=1)
    pair[:, 44] = (pair[:, 44] + 1) % 4  # a substitution in the second window
    found = shuffled(pair, 3, 1, windows=2)
    assert ((found[..., :30] != found[..., 30:]).sum(axis=-1) == 1).all()


def test_a_permutation_says_where_bases_come_from():
    codes, drawn = np.array([[0, 1, 0, 2]]), np.array([[0, 0, 2, 1]])
    assert permutation(codes, drawn).tolist() == [[0, 2, 3, 1]]


def test_a_method_that_is_not_defined_names_those_that_are():
    with pytest.raises(
        InputError, match=r"'attention_rollout' is not defined on cnn \(one_hot\); use saliency.*mutagenesis"
    ) as caught:
        attribute("attention_rollout", asked("cnn"), SPEC, 1)
    assert "attention_rollout," not in str(caught.value)
    with pytest.raises(InputError, match=r"'deep_shap' is not defined on lstm .*integrated_gradients"):
        attribute("deep_shap", asked("lstm"), SPEC, 1)
    with pytest.raises(InputError, match="use shap, mutagenesis"):
        attribute("saliency", asked("graph"), SPEC, 1)
    with pytest.raises(InputError, match="did you mean 'saliency'"):
        attribute("salience", asked("cnn"), SPEC, 1)
    assert [word for word in EXPLANATIONS if defined(word, asked("graph"))] == ["shap", "mutagenesis"]


def test_attributions_that_are_no_numbers_name_method_and_example():
    question = asked("cnn", n=3)
    question.net.head.layer.weight.data[:] = torch.nan
    with pytest.raises(InputError, match=r"saliency is not a number for 3 of 3 examples \(e0, e1, e2\).*learning_rate"):
        attribute("saliency", question, SPEC, 1, ["e0", "e1", "e2"])


def test_of_no_sequences_there_are_no_attributions():
    question = asked("cnn")
    assert attribute("deep_shap", question.some(np.array([], int)), SPEC, 1).shape == (0, 40, 4)


def test_every_method_says_what_it_finds():
    assert all("Attributions (n, places, 4)" in inspect.getdoc(EXPLANATIONS[word].attribute) for word in EXPLANATIONS)
