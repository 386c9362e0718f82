"""Transformers: masked k-mers are predicted from context, and checkpoints are read from a folder or refused with a reason."""

import json

import numpy as np
import pytest

import sequenced
from readsight.dataset.encodings import ENCODINGS, kmer_tokens, transformer
from readsight.dataset.fold_file import SequenceLayout
from readsight.errors import InputError
from readsight.genome.codes import encode, reverse_complement

torch = pytest.importorskip("torch")

SPEC = {"k": 3, "dimensions": 16, "layers": 1, "heads": 2, "epochs": 1, "masked": 0.15, "checkpoint": None}


def make_grammar(n, length, seed):
    """Sequences that repeat one of three 8-mers, with a random phase."""
    rng = np.random.default_rng(seed)
    kmers = [np.tile(encode(kmer), length) for kmer in ("ACGTTGCA", "GGATCTAC", "TTAGACCG")]
    return np.stack([kmers[rng.integers(3)][(s := rng.integers(8)) : s + length] for _ in range(n)])


def test_masked_kmers_share_no_base_with_visible_ones():
    from readsight.dataset.encodings.masked_language_model import draw_masks

    k, generator = 4, torch.Generator().manual_seed(1)
    tokens = torch.as_tensor(kmer_tokens.encode_kmers(sequenced.random_codes(40, 60), k).astype(np.int64))
    masked, is_counted = draw_masks(tokens, k, 0.3, generator)
    assert is_counted.any(dim=1).all() and (masked | ~is_counted).all()
    for is_visible, bases in zip(~masked, is_counted, strict=True):
        visible = {base for kmer in torch.nonzero(is_visible).ravel().tolist() for base in range(kmer, kmer + k)}
        for kmer in torch.nonzero(bases).ravel().tolist():
            assert not visible & set(range(kmer, kmer + k))


def test_pretraining_predicts_masked_kmers_of_a_repetitive_grammar():
    codes = make_grammar(600, 40, 1)
    encoding = transformer.fit(codes, SequenceLayout(40), SPEC | {"epochs": 12, "dimensions": 32, "heads": 4}, 1, 1)
    quality = encoding.description["pretraining"]
    assert quality["loss"] < quality["unigram_loss"] / 2 and quality["accuracy"] > 0.6 > 4 * quality["unigram_accuracy"]
    assert quality["history"][-1]["training"] < quality["history"][0]["training"] and quality["scored"] > 20
    # Random bases are unpredictable.
    nothing = transformer.fit(sequenced.random_codes(600, 40), SequenceLayout(40), SPEC, 1, 1).description["pretraining"]
    assert nothing["loss"] > 0.98 * nothing["unigram_loss"] and nothing["accuracy"] < 0.1


def test_same_seed_gives_same_encoder_and_arrays_restore_it():
    codes = sequenced.random_codes(60, 30)
    first, repeated, second = (transformer.fit(codes, SequenceLayout(30), SPEC, seed, 1) for seed in (1, 1, 2))
    assert all(np.array_equal(first.arrays[name], repeated.arrays[name]) for name in first.arrays)
    assert not np.array_equal(first.arrays["embedding.weight"], second.arrays["embedding.weight"])
    assert not first.arrays["embedding.weight"][0].any(), "padding is zero"
    tokens = torch.as_tensor(transformer.encode_tokens(codes[:3], first))
    full, empty = transformer.build_encoder(first).eval(), transformer.build_encoder(first, weights=False).eval()
    assert full(tokens).shape == (3, 28, 16) == (3, 28, first.description["dimensions"])
    assert not torch.equal(full(tokens), empty(tokens))
    empty.load_state_dict(full.state_dict())
    assert torch.equal(full(tokens), empty(tokens))


def test_features_do_not_depend_on_batch_or_strand():
    codes = sequenced.random_codes(50, 30)
    codes[3] = 4
    codes[4, 5:12] = 4
    encoding = transformer.fit(codes, SequenceLayout(30), SPEC, 1, 1)
    values, names = transformer.compute_features(codes, encoding)
    assert values.shape == (50, 16) and len(names) == 16 and np.isfinite(values).all()
    alone = np.vstack([transformer.compute_features(codes[i : i + 1], encoding)[0] for i in range(6)])
    assert np.allclose(values[:6], alone, atol=1e-4)
    assert np.allclose(values, transformer.compute_features(reverse_complement(codes), encoding)[0], atol=1e-4)


@pytest.mark.parametrize(
    "changed, length, message",
    [
        ({"k": 9}, 40, "at most 8 bases"),
        ({"k": 6}, 16, "needs sequences of 17 bases, but these have 16; use at most 5"),
        ({"k": 6}, 5, "longer than the sequences"),
        ({"heads": 3}, 40, "represent.heads: 16 dimensions cannot be divided in pairs among 3 heads"),
    ],
)
def test_unsuitable_settings_are_refused(changed, length, message):
    with pytest.raises(InputError, match=message):
        transformer.fit(sequenced.random_codes(20, length), SequenceLayout(length), SPEC | changed, 1, 1)


# Checkpoints


def list_kmers(k):
    return ["".join("ACGT"[int(d)] for d in np.base_repr(i, 4).zfill(k)) for i in range(4**k)]


def save_checkpoint(folder, tokens, lower=False):
    """A small BERT and its WordPiece tokenizer in Hugging Face's format."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    (folder / "vocab.txt").write_text("\n".join([*special, *tokens]) + "\n")
    BertTokenizerFast(vocab={w: i for i, w in enumerate([*special, *tokens])}, do_lower_case=lower).save_pretrained(folder)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(tokens) + 5, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, max_position_embeddings=48
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    pieces = [piece for k in (1, 2, 3) for kmer in list_kmers(k) for piece in (kmer, f"##{kmer}")]
    return {"pieces": save_checkpoint(folder / "pieces", pieces), "kmers": save_checkpoint(folder / "kmers", list_kmers(3))}


def fit_checkpoint(folder, codes, **more):
    return ENCODINGS["transformer"].fit(codes, SequenceLayout(codes.shape[1]), SPEC | {"checkpoint": str(folder)} | more, 1, 1)


@pytest.mark.parametrize("kind, kmer_length, tokens", [("pieces", None, 12), ("kmers", 3, 30)])
def test_checkpoint_gives_the_embeddings_of_transformers(checkpoints, kind, kmer_length, tokens):
    from transformers import AutoModel, AutoTokenizer

    codes = sequenced.random_codes(20, 30)
    encoding = fit_checkpoint(checkpoints[kind], codes)
    assert encoding.description["words"] == kmer_length and encoding.description["dimensions"] == 16
    ids = transformer.encode_tokens(codes, encoding)
    assert (
        ids.dtype == np.int64
        and ids.shape == (20, encoding.description["width"])
        and ids.max() < encoding.description["vocabulary"]
    )
    assert set((ids > 0).sum(axis=1)) == {tokens}, "including special tokens"
    text = ["".join("ACGT"[c] for c in row) for row in codes[:4]]
    if kmer_length:
        text = [" ".join(t[i : i + 3] for i in range(28)) for t in text]
    is_token = AutoTokenizer.from_pretrained(checkpoints[kind])(text, return_tensors="pt")
    with torch.inference_mode():
        expected = AutoModel.from_pretrained(checkpoints[kind]).eval()(**is_token).last_hidden_state
        embeddings = transformer.build_encoder(encoding).eval()(torch.as_tensor(ids[:4]))[:, :tokens]
    assert torch.allclose(embeddings, expected, atol=1e-5)
    stranded = ENCODINGS["transformer"].fit(
        codes, SequenceLayout(30, stranded=True), SPEC | {"checkpoint": str(checkpoints[kind])}, 1, 1
    )
    values = transformer.compute_features(codes[:4], stranded)[0]
    unscaled = values * stranded.arrays["feature_deviation"] + stranded.arrays["feature_mean"]
    assert np.allclose(unscaled, expected[:, 1:-1].mean(dim=1).numpy(), atol=1e-4), "the mean excludes special tokens"


def test_fine_tuned_checkpoint_is_restored_from_its_weights(checkpoints):
    encoding = fit_checkpoint(checkpoints["pieces"], sequenced.random_codes(8, 30))
    first, second = transformer.build_encoder(encoding).eval(), transformer.build_encoder(encoding, weights=False).eval()
    second.load_state_dict(first.state_dict())
    ids = torch.as_tensor(transformer.encode_tokens(sequenced.random_codes(2, 30), encoding))
    assert torch.equal(first(ids), second(ids))


def copy_checkpoint(source, target, **config):
    target.mkdir()
    for path in source.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    content = json.loads((target / "config.json").read_text()) | config
    (target / "config.json").write_text(json.dumps(content))
    return target


def test_unsuitable_folders_are_refused_with_a_reason(checkpoints, tmp_path):
    codes, kmers = sequenced.random_codes(20, 30), checkpoints["kmers"]
    folder = tmp_path / "other"
    with pytest.raises(InputError, match="no config.json"):
        fit_checkpoint(tmp_path / "none", codes)
    with pytest.raises(InputError, match="custom code .modeling.py., which runs only if you trust it"):
        fit_checkpoint(copy_checkpoint(kmers, tmp_path / "code", auto_map={"AutoModel": "modeling.Own"}), codes)
    with pytest.raises(InputError, match="do not match the architecture"):
        fit_checkpoint(copy_checkpoint(kmers, tmp_path / "architecture", model_type="distilbert", dim=16, n_layers=1), codes)
    with pytest.raises(InputError, match="cannot be read as a model|do not match the architecture"):
        fit_checkpoint(copy_checkpoint(kmers, tmp_path / "size", hidden_size=32), codes)
    with pytest.raises(InputError, match="cannot be read"):
        fit_checkpoint(copy_checkpoint(kmers, tmp_path / "kind", model_type="unheard-of"), codes)
    (copy_checkpoint(kmers, folder) / "model.safetensors").unlink()
    with pytest.raises(InputError, match="no weights"):
        fit_checkpoint(folder, codes)
    bare = copy_checkpoint(kmers, tmp_path / "bare")
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        (bare / name).unlink(missing_ok=True)
    with pytest.raises(InputError, match="no readable tokenizer|not a model of DNA"):
        fit_checkpoint(bare, codes)
    with pytest.raises(InputError, match="is not a model of DNA"):
        fit_checkpoint(save_checkpoint(tmp_path / "english", ["the", "gene", "##s"], lower=True), codes)
    with pytest.raises(InputError, match="at most 48 tokens, and a sequence of 60 bases has 60"):
        fit_checkpoint(kmers, sequenced.random_codes(20, 60))
    with pytest.raises(InputError, match="encoder with a decoder"):
        fit_checkpoint(copy_checkpoint(kmers, tmp_path / "decoder", is_encoder_decoder=True), codes)


def test_changed_checkpoint_is_not_read(checkpoints, tmp_path):
    folder = copy_checkpoint(checkpoints["kmers"], tmp_path / "own")
    encoding = fit_checkpoint(folder, sequenced.random_codes(8, 30))
    copy_checkpoint(folder, tmp_path / "second", hidden_act="relu")
    (folder / "config.json").write_bytes((tmp_path / "second" / "config.json").read_bytes())
    with pytest.raises(InputError, match="has changed since the representation was made"):
        transformer.build_encoder(encoding)
