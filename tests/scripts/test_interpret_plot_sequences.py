"""Figures of attributions of sequences: what is drawn is what is in the file, and a failed method is marked."""

import gzip

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import PathPatch
from matplotlib.transforms import Affine2D

import explanations
import interpret_plot_sequences
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
from readsight.report.figure_style import plt
from readsight.report.logo import FLAT

METHODS = ("integrated_gradients", "mutagenesis", "grad_cam", "attention_rollout")
PASSED = explanations.examined(**{m: [] for m in METHODS})
NO_HITS = hits.read(None)
SCALE = 10_000  # curves are made of straight pieces about a unit long
FINE = Affine2D().scale(SCALE)
MADE = {**{kind: {"kind": kind} for kind in explanations.HEADS}, "pair": {"pair": True}, "unplaced": {"chrom": ""}}
EFFECTS = pd.DataFrame(
    {"chrom": ["chr1", "chr1", "chr9"], "position": [1100, 1205, 1100], "ref": "A", "alt": ["G", "T", "C"], "score": [0.2, -3, 9]}
)
GTF = "\n".join(
    f'chr1\tx\texon\t{start}\t{end}\t.\t-\t.\tgene_id "G1"; gene_name "ABC1"; transcript_id "T1";'
    for start, end in ((1051, 1100), (1201, 1300))
)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def texts(figure) -> list[str]:
    """All words of a figure."""
    axes = [text for axis in figure.axes for text in (axis.title, axis._left_title, axis.xaxis.label, *axis.texts)]
    return [text.get_text() for text in [*axes, *figure.texts] if text.get_text()]


def titled(figure, words: str) -> list:
    """Panels whose title begins so."""
    return [axis for axis in figure.axes if axis.get_title("left").startswith(words)]


def heights(axis) -> dict[int, tuple[float, float]]:
    """Place → lowest and highest point of its letter."""
    found = {}
    for patch in axis.patches:
        if isinstance(patch, PathPatch):
            for outline in patch.get_path().transformed(FINE).to_polygons():
                place = int(np.floor(outline[:, 0].mean() / SCALE))
                low, high = found.get(place, (np.inf, -np.inf))
                found[place] = (min(low, outline[:, 1].min() / SCALE), max(high, outline[:, 1].max() / SCALE))
    return found


def figures(held, exams, drawn=1):
    """All figures of a task, by name; words where there is none."""
    return {
        "logos": logos.figure(held, exams, NO_HITS, drawn),
        "mutagenesis": mutagenesis_map.figure(held, exams, drawn),
        "tracks": tracks.figure(held, exams, [], {}),
        "looks": attention_maps.figure(held, exams, drawn),
    }


def test_letters_are_as_high_as_bases_contribute():
    held = explanations.made()
    figure = logos.figure(held, PASSED, NO_HITS, 4)
    panels, shown = titled(figure, "Integrated gradients"), example_selection.chosen(held, 4)
    assert len(panels) == len(shown) == 4
    for axis, view in zip(panels, shown, strict=True):
        own = held.contributions("integrated_gradients", "yes")[view.row]
        start, end = (int(edge) for edge in axis.get_xlim())
        assert start <= 20 + view.row and 27 + view.row <= end, "the planted word is among the most contributing bases"
        found = heights(axis)
        for place in range(20 + view.row, 27 + view.row):
            assert found[place] == pytest.approx((0, own[place]), abs=0.01)
        for place, extent in found.items():
            assert extent == pytest.approx((min(own[place], 0), max(own[place], 0)), abs=0.01)
        flat = set(range(start, end)) - set(found)
        assert all(abs(own[place]) <= FLAT * np.ptp(own) * 1.01 for place in flat)
    assert len({axis.get_ylim() for axis in panels}) == 1, "one scale for all examples of a method"


def test_the_most_confident_examples_of_each_class_or_head_are_chosen():
    held = explanations.made()
    order = np.argsort(held.score["yes"])
    assert [v.row for v in example_selection.chosen(held, 4)] == [order[-1], order[0], order[-2], order[1]], "classes alternate"
    assert example_selection.chosen(held, 2)[0].group == "predicted yes"
    several = explanations.made("multiclass")
    picked = example_selection.chosen(several, 6)
    assert [v.head for v in picked] == ["liver", "liver", "brain", "brain", "skin", "skin"], "a row a head"
    assert all(v.row in np.argsort(several.score[v.head])[-2:] for v in picked)
    one_sided = explanations.made()
    one_sided.score["yes"] = np.abs(one_sided.score["yes"]) + 1
    assert {v.group for v in example_selection.chosen(one_sided, 6)} == {"predicted yes"}, "none is predicted to be the other"
    assert example_selection.chosen(explanations.made("regression", n=2), 6)[0].group == "highest predicted"
    assert len(example_selection.chosen(explanations.made("regression", n=2), 6)) == 2, "no example twice"


def test_the_stretch_that_contributes_most_is_drawn_with_what_contributes_in_its_middle():
    own = np.zeros(800)
    own[500:510] = -1
    start, end = example_selection.focus(own)
    assert end - start == example_selection.FOCUS and abs((start + end) / 2 - 505) <= 2
    assert example_selection.focus(own[:90]) == (0, 90)
    assert example_selection.focus(np.r_[np.ones(5), np.zeros(300)])[0] == 0


def test_positions_are_the_genomes_and_fall_on_the_reverse_strand():
    forward, reverse = example_selection.Ruler("chr1", 1000, 1150, "+"), example_selection.Ruler("chr1", 1000, 1150, "-")
    assert (forward.position(0), forward.position(149)) == (1001, 1150)
    assert (reverse.position(0), reverse.position(149)) == (1150, 1001)
    assert dict(forward.ticks(0, 150))[49.5] == "1,050" and dict(reverse.ticks(0, 150))[100.5] == "1,050"
    for ruler in (forward, reverse):
        assert all(ruler.position(int(at)) == int(words.replace(",", "")) for at, words in ruler.ticks(30, 77))
    held = explanations.made()
    figure = logos.figure(held, PASSED, NO_HITS, 12)
    panels = titled(figure, "Mutagenesis")
    for axis, view in zip(panels, example_selection.chosen(held, len(panels)), strict=True):
        ruler = example_selection.Ruler.of(held, view.row)
        for at, label in zip(axis.get_xticks(), axis.get_xticklabels(), strict=True):
            assert label.get_text() == f"{ruler.position(int(at)):,}"
        assert axis.get_xlabel() == ("chr1 (bp, reverse strand)" if view.row % 2 else "chr1 (bp)")
    unknown = logos.figure(explanations.made(chrom=""), PASSED, NO_HITS, 2)
    assert titled(unknown, "Mutagenesis")[0].get_xlabel() == "place in the sequence (bp)"


def test_a_failed_method_is_marked_in_every_figure():
    held = explanations.made(methods=METHODS)
    drawn = {
        "integrated_gradients": lambda exams: logos.figure(held, exams, NO_HITS, 1),
        "mutagenesis": lambda exams: mutagenesis_map.figure(held, exams, 1),
        "grad_cam": lambda exams: attention_maps.figure(held, exams, 1),
        "attention_rollout": lambda exams: attention_maps.figure(held, exams, 1),
    }
    every = explanations.examined(**{m: ["completeness", "shuffled labels"] for m in METHODS})
    for method, figure in drawn.items():
        assert not any("FAILED" in text for text in texts(figure(PASSED))), method
        found = [text for text in texts(figure(PASSED | {method: every[method]})) if "FAILED" in text]
        assert found and all(": FAILED completeness, shuffled labels" in text for text in found), method
    assert any("FAILED" in text for text in texts(tracks.figure(held, every, [], {}))), "where none passed the first is drawn"
    assert not any(
        "FAILED" in text for text in texts(tracks.figure(held, PASSED | {"integrated_gradients": every["grad_cam"]}, [], {}))
    )
    assert not titled(logos.figure(held, every, NO_HITS, 1), "Attention"), "methods of places alone have no letters"


def test_many_failed_exams_are_told_as_far_as_there_is_room():
    exams = explanations.examined(mutagenesis=[f"a long exam {i}" for i in range(9)])
    words, failed = panels.named("mutagenesis", exams, 60)
    assert failed and len(words) <= 60
    assert words == "Mutagenesis: FAILED a long exam 0, a long exam 1 and 7 more"
    assert panels.named("mutagenesis", {}, 60) == ("Mutagenesis (not examined)", False)


def test_the_leading_method_is_the_first_that_passed():
    held = explanations.made(methods=("grad_cam", "saliency", "mutagenesis"))
    assert example_selection.leading(held, explanations.examined(grad_cam=[], saliency=["a"], mutagenesis=[])) == "mutagenesis"
    assert example_selection.leading(held, explanations.examined(grad_cam=[], saliency=["a"], mutagenesis=["b"])) == "saliency"
    assert example_selection.leading(explanations.made(methods=("grad_cam",)), {}) == "grad_cam"
    assert example_selection.PLACES == interpretation.PLACES


def test_hits_are_brackets_over_their_bases_under_the_known_name(tmp_path):
    held = explanations.made()
    view = example_selection.chosen(held, 1)[0]
    here = (f"window{view.row}", 20 + view.row, 27 + view.row, "+")
    rows = [(*here, "yes.1", 3.0, 1), (*here, "yes.2", 2.0, 1), (*here, "other.1", 2.0, 1), (*here, "yes.3", 0.0, 0)]
    rows += [(f"window{view.row}", 140, 150, "-", "yes.3", 0.1, 1), ("another", 0, 10, "+", "yes.3", 1, 1)]
    pd.DataFrame(rows, columns=[*hits.COLUMNS, "contributing"]).to_csv(tmp_path / "hits.tsv.gz", sep="\t", index=False)
    motifs = [("yes.1", "yes", "GATA1"), ("yes.2", "yes", "GATA1"), ("yes.3", "yes", ""), ("other.1", "other", "MYC")]
    pd.DataFrame(motifs, columns=["motif", "head", "match"]).to_csv(tmp_path / "m.tsv", sep="\t", index=False)
    found = hits.read(tmp_path / "hits.tsv.gz", tmp_path / "m.tsv")
    assert found["motif"].tolist() == ["GATA1", "GATA1", "MYC", "yes.3", "yes.3"], "what does not contribute is left out"
    figure = logos.figure(held, PASSED, found, 1)
    (strip,) = [axis for axis in figure.axes if any(t.get_text() == "GATA1 (+)" for t in axis.texts)]
    assert len(strip.lines) == 1, "one bracket a name; other heads' motifs and other bases' have none"
    assert strip.lines[0].get_xdata()[[0, -1]] == pytest.approx([20 + view.row, 27 + view.row], abs=0.11)
    assert strip.get_xlim() == titled(figure, "Mutagenesis")[0].get_xlim()


def test_hits_that_lie_over_each_other_have_lanes():
    own = pd.DataFrame(
        {
            "example": "a",
            "start": [10, 12, 14, 60],
            "end": [20, 22, 24, 70],
            "strand": ".",
            "motif": list("MNOM"),
            "contribution": 1,
        }
    )
    found = hits.laid(own, 0, 72, 5.8)
    assert [one.lane for one in found] == [0, 1, 0], "the third finds no room"


def test_the_heat_map_is_what_each_substitution_does():
    held = explanations.made()
    figure = mutagenesis_map.figure(held, PASSED, 2)
    maps = [axis for axis in figure.axes if axis.get_ylabel() == "to"]
    for axis, view in zip(maps, example_selection.chosen(held, 2), strict=True):
        drawn = axis.collections[0]
        start, end = (int(edge) for edge in axis.get_xlim())
        found, own = held.found["mutagenesis"]["yes"][view.row], held.contributions("mutagenesis", "yes")[view.row]
        expected = (found - own[:, None])[start:end].T
        np.testing.assert_allclose(np.ma.filled(drawn.get_array(), np.nan).reshape(4, -1), expected, atol=1e-6)
        assert (drawn.norm.vmin, drawn.norm.vmax) == (-drawn.norm.vmax, drawn.norm.vmax) and drawn.norm.vcenter == 0
        dots = axis.lines[0].get_xydata()
        assert (dots[:, 1] - 0.5).astype(int).tolist() == held.sequence[view.row, start:end].tolist(), (
            "a dot at the base that is there"
        )
    assert len({axis.collections[0].norm.vmax for axis in maps}) == 1


def test_changes_are_none_at_the_own_base_and_unknown_at_n():
    sequence = np.array([[0, 4]], np.uint8)
    found = np.array([[[0.3, -0.1, -0.1, -0.1], [0, 0, 0, 0]]])
    change = mutagenesis_map.changes(found, np.array([[0.3, 0]]), sequence)
    np.testing.assert_allclose(change[0, 0], [0, -0.4, -0.4, -0.4])
    assert np.isnan(change[0, 1]).all()


def test_tracks_lie_on_the_genome_with_genes_and_variants(tmp_path):
    (tmp_path / "genes.gtf").write_text(GTF + "\n")
    held = explanations.made(methods=METHODS)
    figure = tracks.figure(held, PASSED, [tmp_path / "genes.gtf"], {"mine": EFFECTS})
    words = texts(figure)
    assert any(text.startswith("chr1:") and "12 explained windows" in text for text in words)
    assert "ABC1 (−)" in words and "1,206 A>T" in words and not any("chr9" in text for text in words)
    (exons,) = titled(figure, "genes")
    edges = sorted({tuple(c.get_paths()[0].get_extents().intervalx.tolist()) for c in exons.collections})
    assert edges == [(1050, 1100), (1200, 1300)]
    (stems,) = titled(figure, "effects of variants")
    points = stems.collections[1].get_offsets()
    assert sorted(map(tuple, points.tolist())) == [(1100.5, 0.2), (1205.5, -3.0)], "a point in the middle of its base"
    zoom = titled(figure, "the shaded bases")[0]
    low, high = zoom.get_xlim()
    assert low <= 1205 < high, "about the variant of largest effect"


def test_a_track_is_the_mean_over_windows():
    held = explanations.made()
    here = tracks.region(held, held.contributions("integrated_gradients", "yes"), [])
    assert (here.chrom, len(here.rows)) == ("chr1", 12)
    figure = tracks.figure(held, PASSED, [], {})
    axis = titled(figure, "Integrated gradients")[0]
    outline = np.concatenate([patch.get_path().vertices for patch in axis.patches if isinstance(patch, PathPatch)])
    both = held.contributions("integrated_gradients", "yes")
    at = 1500  # windows 9 to 12 hold it
    rows = [r for r in range(12) if 1000 + 40 * r <= at < 1150 + 40 * r]
    places = [(at - (1000 + 40 * r)) if r % 2 == 0 else (1150 + 40 * r - 1 - at) for r in rows]
    mean = np.mean([both[r, p] for r, p in zip(rows, places, strict=True)])
    edges = [outline[outline[:, 0] == x, 1] for x in (at, at + 1)]
    assert all(np.isclose(own, mean, rtol=1e-6).any() for own in edges) and mean


def test_effects_are_the_largest_change_and_losses_count_below_zero(tmp_path):
    told = {"chrom": "chr1", "pos": [10, 20], "ref": "A", "alt": "C", "score": [0.5, 2.0]}
    pd.DataFrame(told | {"delta.a": [0.5, 1.0], "delta.b": [-0.1, -2.0]}).to_parquet(tmp_path / "w.parquet")
    sites = {"delta.donor_gain": [0.4, np.nan], "delta.donor_loss": [0.1, 0.9], "at.donor_gain": [9, 9], "at.donor_loss": [9, 9]}
    pd.DataFrame(told | sites).to_parquet(tmp_path / "s.parquet")
    found = interpret_plot_sequences.effects([tmp_path / "w.parquet", tmp_path / "s.parquet"])
    assert found["w"]["score"].tolist() == [0.5, -2.0] and found["s"]["score"].tolist() == [0.4, -0.9]
    assert found["w"]["position"].tolist() == [9, 19], "0-based"
    assert (found["w"].attrs["unit"], found["s"].attrs["unit"]) == ("", "probability")


def test_an_annotation_without_genes_there_gives_none(tmp_path):
    (tmp_path / "genes.gtf").write_text(GTF.replace("chr1", "chr7") + "\n")
    assert genes.near([tmp_path / "genes.gtf"], "chr1", 0, 9000) == []
    assert isinstance(tracks.figure(explanations.made(), PASSED, [tmp_path / "genes.gtf"], {"empty": EFFECTS[:0]}), plt.Figure)


def test_the_explained_place_is_marked():
    held = explanations.made("positions")
    figure = logos.figure(held, PASSED, NO_HITS, 2)
    for axis, view in zip(titled(figure, "Integrated gradients"), example_selection.chosen(held, 2), strict=True):
        marks = [line.get_xdata()[0] for line in axis.lines if line.get_marker() == "v"]
        assert marks == [held.at[view.head][view.row] + 0.5]
    track = titled(tracks.figure(held, PASSED, [], {}), "Integrated gradients")[0]
    marks = next(line.get_xdata() for line in track.lines if line.get_marker() == "v")
    expected = [1000 + 40 * r + (27 + r if r % 2 == 0 else 149 - 27 - r) + 0.5 for r in range(12)]
    assert sorted(marks) == sorted(expected), "on the genome, whatever the strand"


def test_of_pairs_both_windows_are_drawn_and_what_they_share_cancels_out():
    held = explanations.made(pair=True)
    figure = logos.figure(held, PASSED, NO_HITS, 2)
    view = example_selection.chosen(held, 2)[0]
    own = held.contributions("integrated_gradients", "yes")[view.row].reshape(2, -1)
    panels = titled(figure, "Integrated gradients")[:3]
    assert [axis.get_title("left").split(", ")[1].split(" ")[0].rstrip(":") for axis in panels] == [
        "reference",
        "alternative",
        "both",
    ]
    shared = next(p for p in heights(panels[0]) if p != 75)
    expected = (min(own[0, shared], 0), max(own[0, shared], 0))
    assert heights(panels[0])[shared] == pytest.approx(expected, abs=1e-3)
    together = example_selection.together(held, "integrated_gradients", view)
    assert set(np.flatnonzero(np.abs(together) > 1e-6)) <= {75}


def test_looks_are_weights_over_contributions():
    held = explanations.made(methods=METHODS)
    figure = attention_maps.figure(held, PASSED, 2)
    view = example_selection.chosen(held, 2)[0]
    own = held.found["grad_cam"]["yes"][view.row].mean(axis=1)
    twin = next(axis for axis in figure.axes if axis.get_ylabel() == "Grad-CAM")
    np.testing.assert_allclose(twin.lines[0].get_ydata(), own, rtol=1e-6)
    (every,) = titled(figure, "Attention rollout")
    order = np.argsort(-held.score["yes"], kind="stable")
    np.testing.assert_allclose(
        np.asarray(every.collections[0].get_array()).reshape(12, -1),
        held.found["attention_rollout"]["yes"].mean(axis=2)[order],
        rtol=1e-6,
    )


@pytest.mark.parametrize("made", MADE)
def test_every_kind_of_task_is_drawn(made):
    held = explanations.made(methods=("mutagenesis", "grad_cam"), n=6, **MADE[made])
    for name, figure in figures(held, PASSED, 3).items():
        if name == "tracks" and made == "unplaced":
            assert "no place on a genome" in figure
        else:
            figure.draw_without_rendering()


def test_pages_are_of_like_size_whatever_was_asked_for():
    for given in ({"methods": tuple(interpretation.METHODS)}, {"methods": METHODS, "pair": True}):
        held = explanations.made(**given)
        for name, figure in figures(held, PASSED, 12).items():
            width, height = figure.get_size_inches()
            assert width <= 14 and height <= 14.01, (given, name)


def test_what_was_not_asked_for_is_told_in_words_that_name_the_key():
    held = explanations.made(methods=("integrated_gradients",))
    found = figures(held, PASSED)
    assert "name mutagenesis under tasks.t.attributions" in found["mutagenesis"]
    assert "name grad_cam or attention_rollout under tasks.t.attributions" in found["looks"]
    none = explanations.made(n=0, methods=METHODS)
    assert all(isinstance(figure, str) for figure in figures(none, PASSED).values())


def test_files_are_the_same_bytes_each_time(tmp_path):
    held = explanations.made("positions", n=4, length=60, methods=METHODS)
    attributions, exams = explanations.written(tmp_path, held, explanations.examined(integrated_gradients=["completeness"]))
    (tmp_path / "genes.gtf").write_text(GTF + "\n")
    EFFECTS.assign(pos=EFFECTS["position"] + 1, **{"delta.x": EFFECTS["score"]}).to_parquet(tmp_path / "mine.parquet")
    with gzip.open(tmp_path / "hits.tsv.gz", "wt") as handle:
        handle.write("\t".join(hits.COLUMNS) + "\nwindow1\t21\t28\t+\tM\t3\n")
    seen = []
    for _ in range(2):
        outputs = {name: [tmp_path / f"{name}.svg", tmp_path / f"{name}.png"] for name in interpret_plot_sequences.FIGURES}
        given = ([tmp_path / "genes.gtf"], [tmp_path / "mine.parquet"], tmp_path / "hits.tsv.gz", None, 2, outputs)
        interpret_plot_sequences.main(attributions, exams, *given)
        seen.append({path.name: path.read_bytes() for paths in outputs.values() for path in paths})
    assert all(content.startswith((b"<?xml", b"\x89PNG")) for content in seen[0].values())
    assert seen[0] == seen[1]
