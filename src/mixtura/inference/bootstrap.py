"""The bootstrap: how estimates vary, by fits to rows that are weighted or drawn anew."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixtura.arrays import as_share
from mixtura.em.solve import SolveOptions
from mixtura.engines import engine_named
from mixtura.errors import MixturaError, ParameterError
from mixtura.inference.information import Interval
from mixtura.inference.numbers import Numbers
from mixtura.inference.refit import from_mixture, options_of, refit
from mixtura.inference.replicates import (
    KINDS,
    aligned,
    drawn_rows,
    drawn_weights,
    reweighted,
    seeded,
)
from mixtura.inference.rows import Rows, checked
from mixtura.mixture import Mixture

__all__ = ["Bootstrap", "bootstrap"]

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Bootstrap:
    """Replicates of a fit.

    Attributes
    ----------
    estimate : the parameters' arrays by name, as fitted
    replicates : the same with a first axis of B replicates
    mixtures : the B mixtures, components in the order of the fitted one's
    failed : how many replicates could not be fitted
    """

    estimate: Mapping[str, Float]
    replicates: Mapping[str, Float]
    mixtures: tuple[Mixture, ...] = field(repr=False)
    failed: int

    def standard_errors(self) -> Mapping[str, Float]:
        """Return the standard deviations over replicates, by name.

        They are NaN where a replicate is infinite, as the size of a Poisson is.
        """
        with np.errstate(invalid="ignore"):
            return {name: values.std(axis=0, ddof=1) for name, values in self.replicates.items()}

    def bias(self) -> Mapping[str, Float]:
        """Return by how much the replicates' mean is above the estimate, by name."""
        with np.errstate(invalid="ignore"):
            return {
                name: values.mean(axis=0) - self.estimate[name]
                for name, values in self.replicates.items()
            }

    def confidence_intervals(self, level: float = 0.95) -> Mapping[str, Interval]:
        """Return intervals between percentiles of the replicates, by name.

        Parameters
        ----------
        level : the share of replicates inside, between 0 and 1

        Raises
        ------
        ParameterError
            If it is not.
        """
        level = as_share("level", level)
        ends = 0.5 - 0.5 * level, 0.5 + 0.5 * level
        return {
            name: Interval(*_quantiles(values, ends)) for name, values in self.replicates.items()
        }


def bootstrap(
    mixture: Mixture,
    X: Any,
    sample_weight: ArrayLike | None = None,
    *,
    kind: str = "weighted",
    n_replicates: int = 999,
    prior: Any = "weak",
    random_state: int | None = None,
    missing: str = "error",
    engine: Any = "threads",
    n_jobs: int | None = None,
) -> Bootstrap:
    """Return replicates of a fit, each started from the fitted mixture.

    Parameters
    ----------
    mixture : as fitted to these rows
    X : (N, D)
    sample_weight : (N,) row weights from 0 up; weight 2 is the row twice
    kind : "weighted", rows with random weights (Newton and Raftery 1994); "rows", rows drawn with
        replacement; or "parametric", rows drawn from the mixture
    n_replicates : B
    prior : as in the fit
    random_state : a seed; replicate b is the same whatever B is and whoever fits it
    missing : "error", or "marginal" where cells of Gaussian mixtures may be NaN
    engine, n_jobs : whose workers fit replicates side by side

    Raises
    ------
    ParameterError
        If the kind is none of these, or no replicate can be fitted.
    """
    if kind not in KINDS:
        raise ParameterError(f"kind should be one of {', '.join(KINDS)}, but got {kind!r}")
    if n_replicates < 2:
        raise ParameterError(f"n_replicates should be 2 at least, but got {n_replicates!r}")
    rows = checked(mixture, X, sample_weight, missing, counts=True).gathered()
    reference = replace(mixture, family=rows.family)
    options = options_of(reference, prior)
    seed = _seed(random_state)

    worker = engine_named(engine, n_jobs)
    with worker.session():
        task = Replicate(reference, rows, kind, options, seed)
        every = list(worker.map(task, range(n_replicates)))
    mixtures = tuple(each for each in every if each is not None)
    if len(mixtures) < 2:
        raise ParameterError("no replicate could be fitted; use fewer components or a prior")
    arrays = [_arrays(each) for each in mixtures]
    return Bootstrap(
        estimate=_arrays(mixture),
        replicates={name: np.stack([each[name] for each in arrays]) for name in arrays[0]},
        mixtures=mixtures,
        failed=n_replicates - len(mixtures),
    )


@dataclass(frozen=True, slots=True)
class Replicate:
    """Makes the fit of one replicate, or None where there is none."""

    reference: Mixture
    rows: Rows
    kind: str
    options: SolveOptions
    seed: int

    def __call__(self, number: int) -> Mixture | None:
        """Return the mixture, its components in the order of the reference's."""
        rng = seeded(self.seed, number)
        source = (
            drawn_rows(self.reference, self.rows, rng)
            if self.kind == "parametric"
            else reweighted(self.rows, drawn_weights(self.rows, self.kind, rng))
        )
        n_components = self.reference.n_components
        start = from_mixture(self.reference)
        try:
            found = refit(self.reference, source, n_components, self.options, [start]).mixture
        except MixturaError:
            return None
        bound = self.reference.constraints
        if self.options.weighing.tells_apart or (bound is not None and bound.tells_apart):
            # Each component has what is held of its number.
            return found
        return aligned(found, self.reference, self.rows)


def _arrays(mixture: Mixture) -> Mapping[str, Float]:
    numbers = Numbers(mixture, mixture.family)
    return numbers.arranged(numbers.values)


def _quantiles(values: Float, levels: tuple[float, float]) -> Float:
    """Return quantiles (2, ...) of replicates; between infinite ones nothing is interpolated."""
    finite = bool(np.isfinite(values).all())
    return np.quantile(values, levels, axis=0, method="linear" if finite else "inverted_cdf")


def _seed(random_state: int | None) -> int:
    return int(np.random.default_rng(random_state).integers(2**31))
