"""Gaussian mixtures of rows with missing cells: fitted, used and filled in by what was observed."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.special import logsumexp
from sklearn.utils.estimator_checks import parametrize_with_checks

from mixtura import GaussianMixture, MixedMixture, PoissonMixture, select
from mixtura.components.gaussian.structures import CODES
from mixtura.errors import DataError, ParameterError

pytestmark = pytest.mark.drawn(5)

Float = NDArray[np.float64]

MEANS = np.array([[0.0, 0.0, 0.0], [4.0, 2.0, -3.0]])
SPREADS = np.array(
    [
        [[1.0, 0.6, 0.2], [0.6, 1.0, 0.1], [0.2, 0.1, 0.5]],
        [[0.8, -0.3, 0.0], [-0.3, 1.2, 0.4], [0.0, 0.4, 1.0]],
    ]
)


@pytest.fixture(scope="module")
def rows() -> Float:
    """Return 150 rows of two components, a sixth of the cells missing, and one row all missing."""
    rng = np.random.default_rng(11)
    found = np.vstack(
        [rng.multivariate_normal(*own, 75) for own in zip(MEANS, SPREADS, strict=True)]
    )
    found[rng.random(found.shape) < 1 / 6] = np.nan
    found[20] = np.nan
    found.setflags(write=False)
    return found


def fitted(rows: Any, **settings: Any) -> GaussianMixture:
    """Return a fit of two components that takes missing cells."""
    return GaussianMixture(2, missing="marginal", random_state=0, **settings).fit(rows)


def one_step(
    rows: Float, weights: Float, means: Float, spreads: Float
) -> tuple[float, Float, Float, Float]:
    """Return ℓ and the next weights, means and covariances, row by row."""
    total, count = 0.0, np.zeros(len(weights))
    first, second = np.zeros(means.shape), np.zeros(spreads.shape)
    for row in rows:
        seen = ~np.isnan(row)
        gap = ~seen
        joint, filled = np.log(weights), np.tile(np.where(seen, row, 0.0), (len(weights), 1))
        within = np.zeros(spreads.shape)
        for k, (mean, spread) in enumerate(zip(means, spreads, strict=True)):
            own, across = spread[np.ix_(seen, seen)], spread[np.ix_(gap, seen)]
            deviation = row[seen] - mean[seen]
            scaled = np.linalg.solve(own, deviation)
            joint[k] -= 0.5 * (deviation @ scaled + np.linalg.slogdet(2 * np.pi * own)[1])
            filled[k, gap] = mean[gap] + across @ scaled
            rest = spread[np.ix_(gap, gap)] - across @ np.linalg.solve(own, across.T)
            within[k][np.ix_(gap, gap)] = rest
        total += logsumexp(joint)
        shares = np.exp(joint - logsumexp(joint))
        count += shares
        first += shares[:, None] * filled
        outer = filled[:, :, None] * filled[:, None, :]
        second += shares[:, None, None] * (outer + within)
    centres = first / count[:, None]
    found = second / count[:, None, None] - centres[:, :, None] * centres[:, None, :]
    return total, count / count.sum(), centres, found


def test_the_fit_converges_to_where_em_row_by_row_does(rows: Float) -> None:
    rows = rows[2::3]
    start = np.array([0.5, 0.5]), MEANS, SPREADS
    settings: dict[str, Any] = {
        "prior": None,
        "algorithm": "em",
        "weights_init": start[0],
        "means_init": start[1],
        "precisions_init": np.linalg.inv(SPREADS),
        "tol": 1e-13,
    }
    with pytest.warns(UserWarning, match="did not converge"):
        early = fitted(rows, max_iter=3, **settings)
    late = fitted(rows, **settings)
    # A row without a cell would hold the weights back, and says nothing.
    rows = rows[~np.isnan(rows).all(axis=1)]
    totals, state = [], start
    for _ in range(60):
        total, *state = one_step(rows, *state)
        totals.append(total)
    np.testing.assert_allclose(early.history_.log_likelihood, totals[:3], rtol=0, atol=1e-8)
    assert late.log_likelihood_ == pytest.approx(totals[-1], abs=1e-8)
    np.testing.assert_allclose(late.means_, state[1], atol=1e-5)
    np.testing.assert_allclose(late.covariances_, state[2], atol=1e-5)


@pytest.mark.parametrize("code", CODES)
def test_no_small_change_of_the_means_raises_the_likelihood(rows: Float, code: str) -> None:
    found = fitted(rows, covariance_type=code, prior=None, tol=1e-12, algorithm="em")
    mixture = found.mixture_
    assert found.log_likelihood_ == pytest.approx(mixture.log_density(rows).sum(), abs=1e-8)
    assert np.diff(found.history_.objective).min() > -1e-9
    for k in range(2):
        for column in range(3):
            sides = []
            for step in (1e-4, -1e-4):
                means = mixture.parameters.means.copy()
                means[k, column] += step
                moved = type(mixture.parameters)(means, mixture.parameters.covariance)
                there = type(mixture)(mixture.weights, mixture.family, moved)
                sides.append(there.log_density(rows).sum())
            assert abs(sides[0] - sides[1]) / 2e-4 < 1e-3


def test_extrapolations_raise_the_likelihood_too(rows: Float) -> None:
    found = fitted(rows, algorithm="squarem")
    assert np.diff(found.history_.objective).min() > -1e-9
    plain = fitted(rows, algorithm="em")
    assert found.log_likelihood_ == pytest.approx(plain.log_likelihood_, abs=5e-3)


def test_jensens_bound_lies_below_the_likelihood(rows: Float) -> None:
    history = fitted(rows, algorithm="em").history_
    assert min(step.gap for step in history) > -1e-8
    assert history[1].gap > 1e-6
    assert history.log_likelihood[-1] > history.log_likelihood[0]


def test_the_entropy_is_that_of_the_posteriors(rows: Float) -> None:
    found = fitted(rows)
    shares = found.predict_proba(rows[~np.isnan(rows).all(axis=1)])
    entropy = -(shares * np.log(np.maximum(shares, 1e-300))).sum()
    assert found.facts_["entropy"] == pytest.approx(entropy, abs=1e-7)


def test_complete_rows_are_fitted_as_ever(rows: Float) -> None:
    whole = rows[~np.isnan(rows).any(axis=1)]
    plain = GaussianMixture(2, random_state=0).fit(whole)
    assert (fitted(whole).means_ == plain.means_).all()


def test_the_order_of_rows_does_not_matter(rows: Float) -> None:
    order = np.random.default_rng(1).permutation(len(rows))
    plain, shuffled = fitted(rows), fitted(rows[order])
    assert shuffled.log_likelihood_ == pytest.approx(plain.log_likelihood_, abs=1e-8)
    np.testing.assert_allclose(shuffled.predict_proba(rows), plain.predict_proba(rows), atol=1e-6)


def test_a_weight_is_a_row_repeated_and_zero_a_row_left_out(rows: Float) -> None:
    times = np.random.default_rng(2).integers(0, 4, len(rows))
    weighted = GaussianMixture(2, missing="marginal", random_state=0)
    weighted.fit(rows, sample_weight=times)
    repeated = fitted(np.repeat(rows, times, axis=0))
    assert weighted.log_likelihood_ == pytest.approx(repeated.log_likelihood_, abs=1e-8)
    np.testing.assert_allclose(weighted.means_, repeated.means_, atol=1e-6)


def test_the_number_of_threads_changes_no_bit() -> None:
    rng = np.random.default_rng(0)
    rows = np.vstack([rng.normal(centre, 1.0, (5000, 4)) for centre in (0.0, 2.0)])
    rows[rng.random(rows.shape) < 0.1] = np.nan
    one, two = (fitted(rows, n_jobs=jobs, max_iter=20) for jobs in (1, 2))
    assert (one.means_ == two.means_).all()
    assert one.log_likelihood_ == two.log_likelihood_


@pytest.mark.parametrize("code", ["VVV", "VVI", "EEE"])
def test_units_and_origins_of_columns_do_not_matter(rows: Float, code: str) -> None:
    scale, origin = np.array([1e-6, 1.0, 1e9]), np.array([1.0, 1e4, -1e12])
    plain = fitted(rows, covariance_type=code)
    moved = fitted(rows * scale + origin, covariance_type=code)
    jacobian = -((~np.isnan(rows)).sum(axis=0) @ np.log(scale))
    assert moved.log_likelihood_ - jacobian == pytest.approx(plain.log_likelihood_, abs=0.01)
    np.testing.assert_allclose((moved.means_ - origin) / scale, plain.means_, atol=1e-2)


def test_float32_rows_are_taken(rows: Float) -> None:
    single = fitted(rows.astype(np.float32))
    np.testing.assert_allclose(single.means_, fitted(rows).means_, atol=2e-2)
    assert single.predict_proba(rows.astype(np.float32)).dtype == np.float32


def test_a_row_without_any_cell_has_the_weights(rows: Float) -> None:
    found = fitted(rows)
    np.testing.assert_allclose(found.predict_proba(rows)[20], found.weights_, atol=1e-12)
    assert found.score_samples(rows)[20] == pytest.approx(0.0, abs=1e-15)


def test_the_summary_says_what_was_missing(rows: Float) -> None:
    words = fitted(rows).summary()
    empty = np.isnan(rows).all(axis=1)
    told = rows[~empty]
    assert f"{np.isnan(told).sum()} of {told.size} cells are missing" in words
    patterns = len({tuple(row) for row in np.isnan(told).tolist()})
    assert f"{patterns} patterns of columns" in words
    assert f"{empty.sum()} row(s) have no cell at all" in words


def test_a_mixture_fitted_on_complete_rows_reads_rows_with_gaps(rows: Float) -> None:
    whole = rows[~np.isnan(rows).any(axis=1)]
    found = GaussianMixture(2, random_state=0).fit(whole)
    margin = found.mixture_.marginal([0, 2])
    row = np.array([[0.3, np.nan, 0.1]])
    expected = margin.log_density(row[:, [0, 2]])
    np.testing.assert_allclose(found.mixture_.coded.log_density(row), expected, rtol=1e-12)
    with pytest.raises(DataError, match="missing='marginal'"):
        found.predict(row)
    with pytest.raises(DataError, match="column 1 holds NaN"):
        found.mixture_.log_density(row)
    assert found.set_params(missing="marginal").predict(row).shape == (1,)


@pytest.mark.parametrize("init", ["kmeans", "k-means++", "random", "random_from_data"])
def test_every_way_to_start_takes_missing_cells(rows: Float, init: str) -> None:
    assert np.isfinite(fitted(rows, init_params=init).log_likelihood_)


def test_given_starts_belong_to_the_rows_as_given(rows: Float) -> None:
    shares = np.repeat(np.eye(2), 75, axis=0)
    found = fitted(rows, responsibilities_init=shares)
    assert found.means_[0, 0] < found.means_[1, 0]
    again = fitted(rows, means_init=MEANS[::-1])
    np.testing.assert_allclose(again.means_[::-1], found.means_, atol=0.05)


def test_known_components_and_missing_cells_go_together(rows: Float) -> None:
    y = np.full(150, -1)
    y[:10], y[-10:] = 1, 0
    found = GaussianMixture(2, missing="marginal", random_state=0, prior=None).fit(rows, y)
    assert found.means_[1, 0] < found.means_[0, 0]
    joint = found.mixture_.component_log_density(rows) + np.log(found.weights_)
    joint[(y[:, None] >= 0) & (np.arange(2) != y[:, None])] = -np.inf
    assert found.log_likelihood_ == pytest.approx(logsumexp(joint, axis=1).sum(), abs=1e-8)


def test_a_warm_start_goes_on(rows: Float) -> None:
    found = GaussianMixture(2, missing="marginal", random_state=0, warm_start=True).fit(rows)
    before = found.log_likelihood_
    assert found.fit(rows).log_likelihood_ >= before - 1e-9


def test_a_search_takes_missing_cells(rows: Float) -> None:
    found = select(rows, range(1, 4), ["VVV", "VVI"], missing="marginal", random_state=0)
    assert found.best.n_components == 2
    with pytest.raises(DataError, match="holds NaN"):
        select(rows, 2)


def test_mixed_columns_take_missing_numbers(rows: Float) -> None:
    frame = pd.DataFrame(rows, columns=["a", "b", "c"])
    frame["kind"] = np.repeat(["x", "y"], 75)
    blocks = {"gaussian": ["a", "b", "c"], "categorical": ["kind"]}
    found = MixedMixture(2, blocks, missing="marginal", random_state=0).fit(frame)
    assert found.log_likelihood_ == pytest.approx(found.score_samples(frame).sum(), abs=1e-8)
    assert "cells are missing" in found.summary()
    assert len(set(found.predict(frame)[:75])) == 1


REFUSED: dict[str, tuple[Callable[[Float], Float], dict[str, Any], type[Exception], str]] = {
    "by default": (lambda x: x, {"missing": "error"}, DataError, "or set missing='marginal'"),
    "infinity": (lambda x: np.where(x == x[1, 0], np.inf, x), {}, DataError, "holds infinity"),
    "an empty column": (lambda x: x * [1, np.nan, 1], {}, DataError, "column 1 is missing in ev"),
    "another word": (lambda x: x, {"missing": "skip"}, ParameterError, "missing should be one of"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_used_is_refused(rows: Float, case: Any) -> None:
    change, settings, error, words = case
    with pytest.raises(error, match=words):
        GaussianMixture(2, **{"missing": "marginal", **settings}).fit(change(rows))


def test_cells_are_filled_in_by_their_means_given_the_others(rows: Float) -> None:
    found = fitted(rows)
    filled = found.impute(rows)
    seen = ~np.isnan(rows)
    assert (filled[seen] == rows[seen]).all()
    for place in np.flatnonzero(~seen.all(axis=1))[:12]:
        given = {int(j): rows[place, j] for j in np.flatnonzero(seen[place])}
        law = found.mixture_.conditional(given) if given else found.mixture_
        np.testing.assert_allclose(filled[place, ~seen[place]], law.mean(), rtol=1e-9, atol=1e-12)


def test_draws_have_the_moments_of_the_missing_cells(rows: Float) -> None:
    mixture = fitted(rows).mixture_
    row = np.array([[1.0, np.nan, np.nan]])
    draws = mixture.impute(np.repeat(row, 4000, axis=0), 5, random_state=0).reshape(-1, 3)
    law = mixture.conditional({0: 1.0})
    assert (draws[:, 0] == 1.0).all()
    np.testing.assert_allclose(draws[:, 1:].mean(axis=0), law.mean(), atol=0.05)
    np.testing.assert_allclose(np.cov(draws[:, 1:].T), law.covariance(), atol=0.08)
    again = mixture.impute(row, 3, random_state=4)
    assert again.shape == (3, 1, 3)
    assert (again == mixture.impute(row, 3, random_state=4)).all()


@pytest.mark.parametrize("n_imputations", [0, -1, 2.5, "two"])
def test_draws_are_a_whole_number(n_imputations: object) -> None:
    found = GaussianMixture(1).fit([[1.0, 2.0], [3.0, 4.5], [4.0, 1.0]])
    with pytest.raises(ParameterError, match="n_imputations should be a whole number from 1 up"):
        found.mixture_.impute([[1.0, np.nan]], n_imputations)


def test_counts_are_not_filled_in() -> None:
    found = PoissonMixture(1).fit([[1, 2], [3, 4]])
    with pytest.raises(ParameterError, match="not filled in"):
        found.mixture_.impute(np.array([[1.0, np.nan]]))


@parametrize_with_checks([GaussianMixture(2, missing="marginal")])
def test_an_estimator_that_takes_nan_keeps_the_conventions(
    estimator: GaussianMixture, check: Callable[[Any], None]
) -> None:
    check(estimator)


# A move's covariances become singular in the last sweep that it is given.
@pytest.mark.parametrize("seed", [60, 134, 255, 297])
def test_components_that_collapse_in_the_last_sweep_of_a_move_are_no_trap(seed: int) -> None:
    rng, n_rows = np.random.default_rng(seed), 14 + seed % 60
    rows = rng.normal(0, 3, (4, 4))[rng.integers(0, 4, n_rows)] + rng.normal(size=(n_rows, 4))
    rows[rng.random(rows.shape) < 0.5] = np.nan
    found = GaussianMixture(
        4,
        covariance_type=["VVE", "EEV", "VVV"][seed % 3],
        missing="marginal",
        mixing_weights=rng.dirichlet(np.ones(4)),
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found.fit(rows)
    assert np.isfinite(found.log_likelihood_)
