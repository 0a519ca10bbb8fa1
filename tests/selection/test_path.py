"""Sizes of one kind learn from each other."""

from dataclasses import replace

import numpy as np

from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import structure
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.solve import SolveOptions, solve
from mixtura.em.starts import StartOptions, model_from_labels
from mixtura.em.stopping import GainLeft
from mixtura.engines import Serial
from mixtura.selection import Candidate, Cell
from mixtura.selection.path import walk
from mixtura.selection.starts import SharedStarts

CENTRES = np.array([[0.0, 0.0], [30.0, 0.0], [0.0, 30.0]])
OPTIONS = SolveOptions(
    GainLeft(), 500, "weak", rescue=True, monotone=True, starts=StartOptions(0), accelerate=True
)


def three_clusters():
    labels = np.repeat(np.arange(3), 100)
    return CENTRES[labels] + np.random.default_rng(1).normal(size=(300, 2)), labels


def fitted(cell, rows, labels):
    """Return the candidate that starts from labels."""

    def start(sweep, options):
        return [model_from_labels(sweep, labels, cell.n_components, options)]

    source = ArrayRows(rows)
    result = solve(cell.family, source, Serial(), cell.n_components, OPTIONS, models=start)
    return Candidate(cell.kind, cell.n_components, result)


def walked(rows, starts_of_sizes, kinds=("VVV",)):
    """Return what is fitted anew, as places with models, after candidates from such labels."""
    moments = column_moments(ArrayRows(rows))
    cells = [
        Cell(kind, GaussianFamily.of(structure(kind), *moments), size)
        for kind in kinds
        for size in starts_of_sizes
    ]
    done = [fitted(cell, rows, starts_of_sizes[cell.n_components]) for cell in cells]
    starts = SharedStarts.of(cells, ArrayRows(rows), Serial(), OPTIONS)
    asked = []

    def refit(place, cell, model):
        asked.append((place, cell, model))
        result = solve(
            cell.family,
            ArrayRows(rows),
            Serial(),
            cell.n_components,
            OPTIONS,
            models=lambda *_: [model],
        )
        done[place] = replace(done[place], result=result)

    before = [candidate.result.log_likelihood for candidate in done]
    walk(cells, done, starts, refit)
    return asked, before, [candidate.result.log_likelihood for candidate in done]


def misplaced(rows, labels):
    wrong = np.choose(labels, [0, 1, 1])
    wrong[(labels == 0) & (rows[:, 1] > 0)] = 2
    return wrong


def test_a_poor_size_is_bettered_from_the_one_below():
    rows, labels = three_clusters()
    asked, before, after = walked(rows, {2: np.minimum(labels, 1), 3: misplaced(rows, labels)})
    assert {cell.n_components for _, cell, _ in asked} == {3}
    good = fitted(
        Cell("VVV", GaussianFamily.of(structure("VVV"), *column_moments(ArrayRows(rows))), 3),
        rows,
        labels,
    )
    assert after[1] > before[1] + 100
    assert abs(after[1] - good.result.log_likelihood) < 0.01


def test_a_poor_size_is_bettered_from_the_one_above():
    rows, labels = three_clusters()
    four = np.where((labels == 0) & (rows[:, 0] > 0), 3, labels)
    _, before, after = walked(rows, {3: misplaced(rows, labels), 4: four}, kinds=("VII",))
    assert after[0] > before[0] + 100


def test_sizes_that_are_good_already_are_left_alone():
    rows, labels = three_clusters()
    asked, before, after = walked(rows, {2: np.minimum(labels, 1), 3: labels})
    assert [place for place, _, _ in asked] in ([], [0])
    assert all(late >= early - 0.01 for early, late in zip(before, after, strict=True))
    assert after[1] == before[1]


def test_sizes_that_are_not_next_to_each_other_say_nothing():
    rows, labels = three_clusters()
    asked, *_ = walked(rows, {1: np.zeros(300, dtype=int), 3: misplaced(rows, labels)})
    assert asked == []
