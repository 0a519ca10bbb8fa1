"""What is to be said of components of regressions that mean less than they seem to."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixtura.components.regression.family import RegressionFamily
from mixtura.em.solve import FitResult

__all__ = ["doubts_of", "endless_terms"]

Float = NDArray[np.float64]

# A coefficient, of a term in units of its size, that is known no better than to 10 has no end.
LEAST_INFORMATION = 0.01
# Terms are named that take at least such a part in a direction.
NAMED = 0.3


def doubts_of(result: FitResult, frame: Float) -> list[str]:
    """Return sentences, the gravest first.

    Parameters
    ----------
    frame : A of z = A x, in which the fit was made
    """
    found, rows = [], result.effective_rows
    family: Any = result.mixture.family
    if result.soundness.unsupported:
        named = _named(list(result.soundness.unsupported), rows)
        found.append(
            f"component(s) {named} rest on no more rows than it takes to determine their "
            "coefficients, so the likelihood there means nothing; try fewer components or terms"
        )
    if result.soundness.flat:
        named = _named(list(result.soundness.flat), rows)
        found.append(
            f"all rows of component(s) {named} lie on a line: the variance there is what the prior "
            "or rounding leaves, so likelihoods and criteria mean nothing beside those of other "
            "models"
        )
    if not family.response.has_precision:
        moments: Any = result.seen.moments
        for k, names in endless_terms(moments.information, frame, family).items():
            found.append(
                f"coefficients of {', '.join(names)} in component {_named([k], rows)} run off "
                "without end: its responses are all 0, or these terms separate 0 from 1, so "
                "those numbers mean nothing; try fewer components or terms, or hold them by fix"
            )
    return found


def endless_terms(
    information: Float, frame: Float, family: RegressionFamily
) -> dict[int, tuple[str, ...]]:
    """Return terms whose coefficients run off without end, by component.

    Parameters
    ----------
    information : (K, p, p) curvatures of the losses of components, of terms z = A x that are of
        one size and do not go together
    frame : A (p, p)
    family : whose terms they are; coefficients that are held or alike have an end
    """
    ways = np.linalg.inv(frame)
    widest = np.abs(ways).max(axis=1)
    # Row j says what b_z gives the coefficient of x_j in units of that term.
    units = (frame * (widest * np.linalg.norm(ways / widest[:, None], axis=1))).T
    found: dict[int, tuple[str, ...]] = {}
    bounds, n_components = family.bounds, len(information)
    for k, own in enumerate(information):
        if bounds is not None:
            told = ~np.isnan(bounds.values(n_components)[k]) | bounds.alike
            own = own + units[told].T @ units[told]
        values, axes = np.linalg.eigh(own)
        if values[0] < LEAST_INFORMATION:
            parts = np.abs(units @ axes[:, 0])
            places = np.flatnonzero(parts >= NAMED * parts.max())
            found[k] = tuple(family.terms[place] for place in places)
    return found


def _named(components: list[int], rows: Float) -> str:
    return ", ".join(f"{k} ({rows[k]:.1f} rows)" for k in components)
