"""Motifs in contributions: recurring motifs are discovered, named, matched and located; empty results state their reason."""

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
from readsight.interpret.motifs.meme import NamedMotif
from readsight.interpret.motifs.tomtom import match_motifs
from readsight.interpret.sequence_attribution import attribution_file

SPEC = {"seqlets": 1000, "match": 0.05, "hit": 1e-4}
FILES = {"modisco": "modisco.h5", "patterns": "patterns.meme", "table": "motifs.tsv", "filters": "filters.matches.tsv"}
FILES |= {"note": "motifs.note.json", "hits": "hits.tsv.gz", "about": "motifs.json", "summary": "motifs.summary.json"}


def build_matrix(codes: np.ndarray, frequency: float = 0.91) -> np.ndarray:
    matrix = np.full((len(codes), 4), (1 - frequency) / 3)
    matrix[np.arange(len(codes)), codes] = frequency
    return matrix


def write_database(path: Path) -> Path:
    """UP, the reverse complement of DOWN, and unrelated motifs."""
    rng = np.random.default_rng(5)
    related_motifs = [
        NamedMotif("UPPER", build_matrix(recurring.UP), "alias"),
        NamedMotif("DOWNER", build_matrix(reverse_complement(recurring.DOWN))),
    ]
    meme.write(path, related_motifs + [NamedMotif(f"other{i}", rng.dirichlet(np.full(4, 0.3), 9)) for i in range(60)])
    return path


def run_script(
    folder: Path, attributions: attribution_file.Attributions, database_file: Path | None = None, filters: Path | None = None
) -> dict[str, Path]:
    out = {name: folder / file_name for name, file_name in FILES.items()}
    attribution_file.write(folder / "contributions.h5", attributions)
    interpret_motifs.main(folder / "contributions.h5", filters, database_file, "words", SPEC, 1, 2, folder / "scratch", out)
    return out


@pytest.fixture(scope="module")
def motif_results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("motifs")
    attributions, start, strand = recurring.build_attributions()
    attributions.sequence[7, :3] = 4  # an N
    meme.write(folder / "filters.meme", [NamedMotif("filter3", build_matrix(reverse_complement(recurring.UP)))])
    return (
        run_script(folder, attributions, write_database(folder / "known.meme"), folder / "filters.meme"),
        attributions,
        start,
        strand,
    )


def test_recurring_motifs_are_named_by_their_effect(motif_results):
    table = pd.read_csv(motif_results[0]["table"], sep="\t").set_index("towards")
    assert sorted(table.index) == ["off", "on"] and set(table["motif"]) == {"off.1", "on.1"}
    for direction, motif, sign, name in (("on", recurring.UP, 1, "alias (UPPER)"), ("off", recurring.DOWN, -1, "DOWNER")):
        row = table.loc[direction]
        assert any(decode(strand_motif) in row["consensus"] for strand_motif in (motif, reverse_complement(motif)))
        assert row["match"] == name and row["q"] < 1e-3 and row["likest"] == name
        assert row["contribution"] == pytest.approx(sign * 10, rel=0.1) and row["examples"] > 100
    assert table["share"].sum() > 0.8
    patterns = {named_motif.name: named_motif.matrix for named_motif in meme.read(motif_results[0]["patterns"])}
    assert patterns["on.1"].max(axis=1).min() < 0.6 < np.sort(patterns["on.1"].max(axis=1))[-10]


def test_hits_match_planted_positions_and_strands(motif_results):
    outputs, attributions, start, strand = motif_results
    hits = pd.read_csv(outputs["hits"], sep="\t")
    patterns = {named_motif.name: named_motif.matrix for named_motif in meme.read(outputs["patterns"])}
    for name, motif, rows in (("on.1", recurring.UP, range(0, 260, 2)), ("off.1", recurring.DOWN, range(1, 260, 2))):
        spelled = decode(patterns[name].argmax(axis=1).astype(np.uint8))
        is_reverse = decode(motif) not in spelled
        motif_offset = spelled.index(decode(reverse_complement(motif) if is_reverse else motif))
        motif_hits = hits[hits["motif"] == name].set_index("example")
        width, correct = len(spelled), 0
        rows = [row for row in rows if 4 <= start[row] <= 46]  # the motif includes a few flanking bases
        for row in rows:
            is_forward = (strand[row] > 0) != is_reverse
            expected = start[row] - (motif_offset if is_forward else width - motif_offset - 10)
            row_hits = motif_hits.loc[[f"e{row}"]]
            correct += ((row_hits["start"] == expected) & (row_hits["strand"] == ("+" if is_forward else "-"))).any()
        assert correct > 0.97 * len(rows)
        assert (hits.loc[hits["motif"] == name, "end"] - hits.loc[hits["motif"] == name, "start"] == width).all()
    assert hits.groupby("contributing")["contribution"].apply(lambda v: v.abs().median())[1] > 9


def test_hits_have_genomic_coordinates(motif_results):
    hits = pd.read_csv(motif_results[0]["hits"], sep="\t")
    number = hits["example"].str[1:].astype(int)
    forward = number % 2 == 0
    assert (hits["chrom_start"] == np.where(forward, 100 * number + hits["start"], 100 * number + 60 - hits["end"])).all()
    assert (hits["chrom_end"] - hits["chrom_start"] == hits["end"] - hits["start"]).all()


def test_filters_are_matched_and_modisco_coordinates_are_restored(motif_results):
    outputs, attributions = motif_results[:2]
    row = pd.read_csv(outputs["filters"], sep="\t").iloc[0]
    assert (row["filter"], row["match"], row["strand"]) == ("filter3", "alias (UPPER)", "-")
    with h5py.File(outputs["modisco"]) as handle:
        seqlets = handle["on/pos_patterns/pattern_0/seqlets"]
        correct = 0
        for i in range(50):
            first, last = seqlets["start"][i], seqlets["end"][i]
            inside = slice(max(first, 0), min(last, 60))
            reference = attributions.sequence[seqlets["example_idx"][i], inside]
            seqlet = seqlets["sequence"][i][:: -1 if seqlets["is_revcomp"][i] else 1, :: -1 if seqlets["is_revcomp"][i] else 1]
            correct += (seqlet.argmax(axis=1)[inside.start - first :][: len(reference)] == reference).mean() > 0.94
        assert correct == 50
    description = json.loads(outputs["about"].read_text())
    assert description["why"] == "" and description["patterns"][0]["matches"][0]["name"] in ("alias (UPPER)", "DOWNER")
    figures = {row["key"]: row["value"] for row in json.loads(outputs["summary"].read_text())}
    assert figures["interpret.words.motifs.patterns"] == figures["interpret.words.motifs.matched"] == 2


def test_reverse_complements_and_subsequences_match_their_motif():
    database = [NamedMotif(f"m{i}", m) for i, m in enumerate(np.random.default_rng(3).dirichlet(np.full(4, 0.2), (60, 12)))]
    queries = [database[4].matrix[::-1, ::-1], database[9].matrix[3:10], database[9].matrix[3:10][::-1, ::-1]]
    reverse_match, part_match, reverse_part_match = (rows[0] for rows in match_motifs(queries, database))
    assert (reverse_match.known.name, reverse_match.strand, reverse_match.offset) == ("m4", "-", 0) and reverse_match.q < 1e-6
    assert (part_match.known.name, part_match.strand, part_match.offset) == ("m9", "+", 3)
    assert (reverse_part_match.known.name, reverse_part_match.strand, reverse_part_match.offset) == ("m9", "-", 2)
    small_database = match_motifs([database[0].matrix], database[:4])[0]
    assert small_database[0].known.name == "m0" and small_database[0].q < 1e-3 < small_database[1].q and len(small_database) == 4
    assert match_motifs([], database) == [] and match_motifs(queries, []) == [[], [], []]


@pytest.mark.parametrize("signal", ["nothing", "few"])
def test_missing_motifs_give_empty_results(tmp_path, signal):
    attributions = recurring.build_attributions(40)[0]
    if signal == "nothing":
        attributions.values["deep_shap"]["on"][:] = 0
    outputs = run_script(tmp_path, attributions, write_database(tmp_path / "known.meme") if signal == "few" else None)
    description = json.loads(outputs["about"].read_text())
    table = pd.read_csv(outputs["table"], sep="\t")
    assert list(table.columns) == list(interpret_motifs.COLUMNS)
    assert description["patterns"] == [] and description["why"].startswith("on: ") and len(description["why"]) > 20
    assert meme.read(outputs["patterns"], empty=True) == [] and table.empty
    with gzip.open(outputs["hits"], "rt") as handle:
        assert handle.read().split() == list(interpret_motifs.HIT_COLUMNS)
    assert json.loads(outputs["summary"].read_text())[0]["value"] == 0
    assert json.loads(outputs["note"].read_text())["note"] == description["why"]


def test_missing_signal_is_reported_and_program_failures_raise(tmp_path, monkeypatch):
    attributions = recurring.build_attributions(20)[0]
    arguments = attributions.sequence, attributions.values["deep_shap"]["on"], 100, 1, tmp_path
    for line, is_error in (("ValueError: no seqlets", False), ("ModuleNotFoundError: igraph", True)):
        program = tmp_path / "modisco"
        program.write_text(f"#!/bin/sh\necho '{line}' >&2\nexit 1\n")
        program.chmod(0o755)
        monkeypatch.setattr(modisco, "find_program", lambda: str(program))  # noqa: B023
        if is_error:
            with pytest.raises(ToolError, match="ModuleNotFoundError: igraph"):
                modisco.find_patterns(*arguments)
        else:
            assert modisco.find_patterns(*arguments).reason == "TF-MoDISco gave up: ValueError: no seqlets"
    monkeypatch.undo()
    monkeypatch.setattr(modisco.shutil, "which", lambda *_, **__: None)
    with pytest.raises(ToolError, match="modisco-lite"):
        modisco.find_program()


def test_non_finite_contributions_are_refused(tmp_path):
    attributions = recurring.build_attributions(20)[0]
    attributions.values["deep_shap"]["on"][3, 5] = np.nan
    with pytest.raises(InputError, match="1 of 20 sequences are not finite, first in sequence 3"):
        run_script(tmp_path, attributions)


def test_pairs_use_the_alternative_window(tmp_path):
    attributions = recurring.build_attributions(12)[0]
    pair_codes = np.concatenate([attributions.sequence[:, ::-1], attributions.sequence], axis=1)
    values = attributions.values["deep_shap"]["on"]
    paired = replace(
        attributions,
        sequence=pair_codes,
        values={"m": {"on": np.concatenate([0 * values, values], axis=1)}},
        attributes=attributions.attributes | {"pair": True},
    )
    codes, by_head, start = interpret_motifs.select_alternative_window(paired)
    np.testing.assert_array_equal(codes, attributions.sequence)
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
def test_pattern_direction_is_described(kind, head, classes, up, down):
    assert [interpret_motifs.describe_direction(head, sign, kind, classes) for sign in (1, -1)] == [up, down]


def test_flanks_contribute_almost_nothing():
    codes, values = np.full((3, 11), 1, np.uint8), np.ones((3, 11, 4), np.float32)
    codes[0, 4] = 4
    onehot, contributions = modisco.add_flanks(codes, values, 6, 1)
    assert onehot.shape == contributions.shape == (3, 4, 24) and (onehot.sum(axis=1) == 1).all()  # even
    assert (onehot[1:, 1, 6:17] == 1).all() and (contributions[1:, :, 6:17] == 1).all()
    for region in (contributions[:, :, :6], contributions[:, :, 17:], contributions[0, :, 10]):
        assert 0 < np.abs(region).max() < 0.01


def test_inconsistent_or_uninformative_patterns_are_discarded():
    attributions, start, strand = recurring.build_attributions()
    row = np.flatnonzero((np.arange(260) % 2 == 0) & (start > 3) & (start < 46) & (strand > 0))
    seqlets = {"is_revcomp": np.zeros(len(row), bool), "start": start[row] - 2, "end": start[row] + 12, "example_idx": row}
    size = np.zeros((14, 4))
    size[np.arange(2, 12), recurring.UP] = 1

    def parse_pattern(sizes: np.ndarray, group: dict[str, np.ndarray] = seqlets) -> modisco.Pattern | None:
        return modisco._parse_pattern({"contrib_scores": sizes, "seqlets": group}, 1, attributions.sequence)

    complete = parse_pattern(size)
    assert (complete.start == start[row] - 2).all() and (complete.matrix[np.arange(2, 12), recurring.UP] == 1).all()
    mixed = size.copy()
    mixed[6:10] *= -1  # six positions in one direction, four in the opposite one
    assert parse_pattern(mixed) is None and parse_pattern(-size) is None
    random_starts = np.random.default_rng(1).integers(0, 46, len(row))
    assert parse_pattern(size, seqlets | {"start": random_starts, "end": random_starts + 14}) is None
