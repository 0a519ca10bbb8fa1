"""Numbers held or equal beside noise, against direct maximisation, finite differences and laws."""

import numpy as np
import pandas as pd
import pytest
from bound_problems import likeliest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, logsumexp
from scipy.stats import multivariate_normal, poisson

from mixtura import (
    BernoulliMixture,
    DataError,
    GaussianMixture,
    MixedMixture,
    PoissonMixture,
    load,
    select,
)
from mixtura.inference import bootstrap, information, parameter_names

pytestmark = [
    pytest.mark.filterwarnings("ignore:Best performing initialization"),
    pytest.mark.drawn(4, among="file"),
]

NAN = np.nan
VOLUME = 625.0


def clusters(seed=0):
    """Return rows of two clusters, and scattered ones in a square of that volume."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, (240, 1))
    rows = label * np.array([6.0, 0.5]) + rng.normal(size=(240, 2)) * (1.0 + 0.5 * label)
    return np.vstack([rows, rng.uniform(-10.0, 15.0, (40, 2))])


def counts(seed=0):
    rng = np.random.default_rng(seed)
    rates = np.array([[1.0, 6.0], [9.0, 2.0]])
    rows = rng.poisson(rates[rng.integers(0, 2, 240)])
    return np.vstack([rows, rng.integers(0, 30, (30, 2))]).astype(float)


def shares(logits):
    """Return log shares of two components and noise."""
    full = np.append(logits, 0.0)
    return full - logsumexp(full)


def tight(model):
    """Return an estimator of pure maximum likelihood that runs to its very end."""
    return model.set_params(prior=None, tol=1e-13, max_iter=20_000, algorithm="squarem")


def with_noise(logs, log_density):
    """Return log densities (N, 2) beside those of noise."""
    return np.column_stack([logs, np.full(len(logs), log_density)])


def spread(root):
    lower = np.array([[np.exp(root[0]), 0.0], [root[1], np.exp(root[2])]])
    return lower @ lower.T


def held_means(point):
    means = np.array([[0.0, 0.0], point[2:4]])
    return shares(point[:2]), (means, (spread(point[4:7]), spread(point[7:10])))


def equal_means(point):
    means = np.array([[point[2], point[4]], [point[3], point[4]]])
    return shares(point[:2]), (means, (spread(point[5:8]), spread(point[8:11])))


def held_covariance(point):
    return shares(point[:2]), (point[2:6].reshape(2, 2), (np.eye(2), spread(point[6:9])))


ABOUT = {
    "means": [2.0, 2.0, 6.0, 0.5, 0, 0, 0, 0, 0, 0],
    "equal": [2.0, 2.0, 0.0, 6.0, 0.3, 0, 0, 0, 0, 0, 0],
    "covariance": [2.0, 2.0, 0.0, 0.0, 6.0, 0.5, 0, 0, 0],
}


@pytest.mark.parametrize(
    ("about", "build", "told"),
    [
        ("means", held_means, {"fix": {"means": [[0.0, 0.0], [NAN, NAN]]}}),
        ("equal", equal_means, {"equal": {"means": [1]}}),
        ("covariance", held_covariance, {"fix": {"covariances": [np.eye(2), None]}}),
    ],
)
def test_gaussians_are_where_direct_maximisation_puts_them(about, build, told):
    rows = clusters()

    def logs(rows, parameters):
        each = [multivariate_normal(*one).logpdf(rows) for one in zip(*parameters, strict=True)]
        return with_noise(np.stack(each, axis=1), -np.log(VOLUME))

    start = np.array(ABOUT[about])
    best, _ = likeliest(rows, build, logs, len(start), n_starts=4, spread=0.3, about=start)
    noisy = GaussianMixture(2, noise="uniform", noise_volume=VOLUME, random_state=0)
    model = tight(noisy.set_params(**told)).fit(rows)
    assert_allclose(model.log_likelihood_, best, atol=1e-5)
    # What rows take up is counted as one more.
    assert model.n_parameters_ - 1 == len(parameter_names(model.mixture_)) == len(start)
    free = tight(noisy.set_params(fix=None, equal=None)).fit(rows)
    assert model.log_likelihood_ <= free.log_likelihood_ + 1e-7


def likeliest_counts(rows):
    """Return the highest log-likelihood with one rate held at 1, and others equal."""
    log_density = -np.log(np.prod(np.ptp(rows, axis=0) + 1.0))

    def build(point):
        rates = np.exp([[0.0, point[2]], [point[3], point[2]]])
        return shares(point[:2]), rates

    def logs(rows, rates):
        return with_noise(poisson(rates).logpmf(rows[:, None]).sum(axis=2), log_density)

    return likeliest(rows, build, logs, 4, about=1.0, spread=0.7)[0]


BOUND = {"fix": {"rates": [[1.0, NAN], [NAN, NAN]]}, "equal": {"rates": [1]}}


def test_counts_are_where_direct_maximisation_puts_them():
    rows = counts()
    model = tight(PoissonMixture(2, noise="uniform", random_state=0, **BOUND)).fit(rows)
    assert_allclose(model.log_likelihood_, likeliest_counts(rows), atol=1e-5)
    assert model.rates_[0, 0] == 1.0
    assert model.rates_[0, 1] == model.rates_[1, 1]
    free = PoissonMixture(2, noise="uniform", random_state=0).fit(rows)
    assert free.n_parameters_ - model.n_parameters_ == 2


def test_rows_that_no_component_allows_are_noise():
    rng = np.random.default_rng(0)
    yes = (rng.random((200, 6)) < np.array([0.9] * 5 + [0.0])).astype(int)
    yes[:10] = rng.integers(0, 2, (10, 6))
    yes[:3, 5] = 1
    never = {"fix": {"probabilities": {5: [0.0, 0.0]}}}
    with pytest.raises(DataError, match="is impossible in every component"):
        BernoulliMixture(2, **never).fit(yes)
    model = BernoulliMixture(2, noise="uniform", random_state=0, **never).fit(yes)
    assert_array_equal(model.probabilities_[:, 5], 0.0)
    assert_array_equal(model.predict(yes)[yes[:, 5] > 0], -1)


def test_standard_errors_are_those_of_the_constrained_likelihood():
    rows = counts(seed=1)
    model = tight(PoissonMixture(2, noise="uniform", random_state=0, **BOUND)).fit(rows)
    log_density = -np.log(np.prod(np.ptp(rows, axis=0) + 1.0))

    def value(point):
        weights = np.array([*point[:2], 1.0 - point[0] - point[1]])
        rates = np.array([[1.0, point[3]], [point[2], point[3]]])
        logs = with_noise(poisson(rates).logpmf(rows[:, None]).sum(axis=2), log_density)
        return float(logsumexp(np.log(weights) + logs, axis=1).sum())

    own = model.rates_
    point = np.array([*model.weights_[:2], own[1, 0], own[0, 1]])
    steps = 1e-4 * np.eye(4)
    second = [
        [
            sum(s * t * value(point + s * a + t * b) for s in (1, -1) for t in (1, -1)) / 4e-8
            for a in steps
        ]
        for b in steps
    ]
    expected = np.sqrt(np.diag(np.linalg.inv(-np.array(second))))
    told = information(model.mixture_, rows)
    errors = told.standard_errors()
    assert_allclose(errors["weights"][:2], expected[:2], rtol=1e-4)
    assert_allclose(errors["rates"][1], expected[2:], rtol=1e-4)
    assert np.isnan(errors["rates"][0, 0])
    assert len(told.names) == 4


def test_replicates_of_the_bootstrap_hold_what_was_held():
    rows = counts()
    model = PoissonMixture(2, noise="uniform", random_state=0, **BOUND).fit(rows)
    errors = bootstrap(model.mixture_, rows, n_replicates=6, random_state=0).standard_errors()
    assert errors["rates"][0, 0] == 0.0
    assert errors["rates"][0, 1] == errors["rates"][1, 1] > 0.0


def test_files_keep_what_is_held_and_summaries_say_it(tmp_path):
    rows = counts()
    model = PoissonMixture(2, noise="uniform", random_state=0, **BOUND).fit(rows)
    model.save(tmp_path / "m.mixtura")
    again = load(tmp_path / "m.mixtura")
    assert again.mixture_.constraints == model.mixture_.constraints
    assert again.n_parameters_ == again.mixture_.n_parameters == model.n_parameters_
    assert again.summary() == model.summary()
    assert "\nrates: 1 of 4 held, 2 equal by 1 value(s)\n" in again.summary()
    assert again.fit(rows).log_likelihood_ == pytest.approx(model.log_likelihood_, abs=1e-9)
    more = again.partial_fit(rows)
    assert more.rates_[0, 0] == 1.0
    assert more.rates_[0, 1] == more.rates_[1, 1]


@pytest.mark.parametrize("y", [None, "some"])
@pytest.mark.parametrize("gaps", [False, True])
def test_labels_and_missing_cells_change_nothing_of_what_is_held(y, gaps):
    rows, rng = clusters(), np.random.default_rng(1)
    known = np.where(np.arange(len(rows)) < 20, (rows[:, 0] > 3).astype(int), -1)
    if gaps:
        rows[rng.random(len(rows)) < 0.2, 1] = NAN
    fix = {"means": [[0.0, NAN], [NAN, NAN]], "covariances": [np.eye(2), None]}
    model = GaussianMixture(2, noise="uniform", missing="marginal", random_state=0, fix=fix)
    model.fit(rows, None if y is None else known)
    assert model.means_[0, 0] == 0.0
    assert_allclose(model.covariances_[0], np.eye(2), rtol=0, atol=0)
    objective = np.array(model.history_.objective)
    assert (np.diff(objective) >= -1e-9 * np.abs(objective[1:])).all()
    assert abs(model.means_[1, 0] - 6.0) < 0.5


def test_components_follow_what_is_held_of_them_and_noise_stays_the_last():
    rows = clusters()
    held = np.array([[0.0, 0.0], [6.0, 0.5]])
    for fixed in (held, held[::-1]):
        model = GaussianMixture(2, noise="uniform", fix={"means": fixed}, random_state=0).fit(rows)
        assert_array_equal(model.means_, fixed)
        assert (model.predict(rows[-40:]) == -1).mean() > 0.5


def test_searches_bind_beside_noise_too():
    found = select(
        clusters(), range(1, 4), ["EII", "VVV"], noise="uniform", equal={"means": [1]},
        random_state=0,
    )  # fmt: skip
    assert len(found.candidates) == 6
    for candidate in found.candidates:
        means = candidate.result.mixture.parameters.means
        assert np.ptp(means[:, 1]) < 1e-12
    free = select(clusters(), range(1, 4), ["EII", "VVV"], noise="uniform", random_state=0)
    highest = {(one.kind, one.n_components): one.result.log_likelihood for one in free.candidates}
    for one in found.candidates:
        assert one.result.log_likelihood <= highest[one.kind, one.n_components] + 1e-3


def test_blocks_of_mixed_columns_obey_beside_noise():
    rng = np.random.default_rng(0)
    rows = clusters()
    says = (rng.random(len(rows)) < expit(rows[:, 0] - 3.0)).astype(int)
    frame = pd.DataFrame({"a": rows[:, 0], "b": rows[:, 1], "says": says})
    blocks = {"gaussian": ["a", "b"], "categorical": ["says"]}
    fix = {"gaussian.means": {"a": [0.0, NAN]}}
    equal = {"categorical.probabilities": ["says"]}
    model = MixedMixture(2, blocks, noise="uniform", fix=fix, equal=equal, random_state=0)
    parameters = model.fit(frame).mixture_.parameters.inner.parts
    assert parameters[0].means[0, 0] == 0.0
    assert np.ptp(parameters[1].probabilities, axis=0).max() < 1e-12


def test_one_component_more_never_ends_lower_where_what_is_equal_fits_badly():
    """The free fit splits by the very column whose rates are to be equal."""
    rng = np.random.default_rng(0)
    rates = np.array([[1.0, 6.0], [9.0, 2.0]])
    rows = rng.poisson(rates[rng.integers(0, 2, 150)])
    found = [
        PoissonMixture(k, noise="uniform", equal={"rates": [0]}, random_state=0).fit(rows)
        for k in (1, 2, 3)
    ]
    assert (np.diff([model.log_likelihood_ for model in found]) > -0.01).all()
