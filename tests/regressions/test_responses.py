"""Densities of amounts against mpmath, where shapes are such that plain forms lose their digits."""

import numpy as np
import pytest
from mpmath import mp, mpf
from numpy.testing import assert_allclose

from mixtura import MixtureRegressor
from mixtura.components.regression.responses import RESPONSES

GAMMA = RESPONSES["gamma"]


def test_the_constant_of_a_shape_keeps_its_digits() -> None:
    shapes = 10.0 ** np.linspace(-8, 8, 161)
    with mp.workdps(40):
        exact = [mpf(a) * (mp.log(mpf(a)) - 1) - mp.loggamma(mpf(a)) for a in shapes.tolist()]
    expected = np.array([float(each) for each in exact])
    assert_allclose(GAMMA.constant(shapes), expected, rtol=2e-14, atol=2e-14)


@pytest.mark.parametrize("gap", [0.0, 1e-12, -1e-8, 1e-4, -0.3, 0.499, 0.501, -3.0, 40.0])
def test_the_loss_of_an_amount_keeps_its_digits(gap: float) -> None:
    y, eta = np.array([0.7]), np.array([[np.log(0.7) - gap]])
    with mp.workdps(40):
        own = mpf(float(np.log(y)[0])) - mpf(float(eta[0, 0]))
        expected = float(mp.expm1(own) - own)
    loss = GAMMA.loss(y, np.ones(1), eta, GAMMA.curve(y, eta))
    # Times the shape that is likeliest for such amounts, 1/2l, the error is none.
    assert_allclose(loss[0, 0], expected, rtol=1e-13, atol=4e-16 * abs(gap))


@pytest.mark.parametrize("n_columns", [1, 3])
def test_amounts_nearly_on_a_curve_end_without_a_fall(n_columns: int, fresh_seed: int) -> None:
    for seed in range(fresh_seed, fresh_seed + 20):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(n_columns + 3, n_columns))
        eta = X @ rng.normal(size=n_columns) * 5.0
        y = np.exp(eta) * (1 + 10.0 ** rng.uniform(-7, -3) * rng.normal(size=len(X)))
        model = MixtureRegressor(1, "gamma", random_state=0).fit(X, y)
        with mp.workdps(30):
            shape, total = mpf(float(model.shape_[0])), mpf(0)
            line = [mpf(float(each)) for each in model.coef_[0]]
            for row, answer in zip(X.tolist(), y.tolist(), strict=True):
                mean = mp.exp(
                    mpf(float(model.intercept_[0]))
                    + sum(a * mpf(b) for a, b in zip(line, row, strict=True))
                )
                rate = shape / mean
                total += shape * mp.log(rate) + (shape - 1) * mp.log(mpf(answer))
                total -= rate * mpf(answer) + mp.loggamma(shape)
        assert model.log_likelihood_ == pytest.approx(float(total), abs=1e-8)
        assert (np.diff(model.history_.objective) > -1e-9).all()
