"""First-layer filters as motifs, and enriched k-mers: planted motifs are recovered."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

import interpret_filters
import networks
import recurring
import sequenced
import trainings
from readsight.dataset.encodings import kmer_tokens
from readsight.genome.codes import encode
from readsight.interpret.motifs import filters, kmer_enrichment, meme, pwm
from readsight.models.sequence import NETWORKS


def build_planted_network(consensus: str) -> torch.nn.Module:
    """A small network whose third filter is a motif, and whose first filter is never active."""
    description = networks.describe_network("cnn", length=48, norm="none", dropout=0.0, filters=[4, 4], widths=[7, 5])
    net = NETWORKS["cnn"].build(description).eval()
    convolution = filters.find_first_layer(net)[0][0]
    with torch.no_grad():
        convolution.weight[2] = torch.eye(4)[torch.from_numpy(encode(consensus).astype(np.int64))].T[:, None] - 0.5
        convolution.bias[2] = -1.0
        convolution.weight[0], convolution.bias[0] = 0, -1.0
    return net


def test_planted_filter_is_recovered_as_motif():
    codes = sequenced.plant_motif(sequenced.random_codes(300, 48, 1), np.arange(300) % 2 == 0, "GATTACA", on_both_strands=False)
    codes[4] = 4  # an example of only N activates nothing
    layers, reason = filters.find_first_layer(build_planted_network("GATTACA"))
    motif_filters = filters.extract_filters(layers, codes)
    assert not reason and len(motif_filters) == 4
    planted = motif_filters[2]
    assert (
        pwm.spell_consensus(planted.matrix) == "GATTACA"
        and planted.kmer_count >= 140
        and planted.maximum == pytest.approx(7 * 0.5 - 1)
    )
    assert (
        planted.example_fraction >= 0.48
        and planted.sequence_maxima[4] == 0
        and (planted.sequence_maxima[[0, 2, 6]] == planted.maximum).all()
    )
    assert motif_filters[0].matrix is None and (motif_filters[0].kmer_count, motif_filters[0].maximum) == (0, 0.0)


def test_activations_equal_the_first_layer_of_the_network():
    description = networks.describe_network("cnn", length=48, pools=[1, 1])
    net = networks.build_network(description, "cnn")
    layers, _ = filters.find_first_layer(net)
    codes = sequenced.random_codes(20, 48, 2)
    activations = []
    handle = net.trunk.blocks[0].register_forward_hook(lambda *given: activations.append(given[2]))
    with torch.no_grad():
        net(networks.encode_one_hot(torch.from_numpy(codes)))
    handle.remove()
    width = description["widths"][0]
    inside = activations[0][:, :, 0, (width - 1) // 2 :][:, :, : 48 - width + 1].numpy()  # windows within the sequence
    for motif_filter in filters.extract_filters(layers, codes):
        np.testing.assert_allclose(motif_filter.sequence_maxima, inside[:, motif_filter.number].max(axis=1), atol=5e-3)


@pytest.mark.parametrize(("model_name", "expected"), [("lstm", "no layer of filters"), ("dilated_resnet", "span 1 base")])
def test_networks_without_base_filters_give_a_reason(model_name, expected):
    layers, reason = filters.find_first_layer(networks.build_network(networks.describe_network(model_name), model_name))
    assert layers == [] and expected in reason


@pytest.mark.parametrize("model_name", ["cnn_lstm", "transformer"])
def test_networks_beginning_with_filters_have_them(model_name):
    layers, reason = filters.find_first_layer(networks.build_network(networks.describe_network(model_name), model_name))
    assert not reason and len(filters.extract_filters(layers, sequenced.random_codes(10, 48, 1))) == 16


def test_enriched_kmers_are_detected_on_either_strand():
    inside = np.arange(400) < 200
    codes = sequenced.plant_motif(sequenced.random_codes(400, 40, 1), inside, "GATTACA")
    present = kmer_enrichment.find_kmers(codes, 6, stranded=False)
    table = kmer_enrichment.compute_enrichment(present, inside, "a", kmer_tokens.column_names(6, False))
    assert set(table["kmer"][:2]) == {"GATTAC", "ATTACA"}
    assert (table["q"][:2] < 1e-20).all() and (table["odds_ratio"][:2] > 20).all()
    unrelated = [
        kmer for kmer in table["kmer"] if not any(core in kmer for core in ("GATTA", "ATTAC", "TTACA", "TAATC", "GTAAT", "TGTAA"))
    ]
    assert (table.set_index("kmer")["q"][unrelated] < 0.01).sum() < 10  # k-mers that share four bases with the motif
    swapped = kmer_enrichment.compute_enrichment(present, ~inside, "b", kmer_tokens.column_names(6, False)).set_index("kmer")
    np.testing.assert_allclose(swapped["odds_ratio"]["GATTAC"], 1 / table.set_index("kmer")["odds_ratio"]["GATTAC"])


def test_p_is_twice_the_smaller_fisher_tail():
    from scipy.stats import fisher_exact

    present = np.zeros((30, 1), bool)
    present[:12] = True
    inside = np.arange(30) % 3 != 0
    row = kmer_enrichment.compute_enrichment(present, inside, "a", ("AAAAAA",)).iloc[0]
    cells = [
        [row["inside_with"], row["inside"] - row["inside_with"]],
        [row["outside_with"], row["outside"] - row["outside_with"]],
    ]
    assert row["p"] == pytest.approx(min(1, 2 * min(fisher_exact(cells, side)[1] for side in ("less", "greater"))))


def test_filters_and_kmers_of_a_network_are_written(tmp_path):
    inputs = recurring.train_model(tmp_path)
    out = {name: tmp_path / name for name in ("filters", "table", "table_note", "kmers", "kmers_note")}
    interpret_filters.main(inputs, 1, out)
    table, kmers = pd.read_csv(out["table"], sep="\t"), pd.read_csv(out["kmers"], sep="\t")
    assert len(table) == 16 and {motif.name for motif in meme.read(out["filters"])} == set(
        table.loc[table["words"] > 0, "filter"]
    )
    assert all(any(kmer in strand_motif for strand_motif in (trainings.MOTIF, "GTAAACGT")) for kmer in kmers["kmer"][:3])
    assert set(kmers["towards"]) == {"yes"} and kmers["inside"][0] + kmers["outside"][0] == 40


@pytest.mark.parametrize(
    ("model_name", "kind", "towards"), [("lstm", "regression", {"higher"}), ("dilated_resnet", "positions", {"weak"})]
)
def test_networks_without_filters_still_give_kmers(tmp_path, model_name, kind, towards):
    inputs = recurring.train_model(tmp_path, model_name, kind, stranded=True)
    out = {name: tmp_path / name for name in ("filters", "table", "table_note", "kmers", "kmers_note")}
    interpret_filters.main(inputs, 1, out)
    assert meme.read(out["filters"], empty=True) == [] and pd.read_csv(out["table"], sep="\t").empty
    assert json.loads(out["table_note"].read_text())["note"] and not json.loads(out["kmers_note"].read_text())["note"]
    kmers = pd.read_csv(out["kmers"], sep="\t")
    assert set(kmers["towards"]) == towards and len(kmers) == 4**6
