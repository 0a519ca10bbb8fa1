"""The structures by name, and which of them are the same model."""

from collections.abc import Iterable

from mixtura.components.gaussian.structures.common_axes import COMMON_AXES
from mixtura.components.gaussian.structures.diagonal import DIAGONAL
from mixtura.components.gaussian.structures.ellipsoidal import ELLIPSOIDAL
from mixtura.components.gaussian.structures.spherical import SPHERICAL
from mixtura.components.gaussian.structures.structure import Structure
from mixtura.errors import ParameterError

__all__ = ["CODES", "STRUCTURES", "distinct", "structure"]

# From the most shared to the least, spherical to ellipsoidal.
LATTICE = (
    *("EII", "VII"),
    *("EEI", "VEI", "EVI", "VVI"),
    *("EEE", "VEE", "EVE", "VVE", "EEV", "VEV", "EVV", "VVV"),
)

STRUCTURES: dict[str, Structure] = {
    each.code: each
    for each in sorted(
        (*SPHERICAL, *DIAGONAL, *ELLIPSOIDAL, *COMMON_AXES),
        key=lambda each: LATTICE.index(each.code),
    )
}

CODES: tuple[str, ...] = tuple(STRUCTURES)

# scikit-learn's names, and mclust's for one column.
OTHER_NAMES = {
    "full": "VVV",
    "tied": "EEE",
    "diag": "VVI",
    "spherical": "VII",
    "E": "EII",
    "V": "VII",
}


def structure(name: str) -> Structure:
    """Return a structure by its code, by scikit-learn's name, or by "E" or "V" for one column.

    Raises
    ------
    ParameterError
        If there is none of that name.
    """
    found = STRUCTURES.get(OTHER_NAMES.get(name, name)) if isinstance(name, str) else None
    if found is None:
        names = ", ".join((*CODES, *OTHER_NAMES))
        raise ParameterError(f"there is no covariance structure {name!r}; use one of {names}")
    return found


def distinct(codes: Iterable[str], n_components: int, n_columns: int) -> dict[str, str]:
    """Return for each code the code of the structure that stands for the same model.

    Without a second component nothing varies; without a second column there is only a volume.

    Examples
    --------
    >>> distinct(["EEI", "VVI", "VVV"], n_components=1, n_columns=3)
    {'EEI': 'EEI', 'VVI': 'EEI', 'VVV': 'EEE'}
    """
    return {code: _representative(code, n_components, n_columns) for code in codes}


def _representative(code: str, n_components: int, n_columns: int) -> str:
    if n_columns == 1:
        code = code[0] + "II"
    return code.replace("V", "E") if n_components == 1 else code
