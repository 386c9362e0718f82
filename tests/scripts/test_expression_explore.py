"""Principal components, silhouettes and ranks match their definitions and reference implementations."""

import json

import anndata
import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score

import expression_explore
from expression_explore import (
    _rank_rows,
    find_grouping_column,
    jackknife_silhouette,
    log_cpm,
    main,
    principal_components,
    silhouette,
    summarise_cohort,
    summary_records,
)

DRAW = np.random.default_rng(3)


def cohort(shift: float, n: int = 4, genes: int = 60) -> anndata.AnnData:
    """Two groups of n samples; half of the genes differ by `shift` in log TPM."""
    labels = ["a"] * n + ["b"] * n
    values = DRAW.normal(5, 0.3, size=(2 * n, genes))
    values[n:, : genes // 2] += shift
    obs = pd.DataFrame({"group": labels, "batch": ["x", "y"] * n}, index=[f"s{i}" for i in range(2 * n)])
    layers = {"log_tpm": values, "tpm": 2**values - 1, "counts": np.rint(2**values * 10)}
    return anndata.AnnData(values, obs=obs, layers=layers)


def test_principal_components_match_scikit_learn():
    values = DRAW.normal(size=(8, 30))
    ours, shares = principal_components(values)
    reference = PCA(5).fit(values)
    np.testing.assert_allclose(np.abs(ours), np.abs(reference.transform(values)), atol=1e-8)
    np.testing.assert_allclose(shares, reference.explained_variance_ratio_, atol=1e-10)


def test_only_the_most_variable_genes_count():
    values = DRAW.normal(size=(6, 40)) * np.r_[np.full(10, 5.0), np.full(30, 0.01)]
    np.testing.assert_allclose(principal_components(values, most=10)[0], principal_components(values[:, :10])[0])


def test_silhouette_matches_scikit_learn():
    points, labels = DRAW.normal(size=(20, 2)), np.array(list("aabbc") * 4)
    assert silhouette(points, labels) == pytest.approx(silhouette_score(points, labels))


@pytest.mark.parametrize("labels", [["a", "a", "a"], ["a", "b", "c"]])
def test_silhouette_needs_two_groups_and_a_pair(labels):
    assert np.isnan(silhouette(DRAW.normal(size=(3, 2)), np.array(labels)))


def test_silhouette_separates_distant_from_mixed_groups():
    apart = jackknife_silhouette(np.r_[DRAW.normal(size=(6, 2)), DRAW.normal(20, size=(6, 2))], np.repeat(["a", "b"], 6))
    assert apart.low > 0.7 and apart.low <= apart.value <= apart.high
    mixed = jackknife_silhouette(DRAW.normal(size=(40, 2)), np.tile(["a", "b"], 20))
    assert mixed.value < 0.1


def test_group_difference_is_on_first_component():
    overview = summarise_cohort(cohort(3.0), "group", "batch")
    first = np.array(overview["components"])[:, 0]
    assert first[:4].max() < first[4:].min() or first[:4].min() > first[4:].max()
    figures = {record["key"].removeprefix("expression.cohort."): record for record in summary_records(overview)}
    assert figures["label_silhouette"]["low"] > 0.5 > figures["batch_silhouette"]["value"]
    assert figures["pc1_share"]["value"] > 0.5


def test_correlation_is_of_ranks():
    values = DRAW.integers(0, 5, size=(3, 50)).astype(float)
    np.testing.assert_allclose(_rank_rows(values), pd.DataFrame(values).rank(axis=1).to_numpy())


def test_single_sample_has_no_correlation():
    data = cohort(1.0)[:1].copy()
    overview = summarise_cohort(data, None, None)
    assert overview["samples"] == ["s0"]
    assert {record["key"]: record["value"] for record in summary_records(overview)}[
        "expression.cohort.lowest_correlation"
    ] is None


def test_counts_per_million_do_not_depend_on_depth():
    counts = DRAW.poisson(30, size=(4, 50))
    logged = log_cpm(counts)
    np.testing.assert_allclose(log_cpm(np.r_[counts, counts[:1] * 3], prior=0.0)[4], log_cpm(counts, prior=0.0)[0])
    assert np.corrcoef(logged[0], np.log2(1 + counts[0]))[0, 1] > 0.999


def test_stray_read_does_not_dominate_distances():
    """One read of a silent gene changes distances less than a doubling of an expressed gene."""
    counts = np.full((3, 20), 200)
    counts[:, 0] = 0
    counts[1, 0], counts[2, 1] = 1, 400
    logged = log_cpm(counts)
    assert np.linalg.norm(logged[1] - logged[0]) < 0.7 * np.linalg.norm(logged[2] - logged[0])


def make_table(missing: float = 0.0, n: int = 12) -> anndata.AnnData:
    """A table of logarithms without layers, with missing values and one feature missing in all samples."""
    values = DRAW.normal(8, 1, size=(n, 40))
    values[n // 2 :, :20] += 3
    values[DRAW.random(values.shape) < missing] = np.nan
    values[:, 39] = np.nan
    obs = pd.DataFrame({"class": ["a"] * (n // 2) + ["b"] * (n - n // 2), "sample": [f"s{i}" for i in range(n)]})
    return anndata.AnnData(values, obs=obs.set_index(obs["sample"].to_numpy()), uns={"kind": "log"})


def test_table_without_counts_uses_its_values():
    complete, incomplete = (summarise_cohort(make_table(missing), "class", None) for missing in (0.0, 0.1))
    assert complete["called"] == "features" and complete["genes"] == incomplete["genes"] == 39
    for overview in (complete, incomplete):
        first = np.array(overview["components"])[:, 0]
        assert first[:6].max() < first[6:].min() or first[:6].min() > first[6:].max()
        assert np.isfinite(overview["correlation"]).all() and "not transformed" in overview["quantiles"]["of"]
    keys = [row["key"] for row in summary_records(complete, "tables.mrna")]
    assert "expression.tables.mrna.label_silhouette" in keys


def test_counts_without_lengths_need_no_tpm():
    data = cohort(2.0)
    expected = summarise_cohort(data, None, None)["components"]
    data.uns["X"] = "log2(1 + counts per million)"
    for name in ("tpm", "log_tpm"):
        del data.layers[name]
    overview = summarise_cohort(data, None, None)
    assert overview["components"] == expected
    assert overview["quantiles"]["of"] == "log2(1 + counts per million) of expressed genes"


def test_grouping_column_needs_repeated_values():
    obs = make_table().obs.assign(same="x")
    assert find_grouping_column(obs, ["none", "same", "sample", "class"]) == "class"
    assert find_grouping_column(obs, ["same"]) is None and find_grouping_column(obs[5:7], ["sample"]) == "sample"


def test_large_cohort_is_subsampled(monkeypatch, tmp_path):
    monkeypatch.setattr(expression_explore, "MAX_COMPARED", 10)
    make_table(n=30).write_h5ad(tmp_path / "t.h5ad")
    main(tmp_path / "t.h5ad", ["class"], [], "tables/t", tmp_path / "o.json", tmp_path / "s.json")
    overview = json.loads((tmp_path / "o.json").read_text())
    assert len(overview["samples"]) == 30 and len(overview["compared"]) == len(overview["correlation"]) == 10
    figures = {row["key"]: row for row in json.loads((tmp_path / "s.json").read_text())}
    assert figures["expression.tables.t.label_silhouette"]["n"] == 10
