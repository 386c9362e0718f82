"""Contributions along the genome: each base's is the mean over the windows that hold it, whatever their strand."""

import gzip
import json

import numpy as np
import pyBigWig
import pytest

import explanations
import interpret_tracks
from readsight.errors import InputError
from readsight.genome.codes import encode
from readsight.interpret.sequence_attribution import attribution_file
from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.report.attribution_figures.genome_profile import along

CONTIGS = {"chr2": 40, "chr10": 100}
METHOD = "integrated_gradients"


def by_hand(values: list, texts: list[str], places: list[tuple[str, int, str]], **about) -> Attributions:
    """Windows of known contributions. values: of each window's own bases. places: contig, start, strand."""
    sequence = np.stack([encode(text) for text in texts])
    found = np.zeros((*sequence.shape, 4), np.float32)
    np.put_along_axis(found, np.minimum(sequence, 3)[..., None].astype(int), np.array(values, np.float32)[..., None], axis=2)
    chrom, start, strand = (np.array(part) for part in zip(*places, strict=True))
    length = sequence.shape[1] // (2 if about.get("pair") else 1)
    rows = {"example": [f"e{i}" for i in range(len(texts))], "group": ["g"] * len(texts), "chrom": chrom, "strand": strand}
    rows |= {"start": start, "end": start + length, "fold": np.zeros(len(texts), int), "label": np.zeros(len(texts), int)}
    told = {"task": "t", "heads": ["yes"], "methods": [METHOD], "unit": "logit", "classes": ["no", "yes"], "kind": "binary"}
    return Attributions({METHOD: {"yes": found}}, sequence, rows, {"yes": np.zeros(len(texts))}, {}, told | about)


def run(folder, held, contigs=CONTIGS, method=METHOD):
    """Both files, read back: contig → base → value of the bigWig, and rows of the bedGraph."""
    attribution_file.write(folder / "a.h5", held)
    table = folder / "contigs.json"
    table.write_text(json.dumps({"contigs": [{"name": n, "length": size, "offset": 0} for n, size in (contigs or {}).items()]}))
    wig, bed = folder / "m.bw", folder / "m.bedgraph.gz"
    interpret_tracks.main(folder / "a.h5", table if contigs else None, method, wig, bed)
    with pyBigWig.open(str(wig)) as handle:
        values = {n: np.array(handle.values(n, 0, size)) for n, size in handle.chroms().items()}
    rows = [line.split("\t") for line in gzip.decompress(bed.read_bytes()).decode().splitlines()]
    return values, rows


def test_overlapping_windows_are_averaged_and_reverse_ones_turned_over(tmp_path):
    # the second window covers [12, 16) on the reverse strand: as it is read, 1, 2, 3, 4 stand on bases 15, 14, 13, 12
    held = by_hand([[1, 2, 3, 4], [1, 2, 3, 4]], ["ACGT", "AACC"], [("chr10", 10, "+"), ("chr10", 12, "-")])
    values, rows = run(tmp_path, held)
    expected = {10: 1, 11: 2, 12: (3 + 4) / 2, 13: (4 + 3) / 2, 14: 2, 15: 1}
    held_there = {at: values["chr10"][at] for at in np.flatnonzero(np.isfinite(values["chr10"])).tolist()}
    assert held_there == expected
    assert not np.isfinite(values["chr2"]).any(), "no window, no value"
    assert rows[0][0].startswith("track type=bedGraph ")
    assert rows[1:] == [["chr10", s, e, v] for s, e, v in (("10", "11", "1"), ("11", "12", "2"), ("12", "14", "3.5"), ("14", "15", "2"), ("15", "16", "1"))]  # fmt: skip


def test_bases_are_those_of_the_forward_strand():
    held = by_hand([[1, 1, 1, 1]], ["AACG"], [("chr10", 12, "-")])
    assert along(held, held.contributions(METHOD, "yes"))["chr10"].bases.tolist() == encode("CGTT").tolist()


def test_rows_are_sorted_and_lengths_are_the_genomes(tmp_path):
    held = by_hand([[1, 2], [3, 4], [5, 6]], ["AC", "GT", "AA"], [("chr2", 30, "+"), ("chr10", 7, "+"), ("chr2", 5, "-")])
    values, rows = run(tmp_path, held)
    assert {name: len(own) for name, own in values.items()} == CONTIGS
    assert [(row[0], int(row[1])) for row in rows[1:]] == sorted((row[0], int(row[1])) for row in rows[1:])
    with pyBigWig.open(str(tmp_path / "m.bw")) as handle:
        assert handle.isBigWig()
        assert handle.intervals("chr2") == ((5, 6, 6.0), (6, 7, 5.0), (30, 31, 1.0), (31, 32, 2.0))


def test_what_lies_past_a_contigs_ends_is_left_out(tmp_path):
    held = by_hand([[9, 9, 1, 2], [3, 4, 9, 9]], ["NNAC", "GTNN"], [("chr2", -2, "+"), ("chr2", 38, "+")])
    values, _ = run(tmp_path, held)
    assert {at: values["chr2"][at] for at in np.flatnonzero(np.isfinite(values["chr2"])).tolist()} == {0: 1, 1: 2, 38: 3, 39: 4}


def test_of_several_heads_the_strongest_counts(tmp_path):
    held = by_hand([[1, -4, 0]], ["ACG"], [("chr10", 0, "+")], heads=["yes", "no"])
    held.found[METHOD]["no"] = -held.found[METHOD]["yes"] * np.array([2, 0.5, 1])[None, :, None]
    held.score["no"] = held.score["yes"]
    values, _ = run(tmp_path, held)
    assert values["chr10"][:3].tolist() == [-2, -4, 0]


def test_of_pairs_what_both_windows_share_cancels_out(tmp_path):
    held = by_hand([[-1, -2, -3, 1, 7, 3]], ["ACGATG"], [("chr10", 4, "+")], pair=True)
    values, _ = run(tmp_path, held)
    assert values["chr10"][4:7].tolist() == [0, 5, 0]
    assert not np.isfinite(values["chr10"][7:]).any()


def test_sequences_without_a_place_give_valid_files_without_rows(tmp_path):
    held = explanations.made(chrom="")
    for contigs in (CONTIGS, None):
        values, rows = run(tmp_path, held, contigs)
        assert len(rows) == 1 and rows[0][0].startswith("track")
        assert all(not np.isfinite(own).any() for own in values.values())


def test_without_a_table_contigs_reach_as_far_as_windows(tmp_path):
    values, _ = run(tmp_path, by_hand([[1, 2]], ["AC"], [("chr2", 5, "+")]), None)
    assert values["chr2"].tolist()[5:] == [1, 2] and len(values["chr2"]) == 7


def test_a_contig_that_the_genome_lacks_is_refused(tmp_path):
    with pytest.raises(InputError, match="chr2"):
        run(tmp_path, by_hand([[1, 2]], ["AC"], [("2", 5, "+")]))


def test_both_files_are_the_same_bytes_each_time_and_say_the_same(tmp_path):
    held = explanations.made(n=30, kind="positions")
    contigs = {"chr1": 5000}
    values, rows = run(tmp_path, held, contigs)
    before = [(tmp_path / name).read_bytes() for name in ("m.bw", "m.bedgraph.gz")]
    run(tmp_path, held, contigs)
    assert before == [(tmp_path / name).read_bytes() for name in ("m.bw", "m.bedgraph.gz")]
    told = np.full(5000, np.nan)
    for _, start, end, value in rows[1:]:
        told[int(start) : int(end)] = float(value)
    np.testing.assert_allclose(told, values["chr1"], rtol=1e-5)
    assert np.isfinite(told).sum() == 29 * 40 + 150, "every base that a window holds, once"
