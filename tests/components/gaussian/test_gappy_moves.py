"""Components of rows with missing cells are split, merged and moved in compiled code."""

from dataclasses import replace
from operator import itemgetter
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from scipy.special import softmax
from scipy.stats import multivariate_normal

from mixtura.arrays import order_by_pattern
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.incomplete import IncompleteGaussianFamily
from mixtura.components.gaussian.structures import CODES, structure
from mixtura.components.kernel import STEPS, Above
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.compiled import terms_of
from mixtura.em.fit import FitOptions, fit
from mixtura.em.model import Model
from mixtura.em.neighbours import bettered, merged, on_sample, split_once
from mixtura.em.responsibilities import mixture_of, model_from_labels
from mixtura.em.splits import part_of
from mixtura.em.starts import StartOptions
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

pytestmark = pytest.mark.drawn(5)

Float = NDArray[np.float64]

STARTS = StartOptions(0)
CENTRES = np.array([[0.0, 0.0], [40.0, 0.0], [46.0, 0.0], [0.0, 40.0]])


def four_clusters() -> tuple[Float, NDArray[np.intp]]:
    """Return clusters, two of them near each other; of one that is by itself cells are missing."""
    labels = np.repeat(np.arange(4), 150)
    rows = CENTRES[labels] + np.random.default_rng(0).normal(size=(600, 2))
    rows[450:470, 0] = rows[470:480, 1] = np.nan
    order = order_by_pattern(rows)
    return rows[order], labels[order]


def overlapping(n_rows: int = 240, n_columns: int = 4) -> tuple[Float, NDArray[np.intp]]:
    """Return rows of two clusters of which one is two, and the labels of those."""
    rng = np.random.default_rng(6)
    labels = np.arange(n_rows) % 3
    rows = 2.0 * rng.normal(size=(3, n_columns))[labels] + rng.normal(size=(n_rows, n_columns))
    rows[rng.random(rows.shape) < 0.1] = np.nan
    seen = ~np.isnan(rows).all(axis=1)
    rows, labels = rows[seen], labels[seen]
    order = order_by_pattern(rows)
    return rows[order], (labels[order] > 0).astype(int)


def sweep_over(rows: Float, code: str, weights: Float | None = None, *, compiled: bool) -> Sweep:
    source = ArrayRows(rows, weights)
    family = IncompleteGaussianFamily.of(structure(code), *column_moments(source))
    sweep = Sweep(family, source, Serial())
    if not compiled:
        sweep.__dict__["kernel"] = None
    return sweep


def options_for(sweep: Sweep, n_components: int) -> FitOptions:
    penalty = sweep.family.prior("weak", sweep.shared, n_components)
    return FitOptions(GainLeft(), max_iter=500, prior=penalty, accelerate=True)


def observed_density(rows: Float, mean: Float, covariance: Float) -> Float:
    """Return the log densities of the cells that there are."""
    found = np.empty(len(rows))
    for i, row in enumerate(rows):
        seen = ~np.isnan(row)
        own = multivariate_normal(mean[seen], covariance[np.ix_(seen, seen)])
        found[i] = own.logpdf(row[seen])
    return found


def completed_moments(
    rows: Float, mass: Float, mean: Float, covariance: Float
) -> tuple[Float, Float]:
    """Return the mean and covariance of rows whose missing cells are as a component expects."""
    filled, within = rows.copy(), np.zeros_like(covariance)
    for row, share in zip(filled, mass, strict=True):
        gone = np.isnan(row)
        if gone.any():
            slope = covariance[np.ix_(gone, ~gone)] @ np.linalg.inv(
                covariance[np.ix_(~gone, ~gone)]
            )
            row[gone] = mean[gone] + slope @ (row[~gone] - mean[~gone])
            left = covariance[np.ix_(gone, gone)] - slope @ covariance[np.ix_(~gone, gone)]
            within[np.ix_(gone, gone)] += share * left
    centre = mass @ filled / mass.sum()
    deviations = filled - centre
    return centre, ((deviations.T * mass) @ deviations + within) / mass.sum()


def halves_of(rows: Float, mass: Float, parent: tuple[Float, Float], first: Any) -> Any:
    """Return what two children of a component gain after EM, and the second one's part of rows."""
    second, children = first.astype(float), [parent, parent]
    for _ in range(STEPS):
        parts = [mass * (1 - second), mass * second]
        children = [
            completed_moments(rows, part, *child)
            for part, child in zip(parts, children, strict=True)
        ]
        joint = [
            np.log(part.sum() / mass.sum()) + observed_density(rows, *child)
            for part, child in zip(parts, children, strict=True)
        ]
        total = np.logaddexp(*joint)
        second = np.exp(joint[1] - total)
    return mass @ (total - observed_density(rows, *parent)), second


@pytest.mark.parametrize("weighted", [False, True])
def test_halves_are_those_of_a_plain_loop_over_rows(weighted: bool) -> None:
    rows, labels = overlapping(120, 3)
    weights = np.random.default_rng(2).uniform(0.5, 1.5, len(rows)) if weighted else None
    sweep: Any = sweep_over(rows, "VVV", weights, compiled=True)
    options = replace(options_for(sweep, 2), prior=sweep.family.prior(None, sweep.shared, 2))
    model = model_from_labels(sweep, labels, 2, options)
    told = model.log_weights, model.parameters, terms_of(options)
    found = sweep.kernel.split(sweep.kernel, *told)
    mixture = mixture_of(sweep, model)
    parents = mixture.parameters.means, mixture.parameters.covariance.dense()
    joint = [observed_density(rows, *each) for each in zip(*parents, strict=True)]
    shares = softmax(np.array(joint) + model.log_weights[:, None], axis=0)
    assert_allclose(found.responsibilities, shares, atol=1e-9)
    mean, spread = column_moments(sweep.source)
    points = np.nan_to_num((rows - mean) / spread)
    for k, share in enumerate(shares):
        mass = share if weights is None else share * weights
        deviations = points - mass @ points / mass.sum()
        sizes, axes = np.linalg.eigh((deviations.T * mass) @ deviations / mass.sum())
        scores = deviations @ axes / np.sqrt(sizes)
        beginnings = scores[:, -1] > 0, (scores**2).sum(axis=1) > len(sizes)
        parent = parents[0][k], parents[1][k]
        gain, second = max(
            (halves_of(rows, mass, parent, first) for first in beginnings), key=itemgetter(0)
        )
        assert found.gains[k] == pytest.approx(gain, rel=1e-7, abs=1e-7)
        nearer = second if np.abs(second - found.second[k]).max() < 0.5 else 1 - second
        assert_allclose(found.second[k], nearer, atol=1e-6)


@pytest.mark.parametrize("code", CODES)
def test_complete_rows_are_split_as_those_that_may_lack_cells(code: str) -> None:
    rows, labels = overlapping()
    seen = ~np.isnan(rows).any(axis=1)
    rows, labels = rows[seen], labels[seen]
    gappy = sweep_over(rows, code, compiled=True)
    source = ArrayRows(rows)
    plain = Sweep(GaussianFamily.of(structure(code), *column_moments(source)), source, Serial())
    found = []
    for sweep in (gappy, plain):
        kernel: Any = sweep.kernel
        options = options_for(sweep, 2)
        model = model_from_labels(sweep, labels, 2, options)
        told = model.log_weights, model.parameters, terms_of(options)
        found.append(kernel.split(kernel, *told))
    assert_allclose(found[0].gains, found[1].gains, rtol=1e-6)
    assert_allclose(found[0].second, found[1].second, atol=1e-6)


def test_a_half_of_too_few_rows_gains_nothing() -> None:
    rows = overlapping(40)[0]
    rows[0] = [30, 30, 30, np.nan]
    rows = rows[order_by_pattern(rows)]
    sweep: Any = sweep_over(rows, "VVV", compiled=True)
    options = options_for(sweep, 1)
    model = model_from_labels(sweep, np.zeros(len(rows), dtype=int), 1, options)
    told = model.log_weights, model.parameters, terms_of(options)
    assert sweep.kernel.split(sweep.kernel, *told).gains == [-np.inf]


@pytest.mark.parametrize("code", ["VVV", "EVV", "VVI", "VEV", "EEV", "VVE"])
def test_a_component_too_small_to_be_halved_hides_no_other(code: str) -> None:
    rows, _ = overlapping(126, 3)
    rows = np.vstack([rows, 60 + np.random.default_rng(1).normal(size=(6, 3))])
    rows = rows[order_by_pattern(rows)]
    sweep: Any = sweep_over(rows, code, compiled=True)
    options = options_for(sweep, 2)
    labels = (np.nanmax(rows, axis=1) > 30).astype(int)
    model = model_from_labels(sweep, labels, 2, options)
    told = model.log_weights, model.parameters, terms_of(options)
    gains = sweep.kernel.split(sweep.kernel, *told).gains
    assert gains[1] == -np.inf
    assert gains[0] > 10


@pytest.mark.parametrize("code", CODES)
def test_misplaced_components_are_moved_to_where_they_belong(code: str) -> None:
    rows, labels = four_clusters()
    sweep: Any = sweep_over(rows, code, compiled=True)
    options = options_for(sweep, 4)
    wrong = np.choose(labels, [0, 1, 1, 2])
    wrong[(labels == 0) & (rows[:, 0] > 0)] = 3
    misplaced, right = (model_from_labels(sweep, own, 4, options) for own in (wrong, labels))
    aim = fit(sweep, [right], options)[0].objective
    assert fit(sweep, [misplaced], options)[0].objective < aim - 50
    for starts, moves in (([misplaced], 1), ([right], 0), ([misplaced, right], 0)):
        mixed = [(model.log_weights, model.parameters) for model in starts]
        few: Any = part_of(sweep, 4, STARTS)
        found = sweep.kernel.split_and_merged(few.kernel, mixed, terms_of(options), 500)
        assert found.moves == moves
        assert not any(found.lost)
        end = fit(sweep, [Model(*found.end)], options)[0]
        assert end.objective == pytest.approx(aim, abs=0.01)


@pytest.mark.parametrize("share", [0.05, 0.2])
@pytest.mark.parametrize("code", CODES)
def test_cells_missing_everywhere_hide_no_move(code: str, share: float) -> None:
    rows, labels = four_clusters()
    rng = np.random.default_rng(3)
    rows[rng.random(len(rows)) < share, 1] = np.nan
    labels = labels[~np.isnan(rows).all(axis=1)]
    rows = rows[~np.isnan(rows).all(axis=1)]
    order = order_by_pattern(rows)
    rows, labels = rows[order], labels[order]
    sweep: Any = sweep_over(rows, code, compiled=True)
    options = options_for(sweep, 4)
    wrong = np.choose(labels, [0, 1, 1, 2])
    wrong[(labels == 0) & (rows[:, 0] > 0)] = 3
    start, right = (model_from_labels(sweep, own, 4, options) for own in (wrong, labels))
    few: Any = part_of(sweep, 4, STARTS)
    mixed = [(start.log_weights, start.parameters)]
    found = sweep.kernel.split_and_merged(few.kernel, mixed, terms_of(options), 500)
    end, aim = fit(sweep, [Model(*found.end), right], options)
    assert end.objective == pytest.approx(aim.objective, abs=0.01)


@pytest.mark.parametrize("code", CODES)
def test_neighbours_are_those_of_the_general_way(code: str) -> None:
    rows, labels = four_clusters()
    sweep, general = (sweep_over(rows, code, compiled=own) for own in (True, False))
    kernel: Any = sweep.kernel
    wrong = np.choose(labels, [0, 1, 1, 2])
    wrong[(labels == 0) & (rows[:, 0] > 0)] = 3
    halved = np.where((labels == 0) & (rows[:, 0] > 0), 4, labels)
    for size, own, other_size, other in (
        (4, wrong, 5, halved),
        (4, wrong, 3, np.minimum(labels, 2)),
        (4, labels, 3, np.minimum(labels, 2)),
    ):
        options = options_for(sweep, size)
        now = on_sample(general, model_from_labels(general, own, size, options), options)
        assert now is not None
        giving = model_from_labels(general, other, other_size, options)
        few: Any = part_of(sweep, other_size, STARTS)
        above = Above(now.objective, float(now.statistics.moments.effective_rows.min()))
        mixed = giving.log_weights, giving.parameters
        found = kernel.neighbour(few.kernel, mixed, size, above, terms_of(options), 500)
        make = merged if other_size > size else split_once
        expected = bettered(general, now, make(general, giving, options, STARTS), options)
        assert [found is None, expected is None] == [own is labels] * 2
        if found is not None and expected is not None:
            ends = [fit(general, [one], options)[0] for one in (Model(*found), expected)]
            assert ends[0].objective == pytest.approx(ends[1].objective, abs=0.01)
            assert ends[0].objective > now.objective + 1


def test_noise_and_known_components_are_left_to_the_general_way() -> None:
    rows, labels = four_clusters()
    kernel: Any = sweep_over(rows, "VVV", compiled=True).kernel
    assert kernel.splits_and_merges
    assert not kernel.with_noise(np.zeros(2)).splits_and_merges
    assert not kernel.excluding(np.eye(4, dtype=bool)[labels].T).splits_and_merges
