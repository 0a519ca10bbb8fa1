"""A group fitted alone, as any rows are."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from mixtura.data.dataset import Dataset
from mixtura.data.parts import ReadAs
from mixtura.em.stopping import Ending
from mixtura.errors import MixturaError, MixturaWarning, ParameterError
from mixtura.estimators.base import MixtureEstimator
from mixtura.mixture import Mixture

__all__ = ["LIMITED", "Alone", "OneFit", "quietly"]

LIMITED = "stopped at the iteration limit, before it had converged"


@contextmanager
def quietly() -> Iterator[None]:
    """Leave out warnings of fits, whose facts say what they do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MixturaWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


@dataclass(frozen=True, slots=True, eq=False)
class OneFit:
    """What is known of one group's fit.

    Attributes
    ----------
    mixture : None where there is none
    log_likelihood : NaN likewise
    effective_rows : (K,) likewise
    converged : whether the fit came to its end
    sound : whether its density means something
    note : what is to be said, or ""
    refused : whether there is none because of a setting
    """

    mixture: Mixture | None
    log_likelihood: float
    effective_rows: NDArray[np.float64]
    converged: bool
    sound: bool
    note: str
    refused: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Alone:
    """Fits an estimator to the rows of one group, by one worker.

    Attributes
    ----------
    estimator : is not changed
    seed : of every group
    columns : names of the rows' columns, or None
    read_as : what is known of columns with categories, or None where cells are numbers
    """

    estimator: MixtureEstimator
    seed: int
    columns: tuple[str, ...] | None
    read_as: ReadAs | None = None

    def __call__(
        self, rows: NDArray[np.float64], weights: NDArray[np.float64] | None = None
    ) -> OneFit:
        """Return what is found of cells (n, D) and row weights (n,); an error is its note."""
        own: Any = clone(self.estimator)
        own.set_params(random_state=self.seed, engine="serial", n_jobs=None, verbose=0)
        with quietly():
            try:
                given: Any = np.array(rows)
                if self.read_as is not None:
                    given = Dataset.of_rows(given, self.read_as)
                own.fit(given, None, weights)
            except MixturaError as error:
                refused = isinstance(error, ParameterError)
                return OneFit(None, np.nan, np.zeros(0), False, False, str(error), refused)
        found = own._result
        if found.ending is Ending.INTERRUPTED:
            # A fit keeps its best; who waits for many groups wants none of the others.
            raise KeyboardInterrupt
        mixture = own.mixture_
        if self.columns is not None and mixture.n_columns == len(self.columns):
            mixture = replace(mixture, columns=self.columns)
        said = "; ".join([*own.facts_["cautions"], *([] if own.converged_ else [LIMITED])])
        return OneFit(
            mixture,
            own.log_likelihood_,
            found.effective_rows,
            own.converged_,
            found.soundness.is_sound,
            said,
        )
