"""The scikit-learn face that all mixtures share: fit, predict, score and the criteria."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.base import DensityMixin
from sklearn.utils.validation import check_is_fitted

from mixtura.checkpoints import same, told
from mixtura.components.family import Family
from mixtura.data import ArrayRows, RowSource
from mixtura.data.checks import check_enough_rows, check_memory, row_weights
from mixtura.data.dataset import Dataset
from mixtura.data.encoding import Reading
from mixtura.data.gaps import NOTHING_TOLD, lack_all, words_of_empty
from mixtura.data.masks import MaskedRows
from mixtura.data.weights import given_weights
from mixtura.em.arriving import Drift
from mixtura.em.solve import FitResult, SolveOptions, solve
from mixtura.em.starts import StartMaker
from mixtura.engines import engine_named
from mixtura.errors import (
    DataError,
    MixturaWarning,
    ParameterError,
)
from mixtura.estimators.arriving import PartialFit
from mixtura.estimators.binding import (
    Ordinal,
    bound_family,
    check_possible,
    check_unlinked,
)
from mixtura.estimators.doubted import warn_of_best, warn_of_fit
from mixtura.estimators.inputs import (
    Kept,
    Sourced,
    as_fitted,
    checked_rows,
    fitted_rows,
    names_of,
    own_columns,
)
from mixtura.estimators.labels import (
    NamedLabels,
    by_name,
    check_labels,
    check_reached,
    check_unnumbered,
    known_beyond,
    known_components,
)
from mixtura.estimators.noise import noise_maker
from mixtura.estimators.progress import (
    CalledBack,
    called_back_fit,
    is_called_back,
    progress_of,
)
from mixtura.estimators.settings import Settings, checked_integer, seed_of
from mixtura.estimators.shown import Shown
from mixtura.estimators.sizes import is_auto, size_of
from mixtura.estimators.spooled import by_parts, check_alone, is_spooled, spooled_rows
from mixtura.estimators.stored import Pickled, state_of
from mixtura.mixture import Mixture
from mixtura.selection import Candidate, Selection
from mixtura.store import save

__all__ = ["MixtureEstimator"]

Float = NDArray[np.float64]

IGNORED = "y was ignored, as scikit-learn's mixtures do; use_y=True takes it for components"

# The sizes that are tried first where it is to be found.
FIRST_SIZES = range(1, 10)

# Settings whose components have numbers.
NUMBERING = ("weights_init", "means_init", "precisions_init", "responsibilities_init")

# What a fit does not depend on.
UNTOLD = {"engine", "n_jobs", "verbose", "verbose_interval"}

# Objectives that a stopping rule looks back at, kept for a warm start.
TRAIL = 8


class MixtureEstimator(Shown, PartialFit, CalledBack, DensityMixin, Pickled, ABC):
    """Base of the estimators; a concrete one says which family, options and starts it has."""

    mixture_: Mixture
    drift_: Drift
    selection_: Selection
    _result: FitResult
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]
    n_components: int | str
    mixing_weights: Any
    fix: Any
    equal: Any
    ordinal: Any = None
    ordinal_link: str = "adjacent"
    random_state: Any
    use_y: Any
    noise: str | None = None
    # The levels of columns whose type has them in an order, by number among those of X.
    _orders: Mapping[int, tuple[Any, ...]] | None = None
    engine: Any
    n_jobs: int | None
    verbose: int
    verbose_interval: int

    @abstractmethod
    def _family(self, source: RowSource, names: tuple[str, ...] | None) -> Family:
        """Return the family for the rows to be fitted; `names` are the columns', for errors."""

    def _bound(self, family: Any, n_components: int, given: Sourced) -> Any:
        """Return the family with what `fix`, `equal` and `ordinal` bind K components to."""
        ordinal = None
        if self.ordinal is None:
            check_unlinked(self.ordinal_link)
        else:
            ordinal = Ordinal(
                self.ordinal, self.ordinal_link, self._orders or {}, self._reading().places or ()
            )
        found = bound_family(family, self.fix, self.equal, n_components, given.names, ordinal)
        check_possible(found, given.source)
        return found

    @abstractmethod
    def _options(self, settings: Settings, family: Any) -> SolveOptions:
        """Return what the solver is asked for."""

    @abstractmethod
    def _starts(
        self, family: Any, rows: NDArray[Any], kept: Kept | None, settings: Settings
    ) -> StartMaker | None:
        """Return what makes the starts, or None for the solver's own; `kept` rows are fitted."""

    @abstractmethod
    def _take(self, mixture: Mixture, dtype: np.dtype[Any]) -> None:
        """Set the family's own fitted attributes."""

    def _may_shrink(self) -> bool:
        """Return whether K is lowered to the number of distinct rows where it is above it."""
        return True

    def fit(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the mixture by EM.

        Parameters
        ----------
        X : (N, D) numbers: array, pandas or polars frame, Arrow table, or `mixtura.dataset`
        y : what is known of the rows' components, as `use_y` says: (N,) numbers from 0 to K - 1,
            -1 where unknown, or (N, K) truth values, True where a component is allowed; or the
            name of a column of X that holds such numbers, and is not fitted
        sample_weight : (N,) row weights from 0 up; weight 2 is the row twice

        Returns
        -------
        self
            Components are in the order of their weights, the largest first; but component k is
            the one called k in y, in a start that is given and in what is held. The log-likelihood
            of a row is that of the components it may belong to.

        Raises
        ------
        DataError
            If the rows or weights cannot be used; it names column and row.
        ParameterError
            If a setting cannot be used.
        """
        if is_called_back(self):
            return called_back_fit(self, X, y, sample_weight)
        if hasattr(self, "selection_"):
            # That of an earlier fit.
            del self.selection_
        X, y = by_name(X, y)
        if self._is_chosen() and not self._carries_on():
            return self._choose(X, y, sample_weight)
        settings = Settings.of(self)
        same("settings", self._settings)
        given = self._sourced(X, sample_weight, settings.n_components, settings.n_components, y)
        settings = self._shrunk(settings, given.source)
        self._check_identified(given.source, settings.n_components)
        family = self._with_noise(given)
        result = solve(
            self._bound(family, settings.n_components, given),
            given.source,
            engine_named(self.engine, self.n_jobs),
            settings.n_components + family.has_noise,
            replace(self._options(settings, family), by_size=not self._is_numbered()),
            models=self._starts(family, given.rows, given.kept, settings),
            columns=given.names,
        )
        self._adopt(result, given, settings)
        warn_of_fit(result, result.cautions, settings.max_iter)
        return self

    def _settings(self) -> dict[str, str]:
        """Return the settings that a fit depends on, for a checkpoint."""
        found: dict[str, str] = {}
        for name, value in self.get_params(deep=False).items():
            found |= {} if name in UNTOLD else told(value, name)
        return found

    def fit_predict(
        self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> NDArray[np.intp]:
        """Fit, and return the most probable component of each row (N,); arguments as in `fit`."""
        return self.fit(X, y, sample_weight).predict(X)

    def predict(self, X: Any) -> NDArray[np.intp]:
        """Return the most probable component of each row (N,); -1 for noise.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name

        Raises
        ------
        DataError
            If the rows have other columns, or a cell cannot be used.
        """
        return self._by_parts(X, self._likeliest)

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return the posterior probabilities of the components (N, K); rows sum to one.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name

        Raises
        ------
        DataError
            If the rows have other columns, or a cell cannot be used.
        """
        return self._by_parts(X, self._posteriors)

    def score_samples(self, X: Any) -> NDArray[Any]:
        """Return the log density of each row (N,), in nats.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name

        Raises
        ------
        DataError
            If the rows have other columns, or a cell cannot be used.
        """
        return self._by_parts(X, self._precise_densities)

    def score(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the weighted mean log density, in nats per row.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name
        y : ignored
        sample_weight : (N,) row weights from 0 up

        Raises
        ------
        DataError
            If the rows have other columns, or a cell cannot be used.
        """
        log_likelihood, total = self._total(X, sample_weight)
        return log_likelihood / total

    def bic(self, X: Any, sample_weight: ArrayLike | None = None) -> float:
        """Return -2 ℓ + df log Σw for these rows (Schwarz 1978); lower is better.

        In a column whose values repeat, a component's density counts as one over their step at
        its mean where it is more: ℓ is less by that, for each row of the component.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name
        sample_weight : (N,) row weights from 0 up
        """
        log_likelihood, total = self._counted(X, sample_weight)
        with warnings.catch_warnings():
            # What is to be said of X has been said.
            warnings.simplefilter("ignore")
            silent = self._by_parts(X, lambda part: self._silent(self._rows(part)))
        weights = self._weights_of(X, sample_weight, len(silent))
        total -= float(silent.sum() if weights is None else weights @ silent)
        return -2 * log_likelihood + self._n_parameters() * float(np.log(total))

    def aic(self, X: Any, sample_weight: ArrayLike | None = None) -> float:
        """Return -2 ℓ + 2 df for these rows (Akaike 1974); lower is better.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name
        sample_weight : (N,) row weights from 0 up
        """
        return -2 * self._counted(X, sample_weight)[0] + 2 * self._n_parameters()

    def icl(self, X: Any, sample_weight: ArrayLike | None = None) -> float:
        """Return BIC - 2 Σ w log max_k r (Biernacki, Celeux and Govaert 2000); lower is better.

        Parameters
        ----------
        X : (N, D) rows of the columns that were fitted; frames by name
        sample_weight : (N,) row weights from 0 up
        """
        largest = self._by_parts(X, self._log_certainty)
        weights = self._weights_of(X, sample_weight, len(largest))
        total = largest.sum() if weights is None else weights @ largest
        return self.bic(X, sample_weight) - 2 * float(total)

    def sample(self, n_samples: int = 1) -> tuple[NDArray[Any], NDArray[np.intp]]:
        """Draw rows (n_samples, D) and the components they came from (n_samples,), -1 for noise.

        Rows are in the order of their components.

        Parameters
        ----------
        n_samples : 1 at least

        Raises
        ------
        ParameterError
            If `n_samples` is no such number.
        """
        check_is_fitted(self, "mixture_")
        if not isinstance(n_samples, Integral) or n_samples < 1:
            raise ParameterError(
                f"Invalid value for 'n_samples': {n_samples}. The sampling requires at least one "
                "sample."
            )
        rng = np.random.default_rng(seed_of(self.random_state))
        rows, components = self.mixture_.sample(int(n_samples), rng)
        order = np.argsort(components, kind="stable")
        return rows[order], self.mixture_.labels[components[order]]

    def save(self, path: Any) -> None:
        """Write the estimator to a model file at `path`, which `mixtura.load` reads.

        Settings, mixture and what is known of the fit are kept, its history is not.
        """
        check_is_fitted(self, "mixture_")
        facts, seen = getattr(self, "facts_", None), getattr(self, "_seen", None)
        save(path, self.mixture_, facts, state_of(self), seen)

    def _sourced(
        self,
        data: Any,
        sample_weight: ArrayLike | None,
        fewest: int,
        most: int,
        y: Any = None,
    ) -> Sourced:
        """Return the rows to be fitted with `fewest` to `most` components, checked."""
        data = self._as_read(data)
        if is_spooled(data):
            check_alone(y, sample_weight)
            uses = y is not None and self.use_y is not False
            if uses:
                check_labels(spooled_rows(data), most)
            given = self._beyond(data)
            self._check_size(most, given.source.n_columns)
            given = self._known(given, most) if uses else given
            check_enough_rows(given.rows.shape[0], fewest)
            return given
        if isinstance(y, NamedLabels) and isinstance(data, Dataset):
            y = replace(y, values=data.row_labels)
        self._given_weights = given_weights(data, sample_weight)
        try:
            rows, names = self._checked(data)
            weights = row_weights(self._given_weights, rows.shape[0])
        finally:
            del self._given_weights
        self._check_size(most, rows.shape[1])
        given = self._arranged(rows, names, weights, y, most)
        # The first row tells at once, but for those of which y says something.
        if self._silent(given.rows[:1], names).all() and self._silent(given.rows, names).all():
            raise DataError(NOTHING_TOLD)
        check_reached(given.source, most)
        check_enough_rows(given.rows.shape[0], fewest)
        return given

    def _arranged(
        self,
        rows: Any,
        names: tuple[str, ...] | None,
        weights: Float | None,
        y: Any,
        most: int,
    ) -> Sourced:
        """Return checked rows (N, D) in order, with what y says of `most` components."""
        known = known_components(y, self.use_y, rows.shape[0], most)
        silent = self._silent(rows, names)
        if known is not None:
            silent &= ~np.asarray(known.masks.any(axis=1))[known.codes]
        counted = np.ones(rows.shape[0]) if weights is None else weights
        silent &= counted > 0
        notes: tuple[str, ...] = ()
        telling = weights
        if silent.any() and counted[~silent].any():
            notes = (words_of_empty(int(silent.sum())),)
            telling = np.where(silent, 0.0, counted)
        positions = self._order(rows, telling)
        kept = None
        if positions is not None:
            kept = Kept(positions, rows.shape[0])
            rows, weights = rows[positions], None if weights is None else weights[positions]
            known = None if known is None else known.take(positions)
        if known is None:
            notes += () if y is None or self.use_y is False else (IGNORED,)
            return Sourced(rows, names, kept, self._source(rows, weights), notes)
        known = known if self.noise is None else known.with_noise()
        plain = self._source(rows, weights, as_given=True)
        source = MaskedRows(plain, known.codes, known.masks)
        return Sourced(rows, names, kept, source, (*notes, _told(source)))

    def _known(self, given: Sourced, most: int) -> Sourced:
        """Return rows beyond memory with what the labels beside them say of `most` components."""
        source = known_beyond(given.rows, most, noise=self.noise is not None)
        check_reached(source, most)
        return replace(given, source=source, notes=(*given.notes, _told(source)))

    def _silent(self, rows: Any, names: tuple[str, ...] | None = None) -> Any:
        """Return which checked rows (N,) have no cell, and so say nothing."""
        return np.zeros(rows.shape[0], dtype=bool) if issparse(rows) else lack_all(rows)

    def _as_read(self, data: Any) -> Any:
        """Return rows as this estimator reads them for a fit, where they are a dataset."""
        return data

    def _as_fitted(self, data: Any) -> Any:
        """Return rows as this estimator reads them once it is fitted."""
        return own_columns(self._as_read(as_fitted(data, self)), self)

    def _by_parts(self, data: Any, found: Callable[[Any], NDArray[Any]]) -> NDArray[Any]:
        """Return what is found of each row, part by part where rows are beyond memory."""
        return by_parts(self._as_fitted(data), found)

    def _weights_of(self, data: Any, sample_weight: ArrayLike | None, n_rows: int) -> Float | None:
        """Return the row weights (N,) that are given, or None where every row counts once."""
        return row_weights(given_weights(self._as_fitted(data), sample_weight), n_rows)

    @abstractmethod
    def _beyond(self, data: Dataset) -> Sourced:
        """Return the rows to be fitted of a dataset that is not in memory."""

    def _order(self, rows: Any, weights: Float | None) -> NDArray[np.intp] | None:
        """Return the positions of the rows to be fitted, in order; None for all as they are."""
        return None if weights is None or weights.all() else np.flatnonzero(weights)

    def _checked(self, data: Any) -> tuple[Any, tuple[str, ...] | None]:
        """Return the rows (N, D) to be fitted, and their columns' names if there are any."""
        return checked_rows(data, self, least_rows=2)

    def _source(self, rows: Any, weights: Float | None, *, as_given: bool = False) -> RowSource:
        """Return the source of rows that are checked and all have weight.

        Equal rows may be taken together, unless they are wanted `as_given`.
        """
        return ArrayRows(rows, weights)

    def _check_identified(self, source: RowSource, n_components: int) -> None:
        """Raise if the rows cannot tell so many components apart."""
        return

    def _with_noise(self, given: Sourced) -> Any:
        """Return the family for the rows to be fitted, with the noise that is asked for."""
        family = self._family(given.source, given.names)
        volume = getattr(self, "noise_volume", None)
        return noise_maker(self.noise, given.source, given.names, volume)(family)

    def _more_facts(self, result: FitResult, source: RowSource) -> dict[str, Any]:
        """Return what else a summary should say, to be added to `FitResult.facts`."""
        return {}

    def _rows(self, data: Any) -> NDArray[Any]:
        check_is_fitted(self, "mixture_")
        return fitted_rows(data, self)

    @property
    def _n_threads(self) -> int | None:
        """Return how many threads answer for rows."""
        return 1 if self.engine == "serial" else self.n_jobs

    def _responsibilities(self, data: Any) -> Float:
        rows = self._rows(data)
        return self.mixture_.coded.responsibilities(rows, self._n_threads)

    def _log_certainty(self, data: Any) -> Float:
        """Return log max_k r (n,), nothing for rows that say nothing."""
        largest = np.log(self._responsibilities(data).max(axis=1))
        largest[self._silent(self._rows(data))] = 0.0
        return largest

    def _likeliest(self, data: Any) -> NDArray[np.intp]:
        rows = self._rows(data)
        return self.mixture_.coded.predict(rows, self._n_threads)

    def _posteriors(self, data: Any) -> NDArray[Any]:
        rows = self._rows(data)
        return _precise_as(rows, self.mixture_.coded.responsibilities(rows, self._n_threads))

    def _densities(self, data: Any) -> Float:
        rows = self._rows(data)
        return self.mixture_.coded.log_density(rows, self._n_threads)

    def _precise_densities(self, data: Any) -> NDArray[Any]:
        rows = self._rows(data)
        return _precise_as(rows, self.mixture_.coded.log_density(rows, self._n_threads))

    def _total(self, data: Any, sample_weight: ArrayLike | None) -> tuple[float, float]:
        density = self._by_parts(data, self._densities)
        weights = self._weights_of(data, sample_weight, len(density))
        if weights is None:
            return float(density.sum()), float(len(density))
        return float(weights @ density), float(weights.sum())

    def _counted(self, data: Any, sample_weight: ArrayLike | None) -> tuple[float, float]:
        """Return the log-likelihood that criteria count, and the total weight."""
        log_likelihood, total = self._total(data, sample_weight)
        excess = getattr(self, "_excess", None)
        if excess is None or not excess.any():
            return log_likelihood, total
        each = self._by_parts(data, lambda part: self._responsibilities(part) @ excess)
        weights = self._weights_of(data, sample_weight, len(each))
        return log_likelihood - float(each.sum() if weights is None else weights @ each), total

    def _check_size(self, n_components: int, n_columns: int) -> None:
        check_memory(32 * n_components * n_columns, f"{n_components:,} components")

    def _shrunk(self, settings: Settings, source: RowSource) -> Settings:
        bound = self.fix is not None or self.equal is not None
        numbered = isinstance(source, MaskedRows) or settings.weighing.tells_apart or bound
        if numbered or not self._may_shrink():
            return settings
        distinct = source.count_distinct(settings.n_components)
        if distinct >= settings.n_components:
            return settings
        warnings.warn(
            f"there are {distinct} distinct rows and n_components={settings.n_components}; "
            f"{distinct} components are fitted",
            MixturaWarning,
            stacklevel=3,
        )
        return settings.with_components(distinct)

    def _is_chosen(self) -> bool:
        """Return whether size or structure are to be found from the rows."""
        return is_auto(self.n_components)

    @abstractmethod
    def _searched(
        self,
        X: Any,
        sample_weight: ArrayLike | None,
        sizes: list[int],
        criterion: str = "bic",
        progress: Callable[[Candidate, int], None] | None = None,
    ) -> tuple[Selection, Sourced]:
        """Return mixtures of several sizes, ranked, and the rows that they were fitted to."""

    def _choose(self, X: Any, y: Any, sample_weight: ArrayLike | None) -> Self:
        """Fit what has the lowest BIC; the search goes on while that is the largest size."""
        check_unnumbered(self, y, NUMBERING)
        grows = is_auto(self.n_components)
        sizes = list(FIRST_SIZES) if grows else [size_of(self)]
        found, given = self._searched(X, sample_weight, sizes)
        while grows and not found.interrupted and found.best.n_components == sizes[-1]:
            sizes = [size + len(FIRST_SIZES) for size in sizes]
            more, given = self._searched(X, sample_weight, sizes)
            if any(one.n_components < sizes[0] for one in more.candidates):
                # There are no more distinct rows.
                break
            candidates = (*found.candidates, *more.candidates)
            found = replace(found, candidates=candidates, interrupted=more.interrupted)
        self.selection_ = found
        self._take_best(found, given)
        return self

    def _take_best(self, found: Selection, given: Sourced) -> None:
        """Take on the best of a search as if it had been fitted alone."""
        self._adopt(found.result, given, Settings.of(self, [found.best.n_components]))
        warn_of_best(found)

    def _is_numbered(self) -> bool:
        """Return whether a start that is given says which component is which."""
        given = (getattr(self, name, None) is not None for name in NUMBERING)
        return self._carries_on() or any(given)

    def _carries_on(self) -> bool:
        return bool(getattr(self, "warm_start", False)) and hasattr(self, "mixture_")

    def _earlier(self, settings: Settings) -> tuple[float, ...]:
        """Return objectives of the last fit, if this one goes on from it with weights as it had."""
        alike = getattr(self, "_weighing", None) == settings.weighing
        return self._trail if self._carries_on() and alike else ()

    def _progress(self) -> Callable[[int, int, float], None] | None:
        interval = checked_integer("verbose_interval", self.verbose_interval, 1)
        return progress_of(self, interval)

    def _adopt(self, result: FitResult, given: Sourced, settings: Settings) -> None:
        self.n_features_in_ = result.mixture.n_columns
        if given.names is not None:
            self.feature_names_in_ = np.array(given.names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self.mixture_ = result.mixture.read_by(self._reading())
        facts = {**result.facts(), **self._more_facts(result, given.source)}
        notes = [*facts.get("notes", ()), *given.notes]
        self.facts_ = {**facts, "notes": notes} if notes else facts
        self._trail = (*self._earlier(settings), *result.history.objective)[-TRAIL:]
        self._weighing = settings.weighing
        self._seen = replace(result.seen, n_rows=facts["n_rows"])
        self._tell(result)
        if hasattr(self, "drift_"):
            # That of rows which another fit took in.
            del self.drift_
        means = [value / result.total_weight for value in result.history.log_likelihood]
        self.lower_bounds_ = means
        self.lower_bound_ = means[-1] if means else -np.inf
        self._take(self.mixture_, given.rows.dtype)

    def _tell(self, result: FitResult) -> None:
        """Set what a result says of itself."""
        self._result = replace(result, mixture=self.mixture_)
        self._excess = result.excess_each
        self._tell_of(result)

    def _n_parameters(self) -> int:
        """Return the number of free parameters, by the name that scikit-learn has for it."""
        check_is_fitted(self, "mixture_")
        return self.mixture_.n_parameters

    def _reading(self) -> Reading:
        """Return how the mixture reads a table, as this estimator does."""
        return Reading(getattr(self, "unknown", "error"), getattr(self, "missing", "error"))

    def _column_names(self) -> tuple[str, ...] | None:
        return names_of(self)


def _told(source: MaskedRows) -> str:
    """Return what a summary says of rows whose components y tells."""
    narrowed = source.n_narrowed - source.n_known
    few = f", and {narrowed} may belong to some of the components" if narrowed else ""
    return (
        f"{source.n_known} of {source.n_rows} rows belong to a component that y tells{few}; their "
        "log-likelihood is that of the components allowed"
    )


def _precise_as(rows: NDArray[Any], values: Float) -> NDArray[Any]:
    """Return values in the precision of the rows, float64 where those are whole numbers."""
    return values.astype(np.float32 if rows.dtype == np.float32 else np.float64, copy=False)
