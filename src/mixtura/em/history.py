"""The record of a fit, one entry per sweep."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import isfinite

from mixtura.em.certificate import Certificate
from mixtura.em.outcomes import Outcomes

__all__ = ["Failure", "History", "PassedOver", "Step"]

# Sums over rows keep about so many digits.
ROUNDING = 1e-13
# A run begins no lower than where the one ended that it goes on from, but for as much.
CONTINUED = 1e-9


@dataclass(frozen=True, slots=True)
class Step:
    """What one sweep showed.

    Attributes
    ----------
    log_likelihood : ℓ, total, in nats
    objective : ℓ plus the log prior; this is what never falls
    lower_bound : Jensen's bound with the responsibilities of the sweep before, Σ r log (p(x, z)/r);
        it lies below ℓ by Σ KL(r ‖ posterior), which is `gap`
    """

    log_likelihood: float
    objective: float
    lower_bound: float

    @property
    def gap(self) -> float:
        """Return ℓ - lower bound, never negative beyond rounding."""
        return self.log_likelihood - self.lower_bound


@dataclass(frozen=True, slots=True)
class PassedOver:
    """An end that was likelier than the one taken, and not taken.

    Attributes
    ----------
    log_likelihood, objective : of the end
    unsupported : its components on no more rows than determine their parameters
    """

    log_likelihood: float
    objective: float
    unsupported: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """A start that failed numerically while others went on.

    Attributes
    ----------
    reason : a sentence
    start : its number, from 0; None for a short run or a move that one start tried
    """

    reason: str
    start: int | None = None


@dataclass(slots=True, repr=False)
class History:
    """The steps of one run, in order.

    Attributes
    ----------
    steps : those taken
    rejected : how many extrapolations were swept and not taken, as the objective would have fallen
    certificate : how nearly the end is stationary; None where the fit was to go on from there
    passed_over : ends that were likelier, by components on too few rows
    failures : starts that failed, and short runs and moves of theirs that did, while others went on
    outcomes : which starts were tried, what each brought, and how many ends agree
    """

    steps: list[Step] = field(default_factory=list)
    rejected: int = 0
    certificate: Certificate | None = None
    passed_over: tuple[PassedOver, ...] = ()
    failures: tuple[Failure, ...] = ()
    outcomes: Outcomes = field(default_factory=Outcomes)

    def __repr__(self) -> str:
        starts = len(self.outcomes.ends)
        return f"<History of {self.n_sweeps} sweeps; {starts} starts were carried to their ends>"

    def __len__(self) -> int:
        """Return the number of steps."""
        return len(self.steps)

    @property
    def n_sweeps(self) -> int:
        """Return the number of sweeps: the steps, and extrapolations that were not taken."""
        return len(self.steps) + self.rejected

    def __iter__(self) -> Iterator[Step]:
        """Return the steps in order."""
        return iter(self.steps)

    def __getitem__(self, position: int) -> Step:
        """Return one step."""
        return self.steps[position]

    @property
    def log_likelihood(self) -> list[float]:
        """Return ℓ by sweep."""
        return [step.log_likelihood for step in self.steps]

    @property
    def objective(self) -> list[float]:
        """Return the objective by sweep."""
        return [step.objective for step in self.steps]

    @property
    def gap(self) -> list[float]:
        """Return the gap of Jensen's bound by sweep."""
        return [step.gap for step in self.steps]

    @property
    def largest_fall(self) -> float:
        """Return the most that the objective fell in one sweep beyond rounding, in nats."""
        falls = (
            before - after
            for before, after in pairwise(self.objective)
            if before - after > ROUNDING * abs(after)
        )
        return max(falls, default=0.0)

    def following(self, before: "History") -> "History":
        """Return this history after that of the run that it goes on from.

        Where a start of other rows won, the run goes on from nothing and has its own only.
        """
        last, first = before.steps[-1].objective, self.steps[0].objective
        if first < last - CONTINUED * max(1.0, abs(last)):
            return self
        steps = [*before.steps, *self.steps[1:]]
        return replace(self, steps=steps, rejected=before.rejected + self.rejected)

    def times(self, factor: float) -> "History":
        """Return the history of the same fit with every row weight multiplied."""
        steps = [
            Step(step.log_likelihood * factor, step.objective * factor, step.lower_bound * factor)
            for step in self.steps
        ]
        passed_over = tuple(
            PassedOver(end.log_likelihood * factor, end.objective * factor, end.unsupported)
            for end in self.passed_over
        )
        known = self.certificate
        certificate = known and Certificate(known.gradient_norm * factor**0.5, known.kkt_residual)
        outcomes = self.outcomes.times(factor)
        return History(steps, self.rejected, certificate, passed_over, self.failures, outcomes)

    def facts(self) -> dict[str, float | None] | None:
        """Return what is certified of the run, as JSON can hold it, or None if nothing is."""
        if self.certificate is None:
            return None
        norm = self.certificate.gradient_norm
        return {
            "gradient_norm": norm if isfinite(norm) else None,
            "kkt_residual": self.certificate.kkt_residual,
            "largest_fall": self.largest_fall,
        }
