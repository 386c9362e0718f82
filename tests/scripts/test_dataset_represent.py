"""Encodings are fitted on each training fold separately, and read back unchanged."""

import json

import numpy as np
import pandas as pd
import pytest

import dataset_represent
import sequenced
from readsight.dataset import fold_file
from readsight.dataset.certificate import sha256
from readsight.dataset.encodings import ENCODINGS, encoding_file
from readsight.dataset.fold_file import SequenceLayout
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError

SPEC = {
    "k": 3, "dimensions": 8, "window": 4, "vocabulary": 40, "checkpoint": None, "layers": 1, "heads": 2, "epochs": 1, "masked": 0.2
}  # fmt: skip


def write_training_folds(folder, codes, digest=None):
    """A certificate and training sets of two folds made under it."""
    certificate, train = folder / "certificate.json", folder / "train.h5"
    certificate.write_text("{}")
    obs = pd.DataFrame({"label": np.arange(len(codes)) % 2, "group": "g"}, index=[f"e{i}" for i in range(len(codes))])
    split_description = {"certificate": digest or sha256(certificate), "repeat": 0, "role": "train"}

    def write_fold(number):
        subset = codes[number::2]
        return fold_file.pack_sequences(
            subset,
            obs[number::2],
            split_description | {"fold": number},
            Outcome("binary", ("a", "b")),
            SequenceLayout(codes.shape[1]),
        )

    fold_file.write(train, ((fold_file.fold_name(number), write_fold(number)) for number in (0, 1)))
    return train, certificate


def run_step(folder, train, certificate, name, seed=1):
    tensors, description = folder / "representation.safetensors", folder / "representation.json"
    dataset_represent.main(train, certificate, {"representation": name} | SPEC, seed, 1, tensors, description)
    return tensors, description


@pytest.mark.parametrize("word", list(ENCODINGS))
def test_encoding_of_each_fold_round_trips(tmp_path, word):
    codes = sequenced.random_codes(80, 30)
    train, certificate = write_training_folds(tmp_path, codes)
    tensors, description = run_step(tmp_path, train, certificate, word)
    content = json.loads(description.read_text())
    assert content["representation"] == word and content["certificate"] == sha256(certificate) and len(content["folds"]) == 2
    for number in (0, 1):
        stored = encoding_file.read(tensors, description, number, sha256(certificate))
        refitted = ENCODINGS[word].fit(codes[number::2], SequenceLayout(30), SPEC, 1 + number, 1)
        assert stored.name == word and stored.description == json.loads(json.dumps(refitted.description))
        assert stored.arrays.keys() == refitted.arrays.keys()
        assert all(np.array_equal(stored.arrays[name], refitted.arrays[name]) for name in refitted.arrays)
        for method in ["encode_tokens"] if word == "kmer_graph" else ["encode_tokens", "compute_features"]:
            if hasattr(ENCODINGS[word], method):
                first, second = (np.asarray(getattr(ENCODINGS[word], method)(codes[:5], e)[0]) for e in (stored, refitted))
                assert np.array_equal(first, second)


def test_folds_of_a_different_certificate_are_refused(tmp_path):
    train, certificate = write_training_folds(tmp_path, sequenced.random_codes(20, 30), digest="other")
    with pytest.raises(InputError, match="stale or uncertified"):
        run_step(tmp_path, train, certificate, "kmer")
    train, certificate = write_training_folds(tmp_path, sequenced.random_codes(20, 30))
    tensors, description = run_step(tmp_path, train, certificate, "kmer")
    with pytest.raises(InputError, match="was fitted on different folds"):
        encoding_file.read(tensors, description, 0, "other")
    with pytest.raises(InputError, match="has 2 folds, but fold 2 is required"):
        encoding_file.read(tensors, description, 2)


def test_unknown_name_suggests_the_nearest(tmp_path):
    train, certificate = write_training_folds(tmp_path, sequenced.random_codes(20, 30))
    with pytest.raises(InputError, match="did you mean 'word2vec'"):
        run_step(tmp_path, train, certificate, "word2vek")
