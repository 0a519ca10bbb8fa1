"""Errors of rows in the forms that users have them in: frames, masks, and missing numbers."""

import numpy as np
import pytest

from mixtura import DataError, DeconvolvedGaussianMixture
from mixtura.deconvolution.errors_of_rows import measured

CELLS = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, np.nan]])
VARIANCES = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
NAMES = ("ra", "dec")


def covariances():
    return VARIANCES[:, :, None] * np.eye(2) + 0.01 * (1 - np.eye(2))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_columns_of_a_frame_of_errors_are_taken_by_name(library):
    frames = pytest.importorskip(library)
    turned = frames.DataFrame({"dec": VARIANCES[:, 1], "ra": VARIANCES[:, 0]})
    np.testing.assert_array_equal(
        measured(CELLS, turned, NAMES).errors, measured(CELLS, VARIANCES, NAMES).errors
    )
    # Of an array no column has a name.
    np.testing.assert_array_equal(
        measured(CELLS, turned, None).errors, measured(CELLS, VARIANCES[:, ::-1], None).errors
    )
    other = frames.DataFrame({"ra": VARIANCES[:, 0], "ra_error": VARIANCES[:, 1]})
    with pytest.raises(DataError, match=r"columns 'ra', 'ra_error', and X 'ra', 'dec'; name those"):
        measured(CELLS, other, NAMES)
    words = frames.DataFrame({"ra": ["a", "b", "c"], "dec": VARIANCES[:, 1]})
    with pytest.raises(DataError, match=r"covariance should hold numbers: column 'ra' holds 'a'"):
        measured(CELLS, words, NAMES)


def test_a_frame_whose_columns_have_moved_says_the_same_of_every_row():
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    errors = rng.gamma(2.0, [0.1, 1.0], size=(200, 2))
    cells = pandas.DataFrame(rng.normal(size=(200, 2)), columns=list(NAMES))
    frame = pandas.DataFrame(errors, columns=list(NAMES))
    one = DeconvolvedGaussianMixture().fit(cells, covariance=frame)
    other = DeconvolvedGaussianMixture().fit(cells, covariance=frame[["dec", "ra"]])
    assert one.log_likelihood_ == other.log_likelihood_
    np.testing.assert_array_equal(
        one.score_samples(cells, frame[["dec", "ra"]]), one.score_samples(cells, errors)
    )


@pytest.mark.parametrize("dtype", [np.float64, np.int64, object])
def test_an_error_that_a_mask_hides_says_that_its_cell_was_not_measured(dtype):
    mask = np.zeros((3, 2), dtype=bool)
    mask[0, 1] = True
    given = np.ma.masked_array(np.ones((3, 2), dtype), mask=mask)
    found = measured(CELLS, given, None)
    assert found.errors.tolist() == [[1, np.inf], [1, 1], [1, np.inf]]
    assert found.seen.tolist() == [[True, False], [True, True], [True, False]]


def test_masks_of_covariances_hide_a_cell_too():
    whole = covariances()
    hidden = np.zeros(whole.shape, dtype=bool)
    hidden[1, 0, :] = hidden[1, :, 0] = True
    infinite = whole.copy()
    infinite[1, 0, 0] = np.inf
    np.testing.assert_array_equal(
        measured(CELLS, np.ma.masked_array(whole, mask=hidden), None).errors,
        measured(CELLS, infinite, None).errors,
    )
    hidden[1, 0, 0] = False
    with pytest.raises(DataError, match=r"row 1 .* holds NaN or infinity off its diagonal"):
        measured(CELLS, np.ma.masked_array(whole, mask=hidden), None)


def test_missing_errors_of_measured_cells_are_named_and_others_are_not_asked_for():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(VARIANCES, columns=list(NAMES)).convert_dtypes()
    frame.iloc[2, 1] = pandas.NA
    exact = measured(CELLS, VARIANCES, NAMES).errors
    given = frame, frame.astype(object), frame.astype(object).to_numpy()
    for each in (*given, given[2].tolist()):
        np.testing.assert_array_equal(measured(CELLS, each, NAMES).errors, exact)
    frame.iloc[1, 0] = pandas.NA
    given = frame, frame.astype(object), frame.astype(object).to_numpy()
    for each in (*given, given[2].tolist()):
        with pytest.raises(DataError, match=r"column 'ra' at row 1 .* is nan; a variance is"):
            measured(CELLS, each, NAMES)


def test_errors_of_a_missing_cell_may_be_nan():
    unknown = VARIANCES.copy()
    unknown[2, 1] = np.nan
    np.testing.assert_array_equal(
        measured(CELLS, unknown, None).errors, measured(CELLS, VARIANCES, None).errors
    )
    infinite = covariances()
    infinite[2, 1, 1] = np.inf
    exact = measured(CELLS, infinite, None).errors
    for places in ([(1, 1)], [(0, 1), (1, 0)], [(0, 1), (1, 0), (1, 1)]):
        whole = covariances()
        for place in places:
            whole[2][place] = np.nan
        np.testing.assert_array_equal(measured(CELLS, whole, None).errors, exact)
    unknown[2, 0] = np.nan
    with pytest.raises(DataError, match=r"column 0 at row 2 .* is nan"):
        measured(CELLS, unknown, None)


def test_what_is_no_table_of_errors_is_refused_in_words():
    for given, words in (
        ("errors.csv", "covariance is text"),
        ({"ra": [1.0]}, "covariance is a mapping"),
        (VARIANCES + 1j, "Complex data"),
        ([[1.0, 2.0], [3.0]], "covariance should hold numbers"),
    ):
        with pytest.raises(DataError, match=words):
            measured(CELLS, given, None)


@pytest.mark.parametrize("n_columns", [1, 2])
def test_errors_in_the_place_of_y_are_refused(n_columns):
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(1)
    cells, errors = rng.normal(size=(60, n_columns)), rng.gamma(2.0, size=(60, n_columns))
    model = DeconvolvedGaussianMixture().fit(cells, covariance=errors)
    whole = errors[:, :, None] * np.eye(n_columns)
    for given in (errors, whole, errors.tolist(), pandas.DataFrame(errors)):
        with pytest.raises(DataError, match=r"y has the shape .* by name, covariance="):
            DeconvolvedGaussianMixture().fit(cells, given)
        with pytest.raises(DataError, match=r"y has the shape .* by name, covariance="):
            model.score(cells, given)
    named = model.score(cells, covariance=errors)
    labels = rng.integers(3, size=60)
    for label in (labels, labels[:, None], labels.astype(str), labels.tolist(), errors[:, 0]):
        assert model.score(cells, label, covariance=errors) == named
        again = DeconvolvedGaussianMixture().fit(cells, label, covariance=errors)
        assert again.log_likelihood_ == model.log_likelihood_


@pytest.mark.parametrize("power", [-250, -150, 155, 250])
def test_columns_whose_squares_are_no_numbers_have_no_errors(power):
    cells = np.random.default_rng(1).normal(size=(40, 2)) * [1.0, 10.0**power]
    with pytest.raises(DataError, match=r"column 1: .* variances are beyond numbers; multiply by"):
        DeconvolvedGaussianMixture(2).fit(cells, covariance=np.full(cells.shape, 0.1))
