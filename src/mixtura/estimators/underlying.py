"""What estimators share whose components are Gaussians of values that underlie the rows.

All that reads rows has to be given more than cells there, such as errors or a second end, so these
have no place among the estimators of rows that are what they are.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import DensityMixin, clone
from sklearn.utils.validation import check_is_fitted

from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.structures import Structure, structure
from mixtura.data import ArrayRows
from mixtura.data.encoding import AS_IT_COMES
from mixtura.data.gaps import words_of_empty
from mixtura.doors import Plotted
from mixtura.em.responsibilities import model_from_responsibilities
from mixtura.em.solve import FitResult, SolveOptions, solve
from mixtura.em.starts import StartMaker
from mixtura.engines import engine_named
from mixtura.errors import DataError, ParameterError
from mixtura.estimators.doubted import warn_of_fit
from mixtura.estimators.fitted import Fitted
from mixtura.estimators.gaussian_inits import checked_responsibilities
from mixtura.estimators.gaussian_shapes import attributes_of
from mixtura.estimators.sizes import size_of
from mixtura.estimators.stored import Pickled
from mixtura.estimators.tried import SizeTried, grown
from mixtura.estimators.underlying_stored import CRITERIA, save_underlying
from mixtura.mixture import Mixture

__all__ = ["UnderlyingMixture", "check_labels", "telling_rows"]

Float = NDArray[np.float64]


def telling_rows(
    silent: NDArray[np.bool_], weights: Float | None
) -> tuple[NDArray[np.intp], dict[str, Any]]:
    """Return which rows are fitted, and what a summary says of others: their notes, if any.

    Those of weight are, but such as say nothing, unless none says anything.

    Parameters
    ----------
    silent : (N,) of which rows no cell is known
    weights : (N,) of the rows, or None
    """
    counted = np.ones(len(silent), bool) if weights is None else weights > 0
    telling = counted & ~silent
    if not telling.any() or telling.sum() == counted.sum():
        return np.flatnonzero(counted), {}
    left_out = int(counted.sum() - telling.sum())
    return np.flatnonzero(telling), {"notes": [words_of_empty(left_out)]}


def check_labels(y: Any, n_columns: int, beside: str, name: str) -> None:
    """Raise `DataError` if a y, which nothing reads, is what rows have beside them, in its place.

    Labels are one per row; in one column so is that, as numbers with a fraction or infinite ones.

    Parameters
    ----------
    beside : what it would be, such as "errors"
    name : of the argument that takes it
    """
    try:
        shape = np.shape(y)
        each = int(np.prod(shape[1:]))
        given = len(shape) > 1 and (each > 1 or (n_columns == 1 and _has_fractions(y)))
    except (TypeError, ValueError):
        return
    if given:
        raise DataError(
            f"y has the shape {shape}, as {beside} of rows have and labels have not, and y is not "
            f"read; give {beside} by name, {name}=..."
        )


def _has_fractions(y: Any) -> bool:
    values = np.asarray(y, np.float64)
    return bool((~np.isfinite(values) | (values != np.floor(values))).any())


class UnderlyingMixture(Plotted, Fitted, DensityMixin, Pickled):
    """Base of estimators of what underlies rows.

    Attributes
    ----------
    mixture_ : of the underlying values, a plain Gaussian one
    """

    n_components: int | str
    covariance_type: str
    selection_: tuple[SizeTried, ...]
    responsibilities_init: ArrayLike | None
    engine: Any
    n_jobs: int | None
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]
    mixture_: Mixture
    facts_: dict[str, Any]

    def plot(self, kind: str | None = None, X: Any = None, *, ax: Any = None, **told: Any) -> Any:
        """Draw a figure of the mixture of underlying values, and where rows are thought to lie.

        Rows stand at the means of their underlying values (`posterior`), which lie closer together
        than the values do, in the colours of `predict`.

        Parameters
        ----------
        kind : "pairs", "profile", "density", "boundaries" and so on; None is the first that can be
            drawn
        X : (N, D) rows, or None where the figure shows none
        ax : matplotlib's axes to draw in, or None for a new figure
        told : what `predict` is given beside X: `covariance` or `upper`

        Returns
        -------
        matplotlib.axes.Axes
            Or an array of them where the figure has several panels.

        Raises
        ------
        ParameterError
            If there is no figure of that kind, or it compares rows with the density of values, as
            "qq" does; if it shows rows and there are none, or nothing is fitted.
        """
        if kind == "qq":
            raise ParameterError(
                "a figure 'qq' holds rows against the density of values, which these are not; "
                "'density' draws that"
            )
        if X is None or not hasattr(self, "mixture_"):
            return super().plot(kind, ax=ax)
        # By name, since classes of faces say what these take.
        face: Any = self
        places, shares = face.posterior(X, **told)[0], face.predict_proba(X, **told)
        return self._drawn(kind, places, ax, shares)

    def save(self, path: Any) -> None:
        """Write the estimator to a model file at `path`, which `mixtura.load` reads.

        Settings, mixture and what is known of the fit are kept, its history is not.
        """
        check_is_fitted(self, "mixture_")
        save_underlying(path, self)

    def _chosen(self, fit: Callable[[Self], Self]) -> Self:
        """Take on the fit of as many components as have the lowest BIC.

        Parameters
        ----------
        fit : fits an estimator of a number of components to the rows
        """
        if self.responsibilities_init is not None:
            raise ParameterError(
                "responsibilities_init says which component is which, so give n_components as a "
                "number"
            )

        def of_size(size: int) -> Any:
            own: Any = clone(self)
            return fit(own.set_params(n_components=size))

        best, self.selection_ = grown(of_size)
        settings = self.get_params(deep=False)
        vars(self).update({name: one for name, one in vars(best).items() if name not in settings})
        return self

    def _form(self) -> Structure:
        if not isinstance(self.covariance_type, str):
            raise ParameterError(
                f"covariance_type should be a name, but got {self.covariance_type!r}"
            )
        return structure(self.covariance_type)

    def _start(self, given: Any, n_rows: int, kept: NDArray[np.intp]) -> StartMaker:
        """Return what starts from responsibilities of all rows, of which some are fitted."""
        shares = checked_responsibilities(given, n_rows, size_of(self), None)
        return lambda sweep, loop: [model_from_responsibilities(sweep, shares[kept], loop)]

    def _solved(
        self,
        options: SolveOptions,
        family: Any,
        source: ArrayRows,
        models: StartMaker | None,
        names: tuple[str, ...] | None,
        facts: Mapping[str, Any],
        *,
        n_rows: int,
    ) -> Self:
        """Fit by EM, take what was found, and warn of it.

        Parameters
        ----------
        models : what EM starts from; None: what that of any mixture does
        facts : of the rows, beside what a fit says of itself
        n_rows : that are fitted, of which the source may have some as one or in parts
        """
        result = solve(
            family,
            source,
            engine_named(self.engine, self.n_jobs),
            size_of(self),
            replace(options, by_size=self.responsibilities_init is None),
            models=models,
            columns=names,
        )
        result = replace(result, n_rows=n_rows)
        self._adopt(result, names, facts)
        warn_of_fit(result, result.cautions, options.max_iter)
        return self

    def _adopt(
        self,
        result: FitResult,
        names: tuple[str, ...] | None,
        facts: Mapping[str, Any],
    ) -> None:
        """Take what a fit found, and facts of its rows."""
        self.n_features_in_ = result.mixture.parameters.means.shape[1]
        if names is not None:
            self.feature_names_in_ = np.array(names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        reading: Any = result.mixture.family
        plain = GaussianFamily(reading.structure, reading.frame)
        self.mixture_ = replace(result.mixture, family=plain, reading=AS_IT_COMES)
        self.facts_ = {**result.facts(), **facts}
        self._tell_of(result, CRITERIA)
        self._take()

    def _take(self) -> None:
        """Set the attributes that follow from the mixture."""
        parameters = self.mixture_.parameters
        self.weights_, self.means_ = self.mixture_.weights, parameters.means
        shapes = attributes_of(self.covariance_type, parameters)
        self.covariances_, self.precisions_, self.precisions_cholesky_ = shapes
