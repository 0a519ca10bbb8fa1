"""Profiles have the numbers of the mixture, each with its standard error."""

import numpy as np
import pandas as pd
import pytest
from class_cases import fitted

from mixtura import (
    CategoricalMixture,
    GaussianMixture,
    MixedMixture,
    NegativeBinomialMixture,
    ParameterError,
    PoissonMixture,
    profile,
)
from mixtura.inference import confidence_intervals, standard_errors


def of(found, **wanted):
    rows = [row for row in found.table() if all(row[key] == wanted[key] for key in wanted)]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def test_probabilities_of_items_with_errors_and_intervals():
    model, answers, _, _ = fitted()
    frame = pd.DataFrame(answers, columns=list("abcdef"))
    found = profile(model, answers)
    errors = standard_errors(model.mixture_, answers)
    ends = confidence_intervals(model.mixture_, answers)
    for place in range(6):
        for level in (0, 1):
            rows = of(found, column=f"x{place}", level=level)
            at = 2 * place + level
            np.testing.assert_allclose(rows["standard_error"], errors["probabilities"][:, at])
            np.testing.assert_allclose(rows["lower"], ends["probabilities"].lower[:, at])
            np.testing.assert_allclose(rows["upper"], ends["probabilities"].upper[:, at])
            posterior = model.predict_proba(answers)
            share = posterior.T @ (answers[:, place] == level) / posterior.sum(axis=0)
            np.testing.assert_allclose(rows["estimate"], share, atol=1e-3)
    np.testing.assert_allclose(of(found, measure="share")["estimate"], model.weights_)
    named = profile(CategoricalMixture(2, random_state=0).fit(frame))
    assert np.isnan(of(named, column="a", level=1)["standard_error"]).all()
    assert "a=1" in named.summary()


def test_means_rates_and_blocks():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300)
    numbers = pd.DataFrame(4.0 * labels[:, None] + rng.normal(size=(300, 2)), columns=["u", "v"])
    counts = pd.DataFrame(rng.poisson(3 + 9 * labels[:, None], (300, 2)), columns=["p", "q"])
    gaussian = GaussianMixture(2, covariance_type="tied", random_state=0).fit(numbers)
    found = of(profile(gaussian, numbers), column="v", measure="mean")
    np.testing.assert_allclose(found["estimate"], gaussian.means_[:, 1])
    np.testing.assert_allclose(
        found["standard_error"], standard_errors(gaussian.mixture_, numbers)["means"][:, 1]
    )
    poisson = PoissonMixture(2, random_state=0).fit(counts)
    assert of(profile(poisson, counts), column="p", measure="rate")["estimate"].max() > 11
    negative = NegativeBinomialMixture(2, random_state=0).fit(counts)
    sizes = of(profile(negative, counts), measure="size")
    assert np.isinf(sizes["estimate"]).any()
    assert np.isnan(sizes["standard_error"][np.isinf(sizes["estimate"])]).all()
    both = pd.concat([numbers, counts["p"].gt(7).rename("many")], axis=1)
    blocks = {"gaussian": ["u", "v"], "categorical": ["many"]}
    mixed = MixedMixture(2, blocks, random_state=0).fit(both)
    rows = of(profile(mixed, both), column="many", level=True)
    errors = standard_errors(mixed.mixture_, both)["categorical.probabilities"]
    np.testing.assert_allclose(rows["standard_error"], errors[:, 1])


def test_noise_is_no_class_and_what_is_held_has_no_error():
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(size=(200, 2)), rng.uniform(-20, 20, (30, 2))])
    found = profile(GaussianMixture(1, noise="uniform", random_state=0).fit(rows), rows)
    assert found.classes == ("0",)
    answers = np.array([[0, 0]] * 30 + [[1, 1]] * 30 + [[1, 0]] * 10)
    model = CategoricalMixture(2, prior=None, n_init=5, random_state=0).fit(answers)
    edge = of(profile(model, answers), measure="probability")
    at = (edge["estimate"] < 1e-6) | (edge["estimate"] > 1 - 1e-6)
    assert at.any()
    assert np.isnan(edge["standard_error"][at]).all()
    with pytest.raises(ParameterError, match="what was fitted"):
        profile("model")
