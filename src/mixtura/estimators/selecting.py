"""`select`: the number of components, and of Gaussian ones the structure, in one call."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from inspect import signature
from typing import Any

from numpy.typing import ArrayLike

from mixtura.components.catalogue import ROWS
from mixtura.errors import ParameterError
from mixtura.estimators.contaminated import ContaminatedMixture
from mixtura.estimators.doubted import warn_of_best
from mixtura.estimators.factor_analyser import FactorAnalyserMixture
from mixtura.estimators.gaussian import GaussianMixture
from mixtura.estimators.named import estimator_of
from mixtura.estimators.settings import checked_choice
from mixtura.estimators.sizes import checked_sizes, is_auto
from mixtura.estimators.student_t import StudentTMixture
from mixtura.selection import CRITERIA, Candidate, Selection

__all__ = ["select"]

# The families whose searches try structures too. Any structure reads rows alike; of Gaussian and t
# ones the spherical takes the least memory.
STRUCTURED: dict[str, Any] = {
    "gaussian": partial(GaussianMixture, covariance_type="spherical"),
    "t": partial(StudentTMixture, covariance_type="spherical"),
    "contaminated": partial(ContaminatedMixture, covariance_type="spherical"),
    "factor_analyser": FactorAnalyserMixture,
}


def select(
    X: Any,
    n_components: int | Iterable[int] = range(1, 10),
    covariance_type: str | Sequence[str] = "all",
    *,
    family: str = "gaussian",
    n_factors: Any = "auto",
    criterion: str = "bic",
    sample_weight: ArrayLike | None = None,
    n_init: int = 1,
    mixing_weights: Any = "free",
    fix: Any = None,
    equal: Any = None,
    missing: str = "error",
    constant: str = "error",
    prior: Any = "weak",
    noise: str | None = None,
    noise_volume: float | None = None,
    random_state: Any = None,
    engine: Any = "threads",
    n_jobs: int | None = None,
    progress: Callable[[Candidate, int], None] | None = None,
) -> Selection:
    """Fit mixtures of several sizes, Gaussian and t ones of several structures, and rank them.

    Parameters
    ----------
    X : (N, D) numbers: array, data frame or table
    n_components : the numbers of components to try
    covariance_type : "all", a name, or several; all are the fourteen, or where rows are no more
        than columns the six spherical and diagonal ones, which such rows determine
    family : what the components are: "gaussian", "t", "contaminated", or another by the name that
        the command has for it, such as "poisson" or "gamma", to which structures and a volume of
        noise say nothing; "t", "contaminated" and "factor_analyser" take no fix, equal or missing
        cells
    n_factors : numbers of factors to try, of the family "factor_analyser", whose structures are the
        eight of `FactorAnalyserMixture`; "auto" finds them as that does
    criterion : "bic", "icl" or "aic"
    sample_weight : (N,) row weights
    n_init : starts carried to the end for each model; the first is bettered by merges and splits
    mixing_weights : "free", "equal" or K numbers, as in `GaussianMixture`; in all models alike, so
        numbers fit one number of components
    fix, equal : numbers of components that are held, or the same, as in `GaussianMixture`; in all
        models alike, so what `fix` holds fits one number of components
    missing : "error", or "marginal" to leave missing cells, NaN, out of their rows' densities
    constant : "error", or "drop" to leave columns of one value out with a warning
    prior : as in `GaussianMixture`; criteria use the likelihood without it
    noise : None or "uniform", as in the family's estimator
    noise_volume : as in `GaussianMixture`
    random_state : int, RandomState or None
    engine, n_jobs : who sweeps, as in `GaussianMixture`
    progress : called after each model with the candidate and how many there are in all

    Returns
    -------
    Selection
        `best`, `result`, `table()`, `summary()`. Models that only a prior keeps finite, or with
        more free parameters than X has numbers, rank below all others.

    Warns
    -----
    DegenerateComponentWarning
        If even the best model is of that kind.

    Raises
    ------
    DataError, ParameterError
        If the rows, weights or settings cannot be used.
    """
    checked_choice("criterion", criterion, CRITERIA)
    if checked_choice("family", family, tuple(ROWS)) not in STRUCTURED:
        given = {
            "covariance_type": covariance_type != "all",
            "missing": missing != "error" and ROWS[family].gaps != "asked",
            "constant": constant != "error" and not ROWS[family].has_widths,
            "noise_volume": noise_volume is not None,
            "n_factors": not is_auto(n_factors),
        }
        _check_said(family, [name for name, said in given.items() if said])
        asked = {"missing": missing} if ROWS[family].gaps == "asked" else {}
        asked |= {"constant": constant} if ROWS[family].has_widths else {}
        estimator = estimator_of(family)(
            **asked,
            n_init=n_init,
            mixing_weights=mixing_weights,
            noise=noise,
            fix=fix,
            equal=equal,
            prior=prior,
            random_state=random_state,
            engine=engine,
            n_jobs=n_jobs,
        )
        return estimator.select(
            X, n_components, criterion=criterion, sample_weight=sample_weight, progress=progress
        )
    sizes = checked_sizes(n_components)
    own: dict[str, Any] = {
        "fix": fix,
        "equal": equal,
        "missing": missing,
        "noise": noise,
        "noise_volume": noise_volume,
        "n_factors": n_factors,
    }
    known = signature(STRUCTURED[family]).parameters
    unknown = {name: value for name, value in own.items() if name not in known}
    _check_said(family, [name for name, said in unknown.items() if not _is_default(said)])
    asked = STRUCTURED[family](
        n_init=n_init,
        mixing_weights=mixing_weights,
        constant=constant,
        prior=prior,
        random_state=random_state,
        engine=engine,
        n_jobs=n_jobs,
        **{name: value for name, value in own.items() if name in known},
    )
    given = asked._sourced(X, sample_weight, min(sizes), max(sizes))
    found = asked._ranked(given, sizes, covariance_type, criterion=criterion, progress=progress)
    warn_of_best(found)
    return found


def _is_default(said: Any) -> bool:
    return said is None or (isinstance(said, str) and said in ("auto", "error"))


def _check_said(family: str, given: Sequence[str]) -> None:
    """Raise for arguments that say nothing to a family."""
    if given:
        raise ParameterError(
            f"{' and '.join(given)} say(s) nothing to family={family!r}; leave it out"
        )
