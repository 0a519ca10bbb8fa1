"""The record of a fit, one entry per sweep."""

from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["History", "Step"]


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


@dataclass(slots=True)
class History:
    """The steps of one run, in order.

    Attributes
    ----------
    steps : those taken
    rejected : how many leaps were swept and not taken, as the objective would have fallen
    """

    steps: list[Step] = field(default_factory=list)
    rejected: int = 0

    def __len__(self) -> int:
        """Return the number of steps."""
        return len(self.steps)

    @property
    def n_sweeps(self) -> int:
        """Return the number of sweeps: the steps, and the leaps that were swept and not taken."""
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
