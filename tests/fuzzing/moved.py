"""Classes at waves: chances of moves, posteriors, and a likelihood that never falls."""

from typing import Any

import numpy as np

import mixtura
from fuzzing import tables
from fuzzing.claims import holds, is_distribution

__all__ = ["moved"]


def moved(rng: np.random.Generator) -> tuple[dict[str, Any], Any, Any, Any]:
    """Return settings, rows, what fits their moves, and what holds of that."""
    n_rows, n_columns = min(tables.small(rng)[0], 120), int(rng.integers(1, 6))
    n_waves, n_classes = (
        int(rng.choice([2, 3, 4], p=[0.6, 0.3, 0.1])),
        int(rng.choice([2, 3], p=[0.7, 0.3])),
    )
    states = [rng.integers(n_classes, size=n_rows)]
    for _ in range(n_waves - 1):
        moves = rng.random(n_rows) < rng.choice([0.0, 0.1, 0.5])
        states.append(np.where(moves, rng.integers(n_classes, size=n_rows), states[-1]))
    kind = str(
        rng.choice(["bernoulli", "categorical", "gaussian", "poisson"], p=[0.35, 0.25, 0.25, 0.15])
    )
    waves = [answers(rng, kind, state, n_columns) for state in states]
    made: Any = {
        "bernoulli": mixtura.BernoulliMixture,
        "categorical": mixtura.CategoricalMixture,
        "gaussian": mixtura.GaussianMixture,
        "poisson": mixtura.PoissonMixture,
    }[kind]
    settings: dict[str, Any] = {
        "transitions": str(rng.choice(["by wave", "equal"])),
        "measurement": str(rng.choice(["equal", "free"], p=[0.7, 0.3])),
        "standard_errors": str(rng.choice(["robust", "observed", "scores"])),
        "n_init": int(rng.choice([1, 2])),
        "max_iter": int(rng.choice([1, 10, 100])),
        "random_state": int(rng.integers(1000)),
    }
    covariates: Any = None
    if rng.random() < 0.4:
        covariates = rng.normal(size=(n_rows, int(rng.integers(1, 3))))
        covariates[rng.random(covariates.shape) < rng.choice([0, 0, 0.1])] = np.nan
        settings["covariates_on"] = str(rng.choice(["both", "initial", "transition"]))
    if rng.random() < 0.25:
        settings["sample_weight"] = (
            10.0 ** float(rng.choice([0, 0, 3, -3]))
            * rng.random(n_rows)
            * (rng.random(n_rows) < 0.9)
        )

    def ask(n_jobs: int) -> Any:
        model = made(n_classes, random_state=0, n_jobs=n_jobs).fit(np.concatenate(waves))
        return mixtura.latent_transition(model, waves, covariates=covariates, **settings)

    def hold(found: Any, number: int) -> None:
        check_moves(found, n_waves)
        told = (
            waves
            if covariates is None
            else [wave[~np.isnan(covariates).any(axis=1)] for wave in waves]
        )
        given = None if covariates is None else covariates[~np.isnan(covariates).any(axis=1)]
        shares = found.predict_proba(told, given)
        size = n_waves, len(found.classes)
        holds(shares.shape[1:] == size and size[1] <= n_classes, "posteriors are of other classes")
        is_distribution(shares, "posteriors")

    return (
        settings | {"family": kind, "covariates": covariates is not None},
        np.concatenate(waves),
        ask,
        hold,
    )


def answers(rng: np.random.Generator, kind: str, state: np.ndarray, n_columns: int) -> Any:
    """Return the rows of a wave."""
    size = len(state), n_columns
    gap = float(rng.choice([0, 0, 0.1]))
    if kind == "gaussian":
        return 3.0 * state[:, None] + rng.normal(size=size)
    if kind == "poisson":
        return rng.poisson(1.0 + 4.0 * state[:, None], size)
    if kind == "bernoulli":
        return (rng.random(size) < np.where(state % 2, 0.85, 0.15)[:, None]).astype(int)
    rows = np.array(["a", "b", "c"], dtype=object)[(state[:, None] + (rng.random(size) < 0.3)) % 3]
    rows[rng.random(size) < gap] = None
    return rows


def check_moves(found: Any, n_waves: int) -> None:
    """Check shares, moves, errors and the course of the likelihood."""
    is_distribution(found.shares, "shares", 1e-6)
    is_distribution(found.transitions, "transitions", 1e-6)
    holds(found.n_waves == n_waves and len(found.moves) == n_waves - 1, "waves are lost")
    holds(np.isfinite(found.log_likelihood), "the likelihood is not finite")
    for errors in (found.initial_errors, found.transition_errors):
        holds(
            (np.isnan(errors) | (errors >= 0)).all() and not np.isinf(errors).any(),
            "an error is none",
        )
    course = np.array(found.objective)
    falls = -np.diff(course) / (1e-8 * np.maximum(1.0, np.abs(course[1:])) + 1e-10 * found.n)
    holds(
        falls.max(initial=0.0) < 1,
        f"the objective fell by {falls.max(initial=0.0):.3g} of what rounding costs",
    )
    for mixture in found.mixtures:
        is_distribution(mixture.weights, "weights", 1e-6)
    holds(found.table() and str(found.summary()), "no summary")
    holds(np.isfinite(found.bic) and found.n_parameters > 0, "no criterion")
