"""Statistics of latent classes agree with published ones, or with their definitions."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from oracles import dataset
from scipy.sparse import csr_array

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    MixedMixture,
    MultinomialMixture,
    PoissonMixture,
)
from mixtura.data import Block
from mixtura.em.certainty import entropy_r2, relative_entropy
from mixtura.goodness import modal_shares, pair_residuals, pattern_fit
from mixtura.goodness.pairs import pair_table

# Linzer and Lewis (2011) print the second; all as polca 0.4.0 finds them with 60 starts. Degrees of
# freedom by the R package poLCA: min(n, cells - 1) - parameters.
PUBLISHED = [
    ("carcinoma", 2, -317.2568373, 62.3654294, 92.6481352, 103),
    ("carcinoma", 3, -293.7049788, 15.2617123, 20.5033568, 95),
    ("carcinoma", 4, -289.2858488, 6.4234524, 10.0841249, 87),
    ("cheating", 2, -440.0271124, 7.7642422, 8.3234257, 6),
    ("gss82", 2, -2783.2680096, 79.3372297, 93.2532761, 22),
    ("gss82", 3, -2754.5454048, 21.8920201, 23.5322051, 15),
]

SHARES = {
    ("carcinoma", 3): [0.1817, 0.3736, 0.4447],
    ("cheating", 2): [0.1602, 0.8398],
    ("gss82", 3): [0.1723, 0.2070, 0.6207],
}


@cache
def fitted(name, n_components):
    values = dataset(name).values
    found = CategoricalMixture(n_components, prior=None, n_init=40, random_state=0).fit(values)
    shares = found.predict_proba(values)
    settings = {"prior": None, "tol": 1e-13, "max_iter": 50000}
    return CategoricalMixture(n_components, responsibilities_init=shares, **settings).fit(values)


@pytest.mark.parametrize(("name", "n_components", "log_likelihood", "g2", "x2", "df"), PUBLISHED)
def test_the_table_is_fitted_as_published(name, n_components, log_likelihood, g2, x2, df):
    mixture = fitted(name, n_components)
    assert mixture.log_likelihood_ == pytest.approx(log_likelihood, abs=1e-6)
    table = mixture.facts_["table"]
    assert table["g2"] == pytest.approx(g2, abs=1e-4)
    assert table["x2"] == pytest.approx(x2, abs=1e-3)
    assert table["residual_df"] == df
    if (name, n_components) in SHARES:
        found = np.sort(mixture.weights_)
        np.testing.assert_allclose(found, SHARES[name, n_components], atol=2e-3)


def test_g2_is_the_gap_to_the_saturated_model():
    mixture = fitted("cheating", 2)
    values = dataset("cheating").values
    _, totals = np.unique(values, axis=0, return_counts=True)
    saturated = totals @ np.log(totals / len(values))
    gap = 2 * (saturated - mixture.log_likelihood_)
    assert mixture.facts_["table"]["g2"] == pytest.approx(gap, abs=1e-6)


def test_x2_counts_the_cells_that_were_not_seen():
    values = dataset("carcinoma").values.astype(int)
    mixture = fitted("carcinoma", 2).mixture_
    cells = np.array(np.meshgrid(*[[0, 1]] * 7)).reshape(7, -1).T
    expected = len(values) * np.exp(mixture.log_density(cells))
    observed = np.array([(values == cell).all(axis=1).sum() for cell in cells])
    whole = ((observed - expected) ** 2 / expected).sum()
    patterns, totals = np.unique(values, axis=0, return_counts=True)
    density = mixture.log_density(patterns)
    table = pattern_fit(density, totals.astype(float), [2] * 7, mixture.n_parameters)
    assert table.n_cells == len(cells)
    assert table.x2 == pytest.approx(whole, rel=1e-9)


def test_entropy_and_modal_shares_are_those_of_the_posteriors():
    mixture = fitted("carcinoma", 3)
    values = dataset("carcinoma").values
    posterior = mixture.predict_proba(values)
    doubt = -(posterior * np.log(np.maximum(posterior, 1e-300))).sum()
    expected = 1 - doubt / (len(values) * np.log(3))
    assert mixture.facts_["relative_entropy"] == pytest.approx(expected, abs=1e-9)
    unknown = -(mixture.weights_ @ np.log(mixture.weights_))
    expected = 1 - doubt / (len(values) * unknown)
    assert mixture.facts_["entropy_r2"] == pytest.approx(expected, abs=1e-9)
    counts = np.bincount(posterior.argmax(axis=1), minlength=3)
    np.testing.assert_allclose(mixture.facts_["modal_shares"], counts / len(values))
    weights = 1.0 + np.arange(len(values)) % 3
    density = np.empty(len(values))
    blocks = [
        Block(values[:7].astype(int), weights[:7]),
        Block(values[7:].astype(int), weights[7:]),
    ]
    weighted = modal_shares(mixture.mixture_, blocks, density)
    np.testing.assert_allclose(density, mixture.score_samples(values))
    expected = np.bincount(posterior.argmax(axis=1), weights=weights) / weights.sum()
    np.testing.assert_allclose(weighted, expected)


def test_entropies_at_their_ends():
    assert relative_entropy(0.0, 10.0, 3) == 1.0
    assert relative_entropy(10 * np.log(3), 10.0, 3) == pytest.approx(0.0)
    assert relative_entropy(0.0, 10.0, 1) is None
    assert entropy_r2(0.0, 10.0, [0.2, 0.8]) == 1.0
    assert entropy_r2(10 * np.log(2), 10.0, [0.5, 0.5]) == pytest.approx(0.0)
    assert entropy_r2(0.0, 10.0, [1.0]) is None
    assert entropy_r2(0.0, 10.0, [1.0, 0.0]) is None
    assert entropy_r2(0.0, 1e-100, [1.0, 1e-250]) is None
    assert relative_entropy(0.0, 1e-320, 2) == entropy_r2(0.0, 1e-320, [0.5, 0.5]) == 1.0


def test_a_summary_says_whose_entropy_is_whose():
    text, facts = fitted("cheating", 2).summary(), fitted("cheating", 2).facts_
    assert f"entropy {facts['relative_entropy']:.4f} as Mplus has it" in text
    assert f"entropy R² {facts['entropy_r2']:.4f} as Latent GOLD has it" in text


def test_pair_residuals_are_pearsons_over_the_degrees_of_freedom():
    values = dataset("gss82").values.astype(int)
    mixture = fitted("gss82", 2)
    tables = mixture.probabilities_
    levels = [table.shape[1] for table in tables]
    found = pair_residuals(
        mixture.weights_, np.hstack(tables), values, np.ones(len(values)), levels
    )
    expected = len(values) * np.einsum("k,ki,kj->ij", mixture.weights_, tables[2], tables[3])
    observed = np.array(pd.crosstab(values[:, 2], values[:, 3]))
    residual = ((observed - expected) ** 2 / expected).sum() / (levels[2] - 1) / (levels[3] - 1)
    assert found.values[2, 3] == pytest.approx(residual)
    np.testing.assert_array_equal(found.values, found.values.T)
    first, second, value = found.largest(1)[0]
    assert (first, second, value) == (2, 3, found.values.max())


def test_a_missing_answer_is_in_no_cell_of_a_pair():
    first, second = np.array([0, 0, 1, -1, 1]), np.array([2, 2, -1, 0, 1])
    table = pair_table(first, second, np.array([1.0, 0.5, 9.0, 9.0, 2.0]), (2, 3))
    np.testing.assert_array_equal(table, [[0, 0, 1.5], [0, 2, 0]])


def test_independent_items_have_residuals_of_zero():
    rows = np.array(np.meshgrid([0, 1], [0, 1, 2])).reshape(2, -1).T
    mixture = CategoricalMixture(1, prior=None).fit(rows)
    assert mixture.facts_["pair_residuals"][0][2] == pytest.approx(0.0, abs=1e-12)
    assert mixture.facts_["relative_entropy"] is mixture.facts_["entropy_r2"] is None
    assert "entropy" not in mixture.summary()


def test_yes_or_no_columns_have_the_statistics_of_categories():
    values = dataset("carcinoma").values
    one = BernoulliMixture(2, prior=None, n_init=10, random_state=0).fit(values).facts_
    other = fitted("carcinoma", 2).facts_
    assert one["n_patterns"] == other["n_patterns"] == 20
    for name in ("g2", "x2", "residual_df"):
        assert one["table"][name] == pytest.approx(other["table"][name], rel=1e-4)
    assert one["pair_residuals"][0][:2] == other["pair_residuals"][0][:2]


def test_missing_cells_leave_the_table_out_and_keep_the_pairs():
    values = dataset("housevotes").values
    mixture = CategoricalMixture(2, random_state=0).fit(values)
    assert "table" not in mixture.facts_
    assert len(mixture.facts_["pair_residuals"]) == 10
    assert "G²" not in mixture.summary()
    assert "Bivariate residuals" in mixture.summary()


def test_the_summary_says_what_the_statistics_mean():
    text = fitted("carcinoma", 3).summary()
    assert "G² 15.26" in text
    assert "with 95 residual degrees of freedom; 20 of 128 possible patterns were seen" in text
    assert "118 rows are too few for 128 patterns" in text
    assert "23 free parameters and 20 different rows: these rows may not determine" in text
    assert "modal share" in text
    text = fitted("cheating", 2).summary()
    assert "by G²" in text
    assert "too few" not in text


def test_sparse_and_other_columns_have_shares_only():
    rng = np.random.default_rng(0)
    ones = (rng.random((80, 30)) < 0.2).astype(float)
    blocks = {"gaussian": [0], "categorical": [1]}
    pairs = np.column_stack([rng.normal(size=80), rng.integers(0, 3, 80)])
    for mixture, rows in (
        (BernoulliMixture(2, random_state=0), csr_array(ones)),
        (MultinomialMixture(2, random_state=0), rng.poisson(3.0, (80, 4))),
        (PoissonMixture(2, random_state=0), rng.poisson(3.0, (80, 4))),
        (MixedMixture(2, blocks, random_state=0), pairs),
    ):
        facts = mixture.fit(rows).facts_
        assert sum(facts["modal_shares"]) == pytest.approx(1.0)
        assert 0 <= facts["relative_entropy"] <= 1
        assert "table" not in facts
