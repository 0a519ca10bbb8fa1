"""A mixture for each group is what the group's rows alone say, however the data are cut."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from mixtura import GaussianMixture, MixedMixture, PoissonMixture, fit_by
from mixtura.em.stopping import Ending
from mixtura.errors import DataError, ParameterError
from mixtura.grouped import compiled
from mixtura.native.updates import CODES

GROUPS, ROWS, COLUMNS = 12, 80, 3


def groups_of(seed, n_groups=GROUPS, n_rows=ROWS, size=2):
    """Return rows (G, n, 3) of groups, each of Gaussian clusters of its own."""
    rng = np.random.default_rng(seed)
    means = rng.normal(0, 3, (n_groups, size, COLUMNS))
    labels = rng.integers(0, size, (n_groups, n_rows))
    spread = rng.normal(0, 0.6, (n_groups, COLUMNS, COLUMNS)) + np.eye(COLUMNS)
    noise = np.einsum("gij,gnj->gni", spread, rng.normal(size=(n_groups, n_rows, COLUMNS)))
    return np.take_along_axis(means, labels[..., None], 1) + noise


def named(groups):
    """Return groups as a frame of columns x, y, z, and the store that each row is of."""
    frame = pd.DataFrame(groups.reshape(-1, COLUMNS), columns=list("xyz"))
    frame["store"] = np.repeat([f"store {g:02}" for g in range(len(groups))], groups.shape[1])
    return frame


def numbers_of(fits):
    """Return all numbers of all components."""
    return [row["value"] for row in fits.components()]


def covariances_of(mixture):
    """Return the covariances (K, D, D) by the mixture's own table."""
    found, names = np.zeros((mixture.n_components, COLUMNS, COLUMNS)), list(mixture.columns)
    for row in mixture.table():
        if row["parameter"] == "covariance":
            i, j = names.index(row["column"]), names.index(row["level"])
            k = int(row["component"])
            found[k, i, j] = found[k, j, i] = row["value"]
    return found


@pytest.fixture(scope="module")
def groups():
    return groups_of(1)


@pytest.fixture(scope="module")
def fits(groups):
    return fit_by(GaussianMixture(2, random_state=0), named(groups), "store")


def test_the_log_likelihood_of_a_group_is_that_of_the_densities_of_scipy(groups, fits):
    for rows, group, told in zip(groups, fits, fits.log_likelihood, strict=True):
        mixture = fits[group]
        logs = [
            np.log(weight) + multivariate_normal(mean, covariance).logpdf(rows)
            for weight, mean, covariance in zip(
                mixture.weights, mixture.parameters.means, covariances_of(mixture), strict=True
            )
        ]
        np.testing.assert_allclose(logsumexp(logs, axis=0).sum(), told, rtol=1e-11)


def test_a_step_of_em_by_plain_numpy_gains_nothing(groups, fits):
    for rows, group in zip(groups, fits, strict=True):
        mixture = fits[group]
        shares = mixture.responsibilities(pd.DataFrame(rows, columns=list("xyz")))
        counts = shares.sum(axis=0)
        means = shares.T @ rows / counts[:, None]
        after = [
            np.log(counts[k] / len(rows))
            + multivariate_normal(means[k], np.cov(rows.T, aweights=shares[:, k], ddof=0)).logpdf(
                rows
            )
            for k in range(2)
        ]
        gained = (
            logsumexp(after, axis=0).sum()
            - mixture.log_density(pd.DataFrame(rows, columns=list("xyz"))).sum()
        )
        assert -1e-9 < gained < 1e-3


@pytest.mark.parametrize("code", CODES)
def test_a_group_ends_where_the_estimator_does_that_begins_there(code):
    rows = groups_of(3, 4)
    found = fit_by(GaussianMixture(2, covariance_type=code, random_state=0), named(rows), "store")
    assert found.trusted.all()
    for own, group, told in zip(rows, found, found.log_likelihood, strict=True):
        shares = found[group].responsibilities(pd.DataFrame(own, columns=list("xyz")))
        alone = GaussianMixture(2, covariance_type=code, responsibilities_init=shares).fit(own)
        assert abs(alone.log_likelihood_ - told) < 5e-3


def test_on_new_problems_hardly_a_group_ends_below_the_whole_search():
    rows = groups_of(5, 25)
    quick, whole = (
        fit_by(GaussianMixture(2, n_init=n, random_state=0), named(rows), "store", thorough=n == 1)
        for n in (4, 1)
    )
    below = quick.log_likelihood < whole.log_likelihood - 0.05
    assert below.mean() < 0.15
    # Ends are reached within a thousandth of a nat.
    assert (quick.log_likelihood < whole.log_likelihood + 5e-3).mean() > 0.95


def test_a_group_has_the_same_bits_alone_and_among_others_by_any_threads(groups, fits):
    frame = named(groups)
    for engine, n_jobs in (("serial", None), ("threads", 3)):
        again = fit_by(
            GaussianMixture(2, random_state=0, engine=engine, n_jobs=n_jobs), frame, "store"
        )
        assert numbers_of(again) == numbers_of(fits)
    alone = fit_by(GaussianMixture(2, random_state=0), frame[frame.store == "store 07"], "store")
    assert alone["store 07"].table() == fits["store 07"].table()


def test_calls_of_compiled_code_are_cut_anywhere(groups, fits, monkeypatch):
    monkeypatch.setattr("mixtura.grouped.fitting.ROWS_AT_ONCE", 100)
    again = fit_by(GaussianMixture(2, random_state=0), named(groups), "store")
    assert numbers_of(again) == numbers_of(fits)


def test_groups_may_lie_in_any_order(groups, fits):
    frame = named(groups)
    rng = np.random.default_rng(2)
    # Rows of a group stay in their order.
    mixed = frame.iloc[np.argsort(rng.random(GROUPS)[np.arange(len(frame)) // ROWS], kind="stable")]
    riffled = frame.iloc[np.arange(len(frame)).reshape(GROUPS, ROWS).T.ravel()]
    for other in (mixed, riffled):
        again = fit_by(GaussianMixture(2, random_state=0), other, "store")
        assert numbers_of(again) == numbers_of(fits)


@pytest.mark.parametrize("thorough", [False, True])
def test_how_an_array_lies_in_memory_changes_no_bit(thorough):
    rng = np.random.default_rng(5)
    rows, names = rng.normal(size=(60, 3)), rng.integers(3, size=60)
    rows[0] *= 1e7
    made = GaussianMixture(2, covariance_type="EVE", max_iter=5, random_state=0)
    found = fit_by(made, rows, names, thorough=thorough)
    for other in (np.asfortranarray(rows), np.repeat(rows, 2, axis=0)[::2]):
        again = fit_by(made, other, names, thorough=thorough)
        np.testing.assert_array_equal(numbers_of(again), numbers_of(found))


def test_rows_of_a_group_may_stand_in_any_order(groups, fits):
    shuffled = named(groups).sample(frac=1, random_state=3)
    again = fit_by(GaussianMixture(2, random_state=0), shuffled, "store")
    np.testing.assert_allclose(numbers_of(again), numbers_of(fits), rtol=1e-4, atol=1e-4)


def test_files_are_read_in_parts_and_put_in_order_on_disk(groups, fits, tmp_path):
    riffled = named(groups).iloc[np.arange(GROUPS * ROWS).reshape(GROUPS, ROWS).T.ravel()]
    table = pa.Table.from_pandas(riffled, preserve_index=False)
    for part, start in enumerate(range(0, len(riffled), 250)):
        pq.write_table(table.slice(start, 250), tmp_path / f"{part}.parquet")
    for memory in (0, None):
        again = fit_by(
            GaussianMixture(2, random_state=0), tmp_path, "store", memory=memory, cache=tmp_path
        )
        assert again.groups == fits.groups
        assert numbers_of(again) == numbers_of(fits)
    # The file in the cache went with the rows.
    assert {path.suffix for path in tmp_path.iterdir()} == {".parquet"}


def test_groups_that_cannot_be_fitted_are_told_of_and_not_lost():
    rows = groups_of(4, 4)
    rows[1, :, 2] = 7.5
    rows[2, 4:] = rows[2, 0]
    frame = named(rows)
    fits = fit_by(GaussianMixture(2, random_state=0), frame, "store")
    assert fits.n_rows.tolist() == [ROWS] * 4
    assert fits.trusted.tolist() == [True, False, False, True]
    assert "store 01" not in fits
    assert "one value in column(s) 'z'" in fits.notes[1]
    assert fits.notes[2].startswith("4 distinct rows, and 2 components")
    with pytest.raises(ParameterError, match="'store 01' has no mixture: all rows hold one value"):
        fits["store 01"]
    with pytest.raises(DataError, match="'store 01' has no mixture"):
        fits.predict(frame)
    assert [row["trusted"] for row in fits.table()] == fits.trusted.tolist()
    assert "store 01: all rows hold one value" in fits.summary()


def test_a_component_on_too_few_rows_is_not_trusted():
    rng = np.random.default_rng(1)
    rows = np.concatenate([rng.normal(size=(60, 3)), rng.normal(1e4, 1, (4, 3))])
    fits = fit_by(GaussianMixture(2, random_state=0), rows, ["only"] * 64)
    sizes = rows.shape[0] * fits["only"].weights
    assert bool(fits.trusted[0]) == (sizes.min() > 5)


@pytest.mark.parametrize(("scale", "shift"), [(2.0**-20, 0.0), (2.0**10, 1e7), (2.0**90, 0.0)])
def test_far_from_zero_and_in_any_units_a_group_is_fitted_as_it_is(scale, shift):
    # Clusters so far apart that there is one end.
    rows = groups_of(6, 6) + np.where(np.arange(ROWS) % 2, 40.0, 0.0)[:, None]
    plain, moved = (
        fit_by(GaussianMixture(2, random_state=0), named(own), "store")
        for own in (rows, rows * scale + shift)
    )
    expected = plain.log_likelihood - ROWS * COLUMNS * np.log(scale)
    np.testing.assert_allclose(moved.log_likelihood, expected, rtol=0, atol=0.02)
    assert moved.trusted.all()


def test_a_limit_that_no_fit_comes_near_takes_no_room(groups, fits):
    estimator = GaussianMixture(2, max_iter=10**15, random_state=0)
    assert numbers_of(fit_by(estimator, named(groups), "store")) == numbers_of(fits)


def test_components_are_no_narrower_than_values_step(groups):
    rounded = named(np.round(groups, 0))
    fits = fit_by(GaussianMixture(3, random_state=0), rounded, "store")
    variances = [
        row["value"]
        for row in fits.components()
        if row["parameter"] == "covariance" and row["column"] == row["level"]
    ]
    assert min(variances) > 1 / 12 - 1e-9


def test_large_groups_are_fitted_as_any_rows_are(groups, monkeypatch):
    monkeypatch.setattr(compiled, "MOST_ROWS", ROWS - 1)
    found = fit_by(GaussianMixture(2, random_state=0), named(groups[:2]), "store")
    whole = fit_by(GaussianMixture(2, random_state=0), named(groups[:2]), "store", thorough=True)
    np.testing.assert_allclose(numbers_of(found), numbers_of(whole), rtol=1e-12)
    assert found.log_likelihood.tolist() == whole.log_likelihood.tolist()


def test_what_is_thorough_is_each_fit_alone(groups):
    estimator = GaussianMixture(2, random_state=7)
    fits = fit_by(estimator, named(groups[:3]), "store", thorough=True)
    seed = int(np.random.RandomState(7).randint(2**31 - 1))
    for rows, told, group in zip(groups, fits.log_likelihood, fits, strict=False):
        alone = GaussianMixture(2, random_state=seed).fit(rows)
        assert alone.log_likelihood_ == told
        assert (alone.means_ == fits[group].parameters.means).all()
    assert not hasattr(estimator, "mixture_")


def test_a_group_that_stops_at_the_limit_says_so_and_does_not_warn(groups, recwarn):
    estimator = PoissonMixture(2, max_iter=1, random_state=0)
    fits = fit_by(estimator, np.round(10 * np.abs(groups[:2]).reshape(-1, COLUMNS)), [1, 2] * ROWS)
    assert not len(recwarn)
    assert not fits.converged.any()
    assert all("stopped at the iteration limit" in fits.notes[g] for g in (0, 1))


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("size", [2, 3])
def test_the_likelihood_at_a_limit_is_that_of_the_mixture_it_leaves(code, size):
    rng = np.random.default_rng(3)
    rows, names = rng.normal(size=(240, 2)), rng.integers(4, size=240)
    for limit in (1, 2, 5):
        model = GaussianMixture(size, covariance_type=code, max_iter=limit, random_state=0)
        fits = fit_by(model, rows, by=names)
        for g, mixture in enumerate(fits.mixtures):
            total = mixture.log_density(rows[names == g]).sum()
            assert total == pytest.approx(fits.log_likelihood[g], rel=1e-9)


def test_an_interrupt_within_a_group_ends_all_groups(groups, monkeypatch):
    fit = GaussianMixture.fit

    def interrupted(self, *given):
        fit(self, *given)
        self._result = replace(self._result, ending=Ending.INTERRUPTED)
        return self

    monkeypatch.setattr(GaussianMixture, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit_by(GaussianMixture(2, n_jobs=1), named(groups[:3]), "store", thorough=True)


def test_other_families_are_fitted_by_group_too():
    rng = np.random.default_rng(0)
    counts = pd.DataFrame({"a": rng.poisson(3, 90), "b": rng.poisson(9, 90), "g": [1, 2, 3] * 30})
    fits = fit_by(PoissonMixture(2, random_state=1), counts, "g")
    seed = int(np.random.RandomState(1).randint(2**31 - 1))
    for group in (1, 2, 3):
        alone = PoissonMixture(2, random_state=seed).fit(counts[counts.g == group][["a", "b"]])
        assert fits[group].table() == alone.mixture_.table()
    assert len(fits.components()) == 3 * 2 * 3


def test_rows_are_answered_by_the_mixture_of_their_group(groups, fits):
    frame = named(groups).sample(frac=1, random_state=1)
    labels, density = fits.predict(frame), fits.score_samples(frame)
    for group in fits:
        own = (frame["store"] == group).to_numpy()
        cells = frame.loc[own, list("xyz")]
        assert (labels[own] == fits[group].predict(cells)).all()
        assert (density[own] == fits[group].log_density(cells)).all()
    with pytest.raises(DataError, match="group 'elsewhere' has no mixture: the fit had no such"):
        fits.predict(frame.assign(store="elsewhere"))


def test_the_table_of_components_is_those_of_the_mixtures(fits):
    expected = [{"store": g, **row} for g in fits for row in fits[g].table()]
    found = fits.components()
    assert [{**row, "value": 0} for row in found] == [{**row, "value": 0} for row in expected]
    np.testing.assert_allclose(
        [row["value"] for row in found], [row["value"] for row in expected], rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize(
    ("data", "by", "error", "words"),
    [
        (np.zeros((4, 2)), ["a", None, "b", "b"], DataError, "row 1 .* has no group"),
        (np.array([[1.0, np.nan]] * 4), ["a"] * 4, DataError, "column 1"),
        (np.zeros((4, 2)), "store", ParameterError, "the rows have no names"),
        (np.zeros((4, 2)), ["a"] * 3, ParameterError, "each of the 4 rows"),
        (iter([np.zeros((4, 2))]), "store", DataError, "gives them once"),
        (pd.DataFrame({"store": ["a"] * 4}), "store", DataError, "no column to fit"),
        (pd.DataFrame({"x": [], "store": []}), "store", DataError, "there are no rows"),
        (pd.DataFrame({"x": ["a"], "store": ["b"]}), "store", DataError, "by columns= that name"),
    ],
)
def test_what_cannot_be_grouped_is_refused_in_words(data, by, error, words):
    with pytest.raises(error, match=words):
        fit_by(GaussianMixture(2), data, by)


def test_the_column_of_groups_is_none_to_fit(groups):
    with pytest.raises(ParameterError, match="columns names 'store'"):
        fit_by(GaussianMixture(2), named(groups), "store", ["x", "store"])


@pytest.mark.parametrize(
    ("estimator", "words"),
    [
        (GaussianMixture(2, missing="model"), "missing should be one of"),
        (GaussianMixture(2, prior="strong"), "prior should be"),
        (MixedMixture(2, blocks=[0]), "blocks should be a dict"),
    ],
)
def test_a_setting_that_no_group_can_be_fitted_by_is_refused(groups, estimator, words):
    with pytest.raises(ParameterError, match=words):
        fit_by(estimator, named(groups[:3]), "store")


def test_rows_with_missing_cells_are_answered_as_they_were_fitted(groups):
    frame = named(groups[:2])
    frame.iloc[[3, 90], 1] = np.nan
    frame.iloc[5, :2] = np.nan
    fits = fit_by(GaussianMixture(2, missing="marginal", random_state=0), frame, "store")
    density = fits.score_samples(frame)
    sums = [density[frame["store"] == group].sum() for group in fits]
    np.testing.assert_allclose(sums, fits.log_likelihood, rtol=1e-9)


def test_rows_in_files_are_answered_where_they_stand(groups, fits, tmp_path):
    frame = named(groups).sample(frac=1, random_state=2)
    cuts = [0, 70, 71, len(frame)]
    for place, (first, last) in enumerate(pairwise(cuts)):
        frame[first:last].to_parquet(tmp_path / f"{place}.parquet")
    files = str(tmp_path / "*.parquet")
    assert (fits.predict(files) == fits.predict(frame)).all()
    assert (fits.score_samples(files) == fits.score_samples(frame)).all()
    # Columns go by their names, also where the files have others.
    turned = frame.assign(other=1.0)[["other", "z", "store", "y", "x"]]
    turned.to_parquet(tmp_path / "turned.parquet")
    assert (fits.predict(tmp_path / "turned.parquet") == fits.predict(frame)).all()


def test_no_rows_are_refused_and_lazy_frames_are_read(groups, fits):
    lazy = pl.from_pandas(named(groups)).lazy()
    assert numbers_of(fit_by(GaussianMixture(2, random_state=0), lazy, "store")) == numbers_of(fits)
    assert (fits.predict(lazy) == fits.predict(named(groups))).all()
    with pytest.raises(DataError, match="there are no rows"):
        fits.predict(named(groups)[:0])


def test_what_fits_by_group_is_an_estimator_of_mixtures():
    with pytest.raises(ParameterError, match=r"such as GaussianMixture\(2\), but got int"):
        fit_by(2, np.zeros((4, 2)), ["a"] * 4)


@pytest.mark.parametrize("frame", [True, False])
@pytest.mark.parametrize(
    "names",
    [(1, "a"), (("x", 1), ("y", 2)), (True, "yes"), (b"x", "x"), (2.5, "a"), (frozenset("x"), 1)],
)
def test_groups_named_by_anything_that_tells_them_apart_are_fitted(names, frame):
    rng = np.random.default_rng(0)
    rows, which = rng.normal(size=(80, 2)), rng.integers(0, 2, 80)
    by = np.empty(80, dtype=object)
    by[:] = [names[one] for one in which]
    data = pd.DataFrame(rows, columns=["x", "y"]).assign(by=by) if frame else rows
    found = fit_by(GaussianMixture(1), data, "by" if frame else by)
    plain = fit_by(GaussianMixture(1), rows, which)
    assert set(found.groups) == set(names)
    for one, name in enumerate(names):
        place = found.groups.index(name)
        assert found.log_likelihood[place] == plain.log_likelihood[one]


@pytest.mark.parametrize("frame", [True, False])
@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ([1], "lists"),
        ({}, "lists"),
        (pd.NA, "no group"),
        (pd.NaT, "no group"),
        (np.nan, "no group"),
        (np.float32("nan"), "no group"),
    ],
)
def test_cells_that_name_no_group_are_refused_in_words(cell, words, frame):
    by = np.empty(6, dtype=object)
    by[:] = ["a", "a", cell, "b", "b", cell]
    rows = np.random.default_rng(0).normal(size=(6, 2))
    data = pd.DataFrame(rows, columns=["x", "y"]).assign(by=by) if frame else rows
    with pytest.raises(DataError, match=words):
        fit_by(GaussianMixture(1), data, "by" if frame else by)
