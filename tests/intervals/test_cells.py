"""What a user may say of intervals, and what is said of what is none."""

import numpy as np
import pytest

from mixtura import DataError, IntervalGaussianMixture
from mixtura.intervals.cells import intervals_of

pandas = pytest.importorskip("pandas")
MODEL = IntervalGaussianMixture()


def read(X, upper=None):
    return intervals_of(X, upper, MODEL)


def test_ends_are_arrays_or_frames_side_by_side():
    low, high = np.array([[0.0, -np.inf], [np.nan, 2.0]]), np.array([[1.0, 3.0], [5.0, np.nan]])
    found = read(low, high)
    np.testing.assert_array_equal(found.low, [[0, -np.inf], [-np.inf, 2]])
    np.testing.assert_array_equal(found.high, [[1, 3], [5, np.inf]])
    frames = pandas.DataFrame(low, columns=["a", "b"]), pandas.DataFrame(high, columns=["c", "d"])
    named = read(*frames)
    assert named.names == ("a", "b")
    np.testing.assert_array_equal(named.high, found.high)
    turned = pandas.DataFrame(high[:, ::-1], columns=["b", "a"])
    np.testing.assert_array_equal(read(frames[0], turned).high, found.high)


def test_without_upper_ends_cells_are_known_or_missing():
    found = read(np.array([[1.0], [np.nan]]))
    assert found.exact.tolist() == [[True], [False]]
    assert found.missing.tolist() == [[False], [True]]
    assert not found.has_intervals


def test_intervals_of_pandas_have_ends_of_their_own():
    ages = pandas.Series([3.0, 17.0, 44.0, np.nan])
    frame = pandas.DataFrame(
        {
            "cut": pandas.cut(ages, [0, 10, 20, 50]),
            "column": pandas.arrays.IntervalArray.from_tuples([(0, 1), (1, 2), None, (2, 5)]),
            "mixed": [pandas.Interval(0, np.inf), 4.0, 5, None],
            "number": [1.0, 2.0, 3.0, np.nan],
        }
    )
    found = read(frame)
    infinite = np.inf
    assert found.low[:, 0].tolist() == [0, 10, 20, -infinite]
    assert found.high[:, 0].tolist() == [10, 20, 50, infinite]
    assert found.low[:, 1].tolist() == [0, 1, -infinite, 2]
    assert found.high[:, 2].tolist() == [infinite, 4, 5, infinite]
    assert found.low[:, 3].tolist() == [1, 2, 3, -infinite]
    assert found.names == ("cut", "column", "mixed", "number")
    with pytest.raises(DataError, match="leave 'upper' out"):
        read(frame, np.zeros((4, 4)))
    with pytest.raises(DataError, match="'far', which is neither an interval nor a number"):
        read(pandas.DataFrame({"a": [pandas.Interval(0, 1), "far"]}))


def test_a_fit_names_columns_by_frames_of_intervals():
    values = np.random.default_rng(0).normal(30, 9, 400)
    frame = pandas.DataFrame({"age": pandas.cut(values, np.arange(0, 70, 5))})
    model = IntervalGaussianMixture().fit(frame)
    assert model.feature_names_in_.tolist() == ["age"]
    assert np.sqrt(model.covariances_[0, 0]) == pytest.approx(values.std(), rel=0.05)
    np.testing.assert_allclose(model.predict_proba(frame), 1.0)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        ([[0.0], [2.0]], [[1.0], [1.0]], "column 0 holds no interval at row 1 .* from 2 to 1"),
        ([[0.0], [np.inf]], [[1.0], [np.inf]], "no interval at row 1 .* from inf to inf"),
        ([[-np.inf], [1.0]], [[-np.inf], [1.0]], "row 0 .* from -inf to -inf"),
        ([[-1e200], [1.0]], [[1.0], [1.0]], "within 1e.140"),
        ([[0.0], [1.0]], [[1.0]], r"upper has the shape \(1, 1\), and X \(2, 1\)"),
        ([[0.0], [np.inf]], None, "column 0 holds infinity at row 1"),
        ([[0.0], [1.0]], [["a"], ["b"]], "a"),
    ],
)
def test_what_is_no_interval_is_named(low, high, words):
    given = None if high is None else np.array(high)
    with pytest.raises(DataError, match=words):
        read(np.array(low), given)


def test_frames_that_share_some_names_only_are_refused():
    low = pandas.DataFrame({"a": [0.0], "b": [1.0]})
    high = pandas.DataFrame({"a": [1.0], "c": [2.0]})
    with pytest.raises(DataError, match="upper has a column 'a' as X has, and others"):
        read(low, high)


@pytest.mark.parametrize(
    "cells",
    [
        pandas.date_range("2020-01-01", periods=20),
        pandas.to_timedelta(np.arange(20), unit="h"),
        pandas.date_range("2020-01-01", periods=20, tz="UTC"),
    ],
    ids=["dates", "durations", "zoned"],
)
def test_intervals_of_what_are_no_numbers_are_refused_in_words(cells):
    whole = pandas.DataFrame({"when": pandas.cut(cells, 4), "x": np.arange(20.0)})
    beside = pandas.DataFrame({"x": pandas.cut(np.arange(20.0), 4), "when": cells})
    for frame in (whole, whole.astype(object)):
        with pytest.raises(DataError, match="an interval whose ends are no numbers; turn dates"):
            read(frame)
    with pytest.raises(DataError, match="which is neither an interval nor a number"):
        read(beside)
