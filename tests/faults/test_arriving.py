"""Rows taken in as they arrive: few of them, of any weights, in any units, bound or not."""

import warnings

import numpy as np
import pytest

from mixtura import BernoulliMixture, DataError, DriftWarning, GaussianMixture, PoissonMixture, load

pytestmark = pytest.mark.drawn(4)

CENTRES = np.array([[0.0, 0.0], [4.0, 1.0], [1.0, 6.0]])


def amounts(rng, n):
    return rng.normal(size=(n, 2)) + CENTRES[rng.integers(0, 3, n)]


def counts(rng, n):
    return rng.poisson(np.array([[1, 5, 2], [8, 2, 2]])[rng.integers(0, 2, n)])


def yes_or_no(rng, n):
    chances = np.array([[0.9, 0.8, 0.2] * 4, [0.1, 0.2, 0.7] * 4])
    return (rng.random((n, 12)) < chances[rng.integers(0, 2, n)]).astype(int)


@pytest.mark.parametrize(
    ("model", "draw"),
    [
        (GaussianMixture(3, random_state=0), amounts),
        (PoissonMixture(2, random_state=0), counts),
        (BernoulliMixture(2, random_state=0), yes_or_no),
    ],
)
def test_rows_that_come_one_by_one_are_no_drift_and_one_far_away_is(model, draw):
    rng = np.random.default_rng()
    model.fit(draw(rng, 400))
    with warnings.catch_warnings():
        warnings.simplefilter("error", DriftWarning)
        for _ in range(30):
            model.partial_fit(draw(rng, 1))
    if draw is not yes_or_no:
        with pytest.warns(DriftWarning):
            model.partial_fit(draw(rng, 1) + 40)


def test_equal_rows_are_no_drift_where_they_are_likely():
    model = GaussianMixture(3, random_state=0).fit(amounts(np.random.default_rng(), 400))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.partial_fit(np.repeat(CENTRES[:1] + 0.5, 20, axis=0))


@pytest.mark.parametrize("weighing", ["free", "equal", [0.2, 0.3, 0.5]])
@pytest.mark.parametrize("shape", ["full", "diag", "tied"])
def test_equal_rows_are_taken_in_whatever_their_rounding(weighing, shape):
    for seed in np.random.default_rng().integers(2**31, size=5).tolist():
        rng = np.random.default_rng(seed)
        model = GaussianMixture(
            3, covariance_type=shape, mixing_weights=weighing, random_state=0
        ).fit(amounts(rng, 300))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DriftWarning)
            model.partial_fit(np.repeat(rng.normal(size=(1, 2)), 300, axis=0))
        assert np.isfinite(model.log_likelihood_), seed


@pytest.mark.parametrize("weight", [1e-300, 1e-200, 1e-90, 1e90, 1e150, 1e200])
def test_weights_of_any_size_are_taken_in(weight):
    rng = np.random.default_rng()
    for model, draw in (
        (GaussianMixture(3, random_state=0), amounts),
        (PoissonMixture(2, random_state=0), counts),
    ):
        rows = draw(rng, 300)
        model.fit(rows).partial_fit(draw(rng, 20), sample_weight=np.full(20, weight))
        # A Gaussian of unit variances and more is below 1, and so are counts.
        assert model.log_likelihood_ <= -20 * weight
        assert model.drift_.error < 10.0
        assert model._seen.total_weight == pytest.approx(300 + 20 * weight)


@pytest.mark.parametrize("weight", [1e280, 1e290, 1e308])
@pytest.mark.parametrize(
    ("model", "draw"), [(GaussianMixture(3), amounts), (PoissonMixture(2), counts)]
)
def test_weights_whose_sums_are_beyond_the_floats_are_refused_and_nothing_is_taken_in(
    weight, model, draw
):
    rng = np.random.default_rng()
    rows, further = draw(rng, 300), draw(rng, 20)
    model.set_params(random_state=0).fit(rows)
    before = model.score_samples(rows)
    # Twenty weights of 1e308 are beyond the floats by themselves.
    alone = "sample_weight adds up to more than floats hold"
    beside = r"beside 300 of the rows before, and the sum may be 1e\+280"
    with pytest.raises(DataError, match=alone if weight == 1e308 else beside):
        model.partial_fit(further, sample_weight=np.full(20, weight))
    np.testing.assert_array_equal(model.score_samples(rows), before)


@pytest.mark.parametrize("unit", [2.0**-660, 2.0**-80, 2.0**80, 2.0**660])
@pytest.mark.parametrize("shape", ["full", "tied", "diag", "spherical"])
def test_units_of_any_size_are_taken_in_and_kept_by_a_file(unit, shape, tmp_path):
    rng = np.random.default_rng()
    rows, further = amounts(rng, 300), amounts(rng, 40)
    settings = {"covariance_type": shape, "random_state": 0}
    plain = GaussianMixture(3, **settings).fit(rows)
    scaled = GaussianMixture(3, **settings).fit(rows * unit)
    scaled.save(tmp_path / "model.mixtura")
    loaded = load(tmp_path / "model.mixtura")
    plain.partial_fit(further)
    for model in (scaled, loaded):
        model.partial_fit(further * unit)
        np.testing.assert_allclose(model.means_ / unit, plain.means_, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(model.weights_, plain.weights_, atol=1e-4)
