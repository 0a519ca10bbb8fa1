"""Classes of several groups, against separate fits, one-step regression, SciPy and laws."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from ordinal_cases import drawn as drawn_ordinal
from scipy.optimize import minimize
from scipy.special import log_expit, logit, logsumexp
from sklearn.base import clone

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    DataError,
    GaussianMixture,
    MixedMixture,
    ParameterError,
    PoissonMixture,
    invariance_test,
    one_step,
    profile,
)

pytestmark = pytest.mark.drawn(6, among="file")

PRECISE = {"prior": None, "tol": 1e-10, "max_iter": 5000, "random_state": 0}


def answers(n_rows=600, seed=0, differ=(1,)):
    """Return yes-or-no answers of two classes in two groups, and the groups."""
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 2, n_rows)
    classes = (rng.random(n_rows) < np.array([0.6, 0.35])[groups]).astype(int)
    chances = np.array([[0.85, 0.8, 0.75, 0.8], [0.2, 0.3, 0.25, 0.15]])[classes]
    for item in differ:
        chances[groups == 1, item] = 0.5
    return (rng.random((n_rows, 4)) < chances).astype(int), np.array(["a", "b"])[groups]


def profiles(n_rows=400, seed=0):
    """Return three numbers of two classes in three groups, and the groups."""
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 3, n_rows)
    rows = rng.normal(size=(n_rows, 3)) + 3.0 * rng.integers(0, 2, n_rows)[:, None]
    rows[groups == 2, 1] += 1.5
    return rows, groups


def mixed_with(rows):
    """Return a mixture of numbers and answers, as what takes them."""
    blocks = {"categorical": [3, 4], "gaussian": [0, 1, 2]}
    table = np.column_stack([rows, (rows[:, :2] > 1.5).astype(int)])
    return MixedMixture(2, blocks, covariance_type="diag", random_state=0), table


@pytest.fixture(scope="module")
def case():
    rows, groups = answers()
    model = CategoricalMixture(2, **PRECISE).fit(rows)
    return rows, groups, model, invariance_test(model, rows, groups, free=[1], prior=None)


def test_all_free_is_a_fit_of_each_group(case):
    rows, groups, _, found = case
    fits = {
        one: CategoricalMixture(2, n_init=3, **PRECISE).fit(rows[groups == one]) for one in "ab"
    }
    free = found.models["free"]
    assert_allclose(
        free.log_likelihood, sum(fit.log_likelihood_ for fit in fits.values()), atol=1e-3
    )
    assert free.n_parameters == sum(fit.n_parameters_ for fit in fits.values())
    for one, fit in fits.items():
        own = np.sort(free.mixtures[one].weights), np.sort(fit.weights_)
        assert_allclose(*own, atol=1e-2)


def test_all_equal_is_a_regression_on_the_group(case):
    rows, groups, model, found = case
    together = one_step(model, rows, covariates=pd.Series(groups, name="group"), prior=None)
    equal = found.models["equal"]
    assert_allclose(equal.log_likelihood, together.log_likelihood, atol=1e-3)
    assert equal.n_parameters == together.n_parameters
    shares = together.weights(pd.DataFrame({"group": ["a", "b"]}))
    for own, mixture in zip(shares, equal.mixtures.values(), strict=True):
        assert_allclose(mixture.weights, own, atol=2e-3)
    assert_allclose(found.models["homogeneous"].log_likelihood, model.log_likelihood_, atol=1e-3)


def test_a_partial_model_ends_where_scipy_ends(case):
    rows, groups, _, found = case
    second = (groups == "b").astype(int)

    def cost(point):
        shares = point[:2]
        logits = np.repeat(point[2:10].reshape(1, 2, 4), 2, axis=0)
        logits[1, :, 1] = point[10:12]
        own = logits[second]
        shown = rows[:, None, :]
        logs = np.where(shown == 1, log_expit(own), log_expit(-own)).sum(axis=2)
        weights = np.column_stack([log_expit(shares), log_expit(-shares)])[second]
        return -logsumexp(logs + weights, axis=1).sum()

    partial = found.models["partial"]
    starts = np.random.default_rng(0).normal(size=(6, 12))
    best = min(minimize(cost, start, method="BFGS").fun for start in starts)
    assert_allclose(partial.log_likelihood, -best, atol=1e-3)
    assert partial.n_parameters == 12
    chances = partial.mixtures["a"].family.items(partial.mixtures["a"].parameters)
    others = partial.mixtures["b"].family.items(partial.mixtures["b"].parameters)
    for item in range(4):
        same = np.allclose(chances[item], others[item], atol=1e-12)
        assert same == (item != 1)


def test_tests_are_of_likelihoods_and_of_parameters(case):
    *_, found = case
    order = ["homogeneous", "equal", "partial", "free"]
    values = [found.models[name].log_likelihood for name in order]
    assert values == sorted(values)
    test = found.tests["equal", "free"]
    assert_allclose(test.statistic, 2 * (values[3] - values[1]))
    assert test.df == found.models["free"].n_parameters - found.models["equal"].n_parameters == 8
    assert [one.column for one in found.items] == ["x0", "x1", "x2", "x3"]
    p_values = [one.test.p_value for one in found.items]
    assert int(np.argmin(p_values)) == 1
    alone = found.items[1].test
    assert_allclose(alone.statistic, found.tests["equal", "partial"].statistic, atol=1e-3)
    assert alone.df == 2


def test_groups_of_the_same_rows_do_not_differ():
    rows, _ = answers(300)
    model = CategoricalMixture(2, **PRECISE).fit(rows)
    groups = np.repeat([1, 2], len(rows))
    found = invariance_test(model, np.vstack([rows, rows]), groups, prior=None)
    for test in found.tests.values():
        assert test.statistic < 1e-2
    shares = [list(row.values())[1:] for row in found.shares_table()]
    assert_allclose(*np.transpose(shares), atol=1e-3)


def test_shares_are_the_mean_posteriors_of_a_group(case):
    rows, groups, _, found = case
    for name in ("equal", "partial", "free"):
        for one, mixture in found.models[name].mixtures.items():
            posteriors = mixture.responsibilities(rows[groups == one])
            assert_allclose(posteriors.mean(axis=0), mixture.weights, atol=2e-3)


def test_names_and_order_of_groups_and_rows_say_nothing(case):
    rows, groups, model, found = case
    order = np.random.default_rng(1).permutation(len(rows))
    called = pd.Series(groups[order]).map({"a": 9.0, "b": 2.0})
    other = invariance_test(model, rows[order], called, free=[1], prior=None)
    assert other.groups == (2, 9)
    for name, one in found.models.items():
        assert_allclose(other.models[name].log_likelihood, one.log_likelihood, atol=1e-3)
    assert_allclose(
        other.models["equal"].mixtures[9].weights,
        found.models["equal"].mixtures["a"].weights,
        atol=2e-3,
    )


def test_weights_are_rows_and_rows_without_a_group_have_no_part(case):
    rows, groups, model, _ = case
    weights = np.random.default_rng(2).integers(0, 3, len(rows))
    weighted = invariance_test(model, rows, groups, sample_weight=weights, prior=None)
    repeated = np.repeat(np.arange(len(rows)), weights)
    plain = invariance_test(model, rows[repeated], groups[repeated], prior=None)
    for name, one in plain.models.items():
        assert_allclose(weighted.models[name].log_likelihood, one.log_likelihood, atol=1e-3)
        assert weighted.models[name].n == one.n == weights.sum()
    unknown = groups.astype(object)
    unknown[:50] = None
    left = invariance_test(model, rows, unknown, prior=None, items=False)
    assert left.n_left_out == 50
    assert "50 row(s) without a group" in left.summary()
    rest = invariance_test(model, rows[50:], groups[50:], prior=None, items=False)
    assert_allclose(
        left.models["free"].log_likelihood, rest.models["free"].log_likelihood, atol=1e-3
    )


@pytest.mark.parametrize("form", ["diag", "EEI", "full"])
def test_profiles_are_told_apart_by_groups_too(form):
    rows, groups = profiles()
    model = GaussianMixture(2, covariance_type=form, random_state=0).fit(rows)
    found = invariance_test(model, rows, groups, free=[] if form == "full" else [1])
    fits = [
        GaussianMixture(2, covariance_type=form, random_state=0, n_init=3).fit(rows[groups == one])
        for one in range(3)
    ]
    free = found.models["free"]
    assert_allclose(free.log_likelihood, sum(fit.log_likelihood_ for fit in fits), atol=0.01)
    assert free.n_parameters == sum(fit.n_parameters_ for fit in fits)
    together = one_step(model, rows, covariates=pd.Series(groups.astype(str), name="group"))
    equal = found.models["equal"]
    assert_allclose(equal.log_likelihood, together.log_likelihood, atol=0.01)
    assert equal.n_parameters == together.n_parameters
    if form == "full":
        assert not found.items
        with pytest.raises(ParameterError, match="differ by group together or not at all"):
            invariance_test(model, rows, groups, free=[1])
    else:
        assert found.tests["equal", "partial"].p_value < 1e-6
        assert found.tests["partial", "free"].p_value > 1e-3


def test_other_columns_and_missing_cells_have_groups_too():
    rows, groups = profiles()
    counts = np.random.default_rng(0).poisson(np.where(rows > 1.5, 8, 2))
    mixed, table = mixed_with(rows)
    gappy = np.where(np.random.default_rng(1).random(rows.shape) < 0.1, np.nan, rows)
    cases = (
        (BernoulliMixture(2, random_state=0), (rows > 1.5).astype(int)),
        (PoissonMixture(2, random_state=0), counts),
        (mixed, table),
        (GaussianMixture(2, covariance_type="diag", missing="marginal", random_state=0), gappy),
    )
    for model, data in cases:
        found = invariance_test(model.fit(data), data, groups, free=[1])
        fits = [clone(model).set_params(n_init=3).fit(data[groups == one]) for one in range(3)]
        total = sum(fit.log_likelihood_ for fit in fits)
        assert found.models["free"].log_likelihood > total - 0.05
        assert found.models["free"].n_parameters == sum(fit.n_parameters_ for fit in fits)
        order = [found.models[name].log_likelihood for name in ("equal", "partial", "free")]
        assert order == sorted(order)


@pytest.mark.parametrize("link", ["adjacent", "cumulative"])
def test_ordinal_items_stay_so_in_every_group(link):
    rows = drawn_ordinal(800, 4, 2)
    groups = np.arange(800) % 2
    assert all(len(np.unique(item[groups == g])) == 5 for g in (0, 1) for item in rows.T)
    settings = {"ordinal": [0, 2], "ordinal_link": link, "random_state": 0}
    model = CategoricalMixture(2, **settings).fit(rows)
    found = invariance_test(model, rows, groups, free=[0, 1], items=False)
    assert found.models["equal"].n_parameters == model.n_parameters_ + 1
    # An ordinal item more has 4 thresholds and an effect, another 2 x 4 probabilities.
    assert found.models["partial"].n_parameters == found.models["equal"].n_parameters + 5 + 8
    assert found.models["free"].n_parameters == 2 * model.n_parameters_
    for name in ("equal", "partial", "free"):
        for mixture in found.models[name].mixtures.values():
            items = mixture.family.items(mixture.parameters)
            for item in (0, 2):
                logits = np.log(items[item])
                if link == "cumulative":
                    logits = logit(np.cumsum(items[item], axis=1)[:, :-1])
                bends = np.diff(logits[0] - logits[1], n=2 if link == "adjacent" else 1)
                assert_allclose(bends, 0.0, atol=1e-4)


def test_one_class_has_no_shares_to_test(case):
    rows, groups, *_ = case
    model = CategoricalMixture(1, prior=None).fit(rows)
    found = invariance_test(model, rows, groups, items=False, prior=None)
    assert list(found.tests) == [("equal", "free")]
    # A test of two tables, by the likelihood ratio.
    expected = 0.0
    for item in range(4):
        table = np.array([np.bincount(rows[groups == one, item], minlength=2) for one in "ab"])
        fitted = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
        expected += 2.0 * (table * np.log(table / fitted)).sum()
    assert_allclose(found.tests["equal", "free"].statistic, expected, atol=1e-4)


def test_each_group_has_a_mixture_by_itself(case):
    rows, groups, _, found = case
    frame = pd.DataFrame(rows, columns=list("wxyz"))
    named = CategoricalMixture(2, random_state=0).fit(frame)
    other = invariance_test(named, frame, groups, free=["x"], items=False)
    own = other.models["partial"]
    assert own.free == ("x",)
    shown = profile(own.mixtures["b"])
    assert {row["column"] for row in shown.rows} == {"class", *"wxyz"}
    assert "partial" in found.summary()
    assert set(found.tables()) == {"models", "tests", "class shares", "items"}


def test_what_cannot_be_compared_is_said(case):
    rows, groups, model, _ = case
    with pytest.raises(DataError, match="groups has 3 rows and X has 600"):
        invariance_test(model, rows, groups[:3])
    with pytest.raises(DataError, match="all rows are of the group 'a'"):
        invariance_test(model, rows, ["a"] * len(rows))
    with pytest.raises(DataError, match="group 'z' has one row only"):
        invariance_test(model, rows, np.append(groups[:-1], "z"))
    with pytest.raises(DataError, match="groups should be one column"):
        invariance_test(model, rows, np.column_stack([groups, groups]))
    with pytest.raises(ParameterError, match="there is no column 7"):
        invariance_test(model, rows, groups, free=[7])
    with pytest.raises(ParameterError, match="without noise, and with nothing held or equal"):
        noisy = CategoricalMixture(2, noise="uniform", random_state=0).fit(rows)
        invariance_test(noisy, rows, groups)
