"""What is to be said of components of regressions that mean less than they seem to."""

import numpy as np

from mixtura.em.solve import FitResult

__all__ = ["doubts_of"]

# A curvature so much smaller than it is at even chances is that of coefficients without end.
VANISHING = 1e-4


def doubts_of(result: FitResult) -> list[str]:
    """Return sentences, the gravest first."""
    found, rows = [], result.effective_rows
    if result.soundness.unsupported:
        named = _named(list(result.soundness.unsupported), rows)
        found.append(
            f"component(s) {named} rest on no more rows than it takes to determine their "
            "coefficients, so the likelihood there means nothing; try fewer components or terms"
        )
    if result.soundness.flat:
        named = _named(list(result.soundness.flat), rows)
        found.append(
            f"all rows of component(s) {named} lie on a line: only the prior keeps the variance "
            "above 0 there, so likelihoods and criteria mean nothing beside those of other models"
        )
    return found


def _named(components: list[int], rows: "np.ndarray") -> str:
    return ", ".join(f"{k} ({rows[k]:.1f} rows)" for k in components)
