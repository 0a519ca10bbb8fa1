"""The numbers of a mixture as rows, each with its standard error."""

from typing import Any

from numpy.typing import ArrayLike

from mixtura.components.measures import Measure
from mixtura.components.noise import without_noise
from mixtura.inference.uncertainty import standard_errors
from mixtura.mixture import Mixture

__all__ = ["with_errors"]

# Arrays of Gaussian components whose shape is that of their structure.
WIDTHS = ("covariances", "variances")


def with_errors(
    mixture: Mixture, X: Any, sample_weight: ArrayLike | None = None, **options: Any
) -> list[dict[str, Any]]:
    """Return the rows of `Mixture.table` with standard errors, NaN where one is held or not known.

    Parameters
    ----------
    mixture : as fitted to these rows
    X : (N, D)
    sample_weight : (N,) row weights from 0 up
    options : as `standard_errors` takes them

    Raises
    ------
    InformationError
        As in `standard_errors`.
    """
    errors = standard_errors(mixture, X, sample_weight, **options)
    found = [
        _error(mixture, errors, one, k)
        for one in mixture.measures()
        for k in range(len(one.values))
    ]
    return [
        row | {"standard_error": error if error > 0.0 else float("nan")}
        for row, error in zip(mixture.table(), found, strict=True)
    ]


def _error(mixture: Mixture, errors: Any, one: Measure, k: int) -> float:
    before, _, name = one.key.rpartition(".")
    if name not in WIDTHS:
        return one.of(errors, k)
    family: Any = without_noise(mixture.family)
    if before:
        family = next(block for block in family.families if block.name == before)
    form = family.structure
    dimensions = {"full": 2, "diagonal": 1, "spherical": 0}[form.storage]
    place = one.place[:dimensions] if form.shares_covariance else (k, *one.place[:dimensions])
    return float(errors[f"{before}.covariances".removeprefix(".")][place])
