"""`fit_by`: an estimator fitted to each of many groups of rows."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from mixtura.components.gaussian.structures import structure
from mixtura.data.arrays import ArrayRows
from mixtura.data.parts import Coded
from mixtura.data.resolution import JUDGED, column_steps
from mixtura.engines import engine_named
from mixtura.errors import ParameterError
from mixtura.estimators import CategoricalMixture, GaussianMixture, MixedMixture
from mixtura.estimators.base import MixtureEstimator
from mixtura.estimators.mixed_dataset import coding_of
from mixtura.estimators.settings import DEFAULT_MAX_ITER, Settings, checked_integer, seed_of
from mixtura.estimators.sizes import is_auto, size_of
from mixtura.grouped.alone import Alone, OneFit, quietly
from mixtura.grouped.compiled import CompiledMixtures, Request
from mixtura.grouped.fits import GroupedMixtures
from mixtura.grouped.makers import Categories, Maker, Numbers
from mixtura.grouped.rows import GroupedRows, grouped_rows
from mixtura.grouped.together import SomeFits, Together
from mixtura.native.updates import MOST_COLUMNS, MOST_COMPONENTS

__all__ = ["fit_by"]

# Rows that are worth a call of compiled code.
ROWS_AT_ONCE = 1 << 15
# No group takes more sweeps than this, and there is room for each from the start.
MOST_SWEEPS = 1 << 20
# Starts of each group, for each of n_init.
STARTS = 4
# What an estimator may have been told so that its groups are fitted in compiled code.
TOLD = {"n_components", "covariance_type", "max_iter", "n_init", "random_state", "engine", "n_jobs"}


def fit_by(
    estimator: MixtureEstimator,
    data: Any,
    by: Any,
    columns: Sequence[str] | None = None,
    weights: Any = None,
    *,
    thorough: bool = False,
    memory: int | str | None = None,
    cache: str | os.PathLike[str] | None = None,
) -> GroupedMixtures:
    """Fit a mixture to each group of rows.

    Parameters
    ----------
    estimator : what each group is fitted by, such as `GaussianMixture(2)`; it is not changed
    data : a frame of any library, an array (N, D), or files as `mixtura.dataset` takes them,
        sorted by group or not
    by : the name of a column of groups, or a group for each row of an array or a frame
    columns : names of those to be fitted; all but those of groups and weights when None
    weights : the name of a column of row weights from 0 up, or one for each row of an array or a
        frame; weight 2 is the row twice
    thorough : whether Gaussian groups are fitted one by one, by the whole search for starts that
        `fit` makes, as all others are. Else they have up to four starts for each of `n_init`, in
        compiled code, in less than a hundredth of the time
    memory : bytes that sorted rows may take in memory, a number or text such as "500 MB"; by
        default a quarter of the machine's. More go to a file
    cache : folder for that file, of N D 8 bytes; by default that of temporary files

    Returns
    -------
    GroupedMixtures
        What is found of a group depends on its own rows alone, and on the steps between the values
        of rounded columns and the levels of categories, which are those of all rows.

    Raises
    ------
    DataError
        Naming the column and row of a cell that is no number, or of a group that is missing.
    ParameterError
        If the estimator is none, or one of its settings.

    Examples
    --------
    >>> import numpy as np
    >>> from mixtura import GaussianMixture, fit_by
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(0, 1, (50, 1)), rng.normal(9, 1, (50, 1))] * 2)
    >>> fits = fit_by(GaussianMixture(2), X, by=["north"] * 100 + ["south"] * 100)
    >>> len(fits), fits["south"].n_components, bool(fits.trusted.all())
    (2, 2, True)
    """
    if not isinstance(estimator, MixtureEstimator):
        raise ParameterError(
            "fit_by takes an estimator of mixtures, such as GaussianMixture(2), but got "
            f"{type(estimator).__name__}"
        )
    _check(estimator)
    maker = _maker(estimator)
    rows = grouped_rows(data, by, columns, weights, maker=maker, memory=memory, cache=cache)
    # Filters of warnings are those of all threads, whichever of these ends first.
    with quietly():
        if thorough or not _is_plain(estimator, rows.cells.shape[1]):
            return _one_by_one(estimator, rows)
        return _together(estimator, rows)


def _check(estimator: MixtureEstimator) -> None:
    """Raise `ParameterError` for a setting that is none, before all rows are read."""
    own: Any = clone(estimator)
    if not is_auto(own.n_components):
        Settings.of(own)
    if isinstance(own, GaussianMixture) and own.covariance_type != "auto":
        structure(own.covariance_type)


def _maker(estimator: MixtureEstimator) -> Maker:
    """Return what makes numbers of cells as the estimator takes them.

    Raises
    ------
    ParameterError
        If the kinds of mixed columns are not named, or not the trials of successes.
    """
    if getattr(estimator, "trials", 1) is None:
        raise ParameterError(
            "groups of successes should all have the same trials, and the highest cells of groups "
            "differ; give trials"
        )
    if isinstance(estimator, CategoricalMixture):
        return Categories(Coded())
    if isinstance(estimator, MixedMixture):
        if estimator.blocks is None:
            raise ParameterError(
                "groups of mixed columns should all have the same blocks; name these, as "
                "mixtura.inspect(data).blocks() tells them of all rows"
            )
        return Categories(coding_of(estimator.blocks))
    return Numbers(gaps=getattr(estimator, "missing", "error") != "error")


def _is_plain(estimator: MixtureEstimator, n_columns: int) -> bool:
    """Return whether compiled code fits groups as the estimator is told."""
    if not isinstance(estimator, GaussianMixture):
        return False
    defaults = GaussianMixture().get_params()
    told = {
        name
        for name, value in estimator.get_params().items()
        if not (value is defaults[name] or value == defaults[name])
    }
    size, form = estimator.n_components, estimator.covariance_type
    return (
        told <= TOLD
        and not is_auto(size)
        and form != "auto"
        and 4 * int(size) <= MOST_COMPONENTS
        and n_columns <= MOST_COLUMNS
    )


def _one_by_one(estimator: MixtureEstimator, rows: GroupedRows) -> GroupedMixtures:
    """Return fits of all groups, each as any rows are fitted."""
    engine = engine_named(estimator.engine, estimator.n_jobs)
    alone = Alone(estimator, seed_of(estimator.random_state), rows.columns, rows.read_as)
    given = [(rows.of(g), rows.weights_of(g)) for g in range(len(rows.groups))]
    with engine.session():
        found = list(engine.map(_Each(alone), given))
    if all(one.refused for one in found) and len({one.note for one in found}) == 1:
        # What is said of every group alike is said of the estimator.
        raise ParameterError(found[0].note)
    free = [np.nan if one.mixture is None else one.mixture.n_parameters for one in found]
    return GroupedMixtures(
        rows.by,
        rows.groups,
        [one.mixture for one in found],
        np.diff(rows.bounds),
        rows.totals,
        np.array([one.log_likelihood for one in found]),
        np.array([one.converged for one in found]),
        np.array([one.sound for one in found]),
        np.array(free, dtype=np.float64),
        {g: one.note for g, one in enumerate(found) if one.note},
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Each:
    """Fits the cells and weights of one group."""

    alone: Alone

    def __call__(self, given: tuple[Any, Any]) -> OneFit:
        return self.alone(*given)


def _together(estimator: Any, rows: GroupedRows) -> GroupedMixtures:
    """Return Gaussian fits of all groups, in compiled code but for those that want more care."""
    size, width = size_of(estimator), rows.cells.shape[1]
    most = DEFAULT_MAX_ITER if estimator.max_iter is None else estimator.max_iter
    seed = seed_of(estimator.random_state)
    request = Request(
        structure(estimator.covariance_type).code,
        size,
        width,
        STARTS * checked_integer("n_init", estimator.n_init, 1),
        min(checked_integer("max_iter", most, 1), MOST_SWEEPS),
        seed,
        _steps(rows),
    )
    task = Together(request, Alone(estimator, seed, rows.columns))
    engine = engine_named(estimator.engine, estimator.n_jobs)
    with engine.session():
        parts = list(engine.map(task, [rows.some(*span) for span in _spans(rows.bounds)]))
    known = SomeFits.joined(parts)
    log_likelihood = known.found.log_likelihood
    mixtures = CompiledMixtures.of(request, known.found, rows.columns)
    free = request.structure.n_parameters(size, width) + size * width + size - 1
    return GroupedMixtures(
        rows.by,
        rows.groups,
        mixtures,
        np.diff(rows.bounds),
        rows.totals,
        log_likelihood,
        known.converged,
        known.sound,
        np.where(np.isnan(log_likelihood), np.nan, float(free)),
        known.notes,
    )


def _steps(rows: GroupedRows) -> NDArray[np.float64]:
    """Return the steps between values of rounded columns (D,), by groups evenly spaced."""
    every = -(-len(rows.cells) // JUDGED)
    some = [rows.of(g) for g in range(0, len(rows.groups), every)]
    return column_steps(ArrayRows(np.concatenate(some), None))


def _spans(bounds: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return groups from one to before another that are worth a call of compiled code."""
    starts = np.flatnonzero(np.diff(bounds[:-1] // ROWS_AT_ONCE, prepend=-1)).tolist()
    return list(pairwise([*starts, len(bounds) - 1]))
