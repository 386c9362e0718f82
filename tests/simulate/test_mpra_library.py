"""In the planted library only the grammar is informative, and the assay has the stated error rate."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import demo_library
import model_compare
from readsight.dataset.outcome import Outcome
from readsight.genome.codes import encode, make_generator
from readsight.simulate.elements import ENHANCER_LENGTH, FAR_GAP, GRAMMAR, NEAR_GAP
from readsight.simulate.motifs import read_meme
from readsight.simulate.mpra_library import ERROR_RATE, make_library

FACTORS = Path(__file__).resolve().parents[2] / "resources/motifs/factors.meme"


@pytest.fixture(scope="module")
def motifs():
    return read_meme(FACTORS)


@pytest.fixture(scope="module")
def library(motifs):
    return make_library(600, motifs, make_generator(3, "library"))


def find_site_hits(sequence, motifs):
    return sorted((start, name) for name in GRAMMAR for start, _ in motifs[name].find_hits(encode(sequence)))


def test_only_active_elements_have_close_factor_sites(library, motifs):
    gaps = {"enhancer": [], "inactive": []}
    for element in library:
        sites = sorted(element.element.sites, key=lambda s: s.start)
        assert {s.motif for s in sites} <= set(GRAMMAR) and len(element.sequence) == ENHANCER_LENGTH
        for site in sites:  # each site is at the recorded position
            start = site.start - element.element.start
            assert (start, site.motif) in find_site_hits(element.sequence, motifs)
        if len(sites) == 2:
            gaps[element.element.kind].append(sites[1].start - sites[0].end)
    assert len(gaps["enhancer"]) == 300 and NEAR_GAP[0] <= min(gaps["enhancer"]) and max(gaps["enhancer"]) < NEAR_GAP[1]
    assert FAR_GAP[0] <= min(gaps["inactive"]) and max(gaps["inactive"]) < FAR_GAP[1]


def test_composition_is_uninformative_and_error_rate_matches(library):
    is_active = np.array([element.element.kind == "enhancer" for element in library])
    gc = np.array([sum(element.sequence.count(b) for b in "GC") for element in library]) / ENHANCER_LENGTH
    assert abs(gc[is_active].mean() - gc[~is_active].mean()) < 3 * gc.std() * np.sqrt(4 / len(gc))
    wrong = np.mean([element.active for element in library] != is_active)
    assert abs(wrong - ERROR_RATE) < 3 * np.sqrt(ERROR_RATE / len(library))


def test_library_and_truth_files(tmp_path):
    table, truth = tmp_path / "library.tsv", tmp_path / "truth.tsv"
    demo_library.main(FACTORS, 3, 200, table, truth)
    written, planted = pd.read_csv(table, sep="\t"), pd.read_csv(truth, sep="\t")
    assert list(written) == ["name", "sequence", "label"] and set(written["label"]) == {"active", "inactive"}
    assert (written["name"] == planted["name"]).all() and planted["acts"].sum() == 100
    again = tmp_path / "again.tsv"
    demo_library.main(FACTORS, 3, 200, again, tmp_path / "t")
    assert again.read_bytes() == table.read_bytes()


def make_predictions(label, guess):
    n = len(label)
    columns = {"example": [f"e{i}" for i in range(n)], "group": [f"e{i}" for i in range(n)]}
    return pd.DataFrame(columns | {"repeat": 0, "fold": 0, "draw": 0, "label": label, "raw": guess, "calibrated": guess})


def test_gap_to_optimum_of_oracle_and_chance():
    rng = np.random.default_rng(1)
    is_active = rng.integers(0, 2, 2000)
    label = np.where(rng.random(2000) < 0.1, 1 - is_active, is_active)
    planted = pd.Series(is_active, [f"e{i}" for i in range(2000)])
    tables = {"knows": make_predictions(label, 0.05 + 0.9 * is_active), "chance": make_predictions(label, rng.random(2000))}
    optimum, oracle, chance = model_compare.compare_with_optimum(tables, planted, Outcome("binary", ("inactive", "active")), 1)
    assert optimum["value"] == pytest.approx(0.9, abs=0.02) and optimum["low"] < optimum["value"] < optimum["high"]
    assert (oracle["value"], oracle["low"], oracle["high"]) == (0, 0, 0)
    assert chance["value"] == pytest.approx(-0.4, abs=0.05) and chance["high"] < -0.3
    keys = [row["key"] for row in model_compare.summary_records("t", [optimum, oracle])]
    assert keys == ["demo.t.optimum", "demo.t.knows.gap"]
