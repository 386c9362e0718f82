"""Effects as files: every record stays as it was, each allele has its numbers, and what is known is evaluated."""

import json

import anndata
import numpy as np
import pandas as pd
import pysam
import pytest

import effected
import interpret_plot_variants
import interpret_variants
from effected import SPEC, WHOLE, genome, models, project, text, write
from readsight.interpret.variant_effects import output_files, scoring, variants

GENOME = genome()
BASES = text(GENOME)
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


def other(base):
    return "ACGT"[("ACGT".index(base) + 1) % 4]


def labelled(count=40):
    """Causal variants every few bases, and others beside them; some rows that cannot be scored among them."""
    rows = []
    for n, at in enumerate(np.linspace(60, 640, count).astype(int).tolist()):
        rows.append(("chr1", at, BASES[at], other(BASES[at]), f"CAUSAL={n % 2};SITE={at + 1};GERP={n % 5}", *GENOTYPES))
    rows[3] = (*rows[3][:3], "<DEL>", *rows[3][4:])
    at = rows[5][1]
    rows[5] = (
        "chr1",
        at,
        BASES[at],
        f"*,{other(BASES[at])}",
        "CAUSAL=0,Pathogenic;SITE=1,1;GERP=1,2;READSIGHT_SCORE=7",
        *GENOTYPES,
    )
    return rows


def run(folder, held, rows, spec=None, head=HEAD, learned=None, **more):
    """Run the script. Returns paths of the outputs, and what the JSON says."""
    given = project(folder, held, GENOME, learned) | more
    vcf = write(folder / "in.vcf", rows, head)
    interpret_variants.main(vcf=vcf, spec=WHOLE | (spec or {}), **given)
    return given["outputs"], json.loads(given["outputs"]["evaluation"].read_text())


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    (folder / "g.gtf").write_text(GTF)
    (folder / "m.meme").write_text(
        "MEME version 4\n\nALPHABET= ACGT\n\nMOTIF M1\nletter-probability matrix: alength= 4 w= 9\n"
        + "".join(" ".join("0.91" if b == BASES[60 + i] else "0.03" for b in "ACGT") + "\n" for i in range(9))
    )
    beside = {"gtf": folder / "g.gtf", "database": folder / "m.meme"}
    held = models("cnn", "multilabel", folds=2)
    spec = {"label": "causal", "conservation": "GERP"}
    return held, *run(folder, held, labelled(), spec, beside=beside), folder


def test_all_records_and_samples_stay_and_alleles_have_their_effects(done):
    held, outputs, told, folder = done
    with pysam.VariantFile(str(outputs["vcf"])) as found, pysam.VariantFile(str(folder / "in.vcf")) as given:
        assert list(found.header.samples) == ["one", "two"]
        for key in ("READSIGHT_SCORE", "READSIGHT_DELTA_x", "READSIGHT_ALT_y"):
            assert found.header.info[key].number == "A" and found.header.info[key].description
        assert "readsight_effects" in str(found.header) and "of an earlier run" not in str(found.header)
        pairs = list(zip(found, given, strict=True))
        assert [(a.pos, a.ref, a.alts, a.samples["one"]["GT"]) for a, _ in pairs] == [
            (b.pos, b.ref, b.alts, b.samples["one"]["GT"]) for _, b in pairs
        ]
        assert "READSIGHT_SCORE" not in pairs[3][0].info and pairs[5][0].info["READSIGHT_SCORE"][0] is None
    table = pd.read_parquet(outputs["table"])
    with pysam.VariantFile(str(outputs["vcf"])) as found:
        shown = [v for r in found for v in r.info.get("READSIGHT_DELTA_y", ()) if v is not None]
        np.testing.assert_allclose(shown, table["delta.y"], rtol=1e-4)
        assert [r.pos for r in found.fetch("chr1", 0, 130)] == [row[1] + 1 for row in labelled() if row[1] < 130]
    data = anndata.read_h5ad(outputs["data"])
    assert data.shape == (len(table), 2) and list(data.var_names) == ["x", "y"]
    for name in ("delta", "ref", "alt"):
        assert data.layers[name].dtype == np.float32
        np.testing.assert_array_equal(data.layers[name][:, 1], table[f"{name}.y"])
    np.testing.assert_allclose(table["score"], np.abs(table[["delta.x", "delta.y"]]).max(axis=1))
    found = variants.read(folder / "in.vcf", GENOME, {}, 48, 3)
    one = scoring.score(held, found, SPEC)
    np.testing.assert_allclose(one.delta[:, 0], table["delta.x"][: len(found)], atol=1e-6)
    assert data.obs_names[0] == f"chr1:61:{BASES[60]}:{other(BASES[60])}"


def test_what_was_left_out_is_counted_and_named(done):
    _, _, told, _ = done
    assert (told["records"], told["alleles"], told["scored"]) == (40, 41, 39)
    assert {row["alleles"] for row in told["left_out"]} == {1} and told["left_out"][0]["first"] == [f"chr1:{labelled()[3][1] + 1}:{BASES[labelled()[3][1]]}:<DEL>"]  # fmt: skip


def test_the_score_stands_beside_its_baselines(done):
    _, outputs, told, _ = done
    part = told["evaluation"]["all"]
    assert (part["variants"], part["positives"], part["groups"], part["grouped"]) == (39, 19, 4, "genes")
    assert list(part["ranks"]) == ["score", "conservation", "motif_break", "gene_distance", "tss_distance", "gc_change", "combined", "baselines"]  # fmt: skip
    table = pd.read_parquet(outputs["table"])
    one, nil = (table.loc[table["label"] == k, "score"].to_numpy()[:, None] for k in (1, 0))
    assert part["ranks"]["score"]["auroc"]["value"] == pytest.approx((one > nil.T).mean())
    assert "39" in part["verdict"] and "genes" in part["verdict"] and "unseen" not in told["evaluation"]
    rows = json.loads(outputs["summary"].read_text())
    keys = {row["key"]: row["value"] for row in rows}
    assert keys["interpret.t.variants.set.all.score.auroc"] == part["ranks"]["score"]["auroc"]["value"]
    assert keys["interpret.t.variants.set.scored"] == 39 and keys["interpret.t.variants.set.left_out"] == 2
    assert all(set(row) == {"key", "value", "low", "high", "n", "unit", "description"} for row in rows)
    assert table["gene"].isin(list("ABCD")).all() and (table["motif"] == "M1").any() and table["motif_break"].max() > 1


def test_what_the_model_learned_from_is_told_apart(tmp_path):
    held = models("cnn", "binary")
    outputs, told = run(
        tmp_path, held, labelled(), {"label": "CAUSAL"}, learned=[("chr1", 100), ("chr1", 300)]
    )  # the second is tested
    table = pd.read_parquet(outputs["table"])
    near = (table["start"] - 27 < 148) & (table["start"] + 28 > 100)
    assert table["seen"].tolist() == near.tolist() and told["seen"] == near.sum() > 0
    assert told["evaluation"]["unseen"]["variants"] == (~near).sum()


def test_sites_are_named_and_the_gene_tells_the_strand(tmp_path):
    held = models("dilated_resnet", "positions", 96, stranded=True, widths=[5, 5], dilations=[1, 2])
    (tmp_path / "g.gtf").write_text(GTF)
    outputs, told = run(tmp_path, held, labelled(), {"label": "CAUSAL", "site": "SITE"}, beside={"gtf": tmp_path / "g.gtf"})
    table = pd.read_parquet(outputs["table"])
    assert told["tracks"] == ["acceptor_gain", "acceptor_loss", "donor_gain", "donor_loss"] and told["sites"]
    for _, row in table.iterrows():
        own = {"A": "+", "B": "-", "C": "+", "D": "-"}[row["gene"]]
        assert row["gene_distance"] > 0 or row["strand"] == own
    known = table[(table["label"] == 1) & (table["site"] > 0)]
    largest = known[["delta.acceptor_loss", "delta.donor_loss"]].to_numpy().argmax(axis=1)
    named = np.where(largest == 0, known["at.acceptor_loss"], known["at.donor_loss"])
    assert told["site"]["recall"]["value"] == pytest.approx((named == known["site"]).mean())
    with pysam.VariantFile(str(outputs["vcf"])) as found:
        record = next(iter(found))
        first = table.iloc[0]
        assert record.info["READSIGHT_DONOR_LOSS_AT"][0] == first["at.donor_loss"]
        assert record.info["READSIGHT_DONOR_LOSS_DISTANCE"][0] == first["at.donor_loss"] - 1 - first["start"]
    for end in ("svg", "png"):
        interpret_plot_variants.main(outputs["evaluation"], outputs["table"], tmp_path / f"a.{end}")
    drawn = (tmp_path / "a.svg").read_text()
    assert drawn.count('id="axes_') == 4 and "Infinity" not in drawn


def test_rows_out_of_order_are_sorted_for_the_index(tmp_path):
    held = models("cnn", "regression")
    rows = labelled()
    outputs, told = run(tmp_path, held, rows[::-1])
    with pysam.VariantFile(str(outputs["vcf"])) as found:
        own = [(r.pos, r.info["READSIGHT_SCORE"]) for r in found if "READSIGHT_SCORE" in r.info]
    assert [pos for pos, _ in own] == sorted(pos for pos, _ in own) and len(list(tmp_path.glob("*unsorted*"))) == 0
    table = pd.read_parquet(outputs["table"]).sort_values("pos")
    np.testing.assert_allclose([s[-1] for _, s in own], table["score"], rtol=1e-4)
    assert "evaluation" not in told
    interpret_plot_variants.main(outputs["evaluation"], outputs["table"], tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text().count('id="axes_') == 1


def test_a_pair_model_answers_to_the_pair(tmp_path):
    held = models("cnn", "binary", pair=True)
    outputs, _ = run(tmp_path, held, labelled())
    table, found = pd.read_parquet(outputs["table"]), variants.read(tmp_path / "in.vcf", GENOME, {}, 48, 3)
    from readsight.interpret.variant_effects import allele_windows

    asked, total = held.asked[0], 0.0
    for strand in "+-":
        for shift in SPEC["shifts"]:
            begin = allele_windows.starts(found, np.array([0]), strand, 24 - shift, 48)
            reference = allele_windows.references(found, found.contig[[0]], begin, strand, 48)
            changed = allele_windows.alternatives(found, np.array([0]), strand, 24 - shift, 48)
            total += asked.outputs(np.concatenate([reference, changed], axis=1))[0] / 6
    assert table["score"][0] == pytest.approx(total, abs=1e-5)


def test_names_of_keys_are_letters_and_each_its_own():
    assert output_files._plain(["a b", "a-b", "CTCF/PU.1", "é"]) == ["a_b", "a_b__2", "CTCF_PU_1", "head"]


def test_models_of_words_are_asked_by_their_predictions():
    from readsight.interpret.variant_effects.trained_models import Asked
    from readsight.models.kmer import KMER_MODELS

    codes = effected.sequenced.random(6, 40, 1)
    about = {"kind": "binary", "outputs": 1, "length": 40, "pair": False, "stranded": False, "lengths": [1, 2]}
    draw = np.random.default_rng(1)
    width = KMER_MODELS["kmer_linear"].counting.width([1, 2], False)
    arrays = {"weight": draw.normal(size=(width, 1)).astype(np.float32), "bias": np.zeros(1)}
    asked = Asked(KMER_MODELS["kmer_linear"], arrays, about, "binary")
    guess = KMER_MODELS["kmer_linear"].predict(arrays, about, codes)
    np.testing.assert_allclose(1 / (1 + np.exp(-asked.outputs(codes))), guess, atol=1e-6)
