"""Fits of what later estimators take: tails, factors, answers in an order, errors, regressions."""

from typing import Any

import numpy as np

from fuzzing import tables
from fuzzing.asked import gappy
from mixtura.components.gaussian.structures import CODES

__all__ = ["LATER", "later"]

FACTORS = ["UUU", "UUC", "UCU", "UCC", "CUU", "CUC", "CCU", "CCC"]
RESPONSES = ["gaussian", "poisson", "binomial", "gamma"]


def later(rng: np.random.Generator, *, large: bool) -> tuple[str, dict[str, Any], Any, Any, Any]:
    """Return family, settings, rows, the other arguments of `fit`, and those of predictions."""
    family = str(rng.choice([*LATER]))
    n_rows, n_columns = (tables.large if large else tables.small)(rng)
    settings: dict[str, Any] = {
        "random_state": int(rng.integers(1000)),
        "max_iter": int(rng.integers(0, 4)) if rng.random() < 0.1 else 300,
        "n_components": int(rng.choice([1, 2, 3, 5, 9], p=[0.2, 0.4, 0.25, 0.1, 0.05])),
        "algorithm": str(rng.choice(["auto", "em", "squarem"], p=[0.7, 0.15, 0.15])),
        "mixing_weights": str(rng.choice(["free", "equal"], p=[0.85, 0.15])),
        "prior": ["weak", None][int(rng.random() < 0.2)],
    }
    rows, given, told = LATER[family][1](rng, settings, n_rows, n_columns)
    if rng.random() < 0.25:
        scale = 10.0 ** float(rng.choice([0, 0, -100, 100, 250]))
        given["sample_weight"] = scale * rng.random(n_rows) * (rng.random(n_rows) < 0.9)
    return family, settings, rows, given, told


def tails(rng: np.random.Generator, settings: dict[str, Any], n_rows: int, n_columns: int) -> Any:
    settings["covariance_type"] = str(rng.choice(CODES))
    degrees = ["free", "equal", float(10.0 ** rng.uniform(-1, 3))]
    settings["degrees_of_freedom"] = degrees[rng.integers(3)]
    return noisy(rng, settings, n_rows, n_columns)


def spoilt(rng: np.random.Generator, settings: dict[str, Any], n_rows: int, n_columns: int) -> Any:
    settings["covariance_type"] = str(rng.choice(CODES))
    return noisy(rng, settings, n_rows, n_columns)


def factors(rng: np.random.Generator, settings: dict[str, Any], n_rows: int, n_columns: int) -> Any:
    settings["covariance_type"] = str(rng.choice(FACTORS))
    settings["n_factors"] = int(rng.integers(1, max(2, n_columns)))
    return noisy(rng, settings, n_rows, n_columns)


def noisy(rng: np.random.Generator, settings: dict[str, Any], n_rows: int, n_columns: int) -> Any:
    settings["constant"] = str(rng.choice(["drop", "error"]))
    if rng.random() < 0.15:
        settings["noise"] = "uniform"
    return tables.numbers(rng, n_rows, n_columns), labels(rng, settings, n_rows), {}


def ordinal(rng: np.random.Generator, settings: dict[str, Any], n_rows: int, n_columns: int) -> Any:
    rows = np.empty((n_rows, n_columns), dtype=object)
    for column in range(n_columns):
        # Codes from 1 up, as questionnaires have them, of which some may be rare.
        shares = rng.dirichlet(np.full(rng.integers(2, 8), 10.0 ** rng.uniform(-1, 1)))
        rows[:, column] = 1 + rng.choice(len(shares), size=n_rows, p=shares)
    rows[rng.random(rows.shape) < rng.choice([0, 0, 0.1, 0.5])] = None
    settings["ordinal"] = [True, [int(rng.integers(n_columns))]][rng.integers(2)]
    settings["ordinal_link"] = str(rng.choice(["adjacent", "cumulative"]))
    if rng.random() < 0.15:
        settings["noise"] = "uniform"
    return rows, labels(rng, settings, n_rows), {}


def measured(
    rng: np.random.Generator, settings: dict[str, Any], n_rows: int, n_columns: int
) -> Any:
    n_columns = min(n_columns, 6)
    settings["covariance_type"] = str(rng.choice(CODES))
    rows = tables.numbers(rng, n_rows, n_columns)
    with np.errstate(over="ignore"):
        spread = np.var(np.asarray(rows, dtype=float), axis=0) * 10.0 ** rng.uniform(-12, 1)
    shapes = {
        "none": None,
        "variances": spread * rng.gamma(1.0, 1.0, (n_rows, n_columns)),
        "of all": np.diag(spread),
        "own": full(rng, n_rows, n_columns, spread),
    }
    covariance = shapes[str(rng.choice([*shapes], p=[0.1, 0.4, 0.1, 0.4]))]
    if rng.random() < 0.3:
        rows = gappy(rng, {"n_components": settings["n_components"]}, rows)
    told = {} if covariance is None else {"covariance": covariance}
    return rows, told | labels(rng, settings, n_rows), told


def intervals(
    rng: np.random.Generator, settings: dict[str, Any], n_rows: int, n_columns: int
) -> Any:
    settings["covariance_type"] = str(rng.choice(["diag", "spherical", "EEI", "VEI", "full"]))
    rows = np.asarray(tables.numbers(rng, n_rows, n_columns), dtype=float)
    with np.errstate(all="ignore"):
        spread = np.std(rows, axis=0) * 10.0 ** rng.uniform(-9, 1)
        upper = rows + spread * rng.choice([0.0, 0.5, 1.0], rows.shape)
    upper[rng.random(rows.shape) < 0.1] = np.inf
    rows[rng.random(rows.shape) < 0.1] = -np.inf
    told = {} if rng.random() < 0.1 else {"upper": upper}
    return rows, told | labels(rng, settings, n_rows), told


def circles(rng: np.random.Generator, settings: dict[str, Any], n_rows: int, n_columns: int) -> Any:
    settings["period"] = float(rng.choice([2 * np.pi, 24.0, 10.0 ** rng.uniform(-9, 9)]))
    settings["constant"] = "drop"
    rows = np.asarray(tables.numbers(rng, n_rows, n_columns), dtype=float)
    return rows, labels(rng, settings, n_rows), {}


def shares(rng: np.random.Generator, settings: dict[str, Any], n_rows: int, n_columns: int) -> Any:
    settings["constant"] = "drop"
    shapes = 10.0 ** rng.uniform(-2, rng.choice([1, 3, 9]), (2, 3, n_columns))
    rows = rng.beta(*shapes[:, rng.integers(3, size=n_rows)])
    if rng.random() < 0.3:
        step = float(rng.choice([0.1, 0.01, 1e-4]))
        rows = np.clip(np.round(rows / step), 1, round(1 / step) - 1) * step
    rows = np.clip(rows, float(rng.choice([1e-9, 1e-200])), np.nextafter(1.0, 0.0))
    return apart(rng, settings, rows), labels(rng, settings, n_rows), {}


def zeros(rng: np.random.Generator, settings: dict[str, Any], n_rows: int, n_columns: int) -> Any:
    means = 10.0 ** rng.uniform(-2, rng.choice([1, 3, 9]), (3, n_columns))
    group = rng.integers(3, size=n_rows)
    counts = rng.poisson(means[group] * rng.gamma(*[(1.0, 1.0), (1e6, 1e-6)][rng.integers(2)]))
    counts = counts * (rng.random(counts.shape) >= rng.choice([0.0, 0.3, 0.9]))
    return apart(rng, settings, counts.astype(float)), labels(rng, settings, n_rows), {}


def trials(rng: np.random.Generator, settings: dict[str, Any], n_rows: int, n_columns: int) -> Any:
    most = np.floor(10.0 ** rng.uniform(0, rng.choice([1, 2, 6]), n_columns))
    shapes = 10.0 ** rng.uniform(-3, rng.choice([1, 3, 9]), (2, 3, n_columns))
    counts = rng.binomial(most.astype(int), rng.beta(*shapes[:, rng.integers(3, size=n_rows)]))
    settings["trials"] = most.astype(int).tolist()
    return apart(rng, settings, counts.astype(float)), labels(rng, settings, n_rows), {}


def draws(rng: np.random.Generator, settings: dict[str, Any], n_rows: int, n_columns: int) -> Any:
    totals = np.floor(10.0 ** rng.uniform(0, rng.choice([1, 2, 5]), n_rows)).astype(int)
    shapes = 10.0 ** rng.uniform(-3, rng.choice([1, 3, 6]), (3, n_columns))
    rates = rng.gamma(shapes[rng.integers(3, size=n_rows)]) + 1e-300
    rows = rng.multinomial(totals, rates / rates.sum(axis=1, keepdims=True)).astype(float)
    settings["allow_unidentified"] = True
    if rng.random() < 0.15:
        settings["noise"] = "uniform"
    return rows, labels(rng, settings, n_rows), {}


def apart(rng: np.random.Generator, settings: dict[str, Any], rows: Any) -> Any:
    """Return rows of columns that are independent, maybe with gaps or beside noise."""
    if rng.random() < 0.15:
        settings["noise"] = "uniform"
    if rng.random() < 0.3:
        settings["missing"] = "marginal"
        rows = np.where(rng.random(rows.shape) < rng.choice([0.02, 0.5]), np.nan, rows)
    return rows


def full(rng: np.random.Generator, n_rows: int, n_columns: int, spread: Any) -> np.ndarray:
    """Return covariances of any rank."""
    halves = rng.normal(size=(n_rows, n_columns, rng.integers(1, n_columns + 1)))
    halves *= np.sqrt(spread)[:, None]
    with np.errstate(all="ignore"):
        return halves @ halves.transpose(0, 2, 1)


def regression(
    rng: np.random.Generator, settings: dict[str, Any], n_rows: int, n_columns: int
) -> Any:
    family = str(rng.choice(RESPONSES))
    settings["family"] = family
    settings["fit_intercept"] = bool(rng.random() < 0.8)
    rows = np.asarray(tables.numbers(rng, n_rows, n_columns), dtype=float)
    middle, widest = rows.mean(axis=0), np.abs(rows).max(axis=0)
    centred = (rows - middle) / np.where(widest > 0, widest, 1.0)
    slopes = rng.normal(size=(3, n_columns)) * 10.0 ** rng.uniform(-2, 1)
    effect = np.clip((centred * slopes[rng.integers(3, size=n_rows)]).sum(axis=1), -12, 12)
    answers = {
        "gaussian": effect * 10.0 ** rng.uniform(-9, 9) + rng.normal(size=n_rows),
        "poisson": rng.poisson(np.exp(effect)),
        "binomial": (rng.random(n_rows) < 1 / (1 + np.exp(-effect))).astype(int),
        "gamma": rng.gamma(10.0 ** rng.uniform(-1, 2), np.exp(effect)) + 1e-12,
    }
    y = np.asarray(answers[family])
    told: dict[str, Any] = {}
    if rng.random() < 0.2:
        told["groups"] = rng.integers(0, max(1, n_rows // 3), n_rows)
    if rng.random() < 0.1 and family == "poisson":
        told["exposure"] = 10.0 ** rng.uniform(-3, 3, n_rows)
    if rng.random() < 0.15:
        settings["equal"] = {"coef": [int(rng.integers(n_columns))]}
    return rows, {"y": y, **told}, {"y": y, **told}


def labels(rng: np.random.Generator, settings: dict[str, Any], n_rows: int) -> dict[str, Any]:
    if rng.random() > 0.1:
        return {}
    known = rng.integers(0, settings["n_components"], n_rows)
    return {"y": np.where(rng.random(n_rows) < 0.5, known, -1)}


# Estimators, and what draws their rows and own settings.
LATER: dict[str, tuple[str, Any]] = {
    "student t": ("StudentTMixture", tails),
    "contaminated": ("ContaminatedMixture", spoilt),
    "factor analyser": ("FactorAnalyserMixture", factors),
    "ordinal": ("CategoricalMixture", ordinal),
    "measured": ("DeconvolvedGaussianMixture", measured),
    "regression": ("MixtureRegressor", regression),
    "intervals": ("IntervalGaussianMixture", intervals),
    "circles": ("VonMisesMixture", circles),
    "shares": ("BetaMixture", shares),
    "zero poisson": ("ZeroInflatedPoissonMixture", zeros),
    "hurdle poisson": ("HurdlePoissonMixture", zeros),
    "zero spread": ("ZeroInflatedNegativeBinomialMixture", zeros),
    "clustered draws": ("DirichletMultinomialMixture", draws),
    "trials": ("BinomialMixture", trials),
    "correlated trials": ("BetaBinomialMixture", trials),
    "hurdle spread": ("HurdleNegativeBinomialMixture", zeros),
}
