"""The setting `noise`: a Gaussian family with a component of constant density."""

from collections.abc import Callable

from mixtura.components.gaussian.box import smallest_box
from mixtura.components.gaussian.family import GaussianFamily
from mixtura.components.gaussian.noise import GaussianNoiseFamily
from mixtura.data import RowSource
from mixtura.data.gaps import has_gaps
from mixtura.errors import ParameterError
from mixtura.estimators.settings import checked_choice, checked_number

__all__ = ["noise_maker"]


def noise_maker(
    noise: str | None, volume: float | None, source: RowSource
) -> Callable[[GaussianFamily], GaussianFamily | GaussianNoiseFamily]:
    """Return what gives a family the noise that is asked for.

    Parameters
    ----------
    noise : None or "uniform"
    volume : that the noise fills, in the units of the columns; None for a box around the rows
    source : the rows

    Raises
    ------
    ParameterError
        If there is no such noise, the volume is not above 0, or a cell is missing.
    """
    if noise is None:
        return lambda family: family
    checked_choice("noise", noise, ("uniform",))
    if volume is not None and not checked_number("noise_volume", volume) > 0:
        raise ParameterError("noise_volume should be above 0; None takes the data's box")
    block = source.block(0, source.n_rows)
    if has_gaps(block.rows):
        raise ParameterError(
            "noise fills a volume of all columns, so it takes no missing cells; leave out the rows "
            "that have some, or set noise=None"
        )
    box = smallest_box(block.rows, block.weights)
    return lambda family: GaussianNoiseFamily.around(family, box, volume)
