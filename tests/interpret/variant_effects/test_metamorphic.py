"""What must not change an effect does not, and what must turn it over does."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import effected
from effected import effects, genome, models, read, shapes, text, turned, turned_rows, write
from readsight.genome.codes import decode
from readsight.genome.store import Genome
from readsight.interpret.variant_effects import position_effects, scoring
from readsight.interpret.variant_effects.local_inference import Local
from readsight.models.incremental.engine import Edited

GENOME = genome()
ROWS = shapes(GENOME)
SOME = ROWS[::3]  # one of each shape, and repeats
DEEP = {"widths": [5, 5], "dilations": [1, 2]}  # an output sees 12 bases to each side
KINDS = [
    ("cnn", "binary", {}),
    ("cnn", "multiclass", {"stranded": True}),
    ("cnn", "multilabel", {"folds": 2}),
    ("dilated_resnet", "regression", {}),
    ("dilated_resnet", "profile", {}),
    ("transformer", "binary", {"ensemble": 2}),
    ("dilated_resnet", "positions", {}),
    ("dilated_resnet", "positions", {"stranded": True, "length": 96} | DEEP),
    ("cnn", "positions", {"length": 120, "ensemble": 2, "folds": 2}),
    ("cnn", "binary", {"pair": True}),
]


def made(case):
    word, kind, own = case
    return models(word, kind, **own)


@pytest.fixture(scope="module", params=KINDS, ids=lambda case: "-".join([*case[:2], *case[2]]))
def model(request):
    return made(request.param)


@pytest.fixture
def variants(tmp_path):
    def found(rows, held=GENOME, length=48, name="a"):
        return read(write(tmp_path / f"{name}.vcf", rows), held, length)

    return found


def close(one, other, within=1e-6):
    for name in ("delta", "ref", "alt", "score"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=within, rtol=1e-5, err_msg=name)


def padded(row, before, behind):
    contig, at, ref, alt = row
    whole = text(GENOME)
    return (contig, at - before, whole[at - before : at] + ref + whole[at + len(ref) : at + len(ref) + behind],
            whole[at - before : at] + alt + whole[at + len(ref) : at + len(ref) + behind])  # fmt: skip


def test_padding_of_ref_changes_nothing(model, variants):
    own = effects(model, variants(ROWS, length=model.length))
    assert np.abs(own.delta).max() > 1e-3
    for before, behind in ((3, 0), (0, 4), (2, 5)):
        other = effects(model, variants([padded(row, before, behind) for row in ROWS], length=model.length))
        for name in ("delta", "ref", "alt", "score", "strand", "place"):
            if getattr(own, name) is not None:
                assert np.array_equal(getattr(own, name), getattr(other, name), equal_nan=name in ("ref", "alt")), name


def test_an_indel_of_a_repeat_scores_the_same_wherever_it_is_written(model, variants):
    whole = text(GENOME)
    assert whole[200:215] == "A" * 15
    gone = [("chr1", at, whole[at : at + 3], whole[at]) for at in (200, 204, 209)]
    come = [("chr1", at, whole[at], whole[at] + "AA") for at in (200, 206, 214)]
    for rows in (gone, come):
        found = effects(model, variants(rows, length=model.length))
        np.testing.assert_allclose(found.delta, found.delta[[0] * len(rows)], atol=1e-6)
        np.testing.assert_allclose(found.ref, found.ref[[0] * len(rows)], atol=1e-6)


def changed(rows):
    """Of each variant the genome that has it, and the variant back."""
    whole = text(GENOME)
    for contig, at, ref, alt in rows:
        new = whole[:at] + alt + whole[at + len(ref) :]
        yield Genome.of({"chr1": new, "chr2": text(GENOME, "chr2")}), (contig, at, alt, ref)


def test_swapping_the_alleles_turns_the_effect_over(model, variants):
    if model.pair:
        pytest.skip("a pair is asked of in its order")
    own = effects(model, variants(SOME, length=model.length))
    for i, (held, row) in enumerate(changed(SOME)):
        back = effects(model, variants([row], held, model.length))
        np.testing.assert_allclose(back.score, own.score[i : i + 1], atol=2e-6, rtol=1e-5)
        if own.sites:
            order = np.arange(len(own.tracks)).reshape(-1, 2)[:, ::-1].ravel()  # what is gained is lost
            np.testing.assert_allclose(back.delta[0][order], own.delta[i], atol=1e-6)
        else:
            np.testing.assert_allclose(-back.delta[0], own.delta[i], atol=2e-6, rtol=1e-5)
            np.testing.assert_allclose(back.ref[0], own.alt[i], atol=1e-6, rtol=1e-5)


def test_one_by_one_is_the_same_as_all_at_once(model, variants):
    own = effects(model, variants(ROWS, length=model.length))
    for i, row in list(enumerate(ROWS))[::3]:
        one = effects(model, variants([row], length=model.length))
        for name in ("delta", "ref", "alt"):
            np.testing.assert_allclose(getattr(one, name)[0], getattr(own, name)[i], atol=1e-6, rtol=1e-6)


def test_neighbours_do_not_matter(model, variants):
    own = effects(model, variants(ROWS, length=model.length))
    more = [("chr1", at, text(GENOME)[at], "ACGT".replace(text(GENOME)[at], "")[0]) for at in range(90, 600, 7)]
    crowd = effects(model, variants([*ROWS, *more], length=model.length))
    for name in ("delta", "ref", "alt", "score"):
        np.testing.assert_allclose(getattr(crowd, name)[: len(ROWS)], getattr(own, name), atol=1e-6, rtol=1e-6)


def test_the_other_strand_of_everything_gives_the_same(model, variants):
    own = effects(model, variants(ROWS, length=model.length))
    other = effects(model, variants(turned_rows(GENOME, ROWS), turned(GENOME), model.length, "turned"))
    close(own, other, 2e-6)
    if own.sites:
        where = own.delta > 1e-5
        off = np.abs(GENOME.lengths["chr1"] - 1 - own.place - other.place)
        # in an allele that is longer than what it replaces, the middle base is named after one of its neighbours
        slack = np.array([0 if model.stranded or len(r) == len(a) else 3 for _, _, r, a in ROWS])
        assert (off <= slack[:, None])[where].all()
    if model.stranded:
        assert (own.strand != other.strand).all()


def test_what_no_output_sees_has_no_effect(variants):
    """Windows that do not differ, and bases further from a variant than an output sees."""
    for word, kind in (("cnn", "binary"), ("dilated_resnet", "positions")):
        held = models(word, kind, length=96, **({} if word == "cnn" else DEEP))
        found = variants(
            [("chr1", at, text(GENOME)[at], "T" if text(GENOME)[at] != "T" else "C") for at in range(100, 140)], length=96
        )
        blind = effects(held, replace(found, new=np.array([found.old(i)[0] for i in range(len(found))])))
        assert not blind.delta.any() and not blind.score.any()
    near = effects(held, found, distance=12)
    far = effects(held, found, distance=30)
    assert np.array_equal(near.delta, far.delta) and (np.abs(far.place - found.start[:, None]) <= 12).all()
    whole = scoring.score(held, found, {"shifts": [0], "distance": 30})
    close(far, whole)


def test_a_part_of_a_window_says_what_the_whole_window_says(variants, monkeypatch):
    for word, own in (("dilated_resnet", {"stranded": True, "length": 120, "folds": 2} | DEEP), ("cnn", {"length": 140})):
        held = models(word, "positions", **own)
        found = variants(ROWS, length=held.length)
        assert Local.of_models(held).serves(8, effected.SPEC["shifts"], 12)
        quick = effects(held, found)
        with monkeypatch.context() as slow:
            slow.setattr(Local, "serves", lambda *_: False)
            full = effects(held, found)
        close(quick, full)
        sure = full.delta > 1e-4
        assert np.array_equal(quick.place[sure], full.place[sure])
        assert sure.any()


def test_windows_of_neighbours_are_computed_once(variants, monkeypatch):
    held = models("dilated_resnet", "positions", length=120, stranded=True, **DEEP)
    seen = []
    of = Local.of
    monkeypatch.setattr(Local, "of", lambda self, n, codes: seen.append(codes.size) or of(self, n, codes))
    place = [("chr1", at, text(GENOME)[at], "ACGT".replace(text(GENOME)[at], "")[0]) for at in range(330, 390)]
    effects(held, variants(place, length=120))
    references = seen[0::2]
    assert max(references) < 200 < 60 * (4 * 12 + 1) == seen[1], (
        "each base of the reference is asked of about once, not once a variant"
    )
    alleles = [("chr1", 340, text(GENOME)[340], ",".join("ACGT".replace(text(GENOME)[340], "")))]
    whole = models("cnn", "binary")
    counts = []
    asked = Edited.before_and_after
    monkeypatch.setattr(
        Edited, "before_and_after", lambda self, codes, *own: counts.append(len(codes)) or asked(self, codes, *own)
    )
    effects(whole, variants(alleles))
    assert set(counts) == {1}, "alternative alleles of a base share the reference's window"


def test_nothing_of_the_model_or_of_torch_is_left_changed(model, variants):
    net = model.asked[0].net
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    threads, mode, state = torch.get_num_threads(), torch.is_grad_enabled(), torch.get_rng_state()
    with torch.enable_grad():
        scoring.score(model, variants(ROWS[:2], length=model.length), effected.SPEC, threads=2)
        assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
    assert torch.get_num_threads() == threads and torch.is_grad_enabled() == mode and torch.equal(torch.get_rng_state(), state)
    assert not net.training and all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())


def test_sites_are_named_where_they_are(tmp_path):
    """A network of one word, GT: its loss is named at the word, its gain where an allele makes one."""
    whole = "CCA" * 33 + "CGTA" + "CCA" * 33
    held = Genome.of({"chr1": whole})
    found = read(write(tmp_path / "a.vcf", [
        ("chr1", 101, "T", "A"), ("chr1", 60, "CC", "GT"), ("chr1", 99, "CG", "C"), ("chr1", 151, "C", "CGT"), ("chr1", 95, "A", "ATT"),
    ]), held, 48)  # fmt: skip
    spelt = [
        decode(position_effects.allele_windows.alternatives(found, np.array([i]), "+", 20, 48)[0]) for i in range(len(found))
    ]
    assert [("GT" in row) for row in spelt] == [False, True, False, True, True]

    class Word:
        arrays, about, kind, network = {}, {"input": "none"}, "positions", False

        def outputs(self, codes):
            hit = np.zeros((*codes.shape, 3))
            hit[:, :-1, 2] = 20.0 * ((codes[:, :-1] == 2) & (codes[:, 1:] == 3))
            hit[..., 0] = 10
            return hit

    own = effected.models("cnn", "positions")
    own = replace(own, asked=[Word()], both=False, word="word")
    scored = scoring.score(own, found, {"shifts": [0, 2], "distance": 12})
    gain, loss = (scored.tracks.index(f"donor_{what}") for what in ("gain", "loss"))
    assert scored.delta[:, loss].round(2).tolist() == [1, 0, 1, 0, 0] and scored.delta[:, gain].round(2).tolist() == [
        0,
        1,
        0,
        1,
        0,
    ]
    assert scored.place[[0, 2], loss].tolist() == [100, 100] and scored.place[1, gain] == 60
    assert scored.place[3, gain] in (150, 151), "inserted bases are named at a neighbour"
