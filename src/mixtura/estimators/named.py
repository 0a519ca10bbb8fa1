"""Estimators by the name of their family, for those who read the catalogue."""

from typing import Any

import mixtura.estimators
from mixtura.components.catalogue import ROWS

__all__ = ["estimator_of"]


def estimator_of(name: str) -> type[Any]:
    """Return the estimator of a family of the catalogue."""
    return getattr(mixtura.estimators, ROWS[name].estimator)
