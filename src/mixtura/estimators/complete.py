"""Estimators of several structures whose rows lack no cell."""

from abc import abstractmethod
from typing import Any

from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from mixtura.data.checks import check_finite
from mixtura.data.dataset import Dataset
from mixtura.em.fit import log_weights_of
from mixtura.em.model import Model
from mixtura.em.responsibilities import model_from_responsibilities
from mixtura.em.starts import StartMaker
from mixtura.errors import ParameterError
from mixtura.estimators.gaussian_inits import checked_responsibilities
from mixtura.estimators.inputs import Kept, Sourced, checked_rows, fitted_rows
from mixtura.estimators.spooled import fitted_beyond, numbers_beyond
from mixtura.estimators.structured import Structured
from mixtura.mixture import Mixture

__all__ = ["CompleteRows"]


class CompleteRows(Structured):
    """What estimators share that take no missing cells, and start from responsibilities if told."""

    responsibilities_init: ArrayLike | None

    def _may_shrink(self) -> bool:
        return self.responsibilities_init is None

    def _checked(self, data: Any) -> tuple[Any, tuple[str, ...] | None]:
        return self._varying(*checked_rows(data, self, least_rows=2))

    def _beyond(self, data: Dataset) -> Sourced:
        if self.responsibilities_init is not None:
            raise ParameterError(
                "starts of rows beyond memory are found; leave responsibilities_init out, or let "
                "the dataset's memory= be more than the rows take"
            )
        rows = numbers_beyond(data, "error")
        places, names = self._varying_beyond(data)
        fitted = fitted_beyond(rows, places)
        return Sourced(fitted, names, None, fitted)

    def _rows(self, data: Any) -> NDArray[Any]:
        check_is_fitted(self, "mixture_")
        if self._leaves_out:
            return self.mixture_.encode(data)
        rows = fitted_rows(data, self)
        check_finite(rows, self._column_names())
        return rows

    def _told_start(
        self, family: Any, rows: NDArray[Any], kept: Kept | None, n_components: int
    ) -> StartMaker | None:
        """Return the start from the last fit or from responsibilities, if there is to be one.

        Parameters
        ----------
        n_components : K, noise counted
        """
        if self._carries_on():
            mixture = self._last_fit(n_components, family)
            parameters = family.in_frame(mixture.parameters)
            return lambda sweep, options: [Model(log_weights_of(mixture.weights), parameters)]
        if self.responsibilities_init is None:
            return None
        start = checked_responsibilities(self.responsibilities_init, len(rows), n_components, kept)
        return lambda sweep, options: [model_from_responsibilities(sweep, start, options)]

    @abstractmethod
    def _last_fit(self, n_components: int, family: Any) -> Mixture:
        """Return the mixture of the last fit.

        Raises
        ------
        ParameterError
            If it is of another model.
        """
