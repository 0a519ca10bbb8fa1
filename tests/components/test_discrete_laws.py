"""What holds for every family of counts and categories, by one table."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pytest
from columnwise_cases import COLUMNWISE
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mixtura import load
from mixtura.components.bernoulli import BernoulliFamily
from mixtura.components.categorical import CategoricalFamily
from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.poisson import PoissonFamily
from mixtura.components.stacked import Probabilities
from mixtura.data import ArrayRows
from mixtura.em.fit import FitOptions, fit
from mixtura.em.model import Model
from mixtura.em.responsibilities import model_from_responsibilities
from mixtura.em.stopping import MeanChange
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial, Threads
from mixtura.mixture import Mixture
from mixtura.store import save

pytestmark = pytest.mark.drawn(9)

LEVELS = (2, 3, 5, 1)
PRIORS = (None, "weak", "conjugate")


@dataclass(frozen=True)
class Case:
    family: Any
    make: Any
    log_density: Any


def multinomial_rows(rng, n_rows):
    shares = np.array([[0.6, 0.2, 0.1, 0.1, 0.0], [0.1, 0.1, 0.3, 0.5, 0.0]])
    return rng.multinomial(rng.integers(0, 12, n_rows), shares[rng.integers(0, 2, n_rows)]) * 1.0


def multinomial_density(rows, parameters, k):
    return stats.multinomial(rows.sum(axis=1).astype(int), parameters.probabilities[k]).logpmf(rows)


def binary_rows(rng, n_rows):
    shares = np.array([[0.9, 0.2, 0.5, 0.1], [0.1, 0.3, 0.5, 1.0]])
    return (rng.random((n_rows, 4)) < shares[rng.integers(0, 2, n_rows)]) * 1.0


def bernoulli_density(rows, parameters, k):
    return stats.bernoulli(parameters.probabilities[k]).logpmf(rows).sum(axis=1)


def category_rows(rng, n_rows):
    label = rng.integers(0, 2, n_rows)
    draws = [np.where(label, rng.integers(0, n, n_rows), rng.integers(0, n) % n) for n in LEVELS]
    return np.column_stack(draws).astype(np.int32)


def category_rows_with_gaps(rng, n_rows):
    rows = category_rows(rng, n_rows)
    return np.where(rng.random(rows.shape) < 0.2, -1, rows).astype(np.int32)


def categorical_density(rows, parameters, k):
    starts = np.cumsum([0, *LEVELS[:-1]])
    shares = parameters.probabilities[k][np.maximum(rows, 0) + starts]
    return np.where(rows < 0, 0.0, np.log(shares)).sum(axis=1)


def poisson_rows(rng, n_rows):
    rates = np.array([[1.0, 7.0, 0.0], [3.0, 0.5, 0.0]])
    return rng.poisson(rates[rng.integers(0, 2, n_rows)]) * 1.0


def exposed_rows(rng, n_rows):
    exposure = rng.uniform(0.2, 3.0, n_rows)
    counts = rng.poisson([2.0, 5.0] * exposure[:, None] * rng.choice([0.3, 2.0], (n_rows, 1)))
    return np.column_stack([counts[:, 0], exposure, counts[:, 1]])


def poisson_density(rows, parameters, k):
    return stats.poisson(parameters.rates[k]).logpmf(rows).sum(axis=1)


def exposed_density(rows, parameters, k):
    means = parameters.rates[k] * rows[:, 1:2]
    return np.nansum(stats.poisson(means).logpmf(rows[:, [0, 2]]), axis=1)


def with_gaps(one):
    """Return the case of a columnwise family whose cells are missing here and there."""

    def make(rng, n_rows):
        rows = one.rows(rng, n_rows)
        return np.where(rng.random(rows.shape) < 0.2, np.nan, rows)

    def density(rows, parameters, k):
        # Cell by cell: a row of one cell at a place, the others being left out.
        each = [
            one.distribution(*(array[k, j] for array in one.numbers(parameters)))
            for j in range(rows.shape[1])
        ]
        logs = [
            law.logpmf(column) if hasattr(law, "logpmf") else law.logpdf(column)
            for law, column in zip(each, rows.T, strict=True)
        ]
        return np.where(np.isnan(rows.T), 0.0, logs).sum(axis=0)

    return Case(one.family, make, density)


def exposed_rows_with_gaps(rng, n_rows):
    rows = exposed_rows(rng, n_rows)
    rows[rng.random(n_rows) < 0.2, 0] = np.nan
    rows[rng.random(n_rows) < 0.2, 2] = np.nan
    return rows


CASES = {
    "multinomial": Case(MultinomialFamily(5), multinomial_rows, multinomial_density),
    "edges": Case(BernoulliFamily(4), binary_rows, bernoulli_density),
    "categorical": Case(CategoricalFamily(LEVELS), category_rows, categorical_density),
    "categorical with gaps": Case(
        CategoricalFamily(LEVELS), category_rows_with_gaps, categorical_density
    ),
    "zero rates": Case(PoissonFamily(3), poisson_rows, poisson_density),
    "poisson with exposure": Case(PoissonFamily(2, exposure=1), exposed_rows, exposed_density),
    "exposure and gaps": Case(
        PoissonFamily(2, exposure=1), exposed_rows_with_gaps, exposed_density
    ),
    **{name: Case(one.family, one.rows, one.log_density) for name, one in COLUMNWISE.items()},
    **{f"{name} with gaps": with_gaps(one) for name, one in COLUMNWISE.items()},
}

every_family = pytest.mark.parametrize("name", CASES)
every_prior = pytest.mark.parametrize("prior", PRIORS)
seeds = given(seed=st.integers(0, 2**32 - 1))
few = settings(max_examples=settings.default.max_examples // 5)


def values_of(parameters):
    """Return all numbers of the components (K, ...) side by side."""
    return np.hstack([getattr(parameters, field.name) for field in fields(parameters)])


def loop(sweep, n_components, prior=None, max_iter=12):
    return FitOptions(
        rule=MeanChange(0.0),
        max_iter=max_iter,
        prior=sweep.family.prior(prior, sweep.shared, n_components),
    )


def swept(case, rows, weights=None, engine=None):
    """Return the sweep over rows, of the family set to read them."""
    return Sweep(case.family.reading(rows), ArrayRows(rows, weights), engine or Serial())


def fitted(case, rows, *, weights=None, shares=None, prior=None, engine=None, n_components=2):
    """Return the run after twelve sweeps from the given or drawn responsibilities."""
    sweep = swept(case, rows, weights, engine)
    if shares is None:
        shares = np.random.default_rng(5).dirichlet(np.ones(n_components), len(rows))
    options = loop(sweep, n_components, prior)
    with sweep.engine.session():
        (run,) = fit(sweep, [model_from_responsibilities(sweep, shares, options)], options)
    return run


def same(one, other, rtol=1e-9):
    # On the way past a saddle what rounding leaves grows before it shrinks.
    ways = one.history.log_likelihood, other.history.log_likelihood
    np.testing.assert_allclose(*ways, rtol=1e3 * rtol, atol=1e-9)
    np.testing.assert_allclose(*(way[-1] for way in ways), rtol=rtol, atol=1e-9)
    np.testing.assert_allclose(
        values_of(one.model.parameters), values_of(other.model.parameters), rtol=1e-6, atol=1e-9
    )


@every_family
@every_prior
@few
@seeds
def test_a_weight_of_two_is_the_row_twice(name, prior, seed):
    rng = np.random.default_rng(seed)
    case = CASES[name]
    rows = case.make(rng, 60)
    weights = rng.integers(1, 4, 60)
    shares = rng.dirichlet(np.ones(2), 60)
    weighted = fitted(case, rows, weights=weights * 1.0, shares=shares, prior=prior)
    repeated = fitted(
        case, rows.repeat(weights, axis=0), shares=shares.repeat(weights, axis=0), prior=prior
    )
    same(weighted, repeated)


@every_family
@few
@seeds
def test_the_order_of_rows_and_components_is_no_matter(name, seed):
    rng = np.random.default_rng(seed)
    case = CASES[name]
    rows, shares = case.make(rng, 60), rng.dirichlet(np.ones(3), 60)
    order, components = rng.permutation(60), rng.permutation(3)
    one = fitted(case, rows, shares=shares)
    other = fitted(case, rows[order], shares=shares[order][:, components])
    np.testing.assert_allclose(one.history.log_likelihood, other.history.log_likelihood, rtol=1e-9)
    np.testing.assert_allclose(
        values_of(one.model.parameters)[components],
        values_of(other.model.parameters),
        rtol=1e-6,
        atol=1e-9,
    )


@every_family
@every_prior
@few
@seeds
def test_the_objective_rises_and_lies_above_its_bound(name, prior, seed):
    rng = np.random.default_rng(seed)
    case = CASES[name]
    rows = case.make(rng, 80)
    run = fitted(case, rows, shares=rng.dirichlet(np.ones(3), 80), prior=prior)
    rounding = 1e-10 * (1 + abs(run.objective))
    assert (np.diff(run.history.objective) >= -rounding).all()
    assert (np.array(run.history.gap) >= -rounding).all()


@every_family
def test_every_number_of_threads_gives_the_same_bits(name):
    case = CASES[name]
    rows = case.make(np.random.default_rng(1), 9000)
    runs = [fitted(case, rows, engine=e) for e in (Serial(), Threads(1), Threads(2), Threads(3))]
    for run in runs[1:]:
        assert run.history.log_likelihood == runs[0].history.log_likelihood
        assert values_of(run.model.parameters).tobytes() == (
            values_of(runs[0].model.parameters).tobytes()
        )


@every_family
@every_prior
@few
@seeds
def test_the_m_step_is_a_maximum(name, prior, seed):
    rng = np.random.default_rng(seed)
    case = CASES[name]
    rows, shares = case.make(rng, 50), rng.dirichlet(np.ones(2), 50)
    sweep = swept(case, rows)
    penalty = sweep.family.prior(prior, sweep.shared, 2)
    moments = sweep.from_responsibilities(shares)
    best = sweep.family.maximise(moments, None, penalty)

    def objective(parameters):
        expected = sweep.family.expected_log_density(parameters, moments)
        return expected + penalty.log_density(parameters)

    shaken = moments.plus(rng.uniform(0, 1, moments.features.shape[1]) * moments.features[0])
    other = sweep.family.maximise(shaken, None, penalty)
    assert objective(best) >= objective(other) - 1e-9 * abs(objective(best))


@every_family
@few
@seeds
def test_the_expected_log_density_is_the_sum_over_rows(name, seed):
    rng = np.random.default_rng(seed)
    case = CASES[name]
    rows, shares = case.make(rng, 50), rng.dirichlet(np.ones(2), 50)
    sweep = swept(case, rows)
    moments = sweep.from_responsibilities(shares)
    parameters = fitted(case, rows, prior="conjugate").model.parameters
    expected = (shares * case.family.row_log_density(rows, parameters)).sum()
    assert sweep.family.expected_log_density(parameters, moments) == pytest.approx(expected)


@every_family
@few
@seeds
def test_densities_are_those_of_scipy(name, seed):
    rng = np.random.default_rng(seed)
    case = CASES[name]
    rows = case.make(rng, 60)
    run = fitted(case, rows, prior="conjugate")
    densities = case.family.row_log_density(rows, run.model.parameters)
    for k in range(2):
        expected = case.log_density(rows, run.model.parameters, k)
        np.testing.assert_allclose(densities[:, k], expected, rtol=1e-9, atol=1e-9)
    mixture = Mixture(np.exp(run.model.log_weights), case.family, run.model.parameters).coded
    assert mixture.log_density(rows).sum() == pytest.approx(
        swept(case, rows)([run.model])[0].log_likelihood, rel=1e-10
    )


@every_family
@every_prior
def test_posteriors_sum_to_one_also_where_every_component_says_impossible(name, prior):
    case = CASES[name]
    rng = np.random.default_rng(3)
    run = fitted(case, case.make(rng, 40), prior=prior)
    mixture = Mixture(np.exp(run.model.log_weights), case.family, run.model.parameters).coded
    strange = np.full((1, case.family.n_columns), case.make(rng, 1).dtype.type(1))
    if name.startswith("beta"):
        strange[:] = 1e-200
    if name.startswith("categorical"):
        strange[:, LEVELS.index(1)] = 0
    density, shares = mixture.density_and_responsibilities(strange)
    assert np.isfinite(density).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-12)


@every_family
@pytest.mark.parametrize("prior", ["weak", "conjugate"])
def test_a_prior_keeps_what_occurs_at_all_possible_in_every_component(name, prior):
    case = CASES[name]
    rows = case.make(np.random.default_rng(4), 40)
    hard = np.eye(2)[(np.arange(40) >= 38).astype(int)]
    values = values_of(fitted(case, rows, shares=hard, prior=prior).model.parameters)
    whole = values_of(fitted(case, rows, shares=np.ones((40, 1))).model.parameters)[0]
    # Without zero inflation a component has the zeros of its counts.
    if not name.startswith("zero_inflated"):
        assert (values[:, whole > 0] > 0).all()
    if values.max() <= 1:
        assert (values[:, whole < 1] < 1).all()


@every_family
def test_one_component_is_left_where_it_is_by_a_prior(name):
    case = CASES[name]
    rows = case.make(np.random.default_rng(4), 40)
    one = np.ones((40, 1))
    plain, smooth = (fitted(case, rows, shares=one, prior=prior) for prior in (None, "conjugate"))
    np.testing.assert_allclose(
        values_of(plain.model.parameters), values_of(smooth.model.parameters), rtol=1e-9
    )


@every_family
def test_a_component_without_rows_keeps_its_parameters(name):
    case = CASES[name]
    rows = case.make(np.random.default_rng(4), 40)
    run = fitted(case, rows)
    model = Model(np.array([0.0, -1e5]), run.model.parameters)
    sweep = swept(case, rows)
    moments = sweep([model])[0].moments
    assert moments.effective_rows[1] == 0
    kept = sweep.family.maximise(moments, model.parameters, loop(sweep, 2).prior)
    np.testing.assert_array_equal(values_of(kept)[1], values_of(model.parameters)[1])


@every_family
def test_samples_have_the_frequencies_of_the_mixture(name):
    case = CASES[name]
    run = fitted(case, case.make(np.random.default_rng(4), 200), prior="conjugate")
    # Sizes of counts whose zeros say nothing of them vary most.
    labels = np.repeat([0, 1], 160_000 if name.startswith(("zero", "hurdle")) else 40_000)
    rows = case.family.sample(run.model.parameters, labels, np.random.default_rng(0))
    found = fitted(case, rows, shares=np.eye(2)[labels])
    sweep = swept(case, rows)
    moments = sweep.from_responsibilities(np.eye(2)[labels])
    again = sweep.family.estimate(moments.features, None)
    # Densities of shares are above one where they are narrow.
    assert found.history[0].log_likelihood < 0 or name.startswith("beta")
    np.testing.assert_allclose(
        values_of(again), values_of(run.model.parameters), rtol=0.05, atol=0.02
    )


@every_family
def test_a_model_file_brings_the_mixture_back(name, tmp_path):
    case = CASES[name]
    rows = case.make(np.random.default_rng(4), 40)
    run = fitted(case, rows)
    mixture = Mixture(
        np.exp(run.model.log_weights) / np.exp(run.model.log_weights).sum(),
        case.family,
        run.model.parameters,
    )
    save(tmp_path / "model", mixture)
    again = load(tmp_path / "model")
    np.testing.assert_array_equal(again.coded.log_density(rows), mixture.coded.log_density(rows))
    assert again.n_parameters == mixture.n_parameters
    assert again.family.to_arrays(again.parameters)[1] == case.family.to_arrays(again.parameters)[1]
    for one, other in zip(again.sample(20, 1), mixture.sample(20, 1), strict=True):
        np.testing.assert_array_equal(one, other)


@every_family
def test_summaries_name_columns_and_components(name):
    case = CASES[name]
    run = fitted(case, case.make(np.random.default_rng(4), 40))
    columns = [f"col{j}" for j in range(case.family.n_columns)]
    tables = case.family.tables(run.model.parameters, columns, ["low", "high"])
    assert all("col0" in str(table) for table in tables)
    assert all(set(table.tables[0].header) >= {"low", "high"} for table in tables)
    assert len(tables) >= len(fields(run.model.parameters))
    assert "2 components" in case.family.title(2)
    assert case.family.describe(run.model.parameters, columns)


def test_an_impossible_level_costs_nothing_where_it_is_not_seen():
    family = MultinomialFamily(2, coefficient=False)
    parameters = Probabilities(np.array([[1.0, 0.0]]))
    assert family.row_log_density(np.array([[9.0, 0.0]]), parameters)[0, 0] == 0.0
    assert family.row_log_density(np.array([[9.0, 1.0]]), parameters)[0, 0] < -600
    certain = BernoulliFamily(600)
    ones = Probabilities(np.ones((1, 600)))
    assert certain.row_log_density(np.ones((1, 600)), ones)[0, 0] == pytest.approx(0.0, abs=1e-6)
