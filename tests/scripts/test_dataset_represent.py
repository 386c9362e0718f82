"""Representations are learned from training parts alone, fold by fold, and read back as they were learned."""

import json

import numpy as np
import pandas as pd
import pytest

import dataset_represent
import sequenced
from readsight.dataset import fold_file
from readsight.dataset.certificate import sha256
from readsight.dataset.encodings import ENCODINGS, encoding_file
from readsight.dataset.fold_file import Sequence
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError

SPEC = {
    "k": 3, "dimensions": 8, "window": 4, "vocabulary": 40, "checkpoint": None, "layers": 1, "heads": 2, "epochs": 1, "masked": 0.2
}  # fmt: skip


def cut(folder, codes, mark=None):
    """A certificate and training parts of two folds, cut under it."""
    certificate, train = folder / "certificate.json", folder / "train.h5"
    certificate.write_text("{}")
    obs = pd.DataFrame({"label": np.arange(len(codes)) % 2, "group": "g"}, index=[f"e{i}" for i in range(len(codes))])
    about = {"certificate": mark or sha256(certificate), "repeat": 0, "role": "train"}

    def part(number):
        own = codes[number::2]
        return fold_file.pack_sequences(
            own, obs[number::2], about | {"fold": number}, Outcome("binary", ("a", "b")), Sequence(codes.shape[1])
        )

    fold_file.write(train, ((fold_file.name(number), part(number)) for number in (0, 1)))
    return train, certificate


def represent(folder, train, certificate, word, seed=1):
    tensors, about = folder / "representation.safetensors", folder / "representation.json"
    dataset_represent.main(train, certificate, {"representation": word} | SPEC, seed, 1, tensors, about)
    return tensors, about


@pytest.mark.parametrize("word", list(ENCODINGS))
def test_what_is_read_is_what_was_learned_from_each_fold(tmp_path, word):
    codes = sequenced.random(80, 30)
    train, certificate = cut(tmp_path, codes)
    tensors, about = represent(tmp_path, train, certificate, word)
    content = json.loads(about.read_text())
    assert content["representation"] == word and content["certificate"] == sha256(certificate) and len(content["folds"]) == 2
    for number in (0, 1):
        found = encoding_file.read(tensors, about, number, sha256(certificate))
        own = ENCODINGS[word].fit(codes[number::2], Sequence(30), SPEC, 1 + number, 1)
        assert found.name == word and found.about == json.loads(json.dumps(own.about))
        assert found.arrays.keys() == own.arrays.keys()
        assert all(np.array_equal(found.arrays[name], own.arrays[name]) for name in own.arrays)
        for use in ["tokens"] if word == "kmer_graph" else ["tokens", "features"]:
            if hasattr(ENCODINGS[word], use):
                one, other = (np.asarray(getattr(ENCODINGS[word], use)(codes[:5], e)[0]) for e in (found, own))
                assert np.array_equal(one, other)


def test_folds_of_another_certificate_are_refused(tmp_path):
    train, certificate = cut(tmp_path, sequenced.random(20, 30), mark="other")
    with pytest.raises(InputError, match="stale or uncertified"):
        represent(tmp_path, train, certificate, "kmer")
    train, certificate = cut(tmp_path, sequenced.random(20, 30))
    tensors, about = represent(tmp_path, train, certificate, "kmer")
    with pytest.raises(InputError, match="was learned from other folds"):
        encoding_file.read(tensors, about, 0, "other")
    with pytest.raises(InputError, match="has 2 folds, and fold 2 is asked for"):
        encoding_file.read(tensors, about, 2)


def test_an_unknown_word_is_told_its_nearest(tmp_path):
    train, certificate = cut(tmp_path, sequenced.random(20, 30))
    with pytest.raises(InputError, match="did you mean 'word2vec'"):
        represent(tmp_path, train, certificate, "word2vek")
