"""What outputs of edited sequences must not hang on, what an edit must not reach, and which networks are put through whole."""

from copy import deepcopy

import numpy as np
import pytest
import torch

import networks
import sequenced
from readsight.config.sequence_tasks import Training
from readsight.errors import InputError
from readsight.models import training
from readsight.models.incremental import strategy
from readsight.models.incremental.engine import Edited
from readsight.models.sequence import NETS, dilated_resnet
from readsight.models.training.ensemble import Together

LENGTH = 96
BOTH = [("cnn", "multilabel"), ("cnn", "profile"), ("dilated_resnet", "positions"), ("dilated_resnet", "binary")]


def asked(many: int = 60, bases: int = 1, length: int = LENGTH, seed: int = 1) -> tuple[np.ndarray, ...]:
    """Codes, and edits of them: row, start, new."""
    draw = np.random.default_rng(seed)
    codes = draw.integers(0, 4, (7, length), dtype=np.uint8)
    row, start = draw.integers(0, 7, many), draw.integers(0, length - bases + 1, many)
    return codes, row, start, draw.integers(0, 4, (many, bases), dtype=np.uint8)


def made(word: str, kind: str, **own: object) -> tuple[torch.nn.Module, dict, Edited]:
    about = networks.about(word, kind, LENGTH, **own)
    net = networks.built(about, word)
    return net, about, Edited.of(net, about)


@pytest.mark.parametrize("word, kind", BOTH)
def test_batched_equals_single(word, kind):
    _, _, edited = made(word, kind)
    codes, *given = asked()
    found = edited.outputs(codes, *given)
    each = [edited.outputs(codes, *(part[i : i + 1] for part in given))[0] for i in range(len(found))]
    assert np.abs(found - np.stack(each)).max() < 1e-6
    mixed = np.random.default_rng(3).permutation(len(found))
    assert np.abs(edited.outputs(codes, *(part[mixed] for part in given)) - found[mixed]).max() < 1e-6


@pytest.mark.parametrize("word, kind", BOTH)
def test_small_turns_change_nothing(word, kind, monkeypatch):
    _, _, edited = made(word, kind)
    given = asked()
    expected, turns = edited.before_and_after(*given), []
    monkeypatch.setattr(strategy, "ROOM", 1)
    monkeypatch.setattr(strategy, "MOST", 5)
    own = edited.known.edited
    monkeypatch.setattr(edited.known, "edited", lambda edits, *more: turns.append(len(edits.row)) or own(edits, *more))
    found = edited.before_and_after(*given)
    assert max(turns) <= 5 and len(turns) > 7, "a row at a time, and no more than five edits"
    assert all(np.abs(one - other).max() < 1e-6 for one, other in zip(found, expected, strict=True))


@pytest.mark.parametrize("worth", (strategy.WORTH, 0.0))
@pytest.mark.parametrize("bases", (1, 3))
def test_nothing_arrives_beyond_the_receptive_field(bases, worth, monkeypatch):
    """An output that does not see an edit is the same to the last bit, be the rest recomputed in part or whole."""
    monkeypatch.setattr(strategy, "WORTH", worth)
    _, about, edited = made("dilated_resnet", "positions")
    codes, row, start, new = asked(bases=bases)
    new = (codes[row[:, None], start[:, None] + np.arange(bases)] + 1) % 4
    before, after = edited.before_and_after(codes, row, start, new)
    assert edited.ran["whole" if worth == 0 else "part"] == len(row)
    sees = dilated_resnet.receptive(about) // 2
    at = np.arange(LENGTH)
    inside = (at >= start[:, None] - sees) & (at < start[:, None] + bases + sees)
    assert not (after - before)[~inside].any()
    assert (after - before)[inside].any(axis=1).mean() > 0.9
    before, after = edited.before_and_after(codes, row, start, new, start - sees - 1)
    assert np.array_equal(before, after, equal_nan=True), "just beyond it"


@pytest.mark.parametrize("word, kind", BOTH)
def test_an_edit_undone_is_the_negative(word, kind):
    _, _, edited = made(word, kind)
    codes, row, start, new = asked(bases=2)
    there = codes[row]
    there[np.arange(len(row))[:, None], start[:, None] + np.arange(2)] = new
    before, after = edited.before_and_after(codes, row, start, new)
    old = codes[row[:, None], start[:, None] + np.arange(2)]
    again = edited.before_and_after(there, np.arange(len(row)), start, old)
    assert np.abs((after - before) + (again[1] - again[0])).max() < 1e-5


def test_what_is_not_known_is_put_through_whole():
    codes, *edit = asked(12)
    for word in ("lstm", "transformer", "cnn_lstm"):
        net, _, edited = made(word, "multiclass")
        assert edited.known is None
        compare(net, edited, codes, edit)
    about = networks.about("cnn", length=LENGTH, ensemble=2)
    together = Together([networks.built(about, "cnn", seed) for seed in (1, 2)], "binary").eval()
    compare(together, Edited.of(together, about), codes, edit)


def test_pairs_are_put_through_whole():
    about = networks.about("cnn", length=LENGTH // 2, pair=True)
    net, (codes, *edit) = networks.built(about, "cnn"), asked(12)
    compare(net, Edited.of(net, about), codes, edit)


def compare(net: torch.nn.Module, edited: Edited, codes: np.ndarray, edit: list[np.ndarray]) -> None:
    row, start, new = edit
    there = codes[row]
    there[np.arange(len(row)), start] = new[:, 0]
    with torch.inference_mode():
        expected = net(networks.one_hot(torch.from_numpy(there))).numpy()
    assert np.abs(edited.outputs(codes, *edit) - expected).max() < 1e-5
    assert edited.ran["whole"] and not edited.ran["part"]


def test_tokens_are_made_of_edited_sequences():
    codes, row, start, new = asked(8)
    fold = networks.encoded(sequenced.fold(codes, np.arange(7) % 2), "kmer")
    given = Training().model_dump() | networks.settings("lstm")
    about = training.described(fold, given) | given
    net = NETS["lstm"].build(about).eval()
    there = codes[row]
    there[np.arange(8), start] = new[:, 0]
    with torch.inference_mode():
        expected = net(torch.from_numpy(networks.tokened(fold.encoding, there).astype(np.int64))).numpy()
    assert np.abs(Edited.of(net, about, fold.encoding).outputs(codes, row, start, new) - expected).max() < 1e-5


def test_an_edit_of_most_of_a_sequence_is_put_through_whole():
    net, _, edited = made("cnn", "binary")
    codes, row, start, new = asked(6, LENGTH)
    with torch.inference_mode():
        expected = net(networks.one_hot(torch.from_numpy(new))).numpy()
    assert np.abs(edited.outputs(codes, row, start, new) - expected).max() < 1e-5
    assert edited.ran == {"whole": 6, "still": 0}


def test_the_network_is_left_as_it_is():
    about = networks.about("cnn", "positions", LENGTH, dropout=0.5)
    net = networks.built(about, "cnn").train()
    net.head.eval()
    before, modes = deepcopy(net.state_dict()), [part.training for part in net.modules()]
    edited = Edited.of(net, about)
    found = edited.outputs(*asked())
    assert [part.training for part in net.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert torch.is_grad_enabled() and all(own.requires_grad and own.grad is None for own in net.parameters())
    assert np.array_equal(found, Edited.of(net.eval(), about).outputs(*asked())), "as in evaluation"
    given = networks.batch(about).requires_grad_()
    net(given).sum().backward()
    assert given.grad.abs().sum() > 0, "and has its gradients"


@pytest.mark.parametrize("kind, shape", [("binary", ()), ("multiclass", (3,)), ("positions", (LENGTH, 3)), ("profile", (12,))])
def test_no_edits_give_no_outputs(kind, shape):
    _, _, edited = made("cnn", kind)
    codes, *edit = asked(0)
    assert edited.outputs(codes, *edit).shape == (0, *shape)


def test_edits_that_do_not_fit():
    _, _, edited = made("cnn", "binary")
    codes, row, start, new = asked(4, 2)
    row[1], start[2], new[3, 0] = 7, LENGTH - 1, 5
    with pytest.raises(InputError) as error:
        edited.outputs(codes, row, start, new, near=start)
    assert [
        words in fault for words, fault in zip(("edit 1 (row 7", "edit 2", "edit 3", "near"), error.value.faults, strict=True)
    ]
    assert "past its sequence of 96 bases" in str(error.value) and "code" in str(error.value)
    with pytest.raises(InputError, match="the network was made for 96"):
        edited.outputs(codes[:, 1:], *asked(4)[1:])
    with pytest.raises(InputError, match="give .k,., .k,. and .k, w."):
        edited.outputs(codes, row[:2], start, new)
