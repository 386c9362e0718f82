"""Genome tracks of contributions: each base is the mean over the windows that contain it, on either strand."""

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
from readsight.report.attribution_figures.genome_profile import build_tracks

CONTIGS = {"chr2": 40, "chr10": 100}
METHOD = "integrated_gradients"


def build_attributions(values: list, texts: list[str], positions: list[tuple[str, int, str]], **options) -> Attributions:
    """Windows with known contributions. values: of the sequence bases. positions: contig, start, strand."""
    sequence = np.stack([encode(text) for text in texts])
    contributions = np.zeros((*sequence.shape, 4), np.float32)
    np.put_along_axis(
        contributions, np.minimum(sequence, 3)[..., None].astype(int), np.array(values, np.float32)[..., None], axis=2
    )
    chrom, start, strand = (np.array(column) for column in zip(*positions, strict=True))
    length = sequence.shape[1] // (2 if options.get("pair") else 1)
    rows = {"example": [f"e{i}" for i in range(len(texts))], "group": ["g"] * len(texts), "chrom": chrom, "strand": strand}
    rows |= {"start": start, "end": start + length, "fold": np.zeros(len(texts), int), "label": np.zeros(len(texts), int)}
    description = {
        "task": "t",
        "heads": ["yes"],
        "methods": [METHOD],
        "unit": "logit",
        "classes": ["no", "yes"],
        "kind": "binary",
    }
    return Attributions(
        {METHOD: {"yes": contributions}}, sequence, rows, {"yes": np.zeros(len(texts))}, {}, description | options
    )


def run_script(folder, attributions, contigs=CONTIGS, method=METHOD):
    """Both files, read back: contig → base → value of the bigWig, and rows of the bedGraph."""
    attribution_file.write(folder / "a.h5", attributions)
    table = folder / "contigs.json"
    table.write_text(json.dumps({"contigs": [{"name": n, "length": size, "offset": 0} for n, size in (contigs or {}).items()]}))
    wig, bed = folder / "m.bw", folder / "m.bedgraph.gz"
    interpret_tracks.main(folder / "a.h5", table if contigs else None, method, wig, bed)
    with pyBigWig.open(str(wig)) as handle:
        values = {n: np.array(handle.values(n, 0, size)) for n, size in handle.chroms().items()}
    rows = [line.split("\t") for line in gzip.decompress(bed.read_bytes()).decode().splitlines()]
    return values, rows


def test_overlapping_windows_are_averaged_in_forward_orientation(tmp_path):
    # the second window covers [12, 16) on the reverse strand: in its orientation, 1, 2, 3, 4 are bases 15, 14, 13, 12
    attributions = build_attributions([[1, 2, 3, 4], [1, 2, 3, 4]], ["ACGT", "AACC"], [("chr10", 10, "+"), ("chr10", 12, "-")])
    values, rows = run_script(tmp_path, attributions)
    expected = {10: 1, 11: 2, 12: (3 + 4) / 2, 13: (4 + 3) / 2, 14: 2, 15: 1}
    covered_values = {position: values["chr10"][position] for position in np.flatnonzero(np.isfinite(values["chr10"])).tolist()}
    assert covered_values == expected
    assert not np.isfinite(values["chr2"]).any(), "no value without a window"
    assert rows[0][0].startswith("track type=bedGraph ")
    assert rows[1:] == [["chr10", s, e, v] for s, e, v in (("10", "11", "1"), ("11", "12", "2"), ("12", "14", "3.5"), ("14", "15", "2"), ("15", "16", "1"))]  # fmt: skip


def test_bases_are_those_of_the_forward_strand():
    attributions = build_attributions([[1, 1, 1, 1]], ["AACG"], [("chr10", 12, "-")])
    assert (
        build_tracks(attributions, attributions.contributions(METHOD, "yes"))["chr10"].bases.tolist() == encode("CGTT").tolist()
    )


def test_rows_are_sorted_and_contig_lengths_are_kept(tmp_path):
    attributions = build_attributions(
        [[1, 2], [3, 4], [5, 6]], ["AC", "GT", "AA"], [("chr2", 30, "+"), ("chr10", 7, "+"), ("chr2", 5, "-")]
    )
    values, rows = run_script(tmp_path, attributions)
    assert {name: len(contig_values) for name, contig_values in values.items()} == CONTIGS
    assert [(row[0], int(row[1])) for row in rows[1:]] == sorted((row[0], int(row[1])) for row in rows[1:])
    with pyBigWig.open(str(tmp_path / "m.bw")) as handle:
        assert handle.isBigWig()
        assert handle.intervals("chr2") == ((5, 6, 6.0), (6, 7, 5.0), (30, 31, 1.0), (31, 32, 2.0))


def test_values_beyond_contig_ends_are_dropped(tmp_path):
    attributions = build_attributions([[9, 9, 1, 2], [3, 4, 9, 9]], ["NNAC", "GTNN"], [("chr2", -2, "+"), ("chr2", 38, "+")])
    values, _ = run_script(tmp_path, attributions)
    assert {position: values["chr2"][position] for position in np.flatnonzero(np.isfinite(values["chr2"])).tolist()} == {
        0: 1,
        1: 2,
        38: 3,
        39: 4,
    }


def test_strongest_head_is_written(tmp_path):
    attributions = build_attributions([[1, -4, 0]], ["ACG"], [("chr10", 0, "+")], heads=["yes", "no"])
    attributions.values[METHOD]["no"] = -attributions.values[METHOD]["yes"] * np.array([2, 0.5, 1])[None, :, None]
    attributions.score["no"] = attributions.score["yes"]
    values, _ = run_script(tmp_path, attributions)
    assert values["chr10"][:3].tolist() == [-2, -4, 0]


def test_shared_contributions_of_pairs_cancel(tmp_path):
    attributions = build_attributions([[-1, -2, -3, 1, 7, 3]], ["ACGATG"], [("chr10", 4, "+")], pair=True)
    values, _ = run_script(tmp_path, attributions)
    assert values["chr10"][4:7].tolist() == [0, 5, 0]
    assert not np.isfinite(values["chr10"][7:]).any()


def test_sequences_without_coordinates_give_empty_valid_files(tmp_path):
    attributions = explanations.make_attributions(chrom="")
    for contigs in (CONTIGS, None):
        values, rows = run_script(tmp_path, attributions, contigs)
        assert len(rows) == 1 and rows[0][0].startswith("track")
        assert all(not np.isfinite(contig_values).any() for contig_values in values.values())


def test_contig_lengths_default_to_window_ends(tmp_path):
    values, _ = run_script(tmp_path, build_attributions([[1, 2]], ["AC"], [("chr2", 5, "+")]), None)
    assert values["chr2"].tolist()[5:] == [1, 2] and len(values["chr2"]) == 7


def test_unknown_contigs_are_refused(tmp_path):
    with pytest.raises(InputError, match="chr2"):
        run_script(tmp_path, build_attributions([[1, 2]], ["AC"], [("2", 5, "+")]))


def test_files_are_reproducible_and_agree(tmp_path):
    attributions = explanations.make_attributions(n=30, kind="positions")
    contigs = {"chr1": 5000}
    values, rows = run_script(tmp_path, attributions, contigs)
    before = [(tmp_path / name).read_bytes() for name in ("m.bw", "m.bedgraph.gz")]
    run_script(tmp_path, attributions, contigs)
    assert before == [(tmp_path / name).read_bytes() for name in ("m.bw", "m.bedgraph.gz")]
    bedgraph_values = np.full(5000, np.nan)
    for _, start, end, value in rows[1:]:
        bedgraph_values[int(start) : int(end)] = float(value)
    np.testing.assert_allclose(bedgraph_values, values["chr1"], rtol=1e-5)
    assert np.isfinite(bedgraph_values).sum() == 29 * 40 + 150, "every base inside a window, once"
