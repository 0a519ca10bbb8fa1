"""Settings: the constructor's arguments of every mixture, checked and frozen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from mixtura.arrays import whole_number as checked_integer
from mixtura.checkpoints import once
from mixtura.components.dirichlet import Dirichlet
from mixtura.components.weighing import Weighing
from mixtura.em.solve import SolveOptions
from mixtura.em.starts import StartOptions
from mixtura.em.stopping import GainLeft, MeanChange, StoppingRule
from mixtura.errors import ParameterError
from mixtura.estimators.mixing import checked_weighing
from mixtura.estimators.sizes import size_of

__all__ = [
    "DEFAULT_MAX_ITER",
    "Settings",
    "checked_choice",
    "checked_integer",
    "checked_number",
    "seed_of",
]

DEFAULT_MAX_ITER = 1000
# Who allows fewer sweeps than this has no time to look for a better optimum.
LEAST_TO_SPLIT_AND_MERGE = 50


@dataclass(frozen=True, slots=True)
class Settings:
    """What all mixtures are asked for, whatever their components.

    Attributes
    ----------
    n_components : K
    rule : when to stop
    max_iter : sweeps at the most
    n_init : starts carried to the end
    seed : drawn from `random_state`
    prior : "weak", "conjugate", None or a penalty
    weighing : what the mixing weights are
    accelerate : whether to extrapolate EM
    """

    n_components: int
    rule: StoppingRule
    max_iter: int
    n_init: int
    seed: int
    prior: Any
    weighing: Weighing
    accelerate: bool

    @classmethod
    def of(cls, estimator: Any, sizes: Sequence[int] | None = None) -> "Settings":
        """Return the checked settings of an estimator, or of a search over numbers of components.

        Raises
        ------
        ParameterError
            Naming the argument, what it was and what it may be.
        """
        tol = estimator.tol
        prior, concentration = parted_prior(
            estimator.prior, getattr(estimator, "default_prior", "weak")
        )
        max_iter = estimator.max_iter
        n_components = max(sizes) if sizes else size_of(estimator)
        return cls(
            n_components=n_components,
            rule=GainLeft() if tol is None else MeanChange(checked_number("tol", tol)),
            max_iter=checked_integer(
                "max_iter", DEFAULT_MAX_ITER if max_iter is None else max_iter, 0
            ),
            n_init=checked_integer("n_init", estimator.n_init, 1),
            seed=seed_of(estimator.random_state),
            prior=prior,
            weighing=checked_weighing(
                estimator.mixing_weights,
                [n_components] if sizes is None else sizes,
                concentration=concentration,
                start=getattr(estimator, "weights_init", None),
            ),
            accelerate=_accelerates(estimator),
        )

    def with_components(self, n_components: int) -> "Settings":
        """Return these settings with another K."""
        return replace(self, n_components=n_components)

    def start_options(self) -> StartOptions:
        """Return how starts are made."""
        return StartOptions(
            self.seed,
            finish=self.n_init,
            splits_and_merges=self.accelerate
            and isinstance(self.rule, GainLeft)
            and self.max_iter >= LEAST_TO_SPLIT_AND_MERGE,
        )

    def options(
        self,
        *,
        prior: Any,
        monotone: bool,
        rescue: bool,
        earlier: tuple[float, ...] = (),
        progress: Callable[[int, int, float], None] | None = None,
    ) -> SolveOptions:
        """Return what the solver is asked for."""
        return SolveOptions(
            rule=self.rule,
            max_iter=self.max_iter,
            prior=prior,
            weighing=self.weighing,
            rescue=rescue,
            monotone=monotone,
            starts=self.start_options(),
            # A fit that is carried on goes on as it would have without a break.
            accelerate=self.accelerate and not earlier,
            earlier=earlier,
            progress=progress,
        )


def seed_of(random_state: Any) -> int:
    """Return a seed drawn from a Generator, or what scikit-learn takes for a `random_state`.

    Where it is None, a fit that goes on from a checkpoint has the seed that it had before.
    """
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31 - 1))
    try:
        seed = int(check_random_state(random_state).randint(2**31 - 1))
        return once("seed", lambda: seed) if random_state is None else seed
    except ValueError as error:
        raise ParameterError(
            "random_state should be None, a whole number from 0 up, a RandomState or a Generator: "
            f"{error}"
        ) from None


def parted_prior(prior: Any, default: Any = "weak") -> tuple[Any, float]:
    """Return the prior on the components and the concentration of that on the mixing weights.

    A `Dirichlet` may be given alone, beside which components keep the default, or in a tuple.
    """
    given = list(prior) if isinstance(prior, (tuple, list)) else [prior]
    about_weights = [one for one in given if isinstance(one, Dirichlet)]
    others = [one for one in given if not isinstance(one, Dirichlet)]
    if len(about_weights) > 1 or len(others) > 1:
        raise ParameterError("prior should be one prior on components, one Dirichlet, or both")
    concentration = about_weights[0].concentration if about_weights else 1.0
    return (others[0] if others else default), float(concentration)


def _accelerates(estimator: Any) -> bool:
    """Return whether the algorithm is an accelerated one; "auto" is, under our stopping rule."""
    name = checked_choice("algorithm", estimator.algorithm, ("auto", "em", "squarem"))
    return name == "squarem" or (name == "auto" and estimator.tol is None)


def checked_number(name: str, value: Any) -> float:
    """Return a finite number from 0 up."""
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
        if np.isfinite(number) and number >= 0:
            return number
    raise ParameterError(f"{name} should be a number from 0 up or None, but got {value!r}")


def checked_choice(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    """Return one of the allowed words."""
    if isinstance(value, str) and value in allowed:
        return value
    raise ParameterError(f"{name} should be one of {', '.join(allowed)}, but got {value!r}")
