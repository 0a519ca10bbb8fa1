"""Whether counts can tell the components of a mixture of multinomials apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Doubt", "doubt_of"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """What speaks against a number of components.

    Attributes
    ----------
    sentence : what, where, and what to try
    refuses : whether no fit can mean anything
    """

    sentence: str
    refuses: bool


def doubt_of(
    totals: NDArray[np.float64], counts: NDArray[np.intp], n_components: int
) -> Doubt | None:
    """Return what speaks against K components for rows that have totals, if anything does.

    A mixture of K multinomials of n draws is identified if n is at least 2K - 1 (Teicher 1963;
    Elmore and Wang 2003); with one draw it is a single multinomial whatever K is.

    Parameters
    ----------
    totals : (U,) numbers of draws
    counts : (U,) how many rows have each
    n_components : K
    """
    if n_components == 1:
        return None
    if totals.max() <= 1:
        return Doubt(
            "every row is one draw at the most, so the mixture is the single distribution "
            "Σ_k π_k p_k whatever K is, and the likelihood is the same for all splits of it",
            refuses=True,
        )
    needed = 2 * n_components - 1
    short, n_rows = int(counts[totals < needed].sum()), int(counts.sum())
    if 2 * short <= n_rows:
        return None
    return Doubt(
        f"{short} of {n_rows} rows have fewer than 2K-1 = {needed} draws, the number from "
        f"which rows alone identify {n_components} components; take fewer components, or look at "
        "how many starts agree",
        refuses=False,
    )
