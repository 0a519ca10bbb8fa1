"""Classes that change from wave to wave are those of plain sums over paths and plain maximisers."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import approx_fprime, minimize
from scipy.special import expit, log_softmax, logsumexp

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    DataError,
    GaussianMixture,
    InformationError,
    ParameterError,
    SurveyDesign,
    latent_transition,
)
from mixtura.classes import transition_starts
from mixtura.classes.chains import smoothed
from mixtura.covariates.together import ascended

pytestmark = pytest.mark.drawn(3, among="file")

MOVES = np.array([[0.85, 0.15], [0.3, 0.7]])
CHANCES = np.array([[0.9, 0.8, 0.2, 0.3], [0.2, 0.3, 0.7, 0.8]])


def drawn(n_rows=300, n_waves=3, seed=0, slope=0.0):
    """Return yes or no of two classes at each wave, and what foretells whether classes change."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n_rows)
    state = (rng.random(n_rows) < 0.4).astype(int)
    waves = []
    for t in range(n_waves):
        if t:
            other = MOVES[state, 1 - state]
            change = rng.random(n_rows) < expit(np.log(other / (1 - other)) + slope * z)
            state = np.where(change, 1 - state, state)
        waves.append((rng.random((n_rows, 4)) < CHANCES[state]).astype(float))
    return waves, z


def fitted(waves):
    return BernoulliMixture(2, prior=None, n_init=5, random_state=0).fit(np.vstack(waves))


def by_paths(found, waves):
    """Return the log-likelihood of each row as the sum over all paths."""
    size, rows = len(found.classes), []
    for path in product(range(size), repeat=len(waves)):
        value = np.full(len(waves[0]), np.log(found.shares[0, path[0]]))
        for t, wave in enumerate(waves):
            with np.errstate(divide="ignore"):
                value += np.log(found.transitions[t - 1, path[t - 1], path[t]]) if t else 0.0
            value += found.mixtures[t].component_log_density(wave)[:, path[t]]
        rows.append(value)
    return logsumexp(rows, axis=0)


def written_out(waves, weights=None, z=None):
    """Return -log-likelihood by free numbers: logits of shares, of moves by class, and of chances.

    With z, logits of moves have a slope each.
    """
    weights = np.ones(len(waves[0])) if weights is None else weights
    slopes = 0 if z is None else 1
    z = np.zeros(len(waves[0])) if z is None else z

    def negative(x):
        chances = x[-8:].reshape(2, 4)
        first = log_softmax([0.0, x[0]])
        moves = x[1:-8].reshape(-1, 2, 1 + slopes)
        log_f = [
            sum(w[:, j, None] * c - np.logaddexp(0.0, c) for j, c in enumerate(chances.T))
            for w in waves
        ]
        forward = first + log_f[0]
        for t, own in enumerate(moves, 1):
            logit = own[:, 0] + (own[:, 1] * z[:, None] if slopes else 0.0)
            logit = np.broadcast_to(logit, (len(z), 2))
            change, stay = -np.logaddexp(0.0, -logit), -np.logaddexp(0.0, logit)
            to_first = np.logaddexp(forward[:, 0] + stay[:, 0], forward[:, 1] + change[:, 1])
            to_second = np.logaddexp(forward[:, 0] + change[:, 0], forward[:, 1] + stay[:, 1])
            forward = np.column_stack([to_first, to_second]) + log_f[t]
        return -float(weights @ logsumexp(forward, axis=1))

    return negative


def hessian_of(negative, x):
    """Return the curvature by differences of differences."""
    slope = lambda y: approx_fprime(y, negative, 1e-5)  # noqa: E731
    found = np.array([(slope(x + step) - slope(x - step)) / 2e-3 for step in 1e-3 * np.eye(len(x))])
    return 0.5 * (found + found.T)


def numbers_of(found):
    """Return a fit by the numbers of `written_out`."""
    second = np.log(found.shares[0, 1] / found.shares[0, 0])
    moves = np.concatenate([np.ravel([one.coefficients for one in own]) for own in found.moves])
    p = found.mixtures[0].parameters.probabilities
    return np.concatenate([[second], moves, np.log(p / (1 - p)).ravel()])


@pytest.mark.parametrize("slope", [0.0, 1.0])
def test_a_plain_maximiser_finds_the_same_maximum_and_errors(slope) -> None:
    waves, z = drawn(seed=3, slope=slope)
    asked = {"covariates": z, "covariates_on": "transition"} if slope else {}
    found = latent_transition(fitted(waves), waves, prior=None, standard_errors="observed", **asked)
    negative = written_out(waves, z=z if slope else None)
    x = numbers_of(found)
    assert found.log_likelihood == pytest.approx(-negative(x), abs=1e-8)
    begun = x + np.random.default_rng(0).normal(scale=0.2, size=len(x))
    end = minimize(negative, begun, method="BFGS", options={"gtol": 1e-3})
    assert found.log_likelihood >= -end.fun - 1e-6
    assert_allclose(end.x, x, atol=5e-3)
    assert found.n_parameters == len(x)
    expected = np.sqrt(np.diag(np.linalg.inv(hessian_of(negative, x))))
    errors = np.concatenate([np.ravel([one.standard_errors for one in own]) for own in found.moves])
    assert_allclose(errors, expected[1:-8], rtol=2e-3)
    assert found.initial.standard_errors[0, 0] == pytest.approx(expected[0], rel=2e-3)
    (told,) = found.profiles
    rows = told.table()
    p = np.array([row["estimate"] for row in rows])
    # A row for each item and class; chances are written out by classes, then items.
    half = 1.96 * expected[-8:].reshape(2, 4).T.ravel()
    assert_allclose(p, found.mixtures[0].parameters.probabilities.T.ravel())
    errors = [row["standard_error"] for row in rows]
    assert_allclose(errors, half / 1.96 * p * (1 - p), rtol=2e-3)
    assert_allclose([row["upper"] for row in rows], expit(np.log(p / (1 - p)) + half), rtol=1e-3)
    if not slope:
        p = found.transitions[0, 0, 1]
        own = found.moves[0][0].standard_errors[0, 0] * p * (1 - p)
        assert_allclose(found.transition_errors[0, 0], own)


@pytest.mark.parametrize("measurement", ["equal", "free"])
def test_the_likelihood_is_the_sum_over_all_paths(measurement) -> None:
    rng = np.random.default_rng(4)
    state, waves = rng.integers(0, 3, 120), []
    for _ in range(3):
        state = np.where(rng.random(120) < 0.75, state, rng.integers(0, 3, 120))
        words = np.array([list("aab"), list("bbc"), list("cca")])
        waves.append(pd.DataFrame({j: words[state, rng.integers(0, 3, 120)] for j in "uvwx"}))
    waves[2].iloc[:20] = None
    waves[1].iloc[30:50, 1] = None
    model = CategoricalMixture(3, n_init=5, random_state=0, prior=None).fit(pd.concat(waves))
    found = latent_transition(
        model, waves, measurement=measurement, prior=None, n_init=2, random_state=1
    )
    rows = by_paths(found, waves)
    assert found.log_likelihood == pytest.approx(rows.sum(), abs=1e-7)
    assert_allclose(found.transitions.sum(axis=2), 1.0)
    assert (np.diff(found.objective) > -1e-9 * abs(found.log_likelihood)).all()
    told = found.predict_proba([wave[:7] for wave in waves])
    assert_allclose(told.sum(axis=2), 1.0)
    parts = 1 if measurement == "equal" else 3
    assert len(found.profiles) == parts
    for one, mixture in zip(found.profiles, found.mixtures, strict=False):
        levels = mixture.measures()[1:]
        assert [row["estimate"] for row in one.table()] == [p for m in levels for p in m.values]
    assert found.n_parameters == 2 + 2 * 6 + parts * 3 * 4 * 2


def test_posteriors_are_those_of_paths() -> None:
    waves, z = drawn(60, slope=1.0)
    found = latent_transition(fitted(waves), waves, covariates=z, n_init=1)
    told = found.predict_proba(waves, z)
    logs = np.empty((60, 2, 2, 2))
    toward = np.array([-1.0, 1.0])
    for path in product(range(2), repeat=3):
        logits = [found.initial, *(own[j] for own, j in zip(found.moves, path, strict=False))]
        total = np.zeros(60)
        for one, k, wave in zip(logits, path, waves, strict=True):
            (other,) = one.classes
            eta = one.coefficients[0, 0] + one.coefficients[1, 0] * z
            total += -np.logaddexp(0.0, -toward[int(str(k) == other)] * eta)
            total += found.mixtures[0].component_log_density(wave)[:, k]
        logs[:, *path] = total
    joint = np.exp(logs - logsumexp(logs, axis=(1, 2, 3), keepdims=True))
    for t, axes in enumerate([(2, 3), (1, 3), (1, 2)]):
        assert_allclose(told[:, t], joint.sum(axis=axes), atol=1e-10)


@pytest.mark.parametrize("depth", [30.0, 300.0, 500.0, 640.0, 705.0, 725.0, 744.0, 2000.0])
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_rows_that_no_class_is_likely_for_are_smoothed_by_logarithms(depth: float) -> None:
    rng = np.random.default_rng(0)
    log_initial = np.log(rng.dirichlet(np.ones(2), 6))
    with np.errstate(divide="ignore"):
        log_moves = np.log([[[[1.0, 0.0], [0.3, 0.7]]]] * 2)
    emissions = rng.normal(size=(6, 3, 2))
    # The first class cannot be left, and is all but impossible at the last wave.
    emissions[:3, 2, 0] = -depth
    emissions[:3, 0, 1] = -1.5 * depth
    emissions[3] -= 1e4
    found = smoothed(log_initial, log_moves, emissions)
    paths = {
        path: log_initial[:, path[0]]
        + sum(emissions[:, t, k] for t, k in enumerate(path))
        + sum(log_moves[t, 0, path[t], path[t + 1]] for t in range(2))
        for path in product(range(2), repeat=3)
    }
    total = logsumexp(list(paths.values()), axis=0)
    assert_allclose(found.log_density, total, rtol=1e-12)
    shares = {path: np.exp(value - total) for path, value in paths.items()}
    for t in range(3):
        for k in range(2):
            expected = sum(value for path, value in shares.items() if path[t] == k)
            assert_allclose(found.classes[:, t, k], expected, atol=1e-12)
            for j in range(2) if t else ():
                both = sum(v for path, v in shares.items() if path[t - 1 : t + 1] == (j, k))
                assert_allclose(found.moves[:, t - 1, j, k], both, atol=1e-12)


def test_a_row_of_weight_two_is_the_row_twice() -> None:
    waves, z = drawn(200, 2)
    model, twice = fitted(waves), np.r_[np.arange(200), np.arange(60)]
    weights = np.bincount(twice).astype(float)
    asked = {"prior": None, "standard_errors": "observed", "n_init": 1}
    once = latent_transition(model, waves, covariates=z, sample_weight=weights, **asked)
    rows = latent_transition(model, [wave[twice] for wave in waves], covariates=z[twice], **asked)
    assert once.log_likelihood == pytest.approx(rows.log_likelihood, abs=1e-7)
    assert_allclose(once.transition_errors, rows.transition_errors, rtol=1e-4)
    alone = np.arange(200).astype(str)
    design = SurveyDesign(clusters=np.arange(260) // 2)
    clustered = latent_transition(
        model, [wave[twice] for wave in waves], survey=design, prior=None, n_init=1
    )
    robust = latent_transition(model, [wave[twice] for wave in waves], prior=None, n_init=1)
    assert clustered.log_likelihood == robust.log_likelihood
    assert (np.abs(clustered.transition_errors / robust.transition_errors - 1) > 1e-3).any()
    by_row = latent_transition(
        model, waves, survey=SurveyDesign(clusters=alone), prior=None, n_init=1
    )
    plain = latent_transition(model, waves, prior=None, n_init=1)
    ratio = np.sqrt(200 / 199)
    assert_allclose(by_row.transition_errors, plain.transition_errors * ratio, rtol=1e-3)


def test_special_cases_are_tested_against_what_is_more_general() -> None:
    waves, _ = drawn(300)
    model = fitted(waves)
    equal = latent_transition(model, waves, transitions="equal", prior=None, n_init=1)
    moving = latent_transition(model, waves, prior=None, n_init=1)
    free = latent_transition(model, waves, measurement="free", prior=None, n_init=1)
    assert equal.against(moving).df == 2
    assert moving.against(free).df == 16
    for test in (equal.against(moving), moving.against(free)):
        assert 0.0 < test.statistic < 40.0
    assert_allclose(equal.transitions[0], equal.transitions[1])
    with pytest.raises(ParameterError, match="should have more parameters"):
        free.against(moving)


def test_shifted_means_are_found_to_differ_by_wave() -> None:
    rng = np.random.default_rng(2)
    state = rng.integers(0, 2, 300)
    waves = [rng.normal(size=(300, 2)) + 3.0 * state[:, None] + shift for shift in (0.0, 0.7)]
    waves[0][:40, 1] = np.nan
    model = GaussianMixture(2, covariance_type="diag", missing="marginal", random_state=0)
    model.fit(np.vstack(waves))
    equal = latent_transition(model, waves, n_init=1)
    free = latent_transition(model, waves, measurement="free", n_init=1)
    assert equal.against(free).p_value < 1e-6
    means = [mixture.parameters.means for mixture in free.mixtures]
    assert_allclose(means[1] - means[0], 0.7, atol=0.35)


def test_moves_that_nobody_makes_have_no_errors_and_slopes_without_bound_are_named() -> None:
    rng = np.random.default_rng(0)
    first = rng.random(300) < 0.5
    second = first | (rng.random(300) < 0.3)
    waves = [
        (rng.random((300, 6)) < np.where(s, 0.97, 0.03)[:, None]).astype(float)
        for s in (first, second)
    ]
    model = fitted(waves)
    found = latent_transition(model, waves, prior=None)
    high = int(found.mixtures[0].parameters.probabilities[:, 0].argmax())
    assert found.transitions[0, high, 1 - high] < 1e-4
    assert np.isnan(found.transition_errors[0, high]).all()
    assert np.isfinite(found.transition_errors[0, 1 - high]).all()
    assert "taken as known" in str(found.summary())
    # What is taken as known has neither an error nor a test.
    assert np.isnan(found.moves[0][high].standard_errors).all()
    assert np.isnan([row["z"] for row in found.moves[0][high].table()]).all()
    with pytest.raises(InformationError, match=r"of those in class \d at wave 0, .* has no bound"):
        latent_transition(
            model,
            waves,
            covariates=second.astype(float),
            covariates_on="transition",
            prior=None,
        )


def test_waves_of_which_no_row_speaks_are_all_on_the_edge() -> None:
    waves, _ = drawn(40, 2)
    model = BernoulliMixture(2, random_state=0).fit(np.vstack(waves))
    found = latent_transition(
        model, waves, sample_weight=np.full(40, 1e-6), n_init=1, max_iter=5, prior="weak"
    )
    assert np.isnan(found.initial_errors).all()
    assert np.isnan(found.transition_errors).all()


def test_what_cannot_be_fitted_is_said() -> None:
    waves, z = drawn(50, 2)
    model = fitted(waves)
    with pytest.raises(DataError, match="2 waves at least"):
        latent_transition(model, waves[:1])
    with pytest.raises(DataError, match="or these by name"):
        latent_transition(model, waves[0])
    with pytest.raises(DataError, match="wave 1 has 49 rows and wave 0 has 50"):
        latent_transition(model, [waves[0], waves[1][1:]])
    with pytest.raises(ParameterError, match="measurement should be one of equal, free"):
        latent_transition(model, waves, measurement="same")
    with pytest.raises(ParameterError, match="one class only"):
        latent_transition(BernoulliMixture(1).fit(waves[0]), waves)
    found = latent_transition(model, waves, covariates=z, n_init=1)
    with pytest.raises(DataError, match="the fit had covariates"):
        found.predict_proba(waves)
    with pytest.raises(DataError, match="there are 1 waves, and 2 in the fit"):
        found.predict_proba(waves[:1], z)


@pytest.mark.parametrize("seed", range(4))
def test_starts_that_are_not_carried_to_their_end_would_not_have_won(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(seed)
    chances = np.array([[0.85] * 6, [0.8] * 3 + [0.2] * 3, [0.15] * 6])
    state = rng.integers(0, 3, 300)
    waves = []
    for _ in range(2):
        waves.append((rng.random((300, 6)) < chances[state]).astype(float))
        state = np.where(rng.random(300) < 0.7, state, rng.integers(0, 3, 300))
    model = BernoulliMixture(3, n_init=3, random_state=seed).fit(np.vstack(waves))
    asked = {"n_init": 6, "covariates": rng.normal(size=300), "covariates_on": "initial"}
    carried = []

    def wholly(climber, state, max_iter, others=()):
        carried.append(len(others))
        return ascended(climber, state, max_iter)

    found = latent_transition(model, waves, **asked)
    monkeypatch.setattr(transition_starts, "ascended", wholly)
    whole = latent_transition(model, waves, **asked)
    assert max(carried) > 0
    assert found.log_likelihood == pytest.approx(whole.log_likelihood, abs=1e-3)


def test_waves_may_have_names_and_people_without_an_answer_do_not_count() -> None:
    waves, _ = drawn(100, 2)
    model = fitted(waves)
    named = {"before": waves[0].copy(), "after": waves[1].copy()}
    named["after"][:10] = np.nan
    some = latent_transition(model, named, n_init=1)
    assert some.waves == ("before", "after")
    assert {row["wave"] for row in some.table()} == {"before", "after"}
    assert "wave before to wave after" in some.summary()
    named["before"][:10] = np.nan
    found = latent_transition(model, named, n_init=1)
    assert (found.n, found.n_empty, some.n, some.n_empty) == (90.0, 10, 100.0, 0)
    assert "10 rows without an answer do not count" in found.summary()
    rest = latent_transition(model, [wave[10:] for wave in waves], n_init=1)
    assert found.bic == pytest.approx(rest.bic, abs=1e-6)
    assert found.predict_proba(named).shape == (100, 2, 2)
    with pytest.raises(DataError, match="the waves of the fit are before, after"):
        found.predict_proba({"after": waves[1], "before": waves[0]})


@pytest.mark.parametrize("empty", range(3))
@pytest.mark.parametrize(
    "settings", [{}, {"transitions": "equal", "measurement": "free"}, {"measurement": "free"}]
)
def test_a_wave_at_which_nobody_answered_is_named(empty: int, settings: dict[str, str]) -> None:
    waves, _ = drawn(60, 3)
    model = fitted(waves)
    asked = dict(zip("xyz", waves, strict=True))
    asked["xyz"[empty]] = np.full_like(waves[0], np.nan)
    with pytest.raises(DataError, match=f"wave {'xyz'[empty]} has no answer of anybody"):
        latent_transition(model, asked, n_init=1, **settings)
    asked["xyz"[empty]][0] = 1.0
    weights = np.r_[0.0, np.ones(59)]
    with pytest.raises(DataError, match=f"wave {'xyz'[empty]} has no answer of anybody"):
        latent_transition(model, asked, n_init=1, sample_weight=weights, **settings)


def test_moves_that_are_the_same_are_told_across_a_wave_that_was_left_out() -> None:
    waves, _ = drawn(3000, 3)
    waves[1] = np.full_like(waves[1], np.nan)
    model = fitted([waves[0], waves[2]])
    found = latent_transition(model, waves, transitions="equal", n_init=1)
    two_steps = latent_transition(model, [waves[0], waves[2]], n_init=1)
    squared = np.linalg.matrix_power(found.transitions[0], 2)
    assert_allclose(squared, two_steps.transitions[0], atol=0.02)
