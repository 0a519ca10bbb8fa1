"""Starts of classes: many short runs, of which many go on."""

from typing import Any

import numpy as np
import pytest

import mixtura.em.solve as solving
from mixtura import CategoricalMixture
from mixtura.components.categorical import CategoricalFamily
from mixtura.data import CountRows
from mixtura.em.classes import CARRIED, LEAST, MOST, class_model, short_runs_for
from mixtura.em.fit import FitOptions
from mixtura.em.starts import StartOptions
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial
from mixtura.native import kernels


def answers(seed: int, n_rows: int = 300, n_classes: int = 6) -> Any:
    """Return answers of 3 levels to 10 items, of classes that lie close together."""
    rng = np.random.default_rng([9, seed])
    labels = rng.integers(0, n_classes, n_rows)
    chances = rng.dirichlet(np.full(3, 2.0), (n_classes, 10)).cumsum(axis=2)[labels]
    return np.minimum((chances < rng.random((n_rows, 10, 1))).sum(axis=2), 2).astype(np.int32)


def test_how_many_there_are_follows_from_what_they_cost() -> None:
    assert short_runs_for(500, 41, 4) == 40
    assert short_runs_for(500, 41, 30) == MOST
    assert short_runs_for(100_000, 400, 10) < LEAST
    assert MOST // CARRIED > 6


@pytest.mark.skipif(kernels() is None, reason="short runs are not compiled here")
def test_the_default_finds_more_than_without(monkeypatch: pytest.MonkeyPatch) -> None:
    gained = []
    for seed in range(4):
        rows = answers(seed)
        many = CategoricalMixture(6, random_state=0).fit(rows).log_likelihood_
        with monkeypatch.context() as patch:
            patch.setattr(solving, "class_model", lambda *_: None)
            few = CategoricalMixture(6, random_state=0).fit(rows).log_likelihood_
        gained.append(many - few)
    assert min(gained) > -0.1
    assert max(gained) > 0.1


def test_none_are_made_where_there_is_one_class() -> None:
    rows = answers(0)
    sweep = Sweep(CategoricalFamily((3,) * 10), CountRows(rows), Serial())
    options = FitOptions(GainLeft(), max_iter=300, prior=sweep.prior("weak", 1))
    assert class_model(sweep, [], 1, options, StartOptions(0), 0) is None


def test_rows_of_a_weight_are_so_many_rows() -> None:
    rows = answers(1, n_rows=120)
    twice = np.repeat(rows, 2, axis=0)
    one = CategoricalMixture(4, random_state=0).fit(rows, sample_weight=np.full(120, 2.0))
    other = CategoricalMixture(4, random_state=0).fit(twice)
    assert one.log_likelihood_ == pytest.approx(other.log_likelihood_, abs=1e-3)
