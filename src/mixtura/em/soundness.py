"""What is to be said of a fit's components: too few rows, no width, or a stronger prior."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite

import numpy as np

from mixtura.components.wording import Wording, listed
from mixtura.em.history import Failure, History, PassedOver
from mixtura.em.options import FitOptions
from mixtura.em.ranking import unsupported
from mixtura.em.running import Run
from mixtura.em.sweep import Sweep
from mixtura.text import row_words

__all__ = [
    "Soundness",
    "excess_words",
    "failure_words",
    "lone",
    "lone_words",
    "passed_over_words",
    "soundness_of",
    "unconverged_words",
]

# Nats that are worth a word.
SHOWN = 1e-3
# A component of fewer rows is a row or two, where components have so many on average.
LONE, PEOPLED = 2.5, 20


@dataclass(frozen=True, slots=True)
class Soundness:
    """How far the density of a fitted mixture means something.

    Attributes
    ----------
    unsupported : components on no more rows than determine their parameters
    flat : columns in which components on enough rows have no width, by component
    finer : columns in which components are narrower than values step, by component
    recovery : why a stronger prior was put on, or None
    """

    unsupported: tuple[int, ...] = ()
    flat: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    finer: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    recovery: str | None = None

    @property
    def is_sound(self) -> bool:
        """Return whether the likelihood would be finite, and the same, without a prior."""
        return not (self.unsupported or self.flat or self.finer or self.recovery)

    def sentences(
        self, effective_rows: Sequence[float], names: Sequence[str], wording: Wording
    ) -> list[str]:
        """Return what a reader should know, the gravest first.

        Parameters
        ----------
        effective_rows : (K,) N_k
        names : (D,) of the columns
        wording : of the family
        """

        def counted(components: Sequence[int]) -> str:
            return ", ".join(f"{k} ({row_words(effective_rows[k])} rows)" for k in components)

        found = []
        if self.unsupported:
            found.append(
                f"component(s) {counted(self.unsupported)} rest on no more rows than it takes to "
                f"determine {listed(wording.determined)}, so the likelihood there means nothing; "
                f"{wording.advice}"
            )
        for columns, components in _by_columns(self.flat):
            found.append(
                f"all rows of component(s) {counted(components)} agree in "
                f"{_named(columns, names, wording)}: only {listed(wording.bounds)} keeps them "
                "finite there, so likelihoods and criteria mean nothing beside those of other "
                "models"
            )
        for columns, components in _by_columns(self.finer):
            found.append(
                f"component(s) {counted(components)} are narrower than the values of "
                f"{_named(columns, names, wording)} step, where the likelihood has no maximum that "
                "means anything; the default prior has a floor there"
            )
        if self.recovery:
            found.append(self.recovery)
        return found


def passed_over_words(ends: Sequence[PassedOver]) -> list[str]:
    """Return what is to be said of ends that were likelier than the one taken."""
    if not ends:
        return []
    most = max(end.log_likelihood for end in ends)
    return [
        f"{len(ends)} likelier end(s), up to log-likelihood {most:.4f}, were passed over, as "
        "components on too few rows made them so"
    ]


def unconverged_words(history: History, remaining_gain: float) -> str:
    """Return scikit-learn's words on a run that its limit ended, and how far it was."""
    said = (
        "Best performing initialization did not converge. Try different init parameters, "
        "or increase max_iter, tol, or check for degenerate data."
    )
    if len(history.steps) > 1:
        before, last = history.steps[-2:]
        said += f" The last iteration gained {last.objective - before.objective:.2g} nats"
        left = f", and about {remaining_gain:.2g} are left" if isfinite(remaining_gain) else ""
        said += f"{left}."
    return said


def lone(rows: Sequence[float], n_rows: int) -> list[int]:
    """Return which components are a row or two, though rows would do for more.

    Parameters
    ----------
    rows : (K,) N_k
    n_rows : that have these weights; what weighs less than a row counts as one
    """
    total = sum(rows)
    each = max(n_rows / total, 1.0) if total > 0 else 0.0
    if total * each < PEOPLED * len(rows):
        return []
    return [k for k, own in enumerate(rows) if 0.5 < own * each < LONE]


def lone_words(components: Sequence[str]) -> list[str]:
    """Return what is to be said of components that are a row or two, by their names."""
    if not components:
        return []
    return [
        f"component(s) {', '.join(components)} are a row or two each, which may be wild values "
        "rather than clusters: look at these rows, and mend them or leave them out, or let noise "
        "take them"
    ]


def failure_words(failures: Sequence[Failure], n_finished: int) -> list[str]:
    """Return what is to be said of starts that failed, and of what else did.

    Parameters
    ----------
    n_finished : how many starts did not
    """
    starts = [failure.reason for failure in failures if failure.start is not None]
    others = [failure.reason for failure in failures if failure.start is None]
    found = []
    if starts:
        found.append(
            f"{len(starts)} of {n_finished + len(starts)} starts failed, and the best of the "
            f"others was kept; the first of them: {starts[0]}"
        )
    if others:
        found.append(
            f"{len(others)} short run(s) or move(s) that starts tried failed and were left out; "
            f"the first of them: {others[0]}"
        )
    return found


def excess_words(excess: float) -> list[str]:
    """Return what is to be said of nats that criteria leave out."""
    if excess < SHOWN:
        return []
    return [
        f"criteria leave out {excess:.3f} nats: in a column whose values repeat, no density counts "
        "above one a step at its mean"
    ]


def _by_columns(
    of_components: Mapping[int, tuple[int, ...]],
) -> list[tuple[tuple[int, ...], list[int]]]:
    """Return the components that have the same columns together."""
    return [
        (columns, [k for k, own in of_components.items() if own == columns])
        for columns in dict.fromkeys(of_components.values())
    ]


def _named(columns: Sequence[int], names: Sequence[str], wording: Wording) -> str:
    shown = ", ".join(repr(names[column]) for column in columns[:5])
    more = "" if len(columns) <= 5 else f" and {len(columns) - 5} more"
    return f"column {shown}" if len(columns) == 1 else f"{wording.several} {shown}{more}"


def soundness_of(sweep: Sweep, run: Run, options: FitOptions) -> Soundness:
    """Return what is to be said of where a run ended.

    Parameters
    ----------
    options : how it was run
    """
    prior = options.prior if run.recovery is None else options.fallback
    rows = run.statistics.moments.effective_rows
    weak = np.flatnonzero(unsupported(sweep, run, prior)).tolist()
    flat = sweep.family.flat(run.model.parameters, rows, prior)
    supported = {k: columns for k, columns in flat.items() if k not in weak}
    reason = None if run.recovery is None else run.recovery.reason
    # What a user's own prior or ridge makes of a width is the user's.
    felt = getattr(prior, "supports", True)
    finer = {} if felt else sweep.family.finer(run.model.parameters)
    return Soundness(tuple(weak), supported, finer, reason)
