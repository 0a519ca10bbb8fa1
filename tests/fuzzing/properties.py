"""What holds for every fit, or an error of this package is raised."""

import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

import mixtura
from fuzzing.analyses import Analysis
from fuzzing.cases import Case
from fuzzing.claims import Failed, holds, is_distribution

__all__ = ["check", "check_leaks"]


def check(case: Case | Analysis, number: int) -> str:
    """Return how a case ended; raise `Failed` where something does not hold."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = case.ask(1)
        except mixtura.LikelihoodDecreased as error:
            raise Failed(f"the trap for defects: {error}") from error
        except mixtura.MixturaError as error:
            check_leaks(caught)
            if not str(error).strip():
                raise Failed("an error without words") from error
            return type(error).__name__
        if isinstance(case, Analysis):
            case.hold(found, number)
        else:
            check_fit(found, case)
            if number % 6 == 0 or len(case.rows) > 1500:
                check_threads(found, case)
            if number % 6 == 1:
                check_file(found, case)
    check_leaks(caught)
    return "fit" if isinstance(case, Case) else case.family


def check_leaks(caught: list[Any]) -> None:
    for each in caught:
        if not issubclass(each.category, (mixtura.MixturaWarning, ConvergenceWarning)):
            place = f"{each.filename}:{each.lineno}"
            raise Failed(f"a warning leaked: {each.category.__name__} {each.message} at {place}")


def check_fit(fitted: Any, case: Case) -> None:
    """Check posteriors, parameters, likelihood and history."""
    shares = fitted.predict_proba(case.rows, **case.told)
    is_distribution(shares, "posteriors", 1e-9 if shares.dtype == np.float64 else 1e-5)
    is_distribution(fitted.mixture_.weights, "weights")
    arrays, _ = fitted.mixture_.family.to_arrays(fitted.mixture_.parameters)
    for name, array in arrays.items():
        # A negative binomial that varies no more than a Poisson has an infinite size, and what is
        # held is no number where a coefficient is free.
        may_be = "size" in name or name == "bounds.held"
        holds(np.isfinite(array).all() or may_be, f"{name} are not finite")
    holds(np.isfinite(fitted.log_likelihood_), "the likelihood is not finite")
    densities = fitted.score_samples if hasattr(fitted, "score_samples") else fitted.log_density
    density = densities(case.rows, **case.told)
    weights = case.given.get("sample_weight")
    used = np.ones(len(density), dtype=bool) if weights is None else weights > 0
    holds(not np.isnan(density).any() and np.isfinite(density[used]).all(), "a density is none")
    # Counted are rows, or their weights where those add up to as many.
    if "y" not in case.given and weights is None:
        total = float(density.sum())
        single = density.dtype == np.float32
        room = (1e-5 if single else 1e-7) * max(1.0, np.abs(density).sum())
        room += 100 * len(density) * lost(fitted.mixture_.parameters)
        holds(abs(total - fitted.log_likelihood_) < room, f"{total} != {fitted.log_likelihood_}")
    objective = np.array(fitted.history_.objective)
    if len(objective) > 1 and "reg_covar" not in case.settings:
        # It is a sum over rows of terms that may cancel: its last digits are those of the weights.
        total = len(density) if weights is None else weights.sum()
        room = 1e-6 * np.maximum(1.0, np.abs(objective[1:])) + 1e-12 * total
        falls = -np.diff(objective) / room
        holds(falls.max() < 1, f"the objective fell by {falls.max():.3g} of what rounding costs")
    holds(isinstance(fitted.summary(), str), "no summary")


def lost(parameters: Any) -> float:
    """Return what part of a component's width the last digit of its mean is, in user's units."""
    covariance = getattr(parameters, "covariance", None)
    if covariance is None:
        return 0.0
    digits = np.finfo(float).eps * np.abs(parameters.means)
    factors = np.abs(covariance.factors)
    if factors.ndim == 3:
        return float(np.einsum("kd,kde->k", digits, factors).max())
    return float((digits * factors.reshape(len(factors), -1)).sum(axis=1).max())


def check_threads(fitted: Any, case: Case) -> None:
    """Check that four threads find the same bits as one."""
    other = case.make(n_jobs=4).fit(case.rows, **case.given)
    same = np.array_equal(fitted.mixture_.weights, other.mixture_.weights)
    own, _ = fitted.mixture_.family.to_arrays(fitted.mixture_.parameters)
    others, _ = other.mixture_.family.to_arrays(other.mixture_.parameters)
    same &= all(np.array_equal(own[name], others[name], equal_nan=True) for name in own)
    holds(same and fitted.log_likelihood_ == other.log_likelihood_, "threads change the bits")


def check_file(fitted: Any, case: Case) -> None:
    """Check that what is loaded says what was saved."""
    with tempfile.TemporaryDirectory() as folder:
        fitted.save(Path(folder, "model"))
        again: Any = mixtura.load(Path(folder, "model"))
    shares = fitted.predict_proba(case.rows, **case.told)
    same = np.array_equal(again.predict_proba(case.rows, **case.told), shares)
    holds(same and again.summary() == fitted.summary(), "a file changes what was fitted")
