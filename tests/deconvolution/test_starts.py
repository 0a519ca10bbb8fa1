"""Where fits of rows with errors start."""

import numpy as np

from mixtura import DeconvolvedGaussianMixture
from mixtura.components.gaussian.structures import structure
from mixtura.components.measured.family import MeasuredFamily
from mixtura.deconvolution.starts import sharp_rows


def family_of(cells, errors):
    columns = np.zeros(cells.shape[1]), np.ones(cells.shape[1]), np.ones(cells.shape[1])
    return MeasuredFamily.measuring(structure("VVV"), *columns, has_covariances=errors.ndim == 3)


def test_sharp_rows_are_the_third_of_least_error_by_weight():
    cells = np.zeros((9, 1))
    errors = np.array([[9.0], [1.0], [8.0], [2.0], [7.0], [3.0], [6.0], [4.0], [np.inf]])
    family = family_of(cells, errors)
    rows = family.layout.joined(cells, errors)
    assert np.flatnonzero(sharp_rows(family, rows, None, 0.0)).tolist() == [1, 3, 5]
    weights = np.where(np.arange(9) == 1, 100.0, 1.0)
    assert np.flatnonzero(sharp_rows(family, rows, weights, 0.0)).tolist() == [1]
    assert sharp_rows(family, rows, None, 1e9).all()


def test_rows_that_are_measured_alike_are_all_sharp():
    errors = np.broadcast_to(np.eye(2), (50, 2, 2))
    family = family_of(np.zeros((50, 2)), errors)
    assert sharp_rows(family, family.layout.joined(np.zeros((50, 2)), errors), None, 0.0).all()


def test_groups_that_blurred_rows_hide_are_found():
    """Of ten rows one is sharp: where groups are is told by those."""
    rng = np.random.default_rng(0)
    labels = rng.integers(4, size=3000)
    values = np.array([-3.0, -1.0, 1.0, 3.0])[labels, None] + 0.1 * rng.normal(size=(3000, 1))
    deviations = np.where(rng.random((3000, 1)) < 0.1, 0.05, rng.uniform(1.0, 4.0, (3000, 1)))
    cells = values + deviations * rng.normal(size=(3000, 1))
    found = DeconvolvedGaussianMixture(4, random_state=0).fit(cells, covariance=deviations**2)
    np.testing.assert_allclose(np.sort(found.means_[:, 0]), [-3, -1, 1, 3], atol=0.1)
    np.testing.assert_allclose(found.covariances_, 0.01, atol=0.01)
    truth = DeconvolvedGaussianMixture(4, responsibilities_init=np.eye(4)[labels])
    truth.fit(cells, covariance=deviations**2)
    assert found.log_likelihood_ >= truth.log_likelihood_ - 0.05
