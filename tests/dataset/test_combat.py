"""ComBat against the authors' implementation, and against planted batch effects: a shift and a factor."""

import io

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest

from readsight.dataset import combat
from readsight.errors import InputError

BATCHES = np.array(list("abbcabcabbca"))
SEX = np.array(list("fmffmmmffmfm"))
MALE = (SEX == "m").astype(float)[:, None]

# Result of sva::ComBat(par.prior = TRUE), sva 3.46.0 (R 4.2.2), on `reference_data()`, samples × features: with the mean of all
# batches or with reference batch a, and without or with sex as a covariate.
EXPECTED = {
    "plain": """
6.27933676 7.21534688 7.56717263 9.03186267 10.61402315
6.58604643 6.76821383 6.84253102 8.17701890 11.21569236
5.07328339 7.11867374 7.28689980 8.95731209 10.03639366
5.79817182 6.10796309 7.92895157 9.92576357 10.75434345
6.62428804 7.54995498 8.69803005 9.77266365 10.69162555
7.04985597 6.77653661 8.17739718 9.16505674 9.67831149
5.81913853 7.36562355 6.72764601 8.71821839 10.53877952
5.55754989 6.15718393 6.59484560 8.56706146 10.81992020
5.96028776 7.53040098 7.86393372 7.56158607 10.08458907
6.13619276 6.27984042 8.54144381 6.86757501 11.28756411
5.70970825 7.46908569 8.30065428 7.68050014 9.96918750
5.86260126 6.31976391 7.14699233 8.02935839 9.31558272""",
    "reference": """
5.38081573 6.36501079 6.45332184 7.88340206 9.59966075
5.56900259 5.82174342 5.61826649 7.68289622 9.92187288
4.73160294 6.10433766 5.97357715 8.18889032 9.06876514
5.14823828 5.30030123 6.69920367 8.53344800 9.67031005
5.66528986 6.68269036 7.53320683 8.51845927 9.66848121
5.82574732 5.82845452 6.68560560 8.32360580 8.80972757
5.16569570 6.39469855 5.67311119 7.70158162 9.49497332
4.78557312 5.36038251 5.52482163 7.48494772 9.78225729
5.22260988 6.43633496 6.43496488 7.28380856 9.10362982
5.31998322 5.42794229 6.97669186 6.83376554 9.97386509
5.07458123 6.48472976 7.01669271 6.98670740 9.03167500
5.03714263 5.51473723 6.05208082 7.02399771 8.44815940""",
    "covariate": """
6.19326597 7.20956690 7.59440730 9.04450144 10.61875857
6.78142089 6.71574947 6.77902730 8.20601666 11.26321829
4.97955295 7.13188800 7.20618245 9.05288801 9.96822424
5.71916696 6.21321895 7.89502704 9.78494680 10.70559842
6.44995860 7.52236461 8.68712200 9.72675052 10.68378225
7.27578322 6.72463160 8.18701610 9.24676488 9.63936523
5.66235095 7.33871080 6.85630906 8.68768893 10.48670118
5.56219933 6.21442444 6.65267108 8.62042008 10.80665785
5.92498747 7.57128538 7.81482572 7.58270205 10.01913047
6.30193374 6.19455493 8.57100484 6.82671585 11.33913258
5.65294697 7.43719313 8.21305528 7.73588094 10.05235967
5.78400701 6.36543942 7.18488216 8.13617104 9.42802133""",
    "both": """
5.38081573 6.36501079 6.45332184 7.88340206 9.59966075
5.89705250 5.73358697 5.61150990 7.64627832 10.05540390
4.36827989 6.12515860 5.94768719 8.26005824 8.96302699
4.92107146 5.44574088 6.64667783 8.52107638 9.61994296
5.66528986 6.68269036 7.53320683 8.51845927 9.66848121
6.26354013 5.74146255 6.80848202 8.36278687 8.73190716
5.02078594 6.41447551 5.79758818 7.68497227 9.47228289
4.78557312 5.36038251 5.52482163 7.48494772 9.78225729
5.06916271 6.51476220 6.46511248 7.24790104 9.00451733
5.54159234 5.27145569 7.13492198 6.69669148 10.11727668
4.86776149 6.52489284 6.91521733 7.00790020 9.07790996
5.03714263 5.51473723 6.05208082 7.02399771 8.44815940""",
}
HOW = {
    "plain": (None, None),
    "reference": (None, "a"),
    "covariate": (MALE, None),
    "both": (MALE, "a"),
}


def reference_data() -> np.ndarray:
    """Input of the expected values: 12 samples × 5 features, by formula."""
    i, j = np.arange(12)[:, None], np.arange(5)[None, :]
    values = 5 + j + np.sin(1.7 * i * (j + 1)) + 0.6 * np.cos(0.9 * (i + 2) * (j + 3))
    shift = np.array([{"a": 0.0, "b": 1.0, "c": -0.8}[batch] for batch in BATCHES])[:, None]
    return values * np.where(shift > 0, 1.2, 1.0) + shift * (1 + 0.1 * j) + 0.7 * MALE * np.cos(j)


def harmonise(values, batches, covariates=None, reference=None):
    return combat.apply(values, batches, covariates, combat.fit(values, batches, covariates, reference))


def make_cohort(seed: int, n: int = 90, features: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Samples of one kind with batches that have no effect."""
    rng = np.random.default_rng(seed)
    levels, spread = rng.normal(6, 2, features), rng.gamma(4, 0.2, features)
    return levels + spread * rng.normal(size=(n, features)), rng.permutation(np.array(list("pqr"))[np.arange(n) % 3])


@pytest.mark.parametrize("case", HOW)
def test_fitted_samples_match_the_reference_implementation(case):
    expected = np.loadtxt(io.StringIO(EXPECTED[case]))
    np.testing.assert_allclose(harmonise(reference_data(), BATCHES, *HOW[case]), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("block", [1, 30, 10**6])
def test_block_size_does_not_matter(block, monkeypatch):
    for name in ("BLOCK", "ROWS", "RUN"):
        monkeypatch.setattr(combat, name, block)
    np.testing.assert_allclose(
        harmonise(reference_data(), BATCHES, MALE), np.loadtxt(io.StringIO(EXPECTED["covariate"])), atol=1e-6
    )


def test_shifted_and_scaled_batch_is_corrected():
    """The planted effect is equal for all features, as the prior assumes: about one percent of it remains."""
    values, batches = make_cohort(1)
    centre, spread = values.mean(axis=0), values.std(axis=0)
    distorted = np.where((batches == "q")[:, None], centre + 2 * spread + 1.7 * (values - centre), values)

    def measure_distance(table):
        batch_values, reference_values = table[batches == "q"], table[batches != "q"]
        distance = np.abs((batch_values.mean(axis=0) - reference_values.mean(axis=0)) / spread).mean()
        return distance, np.abs(np.log(batch_values.std(axis=0) / reference_values.std(axis=0))).mean()

    before, after, undistorted = (
        measure_distance(distorted),
        measure_distance(harmonise(distorted, batches)),
        measure_distance(values),
    )
    assert before[0] > 1.9 and after[0] < undistorted[0]
    assert before[1] > 0.5 and after[1] < undistorted[1] + 0.01


def test_result_does_not_depend_on_units():
    """A change of unit or origin of all features is undone, since priors are in units of deviation."""
    values, batches = make_cohort(2)
    factor, shift = np.random.default_rng(2).uniform(0.5, 3, (2, values.shape[1]))
    np.testing.assert_allclose(harmonise(values * factor + shift, batches), harmonise(values, batches) * factor + shift)


def test_order_of_samples_features_and_names_of_batches_do_not_matter():
    values, batches = make_cohort(3)
    fixed = harmonise(values, batches)
    rows, columns = np.random.default_rng(3).permutation(len(values)), np.random.default_rng(4).permutation(values.shape[1])
    np.testing.assert_allclose(harmonise(values[np.ix_(rows, columns)], batches[rows]), fixed[np.ix_(rows, columns)])
    renamed = np.array([{"p": "z", "q": "é", "r": "1"}[batch] for batch in batches])
    np.testing.assert_allclose(harmonise(values, renamed), fixed)


@pytest.mark.parametrize("reference", [None, "one"])
def test_single_batch_is_unchanged(reference):
    values, _ = make_cohort(5)
    np.testing.assert_array_equal(harmonise(values, ["one"] * len(values), reference=reference), values)


def test_reference_batch_is_unchanged():
    values, batches = make_cohort(6)
    is_reference = batches == "q"
    fixed = harmonise(values, batches, reference="q")
    np.testing.assert_array_equal(fixed[is_reference], values[is_reference])
    assert np.abs(fixed[~is_reference] - values[~is_reference]).min() > 0


def test_covariate_effect_is_kept_only_when_declared():
    """Sexes differ by 2, and nine in ten samples of one batch have the same sex."""
    rng = np.random.default_rng(7)
    batches = np.repeat(["p", "q"], 40)
    is_male = (rng.random(80) < np.where(batches == "p", 0.9, 0.1)).astype(float)
    values = rng.normal(size=(80, 200)) + 2 * is_male[:, None] + (batches == "q")[:, None]

    def measure_effect(table):
        return (table[is_male == 1].mean(axis=0) - table[is_male == 0].mean(axis=0)).mean()

    assert measure_effect(harmonise(values, batches, is_male[:, None])) == pytest.approx(2, abs=0.15)
    assert measure_effect(harmonise(values, batches)) < 1


def detect_leak(transform) -> bool:
    """Whether transformed training samples change with the test samples."""
    values, batches = make_cohort(8)
    train = np.arange(len(values)) < 60
    first = transform(values, batches, train)
    changed = values.copy()
    changed[~train] += 3
    return not np.array_equal(first[train], transform(changed, batches, train)[train])


def test_test_samples_do_not_change_training_samples():
    def harmonise_honestly(values, batches, train):
        return combat.apply(values, batches, None, combat.fit(values[train], batches[train]))

    def harmonise_with_leak(values, batches, train):
        return combat.apply(values, batches, None, combat.fit(values, batches))

    assert not detect_leak(harmonise_honestly)
    assert detect_leak(harmonise_with_leak), "the test must be able to see a leak"


def test_result_of_a_sample_ignores_its_companions():
    values, batches = make_cohort(9)
    fitted = combat.fit(values[:60], batches[:60])
    together = combat.apply(values[60:], batches[60:], None, fitted)
    for i in range(60, 65):
        np.testing.assert_array_equal(combat.apply(values[i : i + 1], batches[i : i + 1], None, fitted)[0], together[i - 60])


@pytest.mark.parametrize("case", HOW)
def test_fit_survives_a_file_round_trip(tmp_path, case):
    covariates, reference = HOW[case]
    fitted = combat.fit(reference_data(), BATCHES, covariates, reference)
    with h5py.File(tmp_path / "fitted.h5", "w") as handle:
        anndata.io.write_elem(handle, "fold0", fitted)
    with h5py.File(tmp_path / "fitted.h5") as handle:
        again = anndata.io.read_elem(handle["fold0"])
    np.testing.assert_array_equal(
        *(combat.apply(reference_data(), BATCHES, covariates, restored) for restored in (again, fitted))
    )


def test_zero_features_are_accepted():
    assert harmonise(reference_data()[:, :0], BATCHES).shape == (12, 0)


def test_float32_is_kept_and_can_be_changed_in_place():
    values, batches = make_cohort(10)
    small = values.astype(np.float32)
    fitted = combat.fit(small, batches)
    fixed = combat.apply(small, batches, None, fitted)
    assert fixed.dtype == np.float32
    np.testing.assert_allclose(fixed, harmonise(small.astype(np.float64), batches), rtol=1e-6, atol=1e-6)
    assert combat.apply(small, batches, None, fitted, out=small) is small
    np.testing.assert_array_equal(small, fixed)


class TestMissing:
    def test_missing_value_stays_missing_and_present_values_stay(self):
        values, batches = make_cohort(11)
        values[np.random.default_rng(1).random(values.shape) < 0.1] = np.nan
        fixed = harmonise(values, batches, np.linspace(0, 1, len(values)))
        np.testing.assert_array_equal(np.isnan(fixed), np.isnan(values))

    @pytest.mark.parametrize("covariates", [None, "sex"])
    def test_sample_without_values_is_ignored(self, covariates):
        values, batches = make_cohort(12)
        known = None if covariates is None else np.sin(np.arange(len(values)))
        without = values.copy()
        without[:5] = np.nan
        fitted = combat.fit(without, batches, known, "q")
        fewer = combat.fit(values[5:], batches[5:], None if known is None else known[5:], "q")
        for key in ("gamma", "delta", "grand", "deviation", "effect"):
            np.testing.assert_allclose(fitted[key], fewer[key], rtol=1e-8, atol=1e-10)

    def test_few_missing_values_hardly_matter(self):
        values, batches = make_cohort(13)
        holes = values.copy()
        holes[3, ::2] = np.nan
        change = np.abs(harmonise(holes, batches) - harmonise(values, batches))
        assert np.nanmax(change) < 0.5 and np.nanmean(change[:, 1::2]) < 0.01

    def test_feature_missing_in_a_batch_is_unchanged(self):
        values, batches = make_cohort(14)
        values[batches == "q", 5] = np.nan
        values[np.flatnonzero(batches == "p")[1:], 6] = np.nan
        fitted = combat.fit(values, batches)
        assert set(np.flatnonzero(~fitted["adjusted"])) == {5, 6}
        np.testing.assert_array_equal(combat.apply(values, batches, None, fitted)[:, 5:7], values[:, 5:7])


def test_feature_explained_by_covariates_is_unchanged():
    values = np.hstack([reference_data(), 3 + 2 * MALE])
    fitted = combat.fit(values, BATCHES, MALE)
    assert fitted["adjusted"].tolist() == [True] * 5 + [False]
    np.testing.assert_array_equal(combat.apply(values, BATCHES, MALE, fitted)[:, 5], values[:, 5])


@pytest.mark.parametrize("covariates", [None, MALE])
def test_feature_constant_in_a_batch_is_unchanged(covariates):
    values = np.hstack([reference_data(), np.full((12, 1), 0.1), reference_data()[:, :1]])
    values[BATCHES == "c", 6] = 0.3
    fitted = combat.fit(values, BATCHES, covariates)
    assert fitted["adjusted"].tolist() == [True] * 5 + [False] * 2
    fixed = combat.apply(values, BATCHES, covariates, fitted)
    np.testing.assert_array_equal(fixed[:, 5:], values[:, 5:])
    np.testing.assert_allclose(
        fixed[:, :5], harmonise(reference_data(), BATCHES, covariates), err_msg="nor does it weigh on others"
    )


def test_single_feature_is_not_shrunk():
    values, batches = make_cohort(15, features=1)
    fixed = harmonise(values, batches)
    means = [fixed[batches == batch].mean() for batch in "pqr"]
    np.testing.assert_allclose(means, values.mean())


class TestRefused:
    def test_batch_of_one_sample(self):
        with pytest.raises(InputError, match="batch 'c' has one sample .* merge it"):
            combat.fit(reference_data()[[0, 1, 2, 3, 4]], BATCHES[:5])

    def test_unknown_batch(self):
        fitted = combat.fit(reference_data(), BATCHES)
        with pytest.raises(InputError, match=r"batch 'd' \(2 samples\) is absent from .* \(a, b, c\)"):
            combat.apply(reference_data()[:3], ["d", "a", "d"], None, fitted)

    def test_unknown_reference_batch(self):
        with pytest.raises(InputError, match=r"reference: 'z' is not one of the batches .*\(a, b, c\)"):
            combat.fit(reference_data(), BATCHES, reference="z")

    @pytest.mark.parametrize("column", [(BATCHES == "a") * 1.0, np.ones(12), (BATCHES == "a") * 3.0 + (BATCHES == "b") + 2000])
    def test_covariate_confounded_with_batch(self, column):
        with pytest.raises(InputError, match="covariate centre is confounded with the batches"):
            combat.fit(reference_data(), BATCHES, np.column_stack([MALE, column]), names=["sex", "centre"])

    def test_duplicate_covariate(self):
        with pytest.raises(InputError, match="covariate 2 is confounded"):
            combat.fit(reference_data(), BATCHES, np.column_stack([MALE, 1 - MALE]))

    def test_fewer_samples_than_estimates(self):
        with pytest.raises(InputError, match="only 4 samples"):
            combat.fit(reference_data()[:4], ["a", "a", "b", "b"], np.array([[1, 3], [2, 1], [4, 1], [3, 2.0]]))

    def test_infinite_values(self):
        values = reference_data()
        values[3, 1] = -np.inf
        with pytest.raises(InputError, match="infinite"):
            combat.fit(values, BATCHES)

    def test_features_that_differ_from_the_fit(self):
        with pytest.raises(ValueError, match="4 features"):
            combat.apply(reference_data()[:, :4], BATCHES, None, combat.fit(reference_data(), BATCHES))


class TestDesign:
    table = pd.DataFrame({"sex": ["f", "m", "f", "m"], "age": ["31", "47.5", "60", "22"], "stage": ["1", "2", "1", "2"]})

    def test_values_become_columns_and_numbers_stay(self):
        fitted = combat.read_levels(self.table)
        assert combat.design_labels(fitted) == ["sex (m)", "age", "stage (2)"]
        np.testing.assert_array_equal(combat.build_design(self.table, fitted)[1], [1, 47.5, 1])

    def test_design_survives_a_file_round_trip(self, tmp_path):
        fitted = combat.read_levels(self.table)
        with h5py.File(tmp_path / "levels.h5", "w") as handle:
            anndata.io.write_elem(handle, "levels", fitted)
        with h5py.File(tmp_path / "levels.h5") as handle:
            again = anndata.io.read_elem(handle["levels"])
        np.testing.assert_array_equal(combat.build_design(self.table, again), combat.build_design(self.table, fitted))

    @pytest.mark.parametrize(
        ("column", "value", "message"),
        [
            ("sex", "x", r"covariate sex: 'x' \(1 samples\) is absent from .*\(f, m\)"),
            ("age", "old", "covariate age: 'old' is not a number"),
            ("sex", "", "covariate sex: sample 2 has no value"),
            ("age", None, "covariate age: sample 2 has no value"),
        ],
    )
    def test_value_absent_from_training(self, column, value, message):
        new = self.table.copy()
        new.loc[2, column] = value
        with pytest.raises(InputError, match=message):
            combat.build_design(new, combat.read_levels(self.table))

    def test_no_covariates(self):
        none = self.table[[]]
        assert combat.build_design(none, combat.read_levels(none)).shape == (4, 0)
