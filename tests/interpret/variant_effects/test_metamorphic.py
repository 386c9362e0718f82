"""Metamorphic tests: transformations that must keep effects, and ones that must reverse them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import effected
from effected import (
    build_genome,
    build_models,
    get_contig_text,
    read_alleles,
    reverse_genome,
    reverse_rows,
    sample_variants,
    score_effects,
    write_vcf,
)
from readsight.genome.codes import decode
from readsight.genome.store import Genome
from readsight.interpret.variant_effects import position_effects, scoring
from readsight.interpret.variant_effects.local_inference import LocalInference
from readsight.models.incremental.engine import IncrementalNetwork

GENOME = build_genome()
ROWS = sample_variants(GENOME)
SOME = ROWS[::3]  # one of each type, and repeats
DILATED = {"widths": [5, 5], "dilations": [1, 2]}  # radius of 12 bases
KINDS = [
    ("cnn", "binary", {}),
    ("cnn", "multiclass", {"stranded": True}),
    ("cnn", "multilabel", {"folds": 2}),
    ("dilated_resnet", "regression", {}),
    ("dilated_resnet", "profile", {}),
    ("transformer", "binary", {"ensemble": 2}),
    ("dilated_resnet", "positions", {}),
    ("dilated_resnet", "positions", {"stranded": True, "length": 96} | DILATED),
    ("cnn", "positions", {"length": 120, "ensemble": 2, "folds": 2}),
    ("cnn", "binary", {"pair": True}),
]


def build_case(case):
    model_name, kind, options = case
    return build_models(model_name, kind, **options)


@pytest.fixture(scope="module", params=KINDS, ids=lambda case: "-".join([*case[:2], *case[2]]))
def model(request):
    return build_case(request.param)


@pytest.fixture
def variants(tmp_path):
    def read_rows(rows, reference=GENOME, length=48, name="a"):
        return read_alleles(write_vcf(tmp_path / f"{name}.vcf", rows), reference, length)

    return read_rows


def assert_close(first, second, tolerance=1e-6):
    for name in ("delta", "ref", "alt", "score"):
        np.testing.assert_allclose(getattr(first, name), getattr(second, name), atol=tolerance, rtol=1e-5, err_msg=name)


def pad_row(row, before, behind):
    contig, position, ref, alt = row
    sequence = get_contig_text(GENOME)
    return (contig, position - before, sequence[position - before : position] + ref + sequence[position + len(ref) : position + len(ref) + behind],
            sequence[position - before : position] + alt + sequence[position + len(ref) : position + len(ref) + behind])  # fmt: skip


def test_padding_of_ref_changes_nothing(model, variants):
    expected = score_effects(model, variants(ROWS, length=model.length))
    assert np.abs(expected.delta).max() > 1e-3
    for before, behind in ((3, 0), (0, 4), (2, 5)):
        actual = score_effects(model, variants([pad_row(row, before, behind) for row in ROWS], length=model.length))
        for name in ("delta", "ref", "alt", "score", "strand", "position"):
            if getattr(expected, name) is not None:
                assert np.array_equal(getattr(expected, name), getattr(actual, name), equal_nan=name in ("ref", "alt")), name


def test_repeat_indel_scores_do_not_depend_on_placement(model, variants):
    sequence = get_contig_text(GENOME)
    assert sequence[200:215] == "A" * 15
    deletions = [("chr1", position, sequence[position : position + 3], sequence[position]) for position in (200, 204, 209)]
    insertions = [("chr1", position, sequence[position], sequence[position] + "AA") for position in (200, 206, 214)]
    for rows in (deletions, insertions):
        scored = score_effects(model, variants(rows, length=model.length))
        np.testing.assert_allclose(scored.delta, scored.delta[[0] * len(rows)], atol=1e-6)
        np.testing.assert_allclose(scored.ref, scored.ref[[0] * len(rows)], atol=1e-6)


def swap_alleles(rows):
    """For each variant, the genome that contains it, and the reverse variant."""
    sequence = get_contig_text(GENOME)
    for contig, position, ref, alt in rows:
        new = sequence[:position] + alt + sequence[position + len(ref) :]
        yield Genome.from_text({"chr1": new, "chr2": get_contig_text(GENOME, "chr2")}), (contig, position, alt, ref)


def test_swapping_alleles_reverses_the_effect(model, variants):
    if model.pair:
        pytest.skip("pairs are ordered")
    expected = score_effects(model, variants(SOME, length=model.length))
    for i, (reference, row) in enumerate(swap_alleles(SOME)):
        reversed_effects = score_effects(model, variants([row], reference, model.length))
        np.testing.assert_allclose(reversed_effects.score, expected.score[i : i + 1], atol=2e-6, rtol=1e-5)
        if expected.has_sites:
            order = np.arange(len(expected.tracks)).reshape(-1, 2)[:, ::-1].ravel()  # gains become losses
            np.testing.assert_allclose(reversed_effects.delta[0][order], expected.delta[i], atol=1e-6)
        else:
            np.testing.assert_allclose(-reversed_effects.delta[0], expected.delta[i], atol=2e-6, rtol=1e-5)
            np.testing.assert_allclose(reversed_effects.ref[0], expected.alt[i], atol=1e-6, rtol=1e-5)


def test_single_and_batched_scores_agree(model, variants):
    batched = score_effects(model, variants(ROWS, length=model.length))
    for i, row in list(enumerate(ROWS))[::3]:
        single = score_effects(model, variants([row], length=model.length))
        for name in ("delta", "ref", "alt"):
            np.testing.assert_allclose(getattr(single, name)[0], getattr(batched, name)[i], atol=1e-6, rtol=1e-6)


def test_neighbouring_variants_do_not_change_scores(model, variants):
    expected = score_effects(model, variants(ROWS, length=model.length))
    neighbours = [
        ("chr1", position, get_contig_text(GENOME)[position], "ACGT".replace(get_contig_text(GENOME)[position], "")[0])
        for position in range(90, 600, 7)
    ]
    crowded = score_effects(model, variants([*ROWS, *neighbours], length=model.length))
    for name in ("delta", "ref", "alt", "score"):
        np.testing.assert_allclose(getattr(crowded, name)[: len(ROWS)], getattr(expected, name), atol=1e-6, rtol=1e-6)


def test_reverse_complement_gives_equal_effects(model, variants):
    forward = score_effects(model, variants(ROWS, length=model.length))
    reverse = score_effects(model, variants(reverse_rows(GENOME, ROWS), reverse_genome(GENOME), model.length, "turned"))
    assert_close(forward, reverse, 2e-6)
    if forward.has_sites:
        has_effect = forward.delta > 1e-5
        distance = np.abs(GENOME.lengths["chr1"] - 1 - forward.position - reverse.position)
        # the middle base of a longer allele is reported as one of its neighbours
        slack = np.array([0 if model.stranded or len(r) == len(a) else 3 for _, _, r, a in ROWS])
        assert (distance <= slack[:, None])[has_effect].all()
    if model.stranded:
        assert (forward.strand != reverse.strand).all()


def test_changes_outside_the_receptive_field_have_no_effect(variants):
    """Identical windows, and bases outside the receptive field."""
    for model_name, kind in (("cnn", "binary"), ("dilated_resnet", "positions")):
        model_set = build_models(model_name, kind, length=96, **({} if model_name == "cnn" else DILATED))
        alleles = variants(
            [
                ("chr1", position, get_contig_text(GENOME)[position], "T" if get_contig_text(GENOME)[position] != "T" else "C")
                for position in range(100, 140)
            ],
            length=96,
        )
        unchanged = score_effects(
            model_set, replace(alleles, new=np.array([alleles.get_old_codes(i)[0] for i in range(len(alleles))]))
        )
        assert not unchanged.delta.any() and not unchanged.score.any()
    near_effects = score_effects(model_set, alleles, distance=12)
    far_effects = score_effects(model_set, alleles, distance=30)
    assert (
        np.array_equal(near_effects.delta, far_effects.delta)
        and (np.abs(far_effects.position - alleles.start[:, None]) <= 12).all()
    )
    single_shift = scoring.score_variants(model_set, alleles, {"shifts": [0], "distance": 30})
    assert_close(far_effects, single_shift)


def test_local_inference_equals_full_windows(variants, monkeypatch):
    for model_name, options in (
        ("dilated_resnet", {"stranded": True, "length": 120, "folds": 2} | DILATED),
        ("cnn", {"length": 140}),
    ):
        model_set = build_models(model_name, "positions", **options)
        alleles = variants(ROWS, length=model_set.length)
        assert LocalInference.from_models(model_set).is_applicable(8, effected.SCORING_SPEC["shifts"], 12)
        local = score_effects(model_set, alleles)
        with monkeypatch.context() as patched:
            patched.setattr(LocalInference, "is_applicable", lambda *_: False)
            full = score_effects(model_set, alleles)
        assert_close(local, full)
        is_clear = full.delta > 1e-4
        assert np.array_equal(local.position[is_clear], full.position[is_clear])
        assert is_clear.any()


def test_neighbouring_windows_are_computed_once(variants, monkeypatch):
    model_set = build_models("dilated_resnet", "positions", length=120, stranded=True, **DILATED)
    sizes = []
    predict = LocalInference.predict
    monkeypatch.setattr(LocalInference, "predict", lambda self, n, codes: sizes.append(codes.size) or predict(self, n, codes))
    rows = [
        ("chr1", position, get_contig_text(GENOME)[position], "ACGT".replace(get_contig_text(GENOME)[position], "")[0])
        for position in range(330, 390)
    ]
    score_effects(model_set, variants(rows, length=120))
    references = sizes[0::2]
    assert max(references) < 200 < 60 * (4 * 12 + 1) == sizes[1], (
        "each reference base is computed about once, not once per variant"
    )
    alleles = [("chr1", 340, get_contig_text(GENOME)[340], ",".join("ACGT".replace(get_contig_text(GENOME)[340], "")))]
    classifier = build_models("cnn", "binary")
    counts = []
    compute = IncrementalNetwork.compute_before_and_after
    monkeypatch.setattr(
        IncrementalNetwork,
        "compute_before_and_after",
        lambda self, codes, *arguments: counts.append(len(codes)) or compute(self, codes, *arguments),
    )
    score_effects(classifier, variants(alleles))
    assert set(counts) == {1}, "alternative alleles of a base share the reference window"


def test_model_and_torch_state_are_restored(model, variants):
    net = model.fold_models[0].net
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    threads, mode, state = torch.get_num_threads(), torch.is_grad_enabled(), torch.get_rng_state()
    with torch.enable_grad():
        scoring.score_variants(model, variants(ROWS[:2], length=model.length), effected.SCORING_SPEC, threads=2)
        assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
    assert torch.get_num_threads() == threads and torch.is_grad_enabled() == mode and torch.equal(torch.get_rng_state(), state)
    assert not net.training and all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())


def test_largest_changes_are_located_at_the_motif(tmp_path):
    """A network for the motif GT: loss is located at the motif, gain where an allele creates one."""
    sequence = "CCA" * 33 + "CGTA" + "CCA" * 33
    reference = Genome.from_text({"chr1": sequence})
    alleles = read_alleles(write_vcf(tmp_path / "a.vcf", [
        ("chr1", 101, "T", "A"), ("chr1", 60, "CC", "GT"), ("chr1", 99, "CG", "C"), ("chr1", 151, "C", "CGT"), ("chr1", 95, "A", "ATT"),
    ]), reference, 48)  # fmt: skip
    spelled_alleles = [
        decode(position_effects.allele_windows.build_alternative_windows(alleles, np.array([i]), "+", 20, 48)[0])
        for i in range(len(alleles))
    ]
    assert [("GT" in row) for row in spelled_alleles] == [False, True, False, True, True]

    class MotifModel:
        arrays, description, kind, is_network = {}, {"input": "none"}, "positions", False

        def compute_outputs(self, codes):
            hit = np.zeros((*codes.shape, 3))
            hit[:, :-1, 2] = 20.0 * ((codes[:, :-1] == 2) & (codes[:, 1:] == 3))
            hit[..., 0] = 10
            return hit

    model_set = effected.build_models("cnn", "positions")
    model_set = replace(model_set, fold_models=[MotifModel()], average_strands=False, model_name="motif")
    scored = scoring.score_variants(model_set, alleles, {"shifts": [0, 2], "distance": 12})
    gain, loss = (scored.tracks.index(f"donor_{change}") for change in ("gain", "loss"))
    assert scored.delta[:, loss].round(2).tolist() == [1, 0, 1, 0, 0] and scored.delta[:, gain].round(2).tolist() == [
        0,
        1,
        0,
        1,
        0,
    ]
    assert scored.position[[0, 2], loss].tolist() == [100, 100] and scored.position[1, gain] == 60
    assert scored.position[3, gain] in (150, 151), "inserted bases are reported at a neighbour"
