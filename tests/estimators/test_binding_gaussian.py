"""Means and covariances held or equal, against direct maximisation, plain EM and laws."""

from functools import cache
from itertools import cycle, product

import numpy as np
import pandas as pd
import polars as pl
import pytest
from bound_problems import likeliest, log_weights
from hypothesis import given
from hypothesis import strategies as st
from nightly import first
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp
from scipy.stats import norm

from mixtura import (
    GaussianMixture,
    NormalInverseWishart,
    ParameterError,
    enumerate_classes,
    load,
    select,
)
from mixtura.components.constrained.means import bound_means
from mixtura.components.gaussian.covariance import covariance_from
from mixtura.components.gaussian.structures import CODES
from mixtura.inference import information, parameter_names

pytestmark = [
    pytest.mark.filterwarnings(
        "ignore:Best performing initialization", "ignore::mixtura.DegenerateComponentWarning"
    ),
    pytest.mark.drawn(4, among="file"),
]

NAN = np.nan
NULL = {"means": [[0.0], [NAN]], "covariances": [[[1.0]], None]}


def scores(n_rows=600, seed=0):
    """Return z-scores, four in five of them from the null."""
    rng = np.random.default_rng(seed)
    alone = rng.random(n_rows) < 0.8
    return np.where(alone, rng.normal(size=n_rows), rng.normal(2.5, 1.3, n_rows))[:, None]


def clusters(n_rows=300, seed=0):
    rng = np.random.default_rng(seed)
    centres = np.array([[0.0, 0.0], [4.0, 1.0], [0.0, 4.0]])
    noise = rng.normal(size=(n_rows, 2)) @ np.array([[1.0, 0.6], [0.0, 0.7]])
    return noise + centres[rng.integers(0, 3, n_rows)]


def tight(model):
    """Return an estimator of pure maximum likelihood that runs to its very end."""
    return model.set_params(prior=None, tol=1e-13, max_iter=20_000, algorithm="squarem")


def plain_em(rows, shares, code, held, sweeps):
    """Return ℓ of each sweep of EM in which some means are held by whole vectors."""
    found = []
    for _ in range(sweeps):
        n_k = shares.sum(axis=0)
        means = np.where(np.isnan(held), (shares.T @ rows) / n_k[:, None], held)
        gaps = rows[:, None] - means
        scatter = np.einsum("nk,nki,nkj->kij", shares, gaps, gaps)
        if code == "EEE":
            covariances = np.repeat(scatter.sum(axis=0, keepdims=True) / n_k.sum(), len(n_k), 0)
        else:
            covariances = scatter / n_k[:, None, None]
        if code == "VVI":
            covariances = covariances * np.eye(rows.shape[1])
        if code == "VII":
            covariances = np.trace(covariances, axis1=1, axis2=2)[:, None, None] * np.eye(2) / 2
        pairs = zip(means, covariances, strict=True)
        logs = np.column_stack([log_normal(rows, *pair) for pair in pairs])
        joint = np.log(n_k / n_k.sum()) + logs
        total = logsumexp(joint, axis=1)
        found.append(float(total.sum()))
        shares = np.exp(joint - total[:, None])
    return found


def test_an_empirical_null_is_where_direct_maximisation_puts_it():
    rows = scores()

    def build(point):
        return log_weights(point[:1]), (point[1], np.exp(point[2]))

    def logs(rows, other):
        return np.hstack([norm.logpdf(rows), norm(*other).logpdf(rows)])

    best, (mean, width) = likeliest(rows, build, logs, 3)
    model = tight(GaussianMixture(2, fix=NULL, random_state=0)).fit(rows)
    assert_allclose(model.log_likelihood_, best, atol=1e-6)
    assert_allclose(model.means_.ravel(), [0.0, mean], atol=1e-3)
    assert_allclose(model.covariances_.ravel(), [1.0, width**2], rtol=1e-3)
    assert model.n_parameters_ == 3
    assert (model.means_[0, 0], model.covariances_[0, 0, 0]) == (0.0, 1.0)
    turned = {name: value[::-1] for name, value in NULL.items()}
    other = tight(GaussianMixture(2, fix=turned, random_state=0)).fit(rows)
    assert_allclose(other.weights_, model.weights_[::-1], rtol=1e-4)
    narrow = GaussianMixture(
        2, covariance_type="spherical", fix={**NULL, "covariances": [1.0, None]}, random_state=0
    )
    assert_allclose(tight(narrow).fit(rows).log_likelihood_, best, atol=1e-6)


@pytest.mark.parametrize("code", ["VVV", "EEE", "VVI", "VII"])
def test_sweeps_are_those_of_plain_em_where_whole_means_are_held(code):
    rows, shares = clusters(), np.random.default_rng(1).dirichlet(np.ones(3), 300)
    held = np.array([[0.5, 0.0], [NAN, NAN], [0.0, 3.5]])
    expected = plain_em(rows, shares, code, held, 12)
    model = GaussianMixture(
        3,
        covariance_type=code,
        fix={"means": held},
        responsibilities_init=shares,
        algorithm="em",
        tol=0.0,
        max_iter=12,
        prior=None,
    ).fit(rows)
    assert_allclose(model.history_.log_likelihood[:12], expected, rtol=1e-9)
    assert_array_equal(model.means_[[0, 2]], held[[0, 2]])


def cholesky(point):
    factor = np.array([[np.exp(point[0]), 0.0], [point[1], np.exp(point[2])]])
    return factor @ factor.T


def log_normal(rows, mean, covariance):
    factor = np.linalg.cholesky(covariance)
    white = np.linalg.solve(factor, (rows - mean).T)
    return -0.5 * (white**2 + np.log(2 * np.pi)).sum(axis=0) - np.log(factor.diagonal()).sum()


def test_single_means_held_or_equal_are_where_direct_maximisation_puts_them():
    rows = clusters()[:200]

    def logs(rows, parameters):
        pairs = zip(*parameters, strict=True)
        return np.column_stack([log_normal(rows, *pair) for pair in pairs])

    def held(point):
        means = np.array([[0.3, point[1]], [point[2], point[3]]])
        return log_weights(point[:1]), (means, [cholesky(point[4:7]), cholesky(point[7:10])])

    best, _ = likeliest(rows, held, logs, 10, n_starts=6)
    fix = {"means": [[0.3, NAN], [NAN, NAN]]}
    fits = [tight(GaussianMixture(2, fix=fix, random_state=k)).fit(rows) for k in range(3)]
    assert_allclose(max(fit.log_likelihood_ for fit in fits), best, atol=1e-5)
    assert {fit.n_parameters_ for fit in fits} == {10}

    def equal(point):
        means = np.array([[point[1], point[3]], [point[2], point[3]]])
        return log_weights(point[:1]), (means, [cholesky(point[4:7]), cholesky(point[7:10])])

    best, _ = likeliest(rows, equal, logs, 10, n_starts=6)
    fits = [
        tight(GaussianMixture(2, equal={"means": [1]}, random_state=k)).fit(rows) for k in range(3)
    ]
    assert_allclose(max(fit.log_likelihood_ for fit in fits), best, atol=1e-4)
    assert all(np.ptp(fit.means_[:, 1]) == 0.0 and fit.n_parameters_ == 10 for fit in fits)


@given(st.integers(0, 10_000))
def test_bound_means_are_the_best_that_obey(seed):
    rng = np.random.default_rng(seed)
    width = int(rng.integers(1, 5))
    rows, means = rng.gamma(1.0, 20.0, 3), rng.normal(size=(3, width))
    noise = rng.normal(size=(3, width, width + 2))
    storage = ("full", "diagonal", "spherical")[rng.integers(0, 3)]
    dense = noise @ noise.transpose(0, 2, 1)
    own = {
        "full": dense,
        "diagonal": np.diagonal(dense, axis1=1, axis2=2),
        "spherical": dense[:, 0, 0],
    }[storage]
    covariance = covariance_from(storage, own, width)
    values = np.where(rng.random((3, width)) < 0.3, rng.normal(size=(3, width)), NAN)
    ties = np.zeros((3, width), dtype=np.int64)
    ties[:, 0] = rng.integers(0, 2)
    ties[~np.isnan(values)] = 0
    found = bound_means(rows, means, covariance, values, ties)
    held, tied = ~np.isnan(values), ties > 0
    assert_array_equal(found[held], values[held])
    assert not tied.any() or np.ptp(found[tied]) < 1e-12

    def cost(candidate):
        shift = means - candidate
        return float(rows @ (shift * covariance.precision_times(shift)).sum(axis=1))

    best = cost(found)
    for _ in range(10):
        step = rng.normal(size=(3, width)) * 10.0 ** -rng.integers(0, 5)
        step[held] = 0.0
        step[tied] = step[tied].mean() if tied.any() else 0.0
        assert cost(found + step) >= best * (1 - 1e-12) - 1e-9


BOUND = {
    "whole means": {"fix": {"means": [[0.0, 0.0], [NAN, NAN], [NAN, NAN]]}},
    "single means": {"fix": {"means": [[NAN, 0.0], [4.0, NAN], [NAN, NAN]]}},
    "equal means": {"equal": {"means": {1: [1, 0, 1]}}},
}


@cache
def free_of(code):
    return GaussianMixture(3, covariance_type=code, random_state=0).fit(clusters())


# Each structure in one way every time.
USUAL = set(zip(CODES, cycle(BOUND), strict=False))
PAIRS = sorted(product(CODES, BOUND), key=lambda pair: pair not in USUAL)


@pytest.mark.parametrize(("code", "how"), first(len(CODES), PAIRS))
def test_every_structure_obeys_and_is_nested_in_freedom(code, how):
    rows, free = clusters(), free_of(code)
    model = GaussianMixture(3, covariance_type=code, random_state=0, **BOUND[how]).fit(rows)
    objective = np.array(model.history_.objective)
    assert (np.diff(objective) >= -1e-9 * np.abs(objective[1:])).all()
    fixed = np.array(BOUND[how].get("fix", {"means": np.full((3, 2), NAN)})["means"])
    assert_array_equal(model.means_[~np.isnan(fixed)], fixed[~np.isnan(fixed)])
    if how == "equal means":
        assert_allclose(model.means_[0, 1], model.means_[2, 1], rtol=1e-12)
    fewer = 2 if how != "equal means" else 1
    assert model.n_parameters_ == free.n_parameters_ - fewer
    assert len(parameter_names(model.mixture_)) == model.n_parameters_
    assert model.log_likelihood_ <= free.log_likelihood_ + 1e-3


@pytest.mark.parametrize("code", CODES)
def test_every_structure_loses_nothing_where_all_is_held_at_the_free_optimum(code):
    rows, free = clusters(), free_of(code)
    there = GaussianMixture(
        3,
        covariance_type=code,
        random_state=0,
        fix={"means": free.means_, "covariances": free.covariances_},
    ).fit(rows)
    assert_allclose(there.log_likelihood_, free.log_likelihood_, atol=1e-3)
    assert there.n_parameters_ == len(parameter_names(there.mixture_)) == 2


@pytest.mark.parametrize("code", ["full", "diag", "spherical"])
def test_some_covariances_are_held_where_each_is_a_components_own(code):
    rows = clusters()
    own = {
        "full": [[[1.0, 0.3], [0.3, 0.8]], None, None],
        "diag": [[1.0, 0.8], None, None],
        "spherical": [0.9, None, None],
    }[code]
    model = GaussianMixture(
        3, covariance_type=code, fix={"covariances": own}, random_state=0, max_iter=2000
    ).fit(rows)
    assert_allclose(model.covariances_[0], np.array(own[0]), rtol=1e-14)
    names = parameter_names(model.mixture_)
    assert len(names) == model.n_parameters_
    assert not any(name.startswith("covariances[0") for name in names)
    errors = information(model.mixture_, rows).standard_errors()["covariances"]
    assert np.isnan(errors[0]).all()
    assert np.isfinite(errors[1:]).all()


def test_standard_errors_are_those_of_the_constrained_likelihood():
    rows = scores(seed=3)
    model = tight(GaussianMixture(2, fix=NULL, random_state=0)).fit(rows)

    def value(point):
        logs = np.hstack([norm.logpdf(rows), norm(point[1], np.sqrt(point[2])).logpdf(rows)])
        return float(logsumexp(np.log([point[0], 1 - point[0]]) + logs, axis=1).sum())

    point = np.array([model.weights_[0], model.means_[1, 0], model.covariances_[1, 0, 0]])
    steps = 1e-4 * np.eye(3)
    hessian = np.array(
        [
            [
                sum(s * t * value(point + s * a + t * b) for s in (1, -1) for t in (1, -1)) / 4e-8
                for b in steps
            ]
            for a in steps
        ]
    )
    expected = np.sqrt(np.diag(np.linalg.inv(-hessian)))
    errors = information(model.mixture_, rows).standard_errors()
    assert_allclose(errors["weights"], expected[0], rtol=1e-3)
    assert_allclose(errors["means"], [[NAN], [expected[1]]], rtol=1e-3)
    assert_allclose(errors["covariances"].ravel(), [NAN, expected[2]], rtol=1e-3)


def test_standard_errors_of_equal_means_are_smaller():
    rows = clusters()
    model = tight(GaussianMixture(2, equal={"means": [1]}, random_state=0)).fit(rows)
    told = information(model.mixture_, rows)
    assert len(told.names) == model.n_parameters_
    errors = told.standard_errors()["means"]
    assert errors[0, 1] == pytest.approx(errors[1, 1])


def test_units_do_not_matter_to_what_is_held():
    rows = clusters()
    fix = {"means": [[NAN, 0.5], [4.0, 1.0], [NAN, NAN]], "covariances": [None, np.eye(2), None]}
    model = GaussianMixture(3, fix=fix, random_state=0).fit(rows)
    for factor, offset in ((1e8, 0.0), (1e-150, 0.0), (1.0, 1e4)):
        there = {
            "means": np.array(fix["means"]) * factor + offset,
            "covariances": [None, factor**2 * np.eye(2), None],
        }
        moved = GaussianMixture(3, fix=there, random_state=0).fit(rows * factor + offset)
        assert_allclose((moved.means_ - offset) / factor, model.means_, atol=2e-2)
        assert_array_equal(moved.means_[1], there["means"][1])


def test_missing_cells_are_left_out_beside_what_is_held():
    rows = clusters()[:200]
    rows[::5, 0] = NAN
    fix = {"means": [[0.0, 0.0], [NAN, NAN]]}

    def build(point):
        means = np.array([[0.0, 0.0], point[1:3]])
        return log_weights(point[:1]), (means, [cholesky(point[3:6]), cholesky(point[6:9])])

    def logs(rows, parameters):
        gaps, found = np.isnan(rows[:, 0]), np.empty((len(rows), 2))
        for k, (mean, covariance) in enumerate(zip(*parameters, strict=True)):
            found[~gaps, k] = log_normal(rows[~gaps], mean, covariance)
            found[gaps, k] = norm(mean[1], np.sqrt(covariance[1, 1])).logpdf(rows[gaps, 1])
        return found

    best, _ = likeliest(rows, build, logs, 9, n_starts=3)
    fits = [
        tight(GaussianMixture(2, fix=fix, missing="marginal", random_state=k)).fit(rows)
        for k in range(3)
    ]
    assert_allclose(max(fit.log_likelihood_ for fit in fits), best, atol=1e-4)


def test_the_fit_is_kept_and_begun_as_others_are(tmp_path):
    rows = scores()
    model = GaussianMixture(2, fix=NULL, random_state=0).fit(rows)
    model.save(tmp_path / "m.mixtura")
    again = load(tmp_path / "m.mixtura")
    assert again.mixture_.constraints == model.mixture_.constraints
    assert again.n_parameters_ == 3
    assert_allclose(again.fit(rows).log_likelihood_, model.log_likelihood_, atol=1e-9)
    begun = GaussianMixture(
        2, fix=NULL, means_init=[[5.0], [3.0]], weights_init=[0.5, 0.5], random_state=0
    ).fit(rows)
    assert begun.means_[0, 0] == 0.0
    ridge = GaussianMixture(2, fix=NULL, reg_covar=1e-6, tol=1e-6, random_state=0).fit(rows)
    assert_allclose(ridge.log_likelihood_, model.log_likelihood_, atol=0.05)
    single = GaussianMixture(2, fix=NULL, random_state=0).fit(rows.astype(np.float32))
    assert_allclose(single.log_likelihood_, model.log_likelihood_, atol=0.05)
    several = GaussianMixture(2, fix=NULL, random_state=0, n_init=3).fit(rows)
    assert several.log_likelihood_ >= model.log_likelihood_ - 1e-3
    model.set_params(warm_start=True).fit(rows)
    assert model.means_[0, 0] == 0.0


def test_searches_bind_every_structure():
    rows = clusters()
    fix = {"means": [[0.0, 0.0], [NAN, NAN]]}
    found = select(rows, 2, ["VVV", "EEE", "VII"], fix=fix, random_state=0)
    for candidate in found.candidates:
        assert_array_equal(candidate.result.mixture.parameters.means[0], 0.0)
        alone = GaussianMixture(2, covariance_type=candidate.kind, fix=fix, random_state=0)
        assert candidate.result.log_likelihood >= alone.fit(rows).log_likelihood_ - 0.05
    table = enumerate_classes(rows, [1, 2], GaussianMixture(equal={"means": [1]}))
    means = table.mixture(2).parameters.means
    assert np.ptp(means[:, 1]) == 0.0
    with pytest.raises(ParameterError, match="there are 1 components"):
        select(rows, [1, 2], "VVV", fix=fix)


def test_parameters_that_are_given_obey():
    told = {"weights": [0.7, 0.3], "means": [[0.0], [2.0]], "covariances": [[[1.0]], [[2.0]]]}
    model = GaussianMixture.from_parameters(**told, fix=NULL)
    assert model.mixture_.n_parameters == 3
    with pytest.raises(ParameterError, match="others than"):
        GaussianMixture.from_parameters(**{**told, "means": [[0.5], [2.0]]}, fix=NULL)


def test_a_component_that_is_held_rests_on_any_number_of_rows():
    rng = np.random.default_rng(0)
    rows = np.vstack([rng.normal(20.0, 1.0, (80, 2)), [[0.0, 0.1]]])
    fix = {"means": [[0.0, 0.0], [NAN, NAN]], "covariances": [np.eye(2), None]}
    model = GaussianMixture(2, fix=fix, random_state=0).fit(rows)
    assert not model.facts_["cautions"]
    assert_allclose(model.weights_[0], 1 / 81, rtol=1e-3)


def test_a_width_that_is_held_is_what_the_user_wants():
    rows = np.round(2 * np.random.default_rng(0).normal(size=(300, 1)))
    fix = {"means": [[0.0], [NAN]], "covariances": [[[0.01]], None]}
    model = GaussianMixture(2, fix=fix, random_state=0).fit(rows)
    assert model.covariances_[0, 0, 0] == pytest.approx(0.01, rel=1e-14)
    assert not any("narrower" in one for one in model.facts_["cautions"])


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"fix": {"rates": [[0.0]]}}, "means and covariances"),
        ({"fix": {"means": [[0.0]]}}, "there are 2 components"),
        ({"fix": {"covariances": [[[1.0, NAN], [NAN, 1.0]], None]}}, "hold all of them or none"),
        ({"fix": {"covariances": [[[1.0, 2.0], [2.0, 1.0]], None]}}, "cannot be"),
        ({"fix": {"covariances": [np.full((2, 2), 2.0), None]}}, "singular to its last digits"),
        ({"fix": {"covariances": [None, np.full((2, 2), np.inf)]}}, "infinite .* component 1"),
        ({"fix": {"means": [[np.inf, 0.0], [NAN, NAN]]}}, "infinite means of component 0"),
        ({"fix": {"covariances": np.eye(3)}}, r"in the shape \(2, 2, 2\), .* got \(3, 3\)"),
        ({"fix": {"covariances": [[[1.0, 0.5], [0.2, 1.0]], None]}}, "symmetric"),
        ({"fix": {"covariances": [1.0, 2.0]}}, "whole, in the shape"),
        ({"fix": {"covariances": [np.eye(2), None]}, "covariance_type": "VEV"}, "in common"),
        (
            {"fix": {"covariances": [np.eye(2), 2 * np.eye(2)]}, "covariance_type": "tied"},
            "one for all",
        ),
        (
            {"fix": {"covariances": [[[1, 0.1], [0.1, 1]], None]}, "covariance_type": "VVI"},
            "beside the diagonal",
        ),
        ({"fix": {"covariances": [[-1.0, 1.0], None]}, "covariance_type": "diag"}, "not positive"),
        ({"equal": {"covariances": True}}, "covariance"),
        ({"equal": {"covariances": [0]}}, "equal speaks of covariances"),
        ({"equal": {"means": [[1, 1], [0, 0]]}}, "different columns"),
        ({"fix": {"means": [[0.0, NAN]] * 2}, "prior": NormalInverseWishart()}, "prior"),
    ],
)
def test_what_cannot_be_held_is_refused_in_words(told, words):
    with pytest.raises(ParameterError, match=words):
        GaussianMixture(2, **told).fit(clusters())


@pytest.mark.parametrize("gap", [1e-6, 1e-10, 1e-13])
def test_covariances_that_are_nearly_singular_can_be_held(gap):
    scale = np.array([1e-9, 1e9])
    own = np.array([[1.0, 1.0 - gap], [1.0 - gap, 1.0]])
    shared, alone = np.random.default_rng(0).normal(size=(2, 200))
    rows = np.stack([shared, (1.0 - gap) * shared + np.sqrt(2.0 * gap) * alone], axis=1) * scale
    held = own * np.outer(scale, scale)
    model = GaussianMixture(1, fix={"covariances": held[None]}).fit(rows)
    assert_allclose(model.covariances_[0], held, rtol=1e-12)


@pytest.mark.parametrize("of", [pd.DataFrame, pl.DataFrame])
def test_a_frame_of_what_is_held_is_read_by_the_names_of_its_columns(of):
    rows = pd.DataFrame(clusters(), columns=["u", "v"])
    fix = {"means": of({"v": [1.0, None], "u": [4.0, None]})}
    model = GaussianMixture(2, fix=fix, random_state=0).fit(rows)
    assert_array_equal(model.means_[0], [4.0, 1.0])
    with pytest.raises(ParameterError, match="no column 'w'"):
        GaussianMixture(2, fix={"means": of({"w": [1.0, None]})}).fit(rows)


def test_none_may_stand_for_all_numbers_of_a_component():
    means = {"means": [[4.0, 1.0], None]}
    model = GaussianMixture(2, fix=means, random_state=0).fit(clusters())
    assert_array_equal(model.means_[0], [4.0, 1.0])
    assert model.n_parameters_ == 9
    held = {"covariances": [np.eye(2), None]}
    model = GaussianMixture(2, covariance_type="spherical", fix=held, random_state=0)
    assert model.fit(clusters()).covariances_[0] == pytest.approx(1.0, rel=1e-14)


@pytest.mark.parametrize("held", [1e12, -1e200, 1e300])
def test_a_mean_held_where_no_row_is_near_is_refused(held: float) -> None:
    rows = np.random.default_rng(2).normal(size=(60, 2)) + 5.0
    fix = {"means": [[np.nan, held], [np.nan, np.nan]]}
    with pytest.raises(ParameterError, match=r"fix holds means\[0, 1\] at .* so far away"):
        GaussianMixture(2, fix=fix).fit(rows)
    # Units are no distance.
    scaled = {"means": [[np.nan, 5e200], [np.nan, np.nan]]}
    assert GaussianMixture(2, fix=scaled, random_state=0).fit(rows * 1e200).means_[0, 1] == 5e200


@pytest.mark.parametrize("offset", [0.0, 1e6, -1e9])
@pytest.mark.parametrize("bound", ["equal", "fix"])
def test_a_start_far_from_the_origin_obeys_what_is_bound(
    bound: str, offset: float, fresh_seed: int
) -> None:
    # Means that are alike to nine digits of the origin are ten widths apart in the rows.
    rng = np.random.default_rng(fresh_seed)
    rows = offset + 1e-2 * np.concatenate([rng.normal(size=(50, 1)), rng.normal(4, 1, (20, 1))])
    how = {"equal": {"means": [0]}} if bound == "equal" else {"fix": {"means": [[offset]] * 2}}
    start = offset + np.array([[0.0], [0.05]])
    model = GaussianMixture(2, covariance_type="tied", means_init=start, **how).fit(rows)
    about = rows.mean() if bound == "equal" else offset
    alone = norm(about, np.sqrt(np.square(rows - about).mean())).logpdf(rows).sum()
    assert_allclose(model.history_.objective, alone, rtol=1e-6)
