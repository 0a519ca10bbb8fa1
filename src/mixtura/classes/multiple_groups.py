"""Fits of multiple-group models, each from the ends of those more restricted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from mixtura.arrays import order_by_pattern
from mixtura.classes.absent import n_absent
from mixtura.classes.criteria import Penalised
from mixtura.classes.design_effects import Effect, effect_of, effect_of_shares
from mixtura.classes.groups import joined
from mixtura.components.constrained import Constraints, bound_to
from mixtura.data import ArrayRows, RowSource
from mixtura.em.failures import Start
from mixtura.em.fit import FitOptions
from mixtura.em.responsibilities import models_of
from mixtura.em.solve import FitResult, solve
from mixtura.em.stopping import GainLeft
from mixtura.em.sweep import Sweep
from mixtura.engines import Serial
from mixtura.errors import ParameterError
from mixtura.inference.refit import framed, from_short_runs, options_of
from mixtura.inference.survey import Sampling
from mixtura.mixture import Mixture

__all__ = ["Fitter", "GroupModel", "Groups"]

Float = NDArray[np.float64]

# Nats left to gain at the end, of likelihoods that are held against one another.
FINE = GainLeft(nats=1e-4)
MOST_SWEEPS = 5000


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Rows and their groups.

    Attributes
    ----------
    labels : (G,) what groups are called
    family : of the rows, set to read them
    rows : (N, D) as it reads them
    codes : (N,) the group of each
    sampling : what they weigh, and how they were drawn
    """

    labels: tuple[Any, ...]
    family: Any
    rows: Any
    codes: NDArray[np.intp]
    sampling: Sampling

    @property
    def weights(self) -> Float:
        """Return the weights (N,) of the rows."""
        return self.sampling.weights

    @property
    def is_sample(self) -> bool:
        """Return whether a design says how rows were drawn."""
        return self.sampling.clusters is not None

    @property
    def sizes(self) -> tuple[float, ...]:
        """Return the weight of the rows of each group."""
        return tuple(np.bincount(self.codes, weights=self.weights).tolist())


@dataclass(frozen=True, slots=True)
class GroupModel(Penalised):
    """One model of all groups.

    Attributes
    ----------
    mixtures : of the rows of each group, by what it is called
    log_likelihood : of the rows given their groups
    n_parameters : free ones, but for levels that no row has which could tell of them
    n : the weight of all rows
    free : columns whose classes differ by group
    effect : of the design on its parameters, where there is one
    """

    mixtures: dict[Any, Mixture]
    log_likelihood: float
    n_parameters: int
    n: float
    free: tuple[str, ...]
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class Fitter:
    """Fits models of groups whose classes are called as those of a mixture.

    Attributes
    ----------
    mixture : of the rows whatever their group
    groups : the rows
    prior : on the components
    n_init : starts from short runs
    seed : of these
    """

    mixture: Mixture
    groups: Groups
    prior: Any
    n_init: int
    seed: int

    def homogeneous(self) -> GroupModel:
        """Return the model of all rows, whatever their group."""
        rows, weights = self.groups.rows, self.groups.weights
        start = self.mixture.coded.responsibilities(rows)
        source = ArrayRows(rows, weights)
        family = framed(self.groups.family, source, slice(None))
        found = self._solved(family, rows, weights, self.mixture.constraints, [start])
        parts = found.mixture.weights, found.mixture.family, found.mixture.parameters
        mixtures = {label: self._called(*parts) for label in self.groups.labels}
        size = found.n_parameters - int(n_absent(self.mixture, rows).sum())
        effect = self._effect(found.mixture, rows)
        return self._model(mixtures, found.log_likelihood, size, (), effect)

    def joint(
        self, free: tuple[int, ...], before: GroupModel, *, alone: bool = False
    ) -> GroupModel:
        """Return the model in which some columns differ by group.

        Parameters
        ----------
        before : a model more restricted
        alone : whether its end is the only start
        """
        known = self.groups
        table = joined(self.mixture, known.rows, known.codes, free, known.weights)
        starts = [self._responsibilities(before)]
        found = self._solved(
            table.family, table.rows, known.weights, table.constraints, starts, alone=alone
        )
        mixture, n_groups = found.mixture, len(known.labels)
        shares = mixture.weights @ table.groups_given_class(mixture)
        sizes = np.array(known.sizes)
        mixtures = {
            label: self._called(*table.of_group(mixture, group))
            for group, label in enumerate(known.labels)
        }
        effect = self._effect(mixture, table.rows)
        if effect is not None:
            effect -= effect_of_shares(known.codes, known.sampling)
        return self._model(
            mixtures,
            found.log_likelihood - float(sizes @ np.log(shares)),
            found.n_parameters - (n_groups - 1) - self._absent(free),
            free,
            effect,
        )

    def apart(self, before: Sequence[GroupModel]) -> GroupModel:
        """Return the model in which all columns differ: a mixture for each group by itself.

        Raises
        ------
        ParameterError
            If classes of a group have no width, without a prior.
        """
        known, mixtures, value, size = self.groups, {}, 0.0, 0
        effect: Effect | None = None
        starts = [self._responsibilities(one) for one in before]
        for group, label in enumerate(known.labels):
            own = known.codes == group
            rows, weights = known.rows[own], known.weights[own]
            family = framed(known.family, ArrayRows(rows, weights), slice(None))
            own_starts = [one[own] for one in starts]
            try:
                found = self._solved(family, rows, weights, self.mixture.constraints, own_starts)
            except ParameterError as error:
                # What is wrong with settings, models of all groups have said.
                raise ParameterError(
                    f"classes of group {label!r} have no width in its {len(rows)} rows; use a "
                    "prior or fewer classes, or join the group to another"
                ) from error
            mixture = found.mixture
            mixtures[label] = self._called(mixture.weights, mixture.family, mixture.parameters)
            value += found.log_likelihood
            size += found.n_parameters
            own_effect = self._effect(mixture, rows, own)
            effect = own_effect if effect is None or own_effect is None else effect + own_effect
        columns = tuple(range(self.mixture.n_columns))
        return self._model(mixtures, value, size - self._absent(columns), columns, effect)

    def _absent(self, free: Sequence[int]) -> int:
        """Return how many parameters are of levels that no row has, or none of the group."""
        known, lost = self.groups, n_absent(self.mixture, self.groups.rows)
        alike = [j for j in range(len(lost)) if j not in free]
        apart = [
            n_absent(self.mixture, known.rows[known.codes == group])[list(free)].sum()
            for group in range(len(known.labels))
        ]
        return int(lost[alike].sum() + sum(apart))

    def _effect(self, mixture: Mixture, rows: Any, own: Any = slice(None)) -> Effect | None:
        """Return the design effects of a mixture of rows, those that are `own` of all."""
        known = self.groups
        return effect_of(mixture, rows, known.sampling.of(own)) if known.is_sample else None

    def _solved(
        self,
        family: Any,
        rows: Any,
        weights: Float,
        constraints: Constraints | None,
        starts: Sequence[Float],
        *,
        alone: bool = False,
    ) -> FitResult:
        """Return the best fit from responsibilities (N, K) and from short runs."""
        order = np.arange(len(rows))
        if rows.dtype.kind == "f" and np.isnan(rows).any():
            order = order_by_pattern(rows)
        size = self.mixture.n_components
        options = options_of(self.mixture, self.prior, self.seed, finish=self.n_init)
        options = replace(options, rule=FINE, max_iter=MOST_SWEEPS)

        def models(sweep: Sweep, loop: FitOptions) -> list[Start]:
            found: list[Start] = [*models_of(sweep, [one[order] for one in starts], loop)]
            if size == 1 or alone:
                return found
            return [*found, *from_short_runs(size, options)(sweep, loop)]

        source: RowSource = ArrayRows(rows[order], weights[order])
        return solve(bound_to(family, constraints), source, Serial(), size, options, models=models)

    def _responsibilities(self, model: GroupModel) -> Float:
        """Return the posteriors (N, K) of all rows, each by the mixture of its group."""
        known = self.groups
        found = np.empty((len(known.codes), self.mixture.n_components))
        for group, mixture in enumerate(model.mixtures.values()):
            own = known.codes == group
            found[own] = mixture.coded.responsibilities(known.rows[own])
        return found

    def _called(self, weights: Float, family: Any, parameters: Any) -> Mixture:
        return replace(
            self.mixture, weights=weights, family=family, parameters=parameters, constraints=None
        )

    def _model(
        self,
        mixtures: dict[Any, Mixture],
        value: float,
        size: int,
        free: Sequence[int],
        effect: Effect | None,
    ) -> GroupModel:
        """Return a model, its classes in the places of those of the mixture with the same rows."""
        names = self.mixture.column_names
        total = float(self.groups.weights.sum())
        model = GroupModel(mixtures, value, size, total, tuple(names[j] for j in free), effect)
        expected = self.mixture.coded.responsibilities(self.groups.rows)
        found = self._responsibilities(model) * self.groups.weights[:, None]
        apart = len(free) == self.mixture.n_columns
        ordered = {}
        for group, (label, mixture) in enumerate(mixtures.items()):
            # Where nothing is equal, classes are called in each group by themselves.
            own = self.groups.codes == group if apart else slice(None)
            order = linear_sum_assignment(-(expected[own].T @ found[own]))[1].tolist()
            ordered[label] = replace(
                mixture,
                weights=mixture.weights[order],
                parameters=mixture.parameters.take(order),
            )
        return replace(model, mixtures=ordered)
