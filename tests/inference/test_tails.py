"""How sure t and contaminated components are of what they say of tails."""

import numpy as np
import pytest
from scipy import optimize, stats

from mixtura import ContaminatedMixture, StudentTMixture
from mixtura.errors import BoundaryError
from mixtura.inference import confidence_intervals, standard_errors


def test_errors_of_one_t_are_those_of_scipys_likelihood() -> None:
    rows = np.random.default_rng().standard_t(5, (600, 1)) * 2.0 + 1.0
    model = StudentTMixture(prior=None, tol=1e-10, max_iter=5000).fit(rows)
    found = standard_errors(model.mixture_, rows)

    def loss(numbers: np.ndarray) -> float:
        mean, variance, degrees = numbers
        return -stats.t(degrees, mean, np.sqrt(variance)).logpdf(rows).sum()

    at = np.array([model.means_[0, 0], model.covariances_.ravel()[0], model.degrees_of_freedom_[0]])
    best = optimize.minimize(loss, at, method="Nelder-Mead", options={"xatol": 1e-6})
    assert loss(at) < best.fun + 1e-5
    steps = 1e-4 * np.abs(at)
    bend = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            one, other = np.eye(3)[i] * steps, np.eye(3)[j] * steps
            signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
            values = [a * b * loss(at + a * one + b * other) for a, b in signs]
            bend[i, j] = sum(values) / (4 * steps[i] * steps[j])
    expected = np.sqrt(np.diag(np.linalg.inv(bend)))
    told = [found[name].ravel() for name in ("means", "covariances", "degrees_of_freedom")]
    np.testing.assert_allclose(np.concatenate(told), expected, rtol=1e-3)


def test_tails_that_rows_do_not_tell_are_refused_or_taken_as_known() -> None:
    # Even rows have thinner tails than any t density, and none that is bad.
    rows = np.random.default_rng().uniform(size=(400, 2))
    for model, name in (
        (StudentTMixture(random_state=0), r"degrees_of_freedom\[0\] is 200"),
        (ContaminatedMixture(random_state=0), r"good_shares\[0\] is "),
    ):
        mixture = model.fit(rows).mixture_
        with pytest.raises(BoundaryError, match=name):
            standard_errors(mixture, rows)
        held = standard_errors(mixture, rows, boundary="hold")
        assert np.isnan([held[key] for key in held if "degrees" in key or "share" in key]).all()
        assert np.isfinite(held["means"]).all()


def test_equal_degrees_are_one_number_and_held_ones_are_none() -> None:
    rng = np.random.default_rng()
    rows = np.vstack([rng.standard_t(5, (300, 2)), 8.0 + rng.standard_t(5, (300, 2))])
    equal = StudentTMixture(2, degrees_of_freedom="equal", random_state=0).fit(rows).mixture_
    held = StudentTMixture(2, degrees_of_freedom=5, random_state=0).fit(rows).mixture_
    lower, upper = confidence_intervals(equal, rows)["degrees_of_freedom"]
    assert np.shape(lower) == ()
    assert 0 < lower < upper
    assert "degrees_of_freedom" not in confidence_intervals(held, rows)


def test_the_table_of_numbers_has_their_errors() -> None:
    rng = np.random.default_rng()
    rows = rng.normal(size=(800, 2)) * np.where(rng.random((800, 1)) < 0.15, 5.0, 1.0)
    model = ContaminatedMixture(random_state=0).fit(rows)
    told = {row["parameter"]: row for row in model.table(rows)}
    errors = standard_errors(model.mixture_, rows)
    assert told["good_share"]["standard_error"] == pytest.approx(errors["good_shares"][0])
    assert told["inflation"]["standard_error"] == pytest.approx(errors["inflations"][0])
    assert abs(told["good_share"]["value"] - 0.85) < 5 * told["good_share"]["standard_error"]
    assert abs(told["inflation"]["value"] - 25.0) < 5 * told["inflation"]["standard_error"]
