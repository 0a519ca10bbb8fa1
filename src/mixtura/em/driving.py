"""The models of one run, as the driver asks for them: M-steps, extrapolations and charts."""

from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mixtura.components.family import Chart, Family
from mixtura.em.certificate import expected_log_likelihood
from mixtura.em.degeneracy import maximise_strictly
from mixtura.em.history import Step
from mixtura.em.model import Model
from mixtura.em.options import FitOptions
from mixtura.em.statistics import Statistics
from mixtura.errors import ParameterError

__all__ = ["Moving"]

Float = NDArray[np.float64]


@dataclass(slots=True)
class Moving:
    """The models of a run; see `mixtura.native.drivers.Models`.

    Attributes
    ----------
    family, options : what M-steps are made by
    prior : the components' penalty now
    can_recover : whether an M-step that is singular may be left to a stronger prior
    now : the model that is swept next, or was just swept
    best : the best so far
    end : where the run would end, were it ended now: never below the best
    swept, kept : statistics of `now` and `best`
    steps : what sweeps showed that were taken
    """

    family: Family
    options: FitOptions
    prior: Any
    can_recover: bool
    now: Model
    best: Model
    end: Model
    swept: Statistics | None = None
    kept: Statistics | None = None
    steps: list[Step] = field(default_factory=list)
    _objective: float = float("nan")
    _gain: float = float("nan")
    _resort: Model | None = None
    _chart: Chart | None = None

    @classmethod
    def begun(
        cls, family: Family, options: FitOptions, prior: Any, model: Model, *, can_recover: bool
    ) -> Self:
        """Return what a run from a model begins with."""
        return cls(family, options, prior, can_recover, model, model, model)

    def take(self, statistics: Statistics) -> tuple[float, float]:
        """Take a sweep of `now` in, and return its log-likelihood and objective."""
        self.swept = statistics
        self._objective = statistics.log_likelihood + self._log_prior(self.now)
        return statistics.log_likelihood, self._objective

    def keep(self) -> None:
        """Let the model just swept be the best."""
        assert self.swept is not None
        likelihood = bound = self.swept.log_likelihood
        if self.kept is not None and isfinite(self._gain):
            bound = self.kept.log_likelihood + self._gain
        self.steps.append(Step(likelihood, self._objective, bound))
        self.best = self.end = self.now
        self.kept = self.swept

    def located(self) -> Float:
        """Return the moments of the best as a point."""
        moments = self._moments
        return self.family.coordinates(moments, float(moments.effective_rows.sum()))

    def step(self) -> bool:
        """Let the model to resort to be the M-step of the best's moments."""
        try:
            self._resort = self.end = self._maximised(self._moments)
        except ParameterError:
            if self.can_recover:
                return False
            raise
        return True

    def extrapolate(self, point: Float) -> bool:
        """Let the next model be the M-step of the moments at a point, if there is one."""
        moments = self._moments
        there = self.family.moments_at(point, moments, float(moments.effective_rows.sum()))
        if there is None:
            return False
        try:
            self.now = self._maximised(there)
        except ParameterError:
            return False
        return True

    def chart(self) -> int | None:
        """Lay a chart about the best, if the family has one there."""
        model, rows = self.best, self._moments.effective_rows
        self._chart = self.family.chart(model.log_weights, model.parameters, rows, self.prior)
        if self._chart is None:
            return None
        return len(self._chart.coordinates(model.log_weights, model.parameters))

    def charted(self, *, rejected: bool) -> tuple[Float, Float]:
        """Return the coordinates of the best, or the model just swept, and the gradient there."""
        model, statistics = (self.now, self.swept) if rejected else (self.best, self.kept)
        assert statistics is not None
        assert self._chart is not None
        moments, options = statistics.moments, self.options
        rows = moments.effective_rows
        total = float(rows.sum()) + len(rows) * (options.weighing.concentration - 1.0)
        gradient = self._chart.gradient(
            model.log_weights,
            options.log_weights(rows),
            total,
            model.parameters,
            moments,
            self.prior.augment(moments),
        )
        return self._chart.coordinates(model.log_weights, model.parameters), gradient

    def at_chart(self, point: Float) -> bool:
        """Let the next model be that at a point of the chart, if there is one."""
        assert self._chart is not None
        found = self._chart.at(point)
        if found is not None:
            log_weights, parameters = found
            # What rounding makes of weights that are held is no direction to go in.
            self.now = Model(self.options.weighing.kept(log_weights), parameters)
        return found is not None

    def promised(self) -> float:
        """Return what moving from the best to the next model changes Q by."""
        assert self.kept is not None
        self._gain = expected_log_likelihood(
            self.family, self.now, self.kept
        ) - expected_log_likelihood(self.family, self.best, self.kept)
        return self._gain

    def digits(self) -> float:
        """Return what the rounding of densities, and of the prior's, costs the objective."""
        counted = self.prior.augment(self._moments)
        return self.family.rounding(self.best.parameters, counted)

    def go_back(self) -> None:
        """Let the next model be the best."""
        self.now = self.end = self.best

    def resort(self) -> None:
        """Let the next model be the M-step."""
        assert self._resort is not None
        self.now = self._resort

    @property
    def _moments(self) -> Any:
        assert self.kept is not None
        return self.kept.moments

    def _maximised(self, moments: Any) -> Model:
        parameters = maximise_strictly(self.family, moments, self.best.parameters, self.prior)
        return Model(self.options.log_weights(moments.effective_rows), parameters)

    def _log_prior(self, model: Model) -> float:
        return self.options.log_prior(model, self.prior)
