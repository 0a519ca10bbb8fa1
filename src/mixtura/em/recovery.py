"""Components that only the prior keeps wide: given rows of a heavy component, and tried again.

Such a component sits on a few rows, or on rows that lie in a plane or share a value. Its likelihood
has no maximum, so a fit without one is preferred even where it is less likely. What cannot be
mended is kept and named.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mixtura.data import ArrayRows
from mixtura.em.degeneracy import Recovery
from mixtura.em.fit import FitOptions, Run, fit, ranked
from mixtura.em.model import Model
from mixtura.em.starts import StartOptions, model_from_labels, seeded_labels
from mixtura.em.stopping import Ending
from mixtura.em.sweep import Sweep
from mixtura.errors import ParameterError
from mixtura.mixture import Mixture

__all__ = ["best_run", "held_up"]

# How often a collapsed component is given other rows.
ATTEMPTS = 3


def held_up(sweep: Sweep, run: Run, prior: object) -> NDArray[np.bool_]:
    """Return which components (K,) would have no width in some direction without the prior."""
    return sweep.family.held_up(run.model.parameters, run.statistics.moments, prior)


def best_run(
    sweep: Sweep, runs: Sequence[Run], options: FitOptions, starts: StartOptions
) -> tuple[Run, Recovery | None]:
    """Return the best run without collapsed components; with them if there is no other.

    Parameters
    ----------
    runs : finished ones
    options : how they were run
    starts : the size and seed of the subsample that collapsed components are given rows of

    Returns
    -------
    run : the best
    recovery : what is to be said of its components, if anything
    """
    tried = [run for run in runs if run.joined is None]
    for attempt in range(ATTEMPTS):
        best = ranked(tried)[0]
        sound = [run for run in tried if not held_up(sweep, run, options.prior).any()]
        if sound:
            best = ranked(sound)[0]
            if best.ending is Ending.OUTRUN:
                # The run that was ahead has collapsed since.
                best = fit(sweep, [best.model], replace(options, keep=False))[0]
            return best, best.recovery
        if held_up(sweep, best, options.prior).all():
            # All rows lie in a plane: other rows would not help.
            break
        try:
            model = resplit(sweep, best, attempt, options, starts)
        except ParameterError:
            break
        tried += fit(sweep, [model], replace(options, keep=False))
    sound = [run for run in tried if not held_up(sweep, run, options.prior).any()]
    best = ranked(sound or tried)[0]
    collapsed = np.flatnonzero(held_up(sweep, best, options.prior))
    return best, _told(best, collapsed) if len(collapsed) else best.recovery


def _told(run: Run, collapsed: NDArray[np.intp]) -> Recovery:
    sizes = run.statistics.moments.effective_rows[collapsed]
    listed = ", ".join(
        f"{component} ({size:.1f} rows)" for component, size in zip(collapsed, sizes, strict=True)
    )
    return Recovery(
        tuple(int(component) for component in collapsed),
        f"component(s) {listed} have no width of their own in some direction, and the prior keeps "
        "them finite; try fewer components, or a structure that shares more between them",
    )


def resplit(
    sweep: Sweep, run: Run, attempt: int, options: FitOptions, starts: StartOptions
) -> Model:
    """Return a start in which the collapsed components take rows of heavy ones.

    The rows of a collapsed component go to the next best; those of the heaviest component (at the
    second attempt the second heaviest, and so on) are parted by k-means++.
    """
    family, model = sweep.family, run.model
    collapsed = np.flatnonzero(held_up(sweep, run, options.prior))
    rows, weights = sweep.source.subsample(
        starts.subsample_rows(model.n_components), starts.seed + attempt
    )
    user_family, parameters = family.in_user_units(model.parameters)
    mixture = Mixture(np.exp(model.log_weights), user_family, parameters)
    shares = mixture.responsibilities(rows)
    shares[:, collapsed] = -1.0
    labels = shares.argmax(axis=1)
    points = family.embed(rows)
    mass = np.ones(len(points)) if weights is None else weights
    for turn, component in enumerate(collapsed):
        sizes = np.bincount(labels, weights=mass, minlength=model.n_components)
        heavy = int(np.argsort(-sizes)[(attempt + turn) % max(1, int((sizes > 0).sum()))])
        inside = np.flatnonzero(labels == heavy)
        rng = np.random.default_rng([starts.seed, attempt, turn])
        parted = seeded_labels(points[inside], mass[inside], 2, rng)
        labels[inside[parted == 1]] = component
    sample = Sweep(family, ArrayRows(rows, weights), sweep.engine)
    return model_from_labels(sample, labels, model.n_components, options)
