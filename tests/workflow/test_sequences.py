"""Tasks on sequences through the workflow: all sources of examples, on a genome with a planted motif."""

import json
import random
from pathlib import Path

import anndata
import pandas as pd
import pysam
import pytest
import yaml

import projects
from readsight.dataset import fold_file
from readsight.genome.codes import encode

MOTIF = "TGACTCAGCAT"
SPACING = 400  # bases between planted motifs
WIDTH = 120
EPOCHS = {"epochs": 6, "batch_size": 32}
BREAKING = {"positive": ["breaks"], "negative": ["nothing"]}


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sequences")
    genome, peaks = plant_motifs(projects.build_genome(seed=5, contigs=4, length=40_000))
    fasta = projects.write_fasta(folder / "genome.fa", genome)
    rows = [f"{c}\t{start}\t{start + WIDTH}\tpeak{i}\t0\t.\n" for i, (c, start) in enumerate(peaks)]
    (folder / "peaks.bed").write_text("".join(rows))
    write_bigwig(folder / "signal.bw", genome, peaks)
    rng = random.Random(7)  # windows with the signal at random positions
    shifted = [(c, start + rng.randrange(-40, 40)) for c, start in peaks]
    (folder / "shifted.bed").write_text("".join(f"{c}\t{start}\t{start + WIDTH}\n" for c, start in shifted))
    write_variants(folder / "variants.vcf", genome, peaks)
    write_known_motifs(folder / "known.meme")
    write_table(folder / "words.tsv")
    shared = {"source": "sequences", "bootstrap": 100, "training": EPOCHS, "kmers": {"k": 5}, "explained": 16}
    path = folder / "config.yaml"
    base_config = {"project": "words", "reference": {"fasta": str(fasta)}, "variants": None, "expression": None}
    path.write_text(yaml.safe_dump(base_config | {"tasks": {name: shared | task for name, task in build_tasks(folder).items()}}))
    return path


def build_tasks(folder: Path) -> dict[str, dict]:
    """Tasks with different sources of examples and outcomes."""
    split = {"by": "homology", "folds": 3, "tested": 1}
    return {
        "peaks": {
            "sequences": {
                "files": [{"path": str(folder / "peaks.bed"), "label": "peak"}],
                "negatives": {"method": "genomic", "label": "elsewhere"},
            },
            "split": {"by": "chromosome", "test_chromosomes": ["chr4"], "validation_chromosomes": ["chr3"]},
            "balance": {"method": "mutagenesis"},
            "models": ["cnn", "kmer_linear", "gc_content"],
            "interpret": {
                "motifs": {"sequences": 150, "database": str(folder / "known.meme")},
                "variants": [{"name": "words", "vcf": str(folder / "variants.vcf"), "label": "EFFECT", **BREAKING}],
            },
        },
        "signal": {
            "sequences": {
                "files": [{"path": str(folder / "shifted.bed")}],
                "target": "profile",
                "signal": str(folder / "signal.bw"),
                "bin": 10,
            },
            "split": split,
            "models": ["cnn", "gc_content"],
            "attributions": ["deep_shap"],
            "interpret": {"motifs": {"sequences": 0}},
        },
        "broken": {
            "sequences": {"files": [{"path": str(folder / "variants.vcf")}], "length": 100},
            "label": "EFFECT",
            "positive": "breaks",
            "split": split,
            "models": ["cnn", "kmer_linear"],
            "attributions": ["deep_shap"],
            "explained": 8,
            "interpret": {"motifs": {"sequences": 30}},
        },
        "words": {
            "sequences": {"files": [{"path": str(folder / "words.tsv")}]},
            "label": "activity",
            "representation": "word2vec",
            "represent": {"k": 4, "dimensions": 16, "epochs": 3},
            "split": {"by": "group", "column": "family", "folds": 3, "tested": 1},
            "models": ["logistic", "kmer_linear"],
            "explained": 4,
            "interpret": {"motifs": {"sequences": 0}},
        },
    }


def plant_motifs(genome: dict[str, str]) -> tuple[dict[str, str], list[tuple[str, int]]]:
    """A genome with a word at each `SPACING`-th base, and the windows around them."""
    planted_genome, peaks = {}, []
    for name, sequence in genome.items():
        for start in range(200, len(sequence) - SPACING, SPACING):
            sequence = sequence[:start] + MOTIF + sequence[start + len(MOTIF) :]
            peaks.append((name, start - WIDTH // 2 + 5))
        planted_genome[name] = sequence
    return planted_genome, peaks


def write_bigwig(path: Path, genome: dict[str, str], peaks: list[tuple[str, int]]) -> None:
    """Write a signal that is 9 around each motif and 1 elsewhere."""
    import pyBigWig

    with pyBigWig.open(str(path), "w") as out:
        out.addHeader([(name, len(sequence)) for name, sequence in genome.items()])
        for name, sequence in genome.items():
            values = [1.0] * len(sequence)
            for name_of_peak, start in peaks:
                if name_of_peak == name:
                    values[start + 50 : start + 70] = [9.0] * 20
            out.addEntries(name, 0, values=values, span=1, step=1)


def write_variants(path: Path, genome: dict[str, str], peaks: list[tuple[str, int]]) -> None:
    """Write one substitution in the centre of each motif, which breaks it, and one next to it without effect."""
    lines = ["##fileformat=VCFv4.2", *(f"##contig=<ID={name},length={len(s)}>" for name, s in genome.items())]
    lines += [
        '##INFO=<ID=EFFECT,Number=1,Type=String,Description="What it does">',
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO",
    ]
    for name, start in peaks:
        for offset, effect in ((WIDTH // 2, "breaks"), (WIDTH // 2 + 25, "nothing")):
            position = start + offset
            ref = genome[name][position]
            lines.append(f"{name}\t{position + 1}\t.\t{ref}\t{'ACGT'[('ACGT'.index(ref) + 2) % 4]}\t.\t.\tEFFECT={effect}")
    path.write_text("\n".join(lines) + "\n")


def write_known_motifs(path: Path) -> None:
    """Write a database of two motifs; the reverse complement of one is the planted motif."""
    lines = ["MEME version 4", "", "ALPHABET= ACGT", ""]
    for name, motif in (("PLANTED", MOTIF[::-1].translate(projects.COMPLEMENT)), ("OTHER", "CCGGATATTCCGG")):
        lines += [f"MOTIF {name}", f"letter-probability matrix: alength= 4 w= {len(motif)}"]
        lines += [" ".join("0.97" if base == letter else "0.01" for base in "ACGT") for letter in motif]
    path.write_text("\n".join(lines) + "\n")


def write_table(path: Path) -> None:
    """Write sequences in families of four; half of the families contain the motif."""
    rng = random.Random(3)
    rows = []
    for family in range(90):
        for member in range(4):
            sequence = "".join(rng.choices("ACGT", k=80))
            if family % 2:
                sequence = sequence[:30] + MOTIF + sequence[30 + len(MOTIF) :]
            rows.append(f"s{family}.{member}\t{sequence}\t{'high' if family % 2 else 'low'}\tf{family}\n")
    path.write_text("name\tsequence\tactivity\tfamily\n" + "".join(rows))


@pytest.fixture(scope="module")
def results(config) -> Path:
    return projects.run_to_report(config)


@pytest.fixture(scope="module")
def figures(results) -> dict[str, dict]:
    return json.loads((results / "summary.json").read_text())


def read_roles(results: Path, task: str) -> pd.DataFrame:
    split = pd.read_parquet(results / f"dataset/{task}/split.parquet").set_index("example")
    obs = anndata.read_h5ad(results / f"dataset/{task}/examples.h5ad").obs
    return obs.assign(role=split["repeat0.fold0"], cluster=split["group"])


def test_windows_match_the_regions(results, config):
    data = anndata.read_h5ad(results / "dataset/peaks/examples.h5ad")
    given = data[data.obs["origin"] == "given"]
    middle = given.obsm["sequence"][:, 55 : 55 + len(MOTIF)]
    assert len(given) > 200 and (middle == encode(MOTIF)).all()
    made = data[data.obs["origin"] == "genomic"]
    assert len(made) == len(given) and abs(made.obs["gc"].mean() - given.obs["gc"].mean()) < 0.01


def test_test_chromosomes_are_excluded_from_training(results):
    roles = read_roles(results, "peaks")
    chromosomes = roles.groupby("role", observed=True)["chrom"].agg(lambda names: set(map(str, names)))
    assert chromosomes["test"] == {"chr4"} and chromosomes["validation"] == {"chr3"} and chromosomes["train"] == {"chr1", "chr2"}
    certificate = json.loads((results / "dataset/peaks/certificate.json").read_text())
    assert certificate["certified"] and not any(certificate["leakage"]["split"].values())


def test_mutated_copies_stay_in_the_training_fold(results):
    roles = read_roles(results, "peaks")
    file = results / "dataset/peaks/repeat0/balanced.mutagenesis.h5"
    balanced = fold_file.read_anndata(file, 0)
    assert set(balanced.obs["parent"]) <= set(roles.index[roles["role"] == "train"])


def test_families_are_never_split(results):
    roles = read_roles(results, "words")
    assert roles["role"].ne("").all() and (roles.groupby("cluster", observed=True)["role"].nunique() == 1).all()
    assert roles["cluster"].nunique() <= 90


@pytest.mark.parametrize("key", ["peaks.cnn.auroc", "peaks.kmer_linear.auroc", "broken.cnn.auroc", "words.logistic.auroc"])
def test_models_learn_the_planted_motif(figures, key):
    assert figures[key]["low"] > 0.6 and figures[key]["value"] > 0.85


def test_composition_and_shuffled_labels_perform_at_chance(figures):
    for key in ("peaks.gc_content.auroc", "peaks.shuffled_labels.auroc"):
        assert figures[key]["low"] < 0.5 < figures[key]["high"], key


def test_profile_prediction_beats_the_mean(figures):
    network, mean = (figures[f"signal.{model}.profile_pearson"] for model in ("cnn", "base_rate"))
    assert network["low"] > 0.8 and network["low"] > mean["high"]


def test_alternative_windows_differ_by_the_variant_only(results, config):
    data = anndata.read_h5ad(results / "dataset/broken/examples.h5ad")
    codes = data.obsm["sequence"]
    reference, alternative = codes[:, :100], codes[:, 100:]
    assert ((reference != alternative).sum(axis=1) == 1).all()
    with pysam.FastaFile(str(config.parent / "genome.fa")) as fasta:
        first = data.obs.iloc[0]
        assert (reference[0] == encode(fasta.fetch(str(first["chrom"]), int(first["start"]), int(first["end"])))).all()


def test_every_task_has_figures_and_a_verdict(results):
    for task in ("peaks", "signal", "broken", "words"):
        folder = results / "model" / task
        evaluation = json.loads((folder / "evaluation.json").read_text())
        assert "sequences" in evaluation["verdict"] and (folder / "performance.svg").stat().st_size > 1000


def test_discovered_motif_is_the_planted_one(results):
    motifs = pd.read_csv(results / "interpret/peaks/motifs/motifs.tsv", sep="\t")
    best = motifs.iloc[0]
    assert best["towards"] == "peak" and best["match"] == "PLANTED" and best["q"] < 0.01
    variants = (MOTIF[:8], MOTIF[:8][::-1].translate(projects.COMPLEMENT))
    assert any(variant[1:] in best["consensus"] or variant[:-1] in best["consensus"] for variant in variants)
    hits = pd.read_csv(results / "interpret/peaks/motifs/hits.tsv.gz", sep="\t")
    assert hits["start"].between(50, 60).mean() > 0.3  # the motif is at position 55 of each peak, but not in the negatives


def test_variants_in_the_motif_rank_highest(results):
    folder = results / "interpret/peaks/variants"
    ranks = json.loads((folder / "words.json").read_text())["evaluation"]["all"]["ranks"]
    assert ranks["score"]["auroc"]["low"] > 0.9
    with pysam.VariantFile(str(folder / "words.vcf.gz")) as calls:
        keys = [key for key in calls.header.info if key.startswith("READSIGHT")]
        assert keys and all(calls.header.info[key].description for key in keys)
        assert sum(1 for _ in calls) == len(pd.read_parquet(folder / "words.parquet"))


@pytest.mark.parametrize("task", ["peaks", "signal", "broken", "words"])
def test_every_method_is_examined_and_every_task_has_a_page(results, figures, task):
    exams = json.loads((results / f"interpret/{task}/exams.json").read_text())
    for method, result in exams["methods"].items():
        assert result["exams"] and f"interpret.{task}.{method}.passed" in figures
    assert "<html" in (results / f"interpret/{task}/explore.html").read_text()[:200]


def test_contribution_track_covers_the_genome(results):
    import pyBigWig

    with pyBigWig.open(str(results / "interpret/peaks/tracks/deep_shap.bw")) as signal:
        assert set(signal.chroms()) == {"chr1", "chr2", "chr3", "chr4"} and signal.header()["nBasesCovered"] > 500
