"""onnxruntime gives the posteriors that the mixture gives."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mixtura import (
    BernoulliMixture,
    BetaBinomialMixture,
    BinomialMixture,
    CategoricalMixture,
    ContaminatedMixture,
    DataError,
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

pytest.importorskip("onnx")
onnxruntime: Any = pytest.importorskip("onnxruntime")

pytestmark = pytest.mark.drawn(3)


def people(seed: int, n: int = 160) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    tall = rng.random(n) < 0.4
    return pd.DataFrame(
        {
            "height": rng.normal(np.where(tall, 185.0, 165.0), 4.0),
            "age": rng.gamma(3.0, np.where(tall, 9.0, 14.0)),
            "visits": rng.poisson(np.where(tall, 2.0, 9.0)),
            "falls": rng.geometric(np.where(tall, 0.6, 0.2)) - 1,
            "smokes": (rng.random(n) < np.where(tall, 0.2, 0.7)).astype(int),
            "eyes": np.where(rng.random(n) < np.where(tall, 0.8, 0.3), "blue", "brown"),
            "grade": rng.choice([1, 2, 3], n),
            "share": rng.choice([0.5, 1.5], n),
            "drives": rng.random(n) < np.where(tall, 0.9, 0.4),
        }
    )


NUMBERS, COUNTS = ["height", "age"], ["visits", "falls"]
ANSWERS = ["eyes", "grade", "share", "drives"]
MIXED = {
    "gaussian": ["height"],
    "gamma": ["age"],
    "poisson": ["visits"],
    "negative_binomial": ["falls"],
    "bernoulli": ["smokes"],
    "categorical": ["eyes", "grade"],
}
MODELS: dict[str, tuple[Any, list[str]]] = {
    **{
        f"gaussian {code}": (GaussianMixture(2, covariance_type=code, random_state=0), NUMBERS)
        for code in STRUCTURES
    },
    "gaussian, one": (GaussianMixture(1), NUMBERS),
    "gaussian, noise": (GaussianMixture(2, noise="uniform", random_state=0), NUMBERS),
    "t": (StudentTMixture(2, random_state=0), NUMBERS),
    "t, noise, diagonal": (
        StudentTMixture(2, covariance_type="diag", noise="uniform", random_state=0),
        NUMBERS,
    ),
    "contaminated": (ContaminatedMixture(2, random_state=0), NUMBERS),
    "contaminated, noise, diagonal": (
        ContaminatedMixture(2, covariance_type="diag", noise="uniform", random_state=0),
        NUMBERS,
    ),
    "factor analyser": (
        FactorAnalyserMixture(2, n_factors=2, random_state=0),
        [*NUMBERS, *COUNTS, "grade"],
    ),
    "factor analyser, noise": (
        FactorAnalyserMixture(2, n_factors=1, noise="uniform", random_state=0),
        [*NUMBERS, *COUNTS],
    ),
    "categorical": (CategoricalMixture(3, random_state=0), ANSWERS),
    "bernoulli": (BernoulliMixture(2, random_state=0), ["smokes"]),
    "poisson": (PoissonMixture(3, random_state=0), COUNTS),
    "poisson, exposed": (PoissonMixture(2, exposure="age", random_state=0), ["visits", "age"]),
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
    "gamma": (GammaMixture(2, random_state=0), NUMBERS),
    "von mises": (VonMisesMixture(2, period=24, random_state=0), NUMBERS),
    "mixed": (MixedMixture(2, MIXED, random_state=0), list(people(0).columns[:7])),
    "mixed numbers": (
        MixedMixture(2, {"gaussian": ["age"], "poisson": ["visits"]}, random_state=0),
        ["visits", "age"],
    ),
}


def told(mixture: Mixture, frame: pd.DataFrame) -> tuple[Any, Any]:
    """Return labels and posteriors of a frame of the columns of the fit, in their order."""
    session = onnxruntime.InferenceSession(
        mixture.to_onnx().SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [each.name for each in session.get_inputs()]
    if names == ["X"]:
        given: dict[str, Any] = {"X": frame.to_numpy(dtype=np.float64)}
    else:
        given = {name: cells(frame[name], kind) for name, kind in typed(session)}
    return tuple(session.run(["label", "probabilities"], given))


def typed(session: Any) -> Sequence[tuple[str, str]]:
    return [(each.name, each.type) for each in session.get_inputs()]


def cells(column: Any, kind: str) -> Any:
    types: dict[str, Any] = {"string": object, "int64": np.int64, "bool": np.bool_}
    dtype = types.get(kind.removeprefix("tensor(").removesuffix(")"), np.float64)
    return column.to_numpy(dtype=dtype)[:, None]


@pytest.mark.parametrize("name", MODELS)
def test_posteriors_are_those_of_predict_proba(name: str, fresh_seed: int) -> None:
    model, columns = MODELS[name]
    model.fit(people(fresh_seed)[columns])
    others = people(fresh_seed + 1)[columns]
    labels, found = told(model.mixture_, others)
    expected = model.predict_proba(others)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    sure = expected.max(axis=1) > 0.5 + 1e-9
    np.testing.assert_array_equal(labels[sure], model.predict(others)[sure])


def test_arrays_of_other_columns_too_are_read_by_their_places() -> None:
    rows = people(1)[["visits", "height", "age"]].to_numpy(dtype=float)
    model = MixedMixture(2, {"gaussian": [2], "poisson": [0]}, random_state=0).fit(rows)
    _, found = told(model.mixture_, pd.DataFrame(rows))
    np.testing.assert_allclose(found, model.predict_proba(rows), rtol=0, atol=1e-9)


def test_far_rows_and_small_shares_are_right_too() -> None:
    model = GaussianMixture(3, random_state=0).fit(people(1)[NUMBERS])
    far = pd.DataFrame({"height": [1e4, -300.0, 175.0], "age": [0.0, 1e5, 30.0]})
    _, found = told(model.mixture_, far)
    np.testing.assert_allclose(found, model.predict_proba(far), rtol=0, atol=1e-9)


def test_missing_cells_are_left_out_where_columns_are_independent() -> None:
    frame = people(2)
    model = NegativeBinomialMixture(2, random_state=0).fit(frame[COUNTS])
    lacking = frame[COUNTS].astype(float)
    lacking.loc[::3, "visits"] = np.nan
    _, found = told(model.mixture_, lacking)
    alone = model.mixture_.marginal(["falls"]).responsibilities(frame[["falls"]])
    known = lacking["visits"].notna().to_numpy()[:, None]
    expected = np.where(known, model.predict_proba(frame[COUNTS]), alone)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    full = GaussianMixture(2, random_state=0).fit(frame[NUMBERS])
    one = frame[NUMBERS].copy()
    one.loc[0, "height"] = np.nan
    assert np.isnan(told(full.mixture_, one)[1]).any(axis=1).nonzero()[0].tolist() == [0]


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("poisson", 2.5),
        ("geometric", -1.0),
        ("gamma", 0.0),
        ("gamma", 1e-270),
        ("gamma", 1e270),
        ("gamma", np.inf),
        ("bernoulli", 2.0),
    ],
)
def test_cells_that_a_fit_would_refuse_give_no_number(name: str, cell: float) -> None:
    model, columns = MODELS[name]
    frame = people(6)[columns].astype(float)
    model.fit(frame)
    frame.iloc[3, 0] = cell
    with pytest.raises(DataError):
        model.predict_proba(frame)
    found = told(model.mixture_, frame)[1]
    assert np.isnan(found).all(axis=1).nonzero()[0].tolist() == [3]


def test_unknown_categories_are_left_out_and_one_that_a_component_never_has_rules_it_out() -> None:
    rows = pd.DataFrame({"a": ["x", "y"] * 50, "b": ["x", "y"] * 50})
    model = CategoricalMixture(2, prior=None, random_state=0).fit(rows)
    np.testing.assert_array_equal(told(model.mixture_, rows)[1], model.predict_proba(rows))
    other = pd.DataFrame({"a": ["z", "z"], "b": ["x", "z"]})
    found = told(model.mixture_, other)[1]
    np.testing.assert_allclose(found[0], model.predict_proba(rows[:1])[0], atol=1e-12)
    np.testing.assert_allclose(found[1], model.weights_, atol=1e-12)


@pytest.mark.parametrize("size", [1e-3, 0.7, 9.99, 10.0, 250.0, 1e5, 9e8, np.inf])
def test_negative_binomials_of_any_size_are_those_of_the_query(size: float) -> None:
    duckdb = pytest.importorskip("duckdb")
    frame = pd.DataFrame({"n": [0.0, 1, 2, 9, 10, 31, 400, 5000]})
    values = Overdispersed(np.array([[12.0], [7.0]]), np.array([[size], [3.0]]))
    mixture = Mixture(np.array([0.4, 0.6]), NegativeBinomialFamily(1), values, ("n",))
    with duckdb.connect() as connection:
        connection.register("people", frame)
        expected = connection.execute(mixture.to_sql("people")).df()[["p_0", "p_1"]]
    np.testing.assert_allclose(told(mixture, frame)[1], expected, rtol=0, atol=1e-9)


def test_a_model_says_what_its_columns_and_components_are() -> None:
    model = GaussianMixture(2, random_state=0).fit(people(3)[NUMBERS]).relabel(["short", "tall"])
    made = model.mixture_.to_onnx()
    said = {each.key: json.loads(each.value) for each in made.metadata_props}
    assert said == {"columns": NUMBERS, "components": ["short", "tall"]}


def test_what_has_no_model_says_so() -> None:
    frame = people(5)
    noisy = PoissonMixture(1, noise="uniform").fit(frame[COUNTS]).mixture_
    with pytest.raises(ParameterError, match="no ONNX graph for noise beside 'poisson'"):
        noisy.to_onnx()
    line = MixtureRegressor(1).fit(frame[["height"]], frame["falls"]).mixture_
    with pytest.raises(ParameterError, match="no ONNX graph for a 'regression' mixture"):
        line.to_onnx()
    words = pd.DataFrame({"a": ["x", 1, "x", 1], "b": ["u", "v", "u", "u"]})
    with pytest.raises(ParameterError, match="levels of column 'a' are of several types"):
        CategoricalMixture(1).fit(words).mixture_.to_onnx()
    named = words[["b"]].rename(columns={"b": "label"})
    with pytest.raises(ParameterError, match="column 'label' is called as what the model"):
        CategoricalMixture(1).fit(named).mixture_.to_onnx()
