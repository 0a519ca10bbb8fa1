"""The models of a search share partitions of one subsample, found once for each size."""

import numpy as np
import pytest

from mixtura import GaussianMixture
from mixtura.components.background import one_pass
from mixtura.components.gaussian.background import BoxBackground
from mixtura.components.gaussian.box import smallest_box
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import CODES, structure
from mixtura.components.noise import NoiseFamily
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.fit import FitOptions
from mixtura.em.responsibilities import mixture_of
from mixtura.em.solve import SolveOptions, fit_options
from mixtura.em.starts import StartOptions
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial
from mixtura.selection import Cell
from mixtura.selection.starts import MANY_CELLS, SAMPLE_ROWS, SharedStarts

OPTIONS = SolveOptions(
    GainLeft(), 50, "weak", rescue=True, monotone=True, starts=StartOptions(0, finish=2)
)


def rows_in(n_rows=200):
    rng = np.random.default_rng(7)
    return rng.normal(size=(n_rows, 2)) + np.repeat([[0.0, 0.0], [6.0, 3.0]], n_rows // 2, axis=0)


def cells_for(rows, codes, size=2, *, noise=False):
    moments = column_moments(ArrayRows(rows))
    families = [GaussianFamily.of(structure(code), *moments) for code in codes]
    if noise:
        families = [
            NoiseFamily.around(one, BoxBackground.of(smallest_box(one_pass(rows))))
            for one in families
        ]
    return [Cell(code, family, size) for code, family in zip(codes, families, strict=True)]


def shared(rows, codes, **settings):
    cells = cells_for(rows, codes, **settings)
    return cells, SharedStarts.of(cells, ArrayRows(rows), Serial(), OPTIONS)


def rows_of(starts):
    return starts.sample.block(0, starts.sample.n_rows).rows


def made(starts, cell, rows, fitted):
    sweep = Sweep(cell.family, ArrayRows(rows), Serial())
    options: FitOptions = fit_options(sweep, cell.n_components + cell.family.has_noise, OPTIONS)
    models = starts.maker(cell, fitted)(sweep, options)
    return sweep, models


def test_screens_are_those_of_the_kinds_that_are_searched():
    rows = rows_in()
    for codes, expected in (
        (("EEE", "VVI", "VVV"), ["VVV", "EEE", "VVI"]),
        (("EEE", "VII", "VVI", "VVV"), ["VVV", "EEE", "VII"]),
        (("EEI", "EVI", "VVV"), ["VVV", "EVI"]),
        (("VVI", "EEI"), ["VVI"]),
        (("VII",), ["VII"]),
    ):
        for noise in (False, True):
            _, starts = shared(rows, codes, noise=noise)
            assert [screen.structure.code for screen in starts.screens] == expected
            assert not any(screen.has_noise for screen in starts.screens)


def test_a_tree_is_grown_where_many_models_are_searched():
    assert shared(rows_in(), CODES[: MANY_CELLS - 1])[1].tree is None
    assert shared(rows_in(), CODES[:MANY_CELLS])[1].tree is not None


def test_partitions_of_a_size_are_found_once():
    _, starts = shared(rows_in(), ("VVV",))
    assert starts.partitions(2) is starts.partitions(2)
    assert starts.partitions(2) is not starts.partitions(3)
    assert starts.partitions(3).n_components == 3


@pytest.mark.parametrize("n_rows", [200, 2 * SAMPLE_ROWS])
def test_starts_come_from_a_subsample_where_rows_are_many(n_rows):
    rows = rows_in(n_rows)
    (cell,), starts = shared(rows, ("VVV",))
    assert starts.whole == (n_rows < SAMPLE_ROWS)
    assert starts.sample.n_rows == min(n_rows, SAMPLE_ROWS)
    _, models = made(starts, cell, rows, {})
    assert {model.n_components for model in models} == {2}


@pytest.mark.parametrize("noise", [None, "uniform"])
def test_a_start_is_no_lower_than_a_fitted_model_that_is_nested(noise):
    rows = np.vstack([rows_in(), np.random.default_rng(1).uniform(-20, 20, (30, 2))])
    (narrow, wide), starts = shared(rows, ("VII", "VVV"), noise=noise is not None)
    fitted = GaussianMixture(2, covariance_type="VII", noise=noise, random_state=0).fit(rows)
    shares = fitted.mixture_.responsibilities(rows_of(starts))
    sweep, models = made(starts, wide, rows, {narrow.kind: shares})
    assert max(one.log_likelihood for one in sweep(models)) >= fitted.log_likelihood_ - 0.02
    assert {model.n_components for model in models} == {2 + (noise is not None)}


@pytest.mark.parametrize("noise", [None, "uniform"])
def test_shares_of_a_model_are_those_of_its_mixture_noise_last(noise):
    rows = np.vstack([rows_in(), np.random.default_rng(1).uniform(-20, 20, (30, 2))])
    (cell,), starts = shared(rows, ("VVV",), noise=noise is not None)
    sweep, models = made(starts, cell, rows, {})
    expected = mixture_of(sweep, models[0]).responsibilities(rows_of(starts))
    np.testing.assert_allclose(starts.responsibilities(cell, models[0]), expected, atol=1e-10)
    assert expected.shape[1] == 2 + (noise is not None)


def test_models_that_are_not_nested_are_not_taken_over():
    rows = rows_in()
    (wide, narrow), starts = shared(rows, ("VVV", "EII"))
    fitted = GaussianMixture(2, random_state=0).fit(rows).mixture_
    shares = fitted.responsibilities(rows_of(starts))
    with_it = made(starts, narrow, rows, {wide.kind: shares})[1]
    without = made(starts, narrow, rows, {})[1]
    for one, other in zip(with_it, without, strict=True):
        np.testing.assert_array_equal(one.parameters.means, other.parameters.means)
