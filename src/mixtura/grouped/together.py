"""Some groups fitted together in compiled code, and alone where that takes more care."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.grouped.alone import LIMITED, Alone
from mixtura.grouped.compiled import CompiledFits, Request, fitted_groups
from mixtura.grouped.rows import GroupedRows
from mixtura.native.groups import GroupOutcome
from mixtura.text import row_words

__all__ = ["SomeFits", "Together"]

ENDED = (GroupOutcome.CONVERGED, GroupOutcome.ROUNDING)


@dataclass(frozen=True, slots=True, eq=False)
class SomeFits:
    """What is known of some groups.

    Attributes
    ----------
    found : what compiled code found, with what fits alone did put in
    converged : (G,) whether the fit came to its end
    sound : (G,) whether its density means something
    notes : what is to be said of some, by their numbers
    """

    found: CompiledFits
    converged: NDArray[np.bool_]
    sound: NDArray[np.bool_]
    notes: dict[int, str]

    @classmethod
    def joined(cls, parts: "list[SomeFits]") -> "SomeFits":
        """Return what is known of the groups of all parts."""
        columns = zip(*(part.found.arrays for part in parts), strict=True)
        notes: dict[int, str] = {}
        before = 0
        for part in parts:
            notes |= {before + g: words for g, words in part.notes.items()}
            before += len(part.sound)
        return cls(
            CompiledFits(*(np.concatenate(column) for column in columns)),
            np.concatenate([part.converged for part in parts]),
            np.concatenate([part.sound for part in parts]),
            notes,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Together:
    """Fits some groups.

    Attributes
    ----------
    request : what is asked of all
    alone : fits those that compiled code leaves
    """

    request: Request
    alone: Alone

    def __call__(self, rows: GroupedRows) -> SomeFits:
        """Return what is found of groups."""
        sizes = np.diff(rows.bounds)
        scales = rows.totals / np.maximum(sizes, 1)
        weights = None if rows.weights is None else rows.weights / np.repeat(scales, sizes)
        found = fitted_groups(self.request, rows.cells, rows.bounds, weights)
        # Weights of mean 1 were fitted, as in any fit.
        found.effective_rows[:] *= scales[:, None]
        found.log_likelihood[:] *= scales
        needed = self.request.least_rows * rows.totals / np.maximum(found.n_distinct, 1)
        supported = found.effective_rows > needed[:, None]
        sound = np.asarray(supported.all(axis=1))
        converged = np.isin(found.outcome, ENDED)
        notes = {}
        for g in np.flatnonzero(~(sound & converged)).tolist():
            outcome = GroupOutcome(found.outcome[g])
            if outcome is GroupOutcome.HARD:
                converged[g], sound[g], words = self._taken(found, g, rows)
            elif outcome is GroupOutcome.FEW:
                words = self._few(int(found.n_distinct[g]))
            elif outcome is GroupOutcome.CONSTANT:
                words = _constant(rows.of(g), rows.columns)
            else:
                words = _unsupported(found.effective_rows[g], supported[g])
                words = "; ".join(filter(None, [words, "" if converged[g] else LIMITED]))
            notes[g] = words
        return SomeFits(found, converged, sound, {g: words for g, words in notes.items() if words})

    def _taken(self, found: CompiledFits, g: int, rows: GroupedRows) -> tuple[bool, bool, str]:
        """Put what a fit alone finds of a group in its place, and return how far it is trusted."""
        one = self.alone(rows.of(g), rows.weights_of(g))
        mixture = one.mixture
        if mixture is None:
            return False, False, one.note
        if mixture.n_components != self.request.n_components:
            return False, False, f"{mixture.n_components} components only; {one.note}"
        with np.errstate(divide="ignore"):
            found.log_weights[g] = np.log(mixture.weights)
        found.means[g] = mixture.parameters.means
        found.factors[g] = mixture.parameters.covariance.factors
        found.effective_rows[g] = one.effective_rows
        found.log_likelihood[g] = one.log_likelihood
        return one.converged, one.sound, one.note

    def _few(self, distinct: int) -> str:
        asked = self.request
        return (
            f"{distinct} distinct rows, and {asked.n_components} components of structure "
            f"{asked.code} in {asked.n_columns} column(s) need {asked.fewest_distinct}"
        )


def _constant(rows: NDArray[np.float64], columns: tuple[str, ...] | None) -> str:
    held = np.flatnonzero((rows == rows[0]).all(axis=0)).tolist()
    names = ", ".join(f"'{columns[j]}'" if columns else str(j) for j in held)
    return f"all rows hold one value in column(s) {names}, so no density has a width there"


def _unsupported(effective_rows: Any, supported: Any) -> str:
    counts = [row_words(count) for count in effective_rows[~supported].tolist()]
    if not counts:
        return ""
    return (
        f"component(s) on {', '.join(counts)} rows rest on no more than it takes to determine "
        "their widths, so the likelihood means nothing"
    )
