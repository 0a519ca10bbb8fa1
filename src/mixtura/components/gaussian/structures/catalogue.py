"""The structures by name, and which of them are the same model."""

from collections.abc import Iterable
from functools import partial

from mixtura.components.gaussian.structures.compiled import compiled_update
from mixtura.components.gaussian.structures.structure import Features, Storage, Structure
from mixtura.errors import ParameterError
from mixtura.native.updates import CODES

__all__ = ["CODES", "STRUCTURES", "distinct", "structure"]

# From the most shared to the least, spherical to ellipsoidal: in words, how covariances are stored,
# and the scatter asked for. `native/structures.c` has the updates.
LATTICE: dict[str, tuple[str, Storage, Features]] = {
    "EII": ("spherical, equal volume", "spherical", "linear"),
    "VII": ("spherical, varying volume", "spherical", "diagonal"),
    "EEI": ("diagonal, equal volume and shape", "diagonal", "linear"),
    "VEI": ("diagonal, equal shape", "diagonal", "diagonal"),
    "EVI": ("diagonal, equal volume, varying shape", "diagonal", "diagonal"),
    "VVI": ("diagonal, varying volume and shape", "diagonal", "diagonal"),
    "EEE": ("ellipsoidal, equal volume, shape and orientation", "full", "linear"),
    "VEE": ("ellipsoidal, equal shape and orientation", "full", "full"),
    "EVE": ("ellipsoidal, equal volume and orientation", "full", "full"),
    "VVE": ("ellipsoidal, equal orientation", "full", "full"),
    "EEV": ("ellipsoidal, equal volume and shape", "full", "full"),
    "VEV": ("ellipsoidal, equal shape", "full", "full"),
    "EVV": ("ellipsoidal, equal volume", "full", "full"),
    "VVV": ("ellipsoidal, varying volume, shape and orientation", "full", "full"),
}
ITERATIVE = ("VEI", "VEE", "EVE", "VVE", "VEV")
ONE_SCALE = ("EII", "VII", "EVE", "VVE", "EEV", "VEV")

STRUCTURES: dict[str, Structure] = {
    code: Structure.lettered(
        code,
        *LATTICE[code],
        partial(compiled_update, code),
        iterative=code in ITERATIVE,
        one_scale=code in ONE_SCALE,
    )
    for code in CODES
}

# scikit-learn's names, mclust's for one column, and the numbers of tidyLPA's models.
OTHER_NAMES = {
    "full": "VVV",
    "tied": "EEE",
    "diag": "VVI",
    "spherical": "VII",
    "E": "EII",
    "V": "VII",
    "tidylpa1": "EEI",
    "tidylpa2": "VVI",
    "tidylpa3": "EEE",
    "tidylpa6": "VVV",
}
# Models of tidyLPA that are none of the fourteen.
NOT_HERE = {
    "tidylpa4": "variances of their own for each component and one set of covariances for all",
    "tidylpa5": "one set of variances for all components and covariances of their own for each",
}


def structure(name: str) -> Structure:
    """Return a structure by its code, or by another name that it has elsewhere.

    These are scikit-learn's, "E" and "V" for one column, and "tidylpa1" to "tidylpa6".

    Raises
    ------
    ParameterError
        If there is none of that name.
    """
    found = STRUCTURES.get(OTHER_NAMES.get(name, name)) if isinstance(name, str) else None
    if isinstance(name, str) and name in NOT_HERE:
        raise ParameterError(
            f"{name!r}, {NOT_HERE[name]}, is none of the fourteen covariance structures; nearest "
            'are "VEE" (one shape and orientation), "EEE" and "VVV"'
        )
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
