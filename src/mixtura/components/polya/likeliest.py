"""The likeliest shares and feedback of Pólya urns, for tables of what was drawn.

An urn of shares p (their sum is 1) and feedback γ gives n draws x with, but for their orders,

    log f(x) = Σ_c Σ_{i<x_c} log(p_c + iγ) - Σ_{i<n} log(1 + iγ)

which is a multinomial's at γ = 0, where no formula is singular. Given γ this is concave in p; given
p it has one maximum in γ, which is 0 if and only if it falls there (Levin and Reeds 1977). So
shares and log γ take Newton's steps together, which are shortened until they gain; where none
does, shares become p_c ∂/∂p_c of it over their sum, which never loses (Minka 2000).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.polya.rising_sums import RisingSums
from mixtura.components.simplex import SMALLEST, normalised

__all__ = ["UrnTables", "Urns"]

Float = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Feedback beyond which all draws of a row are of one category, and what it adds at the last of them
# at which they are as if there were none.
MOST_FEEDBACK, LEAST_FEEDBACK = 1e12, 1e-9
# Of Newton's steps: the longest of log γ, the least part of a share, and how many.
LARGEST_STEP, LEAST_PART, MOST_STEPS = 3.0, 0.1, 200
# A step that gains no more a row is the last: the next would gain its square.
LAST_GAIN = 1e-18
HALVINGS = 12
# What sums of rows lose to rounding, and what a step may.
ROUNDING, SLACK = 4e-16, 1e-14


@dataclass(frozen=True, slots=True)
class Urns:
    """Shares p (K, C) of all categories, and feedback γ (K, J) of each group of these."""

    shares: Float
    feedback: Float


@dataclass(frozen=True, slots=True)
class _Bends:
    """First and second derivatives by shares (K, C) and feedback (K, J)."""

    by_share: Float
    by_feedback: Float
    twice_share: Float
    across: Float
    twice_feedback: Float


@dataclass(frozen=True, slots=True, eq=False)
class UrnTables:
    """How many draws rows have, by sums over i.

    Attributes
    ----------
    drawn, totals : nodes of the C categories, and of the totals of J groups
    above, totals_above : (K, M) and (K, N) what `RisingSums.tails` says of these
    groups : (J,) where the categories of each group begin
    """

    drawn: RisingSums
    totals: RisingSums
    above: Float
    totals_above: Float
    groups: NDArray[np.intp]

    def likeliest(self, guess: Urns | None) -> Urns:
        """Return the likeliest shares and feedback, infinite where each row is of one category.

        Shares of a group without draws are even. Feedback that says nothing, as no row has two
        draws or all are of the same category, is 0.
        """
        plain = Urns(self._even_odds(), np.zeros(self._rows().shape))
        excess = self._bends(plain).by_feedback
        pairs = self.totals.by_column(self.totals_above * self.totals.steps)
        endless = self._of_one_category() & (pairs > 0)
        search = (excess > ROUNDING * pairs) & ~endless
        start = Urns(plain.shares, self._first_feedback(excess, pairs))
        if guess is not None:
            told = (guess.feedback > 0) & np.isfinite(guess.feedback) & ~endless
            start = self._where(told, self._inside(guess), start)
            search |= told & (self._value(start) > self._value(plain))
        found = self._where(search, self._climbed(start, search), plain)
        found = self._where(self._value(found) < self._value(plain), plain, found)
        last = np.maximum.reduceat(self.totals.steps, self.totals.starts)
        found = self._where(found.feedback * last < LEAST_FEEDBACK, plain, found)
        firsts = normalised(self.above[:, self.drawn.starts], list(self.groups), None)
        return self._where(endless, Urns(firsts, np.full(endless.shape, np.inf)), found)

    def _rows(self) -> Float:
        """Return how many rows have a draw (K, J)."""
        return self.totals_above[:, self.totals.starts]

    def _even_odds(self) -> Float:
        """Return the shares (K, C) of all draws together."""
        return normalised(self.drawn.by_column(self.above), list(self.groups), None)

    def _of_one_category(self) -> Flags:
        """Return where (K, J) no row has draws of two categories, but not all of the same."""
        once = self.above[:, self.drawn.starts]
        mixed = self._by_group(once) - self._rows()
        return (mixed <= ROUNDING * self._rows()) & (self._by_group(np.sign(once)) > 1)

    def _first_feedback(self, excess: Float, pairs: Float) -> Float:
        """Return γ (K, J) by moments: pairs of draws that are alike, beyond those by chance."""
        seen = self._by_group(np.sign(self.above[:, self.drawn.starts]))
        within = excess / np.maximum(pairs, SMALLEST) / np.maximum(seen - 1.0, 1.0)
        within = np.clip(within, 1e-6, 0.95)
        return within / (1.0 - within)

    def _inside(self, urns: Urns) -> Urns:
        """Return urns in which every category that is drawn has a share."""
        some = np.where(self.above[:, self.drawn.starts] > 0, np.maximum(urns.shares, SMALLEST), 0)
        feedback = np.clip(urns.feedback, SMALLEST, MOST_FEEDBACK)
        return Urns(normalised(some, list(self.groups), None), feedback)

    def _by_group(self, each: Float) -> Float:
        """Return the sums (K, J) of what categories have (K, C)."""
        return np.add.reduceat(each, self.groups, axis=1)

    def _spread(self, each: NDArray[Any]) -> NDArray[Any]:
        """Return what groups have (K, J), for each category (K, C)."""
        sizes = np.diff([*self.groups, len(self.drawn.starts)])
        return np.repeat(each, sizes, axis=1)

    def _where(self, which: Flags, first: Urns, second: Urns) -> Urns:
        """Return the urns of the first in some groups, and of the second in others."""
        return Urns(
            np.where(self._spread(which), first.shares, second.shares),
            np.where(which, first.feedback, second.feedback),
        )

    def _masses(self, urns: Urns) -> tuple[Float, Float]:
        """Return p + iγ at the nodes of categories, and 1 + iγ at those of totals."""
        spread = self._spread(urns.feedback)[:, self.drawn.columns]
        own = urns.shares[:, self.drawn.columns] + self.drawn.steps * spread
        rest = 1.0 + self.totals.steps * urns.feedback[:, self.totals.columns]
        return np.maximum(own, SMALLEST), rest

    def _value(self, urns: Urns) -> Float:
        """Return the log-likelihood (K, J)."""
        own, rest = self._masses(urns)
        drawn = self.drawn.by_column(self.above * np.log(own))
        return self._by_group(drawn) - self.totals.by_column(self.totals_above * np.log(rest))

    def _bends(self, urns: Urns) -> _Bends:
        own, rest = self._masses(urns)
        first, total = self.above / own, self.totals_above / rest * self.totals.steps
        second, steps, sums = first / own, self.drawn.steps, self.drawn.by_column
        total_twice = self.totals.by_column(total / rest * self.totals.steps)
        return _Bends(
            sums(first),
            self._by_group(sums(first * steps)) - self.totals.by_column(total),
            -sums(second),
            -sums(second * steps),
            total_twice - self._by_group(sums(second * steps**2)),
        )

    def _climbed(self, urns: Urns, search: Flags) -> Urns:
        """Return where Newton's steps end, of the groups that are searched (K, J)."""
        left, value, rows = search.copy(), self._value(urns), self._rows()
        for _ in range(MOST_STEPS):
            if not left.any():
                break
            bends = self._bends(urns)
            moves, gain = self._newton(urns, bends)
            least = value - SLACK * np.abs(value)
            better, own = self._improved(urns, moves, least, left)
            stuck = left & ~(own >= least)
            if stuck.any():
                milder = self._milder(urns, bends)
                better = self._where(stuck, milder, better)
                own = np.where(stuck, self._value(better), own)
            rises = left & (own >= least)
            urns, value = self._where(rises, better, urns), np.where(rises, own, value)
            left &= rises & (gain > LAST_GAIN * rows)
        return urns

    def _newton(self, urns: Urns, bends: _Bends) -> tuple[Urns, Float]:
        """Return by how much shares and log γ should move, and what that gains at first (K, J)."""
        with np.errstate(divide="ignore"):
            inverse = np.where(bends.twice_share < 0, 1.0 / bends.twice_share, 0.0)
        scale = np.minimum(self._by_group(inverse), -SMALLEST)
        level = self._by_group(bends.by_share * inverse) / scale
        alone = (self._spread(level) - bends.by_share) * inverse
        level = self._by_group(bends.across * inverse) / scale
        beside = (self._spread(level) - bends.across) * inverse
        slope = bends.by_feedback + self._by_group(bends.across * alone)
        bend = bends.twice_feedback + self._by_group(bends.across * beside)
        by_log = urns.feedback * slope
        bend_of_log = urns.feedback**2 * bend + by_log
        with np.errstate(divide="ignore", invalid="ignore"):
            move = np.where(bend_of_log < 0, -by_log / bend_of_log, LARGEST_STEP * np.sign(by_log))
        move = np.clip(move, -LARGEST_STEP, LARGEST_STEP)
        shares = alone + beside * self._spread(urns.feedback * move)
        gain = self._by_group(bends.by_share * alone) + by_log * move
        return Urns(shares, move), gain

    def _moved(self, urns: Urns, moves: Urns, part: Float) -> Urns:
        """Return urns after a part (K, J) of such moves."""
        ahead = urns.shares + self._spread(part) * moves.shares
        ahead = np.maximum(ahead, LEAST_PART * urns.shares)
        feedback = urns.feedback * np.exp(part * moves.feedback)
        feedback = np.clip(feedback, SMALLEST, MOST_FEEDBACK)
        return Urns(normalised(ahead, list(self.groups), None), feedback)

    def _improved(self, urns: Urns, moves: Urns, least: Float, left: Flags) -> tuple[Urns, Float]:
        """Return urns after the longest part of a move, halved and halved, that gains."""
        part = np.ones(least.shape)
        better = self._moved(urns, moves, part)
        own = self._value(better)
        for _ in range(HALVINGS):
            lost = left & ~(own >= least)
            if not lost.any():
                break
            part = np.where(lost, 0.5 * part, part)
            better = self._moved(urns, moves, part)
            own = self._value(better)
        return better, own

    def _milder(self, urns: Urns, bends: _Bends) -> Urns:
        """Return urns after the step that never loses, feedback as it is."""
        ahead = normalised(urns.shares * bends.by_share, list(self.groups), None)
        return Urns(ahead, urns.feedback)
