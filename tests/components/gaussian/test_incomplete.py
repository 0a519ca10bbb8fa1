"""Rows with missing cells: margins and completed sums equal those of a loop over rows."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import logsumexp

from mixtura.components.gaussian.completion import Completion
from mixtura.components.gaussian.covariance import covariance_from
from mixtura.components.gaussian.incomplete import IncompleteGaussianFamily
from mixtura.components.gaussian.parameters import GaussianParameters
from mixtura.components.gaussian.partition import Margin
from mixtura.components.gaussian.patterns import Patterns
from mixtura.components.gaussian.structures import CODES, structure
from mixtura.data import ArrayRows
from mixtura.em.model import Model
from mixtura.em.sweep import Sweep
from mixtura.engines import engine_named
from mixtura.mixture import Mixture

Float = NDArray[np.float64]

N_COLUMNS, N_COMPONENTS = 4, 3
WEIGHTS = np.array([0.2, 0.3, 0.5])


def parameters_like(code: str, rng: np.random.Generator) -> tuple[GaussianParameters, Float]:
    """Return parameters of a structure's storage, in the user's units, and dense covariances."""
    form = structure(code)
    means = rng.normal(0.0, 2.0, (N_COMPONENTS, N_COLUMNS))
    root = rng.normal(size=(N_COMPONENTS, N_COLUMNS, N_COLUMNS))
    spreads = root @ root.transpose(0, 2, 1) + np.eye(N_COLUMNS)
    if form.storage != "full":
        spreads = spreads * np.eye(N_COLUMNS)
    if form.storage == "spherical":
        spreads = spreads[:, :1, :1] * np.eye(N_COLUMNS)
    if form.shares_covariance:
        spreads = np.repeat(spreads[:1], N_COMPONENTS, axis=0)
    stored = {
        "full": spreads,
        "diagonal": np.einsum("kdd->kd", spreads),
        "spherical": spreads[:, 0, 0],
    }[form.storage]
    return GaussianParameters(means, covariance_from(form.storage, stored, N_COLUMNS)), spreads


def rows_like(parameters: GaussianParameters, spreads: Float, rng: np.random.Generator) -> Float:
    """Return rows with a quarter of the cells missing, one row without any."""
    labels = rng.integers(0, N_COMPONENTS, 120)
    rows = np.array(
        [rng.multivariate_normal(parameters.means[k], spreads[k]) for k in labels],
    )
    rows[rng.random(rows.shape) < 0.25] = np.nan
    rows[7] = np.nan
    return rows


def log_density(deviation: Float, spread: Float) -> float:
    """Return log N(deviation | 0, spread)."""
    distance = deviation @ np.linalg.solve(spread, deviation)
    return -0.5 * (distance + np.linalg.slogdet(2 * np.pi * spread)[1])


def by_rows(
    rows: Float, row_weights: Float, means: Float, spreads: Float
) -> tuple[float, Float, Float, Float]:
    """Return ℓ, N_k, means and scatters of one EM step, one row after the other."""
    total = 0.0
    count, first = np.zeros(N_COMPONENTS), np.zeros(means.shape)
    second = np.zeros(spreads.shape)
    for row, row_weight in zip(rows, row_weights, strict=True):
        seen = ~np.isnan(row)
        gap = ~seen
        joint = np.log(WEIGHTS)
        if seen.any():
            joint = joint + [
                log_density(row[seen] - mean[seen], spread[np.ix_(seen, seen)])
                for mean, spread in zip(means, spreads, strict=True)
            ]
        total += row_weight * logsumexp(joint)
        shares = row_weight * np.exp(joint - logsumexp(joint))
        for k in range(N_COMPONENTS):
            across = spreads[k][np.ix_(gap, seen)]
            gain = across @ np.linalg.inv(spreads[k][np.ix_(seen, seen)])
            filled, spread = np.where(seen, row, 0.0), np.zeros((N_COLUMNS, N_COLUMNS))
            filled[gap] = means[k][gap] + gain @ (row[seen] - means[k][seen])
            spread[np.ix_(gap, gap)] = spreads[k][np.ix_(gap, gap)] - gain @ across.T
            count[k] += shares[k]
            first[k] += shares[k] * filled
            second[k] += shares[k] * (np.outer(filled, filled) + spread)
    found = first / count[:, None]
    return total, count, found, second - count[:, None, None] * found[:, :, None] * found[:, None]


def swept(code: str, seed: int = 0) -> Any:
    """Return a family, rows, weights, parameters and the statistics of a sweep."""
    rng = np.random.default_rng(seed)
    parameters, spreads = parameters_like(code, rng)
    rows = rows_like(parameters, spreads, rng)
    row_weights = rng.uniform(0.5, 2.0, len(rows))
    family = IncompleteGaussianFamily.of(
        structure(code), np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
    )
    sweep = Sweep(family, ArrayRows(rows, row_weights), engine_named("serial", 1))
    model = Model(np.log(WEIGHTS), family.in_frame(parameters))
    return family, rows, row_weights, parameters, spreads, sweep, model


@pytest.mark.parametrize("code", CODES)
def test_a_sweep_is_a_loop_over_rows(code: str) -> None:
    family, rows, row_weights, parameters, spreads, sweep, model = swept(code)
    found = sweep([model])[0]
    total, count, means, scatter = by_rows(rows, row_weights, parameters.means, spreads)
    assert found.log_likelihood == pytest.approx(total, abs=1e-8)
    np.testing.assert_allclose(found.moments.effective_rows, count, atol=1e-10)
    np.testing.assert_allclose(family.frame.leave(found.moments.means), means, atol=1e-10)
    diagonal = found.moments.scatter.ndim == 2
    expected = np.einsum("kdd->kd", scatter) if diagonal else scatter
    np.testing.assert_allclose(found.moments.scatter, expected, atol=1e-8)


@pytest.mark.parametrize("code", ["VVV", "VVI", "VII"])
def test_what_is_missing_to_the_log_likelihood_is_the_entropy_of_components(code: str) -> None:
    family, rows, row_weights, _, _, sweep, model = swept(code)
    found = sweep([model])[0]
    expected = float(found.moments.effective_rows @ model.log_weights)
    expected += family.expected_log_density(model.parameters, found.moments)
    user_family, own = family.in_user_units(model.parameters)
    shares = Mixture(WEIGHTS, user_family, own).responsibilities(rows)
    entropy = -(row_weights[:, None] * shares * np.log(shares)).sum()
    assert found.log_likelihood - expected == pytest.approx(entropy, abs=1e-8)


@pytest.mark.parametrize("code", ["VVV", "EEE", "VVI", "VII"])
def test_sums_about_other_points_and_by_factors_are_the_same(code: str) -> None:
    family, rows, _, _, _, sweep, model = swept(code)
    plain = sweep([model])[0]
    evaluator = family.bind(model.log_weights, model.parameters)
    evaluator.centre_on(family.bind(model.log_weights, model.parameters)._parameters)
    tile = family.prepare(rows, family.workspace(len(rows)))
    densities = np.empty((N_COMPONENTS, len(rows)))
    evaluator.log_density(tile, densities)
    careful = family.bind(model.log_weights, model.parameters)
    careful._far = np.ones(N_COMPONENTS, dtype=bool)
    by_factors = np.empty_like(densities)
    careful.log_density(tile, by_factors)
    np.testing.assert_allclose(by_factors, densities, atol=1e-10)
    shares = np.exp(densities - logsumexp(densities, axis=0))
    weighted = shares * sweep.source.block(0, len(rows)).weights
    totals = evaluator.zeros()
    evaluator.accumulate(tile, weighted, totals)
    moments = family.moments(evaluator.sums(totals), model.parameters, sweep.shared)
    np.testing.assert_allclose(moments.scatter, plain.moments.scatter, atol=1e-9)
    np.testing.assert_allclose(moments.means, plain.moments.means, atol=1e-11)


def test_an_offset_costs_no_digits() -> None:
    rng = np.random.default_rng(3)
    parameters, spreads = parameters_like("VVV", rng)
    rows = rows_like(parameters, spreads, rng)
    results = []
    for offset in (0.0, 2.0**20):
        moved = GaussianParameters(parameters.means + offset, parameters.covariance)
        family = IncompleteGaussianFamily.of(
            structure("VVV"), np.nanmean(rows + offset, axis=0), np.nanstd(rows, axis=0)
        )
        sweep = Sweep(family, ArrayRows(rows + offset), engine_named("serial", 1))
        results.append(sweep([Model(np.log(WEIGHTS), family.in_frame(moved))])[0])
    assert results[1].log_likelihood == pytest.approx(results[0].log_likelihood, abs=1e-6)
    np.testing.assert_allclose(
        results[1].moments.scatter, results[0].moments.scatter, rtol=1e-7, atol=1e-7
    )


def test_narrow_components_far_apart_keep_their_digits() -> None:
    rng = np.random.default_rng(4)
    means = np.array([[-1000.0, 0.0, 3.0], [1000.0, 5.0, -3.0]])
    labels = np.repeat([0, 1], 200)
    rows = means[labels] + rng.normal(0.0, 0.01, (400, 3))
    rows[rng.random(rows.shape) < 0.2] = np.nan
    covariance = covariance_from("full", np.repeat(1e-4 * np.eye(3)[None], 2, axis=0), 3)
    family = IncompleteGaussianFamily.of(
        structure("VVV"), np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
    )
    sweep = Sweep(family, ArrayRows(rows), engine_named("serial", 1))
    model = Model(np.log([0.5, 0.5]), family.in_frame(GaussianParameters(means, covariance)))
    found = sweep([model])[0]
    seen = ~np.isnan(rows)
    logs = -0.5 * (((rows - means[labels]) / 0.01) ** 2 + np.log(2 * np.pi * 1e-4))
    known = logs[seen].sum() + seen.any(axis=1).sum() * np.log(0.5)
    assert found.log_likelihood == pytest.approx(known, abs=1e-6)
    for k in range(2):
        own = rows[labels == k]
        variances = ((own - family.frame.leave(found.moments.means)[k]) ** 2).copy()
        variances[np.isnan(own)] = 1e-4
        # What a missing cell adds, and its mean, are those of the parameters.
        spread = np.diag(found.moments.scatter[k]) / found.moments.effective_rows[k]
        np.testing.assert_allclose(spread, variances.mean(axis=0), rtol=1e-2)


@pytest.mark.parametrize("seen", [[True, False, True, False], [True] * 4, [False] * 4])
def test_completions_and_margins_of_factors_are_those_of_dense_covariances(seen: Any) -> None:
    rng = np.random.default_rng(5)
    parameters, spreads = parameters_like("VVV", rng)
    observed, missing = np.array(seen), ~np.array(seen)
    of_factors = Margin.of(parameters, np.flatnonzero(missing)).log_determinants
    found = Completion.of(parameters, observed)
    assert found.gains is not None
    for k, spread in enumerate(spreads):
        own = spread[np.ix_(observed, observed)]
        gains = spread[np.ix_(missing, observed)] @ np.linalg.inv(own)
        np.testing.assert_allclose(found.gains[k][np.ix_(missing, observed)], gains, atol=1e-12)
        rest = spread[np.ix_(missing, missing)] - gains @ spread[np.ix_(observed, missing)]
        np.testing.assert_allclose(found.spreads[k][np.ix_(missing, missing)], rest, atol=1e-12)
        np.testing.assert_allclose(found.log_pivots[k], -np.linalg.slogdet(rest)[1], atol=1e-12)
        np.testing.assert_allclose(of_factors[k], -0.5 * np.linalg.slogdet(own)[1], atol=1e-12)


def test_runs_of_one_pattern_are_told_apart() -> None:
    nan = np.nan
    rows = np.array([[1, nan], [2, nan], [3, 4], [nan, nan], [nan, nan]])
    patterns = Patterns.of(rows)
    assert patterns.bounds.tolist() == [0, 2, 3, 5]
    assert patterns.observed.tolist() == [[True, False], [True, True], [False, False]]
    assert patterns.slices() == [slice(0, 2), slice(2, 3), slice(3, 5)]
