"""Starts of classes: many short runs, of which many go on."""

from typing import Any

import numpy as np
import pytest

import mixtura.em.solve as solving
from mixtura import CategoricalMixture
from mixtura.components.bernoulli import BernoulliFamily
from mixtura.components.categorical import CategoricalFamily
from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.poisson import PoissonFamily
from mixtura.data import ArrayRows, CountRows
from mixtura.em.classes import CARRIED, LEAST, MOST, class_model, short_runs_for
from mixtura.em.crossing import crossed
from mixtura.em.fit import FitOptions, fit
from mixtura.em.model import Model
from mixtura.em.responsibilities import model_from_labels
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


# Six classes, and what components are of each kind of cells.
FAMILIES = {
    "categorical": CategoricalFamily((3,) * 12),
    "bernoulli": BernoulliFamily(20),
    "poisson": PoissonFamily(8),
    "multinomial": MultinomialFamily(10),
}


def drawn(kind: str, labels: Any) -> Any:
    rng = np.random.default_rng(5)
    if kind == "categorical":
        chances = rng.dirichlet(np.full(3, 0.3), (6, 12)).cumsum(axis=2)[labels]
        told = (chances < rng.random((len(labels), 12, 1))).sum(axis=2)
        return np.minimum(told, 2).astype(float)
    if kind == "bernoulli":
        return (rng.random((len(labels), 20)) < rng.beta(0.3, 0.3, (6, 20))[labels]).astype(float)
    if kind == "poisson":
        return rng.poisson(rng.gamma(1.0, 10.0, (6, 8))[labels]).astype(float)
    shares = rng.dirichlet(np.full(10, 0.5), 6)
    return rng.multinomial(40, shares[labels]).astype(float)


@pytest.mark.parametrize("kind", FAMILIES)
def test_what_each_of_two_mixtures_has_right_both_have_crossed(kind: str) -> None:
    labels = np.repeat(np.arange(6), 100)
    rows = drawn(kind, labels)
    source = CountRows(rows) if kind == "categorical" else ArrayRows(rows)
    sweep = Sweep(FAMILIES[kind], source, Serial())
    options = FitOptions(GainLeft(), max_iter=500, prior=sweep.prior("weak", 6))

    def start(place: int) -> Model:
        # Two components in one class and one over two others.
        wrong = np.where(labels == place + 2, place + 1, labels)
        wrong[(labels == place) & (np.arange(600) % 2 == 0)] = place + 2
        return fit(sweep, [model_from_labels(sweep, wrong, 6, options)], options)[0].model

    def objective(model: Model) -> float:
        return fit(sweep, [model], options)[0].objective

    right = objective(model_from_labels(sweep, labels, 6, options))
    one, other = start(0), start(3)
    assert max(objective(one), objective(other)) < right - 50
    assert objective(crossed(sweep, one, other, options)) == pytest.approx(right, abs=0.05)
