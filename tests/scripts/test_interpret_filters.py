"""First-layer filters as motifs, and words that tell classes apart: what was planted comes back."""

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
from readsight.models.sequence import NETS


def planted_net(word: str) -> torch.nn.Module:
    """A small network of which the third filter is a word, and the first never says anything."""
    about = networks.about("cnn", length=48, norm="none", dropout=0.0, filters=[4, 4], widths=[7, 5])
    net = NETS["cnn"].build(about).eval()
    convolution = filters.first(net)[0][0]
    with torch.no_grad():
        convolution.weight[2] = torch.eye(4)[torch.from_numpy(encode(word).astype(np.int64))].T[:, None] - 0.5
        convolution.bias[2] = -1.0
        convolution.weight[0], convolution.bias[0] = 0, -1.0
    return net


def test_a_filter_that_is_a_word_comes_back_as_its_matrix():
    codes = sequenced.planted(sequenced.random(300, 48, 1), np.arange(300) % 2 == 0, "GATTACA", turned=False)
    codes[4] = 4  # an example of N alone drives nothing
    layers, why = filters.first(planted_net("GATTACA"))
    found = filters.filters(layers, codes)
    assert not why and len(found) == 4
    one = found[2]
    assert pwm.spelled(one.matrix) == "GATTACA" and one.words >= 140 and one.maximum == pytest.approx(7 * 0.5 - 1)
    assert one.examples >= 0.48 and one.highest[4] == 0 and (one.highest[[0, 2, 6]] == one.maximum).all()
    assert found[0].matrix is None and (found[0].words, found[0].maximum) == (0, 0.0)


def test_activations_are_those_of_the_network_s_own_first_layer():
    about = networks.about("cnn", length=48, pools=[1, 1])
    net = networks.built(about, "cnn")
    layers, _ = filters.first(net)
    codes = sequenced.random(20, 48, 2)
    seen = []
    handle = net.trunk.blocks[0].register_forward_hook(lambda *given: seen.append(given[2]))
    with torch.no_grad():
        net(networks.one_hot(torch.from_numpy(codes)))
    handle.remove()
    width = about["widths"][0]
    inner = seen[0][:, :, 0, (width - 1) // 2 :][:, :, : 48 - width + 1].numpy()  # words that lie within the sequence
    for one in filters.filters(layers, codes):
        np.testing.assert_allclose(one.highest, inner[:, one.number].max(axis=1), atol=5e-3)


@pytest.mark.parametrize(("word", "told"), [("lstm", "no layer of filters"), ("dilated_resnet", "span 1 base")])
def test_networks_without_such_filters_say_so(word, told):
    layers, why = filters.first(networks.built(networks.about(word), word))
    assert layers == [] and told in why


@pytest.mark.parametrize("word", ["cnn_lstm", "transformer"])
def test_networks_that_begin_with_filters_have_them(word):
    layers, why = filters.first(networks.built(networks.about(word), word))
    assert not why and len(filters.filters(layers, sequenced.random(10, 48, 1))) == 16


def test_words_of_one_class_are_found_on_either_strand():
    inside = np.arange(400) < 200
    codes = sequenced.planted(sequenced.random(400, 40, 1), inside, "GATTACA")
    present = kmer_enrichment.having(codes, 6, stranded=False)
    table = kmer_enrichment.enriched(present, inside, "a", kmer_tokens.names(6, False))
    assert set(table["kmer"][:2]) == {"GATTAC", "ATTACA"}
    assert (table["q"][:2] < 1e-20).all() and (table["odds_ratio"][:2] > 20).all()
    part = [
        word for word in table["kmer"] if not any(own in word for own in ("GATTA", "ATTAC", "TTACA", "TAATC", "GTAAT", "TGTAA"))
    ]
    assert (table.set_index("kmer")["q"][part] < 0.01).sum() < 10  # such as share four bases with the word
    swapped = kmer_enrichment.enriched(present, ~inside, "b", kmer_tokens.names(6, False)).set_index("kmer")
    np.testing.assert_allclose(swapped["odds_ratio"]["GATTAC"], 1 / table.set_index("kmer")["odds_ratio"]["GATTAC"])


def test_p_is_that_of_fisher_s_exact_test_doubled():
    from scipy.stats import fisher_exact

    present = np.zeros((30, 1), bool)
    present[:12] = True
    inside = np.arange(30) % 3 != 0
    row = kmer_enrichment.enriched(present, inside, "a", ("AAAAAA",)).iloc[0]
    cells = [
        [row["inside_with"], row["inside"] - row["inside_with"]],
        [row["outside_with"], row["outside"] - row["outside_with"]],
    ]
    assert row["p"] == pytest.approx(min(1, 2 * min(fisher_exact(cells, side)[1] for side in ("less", "greater"))))


def test_a_trained_network_s_filters_and_words_are_written(tmp_path):
    inputs = recurring.model(tmp_path)
    out = {name: tmp_path / name for name in ("filters", "table", "table_note", "kmers", "kmers_note")}
    interpret_filters.main(inputs, 1, out)
    table, kmers = pd.read_csv(out["table"], sep="\t"), pd.read_csv(out["kmers"], sep="\t")
    assert len(table) == 16 and {one.name for one in meme.read(out["filters"])} == set(table.loc[table["words"] > 0, "filter"])
    assert all(any(word in turn for turn in (trainings.WORD, "GTAAACGT")) for word in kmers["kmer"][:3])
    assert set(kmers["towards"]) == {"yes"} and kmers["inside"][0] + kmers["outside"][0] == 40


@pytest.mark.parametrize(
    ("word", "kind", "towards"), [("lstm", "regression", {"higher"}), ("dilated_resnet", "positions", {"weak"})]
)
def test_a_network_without_filters_leaves_empty_files_and_words_all_the_same(tmp_path, word, kind, towards):
    inputs = recurring.model(tmp_path, word, kind, stranded=True)
    out = {name: tmp_path / name for name in ("filters", "table", "table_note", "kmers", "kmers_note")}
    interpret_filters.main(inputs, 1, out)
    assert meme.read(out["filters"], empty=True) == [] and pd.read_csv(out["table"], sep="\t").empty
    assert json.loads(out["table_note"].read_text())["note"] and not json.loads(out["kmers_note"].read_text())["note"]
    kmers = pd.read_csv(out["kmers"], sep="\t")
    assert set(kmers["towards"]) == towards and len(kmers) == 4**6
