"""Hartigan's dip is that of R's diptest, and fpc's along the lines between clusters."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mixtura import GaussianMixture, Mixture
from mixtura.inference import merge
from mixtura.inference.dip import dip, dip_p_value
from mixtura.inference.pairs import Dips, Looked
from tests.oracles import dataset, mclust

# dip(x) of R's diptest 0.76.
DIPS = (
    (
        0.0970149253731343,
        [-0.57, 0.53, 0.87, -1.22, -0.02, 0.15, 2.17, 4.22, 4.0, 3.58, 2.25, 2.95],
    ),
    (0.125, [0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0, -1, 0, -1, -1, 2, 1, -2, 1, 0, -1, 1, -3]),
    (0.0833333333333333, [0.3, 0.6, 0.9, 0.4, -0.8, 0.5]),
    (0.0909090909090909, [0, 1, -1, 0, 1, 2, -2, 0, 0, -1, 2, 3, 4, 2, 4, 2, 3, 3, 3, 3, 4, 1]),
    (0.107142857142857, [0, 0, 1, 1, 1, -1, -2, 3, 2, 6, 3, 3, 3, 2]),
    (
        0.0595238095238095,
        [-0.2, 0.1, -0.8, 0.6, 0.2, -0.5, 0.6, -0.7, 1.9, 1.0, -0.3, 0.3, 0.8, 0.4],
    ),
)

# dip.test(x)$p.value there, by sizes and dips.
P_VALUES = ((60, 0.0517775769788069, 0.260074), (100, 0.0440917869195091, 0.169184))
P_VALUES += ((80, 0.0268089521625836, 0.974168), (10, 0.15, 0.0225419))

# dip(discrcoord(x, class)$proj[, 1]) of each two of six components, fpc 2.2-10.
OF_PAIRS = (
    *(0.1212135, 0.1546322, 0.1217319, 0.1022429, 0.02859603),
    *(0.1339403, 0.1813403, 0.1740466, 0.03434942),
    *(0.01585984, 0.1066196, 0.07470598, 0.0666302, 0.1155422, 0.09139138),
)


@pytest.mark.parametrize(("theirs", "values"), DIPS)
def test_dips_are_those_of_diptest_ties_included(theirs: float, values: list[float]) -> None:
    assert dip(np.array(values)) == pytest.approx(theirs, rel=1e-12)


def test_row_weights_count_rows_and_units_change_nothing() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=60) + 4.0 * (np.arange(60) % 2)
    weights = rng.integers(1, 4, size=60)
    found = dip(values, weights.astype(float))
    assert found == pytest.approx(dip(np.repeat(values, weights)), rel=1e-12)
    assert dip(-1e9 * values, weights.astype(float)) == pytest.approx(found, rel=1e-12)
    assert dip(values, 0.5 * weights) == pytest.approx(found, rel=1e-12)


@pytest.mark.parametrize(("n_rows", "value", "theirs"), P_VALUES)
def test_p_values_are_those_of_diptest(n_rows: int, value: float, theirs: float) -> None:
    assert dip_p_value(value, n_rows) == pytest.approx(theirs, abs=0.012)


@pytest.mark.parametrize("n_rows", [2, 4, 6])
def test_few_rows_have_the_p_values_of_simulated_ones(n_rows: int) -> None:
    rng = np.random.default_rng(n_rows)
    drawn = np.array([dip(rng.random(n_rows)) for _ in range(1000)])
    for value in (drawn.min(), *np.quantile(drawn, [0.5, 0.8, 0.95])):
        expected = (drawn >= value - 1e-12).mean()
        assert dip_p_value(value, n_rows) == pytest.approx(expected, abs=0.05)


def stored(name: str) -> tuple[Mixture, np.ndarray]:
    found = mclust("combine_components")[name]
    model = GaussianMixture.from_parameters(
        found["weights"], found["means"], found["covariances"], covariance_type="full"
    )
    return model.mixture_, dataset(name).values


def test_pairs_have_the_dips_of_fpc_and_are_merged_as_there() -> None:
    mixture, rows = stored("ex4_1")
    parts = [(k,) for k in range(6)]
    _, found = Dips(Looked(mixture, rows, np.ones(len(rows))), rows).pairs(parts)
    said = mixture.predict(rows)
    pairs = list(zip(*np.triu_indices(6, 1), strict=True))
    expected = [
        dip_p_value(value, ((said == one) | (said == other)).sum())
        for (one, other), value in zip(pairs, OF_PAIRS, strict=True)
    ]
    assert_allclose(found[np.triu_indices(6, 1)], expected, atol=1e-5)
    tree = merge(mixture, rows, criterion="dip")
    assert tree.n_clusters == 4
    assert tree.partition(4) == ((0, 5), (1,), (2, 3), (4,))
    assert merge(*stored("cross"), criterion="dip").n_clusters == 1


def test_units_of_columns_change_no_merge() -> None:
    mixture, rows = stored("ex4_1")
    units = np.array([1e-7, 1e6])
    scaled = GaussianMixture.from_parameters(
        mixture.weights,
        mixture.parameters.means * units,
        mixture.parameters.covariance.dense() * np.outer(units, units),
        covariance_type="full",
    )
    tree, other = (
        merge(one, table, criterion="dip")
        for one, table in ((mixture, rows), (scaled.mixture_, rows * units))
    )
    assert tree.merges == other.merges
    assert_allclose(tree.gains, other.gains, atol=1e-6)
