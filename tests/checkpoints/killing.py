"""Fits that are stopped at a given save of their checkpoint, and what they come to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import mixtura
from mixtura import (
    BernoulliMixture,
    CategoricalMixture,
    GammaMixture,
    GaussianMixture,
    MixedMixture,
    MultinomialMixture,
    NegativeBinomialMixture,
    PoissonMixture,
    dataset,
    select,
)
from mixtura.checkpoints import resumable


class Killed(BaseException):
    """What no code waits for."""


def groups(seed: int, n_rows: int, n_columns: int, n_groups: int, apart: float) -> Any:
    rng = np.random.default_rng(seed)
    centres = apart * rng.normal(size=(n_groups, n_columns))
    return centres[rng.integers(n_groups, size=n_rows)] + rng.normal(size=(n_rows, n_columns))


FEW = groups(1, 900, 3, 4, 1.2)
# More than a tile, so that runs are led from Python and share their sweeps.
MANY = groups(2, 11_000, 8, 4, 1.0)
GAPPY = np.where(np.random.default_rng(3).random(FEW.shape) < 0.1, np.nan, FEW)
COUNTS = np.abs(4 * FEW).round()
ANSWERS = np.clip(COUNTS, 0, 2).astype(int)


def beyond() -> Any:
    return dataset([MANY[:4000], MANY[4000:]], memory="100 kB")


def mixed() -> MixedMixture:
    blocks = {"categorical": [0], "poisson": [1], "gaussian": [2]}
    return MixedMixture(3, blocks, random_state=0, n_init=2)


FITS: dict[str, Callable[[], Any]] = {
    "compiled": lambda: GaussianMixture(4, n_init=3, random_state=0).fit(FEW),
    "together": lambda: GaussianMixture(4, n_init=2, random_state=0).fit(MANY),
    "beyond memory": lambda: GaussianMixture(4, n_init=2, random_state=0).fit(beyond()),
    "categories": lambda: CategoricalMixture(3, random_state=0, n_init=3).fit(ANSWERS),
    "mixed": lambda: mixed().fit(np.column_stack([ANSWERS[:, 0], COUNTS[:, 1], FEW[:, 2]])),
    "search": lambda: select(FEW, range(1, 5), ["VVV", "EII"], random_state=0, engine="serial"),
    "search by two": lambda: select(FEW, range(1, 5), ["VVV", "EII"], random_state=0, n_jobs=2),
    "search of many": lambda: select(MANY, range(1, 4), ["VVI", "EII"], random_state=0),
    "k-means": lambda: GaussianMixture(4, init_params="kmeans", tol=1e-6, random_state=0).fit(MANY),
    "noise": lambda: GaussianMixture(3, noise="uniform", random_state=0).fit(FEW),
    "gaps": lambda: GaussianMixture(3, missing="marginal", random_state=0, n_init=2).fit(GAPPY),
    "without rescue": lambda: GaussianMixture(3, prior=None, random_state=0).fit(MANY),
    "yes or no": lambda: BernoulliMixture(3, random_state=0, n_init=3).fit(ANSWERS > 0),
    "rates": lambda: PoissonMixture(3, random_state=0, n_init=3).fit(COUNTS),
    "words": lambda: MultinomialMixture(3, random_state=0, n_init=3).fit(COUNTS),
    "sizes": lambda: NegativeBinomialMixture(3, random_state=0, n_init=2).fit(COUNTS),
    "amounts": lambda: GammaMixture(3, random_state=0, n_init=2).fit(np.exp(FEW)),
    "held": lambda: GaussianMixture(3, mixing_weights=[0.2, 0.3, 0.5], random_state=0).fit(FEW),
    "search of rates": lambda: PoissonMixture(random_state=0).select(COUNTS, range(1, 4)),
}


def stopped(
    fit: Callable[[], Any], path: Path, at: int | None, patch: Any, error: type[BaseException]
) -> tuple[Any, int]:
    """Return what a fit comes to, or None where it is stopped, and how often it was saved.

    Parameters
    ----------
    at : the number of the save that raises the error, from 0; None for none
    """
    saves = 0
    write = resumable.write_checkpoint

    def counted(*arguments: Any) -> None:
        nonlocal saves
        # Nothing is written after a kill.
        if saves == at or (error is Killed and at is not None and saves > at):
            saves += 1
            raise error
        write(*arguments)
        saves += 1

    with patch.context() as here:
        here.setattr(resumable, "write_checkpoint", counted)
        try:
            with mixtura.checkpoint(path, 0):
                return fit(), saves
        except error:
            return None, saves
        finally:
            here.undo()


def bits(found: Any) -> tuple[Any, ...]:
    """Return all that a fit has come to, but for the seconds that it took."""
    if hasattr(found, "candidates"):
        return tuple(
            (one.kind, one.n_components, one.failure, *(bits(one.result) if one.result else ()))
            for one in found.candidates
        )
    mixture = found.mixture_ if hasattr(found, "mixture_") else found.mixture
    history = found.history_ if hasattr(found, "history_") else found.history
    facts = found.facts_ if hasattr(found, "facts_") else found.facts()
    arrays, _ = mixture.family.to_arrays(mixture.parameters)
    return (
        mixture.weights.tobytes(),
        [array.tobytes() for array in arrays.values()],
        [(step.log_likelihood, step.objective, step.lower_bound) for step in history.steps],
        (history.outcomes, history.failures, history.passed_over, history.certificate),
        {name: value for name, value in facts.items() if name != "seconds"},
    )
