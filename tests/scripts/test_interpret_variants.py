"""Effects as files: records are kept, each allele has its effects, and labelled variants are evaluated."""

import json

import anndata
import numpy as np
import pandas as pd
import pysam
import pytest

import effected
import interpret_plot_variants
import interpret_variants
from effected import SCORING_SPEC, VARIANT_SPEC, build_genome, build_models, get_contig_text, write_project, write_vcf
from readsight.interpret.variant_effects import output_files, scoring, variants

GENOME = build_genome()
BASES = get_contig_text(GENOME)
HEAD = """##fileformat=VCFv4.2
##contig=<ID=chr1,length=700>
##INFO=<ID=CAUSAL,Number=A,Type=String,Description="x">
##INFO=<ID=SITE,Number=A,Type=Integer,Description="x">
##INFO=<ID=GERP,Number=A,Type=Float,Description="x">
##INFO=<ID=READSIGHT_SCORE,Number=1,Type=Float,Description="of an earlier run">
##FORMAT=<ID=GT,Number=1,Type=String,Description="x">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tone\ttwo
"""
GTF = "".join(
    f'chr1\tx\texon\t{start + 1}\t{end}\t.\t{strand}\t.\tgene_id "{name}"; transcript_id "{name}";\n'
    for name, start, end, strand in [("A", 100, 200, "+"), ("B", 220, 300, "-"), ("C", 330, 420, "+"), ("D", 450, 600, "-")]
)
GENOTYPES = ("GT", "0|1", "1|1")


def next_base(base):
    return "ACGT"[("ACGT".index(base) + 1) % 4]


def build_labelled_rows(count=40):
    """Causal and neutral variants in turn every few bases, some of which cannot be scored."""
    rows = []
    for n, position in enumerate(np.linspace(60, 640, count).astype(int).tolist()):
        rows.append(
            (
                "chr1",
                position,
                BASES[position],
                next_base(BASES[position]),
                f"CAUSAL={n % 2};SITE={position + 1};GERP={n % 5}",
                *GENOTYPES,
            )
        )
    rows[3] = (*rows[3][:3], "<DEL>", *rows[3][4:])
    position = rows[5][1]
    rows[5] = (
        "chr1",
        position,
        BASES[position],
        f"*,{next_base(BASES[position])}",
        "CAUSAL=0,Pathogenic;SITE=1,1;GERP=1,2;READSIGHT_SCORE=7",
        *GENOTYPES,
    )
    return rows


def run_script(folder, model_set, rows, spec=None, head=HEAD, training_windows=None, **overrides):
    """Run the script. Returns paths of the outputs, and the evaluation."""
    arguments = write_project(folder, model_set, GENOME, training_windows) | overrides
    vcf = write_vcf(folder / "in.vcf", rows, head)
    interpret_variants.main(vcf=vcf, spec=VARIANT_SPEC | (spec or {}), **arguments)
    return arguments["outputs"], json.loads(arguments["outputs"]["evaluation"].read_text())


@pytest.fixture(scope="module")
def script_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    (folder / "g.gtf").write_text(GTF)
    (folder / "m.meme").write_text(
        "MEME version 4\n\nALPHABET= ACGT\n\nMOTIF M1\nletter-probability matrix: alength= 4 w= 9\n"
        + "".join(" ".join("0.91" if b == BASES[60 + i] else "0.03" for b in "ACGT") + "\n" for i in range(9))
    )
    annotations = {"gtf": folder / "g.gtf", "database": folder / "m.meme"}
    model_set = build_models("cnn", "multilabel", folds=2)
    spec = {"label": "causal", "conservation": "GERP"}
    return model_set, *run_script(folder, model_set, build_labelled_rows(), spec, annotations=annotations), folder


def test_records_are_kept_and_alleles_have_effects(script_run):
    model_set, outputs, results, folder = script_run
    with pysam.VariantFile(str(outputs["vcf"])) as annotated, pysam.VariantFile(str(folder / "in.vcf")) as original:
        assert list(annotated.header.samples) == ["one", "two"]
        for key in ("READSIGHT_SCORE", "READSIGHT_DELTA_x", "READSIGHT_ALT_y"):
            assert annotated.header.info[key].number == "A" and annotated.header.info[key].description
        assert "readsight_effects" in str(annotated.header) and "of an earlier run" not in str(annotated.header)
        pairs = list(zip(annotated, original, strict=True))
        assert [(a.pos, a.ref, a.alts, a.samples["one"]["GT"]) for a, _ in pairs] == [
            (b.pos, b.ref, b.alts, b.samples["one"]["GT"]) for _, b in pairs
        ]
        assert "READSIGHT_SCORE" not in pairs[3][0].info and pairs[5][0].info["READSIGHT_SCORE"][0] is None
    table = pd.read_parquet(outputs["table"])
    with pysam.VariantFile(str(outputs["vcf"])) as annotated:
        shown = [v for r in annotated for v in r.info.get("READSIGHT_DELTA_y", ()) if v is not None]
        np.testing.assert_allclose(shown, table["delta.y"], rtol=1e-4)
        assert [r.pos for r in annotated.fetch("chr1", 0, 130)] == [row[1] + 1 for row in build_labelled_rows() if row[1] < 130]
    data = anndata.read_h5ad(outputs["data"])
    assert data.shape == (len(table), 2) and list(data.var_names) == ["x", "y"]
    for name in ("delta", "ref", "alt"):
        assert data.layers[name].dtype == np.float32
        np.testing.assert_array_equal(data.layers[name][:, 1], table[f"{name}.y"])
    np.testing.assert_allclose(table["score"], np.abs(table[["delta.x", "delta.y"]]).max(axis=1))
    annotated = variants.read_variants(folder / "in.vcf", GENOME, {}, 48, 3)
    expected = scoring.score_variants(model_set, annotated, SCORING_SPEC)
    np.testing.assert_allclose(expected.delta[:, 0], table["delta.x"][: len(annotated)], atol=1e-6)
    assert data.obs_names[0] == f"chr1:61:{BASES[60]}:{next_base(BASES[60])}"


def test_excluded_alleles_are_counted_and_named(script_run):
    _, _, results, _ = script_run
    assert (results["records"], results["alleles"], results["scored"]) == (40, 41, 39)
    assert {row["alleles"] for row in results["left_out"]} == {1} and results["left_out"][0]["first"] == [f"chr1:{build_labelled_rows()[3][1] + 1}:{BASES[build_labelled_rows()[3][1]]}:<DEL>"]  # fmt: skip


def test_score_is_compared_with_baselines(script_run):
    _, outputs, results, _ = script_run
    evaluation = results["evaluation"]["all"]
    assert (evaluation["variants"], evaluation["positives"], evaluation["groups"], evaluation["grouped"]) == (39, 19, 4, "genes")
    assert list(evaluation["ranks"]) == ["score", "conservation", "motif_break", "gene_distance", "tss_distance", "gc_change", "combined", "baselines"]  # fmt: skip
    table = pd.read_parquet(outputs["table"])
    positive, negative = (table.loc[table["label"] == k, "score"].to_numpy()[:, None] for k in (1, 0))
    assert evaluation["ranks"]["score"]["auroc"]["value"] == pytest.approx((positive > negative.T).mean())
    assert "39" in evaluation["verdict"] and "genes" in evaluation["verdict"] and "unseen" not in results["evaluation"]
    rows = json.loads(outputs["summary"].read_text())
    keys = {row["key"]: row["value"] for row in rows}
    assert keys["interpret.t.variants.set.all.score.auroc"] == evaluation["ranks"]["score"]["auroc"]["value"]
    assert keys["interpret.t.variants.set.scored"] == 39 and keys["interpret.t.variants.set.left_out"] == 2
    assert all(set(row) == {"key", "value", "low", "high", "n", "unit", "description"} for row in rows)
    assert table["gene"].isin(list("ABCD")).all() and (table["motif"] == "M1").any() and table["motif_break"].max() > 1


def test_variants_in_training_windows_are_separated(tmp_path):
    model_set = build_models("cnn", "binary")
    outputs, results = run_script(
        tmp_path, model_set, build_labelled_rows(), {"label": "CAUSAL"}, training_windows=[("chr1", 100), ("chr1", 300)]
    )  # the second is a test window
    table = pd.read_parquet(outputs["table"])
    is_near = (table["start"] - 27 < 148) & (table["start"] + 28 > 100)
    assert table["seen"].tolist() == is_near.tolist() and results["seen"] == is_near.sum() > 0
    assert results["evaluation"]["unseen"]["variants"] == (~is_near).sum()


def test_sites_are_located_and_genes_give_the_strand(tmp_path):
    model_set = build_models("dilated_resnet", "positions", 96, stranded=True, widths=[5, 5], dilations=[1, 2])
    (tmp_path / "g.gtf").write_text(GTF)
    outputs, results = run_script(
        tmp_path, model_set, build_labelled_rows(), {"label": "CAUSAL", "site": "SITE"}, annotations={"gtf": tmp_path / "g.gtf"}
    )
    table = pd.read_parquet(outputs["table"])
    assert results["tracks"] == ["acceptor_gain", "acceptor_loss", "donor_gain", "donor_loss"] and results["sites"]
    for _, row in table.iterrows():
        expected = {"A": "+", "B": "-", "C": "+", "D": "-"}[row["gene"]]
        assert row["gene_distance"] > 0 or row["strand"] == expected
    known = table[(table["label"] == 1) & (table["site"] > 0)]
    largest = known[["delta.acceptor_loss", "delta.donor_loss"]].to_numpy().argmax(axis=1)
    positions = np.where(largest == 0, known["at.acceptor_loss"], known["at.donor_loss"])
    assert results["site"]["recall"]["value"] == pytest.approx((positions == known["site"]).mean())
    with pysam.VariantFile(str(outputs["vcf"])) as annotated:
        record = next(iter(annotated))
        first = table.iloc[0]
        assert record.info["READSIGHT_DONOR_LOSS_AT"][0] == first["at.donor_loss"]
        assert record.info["READSIGHT_DONOR_LOSS_DISTANCE"][0] == first["at.donor_loss"] - 1 - first["start"]
    for end in ("svg", "png"):
        interpret_plot_variants.main(outputs["evaluation"], outputs["table"], tmp_path / f"a.{end}")
    svg = (tmp_path / "a.svg").read_text()
    assert svg.count('id="axes_') == 4 and "Infinity" not in svg


def test_unsorted_records_are_sorted_for_the_index(tmp_path):
    model_set = build_models("cnn", "regression")
    rows = build_labelled_rows()
    outputs, results = run_script(tmp_path, model_set, rows[::-1])
    with pysam.VariantFile(str(outputs["vcf"])) as annotated:
        scored = [(r.pos, r.info["READSIGHT_SCORE"]) for r in annotated if "READSIGHT_SCORE" in r.info]
    assert [pos for pos, _ in scored] == sorted(pos for pos, _ in scored) and len(list(tmp_path.glob("*unsorted*"))) == 0
    table = pd.read_parquet(outputs["table"]).sort_values("pos")
    np.testing.assert_allclose([s[-1] for _, s in scored], table["score"], rtol=1e-4)
    assert "evaluation" not in results
    interpret_plot_variants.main(outputs["evaluation"], outputs["table"], tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text().count('id="axes_') == 1


def test_pair_models_score_the_allele_pair(tmp_path):
    model_set = build_models("cnn", "binary", pair=True)
    outputs, _ = run_script(tmp_path, model_set, build_labelled_rows())
    table, alleles = pd.read_parquet(outputs["table"]), variants.read_variants(tmp_path / "in.vcf", GENOME, {}, 48, 3)
    from readsight.interpret.variant_effects import allele_windows

    fold_model, total = model_set.fold_models[0], 0.0
    for strand in "+-":
        for shift in SCORING_SPEC["shifts"]:
            window_start = allele_windows.compute_starts(alleles, np.array([0]), strand, 24 - shift, 48)
            reference = allele_windows.read_reference_windows(alleles, alleles.contig[[0]], window_start, strand, 48)
            alternative = allele_windows.build_alternative_windows(alleles, np.array([0]), strand, 24 - shift, 48)
            total += fold_model.compute_outputs(np.concatenate([reference, alternative], axis=1))[0] / 6
    assert table["score"][0] == pytest.approx(total, abs=1e-5)


def test_key_names_are_unique_identifiers():
    assert output_files._make_identifiers(["a b", "a-b", "CTCF/PU.1", "é"]) == ["a_b", "a_b__2", "CTCF_PU_1", "head"]


def test_kmer_models_are_scored_by_their_predictions():
    from readsight.interpret.variant_effects.trained_models import FoldModel
    from readsight.models.kmer import KMER_MODELS

    codes = effected.sequenced.random_codes(6, 40, 1)
    description = {"kind": "binary", "outputs": 1, "length": 40, "pair": False, "stranded": False, "lengths": [1, 2]}
    rng = np.random.default_rng(1)
    width = KMER_MODELS["kmer_linear"].kmer_counts.count_columns([1, 2], False)
    arrays = {"weight": rng.normal(size=(width, 1)).astype(np.float32), "bias": np.zeros(1)}
    fold_model = FoldModel(KMER_MODELS["kmer_linear"], arrays, description, "binary")
    predictions = KMER_MODELS["kmer_linear"].predict(arrays, description, codes)
    np.testing.assert_allclose(1 / (1 + np.exp(-fold_model.compute_outputs(codes))), predictions, atol=1e-6)
