"""EM of classes that change from wave to wave: the chain and the components fitted together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.classes.chains import Smoothed, smoothed
from mixtura.covariates.membership import MembershipLikelihood, log_probabilities
from mixtura.covariates.together import extrapolated
from mixtura.em.degeneracy import maximise_strictly
from mixtura.em.model import Model
from mixtura.em.responsibilities import mixture_of
from mixtura.em.sweep import Sweep
from mixtura.errors import NUMERICAL

__all__ = ["Chain", "ChainState", "Logit", "Part"]

Float = NDArray[np.float64]

# A probability where there is none.
TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Logit:
    """A multinomial logit of the next class.

    Attributes
    ----------
    design : (N, P) z
    reference : the class whose coefficients are zero
    n_classes : K
    """

    design: Float
    reference: int
    n_classes: int

    @property
    def n_free(self) -> int:
        """Return how many coefficients there are."""
        return (self.n_classes - 1) * self.design.shape[1]

    def likelihood(self, weights: Float, shares: Float) -> MembershipLikelihood:
        """Return Σ w a log p, of rows that are in each class by shares a (N, K) of any sum."""
        sums = shares.sum(axis=1)
        assigned = shares / np.maximum(sums, TINY)[:, None]
        return MembershipLikelihood(self.design, weights * sums, assigned, None, self.reference)

    def log_probabilities(self, coefficients: Float) -> Float:
        """Return log p (N, K), or (1, K) where it is that of all rows."""
        design = self.design if self.design.shape[1] > 1 else self.design[:1]
        by_class = coefficients.reshape(self.n_classes - 1, -1)
        return log_probabilities(design, by_class, self.reference)

    def maximised(self, before: Float, weights: Float, shares: Float) -> Float:
        """Return coefficients that are better, the best where there is an intercept alone."""
        if self.design.shape[1] > 1:
            return self.likelihood(weights, shares).climbed(before)
        sums = weights @ shares
        log_p = np.log(np.maximum(sums / max(float(sums.sum()), TINY), TINY))
        return np.delete(log_p - log_p[self.reference], self.reference)


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of the waves that have the same components, one wave below the other.

    Attributes
    ----------
    waves : which these are
    sweep : over the rows, in an order that suits the family
    rows : (N W, D) in that order
    order : of the rows of the waves, where each stands
    """

    waves: tuple[int, ...]
    sweep: Sweep
    rows: Any
    order: NDArray[np.intp]

    def log_densities(self, parameters: Any, n_classes: int) -> Float:
        """Return those of the components (N W, K), wave below wave."""
        even = np.full(n_classes, -np.log(n_classes))
        mixture = mixture_of(self.sweep, Model(even, parameters))
        found = np.empty((len(self.order), n_classes))
        found[self.order] = mixture.component_log_density(self.rows)
        return found

    def shares(self, classes: Float) -> Float:
        """Return probabilities of classes (N, T, K) for its rows, in their order."""
        return np.concatenate([classes[:, t] for t in self.waves])[self.order]


@dataclass(frozen=True, slots=True)
class ChainState:
    """One point.

    Attributes
    ----------
    initial : ((K - 1) P,) coefficients
    moves : (M, K, (K - 1) P') coefficients of the class after each class
    parameters, moments : of the components of each part; no moments at a start
    log_likelihood : Σ w log f
    objective : the same and the penalty on the components
    smoothed : the classes of rows
    """

    initial: Float
    moves: Float
    parameters: tuple[Any, ...]
    moments: tuple[Any, ...]
    log_likelihood: float
    objective: float
    smoothed: Smoothed

    @property
    def posteriors(self) -> Float:
        """Return what rows are told apart by."""
        return self.smoothed.classes

    @property
    def coefficients(self) -> Float:
        """Return those of the initial classes and of moves in one vector."""
        return np.append(self.initial, self.moves)


@dataclass(frozen=True, slots=True)
class Chain:
    """Rows at waves, covariates and a penalty.

    Attributes
    ----------
    parts : the waves, by which have the same components
    initial : the logit of classes at the first wave
    moves : (K,) that of the next class, by the class before
    same : whether moves are alike at all waves
    weights : (N,)
    priors : on the components of each part
    """

    parts: tuple[Part, ...]
    initial: Logit
    moves: tuple[Logit, ...]
    same: bool
    weights: Float
    priors: tuple[Any, ...]

    @property
    def n_classes(self) -> int:
        """Return K."""
        return len(self.moves)

    @property
    def n_waves(self) -> int:
        """Return T."""
        return sum(len(part.waves) for part in self.parts)

    @property
    def steps(self) -> list[tuple[int, ...]]:
        """Return which moves from wave to wave have the same coefficients."""
        every = range(self.n_waves - 1)
        return [tuple(every)] if self.same else [(t,) for t in every]

    def at(
        self, initial: Float, moves: Float, parameters: Sequence[Any], moments: Sequence[Any] = ()
    ) -> ChainState:
        """Return a point, by an E-step."""
        n_rows, n_classes = len(self.weights), self.n_classes
        emissions = np.empty((n_rows, self.n_waves, n_classes))
        for part, own in zip(self.parts, parameters, strict=True):
            found = part.log_densities(own, n_classes).reshape(len(part.waves), n_rows, n_classes)
            emissions[:, list(part.waves)] = found.transpose(1, 0, 2)
        n_alike = n_rows if self.moves[0].design.shape[1] > 1 else 1
        log_moves = np.empty((self.n_waves - 1, n_alike, n_classes, n_classes))
        for times, coefficients in zip(self.steps, moves, strict=True):
            for j, logit in enumerate(self.moves):
                log_moves[list(times), :, j] = logit.log_probabilities(coefficients[j])
        found = smoothed(self.initial.log_probabilities(initial), log_moves, emissions)
        value = float(self.weights @ found.log_density)
        penalty = sum(
            prior.log_density(own) for prior, own in zip(self.priors, parameters, strict=True)
        )
        return ChainState(
            initial, moves, tuple(parameters), tuple(moments), value, value + penalty, found
        )

    def step(self, state: ChainState) -> ChainState:
        """Return the next point of EM."""
        known = state.smoothed
        moments = [
            part.sweep.from_responsibilities(part.shares(known.classes), own)
            for part, own in zip(self.parts, state.parameters, strict=True)
        ]
        initial = self.initial.maximised(state.initial, self.weights, known.classes[:, 0])
        moves = np.array(
            [
                [
                    self._moved(logit, before[j], known.moves[:, list(times), j])
                    for j, logit in enumerate(self.moves)
                ]
                for times, before in zip(self.steps, state.moves, strict=True)
            ]
        )
        return self.at(initial, moves, self._maximised(moments, state.parameters), moments)

    def _moved(self, logit: Logit, before: Float, shares: Float) -> Float:
        """Return coefficients of moves that share them, by what rows (N, S, K) make of these."""
        # Covariates are those of the row at all waves, so its moves add up.
        return logit.maximised(before, self.weights, shares.sum(axis=1))

    def beyond(self, states: tuple[ChainState, ChainState, ChainState]) -> ChainState | None:
        """Return where three points lead, or None if nowhere higher."""
        first, second, third = map(self._point, states)
        point, last = extrapolated(first, second, third), states[2]
        if point is None:
            return None
        cuts = np.cumsum([len(last.coefficients), *self._widths(last)])[:-1]
        coefficients, *own = np.split(point, cuts)
        moments = [
            part.sweep.family.moments_at(each, before, part.sweep.total_weight)
            for part, each, before in zip(self.parts, own, last.moments, strict=True)
        ]
        if any(each is None for each in moments):
            return None
        n_initial = len(last.initial)
        try:
            parameters = self._maximised(moments, last.parameters)
            moves = coefficients[n_initial:].reshape(last.moves.shape)
            found = self.at(coefficients[:n_initial], moves, parameters, moments)
        except NUMERICAL:
            return None
        return found if found.objective > last.objective else None

    def _coordinates(self, state: ChainState) -> list[Float]:
        return [
            part.sweep.family.coordinates(own, part.sweep.total_weight)
            for part, own in zip(self.parts, state.moments, strict=True)
        ]

    def _point(self, state: ChainState) -> Float:
        return np.concatenate([state.coefficients, *self._coordinates(state)])

    def _widths(self, state: ChainState) -> list[int]:
        return [len(own) for own in self._coordinates(state)]

    def _maximised(self, moments: Sequence[Any], previous: Sequence[Any]) -> list[Any]:
        told = zip(self.parts, moments, previous, self.priors, strict=True)
        return [maximise_strictly(part.sweep.family, *each) for part, *each in told]
