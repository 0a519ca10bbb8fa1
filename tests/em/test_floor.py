"""EM on rounded columns, whose components are kept as wide as the rounding."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp

from mixtura import GaussianMixture
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import CODES, structure
from mixtura.components.gaussian.structures.floor import is_above
from mixtura.components.kernel import Terms
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.certificate import certified
from mixtura.em.fit import FitOptions, fit
from mixtura.em.responsibilities import model_from_responsibilities
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

pytestmark = pytest.mark.drawn(5)

# What axes are best is searched for, so that two searches may end in two places.
SEARCHED = ("EVE", "VVE", "EEV", "VEV")
STEPS = {
    "answers": np.ones(3),
    "unlike steps": np.array([1.0, 0.5, 2.0]),
    "a column that is not rounded": np.array([1.0, 1.0, 0.0]),
}


def answers(steps, seed, n_rows=200):
    """Return answers from 1 to 5 of three clusters, of which one gives next to one answer only."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n_rows) % 3
    widths = np.array([0.2, 0.6, 1.0])[labels, None]
    rows = 3 + 1.2 * (labels[:, None] - 1) + rng.normal(size=(n_rows, 3)) * widths
    return np.where(steps > 0, np.clip(np.round(rows), 1, 5), rows)


def sweep_over(rows, code, steps):
    source = ArrayRows(rows, None)
    family = GaussianFamily.of(structure(code), *column_moments(source), steps=steps)
    return Sweep(family, source, Serial())


def started(rows, code, steps, seed):
    """Return a sweep with its kernel, one without, options and a model to start from."""
    sweep, general = sweep_over(rows, code, steps), sweep_over(rows, code, steps)
    general.kernel = None
    rng = np.random.default_rng(seed)
    points = rows / rows.std(axis=0)
    chosen = points[rng.choice(len(points), 3, replace=False)]
    nearness = -0.5 * ((points[:, None] - chosen) ** 2).sum(axis=2)
    shares = np.exp(nearness - logsumexp(nearness, axis=1)[:, None])
    prior = general.family.prior("weak", general.shared, 3)
    options = FitOptions(GainLeft(), max_iter=500, prior=prior)
    return sweep, general, options, model_from_responsibilities(general, shares, options)


def assert_rises(objective):
    objective = np.array(objective)
    assert (np.diff(objective) >= -1e-9 * np.abs(objective[1:])).all()


@pytest.mark.parametrize("kind", STEPS)
@pytest.mark.parametrize("code", CODES)
def test_the_objective_never_falls_and_no_component_is_narrower_than_the_steps(code, kind):
    steps = STEPS[kind]
    for seed in range(3):
        rows = answers(steps, seed)
        _, general, options, model = started(rows, code, steps, seed)
        run = fit(general, [model], options)[0]
        assert_rises(run.history.objective)
        assert is_above(run.model.parameters.covariance.factors, options.prior.floor)
        assert run.ending.name == "CONVERGED"


@pytest.mark.parametrize("kind", STEPS)
@pytest.mark.parametrize("code", CODES)
def test_compiled_runs_end_where_the_general_ones_do(code, kind):
    steps, lower = STEPS[kind], 0
    for seed in range(3):
        rows = answers(steps, seed)
        sweep, general, options, model = started(rows, code, steps, seed)
        limits = options.rule.limits(options.max_iter, accelerate=options.accelerate)
        terms = Terms(options.prior, options.weighing)
        found = sweep.kernel.run(model.log_weights, model.parameters, terms, limits)
        expected = fit(general, [model], options)[0]
        if found is None:
            assert code in SEARCHED
            continue
        assert_rises(found.steps[:, 1])
        assert is_above(found.parameters.covariance.factors, options.prior.floor)
        lower += abs(found.steps[-1, 1] - expected.objective) > 1e-3
    assert lower <= (1 if code in SEARCHED else 0)


def test_a_column_without_steps_has_no_floor():
    rows = answers(np.ones(3), 0)
    for steps in (None, np.zeros(3)):
        sweep = sweep_over(rows, "VVV", steps)
        assert sweep.family.prior("weak", sweep.shared, 3).floor is None


def test_the_floor_is_the_variance_within_a_cell():
    rows, steps = answers(np.ones(3), 0), np.array([1.0, 0.5, 0.0])
    sweep = sweep_over(rows, "VVV", steps)
    floor = sweep.family.prior("weak", sweep.shared, 3).floor
    np.testing.assert_allclose(floor * sweep.family.frame.scale**2, steps**2 / 12)


@pytest.mark.parametrize("code", CODES)
def test_the_end_is_certified_stationary_within_the_floor(code):
    rows = answers(np.ones(3), 1)
    _, general, options, model = started(rows, code, np.ones(3), 1)
    tight = replace(options, rule=GainLeft(1e-9), max_iter=3000)
    run = fit(general, [model], tight)[0]
    end = certified(general.family, run.model, run.statistics, options.prior, tight)
    assert end.gradient_norm < 1e-3


@pytest.mark.parametrize("code", ["EEV", "VVV", "VEV", "EVV"])
@pytest.mark.parametrize("seed", range(4))
def test_a_run_that_ends_below_the_floor_of_a_stronger_prior_begins_anew(code, seed):
    # Pseudo-rows are nothing to such weights, so components of as many rows as columns collapse.
    rng = np.random.default_rng(seed)
    rows = np.round(10 * rng.normal(size=(60, 6)))
    model = GaussianMixture(
        6, covariance_type=code, prior="conjugate", algorithm="em", random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(rows, sample_weight=1e35 * rng.random(60))
    objective = np.array(model.history_.objective)
    assert (np.diff(objective) >= -1e-12 * np.abs(objective[1:])).all()
