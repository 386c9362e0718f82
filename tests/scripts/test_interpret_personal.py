"""Predictions of personal genomes: equal to the reference without variants, and to a genome edited by hand with variants."""

import json
from itertools import product

import anndata
import numpy as np
import pandas as pd
import pytest

import interpret_personal
import interpret_plot_personal
import networks
from readsight.dataset.fold_file import SequenceLayout
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError
from readsight.formats import model_file
from readsight.genome import store
from readsight.genome.codes import encode, reverse_complement
from readsight.interpret.personal_genomes import prediction, windows
from readsight.models.sequence import NETWORKS

LENGTH = 40
RNG = np.random.default_rng(7)
CHR1, CHR2 = ("".join("ACGT"[i] for i in RNG.integers(0, 4, n)) for n in (1200, 300))
PLAIN = {"temperature": 1.0, "offset": 0.0}
CLASSES = {"binary": ("off", "on"), "multiclass": ("a", "b", "c"), "positions": ("neither", "acceptor", "donor")}
CLASSES |= {"regression": ("value",), "profile": ("value",)}


def write_models(folder, kind="binary", folds=2, pair=False, stranded=False):
    """Untrained networks, one per fold."""
    model_name = "dilated_resnet" if kind in ("positions", "profile") else "cnn"
    options = {"average_strands": not stranded, "ensemble": 1, "precision": "float32", "device": "cpu", "predicts": "bfloat16"}
    description = networks.describe_network(model_name, kind, LENGTH, pair=pair, stranded=stranded) | options
    networks_by_fold = [networks.build_network(description, model_name, seed) for seed in range(folds)]
    arrays = [{f"0.{name}": tensor.numpy() for name, tensor in net.state_dict().items()} for net in networks_by_fold]
    sequence = SequenceLayout(LENGTH, pair, stranded, description["bin"])
    content = {
        "model": model_name,
        "outcome": Outcome(kind, CLASSES[kind]).to_dict(),
        "sequence": sequence.to_dict(),
        "certificate": "c",
    }
    content |= {"representation": "one_hot", "folds": [{"about": description, "calibration": PLAIN, "features": []}] * folds}
    model_file.write(folder / "m.safetensors", folder / "m.json", arrays, content)
    return NETWORKS[model_name], arrays, description | {"predicts": "float32"}


def write_dataset(folder, positions, roles, length=LENGTH, pair=False):
    """Examples at (chrom, start), and one column of roles per fold."""
    names = [f"w{i}" for i in range(len(positions))]
    obs = pd.DataFrame({"chrom": [c for c, _ in positions], "start": [s for _, s in positions]}, index=names)
    obs = obs.assign(end=obs["start"] + length, strand="+", label=0)
    data = anndata.AnnData(obs=obs, obsm={"sequence": np.zeros((len(names), length * (1 + pair)), np.uint8)})
    data.uns["sequence"], data.uns["outcome"] = SequenceLayout(length, pair).to_dict(), Outcome("binary", ("off", "on")).to_dict()
    data.uns["task"] = {"representation": "one_hot"}
    data.write_h5ad(folder / "examples.h5ad")
    columns = {f"repeat0.fold{i}": list(fold_roles) for i, fold_roles in enumerate(roles)}
    pd.DataFrame({"example": names} | columns).to_parquet(folder / "split.parquet")


def write_vcf(folder, rows, samples=("ANN", "BOB"), head="##fileformat=VCFv4.2"):
    """rows: chrom, position, ref, alt, format, calls."""
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", *(["FORMAT"] * bool(samples)), *samples]
    lines = ["\t".join(map(str, [c, p, ".", r, a, ".", "PASS", ".", *call_fields])) for c, p, r, a, *call_fields in rows]
    path = folder / "calls.vcf"
    path.write_text("\n".join([head, "\t".join(columns), *lines]) + "\n")
    return path


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "g.fa").write_text(f">chr1\n{CHR1}\n>chr2\n{CHR2}\n")
    store.build_genome(tmp_path / "g.fa", tmp_path / "g.codes", tmp_path / "g.json")
    write_dataset(tmp_path, [("chr2", 0), ("chr2", 100)], [["train", "test"]] * 2)
    return tmp_path


def predict_table(
    folder, rows, bed="chr1\t100\t140\tone\n", samples=("ANN", "BOB"), wanted_samples=(), outside="error", **options
):
    """The table for these calls."""
    if bed is not None:
        (folder / "r.bed").write_text(bed)
    inputs = {"tensors": folder / "m.safetensors", "about": folder / "m.json", "codes": folder / "g.codes"}
    inputs |= {"contigs": folder / "g.json", "regions": None if bed is None else folder / "r.bed"}
    inputs |= {"examples": folder / "examples.h5ad", "split": folder / "split.parquet"}
    inputs["vcf"] = write_vcf(folder, rows, samples, **options)
    outputs = {name: folder / f"out.{name}" for name in ("table", "text", "summary")}
    spec = {"name": "people", "samples": list(wanted_samples), "outside": outside}
    interpret_personal.main(inputs, "t", spec, 1, 1, outputs)
    return pd.read_parquet(outputs["table"])


def make_change(position, alt, deleted=1, text=CHR1):
    """POS, REF and ALT of a change at a 0-based position."""
    return position + 1, text[position : position + deleted], alt


def next_base(position, text=CHR1):
    return "ACGT"[("ACGT".index(text[position]) + 1) % 4]


def score_sequence(model, sequence):
    """Logit of a sequence, mean over folds."""
    net, arrays, description = model
    scores = [prediction.logit(net.predict(a, description, encode(sequence)[None]))[0] for a in arrays]
    return np.mean(scores)


def test_reference_genotypes_give_reference_scores(folder):
    model = write_models(folder)
    table = predict_table(folder, [("chr1", *make_change(115, next_base(115)), "GT", "0/0", "./.")])
    assert (table["difference"] == 0).all() and (table["haplotype1"] == table["reference"]).all()
    assert (table["probability.mean"] == table["probability.reference"]).all()
    assert table["reference"].iloc[0] == pytest.approx(score_sequence(model, CHR1[100:140]), abs=1e-5)
    assert table["missing"].tolist() == [0, 1] and (table["phase"] == "phased").all() and not table["variants"].any()


def test_haplotype_scores_equal_hand_edited_sequences(folder):
    model = write_models(folder)
    rows = [
        ("chr1", *make_change(110, next_base(110)), "GT", "1|0", "1/1"),
        ("chr1", *make_change(129, CHR1[129], 4), "GT", "0|1", "1/1"),
    ]
    table = predict_table(folder, rows).set_index("sample")
    first = CHR1[100:110] + next_base(110) + CHR1[111:140]
    second = CHR1[100:130] + CHR1[133:143]
    both = CHR1[100:110] + next_base(110) + CHR1[111:130] + CHR1[133:143]
    ann, bob = table.loc["ANN"], table.loc["BOB"]
    assert ann[["haplotype1", "haplotype2"]].tolist() == pytest.approx(
        [score_sequence(model, first), score_sequence(model, second)], abs=1e-5
    )
    assert ann["mean"] == pytest.approx((score_sequence(model, first) + score_sequence(model, second)) / 2, abs=1e-5)
    assert bob["haplotype1"] == bob["haplotype2"] == bob["mean"] == pytest.approx(score_sequence(model, both), abs=1e-5)
    assert ann["phase"] == bob["phase"] == "phased" and ann["variants"] == 2
    assert ann["applied"] == f"chr1:111:{CHR1[110]}:{next_base(110)},chr1:130:{CHR1[129:133]}:{CHR1[129]}"
    swapped = [
        (*row[:5], *(call.replace("1|0", "x").replace("0|1", "1|0").replace("x", "0|1") for call in row[5:])) for row in rows
    ]
    swapped_ann = predict_table(folder, swapped).set_index("sample").loc["ANN"]
    assert swapped_ann[["haplotype2", "haplotype1", "mean"]].tolist() == ann[["haplotype1", "haplotype2", "mean"]].tolist()


def test_unphased_calls_are_averaged_over_phasings(folder):
    write_models(folder)
    positions = (105, 112, 120, 131)
    calls = [("chr1", *make_change(position, next_base(position)), "GT", "0/1") for position in positions]
    table = predict_table(folder, calls, samples=("ANN",))
    phasings = []
    for way in product(("0|1", "1|0"), repeat=3):
        phased = [(*row[:5], genotype) for row, genotype in zip(calls, ("0|1", *way), strict=True)]
        phasings.append(predict_table(folder, phased, samples=("ANN",)))
    for name in ("mean", "haplotype1", "haplotype2", "probability.mean"):
        assert table[name].iloc[0] == pytest.approx(np.mean([phasing[name].iloc[0] for phasing in phasings]), abs=1e-6)
    assert table["phase"].iloc[0] == "averaged" and table["phasings"].iloc[0] == 8
    assert {phasing["phase"].iloc[0] for phasing in phasings} == {"phased"}
    single = predict_table(folder, calls[:1], samples=("ANN",)).iloc[0]
    assert single["phase"] == "one" and single["haplotype1"] == single["reference"]
    with_outside_call = predict_table(
        folder, [*calls[:1], ("chr1", *make_change(145, next_base(145)), "GT", "0/1")], samples=("ANN",)
    ).iloc[0]
    assert with_outside_call["phase"] == "one", "variants outside the window do not affect phasing"
    sets = [(*row[:4], "GT:PS", f"0|1:{1 + i // 2}") for i, row in enumerate(calls)]
    assert predict_table(folder, sets, samples=("ANN",))["phasings"].iloc[0] == 2


def test_deletion_moves_downstream_variants_into_the_window(folder):
    model = write_models(folder)
    rows = [("chr1", *make_change(129, CHR1[129], 7), "GT", "1|1"), ("chr1", *make_change(142, next_base(142)), "GT", "1|1")]
    table = predict_table(folder, rows, samples=("ANN",))
    assert table["mean"].iloc[0] == pytest.approx(
        score_sequence(model, CHR1[100:130] + CHR1[136:142] + next_base(142) + CHR1[143:146]), abs=1e-5
    )


def test_missing_copies_have_no_score(folder):
    write_models(folder)
    rows = [
        ("chr1", *make_change(110, next_base(110)), "GT", "1", "0/0/1"),
        ("chr1", *make_change(120, next_base(120)), "GT", "0", "0/0/0"),
    ]
    table = predict_table(folder, rows).set_index("sample")
    assert np.isnan(table.loc["ANN", ["haplotype2", "haplotype3"]].astype(float)).all()
    assert table.loc["ANN", "mean"] == table.loc["ANN", "haplotype1"] == table.loc["BOB", "haplotype3"]
    assert table.loc["BOB", "haplotype1"] == table.loc["BOB", "reference"] and table["copies"].tolist() == [1, 3]


def test_excluded_alleles_are_named(folder):
    write_models(folder)
    rows = [
        ("chr1", *make_change(110, CHR1[110], 6), "GT", "1|1", "0|0"),
        ("chr1", *make_change(113, next_base(113)), "GT", "1|1", "0|0"),
        ("chr1", 121, CHR1[120], "<DEL>,*", "GT", "0|1", "2|0"),
    ]
    table = predict_table(folder, rows).set_index("sample")
    assert table.loc["ANN", "left"] == f"chr1:114:{CHR1[113]}:{next_base(113)},chr1:121:{CHR1[120]}:<DEL>"
    assert table.loc["BOB", "left"] == f"chr1:121:{CHR1[120]}:*" and table.loc["BOB", "difference"] == 0
    summary = {row["key"]: row["value"] for row in json.loads((folder / "out.summary").read_text())}
    assert summary["interpret.t.personal.people.left_out"] == 2 and summary["interpret.t.personal.people.differing"] == 0.5


def test_reverse_strand_and_pair_models(folder):
    model = write_models(folder, stranded=True)
    table = predict_table(
        folder, [("chr1", *make_change(110, next_base(110)), "GT", "1|1")], "chr1\t100\t140\tone\t0\t-\n", ("ANN",)
    )
    edited = CHR1[100:110] + next_base(110) + CHR1[111:140]
    reverse = "".join("ACGT"[i] for i in reverse_complement(encode(edited)))
    assert table["mean"].iloc[0] == pytest.approx(score_sequence(model, reverse), abs=1e-5)
    model = write_models(folder, pair=True)
    write_dataset(folder, [("chr2", 0)], [["train"]] * 2, pair=True)
    table = predict_table(folder, [("chr1", *make_change(110, next_base(110)), "GT", "1|1")], samples=("ANN",))
    assert table["mean"].iloc[0] == pytest.approx(score_sequence(model, CHR1[100:140] + edited), abs=1e-5)
    assert table["reference"].iloc[0] == pytest.approx(score_sequence(model, CHR1[100:140] * 2), abs=1e-5)


@pytest.mark.parametrize("kind, heads", [("multiclass", 3), ("positions", 2), ("regression", 1), ("profile", 1)])
def test_every_outcome_kind_has_its_heads(folder, kind, heads):
    write_models(folder, kind)
    table = predict_table(folder, [("chr1", *make_change(120, next_base(120)), "GT", "1|1", "0|0")])
    assert len(table) == 2 * heads and table["head"].nunique() == heads
    assert (table.loc[table["sample"] == "ANN", "difference"] != 0).all()
    assert table["probability.mean"].isna().all() == (kind in ("regression", "profile"))
    if kind == "multiclass":
        sums = table.groupby("sample")[["probability.mean", "reference"]].sum()
        assert np.allclose(sums, [1, 0], atol=1e-5)


def test_models_trained_on_a_window_are_excluded(folder):
    model = write_models(folder)
    write_dataset(
        folder,
        [("chr1", 90), ("chr1", 500), ("chr1", 520), ("chr1", 200)],
        [["train", "test", "train", ""], ["test", "validation", "test", "train"]],
    )
    bed = "".join(f"chr1\t{s}\t{s + 40}\tr{s}\n" for s in (100, 510, 700, 130))
    table = predict_table(folder, [("chr1", *make_change(120, next_base(120)), "GT", "0|0")], bed, ("ANN",)).set_index("region")
    assert table["models"].to_dict() == {"r100": 1, "r510": 2, "r700": 2, "r130": 2}
    assert table["seen"].tolist() == [False, True, False, False], "r130 begins where w0 ends"
    net, arrays, description = model
    assert table.loc["r100", "reference"] == pytest.approx(
        score_sequence((net, arrays[1:], description), CHR1[100:140]), abs=1e-5
    )


def test_test_windows_are_predicted_without_regions(folder):
    write_models(folder)
    assert predict_table(folder, [("chr2", *make_change(120, next_base(120, CHR2), text=CHR2), "GT", "0|1", "0|0")], None)[
        "start"
    ].unique().tolist() == [100]


def test_windows_beyond_contig_ends_are_refused_padded_or_dropped(folder):
    write_models(folder)
    rows, bed = [("chr1", *make_change(5, next_base(5)), "GT", "1|1", "0|0")], "chr1\t0\t20\n"
    with pytest.raises(InputError, match="reaches past its contig"):
        predict_table(folder, rows, bed)
    table = predict_table(folder, rows, bed, outside="pad")
    assert table["start"].tolist() == [-10, -10] and table["difference"].tolist()[0] != 0
    with pytest.raises(InputError, match="contains no region whose window"):
        predict_table(folder, rows, bed, outside="drop")


ROW = ("chr1", *make_change(120, next_base(120)), "GT", "0|1", "0|0")


@pytest.mark.parametrize(
    "rows, options, message",
    [
        ([ROW], {"wanted_samples": ["BOBB", "ANN"]}, "no sample 'BOBB'; did you mean 'BOB'? there are: ANN, BOB"),
        ([ROW[:4]], {"samples": ()}, "has no genotypes"),
        ([(*ROW[:4], "DP", "3", "4")], {}, "row 3: column FORMAT: 'DP' has no GT"),
        ([(*ROW[:4], "GT", "0|2", "0|0")], {}, "row 3: column ANN: allele 2, but the record has 1"),
        ([ROW[:6]], {}, "row 3: has 10 columns, its header 11"),
        ([("1", *ROW[1:])], {}, "contigs are named as '1' there but as 'chr1' in the genome"),
        ([("chr1", 121, next_base(120), "A", *ROW[4:])], {}, "row 3, column REF"),
        ([ROW], {"bed": "chr3\t100\t140\n"}, "no contig 'chr3'"),
        ([ROW], {"bed": "chr1\t1190\t1230\n"}, "past the end of contig 'chr1'"),
        ([ROW], {"head": "nothing"}, "row 1: is not VCF"),
    ],
)
def test_invalid_input_is_reported(folder, rows, options, message):
    write_models(folder)
    with pytest.raises(InputError) as error:
        predict_table(folder, rows, **options)
    assert message in str(error.value)


def test_model_of_another_length_is_refused(folder):
    write_models(folder)
    write_dataset(folder, [("chr2", 0)], [["test"]] * 2, length=50)
    with pytest.raises(InputError, match="sequences of 50 bases, but the model was trained on 40"):
        predict_table(folder, [ROW])
    write_dataset(folder, [("", -1)], [["test"]] * 2)
    with pytest.raises(InputError, match=r"interpret\.personal\.regions: .* name a BED file"):
        predict_table(folder, [ROW], None)
    assert predict_table(folder, [ROW])["seen"].isna().all(), "not known for sequences without coordinates"


def test_batch_size_does_not_change_predictions(folder, monkeypatch):
    write_models(folder)
    bed = "".join(f"chr1\t{s}\t{s + 40}\n" for s in range(100, 300, 10))
    rows = [("chr1", *make_change(position, next_base(position)), "GT", "0|1", "1|1") for position in range(110, 300, 12)]
    single_batch = predict_table(folder, rows, bed)
    monkeypatch.setattr(interpret_personal.prediction_table, "BATCH_SIZE", 5)
    pd.testing.assert_frame_equal(predict_table(folder, rows, bed), single_batch, rtol=1e-5)
    text = pd.read_csv(folder / "out.text", sep="\t")
    assert len(text) == len(single_batch) == 40 and list(text) == list(single_batch)


def test_adjacent_windows_do_not_overlap():
    obs = pd.DataFrame({"chrom": ["chr1"] * 2, "start": [0, 50], "end": [40, 90]})
    overlaps = windows.find_overlaps(obs, np.array([["train"], ["test"]]), ["chr1"] * 4, np.array([39, 40, 60, -40]), 40)
    assert overlaps[:, 0].tolist() == [True, False, False, False]


def test_figure_shows_the_most_variable_windows(folder):
    write_models(folder)
    bed = "".join(f"chr1\t{s}\t{s + 40}\tr{s}\n" for s in (100, 300, 500))
    rows = [
        ("chr1", *make_change(120, next_base(120)), "GT", "0|1", "1|1"),
        ("chr1", *make_change(515, next_base(515)), "GT", "0/1", "0/0"),
    ]
    table = predict_table(folder, rows, bed)
    selection = interpret_plot_personal.select_regions(table)
    assert {region for region, _ in selection} == {"r100", "r500"}
    interpret_plot_personal.main(folder / "out.table", folder / "people.svg")
    assert "<svg" in (folder / "people.svg").read_text()
    interpret_plot_personal.plot_individuals(table[table["region"] == "r300"], folder / "none.svg")
    assert (folder / "none.svg").exists()
    assert sorted(["D10", "D2", "D1R"], key=interpret_plot_personal.natural_sort_key) == ["D1R", "D2", "D10"]
