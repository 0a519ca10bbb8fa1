"""What a user sees of compiled runs: progress, interrupts, endings and the same answers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from mixtura import GaussianMixture
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.kernel import GaussianKernel
from mixtura.components.gaussian.structures import CODES, structure
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em import fit as loop
from mixtura.em.compiled import is_compilable, terms_of
from mixtura.em.fit import FitOptions, fit
from mixtura.em.model import Model
from mixtura.em.responsibilities import model_from_labels
from mixtura.em.split_and_merge import Race
from mixtura.em.starts import NeverMet
from mixtura.em.stopping import Ending, GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

pytestmark = pytest.mark.drawn(4)

Float = NDArray[np.float64]


def overlapping_rows(n_rows: int = 300) -> Float:
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [2.5, 0.5], [1.0, 3.0]])
    return centres[rng.integers(3, size=n_rows)] + rng.normal(size=(n_rows, 2))


def sweep_of(rows: Float, name: str = "VVV") -> Sweep:
    source = ArrayRows(rows)
    return Sweep(GaussianFamily.of(structure(name), *column_moments(source)), source, Serial())


def options_for(sweep: Sweep, **changes: Any) -> FitOptions:
    weak = sweep.family.prior("weak", sweep.shared, 3)
    return replace(FitOptions(GainLeft(), max_iter=500, prior=weak), **changes)


def starts_of(sweep: Sweep, options: FitOptions, count: int = 3) -> list[Model]:
    rng = np.random.default_rng(1)
    labels = (rng.integers(3, size=sweep.source.n_rows) for _ in range(count))
    return [model_from_labels(sweep, own, 3, options) for own in labels]


def interrupt_in(number: int) -> Callable[[int, int, float], None]:
    def progress(run: int, sweep: int, objective: float) -> None:
        if run == number:
            raise KeyboardInterrupt

    return progress


def test_progress_hears_of_every_sweep_of_every_run() -> None:
    heard: list[tuple[int, int, float]] = []
    sweep = sweep_of(overlapping_rows())
    options = options_for(sweep, accelerate=True, progress=lambda *news: heard.append(news))
    runs = fit(sweep, starts_of(sweep, options), options)
    assert heard == [
        (number, count, objective)
        for number, run in enumerate(runs)
        for count, objective in enumerate(run.history.objective, 1)
    ]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_an_interrupt_keeps_the_runs_that_there_are_and_says_so(number: int) -> None:
    sweep = sweep_of(overlapping_rows())
    options = options_for(sweep, rule=NeverMet(), max_iter=7)
    starts = starts_of(sweep, options)
    undisturbed = fit(sweep, starts, options)
    runs = fit(sweep, starts, replace(options, progress=interrupt_in(number)))
    assert len(runs) == number + 1
    assert runs[-1].ending is Ending.INTERRUPTED
    for run, whole in zip(runs, undisturbed, strict=False):
        assert run.history.objective == whole.history.objective
        assert_array_equal(run.model.parameters.means, whole.model.parameters.means)


def test_an_interrupt_of_a_run_that_the_general_loop_makes_ends_the_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sweep = sweep_of(overlapping_rows())
    options = options_for(sweep, progress=interrupt_in(0))
    monkeypatch.setattr(loop, "compiled_run", lambda *_: None)
    (run,) = fit(sweep, starts_of(sweep, options), options)
    assert run.ending is Ending.INTERRUPTED
    assert run.n_iter == 1


def interrupted_call(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the call of a number for a run that no other is raced against be interrupted."""
    calls = []
    real = GaussianKernel.run

    def run(kernel: GaussianKernel, *arguments: Any) -> Any:
        if not arguments[3].steps_past:
            calls.append(arguments)
            if len(calls) == number:
                raise KeyboardInterrupt
        return real(kernel, *arguments)

    monkeypatch.setattr(GaussianKernel, "run", run)


def test_an_interrupt_before_anything_is_kept_is_passed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sweep = sweep_of(overlapping_rows())
    options = options_for(sweep)
    interrupted_call(monkeypatch, 1)
    with pytest.raises(KeyboardInterrupt):
        fit(sweep, starts_of(sweep, options), options)


def test_an_interrupt_that_is_not_to_be_kept_is_passed_on() -> None:
    sweep = sweep_of(overlapping_rows())
    options = options_for(sweep, keep=False, progress=interrupt_in(2))
    with pytest.raises(KeyboardInterrupt):
        fit(sweep, starts_of(sweep, options), options)


def test_a_user_who_interrupts_is_told_and_has_the_best_so_far(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = overlapping_rows()
    interrupted_call(monkeypatch, 3)
    model = GaussianMixture(3, n_init=4, random_state=0)
    with pytest.warns(UserWarning, match="did not converge"):
        model.fit(rows)
    assert model.facts_["ending"] == Ending.INTERRUPTED.value
    assert model.facts_["n_starts"] == 2
    assert model.log_likelihood_ == pytest.approx(model.mixture_.log_density(rows).sum())


@pytest.mark.parametrize("accelerate", [False, True])
def test_long_runs_are_made_in_parts_that_lose_nothing(accelerate: bool) -> None:
    sweep = sweep_of(overlapping_rows(100))
    options = options_for(
        sweep, rule=GainLeft(nats=-1.0, relative=0.0), max_iter=2300, accelerate=accelerate
    )
    (run,) = fit(sweep, starts_of(sweep, options, 1), options)
    assert run.history.n_sweeps == 2300
    assert run.ending is Ending.ITERATION_LIMIT
    assert np.diff(run.history.objective).min() >= -1e-9
    assert min(run.history.gap) >= -1e-9


def test_a_fit_that_is_carried_on_and_one_that_may_fall_are_left_to_the_general_loop() -> None:
    options = FitOptions(GainLeft(), max_iter=5, prior=None)
    assert is_compilable(options)
    assert not is_compilable(replace(options, earlier=(-3.0, -2.0)))
    assert not is_compilable(replace(options, monotone=False))


def test_a_race_takes_note_of_what_compiled_runs_reach() -> None:
    sweep = sweep_of(overlapping_rows())
    race = Race()
    options = options_for(sweep, rule=race, accelerate=True)
    runs = fit(sweep, starts_of(sweep, options), options)
    assert race.best == max(run.objective for run in runs)


def test_a_run_that_a_collapsed_one_is_ahead_of_goes_on() -> None:
    rows = overlapping_rows()
    rows[:4] = [7.0, 7.0]
    sweep = sweep_of(rows)
    options = options_for(sweep, accelerate=True)
    lone = np.where(np.arange(300) < 4, 2, np.arange(300) % 2)
    starts = [model_from_labels(sweep, lone, 3, options), *starts_of(sweep, options, 1)]
    both = fit(sweep, starts, options)
    (alone,) = fit(sweep, starts[1:], options)
    assert both[0].objective > both[1].objective
    assert both[1].ending is Ending.CONVERGED
    assert both[1].history.objective == alone.history.objective


@pytest.mark.parametrize("code", [code for code in CODES if code not in ("EII", "EEI", "EEE")])
def test_runs_of_components_that_contract_in_one_step_keep_their_digits(code: str) -> None:
    rng = np.random.default_rng(3)
    parts = np.round(32 * rng.normal(size=(2, 150, 3))) / 32
    offsets = 2.0**28 * np.array([[1.0, -1.0, 0.5], [-1.0, 1.0, -0.5]])
    sweep = sweep_of((parts + offsets[:, None, :]).reshape(300, 3), code)
    options = options_for(sweep)
    spread = offsets[:, None, :] + 2.0**24 * rng.normal(size=(2, 150, 3))
    wide = Sweep(sweep.family, ArrayRows(spread.reshape(300, 3)), Serial())
    model = model_from_labels(wide, np.repeat([0, 1], 150), 2, options)
    assert sweep.kernel is not None
    limits = NeverMet().limits(1, accelerate=False)
    found = sweep.kernel.run(model.log_weights, model.parameters, terms_of(options), limits)
    assert found is not None
    scatter = np.array([np.cov(part.T, bias=True) * 150 for part in parts])
    if found.moments.scatter.ndim < scatter.ndim:
        scatter = np.einsum("...dd->...d", scatter)
    scale = sweep.family.frame.scale if found.moments.scatter.ndim == scatter.ndim else 1.0
    assert_allclose(found.moments.scatter * scale**2, scatter, atol=1e-5 * np.abs(scatter).max())
    assert_allclose(found.moments.effective_rows, [150.0, 150.0], rtol=1e-6)


@pytest.mark.parametrize("code", ["VVV", "EEE", "VII", "VEV", "EVE"])
def test_fits_are_as_good_with_compiled_code_and_without(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = overlapping_rows()
    model = GaussianMixture(3, covariance_type=code, n_init=3, random_state=0)
    compiled = model.fit(rows).facts_
    monkeypatch.setattr(Sweep, "kernel", None)
    general = model.fit(rows).facts_
    assert compiled["log_likelihood"] == pytest.approx(general["log_likelihood"], abs=0.05)
    assert compiled["converged"]
    assert compiled["certificate"]["largest_fall"] == 0


def test_equal_starts_give_the_same_bits_in_any_order_of_runs() -> None:
    sweep = sweep_of(overlapping_rows())
    options = options_for(sweep, rule=NeverMet(), max_iter=6)
    starts = starts_of(sweep, options)
    forwards, backwards = fit(sweep, starts, options), fit(sweep, starts[::-1], options)
    for one, other in zip(forwards, backwards[::-1], strict=True):
        assert one.history.objective == other.history.objective
        assert_array_equal(one.model.log_weights, other.model.log_weights)
