"""Which pairs of components are looked at to be merged."""

import numpy as np
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist

from mixtura.arrays import all_pairs
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import structure
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.pairs import PARTNERS, near_pairs
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

K = 150


def test_of_many_components_each_is_paired_with_those_whose_centres_are_nearest() -> None:
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat(np.arange(K), 8))
    rows = rng.normal(size=(K, 3))[labels] + 0.01 * rng.normal(size=(8 * K, 3))
    weights = rng.uniform(0.5, 2.0, 8 * K)
    source = ArrayRows(rows, weights)
    family = GaussianFamily.of(structure("VVV"), *column_moments(source))
    sweep = Sweep(family, source, Serial())
    first, other = near_pairs(sweep, csr_array(np.eye(K)[labels]))
    points = family.embed(rows)
    centres = [np.average(points[labels == k], 0, weights[labels == k]) for k in range(K)]
    near = np.argsort(cdist(centres, centres), axis=1)[:, 1 : PARTNERS + 1]
    expected = {(min(k, j), max(k, j)) for k in range(K) for j in near[k].tolist()}
    assert len(first) == len(expected) < K * (K - 1) / 4
    assert set(zip(first.tolist(), other.tolist(), strict=True)) == expected


def test_of_few_components_all_pairs_are_looked_at_once() -> None:
    first, other = all_pairs(4)
    assert_array_equal(first, [0, 0, 0, 1, 1, 2])
    assert_array_equal(other, [1, 2, 3, 2, 3, 3])
