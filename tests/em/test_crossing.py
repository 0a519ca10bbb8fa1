"""Mixtures made of the components of two that are each wrong in another place."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import CODES, structure
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em import crossing
from mixtura.em.crossing import CALM, RESTLESS, best_crossed, crossed, may_cross
from mixtura.em.fit import FitOptions, fit
from mixtura.em.model import Model
from mixtura.em.responsibilities import model_from_labels
from mixtura.em.split_and_merge import BETTER, raced, split_and_merged
from mixtura.em.starts import StartOptions
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

Float = NDArray[np.float64]
Labels = NDArray[np.intp]

# Two places far apart, each with a cluster by itself and two that are neighbours.
CENTRES = np.array(
    [[0.0, 0.0], [40.0, 0.0], [46.0, 0.0], [0.0, 400.0], [40.0, 400.0], [46.0, 400.0]]
)
STARTS = StartOptions(0)


def clusters() -> tuple[Float, Labels]:
    labels = np.repeat(np.arange(6), 120)
    return CENTRES[labels] + np.random.default_rng(0).normal(size=(720, 2)), labels


def sweep_over(rows: Float, name: str = "VVV") -> Sweep:
    source = ArrayRows(rows)
    return Sweep(GaussianFamily.of(structure(name), *column_moments(source)), source, Serial())


def options_for(sweep: Sweep) -> FitOptions:
    weak = sweep.family.prior("weak", sweep.shared, 6)
    return FitOptions(GainLeft(), max_iter=500, prior=weak, fallback=weak, accelerate=True)


def misplaced(sweep: Sweep, rows: Float, labels: Labels, place: int) -> Model:
    """Return a start with two components in a place's lone cluster and one over its neighbours."""
    wrong = np.where(labels == place + 2, place + 1, labels)
    wrong[(labels == place) & (rows[:, 0] > 0)] = place + 2
    return model_from_labels(sweep, wrong, 6, options_for(sweep))


def objective(sweep: Sweep, model: Model) -> float:
    return fit(sweep, [model], options_for(sweep))[0].objective


@pytest.mark.parametrize("name", CODES)
def test_what_each_of_two_mixtures_has_right_both_have_in_every_structure(name: str) -> None:
    rows, labels = clusters()
    sweep = sweep_over(rows, name)
    right = objective(sweep, model_from_labels(sweep, labels, 6, options_for(sweep)))
    one, other = (misplaced(sweep, rows, labels, place) for place in (0, 3))
    assert max(objective(sweep, one), objective(sweep, other)) < right - 50
    child = crossed(sweep, one, other, options_for(sweep))
    assert child.n_components == 6
    assert objective(sweep, child) == pytest.approx(right, abs=0.01)


def test_a_mixture_crossed_with_itself_stays() -> None:
    rows, labels = clusters()
    sweep = sweep_over(rows)
    model = misplaced(sweep, rows, labels, 0)
    child = crossed(sweep, model, model, options_for(sweep))
    assert objective(sweep, child) == pytest.approx(objective(sweep, model), abs=0.01)


def test_rows_of_weight_two_are_crossed_as_rows_that_are_there_twice() -> None:
    rows, labels = clusters()
    weights = np.where(labels < 3, 2.0, 1.0)
    source = ArrayRows(rows, weights)
    family = GaussianFamily.of(structure("VVV"), *column_moments(source))
    twice = np.concatenate([rows, rows[labels < 3]])
    once = Sweep(family, ArrayRows(rows), Serial())
    one, other = (misplaced(once, rows, labels, place) for place in (0, 3))
    ends = []
    for own in (source, ArrayRows(twice)):
        sweep = Sweep(family, own, Serial())
        ends.append(np.sort(np.exp(crossed(sweep, one, other, options_for(sweep)).log_weights)))
    assert ends[0] == pytest.approx(ends[1], abs=1e-9)


def without_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing but crossing move components."""

    def as_started(_: Sweep, models: list[Model], *__: object) -> Model:
        return models[0]

    monkeypatch.setattr(crossing, "split_and_merged", as_started)


def told_by(sweep: Sweep, sets: Iterable[list[Model]]) -> tuple[Model, list[float]]:
    """Return the best that starts are crossed to, and what each crossing with groups came to."""
    told: list[tuple[str, float]] = []
    options = replace(options_for(sweep), heard=lambda *run: told.append(run[:2]))
    found = best_crossed(sweep, sets, options, STARTS)
    assert {source for source, _ in told} == {"groups of rows, crossed with the best"}
    return found, [value for _, value in told]


@pytest.mark.parametrize(("place", "times"), [(None, 1), (0, 0)])
def test_what_ends_far_behind_the_best_is_not_moved(
    place: int | None, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, labels = clusters()
    sweep = sweep_over(rows)
    options = options_for(sweep)
    right = model_from_labels(sweep, labels, 6, options)
    (best,) = raced(sweep, [right], options)
    found = right if place is None else misplaced(sweep, rows, labels, place)
    moved: list[Model] = []

    def counted(_: Sweep, models: list[Model], *__: object) -> Model:
        moved.extend(models)
        return models[0]

    monkeypatch.setattr(crossing, "crossed", lambda *_: found)
    monkeypatch.setattr(crossing, "split_and_merged", counted)
    best_crossed(sweep, [[best.model]], options, STARTS)
    # The only race, and each of the groups that it is crossed with.
    assert len(moved) == 1 + times * RESTLESS


@pytest.mark.parametrize(
    ("prior", "name", "n_columns", "may"),
    [
        ("weak", "VVV", 3, True),
        ("conjugate", "VVV", 3, False),
        ("weak", "VVE", 3, True),
        ("weak", "VVE", 12, False),
    ],
)
def test_ends_are_crossed_where_runs_are_compiled_and_cheap(
    prior: str, name: str, n_columns: int, may: bool
) -> None:
    rows = np.random.default_rng(0).normal(size=(200, n_columns))
    sweep = sweep_over(rows, name)
    options = replace(options_for(sweep), prior=sweep.family.prior(prior, sweep.shared, 3))
    assert may_cross(sweep, 3, options) == may
    assert not may_cross(sweep, 1, options)


def test_groups_about_new_seeds_part_what_all_starts_have_in_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows, labels = clusters()
    sweep = sweep_over(rows)
    right = objective(sweep, model_from_labels(sweep, labels, 6, options_for(sweep)))
    wrong = misplaced(sweep, rows, labels, 0)
    without_moves(monkeypatch)
    found, told = told_by(sweep, [[wrong, wrong, wrong]])
    assert objective(sweep, wrong) < right - 50
    assert objective(sweep, found) == pytest.approx(right, abs=0.01)
    assert max(told) == pytest.approx(right, abs=1.0)


def test_few_groups_and_no_further_starts_are_tried_where_ends_agree() -> None:
    rows, labels = clusters()
    sweep = sweep_over(rows)
    right = model_from_labels(sweep, labels, 6, options_for(sweep))
    asked = []

    def sets() -> Iterator[list[Model]]:
        yield [right, right, right]
        asked.append(True)
        yield [right]

    found, told = told_by(sweep, sets())
    assert not asked
    assert objective(sweep, found) == pytest.approx(objective(sweep, right), abs=1e-6)
    assert len(told) == CALM
    assert max(told) <= objective(sweep, right) + 1e-6


def test_further_starts_and_many_groups_are_tried_where_ends_differ() -> None:
    # One normal cluster says nothing of where six components are to be.
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(600, 2)) * [1.0, 1.2]
    sweep = sweep_over(rows)
    options = options_for(sweep)
    given = [
        [model_from_labels(sweep, rng.integers(6, size=600), 6, options) for _ in range(3)]
        for _ in range(2)
    ]
    asked = []

    def sets() -> Iterator[list[Model]]:
        for models in given:
            asked.append(True)
            yield models

    found, told = told_by(sweep, sets())
    assert len(asked) == 2
    assert len(told) >= RESTLESS
    assert max(told[-RESTLESS:]) <= objective(sweep, found) + BETTER
    for models in given:
        for model in models:
            alone = split_and_merged(sweep, [model], options, STARTS)
            assert objective(sweep, found) >= objective(sweep, alone) - BETTER


def test_a_start_of_another_number_is_crossed_with_other_groups(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows, labels = clusters()
    sweep = sweep_over(rows)
    wrong = misplaced(sweep, rows, labels, 0)
    without_moves(monkeypatch)
    told: list[list[float]] = []
    for number in (0, 0, 1):
        own: list[float] = []
        options = replace(options_for(sweep), heard=lambda *run, own=own: own.append(run[1]))
        best_crossed(sweep, [[wrong]], options, STARTS, number)
        told.append(own)
    assert told[0] == told[1]
    assert told[0] != told[2]
