"""Ends are ranked by their objective, components on too few rows as wide as all rows."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.prior import NoPrior
from mixtura.components.gaussian.structures import structure
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.fit import FitOptions, fit
from mixtura.em.ranking import ALONE, ranked, unsupported, worth
from mixtura.em.responsibilities import mixture_of, model_from_responsibilities
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial


def sweep_of(rows, weights=None, code="VVV"):
    source = ArrayRows(rows, weights)
    return Sweep(GaussianFamily.of(structure(code), *column_moments(source)), source, Serial())


def options_for(sweep):
    weak, rescue = (sweep.family.prior(name, sweep.shared, 2) for name in ("weak", "rescue"))
    return FitOptions(GainLeft(), max_iter=300, prior=weak, fallback=rescue)


def ended(sweep, shares):
    options = options_for(sweep)
    return fit(sweep, [model_from_responsibilities(sweep, shares, options)], options)[0], options


def with_spike(width=1e-3):
    rng = np.random.default_rng(0)
    rows = np.vstack([rng.normal(size=(120, 2)), 2 + width * rng.normal(size=(4, 2))])
    return rows, np.repeat(np.eye(2), [120, 4], axis=0)


@pytest.mark.parametrize("code", ["VVV", "VVE"])
def test_a_spike_is_worth_what_it_is_as_wide_as_all_rows(code):
    rows, shares = with_spike()
    sweep = sweep_of(rows, code=code)
    end, options = ended(sweep, shares)
    assert unsupported(sweep, end, options.prior).tolist() == [False, True]
    mixture = mixture_of(sweep, end.model)
    means, dense = mixture.parameters.means, mixture.parameters.covariance.dense()
    of_all = np.cov(rows.T, bias=True)
    joint = [
        np.log(weight) + multivariate_normal(mean, covariance).logpdf(rows)
        for weight, mean, covariance in zip(mixture.weights, means, [dense[0], of_all], strict=True)
    ]
    expected = logsumexp(joint, axis=0).sum()
    assert worth(sweep, end, options) == pytest.approx(expected, abs=1e-6)
    assert end.objective > expected + 40


def test_a_likelier_spike_ranks_below_what_all_rows_support():
    rows, shares = with_spike(1e-6)
    sweep = sweep_of(rows)
    spike, options = ended(sweep, shares)
    children = np.eye(2)[(rows[:, 0] > 0).astype(int)]
    sound, _ = ended(sweep, children)
    assert spike.objective > sound.objective
    assert ranked(sweep, [spike, sound], options)[0] is sound


def test_equal_rows_support_a_component_but_not_where_every_row_repeats():
    rng = np.random.default_rng(1)
    rows = np.vstack([rng.normal(size=(100, 2)), np.full((10, 2), 9.0)])
    shares = np.repeat(np.eye(2), [100, 10], axis=0)
    end, options = ended(sweep_of(rows), shares)
    assert not unsupported(sweep_of(rows), end, options.prior).any()
    few = rng.normal(size=(12, 2))
    often = np.repeat(few, 50, axis=0)
    single = np.column_stack([np.ones(600), np.zeros(600)])
    single[:50] = [0.0, 1.0]
    sweep = sweep_of(often)
    end, options = ended(sweep, single)
    assert unsupported(sweep, end, options.prior)[1]


@pytest.mark.parametrize("code", ["EEE", "EEI", "EII", "EEV"])
def test_what_components_share_is_supported_by_all_rows(code):
    rows = np.vstack([np.random.default_rng(2).normal(size=(60, 2)), [[50.0, 50.0]]])
    sweep = sweep_of(rows, code=code)
    end, options = ended(sweep, np.repeat(np.eye(2), [60, 1], axis=0))
    assert not unsupported(sweep, end, options.prior).any()


def test_a_prior_that_is_meant_to_be_felt_supports_all():
    rows, shares = with_spike()
    sweep = sweep_of(rows)
    end, _ = ended(sweep, shares)
    assert unsupported(sweep, end, NoPrior())[1]
    assert not unsupported(sweep, end, SimpleNamespace(supports=True)).any()


def test_ends_without_any_supported_component_are_below_all_others():
    rows = np.random.default_rng(3).normal(size=(8, 2))
    rows[4:] += 100.0
    sweep = sweep_of(rows)
    end, options = ended(sweep, np.repeat(np.eye(2), [4, 4], axis=0))
    assert worth(sweep, end, options) == pytest.approx(end.objective - ALONE)
