"""Planted differences are found, in their direction, and hardly any others."""

import json
import warnings

import anndata
import numpy as np
import pandas as pd
import pytest

pytest.importorskip("pydeseq2")

from expression_differential import chosen, differential, main, records, whole  # noqa: E402
from readsight.errors import InputError  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
GENES, PLANTED, FOLD = 150, 40, 3.0
NAMES = [f"g{i}" for i in range(GENES)]


def counts(samples: int = 5, donor: float = 0.0, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Negative binomial counts, dispersion 0.05, of two groups of samples in pairs of donors.

    The first PLANTED genes: the first half FOLD times more in b, the second half less. donor: spread (log) of donors' effects.
    """
    draw = np.random.default_rng(seed)
    base = draw.lognormal(5, 1, GENES)
    change = np.ones(GENES)
    change[: PLANTED // 2], change[PLANTED // 2 : PLANTED] = FOLD, 1 / FOLD
    own = np.exp(draw.normal(0, donor, (samples, GENES)))
    depth = draw.uniform(0.5, 2, 2 * samples)
    mean = np.r_[own * base, own * base * change] * depth[:, None]
    values = draw.negative_binomial(20, 20 / (20 + mean))
    index = [f"{group}{i}" for group in "ab" for i in range(samples)]
    groups = pd.DataFrame(
        {"group": list("a" * samples + "b" * samples), "block": [f"d{i}" for i in range(samples)] * 2}, index=index
    )
    return pd.DataFrame(values, index=index, columns=NAMES), groups


@pytest.fixture(scope="module")
def found():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values, groups = counts()
        return differential(values, groups[["group"]], "a", "b")


def test_planted_genes_are_found_and_few_others(found):
    significant = (found["padj"] < 0.05).to_numpy()
    assert significant[:PLANTED].mean() >= 0.95
    assert significant[PLANTED:].sum() / max(1, significant.sum()) <= 0.1


def test_fold_changes_are_those_planted_and_intervals_hold_them(found):
    truth = np.log2(np.r_[np.full(PLANTED // 2, FOLD), np.full(PLANTED // 2, 1 / FOLD), np.ones(GENES - PLANTED)])
    assert np.abs(found["log2_fold_change"] - truth).median() < 0.25
    assert ((found["low"] <= truth) & (truth <= found["high"])).mean() > 0.85


def test_shrinking_draws_uncertain_changes_to_0_and_leaves_certain_ones(found):
    values, groups = counts()
    rare = values.assign(rare=[0] * 9 + [6])
    table = differential(rare, groups[["group"]], "a", "b")
    assert abs(table.loc["rare", "shrunken"]) < 0.5 * abs(table.loc["rare", "log2_fold_change"])
    planted = found[found["padj"] < 1e-10]
    assert len(planted) > 5 and (planted["shrunken"] / planted["log2_fold_change"]).between(0.85, 1.05).all()


def test_swapping_the_groups_negates_the_change(found):
    values, groups = counts()
    swapped = differential(values, groups[["group"]], "b", "a")
    np.testing.assert_allclose(swapped["log2_fold_change"], -found["log2_fold_change"], atol=1e-3)
    np.testing.assert_allclose(swapped["high"], -found["low"], atol=1e-3)


def test_equal_groups_give_nothing():
    values, groups = counts()
    null = differential(values.iloc[:, PLANTED:], groups[["group"]], "a", "b")
    assert (null["padj"] < 0.05).sum() <= 3


def test_taking_out_the_donor_finds_more_where_donors_differ():
    values, groups = counts(donor=0.7)
    alone, blocked = (differential(values, groups[list(names)], "a", "b") for names in (["group"], ["block", "group"]))
    planted = NAMES[:PLANTED]
    assert (blocked.loc[planted, "padj"] < 0.05).sum() > (alone.loc[planted, "padj"] < 0.05).sum() + 10


def test_a_gene_without_reads_keeps_its_row_and_is_not_tested(found):
    values, groups = counts()
    table = differential(values.assign(silent=0), groups[["group"]], "a", "b")
    assert table.loc["silent"].isna().all()
    np.testing.assert_allclose(table["log2_fold_change"].iloc[:-1], found["log2_fold_change"], atol=1e-6)


def test_no_expressed_gene_is_told_in_words():
    values, groups = counts()
    with pytest.raises(InputError, match="no gene is expressed in the samples of the contrast"):
        differential(values * 0, groups[["group"]], "a", "b")


@pytest.fixture
def stored(tmp_path):
    values, groups = counts(samples=3)
    obs = groups.rename(columns={"group": "tissue"}).assign(counted=values.sum(axis=1))
    var = pd.DataFrame({"gene_name": [name.upper() for name in NAMES]}, index=NAMES)
    data = anndata.AnnData(np.log2(1 + values.to_numpy(float)), obs=obs, var=var, layers={"counts": values.to_numpy()})
    path = tmp_path / "expression.h5ad"
    data.write_h5ad(path)
    return path


def test_the_table_is_sorted_and_counted(stored, tmp_path):
    asked = {"column": "tissue", "reference": "a", "tested": "b", "block": None}
    main(stored, asked, "cohort", tmp_path / "d.tsv", tmp_path / "d.summary.json", 1)
    table = pd.read_csv(tmp_path / "d.tsv", sep="\t", index_col="gene_id")
    assert table["p_value"].dropna().is_monotonic_increasing and set(table.index) == set(NAMES)
    assert table.loc["g7", "gene_name"] == "G7"
    figures = {r["key"].rsplit(".", 1)[1]: r["value"] for r in json.loads((tmp_path / "d.summary.json").read_text())}
    assert figures["genes"] == figures["genes_up"] + figures["genes_down"] == (table["padj"] < 0.05).sum()
    assert records(table, asked)[0]["n"] == table["padj"].notna().sum()


def test_one_replicate_and_unknown_groups_are_told_by_key(stored):
    data = anndata.read_h5ad(stored)
    with pytest.raises(InputError, match="expression.contrast.tested: no sample has 'c' in column tissue"):
        chosen(data, {"column": "tissue", "reference": "a", "tested": "c"})
    with pytest.raises(InputError, match="expression.contrast.tested: 'b' has one sample"):
        chosen(data[:4].copy(), {"column": "tissue", "reference": "a", "tested": "b"})


def test_counts_that_are_none_are_refused(stored, tmp_path):
    data = anndata.read_h5ad(stored)
    data.layers["counts"] = np.log2(1 + np.asarray(data.layers["counts"], float))
    data.write_h5ad(stored)
    with pytest.raises(InputError, match="sample a0, gene g0: .* is not a whole number"):
        main(stored, {"column": "tissue", "reference": "a", "tested": "b"}, "cohort", tmp_path / "t", tmp_path / "s", 1)


ASKED = {"column": "tissue", "reference": "a", "tested": "b", "block": None, "table": "mine"}


def test_a_table_is_compared_as_reads_are(stored, tmp_path):
    data = anndata.read_h5ad(stored)
    main(stored, ASKED | {"table": None}, "cohort", tmp_path / "r.tsv", tmp_path / "r.json", 1)
    data.var = data.var.rename(columns={"gene_name": "symbol"})
    data.var["symbol"] = [""] + list(data.var["symbol"][1:])
    data.uns["kind"] = "counts"
    data.write_h5ad(stored)
    main(stored, ASKED, "tables/mine", tmp_path / "t.tsv", tmp_path / "t.json", 1)
    reads, table = (pd.read_csv(tmp_path / f"{name}.tsv", sep="\t", index_col="gene_id") for name in "rt")
    pd.testing.assert_frame_equal(reads.drop(columns="gene_name"), table.drop(columns="gene_name"))
    assert table.loc["g0", "gene_name"] == "g0" and table.loc["g7", "gene_name"] == "G7"
    assert json.loads((tmp_path / "t.json").read_text())[0]["key"] == "expression.tables.mine.differential.genes"


def test_a_table_that_cannot_be_compared_is_told_in_words(stored):
    data = anndata.read_h5ad(stored)
    with pytest.raises(
        InputError, match="expression.contrast.column: the samples of table mine have no column 'tisue'; did you mean 'tissue'"
    ):
        chosen(data, ASKED | {"column": "tisue"})
    del data.layers["counts"]
    data.uns["kind"] = "log"
    with pytest.raises(InputError, match="table mine holds no counts .kind: log.*name a table of raw counts"):
        whole(data, "mine")


def test_expected_counts_are_rounded_and_others_refused(stored):
    data = anndata.read_h5ad(stored)
    data.layers["counts"] = np.asarray(data.layers["counts"]) + 0.4
    with pytest.raises(InputError, match="is not a whole number"):
        whole(data, "mine")
    data.uns["kind"] = "expected"
    np.testing.assert_array_equal(whole(data, "mine"), np.rint(data.layers["counts"]))
