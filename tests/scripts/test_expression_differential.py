"""Planted differences are detected in the right direction with few false discoveries."""

import json
import warnings

import anndata
import numpy as np
import pandas as pd
import pytest

pytest.importorskip("pydeseq2")

from expression_differential import integer_counts, main, run_deseq2, select_samples, summary_records  # noqa: E402
from readsight.errors import InputError  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
GENES, PLANTED, FOLD = 150, 40, 3.0
NAMES = [f"g{i}" for i in range(GENES)]


def draw_counts(samples: int = 5, donor: float = 0.0, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Negative binomial counts, dispersion 0.05, of two groups of samples in pairs of donors.

    Of the first PLANTED genes one half is FOLD times higher in b, the second half lower. donor: standard deviation (log)
    of donor effects.
    """
    rng = np.random.default_rng(seed)
    base = rng.lognormal(5, 1, GENES)
    change = np.ones(GENES)
    change[: PLANTED // 2], change[PLANTED // 2 : PLANTED] = FOLD, 1 / FOLD
    donor_effect = np.exp(rng.normal(0, donor, (samples, GENES)))
    depth = rng.uniform(0.5, 2, 2 * samples)
    mean = np.r_[donor_effect * base, donor_effect * base * change] * depth[:, None]
    values = rng.negative_binomial(20, 20 / (20 + mean))
    index = [f"{group}{i}" for group in "ab" for i in range(samples)]
    groups = pd.DataFrame(
        {"group": list("a" * samples + "b" * samples), "block": [f"d{i}" for i in range(samples)] * 2}, index=index
    )
    return pd.DataFrame(values, index=index, columns=NAMES), groups


@pytest.fixture(scope="module")
def results():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values, groups = draw_counts()
        return run_deseq2(values, groups[["group"]], "a", "b")


def test_planted_genes_are_significant(results):
    significant = (results["padj"] < 0.05).to_numpy()
    assert significant[:PLANTED].mean() >= 0.95
    assert significant[PLANTED:].sum() / max(1, significant.sum()) <= 0.1


def test_fold_changes_match_and_intervals_cover_truth(results):
    truth = np.log2(np.r_[np.full(PLANTED // 2, FOLD), np.full(PLANTED // 2, 1 / FOLD), np.ones(GENES - PLANTED)])
    assert np.abs(results["log2_fold_change"] - truth).median() < 0.25
    assert ((results["low"] <= truth) & (truth <= results["high"])).mean() > 0.85


def test_shrinkage_affects_only_uncertain_changes(results):
    values, groups = draw_counts()
    rare = values.assign(rare=[0] * 9 + [6])
    table = run_deseq2(rare, groups[["group"]], "a", "b")
    assert abs(table.loc["rare", "shrunken"]) < 0.5 * abs(table.loc["rare", "log2_fold_change"])
    planted = results[results["padj"] < 1e-10]
    assert len(planted) > 5 and (planted["shrunken"] / planted["log2_fold_change"]).between(0.85, 1.05).all()


def test_swapping_the_groups_negates_the_change(results):
    values, groups = draw_counts()
    swapped = run_deseq2(values, groups[["group"]], "b", "a")
    np.testing.assert_allclose(swapped["log2_fold_change"], -results["log2_fold_change"], atol=1e-3)
    np.testing.assert_allclose(swapped["high"], -results["low"], atol=1e-3)


def test_equal_groups_give_no_discoveries():
    values, groups = draw_counts()
    null = run_deseq2(values.iloc[:, PLANTED:], groups[["group"]], "a", "b")
    assert (null["padj"] < 0.05).sum() <= 3


def test_donor_block_increases_power():
    values, groups = draw_counts(donor=0.7)
    unblocked, blocked = (run_deseq2(values, groups[list(names)], "a", "b") for names in (["group"], ["block", "group"]))
    planted = NAMES[:PLANTED]
    assert (blocked.loc[planted, "padj"] < 0.05).sum() > (unblocked.loc[planted, "padj"] < 0.05).sum() + 10


def test_gene_without_reads_is_kept_untested(results):
    values, groups = draw_counts()
    table = run_deseq2(values.assign(silent=0), groups[["group"]], "a", "b")
    assert table.loc["silent"].isna().all()
    np.testing.assert_allclose(table["log2_fold_change"].iloc[:-1], results["log2_fold_change"], atol=1e-6)


def test_no_expressed_gene_is_an_error():
    values, groups = draw_counts()
    with pytest.raises(InputError, match="no gene is expressed in the samples of the contrast"):
        run_deseq2(values * 0, groups[["group"]], "a", "b")


@pytest.fixture
def counts_file(tmp_path):
    values, groups = draw_counts(samples=3)
    obs = groups.rename(columns={"group": "tissue"}).assign(counted=values.sum(axis=1))
    var = pd.DataFrame({"gene_name": [name.upper() for name in NAMES]}, index=NAMES)
    data = anndata.AnnData(np.log2(1 + values.to_numpy(float)), obs=obs, var=var, layers={"counts": values.to_numpy()})
    path = tmp_path / "expression.h5ad"
    data.write_h5ad(path)
    return path


def test_the_table_is_sorted_and_counted(counts_file, tmp_path):
    settings = {"column": "tissue", "reference": "a", "tested": "b", "block": None}
    main(counts_file, settings, "cohort", tmp_path / "d.tsv", tmp_path / "d.summary.json", 1)
    table = pd.read_csv(tmp_path / "d.tsv", sep="\t", index_col="gene_id")
    assert table["p_value"].dropna().is_monotonic_increasing and set(table.index) == set(NAMES)
    assert table.loc["g7", "gene_name"] == "G7"
    figures = {r["key"].rsplit(".", 1)[1]: r["value"] for r in json.loads((tmp_path / "d.summary.json").read_text())}
    assert figures["genes"] == figures["genes_up"] + figures["genes_down"] == (table["padj"] < 0.05).sum()
    assert summary_records(table, settings)[0]["n"] == table["padj"].notna().sum()


def test_single_replicate_and_unknown_group_name_the_key(counts_file):
    data = anndata.read_h5ad(counts_file)
    with pytest.raises(InputError, match="expression.contrast.tested: no sample has 'c' in column tissue"):
        select_samples(data, {"column": "tissue", "reference": "a", "tested": "c"})
    with pytest.raises(InputError, match="expression.contrast.tested: 'b' has one sample"):
        select_samples(data[:4].copy(), {"column": "tissue", "reference": "a", "tested": "b"})


def test_invalid_counts_are_refused(counts_file, tmp_path):
    data = anndata.read_h5ad(counts_file)
    data.layers["counts"] = np.log2(1 + np.asarray(data.layers["counts"], float))
    data.write_h5ad(counts_file)
    with pytest.raises(InputError, match="sample a0, gene g0: .* is not an integer"):
        main(counts_file, {"column": "tissue", "reference": "a", "tested": "b"}, "cohort", tmp_path / "t", tmp_path / "s", 1)


CONTRAST = {"column": "tissue", "reference": "a", "tested": "b", "block": None, "table": "mine"}


def test_user_table_gives_same_result_as_reads(counts_file, tmp_path):
    data = anndata.read_h5ad(counts_file)
    main(counts_file, CONTRAST | {"table": None}, "cohort", tmp_path / "r.tsv", tmp_path / "r.json", 1)
    data.var = data.var.rename(columns={"gene_name": "symbol"})
    data.var["symbol"] = [""] + list(data.var["symbol"][1:])
    data.uns["kind"] = "counts"
    data.write_h5ad(counts_file)
    main(counts_file, CONTRAST, "tables/mine", tmp_path / "t.tsv", tmp_path / "t.json", 1)
    reads, table = (pd.read_csv(tmp_path / f"{name}.tsv", sep="\t", index_col="gene_id") for name in "rt")
    pd.testing.assert_frame_equal(reads.drop(columns="gene_name"), table.drop(columns="gene_name"))
    assert table.loc["g0", "gene_name"] == "g0" and table.loc["g7", "gene_name"] == "G7"
    assert json.loads((tmp_path / "t.json").read_text())[0]["key"] == "expression.tables.mine.differential.genes"


def test_unusable_table_is_refused(counts_file):
    data = anndata.read_h5ad(counts_file)
    with pytest.raises(
        InputError, match="expression.contrast.column: the samples of table mine have no column 'tisue'; did you mean 'tissue'"
    ):
        select_samples(data, CONTRAST | {"column": "tisue"})
    del data.layers["counts"]
    data.uns["kind"] = "log"
    with pytest.raises(InputError, match="table mine holds no counts .kind: log.*use a table of raw counts"):
        integer_counts(data, "mine")


def test_only_expected_counts_are_rounded(counts_file):
    data = anndata.read_h5ad(counts_file)
    data.layers["counts"] = np.asarray(data.layers["counts"]) + 0.4
    with pytest.raises(InputError, match="is not an integer"):
        integer_counts(data, "mine")
    data.uns["kind"] = "expected"
    np.testing.assert_array_equal(integer_counts(data, "mine"), np.rint(data.layers["counts"]))
