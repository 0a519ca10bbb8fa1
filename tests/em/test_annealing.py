"""Starts for many columns of counts, and pseudo-counts by evidence."""

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import dataset
from scipy.sparse import csr_array

from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    GeometricMixture,
    MultinomialMixture,
    PoissonMixture,
)
from mixtura.components.bernoulli import BernoulliFamily
from mixtura.components.evidence import Cells, evident_strength, smoothed_shares
from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.poisson import PoissonFamily
from mixtura.data import CountRows
from mixtura.em.annealing import FIRST, WIDE, annealed, deviations_of
from mixtura.em.fit import FitOptions
from mixtura.em.responsibilities import model_from_responsibilities
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial
from mixtura.errors import ParameterError


def texts(seed: int, n_rows: int = 500, n_words: int = 300, n_topics: int = 8) -> Any:
    """Return counts of words, of topics that each have their own and many in common."""
    rng = np.random.default_rng(seed)
    common = 1.0 / np.arange(1, n_words + 1)
    topics = rng.dirichlet(60 * common / common.sum(), n_topics)
    drawn = topics[rng.integers(0, n_topics, n_rows)]
    return np.array([rng.multinomial(40, own) for own in drawn], dtype=float)


def sweep_of(rows: Any, family: Any) -> tuple[Sweep, FitOptions]:
    sweep = Sweep(family.reading(rows), CountRows(rows), Serial())
    return sweep, FitOptions(GainLeft(), max_iter=300, prior=sweep.prior("weak", 4))


def test_the_power_at_which_rows_part_is_that_of_the_largest_eigenvalue() -> None:
    rows = texts(0, n_rows=60, n_words=120)
    sweep, options = sweep_of(rows, MultinomialFamily(120))
    deviations = deviations_of(sweep)
    assert deviations is not None
    counts = rows.sum(axis=0)
    apart = rows - rows.sum(axis=1, keepdims=True) * counts / counts.sum()
    gram = apart / np.where(counts > 0, counts, 1.0) @ apart.T
    assert deviations.size == pytest.approx(np.linalg.eigvalsh(gram)[-1], rel=1e-3)
    # Below it shares return to what all rows have alike, above it they do not.
    moved = []
    for power in (0.8 / deviations.size, 1.25 / deviations.size):
        shares = np.random.default_rng(0).dirichlet(np.full(2, 1e5), len(rows))
        model = model_from_responsibilities(sweep, shares, options)
        for _ in range(60):
            moments = sweep.tempered(model, power).moments
            model = type(model)(
                options.log_weights(moments.effective_rows),
                sweep.family.maximise(moments, model.parameters, options.prior),
            )
        moved.append(float(np.abs(np.subtract(*model.parameters.probabilities)).max()))
    assert moved[0] < 1e-5
    assert moved[1] > 10 * moved[0]


@pytest.mark.parametrize("family", [BernoulliFamily(120), PoissonFamily(120)])
def test_other_columns_of_counts_have_such_a_power_too(family: Any) -> None:
    rows = np.minimum(texts(1, n_words=120), 1.0)
    dense, sparse = (sweep_of(each, family)[0] for each in (rows, csr_array(rows)))
    sizes = [found.size for found in map(deviations_of, (dense, sparse)) if found is not None]
    assert len(sizes) == 2
    assert sizes[0] == pytest.approx(sizes[1], rel=1e-6)
    assert FIRST / sizes[0] > 0


def test_rows_of_a_weight_are_so_many_rows() -> None:
    rows = texts(2, n_rows=80, n_words=120)
    family = MultinomialFamily(120)
    weighted = Sweep(family, CountRows(rows, np.full(80, 3.0)), Serial())
    repeated = Sweep(family, CountRows(np.repeat(rows, 3, axis=0)), Serial())
    one, other = map(deviations_of, (weighted, repeated))
    assert one is not None
    assert other is not None
    assert one.size == pytest.approx(other.size, rel=1e-6)


def test_one_power_is_a_plain_sweep() -> None:
    sweep, options = sweep_of(texts(3), MultinomialFamily(300))
    shares = np.random.default_rng(0).dirichlet(np.ones(4), 500)
    model = model_from_responsibilities(sweep, shares, options)
    (plain,), same = sweep([model]), sweep.tempered(model, 1.0)
    assert_allclose(plain.moments.features, same.moments.features)


@pytest.mark.parametrize("seed", range(3))
def test_texts_end_no_lower_than_many_random_starts(seed: int) -> None:
    rows = texts(seed)
    found = MultinomialMixture(8, prior="weak", random_state=0).fit(csr_array(rows))
    for start in range(10):
        shares = np.random.default_rng(start).dirichlet(np.full(8, 100.0), len(rows))
        other = MultinomialMixture(8, prior="weak", responsibilities_init=shares).fit(rows)
        assert found.log_likelihood_ >= other.log_likelihood_ - 0.1


def test_words_not_seen_are_foretold_better_than_by_one_component() -> None:
    rows = texts(4, n_rows=800)
    seen, unseen = rows[:400], rows[400:]
    scores = {
        prior: MultinomialMixture(8, prior=prior, random_state=0).fit(seen).score(unseen)
        for prior in ("auto", "weak", 0.03, 0.1, 0.3, 1.0)
    }
    alone = MultinomialMixture(1, random_state=0).fit(seen).score(unseen)
    best = max(value for prior, value in scores.items() if isinstance(prior, float))
    assert scores["auto"] > max(alone, scores["weak"])
    assert scores["auto"] > best - 0.01 * abs(best)


def test_pseudo_counts_by_number_are_added_to_each_cell() -> None:
    rng = np.random.default_rng(5)
    counts, yes = rng.integers(0, 5, (30, 4)), rng.integers(0, 2, (30, 4))
    every, ones = counts.sum(axis=0), yes.sum(axis=0)
    words = MultinomialMixture(1, prior=0.5).fit(counts).probabilities_[0]
    assert_allclose(words, (every + 0.5) / (every.sum() + 2.0))
    chances = BernoulliMixture(1, prior=0.5).fit(yes).probabilities_[0]
    assert_allclose(chances, (ones + 0.5) / 31.0)
    (item, *_) = CategoricalMixture(1, prior=0.5).fit(yes).probabilities_
    assert_allclose(item[0], [(30 - ones[0] + 0.5) / 31.0, (ones[0] + 0.5) / 31.0])
    rates = PoissonMixture(1, prior=0.5).fit(counts).rates_[0]
    rows = 2.0 / counts.sum(axis=1).mean()
    assert_allclose(rates, (every + 0.5) / (30 + rows))
    none = MultinomialMixture(1, prior=0).fit(counts).probabilities_[0]
    assert_allclose(none, every / every.sum())


def test_the_default_is_by_evidence_for_many_columns_and_weak_for_few() -> None:
    for n_words, name in ((WIDE, "weak"), (WIDE + 1, "evidence")):
        rows = texts(6, n_rows=200, n_words=n_words, n_topics=3)
        one, other = (
            MultinomialMixture(3, prior=prior, random_state=0).fit(rows) for prior in ("auto", name)
        )
        assert one.log_likelihood_ == other.log_likelihood_
    assert MultinomialMixture().prior == "auto"


def test_evidence_finds_how_far_components_lie_apart() -> None:
    rng = np.random.default_rng(7)
    for strength in (0.05, 0.5, 5.0):
        chances = rng.dirichlet(np.full(40, strength), 30)
        cells = Cells(np.array([rng.multinomial(3000, own) for own in chances], float), [0])
        shares = smoothed_shares(cells)
        assert shares.sum() == pytest.approx(1.0)
        assert evident_strength(cells, shares) == pytest.approx(strength, rel=0.3)


def test_columns_without_cells_refuse_pseudo_counts() -> None:
    with pytest.raises(ParameterError, match="prior"):
        GeometricMixture(1, prior=0.5).fit([[1, 2], [3, 4], [1, 1]])


@pytest.mark.parametrize("seed", range(3))
def test_survey_items_keep_their_likelihood(seed: int) -> None:
    rows = dataset("carcinoma").values
    fitted = CategoricalMixture(3, n_init=5, random_state=seed).fit(rows)
    assert fitted.log_likelihood_ == pytest.approx(-293.705, abs=0.05)


def test_an_annealed_start_is_keyed_by_its_seed() -> None:
    sweep, options = sweep_of(texts(8), MultinomialFamily(300))
    deviations = deviations_of(sweep)
    assert deviations is not None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one, same, other = (
            annealed(sweep, deviations, 4, options, np.random.default_rng(seed))
            for seed in (0, 0, 1)
        )
    assert_allclose(one.log_weights, same.log_weights)
    assert not np.allclose(one.log_weights, other.log_weights)
