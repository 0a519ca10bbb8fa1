"""Classes and covariates by formula: coefficients, what foretells classes, and other rows."""

from typing import Any

import numpy as np
import pandas as pd

import mixtura
from fuzzing import tables
from fuzzing.claims import holds, is_distribution

__all__ = ["formulas"]

FORMULAS = [
    "age",
    "age + C(sex)",
    "age * C(sex)",
    "bs(age, df=4)",
    "poly(age, 2)",
    "log(income)",
    "scale(age) + log(income)",
    "C(region)",
    "age + I(age**2)",
    "0 + age",
    "sex:age",
    "np.sqrt(income) + region",
    "age + twin",
    "one + age",
    "age + nobody",
    "age +",
    "y ~ age",
]


def formulas(rng: np.random.Generator) -> tuple[dict[str, Any], Any, Any, Any]:
    """Return settings, rows, what relates their classes to others, and what holds of that."""
    n_rows, n_columns = min(tables.small(rng)[0], 150), int(rng.integers(2, 6))
    n_classes = int(rng.choice([2, 3], p=[0.8, 0.2]))
    state = rng.integers(n_classes, size=n_rows)
    chances = rng.uniform(0.05, 0.95, (n_classes, n_columns))
    rows = (rng.random((n_rows, n_columns)) < chances[state]).astype(int)
    data = people(rng, state)
    formula = str(rng.choice(FORMULAS))
    steps = str(rng.choice(["one", "three", "distal"]))
    settings: dict[str, Any] = {}
    if steps == "three":
        settings["correction"] = str(rng.choice(["ml", "bch", "none"]))
    if steps == "distal":
        settings["correction"] = str(rng.choice(["ml", "bch", "ltb", "none"]))
    if steps != "one":
        settings["assignment"] = str(rng.choice(["modal", "proportional"]))
        settings["step_one"] = str(rng.choice(["estimated", "known"]))
    if rng.random() < 0.25:
        settings["sample_weight"] = rng.random(n_rows) * (rng.random(n_rows) < 0.9)

    def ask(n_jobs: int) -> Any:
        model = mixtura.BernoulliMixture(n_classes, random_state=0, n_jobs=n_jobs).fit(rows)
        if steps == "one":
            return mixtura.one_step(model, rows, covariates=formula, data=data, **settings)
        named = "distal" if steps == "distal" else "covariates"
        return mixtura.three_step(model, rows, data=data, **{named: formula}, **settings)

    def hold(found: Any, number: int) -> None:
        told = found.table()
        holds(told and str(found.summary()), "no summary")
        if steps == "distal":
            return
        logit = found.membership if steps == "one" else found
        holds(np.isfinite(logit.coefficients).all(), "a coefficient is no number")
        errors = logit.standard_errors
        holds((np.isnan(errors) | (errors >= 0)).all(), "an error is none")
        if steps == "one":
            whole = data.dropna()
            is_distribution(found.weights(whole), "chances of classes")
            is_distribution(found.predict_proba(rows[whole.index], whole), "posteriors")
            course = np.array(found.objective)
            falls = -np.diff(course) / (
                1e-8 * np.maximum(1.0, np.abs(course[1:])) + 1e-10 * found.n
            )
            holds(falls.max(initial=0.0) < 1, "the objective fell")

    return settings | {"steps": steps, "formula": formula}, rows, ask, hold


def people(rng: np.random.Generator, state: np.ndarray) -> pd.DataFrame:
    """Return what is known of people beside their answers."""
    count = len(state)
    age = rng.normal(40 + 5 * state, 10)
    frame = {
        "age": age * 10.0 ** float(rng.choice([0, 0, 0, 6, -6])),
        "income": rng.lognormal(2.0, 1.0, count),
        "sex": rng.choice(["f", "m"], count),
        "region": rng.choice(["a", "b", "c", "d"], count, p=[0.5, 0.3, 0.15, 0.05]),
        "one": np.ones(count),
    }
    if rng.random() < 0.2:
        frame["age"][rng.random(count) < 0.1] = np.nan
    return pd.DataFrame(frame | {"twin": 2.0 * frame["age"] + 1.0})
