"""What a fit of factor analysers keeps of its rows to take others in: nothing.

What a scatter makes of some directions says nothing of those that other parameters would ask of.
"""

from typing import Any

from numpy.typing import NDArray

from mixtura.components.factor_analyser.family import FactorAnalyserFamily
from mixtura.components.factor_analyser.moments import FactorMoments
from mixtura.errors import ParameterError

__all__ = ["factor_arrays", "factor_known", "factor_resumed"]


def factor_arrays(family: FactorAnalyserFamily, moments: FactorMoments) -> dict[str, NDArray[Any]]:
    """Return nothing to be kept."""
    return {}


def factor_known(family: FactorAnalyserFamily, shared: Any) -> float:
    """Return Σ w: no cell is missing."""
    return float(shared.weight)


def factor_resumed(family: FactorAnalyserFamily, moments: FactorMoments, rows: Any) -> Any:
    """Raise: such moments go on with no other rows.

    Raises
    ------
    ParameterError
        Always.
    """
    raise ParameterError(
        "factor analysers take no rows in later: what a fit keeps of its rows holds for its own "
        "parameters only; fit all rows together"
    )
