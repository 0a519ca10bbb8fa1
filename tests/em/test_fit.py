"""The loop rises, knows its bound and what is left to gain, and keeps the best when interrupted."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from scipy.special import logsumexp

from mixtura import Dirichlet, GaussianMixture, LikelihoodDecreased, ParameterError
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.prior import NoPrior, ScatterPrior
from mixtura.components.gaussian.structures import CODES, structure
from mixtura.components.kernel import Limits
from mixtura.components.weighing import EQUAL, Weighing
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.fit import FitOptions, Run, fit, log_weights_of
from mixtura.em.history import History, Step
from mixtura.em.model import Model
from mixtura.em.ranking import ranked
from mixtura.em.responsibilities import model_from_labels, model_from_responsibilities
from mixtura.em.stopping import Ending, GainLeft, MeanChange
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Never:
    """A rule that is never met."""

    ending: Ending = Ending.CONVERGED
    steps_past: bool = False

    def limits(self, sweeps: int, *, accelerate: bool) -> Limits:
        return Limits(sweeps, accelerate, never=True, steps_past=self.steps_past)

    def reached(self, objective: float) -> None:
        pass


def overlapping_rows(seed: int = 0, n_rows: int = 300) -> Float:
    rng = np.random.default_rng(seed)
    centres = np.array([[0.0, 0.0], [2.5, 0.5], [1.0, 3.0]])
    return centres[rng.integers(3, size=n_rows)] + rng.normal(size=(n_rows, 2))


def sweep_of(rows: Float, name: str = "full", weights: Float | None = None) -> Sweep:
    source = ArrayRows(rows, weights)
    family = GaussianFamily.of(structure(name), *column_moments(source))
    return Sweep(family, source, Serial())


def options_for(sweep: Sweep, prior: str | None = None, **changes: Any) -> FitOptions:
    plain = FitOptions(
        rule=Never(), max_iter=30, prior=sweep.family.prior(prior, sweep.shared, n_components=3)
    )
    return replace(plain, **changes)


@pytest.fixture
def general_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep runs out of compiled code, to watch the loop from inside."""
    monkeypatch.setattr(Sweep, "kernel", None)


def random_start(sweep: Sweep, seed: int, options: FitOptions) -> Model:
    """Return an M-step from soft clusters about three of the rows."""
    rng = np.random.default_rng(seed)
    rows = sweep.source.block(0, sweep.source.n_rows).rows
    chosen = rows[rng.choice(len(rows), size=3, replace=False)]
    nearness = -0.3 * ((rows[:, None] - chosen) ** 2).sum(axis=2)
    shares = np.exp(nearness - logsumexp(nearness, axis=1)[:, None])
    return model_from_responsibilities(sweep, shares, options)


def one_run(sweep: Sweep, options: FitOptions, seed: int = 0) -> Run:
    (run,) = fit(sweep, [random_start(sweep, seed, options)], options)
    return run


@pytest.mark.parametrize("prior", [None, "weak"])
@pytest.mark.parametrize("code", CODES)
def test_the_objective_never_falls(code: str, prior: str | None) -> None:
    sweep = sweep_of(overlapping_rows(), code)
    objectives = np.array(one_run(sweep, options_for(sweep, prior)).history.objective)
    assert np.diff(objectives).min() >= -1e-9 * abs(objectives[-1])
    assert objectives[-1] > objectives[0] + 1


@pytest.mark.parametrize("prior", [None, "weak"])
@pytest.mark.parametrize("code", CODES)
def test_the_objective_never_falls_in_columns_of_unlike_scales(
    code: str, prior: str | None
) -> None:
    rng = np.random.default_rng(2)
    mixing = np.eye(5) + 0.5 * rng.normal(size=(3, 5, 5))
    centres = 1.5 * rng.normal(size=(3, 1, 5))
    rows = (rng.normal(size=(3, 80, 5)) @ mixing + centres).reshape(240, 5)
    for scale in ([1.0, 1e-7, 1.0, 1.0, 1.0], 10.0 ** rng.uniform(-9, 9, 5)):
        sweep = sweep_of(rows * scale, code)
        options = options_for(sweep, prior)
        shares = 0.8 * np.repeat(np.eye(3), 80, axis=0) + 0.2 / 3
        (run,) = fit(sweep, [model_from_responsibilities(sweep, shares, options)], options)
        objectives = np.array(run.history.objective)
        assert np.diff(objectives).min() >= -1e-9 * (abs(objectives[-1]) + 240)


@given(
    code=st.sampled_from(["full", "tied", "diag", "spherical"]),
    prior=st.sampled_from([None, "weak"]),
    seed=st.integers(0, 2**32),
    weighted=st.booleans(),
)
def test_the_objective_never_falls_from_any_start(
    code: str, prior: str | None, seed: int, weighted: bool
) -> None:
    rng = np.random.default_rng(seed)
    rows = overlapping_rows(seed, n_rows=60)
    sweep = sweep_of(rows, code, rng.uniform(0.1, 3.0, size=60) if weighted else None)
    rescue = sweep.family.prior("rescue", sweep.shared, 2)
    options = options_for(sweep, prior, max_iter=12, fallback=prior and rescue)
    try:
        objectives = np.array(one_run(sweep, options, seed).history.objective)
    except ParameterError:
        # A component may collapse on one row, but not under the prior.
        assert prior is None
        reject()
    assert np.diff(objectives).min() >= -1e-9 * (abs(objectives[-1]) + 60)


def test_a_strong_prior_makes_the_penalised_likelihood_rise_and_not_the_plain_one() -> None:
    sweep = sweep_of(overlapping_rows())
    options = options_for(sweep, prior=None)
    strong = replace(options, prior=ScatterPrior(400.0 * np.eye(2), 100.0))
    history = fit(sweep, [random_start(sweep, 1, options)], strong)[0].history
    assert np.diff(history.objective).min() >= 0
    assert np.diff(history.log_likelihood).min() < -1e-3


def posterior(sweep: Sweep, rows: Float, model: Model) -> tuple[Float, Float]:
    """Return log p(x, z) (N, K) and p(z | x), from the dense covariances."""
    family, parameters = sweep.family.in_user_units(model.parameters)
    joint = model.log_weights + family.row_log_density(rows, parameters)
    return joint, np.exp(joint - logsumexp(joint, axis=1)[:, None])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("code", ["full", "tied", "diag", "spherical", "VEI", "EEV"])
def test_the_lower_bound_is_the_likelihood_less_the_divergence(code: str, weighted: bool) -> None:
    rows = overlapping_rows(n_rows=50)
    mass = np.random.default_rng(5).uniform(0.5, 2.0, size=50) if weighted else np.ones(50)
    sweep = sweep_of(rows, code, mass if weighted else None)
    options = options_for(sweep, "weak", max_iter=1)
    model = random_start(sweep, 3, options)
    models = [model]
    for _ in range(6):
        (run,) = fit(sweep, [model], options)
        model = run.model
        models.append(model)
    history = fit(sweep, models[:1], replace(options, max_iter=6))[0].history

    assert history[0].gap == 0
    for step, before, after in zip(history.steps[1:], models, models[1:], strict=False):
        _, shares = posterior(sweep, rows, before)
        joint, exact = posterior(sweep, rows, after)
        log_likelihood = mass @ logsumexp(joint, axis=1)
        divergence = mass @ (shares * np.log(shares / exact)).sum(axis=1)
        bound = mass @ (shares * (joint - np.log(shares))).sum(axis=1)
        assert step.log_likelihood == pytest.approx(log_likelihood, abs=1e-8)
        assert step.gap == pytest.approx(divergence, abs=1e-8)
        assert step.lower_bound == pytest.approx(bound, abs=1e-8)
        assert divergence > 1e-4


@pytest.mark.parametrize("prior", [None, "weak"])
@pytest.mark.parametrize("code", CODES)
def test_the_gap_is_never_negative(code: str, prior: str | None) -> None:
    sweep = sweep_of(overlapping_rows(), code)
    history = one_run(sweep, options_for(sweep, prior)).history
    assert min(history.gap) >= -1e-9 * abs(history[-1].log_likelihood)
    assert max(history.gap) > 1e-3


class Worse(GaussianFamily):
    """A family whose second M-step is wrong."""

    maximised = 0

    def maximise(self, moments: Any, previous: Any, prior: Any) -> GaussianParameters:
        found = super().maximise(moments, previous, prior)
        type(self).maximised += 1
        if self.maximised != 3:
            return found
        return GaussianParameters(found.means[::-1] + 0.5, found.covariance)


@pytest.mark.usefixtures("general_loop")
def test_a_step_that_lowers_the_objective_is_an_error_that_names_the_sweep() -> None:
    sound = sweep_of(overlapping_rows())
    Worse.maximised = 0
    family = Worse(sound.family.structure, sound.family.frame)
    sweep = Sweep(family, sound.source, Serial())
    options = options_for(sweep, "weak")
    start = random_start(sweep, 0, options)
    said = (
        r"sweep 3: the objective fell from -.* to -.*gaussian VVV, \d+ components, \d+ x 2 float64"
    )
    with pytest.raises(LikelihoodDecreased, match=said):
        fit(sweep, [start], options)
    Worse.maximised = 0
    (run,) = fit(sweep, [start], replace(options, monotone=False))
    assert min(np.diff(run.history.objective)) < -1


class NotANumber(GaussianFamily):
    """A family whose M-step returns NaN."""

    def maximise(self, moments: Any, previous: Any, prior: Any) -> GaussianParameters:
        found = super().maximise(moments, previous, prior)
        return GaussianParameters(found.means * np.nan, found.covariance)


@pytest.mark.usefixtures("general_loop")
def test_an_objective_that_is_no_number_is_an_error() -> None:
    sound = sweep_of(overlapping_rows())
    options = options_for(sound)
    start = random_start(sound, 0, options)
    family = NotANumber(sound.family.structure, sound.family.frame)
    with (
        np.errstate(invalid="ignore"),
        pytest.raises((LikelihoodDecreased, ParameterError)),
    ):
        fit(Sweep(family, sound.source, Serial()), [start], options)


@pytest.mark.parametrize("code", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_left_to_gain_when_a_fit_stops_is_about_the_tolerance(code: str, seed: int) -> None:
    sweep = sweep_of(overlapping_rows(seed), code)
    options = options_for(sweep, "weak", rule=GainLeft(nats=1e-2, relative=0.0), max_iter=3000)
    start = random_start(sweep, seed, options)
    (run,) = fit(sweep, [start], options)
    assert run.ending is Ending.CONVERGED
    exhausted = replace(options, rule=GainLeft(nats=1e-10, relative=0.0), max_iter=20_000)
    (longer,) = fit(sweep, [start], exhausted)
    left = longer.objective - run.objective
    assert 0 <= left < 10 * 1e-2


@pytest.mark.usefixtures("general_loop")
def test_the_default_rule_stops_at_the_model_it_has_measured() -> None:
    sweep = sweep_of(overlapping_rows())
    options = options_for(sweep, "weak", rule=GainLeft(nats=0.1), max_iter=500)
    run = one_run(sweep, options)
    assert run.ending.converged
    (again,) = sweep([run.model])
    assert again.log_likelihood == run.history[-1].log_likelihood == run.statistics.log_likelihood


def test_the_rule_of_mean_change_steps_past_its_last_measurement() -> None:
    sweep = sweep_of(overlapping_rows())
    options = options_for(sweep, rule=MeanChange(1e-3), max_iter=500)
    run = one_run(sweep, options)
    changes = np.abs(np.diff(run.history.objective)) / sweep.total_weight
    assert run.ending is Ending.SMALL_CHANGE
    assert changes[-1] < 1e-3 <= changes[:-1].min()
    (again,) = sweep([run.model])
    assert again.log_likelihood > run.history[-1].log_likelihood


def test_a_fit_ends_at_the_iteration_limit() -> None:
    sweep = sweep_of(overlapping_rows())
    run = one_run(sweep, options_for(sweep, max_iter=7))
    assert run.n_iter == 7
    assert run.ending is Ending.ITERATION_LIMIT
    assert not run.ending.converged


def interrupt_at(sweep_number: int) -> Callable[[int, int, float], None]:
    def progress(start: int, number: int, objective: float) -> None:
        if number == sweep_number:
            raise KeyboardInterrupt

    return progress


@pytest.mark.usefixtures("general_loop")
def test_an_interrupted_fit_keeps_what_it_has() -> None:
    sweep = sweep_of(overlapping_rows())
    options = options_for(sweep, "weak", progress=interrupt_at(5))
    starts = [random_start(sweep, seed, options) for seed in range(3)]
    runs = fit(sweep, starts, options)
    assert [run.ending for run in runs] == [Ending.INTERRUPTED] * 3
    assert [run.n_iter for run in runs] == [5, 4, 4]
    undisturbed = fit(sweep, starts, replace(options, progress=None))
    for run, whole in zip(runs, undisturbed, strict=True):
        assert_allclose(run.history.objective, whole.history.objective[: run.n_iter], rtol=1e-12)
        assert sweep([run.model])[0].log_likelihood >= run.history[-1].log_likelihood - 1e-6


@pytest.mark.usefixtures("general_loop")
def test_a_run_that_had_ended_keeps_its_ending_when_others_are_interrupted() -> None:
    sweep = sweep_of(overlapping_rows())
    options = options_for(sweep, "weak", rule=GainLeft(nats=0.5, relative=0.0), max_iter=500)
    starts = [random_start(sweep, seed, options) for seed in range(3)]
    lengths = [run.n_iter for run in fit(sweep, starts, options)]
    assert min(lengths) + 2 < max(lengths)
    runs = fit(sweep, starts, replace(options, progress=interrupt_at(min(lengths) + 2)))
    endings = [run.ending for run in runs]
    assert endings[int(np.argmin(lengths))] is Ending.CONVERGED
    assert endings[int(np.argmax(lengths))] is Ending.INTERRUPTED


@pytest.mark.usefixtures("general_loop")
def test_an_interrupt_before_anything_is_known_is_passed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sweep = sweep_of(overlapping_rows())
    options = options_for(sweep, "weak")
    start = random_start(sweep, 0, options)

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Sweep, "__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit(sweep, [start], options)


@pytest.mark.usefixtures("general_loop")
def test_a_first_sweep_interrupted_between_starts_keeps_the_first() -> None:
    sweep = sweep_of(overlapping_rows())
    options = options_for(sweep, "weak", progress=interrupt_at(1))
    runs = fit(sweep, [random_start(sweep, seed, options) for seed in range(3)], options)
    assert [run.n_iter for run in runs] == [1]


@pytest.mark.usefixtures("general_loop")
def test_progress_hears_of_every_sweep_of_every_start() -> None:
    heard: list[tuple[int, int, float]] = []
    sweep = sweep_of(overlapping_rows())
    options = options_for(sweep, "weak", max_iter=4, progress=lambda *news: heard.append(news))
    runs = fit(sweep, [random_start(sweep, seed, options) for seed in range(2)], options)
    assert [news[:2] for news in heard] == [(run, step) for step in range(1, 5) for run in range(2)]
    assert heard[-1][2] == runs[1].objective


def test_earlier_objectives_let_a_fit_that_had_converged_stop_at_once() -> None:
    sweep = sweep_of(overlapping_rows())
    options = options_for(sweep, "weak", rule=GainLeft(nats=1e-3), max_iter=2000)
    run = one_run(sweep, options)
    assert run.ending.converged
    carried_on = replace(options, earlier=tuple(run.history.objective[-8:]))
    (again,) = fit(sweep, [run.model], carried_on)
    assert again.n_iter == 1
    assert again.ending.converged
    (anew,) = fit(sweep, [run.model], options)
    assert anew.n_iter > 1


def test_equal_weights_are_held() -> None:
    sweep = sweep_of(overlapping_rows())
    held = one_run(sweep, options_for(sweep, weighing=Weighing(EQUAL), max_iter=60))
    free = one_run(sweep, options_for(sweep, max_iter=60))
    assert_allclose(held.model.log_weights, np.full(3, -np.log(3)), rtol=1e-15)
    assert np.ptp(free.model.log_weights) > 0.1
    assert np.diff(held.history.objective).min() >= -1e-9
    assert min(held.history.gap) >= -1e-9


def test_log_weights_are_shares_and_never_minus_infinity() -> None:
    found = log_weights_of(np.array([3.0, 1.0, 0.0]))
    assert_allclose(np.exp(found), [0.75, 0.25, 0.0], atol=1e-299)
    assert np.isfinite(found).all()


def test_several_starts_run_together_end_where_each_ends_alone() -> None:
    sweep = sweep_of(overlapping_rows())
    options = options_for(sweep, "weak", rule=GainLeft(nats=1e-4), max_iter=500)
    starts = [random_start(sweep, seed, options) for seed in range(4)]
    for start, together in zip(starts, fit(sweep, starts, options), strict=True):
        (alone,) = fit(sweep, [start], options)
        assert together.n_iter == alone.n_iter
        assert together.objective == pytest.approx(alone.objective, rel=1e-11)


def test_runs_as_good_as_the_best_are_ranked_in_the_order_of_their_starts() -> None:
    sweep = sweep_of(overlapping_rows())
    options = options_for(sweep, "weak", max_iter=1)
    (run,) = fit(sweep, [random_start(sweep, 0, options)], options)

    def with_objective(objective: float) -> Run:
        return replace(run, history=History([Step(0.0, objective, 0.0)]))

    objectives = [-7.0, -5.0 - 1e-9, -5.0, -6.0, -5.1, -6.0 + 1e-9]
    order = ranked(sweep, [with_objective(objective) for objective in objectives], options)
    assert [each.objective for each in order] == [
        *(-5.0 - 1e-9, -5.0, -5.1),
        *(-6.0, -6.0 + 1e-9, -7.0),
    ]


def collapsing(sweep: Sweep, options: FitOptions) -> Model:
    """Return a start of which one component sits on two equal rows."""
    n_rows = sweep.source.n_rows
    shares = np.column_stack([np.ones(n_rows), np.zeros(n_rows)])
    shares[:2] = [1e-9, 1.0]
    return model_from_responsibilities(sweep, shares, options)


def test_a_component_that_collapses_is_kept_by_the_fallback_and_named() -> None:
    rows = overlapping_rows(n_rows=60)
    rows[:3] = [40.0, 40.0]
    sweep = sweep_of(rows)
    weak = sweep.family.prior("weak", sweep.shared, 2)
    options = options_for(sweep, max_iter=40, fallback=weak)
    (run,) = fit(sweep, [collapsing(sweep, options)], options)
    assert run.recovery is not None
    assert run.recovery.components == (1,)
    assert "component(s) 1 have no width" in run.recovery.reason
    assert np.isfinite(run.objective)
    assert np.isfinite(run.model.parameters.means).all()


def test_a_component_that_collapses_without_a_fallback_is_an_error() -> None:
    rows = overlapping_rows(n_rows=60)
    rows[:3] = [40.0, 40.0]
    sweep = sweep_of(rows)
    weak = sweep.family.prior("weak", sweep.shared, 2)
    start = collapsing(sweep, options_for(sweep, fallback=weak))
    options = options_for(sweep, max_iter=40)
    assert isinstance(options.prior, NoPrior)
    with pytest.raises(ParameterError, match=r"component 1: the covariance is singular"):
        fit(sweep, [start], options)


def test_a_dirichlet_prior_adds_rows_to_every_weight():
    rows = overlapping_rows()
    model = GaussianMixture(3, prior=(None, Dirichlet(5.0)), tol=0.0, max_iter=400, random_state=0)
    with pytest.warns(match="did not converge"):
        model.fit(rows)
    effective = np.asarray(model.facts_["effective_rows"])
    expected = (effective + 4.0) / (len(rows) + 12.0)
    assert_allclose(model.weights_, expected, rtol=1e-4)
    assert (np.diff(model.history_.objective) >= -1e-9).all()
    with pytest.raises(ParameterError, match="from 1 up"):
        Dirichlet(0.5)


def test_a_start_that_cannot_be_the_best_is_not_carried_to_its_end() -> None:
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [40.0, 0.0], [46.0, 0.0], [0.0, 40.0]])
    labels = np.repeat(np.arange(4), 150)
    rows = centres[labels] + rng.normal(size=(600, 2))
    source = ArrayRows(rows)
    family = GaussianFamily.of(structure("VVV"), *column_moments(source))
    sweep = Sweep(family, source, Serial())
    weak = family.prior("weak", sweep.shared, 4)
    options = FitOptions(GainLeft(), max_iter=500, prior=weak, accelerate=True)
    wrong = np.choose(labels, [0, 1, 1, 2])
    wrong[(labels == 0) & (rows[:, 0] > 0)] = 3
    starts = [
        model_from_labels(sweep, labels, 4, options),
        model_from_labels(sweep, wrong, 4, options),
    ]
    alone = [fit(sweep, [start], options)[0] for start in starts]
    both = fit(sweep, starts, options)
    assert both[0].ending is alone[0].ending is Ending.CONVERGED
    assert both[0].objective == pytest.approx(alone[0].objective, abs=1e-6)
    assert both[1].ending is Ending.OUTRUN
    assert both[1].n_iter < alone[1].n_iter
    assert both[1].objective < both[0].objective - 100
