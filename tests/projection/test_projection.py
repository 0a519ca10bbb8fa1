"""Directions are those of mclust, and do not depend on how columns and components are written."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import eigh
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

import mixtura
from mixtura import (
    FactorAnalyserMixture,
    GaussianMixture,
    GaussianMixtureClassifier,
    ParameterError,
    PoissonMixture,
    StudentTMixture,
)
from mixtura.projection import Projection, project
from mixtura.projection.directions import Directions, directions_of
from tests.oracles import dataset, mclust

THEIRS = mclust("projection")


def case(seed: int, n_columns: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(3, n_columns, n_columns + 3))
    weights = rng.dirichlet([5.0] * 3)
    return weights, rng.normal(size=(3, n_columns)), roots @ roots.transpose(0, 2, 1) / n_columns


def total(weights: np.ndarray, means: np.ndarray, covariances: np.ndarray) -> np.ndarray:
    apart = means - weights @ means
    return np.einsum("k,kij->ij", weights, covariances) + apart.T @ np.diag(weights) @ apart


@pytest.mark.parametrize("name", THEIRS)
@pytest.mark.parametrize("place", [0, 1])
def test_directions_are_those_of_mclust(name: str, place: int) -> None:
    told, theirs = THEIRS[name], THEIRS[name]["directions"][place]
    width = theirs["columns"]
    means = np.reshape(told["means"], (-1, width))
    covariances = np.reshape(told["covariances"], (-1, width, width))
    alone = theirs["lambda"] == 1
    found = directions_of(np.array(told["weights"]), means, covariances, by_means_alone=alone)
    # Theirs weighs the two halves by 2 lambda and 2 (1 - lambda).
    values = np.array(theirs["eigenvalues"]) / (2 if alone else 1)
    assert_allclose(found.eigenvalues[: len(values)], values, rtol=1e-7, atol=1e-9)
    axes = np.reshape(theirs["basis"], (-1, width)).T
    gone = np.abs(found.axes[:, : axes.shape[1]]) - np.abs(axes)
    assert np.abs(gone).max() < 1e-5 * np.abs(axes).max()


def test_axes_solve_the_eigenproblem_as_scipy_does() -> None:
    weights, means, covariances = case(0)
    whole = total(weights, means, covariances)
    within = np.einsum("k,kij->ij", weights, covariances)
    between = whole - within
    apart = covariances - within
    of_covariances = np.einsum("k,kij,jl,klm->im", weights, apart, np.linalg.inv(whole), apart)
    of_means = between @ np.linalg.inv(whole) @ between
    values, axes = eigh(of_means + of_covariances, whole)
    found = directions_of(weights, means, covariances)
    assert_allclose(found.eigenvalues, values[::-1], rtol=1e-10)
    assert_allclose(np.abs(found.axes), np.abs(axes[:, ::-1]), rtol=1e-7)
    own = found.axes.T @ of_covariances @ found.axes
    assert_allclose(found.by_covariances, np.diag(own), rtol=1e-9)
    assert_allclose(found.by_means + found.by_covariances, found.eigenvalues, rtol=1e-9)


def test_discriminant_coordinates_are_those_of_scikit_learn() -> None:
    data = dataset("iris")
    classes = np.unique(data.labels, return_inverse=True)[1]
    model = GaussianMixtureClassifier(covariance_type="tied", prior=None)
    model.fit(data.values, classes)
    scores = project(model, by="means").transform(data.values)
    theirs = LinearDiscriminantAnalysis(solver="svd").fit(data.values, classes)
    others = theirs.transform(data.values)
    for place in range(2):
        own = np.corrcoef(scores[:, place], others[:, place])[0, 1]
        assert abs(own) == pytest.approx(1.0, abs=1e-8)


def matched(found: Directions, other: Directions) -> None:
    assert_allclose(found.eigenvalues, other.eigenvalues, rtol=1e-6)
    assert_allclose(found.by_means, other.by_means, rtol=1e-6, atol=1e-12)
    assert_allclose(found.separations, other.separations, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_scores_do_not_depend_on_units_or_on_sums_of_columns(seed: int) -> None:
    weights, means, covariances = case(seed)
    rng = np.random.default_rng(seed)
    turn = np.diag(10.0 ** rng.uniform(-8, 8, 4)) @ rng.normal(size=(4, 4))
    moved = means @ turn.T + rng.normal(size=4)
    turned = turn @ covariances @ turn.T
    found, other = directions_of(weights, means, covariances), directions_of(weights, moved, turned)
    matched(found, other)
    scores = (means - weights @ means) @ found.axes
    assert_allclose((moved - weights @ moved) @ other.axes, scores, atol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_components_changes_nothing(seed: int) -> None:
    weights, means, covariances = case(seed)
    order = [2, 0, 1]
    found = directions_of(weights, means, covariances)
    other = directions_of(weights[order], means[order], covariances[order])
    matched(found, other)
    assert_allclose(other.axes, found.axes, atol=1e-8)


def test_a_component_in_two_halves_is_one() -> None:
    weights, means, covariances = case(1)
    twice = [0, 0, 1, 2]
    halves = weights[twice] * [0.5, 0.5, 1, 1]
    found = directions_of(weights, means, covariances)
    matched(found, directions_of(halves, means[twice], covariances[twice]))


@pytest.fixture(scope="module")
def fitted() -> tuple[pd.DataFrame, GaussianMixture]:
    data = dataset("iris")
    frame = pd.DataFrame(data.values, columns=list(data.names))
    return frame, GaussianMixture(3, random_state=0).fit(frame)


def test_scores_have_the_moments_of_the_mixture_in_their_directions(
    fitted: tuple[pd.DataFrame, GaussianMixture],
) -> None:
    frame, model = fitted
    found = project(model)
    assert_allclose(found.mixture.mean(), 0.0, atol=1e-9)
    assert_allclose(found.mixture.covariance(), np.eye(4), atol=1e-9)
    scores = found.transform(frame)
    # At a maximum of full covariances, moments of rows are those of the mixture.
    assert_allclose(np.cov(scores.T, bias=True), np.eye(4), atol=1e-4)
    same = found.mixture.responsibilities(scores)
    assert_allclose(same, model.predict_proba(frame), atol=1e-7)
    plane = found.in_first(2)
    assert_allclose(
        found.uncertainty(frame), 1 - plane.responsibilities(scores[:, :2]).max(axis=1), atol=1e-12
    )


def test_columns_are_read_by_name_and_missing_cells_are_taken_at_their_means(
    fitted: tuple[pd.DataFrame, GaussianMixture],
) -> None:
    frame, model = fitted
    found = project(model)
    assert_allclose(found.transform(frame[frame.columns[::-1]]), found.transform(frame))
    lacking = frame.copy()
    lacking.iloc[3, 1] = np.nan
    filled = frame.copy()
    filled.iloc[3, 1] = model.mixture_.impute(lacking)[3, 1]
    assert_allclose(found.transform(lacking), found.transform(filled), atol=1e-12)


def test_correlations_of_the_table_are_those_of_rows(
    fitted: tuple[pd.DataFrame, GaussianMixture],
) -> None:
    frame, model = fitted
    found = project(model)
    scores = found.transform(frame)
    for row in found.table():
        for name in frame.columns:
            own = np.corrcoef(frame[name], scores[:, row["direction"] - 1])[0, 1]
            assert row[name] == pytest.approx(own, abs=1e-4)
    assert sum(row["share"] for row in found.table()) == pytest.approx(1.0)
    assert found.to_frame().shape == (4, 10)
    assert "by covariances" in found.summary()


def test_noise_is_left_out_and_t_components_stay_t() -> None:
    rng = np.random.default_rng(2)
    rows = rng.normal(size=(300, 3)) + np.repeat([[0.0], [6.0]], 150, axis=0)
    noisy = GaussianMixture(2, noise="uniform", random_state=0).fit(
        np.vstack([rows, rng.uniform(-20, 20, (15, 3))])
    )
    assert project(noisy).mixture.n_components == 2
    heavy = StudentTMixture(2, random_state=0).fit(rows)
    found = project(heavy)
    assert found.mixture.family.name == "t"
    same = found.mixture.responsibilities(found.transform(rows))
    assert_allclose(same, heavy.predict_proba(rows), atol=1e-8)
    factors = FactorAnalyserMixture(2, n_factors=1, random_state=0).fit(rows)
    found = project(factors)
    same = found.mixture.responsibilities(found.transform(rows))
    assert_allclose(same, factors.predict_proba(rows), atol=1e-8)


def test_a_classifier_is_projected_by_its_classes() -> None:
    data = dataset("crabs")
    model = GaussianMixtureClassifier(range(1, 3), random_state=0).fit(data.values, data.labels)
    found = project(model)
    sizes = [mixture.n_components for mixture in model.mixtures_]
    assert found.groups.tolist() == np.repeat(np.arange(len(sizes)), sizes).tolist()
    everywhere = found.uncertainty(data.values, found.n_directions)
    own = 1 - model.predict_proba(data.values).max(axis=1)
    assert_allclose(everywhere, own, atol=1e-7)


def test_a_model_that_was_read_from_a_file_has_the_same_directions(
    fitted: tuple[pd.DataFrame, GaussianMixture], tmp_path: object
) -> None:
    frame, model = fitted
    file = f"{tmp_path}/iris.model"
    model.save(file)
    again: Projection = project(mixtura.load(file))
    assert again.transform(frame).tobytes() == project(model).transform(frame).tobytes()


def test_columns_may_be_called_as_the_numbers_of_directions_are() -> None:
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 2)), columns=["share", "b"])
    rows["b"] += np.where(np.arange(80) < 40, 0, 9)
    found = project(GaussianMixture(2, random_state=0).fit(rows))
    assert sum(row["share"] for row in found.table()) == pytest.approx(1)
    first, scores = found.table()[0], found.transform(rows)[:, 0]
    told = [first["column share"], first["b"]]
    assert_allclose(told, [np.corrcoef(scores, rows[name])[0, 1] for name in rows], atol=0.01)
    assert "\nshare " in found.summary()


def test_what_cannot_be_projected_is_said() -> None:
    rows = np.random.default_rng(0).normal(size=(50, 3))
    with pytest.raises(ParameterError, match="no direction shows them"):
        project(GaussianMixture(1).fit(rows))
    with pytest.raises(ParameterError, match="a 'poisson' mixture"):
        project(PoissonMixture(2, random_state=0).fit(np.abs(rows).astype(int)))
    with pytest.raises(ParameterError, match="call fit first"):
        project(GaussianMixture(2))
    with pytest.raises(ParameterError, match="by should be one of"):
        project(GaussianMixture(2, random_state=0).fit(rows), by="modes")
    found = project(GaussianMixture(2, covariance_type="tied", random_state=0).fit(rows))
    assert found.n_directions == 1
    with pytest.raises(ParameterError, match="from 1 to 1"):
        found.in_first(2)


def test_components_without_scale_in_some_direction_are_refused_by_name() -> None:
    weights, means = np.array([0.5, 0.5]), np.array([[0.0, 0.0], [1.0, 1.0]])
    thin = np.array([[1.0, 1.0], [1.0, 1.0]])
    with pytest.raises(ParameterError, match="no width but rounding"):
        directions_of(weights, means, np.array([thin, thin]))
    for scale in (1e-180, 1e180):
        with np.errstate(over="ignore"):
            wide = np.eye(2) * scale * scale
        with pytest.raises(ParameterError, match="multiplied by a power of ten"):
            directions_of(weights, means * scale, np.array([wide, wide]))


@pytest.mark.parametrize("scale", [1e-140, 1e140])
def test_scores_are_the_same_in_units_of_any_size(scale: float) -> None:
    weights, means, covariances = case(3)
    plain = directions_of(weights, means, covariances)
    found = directions_of(weights, means * scale, covariances * scale**2)
    assert_allclose(found.axes * scale, plain.axes, rtol=1e-9, atol=1e-12)
    assert_allclose(found.eigenvalues, plain.eigenvalues, rtol=1e-9)


@pytest.mark.parametrize("n_components", [1, 2, 3])
def test_means_lie_in_fewer_directions_than_there_are(n_components: int) -> None:
    rng = np.random.default_rng(n_components)
    weights, means = rng.dirichlet(np.ones(n_components)), rng.normal(size=(n_components, 4))
    thin = np.repeat(np.eye(4)[None] * 1e-12, n_components, axis=0)
    plain = directions_of(weights, means, thin, by_means_alone=True)
    assert plain.axes.shape[1] == n_components - 1
    # Offsets of which means keep all digits change nothing.
    far = np.round(means * 2.0**20) / 2.0**20
    near = directions_of(weights, far, thin + np.eye(4), by_means_alone=True)
    moved = directions_of(weights, far + 2.0**30, thin + np.eye(4), by_means_alone=True)
    assert_allclose(moved.axes, near.axes, rtol=1e-12, atol=1e-13)
