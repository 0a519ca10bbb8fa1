"""How well classes of rows that were not fitted are told, by cross-validation."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from mixtura.discriminant.rules import brier, posteriors
from mixtura.errors import ParameterError

__all__ = ["folds_of", "held_out"]

Float = NDArray[np.float64]
Fold = tuple[NDArray[np.intp], NDArray[np.intp]]


def folds_of(codes: NDArray[np.intp], labels: NDArray[Any], cv: int, seed: int) -> list[Fold]:
    """Return rows to fit and rows to judge by, in `cv` parts that have all classes alike.

    Raises
    ------
    ParameterError
        If a class has fewer rows than there are parts.
    """
    counts = np.bincount(codes)
    fewest = int(counts.argmin())
    if counts[fewest] < cv:
        label, count = labels.tolist()[fewest], counts[fewest]
        if count == 1:
            raise ParameterError(
                f"class {label!r} has 1 row, fewer than cv={cv} parts; leave the class out, or "
                'choose by criterion="bic"'
            )
        raise ParameterError(
            f"class {label!r} has {count} rows, fewer than cv={cv} parts; lower cv, or choose by "
            'criterion="bic"'
        )
    parts = StratifiedKFold(cv, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # That there are many classes is said where labels are read.
        warnings.simplefilter("ignore", UserWarning)
        return list(parts.split(np.zeros(len(codes)), codes))


def held_out(
    densities_of: Callable[[NDArray[np.intp], NDArray[np.intp]], tuple[Float, Float]],
    folds: list[Fold],
    codes: NDArray[np.intp],
    weights: Float,
) -> tuple[float, float]:
    """Return the Brier score and the share of errors of rows that were not fitted.

    Parameters
    ----------
    densities_of : from rows to fit and rows to judge by to log f_c(x) (M, C) of these, and priors
    """
    shares = np.empty((len(codes), int(codes.max()) + 1))
    for fitted, judged in folds:
        densities, priors = densities_of(fitted, judged)
        shares[judged] = posteriors(densities, priors)
    wrong = weights @ (shares.argmax(axis=1) != codes) / weights.sum()
    return brier(shares, codes, weights), float(wrong)
