"""Input that cannot be used is refused before any work, by an error that says where and what to do.

Every message is asserted in two parts: the place (column, row, argument), and the remedy.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from mixtura import DataError, GaussianMixture, MixturaWarning, ParameterError
from mixtura.em import solve as solving

Float = NDArray[np.float64]

FRAMES: dict[str, Callable[[Float, list[str]], Any]] = {
    "pandas": lambda values, names: pd.DataFrame(values, columns=names),
    "polars": lambda values, names: pl.DataFrame(values, schema=names),
    "arrow": lambda values, names: pa.table(list(values.T), names=names),
}
NAMES = ["height", "width", "depth"]


@pytest.fixture
def rows() -> Float:
    rng = np.random.default_rng(3)
    return rng.normal(size=(40, 3)) + np.repeat([[0.0], [6.0]], 20, axis=0)


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test fail if a sweep over the rows is begun."""

    def begun(*_: Any) -> None:
        raise AssertionError("a sweep was begun")

    monkeypatch.setattr(solving, "Sweep", begun)


def refusal(error: type[Exception], act: Callable[[], object]) -> str:
    """Return the message of the error that `act` raises."""
    with pytest.raises(error) as caught:
        act()
    return str(caught.value)


@pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (np.inf, "inf"), (-np.inf, "inf")])
@pytest.mark.usefixtures("no_work")
def test_a_cell_that_is_no_finite_number_is_named(rows: Float, value: float, word: str) -> None:
    rows[7, 1] = value
    message = refusal(DataError, lambda: GaussianMixture(2).fit(rows))
    assert message.startswith(f"column 1 holds {word}")
    assert "row 7" in message
    assert "Drop those rows, or fill the cells" in message


@pytest.mark.parametrize("library", FRAMES)
@pytest.mark.usefixtures("no_work")
def test_a_cell_of_a_frame_is_named_by_its_column(rows: Float, library: str) -> None:
    rows[[12, 30], 2] = np.nan
    frame = FRAMES[library](rows, NAMES)
    message = refusal(DataError, lambda: GaussianMixture(2).fit(frame))
    assert "column 'depth' holds NaN at row 12" in message
    assert "2 cell(s)" in message


def test_cells_are_checked_where_a_mixture_is_used(rows: Float) -> None:
    fitted = GaussianMixture(2, random_state=0).fit(rows)
    rows[5, 0] = np.inf
    for use in (fitted.predict, fitted.predict_proba, fitted.score_samples, fitted.bic):
        assert "column 0 holds inf" in refusal(DataError, lambda use=use: use(rows))


def test_large_finite_numbers_are_not_taken_for_infinity(rows: Float) -> None:
    rows[:, 0] *= 1e307
    assert GaussianMixture(2, random_state=0).fit(rows).converged_


@pytest.mark.parametrize("structure", ["full", "tied", "diag", "EEI", "VEV"])
@pytest.mark.usefixtures("no_work")
def test_a_constant_column_is_named(rows: Float, structure: str) -> None:
    rows[:, 1] = 0.1
    mixture = GaussianMixture(2, covariance_type=structure)
    message = refusal(DataError, lambda: mixture.fit(rows))
    assert "column 1" in message
    assert "drop it, or set constant='drop', or give reg_covar" in message
    frame = pd.DataFrame(rows, columns=NAMES)
    assert "column 'width'" in refusal(DataError, lambda: mixture.fit(frame))


def test_a_constant_column_is_taken_where_a_variance_is_left(rows: Float) -> None:
    rows[:, 1] = 0.1
    assert np.isfinite(GaussianMixture(2, reg_covar=1e-6).fit(rows).score(rows))
    spherical = GaussianMixture(2, covariance_type="spherical").fit(rows)
    assert np.isfinite(spherical.score(rows))


@pytest.mark.usefixtures("no_work")
def test_fewer_rows_than_components_are_refused(rows: Float) -> None:
    message = refusal(DataError, lambda: GaussianMixture(41).fit(rows))
    assert "n_components = 41" in message
    assert "n_samples = 40" in message
    assert "use fewer components" in message


@pytest.mark.usefixtures("no_work")
def test_rows_of_weight_zero_do_not_count_as_rows(rows: Float) -> None:
    weights = np.zeros(40)
    weights[:2] = 1.0
    message = refusal(DataError, lambda: GaussianMixture(3).fit(rows, sample_weight=weights))
    assert "n_samples = 2 (rows of weight zero left out)" in message


def test_fewer_distinct_rows_than_components_lower_their_number(rows: Float) -> None:
    repeated = np.repeat(rows[[0, 10, 20, 30]], 5, axis=0)
    with pytest.warns(MixturaWarning, match="4 distinct rows.*n_components=6.*4 components"):
        fitted = GaussianMixture(6, random_state=0).fit(repeated)
    assert fitted.weights_.shape == (4,)
    assert fitted.mixture_.n_components == 4
    assert fitted.n_components == 6
    np.testing.assert_allclose(fitted.predict_proba(repeated).sum(axis=1), 1.0)


def test_rows_of_weight_zero_do_not_count_as_distinct(rows: Float) -> None:
    weights = np.r_[np.ones(3), np.zeros(30), np.ones(7)]
    rows[33:] = rows[0]
    with pytest.warns(MixturaWarning, match="3 distinct rows"):
        fitted = GaussianMixture(5, random_state=0).fit(rows, sample_weight=weights)
    assert fitted.mixture_.n_components == 3


TEXTS = {
    "pandas": pd.DataFrame({"height": [1.0, 2, 3], "width": [4, "tall", 6]}),
    "polars": pl.DataFrame({"height": [1.0, 2, 3], "width": ["4", "tall", "6"]}),
    "arrow": pa.table({"height": [1.0, 2, 3], "width": ["4", "tall", "6"]}),
}


@pytest.mark.parametrize(
    ("library", "value"), [("pandas", "tall"), ("polars", "4"), ("arrow", "4")]
)
def test_text_in_a_frame_is_named_by_column_row_and_value(library: str, value: str) -> None:
    message = refusal(DataError, lambda: GaussianMixture(1).fit(TEXTS[library]))
    row = 1 if value == "tall" else 0
    assert f"column 'width' holds '{value}' at row {row}" in message
    assert "drop the column, or turn it into numbers" in message


@pytest.mark.parametrize("kind", [list, np.array, lambda cells: np.array(cells, dtype=object)])
def test_text_in_an_array_is_named_by_column_row_and_value(kind: Callable[[Any], Any]) -> None:
    cells = kind([["1", "2"], ["3", "tall"], ["5", "6"]])
    message = refusal(DataError, lambda: GaussianMixture(1).fit(cells))
    assert "column 0 holds '1' at row 0" in message
    assert "drop the column, or turn it into numbers" in message


def test_dates_are_no_numbers() -> None:
    frame = pd.DataFrame({"day": pd.date_range("2020-01-01", periods=4), "width": range(4)})
    message = refusal(DataError, lambda: GaussianMixture(1).fit(frame))
    assert "column 'day' holds" in message
    assert "row 0" in message


def test_a_missing_cell_of_whole_numbers_is_named() -> None:
    frame = pl.DataFrame({"height": [1, None, 3], "width": [1, 2, 4]})
    message = refusal(DataError, lambda: GaussianMixture(1).fit(frame))
    assert "column 'height' holds NaN at row 1" in message


def test_a_number_too_large_for_a_float_is_named() -> None:
    message = refusal(DataError, lambda: GaussianMixture(1).fit([[1, 10**400], [3, 4]]))
    assert "column 1" in message
    assert "row 0" in message


@pytest.mark.parametrize("library", ["pandas", "arrow"])
def test_a_repeated_column_name_is_named(rows: Float, library: str) -> None:
    frame = FRAMES[library](rows, ["height", "width", "height"])
    message = refusal(DataError, lambda: GaussianMixture(1).fit(frame))
    assert "two columns are called 'height'" in message
    assert "rename or drop" in message


@pytest.mark.parametrize(
    ("order", "place"),
    [
        (["height", "depth"], "now missing:\n- width"),
        (["height", "width", "mass"], "unseen at fit time:\n- mass"),
        (["depth", "width", "height"], "must be in the same order"),
    ],
)
@pytest.mark.parametrize("library", FRAMES)
def test_columns_must_be_those_of_the_fit(
    rows: Float, library: str, order: list[str], place: str
) -> None:
    fitted = GaussianMixture(2, random_state=0).fit(FRAMES[library](rows, NAMES))
    other = FRAMES[library](np.resize(rows, (len(rows), len(order))), order)
    for use in (fitted.predict, fitted.score, fitted.icl):
        assert place in refusal(DataError, lambda use=use: use(other))


@pytest.mark.parametrize("library", FRAMES)
def test_columns_of_the_fit_are_taken_by_name_from_more(rows: Float, library: str) -> None:
    fitted = GaussianMixture(2, random_state=0).fit(FRAMES[library](rows, NAMES))
    more = FRAMES[library](np.c_[np.full(len(rows), np.nan), rows[:, ::-1]], ["id", *NAMES[::-1]])
    own = FRAMES[library](rows, NAMES)
    np.testing.assert_array_equal(fitted.score_samples(more), fitted.score_samples(own))
    np.testing.assert_array_equal(fitted.impute(more), fitted.impute(own))
    assert fitted.icl(more) == fitted.icl(own)


def test_the_number_of_columns_must_be_that_of_the_fit(rows: Float) -> None:
    fitted = GaussianMixture(2, random_state=0).fit(rows)
    message = refusal(DataError, lambda: fitted.predict(rows[:, :2]))
    assert "X has 2 features" in message
    assert "expecting 3" in message


BAD_WEIGHTS = {
    "negative": (lambda w: np.r_[w[:4], -1.0, w[5:]], "row 4 is -1.0", "from 0 up"),
    "NaN": (lambda w: np.r_[w[:6], np.nan, w[7:]], "row 6 is nan", "from 0 up"),
    "infinite": (lambda w: np.r_[np.inf, w[1:]], "row 0 is inf", "from 0 up"),
    "all zero": (np.zeros_like, "zero for every row", "give some rows a positive weight"),
    "too few": (lambda w: w[:-1], "(39,)", "one weight for each row"),
    "too many": (lambda w: np.r_[w, 1.0], "(41,)", "one weight for each row"),
    "two-dimensional": (lambda w: w[:, None], "got 2 dimensions", "must be 1D"),
    "text": (lambda w: ["heavy"] * len(w), "'heavy'", "give one number from 0 up"),
}


@pytest.mark.parametrize("fault", BAD_WEIGHTS)
@pytest.mark.usefixtures("no_work")
def test_row_weights_that_are_none_are_refused_at_fit(rows: Float, fault: str) -> None:
    spoil, place, remedy = BAD_WEIGHTS[fault]
    weights = spoil(np.ones(len(rows)))
    message = refusal(DataError, lambda: GaussianMixture(2).fit(rows, sample_weight=weights))
    assert place in message
    assert remedy in message


@pytest.mark.parametrize("fault", BAD_WEIGHTS)
def test_row_weights_that_are_none_are_refused_at_scoring(rows: Float, fault: str) -> None:
    spoil, place, remedy = BAD_WEIGHTS[fault]
    weights = spoil(np.ones(len(rows)))
    fitted = GaussianMixture(2, random_state=0).fit(rows)
    for use in (fitted.score, fitted.bic, fitted.aic, fitted.icl):
        message = refusal(DataError, lambda use=use: use(rows, sample_weight=weights))
        assert place in message
        assert remedy in message


@pytest.mark.parametrize("number", [0, -1, 2.5, True, "3", None, np.float64(2.0)])
@pytest.mark.usefixtures("no_work")
def test_a_number_of_components_that_is_none_is_refused(rows: Float, number: Any) -> None:
    message = refusal(ParameterError, lambda: GaussianMixture(number).fit(rows))
    assert message.startswith("n_components should be a whole number from 1 up")
    assert repr(number) in message


@pytest.mark.usefixtures("no_work")
def test_a_billion_components_are_refused_by_their_memory(rows: Float) -> None:
    message = refusal(ParameterError, lambda: GaussianMixture(10**9).fit(np.tile(rows, 40)))
    assert "1,000,000,000 components of structure full in" in message
    assert "GiB" in message
    assert "use fewer components" in message


BAD_SETTINGS = {
    "tol": (-1.0, np.nan, "small", True),
    "reg_covar": (-1e-6, np.inf, "small"),
    "max_iter": (-1, 2.5, "many"),
    "n_init": (0, 1.5),
    "init_params": ("best", 3),
    "covariance_type": ("round", 3, None),
    "random_state": ("seed", 1.5),
    "engine": ("abacus", 3, None),
    "n_jobs": (0, 1.5, "all"),
    "verbose_interval": (0, 1.5),
}
CASES = [(name, value) for name, values in BAD_SETTINGS.items() for value in values]


@pytest.mark.parametrize(("name", "value"), CASES)
@pytest.mark.usefixtures("no_work")
def test_a_setting_that_is_none_is_refused_by_name(rows: Float, name: str, value: Any) -> None:
    message = refusal(ParameterError, lambda: GaussianMixture(2, **{name: value}).fit(rows))
    assert name.replace("_type", "") in message
    assert repr(value) in message


@pytest.mark.parametrize("prior", ["strong", 3, True])
def test_a_prior_that_is_none_is_refused(rows: Float, prior: Any) -> None:
    message = refusal(ParameterError, lambda: GaussianMixture(2, prior=prior).fit(rows))
    assert message.startswith("prior should be weak, ")
    assert repr(prior) in message


EYE = np.eye(3)
BAD_PRECISIONS = {
    "negative": ("full", [EYE, -EYE], "component 1", "positive-definite"),
    "singular": ("full", [np.ones((3, 3)), EYE], "component 0", "positive-definite"),
    "lopsided": ("full", [EYE, np.triu(np.ones((3, 3)))], "component 1", "symmetric"),
    "NaN": ("full", [EYE, np.nan * EYE], "full precision", "give finite numbers"),
    "mis-shaped": ("full", EYE, "(3, 3)", "should have the shape of (2, 3, 3)"),
    "ragged": ("full", [[1.0], [1.0, 2.0]], "full precision", "in the shape of (2, 3, 3)"),
    "tied": ("tied", -EYE, "tied precision", "positive-definite"),
    "zero": ("diag", [[1, 1, 1], [1, 0, 1]], "diag precision", "should be positive"),
    "spherical": ("spherical", [1, -1], "spherical precision", "should be positive"),
    "not diagonal": ("VVI", [EYE, EYE + 0.1], "VVI", "has diagonal matrices only"),
    "not spherical": ("VII", [EYE, np.diag([1.0, 1, 2])], "VII", "one variance"),
    "not shared": ("EEE", [EYE, 2 * EYE], "EEE", "one matrix for all"),
}


@pytest.mark.parametrize("fault", BAD_PRECISIONS)
@pytest.mark.usefixtures("no_work")
def test_precisions_that_are_none_are_refused(rows: Float, fault: str) -> None:
    structure, precisions, place, remedy = BAD_PRECISIONS[fault]
    mixture = GaussianMixture(2, covariance_type=structure, precisions_init=precisions)
    message = refusal(ParameterError, lambda: mixture.fit(rows))
    assert place in message
    assert remedy in message


BAD_MIXING_WEIGHTS = {
    "sum over one": ([0.5, 0.6], "sum(weights) = 1.1", "should be normalized"),
    "sum under one": ([0.5, 0.4], "sum(weights) = 0.9", "should be normalized"),
    "negative": ([-0.5, 1.5], "-0.5", "in the range [0, 1]"),
    "NaN": ([np.nan, 1.0], "weights", "give finite numbers"),
    "too many": ([0.5, 0.25, 0.25], "(3,)", "should have the shape of (2,)"),
    "text": (["half", "half"], "weights", "should hold numbers"),
}


@pytest.mark.parametrize("fault", BAD_MIXING_WEIGHTS)
@pytest.mark.usefixtures("no_work")
def test_mixing_weights_that_are_none_are_refused(rows: Float, fault: str) -> None:
    weights, place, remedy = BAD_MIXING_WEIGHTS[fault]
    for act in (
        lambda: GaussianMixture(2, weights_init=weights).fit(rows),
        lambda: GaussianMixture.from_parameters(weights, rows[:2], [EYE, EYE]),
    ):
        message = refusal(ParameterError, act)
        assert place in message
        assert remedy in message


@pytest.mark.parametrize(
    ("means", "place"),
    [
        (np.zeros((3, 3)), "should have the shape of (2, 3), but got (3, 3)"),
        (np.full((2, 3), np.inf), "'means' has an entry that is NaN or infinite"),
        ([["a", "b", "c"]] * 2, "'means' should hold numbers"),
    ],
)
@pytest.mark.usefixtures("no_work")
def test_means_that_are_none_are_refused(rows: Float, means: Any, place: str) -> None:
    mixture = GaussianMixture(2, means_init=means)
    assert place in refusal(ParameterError, lambda: mixture.fit(rows))


@pytest.mark.parametrize(
    ("responsibilities", "place"),
    [
        (np.ones((40, 3)), "should have the shape of (40, 2), but got (40, 3)"),
        (np.r_[np.ones((8, 2)), -np.ones((32, 2))], "row 8 has a negative entry"),
        (np.r_[np.ones((9, 2)), np.zeros((31, 2))], "row 9"),
        (np.full((40, 2), np.nan), "'responsibilities_init' has an entry that is NaN"),
    ],
)
@pytest.mark.usefixtures("no_work")
def test_responsibilities_that_are_none_are_refused(
    rows: Float, responsibilities: Float, place: str
) -> None:
    mixture = GaussianMixture(2, responsibilities_init=responsibilities)
    assert place in refusal(ParameterError, lambda: mixture.fit(rows))


@pytest.mark.parametrize(
    ("covariances", "place"),
    [
        ([EYE, -EYE], "component 1: the matrix is not positive definite"),
        ([EYE, EYE - 1.0], "component 1: the matrix is not positive definite"),
        ([np.triu(np.ones((3, 3))), EYE], "component 0 is not symmetric"),
        (EYE, "should have the shape of (2, 3, 3)"),
    ],
)
def test_covariances_that_are_none_are_refused(covariances: Any, place: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        message = refusal(
            ParameterError,
            lambda: GaussianMixture.from_parameters([0.5, 0.5], np.zeros((2, 3)), covariances),
        )
    assert place in message


@pytest.mark.parametrize("number", [0, -3, 2.5, "many"])
def test_a_number_of_draws_that_is_none_is_refused(rows: Float, number: Any) -> None:
    fitted = GaussianMixture(2, random_state=0).fit(rows)
    message = refusal(ParameterError, lambda: fitted.sample(number))
    assert "n_samples" in message
    assert str(number) in message


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"n_components": 3}, "2 components"),
        ({"covariance_type": "diag"}, "structure VVV"),
    ],
)
def test_a_warm_start_from_another_model_is_refused(
    rows: Float, change: dict[str, Any], place: str
) -> None:
    mixture = GaussianMixture(2, warm_start=True, random_state=0).fit(rows)
    message = refusal(ParameterError, lambda: mixture.set_params(**change).fit(rows))
    assert place in message
    assert "set warm_start=False" in message


def test_a_warm_start_from_other_columns_is_refused(rows: Float) -> None:
    mixture = GaussianMixture(2, warm_start=True, random_state=0).fit(rows)
    assert "3 columns" in refusal(ParameterError, lambda: mixture.fit(rows[:, :2]))


@pytest.mark.parametrize(
    "data", [np.zeros(5), np.zeros((2, 5, 2)), np.zeros((0, 3)), np.zeros((5, 0)), "rows", None]
)
@pytest.mark.usefixtures("no_work")
def test_data_that_is_no_table_is_refused(data: Any) -> None:
    with pytest.raises(DataError):
        GaussianMixture(1).fit(data)


@pytest.mark.parametrize("structure", ["full", "diag", "spherical", "EII"])
@pytest.mark.usefixtures("no_work")
def test_rows_that_are_all_equal_are_refused(structure: str) -> None:
    mixture = GaussianMixture(1, covariance_type=structure)
    message = refusal(DataError, lambda: mixture.fit(np.full((10, 3), 0.1)))
    assert "column 0, column 1, column 2: all rows hold one value" in message


@pytest.mark.parametrize("structure", ["full", "tied", "EEV", "VVE"])
@pytest.mark.parametrize("n_rows", [3, 5])
def test_fewer_rows_than_columns_and_no_penalty_are_refused(n_rows: int, structure: str) -> None:
    rows = np.random.default_rng(n_rows).integers(-5, 5, size=(n_rows, 5)).astype(float)
    mixture = GaussianMixture(1, covariance_type=structure, prior=None)
    message = refusal(ParameterError, lambda: mixture.fit(rows))
    assert "singular" in message or "not positive definite" in message
    assert "decrease the number of components" in message
    assert np.isfinite(mixture.set_params(prior="weak").fit(rows).score(rows))


def test_collinear_columns_without_a_penalty_are_refused(rows: Float) -> None:
    rows[:, 2] = 3.0 * rows[:, 0] - rows[:, 1]
    plain = GaussianMixture(2, prior=None, random_state=0)
    message = refusal(ParameterError, lambda: plain.fit(rows))
    assert "component" in message
    assert "not positive definite" in message or "singular" in message
    assert np.isfinite(GaussianMixture(2, random_state=0).fit(rows).score(rows))
