"""Counts, chances and amounts beyond memory: the bits are those of the rows in memory."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from mixtura import DataError, MultinomialMixture, ParameterError, dataset, select
from mixtura.estimators.named import estimator_of

pytestmark = pytest.mark.drawn(4, among="file")

N_ROWS, NAMES = 6000, ("u", "v", "w")
FAMILIES = ("poisson", "negative_binomial", "geometric", "gamma", "bernoulli", "multinomial")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Go over the rows in many blocks."""
    monkeypatch.setattr("mixtura.data.spool.CHUNK_CELLS", 4000)
    monkeypatch.setattr("mixtura.data.blocks.AT_ONCE", 1000)


def rows_of(family, seed=0, gaps=0.0):
    rng = np.random.default_rng(seed)
    sizes = np.array([[1.0, 4, 9], [8, 2, 1]])[rng.integers(2, size=N_ROWS)]
    if family == "bernoulli":
        rows = (rng.random(sizes.shape) < sizes / 10).astype(float)
    elif family == "gamma":
        rows = rng.gamma(3.0, sizes)
    elif family == "multinomial":
        rows = rng.poisson(2 * sizes).astype(float)
    else:
        rows = rng.negative_binomial(3.0, 3.0 / (3.0 + sizes)).astype(float)
    rows[rng.random(rows.shape) < gaps] = np.nan
    return rows


def in_parts(rows, folder, weights=None):
    frame = pd.DataFrame(rows, columns=list(NAMES))
    if weights is not None:
        frame["n"] = weights
    frame[:1234].to_parquet(folder / "0.parquet", row_group_size=77)
    frame[1234:].to_parquet(folder / "1.parquet", row_group_size=5000)
    return folder


def assert_same_fit(one, other):
    assert one.log_likelihood_ == other.log_likelihood_
    assert one.n_iter_ == other.n_iter_
    assert_array_equal(one.weights_, other.weights_)
    facts = [{**model.facts_, "seconds": 0} for model in (one, other)]
    assert facts[0] == facts[1]


def settings_of(family, gaps):
    asked = gaps and family not in ("bernoulli", "multinomial")
    return {"missing": "marginal"} if asked else {}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("weights", [None, "any"])
def test_a_fit_has_the_same_bits(tmp_path, family, weights):
    gaps = 0.0 if family == "multinomial" else 0.1
    rows = rows_of(family, 1, gaps)
    given = None if weights is None else np.random.default_rng(2).choice([0, 0.3, 1.7], N_ROWS)
    frame = pd.DataFrame(rows, columns=list(NAMES))
    settings = {**settings_of(family, gaps), "random_state": 0}
    expected = estimator_of(family)(2, **settings).fit(frame, sample_weight=given)
    folder = in_parts(rows, tmp_path, given)
    with dataset(folder, weights=None if given is None else "n", memory=1000) as data:
        assert not data.is_in_memory
        found = estimator_of(family)(2, **settings).fit(data)
        assert_same_fit(found, expected)
        assert_array_equal(found.predict_proba(data), expected.predict_proba(frame))
        assert found.bic(data) == expected.bic(frame, sample_weight=given)


@pytest.mark.parametrize("family", FAMILIES)
def test_noise_too(tmp_path, family):
    rows = rows_of(family, 3)
    asked = {"noise": "uniform", "random_state": 0}
    expected = estimator_of(family)(2, **asked).fit(pd.DataFrame(rows, columns=list(NAMES)))
    with dataset(in_parts(rows, tmp_path), memory=1000) as data:
        assert_same_fit(estimator_of(family)(2, **asked).fit(data), expected)


@pytest.mark.parametrize("options", [{"engine": "serial"}, {"engine": "processes", "n_jobs": 2}])
def test_by_every_engine(tmp_path, options):
    rows = np.tile(rows_of("poisson", 5), (4, 1))
    expected = estimator_of("poisson")(2, random_state=0, n_jobs=8).fit(rows)
    with dataset(np.array_split(rows, 7), memory=1000, cache=tmp_path) as data:
        assert_same_fit(estimator_of("poisson")(2, random_state=0, **options).fit(data), expected)


@pytest.mark.parametrize("family", ["poisson", "multinomial"])
def test_single_precision_is_read_as_double(tmp_path, family):
    rows = rows_of(family, 7)
    expected = estimator_of(family)(2, random_state=0).fit(rows)
    with dataset([rows.astype(np.float32)], memory=1000, cache=tmp_path) as data:
        assert_same_fit(estimator_of(family)(2, random_state=0).fit(data), expected)


def test_a_search_too(tmp_path):
    rows = pd.DataFrame(rows_of("poisson", 9), columns=list(NAMES))
    expected = select(rows, [1, 2], family="poisson", random_state=0)
    with dataset(in_parts(rows, tmp_path), memory=1000) as data:
        found = select(data, [1, 2], family="poisson", random_state=0)
    assert [one.row() | {"seconds": 0} for one in found.ranked] == [
        one.row() | {"seconds": 0} for one in expected.ranked
    ]


@pytest.mark.parametrize(
    ("family", "cell", "words"),
    [
        ("poisson", -1.0, "column 'v'"),
        ("poisson", 0.5, "column 'v'"),
        ("gamma", 0.0, "column 'v'"),
        ("bernoulli", 2.0, "column 'v'"),
        ("multinomial", np.nan, "column 'v'"),
        ("geometric", np.nan, "column 'v'"),
    ],
)
def test_cells_that_are_none_are_named(tmp_path, family, cell, words):
    rows = rows_of(family)
    rows[4321, 1] = cell
    with (
        dataset(in_parts(rows, tmp_path), memory=1000) as data,
        pytest.raises(DataError, match=rf"of the part from row \d+ on: .*{words}"),
    ):
        estimator_of(family)(2).fit(data)


def test_what_has_no_room_is_refused(tmp_path):
    with (
        dataset(in_parts(rows_of("poisson"), tmp_path), memory=1000) as data,
        pytest.raises(ParameterError, match="leave responsibilities_init out"),
    ):
        estimator_of("poisson")(2, responsibilities_init=np.full((N_ROWS, 2), 0.5)).fit(data)


def test_totals_that_do_not_tell_components_apart_are_seen(tmp_path):
    rows = np.eye(3)[np.random.default_rng(0).integers(3, size=N_ROWS)]
    with (
        dataset(in_parts(rows, tmp_path), memory=1000) as data,
        pytest.raises(ValueError, match="one draw at the most"),
    ):
        MultinomialMixture(2).fit(data)
