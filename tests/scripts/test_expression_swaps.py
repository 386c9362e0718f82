"""RNA and DNA of one donor agree at SNVs; exchanged samples are detected and reported."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pysam
import pytest

import expression_plot_swaps
from expression_swaps import MIN_SITES, compute_agreement, error_messages, judge_samples, main, summary_records

LENGTH, EXON, EVERY = 6000, (1000, 5000), 60
PLACES = list(range(EXON[0] + 30, EXON[1], EVERY))
DONORS = ("anna", "bert", "carl")


def make_frames(values, columns, sites=100):
    agreement = pd.DataFrame(values, index=[f"r{i}" for i in range(len(values))], columns=columns, dtype=float)
    return agreement, pd.DataFrame(sites, index=agreement.index, columns=columns)


def test_agreement_is_fraction_without_foreign_allele():
    rna = np.array([[0, 1, 2, np.nan], [0, 2, 2, 1]])
    dna = np.array([[0, 1, 2, 1], [2, 1, 0, np.nan], [1, 0, 2, 0]])
    agreement, shared = compute_agreement(rna, dna)
    np.testing.assert_allclose(agreement, [[1, 1 / 3, 2 / 3], [1, 1 / 3, 2 / 4]])
    assert shared.tolist() == [[3, 3, 3], [4, 3, 4]]
    swapped, _ = compute_agreement(2 - rna, 2 - dna)
    np.testing.assert_allclose(swapped, agreement), "which allele is the reference does not matter"


def test_silent_allele_is_no_contradiction():
    agreement, _ = compute_agreement(np.array([[0.0, 2, 0, 2]]), np.ones((1, 4)))
    assert agreement == 1


def test_no_shared_sites_give_nan():
    agreement, shared = compute_agreement(np.array([[np.nan, 1]]), np.array([[0, np.nan]]))
    assert np.isnan(agreement).all() and shared.tolist() == [[0]]


DNA = {"a": "anna", "b": "bert"}


@pytest.mark.parametrize(
    ("row", "donor", "state"),
    [
        ((0.97, 0.6), "anna", "own"),
        ((0.6, 0.97), "anna", "swapped"),
        ((0.6, 0.62), "anna", "unlike"),
        ((0.96, 0.97), "anna", "own"),
        ((0.6, 0.62), "dora", "no DNA"),
        ((0.6, 0.97), "dora", "another's"),
    ],
)
def test_sample_state_follows_agreement(row, donor, state):
    agreement, shared = make_frames([row], list(DNA))
    donors = DNA | {"r0": donor}
    table = judge_samples(agreement, shared, donors)
    assert table["state"].tolist() == [state]
    assert bool(error_messages(table, donors)) == (state in ("swapped", "unlike", "another's"))


def test_few_sites_give_no_decision():
    agreement, shared = make_frames([(0.5, 1.0)], list(DNA), sites=MIN_SITES - 1)
    table = judge_samples(agreement, shared, DNA | {"r0": "anna"})
    assert table["state"].tolist() == ["too few sites"] and summary_records(table, [])[0]["value"] is None


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """SNV calls of three donors in and outside an exon, and their RNA alignments; half of anna's exon is monoallelic."""
    folder, rng = tmp_path_factory.mktemp("swaps"), np.random.default_rng(1)
    bases = "".join(rng.choice(list("ACGT"), LENGTH))
    (folder / "g.fa").write_text(f">c\n{bases}\n")
    pysam.faidx(str(folder / "g.fa"))
    attributes = 'gene_id "g"; transcript_id "t";'
    (folder / "g.gtf").write_text(f"c\tx\texon\t{EXON[0] + 1}\t{EXON[1]}\t.\t+\t.\t{attributes}\n")
    positions = [100, 400, *PLACES]
    haplotypes = {d: rng.integers(0, 2, (len(positions), 2)) for d in DONORS}
    alts = ["CGTA"["ACGT".index(bases[p])] for p in positions]
    header = pysam.VariantHeader()
    header.add_line(f"##contig=<ID=c,length={LENGTH}>")
    header.add_line('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">')
    for donor in DONORS:
        header.add_sample(donor)
    with pysam.VariantFile(str(folder / "calls.bcf"), "wb", header=header) as out:
        for i, (position, alt) in enumerate(zip(positions, alts, strict=True)):
            row = out.new_record(contig="c", start=position, alleles=(bases[position], alt), filter="PASS")
            for donor in DONORS:
                row.samples[donor]["GT"] = tuple(sorted(haplotypes[donor][i].tolist()))
            out.write(row)
    for donor in DONORS:
        write_rna(folder, donor, bases, positions, alts, haplotypes[donor], rng)
    return folder


def write_rna(folder, donor, bases, positions, alts, copies, rng):
    header = {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": [{"SN": "c", "LN": LENGTH}]}
    path = folder / f"{donor}.cram"
    with pysam.AlignmentFile(str(path), "wc", header=header, reference_filename=str(folder / "g.fa")) as out:
        for number, start in enumerate(np.sort(rng.integers(EXON[0], EXON[1] - 100, 1600))):
            side = 0 if donor == "anna" and start < 3000 else int(rng.integers(2))
            read = list(bases[start : start + 100])
            for i, position in enumerate(positions):
                if start <= position < start + 100 and copies[i, side]:
                    read[position - start] = alts[i]
            record = pysam.AlignedSegment(out.header)
            record.query_name, record.query_sequence = f"r{number}", "".join(read)
            record.reference_id, record.reference_start, record.cigarstring = 0, int(start), "100M"
            record.mapping_quality, record.query_qualities = 255, pysam.qualitystring_to_array("I" * 100)
            out.write(record)
    pysam.index(str(path))


def run_step(cohort, tmp_path, donors):
    out = SimpleNamespace(**{n: tmp_path / f"{n}.out" for n in ("table", "matrix", "note", "summary")})
    crams = {f"{donor}R": cohort / f"{donor}.cram" for donor in DONORS}
    fasta = cohort / "g.fa"
    dna = {donor: donor for donor in DONORS}
    main(crams, cohort / "calls.bcf", cohort / "g.gtf", fasta, cohort / "g.fa.fai", dna | donors, list(DONORS), 2, out)
    return out


def test_each_sample_matches_its_donor(cohort, tmp_path):
    out = run_step(cohort, tmp_path, {f"{donor}R": donor for donor in DONORS})
    table = pd.read_csv(out.table, sep="\t").set_index("sample")
    assert set(table["state"]) == {"own"} and list(table["best"]) == list(DONORS)
    assert (table["agreement_own"] > 0.99).all(), "also for anna, with monoallelic expression in half of the exon"
    assert (table["sites"] <= len(PLACES)).all(), "only exonic sites are used"
    swaps, _ = json.loads(out.summary.read_text())
    assert (swaps["value"], swaps["n"]) == (0, 3) and json.loads(out.note.read_text()) == []


def test_exchanged_samples_are_reported(cohort, tmp_path, caplog):
    out = run_step(cohort, tmp_path, {"annaR": "anna", "bertR": "carl", "carlR": "bert"})
    table = pd.read_csv(out.table, sep="\t").set_index("sample")
    assert table["state"].to_dict() == {"annaR": "own", "bertR": "swapped", "carlR": "swapped"}
    assert table["best"].to_dict() == {"annaR": "anna", "bertR": "bert", "carlR": "carl"}
    swaps = json.loads(out.summary.read_text())[0]
    assert swaps["value"] == 2 and swaps["description"].startswith("ERROR") and "bertR" in swaps["description"]
    note = json.loads(out.note.read_text())
    assert len(note) == 2 and all(line.startswith("ERROR") for line in note)
    assert sum(r.levelname == "ERROR" for r in caplog.records) == 2
    expression_plot_swaps.main(out.matrix, out.table, tmp_path / "map.svg")
    assert "<svg" in (tmp_path / "map.svg").read_text()


def test_a_donor_without_dna_is_no_error(cohort, tmp_path):
    dna = {"annaR": "anna", "bertR": "bert", "carlR": "dora"}
    table = pd.read_csv(run_step(cohort, tmp_path, dna).table, sep="\t").set_index("sample")
    assert table.loc["carlR", "state"] == "another's", "carl's DNA is present under a different donor"
