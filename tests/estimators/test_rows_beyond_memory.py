"""A fit to rows beyond memory has the bits of a fit to the rows in memory."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal

from mixtura import (
    DataError,
    GaussianMixture,
    MixturaWarning,
    ParameterError,
    PoissonMixture,
    dataset,
    select,
)
from mixtura.data.arrays import ArrayRows
from mixtura.data.spool import SpooledRows

pytestmark = pytest.mark.drawn(3, among="file")

N_ROWS, NAMES = 30_000, ("u", "v", "w")


def clusters(dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(4, 3)) * 5
    rows = centres[rng.integers(4, size=N_ROWS)] + rng.normal(size=(N_ROWS, 3))
    return rows.astype(dtype)


def written(folder, rows, group):
    for number, part in enumerate(np.array_split(rows, 3)):
        table = pa.table({name: part[:, j] for j, name in enumerate(NAMES)})
        pq.write_table(table, folder / f"{number}.parquet", row_group_size=group)
    return folder


def assert_same_fit(one, other):
    assert one.log_likelihood_ == other.log_likelihood_
    assert one.n_iter_ == other.n_iter_
    for name in ("weights_", "means_", "covariances_"):
        assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("group", [500, 30_000])
@pytest.mark.parametrize(
    ("structure", "dtype"), [("full", np.float32), ("EEV", np.float64), ("diag", np.float32)]
)
def test_a_fit_has_the_same_bits(tmp_path, structure, dtype, group):
    rows = clusters(dtype)
    model = GaussianMixture(4, covariance_type=structure, random_state=1)
    expected = GaussianMixture(4, covariance_type=structure, random_state=1).fit(rows)
    with dataset(written(tmp_path, rows, group), memory=10_000) as data:
        model.fit(data)
        assert_same_fit(model, expected)
        assert tuple(model.feature_names_in_) == NAMES
        assert_array_equal(model.predict(data), expected.predict(rows))
        assert_array_equal(model.predict_proba(data), expected.predict_proba(rows))
        assert_array_equal(model.score_samples(data), expected.score_samples(rows))
        assert model.score(data) == expected.score(rows)
        for criterion in ("bic", "aic", "icl"):
            assert getattr(model, criterion)(data) == getattr(expected, criterion)(rows)


@pytest.mark.parametrize("options", [{"engine": "serial"}, {"engine": "processes", "n_jobs": 2}])
def test_by_every_engine(tmp_path, options):
    rows = clusters(np.float32)
    expected = GaussianMixture(4, random_state=0, n_jobs=8).fit(rows)
    with dataset(written(tmp_path, rows, 7000), memory=0) as data:
        assert_same_fit(GaussianMixture(4, random_state=0, **options).fit(data), expected)


def test_a_search_too(tmp_path):
    rows = clusters()
    asked = (range(1, 6), ["VVV", "EII"])
    expected = select(rows, *asked, random_state=0)
    with dataset(written(tmp_path, rows, 7000), memory=0) as data:
        found = select(data, *asked, random_state=0)
    assert [one.row() | {"seconds": 0} for one in found.ranked] == [
        one.row() | {"seconds": 0} for one in expected.ranked
    ]
    assert found.result.mixture.columns == NAMES


def test_no_more_than_some_rows_are_in_memory_at_once(tmp_path, monkeypatch):
    sizes, block = [], SpooledRows.block

    def watched(self, start, stop):
        sizes.append(stop - start)
        return block(self, start, stop)

    monkeypatch.setattr(SpooledRows, "block", watched)
    rows = np.tile(clusters(), (20, 1)) + np.random.default_rng(0).normal(size=(20 * N_ROWS, 3))
    with dataset(written(tmp_path, rows, 70_000), memory=0) as data:
        model = GaussianMixture(4, random_state=0, n_init=1, tol=0.1).fit(data)
        model.predict(data)
        model.bic(data)
    assert max(sizes) * 3 * 8 <= 8 << 20 < rows.nbytes


def test_a_start_that_is_given_whole(tmp_path):
    rows = clusters()
    start = {
        "weights_init": np.full(4, 0.25),
        "means_init": rows[:4],
        "precisions_init": np.tile(np.eye(3), (4, 1, 1)),
    }
    expected = GaussianMixture(4, **start).fit(rows)
    with dataset(written(tmp_path, rows, 7000), memory=0) as data:
        assert_same_fit(GaussianMixture(4, **start).fit(data), expected)
        again = GaussianMixture(4, warm_start=True, **start).fit(data)
        assert again.fit(data).n_iter_ < expected.n_iter_


def test_rows_in_memory_are_for_every_estimator(tmp_path):
    rows = np.random.default_rng(0).poisson([3, 5, 9], size=(N_ROWS, 3)).astype(np.float64)
    with dataset(written(tmp_path, rows, 7000)) as data:
        found = PoissonMixture(2, random_state=0).fit(data)
        expected = PoissonMixture(2, random_state=0).fit(rows)
        assert found.log_likelihood_ == expected.log_likelihood_
    with dataset(tmp_path, memory=10_000) as data:
        assert_array_equal(found.predict(data), expected.predict(rows))
        with pytest.raises(DataError, match=r"30,000 rows of 720,000 bytes, more than the 10,000"):
            np.asarray(data)


@pytest.mark.parametrize(
    ("settings", "given", "words"),
    [
        ({}, {"y": np.zeros(N_ROWS)}, "name of the column that holds it"),
        ({}, {"sample_weight": np.ones(N_ROWS)}, "sample_weight is not taken"),
        ({"init_params": "kmeans"}, {}, "init_params='auto'"),
        ({"means_init": np.zeros((4, 3))}, {}, "init_params='auto'"),
        ({"responsibilities_init": np.full((N_ROWS, 4), 0.25)}, {}, "init_params='auto'"),
    ],
)
def test_what_rows_beyond_memory_cannot_have_is_refused(tmp_path, settings, given, words):
    with (
        dataset(written(tmp_path, clusters(), 7000), memory=0) as data,
        pytest.raises(ParameterError, match=words),
    ):
        GaussianMixture(4, **settings).fit(data, **given)


def test_missing_cells_and_columns_of_one_value_are_named(tmp_path):
    rows = clusters()
    rows[777, 1] = np.nan
    with (
        dataset(written(tmp_path, rows, 7000), memory=0) as data,
        pytest.raises(DataError, match=r"'v' holds 1 missing cell\. .*missing='marginal'"),
    ):
        GaussianMixture(4).fit(data)
    rows[:, 1] = 5
    with (
        dataset(written(tmp_path, rows, 7000), memory=0) as data,
        pytest.raises(DataError, match="'v': all rows hold one value"),
    ):
        GaussianMixture(4).fit(data)


def test_other_columns_than_fitted_are_refused(tmp_path):
    model = GaussianMixture(2, random_state=0).fit(clusters())
    with (
        dataset(written(tmp_path, clusters(), 7000), memory=0) as data,
        pytest.warns(UserWarning, match="feature names"),
    ):
        model.predict(data)
    (tmp_path / "other").mkdir()
    with dataset([clusters()[:, :2]], memory=0) as data, pytest.raises(DataError, match="2 feat"):
        model.predict(data)


def test_the_rows_are_read_once(tmp_path, monkeypatch):
    parts, asked = np.array_split(clusters(), 4), []

    def opened():
        asked.append(1)
        return iter(parts)

    with dataset(opened, memory=0) as data:
        GaussianMixture(2, random_state=0).fit(data).predict(data)
        GaussianMixture(3, random_state=0).fit(data)
    assert len(asked) == 1


def test_the_sample_of_the_starts_is_that_of_the_rows_in_memory(tmp_path):
    rows = clusters()
    with dataset(written(tmp_path, rows, 7000), memory=0) as data:
        found, expected = data.rows.subsample(2000, 9), ArrayRows(rows).subsample(2000, 9)
    assert_array_equal(found[0], expected[0])


def test_a_column_of_one_value_is_dropped_as_in_memory():
    rows = np.insert(np.random.default_rng(0).normal(size=(500, 2)), 1, 3.0, axis=1)
    rows[7, 0] = np.nan
    asked = {"constant": "drop", "missing": "marginal", "random_state": 0}
    with dataset(rows, memory=100) as data:
        found, expected = [], []
        for where, X in ((found, data), (expected, rows)):
            with pytest.warns(MixturaWarning, match="column 1: all rows hold one value"):
                where.append(GaussianMixture(2, **asked).fit(X))
            with pytest.warns(MixturaWarning, match="column 1"):
                where.append(select(X, [1, 2], "VVV", **asked).result)
        assert_same_fit(found[0], expected[0])
        assert_array_equal(found[0].kept_columns_, [0, 2])
        assert found[1].log_likelihood == expected[1].log_likelihood
        assert_array_equal(found[0].predict(data), expected[0].predict(rows))
