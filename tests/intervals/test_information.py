"""What rows of intervals tell of parameters, against second differences of the log-likelihood."""

import numpy as np
import pytest
from interval_problems import drawn, fitted, known, log_likelihood

from mixtura import IntervalGaussianMixture
from mixtura.inference import standard_errors


def differences(objective, point, sizes):
    """Return the Hessian by central differences."""
    n = len(point)
    steps = np.diag(sizes)
    found = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            found[i, j] = (
                objective(point + steps[i] + steps[j])
                - objective(point + steps[i] - steps[j])
                - objective(point - steps[i] + steps[j])
                + objective(point - steps[i] - steps[j])
            ) / (4 * sizes[i] * sizes[j])
    return found


@pytest.mark.parametrize("n_columns", [1, 2])
def test_the_information_is_the_curvature(n_columns):
    low, high = known(drawn(21, 300, n_columns), 21, missing=0.1)
    weights = np.random.default_rng(0).integers(1, 4, 300).astype(float)
    model = fitted(low, high, weights=weights)
    found = model.information(low, high, weights)

    def objective(point):
        share, rest = point[0], point[1:].reshape(2, 2, n_columns)
        means, variances = rest[:, 0], rest[:, 1]
        shares = np.array([share, 1 - share])
        return log_likelihood(shares, means, np.sqrt(variances), low, high, weights)

    point = np.concatenate(
        [
            model.weights_[:1],
            np.stack([model.means_, model.covariances_], axis=1).ravel(),
        ]
    )
    exact = -differences(objective, point, 1e-3 * np.maximum(np.abs(point), 0.3))
    names = ["weights[0]"] + [
        f"{what}[{k}, {j}]"
        for k in range(2)
        for what in ("means", "covariances")
        for j in range(n_columns)
    ]
    order = [found.names.index(name) for name in names]
    scale = np.sqrt(np.outer(np.diagonal(exact), np.diagonal(exact)))
    ours = found.observed[np.ix_(order, order)]
    np.testing.assert_allclose(ours / scale, exact / scale, atol=2e-4)


def test_where_cells_are_known_errors_are_those_of_rows():
    values = drawn(22, 500)
    model = IntervalGaussianMixture(2, random_state=0).fit(values)
    ours = model.information(values).standard_errors()
    plain = standard_errors(model.mixture_, values)
    for name, errors in plain.items():
        np.testing.assert_allclose(ours[name], errors, rtol=1e-8)


def test_bins_tell_less_than_rows():
    values = drawn(23, 2000)
    low = 3 * np.floor(values / 3)
    model = fitted(low, low + 3)
    exact = IntervalGaussianMixture(2, random_state=0).fit(values)
    wide, narrow = (
        each.information(*ends).standard_errors()
        for each, ends in ((model, (low, low + 3)), (exact, (values,)))
    )
    for name in ("means", "covariances", "weights"):
        assert (wide[name] > narrow[name]).all()
