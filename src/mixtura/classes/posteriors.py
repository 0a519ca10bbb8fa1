"""The posterior of each class in each row, by a model that was fitted."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.data.dataset import Dataset
from mixtura.errors import ParameterError
from mixtura.inference.rows import checked
from mixtura.inference.survey import Sampling, SurveyDesign, sampling_of
from mixtura.mixture import Mixture

__all__ = ["Posteriors", "mixture_of", "posteriors_of", "reference_of"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Posteriors:
    """Rows against classes.

    Attributes
    ----------
    names : (K,) what classes are called
    probabilities : (N, K)
    sampling : what rows weigh, and how they were drawn
    """

    names: tuple[str, ...]
    probabilities: Float
    sampling: Sampling

    @property
    def weights(self) -> Float:
        """Return the weights (N,) of the rows."""
        return self.sampling.weights

    @property
    def modal(self) -> Float:
        """Return 1 (N, K) for the most probable class of each row, 0 for others."""
        return np.eye(len(self.names))[self.probabilities.argmax(axis=1)]

    @property
    def sizes(self) -> Float:
        """Return Σ w r (K,)."""
        return self.weights @ self.probabilities

    def given_class(self, assigned: Float) -> Float:
        """Return the probability that a row of class t is put in class s, at [t, s].

        Parameters
        ----------
        assigned : (N, K) the share of each row that is put in each class
        """
        weighted = self.probabilities * self.weights[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            return weighted.T @ assigned / self.sizes[:, None]


def mixture_of(model: Any) -> Mixture:
    """Return the mixture of a fitted estimator, or the one that is given.

    Raises
    ------
    ParameterError
        If the model was not fitted.
    """
    mixture = model if isinstance(model, Mixture) else getattr(model, "mixture_", None)
    if not isinstance(mixture, Mixture):
        raise ParameterError(
            f"model should be what was fitted, an estimator or its mixture, not {model!r}"
        )
    return mixture


def posteriors_of(
    model: Any,
    X: Any,
    sample_weight: ArrayLike | None = None,
    missing: str = "marginal",
    survey: SurveyDesign | None = None,
    *,
    counts: bool = False,
) -> Posteriors:
    """Return the posteriors of rows, read as the fit read its own.

    Parameters
    ----------
    counts : whether rows only add up, as in `checked`

    Raises
    ------
    DataError, ParameterError
        If the rows or weights cannot be used, or the model was not fitted.
    """
    mixture = mixture_of(model)
    beside = isinstance(X, Dataset)
    rows = checked(mixture, X, sample_weight if beside else None, missing, counts=counts)
    weights = rows.weights if beside else sample_weight
    return Posteriors(
        mixture.names,
        mixture.coded.responsibilities(rows.array),
        sampling_of(rows.n_rows, weights, survey),
    )


def reference_of(reference: int | str | None, names: tuple[str, ...], sizes: Float) -> int:
    """Return the place of the class that others are compared with: the largest, or one by name.

    Raises
    ------
    ParameterError
        If no class is called so.
    """
    called = names[int(sizes.argmax())] if reference is None else str(reference)
    if called not in names:
        raise ParameterError(f"reference should be one of {', '.join(names)}, but got {called!r}")
    return names.index(called)
