"""Rows that a mixture gives back are read again by it, whatever the order of its blocks."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    DataError,
    GammaMixture,
    GaussianMixture,
    GeometricMixture,
    MixedMixture,
    MultinomialMixture,
    NegativeBinomialMixture,
    PoissonMixture,
)

RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(size=(40, 2)) * [1.0, 9.0] + [0.0, 50.0]
COUNTS = RNG.poisson([1.0, 4.0, 9.0], (40, 3))
YES = RNG.integers(0, 2, (40, 2))
LETTERS = np.array([["a", "b"], ["c", "d"]], dtype=object)[YES, [0, 1]]
TABLE = np.empty((40, 4), dtype=object)
TABLE[:, 0], TABLE[:, 1] = NUMBERS[:, 0], LETTERS[:, 0]
TABLE[:, 2], TABLE[:, 3] = COUNTS[:, 2], NUMBERS[:, 1]
PERMUTED = {"poisson": [2], "gaussian": [3, 0], "categorical": [1]}

FITTED: dict[str, tuple[Any, Any]] = {
    "gaussian": (GaussianMixture(2, random_state=0), NUMBERS),
    "noise": (GaussianMixture(2, noise="uniform", random_state=0), NUMBERS),
    "bernoulli": (BernoulliMixture(2, random_state=0), YES),
    "categorical": (CategoricalMixture(2, random_state=0), LETTERS),
    "multinomial": (MultinomialMixture(2, random_state=0), COUNTS),
    "poisson": (PoissonMixture(2, random_state=0), COUNTS),
    "negative binomial": (NegativeBinomialMixture(1), COUNTS),
    "geometric": (GeometricMixture(2, random_state=0), COUNTS),
    "gamma": (GammaMixture(1), np.exp(NUMBERS / 50)),
    "two numbers": (MixedMixture(1, {"gaussian": [1, 0]}), NUMBERS),
    "mixed": (MixedMixture(2, PERMUTED, random_state=0), TABLE),
}


@pytest.mark.parametrize("name", FITTED)
def test_rows_that_are_drawn_are_read_as_they_were_drawn(name: str) -> None:
    estimator, table = FITTED[name]
    mixture = estimator.fit(table).mixture_
    rows, _ = mixture.sample(50, 1)
    coded, _ = mixture.coded.sample(50, 1)
    expected = mixture.coded.log_density(coded)
    np.testing.assert_array_equal(mixture.log_density(rows), expected)
    np.testing.assert_array_equal(mixture.encode(rows), coded)
    np.testing.assert_array_equal(estimator.score_samples(rows), expected)


def test_drawn_columns_are_those_of_the_table() -> None:
    columns = ["w", "x", "y", "z"]
    blocks = {kind: [columns[place] for place in own] for kind, own in PERMUTED.items()}
    frame = pd.DataFrame(dict(zip(columns, TABLE.T, strict=True)))
    mixture = MixedMixture(2, blocks, random_state=0).fit(frame).mixture_
    assert mixture.columns == ("y", "z", "w", "x")
    assert mixture.table_columns == ("w", "x", "y", "z")
    rows, _ = mixture.sample(50, 1)
    drawn = pd.DataFrame(rows, columns=mixture.table_columns)
    np.testing.assert_array_equal(mixture.log_density(drawn), mixture.log_density(rows))


def test_rows_drawn_without_the_columns_in_no_block_are_refused() -> None:
    mixture = MixedMixture(1, {"gaussian": [3], "poisson": [2]}).fit(TABLE).mixture_
    rows, _ = mixture.sample(200, 0)
    assert (rows[:, 0] == np.round(rows[:, 0])).all()
    with pytest.raises(DataError, match="the fit used more"):
        mixture.log_density(rows)


def test_sparse_rows_of_several_blocks_are_refused() -> None:
    mixture = MixedMixture(1, {"poisson": [2, 0], "geometric": [1]}).fit(COUNTS).mixture_
    rows = sparse.csr_array(COUNTS)
    for one in (mixture, mixture.marginal([0, 1, 2])):
        for read in (one.log_density, one.responsibilities, one.component_log_density):
            with pytest.raises(DataError, match=r"X is sparse.*toarray"):
                read(rows)
