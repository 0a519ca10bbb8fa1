"""Warnings of a search whose best model is not sound."""

import warnings

from mixtura.errors import DegenerateComponentWarning
from mixtura.selection import Selection

__all__ = ["warn_of_best"]


def warn_of_best(selection: Selection) -> None:
    """Warn the caller's caller of what speaks against the best model, if there is one."""
    for best in selection.ranked[:1]:
        for caution in best.cautions:
            warnings.warn(caution, DegenerateComponentWarning, stacklevel=3)
