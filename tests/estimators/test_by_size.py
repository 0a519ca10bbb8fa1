"""Components come in the order of their sizes, unless something numbers them."""

from typing import Any

import numpy as np
import pytest

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    GammaMixture,
    GaussianMixture,
    MixedMixture,
    PoissonMixture,
    select,
)

SHARES = (0.15, 0.55, 0.3)


def drawn(seed: int, n_rows: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Return counts (N, 4) of three groups that lie apart, and the groups (N,)."""
    rng = np.random.default_rng(seed)
    groups = rng.choice(3, n_rows, p=SHARES)
    return rng.poisson(np.array([3.0, 20.0, 60.0])[groups][:, None] * np.ones(4)), groups


ESTIMATORS: dict[str, tuple[Any, Any]] = {
    "full": (GaussianMixture(3, random_state=0), lambda counts: counts + 0.5),
    "tied": (GaussianMixture(3, covariance_type="tied", random_state=0), lambda counts: counts),
    "EVE": (GaussianMixture(3, covariance_type="EVE", random_state=0), lambda counts: counts),
    "noise": (GaussianMixture(3, noise="uniform", random_state=0), lambda counts: counts),
    "poisson": (PoissonMixture(3, random_state=0), lambda counts: counts),
    "gamma": (GammaMixture(3, random_state=0), lambda counts: counts + 0.5),
    "bernoulli": (BernoulliMixture(2, random_state=0), lambda counts: (counts > 8).astype(int)),
    "categorical": (CategoricalMixture(3, random_state=0), lambda counts: counts // 8),
    "mixed": (
        MixedMixture(
            blocks={"gaussian": [0, 1], "poisson": [2], "categorical": [3]},
            n_components=3,
            random_state=0,
        ),
        lambda counts: np.column_stack([counts[:, :3], counts[:, 3] // 8]),
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_largest_component_is_the_first(name: str, fresh_seed: int) -> None:
    model, made = ESTIMATORS[name]
    rows = made(drawn(fresh_seed)[0])
    model.fit(rows)
    weights = model.mixture_.weights[: model.n_components]
    assert (np.diff(weights) <= 0).all()
    effective = model.predict_proba(rows).sum(axis=0)
    assert np.allclose(model.facts_["effective_rows"][: len(effective)], effective, atol=0.05)
    assert np.isclose(model.score_samples(rows).sum(), model.log_likelihood_)


def test_whatever_the_seed_a_component_has_its_number(fresh_seed: int) -> None:
    rows = drawn(fresh_seed)[0].astype(float)
    first, other = (
        GaussianMixture(3, random_state=fresh_seed % 1000 + seed).fit(rows) for seed in (0, 1)
    )
    assert np.allclose(first.means_, other.means_, rtol=1e-3)


def test_noise_stays_the_last() -> None:
    rng = np.random.default_rng(0)
    rows = np.vstack([rng.normal(size=(40, 2)), rng.uniform(-50, 50, size=(300, 2))])
    model = GaussianMixture(1, noise="uniform", random_state=0).fit(rows)
    assert model.mixture_.labels[-1] == -1
    assert model.mixture_.weights[-1] > model.mixture_.weights[0]


def test_a_component_that_is_numbered_keeps_its_number(fresh_seed: int) -> None:
    counts, groups = drawn(fresh_seed)
    rows = counts.astype(float)
    means = np.array([rows[groups == k].mean(axis=0) for k in range(3)])
    known = np.where(np.arange(len(groups)) % 2 == 0, groups, -1)
    fits = {
        "means_init": GaussianMixture(3, means_init=means, random_state=0).fit(rows),
        "responsibilities_init": GaussianMixture(
            3, responsibilities_init=np.eye(3)[groups], random_state=0
        ).fit(rows),
        "y": GaussianMixture(3, use_y=True, random_state=0).fit(rows, known),
        "mixing_weights": GaussianMixture(3, mixing_weights=list(SHARES), random_state=0).fit(rows),
        "fix": GaussianMixture(
            3, fix={"means": [list(means[0]), [np.nan] * 4, [np.nan] * 4]}, random_state=0
        ).fit(rows),
    }
    for name, fitted in fits.items():
        found = np.argmin(np.abs(fitted.means_[:, 0] - means[0, 0]))
        assert found == 0, name
        assert fitted.weights_[0] < 0.3, name


def test_a_warm_start_keeps_the_numbers(fresh_seed: int) -> None:
    rows, groups = drawn(fresh_seed)
    model = PoissonMixture(3, warm_start=True, random_state=0).fit(rows)
    before = model.mixture_
    kept = rows[(groups != 1) | (np.arange(len(rows)) % 10 == 0)]
    after = model.fit(kept).mixture_
    apart = np.abs(before.parameters.rates[:, None] - after.parameters.rates).sum(axis=2)
    assert apart.argmin(axis=1).tolist() == [0, 1, 2]
    assert np.argmax(after.weights) != np.argmax(before.weights)


def test_every_model_of_a_search_is_in_order(fresh_seed: int) -> None:
    rows = drawn(fresh_seed)[0].astype(float)
    found = select(rows, range(1, 5), covariance_type=["full", "EEI", "VVI"], random_state=0)
    results = [one.result for one in found.candidates if one.result is not None]
    assert len(results) > 3
    for result in results:
        assert (np.diff(result.mixture.weights) <= 0).all()
        assert np.allclose(
            result.effective_rows, result.mixture.weights * result.total_weight, rtol=0.05, atol=1
        )
