"""Where fits of classes at several waves begin, and their best end."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from mixtura.arrays import log_sum_exp
from mixtura.classes.transition_em import Chain, ChainState, Logit, Part
from mixtura.components.constrained import bound_to
from mixtura.covariates.design import Design
from mixtura.covariates.together import Ascent, ascended
from mixtura.em.model import Model
from mixtura.em.responsibilities import mixture_of, model_from_responsibilities
from mixtura.em.solve import SolveOptions, fit_options
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial
from mixtura.inference.refit import framed, from_short_runs
from mixtura.inference.rows import Rows
from mixtura.mixture import Mixture

__all__ = ["Waves", "best_chain"]

Float = NDArray[np.float64]

# A class that fewer than this share of its own stay in is held against the one they go to.
STAYING = 0.01


@dataclass(frozen=True, slots=True)
class Waves:
    """Rows at waves, and the regressions of their classes.

    Attributes
    ----------
    mixture : what classes there are
    rows : (N, D) of each wave, read by the family
    family : of them, set to read rows of all waves
    weights : (N,)
    initial, moves : the covariates of classes at first, and of those that follow
    same : whether moves are alike at all waves
    options : how the fit goes
    """

    mixture: Mixture
    rows: tuple[Any, ...]
    family: Any
    weights: Float
    initial: Design
    moves: Design
    same: bool
    options: SolveOptions

    def chain(self, parts: tuple[tuple[int, ...], ...], classes: Float) -> Chain:
        """Return what is climbed, with references by which classes (N, T, K) are large."""
        size = self.mixture.n_components
        found = [self._part(waves) for waves in parts]
        moved = np.einsum("n,ntj,ntk->jk", self.weights, classes[:, :-1], classes[:, 1:])
        stays = np.diag(moved) >= STAYING * moved.sum(axis=1)
        references = np.where(stays, np.arange(size), moved.argmax(axis=1))
        first = int((self.weights @ classes[:, 0]).argmax())
        priors = [fit_options(part.sweep, size, self.options).prior for part in found]
        return Chain(
            tuple(found),
            Logit(self.initial.columns, first, size),
            tuple(Logit(self.moves.columns, int(each), size) for each in references),
            self.same,
            self.weights,
            tuple(priors),
        )

    def _part(self, waves: tuple[int, ...]) -> Part:
        stacked = np.concatenate([self.rows[t] for t in waves])
        weights = np.tile(self.weights, len(waves))
        rows = Rows(self.family, stacked, weights)
        order = rows.order()
        rows = Rows(self.family, stacked[order], weights[order])
        family = bound_to(framed(rows.family, rows.source(), slice(None)), self.mixture.constraints)
        return Part(waves, Sweep(family, rows.source(), Serial()), rows.array, order)

    def classes(self) -> Float:
        """Return the posteriors (N, T, K) of each wave by itself."""
        return np.stack([self.mixture.coded.responsibilities(rows) for rows in self.rows], axis=1)


def best_chain(waves: Waves, *, free: bool, max_iter: int) -> tuple[Chain, Ascent]:
    """Return the best end of all starts.

    The first start is the mixture, as many others as the options say are from short runs. Where
    components are free by wave the start is the end where they are not.

    Parameters
    ----------
    free : whether components differ from wave to wave
    max_iter : E-steps at the most
    """
    every = tuple(range(len(waves.rows)))
    expected = waves.classes()
    chain = waves.chain((every,), expected)
    starts = [expected, *_others(waves, chain.parts[0], expected)]
    alone = _alone(chain)
    nulls: list[Ascent] = []
    ends: list[Ascent] = []
    for classes in starts:
        null = ascended(alone, _start(waves, alone, classes), max_iter, nulls)
        nulls.append(null)
        if alone is chain:
            ends.append(null)
        elif not null.follows:
            ends.append(ascended(chain, _padded(chain, null.state), max_iter, ends))
    best = max(ends, key=lambda end: end.state.objective)
    if not free:
        return chain, best
    apart = replace(waves.chain(tuple((t,) for t in every), expected), moves=chain.moves)
    state: ChainState = best.state
    begun = _maximised(waves, apart, state.smoothed.classes)
    return apart, ascended(apart, apart.at(state.initial, state.moves, begun), max_iter)


def _alone(chain: Chain) -> Chain:
    """Return the chain without covariates."""
    widths = [logit.design.shape[1] for logit in (chain.initial, *chain.moves)]
    if max(widths) == 1:
        return chain
    first = replace(chain.initial, design=chain.initial.design[:, :1])
    moves = tuple(replace(logit, design=logit.design[:, :1]) for logit in chain.moves)
    return replace(chain, initial=first, moves=moves)


def _padded(chain: Chain, state: ChainState) -> ChainState:
    """Return a point with slopes of zero."""
    size = chain.n_classes - 1

    def wider(found: Float, logit: Logit) -> Float:
        slopes = logit.design.shape[1] - 1
        return np.pad(found.reshape(size, 1), ((0, 0), (0, slopes))).ravel()

    moves = np.array(
        [
            [wider(own, logit) for own, logit in zip(block, chain.moves, strict=True)]
            for block in state.moves
        ]
    )
    return chain.at(wider(state.initial, chain.initial), moves, state.parameters)


def _start(waves: Waves, alone: Chain, classes: Float) -> ChainState:
    """Return a point by the classes (N, T, K) of each wave by itself."""
    size, weights = alone.n_classes, alone.weights
    nothing = np.zeros(size - 1)
    initial = alone.initial.maximised(nothing, weights, classes[:, 0])
    moves = np.zeros((len(alone.steps), size, size - 1))
    for m, times in enumerate(alone.steps):
        for j, logit in enumerate(alone.moves):
            shares = sum(classes[:, t, j, None] * classes[:, t + 1] for t in times)
            moves[m, j] = logit.maximised(nothing, weights, np.asarray(shares))
    return alone.at(initial, moves, _maximised(waves, alone, classes))


def _maximised(waves: Waves, chain: Chain, classes: Float) -> list[Any]:
    """Return the components of each part by the classes (N, T, K) of rows."""
    return [
        model_from_responsibilities(
            part.sweep,
            part.shares(classes),
            fit_options(part.sweep, chain.n_classes, waves.options),
        ).parameters
        for part in chain.parts
    ]


def _others(waves: Waves, part: Part, expected: Float) -> list[Float]:
    """Return the classes of rows by short runs, called as those of the mixture with most rows."""
    if not waves.options.starts.finish:
        return []
    size = waves.mixture.n_components
    loop = fit_options(part.sweep, size, waves.options)
    found = []
    for model in from_short_runs(size, waves.options)(part.sweep, loop):
        if not isinstance(model, Model):
            continue
        joint = mixture_of(part.sweep, model).component_log_density(part.rows)
        joint = joint + model.log_weights
        rows = np.empty_like(joint)
        rows[part.order] = np.exp(joint - log_sum_exp(joint)[:, None])
        classes = rows.reshape(len(waves.rows), -1, size).transpose(1, 0, 2)
        shared = np.einsum("n,ntj,ntk->jk", waves.weights, expected, classes)
        found.append(classes[:, :, linear_sum_assignment(-shared)[1]])
    return found
