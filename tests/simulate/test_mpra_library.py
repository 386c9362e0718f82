"""The library of planted elements: its grammar is all that tells active from inactive ones, and the assay errs as it says."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import demo_library
import model_compare
from readsight.dataset.outcome import Outcome
from readsight.genome.codes import encode, generator
from readsight.simulate.elements import ENHANCER, FAR, GRAMMAR, NEAR
from readsight.simulate.motifs import read_meme
from readsight.simulate.mpra_library import ERROR, make_library

FACTORS = Path(__file__).resolve().parents[2] / "resources/motifs/factors.meme"


@pytest.fixture(scope="module")
def motifs():
    return read_meme(FACTORS)


@pytest.fixture(scope="module")
def library(motifs):
    return make_library(600, motifs, generator(3, "library"))


def hits(sequence, motifs):
    return sorted((start, name) for name in GRAMMAR for start, _ in motifs[name].hits(encode(sequence)))


def test_active_elements_hold_both_factors_near_each_other_and_others_do_not(library, motifs):
    gaps = {"enhancer": [], "inactive": []}
    for own in library:
        sites = sorted(own.element.sites, key=lambda s: s.start)
        assert {s.motif for s in sites} <= set(GRAMMAR) and len(own.sequence) == ENHANCER
        for site in sites:  # each stands in the sequence where the truth says
            start = site.start - own.element.start
            assert (start, site.motif) in hits(own.sequence, motifs)
        if len(sites) == 2:
            gaps[own.element.kind].append(sites[1].start - sites[0].end)
    assert len(gaps["enhancer"]) == 300 and NEAR[0] <= min(gaps["enhancer"]) and max(gaps["enhancer"]) < NEAR[1]
    assert FAR[0] <= min(gaps["inactive"]) and max(gaps["inactive"]) < FAR[1]


def test_composition_tells_nothing_and_the_assay_errs_at_the_stated_rate(library):
    acts = np.array([own.element.kind == "enhancer" for own in library])
    gc = np.array([sum(own.sequence.count(b) for b in "GC") for own in library]) / ENHANCER
    assert abs(gc[acts].mean() - gc[~acts].mean()) < 3 * gc.std() * np.sqrt(4 / len(gc))
    wrong = np.mean([own.active for own in library] != acts)
    assert abs(wrong - ERROR) < 3 * np.sqrt(ERROR / len(library))


def test_the_files_are_those_of_a_user_and_the_truth_stands_beside(tmp_path):
    table, truth = tmp_path / "library.tsv", tmp_path / "truth.tsv"
    demo_library.main(FACTORS, 3, 200, table, truth)
    own, planted = pd.read_csv(table, sep="\t"), pd.read_csv(truth, sep="\t")
    assert list(own) == ["name", "sequence", "label"] and set(own["label"]) == {"active", "inactive"}
    assert (own["name"] == planted["name"]).all() and planted["acts"].sum() == 100
    again = tmp_path / "again.tsv"
    demo_library.main(FACTORS, 3, 200, again, tmp_path / "t")
    assert again.read_bytes() == table.read_bytes()


def predictions(label, guess):
    n = len(label)
    columns = {"example": [f"e{i}" for i in range(n)], "group": [f"e{i}" for i in range(n)]}
    return pd.DataFrame(columns | {"repeat": 0, "fold": 0, "draw": 0, "label": label, "raw": guess, "calibrated": guess})


def test_a_model_that_knows_the_grammar_has_no_gap_to_the_optimum_and_chance_has_all_of_it():
    rng = np.random.default_rng(1)
    acts = rng.integers(0, 2, 2000)
    label = np.where(rng.random(2000) < 0.1, 1 - acts, acts)
    planted = pd.Series(acts, [f"e{i}" for i in range(2000)])
    tables = {"knows": predictions(label, 0.05 + 0.9 * acts), "chance": predictions(label, rng.random(2000))}
    best, knows, chance = model_compare.compare(tables, planted, Outcome("binary", ("inactive", "active")), 1)
    assert best["value"] == pytest.approx(0.9, abs=0.02) and best["low"] < best["value"] < best["high"]
    assert (knows["value"], knows["low"], knows["high"]) == (0, 0, 0)
    assert chance["value"] == pytest.approx(-0.4, abs=0.05) and chance["high"] < -0.3
    keys = [row["key"] for row in model_compare.records("t", [best, knows])]
    assert keys == ["demo.t.optimum", "demo.t.knows.gap"]
