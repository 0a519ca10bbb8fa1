"""The finish of a run: quasi-Newton steps between mixtures, by the statistics of its sweeps."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.family import Chart, Family
from mixtura.em.model import Model
from mixtura.em.options import FitOptions
from mixtura.em.quasi_newton import QuasiNewton
from mixtura.em.statistics import Statistics

__all__ = ["Finish"]

Float = NDArray[np.float64]

# Proposals in a row that are no mixture.
MOST_REFUSED = 2


class Finish:
    """Quasi-Newton steps in the chart of one point; made by `Finish.begun`."""

    def __init__(
        self, chart: Chart, model: Model, statistics: Statistics, prior: Any, options: FitOptions
    ) -> None:
        self._chart, self._prior, self._options = chart, prior, options
        self._refused = 0
        self._newton = QuasiNewton(*self._swept(model, statistics))

    @classmethod
    def begun(
        cls, family: Family, model: Model, statistics: Statistics, prior: Any, options: FitOptions
    ) -> Self | None:
        """Return the finish that begins at a model, or None where the family has no chart."""
        rows = statistics.moments.effective_rows
        chart = family.chart(model.log_weights, model.parameters, rows, prior)
        return None if chart is None else cls(chart, model, statistics, prior, options)

    def proposal(self) -> Model | None:
        """Return the model to sweep next, or None where that is absurd."""
        found = self._chart.at(self._newton.proposal())
        self._refused = self._refused + 1 if found is None else 0
        if found is None:
            self._newton.shorten()
            return None
        return Model(*found)

    @property
    def ended(self) -> bool:
        """Return whether proposals lead out of the parameter space, as at a floor of widths."""
        return self._refused >= MOST_REFUSED

    def move(self, model: Model, statistics: Statistics, *, proposed: bool) -> None:
        """Go on from a model, which was proposed here or is where EM led."""
        if proposed:
            self._newton.accept()
        self._newton.move(*self._swept(model, statistics))

    def reject(self, model: Model, statistics: Statistics) -> None:
        """Learn from a proposal that is worse."""
        self._newton.reject(*self._swept(model, statistics))

    def gain_left(self) -> float:
        """Return an estimate of what is left to gain, in nats."""
        return self._newton.gain_left()

    def _swept(self, model: Model, statistics: Statistics) -> tuple[Float, Float]:
        """Return a model's coordinates and the gradient there."""
        moments, options = statistics.moments, self._options
        rows = moments.effective_rows
        total = float(rows.sum()) + len(rows) * (options.weighing.concentration - 1.0)
        gradient = self._chart.gradient(
            model.log_weights,
            options.log_weights(rows),
            total,
            model.parameters,
            moments,
            self._prior.augment(moments),
        )
        return self._chart.coordinates(model.log_weights, model.parameters), gradient
