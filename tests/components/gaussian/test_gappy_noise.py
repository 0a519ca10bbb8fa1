"""Noise where cells are missing: a row's is that of its known cells."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from mixtura import GaussianMixture, load
from mixtura.components.background import one_pass
from mixtura.components.gaussian.background import BoxBackground
from mixtura.components.gaussian.box import Box
from mixtura.components.gaussian.incomplete import IncompleteGaussianFamily
from mixtura.components.gaussian.structures import structure
from mixtura.components.noise import NoiseFamily
from mixtura.data import ArrayRows
from mixtura.data.columns import column_moments
from mixtura.em.fit import FitOptions, fit
from mixtura.em.responsibilities import model_from_responsibilities
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial
from mixtura.estimators.gaps import pattern_order

N_CLUSTERS, N_COLUMNS = 2, 4


def centres_of(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(scale=6, size=(N_CLUSTERS, N_COLUMNS))


def true_shares(rows: np.ndarray, seed: int) -> np.ndarray:
    """Return which cluster is nearest to each row (n, K + 1), or noise, which is far from all."""
    centres = centres_of(np.random.default_rng(seed))
    squares = np.nanmean((rows[:, None] - centres) ** 2, axis=2)
    return np.eye(N_CLUSTERS + 1)[np.where(squares.min(axis=1) > 9, -1, squares.argmin(axis=1))]


def gappy_rows(seed: int, n_rows: int = 300) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = centres_of(rng)
    rows = centres[rng.integers(0, N_CLUSTERS, n_rows)] + rng.normal(size=(n_rows, N_COLUMNS))
    scattered = rng.random(n_rows) < 0.1
    rows[scattered] = rng.uniform(-20, 20, (scattered.sum(), N_COLUMNS))
    rows[rng.random(rows.shape) < 0.15] = np.nan
    return rows[~np.isnan(rows).all(axis=1)]


def log_densities(rows: np.ndarray, mixture) -> np.ndarray:
    """Return log π_k f_k (n, K') by margins of SciPy's densities, row by row."""
    widths = np.nanmax(rows, axis=0) - np.nanmin(rows, axis=0)
    found = np.empty((len(rows), N_CLUSTERS + 1))
    covariances = mixture.parameters.covariance.covariances()
    for i, row in enumerate(rows):
        known = ~np.isnan(row)
        for k, mean in enumerate(mixture.parameters.means):
            own = covariances[k][np.ix_(known, known)]
            found[i, k] = multivariate_normal.logpdf(row[known], mean[known], own)
        found[i, -1] = -np.log(widths[known]).sum()
    return found + np.log(mixture.weights)


def em_step(rows: np.ndarray, mixture) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return weights, means and covariances of a plain EM step."""
    joint = log_densities(rows, mixture)
    shares = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
    means = np.empty((N_CLUSTERS, N_COLUMNS))
    covariances = np.empty((N_CLUSTERS, N_COLUMNS, N_COLUMNS))
    before = mixture.parameters.covariance.covariances()
    for k, mean in enumerate(mixture.parameters.means):
        filled, spreads = rows.copy(), np.zeros((len(rows), N_COLUMNS, N_COLUMNS))
        for i, row in enumerate(rows):
            gap = np.isnan(row)
            if not gap.any():
                continue
            slopes = before[k][np.ix_(gap, ~gap)] @ np.linalg.inv(before[k][np.ix_(~gap, ~gap)])
            filled[i, gap] = mean[gap] + slopes @ (row[~gap] - mean[~gap])
            rest = before[k][np.ix_(gap, gap)] - slopes @ before[k][np.ix_(~gap, gap)]
            spreads[np.ix_([i], gap, gap)] = rest
        own = shares[:, k]
        means[k] = own @ filled / own.sum()
        away = filled - means[k]
        second = (own[:, None] * away).T @ away + np.einsum("n,nde->de", own, spreads)
        covariances[k] = second / own.sum()
    return shares.mean(axis=0), means, covariances


def test_an_iteration_is_that_of_plain_em_on_margins(fresh_seed: int) -> None:
    rows = gappy_rows(fresh_seed)
    # Starts that are looked for are others where a fit may take fewer iterations.
    start = np.random.default_rng(fresh_seed).dirichlet(np.ones(N_CLUSTERS + 1), len(rows))
    settings = {"noise": "uniform", "missing": "marginal", "prior": None, "algorithm": "em"}
    settings["responsibilities_init"] = start
    first = GaussianMixture(N_CLUSTERS, max_iter=4, **settings).fit(rows)
    second = GaussianMixture(N_CLUSTERS, max_iter=5, **settings).fit(rows)
    assert second.n_iter_ == 5
    weights, means, covariances = em_step(rows, first.mixture_)
    assert_allclose(second.weights_, weights, rtol=1e-8)
    assert_allclose(second.means_, means, rtol=1e-8, atol=1e-10)
    assert_allclose(second.covariances_, covariances, rtol=1e-7, atol=1e-10)
    expected = logsumexp(log_densities(rows, second.mixture_), axis=1)
    assert_allclose(second.score_samples(rows), expected, rtol=1e-9)
    assert second.log_likelihood_ == pytest.approx(expected.sum(), rel=1e-10)


@pytest.mark.parametrize("code", ["VVV", "VVI", "VII", "EEE", "EEI", "VVE", "EVI"])
def test_compiled_runs_end_where_the_general_loop_does(code: str, fresh_seed: int) -> None:
    rows = gappy_rows(fresh_seed)
    rows = rows[pattern_order(rows, None)]
    source = ArrayRows(rows, np.random.default_rng(fresh_seed).integers(1, 4, len(rows)) * 1.0)
    plain = IncompleteGaussianFamily.of(structure(code), *column_moments(source))
    family = NoiseFamily.around(plain, plain.background(one_pass(rows)))
    sweep = Sweep(family, source, Serial())
    prior = family.prior("weak", sweep.shared, N_CLUSTERS + 1)
    options = FitOptions(GainLeft(), max_iter=400, prior=prior, fallback=prior, accelerate=True)
    # Near the truth, as elsewhere both may come to unlike optima.
    rng = np.random.default_rng(fresh_seed)
    truth = true_shares(rows, fresh_seed)
    drawn = [0.7 * truth + 0.3 * rng.dirichlet(np.ones(N_CLUSTERS + 1), len(rows)) for _ in "ab"]
    models = [model_from_responsibilities(sweep, shares, options) for shares in drawn]
    general = Sweep(family, source, Serial())
    general._keeps = False
    assert general.kernel is None
    found, expected = (
        max(fit(one, models, options), key=lambda run: run.objective) for one in (sweep, general)
    )
    assert found.objective == pytest.approx(expected.objective, abs=0.02)
    for run in (found, expected):
        steps = np.array(run.history.objective)
        assert (np.diff(steps) >= -1e-7).all()
        assert min(run.history.gap) >= -1e-6
    assert sweep.kernel is None or code not in {"VVV", "VVI"} or found.history.n_sweeps > 1


def test_where_nothing_is_missing_it_is_the_noise_of_complete_rows(fresh_seed: int) -> None:
    rows = np.nan_to_num(gappy_rows(fresh_seed), nan=1.5)
    box = BoxBackground.of(Box(rows.min(axis=0), np.diag(np.ptp(rows, axis=0))))
    source = ArrayRows(rows)
    shares = np.random.default_rng(fresh_seed).dirichlet(np.ones(3), len(rows))
    ends = []
    for kind in (IncompleteGaussianFamily, IncompleteGaussianFamily.__mro__[1]):
        family = NoiseFamily.around(kind.of(structure("VVV"), *column_moments(source)), box)
        sweep = Sweep(family, source, Serial())
        prior = family.prior("weak", sweep.shared, 3)
        options = FitOptions(GainLeft(), max_iter=30, prior=prior, fallback=prior)
        model = model_from_responsibilities(sweep, shares, options)
        (run,) = fit(sweep, [model], options)
        ends.append(run)
    assert_allclose(*(run.history.objective[:5] for run in ends), rtol=1e-9)
    assert_allclose(*(run.model.parameters.means for run in ends), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("far", [0.0, 1e7])
def test_noise_does_not_feel_where_the_data_are(far: float) -> None:
    rows = gappy_rows(7)
    settings = {"noise": "uniform", "missing": "marginal", "random_state": 0}
    near = GaussianMixture(N_CLUSTERS, **settings).fit(rows)
    moved = GaussianMixture(N_CLUSTERS, **settings).fit(rows + far)
    assert moved.log_likelihood_ == pytest.approx(near.log_likelihood_, abs=0.05)
    assert_array_equal(moved.predict(rows + far), near.predict(rows))


def test_a_volume_that_is_given_is_that_of_complete_rows() -> None:
    rows = gappy_rows(3)
    model = GaussianMixture(
        2, noise="uniform", noise_volume=1e8, missing="marginal", random_state=0
    ).fit(rows)
    background = model.mixture_.family.background
    assert background.log_constant == pytest.approx(-np.log(1e8))
    assert background.log_widths.sum() == pytest.approx(np.log(1e8))


def test_a_file_keeps_it_and_rows_are_drawn_from_the_box(tmp_path) -> None:
    rows = gappy_rows(11)
    model = GaussianMixture(2, noise="uniform", missing="marginal", random_state=0).fit(rows)
    model.save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert_array_equal(again.score_samples(rows), model.score_samples(rows))
    drawn, labels = again.sample(500)
    noise = drawn[labels == -1]
    assert (noise >= np.nanmin(rows, axis=0)).all()
    assert (noise <= np.nanmax(rows, axis=0)).all()
    assert "Noise: uniform with density 1 / " in model.summary()


def test_labels_and_threads(fresh_seed: int) -> None:
    rows = gappy_rows(fresh_seed)
    known = np.full(len(rows), -1)
    known[:20] = GaussianMixture(2, missing="marginal", random_state=0).fit_predict(rows)[:20]
    settings = {"noise": "uniform", "missing": "marginal", "random_state": 0}
    models = [
        GaussianMixture(2, n_jobs=jobs, **settings).fit(rows, known, np.arange(len(rows)) % 3 + 1)
        for jobs in (1, 2)
    ]
    assert_array_equal(models[0].means_, models[1].means_)
    assert models[0].weights_.shape == (3,)
