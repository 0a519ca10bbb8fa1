"""A database that runs the query of a mixture gives the posteriors that the mixture gives."""

import sqlite3
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mpmath import mp

from mixtura import (
    BernoulliMixture,
    BetaBinomialMixture,
    BinomialMixture,
    CategoricalMixture,
    ContaminatedMixture,
    DirichletMultinomialMixture,
    FactorAnalyserMixture,
    GammaMixture,
    GaussianMixture,
    GeometricMixture,
    HurdleNegativeBinomialMixture,
    HurdlePoissonMixture,
    MixedMixture,
    Mixture,
    MixtureRegressor,
    MultinomialMixture,
    NegativeBinomialMixture,
    ParameterError,
    PoissonMixture,
    StudentTMixture,
    VonMisesMixture,
    ZeroInflatedNegativeBinomialMixture,
    ZeroInflatedPoissonMixture,
)
from mixtura.components.count_tables import Overdispersed
from mixtura.components.gaussian.structures import STRUCTURES
from mixtura.components.negative_binomial import NegativeBinomialFamily

pytestmark = pytest.mark.drawn(3, among="file")


def in_sqlite(frame: pd.DataFrame, query: str) -> pd.DataFrame:
    with sqlite3.connect(":memory:") as connection:
        frame.to_sql("people", connection, index=False)
        return pd.read_sql_query(query, connection)


def in_duckdb(frame: pd.DataFrame, query: str) -> pd.DataFrame:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        connection.register("people", frame)
        return connection.execute(query).df()


ENGINES = {"sqlite": in_sqlite, "duckdb": in_duckdb}
every_engine = pytest.mark.parametrize("engine", ENGINES)


def people(seed: int, n: int = 160) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    tall = rng.random(n) < 0.4
    return pd.DataFrame(
        {
            "id": np.arange(n),
            "height": rng.normal(np.where(tall, 185.0, 165.0), 4.0),
            'the "age"': rng.gamma(3.0, np.where(tall, 9.0, 14.0)),
            "visits": rng.poisson(np.where(tall, 2.0, 9.0)),
            "falls": rng.geometric(np.where(tall, 0.6, 0.2)) - 1,
            "smokes": (rng.random(n) < np.where(tall, 0.2, 0.7)).astype(int),
            "eyes": np.where(rng.random(n) < np.where(tall, 0.8, 0.3), "it's blue", "brown"),
            "grade": rng.choice([1, 2, 3], n),
        }
    )


NUMBERS, COUNTS = ["height", 'the "age"'], ["visits", "falls"]
MIXED = {
    "gaussian": ["height"],
    "gamma": ['the "age"'],
    "poisson": ["visits"],
    "geometric": ["falls"],
    "bernoulli": ["smokes"],
    "categorical": ["eyes", "grade"],
}
MODELS = {
    **{
        f"gaussian {code}": (GaussianMixture(2, covariance_type=code, random_state=0), NUMBERS)
        for code in STRUCTURES
    },
    "gaussian, one": (GaussianMixture(1), NUMBERS),
    "gaussian, noise": (GaussianMixture(2, noise="uniform", random_state=0), NUMBERS),
    "t": (StudentTMixture(2, random_state=0), NUMBERS),
    "t, noise": (StudentTMixture(2, noise="uniform", random_state=0), NUMBERS),
    "t, diagonal": (StudentTMixture(2, covariance_type="diag", random_state=0), NUMBERS),
    "categorical": (CategoricalMixture(3, random_state=0), ["eyes", "grade", "smokes"]),
    "bernoulli": (BernoulliMixture(2, random_state=0), ["smokes"]),
    "poisson": (PoissonMixture(3, random_state=0), COUNTS),
    "poisson, exposed": (
        PoissonMixture(2, exposure='the "age"', random_state=0),
        ["visits", 'the "age"'],
    ),
    "multinomial": (MultinomialMixture(2, random_state=0), [*COUNTS, "smokes"]),
    "beta-binomial": (BetaBinomialMixture(2, trials=500, random_state=0), [*COUNTS, "grade"]),
    "Dirichlet-multinomial": (
        DirichletMultinomialMixture(2, random_state=0),
        [*COUNTS, "smokes"],
    ),
    "binomial": (BinomialMixture(2, trials=500, random_state=0), [*COUNTS, "grade"]),
    "geometric": (GeometricMixture(2, random_state=0), ["falls"]),
    "zero-inflated Poisson": (ZeroInflatedPoissonMixture(2, random_state=0), [*COUNTS, "grade"]),
    "hurdle Poisson": (HurdlePoissonMixture(2, random_state=0), [*COUNTS, "grade"]),
    "zero-inflated negative binomial": (
        ZeroInflatedNegativeBinomialMixture(2, random_state=0),
        [*COUNTS, "grade"],
    ),
    "hurdle negative binomial": (
        HurdleNegativeBinomialMixture(2, random_state=0),
        [*COUNTS, "grade"],
    ),
    "negative binomial": (NegativeBinomialMixture(2, random_state=0), [*COUNTS, "grade"]),
    "contaminated": (ContaminatedMixture(2, random_state=0), NUMBERS),
    "contaminated, diagonal": (
        ContaminatedMixture(2, covariance_type="diag", random_state=0),
        NUMBERS,
    ),
    "contaminated, noise": (ContaminatedMixture(2, noise="uniform", random_state=0), NUMBERS),
    "factor analyser": (
        FactorAnalyserMixture(2, n_factors=2, random_state=0),
        [*NUMBERS, *COUNTS, "grade"],
    ),
    "factor analyser, noise": (
        FactorAnalyserMixture(2, n_factors=1, noise="uniform", random_state=0),
        [*NUMBERS, *COUNTS],
    ),
    "gamma": (GammaMixture(2, random_state=0), NUMBERS),
    "von mises": (VonMisesMixture(2, period=24, random_state=0), NUMBERS),
    "mixed": (MixedMixture(2, MIXED, random_state=0), list(people(0).columns[1:])),
}


@every_engine
@pytest.mark.parametrize("name", MODELS)
def test_the_query_gives_predict_proba(name: str, engine: str, fresh_seed: int) -> None:
    model, columns = MODELS[name]
    model.fit(people(fresh_seed)[columns])
    others = people(fresh_seed + 1)
    query = model.mixture_.to_sql("people", keep=["id"], dialect=engine)
    found = ENGINES[engine](others, query).sort_values("id")
    expected = model.predict_proba(others[columns])
    names = [f"p_{name}" for name in model.mixture_.names]
    assert list(found.columns) == ["id", *names, "component"]
    np.testing.assert_allclose(found[names], expected, rtol=0, atol=1e-9)
    sure = expected.max(axis=1) > 0.5 + 1e-9
    np.testing.assert_array_equal(
        found["component"].to_numpy()[sure], model.predict(others[columns])[sure]
    )


@every_engine
def test_far_rows_and_small_shares_are_right_too(engine: str) -> None:
    model = GaussianMixture(3, random_state=0).fit(people(1)[NUMBERS])
    far = pd.DataFrame({"height": [1e4, -300.0, 175.0], 'the "age"': [0.0, 1e5, 30.0]})
    found = ENGINES[engine](far, model.mixture_.to_sql("people", dialect=engine))
    np.testing.assert_allclose(found.iloc[:, :3], model.predict_proba(far), rtol=0, atol=1e-9)


@every_engine
def test_missing_cells_are_left_out_where_columns_are_independent(engine: str) -> None:
    frame = people(2).astype({"visits": float, "falls": float})
    model = PoissonMixture(2, random_state=0).fit(frame[COUNTS])
    lacking = frame.assign(visits=frame["visits"].where(frame["id"] % 3 > 0))
    found = ENGINES[engine](lacking, model.mixture_.to_sql("people", dialect=engine))
    alone = model.mixture_.marginal(["falls"]).responsibilities(frame[["falls"]])
    known = lacking["visits"].notna().to_numpy()[:, None]
    expected = np.where(known, model.predict_proba(frame[COUNTS]), alone)
    np.testing.assert_allclose(found.iloc[:, :2], expected, rtol=0, atol=1e-9)
    full = GaussianMixture(2, random_state=0).fit(frame[NUMBERS])
    one = frame.assign(height=frame["height"].where(frame["id"] > 0))
    told = ENGINES[engine](one, full.mixture_.to_sql("people", keep=["id"], dialect=engine))
    assert told.set_index("id").isna().any(axis=1).to_numpy().nonzero()[0].tolist() == [0]


@every_engine
def test_a_category_that_one_component_never_has_rules_it_out(engine: str) -> None:
    rows = pd.DataFrame({"a": ["x", "y"] * 50, "b": ["x", "y"] * 50})
    model = CategoricalMixture(2, prior=None, random_state=0).fit(rows)
    assert set(np.unique(model.probabilities_[0])) == {0.0, 1.0}
    found = ENGINES[engine](rows, model.mixture_.to_sql("people", dialect=engine))
    np.testing.assert_array_equal(found.iloc[:, :2], model.predict_proba(rows))


@every_engine
@pytest.mark.parametrize("size", [1e-3, 0.7, 9.99, 10.0, 250.0, 1e5, 9e8, np.inf])
def test_negative_binomials_of_any_size_are_those_of_mpmath(engine: str, size: float) -> None:
    counts = np.array([0.0, 1, 2, 9, 10, 31, 400, 5000])
    family, values = NegativeBinomialFamily(1), Overdispersed
    sizes, means = np.array([[size], [3.0]]), np.array([[12.0], [7.0]])
    mixture = Mixture(np.array([0.4, 0.6]), family, values(means, sizes), ("n",))
    found = ENGINES[engine](pd.DataFrame({"n": counts}), mixture.to_sql("people", dialect=engine))
    for count, told in zip(counts, found["p_0"], strict=True):
        with mp.workdps(50):
            logs = [mass(mp.mpf(count), *map(mp.mpf, own)) for own in ((12, size), (7, 3))]
            odds = mp.mpf("0.6") / mp.mpf("0.4") * mp.exp(logs[1] - logs[0])
        assert told == pytest.approx(float(1 / (1 + odds)), abs=1e-9)


def mass(x: Any, mean: Any, size: Any) -> Any:
    """Return log f(x) + log x!."""
    if mp.isinf(size):
        return x * mp.log(mean) - mean
    rising = mp.loggamma(x + size) - mp.loggamma(size)
    return rising + size * mp.log(size / (size + mean)) + x * mp.log(mean / (size + mean))


def test_names_are_those_of_the_components_and_whatever_they_hold_is_quoted() -> None:
    rows = people(3).rename(columns={"height": 'x"; DROP TABLE people; --'})
    columns = ['x"; DROP TABLE people; --', 'the "age"']
    model = GaussianMixture(2, random_state=0).fit(rows[columns]).relabel(['a"b', "tall"])
    found = in_sqlite(rows, model.mixture_.to_sql("people", dialect="sqlite"))
    assert list(found.columns) == ['p_a"b', "p_tall", "component"]
    np.testing.assert_allclose(
        found.iloc[:, :2], model.predict_proba(rows[columns]), rtol=0, atol=1e-9
    )


def test_columns_without_names_are_called_by_their_places() -> None:
    rows = people(4)[NUMBERS].to_numpy()
    model = GaussianMixture(2, random_state=0).fit(rows)
    frame = pd.DataFrame(rows, columns=["x0", "x1"])
    found = in_sqlite(frame, model.mixture_.to_sql("people", dialect="sqlite"))
    np.testing.assert_allclose(found.iloc[:, :2], model.predict_proba(rows), rtol=0, atol=1e-9)


def test_what_has_no_query_says_so() -> None:
    frame = people(5)
    noisy = PoissonMixture(1, noise="uniform").fit(frame[COUNTS]).mixture_
    with pytest.raises(ParameterError, match="there is no SQL for noise beside 'poisson'"):
        noisy.to_sql("people")
    line = MixtureRegressor(1).fit(frame[["height"]], frame["falls"]).mixture_
    with pytest.raises(ParameterError, match="there is no SQL for a 'regression' mixture"):
        line.to_sql("people")
    mixture: Any = GaussianMixture(1).fit(frame[NUMBERS]).mixture_
    with pytest.raises(ParameterError, match=r"'duckdb', 'postgres', 'sqlite', .*'oracle'"):
        mixture.to_sql("people", dialect="oracle")
