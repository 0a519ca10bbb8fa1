"""A mixture as JSON says all that a reader needs, by keys that the page of the reference lists."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    FactorAnalyserMixture,
    GammaMixture,
    GaussianMixture,
    GeometricMixture,
    MixedMixture,
    MixtureRegressor,
    MultinomialMixture,
    NegativeBinomialMixture,
    PoissonMixture,
    StudentTMixture,
)

PAGE = Path(__file__).parents[2] / "docs" / "api" / "mixture.md"


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "a": rng.normal(size=120) + np.repeat([0.0, 6.0], 60),
            "b": rng.gamma(2.0, size=120),
            "n": rng.poisson(3.0, 120) + 1,
            "m": rng.negative_binomial(2, 0.2, 120),
            "yes": rng.integers(0, 2, 120),
            "word": rng.choice(["p", "q"], 120),
            "grade": rng.integers(0, 3, 120),
        }
    )


MODELS: dict[str, tuple[Any, list[str]]] = {
    "gaussian": (GaussianMixture(2, random_state=0), ["a", "b"]),
    "gaussian with noise": (GaussianMixture(2, noise="uniform", random_state=0), ["a", "b"]),
    "held": (GaussianMixture(2, mixing_weights="equal", random_state=0), ["a", "b"]),
    "bound": (
        PoissonMixture(2, fix={"rates": [[2.0, np.nan], [np.nan, np.nan]]}, random_state=0),
        ["n", "m"],
    ),
    "t": (StudentTMixture(2, random_state=0), ["a", "b"]),
    "factor_analyser": (FactorAnalyserMixture(1, n_factors=1), ["a", "b", "n", "m"]),
    "poisson": (PoissonMixture(2, exposure="b", random_state=0), ["n", "b"]),
    "negative_binomial": (NegativeBinomialMixture(2, random_state=0), ["n", "m"]),
    "geometric": (GeometricMixture(2, random_state=0), ["m"]),
    "gamma": (GammaMixture(2, random_state=0), ["b"]),
    "bernoulli": (BernoulliMixture(2, random_state=0), ["yes"]),
    "multinomial": (MultinomialMixture(2, random_state=0), ["n", "m"]),
    "categorical": (CategoricalMixture(2, random_state=0), ["word", "yes"]),
    "ordinal": (CategoricalMixture(2, ordinal=["grade"], random_state=0), ["word", "grade"]),
    "mixed": (MixedMixture(2, {"gaussian": ["a"], "categorical": ["word"]}), ["a", "word"]),
}


def document(name: str) -> dict[str, Any]:
    model, columns = MODELS[name]
    return json.loads(model.fit(frame()[columns]).mixture_.to_json())


def listed_keys() -> set[str]:
    rows = re.findall(r"^\| (.*?) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    return {key for row in rows for key in re.findall(r"[`\"](\w+)[`\"]", row)}


def keys_within(value: Any) -> set[str]:
    """Return the keys of all objects that stand in a list or an object."""
    if isinstance(value, dict):
        return set(value).union(*map(keys_within, value.values()))
    return set().union(*map(keys_within, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("name", MODELS)
def test_every_key_is_listed(name: str) -> None:
    found = document(name)
    assert set(found) <= listed_keys()
    assert found["format"] == "mixtura"
    assert found["family"] == MODELS[name][0].mixture_.family.name
    assert np.shape(found["weights"]) == (found["n_components"],) == np.shape(found["names"])
    assert sum(found["weights"]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("name", "key"), [("bound", "bound"), ("ordinal", "bound"), ("categorical", "items")]
)
def test_the_row_of_a_key_names_what_its_objects_hold(name: str, key: str) -> None:
    told = document(name)[key]
    assert told
    arrays = set(told) if key == "bound" else set()
    (row,) = re.findall(rf"^\| `{key}` \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert keys_within(told) - arrays <= set(re.findall(r"`(\w+)`", row))


def test_a_regression_has_listed_keys_too() -> None:
    rows = frame()
    model = MixtureRegressor(2, random_state=0).fit(rows[["a", "b"]], rows["m"])
    found = json.loads(model.mixture_.to_json())
    assert set(found) <= listed_keys()
    assert found["terms"] == ["intercept", "a", "b"]


def test_densities_follow_from_what_stands_there() -> None:
    rows = frame()
    told = document("gaussian")
    expected = sum(
        weight * stats.multivariate_normal(mean, covariance).pdf(rows[told["columns"]])
        for weight, mean, covariance in zip(
            told["weights"], told["means"], told["covariances"], strict=True
        )
    )
    model, columns = MODELS["gaussian"]
    np.testing.assert_allclose(np.exp(model.score_samples(rows[columns])), expected, rtol=1e-9)


def test_numbers_that_json_does_not_have_are_null() -> None:
    text = NegativeBinomialMixture(1).fit([[3], [3], [3], [4]]).mixture_.to_json()
    assert json.loads(text, parse_constant=pytest.fail)["sizes"] == [[None]]
