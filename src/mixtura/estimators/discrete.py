"""What the mixtures of counts and categories share beyond the scikit-learn face."""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.data import CountRows, RowSource
from mixtura.data.dataset import Dataset
from mixtura.em.annealing import prior_named
from mixtura.em.fit import log_weights_of
from mixtura.em.model import Model
from mixtura.em.noise_starts import with_noise
from mixtura.em.responsibilities import model_from_responsibilities
from mixtura.em.solve import FitResult, SolveOptions
from mixtura.em.starts import StartMaker
from mixtura.engines import engine_named
from mixtura.errors import MixturaWarning, ParameterError
from mixtura.estimators.base import MixtureEstimator
from mixtura.estimators.gaussian_inits import checked_responsibilities
from mixtura.estimators.identifiability import Doubt
from mixtura.estimators.inputs import Kept, Sourced
from mixtura.estimators.mixing import checked_weighing
from mixtura.estimators.settings import Settings, checked_choice
from mixtura.estimators.sizes import checked_sizes, possible_sizes
from mixtura.estimators.spooled import (
    check_parts,
    counts_beyond,
    spooled_rows,
    words_of_left_out,
)
from mixtura.goodness import class_facts, outnumbered
from mixtura.mixture import Mixture
from mixtura.selection import CRITERIA, Candidate, Cell, Selection, search

__all__ = ["DiscreteMixture"]

PRIORS = ("evidence", "weak", "conjugate")


class DiscreteMixture(MixtureEstimator):
    """Base of the mixtures whose components are bounded, so that none can collapse."""

    # What components have where a prior on the mixing weights is given alone.
    default_prior: ClassVar[str] = "auto"

    def __init__(
        self,
        n_components: int | str = 1,
        *,
        tol: float | None = None,
        algorithm: str = "auto",
        max_iter: int | None = None,
        n_init: int = 1,
        responsibilities_init: ArrayLike | None = None,
        mixing_weights: Any = "free",
        noise: str | None = None,
        fix: Any = None,
        equal: Any = None,
        use_y: Any = "auto",
        prior: Any = "auto",
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
        self.mixing_weights = mixing_weights
        self.noise = noise
        self.fix = fix
        self.equal = equal
        self.use_y = use_y
        self.prior = prior
        self.random_state = random_state
        self.warm_start = warm_start
        self.engine = engine
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.verbose_interval = verbose_interval

    def _options(self, settings: Settings, family: Any) -> SolveOptions:
        return settings.options(
            prior=_checked_prior(settings.prior, family),
            monotone=True,
            rescue=False,
            earlier=self._earlier(settings),
            progress=self._progress(),
        )

    def _source(
        self, rows: Any, weights: NDArray[np.float64] | None, *, as_given: bool = False
    ) -> RowSource:
        return CountRows(rows, weights)

    def _cells(self, data: Any) -> tuple[Any, tuple[str, ...] | None]:
        """Return rows (N, D) whose cells are of their kinds, and their columns' names."""
        raise NotImplementedError

    def _beyond(self, data: Dataset) -> Sourced:
        if self.responsibilities_init is not None:
            raise ParameterError(
                "starts of rows beyond memory are found; leave responsibilities_init out, or let "
                "the dataset's memory= be more than the rows take"
            )
        self._fresh_notes()
        return self._rows_beyond(data)

    def _rows_beyond(self, data: Dataset) -> Sourced:
        """Return rows beyond memory, checked."""
        check_parts(data, self._cells)
        places, names = self._columns_beyond(data)
        rows = counts_beyond(data, places, partial(self._silent, names=names))
        return Sourced(rows, names, None, rows, words_of_left_out(spooled_rows(data), rows))

    def _columns_beyond(
        self, data: Dataset
    ) -> tuple[tuple[int, ...] | None, tuple[str, ...] | None]:
        """Return the places of the columns to fit, None for all, and their names."""
        return None, data.names

    def _may_shrink(self) -> bool:
        return self.responsibilities_init is None

    def _starts(
        self, family: Any, rows: Any, kept: Kept | None, settings: Settings
    ) -> StartMaker | None:
        if self._carries_on():
            mixture = self.mixture_
            if (mixture.kinds, mixture.family.has_noise) != (family.kinds, family.has_noise):
                raise ParameterError(
                    "warm_start goes on from a fit of other columns, or one with other noise; set "
                    "it to False for this one"
                )
            parameters = family.in_frame(mixture.parameters)
            model = Model(log_weights_of(mixture.weights), parameters)
            return lambda sweep, options: [model]
        n_components = settings.n_components + family.has_noise
        if self.responsibilities_init is not None:
            start = checked_responsibilities(
                self.responsibilities_init, rows.shape[0], n_components, kept
            )
            return lambda sweep, options: [model_from_responsibilities(sweep, start, options)]
        if not family.has_noise:
            return None
        return with_noise(None, settings.n_components, settings.start_options())

    def _take(self, mixture: Mixture, dtype: np.dtype[Any]) -> None:
        self.weights_ = mixture.weights

    def select(
        self,
        X: Any,
        n_components: int | Iterable[int] = range(1, 10),
        *,
        criterion: str = "bic",
        sample_weight: ArrayLike | None = None,
        progress: Callable[[Candidate, int], None] | None = None,
    ) -> Selection:
        """Fit several numbers of components, rank them, and take on the best as if by `fit`.

        Parameters
        ----------
        X : as in `fit`
        n_components : the numbers of components to try
        criterion : "bic", "icl" or "aic"
        sample_weight : (N,) row weights
        progress : called after each model with the candidate and how many there are in all

        Returns
        -------
        Selection
            `best`, `result`, `table()`, `summary()`.

        Raises
        ------
        DataError, ParameterError
            If the rows, weights or settings cannot be used.
        """
        checked_choice("criterion", criterion, CRITERIA)
        sizes = checked_sizes(n_components)
        found, given = self._searched(X, sample_weight, sizes, criterion, progress)
        self._take_best(found, given)
        return found

    def _searched(
        self,
        X: Any,
        sample_weight: ArrayLike | None,
        sizes: list[int],
        criterion: str = "bic",
        progress: Callable[[Candidate, int], None] | None = None,
    ) -> tuple[Selection, Sourced]:
        settings = Settings.of(self, sizes)
        given = self._sourced(X, sample_weight, min(sizes), max(sizes))
        sizes, notes = possible_sizes(sizes, given.source)
        checked_weighing(self.mixing_weights, sizes)
        family = self._with_noise(given)
        by_size = {size: self._bound(family, size, given) for size in sizes}
        doubts = {size: self._doubt(given.source, size) for size in sizes}
        refused = [
            Candidate(family.name, size, failure=doubt.sentence)
            for size, doubt in doubts.items()
            if doubt is not None and doubt.refuses
        ]
        cells = [
            Cell(family.name, by_size[size], size)
            for size in sizes
            if size not in {candidate.n_components for candidate in refused}
        ]
        found = search(
            cells,
            given.source,
            engine_named(self.engine, self.n_jobs),
            self._options(settings, family),
            criterion=criterion,
            columns=given.names,
            reading=self._reading(),
            progress=None if progress is None else lambda one: progress(one, len(cells)),
        )
        return replace(found, candidates=(*found.candidates, *refused), notes=notes), given

    def _take_best(self, found: Selection, given: Sourced) -> None:
        doubt = self._doubt(given.source, found.best.n_components)
        if doubt is not None:
            self._note(doubt.sentence, warn=True)
        super()._take_best(found, given)

    def _doubt(self, source: RowSource, n_components: int) -> Doubt | None:
        """Return what speaks against so many components for these rows, if anything does."""
        return None

    def _note(self, sentence: str, *, warn: bool = False) -> None:
        """Keep a sentence for the summary, and warn with it if asked."""
        self._notes.append(sentence)
        if warn:
            warnings.warn(sentence, MixturaWarning, stacklevel=5)

    def _more_facts(self, result: FitResult, source: RowSource) -> dict[str, Any]:
        facts = class_facts(result.mixture, source)
        if "n_patterns" in facts:
            alert = outnumbered(result.n_parameters, facts["n_patterns"], facts["n_cells"])
            self._notes += [alert] if alert else []
        return {**facts, "notes": list(self._notes)}

    def _fresh_notes(self) -> None:
        self._notes: list[str] = []


def _checked_prior(prior: Any, family: Any) -> Any:
    prior = prior_named(prior, family)
    if prior is None or prior in PRIORS:
        return prior
    if isinstance(prior, Real) and not isinstance(prior, bool):
        counts = float(prior)
        if 0 <= counts < float("inf"):
            return counts or None
        raise ParameterError(f"prior should be pseudo-counts from 0 up, not {prior!r}")
    if hasattr(prior, "augment") and hasattr(prior, "log_density"):
        return prior
    raise ParameterError(
        'prior should be "auto", "evidence", "weak", "conjugate", None, pseudo-counts of each cell '
        f"or a penalty, not {prior!r}"
    )
