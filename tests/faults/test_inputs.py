"""What was taken in silence, or ended in an error of another library (findings G, L and Q)."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    DataError,
    GammaMixture,
    GaussianMixture,
    MixedMixture,
    MultinomialMixture,
    ParameterError,
    PoissonMixture,
    select,
)

N_ROWS = 40
COUNTS = np.random.default_rng(0).poisson(3.0, (N_ROWS, 2))
NUMBERS = np.random.default_rng(1).normal(size=(N_ROWS, 2))


def mixed(kind: str) -> Callable[..., Any]:
    return lambda n_components, **settings: MixedMixture(n_components, {kind: [0, 1]}, **settings)


OF_NUMBERS: dict[str, Callable[..., Any]] = {
    "gaussian": GaussianMixture,
    "gamma": GammaMixture,
    "poisson": PoissonMixture,
    "multinomial": MultinomialMixture,
    "bernoulli": BernoulliMixture,
    "mixed gaussian": mixed("gaussian"),
    "mixed poisson": mixed("poisson"),
}
OF_CATEGORIES: dict[str, Callable[..., Any]] = {
    "categorical": CategoricalMixture,
    "mixed categorical": mixed("categorical"),
}
ALL = OF_NUMBERS | OF_CATEGORIES


def accepted(name: str) -> Any:
    """Return rows that a family takes."""
    if "gaussian" in name:
        return NUMBERS
    return COUNTS > 2 if name == "bernoulli" else COUNTS + (name == "gamma") * 0.5


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "dates": (lambda rows: rows.astype(np.int64).astype("datetime64[D]"), "dates or times"),
    "spans": (lambda rows: rows.astype(np.int64).astype("timedelta64[s]"), "dates or times"),
    "complex": (lambda rows: rows + 1j, "column 0 holds complex"),
    "the name of a file": (lambda rows: "rows.csv", r"not a table.*mixtura\.dataset"),
    "bytes": (lambda rows: b"rows.csv", "not a table"),
    "columns by name": (lambda rows: {"a": rows[:, 0], "b": rows[:, 1]}, r"pandas\.DataFrame"),
    "nothing": (lambda rows: None, "table of rows and columns"),
    "a column of text": (lambda rows: ["a", "b"], "table of rows and columns.*eshape"),
    "rows of unlike lengths": (lambda rows: [[1.0, 2.0], [3.0]], "table"),
    "a generator": (lambda rows: (row for row in rows), "iterator"),
    "records": (lambda rows: np.rec.fromarrays(rows.T, names="a,b"), "pandas.DataFrame"),
    "a structure": (
        lambda rows: np.array([tuple(row) for row in rows], dtype="f8,f8"),
        "pandas.DataFrame",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("name", ALL)
def test_row_14_what_is_no_table_of_cells_is_refused(name: str, what: str) -> None:
    change, words = REFUSED[what]
    rows = accepted(name)
    fitted = ALL[name](1).fit(rows)
    for door in (ALL[name](1).fit, fitted.predict, fitted.mixture_.log_density):
        with pytest.raises(DataError, match=words):
            door(change(rows))


@pytest.mark.parametrize("scale", [1e300, 1e-300, 1e160, 1e-160])
def test_covariances_beyond_floats_are_told_without_other_systems_words(scale: float) -> None:
    fitted = GaussianMixture(1).fit(NUMBERS * scale)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        variances = np.diagonal(fitted.mixture_.covariance())
    assert (np.isinf(variances) if scale > 1 else variances < 1e-300).all()


@pytest.mark.parametrize("dtype", ["U20", "S20", object])
@pytest.mark.parametrize("name", OF_NUMBERS)
def test_row_15_text_is_no_number_in_an_array_either(name: str, dtype: Any) -> None:
    rows = accepted(name).astype("U20").astype(dtype)
    with pytest.raises(DataError, match=r"column 0 holds b?'.*' at row 0"):
        OF_NUMBERS[name](1).fit(rows)
    if dtype == "U20":
        with pytest.raises(DataError, match="column 1 holds '1' at row 1"):
            OF_NUMBERS[name](1).fit([[1, 1], [1, "1"], [1, 1]])


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1j, b"a", (1, 2), np.datetime64("2020-01-01")])
@pytest.mark.parametrize("name", OF_CATEGORIES)
def test_row_2_a_category_that_could_not_be_kept_is_refused(name: str, value: Any) -> None:
    rows = np.array([["a", "b"]] * 6, dtype=object)
    rows[3, 1] = value
    with pytest.raises(DataError, match=r"column 1 holds .* at row 3"):
        OF_CATEGORIES[name](1).fit(rows)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_row_13_masked_cells_are_missing_cells(dtype: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = (rng.normal(size=(N_ROWS, 2)) * 9).astype(dtype)
    masked = np.ma.masked_array(rows, mask=rng.random(rows.shape) < 0.2)
    gaps = np.where(masked.mask, np.nan, rows)
    fitted = GaussianMixture(1, missing="marginal").fit(masked)
    other = GaussianMixture(1, missing="marginal").fit(gaps)
    np.testing.assert_allclose(fitted.means_, other.means_, rtol=1e-5)
    np.testing.assert_array_equal(
        fitted.mixture_.log_density(masked), fitted.mixture_.log_density(gaps)
    )
    with pytest.raises(DataError, match="holds NaN at row"):
        GaussianMixture(1).fit(masked)


def test_masked_answers_and_categories_are_missing_ones() -> None:
    mask = np.random.default_rng(0).random(COUNTS.shape) < 0.2
    answers = np.where(mask, np.nan, COUNTS > 2)
    found = BernoulliMixture(1).fit(np.ma.masked_array(COUNTS > 2, mask=mask))
    np.testing.assert_array_equal(
        found.probabilities_, BernoulliMixture(1).fit(answers).probabilities_
    )
    codes = CategoricalMixture(1).fit(np.ma.masked_array(COUNTS, mask=mask))
    holes = COUNTS.astype(object)
    holes[mask] = None
    other = CategoricalMixture(1).fit(holes)
    assert codes.categories_ == other.categories_
    assert codes.log_likelihood_ == pytest.approx(other.log_likelihood_)
    with pytest.raises(DataError, match="NaN at row"):
        PoissonMixture(1).fit(np.ma.masked_array(COUNTS, mask=mask))


@pytest.mark.parametrize("nothing", [pd.NA, pd.NaT, None, np.nan])
def test_row_3_a_missing_cell_among_objects_is_one(nothing: Any) -> None:
    rows = NUMBERS.astype(object)
    rows[3, 1] = nothing
    gaps = NUMBERS.copy()
    gaps[3, 1] = np.nan
    with pytest.raises(DataError, match="column 1 holds NaN at row 3"):
        GaussianMixture(1).fit(rows)
    for given in (rows, rows.tolist(), pd.DataFrame(rows)):
        found = GaussianMixture(1, missing="marginal").fit(given)
        assert (
            found.log_likelihood_
            == GaussianMixture(1, missing="marginal").fit(gaps).log_likelihood_
        )
        assert np.isfinite(found.mixture_.log_density(given)).all()
    blocks = MixedMixture(1, {"gaussian": [0, 1]}, missing="marginal").fit(rows)
    assert np.isfinite(blocks.score_samples(rows)).all()


@pytest.mark.parametrize("name", ALL)
def test_row_13_a_matrix_is_an_array(name: str) -> None:
    rows = accepted(name)
    found = ALL[name](1).fit(np.matrix(rows))
    assert found.log_likelihood_ == ALL[name](1).fit(rows).log_likelihood_


@pytest.mark.parametrize("weights", [np.ones(N_ROWS) * 1j, np.ones(N_ROWS).astype(str)])
def test_row_25_row_weights_are_numbers(weights: Any) -> None:
    with pytest.raises(DataError, match="sample_weight holds"):
        GaussianMixture(1).fit(NUMBERS, sample_weight=weights)


def test_a_masked_row_weight_is_named() -> None:
    weights = np.ma.masked_array(np.ones(N_ROWS), mask=np.arange(N_ROWS) == 7)
    with pytest.raises(DataError, match="row 7 is masked"):
        GaussianMixture(1).fit(NUMBERS, sample_weight=weights)


def test_row_57_a_generator_is_a_random_state_everywhere() -> None:
    for made in (
        lambda seed: GaussianMixture(2, random_state=np.random.default_rng(seed)).fit(NUMBERS),
        lambda seed: select(NUMBERS, [2], ["full"], random_state=np.random.default_rng(seed)),
    ):
        np.testing.assert_array_equal(
            made(3).predict_proba(NUMBERS), made(3).predict_proba(NUMBERS)
        )


@pytest.mark.parametrize("state", [-1, 1.5, "x"])
def test_row_57_a_random_state_that_is_none_is_refused(state: Any) -> None:
    mixture = GaussianMixture(1, missing="marginal").fit(NUMBERS).mixture_
    for draw in (
        lambda: GaussianMixture(1, random_state=state).fit(NUMBERS),
        lambda: select(NUMBERS, [1], ["full"], random_state=state),
        lambda: select(COUNTS, [1], family="poisson", random_state=state),
        lambda: mixture.sample(3, state),
        lambda: mixture.impute(NUMBERS, 2, state),
    ):
        with pytest.raises(ParameterError, match="random_state should be"):
            draw()


@pytest.mark.parametrize("count", [-3, 1.5, "x", True])
def test_as_many_rows_as_are_none_are_not_drawn(count: Any) -> None:
    mixture = GaussianMixture(1).fit(NUMBERS).mixture_
    with pytest.raises(ParameterError, match="n_samples should be a whole number"):
        mixture.sample(count)
    assert len(mixture.sample(0)[0]) == 0


@pytest.mark.parametrize("name", ALL)
def test_row_10_no_rows_are_said_to_be_none(name: str) -> None:
    mixture = ALL[name](1).fit(accepted(name)).mixture_
    nothing = np.empty((0, 2))
    for door in (mixture.log_density, mixture.component_log_density, mixture.responsibilities):
        with pytest.raises(DataError, match="no rows"):
            door(nothing)
