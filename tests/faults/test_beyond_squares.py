"""Fits whose numbers are so large or small that squares of them are no numbers."""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import mpmath
import numpy as np
import pandas as pd
import pytest

from mixtura import (
    ContaminatedMixture,
    GammaMixture,
    GaussianMixture,
    GeometricMixture,
    MixturaError,
    MixturaWarning,
    PoissonMixture,
    StudentTMixture,
)
from mixtura import inference as asked
from mixtura.components.gaussian.one_column import OneColumn
from mixtura.report import figure_names, plot, report_of, write_report
from mixtura.text import number_of_log

pytestmark = pytest.mark.drawn(6)

N_ROWS = 40

FAMILIES: dict[str, tuple[Any, bool]] = {
    "gaussian": (GaussianMixture(2, random_state=0), False),
    "tied": (GaussianMixture(2, covariance_type="EVE", random_state=0), False),
    "spherical": (GaussianMixture(2, covariance_type="spherical", random_state=0), False),
    "noise": (GaussianMixture(1, noise="uniform", random_state=0), False),
    "t": (StudentTMixture(2, random_state=0), False),
    "contaminated": (ContaminatedMixture(2, random_state=0), False),
    "gamma": (GammaMixture(2, random_state=0), True),
    "poisson": (PoissonMixture(2, random_state=0), True),
    "geometric": (GeometricMixture(2, random_state=0), True),
}

# Each is of a fit, its mixture, what of that is one column, and rows.
QUESTIONS: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "summary": lambda fit, _, __, ___: str(fit.summary()),
    "mean": lambda _, mixture, __, ___: mixture.mean(),
    "covariance": lambda _, mixture, __, ___: mixture.covariance(),
    "sql": lambda _, mixture, __, ___: mixture.to_sql("rows"),
    "json": lambda _, mixture, __, ___: mixture.to_json(),
    "sample": lambda _, mixture, __, ___: mixture.sample(3, 0),
    "median": lambda _, __, column, ___: column.median(),
    "quantile": lambda _, __, column, ___: column.quantile([0.0, 0.01, 0.5, 0.999, 1.0]),
    "cdf": lambda _, __, column, rows: column.cdf(rows.iloc[:3, 0]),
    "entropy": lambda _, __, column, ___: column.entropy(),
    "region": lambda _, __, column, ___: asked.highest_density_region(column, 0.5, 200, 0),
    "errors": lambda _, mixture, __, rows: asked.standard_errors(mixture, rows),
    "gradient": lambda _, mixture, __, rows: asked.gradient(mixture, rows),
    "scores": lambda _, mixture, __, rows: asked.score_vector(mixture, rows),
}


def drawn(rng: np.random.Generator, scale: float, *, positive: bool) -> pd.DataFrame:
    apart = 4.0 * rng.integers(2, size=(N_ROWS, 1))
    rows = (
        rng.gamma(3.0 + apart, 2.0, (N_ROWS, 2))
        if positive
        else rng.normal(apart, 1.0, (N_ROWS, 2))
    )
    rows = rows * scale
    return pd.DataFrame(rows, columns=["a", "b"])


def beyond(rng: np.random.Generator, name: str) -> tuple[Any, pd.DataFrame]:
    """Return a fit, and its rows, of a scale between 1e±156 and 1e±240, as gammas take."""
    model, positive = FAMILIES[name]
    smaller = not positive or name == "gamma"
    sign = rng.choice([-1, 1]) if smaller else 1
    rows = drawn(rng, 10.0 ** (sign * rng.uniform(156, 240)), positive=positive)
    if positive and name != "gamma":
        rows = rows.round()
    return model.fit(rows), rows


def refusal(question: Callable[[], Any]) -> str:
    """Return the words in which a question is refused, or none."""
    try:
        question()
    except MixturaError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", FAMILIES)
def test_whatever_is_asked_of_such_a_fit_is_answered_or_refused_in_words(
    name: str, fresh_seed: int
) -> None:
    rng = np.random.default_rng(fresh_seed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", MixturaWarning)
        fit, rows = beyond(rng, name)
        column = fit.mixture_.marginal(["a"])
        for question in QUESTIONS.values():
            assert "\n" not in refusal(partial(question, fit, fit.mixture_, column, rows))


@pytest.mark.usefixtures("sketched")
@pytest.mark.parametrize("name", FAMILIES)
def test_such_a_fit_is_drawn_or_its_page_says_that_it_is_not(
    name: str, fresh_seed: int, tmp_path: Any
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", MixturaWarning)
        fit, rows = beyond(np.random.default_rng(fresh_seed), name)
        page = tmp_path / "page.html"
        write_report(page, report_of(fit, rows))
        assert "defect" not in page.read_text("utf-8")
        for kind in figure_names(report_of(fit, rows)):
            why = refusal(partial(plot, fit, kind, rows))
            assert not why or "power of ten" in why


@pytest.mark.parametrize("model", [GaussianMixture(1), StudentTMixture(1), ContaminatedMixture(1)])
def test_quantiles_and_what_lies_below_have_the_unit_of_the_rows(
    model: Any, fresh_seed: int
) -> None:
    rng = np.random.default_rng(fresh_seed)
    rows = drawn(rng, 1.0, positive=False)[["a"]]
    scale = 10.0 ** (rng.choice([-1, 1]) * rng.uniform(156, 290))
    levels = rng.uniform(0.01, 0.99, 5)
    plain = model.fit(rows).mixture_
    found = model.fit(rows * scale).mixture_
    near = {"rel": 1e-4, "abs": 1e-4}
    assert found.quantile(levels) / scale == pytest.approx(plain.quantile(levels), **near)
    assert found.cdf(found.quantile(levels)) == pytest.approx(levels, rel=1e-9)
    assert found.entropy() - np.log(scale) == pytest.approx(plain.entropy(), **near)


def test_turning_points_and_level_sets_scale_by_powers_of_two_bit_by_bit(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    column = OneColumn(
        rng.dirichlet(np.ones(3)), rng.normal(0, 4, 3), np.exp(rng.normal(-0.5, 0.5, 3))
    )
    unit = 2.0 ** int(rng.choice([-1, 1]) * rng.integers(500, 1000))
    other = OneColumn(column.weights, column.means * unit, column.deviations * unit)
    np.testing.assert_array_equal(other.turning_points() / unit, column.turning_points())
    height = rng.uniform(0.1, 0.9) * column.density(column.turning_points()).max()
    np.testing.assert_array_equal(other.above(height / unit) / unit, column.above(height))


def test_numbers_are_said_by_their_logarithms(fresh_seed: int) -> None:
    for value in np.random.default_rng(fresh_seed).uniform(-3000, 3000, 20):
        said = mpmath.mpf(number_of_log(value))
        assert abs(said / mpmath.exp(mpmath.mpf(value)) - 1) < 1e-4
