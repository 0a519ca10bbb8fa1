"""Many components moved at once: pairs merged where that costs little, others split where it pays.

What merging a pair costs at most, and what splitting a component gains at least, are bounds by the
same responsibilities (`split_and_merge.py`, `splits.py`); so they add up over moves without a
component in common, and all that pay are made together. Components are split in groups, each on the
rows that its components have a share of: nothing that is held grows with rows times components, and
a round takes no longer than a few sweeps. Groups of neighbours are mixtures by themselves of the
rows they have a share of, and what betters one, betters all; so at last each is split and merged as
few components are.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from mixtura.arrays import Pairs
from mixtura.components.kernel import Children
from mixtura.em.failures import left_out
from mixtura.em.fit import FitOptions, Run, fit
from mixtura.em.model import Model
from mixtura.em.pairs import LEAST, near_pairs
from mixtura.em.ranking import ALONE, unsupported, worth
from mixtura.em.responsibilities import model_from_responsibilities, responsibilities_of
from mixtura.em.sources import MANY
from mixtura.em.splits import part_of, splits_of
from mixtura.em.starts import StartOptions, short_options
from mixtura.em.sweep import Sweep, source_of

__all__ = ["MANY", "relocated"]

Float = NDArray[np.float64]

# Splits and merges few components on a sample.
Within: TypeAlias = Callable[[Sweep, Sequence[Model], FitOptions, StartOptions], Model]

# Sweeps before each round, and how many rounds there are at the most.
SWEEPS, ROUNDS = 5, 8
# Components that are split together.
GROUP = 16
# Nats that a round has to promise.
WORTHWHILE = 1.0
# A round makes a move for so many components at least, where all are supported.
FOR_EACH = 100
# Rounds of splitting and merging groups of neighbours, and responsibilities that are left out
# there.
TURNS, SMALL = 2, 0.01
# Sweeps that promising children are run on for, and how many are: one in so many, and at least.
RUN_ON, LOOKED_AT, LEAST_LOOKED_AT = 20, 8, 32
# Cheapest pairs for each component that are looked at.
MOVES_EACH = 8


@dataclass(frozen=True, slots=True)
class Split:
    """A component split in two.

    Attributes
    ----------
    gain : what that gains at least, in nats
    rows : (m,) those that it has a share of
    responsibilities, second : (m,) its responsibilities for them, and its second child's part of
        these
    """

    gain: float
    rows: NDArray[np.intp]
    responsibilities: Float
    second: Float


@dataclass(frozen=True, slots=True)
class Patch:
    """Some components as a mixture by themselves of the rows that they have a share of.

    Attributes
    ----------
    rows : (m,) those rows
    total : (m,) the share
    sweep : over these rows, weighted by it
    model : the components
    """

    rows: NDArray[np.intp]
    total: Float
    sweep: Sweep
    model: Model

    @classmethod
    def of(
        cls, sample: Sweep, model: Model, group: NDArray[np.intp], responsibilities: csr_array
    ) -> Self:
        """Return the patch of a group of components."""
        block = sample.source.block(0, sample.source.n_rows)
        total = responsibilities[:, group].sum(axis=1)
        rows = np.flatnonzero(total)
        mass = total[rows] if block.weights is None else total[rows] * block.weights[rows]
        sweep = Sweep(sample.family, source_of(block.rows[rows], mass), sample.engine)
        log_weights = model.log_weights[group]
        log_weights = log_weights - np.logaddexp.reduce(log_weights)
        own = Model(log_weights, model.parameters.take(group.tolist()))
        return cls(rows, total[rows], sweep, own)


def relocated(
    sample: Sweep,
    models: Sequence[Model],
    options: FitOptions,
    starts: StartOptions,
    within: Within | None = None,
) -> Model:
    """Return where the best of models leads, many of its components moved at once.

    Parameters
    ----------
    sample : a sweep over rows in memory
    models : starts of many components, best first
    options : how the fit will go on
    starts : holds the seed
    within : splits and merges few components
    """
    few = short_options(options, SWEEPS)
    best = fit(sample, models[:1], few)[0]
    for _ in range(ROUNDS):
        after = _moved(sample, best, few, starts)
        if after is None or worth(sample, after, options) <= worth(sample, best, options):
            break
        best = after
    for turn in range(TURNS):
        if within is None:
            break
        after = _bettered_within(sample, best, few, starts, within, turn)
        if after is None or worth(sample, after, options) <= worth(sample, best, options):
            break
        best = after
    return best.model


def _bettered_within(
    sample: Sweep, run: Run, few: FitOptions, starts: StartOptions, within: Within, turn: int
) -> Run | None:
    """Return where splitting and merging each group of neighbours leads."""
    responsibilities = sample.responsibilities(run.model, LEAST)
    pairs = near_pairs(sample, responsibilities)
    losses = sample.family.merging_losses(run.model.parameters, run.statistics.moments, pairs)
    size = sample.source.n_rows, run.model.n_components
    rows, columns, values = [], [], []
    for group in _neighbourhoods(pairs, losses, run.model.n_components, backwards=turn % 2 > 0):
        one = Patch.of(sample, run.model, group, responsibilities)
        after = one.model
        if len(one.rows) > len(group):
            with left_out(few):
                after = within(one.sweep, [one.model], few, starts)
        own = responsibilities_of(one.sweep, after) * one.total[:, None]
        inside, which = np.nonzero(own >= SMALL)
        rows.append(one.rows[inside])
        columns.append(group[which])
        values.append(own[inside, which])
    given = _shares_of_one(rows, columns, values, size)
    with left_out(few):
        return fit(sample, [model_from_responsibilities(sample, given, few)], few)[0]
    return None


def _neighbourhoods(
    pairs: Pairs, losses: Float, n_components: int, *, backwards: bool
) -> Iterator[NDArray[np.intp]]:
    """Yield groups of components that cost little to merge with the first of them."""
    both = np.concatenate(pairs), np.concatenate(pairs[::-1])
    order = np.lexsort((np.tile(losses, 2), both[0]))
    others = np.split(both[1][order], np.searchsorted(both[0][order], np.arange(1, n_components)))
    left = np.ones(n_components, dtype=bool)
    for first in reversed(range(n_components)) if backwards else range(n_components):
        if left[first]:
            near = others[first][left[others[first]]]
            group = np.append(first, near[: GROUP - 1])
            left[group] = False
            yield group


def _moved(sample: Sweep, run: Run, few: FitOptions, starts: StartOptions) -> Run | None:
    """Return where moving all components leads for which it pays; None if for none it does."""
    responsibilities = sample.responsibilities(run.model, LEAST)
    rows = run.statistics.moments.effective_rows
    large = np.flatnonzero(rows >= 2 * sample.family.fewest_rows)
    splits = _splits(sample, run.model, large, responsibilities, few, starts)
    pairs = near_pairs(sample, responsibilities)
    losses = sample.family.merging_losses(run.model.parameters, run.statistics.moments, pairs)
    # What an unsupported component adds to the likelihood says nothing: it is merged first.
    weak = unsupported(sample, run, few.prior)
    losses[weak[pairs[0]] | weak[pairs[1]]] -= ALONE
    moves = _moves(pairs, losses, {k: one.gain for k, one in splits.items()}, len(rows))
    enough = 1 if weak.any() else max(1, len(rows) // FOR_EACH)
    if len(moves) < enough:
        return None
    with left_out(few):
        given = _after(responsibilities, moves, splits, (sample.source.n_rows, len(rows)))
        return fit(sample, [model_from_responsibilities(sample, given, few)], few)[0]
    return None


def _splits(
    sample: Sweep,
    model: Model,
    large: NDArray[np.intp],
    responsibilities: csr_array,
    options: FitOptions,
    starts: StartOptions,
) -> dict[int, Split]:
    """Return those of the large components that part, and how they do."""
    found: dict[int, Split] = {}
    for start in range(0, len(large), GROUP):
        group = large[start : start + GROUP]
        own = Patch.of(sample, model, group, responsibilities)
        if len(own.rows) > 1:
            with left_out(options):
                part = part_of(own.sweep, len(group), starts)
                children = splits_of(own.sweep, part, own.model, options)
                found |= dict(_finite(own, group, children))
    promising = sorted(found, key=lambda k: -found[k].gain)
    for k in promising[: max(LEAST_LOOKED_AT, model.n_components // LOOKED_AT)]:
        with left_out(options):
            better = _run_on(sample, model, k, found[k], options)
            if better is not None and better.gain > found[k].gain:
                found[k] = better
    return found


def _finite(own: Patch, group: NDArray[np.intp], children: Children) -> Iterator[tuple[int, Split]]:
    for k, gain, part, second in zip(
        group.tolist(),
        children.gains.tolist(),
        children.responsibilities,
        children.second,
        strict=True,
    ):
        if np.isfinite(gain):
            inside = np.flatnonzero(part >= LEAST)
            share = part[inside] * own.total[inside]
            yield k, Split(gain, own.rows[inside], share, second[inside])


def _run_on(sample: Sweep, model: Model, k: int, split: Split, options: FitOptions) -> Split | None:
    """Return a split after more sweeps over the component's rows, if both children have enough."""
    block = sample.source.block(0, sample.source.n_rows)
    weights = 1.0 if block.weights is None else block.weights[split.rows]
    source = source_of(block.rows[split.rows], split.responsibilities * weights)
    own = Sweep(sample.family, source, sample.engine)
    second = np.stack([1.0 - split.second, split.second], axis=1)
    start = model_from_responsibilities(own, second, options)
    (run,) = fit(own, [start], replace(options, max_iter=RUN_ON))
    alone = Model(np.zeros(1), model.parameters.take([k]))
    (before,) = fit(own, [alone], replace(options, max_iter=1))
    if run.statistics.moments.effective_rows.min() < sample.family.fewest_rows:
        return None
    gain = run.statistics.log_likelihood - before.statistics.log_likelihood
    return Split(
        gain, split.rows, split.responsibilities, responsibilities_of(own, run.model)[:, 1]
    )


def _moves(
    between: Pairs, losses: Float, gains: dict[int, float], n_components: int
) -> list[tuple[int, int, int]]:
    """Return which pairs to merge and what to part instead, no component twice.

    Parameters
    ----------
    between : the pairs
    losses : (M,) of merging them, at most
    gains : of components that part, at least
    n_components : K
    """
    first, other = between
    cheapest = np.argsort(losses, kind="stable")[: MOVES_EACH * n_components]
    pairs = list(zip(first[cheapest], other[cheapest], losses[cheapest], strict=True))
    used: set[int] = set()
    moves = []
    for split in sorted(gains, key=lambda k: -gains[k]):
        if split in used:
            continue
        pairs = [pair for pair in pairs if pair[0] not in used and pair[1] not in used]
        pair = next((pair for pair in pairs if split not in pair[:2]), None)
        if pair is None or not gains[split] - pair[2] > WORTHWHILE:
            break
        move = int(pair[0]), int(pair[1]), split
        moves.append(move)
        used.update(move)
    return moves


def _after(
    responsibilities: csr_array,
    moves: list[tuple[int, int, int]],
    splits: dict[int, Split],
    size: tuple[int, int],
) -> csr_array:
    """Return the responsibilities (N, K) after moves; the second of a pair becomes a child."""
    entries = coo_array(responsibilities)
    of_rows, of_columns = entries.row, entries.col
    n_components = size[1]
    target, kept = np.arange(n_components), np.ones(n_components, dtype=bool)
    rows = [of_rows]
    for first, other, split in moves:
        target[other] = first
        kept[split] = False
    columns = [target[of_columns]]
    values = [np.where(kept[of_columns], entries.data, 0.0)]
    for _, other, split in moves:
        one = splits[split]
        rows += [one.rows, one.rows]
        columns += [np.full(len(one.rows), split), np.full(len(one.rows), other)]
        values += [one.responsibilities * (1.0 - one.second), one.responsibilities * one.second]
    return _shares_of_one(rows, columns, values, size)


def _shares_of_one(
    rows: Sequence[NDArray[Any]],
    columns: Sequence[NDArray[Any]],
    values: Sequence[Float],
    size: tuple[int, int],
) -> csr_array:
    """Return responsibilities (N, K), one in sum for each row, from those given entry by entry."""
    places = np.concatenate(rows), np.concatenate(columns)
    responsibilities = csr_array(coo_array((np.concatenate(values), places), shape=size))
    totals = np.maximum(responsibilities.sum(axis=1), LEAST)
    return csr_array(responsibilities.multiply(1.0 / totals[:, None]))
