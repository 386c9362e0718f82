"""Faults of variants, models and genomes for predicted effects: each message names place and remedy."""

import json
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

import interpret_variants
from effected import HEAD, VARIANT_SPEC, build_genome, build_models, get_contig_text, write_project, write_vcf
from readsight.errors import InputError
from readsight.formats import model_file
from readsight.genome.codes import decode
from readsight.genome.store import Genome

GENOME = build_genome()
BASES = get_contig_text(GENOME)


def next_base(base: str) -> str:
    return "ACGT"[("ACGT".index(base) + 1) % 4]


SOUND = ("chr1", 150, BASES[150], next_base(BASES[150]), "CAUSAL=1;GERP=2;SITE=151")
NEUTRAL = ("chr1", 170, BASES[170], next_base(BASES[170]), "CAUSAL=0;GERP=1")


@pytest.fixture
def step(tmp_path):
    """Runs the script's main on rows with changed arguments; returns the reported faults."""
    arguments = write_project(tmp_path, build_models("cnn", "binary"), GENOME)

    def run(rows=(SOUND, NEUTRAL), spec=None, head=HEAD, vcf=None, **changed) -> list[str]:
        path = vcf or write_vcf(tmp_path / "in.vcf", list(rows), head)
        with pytest.raises(InputError) as error:
            interpret_variants.main(vcf=path, spec=VARIANT_SPEC | (spec or {}), **arguments | changed)
        return [fault.replace(f"{tmp_path}/", "") for fault in error.value.faults]

    run.given, run.folder = arguments, tmp_path
    return run


def test_all_reference_and_position_faults_are_reported(step):
    wrong = next_base(BASES[160])
    faults = step([SOUND, ("chr1", 160, wrong, "A"), ("chr1", 698, BASES[698:] + "AC", "A"), ("chr2", 5000, "A", "C")])
    assert faults == [
        f"in.vcf, row 4, column REF: {wrong!r} at chr1:161, where the genome has {BASES[160]!r}",
        "in.vcf, row 5: chr1:699 reaches past the end of its contig (700 bases)",
        "in.vcf, row 6: chr2:5001 reaches past the end of its contig (700 bases)",
        "in.vcf: 3 of 4 records do not agree with the genome; the VCF is of another genome build, lift it over or use the right one",
    ]


def test_unsupported_alleles_are_excluded_and_the_remaining_ones_scored(step):
    """Symbolic, breakend, star, missing and multi-allelic alleles, and an unknown contig are reported without a fault."""
    rows = [
        ("chr1", 140, BASES[140], "<DUP>"),
        ("chr1", 141, BASES[141], f"{BASES[141]}]chr2:99]"),
        ("chr1", 142, BASES[142], f"*,{next_base(BASES[142])}"),
        ("chr1", 143, BASES[143], "."),
        ("chrUn", 5, "A", "C"),
        SOUND,
    ]
    path = write_vcf(step.folder / "in.vcf", rows)
    interpret_variants.main(vcf=path, spec=VARIANT_SPEC, **step.given)
    results = json.loads(step.given["outputs"]["evaluation"].read_text())
    assert results["scored"] == 2 and [(row["alleles"], row["reason"].split(" (")[0]) for row in results["left_out"]] == [
        (1, "symbolic alleles"), (1, "breakends"), (1, "star alleles"), (1, "alleles that change nothing"),
        (1, "alleles on contigs that the genome lacks"),
    ]  # fmt: skip
    assert results["left_out"][4]["first"] == ["chrUn:6:A:C"]


def test_set_without_scorable_alleles_is_refused_with_reasons(step):
    assert step([("chr1", 140, BASES[140], "<DEL>")]) == [
        f"in.vcf: contains no allele that can be scored: 1 symbolic alleles (chr1:141:{BASES[140]}:<DEL>)"
    ]
    assert step([]) == ["in.vcf: contains no allele that can be scored; it has no records"]


def test_contigs_of_another_style_or_genome_are_refused(step):
    assert step([("1", 150, BASES[150], "A")]) == [
        "in.vcf: contigs are named as '1' there but as 'chr1' in the genome; rename the contigs of one file"
    ]
    assert step([("scaffold1", 150, BASES[150], "A")]) == [
        "in.vcf: the genome has no contig 'scaffold1'; it has 'chr1', 'chr2'; use files of one genome build"
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chr1\t151\t.\tA\tC\t.\t.", "has 7 columns; VCF has 8 or more, separated by tabs"),
        ("chr1\tx\t.\tA\tC\t.\t.\t.", "column POS: 'x' is not a position; integers from 1 are required"),
        ("chr1\t151\t.\tA?\tC\t.\t.\t.", "column REF: 'A?' contains letters that are not bases"),
    ],
)
def test_malformed_vcf_rows_are_refused(step, line, message):
    (step.folder / "b.vcf").write_text(HEAD + line + "\n")
    assert step(vcf=step.folder / "b.vcf") == [f"b.vcf, row 3: {message}"]


def test_files_that_are_not_vcf_are_refused(step):
    (step.folder / "b.vcf").write_text("chr1\t1\tA\n")
    assert step(vcf=step.folder / "b.vcf") == ["b.vcf, row 1: is not VCF: its first line should be ##fileformat=VCFv4…"]
    (step.folder / "c.vcf.gz").write_bytes(b"\x1f\x8b\x08\x00cut")
    assert "gzip is truncated or corrupt" in step(vcf=step.folder / "c.vcf.gz")[0]


def test_missing_info_keys_are_reported(step):
    faults = step(spec={"label": "CAUSSAL", "conservation": "PHYLOP", "site": None})
    assert faults == [
        "interpret.variants.label: in.vcf has no INFO key 'CAUSSAL'; did you mean 'CAUSAL'?",
        "interpret.variants.conservation: in.vcf has no INFO key 'PHYLOP'; there are: CAUSAL, GERP, SITE",
    ]


def test_invalid_info_values_are_reported(step):
    rows = [(*SOUND[:4], "CAUSAL=maybe;GERP=high"), (*NEUTRAL[:4], "CAUSAL=.;GERP=1")]
    assert step(rows, {"label": "CAUSAL"}) == [
        "interpret.variants.label: INFO CAUSAL of in.vcf is 'maybe', '.', and none of these is listed in positive or negative; list its values there"
    ]  # fmt: skip
    assert step(rows, {"conservation": "GERP"}) == ["in.vcf, row 3, INFO GERP: 'high' is not a number"]
    faults = step([(*SOUND[:4], "CAUSAL=1;SITE=here"), NEUTRAL], {"site": "SITE"})
    assert faults == ["interpret.variants.site: sites need a model with an outcome per position; remove site"]
    model_set = build_models("dilated_resnet", "positions", 96)
    arguments = write_project(step.folder / "p", model_set, GENOME)
    assert step([(*SOUND[:4], "SITE=here"), NEUTRAL], {"site": "SITE"}, **arguments) == [
        "in.vcf, row 3, INFO SITE: 'here' is not a position (1-based)"
    ]


def test_shifts_beyond_the_window_are_refused(step):
    assert step(spec={"shifts": [-30, 0, 8]}) == [
        "interpret.variants.shifts: -30 move variants out of windows of 48 bases; use less than 24 to either side"
    ]


def test_genome_must_match_training(step):
    raw, contigs = step.given["genome"]
    changed = np.frombuffer(raw.read_bytes(), np.uint8).copy()
    changed[350] = (changed[350] + 1) % 4
    raw.write_bytes(changed.tobytes())
    assert step() == [
        "genome.codes: differs from the genome that model.json was trained on; predict variants on the training genome"
    ]
    raw.write_bytes(changed[:-10].tobytes())
    assert step() == ["genome.codes: 1,390 bases, but genome.json lists 1,400; build both again"]


def test_genome_of_another_alphabet_is_refused(step):
    folder = step.folder / "protein"
    protein = Genome(np.where(np.arange(1400) % 3 == 0, 6, GENOME.raw), GENOME.lengths, False)
    arguments = write_project(folder, build_models("cnn", "binary"), protein)
    assert step(**arguments) == ["protein/genome.codes: contains letters that are not bases (A C G T N)"]


def test_examples_must_match_model_length_and_outcome(step):
    longer = write_project(step.folder / "b", build_models("cnn", "multilabel", 60), GENOME)
    assert step(examples=longer["examples"], split=longer["split"]) == [
        "b/examples.h5ad: length of windows is 60, but model.json was trained with 48",
        "b/examples.h5ad: outcome is multilabel of x, y, but model.json was trained with binary of no, yes",
    ]


def test_split_must_match_examples(step):
    table = pd.read_parquet(step.given["split"])
    table.assign(example=["x", "y"]).to_parquet(step.given["split"])
    assert step() == ["split.parquet: was not made from examples.h5ad; recreate it"]


def test_models_without_sequences_are_refused(step):
    description = step.given["model"]["about"]
    content = json.loads(description.read_text())
    description.write_text(json.dumps(content | {"sequence": None}))
    assert step() == ["model.json: was not trained on sequences; variant effects need a sequence model"]
    description.write_text(json.dumps(content | {"model": "single_base"}))
    assert step() == ["model.json: 'single_base' is not a model that can predict variant effects"]


def test_representation_must_match_model(step):
    tensors, description = step.folder / "r.safetensors", step.folder / "r.json"
    arrays = {"x": np.zeros(1, np.float32)}
    model_file.write(
        tensors, description, [arrays, arrays], {"representation": "kmer", "certificate": "other", "folds": [{"about": {}}] * 2}
    )
    model = step.given["model"] | {"representation": tensors, "representation_about": description}
    assert step(model=model) == [
        "r.json: certificate is other, but model.json was trained with digest",
        "r.json: representation is kmer, but model.json was trained with one_hot",
        "r.json: contains 2 folds, but model.json 1",
    ]


def test_malformed_annotation_files_are_refused(step):
    (step.folder / "g.gtf").write_text('chr9\tx\texon\t1\t20\t.\t+\t.\tgene_id "a";\n')
    assert "no exon on a contig of the reference" in step(annotations={"gtf": step.folder / "g.gtf"})[0]
    (step.folder / "m.meme").write_text("nothing\n")
    assert "give motifs in MEME format" in step(annotations={"database": step.folder / "m.meme"})[0]
    (step.folder / "c.bw").write_text("x")
    faults = step(spec={"conservation": str(step.folder / "c.bw")}, annotations={"conservation": step.folder / "c.bw"})
    assert faults == ["interpret.variants.conservation: c.bw is not a bigWig file"]


def test_fault_leaves_no_output(step):
    step([("chr1", 160, next_base(BASES[160]), "A")])
    assert not any(Path(path).exists() for path in step.given["outputs"].values())
    assert isinstance(anndata.read_h5ad(step.given["examples"]), anndata.AnnData) and decode(GENOME.get_contig("chr1")) == BASES
