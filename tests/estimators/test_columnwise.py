"""Estimators that are made of a row of the catalogue are like any other."""

import inspect
import pickle

import numpy as np
import pandas as pd
import pytest
from columnwise_cases import COLUMNWISE
from sklearn.base import clone

import mixtura
from mixtura import DataError, MixedMixture, ParameterError
from mixtura.components.catalogue import ROWS
from mixtura.inference import bootstrap, likelihood_ratio_test, standard_errors

pytestmark = pytest.mark.drawn(6)

every_family = pytest.mark.parametrize("name", COLUMNWISE)


def test_every_row_of_the_catalogue_is_in_the_tests_table():
    assert {name for name, row in ROWS.items() if row.is_columnwise} == set(COLUMNWISE)


@pytest.mark.parametrize("name", ROWS)
def test_every_estimator_of_the_catalogue_is_public(name):
    assert ROWS[name].estimator in mixtura.__all__
    made = getattr(mixtura, ROWS[name].estimator)
    assert made.__name__ == ROWS[name].estimator


@every_family
def test_its_arguments_are_those_of_its_signature(name):
    one = COLUMNWISE[name].estimator(3, n_init=2)
    arguments = set(inspect.signature(type(one)).parameters)
    assert set(one.get_params()) == arguments
    assert all(argument in type(one).__doc__ for argument in arguments - {"algorithm"})
    again = clone(one)
    assert again.get_params() == one.get_params()
    assert again is not one
    with pytest.raises(TypeError, match="colour"):
        type(one)(colour="blue")


@every_family
def test_it_is_pickled_by_name(name):
    one = COLUMNWISE[name]
    rows = one.rows(np.random.default_rng(0), 80)
    fit = one.estimator(2, random_state=0).fit(rows)
    again = pickle.loads(pickle.dumps(fit))
    np.testing.assert_array_equal(again.predict(rows), fit.predict(rows))


@every_family
def test_a_search_finds_two_components_of_well_parted_ones(name):
    one = COLUMNWISE[name]
    rows = one.rows(np.random.default_rng(1), 500)
    selection = one.estimator(random_state=0).select(rows, range(1, 4))
    assert selection.best.n_components == 2
    same = mixtura.select(rows, range(1, 4), family=name, random_state=0)
    assert same.result.bic == selection.result.bic


@every_family
def test_known_components_keep_their_numbers(name):
    one = COLUMNWISE[name]
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 2, 300)
    rows = one.drawn(rng, labels)
    known = np.where(rng.random(300) < 0.3, labels, -1)
    fit = one.estimator(2, random_state=0).fit(rows, known)
    assert (fit.predict(rows) == labels).mean() > 0.8


@every_family
def test_replicates_are_fitted_to_rows_of_their_own(name):
    one = COLUMNWISE[name]
    rows = one.rows(np.random.default_rng(3), 400)
    mixture = one.estimator(2, random_state=0).fit(rows).mixture_
    for kind in ("weighted", "rows", "parametric"):
        found = bootstrap(mixture, rows, kind=kind, n_replicates=3, random_state=0)
        errors = found.standard_errors()
        assert all(np.isfinite(array).all() for array in errors.values())
    assert likelihood_ratio_test(mixture, rows, n_replicates=1, random_state=0).statistic >= 0


@every_family
def test_it_stands_beside_other_columns(name, tmp_path):
    one = COLUMNWISE[name]
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 2, 300)
    frame = pd.DataFrame(one.drawn(rng, labels), columns=["a", "b", "c"])
    frame["height"] = rng.normal(4.0 * labels, 1.0)
    frame["answer"] = np.where(rng.random(300) < 0.2 + 0.6 * labels, "yes", "no")
    blocks = {name: ["a", "b", "c"], "gaussian": ["height"], "categorical": ["answer"]}
    fit = MixedMixture(2, blocks, random_state=0).fit(frame)
    agreeing = (fit.predict(frame) == labels).mean()
    assert max(agreeing, 1 - agreeing) > 0.9
    fit.save(tmp_path / "model")
    density = mixtura.load(tmp_path / "model").mixture_.log_density(frame)
    assert density.sum() == pytest.approx(fit.log_likelihood_)


def test_what_a_row_fixes_is_kept_in_blocks():
    rows = COLUMNWISE["exponential"].rows(np.random.default_rng(5), 200)
    fit = MixedMixture(2, {"exponential": [0, 1, 2]}, random_state=0).fit(rows)
    assert fit.n_parameters_ == 1 + 2 * 3
    assert (fit.mixture_.parameters.parts[0].shapes == 1).all()


@every_family
def test_a_warm_start_on_other_columns_is_refused(name):
    rows = COLUMNWISE[name].rows(np.random.default_rng(6), 60)
    fit = COLUMNWISE[name].estimator(2, warm_start=True).fit(rows)
    with pytest.raises(ParameterError, match="warm_start"):
        fit.fit(rows[:, :2])


@every_family
def test_cells_that_are_missing_are_left_out_and_told(name, tmp_path):
    one = COLUMNWISE[name]
    rng = np.random.default_rng(8)
    labels = rng.integers(0, 2, 600)
    rows = one.drawn(rng, labels)
    gappy = np.where(rng.random(rows.shape) < 0.15, np.nan, rows)
    always = ROWS[name].gaps == "always"
    if not always:
        with pytest.raises(DataError, match=r"holds NaN at row .* or set missing='marginal'"):
            one.estimator(2).fit(gappy)
    asked = {} if always else {"missing": "marginal"}
    fit = one.estimator(2, random_state=0, **asked).fit(gappy)
    told = np.isnan(gappy[~np.isnan(gappy).all(axis=1)])
    assert f"{told.sum()} of {told.size:,} cells are missing" in fit.summary()
    agreeing = (fit.predict(gappy) == labels).mean()
    assert max(agreeing, 1 - agreeing) > 0.8
    fit.save(tmp_path / "model")
    again = mixtura.load(tmp_path / "model").predict_proba(gappy)
    np.testing.assert_array_equal(again, fit.predict_proba(gappy))
    search = mixtura.select(gappy, 2, family=name, random_state=0, **asked)
    assert search.result.log_likelihood == pytest.approx(fit.log_likelihood_, abs=0.1)
    blocks = MixedMixture(2, {name: [0, 1, 2]}, random_state=0, missing="marginal").fit(gappy)
    assert blocks.log_likelihood_ == pytest.approx(fit.log_likelihood_, abs=0.1)
    fewer = np.where(rng.random(rows.shape) < 0.5, np.nan, gappy)
    errors, wider = (
        standard_errors(fit.mixture_, each, missing="marginal") for each in (gappy, fewer)
    )
    for number in one.family.free:
        assert (wider[number.name] > errors[number.name]).mean() > 0.8


@every_family
def test_a_fit_without_gaps_reads_rows_with_some(name, tmp_path):
    one = COLUMNWISE[name]
    rng = np.random.default_rng(9)
    rows = one.rows(rng, 200)
    fit = one.estimator(2, random_state=0).fit(rows)
    gappy = np.where(rng.random(rows.shape) < 0.3, np.nan, rows)
    fit.save(tmp_path / "model")
    mixture = mixtura.load(tmp_path / "model").mixture_
    found = mixture.coded.log_density(mixture.encode(gappy, missing="marginal"))
    for row, density in zip(gappy[:20], found[:20], strict=True):
        known = np.flatnonzero(~np.isnan(row))
        own = mixture.marginal(known).log_density(row[None, known]) if known.size else 0.0
        assert density == pytest.approx(own, abs=1e-9)


def test_a_search_refuses_what_says_nothing_to_a_family():
    rows = COLUMNWISE["gamma"].rows(np.random.default_rng(7), 60)
    for given in ({"covariance_type": "full"}, {"noise_volume": 2.0}):
        with pytest.raises(ParameterError, match=f"{next(iter(given))} say.* family='gamma'"):
            mixtura.select(rows, 2, family="gamma", **given)
    with pytest.raises(ParameterError, match=r"family should be one of gaussian, .*'weibull'"):
        mixtura.select(rows, 2, family="weibull")
