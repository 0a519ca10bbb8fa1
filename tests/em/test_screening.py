"""Screens find partitions of a subsample, and every model of a search starts from them."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from mixtura import GaussianMixture
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import structure
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.fit import FitOptions
from mixtura.em.screening import Partitions, screened_partitions
from mixtura.em.starts import StartOptions
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.em.tree import Tree
from mixtura.engines import Serial
from mixtura.errors import ParameterError

Float = NDArray[np.float64]
SIZE = 3


def clusters(n_rows: int = 240) -> Float:
    rng = np.random.default_rng(2)
    centres = np.array([[0.0, 0.0], [7.0, 0.0], [0.0, 9.0]])
    return centres[np.arange(n_rows) % SIZE] + rng.normal(size=(n_rows, 2))


def family_of(rows: Float, code: str = "VVV") -> GaussianFamily:
    return GaussianFamily.of(structure(code), *column_moments(ArrayRows(rows)))


def sweep_of(rows: Float, family: GaussianFamily) -> Sweep:
    return Sweep(family, ArrayRows(rows), Serial())


def options_of(sweep: Sweep, n_components: int) -> FitOptions:
    weak = sweep.family.prior("weak", sweep.shared, n_components)
    return FitOptions(GainLeft(), max_iter=50, prior=weak, fallback=weak)


def found_on(
    rows: Float,
    codes: tuple[str, ...],
    options: Callable[[Sweep, int], FitOptions] = options_of,
    *,
    tree: bool = False,
    finish: int = 1,
) -> Partitions:
    sweeps = [sweep_of(rows, family_of(rows, code)) for code in codes]
    linked = Tree(sweeps[0].family.embed(rows)) if tree else None
    starts = StartOptions(0, finish=finish)
    return screened_partitions(sweeps, SIZE, options, starts, linked, whole=True)


def same_groups(labels: NDArray[np.intp], expected: NDArray[np.intp]) -> bool:
    pairs = set(zip(labels.tolist(), expected.tolist(), strict=True))
    return len(pairs) == len(set(labels.tolist())) == len(set(expected.tolist()))


def test_each_screen_and_each_tree_parts_the_rows_where_clusters_are() -> None:
    rows = ArrayRows(clusters()).subsample(1000, 0)[0]
    nearest = (rows[:, 0] > 3.5) + 2 * (rows[:, 1] > 4.5)
    found = found_on(rows, ("VVV", "EEE", "VII"), tree=True)
    assert len(found.labels) == 3 + len(Tree(family_of(rows).embed(rows)).labels(SIZE))
    for labels in found.labels:
        assert labels.shape == (len(found.rows),)
        assert same_groups(labels, nearest)
    np.testing.assert_array_equal(found.rows, rows)


def test_as_many_of_each_screen_are_kept_as_are_asked_for() -> None:
    found = found_on(clusters(), ("VVV", "EEE"), finish=2)
    assert 2 < len(found.labels) <= 4


def test_a_screen_that_fails_leaves_the_search_to_the_others() -> None:
    def options(sweep: Sweep, n_components: int) -> FitOptions:
        if sweep.family.structure.code == "EEE":
            raise ParameterError("it collapsed")
        return options_of(sweep, n_components)

    assert len(found_on(clusters(), ("EEE", "VVV"), options).labels) == 1


def test_where_all_screens_fail_rows_are_dealt_out() -> None:
    def options(sweep: Sweep, n_components: int) -> FitOptions:
        raise ParameterError("it collapsed")

    (labels,) = found_on(clusters(), ("VVV", "EEE"), options).labels
    assert np.bincount(labels).tolist() == [80, 80, 80]


@pytest.mark.parametrize("noise", [None, "uniform"])
def test_shares_of_a_mixture_are_its_responsibilities_without_noise(noise: str | None) -> None:
    rows = clusters()
    mixture = GaussianMixture(SIZE, noise=noise, random_state=0).fit(rows).mixture_
    found = found_on(rows, ("VVV",))
    whole = mixture.responsibilities(found.rows)
    (shares,) = found.beside([whole]).shares
    np.testing.assert_array_equal(shares, whole[:, :SIZE])


@pytest.mark.parametrize(("narrow", "wide"), [("EII", "VVV"), ("EEE", "VEV"), ("VII", "VVI")])
def test_a_start_from_a_nested_model_is_no_lower_than_that_model(narrow: str, wide: str) -> None:
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(200, 2)) * (1 + rng.random((200, 1)))
    fitted = GaussianMixture(SIZE, covariance_type=narrow, random_state=3).fit(rows)
    shares = fitted.mixture_.responsibilities(rows)
    alone = Partitions(rows, None, (), SIZE, whole=True).beside([shares])
    sweep, sample_of = sweep_of(rows, family_of(rows, wide)), partial(sweep_of, rows)
    (model,) = alone.models(StartOptions(0), sample_of)(sweep, options_of(sweep, SIZE))
    assert sweep([model])[0].log_likelihood >= fitted.log_likelihood_ - 0.02


def test_the_best_start_comes_first_and_no_more_than_asked_for() -> None:
    rows = clusters()
    good = (rows[:, 0] > 3.5) + 2 * (rows[:, 1] > 4.5)
    dealt = np.random.default_rng(1).integers(0, SIZE, len(rows))
    found = Partitions(rows, None, (dealt, good, dealt[::-1].copy()), SIZE, whole=True)
    sweep = sweep_of(rows, family_of(rows))
    sample_of = partial(sweep_of, rows)
    models = found.models(StartOptions(0, finish=2), sample_of)(sweep, options_of(sweep, SIZE))
    ends = [one.log_likelihood for one in sweep(models)]
    assert len(models) == 2
    assert ends[0] == max(ends)
    alone = Partitions(rows, None, (good,), SIZE, whole=True)
    (best,) = alone.models(StartOptions(0), sample_of)(sweep, options_of(sweep, SIZE))
    assert ends[0] >= sweep([best])[0].log_likelihood - 1e-6


def test_a_partition_with_a_group_that_collapses_is_left_out() -> None:
    rows = clusters()
    good = (rows[:, 0] > 3.5) + 2 * (rows[:, 1] > 4.5)
    lone = np.where(np.arange(len(rows)) == 0, 2, good % 2)
    sweep = sweep_of(rows, family_of(rows))
    sample_of = partial(sweep_of, rows)
    likelihood = sweep.family.prior(None, sweep.shared, SIZE)
    options = FitOptions(GainLeft(), max_iter=50, prior=likelihood, fallback=None)
    both = Partitions(rows, None, (lone, good), SIZE, whole=True)
    (model,) = both.models(StartOptions(0), sample_of)(sweep, options)
    assert np.exp(model.log_weights).min() > 0.3
    # A group of one row borrows a width, so that a start from it alone is one.
    alone = Partitions(rows, None, (lone,), SIZE, whole=True)
    (model,) = alone.models(StartOptions(0), sample_of)(sweep, options)
    assert np.isfinite(model.parameters.covariance.log_determinant()).all()


def test_each_group_in_turn_is_the_last() -> None:
    rows = clusters(6)
    labels = np.array([0, 1, 2, 2, 1, 0])
    found = Partitions(rows, None, (labels,), SIZE, whole=True).each_last()
    assert [np.flatnonzero(own == 2).tolist() for own in found.labels] == [[0, 5], [1, 4], [2, 3]]
    for own in found.labels:
        assert same_groups(own, labels)
