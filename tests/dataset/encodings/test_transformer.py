"""Transformers: masked words are told by what is around them, and checkpoints are read from a folder, or refused in words."""

import json

import numpy as np
import pytest

import sequenced
from readsight.dataset.encodings import ENCODINGS, kmer_tokens, transformer
from readsight.dataset.fold_file import Sequence
from readsight.errors import InputError
from readsight.genome.codes import encode, reverse_complement

torch = pytest.importorskip("torch")

SPEC = {"k": 3, "dimensions": 16, "layers": 1, "heads": 2, "epochs": 1, "masked": 0.15, "checkpoint": None}


def grammar(n, length, seed):
    """Sequences that go round one of three words of eight bases, from any place on."""
    draw = np.random.default_rng(seed)
    words = [np.tile(encode(word), length) for word in ("ACGTTGCA", "GGATCTAC", "TTAGACCG")]
    return np.stack([words[draw.integers(3)][(s := draw.integers(8)) : s + length] for _ in range(n)])


def test_masked_words_share_no_base_with_words_that_are_left():
    from readsight.dataset.encodings.masked_language_model import masks

    k, generator = 4, torch.Generator().manual_seed(1)
    tokens = torch.as_tensor(kmer_tokens.ids(sequenced.random(40, 60), k).astype(np.int64))
    masked, counted = masks(tokens, k, 0.3, generator)
    assert counted.any(dim=1).all() and (masked | ~counted).all()
    for left, own in zip(~masked, counted, strict=True):
        seen = {base for word in torch.nonzero(left).ravel().tolist() for base in range(word, word + k)}
        for word in torch.nonzero(own).ravel().tolist():
            assert not seen & set(range(word, word + k))


def test_pretraining_tells_masked_words_of_a_repetitive_grammar():
    codes = grammar(600, 40, 1)
    found = transformer.fit(codes, Sequence(40), SPEC | {"epochs": 12, "dimensions": 32, "heads": 4}, 1, 1)
    said = found.about["pretraining"]
    assert said["loss"] < said["unigram_loss"] / 2 and said["accuracy"] > 0.6 > 4 * said["unigram_accuracy"]
    assert said["history"][-1]["training"] < said["history"][0]["training"] and said["scored"] > 20
    # Of random bases there is nothing to tell.
    nothing = transformer.fit(sequenced.random(600, 40), Sequence(40), SPEC, 1, 1).about["pretraining"]
    assert nothing["loss"] > 0.98 * nothing["unigram_loss"] and nothing["accuracy"] < 0.1


def test_the_same_seed_gives_the_same_encoder_and_arrays_are_all_of_it():
    codes = sequenced.random(60, 30)
    one, same, other = (transformer.fit(codes, Sequence(30), SPEC, seed, 1) for seed in (1, 1, 2))
    assert all(np.array_equal(one.arrays[name], same.arrays[name]) for name in one.arrays)
    assert not np.array_equal(one.arrays["embedding.weight"], other.arrays["embedding.weight"])
    assert not one.arrays["embedding.weight"][0].any(), "padding is nothing"
    tokens = torch.as_tensor(transformer.tokens(codes[:3], one))
    full, empty = transformer.encoder(one).eval(), transformer.encoder(one, weights=False).eval()
    assert full(tokens).shape == (3, 28, 16) == (3, 28, one.about["dimensions"])
    assert not torch.equal(full(tokens), empty(tokens))
    empty.load_state_dict(full.state_dict())
    assert torch.equal(full(tokens), empty(tokens))


def test_features_do_not_hang_on_the_batch_nor_on_the_strand():
    codes = sequenced.random(50, 30)
    codes[3] = 4
    codes[4, 5:12] = 4
    found = transformer.fit(codes, Sequence(30), SPEC, 1, 1)
    values, names = transformer.features(codes, found)
    assert values.shape == (50, 16) and len(names) == 16 and np.isfinite(values).all()
    alone = np.vstack([transformer.features(codes[i : i + 1], found)[0] for i in range(6)])
    assert np.allclose(values[:6], alone, atol=1e-4)
    assert np.allclose(values, transformer.features(reverse_complement(codes), found)[0], atol=1e-4)


@pytest.mark.parametrize(
    "changed, length, words",
    [
        ({"k": 9}, 40, "at most 8 bases"),
        ({"k": 6}, 16, "takes sequences of 17 bases, and these have 16; use at most 5"),
        ({"k": 6}, 5, "longer than the sequences"),
        ({"heads": 3}, 40, "represent.heads: 16 dimensions cannot be shared out in pairs among 3 heads"),
    ],
)
def test_settings_that_do_not_fit_are_refused(changed, length, words):
    with pytest.raises(InputError, match=words):
        transformer.fit(sequenced.random(20, length), Sequence(length), SPEC | changed, 1, 1)


# Checkpoints


def words_of(k):
    return ["".join("ACGT"[int(d)] for d in np.base_repr(i, 4).zfill(k)) for i in range(4**k)]


def save(folder, words, lower=False):
    """A small BERT and its WordPiece tokenizer, as Hugging Face saves them."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    (folder / "vocab.txt").write_text("\n".join([*special, *words]) + "\n")
    BertTokenizerFast(vocab={w: i for i, w in enumerate([*special, *words])}, do_lower_case=lower).save_pretrained(folder)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(words) + 5, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, max_position_embeddings=48
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    pieces = [piece for k in (1, 2, 3) for word in words_of(k) for piece in (word, f"##{word}")]
    return {"pieces": save(folder / "pieces", pieces), "kmers": save(folder / "kmers", words_of(3))}


def opened(folder, codes, **more):
    return ENCODINGS["transformer"].fit(codes, Sequence(codes.shape[1]), SPEC | {"checkpoint": str(folder)} | more, 1, 1)


@pytest.mark.parametrize("kind, words, tokens", [("pieces", None, 12), ("kmers", 3, 30)])
def test_a_checkpoint_gives_the_embeddings_that_transformers_gives(checkpoints, kind, words, tokens):
    from transformers import AutoModel, AutoTokenizer

    codes = sequenced.random(20, 30)
    found = opened(checkpoints[kind], codes)
    assert found.about["words"] == words and found.about["dimensions"] == 16
    ids = transformer.tokens(codes, found)
    assert ids.dtype == np.int64 and ids.shape == (20, found.about["width"]) and ids.max() < found.about["vocabulary"]
    assert set((ids > 0).sum(axis=1)) == {tokens}, "special tokens among them"
    text = ["".join("ACGT"[c] for c in row) for row in codes[:4]]
    if words:
        text = [" ".join(t[i : i + 3] for i in range(28)) for t in text]
    read = AutoTokenizer.from_pretrained(checkpoints[kind])(text, return_tensors="pt")
    with torch.inference_mode():
        expected = AutoModel.from_pretrained(checkpoints[kind]).eval()(**read).last_hidden_state
        got = transformer.encoder(found).eval()(torch.as_tensor(ids[:4]))[:, :tokens]
    assert torch.allclose(got, expected, atol=1e-5)
    stranded = ENCODINGS["transformer"].fit(
        codes, Sequence(30, stranded=True), SPEC | {"checkpoint": str(checkpoints[kind])}, 1, 1
    )
    values = transformer.features(codes[:4], stranded)[0]
    unscaled = values * stranded.arrays["feature_deviation"] + stranded.arrays["feature_mean"]
    assert np.allclose(unscaled, expected[:, 1:-1].mean(dim=1).numpy(), atol=1e-4), "the mean is over words, not special tokens"


def test_a_fine_tuned_checkpoint_is_filled_from_its_weights(checkpoints):
    found = opened(checkpoints["pieces"], sequenced.random(8, 30))
    one, other = transformer.encoder(found).eval(), transformer.encoder(found, weights=False).eval()
    other.load_state_dict(one.state_dict())
    ids = torch.as_tensor(transformer.tokens(sequenced.random(2, 30), found))
    assert torch.equal(one(ids), other(ids))


def copied(source, target, **config):
    target.mkdir()
    for path in source.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    content = json.loads((target / "config.json").read_text()) | config
    (target / "config.json").write_text(json.dumps(content))
    return target


def test_folders_that_do_not_serve_are_refused_in_words(checkpoints, tmp_path):
    codes, kmers = sequenced.random(20, 30), checkpoints["kmers"]
    folder = tmp_path / "other"
    with pytest.raises(InputError, match="no config.json"):
        opened(tmp_path / "none", codes)
    with pytest.raises(InputError, match="code of its own .modeling.py., which is not run unless you trust it"):
        opened(copied(kmers, tmp_path / "code", auto_map={"AutoModel": "modeling.Own"}), codes)
    with pytest.raises(InputError, match="another architecture"):
        opened(copied(kmers, tmp_path / "architecture", model_type="distilbert", dim=16, n_layers=1), codes)
    with pytest.raises(InputError, match="cannot be read as a model|another architecture"):
        opened(copied(kmers, tmp_path / "size", hidden_size=32), codes)
    with pytest.raises(InputError, match="cannot be read"):
        opened(copied(kmers, tmp_path / "kind", model_type="unheard-of"), codes)
    (copied(kmers, folder) / "model.safetensors").unlink()
    with pytest.raises(InputError, match="no weights"):
        opened(folder, codes)
    bare = copied(kmers, tmp_path / "bare")
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        (bare / name).unlink(missing_ok=True)
    with pytest.raises(InputError, match="no tokenizer|no model of DNA"):
        opened(bare, codes)
    with pytest.raises(InputError, match="is no model of DNA"):
        opened(save(tmp_path / "english", ["the", "gene", "##s"], lower=True), codes)
    with pytest.raises(InputError, match="at most 48 tokens, and a sequence of 60 bases has 60"):
        opened(kmers, sequenced.random(20, 60))
    with pytest.raises(InputError, match="encoder with a decoder"):
        opened(copied(kmers, tmp_path / "decoder", is_encoder_decoder=True), codes)


def test_a_checkpoint_that_changed_is_not_read(checkpoints, tmp_path):
    folder = copied(checkpoints["kmers"], tmp_path / "own")
    found = opened(folder, sequenced.random(8, 30))
    copied(folder, tmp_path / "second", hidden_act="relu")
    (folder / "config.json").write_bytes((tmp_path / "second" / "config.json").read_bytes())
    with pytest.raises(InputError, match="is not what the representation was made from"):
        transformer.encoder(found)
