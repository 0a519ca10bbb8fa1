"""Missing cells and row weights beyond memory: the bits are those of the rows in memory."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from mixtura import DataError, GaussianMixture, ParameterError, dataset, select
from mixtura.data import arranging

pytestmark = pytest.mark.drawn(3, among="file")

N_ROWS, NAMES = 8_000, ("u", "v", "w")


def frame_of(seed, *, gaps=0.0, weights=None, dtype=np.float64):
    """Return rows of four clusters, some cells missing, some weighing nothing."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(4, 3)) * 5
    rows = centres[rng.integers(4, size=N_ROWS)] + rng.normal(size=(N_ROWS, 3))
    rows[rng.random(rows.shape) < gaps] = np.nan
    frame = pd.DataFrame(rows.astype(dtype), columns=list(NAMES))
    if weights == "whole":
        frame["n"] = rng.integers(0, 4, N_ROWS)
    elif weights == "small":
        frame["n"] = rng.choice([0.0, 1e-3, 7e-4], N_ROWS)
    elif weights == "any":
        frame["n"] = rng.exponential(size=N_ROWS) * 3
    return frame


def in_parts(frame, folder, group, bounds):
    for number, (start, stop) in enumerate(zip([0, *bounds], [*bounds, None], strict=True)):
        frame[start:stop].to_parquet(folder / f"{number}.parquet", row_group_size=group)
    return folder


def assert_same_fit(one, other):
    assert one.log_likelihood_ == other.log_likelihood_
    assert one.n_iter_ == other.n_iter_
    for name in ("weights_", "means_", "covariances_"):
        assert_array_equal(getattr(one, name), getattr(other, name))
    facts = [{**model.facts_, "seconds": 0} for model in (one, other)]
    assert facts[0] == facts[1]


@pytest.fixture(autouse=True)
def small_runs(monkeypatch):
    """Sort in many runs, which are merged in many steps."""
    monkeypatch.setattr(arranging, "RUN_CELLS", 3000)
    monkeypatch.setattr(arranging, "MERGED_CELLS", 2000)
    monkeypatch.setattr("mixtura.data.spool.CHUNK_CELLS", 4000)


@pytest.mark.parametrize(("group", "bounds"), [(500, [1, 7000]), (70, [])], ids=str)
@pytest.mark.parametrize(
    ("gaps", "weights", "dtype"),
    [
        (0.1, None, np.float32),
        (0.3, "any", np.float64),
        (0.0, "whole", np.float32),
        (0.0, "small", np.float64),
    ],
)
def test_a_fit_has_the_same_bits(tmp_path, group, bounds, gaps, weights, dtype):
    frame = frame_of(3, gaps=gaps, weights=weights, dtype=dtype)
    rows = frame[list(NAMES)]
    given = None if weights is None else frame["n"].to_numpy()
    model = GaussianMixture(4, missing="marginal", random_state=1)
    expected = GaussianMixture(4, missing="marginal", random_state=1)
    expected.fit(rows, sample_weight=given)
    folder = in_parts(frame, tmp_path, group, bounds)
    with dataset(folder, weights=None if given is None else "n", memory=10_000) as data:
        assert not data.is_in_memory
        assert data.names == NAMES
        assert_same_fit(model.fit(data), expected)
        assert_array_equal(model.predict_proba(data), expected.predict_proba(rows))
        for criterion in ("bic", "aic", "icl", "score"):
            own, other = getattr(model, criterion), getattr(expected, criterion)
            assert own(data) == other(rows, sample_weight=given)


@pytest.mark.parametrize("structure", ["EEV", "diag", "tied"])
@pytest.mark.parametrize("options", [{"engine": "serial"}, {"engine": "processes", "n_jobs": 2}])
def test_by_every_engine(tmp_path, structure, options):
    frame = frame_of(5, gaps=0.2, weights="any")
    asked = {"covariance_type": structure, "missing": "marginal", "random_state": 0}
    expected = GaussianMixture(3, n_jobs=8, **asked)
    expected.fit(frame[list(NAMES)], sample_weight=frame["n"])
    with dataset(in_parts(frame, tmp_path, 7000, [99]), weights="n", memory=0) as data:
        assert_same_fit(GaussianMixture(3, **asked, **options).fit(data), expected)


def test_a_search_too(tmp_path):
    frame = frame_of(7, gaps=0.1, weights="whole")
    asked = ([1, 4], ["VVV", "EII"])
    rows = frame[list(NAMES)]
    expected = select(rows, *asked, sample_weight=frame["n"], missing="marginal", random_state=0)
    with dataset(in_parts(frame, tmp_path, 7000, [99]), weights="n", memory=0) as data:
        found = select(data, *asked, missing="marginal", random_state=0)
    assert [one.row() | {"seconds": 0} for one in found.ranked] == [
        one.row() | {"seconds": 0} for one in expected.ranked
    ]


@pytest.mark.parametrize("gaps", [0.0, 0.1])
@pytest.mark.parametrize(
    "settings", [{}, {"noise_volume": 1e4}, {"covariance_type": "EII"}], ids=str
)
def test_noise_too(tmp_path, monkeypatch, gaps, settings):
    monkeypatch.setattr("mixtura.data.blocks.AT_ONCE", 1000)
    frame = frame_of(13, gaps=gaps, weights="any")
    asked = {"missing": "marginal", "noise": "uniform", "random_state": 0, **settings}
    expected = GaussianMixture(3, **asked)
    expected.fit(frame[list(NAMES)], sample_weight=frame["n"])
    with dataset(in_parts(frame, tmp_path, 7000, [99]), weights="n", memory=0) as data:
        assert_same_fit(GaussianMixture(3, **asked).fit(data), expected)
        found = select(data, [3], "EII", missing="marginal", noise="uniform", random_state=0)
    if settings == {"covariance_type": "EII"}:
        rows = frame[list(NAMES)]
        asked = {"missing": "marginal", "noise": "uniform", "random_state": 0}
        other = select(rows, [3], "EII", sample_weight=frame["n"], **asked)
        assert found.result.log_likelihood == other.result.log_likelihood


def test_weights_are_a_column_in_memory_too():
    frame = frame_of(9, weights="any")
    data = dataset(frame, weights="n")
    assert data.is_in_memory
    found = GaussianMixture(2, random_state=0).fit(data)
    expected = GaussianMixture(2, random_state=0).fit(frame[list(NAMES)], sample_weight=frame["n"])
    assert_same_fit(found, expected)
    assert found.bic(data) == expected.bic(frame[list(NAMES)], sample_weight=frame["n"])
    with pytest.raises(ParameterError, match="column of weights, and there is sample_weight too"):
        found.fit(data, sample_weight=frame["n"])
    some = dataset(frame, ["w", "u"], weights="n")
    assert some.names == ("w", "u")
    assert_array_equal(some.row_weights, frame["n"])


def test_row_weights_keep_their_digits_beside_single_precision():
    frame = frame_of(9, weights="any", dtype=np.float32)
    data = dataset(frame, weights="n")
    assert data.array().dtype == np.float32
    assert_array_equal(data.row_weights, frame["n"])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (-1.0, r"batch 0 .*: column 'n' of weights holds -1\.0 at row 7"),
        (np.inf, r"'n' of weights holds inf at row 7"),
        (np.nan, r"'n' of weights holds nan at row 7"),
    ],
)
def test_weights_that_are_none_are_named(value, words):
    frame = frame_of(9, weights="any")
    frame.loc[7, "n"] = value
    with pytest.raises(DataError, match=words):
        assert dataset(frame, weights="n").n_rows


def test_weights_that_cannot_be_are_told():
    frame = frame_of(9, weights="any").assign(n=0.0)
    with pytest.raises(DataError, match="'n' of weights is zero in every row"):
        assert dataset(frame, weights="n").n_rows
    with pytest.raises(DataError, match="no column 'z'"):
        assert dataset(frame, weights="z").n_rows
    with pytest.raises(ParameterError, match=r"'n' is one of columns= and that of weights"):
        dataset(frame, ["u", "n"], weights="n")
    with pytest.raises(ParameterError, match="weights= names columns, and the rows have no names"):
        assert dataset(frame.to_numpy(), weights="n").n_rows


def test_a_column_without_a_cell_that_counts_is_named(tmp_path):
    frame = frame_of(9, weights="whole")
    frame.loc[frame["n"] > 0, "v"] = np.nan
    with dataset(frame, weights="n", memory=0, cache=tmp_path) as data:
        with pytest.raises(DataError, match="column 'v' is missing in every row"):
            GaussianMixture(2, missing="marginal").fit(data)
        with pytest.raises(DataError, match="column 'v' is missing in every row"):
            select(data, [2], "VVV", missing="marginal")


def test_a_sample_counts_rows_by_their_weights():
    frame = frame_of(9, weights="any")
    with dataset(frame, weights="n", memory=0) as data:
        assert_array_equal(data.sample(50, 3), dataset(frame, weights="n").sample(50, 3))
