"""The setting `noise`: a family with a component of constant density."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from mixtura.components.background import Background
from mixtura.components.noise import NoiseFamily
from mixtura.data import RowSource, blocks_of
from mixtura.data.checks import Names, check_varying
from mixtura.data.gaps import has_gaps
from mixtura.data.stand_ins import extremes_of
from mixtura.errors import ParameterError
from mixtura.estimators.settings import checked_choice, checked_number

__all__ = ["noise_maker"]


def noise_maker(
    noise: str | None, source: RowSource, names: Names, volume: float | None = None
) -> Callable[[Any], Any]:
    """Return what gives families of the same columns the noise that is asked for.

    Parameters
    ----------
    noise : None or "uniform"
    source : the rows
    names : of the columns, for errors
    volume : that the noise beside Gaussians fills, in the units of the columns; None for a box
        around the rows

    Raises
    ------
    ParameterError
        If there is no such noise, the volume is not above 0, or there is one without noise.
    DataError
        When noise is asked for, naming a column of one value, over which nothing is constant.
    """
    if noise is None:
        if volume is not None:
            raise ParameterError("noise_volume says nothing without noise; set noise='uniform'")
        return lambda family: family
    checked_choice("noise", noise, ("uniform",))
    if volume is not None and not checked_number("noise_volume", volume) > 0:
        raise ParameterError("noise_volume should be above 0; None takes the data's box")
    told = {} if volume is None else {"volume": volume}
    found: list[Background] = []

    def passes() -> Iterator[tuple[Any, Any]]:
        return ((block.rows, block.weights) for block in blocks_of(source))

    def noisy(family: Any) -> NoiseFamily:
        if not found:
            found.append(family.background(passes, **told))
            if volume is None or has_gaps(extremes_of(source)):
                widths = np.where(found[0].is_empty, 0.0, 1.0)
                check_varying(widths, names, "drop it, or set noise=None")
        return NoiseFamily.around(family, found[0])

    return noisy
