"""Two mixtures are held against each other only over the same columns."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mixtura import CategoricalMixture, GaussianMixture, ParameterError, PoissonMixture
from mixtura.inference import kl_bounds, kl_divergence, l2_distance, q_function

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(30, 2))
COUNTS = RNG.poisson(3.0, (30, 2))
WORDS = np.array(["no", "yes"])[RNG.integers(0, 2, (30, 2))]


def named(rows: Any, *names: str) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(names))


def fitted(estimator: Any, rows: Any) -> Any:
    return estimator(1).fit(rows).mixture_


CASES = {
    "names": (
        fitted(GaussianMixture, named(ROWS, "a", "b")),
        fitted(GaussianMixture, named(ROWS, "b", "a")),
        named(ROWS, "a", "b"),
        "column 0 is 'a' in one mixture and 'b'",
    ),
    "labels": (
        fitted(CategoricalMixture, WORDS),
        fitted(CategoricalMixture, np.char.replace(WORDS, "no", "so")),
        WORDS,
        "column 0 has categories",
    ),
    "kinds": (
        fitted(PoissonMixture, named(COUNTS, "a", "b")),
        fitted(GaussianMixture, COUNTS),
        named(COUNTS, "a", "b"),
        "column 'a' is a count in one mixture and a number",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_mixtures_of_other_columns_are_refused_by_name(case: str) -> None:
    one, other, rows, words = CASES[case]
    with pytest.raises(ParameterError, match=words):
        q_function(one, rows, other)
    with pytest.raises(ParameterError, match=words):
        kl_divergence(one, other, 10)


def test_closed_forms_compare_names_too() -> None:
    one, other, _, words = CASES["names"]
    for apart in (kl_bounds, l2_distance):
        with pytest.raises(ParameterError, match=words):
            apart(one, other)


def test_a_mixture_without_names_is_compared_by_places() -> None:
    one, other = fitted(GaussianMixture, named(ROWS, "a", "b")), fitted(GaussianMixture, ROWS)
    assert kl_divergence(one, other, 10, 0).value == pytest.approx(0.0, abs=1e-12)
