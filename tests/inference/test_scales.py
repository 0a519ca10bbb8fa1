"""Inference in units whose squares are no numbers: refused in words, or the same as in others."""

import warnings

import numpy as np
import pytest

from mixtura import GaussianMixture, Mixture, ParameterError
from mixtura.inference import (
    entropy_bounds,
    gradient,
    information,
    kl_bounds,
    kl_divergence,
    l2_distance,
    score_vector,
    standard_errors,
)

ROWS = np.random.default_rng(6).normal([0.0, 3.0], size=(120, 2))


def fitted(power: int) -> tuple[Mixture, np.ndarray]:
    rows = ROWS * [1.0, 2.0**power]
    return GaussianMixture(2, random_state=0).fit(rows).mixture_, rows


@pytest.mark.parametrize("power", [660, -660])
@pytest.mark.parametrize("asked", [gradient, information, score_vector, standard_errors])
def test_derivatives_that_are_no_numbers_are_refused(asked, power: int) -> None:
    mixture, rows = fitted(power)
    with warnings.catch_warnings(), pytest.raises(ParameterError, match="wide in column 1"):
        warnings.simplefilter("error")
        asked(mixture, rows)


@pytest.mark.parametrize("power", [660, -660])
def test_closed_forms_of_variances_that_are_no_numbers_are_refused(power: int) -> None:
    mixture, _ = fitted(power)
    for asked in (
        entropy_bounds,
        lambda one: kl_bounds(one, one),
        lambda one: l2_distance(one, one),
    ):
        with pytest.raises(ParameterError, match="wide in column 1"):
            asked(mixture)
    assert kl_divergence(mixture, mixture).value == 0.0


@pytest.mark.parametrize("power", [660, -660])
def test_quantiles_follow_the_units(power: int) -> None:
    (plain, _), (mixture, _) = fitted(0), fitted(power)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(mixture.median() / [1, 2.0**power], plain.median(), rtol=1e-3)
