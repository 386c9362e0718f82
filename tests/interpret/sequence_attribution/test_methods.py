"""Sequence attributions: completeness, independence of the batch, and error messages."""

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
from readsight.interpret.sequence_attribution.attribution import attribute, is_supported, score_change, score_query
from readsight.interpret.sequence_attribution.attribution_file import base_contributions
from readsight.interpret.sequence_attribution.query import AttributionQuery, OutputHead, reverse_attributions
from readsight.interpret.sequence_attribution.references import build_references, find_permutation, reverse_windows, shuffle_codes
from readsight.interpret.sequence_attribution.registry import EXPLANATIONS
from readsight.models.kmer import kmer_linear
from readsight.models.sequence import NETWORKS

SPEC = {"baseline": "shuffled", "baselines": 3, "correction": True}
SIGNED = ("input_x_gradient", "smoothgrad", "integrated_gradients", "deep_shap", "gradient_shap")
COMPLETE = {"integrated_gradients": 0.02, "deep_shap": 1e-4, "shap": 1e-4}
NETWORKS_OF = {word: on or tuple(networks.SMALL) for word, on in interpretation.METHODS.items()}


def make_query(
    network: str = "cnn", kind: str = "binary", n: int = 4, length: int = 40, both: bool = True, **more: Any
) -> AttributionQuery:
    """Query for a small network with random weights."""
    description = networks.describe_network(network, kind, length, **more)
    module = networks.build_network(description, network)
    codes = sequenced.random_codes(n, length * (1 + description["pair"]), 3)
    positions = np.linspace(2, length - 3, n).astype(int) if kind == "positions" else None
    head_index = None if kind in ("binary", "regression", "profile") else 1
    arrays = {f"0.{name}": tensor.numpy() for name, tensor in module.state_dict().items()}
    description |= {"average_strands": both, "ensemble": 1, "device": "cpu", "stranded": not both}
    return AttributionQuery(NETWORKS[network], arrays, description, codes, OutputHead("x", head_index), positions)


def list_cases(skip: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [(method, network) for method, nets in NETWORKS_OF.items() for network in nets if method not in skip]


def test_methods_and_their_networks_match_the_config():
    assert list(EXPLANATIONS) == list(interpretation.METHODS)
    assert {method: EXPLANATIONS[method].SUPPORTED_NETWORKS for method in EXPLANATIONS} == interpretation.METHODS
    assert [method for method in EXPLANATIONS if getattr(EXPLANATIONS[method], "IS_POSITION_LEVEL", False)] == list(
        interpretation.LOCATION_METHODS
    )


@pytest.mark.parametrize("method", SIGNED)
@pytest.mark.parametrize("baseline", ["shuffled", "uniform", "zeros"])
def test_linear_network_gives_weight_times_difference(method, baseline):
    class LinearNetwork(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4 * 12, 1)

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            return self.layer(inputs.transpose(1, 2).flatten(1)).flatten()

    torch.manual_seed(0)
    net, spec = LinearNetwork(), SPEC | {"baseline": baseline}
    query = AttributionQuery(
        NETWORKS["cnn"], {}, networks.describe_network("cnn", length=12), sequenced.random_codes(3, 12), OutputHead("x")
    )
    vars(query)["net"] = net
    weights = net.layer.weight.detach().numpy().reshape(12, 4)
    compared = build_references(query.codes, spec, 1).mean(axis=1)
    if method in ("input_x_gradient", "smoothgrad"):  # the correction compares with the mean of all bases
        compared = np.full_like(compared, 0.25)
    expected = weights - (compared * weights).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(attribute(method, query, spec, 1), expected, atol=1e-5)


@pytest.mark.parametrize("method", COMPLETE)
@pytest.mark.parametrize(
    "network, kind, more",
    [("cnn", "binary", {}), ("cnn", "profile", {}), ("dilated_resnet", "positions", {}), ("dilated_resnet", "multiclass", {}),
     ("cnn", "regression", {"pair": True}), ("cnn_lstm", "multilabel", {}), ("lstm", "binary", {}), ("transformer", "binary", {})],
)  # fmt: skip
def test_contributions_add_up_to_score_minus_references(method, network, kind, more):
    if network not in NETWORKS_OF[method]:
        return
    query = make_query(network, kind, **more)
    change = score_change(query, SPEC, 1, method)
    totals = base_contributions(attribute(method, query, SPEC, 1), query.codes).sum(axis=1)
    assert np.abs(totals - change).mean() <= COMPLETE[method] * np.abs(change).mean()


@pytest.mark.parametrize("baseline", ["uniform", "zeros"])
def test_contributions_add_up_for_every_baseline_and_n(baseline):
    query, spec = make_query(), SPEC | {"baseline": baseline}
    query.codes[1, 5:9] = 4
    for method in ("integrated_gradients", "deep_shap", "shap"):
        change = score_change(query, spec, 1, method)
        totals = base_contributions(attribute(method, query, spec, 1), query.codes).sum(axis=1)
        assert np.abs(totals - change).mean() <= COMPLETE[method] * np.abs(change).mean()


@pytest.mark.parametrize("method, network", list_cases())
def test_reverse_strand_gets_reversed_attributions(method, network):
    query = make_query(network, n=2, length=30)
    reverse = query.with_codes(reverse_complement(query.codes))
    forward, reversed_attributions = (attribute(method, strand, SPEC, 1) for strand in (query, reverse))
    np.testing.assert_allclose(reverse_attributions(reversed_attributions, query.description), forward, atol=2e-6)
    np.testing.assert_allclose(score_query(reverse), score_query(query), atol=1e-5)


@pytest.mark.parametrize("method, network", list_cases())
def test_attributions_do_not_depend_on_batch(method, network):
    query = make_query(network, n=5, length=30)
    batched = attribute(method, query, SPEC, 1)
    single = np.concatenate([attribute(method, query.select_rows(np.array([i])), SPEC, 1) for i in range(3)])
    np.testing.assert_allclose(batched[:3], single, atol=1e-6)


@pytest.mark.parametrize("method, network", list_cases())
def test_attribution_leaves_model_and_state_unchanged(method, network):
    query = make_query(network, n=2, length=30)
    module = query.net
    module.train()
    for i, parameter in enumerate(module.parameters()):
        parameter.requires_grad_(i % 2 == 0)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}

    def capture_state() -> tuple:
        hooks = [
            (len(module_part._forward_hooks), len(module_part._backward_hooks), module_part.training)
            for module_part in module.modules()
        ]
        gradients = [(module_part.requires_grad, module_part.grad) for module_part in module.parameters()]
        return (
            hooks,
            gradients,
            torch.is_grad_enabled(),
            torch.get_num_threads(),
            torch.get_rng_state().tolist(),
            np.random.get_state()[1].tolist(),
        )

    initial_state, codes = capture_state(), query.codes.copy()
    with torch.no_grad():
        attribute(method, query, SPEC, 1)
        assert not torch.is_grad_enabled()
    assert capture_state() == initial_state and (query.codes == codes).all()
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())


@pytest.mark.parametrize("method", ["integrated_gradients", "deep_shap", "mutagenesis", "shap", "saliency"])
def test_cropping_to_receptive_field_equals_full_window(method, monkeypatch):
    query = make_query("dilated_resnet", "positions", 3, 90, both=False)
    attributions = attribute(method, query, SPEC, 1)
    for row, position in zip(attributions, query.positions, strict=True):
        assert not row[np.abs(np.arange(90) - position) > 18].any() and row[np.abs(np.arange(90) - position) <= 18].any()
    monkeypatch.setattr("readsight.interpret.sequence_attribution.attribution.crop_query", lambda _: None)
    if method != "shap":  # its segments are longer without cropping
        np.testing.assert_allclose(
            attribute(method, query, SPEC, 1), attributions, atol=5e-6 if method != "integrated_gradients" else 2e-3
        )


def test_mutagenesis_equals_scores_of_edited_sequences():
    query = make_query("cnn", "multiclass", 2, 24)
    attributions = attribute("mutagenesis", query, SPEC, 1)
    for position, base in ((0, 1), (11, 3), (23, 0)):
        edited = query.codes.copy()
        edited[:, position] = base
        change = score_query(query.with_codes(edited)) - score_query(query)
        np.testing.assert_allclose(
            attributions[:, position, base] - base_contributions(attributions, query.codes)[:, position], change, atol=1e-5
        )
    np.testing.assert_allclose(attributions.sum(axis=2), 0, atol=1e-5)


def test_integrated_gradients_equal_many_steps():
    captum = pytest.importorskip("captum.attr")
    query = make_query(both=False, n=3)
    baselines, one_hot = build_references(query.codes, SPEC, 1), one_hot_last(query.codes)
    exact = captum.IntegratedGradients(lambda inputs: query.net(inputs.transpose(1, 2)))
    rows = [[exact.attribute(torch.from_numpy(x[None]), torch.from_numpy(r[None]), n_steps=300, method="riemann_middle") for r in baseline_rows]
            for x, baseline_rows in zip(one_hot, baselines, strict=True)]  # fmt: skip
    expected = np.array([[torch.as_tensor(row).numpy()[0].sum(axis=1) for row in baseline_rows] for baseline_rows in rows]).mean(
        axis=1
    )
    contributions = base_contributions(integrated_gradients.attribute(query, baselines, SPEC, 1), query.codes)
    assert np.corrcoef(contributions.ravel(), expected.ravel())[0, 1] > 0.99


def test_sampled_values_equal_shapley_on_additive_model():
    """In an additive model of 1-mers each position contributes independently of the order."""
    train = networks.make_fold(sequenced.random_codes(60, 16), np.arange(60) % 2)
    fitted = kmer_linear.train(train, None, {"k": 1, "strength": 0.1}, 1, 1)
    codes = sequenced.random_codes(2, 16, 5)
    query = AttributionQuery(kmer_linear, fitted.arrays, fitted.description, codes, OutputHead("yes"))
    references = shuffle_codes(codes, 2, 1)
    references[:] = reverse_complement(references)  # different bases: shuffles have the same composition
    contributions = base_contributions(shapley_sampling.attribute(query, references, SPEC, 1), codes)
    for i in range(2):
        for j in range(16):
            edited = codes[i].copy()
            edits = []
            for reference in references[i]:
                edited[:] = codes[i]
                edited[j] = reference[j]
                edits.append(
                    query.select_rows(np.array([i])).compute_scores()[0] - query.with_codes(edited[None]).compute_scores()[0]
                )
            assert contributions[i, j] == pytest.approx(np.mean(edits), abs=1e-4)


def test_references_keep_dinucleotides_and_depend_on_sequence_only():
    codes = sequenced.random_codes(6, 60, 2)
    codes[2, :7] = codes[2, -3:] = 4
    references = build_references(codes, SPEC, 1)
    letters = np.where(references.any(axis=-1), references.argmax(axis=-1), 4)
    assert ((letters == 4) == (codes == 4)[:, None]).all()
    for row, sequence in zip(letters, codes, strict=True):
        known = sequence < 4
        counts = [
            np.bincount(codes_row[known][:-1] * 4 + codes_row[known][1:], minlength=16).tolist() for codes_row in (sequence, *row)
        ]
        assert all(row_counts == counts[0] for row_counts in counts) and len(np.unique(row, axis=0)) == 3
    np.testing.assert_array_equal(build_references(codes[[3]], SPEC, 1)[0], references[3])
    assert (build_references(codes, SPEC, 2) != references).any()
    reverse = build_references(reverse_windows(codes), SPEC, 1)
    np.testing.assert_array_equal(reverse[:, :, ::-1, ::-1], references)


def test_windows_of_a_pair_share_one_permutation():
    codes = sequenced.random_codes(4, 30, 2)
    pair = np.concatenate([codes, codes], axis=1)
    pair[:, 44] = (pair[:, 44] + 1) % 4  # a substitution in the second window
    shuffles = shuffle_codes(pair, 3, 1, windows=2)
    assert ((shuffles[..., :30] != shuffles[..., 30:]).sum(axis=-1) == 1).all()


def test_permutation_gives_source_positions():
    codes, shuffled = np.array([[0, 1, 0, 2]]), np.array([[0, 0, 2, 1]])
    assert find_permutation(codes, shuffled).tolist() == [[0, 2, 3, 1]]


def test_unsupported_method_names_supported_ones():
    with pytest.raises(
        InputError, match=r"'attention_rollout' is not defined on cnn \(one_hot\); use saliency.*mutagenesis"
    ) as error:
        attribute("attention_rollout", make_query("cnn"), SPEC, 1)
    assert "attention_rollout," not in str(error.value)
    with pytest.raises(InputError, match=r"'deep_shap' is not defined on lstm .*integrated_gradients"):
        attribute("deep_shap", make_query("lstm"), SPEC, 1)
    with pytest.raises(InputError, match="use shap, mutagenesis"):
        attribute("saliency", make_query("graph"), SPEC, 1)
    with pytest.raises(InputError, match="did you mean 'saliency'"):
        attribute("salience", make_query("cnn"), SPEC, 1)
    assert [method for method in EXPLANATIONS if is_supported(method, make_query("graph"))] == ["shap", "mutagenesis"]


def test_nan_attributions_name_method_and_example():
    query = make_query("cnn", n=3)
    query.net.head.layer.weight.data[:] = torch.nan
    with pytest.raises(InputError, match=r"saliency is not finite for 3 of 3 examples \(e0, e1, e2\).*learning_rate"):
        attribute("saliency", query, SPEC, 1, ["e0", "e1", "e2"])


def test_no_sequences_give_empty_attributions():
    query = make_query("cnn")
    assert attribute("deep_shap", query.select_rows(np.array([], int)), SPEC, 1).shape == (0, 40, 4)


def test_every_method_documents_its_shape():
    assert all("Attributions (n, positions, 4)" in inspect.getdoc(EXPLANATIONS[method].attribute) for method in EXPLANATIONS)
