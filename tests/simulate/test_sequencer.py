"""Reads come from the templates and differ from them only by sequencing errors."""

import gzip

import numpy as np
import pytest

from readsight.genome.codes import decode, encode, reverse_complement
from readsight.simulate.batch_effects import BATCHES
from readsight.simulate.fragments import Fragments, Library, Templates, shear_templates
from readsight.simulate.sequencer import ADAPTERS, SequencingRun, draw_read_names, format_fastq, sequence_reads, write_pairs

PERFECT = SequencingRun(errors=False)


def draw_templates(seed=1, size=20_000):
    rng = np.random.default_rng(seed)
    return Templates.from_sequences([rng.integers(0, 4, n).astype(np.uint8) for n in (size, size // 2)])


def make_fragments(start, length, reverse):
    return Fragments(np.array(start), np.array(length), np.array(reverse))


def test_perfect_reads_are_the_two_ends_of_the_fragment():
    source = draw_templates()
    chosen = make_fragments([100, 700], [300, 250], [False, True])
    mate_1, mate_2 = (sequence_reads(source, chosen, mate, 101, PERFECT, np.random.default_rng(0))[0] for mate in (1, 2))
    first, second = source.codes[100:400], source.codes[700:950]
    assert (mate_1[0] == first[:101]).all() and (mate_2[0] == reverse_complement(first)[:101]).all()
    assert (mate_1[1] == reverse_complement(second)[:101]).all() and (mate_2[1] == second[:101]).all()


def test_short_fragments_run_into_the_adapters():
    source = draw_templates()
    chosen = make_fragments([100, 200], [60, 60], [False, True])
    for mate in (1, 2):
        reads, _ = sequence_reads(source, chosen, mate, 101, PERFECT, np.random.default_rng(0))
        assert all(decode(r[60:93]) == decode(ADAPTERS[mate - 1][:33]) for r in reads)
    assert decode(ADAPTERS[0]).startswith("AGATCGGAAGAGCACACGTCTGAACTCCAGTCA")
    assert decode(ADAPTERS[1]).startswith("AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGT")


def test_error_rate_matches_qualities():
    source = draw_templates()
    chosen = shear_templates(source, 20_000, Library(short=0), 101, np.random.default_rng(1))
    clean, _ = sequence_reads(source, chosen, 1, 101, PERFECT, np.random.default_rng(2))
    reads, quality = sequence_reads(
        source, chosen, 1, 101, SequencingRun(quality=30, indels=0, unknown=0), np.random.default_rng(2)
    )
    for low, high in ((2, 20), (20, 27), (27, 42)):
        inside = (quality >= low) & (quality < high)
        assert (reads != clean)[inside].mean() == pytest.approx((10 ** (quality[inside] / -10.0)).mean(), rel=0.15)


def test_unknown_bases_have_the_lowest_quality():
    source = draw_templates()
    chosen = shear_templates(source, 5_000, Library(), 101, np.random.default_rng(1))
    reads, quality = sequence_reads(source, chosen, 1, 101, SequencingRun(unknown=0.01), np.random.default_rng(2))
    assert (reads == 4).mean() == pytest.approx(0.01, rel=0.1) and (quality[reads == 4] == 2).all()


def test_fragments_stay_within_their_template_and_cover_it_evenly():
    source = draw_templates()
    chosen = shear_templates(source, 40_000, Library(gc_slope=0), 101, np.random.default_rng(1))
    edge = source.edges[1]
    assert not ((chosen.start < edge) & (chosen.start + chosen.length > edge)).any()
    assert (chosen.start + chosen.length <= source.edges[-1]).all()
    depth = np.zeros(source.edges[-1] + 1)
    np.add.at(depth, chosen.start, 1)
    np.add.at(depth, chosen.start + chosen.length, -1)
    depth = depth.cumsum()
    assert depth[1000:19_000].std() / depth[1000:19_000].mean() < 0.1
    assert 0.45 < chosen.reverse.mean() < 0.55


def test_duplicates_and_gc_bias_match_library():
    low, high = (encode("AATTCAATTA" * 1000), encode("GGCCAGGCCG" * 1000))
    source = Templates.from_sequences([low, high])
    fragments_by_slope = [
        shear_templates(source, 20_000, Library(gc_slope=slope, short=0), 101, np.random.default_rng(1)) for slope in (-1, 0, 2)
    ]
    gc_rich_fraction = [(f.start >= 10_000).mean() for f in fragments_by_slope]
    assert gc_rich_fraction[0] < 0.45 < gc_rich_fraction[1] < 0.55 < gc_rich_fraction[2]
    fragments = shear_templates(draw_templates(size=2_000_000), 20_000, Library(duplicates=0.2), 101, np.random.default_rng(1))
    unique = len(set(zip(fragments.start.tolist(), fragments.length.tolist(), fragments.reverse.tolist(), strict=True)))
    assert unique / 20_000 == pytest.approx(0.8, abs=0.02)


def test_batches_differ_in_fragment_length_and_quality():
    source = draw_templates(size=200_000)
    means, qualities = [], []
    for library, run in BATCHES:
        chosen = shear_templates(source, 10_000, library, 101, np.random.default_rng(1))
        means.append(np.median(chosen.length))
        qualities.append(sequence_reads(source, chosen, 1, 101, run, np.random.default_rng(1))[1].mean())
    assert means[1] > means[0] + 40 and qualities[0] > qualities[1] + 1


def test_names_are_unique_sorted_and_of_illumina_style():
    table = draw_read_names(50_000, SequencingRun(), 2, np.random.default_rng(1))
    text = [row.tobytes().decode() for row in table]
    assert len(set(text)) == 50_000 and text == sorted(text)
    fields = text[0].split(":")
    assert len(fields) == 7 and fields[3] == "2" and all(1101 <= int(t.split(":")[4]) <= 2316 for t in text)


def test_fastq_has_four_lines_per_read():
    codes = np.array([[0, 1, 2, 3, 4]], dtype=np.uint8)
    quality = np.array([[40, 30, 20, 10, 2]], dtype=np.uint8)
    name = np.frombuffer(b"@r", dtype=np.uint8)[None]
    assert format_fastq(name, 2, codes, quality).decode() == "@r 2:N:0:ATCACG\nACGTN\n+\nI?5+#\n"


def test_mates_match_and_seed_determines_bytes(tmp_path):
    source = draw_templates()

    def write_reads(folder, seed):
        folder.mkdir()
        rng = np.random.default_rng(seed)
        paths = (folder / "1.fastq.gz", folder / "2.fastq.gz")
        write_pairs(source, shear_templates(source, 3_000, Library(), 101, rng), 101, SequencingRun(), 1, rng, paths)
        return [p.read_bytes() for p in paths]

    first, again, different = write_reads(tmp_path / "a", 1), write_reads(tmp_path / "b", 1), write_reads(tmp_path / "c", 2)
    assert first == again and first != different
    names = [[line.split()[0] for line in gzip.decompress(b).splitlines()[::4]] for b in first]
    assert names[0] == names[1] and len(names[0]) == 3_000
