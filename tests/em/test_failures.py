"""A start or a move that fails leaves the others to go on, and is told of."""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from nightly import first

from mixtura import CategoricalMixture, GaussianMixture, LikelihoodDecreased, MixturaWarning, select
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import structure
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em import solve, split_and_merge, starts
from mixtura.em.driving import Moving
from mixtura.em.fit import fit
from mixtura.em.options import FitOptions
from mixtura.em.running import Running
from mixtura.em.stopping import Ending
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial
from mixtura.errors import ParameterError

pytestmark = pytest.mark.drawn(4)

COUNT = 4


def numbers(seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    centres = rng.normal(scale=4, size=(9, 2))
    return centres[rng.integers(9, size=500)] + rng.normal(size=(500, 2))


def categories(seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    chances = rng.dirichlet(np.full(3, 0.7), size=(5, 6))
    of_rows = chances[rng.integers(5, size=400)]
    return (rng.random((400, 6, 1)) > of_rows.cumsum(axis=2)).sum(axis=2)


MODELS = {
    "gaussian": (lambda: GaussianMixture(6, random_state=0, n_init=COUNT), numbers),
    "categorical": (lambda: CategoricalMixture(5, random_state=0, n_init=COUNT), categories),
}


@pytest.fixture
def general_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave every run to the general loop."""
    monkeypatch.setattr(Sweep, "kernel", None)


def patched(monkeypatch: pytest.MonkeyPatch, change: Callable[[Running, FitOptions], None]) -> None:
    """Let each M-step of a run be followed by a change."""
    advance, step = Running.advance, Moving.step
    told: list[Any] = []

    def advanced(self: Running, sweep: Any, statistics: Any, options: FitOptions) -> None:
        told[:] = [self, options]
        advance(self, sweep, statistics, options)

    def stepped(self: Moving) -> bool:
        found = step(self)
        change(*told)
        return found

    monkeypatch.setattr(Running, "advance", advanced)
    monkeypatch.setattr(Moving, "step", stepped)


def failing(monkeypatch: pytest.MonkeyPatch, numbers: Iterable[int], kind: str) -> None:
    """Let the third M-step of the runs of these numbers fall, or raise."""
    wrong = frozenset(numbers)
    first: dict[int, Any] = {}

    def change(run: Running, options: FitOptions) -> None:
        if not options.bound or run.number not in wrong:
            return
        if len(run.history) == 1:
            first[id(run)] = run.model
        if len(run.history) == 3:
            # An extrapolation would hide the fall.
            assert run.driver is not None
            run.driver.rule.accelerate = False
            if kind == "raises":
                raise FloatingPointError(f"overflow in start {run.number}")
            run.moving._resort = first[id(run)]

    patched(monkeypatch, change)


def fitted(name: str) -> Any:
    make, rows = MODELS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make().fit(rows())


@cache
def ends_alone(name: str) -> list[float]:
    """Return where each start ends as the only one that does not fail."""
    ends = []
    for number in range(COUNT):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Sweep, "kernel", None)
            failing(patch, set(range(COUNT)) - {number}, "raises")
            ends.append(fitted(name).log_likelihood_)
    return ends


@pytest.mark.usefixtures("general_loop")
@pytest.mark.parametrize("wrong", first(2, [{0}, {1, 2}, {1}, {COUNT - 1}, {0, 2}]))
@pytest.mark.parametrize("kind", ["falls", "raises"])
@pytest.mark.parametrize("name", MODELS)
def test_the_best_of_the_starts_that_do_not_fail_is_kept(monkeypatch, name, kind, wrong):
    alone = ends_alone(name)
    failing(monkeypatch, wrong, kind)
    model = fitted(name)
    left = [value for number, value in enumerate(alone) if number not in wrong]
    np.testing.assert_allclose(model.log_likelihood_, max(left), atol=2e-3)
    failures = model.history_.failures
    assert [failure.start for failure in failures] == sorted(wrong)
    word = "the objective fell" if kind == "falls" else f"overflow in start {min(wrong)}"
    assert word in failures[0].reason
    assert model.facts_["n_starts"] == COUNT - len(wrong)
    assert 1 <= model.starts_agreeing_ <= COUNT - len(wrong)


@pytest.mark.usefixtures("general_loop")
def test_a_warning_says_how_many_starts_failed_and_why(monkeypatch):
    failing(monkeypatch, {1, 2}, "raises")
    make, rows = MODELS["gaussian"]
    with pytest.warns(MixturaWarning, match=r"^2 of 4 starts failed.*: overflow in start 1$"):
        model = make().fit(rows())
    assert any("2 of 4 starts failed" in caution for caution in model.facts_["cautions"])


@pytest.mark.usefixtures("general_loop")
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("count", [1, COUNT])
def test_where_all_starts_fail_the_first_reason_is_raised(monkeypatch, name, count):
    make, rows = MODELS[name]
    failing(monkeypatch, range(COUNT), "falls")
    with pytest.raises(LikelihoodDecreased, match="the objective fell"):
        make().set_params(n_init=count).fit(rows())
    failing(monkeypatch, range(COUNT), "raises")
    with pytest.raises(FloatingPointError, match="overflow in start 0"):
        make().set_params(n_init=count).fit(rows())


@pytest.mark.parametrize("name", MODELS)
def test_a_start_that_cannot_be_made_is_left_out(monkeypatch, name):
    real = solve._found_start

    def found_start(*arguments: Any) -> Any:
        if arguments[-1] == 1:
            raise np.linalg.LinAlgError
        return real(*arguments)

    monkeypatch.setattr(solve, "_found_start", found_start)
    (failure,) = fitted(name).history_.failures
    assert (failure.start, failure.reason) == (1, "LinAlgError, without a reason")


@pytest.mark.parametrize("wrong", [0, 1, COUNT - 1])
def test_a_compiled_run_that_fails_is_left_out(monkeypatch, wrong):
    from mixtura.em import fit as loop

    real, called = loop.compiled_run, []

    def compiled_run(*arguments: Any) -> Any:
        if arguments[3].bound:
            called.append(arguments)
            if len(called) == wrong + 1:
                raise ParameterError("a covariance is singular")
        return real(*arguments)

    monkeypatch.setattr(loop, "compiled_run", compiled_run)
    (failure,) = fitted("gaussian").history_.failures
    assert (failure.start, failure.reason) == (wrong, "a covariance is singular")


@pytest.mark.parametrize("init", ["kmeans", "random"])
def test_so_is_one_by_another_initialiser(monkeypatch, init):
    from mixtura.estimators import gaussian

    real, called = gaussian.model_from_responsibilities, []

    def model(*arguments: Any) -> Any:
        called.append(arguments)
        if len(called) == 2:
            raise ParameterError("a covariance is singular")
        return real(*arguments)

    monkeypatch.setattr(gaussian, "model_from_responsibilities", model)
    with pytest.warns(MixturaWarning, match="1 of 3 starts failed"):
        found = GaussianMixture(3, init_params=init, n_init=3, random_state=0).fit(numbers())
    assert [failure.start for failure in found.history_.failures] == [1]


@pytest.mark.usefixtures("general_loop")
def test_a_run_that_another_ended_goes_on_where_that_one_fails(monkeypatch):
    """Both are the same run, so the second joins the first; then the first falls."""

    def change(run: Running, options: FitOptions) -> None:
        if run.number == 0 and len(run.history) == 12:
            raise FloatingPointError("overflow")

    sweep, options, model = begun()
    (alone,) = fit(sweep, [model], options)
    patched(monkeypatch, change)
    (run,) = fit(sweep, [model, model], options)
    assert run.joined is None
    assert run.ending.converged
    np.testing.assert_allclose(run.objective, alone.objective, atol=2e-3)


@pytest.mark.usefixtures("general_loop")
def test_a_run_that_was_outrun_goes_on_where_the_one_ahead_fails(monkeypatch):
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [40.0, 0.0], [46.0, 0.0], [0.0, 40.0]])
    labels = np.repeat(np.arange(4), 150)
    source = ArrayRows(centres[labels] + rng.normal(size=(600, 2)))
    sweep = Sweep(GaussianFamily.of(structure("VVV"), *column_moments(source)), source, Serial())
    weak = sweep.prior("weak", 4)
    options = FitOptions(starts.NeverMet(), max_iter=60, prior=weak, accelerate=True)
    wrong = np.choose(labels, [0, 1, 1, 2])
    wrong[(labels == 0) & (rng.random(600) < 0.5)] = 3
    models = [starts.model_from_labels(sweep, own, 4, options) for own in (labels, wrong)]
    first, other = fit(sweep, models, options)
    assert (first.ending, other.ending) == (Ending.ITERATION_LIMIT, Ending.OUTRUN)
    assert other.history.n_sweeps < 30
    (alone,) = fit(sweep, models[1:], options)

    def change(run: Running, _: FitOptions) -> None:
        if run.number == 0 and len(run.history) == 30:
            raise FloatingPointError("overflow")

    patched(monkeypatch, change)
    (run,) = fit(sweep, models, options)
    assert run.ending is Ending.ITERATION_LIMIT
    assert run.objective == pytest.approx(alone.objective, abs=1e-6)


def begun() -> Any:
    """Return a sweep, the options of a default fit, and a poor start that takes many sweeps."""
    kept: list[Any] = []
    real = solve.fit_each

    def fit_each(sweep: Sweep, models: Any, options: FitOptions) -> Any:
        kept.append((Sweep(sweep.family, sweep.source, Serial()), options))
        return real(sweep, models, options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solve, "fit_each", fit_each)
        GaussianMixture(6, random_state=0, init_params="random").fit(numbers())
    sweep, options = kept[0]
    labels = np.arange(500) % 6
    return sweep, options, starts.model_from_labels(sweep, labels, 6, options)


@pytest.mark.usefixtures("general_loop")
def test_short_runs_and_moves_that_fall_are_left_out_and_told(monkeypatch):
    real = Running.advance

    def advance(self: Running, sweep: Any, statistics: Any, options: FitOptions) -> None:
        if not options.bound and self.number == 1 and len(self.history) == 1:
            raise LikelihoodDecreased("it fell in sweep 2")
        real(self, sweep, statistics, options)

    monkeypatch.setattr(Running, "advance", advance)
    with pytest.warns(MixturaWarning, match=r"short run\(s\) or move\(s\).*it fell in sweep 2"):
        model = GaussianMixture(6, random_state=0).fit(numbers())
    assert {failure.start for failure in model.history_.failures} == {None}


@pytest.mark.usefixtures("general_loop")
def test_one_move_that_fails_leaves_the_others_to_be_tried(monkeypatch):
    sweep, options, model = begun()
    rough = replace(options, rule=split_and_merge.Race(), bound=False, keep=False)
    (run,) = fit(sweep, [model], replace(rough, max_iter=30))
    real, called = split_and_merge.fit, []

    def first_fails(sample: Sweep, models: Any, how: FitOptions) -> Any:
        if isinstance(how.rule, split_and_merge.Race):
            called.append(models)
            if len(called) == 1:
                raise ParameterError("a component collapsed")
        return real(sample, models, how)

    monkeypatch.setattr(split_and_merge, "fit", first_fails)
    monkeypatch.setattr(split_and_merge, "_may_reach", lambda *_: True)
    few = split_and_merge.part_of(sweep, 6, starts.StartOptions(seed=0))
    split_and_merge._moved_on(sweep, few, run, rough)
    assert len(called) > 1


@pytest.mark.usefixtures("general_loop")
def test_a_search_keeps_what_other_starts_of_a_cell_found(monkeypatch):
    failing(monkeypatch, {0}, "falls")
    selection = select(numbers(), [3, 4], "VVV", n_init=3, random_state=0, n_jobs=1)
    for candidate in selection.candidates:
        assert candidate.failure is None
        assert [one.start for one in candidate.result.history.failures] == [0]
    failing(monkeypatch, range(9), "falls")
    selection = select(numbers(), [1, 3], "VVV", n_init=3, random_state=0, n_jobs=1)
    assert "the objective fell" in selection.candidates[1].failure
