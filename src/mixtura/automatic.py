"""`fit`: the mixture that the columns of a table ask for, as `mixtura fit` chooses it."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mixtura.data.frames import is_frame, picked
from mixtura.errors import DataError, MixturaWarning
from mixtura.estimators.mixed import MixedMixture
from mixtura.estimators.named import estimator_of
from mixtura.inspection import (
    Inspection,
    inspect,
    sentences_of_codes,
    sentences_on_left_out,
)

__all__ = ["fit"]

# Settings of the estimator of each kind of columns: what is not in all rows, and starts.
SETTINGS: dict[str, dict[str, Any]] = {
    "gaussian": {"covariance_type": "auto", "missing": "marginal", "constant": "drop"},
    "negative_binomial": {"missing": "marginal", "n_init": 10},
    "categorical": {"n_init": 10},
}
MIXED: dict[str, Any] = {"missing": "marginal", "constant": "drop", "n_init": 10}
# Columns that a warning tells of.
TOLD = 8


def fit(
    X: Any,
    n_components: int | str = "auto",
    *,
    columns: Sequence[str] | None = None,
    sample_weight: ArrayLike | None = None,
    random_state: Any = 0,
    engine: Any = "threads",
    n_jobs: int | None = None,
) -> Any:
    """Fit the mixture that the columns of a table ask for.

    Amounts are Gaussian, counts negative binomial, answers, categories and yes or no categorical,
    and columns of several kinds a `MixedMixture`; what each column is, `mixtura.inspect` says.

    Parameters
    ----------
    X : (N, D) data frame of any library, array or rows
    n_components : K, or "auto" for that of the lowest BIC, and of amounts alone the structure
    columns : names of those to fit whatever they are (of an array "x0", "x1", ...); None are all
        that say something of a row
    sample_weight : (N,) row weights
    random_state : int, RandomState or None
    engine, n_jobs : who sweeps, as in `GaussianMixture`

    Returns
    -------
    The fitted estimator, whose `inspection_` is what was told of the columns. It reads frames that
    have more columns than it uses, such as X, by name; of an array it takes those columns alone,
    but for one of several kinds.

    Warns
    -----
    MixturaWarning
        Naming columns that are left out, and numbers that look like codes for missing cells.

    Raises
    ------
    DataError
        If no column is left, or a cell cannot be used.

    Examples
    --------
    >>> import mixtura
    >>> rows = [[0.3 * (i % 7) + 9 * (i % 2), "ab"[i % 2]] for i in range(40)]
    >>> mixtura.fit(rows, 2)
    MixedMixture(blocks={'categorical': [1], 'gaussian': [0]}, constant='drop',
                 missing='marginal', n_components=2, n_init=10, random_state=0)
    """
    found = inspect(X, columns)
    if not found.blocks():
        raise DataError(f"no column to fit ({found.objections}); name some in columns")
    _warn(found)
    more = {"random_state": random_state, "engine": engine, "n_jobs": n_jobs}
    blocks = found.blocks_in(X)
    if len(blocks) > 1:
        model: Any = MixedMixture(n_components, blocks, **MIXED, **more)
    else:
        ((kind, places),) = blocks.items()
        model = estimator_of(kind)(n_components, **SETTINGS[kind], **more)
        X = _of_columns(X, places)
    model.fit(X, sample_weight=sample_weight)
    model.inspection_ = found
    return model


def _of_columns(X: Any, places: Sequence[Any]) -> Any:
    if is_frame(X):
        # Only pandas has names that are no texts.
        return picked(X, places) if isinstance(places[0], str) else X.iloc[:, places]
    if isinstance(X, np.ndarray):
        return X[:, places]
    return [[row[place] for place in places] for row in X]


def _warn(found: Inspection) -> None:
    said = [*sentences_on_left_out(found.columns), *sentences_of_codes(found.columns)]
    if said:
        more = f"; and {len(said) - TOLD} more" if len(said) > TOLD else ""
        warnings.warn(
            f"{'; '.join(said[:TOLD])}{more}; name columns to fit them all the same, or see "
            "mixtura.inspect",
            MixturaWarning,
            stacklevel=3,
        )
