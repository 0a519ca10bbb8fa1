"""Refusing covariances that are singular, with the component's number in the message."""

from typing import NoReturn

from mixtura.errors import ParameterError

__all__ = ["FLAT", "refuse"]

ADVICE = "use a prior, fewer components or a structure that shares more"

# No data make one variance of a covariance this much smaller than another; a divergence does.
FLAT = 1e-200


def refuse(subject: str) -> NoReturn:
    """Raise the error for a singular covariance."""
    raise ParameterError(f"{subject} singular or not finite; {ADVICE}")
