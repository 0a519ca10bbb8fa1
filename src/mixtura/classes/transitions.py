"""What a latent transition analysis found, with errors and tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.classes.chains import smoothed
from mixtura.classes.criteria import Penalised
from mixtura.classes.profile import ClassProfile
from mixtura.classes.regression import LikelihoodRatio, ratio_of
from mixtura.covariates.asked import FittedCovariates
from mixtura.covariates.design import raw_columns
from mixtura.covariates.logit import ClassMembership
from mixtura.covariates.membership import log_probabilities
from mixtura.errors import DataError, ParameterError
from mixtura.mixture import Mixture
from mixtura.text import Passage, Summary, Table, Tabled

__all__ = ["LatentTransition", "named_waves"]

Float = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LatentTransition(Penalised, Tabled):
    """Classes at several waves.

    Attributes
    ----------
    classes : (K,) what classes are called
    waves : (T,) what waves are called, their numbers unless names were given
    mixtures : (T,) the components at each wave, with the shares of classes there
    profiles : what classes are, with standard errors: of all waves, or where this is free by wave
        (T,) of each
    shares : (T, K) of classes
    transitions : (T - 1, K, K) from the class of the row to that of the column, by the next wave;
        with covariates the mean over rows
    initial_errors : (K,) standard errors of the shares at the first wave
    transition_errors : (T - 1, K, K) those of transitions; NaN on the edge of their range
    initial : the logit of classes at the first wave
    moves : (T - 1,) of (K,): the logit of the next class for rows of each class
    log_likelihood : of all waves of the rows that are used
    n_parameters : free ones
    n : the weight of these rows
    n_left_out : rows that lack a covariate
    n_empty : others without an answer at any wave, which do not count
    covariance : of all parameters: initial coefficients, those of moves, and the components'
    converged : whether EM came to its end within `max_iter` steps
    objective : the log-likelihood, with the penalty of the prior, after each E-step
    covariates : how those of other rows are read, or None
    how : what was fitted, in words
    """

    classes: tuple[str, ...]
    waves: tuple[Any, ...]
    mixtures: tuple[Mixture, ...]
    profiles: tuple[ClassProfile, ...]
    shares: Float
    transitions: Float
    initial_errors: Float
    transition_errors: Float
    initial: ClassMembership
    moves: tuple[tuple[ClassMembership, ...], ...]
    log_likelihood: float
    n_parameters: int
    n: float
    n_left_out: int
    n_empty: int
    covariance: Float
    converged: bool
    objective: tuple[float, ...]
    covariates: FittedCovariates | None
    how: str

    @property
    def n_waves(self) -> int:
        """Return T."""
        return len(self.mixtures)

    def against(self, other: "LatentTransition") -> LikelihoodRatio:
        """Return the likelihood-ratio test of this model against one with more parameters.

        Measurement that is equal against free, transitions that are equal against those by wave,
        or no covariates against some.

        Parameters
        ----------
        other : a fit of the same rows, of which this one is a special case

        Raises
        ------
        ParameterError
            If the other has no more parameters, or is of other rows.
        """
        df = other.n_parameters - self.n_parameters
        if df <= 0 or other.n != self.n or other.n_waves != self.n_waves:
            raise ParameterError(
                "the other model should have more parameters and be of the same rows and waves; "
                "hold the special case against the more general one"
            )
        return ratio_of(other.log_likelihood - self.log_likelihood, df)

    def predict_proba(
        self, waves: Sequence[Any] | Mapping[Any, Any], covariates: Any = None
    ) -> Float:
        """Return the probabilities (N, T, K) of classes at each wave, given all waves.

        Parameters
        ----------
        waves : (T,) of rows, as in the fit
        covariates : as in the fit; where a formula was given, the frame that has its columns

        Raises
        ------
        DataError
            If rows or covariates cannot be used, or there are not as many waves and rows.
        """
        called, given = named_waves(waves)
        if len(given) != self.n_waves:
            raise DataError(f"there are {len(given)} waves, and {self.n_waves} in the fit")
        if isinstance(waves, Mapping) and called != self.waves:
            raise DataError(
                f"the waves of the fit are {', '.join(map(str, self.waves))}, and these are "
                f"{', '.join(map(str, called))}; give those of the fit in their order"
            )
        pairs = zip(self.mixtures, given, strict=True)
        log_f = np.stack([mixture.component_log_density(rows) for mixture, rows in pairs], axis=1)
        design = None
        if self.covariates is not None:
            if covariates is None:
                raise DataError("the fit had covariates; give those of the rows")
            design = raw_columns(self.covariates.of(covariates))
            if len(design) != len(log_f):
                raise DataError(
                    f"covariates has {len(design)} rows and waves have {len(log_f)}; give one for "
                    "each"
                )
        log_moves = np.stack(
            [np.stack([self._logs(one, design) for one in own], 1) for own in self.moves]
        )
        return smoothed(self._logs(self.initial, design), log_moves, log_f).classes

    def _logs(self, logit: ClassMembership, design: Float | None) -> Float:
        """Return log probabilities (N, K) of classes by a logit, (1, K) where rows are alike."""
        reference = self.classes.index(logit.reference)
        if design is None or len(logit.terms) == 1:
            design = np.ones((1, 1))
        return log_probabilities(design, logit.coefficients.T, reference)

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each share at the first wave and each transition, with errors."""
        rows = [
            {
                "wave": self.waves[0],
                "from": None,
                "to": name,
                "probability": float(self.shares[0, k]),
                "standard_error": float(self.initial_errors[k]),
            }
            for k, name in enumerate(self.classes)
        ]
        return rows + [
            {
                "wave": self.waves[t + 1],
                "from": origin,
                "to": name,
                "probability": float(self.transitions[t, j, k]),
                "standard_error": float(self.transition_errors[t, j, k]),
            }
            for t in range(self.n_waves - 1)
            for j, origin in enumerate(self.classes)
            for k, name in enumerate(self.classes)
        ]

    def coefficients_table(self) -> list[dict[str, Any]]:
        """Return a row for each coefficient of each logit, as `ClassMembership.table` does."""
        found = [{"wave": self.waves[0], "from": None, **row} for row in self.initial.table()]
        return found + [
            {"wave": self.waves[t + 1], "from": origin, **row}
            for t, own in enumerate(self.moves)
            for origin, logit in zip(self.classes, own, strict=True)
            for row in logit.table()
        ]

    def summary(self) -> Summary:
        """Return the tables as text."""
        shares = [
            [f"wave {wave}", *(f"{share:.4f}" for share in own)]
            for wave, own in zip(self.waves, self.shares, strict=True)
        ]
        passages = [Passage("Shares of classes", (Table.of(["", *self.classes], shares),))]
        same = all(np.array_equal(each, self.transitions[0]) for each in self.transitions)
        for t in range(1 if same else len(self.transitions)):
            rows = [
                [name, *(_with_error(*pair) for pair in zip(own, errors, strict=True))]
                for name, own, errors in zip(
                    self.classes, self.transitions[t], self.transition_errors[t], strict=True
                )
            ]
            when = f"wave {self.waves[t]} to wave {self.waves[t + 1]}"
            when = "each wave to the next" if same and self.n_waves > 2 else when
            heading = f"From the class of the row to that of the column, {when}"
            passages.append(Passage(heading, (Table.of(["", *self.classes], rows),)))
        if len(self.initial.terms) > 1:
            passages.append(self.initial.summary().passages[0])
        for t, own in enumerate(self.moves[: 1 if same else None]):
            for origin, logit in zip(self.classes, own, strict=True):
                if len(logit.terms) > 1:
                    (table, *_), where = logit.summary().passages[0].tables, f"class {origin}"
                    where += f" at wave {self.waves[t]}"
                    heading = f"From {where}, against class {logit.reference}"
                    passages.append(Passage(heading, (table,)))
        left = f"; {self.n_left_out} rows without a covariate left out" if self.n_left_out else ""
        if self.n_empty:
            left += f"; {self.n_empty} rows without an answer do not count"
        said = (
            f"in brackets: standard errors. {self.how}.\nn = {self.n:g}{left}, log-likelihood "
            f"{self.log_likelihood:.4f}, df {self.n_parameters}, AIC {self.aic:.3f}, BIC "
            f"{self.bic:.3f}."
        )
        if not self.converged:
            said += "\nEM has not come to its end; raise max_iter."
        return Summary([*passages, Passage(said=said)], self.table())


def named_waves(
    waves: Sequence[Any] | Mapping[Any, Any],
) -> tuple[tuple[Any, ...], Sequence[Any]]:
    """Return what waves (T,) are called, and the rows of each.

    Raises
    ------
    DataError
        If they are neither a list nor by name.
    """
    if isinstance(waves, Mapping):
        return tuple(waves), list(waves.values())
    if not isinstance(waves, (list, tuple)):
        raise DataError("waves should be a list of the rows of each wave, or these by name")
    return tuple(range(len(waves))), waves


def _with_error(value: float, error: float) -> str:
    return f"{value:.4f}" + ("" if np.isnan(error) else f" ({error:.3f})")
