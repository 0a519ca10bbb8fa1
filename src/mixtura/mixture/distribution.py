"""A mixture as a distribution, by the names that scipy.stats has for what is asked of one."""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse

from mixtura.arrays import as_probabilities
from mixtura.components.laws import law_of
from mixtura.components.margins import covariance_of, moments_of
from mixtura.components.univariate import Univariate
from mixtura.data.frames import is_frame
from mixtura.errors import ParameterError
from mixtura.mixture.entropy import entropy_of

__all__ = ["Distribution"]

Float = NDArray[np.float64]


class Distribution:
    """The part of `Mixture` that is asked as a distribution of scipy.stats is."""

    def logpdf(self, x: Any) -> Float:
        """Return log f(x) in scipy's shapes; where cells are counts or categories, log P(x).

        Parameters
        ----------
        x : (..., D), or of any shape where there is one column; frames by name

        Returns
        -------
        (...,) float64
        """
        mixture: Any = self
        if is_frame(x) or issparse(x):
            return mixture.log_density(x)
        listed = isinstance(x, (list, tuple))
        # Cells of lists keep their types, as numbers beside text.
        points = np.asarray(x, dtype=object) if listed else np.asarray(x)
        width = mixture.n_columns
        if width != 1 and points.shape[-1:] != (width,):
            return mixture.log_density(x)
        rows, shape = points.reshape(-1, width), points.shape[: None if width == 1 else -1]
        return mixture.log_density(rows.tolist() if listed else rows).reshape(shape)

    def pdf(self, x: Any) -> Float:
        """Return f(x), or P(x) of counts and categories; arguments as in `logpdf`."""
        return np.exp(self.logpdf(x))

    def cdf(self, points: ArrayLike) -> Float:
        """Return P(X <= point), for mixtures of one column of numbers or counts.

        Parameters
        ----------
        points : of any shape

        Raises
        ------
        ParameterError
            If there are more columns, or noise, or the cells are in no order.
        """
        return self._univariate().cdf(np.asarray(points, dtype=np.float64))

    def sf(self, points: ArrayLike) -> Float:
        """Return P(X > point), also where it is tiny; arguments as in `cdf`."""
        return self._univariate().survival(np.asarray(points, dtype=np.float64))

    def quantile(self, levels: ArrayLike) -> Float:
        """Return the least point with P(X <= point) at least the level, the inverse of `cdf`.

        Parameters
        ----------
        levels : probabilities, of any shape

        Raises
        ------
        ParameterError
            If a level is no probability, or there is no `cdf`.
        """
        array = as_probabilities("levels", levels)
        return self._univariate().quantile(array.ravel()).reshape(array.shape)

    def ppf(self, levels: ArrayLike) -> Float:
        """Return what `quantile` does, by scipy's name.

        Parameters
        ----------
        levels : probabilities, of any shape
        """
        return self.quantile(levels)

    def rvs(
        self,
        size: int | tuple[int, ...] = 1,
        random_state: int | np.random.Generator | None = None,
    ) -> NDArray[Any]:
        """Draw rows, without the components that `sample` gives too.

        Parameters
        ----------
        size : how many, or a shape
        random_state : a seed or a numpy Generator

        Returns
        -------
        (*size, D), or (*size,) where there is one column
        """
        mixture: Any = self
        shape = (size,) if isinstance(size, int | np.integer) else tuple(size)
        rows, _ = mixture.sample(int(prod(shape)), random_state)
        return rows.reshape(shape if mixture.n_columns == 1 else (*shape, mixture.n_columns))

    def mean(self) -> Float:
        """Return E[x] (D,) = Σ_k π_k μ_k."""
        mixture: Any = self
        return mixture.weights @ moments_of(mixture.family, mixture.parameters)[0]

    def covariance(self) -> Float:
        """Return Cov[x] (D, D) = Σ_k π_k (Σ_k + (μ_k - E[x])(μ_k - E[x])ᵀ)."""
        mixture: Any = self
        return covariance_of(mixture.weights, mixture.family, mixture.parameters)

    def var(self) -> Float:
        """Return the variances (D,)."""
        return np.diagonal(self.covariance()).copy()

    def std(self) -> Float:
        """Return the standard deviations (D,)."""
        return np.sqrt(self.var())

    def median(self) -> Float:
        """Return the median of each column (D,)."""
        return self._of_columns(lambda column: column.ppf(0.5))

    def interval(self, confidence: ArrayLike = 0.95) -> tuple[Float, Float]:
        """Return the ends (..., D) between which each column is, with as much below as above.

        Parameters
        ----------
        confidence : the probability between them, or several, of any shape
        """
        outside = 0.5 * (1.0 - as_probabilities("confidence", confidence))
        low = self._of_columns(lambda column: column.ppf(outside))
        return low, self._of_columns(lambda column: column.ppf(1.0 - outside))

    def entropy(self) -> float:
        """Return -E[log f(x)] in nats, for mixtures of one column.

        By quadrature: Σ_k π_k ∫ -log f(Q_k(u)) du, Q_k the quantiles of a component, to about nine
        digits; of counts and categories it is the sum over them.

        Raises
        ------
        ParameterError
            If there are more columns, for which `mixtura.inference.entropy` draws rows.
        """
        mixture: Any = self
        if mixture.n_columns != 1:
            raise ParameterError(
                f"the entropy of {mixture.n_columns} columns is no integral that can be done here; "
                "take one by marginal([column]), or mixtura.inference.entropy, which draws rows"
            )
        labels = mixture.kinds[0].labels
        if labels:
            codes = np.arange(len(labels), dtype=np.float64)[:, None]
            return float(-(np.exp(logs := mixture.coded.log_density(codes)) @ logs))
        return entropy_of(self._univariate(), lambda x: mixture.coded.log_density(x[:, None]))

    def _of_columns(self, function: Callable[[Any], Float]) -> Float:
        mixture: Any = self
        columns = [mixture.marginal([j]) for j in range(mixture.n_columns)]
        return np.stack([np.asarray(function(column)) for column in columns], axis=-1)

    def _univariate(self) -> Univariate:
        mixture: Any = self
        return Univariate(mixture.weights, law_of(mixture.family, mixture.parameters))
