"""Figures of motifs: all results are shown, failed methods are marked, and missing motifs are stated."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import explanations
import interpret_filters
import interpret_marginalise
import interpret_motifs
import interpret_plot_motifs
from readsight.interpret.motifs import meme
from readsight.interpret.motifs.meme import NamedMotif

OUT = ("motifs", "spacing", "filters")


@pytest.fixture(autouse=True)
def editable_text(monkeypatch):
    """Write text in figures as text so that tests can read it."""
    monkeypatch.setitem(interpret_plot_motifs.new_figure.__globals__["plt"].rcParams, "svg.fonttype", "none")


def read_svg_text(path: Path) -> str:
    return " ".join(re.findall(r">([^<>]+)</text>", path.read_text())).replace("&gt;", ">")


def write_inputs(folder: Path, motif_count: int = 2, failed: bool = False) -> dict[str, Path]:
    """All inputs. motif_count: number of motifs; the second matches no known motif."""
    rng = np.random.default_rng(1)
    patterns, rows, effects, pairs = [], [], [], []
    for i in range(motif_count):
        matrix, name = rng.dirichlet(np.full(4, 0.2), 9), f"on.{i + 1}"
        match = {
            "name": "SPI1",
            "p": 1e-6,
            "q": (1e-4, 0.5)[i],
            "strand": "-",
            "offset": 2,
            "matrix": matrix[::-1, ::-1].tolist(),
        }
        patterns.append(
            {"name": name, "head": "on", "towards": "on", "sign": 1, "share": 0.1, "seqlets": 50, "contribution": 2.0}
        )
        patterns[-1] |= {"matrix": matrix.tolist(), "contributions": (matrix - 0.2).tolist(), "matches": [match]}
        row = {"motif": name, "head": "on", "seqlets": 1250, "examples": 40, "share": 0.125, "hits": 70, "contributing": 60}
        rows.append(row | {"match": "" if i else "SPI1"})
        effects += [
            dict(zip(interpret_marginalise.MARGINAL_COLUMNS, (name, s, "on", 1.25, 1.0, 1.5, 9, None), strict=True)) for s in "+-"
        ]
        pairs += [
            dict(
                zip(
                    interpret_marginalise.SPACING_COLUMNS, ("on.1", name, s, d, "on", d / 9, d / 9 - 1, d / 9 + 1, 9), strict=True
                )
            )
            for s in ("++", "+-", "-+", "--")
            for d in (0, 5, 10)
        ]
    description = {"method": "deep_shap", "unit": "logit", "sequences": 2000, "limits": {"match": 0.05}, "patterns": patterns}
    description["why"] = "" if motif_count else "on: all contributions are zero"
    paths = {
        name: folder / name
        for name in ("about", "table", "marginal", "spacing", "filters", "filter_table", "filter_matches", "exams")
    }
    paths["about"].write_text(json.dumps(description))
    paths["exams"].write_text(json.dumps({"methods": explanations.make_exams(deep_shap=["completeness"] if failed else [])}))
    filter_motifs = [NamedMotif(f"filter{i}", rng.dirichlet(np.full(4, 0.2), 7), "", 9) for i in range(3 if motif_count else 0)]
    meme.write(paths["filters"], filter_motifs)
    filter_rows = [
        dict(zip(interpret_filters.COLUMNS, (motif.name, 9, 0.25, 1.0, 5.0, "ACGT", 0.5), strict=True)) for motif in filter_motifs
    ]
    match_rows = (
        [dict(zip(interpret_motifs.FILTER_COLUMNS, ("filter1", "RUNX1", 0.0, 0.01, "+", 0, ""), strict=True))]
        if motif_count
        else []
    )
    for name, table, columns in (
        ("table", rows, interpret_motifs.COLUMNS),
        ("marginal", effects, interpret_marginalise.MARGINAL_COLUMNS),
        ("spacing", pairs, interpret_marginalise.SPACING_COLUMNS),
        ("filter_table", filter_rows, interpret_filters.COLUMNS),
        ("filter_matches", match_rows, interpret_motifs.FILTER_COLUMNS),
    ):
        pd.DataFrame(table, columns=columns).to_csv(paths[name], sep="\t", index=False)
    return paths


def draw_figures(folder: Path, **options: bool | int) -> dict[str, str]:
    out = {name: folder / f"{name}.svg" for name in OUT}
    interpret_plot_motifs.main(write_inputs(folder, **options), out)
    return {name: read_svg_text(path) for name, path in out.items()}


def test_motifs_are_drawn_with_statistics_and_matches(tmp_path):
    texts = draw_figures(tmp_path)
    for expected in ("DeepSHAP (all exams passed); 2,000 test sequences", "on.1", "1,250 seqlets in 40 sequences", "12.5% of all contribution", "70 hits, 60 contribute", "SPI1 ←, q = 0.0001", "SPI1 ←, q = 0.5: not significant", "→ +1.2", "← +1.2"):  # fmt: skip
        assert expected in texts["motifs"], expected
    assert "on.1 + on.2" in texts["spacing"] and "SPI1 + no known motif" in texts["spacing"] and "→←" in texts["spacing"]
    assert texts["filters"].index("filter1: RUNX1, q = 0.01") < texts["filters"].index("filter0: no known motif")


def test_failed_methods_are_marked_in_figures(tmp_path):
    texts = draw_figures(tmp_path, failed=True)
    assert "DeepSHAP: FAILED completeness" in texts["motifs"]
    assert "#d55e00" in (tmp_path / "motifs.svg").read_text().lower()


def test_missing_motifs_are_stated_in_figures(tmp_path):
    texts = draw_figures(tmp_path, motif_count=0)
    assert "No motif was discovered: on: all contributions are zero." in texts["motifs"]
    assert texts["spacing"].startswith("No pair of motifs") and texts["filters"].startswith("The network has no first layer")
