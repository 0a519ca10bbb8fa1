"""Whether two mixtures are of the same columns, so that one can be held against the other."""

from mixtura.data.checks import column_label
from mixtura.errors import ParameterError
from mixtura.mixture import Mixture

__all__ = ["check_alike"]


def check_alike(one: Mixture, other: Mixture) -> None:
    """Raise `ParameterError`, naming the column, unless two mixtures are over the same columns.

    Those have the same kinds, the same labels in the same order, and the same names where both
    mixtures have names.
    """
    if one.n_columns != other.n_columns:
        raise ParameterError(
            f"mixtures over {one.n_columns} and {other.n_columns} columns cannot be compared"
        )
    if one.columns is not None and other.columns is not None:
        for place, (name, called) in enumerate(zip(one.columns, other.columns, strict=True)):
            if name != called:
                raise ParameterError(
                    f"column {place} is '{name}' in one mixture and '{called}' in the other, "
                    "which cannot be compared; fit both to the same columns in the same order"
                )
    names = one.columns or other.columns
    for place, (kind, met) in enumerate(zip(one.kinds, other.kinds, strict=True)):
        label = column_label(names, place)
        if kind.name != met.name:
            raise ParameterError(
                f"{label} is a {kind.name} in one mixture and a {met.name} in the other, which "
                "cannot be compared"
            )
        if kind.labels != met.labels:
            raise ParameterError(
                f"{label} has categories in one mixture that are not those of the other, in their "
                "order; such mixtures cannot be compared"
            )
