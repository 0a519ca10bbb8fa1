"""Noise beside the components of every family: what it is, and that EM is plain EM with it."""

from typing import Any

import numpy as np
import pytest
from columnwise_cases import COLUMNWISE
from discrete_cases import ESTIMATORS
from nightly import first
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from scipy.sparse import csr_array
from scipy.special import gammaln, logsumexp
from urn_cases import DirichletMultinomial

from mixtura import (
    CategoricalMixture,
    DataError,
    GammaMixture,
    MixedMixture,
    MultinomialMixture,
    ParameterError,
    PoissonMixture,
    load,
)
from mixtura.data import ArrayRows, CountRows
from mixtura.em.fit import FitOptions, fit
from mixtura.em.responsibilities import model_from_responsibilities
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

pytestmark = pytest.mark.drawn(6)

Float = Any
LEVELS, TOTAL = 4, 30
SHARES = np.array([[0.6, 0.2, 0.1, 0.05, 0.05], [0.05, 0.05, 0.1, 0.2, 0.6]])
WIDE = {"beta", "gamma", "exponential", "von_mises"}


def clusters(kind: str, rng: np.random.Generator, n_rows: int) -> Float:
    """Return rows of two components well apart, in columns enough to tell noise by."""
    label = rng.integers(0, 2, n_rows)
    if kind.endswith("multinomial"):
        return rng.multinomial(TOTAL, SHARES[label]) * 1.0
    if kind == "categorical":
        usual = rng.random((n_rows, 8)) < 0.9
        return np.where(usual, label[:, None], rng.integers(0, LEVELS, (n_rows, 8)))
    if kind == "bernoulli":
        return (rng.random((n_rows, 14)) < np.array([0.04, 0.96])[label][:, None]) * 1.0
    one = COLUMNWISE[kind]
    halves = [one.drawn(rng, label), one.drawn(rng, label)]
    return np.hstack(halves)


def scattered(kind: str, rng: np.random.Generator, rows: Float, n_rows: int) -> Float:
    """Return rows that are even over what others take up, and a little beyond."""
    if kind.endswith("multinomial"):
        return np.array([rng.multinomial(TOTAL, p) for p in rng.dirichlet(np.ones(5), n_rows)])
    highest = np.array(rows).max(axis=0) * (1.0 if kind in ("categorical", "bernoulli") else 1.3)
    if kind == "beta":
        return rng.uniform(1e-3, 1.0, (n_rows, rows.shape[1]))
    if kind in WIDE:
        return rng.uniform(0.0, highest, (n_rows, rows.shape[1]))
    return rng.integers(0, highest.astype(int) + 1, (n_rows, rows.shape[1])) * 1.0


def noisy_rows(kind: str, seed: int, n_rows: int = 400, share: float = 0.1) -> tuple[Float, Float]:
    """Return rows, and which of them are noise."""
    rng = np.random.default_rng(seed)
    rows = clusters(kind, rng, n_rows)
    is_noise = rng.random(n_rows) < share
    rows[is_noise] = scattered(kind, rng, rows, int(is_noise.sum()))
    return rows, is_noise


def estimator(kind: str, n_components: int = 2, **settings: Any) -> Any:
    # Scattered rows lie beyond the trials of the others.
    told = {"trials": None} if kind in ("binomial", "beta_binomial") else {}
    given = {"noise": "uniform", "random_state": 0, **told, **settings}
    return ESTIMATORS[kind](n_components, **given)


def background(kind: str, rows: Float) -> Float:
    """Return the log density (n,) of the noise, by hand."""
    if kind.endswith("multinomial"):
        n, d = rows.sum(axis=1), rows.shape[1]
        return -(gammaln(n + d) - gammaln(d) - gammaln(n + 1))
    if kind == "categorical":
        sizes = np.array([len(np.unique(column)) for column in rows.T])
    elif kind == "bernoulli":
        sizes = np.full(rows.shape[1], 2)
    elif kind == "von_mises":
        sizes = np.full(rows.shape[1], 2 * np.pi)
    else:
        sizes = np.nanmax(rows, axis=0) - np.nanmin(rows, axis=0) + (kind not in WIDE)
    return -(~np.isnan(rows) * np.log(sizes)).sum(axis=1)


def components(kind: str, model: Any, rows: Float) -> Float:
    """Return log f_k (n, K) of the components, by SciPy."""
    if kind == "multinomial":
        laws = [stats.multinomial(TOTAL, p / p.sum()) for p in model.probabilities_]
        return np.column_stack([law.logpmf(rows) for law in laws])
    if kind == "dirichlet_multinomial":
        pairs = zip(model.probabilities_, model.correlations_, strict=True)
        laws = [DirichletMultinomial(TOTAL, *own) for own in pairs]
        return np.column_stack([law.logpmf(rows) for law in laws])
    if kind == "categorical":
        codes = rows.astype(int)
        each = [np.log(p)[:, codes[:, j]] for j, p in enumerate(model.probabilities_)]
        return np.sum(each, axis=0).T
    one, family = COLUMNWISE[kind], model.mixture_.family.inner
    names = [number.name for number in family.numbers]
    arrays = [getattr(model.mixture_.parameters.inner, name) for name in names]
    found = []
    for k in range(model.n_components):
        own = [array[k] for array in arrays]
        if kind == "negative_binomial":
            logs = negative_binomial_logs(rows, *own)
        else:
            told = {"trials": family.trials} if kind in ("binomial", "beta_binomial") else {}
            law = one.distribution(*own, **told)
            logs = law.logpmf(rows) if hasattr(law, "logpmf") else law.logpdf(rows)
        found.append(np.where(np.isnan(rows), 0.0, logs).sum(axis=1))
    return np.column_stack(found)


def negative_binomial_logs(rows: Float, means: Float, sizes: Float) -> Float:
    """Return log masses by sums, as SciPy's lose digits of large sizes and know no infinite one."""
    found = np.empty(rows.shape)
    for j, (mean, size) in enumerate(zip(means, sizes, strict=True)):
        x = np.nan_to_num(rows[:, j])
        rises = np.append(0.0, np.cumsum(np.log1p(np.arange(x.max()) / size)))[x.astype(int)]
        none = mean if np.isinf(size) else size * np.log1p(mean / size)
        found[:, j] = rises + x * np.log(mean / (1 + mean / size)) - none - gammaln(x + 1)
    return found


def joint(kind: str, model: Any, rows: Float) -> Float:
    logs = np.column_stack([components(kind, model, rows), background(kind, rows)])
    return logs + np.log(model.weights_)


# Sizes are found in many steps, and by others of these laws.
SLOW_LAST = sorted(ESTIMATORS, key="negative_binomial".__eq__)
every_kind = pytest.mark.parametrize("kind", first(len(ESTIMATORS) - 1, SLOW_LAST))


@every_kind
def test_scattered_rows_are_found_and_their_share(kind: str, fresh_seed: int) -> None:
    rows, is_noise = noisy_rows(kind, fresh_seed, 1000)
    model = estimator(kind).fit(rows)
    found = model.predict(rows) == -1
    assert model.weights_.shape == (3,)
    assert model.weights_[-1] == pytest.approx(is_noise.mean(), abs=0.05)
    assert (found & is_noise).sum() > 0.5 * is_noise.sum()
    assert (found & ~is_noise).sum() < 0.05 * len(rows)


@every_kind
def test_the_density_is_that_of_the_components_and_of_the_background(
    kind: str, fresh_seed: int
) -> None:
    rows, _ = noisy_rows(kind, fresh_seed)
    model = estimator(kind).fit(rows)
    expected = logsumexp(joint(kind, model, rows), axis=1)
    assert_allclose(model.score_samples(rows), expected, rtol=1e-8)
    assert model.log_likelihood_ == pytest.approx(expected.sum(), rel=1e-9)
    assert_allclose(model.predict_proba(rows).sum(axis=1), 1.0, rtol=1e-12)


@every_kind
def test_an_iteration_is_that_of_plain_em(kind: str, fresh_seed: int) -> None:
    rows, _ = noisy_rows(kind, fresh_seed)
    start = np.random.default_rng(fresh_seed).dirichlet(np.ones(3), len(rows))
    settings = {"prior": None, "algorithm": "em", "responsibilities_init": start, "tol": 1e-300}
    before = estimator(kind, max_iter=3, **settings).fit(rows)
    after = estimator(kind, max_iter=4, **settings).fit(rows)
    logs = joint(kind, before, rows)
    shares = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
    assert_allclose(after.weights_, shares.mean(axis=0), rtol=1e-7)
    for k in range(2):
        alone = estimator(kind, 1, noise=None, prior=None).fit(rows, sample_weight=shares[:, k])
        own = after.mixture_.parameters.inner.take([k])
        expected = alone.mixture_.parameters
        for found, plain in zip(own._arrays(), expected._arrays(), strict=True):
            assert_allclose(found, plain, rtol=2e-5, atol=1e-7)


@every_kind
def test_the_objective_rises_and_the_bound_stays_below_it(kind: str, fresh_seed: int) -> None:
    rows, _ = noisy_rows(kind, fresh_seed, 200)
    model = estimator(kind, 3).fit(rows)
    assert (np.diff(model.history_.objective) >= -1e-7).all()
    assert min(model.history_.gap) >= -1e-6


@every_kind
def test_weight_two_is_the_row_twice_and_threads_change_no_bit(kind: str, fresh_seed: int) -> None:
    rows, _ = noisy_rows(kind, fresh_seed)
    weights = 1 + np.arange(len(rows)) % 2
    weighted = estimator(kind, n_jobs=1).fit(rows, sample_weight=weights)
    repeated = estimator(kind).fit(np.repeat(rows, weights, axis=0))
    threads = estimator(kind, n_jobs=2).fit(rows, sample_weight=weights)
    assert weighted.log_likelihood_ == pytest.approx(repeated.log_likelihood_, abs=0.02)
    assert_array_equal(weighted.score_samples(rows), threads.score_samples(rows))


@pytest.mark.parametrize("kind", ["poisson", "categorical", "gamma"])
def test_processes_come_to_the_bits_of_threads(kind: str) -> None:
    rows = np.tile(noisy_rows(kind, 12)[0], (30, 1))
    ends = [
        estimator(kind, engine=engine, n_jobs=2).fit(rows) for engine in ("threads", "processes")
    ]
    assert ends[0].log_likelihood_ == ends[1].log_likelihood_
    assert_array_equal(ends[0].weights_, ends[1].weights_)


@every_kind
def test_neither_the_order_of_rows_nor_that_of_columns_matters(kind: str, fresh_seed: int) -> None:
    rows, _ = noisy_rows(kind, fresh_seed)
    rng = np.random.default_rng(fresh_seed)
    start = rng.dirichlet(np.ones(3), len(rows))
    order, places = rng.permutation(len(rows)), rng.permutation(rows.shape[1])
    # So few that no flat likelihood tells where they stop.
    few = {"algorithm": "em", "max_iter": 25}
    one = estimator(kind, responsibilities_init=start, **few).fit(rows)
    moved = estimator(kind, responsibilities_init=start[order], **few).fit(rows[order][:, places])
    assert moved.log_likelihood_ == pytest.approx(one.log_likelihood_, rel=1e-9)
    assert_allclose(moved.weights_, one.weights_, atol=1e-7)


@pytest.mark.parametrize("kind", [kind for kind in ESTIMATORS if kind in COLUMNWISE])
def test_a_missing_cell_is_left_out_of_the_background_too(kind: str, fresh_seed: int) -> None:
    rows, _ = noisy_rows(kind, fresh_seed)
    rng = np.random.default_rng(fresh_seed)
    rows = np.where(rng.random(rows.shape) < 0.15, np.nan, rows)
    rows = rows[~np.isnan(rows).all(axis=1)]
    settings = {} if kind == "bernoulli" else {"missing": "marginal"}
    model = estimator(kind, **settings).fit(rows)
    expected = logsumexp(joint(kind, model, rows), axis=1)
    assert_allclose(model.score_samples(rows), expected, rtol=1e-8)
    assert model.log_likelihood_ == pytest.approx(expected.sum(), rel=1e-9)


def test_a_missing_answer_is_left_out_of_the_background_too() -> None:
    rows = noisy_rows("categorical", 5)[0].astype(object)
    rows[::7, 2] = None
    model = CategoricalMixture(2, noise="uniform", random_state=0).fit(rows)
    noise = model.mixture_.family.background.log_density(np.array([[0] * 8, [0, 0, -1, *[0] * 5]]))
    assert_allclose(noise, [-8 * np.log(LEVELS), -7 * np.log(LEVELS)])


def test_an_exposure_says_nothing_of_the_background(fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    exposure = rng.uniform(0.5, 2.0, 400)
    rates = np.array([[1.0, 12.0, 4.0], [9.0, 2.0, 15.0]])[rng.integers(0, 2, 400)]
    rows = rng.poisson(rates * exposure[:, None]) * 1.0
    rows[:40] = rng.integers(0, 40, (40, 3))
    whole = np.column_stack([rows, exposure])
    model = PoissonMixture(2, exposure=3, noise="uniform", random_state=0).fit(whole)
    means = exposure[:, None, None] * model.rates_
    logs = np.column_stack(
        [stats.poisson.logpmf(rows[:, None], means).sum(axis=2), background("poisson", rows)]
    )
    expected = logsumexp(logs + np.log(model.weights_), axis=1)
    assert_allclose(model.score_samples(whole), expected, rtol=1e-9)
    drawn, labels = model.sample(200)
    assert (drawn[labels == -1][:, 3] == 1.0).all()


@pytest.mark.parametrize("kind", ["multinomial", "poisson", "bernoulli", "negative_binomial"])
def test_sparse_rows_are_dense_ones(kind: str, fresh_seed: int) -> None:
    rows, _ = noisy_rows(kind, fresh_seed)
    start = np.random.default_rng(fresh_seed).dirichlet(np.ones(3), len(rows))
    settings = {"responsibilities_init": start, "algorithm": "em", "max_iter": 20, "tol": 1e-300}
    many = np.tile(rows, (60, 1))
    settings["responsibilities_init"] = np.tile(start, (60, 1))
    dense = estimator(kind, **settings).fit(many)
    sparse = estimator(kind, **settings).fit(csr_array(many))
    assert sparse.log_likelihood_ == pytest.approx(dense.log_likelihood_, rel=1e-9)
    assert_allclose(sparse.weights_, dense.weights_, rtol=1e-6)


@every_kind
def test_rows_whose_component_is_known_are_no_noise(kind: str) -> None:
    rows, _ = noisy_rows(kind, 3)
    plain = estimator(kind, noise=None).fit(rows)
    known = np.where(np.arange(len(rows)) % 5 == 0, plain.predict(rows), -1)
    model = estimator(kind).fit(rows, known)
    assert model.weights_.shape == (3,)
    assert (np.diff(model.history_.objective) >= -1e-7).all()


@every_kind
def test_a_file_keeps_noise_and_rows_are_drawn_from_it(kind: str, tmp_path: Any) -> None:
    rows, _ = noisy_rows(kind, 4)
    model = estimator(kind).fit(rows)
    model.save(tmp_path / "m.mixtura")
    again = load(tmp_path / "m.mixtura")
    assert_array_equal(again.score_samples(rows), model.score_samples(rows))
    drawn, labels = again.sample(3000)
    assert (labels == -1).mean() == pytest.approx(model.weights_[-1], abs=0.03)
    noise = np.asarray(drawn[labels == -1], dtype=float)
    if kind.endswith("multinomial"):
        assert (noise.sum(axis=1) == TOTAL).all()
        assert_allclose(noise.mean(axis=0), TOTAL / 5, rtol=0.3)
    else:
        lowest, highest = rows.min(axis=0), rows.max(axis=0)
        if kind == "von_mises":
            lowest, highest = np.zeros(rows.shape[1]), np.full(rows.shape[1], 2 * np.pi)
        assert (noise >= lowest).all()
        assert (noise <= highest).all()
        assert_allclose(noise.mean(axis=0), (lowest + highest) / 2, rtol=0.25)
    assert "and uniform noise" in model.summary()
    assert "Noise: " in model.summary()


@every_kind
def test_select_takes_noise_along(kind: str) -> None:
    rows, _ = noisy_rows(kind, 6)
    model = estimator(kind)
    found = model.select(rows, range(1, 4))
    assert found.best.n_components >= 2
    assert model.weights_.shape == (found.best.n_components + 1,)
    assert model.mixture_.family.has_noise


@pytest.mark.parametrize("kind", [kind for kind in ESTIMATORS if kind != "categorical"])
def test_compiled_runs_end_where_the_general_loop_does(kind: str, fresh_seed: int) -> None:
    rows, _ = noisy_rows(kind, fresh_seed)
    fitted = estimator(kind).fit(rows)
    family = fitted.mixture_.family
    source = CountRows(rows) if kind.endswith("multinomial") else ArrayRows(rows)
    compiled, general = (Sweep(family.reading(rows), source, Serial()) for _ in range(2))
    general._keeps = False
    assert general.kernel is None
    without = ("beta", "binomial", "dirichlet", "geometric", "von_mises", "zero", "hurdle")
    plain = kind.startswith(without)
    assert (compiled.kernel is None) == plain
    prior = family.prior("weak", compiled.shared, 3)
    options = FitOptions(GainLeft(), max_iter=500, prior=prior, accelerate=True)
    # Near enough to one optimum that runs of unlike steps do not end at others.
    near = np.random.default_rng(fresh_seed).dirichlet(np.ones(3), len(rows))
    shares = 0.7 * fitted.predict_proba(rows) + 0.3 * near
    ends = []
    for sweep in (compiled, general):
        model = model_from_responsibilities(sweep, shares, options)
        (run,) = fit(sweep, [model], options)
        assert (np.diff(run.history.objective) >= -1e-7).all()
        assert min(run.history.gap) >= -1e-6
        ends.append(run)
    assert_allclose(ends[0].history.objective[:3], ends[1].history.objective[:3], rtol=1e-10)
    assert ends[0].objective == pytest.approx(ends[1].objective, abs=0.02)


def mixed_rows(seed: int) -> tuple[Any, Float]:
    rng = np.random.default_rng(seed)
    label, is_noise = rng.integers(0, 2, 500), rng.random(500) < 0.1
    numbers = np.where(is_noise[:, None], rng.uniform(-9, 15, (500, 2)), 6.0 * label[:, None])
    numbers = numbers + np.where(is_noise[:, None], 0.0, rng.normal(size=(500, 2)))
    codes = np.where(
        rng.random((500, 3)) < np.where(is_noise, 0.0, 0.9)[:, None], label[:, None], 9
    )
    codes = np.where(codes == 9, rng.integers(0, 3, (500, 3)), codes)
    counts = rng.poisson(np.where(label, 3.0, 20.0)[:, None], (500, 2))
    counts[is_noise] = rng.integers(0, 45, (is_noise.sum(), 2))
    return np.column_stack([numbers, codes, counts]).astype(object), is_noise


BLOCKS = {"gaussian": [0, 1], "categorical": [2, 3, 4], "poisson": [5, 6]}


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("covariance_type", ["full", "tied"])
def test_the_background_of_mixed_columns_is_a_product(
    gaps: bool, covariance_type: str, fresh_seed: int
) -> None:
    rows, is_noise = mixed_rows(fresh_seed)
    if gaps:
        rng = np.random.default_rng(fresh_seed)
        rows[:, [0, 1, 5]] = np.where(rng.random((500, 3)) < 0.1, np.nan, rows[:, [0, 1, 5]])
    model = MixedMixture(
        2,
        BLOCKS,
        noise="uniform",
        missing="marginal",
        covariance_type=covariance_type,
        random_state=0,
    ).fit(rows)
    found = model.predict(rows) == -1
    assert (found & is_noise).sum() > 0.7 * is_noise.sum()
    assert (found & ~is_noise).sum() < 10
    numbers = rows[:, [0, 1, 5, 6]].astype(float)
    codes = rows[:, 2:5].astype(int)
    family, parameters = model.mixture_.family.inner, model.mixture_.parameters.inner
    block = numbers[:, :2]
    box = model.mixture_.family.background.parts[0]
    even = np.where(
        np.isnan(block).any(axis=1), -(~np.isnan(block) @ box.log_widths), box.log_constant
    )
    counts = numbers[:, 2:]
    sizes = np.nanmax(counts, axis=0) - np.nanmin(counts, axis=0) + 1
    even = even - (~np.isnan(counts) @ np.log(sizes)) - 3 * np.log(3)
    logs = [family.families[0].row_log_density(block, parameters.parts[0])]
    logs.append(
        np.log(parameters.parts[1].probabilities)[:, codes + np.array([0, 3, 6])].sum(axis=2).T
    )
    masses = stats.poisson.logpmf(counts[:, None], parameters.parts[2].rates)
    logs.append(np.where(np.isnan(counts[:, None]), 0.0, masses).sum(axis=2))
    every = np.column_stack([np.sum(logs, axis=0), even]) + np.log(model.weights_)
    expected = logsumexp(every, axis=1)
    assert_allclose(model.score_samples(rows), expected, rtol=1e-8)
    assert model.log_likelihood_ == pytest.approx(expected.sum(), rel=1e-9)
    assert (np.diff(model.history_.objective) >= -1e-7).all()


@pytest.mark.parametrize("noise", [None, "uniform"])
def test_a_warm_start_of_mixed_columns_goes_on_where_the_fit_ended(noise: Any) -> None:
    rows, _ = mixed_rows(4)
    model = MixedMixture(2, BLOCKS, noise=noise, random_state=0, warm_start=True).fit(rows)
    before = model.log_likelihood_
    assert model.fit(rows).log_likelihood_ >= before - 1e-6
    assert model.n_iter_ < 5


def test_words_have_noise_of_rows_of_one_total_alike() -> None:
    rng = np.random.default_rng(2)
    topics = rng.dirichlet(np.full(150, 0.1), 3)
    rows = rng.multinomial(80, topics[rng.integers(0, 3, 300)]) * 1.0
    odd = rng.dirichlet(np.full(150, 0.05), 30)
    rows[:30] = np.array([rng.multinomial(80, p) for p in odd])
    model = MultinomialMixture(3, noise="uniform", random_state=0).fit(csr_array(rows))
    found = model.predict(csr_array(rows)) == -1
    assert found[:30].sum() >= 25
    assert found[30:].sum() == 0


@pytest.mark.parametrize("held", ["equal", [0.3, 0.7]])
def test_held_weights_are_shares_of_what_is_not_noise(held: Any) -> None:
    rows, _ = noisy_rows("poisson", 8)
    model = PoissonMixture(2, noise="uniform", mixing_weights=held, random_state=0).fit(rows)
    rest = model.weights_[:2] / model.weights_[:2].sum()
    assert_allclose(rest, [0.5, 0.5] if held == "equal" else held)
    assert 0.03 < model.weights_[-1] < 0.2


def test_what_cannot_be_is_refused() -> None:
    rows = np.column_stack([np.ones(50), np.random.default_rng(0).gamma(2.0, size=50)])
    with pytest.raises(ParameterError, match="noise should be"):
        PoissonMixture(1, noise="normal").fit(np.ones((9, 2)))
    with pytest.raises(DataError, match=r"column 0.*drop it, or set noise=None"):
        GammaMixture(1, shape=1.0, noise="uniform").fit(rows)
