"""A run between two sweeps is a value: what is restored from it goes on to the same bits."""

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import structure
from mixtura.components.poisson import PoissonFamily
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.fit import FitOptions
from mixtura.em.responsibilities import model_from_labels
from mixtura.em.running import Run, Running
from mixtura.em.stopping import Ending, GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

pytestmark = pytest.mark.drawn(3)


def gaussian(code: str) -> Sweep:
    rng = np.random.default_rng(3)
    centres = rng.normal(0, 1.2, (4, 3))
    source = ArrayRows(centres[rng.integers(4, size=700)] + rng.normal(size=(700, 3)))
    return Sweep(GaussianFamily.of(structure(code), *column_moments(source)), source, Serial())


def poisson() -> Sweep:
    rng = np.random.default_rng(4)
    rates = np.array([[1.0, 2.0, 4.0], [2.0, 3.0, 3.0], [3.0, 2.0, 6.0]])
    rows = rng.poisson(rates[rng.integers(3, size=500)]).astype(float)
    return Sweep(PoissonFamily(3), ArrayRows(rows), Serial())


SWEEPS = {
    "charted": lambda: gaussian("VVV"),
    "extrapolating": lambda: gaussian("VEV"),
    "counts": poisson,
}


def begun(name: str, **changes: Any) -> tuple[Sweep, FitOptions, Running]:
    sweep = SWEEPS[name]()
    weak = sweep.prior("weak", 3)
    options = FitOptions(GainLeft(), max_iter=400, prior=weak, accelerate=True)
    options = replace(options, **changes)
    labels = np.random.default_rng(5).integers(3, size=sweep.source.n_rows)
    return (
        sweep,
        options,
        Running.begun(0, sweep, model_from_labels(sweep, labels, 3, options), options),
    )


def ended(run: Running, sweep: Sweep, options: FitOptions) -> Run:
    while run.ending is None:
        run.advance(sweep, sweep([run.model])[0], options)
    return run.finished()


def bits(run: Run, sweep: Sweep) -> tuple[Any, ...]:
    steps = [(step.objective, step.lower_bound) for step in run.history]
    arrays, _ = sweep.family.to_arrays(run.model.parameters)
    rows = run.statistics.moments.effective_rows
    every = [run.model.log_weights, rows, *arrays.values()]
    ending = run.history.rejected, run.ending, run.gain_left
    return steps, ending, [array.tobytes() for array in every]


@pytest.mark.parametrize("name", SWEEPS)
def test_a_restored_run_ends_with_the_same_bits(name: str) -> None:
    sweep, options, run = begun(name)
    states = [pickle.dumps(run.state())]
    while run.ending is None:
        run.advance(sweep, sweep([run.model])[0], options)
        states.append(pickle.dumps(run.state()))
    whole = run.finished()
    assert whole.ending is Ending.CONVERGED
    assert whole.history.n_sweeps == len(states) - 1 > 8
    for stored in states[:-1]:
        again = Running.restored(pickle.loads(stored), sweep, options)
        assert bits(ended(again, sweep, options), sweep) == bits(whole, sweep)


def test_a_state_is_not_touched_by_the_run_that_goes_on() -> None:
    sweep, options, run = begun("charted")
    for _ in range(12):
        run.advance(sweep, sweep([run.model])[0], options)
    paused = run.state()
    first = bits(ended(run, sweep, options), sweep)
    for _ in range(2):
        again = Running.restored(paused, sweep, options)
        assert bits(ended(again, sweep, options), sweep) == first


def test_the_limit_counts_what_was_swept_before() -> None:
    sweep, options, run = begun("counts", max_iter=7)
    for _ in range(4):
        run.advance(sweep, sweep([run.model])[0], options)
    again = ended(Running.restored(run.state(), sweep, options), sweep, options)
    assert again.history.n_sweeps == 7
    assert again.ending is Ending.ITERATION_LIMIT
