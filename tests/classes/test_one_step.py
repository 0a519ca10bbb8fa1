"""Classes and what foretells them are fitted together as other systems and plain maximisers do."""

from pathlib import Path

import numpy as np
import ordinal_cases
import pandas as pd
import pytest
from class_cases import SLOPES, drawn, fitted
from nightly import first
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, logsumexp
from scipy.stats import norm

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    DataError,
    GaussianMixture,
    InformationError,
    ParameterError,
    PoissonMixture,
    one_step,
    three_step,
)

pytestmark = pytest.mark.drawn(4, among="file")

DATA = Path(__file__).parents[2] / "examples" / "data"

# StepMix 3.0.0 (n_steps=1, Newton steps) on the same rows: log-likelihood, and the coefficients of
# the second and third class of the truth less those of the first.
STEPMIX = -7034.948488, [[0.45815, 0.20555], [-0.96695, -2.06629]]


def by_truth(found, order):
    places = [found.membership.classes.index(str(order[k])) for k in (1, 2)]
    return found.membership.coefficients[:, places], found.membership.standard_errors[:, places]


def test_likelihood_and_slopes_are_those_of_stepmix():
    model, answers, frame, order = fitted()
    found = one_step(model, answers, covariates=frame[["x"]], reference=order[0], prior=None)
    assert found.log_likelihood == pytest.approx(STEPMIX[0], abs=1e-5)
    np.testing.assert_allclose(by_truth(found, order)[0], STEPMIX[1], atol=1e-3)
    assert found.converged


def two_classes(n_rows=400, seed=2):
    """Return yes-or-no answers (N, 5) of two classes, and what foretells them (N, 2)."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n_rows, 2))
    second = rng.random(n_rows) < expit(0.4 + z @ [1.2, -0.6])
    chances = np.where(second[:, None], [0.9, 0.8, 0.7, 0.3, 0.6], [0.2, 0.3, 0.1, 0.8, 0.4])
    return (rng.random((n_rows, 5)) < chances).astype(float), z


def test_a_plain_maximiser_finds_the_same_maximum_errors_and_test():
    answers, z = two_classes()
    model = BernoulliMixture(2, prior=None, random_state=0).fit(answers)
    design = np.column_stack([np.ones(len(z)), z])

    def each(parameters, n_terms=3):
        logits = design[:, :n_terms] @ parameters[:n_terms]
        p = expit(parameters[n_terms:]).reshape(2, 5)
        logs = answers @ np.log(p).T + (1 - answers) @ np.log1p(-p).T
        log_weights = -np.log1p(np.exp(np.column_stack([logits, -logits])))
        return logsumexp(log_weights + logs, axis=1)

    probabilities = model.probabilities_[::-1]
    start = np.log(probabilities / (1 - probabilities)).ravel()
    options = {"gtol": 1e-7}
    best = minimize(lambda b: -each(b).sum(), [0, 0, 0, *start], method="BFGS", options=options)
    null = minimize(lambda b: -each(b, 1).sum(), [0, *start], method="BFGS", options=options)
    found = one_step(model, answers, covariates=z, reference=1, prior=None)
    np.testing.assert_allclose(found.membership.coefficients[:, 0], best.x[:3], atol=2e-4)
    assert found.log_likelihood == pytest.approx(-best.fun, abs=1e-5)
    assert found.test.statistic == pytest.approx(2 * (null.fun - best.fun), abs=1e-4)
    assert found.n_parameters == 13
    assert found.test.df == 2
    scores, hessian = by_differences(each, best.x)
    observed, outer = np.linalg.inv(-hessian), scores.T @ scores
    expected = {
        "observed": observed,
        "scores": np.linalg.inv(outer),
        "robust": observed @ outer @ observed,
    }
    for name, covariance in expected.items():
        own = one_step(model, answers, covariates=z, reference=1, prior=None, standard_errors=name)
        np.testing.assert_allclose(
            own.membership.covariance, covariance[:3, :3], rtol=2e-3, atol=1e-6
        )
        assert name in own.how


def by_differences(each, at, step=1e-4):
    """Return scores (N, M) and the Hessian (M, M) of a function of rows."""
    unit = step * np.eye(len(at))
    scores = np.column_stack([(each(at + one) - each(at - one)) / (2 * step) for one in unit])
    total = lambda point: each(point).sum()  # noqa: E731
    hessian = np.array(
        [
            [
                total(at + a + b) - total(at + a - b) - total(at - a + b) + total(at - a - b)
                for b in unit
            ]
            for a in unit
        ]
    )
    return scores, hessian / (4 * step**2)


@pytest.mark.parametrize("n_draws", first(1, [3, 6]))
def test_slopes_are_the_truth(n_draws):
    """Three classes of 1 500 rows each some times: squares of nearly standard normals."""
    z = []
    for seed in range(n_draws):
        model, answers, frame, order = fitted(1500, seed + 1)
        found = one_step(model, answers, covariates=frame["x"], reference=order[0])
        slopes, errors = by_truth(found, order)
        z += [*((slopes[1] - SLOPES[1:]) / errors[1])]
    assert 0.2 < np.mean(np.square(z)) < 2.4


@pytest.mark.parametrize("n_draws", first(1, [4, 20]))
def test_where_nothing_foretells_classes_the_fit_stays_as_it_is(n_draws):
    answers, _, _ = drawn(800, 3)
    rng = np.random.default_rng(0)
    model = CategoricalMixture(3, random_state=0, n_init=3).fit(answers)
    p_values = []
    for _ in range(n_draws):
        found = one_step(model, answers, covariates=rng.normal(size=len(answers)))
        null = found.log_likelihood - 0.5 * found.test.statistic
        assert null == pytest.approx(model.log_likelihood_, abs=2e-3)
        p_values.append(found.test.p_value)
    assert 0.2 < np.mean(p_values) < 0.8


def test_the_objective_never_falls_and_ends_where_em_ends():
    model, answers, frame, _ = fitted()
    found = one_step(model, answers, covariates=frame[["x", "sex"]])
    assert (np.diff(found.objective) > -1e-9 * abs(found.objective[-1])).all()
    short = one_step(model, answers, covariates=frame[["x", "sex"]], max_iter=3)
    assert not short.converged
    assert len(short.objective) == 3


def test_a_row_twice_is_weight_two_and_rows_that_lack_a_covariate_have_no_part():
    answers, z = two_classes(300)
    model = BernoulliMixture(2, random_state=0).fit(answers)
    weights = np.random.default_rng(1).integers(0, 4, len(answers)).astype(float)
    repeated = np.repeat(np.arange(len(answers)), weights.astype(int))
    one = one_step(model, answers, covariates=z, sample_weight=weights, prior=None)
    other = one_step(model, answers[repeated], covariates=z[repeated], prior=None)
    np.testing.assert_allclose(
        one.membership.coefficients, other.membership.coefficients, rtol=1e-6
    )
    np.testing.assert_allclose(one.membership.covariance, other.membership.covariance, rtol=1e-6)
    lacking = z.copy()
    lacking[::7, 1] = np.nan
    kept = ~np.isnan(lacking[:, 1])
    one = one_step(model, answers, covariates=lacking, prior=None)
    other = one_step(model, answers[kept], covariates=z[kept], prior=None)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-9)
    assert one.membership.n_left_out == (~kept).sum()


def test_classes_and_rows_in_any_order_say_the_same():
    answers, z = two_classes(300)
    model = BernoulliMixture(2, random_state=0).fit(answers)
    one = one_step(model, answers, covariates=z, reference=0)
    other = one_step(model, answers, covariates=z, reference=1)
    np.testing.assert_allclose(
        one.membership.coefficients, -other.membership.coefficients, atol=1e-4
    )
    order = np.random.default_rng(0).permutation(len(answers))
    turned = one_step(model, answers[order], covariates=z[order], reference=0)
    np.testing.assert_allclose(
        one.membership.coefficients, turned.membership.coefficients, atol=1e-6
    )


def test_units_of_covariates_change_nothing_but_slopes():
    answers, z = two_classes(300)
    model = BernoulliMixture(2, random_state=0).fit(answers)
    one = one_step(model, answers, covariates=z, reference=0)
    other = one_step(model, answers, covariates=1e6 + 1e3 * z, reference=0)
    np.testing.assert_allclose(
        one.membership.coefficients[1:], 1e3 * other.membership.coefficients[1:], rtol=1e-4
    )
    assert one.test.statistic == pytest.approx(other.test.statistic, abs=1e-5)


def test_profiles_with_gaps_by_a_plain_maximiser():
    rng = np.random.default_rng(7)
    z = rng.normal(size=300)
    second = rng.random(300) < expit(1.5 * z)
    rows = rng.normal(size=(300, 2)) + np.where(second[:, None], 2.0, 0.0)
    rows[rng.random(rows.shape) < 0.15] = np.nan
    known = ~np.isnan(rows).all(axis=1)
    rows, z = rows[known], z[known]
    model = GaussianMixture(2, covariance_type="diag", missing="marginal", random_state=0)
    found = one_step(model.fit(rows), rows, covariates=z, reference=0, prior=None)

    def log_likelihood(parameters):
        logit = parameters[0] + parameters[1] * z
        log_weights = -np.log1p(np.exp(np.column_stack([logit, -logit])))
        means, logs = parameters[2:6].reshape(2, 2), parameters[6:].reshape(2, 2)
        cells = norm.logpdf(rows[:, None], means, np.exp(logs))
        return logsumexp(log_weights + np.nansum(cells, axis=2), axis=1).sum()

    parameters = found.mixture.parameters
    variances = np.diagonal(parameters.covariance.dense(), axis1=1, axis2=2)
    at = [
        *found.membership.coefficients[:, 0],
        *parameters.means.ravel(),
        *(0.5 * np.log(variances)).ravel(),
    ]
    assert found.log_likelihood == pytest.approx(log_likelihood(np.array(at)), abs=1e-8)
    best = minimize(lambda p: -log_likelihood(p), at, method="BFGS", options={"gtol": 1e-6})
    assert found.log_likelihood == pytest.approx(-best.fun, abs=1e-5)


def test_counts_go_too():
    rng = np.random.default_rng(5)
    z = rng.normal(size=600)
    second = rng.random(600) < expit(z)
    counts = rng.poisson(np.where(second[:, None], [6.0, 1.0, 4.0], [2.0, 5.0, 4.0]))
    model = PoissonMixture(2, random_state=0).fit(counts)
    found = one_step(model, counts, covariates=z, reference=int(model.rates_[:, 0].argmin()))
    assert abs(found.membership.coefficients[1, 0] - 1.0) < 4 * found.membership.standard_errors[1]


def test_rows_seen_later_are_read_as_in_the_fit():
    model, answers, frame, _ = fitted()
    names = ["x", "sex"]
    found = one_step(model, answers, covariates=frame[names])
    posterior = found.predict_proba(answers, frame[names])
    weights = found.weights(frame[names])
    joint = np.log(weights) + found.mixture.component_log_density(answers)
    np.testing.assert_allclose(posterior, np.exp(joint - logsumexp(joint, axis=1)[:, None]))
    assert logsumexp(joint, axis=1).sum() == pytest.approx(found.log_likelihood, abs=1e-7)
    some = frame.iloc[[3, 8]][["sex", "age", "x"]]
    np.testing.assert_allclose(found.weights(some), weights[[3, 8]])
    for bad, words in (
        (frame[["x"]], "no covariate 'sex'"),
        (frame[names].assign(sex="d"), "'d'"),
        (frame[names].assign(sex=1.0), "categories"),
        (frame[names].assign(x=np.nan), "row 0"),
    ):
        with pytest.raises(DataError, match=words):
            found.weights(bad)


def test_rows_and_covariates_however_far_away_have_posteriors():
    rng = np.random.default_rng(4)
    z = rng.normal(size=200)
    second = rng.random(200) < expit(z)
    rows = rng.normal(
        np.where(second, 3.0, -3.0)[:, None], np.where(second, 1, 2)[:, None], (200, 2)
    )
    model = GaussianMixture(2, random_state=0).fit(rows)
    found = one_step(model, rows, covariates=z)
    wide = int(model.predict([[-3.0, -3.0]])[0])
    posterior = found.predict_proba([[1e200, 0], [1e180, -1e190]], [0.0, 1.0])
    np.testing.assert_array_equal(posterior, np.eye(2)[[wide, wide]])
    # The logit of 1e6 leaves a class e^-1e6, which outweighs a density of e^-1e8 of the other.
    logits = np.array([1e6, -1e6]) * found.membership.coefficients[1, 0]
    log_weights = np.zeros((2, 2))
    log_weights[:, int(found.membership.classes[0])] = logits
    far = np.array([[1e5, 1e5], [1e5, -1e5]])
    joint = found.mixture.component_log_density(far) + log_weights
    np.testing.assert_array_equal(
        found.predict_proba(far, [1e6, -1e6]).argmax(axis=1), joint.argmax(axis=1)
    )


@pytest.mark.parametrize("n_rows", [1, 2, 4])
def test_posteriors_take_as_many_covariates_as_rows(n_rows):
    answers, z = two_classes(100)
    model = BernoulliMixture(2, random_state=0).fit(answers)
    found = one_step(model, answers, covariates=z)
    with pytest.raises(DataError, match=f"covariates has {n_rows} rows and X has 3"):
        found.predict_proba(answers[:3], z[:n_rows])


def test_probabilities_on_the_edge_are_taken_as_known():
    answers, z = two_classes(300)
    answers[:, 0] = (z[:, 0] + np.random.default_rng(0).normal(size=300) > 0) * 1.0
    answers[:, 1] = answers[:, 0]
    model = BernoulliMixture(2, random_state=0).fit(answers)
    found = one_step(model, answers, covariates=z)
    assert "taken as known" in found.how
    assert (found.membership.standard_errors > 0).all()


def test_tables_and_text():
    model, answers, frame, order = fitted()
    found = one_step(model, answers, covariates=frame[["x"]], reference=order[0])
    text = found.summary()
    assert "one step" in text
    assert "likelihood ratio" in text
    assert found.bic == pytest.approx(-2 * found.log_likelihood + 22 * np.log(2000))
    assert found.aic == pytest.approx(-2 * found.log_likelihood + 44)
    assert len(pd.DataFrame(found.table())) == 4
    corrected = three_step(model, answers, covariates=frame[["x"]], reference=order[0])
    np.testing.assert_allclose(found.membership.coefficients, corrected.coefficients, atol=0.25)


def test_what_cannot_be_answered_is_said():
    answers, z = two_classes(200)
    model = BernoulliMixture(2, random_state=0).fit(answers)
    cases = [
        (BernoulliMixture(1).fit(answers), {}, ParameterError, "one class only"),
        (BernoulliMixture(2, noise="uniform").fit(answers), {}, ParameterError, "noise"),
        (
            BernoulliMixture(2, mixing_weights="equal").fit(answers),
            {},
            ParameterError,
            "three_step",
        ),
        (model, {"standard_errors": "best"}, ParameterError, "'best'"),
        (model, {"max_iter": 0}, ParameterError, "max_iter"),
        (model, {"max_iter": 2.5}, ParameterError, "max_iter"),
        (model, {"max_iter": "all"}, ParameterError, "max_iter"),
        (model, {"reference": "x"}, ParameterError, "reference"),
        (model, {"covariates": z[:-1]}, DataError, "rows"),
        (model, {"covariates": np.column_stack([z, z[:, 0]])}, DataError, "x2"),
        (model, {"covariates": np.ones(200)}, DataError, "one value"),
        (model, {"covariates": z * [1.0, 1e-200]}, DataError, "'x1' span less"),
        (model, {"covariates": z * [1e300, 1.0]}, DataError, "'x0' span less"),
    ]
    for one, settings, error, words in cases:
        with pytest.raises(error, match=words):
            one_step(one, answers, **{"covariates": z, **settings})
    sure = np.where(model.predict(answers) == 1, 1.0, -1.0)
    apart = np.where(sure[:, None] > 0, 1.0, 0.0) * np.ones((200, 5))
    told = BernoulliMixture(2, random_state=0).fit(apart)
    with pytest.raises(InformationError, match="no bound"):
        one_step(told, apart, covariates=sure)


def test_other_starts_find_what_the_fit_without_covariates_hides():
    people = pd.read_csv(DATA / "diabetes.csv")
    rows, z = people[["glucose", "insulin"]], people["sspg"]
    model = GaussianMixture(3, covariance_type="diag", n_init=5, random_state=0).fit(rows)
    alone = one_step(model, rows, covariates=z, n_init=1)
    found = one_step(model, rows, covariates=z)
    assert found.log_likelihood > alone.log_likelihood + 5
    assert found.log_likelihood - 0.5 * found.test.statistic >= model.log_likelihood_ - 1e-3
    again = one_step(model, rows, covariates=z)
    assert again.objective == found.objective
    # Classes are called as those of the model that have most of their rows.
    posterior = found.predict_proba(rows, z).argmax(axis=1)
    table = pd.crosstab(model.predict(rows), posterior).to_numpy()
    assert (np.argmax(table, axis=1) == np.arange(3)).all()


def test_steps_that_no_longer_bend_lead_nowhere():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 3, 400)
    rows = rng.normal(size=(400, 3)) + 3.0 * rng.integers(0, 2, 400)[:, None]
    rows[groups == 2, 1] += 1.5
    model = GaussianMixture(2, covariance_type="EEI", random_state=0).fit(rows)
    found = one_step(model, rows, covariates=pd.Series(groups.astype(str), name="group"))
    assert found.converged
    assert found.log_likelihood >= model.log_likelihood_


def test_ordinal_items_and_covariates_end_where_scipy_ends():
    rows = ordinal_cases.drawn(400, 4, 2, seed=4, strength=0.8)
    scores = np.arange(1.0, 6.0)
    model = CategoricalMixture(2, ordinal=True, prior=None, n_init=3, random_state=0).fit(rows)
    z = model.predict(rows) + np.random.default_rng(3).normal(size=400)
    told = {"prior": None, "standard_errors": "observed"}
    found = one_step(model, rows, covariates=z, **told)

    def log_likelihood(point):
        zeros, rest = np.zeros((4, 1)), point[2:].reshape(4, 5)
        thresholds, effects = np.hstack([zeros, rest[:, :4]]), np.hstack([zeros, rest[:, 4:]])
        logs = ordinal_cases.log_probabilities(thresholds, effects, scores)
        each = sum(logs[j][:, rows[:, j] - 1].T for j in range(4))
        weights = log_softmax(np.column_stack([np.zeros(400), point[0] + point[1] * z]), axis=1)
        return logsumexp(each + weights, axis=1).sum()

    starts = 0.5 * np.random.default_rng(0).normal(size=(4, 22))
    ends = [
        minimize(lambda point: -log_likelihood(point), start, method="BFGS") for start in starts
    ]
    best = min(ends, key=lambda end: end.fun)
    assert_allclose(found.log_likelihood, -best.fun, atol=1e-3)
    assert found.n_parameters == 2 + 4 * (4 + 1)
    assert_allclose(abs(found.membership.coefficients.ravel()[1]), abs(best.x[1]), rtol=1e-2)
    for mixture in (found.mixture, model.mixture_):
        assert len(mixture.constraints.ordinal) == 4
    with pytest.raises(ParameterError, match="nothing held or equal"):
        held = CategoricalMixture(2, equal={"probabilities": [0]}, random_state=0).fit(rows)
        one_step(held, rows, covariates=z)
