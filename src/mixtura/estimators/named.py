"""Estimators by the name of their family, for those who read the catalogue."""

from collections.abc import Callable
from functools import partial
from typing import Any

import mixtura.estimators
from mixtura.components.catalogue import ROWS

__all__ = ["estimator_of"]


def estimator_of(name: str) -> Callable[..., Any]:
    """Return what makes the estimator of a row of the catalogue, with what the row fixes."""
    row = ROWS[name]
    return partial(getattr(mixtura.estimators, row.estimator), **row.settings)
