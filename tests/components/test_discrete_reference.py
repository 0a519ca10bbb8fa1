"""Every stored fit of categories, counts and rates: one step, the end, and the criteria."""

import numpy as np
import pytest
from oracles import discrete_fits, discrete_values, starting_responsibilities

from mixtura.components.bernoulli import BernoulliFamily
from mixtura.components.categorical import CategoricalFamily
from mixtura.components.multinomial import MultinomialFamily
from mixtura.components.poisson import PoissonFamily
from mixtura.data import ArrayRows
from mixtura.em.fit import FitOptions, fit
from mixtura.em.responsibilities import model_from_responsibilities
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial

FITS = [fit for kind in ("categorical", "multinomial", "poisson") for fit in discrete_fits(kind)]
BINARY = [fit for fit in discrete_fits("categorical") if set(fit["n_levels"]) == {2}]


def case(found):
    """Return the family, the rows, and stored parameters as the family packs them."""
    values = discrete_values(found)
    if found["kind"] == "multinomial":
        return MultinomialFamily(values.shape[1]), values, lambda one: np.array(one["probs"])
    if found["kind"] == "poisson":
        return PoissonFamily(values.shape[1]), values, lambda one: np.array(one["rates"])
    codes = np.where(np.isnan(values), -1, values).astype(np.int32)
    return CategoricalFamily(tuple(found["n_levels"])), codes, packed


def packed(stored):
    return np.concatenate([np.array(item) for item in stored["probs"]], axis=1)


def as_bernoulli(found):
    values = discrete_values(found)
    return (
        BernoulliFamily(values.shape[1]).reading(values),
        values,
        lambda one: packed(one)[:, 1::2],
    )


def values_of(parameters):
    return getattr(parameters, "rates" if hasattr(parameters, "rates") else "probabilities")


def started(found, family, rows):
    sweep = Sweep(family, ArrayRows(rows), Serial())
    options = FitOptions(
        rule=GainLeft(nats=1e-9, relative=1e-14),
        max_iter=20000,
        prior=family.prior(None, sweep.shared, found["G"]),
    )
    start = model_from_responsibilities(sweep, starting_responsibilities(None, found), options)
    return sweep, start, options


def named(found):
    return found["id"]


def check_one_step(found, family, rows, pack):
    sweep, start, _ = started(found, family, rows)
    stored = found["one_step"]
    np.testing.assert_allclose(np.exp(start.log_weights), stored["weights"], rtol=1e-9, atol=0)
    np.testing.assert_allclose(values_of(start.parameters), pack(stored), rtol=1e-9, atol=1e-15)
    assert sweep([start])[0].log_likelihood == pytest.approx(stored["loglik"], rel=1e-9)


def check_end(found, family, rows):
    sweep, start, options = started(found, family, rows)
    (run,) = fit(sweep, [start], options)
    reached = run.statistics.log_likelihood
    if found["compare"] == "equal":
        assert reached == pytest.approx(found["loglik"], abs=found["tol"])
    else:
        assert reached >= min(found["loglik"], found["floor"]) - found["tol"]
    df = family.n_free(found["G"]) + found["G"] - 1
    assert df == found["n_params"]
    bic = -2 * found["loglik"] + df * np.log(len(rows))
    assert bic == pytest.approx(found["bic"], rel=1e-12)
    assert min(run.history.gap) >= -1e-9 * abs(reached)


@pytest.mark.parametrize("found", FITS, ids=named)
def test_one_step_is_the_stored_one(found):
    check_one_step(found, *case(found))


@pytest.mark.parametrize("found", FITS, ids=named)
def test_the_end_is_the_stored_one_or_higher(found):
    family, rows, _ = case(found)
    check_end(found, family, rows)


@pytest.mark.parametrize("found", BINARY, ids=named)
def test_items_of_two_levels_are_bernoullis(found):
    family, rows, pack = as_bernoulli(found)
    check_one_step(found, family, rows, pack)
    check_end(found, family, rows)


@pytest.mark.parametrize("found", discrete_fits("multinomial"), ids=named)
def test_coefficients_can_be_left_out(found):
    values = discrete_values(found)
    sweep, start, _ = started(found, MultinomialFamily(values.shape[1], coefficient=False), values)
    stored = found["one_step"]["loglik"] - found["loglik_constant"]
    assert sweep([start])[0].log_likelihood == pytest.approx(stored, rel=1e-9)
