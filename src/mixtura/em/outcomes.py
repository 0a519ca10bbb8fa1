"""What starts brought: their short runs, where each went on from, and where it ended."""

from dataclasses import dataclass, replace
from typing import Self

from mixtura.text import Table

__all__ = ["Outcomes", "ShortRun"]

# Ends all of which lie within so many nats are one end, and such as lie further apart are far.
ONE_END, APART = 0.05, 10.0


@dataclass(frozen=True, slots=True)
class ShortRun:
    """A few iterations from one source, or what the best was crossed to with it, on a sample.

    Attributes
    ----------
    start : the number of the start that it is for, from 0
    source : what it began with
    objective : what it came to on the sample, in nats
    carried : whether it was carried on
    """

    start: int
    source: str
    objective: float
    carried: bool


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What the starts of a fit brought.

    Attributes
    ----------
    short_runs : those that were tried, in order; none where starts are given
    begun : the objective of each start on all rows, once its short runs and moves were done
    ends : the objective that each came to; one that another was too far ahead of was stopped there
    n_agreeing : how many came to the best end, that one among them
    """

    short_runs: tuple[ShortRun, ...] = ()
    begun: tuple[float, ...] = ()
    ends: tuple[float, ...] = ()
    n_agreeing: int = 1

    @property
    def spread(self) -> float:
        """Return how far the ends lie apart, in nats."""
        return max(self.ends) - min(self.ends) if self.ends else 0.0

    @property
    def caution(self) -> str | None:
        """Return what is to be said where few of several starts came to the best end.

        That is no more than half of them, and some lie more than 10 nats behind, or one alone. That
        some lie far behind says little by itself: a search's starts with noise are of unlike
        sorts, and of 76 problems drawn anew most have one 100 nats behind, also where ten times as
        many find no better end.
        """
        count = len(self.ends)
        far = self.spread > APART or (self.n_agreeing == 1 and self.spread >= ONE_END)
        if count < 2 or 2 * self.n_agreeing > count or not far:
            return None
        alone = (
            f"{self.n_agreeing} of {count} starts came to the best end"
            if self.n_agreeing > 1
            else f"no other of {count} starts came to the best end"
        )
        return (
            f"{alone}, and they lie up to {self.spread:.3g} nats apart: there may be a better one, "
            "so take more starts (n_init) until several agree, or fewer components"
        )

    def table(self) -> str:
        """Return a table with a row for each start.

        Of its short runs there are how many were tried and carried on, and the best of them, on the
        sample; then where it went on from and ended, on all rows, and how far below the best.
        """
        best = max(self.ends, default=0.0)
        rows = []
        for number, (begun, end) in enumerate(zip(self.begun, self.ends, strict=True)):
            own = [run for run in self.short_runs if run.start == number]
            carried = sum(run.carried for run in own)
            objectives = [f"{max(run.objective for run in own):.3f}"] if own else ["-"]
            tried = [str(number), str(len(own)), str(carried), *objectives]
            rows.append([*tried, f"{begun:.3f}", f"{end:.3f}", f"{best - end:.3f}"])
        header = "start", "tried", "carried", "best short run", "went on from", "end", "behind"
        return str(Table.of(header, rows))

    def before(self, better: "Outcomes") -> Self:
        """Return the outcomes of these starts and of another that ended above all of them."""
        begun, ends = (*self.begun, *better.begun), (*self.ends, *better.ends)
        return replace(self, begun=begun, ends=ends, n_agreeing=better.n_agreeing)

    def times(self, factor: float) -> Self:
        """Return the outcomes of the same fit with every row weight multiplied."""
        runs = tuple(replace(run, objective=run.objective * factor) for run in self.short_runs)
        begun = tuple(value * factor for value in self.begun)
        ends = tuple(value * factor for value in self.ends)
        return replace(self, short_runs=runs, begun=begun, ends=ends)
