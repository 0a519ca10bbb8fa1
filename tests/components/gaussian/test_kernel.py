"""Compiled runs of Gaussian components do what the general loop does, or leave it to that."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from oracles import dataset
from scipy.special import logsumexp

from mixtura import GaussianMixture
from mixtura.components.gaussian.conjugate import ConjugatePrior
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.structures import CODES, structure
from mixtura.components.kernel import Above, Ended, Limits, Terms
from mixtura.components.weighing import EQUAL, Weighing
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.data.resolution import column_steps
from mixtura.em.fit import FitOptions, fit
from mixtura.em.model import Model
from mixtura.em.neighbours import bettered, merged, on_sample, split_once
from mixtura.em.responsibilities import (
    mixture_of,
    model_from_labels,
    model_from_responsibilities,
    model_from_source,
    responsibilities_of,
)
from mixtura.em.split_and_merge import Race, _by_turns, part_of, split_and_merged, splits_of
from mixtura.em.starts import NeverMet, StartOptions, short_options
from mixtura.em.stopping import Ending, GainLeft, MeanChange
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial
from mixtura.errors import ParameterError

pytestmark = pytest.mark.drawn(5)

# What axes are best is searched for, so that two searches may end in two places.
COMMON_AXES = ("EVE", "VVE")
OTHERS = [code for code in CODES if code not in COMMON_AXES]
STARTS = StartOptions(0)


def sweep_over(rows, code, weights=None):
    source = ArrayRows(rows, weights)
    moments, steps = column_moments(source), column_steps(source)
    return Sweep(GaussianFamily.of(structure(code), *moments, steps=steps), source, Serial())


def both(rows, code, weights=None):
    """Return a sweep with its kernel, and one without."""
    sweep, general = sweep_over(rows, code, weights), sweep_over(rows, code, weights)
    general.kernel = None
    assert sweep.kernel is not None
    return sweep, general


def overlapping(n_rows=150, n_columns=3, seed=0):
    """Return rows of three clusters of unlike widths that overlap."""
    rng = np.random.default_rng([seed, n_columns])
    centres = 2.0 * rng.normal(size=(3, n_columns))
    mixing = np.eye(n_columns) + 0.4 * rng.normal(size=(3, n_columns, n_columns))
    labels = np.arange(n_rows) % 3
    noise = rng.normal(size=(n_rows, n_columns))
    return centres[labels] + np.einsum("nd,nde->ne", noise, mixing[labels])


def soft_shares(rows, n_components, seed=0):
    """Return responsibilities (N, K) by the distances from some of the rows."""
    rng = np.random.default_rng(seed)
    points = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    chosen = points[rng.choice(len(points), n_components, replace=False)]
    nearness = -0.5 * ((points[:, None] - chosen) ** 2).sum(axis=2)
    return np.exp(nearness - logsumexp(nearness, axis=1)[:, None])


def options_for(sweep, n_components=3, prior="weak", **changes):
    penalty = sweep.family.prior(prior, sweep.shared, n_components)
    plain = FitOptions(GainLeft(), max_iter=500, prior=penalty)
    return replace(plain, **changes)


def terms_of(options):
    return Terms(options.prior, options.weighing)


def started(general, n_components, options, seed=0):
    """Return the general M-step from soft clusters."""
    rows = general.source.block(0, general.source.n_rows).rows
    return model_from_responsibilities(general, soft_shares(rows, n_components, seed), options)


def only_compiled(sweep, model, options):
    """Return the run that the kernel makes, which it must not leave to the general loop."""
    limits = options.rule.limits(options.max_iter, accelerate=options.accelerate)
    found = sweep.kernel.run(model.log_weights, model.parameters, terms_of(options), limits)
    assert found is not None
    return fit(sweep, [model], options)[0]


def assert_same_mixture(found, expected, digits=1e-8):
    assert_allclose(found.log_weights, expected.log_weights, rtol=digits, atol=digits)
    means, widths = expected.parameters.means, expected.parameters.covariance.dense()
    spread = np.sqrt(np.einsum("kdd->kd", widths))
    assert (np.abs(found.parameters.means - means) <= digits * (spread + np.abs(means))).all()
    others = found.parameters.covariance.dense()
    assert (np.abs(others - widths) <= digits * spread[:, :, None] * spread[:, None]).all()


SETTINGS = {
    "plain": {"prior": None},
    "weak prior": {},
    "equal weights": {"weighing": Weighing(EQUAL)},
    "Dirichlet": {"weighing": Weighing(concentration=4.0)},
}


def settings_of(name, n_components):
    if name == "held weights":
        return {"weighing": Weighing.holding(np.arange(n_components) + 1.0)}
    return SETTINGS[name]


@pytest.mark.parametrize("settings", [*SETTINGS, "held weights"])
@pytest.mark.parametrize("code", OTHERS)
def test_steps_are_those_of_the_general_loop(code, settings):
    for n_rows, n_columns, n_components, weighted in (
        (150, 3, 3, False),
        (150, 3, 3, True),
        (90, 1, 2, True),
        (97, 2, 1, False),
        (300, 5, 6, False),
    ):
        rows = overlapping(n_rows, n_columns)
        weights = np.random.default_rng(1).uniform(0.2, 2.0, n_rows) if weighted else None
        sweep, general = both(rows, code, weights)
        options = options_for(sweep, n_components, **settings_of(settings, n_components))
        options = replace(options, rule=NeverMet(), max_iter=3)
        start = started(general, n_components, options)
        run, expected = (
            only_compiled(sweep, start, options),
            fit(general, [start], options)[0],
        )
        for name in ("log_likelihood", "objective"):
            assert_allclose(
                getattr(run.history, name), getattr(expected.history, name), rtol=1e-9, atol=1e-9
            )
        assert_allclose(run.history.gap, expected.history.gap, rtol=1e-6, atol=1e-7)
        assert_same_mixture(run.model, expected.model)
        ours, theirs = run.statistics, expected.statistics
        assert ours.log_largest == pytest.approx(theirs.log_largest, rel=1e-8, abs=1e-8)
        assert_allclose(ours.effective_size, theirs.effective_size, rtol=1e-7)
        assert_allclose(ours.moments.effective_rows, theirs.moments.effective_rows, rtol=1e-8)
        assert_allclose(ours.moments.means, theirs.moments.means, rtol=1e-7, atol=1e-8)
        size = np.abs(theirs.moments.scatter).max()
        assert_allclose(ours.moments.scatter, theirs.moments.scatter, rtol=0, atol=1e-8 * size)
        assert ours.moments.pooled == theirs.moments.pooled


@pytest.mark.parametrize("prior", [None, "weak"])
@pytest.mark.parametrize("code", COMMON_AXES)
def test_a_step_to_common_axes_promises_no_less_than_that_of_the_general_loop(code, prior):
    for seed in range(20):
        sweep, general = both(overlapping(seed=seed), code)
        options = options_for(sweep, prior=prior, rule=NeverMet(), max_iter=2)
        start = started(general, 3, options, seed)
        runs = only_compiled(sweep, start, options), fit(general, [start], options)[0]
        (begun, stepped), (other, general_step) = (run.history for run in runs)
        assert begun.objective == pytest.approx(other.objective, rel=1e-11)
        penalty = [step.objective - step.log_likelihood for step in (stepped, general_step)]
        promised = stepped.lower_bound + penalty[0]
        assert promised >= general_step.lower_bound + penalty[1] - 1e-9 * abs(promised)


@pytest.mark.parametrize("prior", [None, "weak"])
@pytest.mark.parametrize("code", CODES)
def test_runs_end_where_those_of_the_general_loop_end(code, prior):
    for accelerate in (False, True):
        sweep, general = both(overlapping(seed=4), code)
        options = options_for(
            sweep,
            prior=prior,
            rule=GainLeft(nats=1e-7, relative=0.0),
            max_iter=20_000,
            accelerate=accelerate,
        )
        start = started(general, 3, options)
        run, expected = only_compiled(sweep, start, options), fit(general, [start], options)[0]
        assert run.ending is Ending.CONVERGED
        assert run.objective == pytest.approx(expected.objective, abs=1e-5)
        # It stops at the model that it has measured.
        (again,) = general([run.model])
        assert again.log_likelihood == pytest.approx(run.history[-1].log_likelihood, rel=1e-11)


@pytest.mark.parametrize("name", ["faithful", "iris", "diabetes", "wdbc10"])
@pytest.mark.parametrize("code", ["VVV", "EEE", "VII", "EVI", "VVE", "EEV"])
def test_runs_on_real_rows_end_where_those_of_the_general_loop_end(name, code):
    sweep, general = both(dataset(name).values, code)
    options = options_for(sweep, rule=GainLeft(nats=1e-6), max_iter=5000, accelerate=True)
    start = started(general, 3, options, seed=2)
    run, expected = only_compiled(sweep, start, options), fit(general, [start], options)[0]
    assert run.objective == pytest.approx(expected.objective, abs=1e-3)
    assert run.ending.converged


@pytest.mark.parametrize("tol", [1e-2, 1e-4])
@pytest.mark.parametrize("code", ["VVV", "EII", "VEV"])
def test_the_rule_of_mean_change_ends_at_the_same_sweep(code, tol):
    sweep, general = both(overlapping(), code)
    options = options_for(sweep, rule=MeanChange(tol))
    start = started(general, 3, options)
    run, expected = only_compiled(sweep, start, options), fit(general, [start], options)[0]
    assert run.n_iter == expected.n_iter > 2
    assert run.ending is expected.ending is Ending.SMALL_CHANGE
    assert_same_mixture(run.model, expected.model, 1e-6)


@pytest.mark.parametrize("sweeps", [1, 2, 5, 6, 7, 8, 9, 10, 11])
@pytest.mark.parametrize("accelerate", [False, True])
def test_a_run_ends_at_the_limit_of_sweeps(sweeps, accelerate):
    sweep, general = both(overlapping(seed=3), "VVV")
    options = options_for(
        sweep, rule=GainLeft(nats=1e-9, relative=0.0), max_iter=sweeps, accelerate=accelerate
    )
    start = started(general, 3, options)
    run, expected = only_compiled(sweep, start, options), fit(general, [start], options)[0]
    assert run.ending is Ending.ITERATION_LIMIT
    assert run.history.n_sweeps == sweeps == expected.history.n_sweeps
    assert_allclose(run.history.objective, expected.history.objective, rtol=1e-9)
    assert_same_mixture(run.model, expected.model, 1e-6)


@given(
    code=st.sampled_from(CODES),
    n_columns=st.integers(1, 4),
    n_components=st.integers(1, 5),
    seed=st.integers(0, 2**32),
    weighted=st.booleans(),
    accelerate=st.booleans(),
)
def test_the_objective_never_falls_and_jensens_bound_stays_below(
    code, n_columns, n_components, seed, weighted, accelerate
):
    rng = np.random.default_rng(seed)
    rows = overlapping(80, n_columns, seed)
    sweep, general = both(rows, code, rng.uniform(0.1, 3.0, 80) if weighted else None)
    options = options_for(sweep, n_components, max_iter=30, accelerate=accelerate)
    start = started(general, n_components, options, seed)
    limits = options.rule.limits(30, accelerate=accelerate)
    found = sweep.kernel.run(start.log_weights, start.parameters, terms_of(options), limits)
    if found is None:
        return
    log_likelihood, objective, promised = found.steps.T
    rounding = 1e-9 * (np.abs(objective[-1]) + 80)
    assert np.isfinite(found.steps[1:]).all()
    assert (np.diff(objective) >= -rounding).all()
    bound = log_likelihood[:-1] + promised[1:]
    assert (bound <= log_likelihood[1:] + rounding).all()
    assert found.moments.effective_rows.sum() == pytest.approx(sweep.total_weight)


@pytest.mark.parametrize("code", CODES)
def test_a_row_of_weight_two_is_a_row_twice(code):
    rows = overlapping(100)
    twice = np.arange(100) % 3 == 0
    weights = 1.0 + twice
    weighted = both(rows, code, weights)[0]
    source = ArrayRows(np.vstack([rows, rows[twice]]))
    repeated = Sweep(weighted.family, source, Serial())
    options = options_for(weighted, max_iter=12, rule=NeverMet())
    start = started(weighted, 3, options)
    one, other = (only_compiled(sweep, start, options) for sweep in (weighted, repeated))
    assert_allclose(one.history.objective, other.history.objective, rtol=1e-10)
    assert_same_mixture(one.model, other.model, 1e-6)
    assert one.statistics.log_largest == pytest.approx(other.statistics.log_largest, rel=1e-7)


@pytest.mark.parametrize("code", CODES)
def test_components_in_another_order_lead_to_the_same_place_in_that_order(code):
    sweep, general = both(overlapping(), code)
    options = options_for(sweep, max_iter=8, rule=NeverMet())
    start = started(general, 3, options)
    order = [2, 0, 1]
    turned = Model(start.log_weights[order], start.parameters.take(order))
    run, other = only_compiled(sweep, start, options), only_compiled(sweep, turned, options)
    # Axes are rotated in the order of the components until that gains next to nothing.
    digits = 1e-6 if code in COMMON_AXES else 1e-10
    assert_allclose(run.history.objective, other.history.objective, rtol=digits)
    if code not in COMMON_AXES:
        expected = Model(run.model.log_weights[order], run.model.parameters.take(order))
        assert_same_mixture(other.model, expected, 1e-7)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("scale", [1e-150, 1e-12, 1e12, 1e150])
def test_units_change_nothing_but_the_constant(code, scale):
    rows = overlapping()
    plain, scaled = both(rows, code)[0], both(rows * scale + 3 * scale, code)[0]
    runs = []
    for sweep in (plain, scaled):
        options = options_for(sweep, rule=NeverMet(), max_iter=8)
        runs.append(only_compiled(sweep, started(sweep, 3, options), options))
    shift = rows.size * np.log(scale)
    found = runs[1].history[-1].log_likelihood + shift
    assert found == pytest.approx(runs[0].history[-1].log_likelihood, abs=1e-6)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("distance", [1e2, 1e4, 1e6, 1e8])
def test_narrow_components_far_apart_lose_no_digits(code, distance):
    rows = overlapping()
    rows[::3] += distance
    sweep, general = both(rows, code)
    options = options_for(sweep, max_iter=30, prior=None)
    labels = (np.arange(len(rows)) % 3 > 0).astype(int)
    start = model_from_responsibilities(general, np.eye(2)[labels], options)
    found, expected = fit(sweep, [start], options)[0], fit(general, [start], options)[0]
    assert found.objective == pytest.approx(expected.objective, rel=1e-9, abs=1e-6)
    alone = sweep.kernel.start(np.eye(2)[labels], terms_of(options))
    if alone is not None:
        assert_same_mixture(Model(*alone), start, 1e-7)
    if distance == 1e8 and code not in ("EII", "EEI", "EEE"):
        assert alone is None


def collapsing(general, options):
    """Return a start of which one component sits on three equal rows."""
    n_rows = general.source.n_rows
    shares = np.column_stack([np.ones(n_rows), np.zeros(n_rows)])
    shares[:3] = [1e-9, 1.0]
    return model_from_responsibilities(general, shares, options)


@pytest.mark.parametrize("code", ["VVV", "VVI", "VII", "VEV", "EVV", "VEI"])
def test_a_component_that_collapses_is_carried_on_under_the_stronger_prior(code):
    rows = overlapping(60)
    rows[:3] = 40.0
    sweep, general = both(rows, code)
    rescue = sweep.family.prior("rescue", sweep.shared, 2)
    options = options_for(sweep, 2, prior=None, max_iter=40, fallback=rescue)
    start = collapsing(general, options)
    limits = options.rule.limits(40, accelerate=False)
    terms = terms_of(options)
    stopped = sweep.kernel.run(start.log_weights, start.parameters, terms, limits)
    assert stopped is None or stopped.ended is Ended.FLAT
    run, expected = (fit(one, [start], options)[0] for one in (sweep, general))
    assert run.recovery == expected.recovery is not None
    assert run.objective == pytest.approx(expected.objective, rel=1e-9)
    alone = replace(options, fallback=None)
    for one in (sweep, general):
        with pytest.raises(ParameterError, match="component 1"):
            fit(one, [start], alone)


def with_a_thin_cluster(seed, width, n_columns=3):
    """Return three clusters, the first of next to no width in a slanted direction, and labels."""
    rng = np.random.default_rng(seed)
    rows = overlapping(180, n_columns, seed)
    labels = np.arange(180) % 3
    turn = np.linalg.qr(rng.normal(size=(n_columns, n_columns)))[0]
    own = rows[labels == 0] @ turn
    own[:, -1] = own[:, -1].mean() + width * rng.normal(size=len(own))
    rows[labels == 0] = own @ turn.T
    return rows, labels


@pytest.mark.parametrize("code", ["VVV", "EVV"])
@pytest.mark.parametrize("width", [1e-3, 1e-4, 1e-5])
@pytest.mark.parametrize("seed", range(3))
def test_a_thin_cluster_is_summed_about_its_own_mean(code, width, seed):
    rows, labels = with_a_thin_cluster(seed, width)
    sweep, general = both(rows, code)
    options = options_for(sweep, max_iter=4, prior=None, rule=NeverMet())
    start = model_from_labels(general, labels, 3, options)
    run, expected = only_compiled(sweep, start, options), fit(general, [start], options)[0]
    # What is left of digits is those of the rows about the mean.
    assert run.objective == pytest.approx(expected.objective, abs=1e-9 / width)
    assert_same_mixture(run.model, expected.model, 1e-12 / width)
    # Sums may be about the origin or about means; moments are the same.
    found, other = run.statistics.moments, expected.statistics.moments
    assert_allclose(found.effective_rows, other.effective_rows, rtol=1e-9)
    assert_allclose(found.means, other.means, rtol=1e-6, atol=1e-6)
    assert_allclose(found.scatter, other.scatter, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("code", ["VVE", "EVE"])
@pytest.mark.parametrize("seed", range(4))
def test_common_axes_do_not_turn_to_where_few_rows_have_no_width(code, seed):
    rng = np.random.default_rng([seed, 77])
    rows = 1.5 * rng.normal(size=(2, 12))[np.arange(120) % 2] + rng.normal(size=(120, 12))
    found = GaussianMixture(2, covariance_type=code, random_state=seed).fit(rows)
    assert (found.weights_ * 120).min() > 14
    assert np.linalg.eigvalsh(found.covariances_).min() > 1e-3


WILD = st.one_of(st.floats(-1e300, 1e300), st.sampled_from([np.inf, -np.inf, np.nan, 0.0, 1e-310]))


@given(
    code=st.sampled_from(CODES),
    log_weight=WILD,
    mean=WILD,
    factor=WILD,
    seed=st.integers(0, 2**32),
)
def test_what_is_not_ordinary_never_comes_out(code, log_weight, mean, factor, seed):
    sweep, general = both(overlapping(60, 2, seed), code)
    options = options_for(sweep, max_iter=6, accelerate=True)
    start = started(general, 3, options, seed)
    log_weights, means = start.log_weights.copy(), start.parameters.means.copy()
    covariance = start.parameters.covariance
    factors = covariance.factors.copy()
    changed = np.random.default_rng(seed).integers(0, 4)
    if changed in (0, 3):
        log_weights[1] = log_weight
    if changed in (1, 3):
        means[1, 0] = mean
    if changed in (2, 3):
        factors.reshape(3, -1)[1, 0] = factor
    with np.errstate(all="ignore"):
        try:
            parameters = GaussianParameters(means, replace(covariance, factors=factors))
            found = sweep.kernel.run(
                log_weights, parameters, terms_of(options), Limits(6, accelerate=True)
            )
        except np.linalg.LinAlgError:
            # Axes of what is no number.
            return
        halves = sweep.kernel.split(sweep.kernel, log_weights, parameters, terms_of(options))
    if found is not None:
        assert np.isfinite(found.steps[:, :2]).all()
        assert np.isfinite(found.log_weights).all()
        assert np.isfinite(found.parameters.means).all()
        assert np.isfinite(found.parameters.covariance.factors).all()
    if halves is not None:
        assert not np.isnan(halves.gains).any()
        assert not np.isnan(halves.responsibilities).any()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("code", CODES)
def test_a_start_is_the_m_step_of_the_general_way(code, weighted):
    rows = overlapping(131, 4)
    weights = np.random.default_rng(3).uniform(0.2, 2.0, 131) if weighted else None
    sweep, general = both(rows, code, weights)
    for settings in SETTINGS.values():
        options = options_for(sweep, 4, **settings)
        shares = soft_shares(rows, 4)
        expected = model_from_responsibilities(general, shares, options)
        for given_shares in (shares, np.asfortranarray(shares), np.hstack([shares] * 2)[:, :4]):
            found = sweep.kernel.start(given_shares, terms_of(options))
            assert found is not None
            assert_same_mixture(Model(*found), expected, 1e-5 if code in COMMON_AXES else 1e-9)


@pytest.mark.parametrize("code", CODES)
def test_responsibilities_are_those_of_the_mixture(code):
    rows = overlapping(263, 3)
    sweep, general = both(rows, code, np.random.default_rng(0).uniform(0, 2, 263))
    options = options_for(sweep)
    model = started(general, 3, options)
    expected = mixture_of(general, model).responsibilities(rows)
    found = sweep.kernel.responsibilities(model.log_weights, model.parameters)
    assert_allclose(found.T, expected, rtol=1e-9, atol=1e-11)
    assert_allclose(found.sum(axis=0), 1.0, rtol=1e-14)
    assert_array_equal(responsibilities_of(sweep, model), found.T)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("code", CODES)
def test_halves_of_components_are_those_of_the_general_way(code, weighted):
    rows = overlapping(240, 3, seed=6)
    weights = np.random.default_rng(2).uniform(0.5, 1.5, 240) if weighted else None
    sweep, general = both(rows, code, weights)
    options = options_for(sweep, 2)
    labels = (np.arange(240) % 3 > 0).astype(int)
    model = model_from_labels(general, labels, 2, options)
    model = fit(general, [model], replace(options, rule=NeverMet(), max_iter=3))[0].model
    part, general_part = sweep.part(150, 0), general.part(150, 0)
    general_part.kernel = None
    for few, general_few in ((sweep, general), (part, general_part)):
        found = few.kernel.split(
            sweep.kernel, model.log_weights, model.parameters, terms_of(options)
        )
        expected = splits_of(general, general_few, model, options)
        digits = 1e-4 if code in COMMON_AXES else 1e-7
        assert_allclose(found.responsibilities, expected.responsibilities, atol=1e-9)
        assert_allclose(found.gains, expected.gains, rtol=digits, atol=digits)
        for own, other in zip(found.second, expected.second, strict=True):
            nearer = own if np.abs(own - other).max() < 0.5 else 1 - own
            assert_allclose(nearer, other, atol=digits)
    assert np.isfinite(found.gains).any()


def test_a_half_of_too_few_rows_gains_nothing():
    rows = overlapping(40, 3)
    rows[0] += 30
    sweep, general = both(rows, "VVV")
    options = options_for(sweep, 1)
    model = model_from_labels(general, np.zeros(40, dtype=int), 1, options)
    found = sweep.kernel.split(sweep.kernel, model.log_weights, model.parameters, terms_of(options))
    expected = splits_of(general, general, model, options)
    assert_array_equal(found.gains, expected.gains)
    assert found.gains[0] == -np.inf


@pytest.mark.parametrize("code", ["VVV", "EVV", "VVI", "VEV", "EEV", "VVE"])
def test_a_component_too_small_to_be_halved_hides_no_other(code):
    rows = overlapping(126, 3)
    labels = (np.arange(126) >= 120).astype(int)
    rows[120:] += 60
    sweep = both(rows, code)[0]
    options = options_for(sweep, 2)
    model = model_from_labels(sweep, labels, 2, options)
    found = sweep.kernel.split(sweep.kernel, model.log_weights, model.parameters, terms_of(options))
    assert found.gains[1] == -np.inf
    assert found.gains[0] > 10


@pytest.mark.parametrize("code", OTHERS)
def test_starts_tried_at_once_are_short_runs(code):
    rows = overlapping(200, 3)
    sweep, general = both(rows, code)
    options = options_for(sweep)
    rng = np.random.default_rng(0)
    labels = [rng.integers(0, 3, 200), np.arange(200) % 3, np.arange(200) // 80]
    labels.append(rng.permutation(labels[0]))
    shares = soft_shares(rows, 3)
    found = sweep.kernel.tried([*labels, shares], 3, terms_of(options), 5)
    sources = (*labels, shares)
    starts = [model_from_source(general, one, 3, options) for one in sources]
    runs = [only_compiled(sweep, start, short_options(options, 5)) for start in starts]
    for one, run in zip(found, runs, strict=True):
        assert one[0] == pytest.approx(run.objective, rel=1e-10)
        assert_same_mixture(Model(*one[1:]), run.model, 1e-6)


@pytest.mark.parametrize("code", OTHERS)
def test_starts_tried_at_once_are_those_of_the_general_way(code):
    rows = overlapping(200, 3)
    sweep, general = both(rows, code)
    options = options_for(sweep)
    labels = [np.arange(200) % 3, np.arange(200) // 80]
    starts = [model_from_labels(general, own, 3, options) for own in labels]
    expected = fit(general, starts, short_options(options, 2))
    found = sweep.kernel.tried(labels, 3, terms_of(options), 2)
    for one, run in zip(found, expected, strict=True):
        assert one[0] == pytest.approx(run.objective, rel=1e-9)
        assert_same_mixture(Model(*one[1:]), run.model, 1e-6)


def test_labels_that_leave_a_component_empty_are_softened_as_in_the_general_way():
    sweep, general = both(overlapping(), "VVV")
    options = options_for(sweep)
    labels = np.arange(150) % 2
    ((objective, *mixed),) = sweep.kernel.tried([labels], 3, terms_of(options), 2)
    start = model_from_labels(general, labels, 3, options)
    (run,) = fit(general, [start], short_options(options, 2))
    assert objective == pytest.approx(run.objective, rel=1e-9)
    assert_same_mixture(Model(*mixed), run.model, 1e-6)


def test_a_start_that_collapses_at_once_is_left_out():
    rows = overlapping(60, 3)
    rows[:3] = 40.0
    sweep = both(rows, "VVV")[0]
    labels = [(np.arange(60) > 2).astype(int), np.arange(60) % 2]
    found = sweep.kernel.tried(labels, 2, terms_of(options_for(sweep, 2, prior=None)), 4)
    assert found[0] is None
    assert np.isfinite(found[1][0])


CENTRES = np.array([[0.0, 0.0], [40.0, 0.0], [46.0, 0.0], [0.0, 40.0]])


def four_clusters():
    labels = np.repeat(np.arange(4), 150)
    return CENTRES[labels] + np.random.default_rng(0).normal(size=(600, 2)), labels


@pytest.mark.parametrize("code", CODES)
def test_components_are_moved_where_the_general_way_moves_them(code):
    rows, labels = four_clusters()
    sweep, general = both(rows, code)
    options = options_for(sweep, 4, accelerate=True)
    wrong = np.choose(labels, [0, 1, 1, 2])
    wrong[(labels == 0) & (rows[:, 0] > 0)] = 3
    starts = [model_from_labels(general, own, 4, options) for own in (wrong, labels)]
    for first, moves in ((starts[:1], 1), (starts[1:], 0), (starts, 0)):
        few = part_of(sweep, 4, STARTS)
        mixed = [(model.log_weights, model.parameters) for model in first]
        found = sweep.kernel.split_and_merged(few.kernel, mixed, terms_of(options), 500)
        general_few = part_of(general, 4, STARTS)
        general_few.kernel = None
        other = _by_turns(general, general_few, first, replace(options, rule=Race()))
        assert found.moves == moves
        assert not any(found.lost)
        ends = [fit(general, [one], options)[0].objective for one in (Model(*found.end), other)]
        assert ends[0] == pytest.approx(ends[1], abs=0.01)


@pytest.mark.parametrize("code", CODES)
def test_neighbours_are_those_of_the_general_way(code):
    rows, labels = four_clusters()
    sweep, general = both(rows, code)
    wrong = np.choose(labels, [0, 1, 1, 2])
    wrong[(labels == 0) & (rows[:, 0] > 0)] = 3
    halved = np.where((labels == 0) & (rows[:, 0] > 0), 4, labels)
    for size, own, other_size, other in (
        (4, wrong, 5, halved),
        (4, wrong, 3, np.minimum(labels, 2)),
        (4, labels, 3, np.minimum(labels, 2)),
    ):
        options = options_for(sweep, size, accelerate=True)
        now = on_sample(general, model_from_labels(general, own, size, options), options)
        giving = model_from_labels(general, other, other_size, options)
        few, general_few = (part_of(one, other_size, STARTS) for one in (sweep, general))
        general_few.kernel = None
        above = Above(now.objective, float(now.statistics.moments.effective_rows.min()))
        mixed = giving.log_weights, giving.parameters
        found = sweep.kernel.neighbour(few.kernel, mixed, size, above, terms_of(options), 500)
        make = merged if other_size > size else split_once
        expected = bettered(general, now, make(general, giving, options, STARTS), options)
        assert (found is None) == (expected is None)
        if found is not None:
            ends = [fit(general, [one], options)[0] for one in (Model(*found), expected)]
            assert ends[0].objective == pytest.approx(ends[1].objective, abs=0.01)
            assert ends[0].objective > now.objective + 1
        assert (found is None) == (own is labels)


def test_moves_are_none_where_there_is_one_component():
    sweep = both(overlapping(), "VVV")[0]
    options = options_for(sweep, 1, accelerate=True)
    start = model_from_labels(sweep, np.zeros(150, dtype=int), 1, options)
    assert split_and_merged(sweep, [start], options, STARTS).n_components == 1


def test_a_run_that_cannot_reach_another_ends():
    rows, labels = four_clusters()
    sweep, general = both(rows, "VVV")
    options = options_for(sweep, 4, accelerate=True)
    wrong = np.choose(labels, [0, 1, 1, 2])
    wrong[(labels == 0) & (rows[:, 0] > 0)] = 3
    start = model_from_labels(general, wrong, 4, options)
    alone = only_compiled(sweep, start, options)
    limits = options.rule.limits(500, accelerate=True)
    mixed = start.log_weights, start.parameters, terms_of(options), limits
    ahead = sweep.kernel.run(*mixed, ahead=alone.objective + 100)
    behind = sweep.kernel.run(*mixed, ahead=alone.objective - 1)
    assert ahead.ended is Ended.OUTRUN
    assert len(ahead.steps) < alone.n_iter == len(behind.steps)
    assert behind.ended is Ended.RULE


def test_a_kernel_may_be_used_again_and_does_not_change_what_it_is_given():
    sweep, general = both(overlapping(), "VVE")
    options = options_for(sweep, max_iter=9, rule=NeverMet())
    start = started(general, 3, options)
    before = [
        each.copy()
        for each in (
            start.log_weights,
            start.parameters.means,
            start.parameters.covariance.factors,
            sweep.kernel.products,
        )
    ]
    first = only_compiled(sweep, start, options)
    second = only_compiled(sweep, start, options)
    assert_array_equal(first.history.objective, second.history.objective)
    assert_array_equal(first.model.parameters.means, second.model.parameters.means)
    after = (
        start.log_weights,
        start.parameters.means,
        start.parameters.covariance.factors,
        sweep.kernel.products,
    )
    for one, other in zip(before, after, strict=True):
        assert_array_equal(one, other)


def test_what_has_no_kernel_is_left_to_the_general_loop():
    rows = overlapping(80, 65)
    assert sweep_over(rows, "VVV").kernel is None
    assert sweep_over(rows[:, :64], "VVV").kernel is not None
    assert sweep_over(np.random.default_rng(0).normal(size=(200_000, 4)), "VVV").kernel is None


def test_priors_that_are_no_pseudo_rows_and_too_many_components_are_left_to_it():
    sweep, general = both(overlapping(), "VVV")
    options = options_for(sweep)
    start = started(general, 3, options)
    conjugate = sweep.family.prior("conjugate", sweep.shared, 3)
    assert isinstance(conjugate, ConjugatePrior)
    limits = Limits(5)
    mixed = start.log_weights, start.parameters
    assert sweep.kernel.run(*mixed, Terms(conjugate, Weighing()), limits) is None
    assert sweep.kernel.start(np.full((150, 3), 1 / 3), Terms(conjugate, Weighing())) is None
    many = start.parameters.take([0] * 129)
    log_weights = np.full(129, -np.log(129))
    assert sweep.kernel.run(log_weights, many, terms_of(options), limits) is None
    assert sweep.kernel.responsibilities(log_weights, many) is None
    assert sweep.kernel.start(np.full((150, 129), 1 / 129), terms_of(options)) is None
    most = start.parameters.take([0] * 128)
    assert sweep.kernel.responsibilities(np.full(128, -np.log(128)), most) is not None
    assert (
        sweep.kernel.split(sweep.kernel, log_weights[:33], many.take(range(33)), terms_of(options))
        is None
    )
