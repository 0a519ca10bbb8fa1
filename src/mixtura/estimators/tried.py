"""How many components there are, of estimators whose sizes are fitted one by one."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mixtura.errors import NUMERICAL, DataError
from mixtura.text import Passage, Summary, Table

__all__ = ["CRITERIA", "SizeTried", "best_of", "grown", "size_table"]

CRITERIA = ("bic", "aic", "icl")
# So many sizes in a row that are no better end a search.
PATIENCE = 3


@dataclass(frozen=True, slots=True)
class SizeTried:
    """A fit of one number of components.

    Attributes
    ----------
    n_components : K
    log_likelihood, n_parameters, bic, aic, icl : of the fit; NaN and 0 where it failed
    failure : why there is none, else empty
    """

    n_components: int
    log_likelihood: float = float("nan")
    n_parameters: int = 0
    bic: float = float("nan")
    aic: float = float("nan")
    icl: float = float("nan")
    failure: str = ""

    @classmethod
    def of(cls, fitted: Any) -> "SizeTried":
        """Return what there is to compare of a fitted regressor."""
        criteria = (getattr(fitted, f"{name}_") for name in CRITERIA)
        return cls(len(fitted.weights_), fitted.log_likelihood_, fitted.n_parameters_, *criteria)


def best_of(fits: Iterable[tuple[int, Any]], criterion: str) -> tuple[Any, tuple[SizeTried, ...]]:
    """Return the fit of the lowest criterion, and all that were tried.

    Parameters
    ----------
    fits : a size, and what fits a regressor of it

    Raises
    ------
    ParameterError, ArithmeticError
        The first reason, where all sizes fail.
    """
    tried: list[SizeTried] = []
    best, failed = None, []
    for size, fit in fits:
        try:
            fitted = fit()
        except NUMERICAL as error:
            failed.append(error)
            tried.append(SizeTried(size, failure=str(error)))
            continue
        tried.append(SizeTried.of(fitted))
        name = f"{criterion}_"
        if best is None or getattr(fitted, name) < getattr(best, name):
            best = fitted
    if best is None:
        raise failed[0]
    return best, tuple(tried)


def grown(fit: Callable[[int], Any]) -> tuple[Any, tuple[SizeTried, ...]]:
    """Return the fit of the lowest BIC from one component up, and all that were tried.

    The search ends where three sizes in a row are no better. Of what is warned, what is about the
    best is passed on.

    Raises
    ------
    MixturaError
        Where one component cannot be fitted.
    """
    tried: list[SizeTried] = []
    best, told, since, size = None, [], 0, 0
    while since < PATIENCE:
        size, since = size + 1, since + 1
        try:
            with warnings.catch_warnings(record=True) as heard:
                warnings.simplefilter("always")
                fitted = fit(size)
        except (*NUMERICAL, DataError) as error:
            if best is None:
                raise
            tried.append(SizeTried(size, failure=str(error)))
            continue
        tried.append(SizeTried.of(fitted))
        if best is None or fitted.bic_ < best.bic_:
            best, told, since = fitted, heard, 0
    for one in told:
        warnings.warn(one.message, stacklevel=4)
    return best, tuple(tried)


def size_table(tried: Sequence[SizeTried]) -> Summary:
    """Return a line for each size, and why there is none where one failed."""
    rows = [
        [
            str(one.n_components),
            f"{one.log_likelihood:.2f}",
            str(one.n_parameters),
            *(f"{getattr(one, name):.2f}" for name in CRITERIA),
        ]
        for one in tried
        if not one.failure
    ]
    said = [
        f"{one.n_components} could not be fitted: {one.failure}" for one in tried if one.failure
    ]
    table = Table.of(["K", "log-likelihood", "parameters", "BIC", "AIC", "ICL"], rows)
    return Summary([Passage("", (table,), "\n".join(said))], [asdict(one) for one in tried])
