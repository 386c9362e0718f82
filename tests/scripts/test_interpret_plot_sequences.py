"""Figures of sequence attributions agree with the file, and failed methods are highlighted."""

import gzip

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import PathPatch
from matplotlib.transforms import Affine2D

import explanations
import interpret_plot_sequences
from explanations import make_attributions, make_exams
from readsight.config import interpretation
from readsight.report.attribution_figures import (
    attention_maps,
    example_selection,
    genes,
    hits,
    logos,
    mutagenesis_map,
    panels,
    tracks,
)
from readsight.report.attribution_figures.example_selection import Ruler, choose_leading_method, select_examples
from readsight.report.figure_style import plt
from readsight.report.logo import FLAT

METHODS = ("integrated_gradients", "mutagenesis", "grad_cam", "attention_rollout")
PASSED = make_exams(**{m: [] for m in METHODS})
NO_HITS = hits.read(None)
SCALE = 10_000  # curves are approximated by line segments of about one unit
FINE = Affine2D().scale(SCALE)
CASES = {**{kind: {"kind": kind} for kind in explanations.HEADS}, "pair": {"pair": True}, "unplaced": {"chrom": ""}}
EFFECTS = pd.DataFrame(
    {"chrom": ["chr1", "chr1", "chr9"], "position": [1100, 1205, 1100], "ref": "A", "alt": ["G", "T", "C"], "score": [0.2, -3, 9]}
)
GTF = "\n".join(
    f'chr1\tx\texon\t{start}\t{end}\t.\t-\t.\tgene_id "G1"; gene_name "ABC1"; transcript_id "T1";'
    for start, end in ((1051, 1100), (1201, 1300))
)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def figure_texts(figure) -> list[str]:
    """All texts of a figure."""
    axes = [text for axis in figure.axes for text in (axis.title, axis._left_title, axis.xaxis.label, *axis.texts)]
    return [text.get_text() for text in [*axes, *figure.texts] if text.get_text()]


def find_panels(figure, prefix: str) -> list:
    """Panels whose title starts with the prefix."""
    return [axis for axis in figure.axes if axis.get_title("left").startswith(prefix)]


def letter_extents(axis) -> dict[int, tuple[float, float]]:
    """Position → lowest and highest point of its letter."""
    extents = {}
    for patch in axis.patches:
        if isinstance(patch, PathPatch):
            for outline in patch.get_path().transformed(FINE).to_polygons():
                position = int(np.floor(outline[:, 0].mean() / SCALE))
                low, high = extents.get(position, (np.inf, -np.inf))
                extents[position] = (min(low, outline[:, 1].min() / SCALE), max(high, outline[:, 1].max() / SCALE))
    return extents


def draw_figures(attributions, exams, max_examples=1):
    """All figures of a task by name, or messages."""
    return {
        "logos": logos.draw_figure(attributions, exams, NO_HITS, max_examples),
        "mutagenesis": mutagenesis_map.draw_figure(attributions, exams, max_examples),
        "tracks": tracks.draw_figure(attributions, exams, [], {}),
        "looks": attention_maps.draw_figure(attributions, exams, max_examples),
    }


def test_letter_heights_equal_contributions():
    attributions = make_attributions()
    figure = logos.draw_figure(attributions, PASSED, NO_HITS, 4)
    panels, views = find_panels(figure, "Integrated gradients"), select_examples(attributions, 4)
    assert len(panels) == len(views) == 4
    for axis, view in zip(panels, views, strict=True):
        contributions = attributions.contributions("integrated_gradients", "yes")[view.row]
        start, end = (int(edge) for edge in axis.get_xlim())
        assert start <= 20 + view.row and 27 + view.row <= end, "the planted motif is among the most contributing bases"
        extents = letter_extents(axis)
        for position in range(20 + view.row, 27 + view.row):
            assert extents[position] == pytest.approx((0, contributions[position]), abs=0.01)
        for position, extent in extents.items():
            assert extent == pytest.approx((min(contributions[position], 0), max(contributions[position], 0)), abs=0.01)
        flat = set(range(start, end)) - set(extents)
        assert all(abs(contributions[position]) <= FLAT * np.ptp(contributions) * 1.01 for position in flat)
    assert len({axis.get_ylim() for axis in panels}) == 1, "one scale for all examples of a method"


def test_most_confident_examples_of_each_class_are_selected():
    attributions = make_attributions()
    order = np.argsort(attributions.score["yes"])
    assert [v.row for v in select_examples(attributions, 4)] == [order[-1], order[0], order[-2], order[1]], "classes alternate"
    assert select_examples(attributions, 2)[0].group == "predicted yes"
    several = make_attributions("multiclass")
    selected = select_examples(several, 6)
    assert [v.head for v in selected] == ["liver", "liver", "brain", "brain", "skin", "skin"], "one row per head"
    assert all(v.row in np.argsort(several.score[v.head])[-2:] for v in selected)
    one_sided = make_attributions()
    one_sided.score["yes"] = np.abs(one_sided.score["yes"]) + 1
    assert {v.group for v in select_examples(one_sided, 6)} == {"predicted yes"}, "the second class is never predicted"
    assert select_examples(make_attributions("regression", n=2), 6)[0].group == "highest predicted"
    assert len(select_examples(make_attributions("regression", n=2), 6)) == 2, "no example twice"


def test_focus_is_centred_on_the_largest_contributions():
    contributions = np.zeros(800)
    contributions[500:510] = -1
    start, end = example_selection.find_focus(contributions)
    assert end - start == example_selection.FOCUS_WIDTH and abs((start + end) / 2 - 505) <= 2
    assert example_selection.find_focus(contributions[:90]) == (0, 90)
    assert example_selection.find_focus(np.r_[np.ones(5), np.zeros(300)])[0] == 0


def test_ruler_gives_genome_positions_on_both_strands():
    forward, reverse = Ruler("chr1", 1000, 1150, "+"), Ruler("chr1", 1000, 1150, "-")
    assert (forward.to_position(0), forward.to_position(149)) == (1001, 1150)
    assert (reverse.to_position(0), reverse.to_position(149)) == (1150, 1001)
    assert dict(forward.round_ticks(0, 150))[49.5] == "1,050" and dict(reverse.round_ticks(0, 150))[100.5] == "1,050"
    for ruler in (forward, reverse):
        assert all(ruler.to_position(int(position)) == int(text.replace(",", "")) for position, text in ruler.round_ticks(30, 77))
    attributions = make_attributions()
    figure = logos.draw_figure(attributions, PASSED, NO_HITS, 12)
    panels = find_panels(figure, "Mutagenesis")
    for axis, view in zip(panels, select_examples(attributions, len(panels)), strict=True):
        ruler = Ruler.from_attributions(attributions, view.row)
        for position, label in zip(axis.get_xticks(), axis.get_xticklabels(), strict=True):
            assert label.get_text() == f"{ruler.to_position(int(position)):,}"
        assert axis.get_xlabel() == ("chr1 (bp, reverse strand)" if view.row % 2 else "chr1 (bp)")
    unknown = logos.draw_figure(make_attributions(chrom=""), PASSED, NO_HITS, 2)
    assert find_panels(unknown, "Mutagenesis")[0].get_xlabel() == "position in the sequence (bp)"


def test_failed_method_is_marked_in_every_figure():
    attributions = make_attributions(methods=METHODS)
    draw_functions = {
        "integrated_gradients": lambda exams: logos.draw_figure(attributions, exams, NO_HITS, 1),
        "mutagenesis": lambda exams: mutagenesis_map.draw_figure(attributions, exams, 1),
        "grad_cam": lambda exams: attention_maps.draw_figure(attributions, exams, 1),
        "attention_rollout": lambda exams: attention_maps.draw_figure(attributions, exams, 1),
    }
    failed_exams = make_exams(**{m: ["completeness", "shuffled labels"] for m in METHODS})
    for method, figure in draw_functions.items():
        assert not any("FAILED" in text for text in figure_texts(figure(PASSED))), method
        labels = [text for text in figure_texts(figure(PASSED | {method: failed_exams[method]})) if "FAILED" in text]
        assert labels and all(": FAILED completeness, shuffled labels" in text for text in labels), method
    assert any("FAILED" in text for text in figure_texts(tracks.draw_figure(attributions, failed_exams, [], {}))), (
        "without a passing method the first one is drawn"
    )
    assert not any(
        "FAILED" in text
        for text in figure_texts(
            tracks.draw_figure(attributions, PASSED | {"integrated_gradients": failed_exams["grad_cam"]}, [], {})
        )
    )
    assert not find_panels(logos.draw_figure(attributions, failed_exams, NO_HITS, 1), "Attention"), (
        "position-level methods have no letters"
    )


def test_long_lists_of_failed_exams_are_shortened():
    exams = make_exams(mutagenesis=[f"a long exam {i}" for i in range(9)])
    label, failed = panels.method_label("mutagenesis", exams, 60)
    assert failed and len(label) <= 60
    assert label == "Mutagenesis: FAILED a long exam 0, a long exam 1 and 7 more"
    assert panels.method_label("mutagenesis", {}, 60) == ("Mutagenesis (not examined)", False)


def test_leading_method_is_the_first_passing_one():
    attributions = make_attributions(methods=("grad_cam", "saliency", "mutagenesis"))
    assert choose_leading_method(attributions, make_exams(grad_cam=[], saliency=["a"], mutagenesis=[])) == "mutagenesis"
    assert choose_leading_method(attributions, make_exams(grad_cam=[], saliency=["a"], mutagenesis=["b"])) == "saliency"
    assert choose_leading_method(make_attributions(methods=("grad_cam",)), {}) == "grad_cam"
    assert example_selection.POSITION_METHODS == interpretation.LOCATION_METHODS


def test_hits_are_bracketed_with_the_matched_name(tmp_path):
    attributions = make_attributions()
    view = select_examples(attributions, 1)[0]
    location = (f"window{view.row}", 20 + view.row, 27 + view.row, "+")
    rows = [(*location, *hit) for hit in (("yes.1", 3.0, 1), ("yes.2", 2.0, 1), ("other.1", 2.0, 1), ("yes.3", 0.0, 0))]
    rows += [(f"window{view.row}", 140, 150, "-", "yes.3", 0.1, 1), ("another", 0, 10, "+", "yes.3", 1, 1)]
    pd.DataFrame(rows, columns=[*hits.COLUMNS, "contributing"]).to_csv(tmp_path / "hits.tsv.gz", sep="\t", index=False)
    motifs = [("yes.1", "yes", "GATA1"), ("yes.2", "yes", "GATA1"), ("yes.3", "yes", ""), ("other.1", "other", "MYC")]
    pd.DataFrame(motifs, columns=["motif", "head", "match"]).to_csv(tmp_path / "m.tsv", sep="\t", index=False)
    records = hits.read(tmp_path / "hits.tsv.gz", tmp_path / "m.tsv")
    assert records["motif"].tolist() == ["GATA1", "GATA1", "MYC", "yes.3", "yes.3"], "hits without contribution are excluded"
    figure = logos.draw_figure(attributions, PASSED, records, 1)
    (strip,) = [axis for axis in figure.axes if any(t.get_text() == "GATA1 (+)" for t in axis.texts)]
    assert len(strip.lines) == 1, "one bracket per name; only motifs of this head at these bases"
    assert strip.lines[0].get_xdata()[[0, -1]] == pytest.approx([20 + view.row, 27 + view.row], abs=0.11)
    assert strip.get_xlim() == find_panels(figure, "Mutagenesis")[0].get_xlim()


def test_overlapping_hits_use_lanes():
    records = pd.DataFrame(
        {
            "example": "a",
            "start": [10, 12, 14, 60],
            "end": [20, 22, 24, 70],
            "strand": ".",
            "motif": list("MNOM"),
            "contribution": 1,
        }
    )
    brackets = hits.arrange_hits(records, 0, 72, 5.8)
    assert [bracket.lane for bracket in brackets] == [0, 1, 0], "the third does not fit"


def test_heat_map_shows_substitution_effects():
    attributions = make_attributions()
    figure = mutagenesis_map.draw_figure(attributions, PASSED, 2)
    maps = [axis for axis in figure.axes if axis.get_ylabel() == "to"]
    for axis, view in zip(maps, select_examples(attributions, 2), strict=True):
        mesh = axis.collections[0]
        start, end = (int(edge) for edge in axis.get_xlim())
        values = attributions.values["mutagenesis"]["yes"][view.row]
        contributions = attributions.contributions("mutagenesis", "yes")[view.row]
        expected = (values - contributions[:, None])[start:end].T
        np.testing.assert_allclose(np.ma.filled(mesh.get_array(), np.nan).reshape(4, -1), expected, atol=1e-6)
        assert (mesh.norm.vmin, mesh.norm.vmax) == (-mesh.norm.vmax, mesh.norm.vmax) and mesh.norm.vcenter == 0
        dots = axis.lines[0].get_xydata()
        assert (dots[:, 1] - 0.5).astype(int).tolist() == attributions.sequence[view.row, start:end].tolist(), (
            "a dot at the observed base"
        )
    assert len({axis.collections[0].norm.vmax for axis in maps}) == 1


def test_substitution_effects_are_zero_at_reference_base():
    sequence = np.array([[0, 4]], np.uint8)
    values = np.array([[[0.3, -0.1, -0.1, -0.1], [0, 0, 0, 0]]])
    change = mutagenesis_map.substitution_effects(values, np.array([[0.3, 0]]), sequence)
    np.testing.assert_allclose(change[0, 0], [0, -0.4, -0.4, -0.4])
    assert np.isnan(change[0, 1]).all()


def test_tracks_show_genes_and_variants_on_the_genome(tmp_path):
    (tmp_path / "genes.gtf").write_text(GTF + "\n")
    attributions = make_attributions(methods=METHODS)
    figure = tracks.draw_figure(attributions, PASSED, [tmp_path / "genes.gtf"], {"mine": EFFECTS})
    labels = figure_texts(figure)
    assert any(text.startswith("chr1:") and "12 explained windows" in text for text in labels)
    assert "ABC1 (−)" in labels and "1,206 A>T" in labels and not any("chr9" in text for text in labels)
    (exons,) = find_panels(figure, "genes")
    edges = sorted({tuple(c.get_paths()[0].get_extents().intervalx.tolist()) for c in exons.collections})
    assert edges == [(1050, 1100), (1200, 1300)]
    (stems,) = find_panels(figure, "variant effects")
    points = stems.collections[1].get_offsets()
    assert sorted(map(tuple, points.tolist())) == [(1100.5, 0.2), (1205.5, -3.0)], "a point at the centre of its base"
    zoom = find_panels(figure, "the shaded bases")[0]
    low, high = zoom.get_xlim()
    assert low <= 1205 < high, "around the variant of largest effect"


def test_track_is_the_mean_over_windows():
    attributions = make_attributions()
    region = tracks.choose_region(attributions, attributions.contributions("integrated_gradients", "yes"), [])
    assert (region.chrom, len(region.rows)) == ("chr1", 12)
    figure = tracks.draw_figure(attributions, PASSED, [], {})
    axis = find_panels(figure, "Integrated gradients")[0]
    outline = np.concatenate([patch.get_path().vertices for patch in axis.patches if isinstance(patch, PathPatch)])
    contributions = attributions.contributions("integrated_gradients", "yes")
    position = 1500  # covered by windows 9 to 12
    rows = [r for r in range(12) if 1000 + 40 * r <= position < 1150 + 40 * r]
    offsets = [(position - (1000 + 40 * r)) if r % 2 == 0 else (1150 + 40 * r - 1 - position) for r in rows]
    mean = np.mean([contributions[r, p] for r, p in zip(rows, offsets, strict=True)])
    edges = [outline[outline[:, 0] == x, 1] for x in (position, position + 1)]
    assert all(np.isclose(edge_heights, mean, rtol=1e-6).any() for edge_heights in edges) and mean


def test_effects_are_largest_signed_changes(tmp_path):
    columns = {"chrom": "chr1", "pos": [10, 20], "ref": "A", "alt": "C", "score": [0.5, 2.0]}
    pd.DataFrame(columns | {"delta.a": [0.5, 1.0], "delta.b": [-0.1, -2.0]}).to_parquet(tmp_path / "w.parquet")
    sites = {"delta.donor_gain": [0.4, np.nan], "delta.donor_loss": [0.1, 0.9], "at.donor_gain": [9, 9], "at.donor_loss": [9, 9]}
    pd.DataFrame(columns | sites).to_parquet(tmp_path / "s.parquet")
    effects = interpret_plot_sequences.read_effects([tmp_path / "w.parquet", tmp_path / "s.parquet"])
    assert effects["w"]["score"].tolist() == [0.5, -2.0] and effects["s"]["score"].tolist() == [0.4, -0.9]
    assert effects["w"]["position"].tolist() == [9, 19], "0-based"
    assert (effects["w"].attrs["unit"], effects["s"].attrs["unit"]) == ("", "probability")


def test_annotation_without_local_genes_gives_none(tmp_path):
    (tmp_path / "genes.gtf").write_text(GTF.replace("chr1", "chr7") + "\n")
    assert genes.find_transcripts([tmp_path / "genes.gtf"], "chr1", 0, 9000) == []
    assert isinstance(
        tracks.draw_figure(make_attributions(), PASSED, [tmp_path / "genes.gtf"], {"empty": EFFECTS[:0]}), plt.Figure
    )


def test_explained_position_is_marked():
    attributions = make_attributions("positions")
    figure = logos.draw_figure(attributions, PASSED, NO_HITS, 2)
    for axis, view in zip(find_panels(figure, "Integrated gradients"), select_examples(attributions, 2), strict=True):
        marker_positions = [line.get_xdata()[0] for line in axis.lines if line.get_marker() == "v"]
        assert marker_positions == [attributions.positions[view.head][view.row] + 0.5]
    track = find_panels(tracks.draw_figure(attributions, PASSED, [], {}), "Integrated gradients")[0]
    marker_positions = next(line.get_xdata() for line in track.lines if line.get_marker() == "v")
    expected = [1000 + 40 * r + (27 + r if r % 2 == 0 else 149 - 27 - r) + 0.5 for r in range(12)]
    assert sorted(marker_positions) == sorted(expected), "genome positions on both strands"


def test_pair_figures_show_both_windows_and_their_difference():
    attributions = make_attributions(pair=True)
    figure = logos.draw_figure(attributions, PASSED, NO_HITS, 2)
    view = select_examples(attributions, 2)[0]
    contributions = attributions.contributions("integrated_gradients", "yes")[view.row].reshape(2, -1)
    panels = find_panels(figure, "Integrated gradients")[:3]
    assert [axis.get_title("left").split(", ")[1].split(" ")[0].rstrip(":") for axis in panels] == [
        "reference",
        "alternative",
        "both",
    ]
    shared = next(p for p in letter_extents(panels[0]) if p != 75)
    expected = (min(contributions[0, shared], 0), max(contributions[0, shared], 0))
    assert letter_extents(panels[0])[shared] == pytest.approx(expected, abs=1e-3)
    combined = example_selection.window_contributions(attributions, "integrated_gradients", view)
    assert set(np.flatnonzero(np.abs(combined) > 1e-6)) <= {75}


def test_attention_maps_overlay_position_weights():
    attributions = make_attributions(methods=METHODS)
    figure = attention_maps.draw_figure(attributions, PASSED, 2)
    view = select_examples(attributions, 2)[0]
    weights = attributions.values["grad_cam"]["yes"][view.row].mean(axis=1)
    twin = next(axis for axis in figure.axes if axis.get_ylabel() == "Grad-CAM")
    np.testing.assert_allclose(twin.lines[0].get_ydata(), weights, rtol=1e-6)
    (map_axis,) = find_panels(figure, "Attention rollout")
    order = np.argsort(-attributions.score["yes"], kind="stable")
    np.testing.assert_allclose(
        np.asarray(map_axis.collections[0].get_array()).reshape(12, -1),
        attributions.values["attention_rollout"]["yes"].mean(axis=2)[order],
        rtol=1e-6,
    )


@pytest.mark.parametrize("case", CASES)
def test_every_kind_of_task_is_drawn(case):
    attributions = make_attributions(methods=("mutagenesis", "grad_cam"), n=6, **CASES[case])
    for name, figure in draw_figures(attributions, PASSED, 3).items():
        if name == "tracks" and case == "unplaced":
            assert "no genomic location" in figure
        else:
            figure.draw_without_rendering()


def test_figures_never_exceed_page_size():
    for options in ({"methods": tuple(interpretation.METHODS)}, {"methods": METHODS, "pair": True}):
        attributions = make_attributions(**options)
        for name, figure in draw_figures(attributions, PASSED, 12).items():
            width, height = figure.get_size_inches()
            assert width <= 14 and height <= 14.01, (options, name)


def test_missing_methods_name_the_config_key():
    attributions = make_attributions(methods=("integrated_gradients",))
    figures = draw_figures(attributions, PASSED)
    assert "add mutagenesis to tasks.t.attributions" in figures["mutagenesis"]
    assert "add grad_cam or attention_rollout to tasks.t.attributions" in figures["looks"]
    empty = make_attributions(n=0, methods=METHODS)
    assert all(isinstance(figure, str) for figure in draw_figures(empty, PASSED).values())


def test_figure_files_are_reproducible(tmp_path):
    contents = make_attributions("positions", n=4, length=60, methods=METHODS)
    attributions, exams = explanations.write_files(tmp_path, contents, make_exams(integrated_gradients=["completeness"]))
    (tmp_path / "genes.gtf").write_text(GTF + "\n")
    EFFECTS.assign(pos=EFFECTS["position"] + 1, **{"delta.x": EFFECTS["score"]}).to_parquet(tmp_path / "mine.parquet")
    with gzip.open(tmp_path / "hits.tsv.gz", "wt") as handle:
        handle.write("\t".join(hits.COLUMNS) + "\nwindow1\t21\t28\t+\tM\t3\n")
    runs = []
    for _ in range(2):
        outputs = {name: [tmp_path / f"{name}.svg", tmp_path / f"{name}.png"] for name in interpret_plot_sequences.FIGURES}
        arguments = ([tmp_path / "genes.gtf"], [tmp_path / "mine.parquet"], tmp_path / "hits.tsv.gz", None, 2, outputs)
        interpret_plot_sequences.main(attributions, exams, *arguments)
        runs.append({path.name: path.read_bytes() for paths in outputs.values() for path in paths})
    assert all(content.startswith((b"<?xml", b"\x89PNG")) for content in runs[0].values())
    assert runs[0] == runs[1]
