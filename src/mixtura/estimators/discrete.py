"""What the mixtures of counts and categories share beyond the scikit-learn face."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.data import CountRows, RowSource
from mixtura.data.checks import check_memory
from mixtura.em.fit import log_weights_of
from mixtura.em.model import Model
from mixtura.em.solve import FitResult, SolveOptions
from mixtura.em.starts import model_from_responsibilities
from mixtura.errors import MixturaWarning, ParameterError
from mixtura.estimators.base import MixtureEstimator, StartMaker
from mixtura.estimators.gaussian_inits import checked_responsibilities
from mixtura.estimators.settings import Settings
from mixtura.goodness import class_facts

__all__ = ["DiscreteMixture"]

PRIORS = ("weak", "conjugate")


class DiscreteMixture(MixtureEstimator):
    """Base of the mixtures whose components are bounded, so that none can collapse."""

    def __init__(
        self,
        n_components: int = 1,
        *,
        tol: float | None = None,
        algorithm: str = "auto",
        max_iter: int | None = None,
        n_init: int = 1,
        responsibilities_init: ArrayLike | None = None,
        prior: Any = "weak",
        random_state: Any = None,
        warm_start: bool = False,
        engine: Any = "threads",
        n_jobs: int | None = None,
        verbose: int = 0,
        verbose_interval: int = 10,
    ) -> None:
        self.n_components = n_components
        self.tol = tol
        self.algorithm = algorithm
        self.max_iter = max_iter
        self.n_init = n_init
        self.responsibilities_init = responsibilities_init
        self.prior = prior
        self.random_state = random_state
        self.warm_start = warm_start
        self.engine = engine
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.verbose_interval = verbose_interval

    def _options(self, settings: Settings, family: Any) -> SolveOptions:
        return settings.options(
            prior=_checked_prior(settings.prior),
            monotone=True,
            rescue=False,
            earlier=self._earlier(),
            progress=self._progress(),
        )

    def _source(self, rows: Any, weights: NDArray[np.float64] | None) -> RowSource:
        return CountRows(rows, weights)

    def _may_shrink(self) -> bool:
        return self.responsibilities_init is None

    def _check_size(self, n_components: int, n_columns: int) -> None:
        check_memory(32 * n_components * n_columns, f"{n_components:,} components")

    def _starts(
        self, family: Any, rows: Any, kept: NDArray[np.bool_] | None, settings: Settings
    ) -> StartMaker | None:
        if self._carries_on():
            mixture = self.mixture_
            if mixture.family.n_features() != family.n_features():
                raise ParameterError(
                    "warm_start goes on from a fit of other columns; set it to False for these"
                )
            model = Model(log_weights_of(mixture.weights), mixture.parameters)
            return lambda sweep, options: [model]
        if self.responsibilities_init is None:
            return None
        start = checked_responsibilities(
            self.responsibilities_init, rows.shape[0], settings.n_components, kept
        )
        return lambda sweep, options: [model_from_responsibilities(sweep, start, options)]

    def _take(self, result: FitResult, dtype: np.dtype[Any]) -> None:
        self.weights_ = result.mixture.weights

    def _note(self, sentence: str, *, warn: bool = False) -> None:
        """Keep a sentence for the summary, and warn with it if asked."""
        self._notes.append(sentence)
        if warn:
            warnings.warn(sentence, MixturaWarning, stacklevel=5)

    def _more_facts(self, result: FitResult, source: RowSource) -> dict[str, Any]:
        facts = class_facts(result.mixture, source, result.entropy)
        patterns = facts.get("n_patterns")
        if patterns is not None and result.n_parameters >= patterns:
            self._note(
                f"{result.n_parameters} free parameters and {patterns} different rows: "
                "the classes are not identified; take fewer"
            )
        return {**facts, "notes": list(self._notes)}

    def _fresh_notes(self) -> None:
        self._notes: list[str] = []


def _checked_prior(prior: Any) -> Any:
    if prior is None or prior in PRIORS:
        return prior
    if hasattr(prior, "augment") and hasattr(prior, "log_density"):
        return prior
    raise ParameterError(f'prior should be "weak", "conjugate", None or a penalty, not {prior!r}')
