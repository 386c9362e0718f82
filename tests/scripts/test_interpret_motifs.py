"""Motifs in contributions: words that recur are found, named, matched and hit where they stand; nothing found is said so."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

import interpret_motifs
import recurring
from readsight.errors import InputError, ToolError
from readsight.genome.codes import decode, reverse_complement
from readsight.interpret.motifs import meme, modisco
from readsight.interpret.motifs.meme import Known
from readsight.interpret.motifs.tomtom import matched
from readsight.interpret.sequence_attribution import attribution_file

SPEC = {"seqlets": 1000, "match": 0.05, "hit": 1e-4}
FILES = {"modisco": "modisco.h5", "patterns": "patterns.meme", "table": "motifs.tsv", "filters": "filters.matches.tsv"}
FILES |= {"note": "motifs.note.json", "hits": "hits.tsv.gz", "about": "motifs.json", "summary": "motifs.summary.json"}


def of(codes: np.ndarray, firm: float = 0.91) -> np.ndarray:
    matrix = np.full((len(codes), 4), (1 - firm) / 3)
    matrix[np.arange(len(codes)), codes] = firm
    return matrix


def database(path: Path) -> Path:
    """UP, the reverse complement of DOWN, and motifs that have nothing to do with them."""
    draw = np.random.default_rng(5)
    own = [Known("UPPER", of(recurring.UP), "alias"), Known("DOWNER", of(reverse_complement(recurring.DOWN)))]
    meme.write(path, own + [Known(f"other{i}", draw.dirichlet(np.full(4, 0.3), 9)) for i in range(60)])
    return path


def run(
    folder: Path, held: attribution_file.Attributions, known: Path | None = None, filters: Path | None = None
) -> dict[str, Path]:
    out = {name: folder / own for name, own in FILES.items()}
    attribution_file.write(folder / "contributions.h5", held)
    interpret_motifs.main(folder / "contributions.h5", filters, known, "words", SPEC, 1, 2, folder / "scratch", out)
    return out


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("motifs")
    held, start, strand = recurring.contributing()
    held.sequence[7, :3] = 4  # N somewhere
    meme.write(folder / "filters.meme", [Known("filter3", of(reverse_complement(recurring.UP)))])
    return run(folder, held, database(folder / "known.meme"), folder / "filters.meme"), held, start, strand


def test_words_that_recur_are_found_and_told_what_they_speak_for(found):
    table = pd.read_csv(found[0]["table"], sep="\t").set_index("towards")
    assert sorted(table.index) == ["off", "on"] and set(table["motif"]) == {"off.1", "on.1"}
    for side, word, sign, name in (("on", recurring.UP, 1, "alias (UPPER)"), ("off", recurring.DOWN, -1, "DOWNER")):
        row = table.loc[side]
        assert any(decode(own) in row["consensus"] for own in (word, reverse_complement(word)))
        assert row["match"] == name and row["q"] < 1e-3 and row["likest"] == name
        assert row["contribution"] == pytest.approx(sign * 10, rel=0.1) and row["examples"] > 100
    assert table["share"].sum() > 0.8
    patterns = {one.name: one.matrix for one in meme.read(found[0]["patterns"])}
    assert patterns["on.1"].max(axis=1).min() < 0.6 < np.sort(patterns["on.1"].max(axis=1))[-10]


def test_hits_stand_where_words_were_planted_on_their_strand_and_contribute(found):
    outputs, held, start, strand = found
    hits = pd.read_csv(outputs["hits"], sep="\t")
    patterns = {one.name: one.matrix for one in meme.read(outputs["patterns"])}
    for name, word, rows in (("on.1", recurring.UP, range(0, 260, 2)), ("off.1", recurring.DOWN, range(1, 260, 2))):
        spelled = decode(patterns[name].argmax(axis=1).astype(np.uint8))
        turned = decode(word) not in spelled
        before = spelled.index(decode(reverse_complement(word) if turned else word))
        own = hits[hits["motif"] == name].set_index("example")
        width, right = len(spelled), 0
        rows = [row for row in rows if 4 <= start[row] <= 46]  # the motif has a few bases beside the word
        for row in rows:
            ahead = (strand[row] > 0) != turned
            due = start[row] - (before if ahead else width - before - 10)
            here = own.loc[[f"e{row}"]]
            right += ((here["start"] == due) & (here["strand"] == ("+" if ahead else "-"))).any()
        assert right > 0.97 * len(rows)
        assert (hits.loc[hits["motif"] == name, "end"] - hits.loc[hits["motif"] == name, "start"] == width).all()
    assert hits.groupby("contributing")["contribution"].apply(lambda v: v.abs().median())[1] > 9


def test_hits_say_where_they_lie_on_the_genome(found):
    hits = pd.read_csv(found[0]["hits"], sep="\t")
    number = hits["example"].str[1:].astype(int)
    forward = number % 2 == 0
    assert (hits["chrom_start"] == np.where(forward, 100 * number + hits["start"], 100 * number + 60 - hits["end"])).all()
    assert (hits["chrom_end"] - hits["chrom_start"] == hits["end"] - hits["start"]).all()


def test_filters_are_matched_too_and_the_program_s_file_names_sequences_as_they_were(found):
    outputs, held = found[:2]
    row = pd.read_csv(outputs["filters"], sep="\t").iloc[0]
    assert (row["filter"], row["match"], row["strand"]) == ("filter3", "alias (UPPER)", "-")
    with h5py.File(outputs["modisco"]) as handle:
        seqlets = handle["on/pos_patterns/pattern_0/seqlets"]
        right = 0
        for i in range(50):
            first, last = seqlets["start"][i], seqlets["end"][i]
            inside = slice(max(first, 0), min(last, 60))
            own = held.sequence[seqlets["example_idx"][i], inside]
            shown = seqlets["sequence"][i][:: -1 if seqlets["is_revcomp"][i] else 1, :: -1 if seqlets["is_revcomp"][i] else 1]
            right += (shown.argmax(axis=1)[inside.start - first :][: len(own)] == own).mean() > 0.94
        assert right == 50
    about = json.loads(outputs["about"].read_text())
    assert about["why"] == "" and about["patterns"][0]["matches"][0]["name"] in ("alias (UPPER)", "DOWNER")
    figures = {row["key"]: row["value"] for row in json.loads(outputs["summary"].read_text())}
    assert figures["interpret.words.motifs.patterns"] == figures["interpret.words.motifs.matched"] == 2


def test_the_likest_of_a_motif_s_reverse_complement_is_itself_and_offsets_say_where():
    known = [Known(f"m{i}", m) for i, m in enumerate(np.random.default_rng(3).dirichlet(np.full(4, 0.2), (60, 12)))]
    asked = [known[4].matrix[::-1, ::-1], known[9].matrix[3:10], known[9].matrix[3:10][::-1, ::-1]]
    one, part, turned = (rows[0] for rows in matched(asked, known))
    assert (one.known.name, one.strand, one.offset) == ("m4", "-", 0) and one.q < 1e-6
    assert (part.known.name, part.strand, part.offset) == ("m9", "+", 3)
    assert (turned.known.name, turned.strand, turned.offset) == ("m9", "-", 2)
    few = matched([known[0].matrix], known[:4])[0]
    assert few[0].known.name == "m0" and few[0].q < 1e-3 < few[1].q and len(few) == 4
    assert matched([], known) == [] and matched(asked, []) == [[], [], []]


@pytest.mark.parametrize("left", ["nothing", "few"])
def test_no_motif_is_an_honest_empty_result(tmp_path, left):
    held = recurring.contributing(40)[0]
    if left == "nothing":
        held.found["deep_shap"]["on"][:] = 0
    outputs = run(tmp_path, held, database(tmp_path / "known.meme") if left == "few" else None)
    about = json.loads(outputs["about"].read_text())
    table = pd.read_csv(outputs["table"], sep="\t")
    assert list(table.columns) == list(interpret_motifs.COLUMNS)
    assert about["patterns"] == [] and about["why"].startswith("on: ") and len(about["why"]) > 20
    assert meme.read(outputs["patterns"], empty=True) == [] and table.empty
    with gzip.open(outputs["hits"], "rt") as handle:
        assert handle.read().split() == list(interpret_motifs.HITS)
    assert json.loads(outputs["summary"].read_text())[0]["value"] == 0
    assert json.loads(outputs["note"].read_text())["note"] == about["why"]


def test_a_program_that_gives_up_is_told_one_that_breaks_is_an_error(tmp_path, monkeypatch):
    held = recurring.contributing(20)[0]
    given = held.sequence, held.found["deep_shap"]["on"], 100, 1, tmp_path
    for line, raised in (("ValueError: no seqlets", False), ("ModuleNotFoundError: igraph", True)):
        program = tmp_path / "modisco"
        program.write_text(f"#!/bin/sh\necho '{line}' >&2\nexit 1\n")
        program.chmod(0o755)
        monkeypatch.setattr(modisco, "program", lambda: str(program))  # noqa: B023
        if raised:
            with pytest.raises(ToolError, match="ModuleNotFoundError: igraph"):
                modisco.seek(*given)
        else:
            assert modisco.seek(*given).why == "TF-MoDISco gave up: ValueError: no seqlets"
    monkeypatch.undo()
    monkeypatch.setattr(modisco.shutil, "which", lambda *_, **__: None)
    with pytest.raises(ToolError, match="modisco-lite"):
        modisco.program()


def test_contributions_that_are_no_numbers_are_refused(tmp_path):
    held = recurring.contributing(20)[0]
    held.found["deep_shap"]["on"][3, 5] = np.nan
    with pytest.raises(InputError, match="1 of 20 sequences are no numbers, first of sequence 3"):
        run(tmp_path, held)


def test_of_pairs_the_alternative_window_is_read(tmp_path):
    held = recurring.contributing(12)[0]
    both = np.concatenate([held.sequence[:, ::-1], held.sequence], axis=1)
    values = held.found["deep_shap"]["on"]
    paired = replace(
        held, sequence=both, found={"m": {"on": np.concatenate([0 * values, values], axis=1)}}, about=held.about | {"pair": True}
    )
    codes, by_head, start = interpret_motifs.alternative(paired)
    np.testing.assert_array_equal(codes, held.sequence)
    np.testing.assert_array_equal(by_head["on"], values)
    assert start == 60


@pytest.mark.parametrize(
    ("kind", "head", "classes", "up", "down"),
    [
        ("binary", "b", ["a", "b"], "b", "a"),
        ("multiclass", "b", ["a", "b", "c"], "b", "not b"),
        ("positions", "donor", ["neither", "donor"], "donor", "not donor"),
        ("regression", "score", ["value"], "higher", "lower"),
    ],
)
def test_what_a_pattern_speaks_for(kind, head, classes, up, down):
    assert [interpret_motifs.towards(head, sign, kind, classes) for sign in (1, -1)] == [up, down]


def test_short_sequences_are_surrounded_by_what_contributes_nothing():
    codes, values = np.full((3, 11), 1, np.uint8), np.ones((3, 11, 4), np.float32)
    codes[0, 4] = 4
    letters, contributions = modisco.surrounded(codes, values, 6, 1)
    assert letters.shape == contributions.shape == (3, 4, 24) and (letters.sum(axis=1) == 1).all()  # even
    assert (letters[1:, 1, 6:17] == 1).all() and (contributions[1:, :, 6:17] == 1).all()
    for part in (contributions[:, :, :6], contributions[:, :, 17:], contributions[0, :, 10]):
        assert 0 < np.abs(part).max() < 0.01


def test_patterns_that_push_both_ways_or_say_no_word_are_none():
    held, start, strand = recurring.contributing()
    row = np.flatnonzero((np.arange(260) % 2 == 0) & (start > 3) & (start < 46) & (strand > 0))
    seqlets = {"is_revcomp": np.zeros(len(row), bool), "start": start[row] - 2, "end": start[row] + 12, "example_idx": row}
    size = np.zeros((14, 4))
    size[np.arange(2, 12), recurring.UP] = 1

    def pattern(sizes: np.ndarray, places: dict[str, np.ndarray] = seqlets) -> modisco.Pattern | None:
        return modisco._pattern({"contrib_scores": sizes, "seqlets": places}, 1, held.sequence)

    whole = pattern(size)
    assert (whole.start == start[row] - 2).all() and (whole.matrix[np.arange(2, 12), recurring.UP] == 1).all()
    both = size.copy()
    both[6:10] *= -1  # six places one way, four the other
    assert pattern(both) is None and pattern(-size) is None
    anywhere = np.random.default_rng(1).integers(0, 46, len(row))
    assert pattern(size, seqlets | {"start": anywhere, "end": anywhere + 14}) is None
