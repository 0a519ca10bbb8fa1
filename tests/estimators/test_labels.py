"""Rows whose components are known or narrowed down keep to them, in every mixture."""

from collections.abc import Callable
from typing import Any

import numpy as np
import oracles
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    GaussianMixture,
    MixedMixture,
    MultinomialMixture,
    PoissonMixture,
)
from mixtura.errors import DataError, MixturaWarning, ParameterError

Float = NDArray[np.float64]
Labels = NDArray[np.int64]

SEMI = [
    (name, fit) for name, doc in oracles.mclust("semi_supervised").items() for fit in doc["fits"]
]
DISCRETE = (BernoulliMixture, CategoricalMixture, MultinomialMixture, PoissonMixture)


def every_fifth_known(name: str) -> tuple[Float, Labels]:
    """Return a data set's rows and y as the reference results have it."""
    data = oracles.dataset(name)
    assert data.labels is not None
    classes = oracles.mclust("semi_supervised")[name]["classes"]
    y = np.full(len(data.values), -1)
    y[::5] = [classes.index(label) for label in data.labels[::5]]
    return data.values, y


@pytest.fixture
def rows() -> Float:
    rng = np.random.default_rng(5)
    return np.vstack([rng.normal(centre, 1.0, (60, 2)) for centre in (0.0, 2.0, 5.0)])


@pytest.fixture
def y() -> Labels:
    known = np.full(180, -1)
    known[[3, 17, 40]], known[[70, 90, 111]], known[[130, 150]] = 2, 0, 1
    return known


def binary_rows() -> tuple[NDArray[Any], Labels]:
    """Return rows of zeros and ones of two classes, and y that knows some."""
    rng = np.random.default_rng(8)
    classes = rng.integers(0, 2, 200)
    shares = np.array([[0.8, 0.7, 0.6, 0.9, 0.3], [0.2, 0.4, 0.3, 0.3, 0.7]])
    rows = (rng.random((200, 5)) < shares[classes]).astype(float)
    return rows, np.where(np.arange(200) % 4 == 0, 1 - classes, -1)


@pytest.mark.parametrize(("name", "reference"), SEMI, ids=[fit["id"] for _, fit in SEMI])
def test_the_fit_is_that_of_mclust(name: str, reference: Any) -> None:
    values, y = every_fifth_known(name)
    n_components = int(y.max()) + 1
    shares = np.full((len(y), n_components), 1.0 / n_components)
    shares[y >= 0] = np.eye(n_components)[y[y >= 0]]
    mixture = GaussianMixture(
        n_components,
        covariance_type=reference["model"],
        prior=None,
        responsibilities_init=shares,
    ).fit(values, y)
    # Our rule leaves 1e-3 nats to gain.
    assert mixture.log_likelihood_ == pytest.approx(reference["loglik"], abs=1e-3)
    assert mixture.n_parameters_ == reference["n_params"]
    np.testing.assert_allclose(mixture.weights_, reference["weights"], atol=2e-3)


def test_a_start_of_our_own_is_no_worse_than_one_from_the_known_rows() -> None:
    for name, reference in SEMI:
        values, y = every_fifth_known(name)
        fitted = GaussianMixture(
            int(y.max()) + 1, covariance_type=reference["model"], prior=None, random_state=0
        ).fit(values, y)
        assert fitted.log_likelihood_ > reference["loglik"] - 1e-3, reference["id"]


def test_one_step_is_that_of_masked_responsibilities(rows: Float, y: Labels) -> None:
    start = GaussianMixture(3, max_iter=0, prior=None, random_state=0).fit(rows, y)
    after = GaussianMixture(
        3,
        max_iter=1,
        tol=0.0,
        prior=None,
        weights_init=start.weights_,
        means_init=start.means_,
        precisions_init=start.precisions_,
    )
    with pytest.warns(UserWarning, match="did not converge"):
        after.fit(rows, y)
    joint = np.column_stack(
        [
            np.log(weight) + multivariate_normal(mean, covariance).logpdf(rows)
            for weight, mean, covariance in zip(
                start.weights_, start.means_, start.covariances_, strict=True
            )
        ]
    )
    joint[(y[:, None] >= 0) & (np.arange(3) != y[:, None])] = -np.inf
    assert start.log_likelihood_ == pytest.approx(logsumexp(joint, axis=1).sum(), abs=1e-9)
    shares = np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
    np.testing.assert_allclose(after.weights_, shares.mean(axis=0), rtol=1e-10)
    means = shares.T @ rows / shares.sum(axis=0)[:, None]
    np.testing.assert_allclose(after.means_, means, rtol=1e-9)


def test_a_fully_labelled_fit_has_the_moments_of_the_classes(rows: Float) -> None:
    y = np.repeat([1, 2, 0], 60)
    mixture = GaussianMixture(3, prior=None, use_y=True).fit(rows, y)
    for k in range(3):
        own = rows[y == k]
        np.testing.assert_allclose(mixture.means_[k], own.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(mixture.covariances_[k], np.cov(own.T, ddof=0), rtol=1e-10)
    joint = mixture.mixture_.component_log_density(rows) + np.log(mixture.weights_)
    assert mixture.log_likelihood_ == pytest.approx(joint[np.arange(180), y].sum(), abs=1e-9)


def test_components_keep_the_numbers_of_their_labels(rows: Float, y: Labels) -> None:
    mixture = GaussianMixture(3, random_state=0).fit(rows, y)
    assert np.argsort(mixture.means_[:, 0]).tolist() == [2, 0, 1]
    assert "8 of 180 rows belong to a component that y tells" in mixture.summary()


def test_a_component_without_labels_is_found_among_the_others(rows: Float) -> None:
    y = np.full(180, -1)
    y[:5], y[-5:] = 1, 0
    mixture = GaussianMixture(3, random_state=0).fit(rows, y)
    assert np.argsort(mixture.means_[:, 0]).tolist() == [1, 2, 0]


@pytest.mark.parametrize("algorithm", ["em", "squarem"])
def test_the_likelihood_never_falls(rows: Float, y: Labels, algorithm: str) -> None:
    mixture = GaussianMixture(3, algorithm=algorithm, random_state=0, prior=None).fit(rows, y)
    assert np.diff(mixture.history_.objective).min() > -1e-9
    # What it comes to is the density of the components allowed, so no more than that of all.
    assert mixture.log_likelihood_ < mixture.mixture_.log_density(rows).sum()


def test_a_matrix_of_allowed_components_says_what_numbers_say(rows: Float, y: Labels) -> None:
    allowed = (y[:, None] == np.arange(3)) | (y[:, None] < 0)
    by_number = GaussianMixture(3, random_state=0).fit(rows, y)
    by_matrix = GaussianMixture(3, random_state=0).fit(rows, allowed)
    assert by_matrix.log_likelihood_ == pytest.approx(by_number.log_likelihood_, abs=1e-6)
    np.testing.assert_allclose(by_matrix.means_, by_number.means_, atol=1e-4)
    as_numbers = GaussianMixture(3, random_state=0, use_y=True).fit(rows, allowed.astype(int))
    assert as_numbers.log_likelihood_ == by_matrix.log_likelihood_


def test_rows_may_be_narrowed_to_several_components(rows: Float) -> None:
    allowed = np.ones((180, 3), dtype=bool)
    allowed[:60, 0] = allowed[60:, 1] = False
    mixture = GaussianMixture(3, random_state=0, prior=None).fit(rows, allowed)
    joint = mixture.mixture_.component_log_density(rows) + np.log(mixture.weights_)
    expected = logsumexp(np.where(allowed, joint, -np.inf), axis=1).sum()
    assert mixture.log_likelihood_ == pytest.approx(expected, abs=1e-9)
    assert "180 may belong to some of the components" in mixture.summary()


def test_the_order_of_rows_does_not_matter(rows: Float, y: Labels) -> None:
    order = np.random.default_rng(1).permutation(180)
    plain = GaussianMixture(3, random_state=0).fit(rows, y)
    shuffled = GaussianMixture(3, random_state=0).fit(rows[order], y[order])
    assert shuffled.log_likelihood_ == pytest.approx(plain.log_likelihood_, abs=1e-8)
    np.testing.assert_allclose(shuffled.means_, plain.means_, atol=1e-6)


def test_a_weight_is_a_row_repeated_and_zero_a_row_left_out(rows: Float, y: Labels) -> None:
    times = np.random.default_rng(3).integers(0, 4, 180)
    weighted = GaussianMixture(3, random_state=0).fit(rows, y, sample_weight=times)
    repeated = GaussianMixture(3, random_state=0).fit(
        np.repeat(rows, times, 0), np.repeat(y, times)
    )
    assert weighted.log_likelihood_ == pytest.approx(repeated.log_likelihood_, abs=1e-8)
    np.testing.assert_allclose(weighted.means_, repeated.means_, atol=1e-6)


def test_the_number_of_threads_changes_no_bit() -> None:
    rng = np.random.default_rng(0)
    rows = np.vstack([rng.normal(centre, 1.0, (6000, 3)) for centre in (0.0, 2.0)])
    y = np.where(rng.random(12000) < 0.1, np.repeat([1, 0], 6000), -1)
    one, two = (GaussianMixture(2, random_state=0, n_jobs=jobs).fit(rows, y) for jobs in (1, 2))
    assert (one.means_ == two.means_).all()
    assert one.log_likelihood_ == two.log_likelihood_


def test_float32_rows_are_masked_alike(rows: Float, y: Labels) -> None:
    double = GaussianMixture(3, random_state=0).fit(rows, y)
    single = GaussianMixture(3, random_state=0).fit(rows.astype(np.float32), y)
    np.testing.assert_allclose(single.means_, double.means_, atol=1e-2)


def test_a_labelled_row_is_no_noise(rows: Float, y: Labels) -> None:
    far = np.vstack([rows, [[40.0, -40.0], [41.0, 40.0]]])
    known = np.append(y, [1, -1])
    mixture = GaussianMixture(3, noise="uniform", prior=None, random_state=0).fit(far, known)
    joint = mixture.mixture_.component_log_density(far) + np.log(mixture.weights_)
    joint[(known[:, None] >= 0) & (np.arange(4) != known[:, None])] = -np.inf
    assert mixture.log_likelihood_ == pytest.approx(logsumexp(joint, axis=1).sum(), abs=1e-8)
    assert mixture.predict(far)[-1] == -1


@pytest.mark.parametrize("estimator", DISCRETE)
@pytest.mark.parametrize("sparse", [False, True])
def test_discrete_mixtures_keep_to_what_is_known(
    estimator: Callable[..., Any], sparse: bool
) -> None:
    rows, y = binary_rows()
    if sparse and estimator is CategoricalMixture:
        pytest.skip("categories are dense")
    given = csr_array(rows) if sparse else rows
    arguments = {"allow_unidentified": True} if estimator is MultinomialMixture else {}
    mixture = estimator(2, random_state=0, **arguments).fit(given, y)
    again = estimator(2, random_state=0, **arguments).fit(given, np.where(y >= 0, 1 - y, -1))
    assert again.log_likelihood_ == pytest.approx(mixture.log_likelihood_, abs=0.01)
    np.testing.assert_allclose(again.weights_, mixture.weights_[::-1], atol=0.01)
    coded = mixture.mixture_.encode(rows) if estimator is CategoricalMixture else rows
    joint = mixture.mixture_.component_log_density(coded) + np.log(mixture.weights_)
    joint[(y[:, None] >= 0) & (np.arange(2) != y[:, None])] = -np.inf
    assert mixture.log_likelihood_ == pytest.approx(logsumexp(joint, axis=1).sum(), abs=1e-8)


def test_mixed_columns_keep_to_what_is_known(rows: Float, y: Labels) -> None:
    third = np.where(np.arange(180) // 60 == 2, "late", "early")
    frame = pd.DataFrame({"a": rows[:, 0], "b": rows[:, 1], "c": third})
    mixture = MixedMixture(3, {"gaussian": ["a", "b"], "categorical": ["c"]}, random_state=0)
    mixture.fit(frame, y)
    means = mixture.mixture_.parameters.parts[0].means
    assert np.argsort(means[:, 0]).tolist() == [2, 0, 1]


def test_class_labels_that_a_pipeline_passes_along_are_ignored(rows: Float) -> None:
    classes = np.repeat([2, 0, 1], 60)
    plain = GaussianMixture(3, random_state=0).fit(rows)
    for y in (classes, classes - 1.5, classes.astype(str), classes.astype(object), classes == 1):
        passed = GaussianMixture(3, random_state=0).fit(rows, y)
        assert passed.log_likelihood_ == plain.log_likelihood_
        assert "y was ignored" in passed.summary()
    scaled = make_pipeline(StandardScaler(), GaussianMixture(3, random_state=0))
    assert len(cross_val_score(scaled, rows, classes, cv=2)) == 2
    unused = GaussianMixture(3, random_state=0, use_y=False).fit(rows, np.where(classes, -1, 0))
    assert unused.log_likelihood_ == plain.log_likelihood_


def test_two_classes_called_by_their_signs_are_not_taken_for_components(rows: Float) -> None:
    signs = np.where(np.arange(180) < 90, -1, 1)
    plain = GaussianMixture(2, random_state=0).fit(rows)
    with pytest.warns(MixturaWarning, match="may be two classes"):
        passed = GaussianMixture(2, random_state=0).fit(rows, signs)
    assert passed.log_likelihood_ == plain.log_likelihood_
    meant = GaussianMixture(2, random_state=0, use_y=True).fit(rows, signs)
    assert meant.log_likelihood_ < plain.log_likelihood_ - 1


BAD = {
    "a component too many": (np.r_[3, np.full(179, -1)], "y holds .*3.* at row 0"),
    "too few": (np.full(179, -1), r"y has the shape \(179,\), and X has 180 rows"),
    "another width": (np.ones((180, 2), dtype=bool), "2 columns of allowed components"),
    "no component allowed": (np.arange(180)[:, None] != np.full(3, 7), "no component at row 7"),
    "a component for none": (np.tile([True, False, True], (180, 1)), "component 1 at no row"),
}


@pytest.mark.parametrize(("given", "words"), BAD.values(), ids=BAD.keys())
def test_a_y_that_cannot_be_used_is_refused(rows: Float, given: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        GaussianMixture(3).fit(rows, given)


def test_settings_that_know_nothing_of_y_are_refused(rows: Float, y: Labels) -> None:
    with pytest.raises(ParameterError, match="knows nothing of y"):
        GaussianMixture(3, init_params="kmeans").fit(rows, y)
    with pytest.raises(ParameterError, match="use_y should be"):
        GaussianMixture(3, use_y="yes").fit(rows, y)
    with pytest.raises(DataError, match="numbers of components"):
        GaussianMixture(3, use_y=True).fit(rows, np.full(180, "a"))


def test_a_component_that_y_leaves_without_rows_is_named():
    rows = np.random.default_rng(0).normal(size=(6, 2))
    y, weights = np.array([-1, 0, 0, 0, 0, 1]), np.array([0.0, 1, 1, 1, 1, 0])
    with pytest.raises(DataError, match="no row of weight for component 1"):
        GaussianMixture(2).fit(rows, y, weights)
    with pytest.raises(DataError, match="no row of weight for component 2"):
        GaussianMixture(3, use_y=True).fit(rows, np.array([0, 0, 0, 1, 1, 1]))
