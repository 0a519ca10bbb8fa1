"""Updates by compiled code, which names a component that is singular by its number."""

import numpy as np
from numpy.typing import NDArray

from mixtura.components.gaussian.structures.singular import refuse
from mixtura.components.gaussian.structures.structure import Structure
from mixtura.native.updates import SingularCovariance, native_update

__all__ = ["compiled_update", "compiled_update_above"]

Float = NDArray[np.float64]


def compiled_update(code: str, scatter: Float, rows: Float, previous: Float | None = None) -> Float:
    """Return the factors of precisions that maximise the M-step's objective.

    Parameters
    ----------
    code : one of the fourteen
    scatter : float64, as `Structure.features` says: (K, D, D), (K, D), (D, D) or (D,)
    rows : (K,) float64
    previous : factors to start from, or None

    Returns
    -------
    (K,), (K, D) or (K, D, D) float64

    Raises
    ------
    ParameterError
        Naming the component whose covariance is singular.
    """
    try:
        return native_update(code, scatter, rows, previous)
    except SingularCovariance as error:
        refuse(subject(error.component))


def compiled_update_above(
    structure: Structure, scatter: Float, rows: Float, previous: Float | None, floor: Float
) -> Float:
    """Return the factors that maximise the objective above a floor (D,) of variances.

    A structure whose update is not compiled is asked for it.
    """

    def own(scatter: Float, previous: Float | None) -> Float:
        return structure.update(scatter, rows, previous if structure.iterative else None)

    asked = None if structure.is_compiled else own
    try:
        return native_update(structure.code, scatter, rows, previous, floor=floor, own=asked)
    except SingularCovariance as error:
        refuse(subject(error.component))


def subject(component: int | None) -> str:
    """Return what is singular."""
    return f"{'the shared' if component is None else f'component {component}: the'} covariance is"
