"""What a fitted mixture of underlying values says of rows that were measured with errors."""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from mixtura.arrays import generator_of
from mixtura.components.measured.family import MeasuredFamily
from mixtura.components.measured.posterior import posterior_moments
from mixtura.deconvolution.errors_of_rows import Measurements, measured
from mixtura.errors import MixturaWarning
from mixtura.estimators.inputs import fitted_rows, names_of
from mixtura.estimators.underlying import UnderlyingMixture, check_labels
from mixtura.mixture import Mixture
from mixtura.summary import MEASURED

__all__ = ["FittedDeconvolution"]

Float = NDArray[np.float64]

# Rows whose posteriors are found at once: memory stays small whatever N is.
ROWS_AT_ONCE = 4096

EXACT = (
    "rows are taken as measured exactly, and this {name} was fitted to rows with errors; give "
    "those of these rows as covariance=..., or zeros if they have none. In searches and "
    "cross-validation only scikit-learn's metadata routing hands them to scores: "
    "sklearn.set_config(enable_metadata_routing=True), and set_fit_request(covariance=True) and "
    "set_score_request(covariance=True) of the model"
)


class FittedDeconvolution(UnderlyingMixture):
    """Base of `DeconvolvedGaussianMixture`: all but the fit.

    Attributes
    ----------
    mixture_ : of the underlying values
    """

    def score_samples(self, X: Any, covariance: ArrayLike | None = None) -> Float:
        """Return log Σ_k π_k N(x | μ_k, Σ_k + S) of each row (N,), as it was measured.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted, NaN where not measured; frames by name
        covariance : (N, D) or (N, D, D) of the errors, as in `fit`; None: rows have none, so the
            density is that of underlying values

        Warns
        -----
        MixturaWarning
            If it is None, a cell was measured, and the rows of the fit had errors. Zeros say that
            these have none.
        """
        mixture, found = self._reading(X, covariance)
        return mixture.log_density(found.rows)

    def score(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, X: Any, y: Any = None, covariance: ArrayLike | None = None
    ) -> float:
        """Return the mean log density of the rows.

        Parameters
        ----------
        X, covariance : as in `score_samples`
        y : as in `fit`
        """
        check_is_fitted(self, "mixture_")
        check_labels(y, self.n_features_in_, "errors", "covariance")
        mixture, found = self._reading(X, covariance)
        return float(mixture.log_density(found.rows).mean())

    def predict_proba(self, X: Any, covariance: ArrayLike | None = None) -> Float:
        """Return the posterior probabilities of the components (N, K); rows sum to one.

        A row measured with large errors is less sure of its component than one beside it without.

        Parameters
        ----------
        X, covariance : as in `score_samples`
        """
        mixture, found = self._reading(X, covariance)
        return mixture.responsibilities(found.rows)

    def predict(self, X: Any, covariance: ArrayLike | None = None) -> NDArray[np.intp]:
        """Return the most probable component of each row (N,).

        Parameters
        ----------
        X, covariance : as in `score_samples`
        """
        mixture, found = self._reading(X, covariance)
        return mixture.predict(found.rows)

    def posterior(self, X: Any, covariance: ArrayLike | None = None) -> tuple[Float, Float]:
        """Return what is known of the values that underlie the rows, given what was measured.

        Parameters
        ----------
        X, covariance : as in `score_samples`

        Returns
        -------
        means : (N, D) E[v | x], drawn from x towards where values are dense
        covariances : (N, D, D) Cov[v | x], also where a cell was not measured
        """
        mixture, found = self._reading(X, covariance)
        shares, errors = mixture.responsibilities(found.rows), found.covariances
        means, covariances = np.empty(found.cells.shape), np.empty(errors.shape)
        for start in range(0, len(means), ROWS_AT_ONCE):
            own = slice(start, start + ROWS_AT_ONCE)
            means[own], covariances[own] = posterior_moments(
                shares[own], mixture.parameters, found.cells[own], errors[own]
            )
        return means, covariances

    def sample(
        self, n_samples: int = 1, covariance: ArrayLike | None = None, random_state: Any = None
    ) -> tuple[Float, NDArray[np.intp]]:
        """Draw underlying values, or what would be measured of them, and their components.

        Parameters
        ----------
        n_samples : how many
        covariance : (n_samples, D) or (n_samples, D, D) of the errors that are added; None for
            underlying values
        random_state : a seed or a numpy Generator

        Returns
        -------
        rows : (n_samples, D), NaN where a variance is infinite
        components : (n_samples,)
        """
        check_is_fitted(self, "mixture_")
        rng = generator_of(random_state)
        rows, labels = self.mixture_.sample(n_samples, rng)
        if covariance is None:
            return rows, labels
        found = measured(rows, covariance, names_of(self))
        known = np.where(np.isfinite(found.covariances), found.covariances, 0.0)
        values, axes = np.linalg.eigh(known)
        noise = np.sqrt(np.maximum(values, 0.0)) * rng.standard_normal(rows.shape)
        moved = rows + (axes @ noise[:, :, None])[:, :, 0]
        return np.where(found.seen, moved, np.nan), labels

    def _reading(self, X: Any, covariance: ArrayLike | None) -> tuple[Mixture, Measurements]:
        """Return the mixture that reads rows with errors, and these; warn the caller's caller."""
        check_is_fitted(self, "mixture_")
        found = measured(fitted_rows(X, self, missing=True), covariance, names_of(self))
        had_errors = getattr(self, "facts_", {}).get(MEASURED)
        if covariance is None and had_errors and found.seen.any():
            said = EXACT.format(name=type(self).__name__)
            warnings.warn(said, MixturaWarning, stacklevel=3)
        family: Any = self.mixture_.family
        reads = MeasuredFamily.reading_errors(family, has_covariances=found.layout.has_covariances)
        return replace(self.mixture_.coded, family=reads), found
