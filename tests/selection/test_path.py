"""Sizes of one kind learn from each other."""

import numpy as np

from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import structure
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.responsibilities import model_from_labels
from mixtura.em.solve import SolveOptions, solve
from mixtura.em.starts import StartOptions
from mixtura.em.stopping import GainLeft
from mixtura.engines import Serial
from mixtura.selection import Candidate, Cell
from mixtura.selection.bench import Bench
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


def walked(rows, starts_of_sizes, kind="VVV", promising=range(10)):
    """Return which sizes are fitted anew, and likelihoods by size before and after."""
    source = ArrayRows(rows)
    family = GaussianFamily.of(structure(kind), *column_moments(source))
    cells = {size: Cell(kind, family, size) for size in starts_of_sizes}
    fits = {size: fitted(cell, rows, starts_of_sizes[size]) for size, cell in cells.items()}
    before = {size: one.result.log_likelihood for size, one in fits.items()}
    starts = SharedStarts.of(tuple(cells.values()), source, Serial(), OPTIONS)
    kept = dict(walk(cells, fits, promising, Bench(source, Serial(), starts, None)))
    after = {size: one.result.log_likelihood for size, one in (fits | kept).items()}
    return set(kept), before, after


def misplaced(rows, labels):
    wrong = np.choose(labels, [0, 1, 1])
    wrong[(labels == 0) & (rows[:, 1] > 0)] = 2
    return wrong


def test_a_poor_size_is_bettered_from_the_one_below():
    rows, labels = three_clusters()
    kept, before, after = walked(rows, {2: np.minimum(labels, 1), 3: misplaced(rows, labels)})
    assert kept == {3}
    good = fitted(
        Cell("VVV", GaussianFamily.of(structure("VVV"), *column_moments(ArrayRows(rows))), 3),
        rows,
        labels,
    )
    assert after[3] > before[3] + 100
    assert abs(after[3] - good.result.log_likelihood) < 0.01


def test_a_poor_size_is_bettered_from_the_one_above():
    rows, labels = three_clusters()
    four = np.where((labels == 0) & (rows[:, 0] > 0), 3, labels)
    _, before, after = walked(rows, {3: misplaced(rows, labels), 4: four}, "VII")
    assert after[3] > before[3] + 100


def test_a_size_that_cannot_win_is_left_as_it_is():
    rows, labels = three_clusters()
    four = np.where((labels == 0) & (rows[:, 0] > 0), 3, labels)
    kept, *_ = walked(rows, {3: misplaced(rows, labels), 4: four}, "VII", promising=[4])
    assert 3 not in kept


def test_no_size_is_less_likely_than_the_one_below():
    rows, labels = three_clusters()
    wrong = misplaced(rows, labels)
    four = np.where((wrong == 2) & (rows[:, 0] > 0), 3, wrong)
    _, before, after = walked(rows, {3: labels, 4: four}, promising=[])
    assert before[4] < before[3] - 100
    assert after[4] > after[3]


def test_sizes_that_are_good_already_are_left_alone():
    rows, labels = three_clusters()
    kept, before, after = walked(rows, {2: np.minimum(labels, 1), 3: labels})
    assert kept <= {2}
    assert all(after[size] >= before[size] - 0.01 for size in before)
    assert after[3] == before[3]


def test_sizes_that_are_not_next_to_each_other_say_nothing():
    rows, labels = three_clusters()
    kept, *_ = walked(rows, {1: np.zeros(300, dtype=int), 3: misplaced(rows, labels)})
    assert kept == set()
