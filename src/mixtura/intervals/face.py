"""What a fitted mixture of values known as intervals says of rows."""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from mixtura.arrays import generator_of
from mixtura.components.interval.family import IntervalFamily
from mixtura.components.interval.posterior import posterior_moments
from mixtura.data.checks import row_weights
from mixtura.engines import engine_named
from mixtura.errors import MixturaWarning
from mixtura.estimators.inputs import check_columns
from mixtura.estimators.underlying import UnderlyingMixture, check_labels
from mixtura.inference.information import Information, information_of
from mixtura.inference.numbers import checked_boundary
from mixtura.inference.rows import Rows
from mixtura.intervals.cells import Intervals, intervals_of
from mixtura.mixture import Mixture
from mixtura.summary import WITHIN

__all__ = ["FittedIntervals"]

Float = NDArray[np.float64]

EXACT = (
    "rows are taken as known exactly, and this {name} was fitted to intervals; densities are not "
    "to be compared with probabilities. Give their upper ends as upper=..., or X itself if that "
    "is meant. In searches and cross-validation only scikit-learn's metadata routing hands them to "
    "scores: sklearn.set_config(enable_metadata_routing=True), and set_fit_request(upper=True) and "
    "set_score_request(upper=True) of the model"
)


class FittedIntervals(UnderlyingMixture):
    """Base of `IntervalGaussianMixture`: all but the fit.

    Attributes
    ----------
    mixture_ : of the underlying values
    """

    def score_samples(self, X: Any, upper: ArrayLike | None = None) -> Float:
        """Return log Σ_k π_k Π_j f_kj of each row (N,).

        f is the density of a cell that is known exactly, and the probability of its interval else.

        Parameters
        ----------
        X : (N, D) lower ends of the columns that were fitted, as in `fit`; frames by name
        upper : (N, D) upper ends, as in `fit`
        """
        mixture, rows, _ = self._reading(X, upper)
        return mixture.log_density(rows)

    def score(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, X: Any, y: Any = None, upper: ArrayLike | None = None
    ) -> float:
        """Return the mean log density of the rows.

        Parameters
        ----------
        X, upper : as in `score_samples`
        y : as in `fit`

        Warns
        -----
        MixturaWarning
            If `upper` is None, all cells are known, and some were intervals in the fit.
        """
        check_is_fitted(self, "mixture_")
        check_labels(y, self.n_features_in_, "upper ends", "upper")
        mixture, rows, found = self._reading(X, upper)
        had_intervals = getattr(self, "facts_", {}).get(WITHIN)
        if upper is None and had_intervals and not found.has_intervals:
            warnings.warn(EXACT.format(name=type(self).__name__), MixturaWarning, stacklevel=2)
        return float(mixture.log_density(rows).mean())

    def predict_proba(self, X: Any, upper: ArrayLike | None = None) -> Float:
        """Return the posterior probabilities of the components (N, K); rows sum to one.

        Parameters
        ----------
        X, upper : as in `score_samples`
        """
        mixture, rows, _ = self._reading(X, upper)
        return mixture.responsibilities(rows)

    def predict(self, X: Any, upper: ArrayLike | None = None) -> NDArray[np.intp]:
        """Return the most probable component of each row (N,).

        Parameters
        ----------
        X, upper : as in `score_samples`
        """
        mixture, rows, _ = self._reading(X, upper)
        return mixture.predict(rows)

    def posterior(self, X: Any, upper: ArrayLike | None = None) -> tuple[Float, Float]:
        """Return what is known of the values in the intervals.

        Parameters
        ----------
        X, upper : as in `score_samples`

        Returns
        -------
        means : (N, D) E[v | x], of a cell that is known exactly the cell itself
        covariances : (N, D, D) Cov[v | x], also where a cell is missing
        """
        mixture, rows, found = self._reading(X, upper)
        shares = mixture.responsibilities(rows)
        return posterior_moments(shares, self.mixture_.parameters, found.low, found.high)

    def information(
        self,
        X: Any,
        upper: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        *,
        boundary: str = "refuse",
    ) -> Information:
        """Return what the rows of the fit tell of the parameters: standard errors and intervals.

        Parameters
        ----------
        X, upper, sample_weight : of the fit
        boundary : "refuse" or "hold", as in `mixtura.inference.information`
        """
        mixture, rows, _ = self._reading(X, upper)
        weights = row_weights(sample_weight, len(rows))
        read, hold = Rows(mixture.family, rows, weights), checked_boundary(boundary)
        return information_of(mixture, read, None, hold=hold, engine=engine_named("threads", None))

    def sample(
        self, n_samples: int = 1, random_state: Any = None
    ) -> tuple[Float, NDArray[np.intp]]:
        """Draw values, and their components.

        Parameters
        ----------
        n_samples : how many
        random_state : a seed or a numpy Generator

        Returns
        -------
        rows : (n_samples, D)
        components : (n_samples,)
        """
        check_is_fitted(self, "mixture_")
        return self.mixture_.sample(n_samples, generator_of(random_state))

    def _reading(self, X: Any, upper: Any) -> tuple[Mixture, Float, Intervals]:
        """Return the mixture that reads intervals, the rows it reads, and these as intervals."""
        check_is_fitted(self, "mixture_")
        found = intervals_of(X, upper, self)
        check_columns(found.low.shape[1], found.names, self)
        family: Any = self.mixture_.family
        reads = IntervalFamily.reading_intervals(family)
        mixture = replace(self.mixture_.coded, family=reads)
        return mixture, found.standing_at(found.middles), found
