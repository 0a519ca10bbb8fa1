"""What is asked of fits: groups, searches, columns, directions, clusters, waves and formulas."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fuzzing.chosen import chosen
from fuzzing.formulas import formulas
from fuzzing.grouped import grouped
from fuzzing.merged import merged
from fuzzing.moved import moved
from fuzzing.projected import projected
from fuzzing.searched import searched

__all__ = ["Analysis", "analysis"]

KINDS: dict[str, tuple[float, Callable[[np.random.Generator], Any]]] = {
    "fit_by": (0.25, grouped),
    "select": (0.15, searched),
    "choose_columns": (0.1, chosen),
    "project": (0.15, projected),
    "merge": (0.15, merged),
    "latent_transition": (0.1, moved),
    "formulas": (0.1, formulas),
}


@dataclass(frozen=True)
class Analysis:
    """One analysis.

    Attributes
    ----------
    family : its name
    settings : what it is told
    rows : what it is of
    asks : makes it, with a number of threads
    claims : raises `Failed` where something does not hold of what was made, by a case's number
    given : nothing, where a fit has what is given beside its rows
    """

    family: str
    settings: dict[str, Any]
    rows: Any
    asks: Callable[[int], Any]
    claims: Callable[[Any, int], None]
    given: tuple[str, ...] = ()

    def ask(self, n_jobs: int) -> Any:
        """Return what was made."""
        return self.asks(n_jobs)

    def hold(self, found: Any, number: int) -> None:
        """Raise `Failed` where something does not hold."""
        self.claims(found, number)


def analysis(rng: np.random.Generator) -> Analysis:
    """Return an analysis of any kind."""
    name = str(rng.choice([*KINDS], p=[share for share, _ in KINDS.values()]))
    return Analysis(name, *KINDS[name][1](rng))
